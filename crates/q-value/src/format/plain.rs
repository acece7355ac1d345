//! The plain text of atoms and vector items: no type suffix, no quotes, nothing for nulls.

use super::number::{push_float, push_i64, push_real};
use super::temporal::{
    push_date, push_datetime, push_minute, push_month, push_second, push_time, push_timespan,
    push_timestamp,
};
use crate::{Element, Guid, Symbol, Type, Value, domain};

/// Appends an integer of a type whose null, infinity and negative infinity are `min`, `max` and `-max`.
fn push_counted(
    out: &mut Vec<u8>,
    x: i64,
    max: i64,
    letter: Option<u8>,
    finite: impl FnOnce(&mut Vec<u8>, i64),
) {
    if x == -max - 1 {
        return;
    }
    if x == max || x == -max {
        out.extend_from_slice(if x > 0 { b"0W" } else { b"-0W" });
        out.extend(letter);
        return;
    }
    finite(out, x);
}

pub(crate) fn push_short(out: &mut Vec<u8>, x: i16) {
    push_counted(out, x.into(), i16::MAX.into(), None, push_i64);
}

pub(crate) fn push_i32_as(out: &mut Vec<u8>, ty: Type, x: i32) {
    let max = i64::from(i32::MAX);
    let x = i64::from(x);
    match ty {
        Type::Month => push_counted(out, x, max, Some(b'm'), push_month),
        Type::Date => push_counted(out, x, max, Some(b'd'), push_date),
        Type::Minute => push_counted(out, x, max, Some(b'u'), push_minute),
        Type::Second => push_counted(out, x, max, Some(b'v'), push_second),
        Type::Time => push_counted(out, x, max, Some(b't'), push_time),
        _ => push_counted(out, x, max, None, push_i64),
    }
}

pub(crate) fn push_i64_as(out: &mut Vec<u8>, ty: Type, x: i64) {
    match ty {
        Type::Timestamp => push_counted(out, x, i64::MAX, Some(b'p'), push_timestamp),
        Type::Timespan => push_counted(out, x, i64::MAX, Some(b'n'), push_timespan),
        _ => push_counted(out, x, i64::MAX, None, push_i64),
    }
}

fn push_float_or_nothing(out: &mut Vec<u8>, x: f64, precision: u8) {
    if !x.is_nan() {
        push_float(out, x, precision);
    }
}

fn push_real_or_nothing(out: &mut Vec<u8>, x: f32, precision: u8) {
    if !x.is_nan() {
        push_real(out, x, precision);
    }
}

fn push_datetime_or_special(out: &mut Vec<u8>, x: f64) {
    if x.is_infinite() {
        out.extend_from_slice(if x > 0.0 { b"0wz" } else { b"-0wz" });
    } else if !x.is_nan() {
        push_datetime(out, x);
    }
}

const HEX_DIGITS: &[u8; 16] = b"0123456789abcdef";

pub(crate) fn push_hex(out: &mut Vec<u8>, byte: u8) {
    out.push(HEX_DIGITS[usize::from(byte >> 4)]);
    out.push(HEX_DIGITS[usize::from(byte & 15)]);
}

/// Appends the 36 characters of a guid.
pub fn push_guid(out: &mut Vec<u8>, guid: &Guid) {
    for (at, byte) in guid.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            out.push(b'-');
        }
        push_hex(out, *byte);
    }
}

/// What the items of an enumeration stand for, looked up once per vector.
pub struct EnumItems(Option<Value>);

impl EnumItems {
    /// The items of the domain with this name, if enumerations over it can be resolved now.
    pub fn of(name: Symbol) -> EnumItems {
        EnumItems(domain::items(name))
    }

    /// True when indices are shown in place of values: the domain is not loaded, or is a table that is linked to.
    pub fn is_unresolved(&self) -> bool {
        self.0.is_none()
    }

    /// The value at an index; the null of the domain for a null index. `None` when unresolved.
    pub fn get(&self, index: i64) -> Option<Value> {
        let items = self.0.as_ref()?;
        let found = usize::try_from(index).ok().and_then(|at| items.item(at));
        found.or_else(|| items.basic_type().map(Value::null_of))
    }

    /// Appends the plain text of an item.
    pub fn push_plain(&self, out: &mut Vec<u8>, index: i64, precision: u8) {
        match self.get(index) {
            Some(Value::Symbol(symbol)) => out.extend_from_slice(symbol.as_bytes()),
            Some(value) => push_plain_atom(out, &value, precision),
            None => push_i64_as(out, Type::Long, index),
        }
    }
}

/// Appends what `string` gives for an atom: digits, text, nothing for nulls; nothing for values that are no atoms.
pub fn push_plain_atom(out: &mut Vec<u8>, atom: &Value, precision: u8) {
    match atom {
        Value::Boolean(x) => out.push(b'0' + u8::from(*x)),
        Value::Guid(x) => push_guid(out, x),
        Value::Byte(x) => push_hex(out, *x),
        Value::Short(x) => push_short(out, *x),
        Value::Int(x) => push_i32_as(out, Type::Int, *x),
        Value::Long(x) => push_i64_as(out, Type::Long, *x),
        Value::Real(x) => push_real_or_nothing(out, *x, precision),
        Value::Float(x) => push_float_or_nothing(out, *x, precision),
        Value::Char(x) => out.push(*x),
        Value::Symbol(x) => out.extend_from_slice(x.as_bytes()),
        Value::Timestamp(x) => push_i64_as(out, Type::Timestamp, *x),
        Value::Month(x) => push_i32_as(out, Type::Month, *x),
        Value::Date(x) => push_i32_as(out, Type::Date, *x),
        Value::Datetime(x) => push_datetime_or_special(out, *x),
        Value::Timespan(x) => push_i64_as(out, Type::Timespan, *x),
        Value::Minute(x) => push_i32_as(out, Type::Minute, *x),
        Value::Second(x) => push_i32_as(out, Type::Second, *x),
        Value::Time(x) => push_i32_as(out, Type::Time, *x),
        Value::Enum(x) => EnumItems::of(x.domain).push_plain(out, x.index, precision),
        _ => {}
    }
}

/// Appends the plain text of the item of a typed vector; of an enumeration the symbol (resolve the domain once with
/// [`EnumItems`] when there are many). Nothing for general lists and beyond the end.
pub fn push_plain_item(out: &mut Vec<u8>, vector: &Value, at: usize, precision: u8) {
    match vector {
        Value::Booleans(v) => out.extend(v.get(at).map(|x| b'0' + u8::from(*x))),
        Value::Guids(v) => {
            if let Some(guid) = v.get(at) {
                push_guid(out, guid);
            }
        }
        Value::Bytes(v) => {
            if let Some(byte) = v.get(at) {
                push_hex(out, *byte);
            }
        }
        Value::Shorts(v) => push_short(out, v.get_or_null(at)),
        Value::Ints(v) => push_i32_as(out, Type::Int, v.get_or_null(at)),
        Value::Longs(v) => push_i64_as(out, Type::Long, v.get_or_null(at)),
        Value::Reals(v) => push_real_or_nothing(out, v.get_or_null(at), precision),
        Value::Floats(v) => push_float_or_nothing(out, v.get_or_null(at), precision),
        Value::Chars(v) => out.extend(v.get(at)),
        Value::Symbols(v) => out.extend_from_slice(v.get_or_null(at).as_bytes()),
        Value::Timestamps(v) => push_i64_as(out, Type::Timestamp, v.get_or_null(at)),
        Value::Months(v) => push_i32_as(out, Type::Month, v.get_or_null(at)),
        Value::Dates(v) => push_i32_as(out, Type::Date, v.get_or_null(at)),
        Value::Datetimes(v) => push_datetime_or_special(out, v.get_or_null(at)),
        Value::Timespans(v) => push_i64_as(out, Type::Timespan, v.get_or_null(at)),
        Value::Minutes(v) => push_i32_as(out, Type::Minute, v.get_or_null(at)),
        Value::Seconds(v) => push_i32_as(out, Type::Second, v.get_or_null(at)),
        Value::Times(v) => push_i32_as(out, Type::Time, v.get_or_null(at)),
        Value::Enums(v) => {
            EnumItems::of(v.domain).push_plain(out, v.indices.get_or_null(at), precision);
        }
        _ => {}
    }
}

/// True when the item of a vector is shown as nothing: nulls but for chars, guids and the types without a null.
pub fn is_blank_item(vector: &Value, at: usize) -> bool {
    match vector {
        Value::Shorts(v) => v.get_or_null(at).is_null(),
        Value::Reals(v) => v.get_or_null(at).is_null(),
        Value::Symbols(v) => v.get_or_null(at).is_null(),
        Value::Floats(v) | Value::Datetimes(v) => v.get_or_null(at).is_null(),
        Value::Longs(v) | Value::Timestamps(v) | Value::Timespans(v) => v.get_or_null(at).is_null(),
        Value::Ints(v)
        | Value::Months(v)
        | Value::Dates(v)
        | Value::Minutes(v)
        | Value::Seconds(v)
        | Value::Times(v) => v.get_or_null(at).is_null(),
        Value::Enums(v) => v.indices.get_or_null(at).is_null(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Vector;

    fn plain(value: &Value) -> String {
        let mut out = Vec::new();
        push_plain_atom(&mut out, value, 7);
        String::from_utf8(out).expect("ascii")
    }

    #[test]
    fn atoms_without_suffix_and_nulls_as_nothing() {
        for (value, expected) in [
            (Value::Boolean(true), "1"),
            (Value::Byte(10), "0a"),
            (Value::Int(-5), "-5"),
            (Value::Int(i32::MAX), "0W"),
            (Value::Long(-i64::MAX), "-0W"),
            (Value::Float(2.0), "2"),
            (Value::Float(f64::NAN), ""),
            (Value::Float(f64::INFINITY), "0w"),
            (Value::symbol("a b"), "a b"),
            (Value::Char(b'x'), "x"),
            (Value::Month(0), "2000.01"),
            (Value::Date(i32::MAX), "0Wd"),
            (Value::Time(0), "00:00:00.000"),
        ] {
            assert_eq!(plain(&value), expected);
        }
        for ty in Type::ALL {
            let blank = !matches!(ty, Type::Boolean | Type::Byte | Type::Char | Type::Guid);
            assert_eq!(plain(&Value::null_of(ty)).is_empty(), blank, "{ty:?}");
        }
    }

    #[test]
    fn items_read_like_atoms() {
        let vector = Value::Dates(Vector::new(vec![0, i32::MIN, -i32::MAX]));
        let mut out = Vec::new();
        for at in 0..4 {
            push_plain_item(&mut out, &vector, at, 7);
            out.push(b'|');
        }
        assert_eq!(out, b"2000.01.01||-0Wd||");
        assert!(is_blank_item(&vector, 1) && !is_blank_item(&vector, 0));
    }
}
