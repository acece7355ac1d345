//! Division with a remainder: `div`, `mod` and `xbar`, all by the floor.

use std::mem::MaybeUninit;

use q_value::{Attribute, QError, QResult, Type, Value, Vector};

use crate::arithmetic::{pair_type, pervade};
use crate::lanes::{self, Operand};
use crate::pervade::Missing;
use crate::{Keyword, loops, result_types, temporal};

pub(crate) static TABLE: &[Keyword] = &[
    Keyword::two("div", div),
    Keyword::two("mod", modulo),
    Keyword::two("xbar", xbar),
];

/// Floor of the quotient; null when a side is null or the divisor is zero.
#[inline(always)]
pub fn floor_divide(x: i64, y: i64) -> i64 {
    if x == i64::MIN || y == i64::MIN || y == 0 {
        return i64::MIN;
    }
    let quotient = x.wrapping_div(y);
    if (x % y != 0) && ((x < 0) != (y < 0)) {
        quotient - 1
    } else {
        quotient
    }
}

/// What the floor division leaves, with the sign of the divisor.
#[inline(always)]
pub fn floor_remainder(x: i64, y: i64) -> i64 {
    if x == i64::MIN || y == i64::MIN || y == 0 {
        return i64::MIN;
    }
    let remainder = x.wrapping_rem(y);
    if remainder != 0 && ((remainder < 0) != (y < 0)) {
        remainder + y
    } else {
        remainder
    }
}

/// A positive divisor prepared so that dividing takes multiplications instead of the slow division instruction.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Divisor {
    by: u64,
    magic: Halves,
    shift: u32,
}

const LOW: u64 = u32::MAX as u64;

/// The halves of 64 bits.
#[derive(Debug, Clone, Copy)]
struct Halves {
    low: u64,
    high: u64,
}

impl Halves {
    /// The upper 64 bits of the product.
    ///
    /// Vectors multiply halves only. The halves are kept apart, because a compiler that recognises them as one number
    /// makes one multiplication of it, which no vector has.
    #[inline(always)]
    fn high_product(self, x: u64) -> u64 {
        let (x_low, x_high) = (x & LOW, x >> 32);
        let middle = x_high * self.low + ((x_low * self.low) >> 32);
        let other_middle = x_low * self.high + (middle & LOW);
        x_high * self.high + (middle >> 32) + (other_middle >> 32)
    }
}

impl Divisor {
    /// `None` unless above one.
    pub(crate) fn new(by: i64) -> Option<Divisor> {
        if by <= 1 {
            return None;
        }
        let by = by as u64;
        let bits = 63 - by.leading_zeros();
        let (magic, shift) = if by.is_power_of_two() {
            (1 << 63, bits - 1)
        } else {
            // round-up method: 2^(64+bits) / by rounded up is exact for dividends below 2^63
            (((1u128 << (64 + bits)) / u128::from(by) + 1) as u64, bits)
        };
        let magic = Halves {
            low: magic & LOW,
            high: magic >> 32,
        };
        Some(Divisor { by, magic, shift })
    }

    #[inline(always)]
    fn divide_magnitude(self, x: u64) -> u64 {
        self.magic.high_product(x) >> self.shift
    }

    /// Floor of `x` divided; `x` must not be null.
    #[inline(always)]
    pub(crate) fn floor(self, x: i64) -> i64 {
        // floor(x) = -1 - floor((-1 - x)) for negative x, and -1 - x = !x is its magnitude less one
        let sign = x >> 63;
        (self.divide_magnitude((x ^ sign) as u64) as i64) ^ sign
    }

    /// The greatest multiple of the divisor that is not above `x`; `x` must not be null.
    #[inline(always)]
    pub(crate) fn multiple_below(self, x: i64) -> i64 {
        self.floor(x).wrapping_mul(self.by as i64)
    }
}

/// Type of `x div y`: that of the left argument, except that small integers and reals become ints.
fn quotient_type(x: Type) -> Option<Type> {
    Some(match x {
        Type::Boolean | Type::Byte | Type::Short | Type::Char | Type::Real => Type::Int,
        Type::Symbol | Type::Guid => return None,
        other => other,
    })
}

fn is_fractional(value: &Value) -> bool {
    matches!(
        value.basic_type(),
        Some(Type::Real | Type::Float | Type::Datetime)
    )
}

/// `x div y`: the floor of the quotient.
pub fn div(x: Value, y: Value) -> QResult<Value> {
    if let (Value::Long(x), Value::Long(y)) = (&x, &y) {
        return Ok(Value::Long(floor_divide(*x, *y)));
    }
    pervade(x, y, Missing::Keep, &|x, y| {
        let (Some(left), Some(right)) = (x.basic_type(), y.basic_type()) else {
            return Err(QError::type_error());
        };
        let ty = quotient_type(left).ok_or_else(QError::type_error)?;
        quotient_type(right).ok_or_else(QError::type_error)?;
        if is_fractional(&x) || is_fractional(&y) {
            let (x, y) = (lanes::raw::<f64>(x)?, lanes::raw::<f64>(y)?);
            let floats = lanes::zip_same(x, y, |x, y| (x / y).floor())?.wrap(Type::Float);
            return of_floats(floats, ty);
        }
        let (x, y) = (lanes::raw::<i64>(x)?, lanes::raw::<i64>(y)?);
        let quotients = match (x, y) {
            (Operand::Vector(x), Operand::Atom(y)) if Divisor::new(y).is_some() => {
                let by = Divisor::new(y).ok_or_else(QError::type_error)?;
                Operand::Vector(loops::map_reusing(x, move |x| {
                    if x == i64::MIN { x } else { by.floor(x) }
                }))
            }
            (x, y) => divided(x, y, floor_divide, |_, _, quotient| quotient)?,
        };
        of_longs(quotients, ty)
    })
}

/// Dividends and divisors below this divide as floats without loss: the quotient of two integers differs from every other
/// integer by more than it is rounded by, and products of such stay exact.
const FLOAT_MAX: i64 = 1 << 50;
/// Adding this to a float puts the integer it is in its lowest bits.
const INTEGER_BITS: f64 = 6_755_399_441_055_744.0;

/// An integer of less than 51 bits as float, without an instruction that vectors lack.
#[inline(always)]
pub(crate) fn float_of_small(x: i64) -> f64 {
    f64::from_bits((x as u64).wrapping_add(INTEGER_BITS.to_bits())) - INTEGER_BITS
}

/// A whole float of less than 51 bits as integer.
#[inline(always)]
pub(crate) fn small_of_float(x: f64) -> i64 {
    ((x + INTEGER_BITS).to_bits()).wrapping_sub(INTEGER_BITS.to_bits()) as i64
}

/// `exact` of each pair; where all items of a block are small by `small`, which is given dividend, divisor and the floor of
/// their quotient, since division of floats takes a fraction of the time that division of longs takes.
fn divided(
    x: Operand<i64>,
    y: Operand<i64>,
    exact: impl Fn(i64, i64) -> i64 + Copy + Sync,
    small: impl Fn(f64, f64, f64) -> f64 + Copy + Sync,
) -> QResult<Operand<i64>> {
    const BLOCK: usize = 512;
    loops::vectorised! {
        // true when all were small; else what was written means nothing
        wide fn divide_small[X: Iterator<Item = i64>, F: Fn(f64, f64, f64) -> f64](
            x: X, y: &[i64], out: &mut [MaybeUninit<i64>], small: F
        ) -> bool {
            let is_small = |x: i64| (x.wrapping_add(FLOAT_MAX) as u64) < 2 * FLOAT_MAX as u64;
            let mut all = true;
            for ((y, out), x) in y.iter().zip(out).zip(x) {
                all &= is_small(x) & is_small(*y) & (*y != 0);
                let (x, y) = (float_of_small(x), float_of_small(*y));
                out.write(small_of_float(small(x, y, (x / y).floor())));
            }
            all
        }
    }
    let (x, y) = match (x, y) {
        (x, Operand::Atom(y)) => return lanes::zip_same(x, Operand::Atom(y), exact),
        (x, Operand::Vector(y)) => (x, y),
    };
    if let Operand::Vector(x) = &x
        && x.len() != y.len()
    {
        return Err(QError::length());
    }
    let quotients = loops::build(y.len(), |start, out| {
        let mut at = start;
        for out in out.chunks_mut(BLOCK) {
            let range = at..at + out.len();
            at = range.end;
            let y = &y[range.clone()];
            match &x {
                Operand::Atom(x) => {
                    if !divide_small(std::iter::repeat(*x), y, out, small) {
                        for (out, y) in out.iter_mut().zip(y) {
                            out.write(exact(*x, *y));
                        }
                    }
                }
                Operand::Vector(x) => {
                    let x = &x[range];
                    if !divide_small(x.iter().copied(), y, out, small) {
                        for ((out, x), y) in out.iter_mut().zip(x).zip(y) {
                            out.write(exact(*x, *y));
                        }
                    }
                }
            }
        }
    });
    Ok(Operand::Vector(Vector::new(quotients)))
}

/// Longs in another type, plain numbers kept.
fn of_longs(x: Operand<i64>, ty: Type) -> QResult<Value> {
    let longs = x.wrap(Type::Long);
    lanes::with_lane!(ty, T => Ok(lanes::raw::<T>(longs)?.wrap(ty)), else Err(QError::type_error()))
}

fn of_floats(floats: Value, ty: Type) -> QResult<Value> {
    lanes::with_lane!(ty, T => Ok(lanes::raw::<T>(floats)?.wrap(ty)), else Err(QError::type_error()))
}

#[inline(always)]
fn float_remainder(x: f64, y: f64) -> f64 {
    x - y * (x / y).floor()
}

/// `x mod y`: what `div` leaves, with the sign of `y`.
pub fn modulo(x: Value, y: Value) -> QResult<Value> {
    if let (Value::Long(x), Value::Long(y)) = (&x, &y) {
        return Ok(Value::Long(floor_remainder(*x, *y)));
    }
    pervade(x, y, Missing::Keep, &|x, y| {
        let ty = pair_type(&result_types::MODULO, &x, &y)?;
        if is_fractional(&x) || is_fractional(&y) {
            let (x, y) = (lanes::raw::<f64>(x)?, lanes::raw::<f64>(y)?);
            return of_floats(
                lanes::zip_same(x, y, float_remainder)?.wrap(Type::Float),
                ty,
            );
        }
        let (x, y) = (lanes::raw::<i64>(x)?, lanes::raw::<i64>(y)?);
        let remainders = match (x, y) {
            (Operand::Vector(x), Operand::Atom(y)) if Divisor::new(y).is_some() => {
                let by = Divisor::new(y).ok_or_else(QError::type_error)?;
                Operand::Vector(loops::map_reusing(x, move |x| {
                    if x == i64::MIN {
                        x
                    } else {
                        x.wrapping_sub(by.multiple_below(x))
                    }
                }))
            }
            (x, y) => divided(x, y, floor_remainder, |x, y, quotient| x - y * quotient)?,
        };
        of_longs(remainders, ty)
    })
}

/// `x xbar y`: each `y` rounded down to a multiple of `x`; temporal types keep their type.
pub fn xbar(x: Value, y: Value) -> QResult<Value> {
    pervade(x, y, Missing::Keep, &|x, y| {
        let (Some(left), Some(right)) = (x.basic_type(), y.basic_type()) else {
            return Err(QError::type_error());
        };
        let ty = if right.is_temporal() {
            right
        } else {
            result_types::of_pair(&result_types::MULTIPLY, left, right)
                .ok_or_else(QError::type_error)?
        };
        let x = if left.is_temporal() && right.is_temporal() && left != right {
            bar_width(x, right)
        } else {
            x
        };
        if is_fractional(&x) || is_fractional(&y) {
            let (x, y) = (lanes::raw::<f64>(x)?, lanes::raw::<f64>(y)?);
            let bars = lanes::zip_same(x, y, |x, y| x * (y / x).floor())?;
            return of_floats(bars.wrap(Type::Float), ty);
        }
        match (&x, y) {
            (x, Value::Timestamps(y)) if x.is_atom() => long_bars(x, y, Type::Timestamp),
            (x, Value::Timespans(y)) if x.is_atom() => long_bars(x, y, Type::Timespan),
            (x, Value::Longs(y)) if x.is_atom() && ty == Type::Long => long_bars(x, y, ty),
            (x, y) => {
                let (x, y) = (lanes::raw::<i64>(x.clone())?, lanes::raw::<i64>(y)?);
                of_longs(lanes::zip_same(x, y, bar)?, ty)
            }
        }
    })
}

#[inline(always)]
fn bar(width: i64, y: i64) -> i64 {
    if y == i64::MIN || width == i64::MIN {
        i64::MIN
    } else if width == 0 {
        y
    } else {
        y.wrapping_sub(floor_remainder(y, width))
    }
}

fn long_bars(width: &Value, y: Vector<i64>, ty: Type) -> QResult<Value> {
    let Operand::Atom(width) = lanes::raw::<i64>(width.clone())? else {
        return Err(QError::type_error());
    };
    let bars = match Divisor::new(width) {
        Some(by) => loops::map_reusing(y, move |y| {
            if y == i64::MIN {
                y
            } else {
                by.multiple_below(y)
            }
        }),
        None => loops::map_reusing(y, move |y| bar(width, y)),
    };
    Ok(Value::from_i64s(ty, bars.with_attribute(Attribute::None)))
}

/// The width of a bar given in one unit of time, in the unit of the values (`0D00:05` for minutes is 5).
fn bar_width(x: Value, of: Type) -> Value {
    let duration = match of {
        Type::Timestamp => Type::Timespan,
        Type::Date => {
            // a width in days: a timespan counts whole days
            return match temporal::convert_unit(x, Type::Timespan) {
                Value::Timespan(ns) => Value::Long(ns / temporal::DAY_NS),
                other => other,
            };
        }
        other => other,
    };
    temporal::convert_unit(x, duration)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_prepared_divisor_divides(x in any::<i64>(), by in prop_oneof![1i64..1000, any::<i64>()]) {
            prop_assume!(x != i64::MIN);
            if let Some(divisor) = Divisor::new(by) {
                prop_assert_eq!(divisor.floor(x), x.div_euclid(by));
            } else {
                prop_assert!(by <= 1);
            }
        }
    }

    proptest! {
        #[test]
        fn vectors_divide_as_their_items_do(
            pairs in proptest::collection::vec(
                (prop_oneof![-20i64..20, -FLOAT_MAX..FLOAT_MAX, any::<i64>()], prop_oneof![-5i64..5, -FLOAT_MAX..FLOAT_MAX, any::<i64>()]),
                0..40,
            ),
            repeated in 1usize..40,
            all_small in any::<bool>(),
        ) {
            let pairs: Vec<(i64, i64)> = pairs
                .into_iter()
                .map(|(x, y)| if all_small { (x % FLOAT_MAX, (y % FLOAT_MAX).max(1) - 2 * (y & 1)) } else { (x, y) })
                .collect::<Vec<_>>()
                .repeat(repeated);
            let (x, y): (Vec<i64>, Vec<i64>) = pairs.into_iter().unzip();
            let longs = |items: &[i64]| Value::Longs(items.to_vec().into());
            for (kernel, of_pair) in [(div as fn(Value, Value) -> QResult<Value>, floor_divide as fn(i64, i64) -> i64), (modulo, floor_remainder)] {
                let expected: Vec<i64> = x.iter().zip(&y).map(|(x, y)| of_pair(*x, *y)).collect();
                prop_assert!(kernel(longs(&x), longs(&y)).expect("numbers").is_identical(&longs(&expected)));
                if let Some(first) = x.first() {
                    let expected: Vec<i64> = y.iter().map(|y| of_pair(*first, *y)).collect();
                    prop_assert!(kernel(Value::Long(*first), longs(&y)).expect("numbers").is_identical(&longs(&expected)));
                }
            }
        }
    }

    #[test]
    fn quotients_follow_the_floor() {
        assert_eq!(floor_divide(-7, 2), -4);
        assert_eq!(floor_remainder(-7, 2), 1);
        assert_eq!(floor_remainder(7, -2), -1);
        let week = div(Value::Short(7), Value::Long(3)).expect("numbers");
        assert!(week.is_identical(&Value::Int(2)));
        let date = div(Value::Date(5399), Value::Long(365)).expect("date");
        assert!(date.is_identical(&Value::Date(14)));
    }
}
