//! Values to bytes.

use q_value::{
    AtomStorage, Attribute, Binary, EnumVector, QError, QResult, Symbol, Table, Unary, Value,
    Vector, VectorStorage,
};

use crate::lambda::native_text;
use crate::{CAPABILITY, DEPTH_MAX, Dialect, enumerated_symbols};

/// Appends the object's bytes, little-endian, without a header.
///
/// Errors: as [`encode_object_for`] with our own capability.
pub fn encode_object(value: &Value, dialect: Dialect, into: &mut Vec<u8>) -> QResult<()> {
    encode_object_for(value, dialect, CAPABILITY, into)
}

/// As [`encode_object`] for a peer with this capability (`formats.md` section 2).
///
/// Errors: `limit` for vectors longer than the peer can read or nesting deeper than [`DEPTH_MAX`]; `type` for types the peer
/// does not know and for tables of partitioned databases.
pub fn encode_object_for(
    value: &Value,
    dialect: Dialect,
    capability: u8,
    into: &mut Vec<u8>,
) -> QResult<()> {
    let mut encoder = Encoder {
        into,
        dialect,
        capability,
        depth: 0,
    };
    encoder.object(value)
}

/// The float null as kdb+ writes it: with the sign bit.
const NULL_F64: f64 = f64::from_bits(0xfff8_0000_0000_0000);
const NULL_F32: f32 = f32::from_bits(0xffc0_0000);

struct Encoder<'a> {
    into: &'a mut Vec<u8>,
    dialect: Dialect,
    capability: u8,
    depth: usize,
}

impl Encoder<'_> {
    fn object(&mut self, value: &Value) -> QResult<()> {
        if self.depth == DEPTH_MAX {
            return Err(QError::limit());
        }
        self.depth += 1;
        self.object_inside(value)?;
        self.depth -= 1;
        Ok(())
    }

    fn object_inside(&mut self, value: &Value) -> QResult<()> {
        let number = value.type_number();
        if let Some(atom) = value.atom_storage() {
            self.check_type(number)?;
            self.tag(number);
            self.atom(atom);
            return Ok(());
        }
        if let Some(storage) = value.storage() {
            self.check_type(number)?;
            self.tag(number);
            return self.vector(storage);
        }
        match value {
            Value::List(items) => {
                self.tag(0);
                self.vector_head(items.attribute(), items.len())?;
                items.iter().try_for_each(|item| self.object(item))
            }
            Value::Enum(atom) if self.dialect == Dialect::File => {
                self.tag(-21);
                self.text(atom.domain.as_bytes());
                self.into
                    .extend_from_slice(&narrowed(atom.index)?.to_le_bytes());
                Ok(())
            }
            Value::Enum(atom) => {
                let one = EnumVector {
                    domain: atom.domain,
                    indices: Vector::new(vec![atom.index]),
                };
                match enumerated_symbols(&one).item(0) {
                    Some(item) => self.object(&item),
                    None => Err(QError::type_error()),
                }
            }
            Value::Enums(vector) if self.dialect == Dialect::File => {
                self.tag(21);
                self.text(vector.domain.as_bytes());
                self.vector_head(vector.indices.attribute(), vector.indices.len())?;
                for index in vector.indices.iter() {
                    self.into
                        .extend_from_slice(&narrowed(*index)?.to_le_bytes());
                }
                Ok(())
            }
            Value::Enums(vector) => self.object(&enumerated_symbols(vector)),
            Value::Table(table) => self.table(table),
            Value::Dict(dict) => {
                // clients of old cannot read sorted dictionaries; the attribute of the keys still says it
                let step = dict.step && self.capability > 3;
                self.tag(if step { 127 } else { 99 });
                self.object(&dict.keys)?;
                self.object(&dict.values)
            }
            Value::Lambda(lambda) => {
                self.lambda(lambda.namespace.as_bytes(), lambda.source.as_bytes())
            }
            Value::Native(native) => self.lambda(b"", native_text(native).as_bytes()),
            Value::Identity => self.bytes(&[101, 0]),
            Value::Elided => self.bytes(&[101, 255]),
            Value::Unary(unary) => self.bytes(&[101, unary.code()]),
            Value::Binary(binary) => self.binary(*binary),
            Value::Iterator(iterator) => self.bytes(&[103, *iterator as u8]),
            Value::Projection(projection) => {
                self.tag(104);
                self.count(projection.arguments.len() + 1)?;
                self.object(&projection.function)?;
                projection
                    .arguments
                    .iter()
                    .try_for_each(|argument| match argument {
                        Some(argument) => self.object(argument),
                        None => self.bytes(&[101, 255]),
                    })
            }
            Value::Composition(functions) => {
                self.tag(105);
                self.count(functions.len())?;
                functions.iter().try_for_each(|item| self.object(item))
            }
            Value::Derived(derived) => {
                self.tag(106 + derived.iterator as i16);
                self.object(&derived.function)
            }
            _ => Err(QError::type_error()),
        }
    }

    /// `type` for what a peer of this capability does not know.
    fn check_type(&self, number: i16) -> QResult<()> {
        match number.abs() {
            2 if self.capability < 3 => Err(QError::type_error()),
            12 | 16 if self.capability < 1 => Err(QError::type_error()),
            _ => Ok(()),
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "type numbers are one signed byte on the wire"
    )]
    fn tag(&mut self, number: i16) {
        self.into.push(number as i8 as u8);
    }

    fn bytes(&mut self, bytes: &[u8]) -> QResult<()> {
        self.into.extend_from_slice(bytes);
        Ok(())
    }

    /// A NUL-terminated text; a NUL inside would end it early for the reader, so it does here.
    fn text(&mut self, text: &[u8]) {
        let end = text.iter().position(|byte| *byte == 0);
        self.into
            .extend_from_slice(&text[..end.unwrap_or(text.len())]);
        self.into.push(0);
    }

    fn count(&mut self, count: usize) -> QResult<()> {
        let count = u32::try_from(count).map_err(|_| QError::limit())?;
        if self.capability < 6 && count > i32::MAX as u32 {
            return Err(QError::limit());
        }
        self.bytes(&count.to_le_bytes())
    }

    fn vector_head(&mut self, attribute: Attribute, count: usize) -> QResult<()> {
        self.into.push(attribute as u8);
        self.count(count)
    }

    fn atom(&mut self, atom: AtomStorage) {
        match atom {
            AtomStorage::Bool(x) => self.into.push(u8::from(x)),
            AtomStorage::U8(x) => self.into.push(x),
            AtomStorage::I16(x) => self.into.extend_from_slice(&x.to_le_bytes()),
            AtomStorage::I32(x) => self.into.extend_from_slice(&x.to_le_bytes()),
            AtomStorage::I64(x) => self.into.extend_from_slice(&x.to_le_bytes()),
            AtomStorage::F32(x) => {
                let x = if x.is_nan() { NULL_F32 } else { x };
                self.into.extend_from_slice(&x.to_le_bytes());
            }
            AtomStorage::F64(x) => {
                let x = if x.is_nan() { NULL_F64 } else { x };
                self.into.extend_from_slice(&x.to_le_bytes());
            }
            AtomStorage::Guid(x) => self.into.extend_from_slice(&x),
            AtomStorage::Symbol(x) => self.text(x.as_bytes()),
        }
    }

    fn vector(&mut self, storage: VectorStorage) -> QResult<()> {
        macro_rules! plain {
            ($v:expr) => {{
                self.vector_head($v.attribute(), $v.len())?;
                self.into.extend_from_slice($v.as_raw_bytes());
            }};
        }
        match storage {
            VectorStorage::Bool(v) => {
                self.vector_head(v.attribute(), v.len())?;
                self.into.extend(v.iter().map(|x| u8::from(*x)));
            }
            VectorStorage::U8(v) => plain!(v),
            VectorStorage::I16(v) => plain!(v),
            VectorStorage::I32(v) => plain!(v),
            VectorStorage::I64(v) => plain!(v),
            VectorStorage::Guid(v) => plain!(v),
            VectorStorage::F32(v) => {
                self.vector_head(v.attribute(), v.len())?;
                let start = self.into.len();
                self.into.resize(start + 4 * v.len(), 0);
                for (bytes, x) in self.into[start..].chunks_exact_mut(4).zip(v.iter()) {
                    let x = if x.is_nan() { NULL_F32 } else { *x };
                    bytes.copy_from_slice(&x.to_le_bytes());
                }
            }
            VectorStorage::F64(v) => {
                self.vector_head(v.attribute(), v.len())?;
                let start = self.into.len();
                self.into.resize(start + 8 * v.len(), 0);
                for (bytes, x) in self.into[start..].chunks_exact_mut(8).zip(v.iter()) {
                    let x = if x.is_nan() { NULL_F64 } else { *x };
                    bytes.copy_from_slice(&x.to_le_bytes());
                }
            }
            VectorStorage::Symbol(v) => {
                self.vector_head(v.attribute(), v.len())?;
                self.symbols(&v);
            }
        }
        Ok(())
    }

    fn symbols(&mut self, symbols: &[Symbol]) {
        for symbol in symbols {
            self.text(symbol.as_bytes());
        }
    }

    fn table(&mut self, table: &Table) -> QResult<()> {
        let attribute = if table.sorted {
            Attribute::Sorted
        } else {
            Attribute::None
        };
        self.bytes(&[98, attribute as u8, 99, 11])?;
        self.vector_head(Attribute::None, table.names.len())?;
        self.symbols(&table.names);
        self.tag(0);
        self.vector_head(Attribute::None, table.columns.len())?;
        table
            .columns
            .iter()
            .try_for_each(|column| self.object(column))
    }

    fn lambda(&mut self, namespace: &[u8], source: &[u8]) -> QResult<()> {
        self.tag(100);
        self.text(namespace);
        self.tag(10);
        self.vector_head(Attribute::None, source.len())?;
        self.bytes(source)
    }

    /// A binary primitive; the negated comparisons have no number and go as compositions with `not`.
    fn binary(&mut self, binary: Binary) -> QResult<()> {
        let inner = match binary {
            Binary::NotEqual => Binary::Equal,
            Binary::LessEqual => Binary::Greater,
            Binary::GreaterEqual => Binary::Less,
            plain => return self.bytes(&[102, plain.code()]),
        };
        self.tag(105);
        self.count(2)?;
        self.bytes(&[101, Unary::Not.code(), 102, inner.code()])
    }
}

/// An enumeration index as the 32 bits a serialised file has for it.
fn narrowed(index: i64) -> QResult<i32> {
    if index == i64::MIN {
        return Ok(i32::MIN);
    }
    i32::try_from(index).map_err(|_| QError::limit())
}
