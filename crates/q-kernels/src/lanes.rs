//! Lanes: an atom or vector brought to one storage type, so that one generic loop serves every pair of types.

use std::any::Any;

use q_value::{Element, QError, QResult, Type, Value, Vector};

use crate::convert::Convert;
use crate::{loops, temporal};

/// An argument of an atomic function in its lane.
#[derive(Debug, Clone)]
pub(crate) enum Operand<T> {
    Atom(T),
    Vector(Vector<T>),
}

/// A storage type numbers are worked in.
pub(crate) trait Lane: Element + Copy + PartialOrd {
    fn wrap_atom(ty: Type, x: Self) -> Value;
    fn wrap_vector(ty: Type, v: Vector<Self>) -> Value;
}

impl Lane for bool {
    fn wrap_atom(_: Type, x: bool) -> Value {
        Value::Boolean(x)
    }
    fn wrap_vector(_: Type, v: Vector<bool>) -> Value {
        Value::Booleans(v)
    }
}

impl Lane for u8 {
    fn wrap_atom(ty: Type, x: u8) -> Value {
        if ty == Type::Char {
            Value::Char(x)
        } else {
            Value::Byte(x)
        }
    }
    fn wrap_vector(ty: Type, v: Vector<u8>) -> Value {
        if ty == Type::Char {
            Value::Chars(v)
        } else {
            Value::Bytes(v)
        }
    }
}

impl Lane for i16 {
    fn wrap_atom(_: Type, x: i16) -> Value {
        Value::Short(x)
    }
    fn wrap_vector(_: Type, v: Vector<i16>) -> Value {
        Value::Shorts(v)
    }
}

impl Lane for i32 {
    fn wrap_atom(ty: Type, x: i32) -> Value {
        Value::from_i32(ty, x)
    }
    fn wrap_vector(ty: Type, v: Vector<i32>) -> Value {
        Value::from_i32s(ty, v)
    }
}

impl Lane for i64 {
    fn wrap_atom(ty: Type, x: i64) -> Value {
        Value::from_i64(ty, x)
    }
    fn wrap_vector(ty: Type, v: Vector<i64>) -> Value {
        Value::from_i64s(ty, v)
    }
}

impl Lane for f32 {
    fn wrap_atom(_: Type, x: f32) -> Value {
        Value::Real(x)
    }
    fn wrap_vector(_: Type, v: Vector<f32>) -> Value {
        Value::Reals(v)
    }
}

impl Lane for f64 {
    fn wrap_atom(ty: Type, x: f64) -> Value {
        Value::from_f64(ty, x)
    }
    fn wrap_vector(ty: Type, v: Vector<f64>) -> Value {
        Value::from_f64s(ty, v)
    }
}

/// Runs `$body` with `$T` naming the storage of a type that counts (symbols and guids go to `$other`).
macro_rules! with_lane {
    ($type:expr, $T:ident => $body:expr, else $other:expr) => {
        match $type {
            q_value::Type::Boolean => {
                type $T = bool;
                $body
            }
            q_value::Type::Byte | q_value::Type::Char => {
                type $T = u8;
                $body
            }
            q_value::Type::Short => {
                type $T = i16;
                $body
            }
            q_value::Type::Int
            | q_value::Type::Month
            | q_value::Type::Date
            | q_value::Type::Minute
            | q_value::Type::Second
            | q_value::Type::Time => {
                type $T = i32;
                $body
            }
            q_value::Type::Long | q_value::Type::Timestamp | q_value::Type::Timespan => {
                type $T = i64;
                $body
            }
            q_value::Type::Real => {
                type $T = f32;
                $body
            }
            q_value::Type::Float | q_value::Type::Datetime => {
                type $T = f64;
                $body
            }
            q_value::Type::Symbol | q_value::Type::Guid => $other,
        }
    };
}
pub(crate) use with_lane;

/// The vector as it is when the storage types are one, else converted item by item.
fn converted<S: Lane + Convert<T>, T: Lane>(v: Vector<S>) -> Vector<T> {
    let mut held = Some(v);
    if let Some(same) = (&mut held as &mut dyn Any).downcast_mut::<Option<Vector<T>>>()
        && let Some(v) = same.take()
    {
        return v;
    }
    match held {
        Some(v) => Vector::new(loops::map(&v, |x: S| x.convert())),
        None => unreachable!("taken only when the types are one"),
    }
}

/// What every lane can be made from.
pub(crate) trait FromAny: Lane {
    fn operand(value: Value) -> Option<Operand<Self>>;
}

macro_rules! from_any {
    ($($t:ty)*) => { $(impl FromAny for $t {
        fn operand(value: Value) -> Option<Operand<$t>> {
            Some(match value {
                Value::Boolean(x) => Operand::Atom(x.convert()),
                Value::Byte(x) | Value::Char(x) => Operand::Atom(x.convert()),
                Value::Short(x) => Operand::Atom(x.convert()),
                Value::Int(x) | Value::Month(x) | Value::Date(x) | Value::Minute(x) | Value::Second(x) | Value::Time(x) => {
                    Operand::Atom(x.convert())
                }
                Value::Long(x) | Value::Timestamp(x) | Value::Timespan(x) => Operand::Atom(x.convert()),
                Value::Real(x) => Operand::Atom(x.convert()),
                Value::Float(x) | Value::Datetime(x) => Operand::Atom(x.convert()),
                Value::Booleans(v) => Operand::Vector(converted(v)),
                Value::Bytes(v) | Value::Chars(v) => Operand::Vector(converted(v)),
                Value::Shorts(v) => Operand::Vector(converted(v)),
                Value::Ints(v) | Value::Months(v) | Value::Dates(v) | Value::Minutes(v) | Value::Seconds(v)
                | Value::Times(v) => Operand::Vector(converted(v)),
                Value::Longs(v) | Value::Timestamps(v) | Value::Timespans(v) => Operand::Vector(converted(v)),
                Value::Reals(v) => Operand::Vector(converted(v)),
                Value::Floats(v) | Value::Datetimes(v) => Operand::Vector(converted(v)),
                _ => return None,
            })
        }
    })* };
}
from_any!(bool u8 i16 i32 i64 f32 f64);

/// An atom or vector in the lane of `to`, its plain number kept (a date becomes its count of days).
pub(crate) fn raw<T: FromAny>(value: Value) -> QResult<Operand<T>> {
    T::operand(value).ok_or_else(QError::type_error)
}

/// An atom or vector in the lane of `to`; between temporal types the unit changes.
pub(crate) fn in_unit<T: FromAny>(value: Value, to: Type) -> QResult<Operand<T>> {
    raw(temporal::convert_unit(value, to))
}

/// Both sides in the lane of `to`: two values of one type keep their plain numbers, others change unit.
pub(crate) fn pair<T: FromAny>(x: Value, y: Value, to: Type) -> QResult<(Operand<T>, Operand<T>)> {
    if x.basic_type() == y.basic_type() {
        return Ok((raw(x)?, raw(y)?));
    }
    Ok((in_unit(x, to)?, in_unit(y, to)?))
}

impl<T: Lane> Operand<T> {
    pub(crate) fn wrap(self, ty: Type) -> Value {
        match self {
            Operand::Atom(x) => T::wrap_atom(ty, x),
            Operand::Vector(v) => T::wrap_vector(ty, v.with_attribute(q_value::Attribute::None)),
        }
    }

    /// `f` of the atom or each item, in place when unshared.
    pub(crate) fn map_same(self, f: impl Fn(T) -> T + Copy + Sync) -> Operand<T> {
        match self {
            Operand::Atom(x) => Operand::Atom(f(x)),
            Operand::Vector(v) => Operand::Vector(loops::map_reusing(v, f)),
        }
    }

    /// `f` of the atom or each item.
    pub(crate) fn map<R: Lane>(self, f: impl Fn(T) -> R + Copy + Sync) -> Operand<R> {
        match self {
            Operand::Atom(x) => Operand::Atom(f(x)),
            Operand::Vector(v) => Operand::Vector(Vector::new(loops::map(&v, f))),
        }
    }
}

/// `f` of each pair into another type; an atom goes with every item.
///
/// Errors: `'length` when two vectors differ in count.
pub(crate) fn zip<T: Lane, R: Lane>(
    x: Operand<T>,
    y: Operand<T>,
    f: impl Fn(T, T) -> R + Copy + Sync,
) -> QResult<Operand<R>> {
    Ok(match (x, y) {
        (Operand::Atom(x), Operand::Atom(y)) => Operand::Atom(f(x, y)),
        (Operand::Vector(x), Operand::Atom(y)) => {
            Operand::Vector(loops::map(&x, move |x| f(x, y)).into())
        }
        (Operand::Atom(x), Operand::Vector(y)) => {
            Operand::Vector(loops::map(&y, move |y| f(x, y)).into())
        }
        (Operand::Vector(x), Operand::Vector(y)) => {
            if x.len() != y.len() {
                return Err(QError::length());
            }
            Operand::Vector(loops::zip(&x, &y, f).into())
        }
    })
}

/// As [`zip`] within one type: the memory of a side that nobody else holds is written over.
pub(crate) fn zip_same<T: Lane>(
    x: Operand<T>,
    y: Operand<T>,
    f: impl Fn(T, T) -> T + Copy + Sync,
) -> QResult<Operand<T>> {
    Ok(match (x, y) {
        (Operand::Atom(x), Operand::Atom(y)) => Operand::Atom(f(x, y)),
        (Operand::Vector(x), Operand::Atom(y)) => {
            Operand::Vector(loops::map_reusing(x, move |x| f(x, y)))
        }
        (Operand::Atom(x), Operand::Vector(y)) => {
            Operand::Vector(loops::map_reusing(y, move |y| f(x, y)))
        }
        (Operand::Vector(x), Operand::Vector(y)) => {
            if x.len() != y.len() {
                return Err(QError::length());
            }
            Operand::Vector(loops::zip_reusing(x, y, f))
        }
    })
}
