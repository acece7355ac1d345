//! Files to values (`formats.md` section 7).

use q_value::{Bytes, QError, QResult, Symbol, Type, Value, Vector};
use q_wire::{Compile, Dialect, decode_object};

use crate::anymap::read_anymap;
use crate::compressed::plain_bytes;
use crate::layout::{
    ANYMAP, ENUMERATED, HEADER, ObjectHeader, PAGE, PAGE_HEADER, bad_file, int_at, long_at,
};

/// The files that belong to a nested column: `col#` with its items and `col##` with their symbols.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Companion {
    Items,
    Symbols,
}

impl Companion {
    /// What follows the name of the column.
    pub fn suffix(self) -> &'static str {
        match self {
            Companion::Items => "#",
            Companion::Symbols => "##",
        }
    }
}

/// How companions are got at: their bytes as they are in the file.
pub type ReadCompanion<'a> = dyn FnMut(Companion) -> QResult<Bytes> + 'a;

/// The value in a file, of any format kdb+ has written; vectors of fixed width are views of the bytes.
///
/// Errors: `type` for bytes that are no q object, `bad meta data in file` for broken ones, those of reading companions and
/// of compiling lambdas. Memory: vectors of numbers none, everything else a small multiple of the file.
pub fn read_object(
    bytes: Bytes,
    companion: &mut ReadCompanion<'_>,
    compiler: &mut dyn Compile,
) -> QResult<Value> {
    let bytes = plain_bytes(bytes)?;
    let slice = (*bytes).as_ref();
    match slice {
        [0xff, 0x01, ..] => read_serialised(slice, compiler),
        [0xfe, 0x20, ..] => read_simple(&bytes, companion),
        [0xfd, 0x20, ..] => read_page(&bytes, companion),
        [0xff, 0x20, ..] => read_legacy(&bytes),
        [0xfe, _, ..] => read_enum32(&bytes),
        _ => Err(QError::type_error()),
    }
}

/// How many items the value in a file has, as far as the header and the size tell; `None` when it must be read.
pub fn count_of(bytes: &Bytes) -> Option<usize> {
    let slice = (**bytes).as_ref();
    let (header, start) = match slice {
        [0xfe, 0x20, ..] => (ObjectHeader::parse(slice, 0).ok()?, HEADER),
        [0xfd, 0x20, ..] => (ObjectHeader::parse(slice, PAGE_HEADER).ok()?, PAGE),
        _ => return None,
    };
    let width = match header.type_number {
        ENUMERATED | ANYMAP => 8,
        number if number > ANYMAP => 8,
        number => Type::from_number(number)?.width()?,
    };
    header.rows(slice.len().checked_sub(start)?, width).ok()
}

/// Bytes after a header.
fn data_length(bytes: &[u8], start: usize) -> QResult<usize> {
    bytes.len().checked_sub(start).ok_or_else(bad_file)
}

fn read_serialised(bytes: &[u8], compiler: &mut dyn Compile) -> QResult<Value> {
    let object = &bytes[2..];
    match object {
        // the names run to the end of the file, whatever the count says
        [11, attribute, _, _, _, _, names @ ..] => {
            let mut symbols = Vec::new();
            for name in names.split_inclusive(|byte| *byte == 0) {
                match name.strip_suffix(&[0]) {
                    Some(name) => symbols.push(Symbol::new(name)),
                    // a name being appended by another process
                    None => break,
                }
            }
            let attribute = q_value::Attribute::from_number(*attribute).ok_or_else(bad_file)?;
            Ok(Value::Symbols(symbols.into()).with_attribute(attribute))
        }
        // a log: messages follow an empty list
        [0, 0, 0, 0, 0, 0, messages @ ..] if !messages.is_empty() => {
            let mut items = Vec::new();
            let mut at = 0;
            while at < messages.len() {
                let Ok(decoded) = decode_object(&messages[at..], true, Dialect::File, compiler)
                else {
                    return Err(QError::new("badtail"));
                };
                at += decoded.length;
                items.push(decoded.payload?);
            }
            Ok(Value::list(items))
        }
        _ => decode_object(object, true, Dialect::File, compiler)?.payload,
    }
}

/// A vector of a basic type over bytes of a file.
pub(crate) fn vector_of(bytes: &Bytes, ty: Type, at: usize, count: usize) -> QResult<Value> {
    macro_rules! mapped {
        () => {
            Vector::mapped(bytes, at, count).ok_or_else(bad_file)?
        };
    }
    Ok(match ty {
        Type::Boolean => {
            let items: Vector<u8> = mapped!();
            Value::Booleans(items.iter().map(|byte| *byte != 0).collect())
        }
        Type::Guid => Value::Guids(mapped!()),
        Type::Byte => Value::Bytes(mapped!()),
        Type::Short => Value::Shorts(mapped!()),
        Type::Real => Value::Reals(mapped!()),
        Type::Char => Value::Chars(mapped!()),
        Type::Long | Type::Timestamp | Type::Timespan => Value::from_i64s(ty, mapped!()),
        Type::Float | Type::Datetime => Value::from_f64s(ty, mapped!()),
        Type::Int | Type::Month | Type::Date | Type::Minute | Type::Second | Type::Time => {
            Value::from_i32s(ty, mapped!())
        }
        Type::Symbol => return Err(bad_file()),
    })
}

fn read_simple(bytes: &Bytes, companion: &mut ReadCompanion<'_>) -> QResult<Value> {
    let slice = (**bytes).as_ref();
    let header = ObjectHeader::parse(slice, 0)?;
    let available = data_length(slice, HEADER)?;
    if header.type_number > ANYMAP {
        let ty = Type::from_number(header.type_number - ANYMAP).ok_or_else(bad_file)?;
        return read_nested(
            slice,
            available / 8,
            ty,
            &plain_bytes(companion(Companion::Items)?)?,
        );
    }
    let ty = Type::from_number(header.type_number).ok_or_else(bad_file)?;
    let width = ty.width().ok_or_else(bad_file)?;
    let count = header.rows(available, width)?;
    Ok(vector_of(bytes, ty, HEADER, count)?.with_attribute(header.attribute()?))
}

/// Old nested columns: where each row ends, counted in items of the companion.
fn read_nested(ends: &[u8], rows: usize, ty: Type, items: &Bytes) -> QResult<Value> {
    let width = ty.width().ok_or_else(bad_file)?;
    let mut cells = Vec::with_capacity(rows);
    let mut start = 0usize;
    for row in 0..rows {
        let end = usize::try_from(long_at(ends, HEADER + 8 * row)?).map_err(|_| bad_file())?;
        let count = end.checked_sub(start).ok_or_else(bad_file)?;
        cells.push(vector_of(
            items,
            ty,
            start.checked_mul(width).ok_or_else(bad_file)?,
            count,
        )?);
        start = end;
    }
    Ok(Value::list(cells))
}

fn text_until_nul(bytes: &[u8]) -> QResult<&[u8]> {
    let end = bytes
        .iter()
        .position(|byte| *byte == 0)
        .ok_or_else(bad_file)?;
    Ok(&bytes[..end])
}

fn read_page(bytes: &Bytes, companion: &mut ReadCompanion<'_>) -> QResult<Value> {
    let slice = (**bytes).as_ref();
    let header = ObjectHeader::parse(slice, PAGE_HEADER)?;
    let available = data_length(slice, PAGE)?;
    match header.type_number {
        ENUMERATED => {
            let domain = Symbol::new(text_until_nul(&slice[HEADER..PAGE_HEADER])?);
            let rows = header.rows(available, 8)?;
            let indices = Vector::<i64>::mapped(bytes, PAGE, rows).ok_or_else(bad_file)?;
            Ok(Value::enums(
                domain,
                indices.with_attribute(header.attribute()?),
            ))
        }
        ANYMAP => read_anymap(slice, companion),
        number => {
            let ty = Type::from_number(number).ok_or_else(bad_file)?;
            let width = ty.width().ok_or_else(bad_file)?;
            let rows = header.rows(available, width)?;
            Ok(vector_of(bytes, ty, PAGE, rows)?.with_attribute(header.attribute()?))
        }
    }
}

/// Enumerations of 32 bits, kdb+ 3.0 to 3.5: the name of the domain, padded to eight bytes, then header and indices.
fn read_enum32(bytes: &Bytes) -> QResult<Value> {
    let slice = (**bytes).as_ref();
    let name = text_until_nul(&slice[1..])?;
    let at = (name.len() + 2).next_multiple_of(8);
    let header = ObjectHeader::parse(slice, at)?;
    let start = at + HEADER;
    let rows = header.rows(data_length(slice, start)?, 4)?;
    let mut indices = Vec::with_capacity(rows);
    for row in 0..rows {
        let index = int_at(slice, start + 4 * row)?;
        indices.push(if index == i32::MIN {
            i64::MIN
        } else {
            i64::from(index)
        });
    }
    let indices = Vector::new(indices).with_attribute(header.attribute()?);
    Ok(Value::enums(Symbol::new(name), indices))
}

/// Vectors of kdb+ 2.x: type and count as 32 bits each before the data.
fn read_legacy(bytes: &Bytes) -> QResult<Value> {
    let slice = (**bytes).as_ref();
    let number = u8::try_from(int_at(slice, 8)?).map_err(|_| bad_file())?;
    let ty = Type::from_number(number).ok_or_else(bad_file)?;
    let width = ty.width().ok_or_else(bad_file)?;
    vector_of(bytes, ty, HEADER, (data_length(slice, HEADER)?) / width)
}
