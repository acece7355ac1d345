//! What the definitions are written with: items of lists and the order, equality and arithmetic of atoms.

use std::cmp::Ordering;

use q_value::Value;

use crate::check::{Expected, call};

/// The number inside an atom; `None` for null and for what has no number.
pub(crate) fn number(x: &Value) -> Option<f64> {
    if x.is_null_atom() && !matches!(x, Value::Char(_)) {
        return None;
    }
    Some(match x {
        Value::Boolean(x) => f64::from(u8::from(*x)),
        Value::Byte(x) | Value::Char(x) => f64::from(*x),
        Value::Short(x) => f64::from(*x),
        Value::Real(x) => f64::from(*x),
        Value::Float(x) | Value::Datetime(x) => *x,
        Value::Int(x)
        | Value::Month(x)
        | Value::Date(x)
        | Value::Minute(x)
        | Value::Second(x)
        | Value::Time(x) => f64::from(*x),
        Value::Long(x) | Value::Timestamp(x) | Value::Timespan(x) => *x as f64,
        _ => return None,
    })
}

/// Numbers of a vector, null as NaN.
pub(crate) fn numbers(x: &Value) -> Vec<f64> {
    x.items()
        .iter()
        .map(|item| number(item).unwrap_or(f64::NAN))
        .collect()
}

/// A vector of atoms of one type, no general list.
pub(crate) fn is_flat(x: &Value) -> bool {
    x.is_vector() && x.type_number() > 0
}

pub(crate) fn has_null(x: &Value) -> bool {
    x.items().iter().any(Value::is_null_atom)
}

pub(crate) fn has_infinity(x: &Value) -> bool {
    x.items().iter().any(|item| match item {
        Value::Real(x) => x.is_infinite(),
        Value::Float(x) | Value::Datetime(x) => x.is_infinite(),
        Value::Short(x) => x.unsigned_abs() == i16::MAX as u16,
        _ => false,
    })
}

/// Order of two atoms of one type: null lowest, symbols by their bytes.
pub(crate) fn order(x: &Value, y: &Value) -> Ordering {
    match (x, y) {
        (Value::Symbol(x), Value::Symbol(y)) => x.as_bytes().cmp(y.as_bytes()),
        (Value::Guid(x), Value::Guid(y)) => x.cmp(y),
        (x, y) => match (number(x), number(y)) {
            (None, None) => Ordering::Equal,
            (None, _) => Ordering::Less,
            (_, None) => Ordering::Greater,
            (Some(x), Some(y)) => x.partial_cmp(&y).expect("no NaN"),
        },
    }
}

pub(crate) fn place(x: &[Value], y: &Value) -> Option<usize> {
    x.iter().position(|item| item.is_identical(y))
}

pub(crate) fn longs(items: impl IntoIterator<Item = usize>) -> Value {
    Value::Longs(items.into_iter().map(|x| x as i64).collect())
}

pub(crate) fn flags(items: impl IntoIterator<Item = bool>) -> Value {
    Value::Booleans(items.into_iter().collect())
}

pub(crate) fn floats(items: impl IntoIterator<Item = f64>) -> Value {
    Value::Floats(items.into_iter().collect())
}

/// A list with the type of `like` when it is empty.
pub(crate) fn list_like(items: Vec<Value>, like: &Value) -> Value {
    match (items.is_empty(), like.basic_type()) {
        (true, Some(ty)) => Value::empty_of(ty),
        _ => Value::from_items(items),
    }
}

/// What a list gives beyond its end.
pub(crate) fn hole(x: &Value) -> Value {
    match x.basic_type() {
        Some(ty) => Value::null_of(ty),
        None => Value::empty_list(),
    }
}

pub(crate) fn long(x: &Value) -> i64 {
    match x {
        Value::Long(x) => *x,
        other => panic!("not a long atom: {other:?}"),
    }
}

/// The answer of a kernel that has a definition of its own, as a step of another definition.
pub(crate) fn by(name: &str, arguments: &[Value]) -> Expected {
    match call(name, arguments.to_vec()) {
        Ok(value) => Expected::Is(value),
        Err(_) => Expected::Fails,
    }
}

pub(crate) fn bytes(x: &Value) -> Vec<u8> {
    x.as_text().expect("a string").to_vec()
}
