//! `1:`: binary records of fixed layout.

use q_value::{Guid, QError, QResult, Symbol, Type, Value};

use super::widths_of;

/// What the left argument of `1:` says: a type and a width per field, and the order of bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordFormat {
    fields: Vec<(RecordField, usize)>,
    /// `(widths;types)` in place of `(types;widths)`.
    is_big_endian: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RecordField {
    Typed(Type),
    /// `*`: a string of the field's bytes.
    Text,
    /// A blank: left out.
    Skipped,
}

impl RecordFormat {
    /// Reads the left argument of `1:`.
    ///
    /// Errors: `'type` when it is no pair of types and widths, `'length` when a width is not that of its type or the counts
    /// differ.
    pub fn from_value(x: &Value) -> QResult<RecordFormat> {
        let items = x.items();
        let [first, second] = items.as_slice() else {
            return Err(QError::type_error());
        };
        let is_big_endian = first.as_text().is_none();
        let (types, widths) = if is_big_endian {
            (second, first)
        } else {
            (first, second)
        };
        let types = types.as_text().ok_or_else(QError::type_error)?;
        let widths = widths_of(widths)?;
        if types.len() != widths.len() {
            return Err(QError::length());
        }
        let fields = types
            .iter()
            .zip(widths)
            .map(|(letter, width)| {
                let field = match letter {
                    b'*' => RecordField::Text,
                    b' ' => RecordField::Skipped,
                    letter => RecordField::Typed(
                        Type::from_letter(letter.to_ascii_lowercase())
                            .ok_or_else(QError::type_error)?,
                    ),
                };
                match field {
                    RecordField::Typed(ty) if ty.width().is_some_and(|own| own != width) => {
                        Err(QError::length())
                    }
                    field => Ok((field, width)),
                }
            })
            .collect::<QResult<Vec<_>>>()?;
        Ok(RecordFormat {
            fields,
            is_big_endian,
        })
    }
}

/// The columns of bytes that are whole records one after the other.
///
/// Errors: `'length` when the last record is not whole or records are empty.
pub fn parse_records(format: &RecordFormat, bytes: &[u8]) -> QResult<Value> {
    let length: usize = format.fields.iter().map(|(_, width)| width).sum();
    if length == 0 || !bytes.len().is_multiple_of(length) {
        return Err(QError::length());
    }
    let mut columns = Vec::new();
    let mut start = 0;
    for (field, width) in &format.fields {
        let fields = bytes
            .chunks_exact(length)
            .map(move |record| &record[start..start + width]);
        start += width;
        match field {
            RecordField::Skipped => {}
            RecordField::Text => columns.push(Value::list(fields.map(Value::string).collect())),
            RecordField::Typed(ty) => columns.push(column(*ty, format.is_big_endian, fields)),
        }
    }
    Ok(Value::list(columns))
}

/// A field as an array of its width, reversed when its bytes stand in the other order.
fn array<const N: usize>(field: &[u8], is_big_endian: bool) -> [u8; N] {
    let mut bytes: [u8; N] = field.try_into().unwrap_or([0; N]);
    if is_big_endian {
        bytes.reverse();
    }
    bytes
}

fn column<'a>(ty: Type, is_big_endian: bool, fields: impl Iterator<Item = &'a [u8]>) -> Value {
    match ty {
        Type::Boolean => Value::Booleans(fields.map(|field| field[0] != 0).collect()),
        Type::Byte => Value::Bytes(fields.map(|field| field[0]).collect()),
        Type::Char => Value::Chars(fields.map(|field| field[0]).collect()),
        Type::Guid => Value::Guids(
            fields
                .map(|field| array::<16>(field, false) as Guid)
                .collect(),
        ),
        Type::Symbol => Value::Symbols(
            fields
                .map(|field| {
                    let end = field.iter().position(|c| *c == 0).unwrap_or(field.len());
                    Symbol::new(q_kernels::text::parse::trimmed(&field[..end]))
                })
                .collect(),
        ),
        Type::Short => Value::Shorts(
            fields
                .map(|field| i16::from_le_bytes(array(field, is_big_endian)))
                .collect(),
        ),
        Type::Real => Value::Reals(
            fields
                .map(|field| f32::from_le_bytes(array(field, is_big_endian)))
                .collect(),
        ),
        Type::Int | Type::Month | Type::Date | Type::Minute | Type::Second | Type::Time => {
            let items = fields.map(|field| i32::from_le_bytes(array(field, is_big_endian)));
            Value::from_i32s(ty, items.collect())
        }
        Type::Long | Type::Timestamp | Type::Timespan => {
            let items = fields.map(|field| i64::from_le_bytes(array(field, is_big_endian)));
            Value::from_i64s(ty, items.collect())
        }
        Type::Float | Type::Datetime => {
            let items = fields.map(|field| f64::from_le_bytes(array(field, is_big_endian)));
            Value::from_f64s(ty, items.collect())
        }
    }
}
