//! Bytes to values.

#![deny(clippy::indexing_slicing)]

use std::sync::Arc;

use q_value::{
    Attribute, Binary, Dict, EnumAtom, Guid, Iterator, QError, QResult, Symbol, Table, Type, Unary,
    Value, Vector,
};

use crate::reader::{Reader, bad_message};
use crate::{Compile, DEPTH_MAX};

/// Where bytes come from; files know a few things more than messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Messages: no enumerations.
    Wire,
    /// Files: enumerated vectors with the name of their domain (`formats.md` 7.1).
    File,
}

/// An object and how many bytes it took.
pub struct DecodedObject {
    /// The value, or the text of an error object.
    pub payload: QResult<Value>,
    pub length: usize,
}

/// Decodes the object at the start of `bytes`; what follows it is left alone.
///
/// Errors: `badmsg` for anything that is not a complete object; `limit` for one nested too deep; those of the compiler.
/// Memory: at most a small multiple of the bytes given. Source: page "serialization", checked on `ipc_vectors.jsonl`.
pub fn decode_object(
    bytes: &[u8],
    little_endian: bool,
    dialect: Dialect,
    compiler: &mut dyn Compile,
) -> QResult<DecodedObject> {
    let mut decoder = Decoder {
        reader: Reader::new(bytes, little_endian),
        dialect,
        compiler,
        depth: 0,
    };
    let payload = if bytes.first() == Some(&0x80) {
        decoder.reader.take(1)?;
        Err(QError::signal(decoder.reader.text()?))
    } else {
        Ok(decoder.object()?)
    };
    Ok(DecodedObject {
        payload,
        length: decoder.reader.position(),
    })
}

struct Decoder<'a, 'c> {
    reader: Reader<'a>,
    dialect: Dialect,
    compiler: &'c mut dyn Compile,
    depth: usize,
}

impl Decoder<'_, '_> {
    fn object(&mut self) -> QResult<Value> {
        if self.depth == DEPTH_MAX {
            return Err(QError::limit());
        }
        self.depth += 1;
        let tag = self.reader.number::<u8>()?;
        let value = match tag {
            0 => self.general_list(),
            1..=19 => self.vector(Type::from_number(tag).ok_or_else(bad_message)?),
            20..=76 if self.dialect == Dialect::File => self.enumeration(),
            98 => self.table(),
            99 => self.dict(false),
            127 => self.dict(true),
            100 => self.lambda(),
            101 => self.unary(),
            102 => {
                let code = self.reader.number::<u8>()?;
                Binary::from_code(code)
                    .filter(|_| code < 128)
                    .map(Value::Binary)
                    .ok_or_else(bad_message)
            }
            103 => {
                let code = self.reader.number::<u8>()?;
                iterator(code).map(Value::Iterator)
            }
            104 => self.projection(),
            105 => self.composition(),
            106..=111 => {
                let iterator = iterator(tag - 106)?;
                Ok(Value::derived(iterator, self.object()?))
            }
            _ => {
                let number = tag.wrapping_neg();
                match Type::from_number(number) {
                    Some(ty) => self.atom(ty),
                    None if (20..=76).contains(&number) && self.dialect == Dialect::File => {
                        self.enumeration_atom()
                    }
                    None => Err(bad_message()),
                }
            }
        };
        self.depth -= 1;
        value
    }

    fn atom(&mut self, ty: Type) -> QResult<Value> {
        let reader = &mut self.reader;
        Ok(match ty {
            Type::Boolean => Value::Boolean(reader.number()?),
            Type::Guid => Value::Guid(Arc::new(reader.number::<Guid>()?)),
            Type::Byte => Value::Byte(reader.number()?),
            Type::Short => Value::Short(reader.number()?),
            Type::Real => Value::Real(reader.number()?),
            Type::Char => Value::Char(reader.number()?),
            Type::Symbol => Value::symbol(reader.text()?),
            Type::Long | Type::Timestamp | Type::Timespan => Value::from_i64(ty, reader.number()?),
            Type::Float | Type::Datetime => Value::from_f64(ty, reader.number()?),
            Type::Int | Type::Month | Type::Date | Type::Minute | Type::Second | Type::Time => {
                Value::from_i32(ty, reader.number()?)
            }
        })
    }

    fn attribute(&mut self) -> QResult<Attribute> {
        Attribute::from_number(self.reader.number()?).ok_or_else(bad_message)
    }

    /// A count of things that take at least `bytes_each` of what remains.
    fn count(&mut self, bytes_each: usize) -> QResult<usize> {
        let count = usize::try_from(self.reader.number::<u32>()?).map_err(|_| bad_message())?;
        if count > self.reader.remaining() / bytes_each {
            return Err(bad_message());
        }
        Ok(count)
    }

    fn vector(&mut self, ty: Type) -> QResult<Value> {
        let attribute = self.attribute()?;
        if ty == Type::Symbol {
            let count = self.count(1)?;
            let mut symbols = Vec::with_capacity(count);
            for _ in 0..count {
                symbols.push(Symbol::new(self.reader.text()?));
            }
            return Ok(Value::Symbols(Vector::new(symbols)).with_attribute(attribute));
        }
        let count = self.count(1)?;
        let reader = &mut self.reader;
        let value = match ty {
            Type::Boolean => Value::Booleans(reader.numbers(count)?),
            Type::Guid => Value::Guids(reader.numbers(count)?),
            Type::Byte => Value::Bytes(reader.numbers(count)?),
            Type::Short => Value::Shorts(reader.numbers(count)?),
            Type::Real => Value::Reals(reader.numbers(count)?),
            Type::Char => Value::Chars(reader.numbers(count)?),
            Type::Long | Type::Timestamp | Type::Timespan => {
                Value::from_i64s(ty, reader.numbers(count)?)
            }
            Type::Float | Type::Datetime => Value::from_f64s(ty, reader.numbers(count)?),
            Type::Int | Type::Month | Type::Date | Type::Minute | Type::Second | Type::Time => {
                Value::from_i32s(ty, reader.numbers(count)?)
            }
            Type::Symbol => return Err(bad_message()),
        };
        Ok(value.with_attribute(attribute))
    }

    fn objects(&mut self, count: usize) -> QResult<Vec<Value>> {
        let mut items = Vec::with_capacity(count);
        for _ in 0..count {
            items.push(self.object()?);
        }
        Ok(items)
    }

    fn general_list(&mut self) -> QResult<Value> {
        let attribute = self.attribute()?;
        // the shortest objects, a boolean atom or `::`, take two bytes
        let count = self.count(2)?;
        let items = self.objects(count)?;
        Ok(Value::list(items).with_attribute(attribute))
    }

    fn table(&mut self) -> QResult<Value> {
        let attribute = self.attribute()?;
        if self.reader.number::<u8>()? != 99 {
            return Err(bad_message());
        }
        let (names, columns) = (self.object()?, self.object()?);
        let (Value::Symbols(names), Value::List(columns)) = (names, columns) else {
            return Err(bad_message());
        };
        let rows = columns.first().map(Value::count);
        let is_table = rows.is_some()
            && names.len() == columns.len()
            && columns
                .iter()
                .all(|column| is_column(column) && Some(column.count()) == rows);
        if !is_table {
            return Err(bad_message());
        }
        Ok(Value::Table(Arc::new(Table {
            names,
            columns: columns.into_vec(),
            sorted: attribute == Attribute::Sorted,
        })))
    }

    fn dict(&mut self, step: bool) -> QResult<Value> {
        let (keys, values) = (self.object()?, self.object()?);
        if !is_column(&keys) || !is_column(&values) || keys.count() != values.count() {
            return Err(bad_message());
        }
        Ok(Value::Dict(Arc::new(Dict { keys, values, step })))
    }

    fn lambda(&mut self) -> QResult<Value> {
        let namespace = Symbol::new(self.reader.text()?);
        if self.reader.number::<u8>()? != Type::Char as u8 {
            return Err(bad_message());
        }
        self.attribute()?;
        let length = self.count(1)?;
        let source = self.reader.take(length)?;
        self.compiler.lambda(namespace, source)
    }

    fn unary(&mut self) -> QResult<Value> {
        match self.reader.number::<u8>()? {
            0 => Ok(Value::Identity),
            255 => Ok(Value::Elided),
            code => Unary::from_code(code)
                .map(Value::Unary)
                .ok_or_else(bad_message),
        }
    }

    fn projection(&mut self) -> QResult<Value> {
        let count = self.count(2)?;
        if count == 0 {
            return Err(bad_message());
        }
        let function = self.object()?;
        let mut arguments = Vec::with_capacity(count - 1);
        for _ in 1..count {
            arguments.push(match self.object()? {
                Value::Elided => None,
                argument => Some(argument),
            });
        }
        Ok(Value::projection(function, arguments))
    }

    fn composition(&mut self) -> QResult<Value> {
        let count = self.count(2)?;
        if count < 2 {
            return Err(bad_message());
        }
        let functions = self.objects(count)?;
        // `<>`, `<=` and `>=` are one primitive each here, and compositions with `not` on the wire
        if let [Value::Unary(Unary::Not), Value::Binary(operator)] = functions.as_slice() {
            match operator {
                Binary::Equal => return Ok(Value::Binary(Binary::NotEqual)),
                Binary::Greater => return Ok(Value::Binary(Binary::LessEqual)),
                Binary::Less => return Ok(Value::Binary(Binary::GreaterEqual)),
                _ => {}
            }
        }
        Ok(Value::Composition(Arc::new(functions)))
    }

    fn enumeration(&mut self) -> QResult<Value> {
        let domain = Symbol::new(self.reader.text()?);
        let attribute = self.attribute()?;
        let count = self.count(4)?;
        let indices = self.reader.numbers::<i32>(count)?;
        let indices: Vector<i64> = indices.iter().map(|index| widened(*index)).collect();
        Ok(Value::enums(domain, indices.with_attribute(attribute)))
    }

    fn enumeration_atom(&mut self) -> QResult<Value> {
        let domain = Symbol::new(self.reader.text()?);
        let index = widened(self.reader.number::<i32>()?);
        Ok(Value::Enum(Arc::new(EnumAtom { domain, index })))
    }
}

/// An index of 32 bits as one of 64, the null kept.
fn widened(index: i32) -> i64 {
    if index == i32::MIN {
        i64::MIN
    } else {
        i64::from(index)
    }
}

fn iterator(code: u8) -> QResult<Iterator> {
    Iterator::ALL
        .get(usize::from(code))
        .copied()
        .ok_or_else(bad_message)
}

/// What may be a column of a table or a side of a dictionary.
fn is_column(value: &Value) -> bool {
    value.is_list() || matches!(value, Value::Table(_) | Value::Dict(_))
}
