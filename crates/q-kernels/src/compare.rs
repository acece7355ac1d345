//! `= <> < > <= >=`: comparisons, tolerant on floats, nulls equal and lowest.
//!
//! Numbers are compared in the wider storage of the two; two temporal types in the type that the table of `|` gives
//! (`semantics.md` 56); symbols by text; enumerations as the symbols they stand for.

use q_value::{Binary, EnumVector, QError, QResult, Symbol, Type, Value, Vector};

use crate::arithmetic::pervade;
use crate::lanes::{self, Lane, Operand};
use crate::pervade::Missing;
use crate::{enumeration, loops, result_types};

/// Two floats within this share of the larger one are equal (2 to the power of -43).
pub const TOLERANCE: f64 = 1.0 / (1u64 << 43) as f64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    Greater,
    LessEqual,
    GreaterEqual,
}

impl Comparison {
    /// The comparison with the sides exchanged.
    fn flipped(self) -> Comparison {
        match self {
            Comparison::Less => Comparison::Greater,
            Comparison::Greater => Comparison::Less,
            Comparison::LessEqual => Comparison::GreaterEqual,
            Comparison::GreaterEqual => Comparison::LessEqual,
            same => same,
        }
    }

    fn holds(self, order: std::cmp::Ordering) -> bool {
        match self {
            Comparison::Equal => order.is_eq(),
            Comparison::NotEqual => order.is_ne(),
            Comparison::Less => order.is_lt(),
            Comparison::Greater => order.is_gt(),
            Comparison::LessEqual => order.is_le(),
            Comparison::GreaterEqual => order.is_ge(),
        }
    }
}

/// True when the floats are equal within [`TOLERANCE`]; nulls are equal, zero and infinities only to themselves.
#[inline(always)]
pub fn floats_equal(x: f64, y: f64) -> bool {
    let larger = x.abs().max(y.abs());
    (x == y)
        | (((x - y).abs() <= larger * TOLERANCE) & (larger < f64::INFINITY))
        | (x.is_nan() & y.is_nan())
}

/// Equality and order of one lane.
trait Comparable: Lane {
    fn equal(self, other: Self) -> bool;
    fn less(self, other: Self) -> bool;
}

macro_rules! exact {
    ($($t:ty)*) => { $(impl Comparable for $t {
        #[inline(always)]
        fn equal(self, other: $t) -> bool { self == other }
        #[inline(always)]
        fn less(self, other: $t) -> bool { self < other }
    })* };
}
exact!(bool u8 i16 i32 i64);

impl Comparable for f64 {
    #[inline(always)]
    fn equal(self, other: f64) -> bool {
        floats_equal(self, other)
    }
    #[inline(always)]
    fn less(self, other: f64) -> bool {
        ((self < other) | (self.is_nan() & !other.is_nan())) & !floats_equal(self, other)
    }
}

/// The type two values are compared in.
///
/// Errors: `'type` for pairs the reference has no cell for.
fn lane_of(x: Type, y: Type) -> QResult<Type> {
    result_types::of_pair(&result_types::COMPARE, x, y).ok_or_else(QError::type_error)?;
    if x.is_temporal() && y.is_temporal() {
        return result_types::of_pair(&result_types::EXTREME, x, y).ok_or_else(QError::type_error);
    }
    let rank = |ty: Type| match ty {
        Type::Boolean => 0,
        Type::Byte | Type::Char => 1,
        Type::Short => 2,
        Type::Long | Type::Timestamp | Type::Timespan => 4,
        Type::Real | Type::Float | Type::Datetime => 5,
        _ => 3,
    };
    Ok([
        Type::Boolean,
        Type::Byte,
        Type::Short,
        Type::Int,
        Type::Long,
        Type::Float,
    ][rank(x).max(rank(y))])
}

/// Compares at any depth; the answer is boolean.
pub(crate) fn compare(comparison: Comparison, x: Value, y: Value) -> QResult<Value> {
    if let (Value::Long(x), Value::Long(y)) = (&x, &y) {
        return Ok(Value::Boolean(comparison.holds(x.cmp(y))));
    }
    pervade(x, y, Missing::Null, &|x, y| leaf(comparison, x, y))
}

fn leaf(comparison: Comparison, x: Value, y: Value) -> QResult<Value> {
    let (Some(left), Some(right)) = (x.basic_type(), y.basic_type()) else {
        return Err(QError::type_error());
    };
    match (left, right) {
        (Type::Symbol, Type::Symbol) => symbols(comparison, x, y),
        (Type::Guid, Type::Guid) => guids(comparison, x, y),
        _ => {
            let ty = lane_of(left, right)?;
            let answer = match ty {
                Type::Boolean => pair::<bool>(comparison, x, y, ty)?,
                Type::Byte => pair::<u8>(comparison, x, y, ty)?,
                Type::Short => pair::<i16>(comparison, x, y, ty)?,
                Type::Long | Type::Timestamp | Type::Timespan => pair::<i64>(comparison, x, y, ty)?,
                Type::Float | Type::Datetime => {
                    let (x, y) = lanes::pair::<f64>(x, y, ty)?;
                    floats(comparison, x, y)?
                }
                _ => pair::<i32>(comparison, x, y, ty)?,
            };
            Ok(answer.wrap(Type::Boolean))
        }
    }
}

fn pair<T: Comparable + lanes::FromAny>(
    comparison: Comparison,
    x: Value,
    y: Value,
    ty: Type,
) -> QResult<Operand<bool>> {
    let (x, y) = lanes::pair::<T>(x, y, ty)?;
    lane(comparison, x, y)
}

fn lane<T: Comparable>(
    comparison: Comparison,
    x: Operand<T>,
    y: Operand<T>,
) -> QResult<Operand<bool>> {
    match comparison {
        Comparison::Equal => lanes::zip(x, y, T::equal),
        Comparison::NotEqual => lanes::zip(x, y, |x: T, y: T| !x.equal(y)),
        Comparison::Less => lanes::zip(x, y, T::less),
        Comparison::Greater => lanes::zip(y, x, T::less),
        Comparison::LessEqual => lanes::zip(y, x, |y: T, x: T| !y.less(x)),
        Comparison::GreaterEqual => lanes::zip(x, y, |x: T, y: T| !x.less(y)),
    }
}

fn floats(comparison: Comparison, x: Operand<f64>, y: Operand<f64>) -> QResult<Operand<bool>> {
    match (x, y) {
        (Operand::Vector(x), Operand::Atom(y)) => Ok(Operand::Vector(with_atom(comparison, &x, y))),
        (Operand::Atom(x), Operand::Vector(y)) => {
            Ok(Operand::Vector(with_atom(comparison.flipped(), &y, x)))
        }
        (x, y) => lane(comparison, x, y),
    }
}

/// The floats that equal `to` are those between two bounds, so that the loop needs plain comparisons only.
#[expect(
    clippy::neg_cmp_op_on_partial_ord,
    reason = "null is below every number, and no comparison with it holds"
)]
fn with_atom(comparison: Comparison, x: &[f64], to: f64) -> Vector<bool> {
    if to.is_nan() {
        return Vector::new(match comparison {
            Comparison::Equal | Comparison::LessEqual => loops::map(x, |x: f64| x.is_nan()),
            Comparison::NotEqual | Comparison::Greater => loops::map(x, |x: f64| !x.is_nan()),
            Comparison::Less => vec![false; x.len()],
            Comparison::GreaterEqual => vec![true; x.len()],
        });
    }
    let (low, high) = bounds_of_equality(to);
    Vector::new(match comparison {
        Comparison::Equal => loops::map(x, move |x| (x >= low) & (x <= high)),
        Comparison::NotEqual => loops::map(x, move |x| !((x >= low) & (x <= high))),
        Comparison::Less => loops::map(x, move |x| !(x >= low)),
        Comparison::LessEqual => loops::map(x, move |x| !(x > high)),
        Comparison::Greater => loops::map(x, move |x| x > high),
        Comparison::GreaterEqual => loops::map(x, move |x| x >= low),
    })
}

/// The lowest and the highest float that equal `to` within the tolerance.
fn bounds_of_equality(to: f64) -> (f64, f64) {
    if to == 0.0 || to.is_infinite() {
        return (to, to);
    }
    // floats of one sign are ordered as their bits are
    let search = |towards_larger: bool| {
        let (mut inside, mut outside) = {
            let bits = to.to_bits();
            let distance = 1u64 << 11;
            if towards_larger {
                (bits, bits.saturating_add(distance))
            } else {
                (bits, bits.saturating_sub(distance))
            }
        };
        while inside.abs_diff(outside) > 1 {
            let middle = inside.midpoint(outside);
            if floats_equal(f64::from_bits(middle), to) {
                inside = middle;
            } else {
                outside = middle;
            }
        }
        f64::from_bits(inside)
    };
    let (near_zero, far) = (search(false), search(true));
    if to > 0.0 {
        (near_zero, far)
    } else {
        (far, near_zero)
    }
}

fn symbols(comparison: Comparison, x: Value, y: Value) -> QResult<Value> {
    if matches!(comparison, Comparison::Equal | Comparison::NotEqual) {
        let negate = comparison == Comparison::NotEqual;
        match (&x, &y) {
            (Value::Enums(v), Value::Symbol(s)) | (Value::Symbol(s), Value::Enums(v)) => {
                if let Some(answer) = enumeration_equals(v, *s, negate) {
                    return Ok(answer);
                }
            }
            (Value::Enums(v), Value::Enums(w))
                if v.domain == w.domain && enumeration::is_known_unique(v.domain) =>
            {
                let (v, w) = (
                    Operand::Vector(v.indices.clone()),
                    Operand::Vector(w.indices.clone()),
                );
                return Ok(lane(comparison, v, w)?.wrap(Type::Boolean));
            }
            _ => {}
        }
    }
    let (x, y) = (enumeration::resolve(x), enumeration::resolve(y));
    let decide = move |x: Symbol, y: Symbol| match comparison {
        Comparison::Equal => x == y,
        Comparison::NotEqual => x != y,
        other => other.holds(x.cmp(&y)),
    };
    match (x, y) {
        (Value::Symbol(x), Value::Symbol(y)) => Ok(Value::Boolean(decide(x, y))),
        (Value::Symbols(x), Value::Symbol(y)) => Ok(match comparison {
            Comparison::Equal => Value::Booleans(loops::map(&x, move |x| x == y).into()),
            Comparison::NotEqual => Value::Booleans(loops::map(&x, move |x| x != y).into()),
            _ => Value::Booleans(loops::map(&x, move |x| decide(x, y)).into()),
        }),
        (Value::Symbol(x), Value::Symbols(y)) => Ok(Value::Booleans(
            loops::map(&y, move |y| decide(x, y)).into(),
        )),
        (Value::Symbols(x), Value::Symbols(y)) => {
            if x.len() != y.len() {
                return Err(QError::length());
            }
            Ok(Value::Booleans(loops::zip(&x, &y, decide).into()))
        }
        // an enumeration over something that is not bound, or not symbols
        (x, y) if x.basic_type() != Some(Type::Symbol) || y.basic_type() != Some(Type::Symbol) => {
            leaf(comparison, x, y)
        }
        _ => Err(QError::type_error()),
    }
}

/// An enumeration against one symbol, by index; `None` when the domain is not a list of symbols.
fn enumeration_equals(v: &EnumVector, symbol: Symbol, negate: bool) -> Option<Value> {
    let Some(Value::Symbols(domain)) = enumeration::domain_list(v.domain) else {
        return None;
    };
    let mut places = domain
        .iter()
        .enumerate()
        .filter(|(_, item)| **item == symbol)
        .map(|(at, _)| at as i64);
    let first = places.next();
    let again = places.next();
    if again.is_some() || symbol.is_null() {
        // repeated, or null: indices beyond the domain stand for the null symbol too
        return None;
    }
    Some(Value::Booleans(Vector::new(match first {
        Some(at) => loops::map(&v.indices, move |index| (index == at) != negate),
        None => vec![negate; v.indices.len()],
    })))
}

fn guids(comparison: Comparison, x: Value, y: Value) -> QResult<Value> {
    let one = |value: &Value| match value {
        Value::Guid(guid) => Some(**guid),
        _ => None,
    };
    let many = |value: &Value| match value {
        Value::Guids(v) => Some(v.clone()),
        _ => None,
    };
    let decide = move |x: q_value::Guid, y: q_value::Guid| comparison.holds(x.cmp(&y));
    match (one(&x), many(&x), one(&y), many(&y)) {
        (Some(x), _, Some(y), _) => Ok(Value::Boolean(decide(x, y))),
        (Some(x), _, _, Some(y)) => Ok(Value::Booleans(
            loops::map(&y, move |y| decide(x, y)).into(),
        )),
        (_, Some(x), Some(y), _) => Ok(Value::Booleans(
            loops::map(&x, move |x| decide(x, y)).into(),
        )),
        (_, Some(x), _, Some(y)) if x.len() == y.len() => {
            Ok(Value::Booleans(loops::zip(&x, &y, decide).into()))
        }
        _ => Err(QError::length()),
    }
}

/// `x=y`.
pub fn equal(x: Value, y: Value) -> QResult<Value> {
    compare(Comparison::Equal, x, y)
}

/// `x<>y`.
pub fn not_equal(x: Value, y: Value) -> QResult<Value> {
    compare(Comparison::NotEqual, x, y)
}

/// `x<y`.
pub fn less(x: Value, y: Value) -> QResult<Value> {
    compare(Comparison::Less, x, y)
}

/// `x>y`.
pub fn greater(x: Value, y: Value) -> QResult<Value> {
    compare(Comparison::Greater, x, y)
}

/// `x<=y`.
pub fn less_equal(x: Value, y: Value) -> QResult<Value> {
    compare(Comparison::LessEqual, x, y)
}

/// `x>=y`.
pub fn greater_equal(x: Value, y: Value) -> QResult<Value> {
    compare(Comparison::GreaterEqual, x, y)
}

/// The comparisons by primitive; `None` for others.
pub(crate) fn of(op: Binary) -> Option<fn(Value, Value) -> QResult<Value>> {
    Some(match op {
        Binary::Equal => equal,
        Binary::NotEqual => not_equal,
        Binary::Less => less,
        Binary::Greater => greater,
        Binary::LessEqual => less_equal,
        Binary::GreaterEqual => greater_equal,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn equality_is_tolerant_but_not_at_zero() {
        assert!(floats_equal(1.0, 1.0 + 1e-13));
        assert!(!floats_equal(1.0, 1.0 + 1e-12));
        assert!(!floats_equal(0.0, 1e-300));
        assert!(floats_equal(f64::NAN, f64::NAN));
        assert!(!floats_equal(f64::INFINITY, 1e300));
    }

    proptest! {
        #[test]
        fn an_atom_compares_as_its_vector_does(
            to in any::<f64>(),
            near in proptest::collection::vec(-3000i64..3000, 0..40),
            other in proptest::collection::vec(any::<f64>(), 0..10),
        ) {
            let mut x: Vec<f64> = near.iter().map(|step| f64::from_bits(to.to_bits().wrapping_add_signed(*step))).collect();
            x.extend(other);
            x.extend([f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0]);
            for comparison in [
                Comparison::Equal, Comparison::NotEqual, Comparison::Less, Comparison::Greater, Comparison::LessEqual,
                Comparison::GreaterEqual,
            ] {
                let fast = with_atom(comparison, &x, to);
                let slow = lane(comparison, Operand::Vector(x.clone().into()), Operand::Atom(to)).expect("conforms");
                let Operand::Vector(slow) = slow else { panic!("a vector") };
                prop_assert_eq!(&fast[..], &slow[..], "{:?} {}", comparison, to);
            }
        }
    }

    #[test]
    fn temporal_types_meet_in_the_type_of_the_table() {
        let day = crate::temporal::DAY_NS;
        let timestamp = Value::Timestamp(9000 * day + 34_155_000_000_000);
        assert!(matches!(
            equal(timestamp.clone(), Value::Minute(569)),
            Ok(Value::Boolean(true))
        ));
        assert!(matches!(
            greater(timestamp, Value::Date(9000)),
            Ok(Value::Boolean(true))
        ));
        assert!(equal(Value::Date(1), Value::Minute(1)).is_err());
        assert!(matches!(
            less(Value::Long(300), Value::Char(b'a')),
            Ok(Value::Boolean(false))
        ));
    }
}
