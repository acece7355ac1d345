//! `+ - * %`, the lesser and the greater, and fill: atomic functions that give numbers.

use q_value::{Binary, QError, QResult, Type, Value};

use crate::lanes::{self, FromAny, Lane, Operand, with_lane};
use crate::pervade::{Missing, Pairwise};
use crate::result_types::{self, PairTable};
use crate::{division, enumeration};

/// Numbers as `+ - *` know them: integers keep nulls and wrap (`0W+1` is null), floats follow IEEE 754.
pub(crate) trait Number: Lane {
    fn add(self, other: Self) -> Self;
    fn subtract(self, other: Self) -> Self;
    fn multiply(self, other: Self) -> Self;
}

macro_rules! integer_number {
    ($($t:ty)*) => { $(impl Number for $t {
        #[inline(always)]
        fn add(self, other: $t) -> $t {
            if self == <$t>::MIN || other == <$t>::MIN { <$t>::MIN } else { self.wrapping_add(other) }
        }
        #[inline(always)]
        fn subtract(self, other: $t) -> $t {
            if self == <$t>::MIN || other == <$t>::MIN { <$t>::MIN } else { self.wrapping_sub(other) }
        }
        #[inline(always)]
        fn multiply(self, other: $t) -> $t {
            if self == <$t>::MIN || other == <$t>::MIN { <$t>::MIN } else { self.wrapping_mul(other) }
        }
    })* };
}
integer_number!(i32 i64);

macro_rules! float_number {
    ($($t:ty)*) => { $(impl Number for $t {
        #[inline(always)]
        fn add(self, other: $t) -> $t { self + other }
        #[inline(always)]
        fn subtract(self, other: $t) -> $t { self - other }
        #[inline(always)]
        fn multiply(self, other: $t) -> $t { self * other }
    })* };
}
float_number!(f32 f64);

/// Types with an order in which null is lowest.
pub(crate) trait Extreme: Lane {
    fn lesser(self, other: Self) -> Self;
    fn greater(self, other: Self) -> Self;
}

macro_rules! total_extreme {
    ($($t:ty)*) => { $(impl Extreme for $t {
        #[inline(always)]
        fn lesser(self, other: $t) -> $t { if other < self { other } else { self } }
        #[inline(always)]
        fn greater(self, other: $t) -> $t { if other > self { other } else { self } }
    })* };
}
total_extreme!(bool u8 i16 i32 i64);

macro_rules! float_extreme {
    ($($t:ty)*) => { $(impl Extreme for $t {
        #[inline(always)]
        fn lesser(self, other: $t) -> $t {
            // a comparison with null is false, so that a null on the left stays and one on the right is taken
            if self.is_nan() || self < other { self } else { other }
        }
        #[inline(always)]
        fn greater(self, other: $t) -> $t {
            if other.is_nan() || self > other { self } else { other }
        }
    })* };
}
float_extreme!(f32 f64);

/// Runs `$body` with `$T` one of the four types arithmetic is done in.
macro_rules! with_number {
    ($type:expr, $T:ident => $body:expr) => {
        match $type {
            Type::Int | Type::Month | Type::Date | Type::Minute | Type::Second | Type::Time => {
                type $T = i32;
                $body
            }
            Type::Long | Type::Timestamp | Type::Timespan => {
                type $T = i64;
                $body
            }
            Type::Real => {
                type $T = f32;
                $body
            }
            Type::Float | Type::Datetime => {
                type $T = f64;
                $body
            }
            _ => Err(QError::type_error()),
        }
    };
}
pub(crate) use with_number;

/// The type of a pair by its table.
///
/// Errors: `'type` when the table has none, or a side is no atom or vector.
pub(crate) fn pair_type(table: &PairTable, x: &Value, y: &Value) -> QResult<Type> {
    match (x.basic_type(), y.basic_type()) {
        (Some(x), Some(y)) => result_types::of_pair(table, x, y).ok_or_else(QError::type_error),
        _ => Err(QError::type_error()),
    }
}

/// Two vectors of longs and floats worked as floats in one pass, without converting a side first; `None` for other types.
fn mixed_floats(
    x: &Value,
    y: &Value,
    f: impl Fn(f64, f64) -> f64 + Copy + Sync,
) -> Option<QResult<Value>> {
    use crate::convert::Convert;
    if x.count() != y.count() {
        return None;
    }
    let float = |x: i64| -> f64 { x.convert() };
    let answer = match (x, y) {
        (Value::Longs(x), Value::Floats(y)) => crate::loops::zip(x, y, |x, y| f(float(x), y)),
        (Value::Floats(x), Value::Longs(y)) => crate::loops::zip(x, y, |x, y| f(x, float(y))),
        (Value::Longs(x), Value::Longs(y)) => crate::loops::zip(x, y, |x, y| f(float(x), float(y))),
        _ => return None,
    };
    Some(Ok(Value::Floats(answer.into())))
}

/// True when `+ - *` of the two give floats from longs and floats.
fn is_mixed(x: &Value, y: &Value) -> bool {
    matches!(
        (x, y),
        (Value::Longs(_), Value::Floats(_)) | (Value::Floats(_), Value::Longs(_))
    )
}

/// `x+y`: addition.
pub fn add(x: Value, y: Value) -> QResult<Value> {
    match (&x, &y) {
        (Value::Long(x), Value::Long(y)) => return Ok(Value::Long(Number::add(*x, *y))),
        (Value::Float(x), Value::Float(y)) => return Ok(Value::Float(x + y)),
        _ => {}
    }
    pervade(x, y, Missing::Keep, &|x, y| {
        if is_mixed(&x, &y)
            && let Some(answer) = mixed_floats(&x, &y, |x, y| x + y)
        {
            return answer;
        }
        let ty = pair_type(&result_types::ADD, &x, &y)?;
        with_number!(ty, T => {
            let (x, y) = lanes::pair::<T>(x, y, ty)?;
            Ok(lanes::zip_same(x, y, <T as Number>::add)?.wrap(ty))
        })
    })
}

/// `x-y`: subtraction.
pub fn subtract(x: Value, y: Value) -> QResult<Value> {
    match (&x, &y) {
        (Value::Long(x), Value::Long(y)) => return Ok(Value::Long(Number::subtract(*x, *y))),
        (Value::Float(x), Value::Float(y)) => return Ok(Value::Float(x - y)),
        _ => {}
    }
    pervade(x, y, Missing::KeepWithZero, &|x, y| {
        if is_mixed(&x, &y)
            && let Some(answer) = mixed_floats(&x, &y, |x, y| x - y)
        {
            return answer;
        }
        let ty = pair_type(&result_types::SUBTRACT, &x, &y)?;
        with_number!(ty, T => {
            let (x, y) = lanes::pair::<T>(x, y, ty)?;
            Ok(lanes::zip_same(x, y, <T as Number>::subtract)?.wrap(ty))
        })
    })
}

/// `x*y`: multiplication.
pub fn multiply(x: Value, y: Value) -> QResult<Value> {
    match (&x, &y) {
        (Value::Long(x), Value::Long(y)) => return Ok(Value::Long(Number::multiply(*x, *y))),
        (Value::Float(x), Value::Float(y)) => return Ok(Value::Float(x * y)),
        _ => {}
    }
    pervade(x, y, Missing::Keep, &|x, y| {
        if is_mixed(&x, &y)
            && let Some(answer) = mixed_floats(&x, &y, |x, y| x * y)
        {
            return answer;
        }
        let ty = pair_type(&result_types::MULTIPLY, &x, &y)?;
        with_number!(ty, T => {
            let (x, y) = (lanes::raw::<T>(x)?, lanes::raw::<T>(y)?);
            Ok(lanes::zip_same(x, y, <T as Number>::multiply)?.wrap(ty))
        })
    })
}

/// `x%y`: division of floats; never fails.
pub fn divide(x: Value, y: Value) -> QResult<Value> {
    if let (Value::Float(x), Value::Float(y)) = (&x, &y) {
        return Ok(Value::Float(x / y));
    }
    pervade(x, y, Missing::Keep, &|x, y| {
        if let Some(answer) = mixed_floats(&x, &y, |x, y| x / y) {
            return answer;
        }
        let ty = pair_type(&result_types::DIVIDE, &x, &y)?;
        let (x, y) = (lanes::raw::<f64>(x)?, lanes::raw::<f64>(y)?);
        Ok(lanes::zip_same(x, y, |x, y| x / y)?.wrap(ty))
    })
}

/// `x&y`: the lesser; on booleans and.
pub fn lesser(x: Value, y: Value) -> QResult<Value> {
    if let (Value::Long(x), Value::Long(y)) = (&x, &y) {
        return Ok(Value::Long((*x).min(*y)));
    }
    pervade(x, y, Missing::Keep, &|x, y| {
        let ty = pair_type(&result_types::EXTREME, &x, &y)?;
        with_lane!(ty, T => {
            let (x, y) = lanes::pair::<T>(x, y, ty)?;
            Ok(lanes::zip_same(x, y, <T as Extreme>::lesser)?.wrap(ty))
        }, else Err(QError::type_error()))
    })
}

/// `x|y`: the greater; on booleans or.
pub fn greater(x: Value, y: Value) -> QResult<Value> {
    if let (Value::Long(x), Value::Long(y)) = (&x, &y) {
        return Ok(Value::Long((*x).max(*y)));
    }
    pervade(x, y, Missing::Keep, &|x, y| {
        let ty = pair_type(&result_types::EXTREME, &x, &y)?;
        with_lane!(ty, T => {
            let (x, y) = lanes::pair::<T>(x, y, ty)?;
            Ok(lanes::zip_same(x, y, <T as Extreme>::greater)?.wrap(ty))
        }, else Err(QError::type_error()))
    })
}

/// `x^y`: `y` with its nulls replaced by `x`.
pub fn fill(x: Value, y: Value) -> QResult<Value> {
    pervade(x, y, Missing::Keep, &|x, y| {
        let (x, y) = (enumeration::resolve(x), enumeration::resolve(y));
        let ty = pair_type(&result_types::FILL, &x, &y)?;
        match ty {
            Type::Symbol => fill_symbols(x, y),
            Type::Guid => fill_items(x, y),
            Type::Char => {
                let (x, y) = lanes::pair::<u8>(x, y, ty)?;
                Ok(lanes::zip_same(x, y, |x, y| if y == b' ' { x } else { y })?.wrap(ty))
            }
            ty => with_lane!(ty, T => {
                let (x, y) = lanes::pair::<T>(x, y, ty)?;
                Ok(fill_lane(x, y)?.wrap(ty))
            }, else Err(QError::type_error())),
        }
    })
}

fn fill_lane<T: FromAny>(x: Operand<T>, y: Operand<T>) -> QResult<Operand<T>> {
    lanes::zip_same(x, y, |x: T, y: T| if y.is_null() { x } else { y })
}

fn fill_symbols(x: Value, y: Value) -> QResult<Value> {
    if let (Value::Symbol(x), Value::Symbols(y)) = (&x, &y) {
        let x = *x;
        let filled = crate::loops::map_reusing(
            y.clone(),
            move |y: q_value::Symbol| {
                if y.is_null() { x } else { y }
            },
        );
        return Ok(Value::Symbols(
            filled.with_attribute(q_value::Attribute::None),
        ));
    }
    fill_items(x, y)
}

fn fill_items(x: Value, y: Value) -> QResult<Value> {
    let choose = |x: Value, y: Value| if y.is_null_atom() { x } else { y };
    match (x.is_list(), y.is_list()) {
        (false, false) => Ok(choose(x, y)),
        (true, true) if x.count() != y.count() => Err(QError::length()),
        (left, right) => {
            let count = if left { x.count() } else { y.count() };
            let empty = if right { y.clone() } else { x.clone() };
            if count == 0 {
                return Ok(empty);
            }
            let pick = |value: &Value, is_list: bool, at: usize| {
                if is_list {
                    crate::gather::item_at(value, at)
                } else {
                    value.clone()
                }
            };
            Ok(Value::from_items(
                (0..count)
                    .map(|at| choose(pick(&x, left, at), pick(&y, right, at)))
                    .collect(),
            ))
        }
    }
}

pub(crate) fn pervade(
    x: Value,
    y: Value,
    missing: Missing,
    leaf: &dyn Fn(Value, Value) -> QResult<Value>,
) -> QResult<Value> {
    Pairwise { leaf, missing }.apply(x, y)
}

/// The atomic arithmetic functions by primitive; `None` for others.
pub(crate) fn of(op: Binary) -> Option<fn(Value, Value) -> QResult<Value>> {
    Some(match op {
        Binary::Add => add,
        Binary::Subtract => subtract,
        Binary::Multiply => multiply,
        Binary::Divide => divide,
        Binary::And => lesser,
        Binary::Or => greater,
        Binary::Fill => fill,
        Binary::Div => division::div,
        Binary::Xexp => crate::maths::xexp,
        _ => return None,
    })
}
