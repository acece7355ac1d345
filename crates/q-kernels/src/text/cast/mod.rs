//! `$`: cast, tok, enumerate and pad; which one the left argument decides.

mod enumerate;
mod numbers;
mod pad;
mod parts;
mod tok;

pub use enumerate::enumerate;
use numbers::by_parts;
pub use numbers::{cast_to, to_symbols};
pub use pad::pad;
pub use parts::{TemporalPart, temporal_part};
pub use tok::tok;

use q_value::{QError, QResult, Symbol, Type, Value, domain};

use crate::keyword::Kernel;

/// `x$y`.
///
/// A lower-case letter, a type's name or a positive short casts; an upper-case letter or a negative short parses text;
/// the null symbol makes symbols; a part of a time (`` `hh ``) extracts it; the name of a domain enumerates; an int or
/// long pads strings; floats multiply matrices. Lists of these go with the items of `y`.
///
/// Errors: `'type` for what has no such conversion, `'length` when lists differ in count, `'cast` for a value that is
/// not in the domain.
pub fn cast(x: Value, y: Value) -> QResult<Value> {
    match &x {
        Value::Char(letter) => by_letter(*letter, y),
        Value::Symbol(name) => by_name(*name, y),
        Value::Short(number) => by_number(*number, y),
        Value::Int(_) | Value::Long(_) => {
            let width = x.as_i64().ok_or_else(QError::type_error)?;
            pad(width, y)
        }
        Value::Chars(_)
        | Value::Symbols(_)
        | Value::Shorts(_)
        | Value::Ints(_)
        | Value::Longs(_) => each(&x, y),
        Value::Floats(_) | Value::Reals(_) => product(x, y),
        Value::List(items) => match items.first() {
            Some(Value::Floats(_) | Value::Reals(_)) => product(x, y),
            _ => each(&x, y),
        },
        _ => Err(QError::type_error()),
    }
}

/// True for names that [`cast`] takes for a conversion and never for a domain: types, parts of times, the null symbol.
pub fn is_conversion_name(name: Symbol) -> bool {
    name.is_null()
        || Type::from_name(name.as_bytes()).is_some()
        || TemporalPart::from_name(name.as_bytes()).is_some()
}

fn by_letter(letter: u8, y: Value) -> QResult<Value> {
    match letter {
        b'*' => Ok(y),
        b'A'..=b'Z' => {
            let ty = Type::from_letter(letter.to_ascii_lowercase());
            tok(ty.ok_or_else(QError::type_error)?, y)
        }
        letter => cast_to(Type::from_letter(letter).ok_or_else(QError::type_error)?, y),
    }
}

fn by_number(number: i16, y: Value) -> QResult<Value> {
    if number == 0 {
        return Ok(y);
    }
    let ty = u8::try_from(number.unsigned_abs())
        .ok()
        .and_then(Type::from_number)
        .ok_or_else(QError::type_error)?;
    if number < 0 {
        tok(ty, y)
    } else {
        cast_to(ty, y)
    }
}

fn by_name(name: Symbol, y: Value) -> QResult<Value> {
    if name.is_null() {
        return to_symbols(y);
    }
    if let Some(ty) = Type::from_name(name.as_bytes()) {
        return cast_to(ty, y);
    }
    if let Some(part) = TemporalPart::from_name(name.as_bytes()) {
        return temporal_part(part, y);
    }
    match domain::lookup(name) {
        Some(list) => enumerate(name, &list, y),
        None => Err(QError::signal(name.as_bytes())),
    }
}

/// Each left item with the right item beside it, or with a right atom.
fn each(x: &Value, y: Value) -> QResult<Value> {
    let count = x.count();
    let is_paired = y.is_list();
    if is_paired && y.count() != count {
        return Err(QError::length());
    }
    let items: QResult<Vec<Value>> = (0..count)
        .map(|at| {
            let left = x.item(at).ok_or_else(QError::length)?;
            let right = if is_paired {
                y.item(at).ok_or_else(QError::length)?
            } else {
                y.clone()
            };
            cast(left, right)
        })
        .collect();
    Ok(Value::from_items(items?))
}

/// The matrix product, which is the keyword `mmu`.
fn product(x: Value, y: Value) -> QResult<Value> {
    let mmu = crate::keywords().find(|row| row.name == "mmu");
    match mmu.map(|row| row.kernel) {
        Some(Kernel::Two(kernel)) => kernel(x, y),
        _ => Err(QError::nyi()),
    }
}

#[cfg(test)]
mod tests;
