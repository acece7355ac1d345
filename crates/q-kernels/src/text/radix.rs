//! Digits of numbers in a base, or in a list of bases: `10 vs`, `24 60 60 sv`.

use q_value::{Binary, Element, QError, QResult, Value};

/// The integers of an integer atom or vector, temporal ones included, or of a general list of them, one after the other.
fn integers(value: &Value) -> Option<Vec<i64>> {
    fn wide(null: bool, x: impl Into<i64>) -> i64 {
        if null { i64::null() } else { x.into() }
    }
    Some(match value {
        Value::List(items) => {
            let mut all = Vec::new();
            for item in items.iter() {
                all.extend(integers(item)?);
            }
            all
        }
        Value::Booleans(v) => v.iter().map(|x| i64::from(*x)).collect(),
        Value::Bytes(v) => v.iter().map(|x| i64::from(*x)).collect(),
        Value::Shorts(v) => v.iter().map(|x| wide(x.is_null(), *x)).collect(),
        Value::Ints(v)
        | Value::Months(v)
        | Value::Dates(v)
        | Value::Minutes(v)
        | Value::Seconds(v)
        | Value::Times(v) => v.iter().map(|x| wide(x.is_null(), *x)).collect(),
        Value::Longs(v) | Value::Timestamps(v) | Value::Timespans(v) => v.to_vec(),
        atom if atom.is_atom() && !matches!(atom, Value::Enum(_)) => {
            return integers(&atom.clone().enlist()).filter(|all| all.len() == 1);
        }
        _ => return None,
    })
}

/// `base vs y`: the digits of an integer as longs, the highest first; of several integers one row per digit. With one
/// base as many digits as the longest number needs, with a list of bases one digit per base.
///
/// Errors: `'type` for what is no integer, `'domain` for a base below 2 when there is only one.
pub(super) fn digits(base: &Value, y: &Value) -> QResult<Value> {
    let numbers = integers(y).ok_or_else(QError::type_error)?;
    let rows = if base.is_atom() {
        let base = base.as_i64().ok_or_else(QError::type_error)?;
        if base < 2 {
            return Err(QError::domain());
        }
        digits_in_base(base, numbers)
    } else {
        let bases = integers(base).ok_or_else(QError::type_error)?;
        digits_in_bases(&bases, numbers)
    };
    if y.is_atom() {
        let digits = rows.iter().filter_map(|row| row.first().copied());
        return Ok(Value::Longs(digits.collect()));
    }
    Ok(Value::list(
        rows.into_iter()
            .map(|row| Value::Longs(row.into()))
            .collect(),
    ))
}

/// The digits of a long in a base up to 255, as bytes: as many as any long that is not negative has in full.
pub(super) fn byte_digits(number: i64, base: u8) -> Vec<u8> {
    let base = u64::from(base);
    let count = i64::MAX.unsigned_abs().ilog(base) as usize;
    let mut rest = number.cast_unsigned();
    let mut digits = vec![0; count];
    for digit in digits.iter_mut().rev() {
        *digit = (rest % base) as u8;
        rest /= base;
    }
    digits
}

/// Rest and quotient by the floor; null of null; a base of zero takes everything.
fn split(x: &mut i64, base: i64) -> i64 {
    if x.is_null() || base == 0 {
        return std::mem::replace(x, if x.is_null() { *x } else { 0 });
    }
    let digit = x.wrapping_rem_euclid(base);
    *x = x.wrapping_sub(digit).wrapping_div(base);
    digit
}

fn digits_in_base(base: i64, mut numbers: Vec<i64>) -> Vec<Vec<i64>> {
    let mut rows = Vec::new();
    loop {
        rows.push(numbers.iter_mut().map(|x| split(x, base)).collect());
        // negative numbers end in an endless run of the highest digit
        if numbers.iter().all(|x| matches!(x, 0 | -1) || x.is_null()) {
            break;
        }
    }
    rows.reverse();
    rows
}

fn digits_in_bases(bases: &[i64], mut numbers: Vec<i64>) -> Vec<Vec<i64>> {
    let mut rows: Vec<Vec<i64>> = bases
        .iter()
        .rev()
        .map(|base| numbers.iter_mut().map(|x| split(x, *base)).collect())
        .collect();
    rows.reverse();
    rows
}

/// `base sv y`: the number that digits stand for, the highest first; digits may be vectors. A list of bases has one per
/// digit, of which the first means nothing. Longs, or floats when a digit is one.
///
/// Errors: `'length` when there are not as many bases as digits, `'type` for what is no number.
pub(super) fn number(base: &Value, y: &Value) -> QResult<Value> {
    let count = y.count();
    if !base.is_atom() && base.count() != count {
        return Err(QError::length());
    }
    if let (Some(bases), Some(digits), false) = (
        integers(base),
        integers(y),
        matches!(base, Value::List(_)) || matches!(y, Value::List(_)),
    ) {
        let base_at = |at: usize| bases[if base.is_atom() { 0 } else { at }];
        let total = digits.iter().enumerate().fold(0i64, |total, (at, digit)| {
            if total.is_null() || digit.is_null() {
                i64::null()
            } else {
                total.wrapping_mul(base_at(at)).wrapping_add(*digit)
            }
        });
        return Ok(Value::Long(total));
    }
    let mut total = Value::Long(0);
    for at in 0..count {
        let digit = y.item(at).ok_or_else(QError::type_error)?;
        let base = if base.is_atom() {
            base.clone()
        } else {
            base.item(at).ok_or_else(QError::type_error)?
        };
        total = crate::binary(Binary::Multiply, base, total)?;
        total = crate::binary(Binary::Add, total, digit)?;
    }
    Ok(total)
}
