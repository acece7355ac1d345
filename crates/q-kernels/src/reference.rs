//! Item-by-item definitions of the atomic functions, written apart from the kernels: plain, slow and obvious. Property
//! tests demand that every kernel equals its definition over all pairs of types, nulls, infinities, shapes and sharing.

use proptest::prelude::*;
use q_value::{Element, Type, Value};

use crate::result_types::{self, PairTable};

/// A number as the definitions see it.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Plain {
    Null,
    Whole(i128),
    Fraction(f64),
}

fn plain(x: &Value) -> Plain {
    let whole = |null: bool, x: i64| {
        if null {
            Plain::Null
        } else {
            Plain::Whole(i128::from(x))
        }
    };
    match x {
        Value::Boolean(x) => Plain::Whole(i128::from(*x)),
        Value::Byte(x) | Value::Char(x) => Plain::Whole(i128::from(*x)),
        Value::Short(x) => whole(*x == i16::MIN, i64::from(*x)),
        Value::Int(x)
        | Value::Month(x)
        | Value::Date(x)
        | Value::Minute(x)
        | Value::Second(x)
        | Value::Time(x) => whole(*x == i32::MIN, i64::from(*x)),
        Value::Long(x) | Value::Timestamp(x) | Value::Timespan(x) => whole(*x == i64::MIN, *x),
        Value::Real(x) if x.is_nan() => Plain::Null,
        Value::Real(x) => Plain::Fraction(f64::from(*x)),
        Value::Float(x) | Value::Datetime(x) if x.is_nan() => Plain::Null,
        Value::Float(x) | Value::Datetime(x) => Plain::Fraction(*x),
        other => panic!("not a number: {other:?}"),
    }
}

fn fraction(x: Plain) -> f64 {
    match x {
        Plain::Null => f64::NAN,
        Plain::Whole(x) => x as f64,
        Plain::Fraction(x) => x,
    }
}

/// The atom of a type holding a number: whole numbers wrap, fractions round to the nearest, halves upwards.
fn atom(ty: Type, x: Plain) -> Value {
    let width = ty.width().unwrap_or(8);
    let x = match (x, ty) {
        // chars hold numbers here: the null of a number is zero, not a blank
        (Plain::Null, Type::Char) => return Value::Char(0),
        (Plain::Null, _) => return Value::null_of(ty),
        (x, Type::Real) => return Value::Real(fraction(x) as f32),
        (x, Type::Float | Type::Datetime) => return Value::from_f64(ty, fraction(x)),
        (Plain::Whole(x), _) => x,
        (Plain::Fraction(x), _) => {
            // bytes and chars take the low eight bits of the number, like the integers they are not
            let width = if width == 1 { 8 } else { width };
            let limit = (1i128 << (width * 8 - 1)) - 1;
            ((x + 0.5).floor() as i128).clamp(-limit, limit)
        }
    };
    match ty {
        Type::Boolean => Value::Boolean(x != 0),
        Type::Byte => Value::Byte(x as u8),
        Type::Char => Value::Char(x as u8),
        Type::Short => Value::Short(x as i16),
        Type::Long | Type::Timestamp | Type::Timespan => Value::from_i64(ty, x as i64),
        ty => Value::from_i32(ty, x as i32),
    }
}

/// A value brought to a type: between temporal types by the calendar, else by its number.
fn brought(x: &Value, ty: Type) -> Value {
    let from = x.basic_type().expect("an atom");
    if from == ty || !(from.is_temporal() && ty.is_temporal()) {
        return atom(ty, plain(x));
    }
    crate::temporal::convert_unit(x.clone(), ty)
}

fn pair(table: &PairTable, x: &Value, y: &Value) -> Option<(Type, Value, Value)> {
    let (left, right) = (x.basic_type()?, y.basic_type()?);
    let ty = result_types::of_pair(table, left, right)?;
    if left == right {
        return Some((ty, atom(ty, plain(x)), atom(ty, plain(y))));
    }
    Some((ty, brought(x, ty), brought(y, ty)))
}

fn number(
    ty: Type,
    x: &Value,
    y: &Value,
    whole: fn(i128, i128) -> i128,
    real: fn(f64, f64) -> f64,
) -> Value {
    match (ty, plain(x), plain(y)) {
        (Type::Real, x, y) => Value::Real(real(fraction(x), fraction(y)) as f32),
        (Type::Float | Type::Datetime, x, y) => Value::from_f64(ty, real(fraction(x), fraction(y))),
        (_, Plain::Whole(x), Plain::Whole(y)) => atom(ty, Plain::Whole(whole(x, y))),
        _ => Value::null_of(ty),
    }
}

pub(crate) fn add(x: &Value, y: &Value) -> Option<Value> {
    let (ty, x, y) = pair(&result_types::ADD, x, y)?;
    Some(number(ty, &x, &y, |x, y| x + y, |x, y| x + y))
}

pub(crate) fn subtract(x: &Value, y: &Value) -> Option<Value> {
    let (ty, x, y) = pair(&result_types::SUBTRACT, x, y)?;
    Some(number(ty, &x, &y, |x, y| x - y, |x, y| x - y))
}

pub(crate) fn multiply(x: &Value, y: &Value) -> Option<Value> {
    let ty = result_types::of_pair(&result_types::MULTIPLY, x.basic_type()?, y.basic_type()?)?;
    let (x, y) = (atom(ty, plain(x)), atom(ty, plain(y)));
    Some(number(ty, &x, &y, i128::wrapping_mul, |x, y| x * y))
}

pub(crate) fn divide(x: &Value, y: &Value) -> Option<Value> {
    let ty = result_types::of_pair(&result_types::DIVIDE, x.basic_type()?, y.basic_type()?)?;
    Some(Value::from_f64(ty, fraction(plain(x)) / fraction(plain(y))))
}

/// Order of two atoms of one type, exact, null lowest.
fn ordered(x: &Value, y: &Value) -> std::cmp::Ordering {
    match (plain(x), plain(y)) {
        (Plain::Null, Plain::Null) => std::cmp::Ordering::Equal,
        (Plain::Null, _) => std::cmp::Ordering::Less,
        (_, Plain::Null) => std::cmp::Ordering::Greater,
        (Plain::Whole(x), Plain::Whole(y)) => x.cmp(&y),
        (x, y) => fraction(x).partial_cmp(&fraction(y)).expect("no null"),
    }
}

pub(crate) fn lesser(x: &Value, y: &Value) -> Option<Value> {
    let (_, x, y) = pair(&result_types::EXTREME, x, y)?;
    Some(if ordered(&y, &x).is_lt() { y } else { x })
}

pub(crate) fn greater(x: &Value, y: &Value) -> Option<Value> {
    let (_, x, y) = pair(&result_types::EXTREME, x, y)?;
    Some(if ordered(&y, &x).is_gt() { y } else { x })
}

pub(crate) fn fill(x: &Value, y: &Value) -> Option<Value> {
    let (_, x, y) = pair(&result_types::FILL, x, y)?;
    Some(if y.is_null_atom() { x } else { y })
}

fn compared(x: &Value, y: &Value) -> Option<std::cmp::Ordering> {
    let (left, right) = (x.basic_type()?, y.basic_type()?);
    result_types::of_pair(&result_types::COMPARE, left, right)?;
    let (x, y) = if left.is_temporal() && right.is_temporal() && left != right {
        let ty = result_types::of_pair(&result_types::EXTREME, left, right)?;
        (brought(x, ty), brought(y, ty))
    } else {
        (x.clone(), y.clone())
    };
    Some(match (plain(&x), plain(&y)) {
        (Plain::Null, _) | (_, Plain::Null) | (Plain::Whole(_), Plain::Whole(_)) => ordered(&x, &y),
        (x, y) => {
            let (x, y) = (fraction(x), fraction(y));
            let near = x == y
                || (x - y).abs() <= x.abs().max(y.abs()) * 2f64.powi(-43)
                    && x.is_finite()
                    && y.is_finite();
            if near {
                std::cmp::Ordering::Equal
            } else {
                x.partial_cmp(&y)?
            }
        }
    })
}

pub(crate) fn equal(x: &Value, y: &Value) -> Option<Value> {
    Some(Value::Boolean(compared(x, y)?.is_eq()))
}

pub(crate) fn less(x: &Value, y: &Value) -> Option<Value> {
    Some(Value::Boolean(compared(x, y)?.is_lt()))
}

pub(crate) fn greater_equal(x: &Value, y: &Value) -> Option<Value> {
    Some(Value::Boolean(compared(x, y)?.is_ge()))
}

pub(crate) fn modulo(x: &Value, y: &Value) -> Option<Value> {
    let ty = result_types::of_pair(&result_types::MODULO, x.basic_type()?, y.basic_type()?)?;
    let answer = match (plain(x), plain(y)) {
        (Plain::Null, _) | (_, Plain::Null) => Plain::Null,
        (Plain::Whole(_), Plain::Whole(0)) => Plain::Null,
        (Plain::Whole(x), Plain::Whole(y)) => Plain::Whole(((x % y) + y) % y),
        (x, y) => {
            let (x, y) = (fraction(x), fraction(y));
            let left = x - y * (x / y).floor();
            if left.is_nan() {
                Plain::Null
            } else {
                Plain::Fraction(left)
            }
        }
    };
    Some(atom(ty, answer))
}

const NUMBERS: [Type; 16] = [
    Type::Boolean,
    Type::Byte,
    Type::Short,
    Type::Int,
    Type::Long,
    Type::Real,
    Type::Float,
    Type::Char,
    Type::Timestamp,
    Type::Month,
    Type::Date,
    Type::Datetime,
    Type::Timespan,
    Type::Minute,
    Type::Second,
    Type::Time,
];

/// An atom of a type from a seed: small numbers, nulls, infinities and wide ones.
fn seeded(ty: Type, seed: (u8, i64)) -> Value {
    let number = match seed.0 % 6 {
        0 => return Value::null_of(ty),
        1 => i128::from(i64::MAX),
        2 => -i128::from(i64::MAX),
        3 => i128::from(seed.1 % 40),
        _ => i128::from(seed.1 % 1_000_000),
    };
    match ty {
        Type::Real | Type::Float | Type::Datetime if number.unsigned_abs() > 1 << 60 => {
            let infinite = Plain::Fraction(if number > 0 {
                f64::INFINITY
            } else {
                f64::NEG_INFINITY
            });
            atom(ty, infinite)
        }
        Type::Real | Type::Float | Type::Datetime => atom(ty, Plain::Fraction(number as f64 / 4.0)),
        Type::Long | Type::Timestamp | Type::Timespan => atom(ty, Plain::Whole(number)),
        ty if number.unsigned_abs() > 1 << 60 => {
            let limit = match ty.width() {
                Some(2) => i128::from(i16::MAX),
                Some(4) => i128::from(i32::MAX),
                _ => 100,
            };
            atom(ty, Plain::Whole(limit * number.signum()))
        }
        Type::Byte | Type::Char => atom(ty, Plain::Whole(number.rem_euclid(128))),
        Type::Short => atom(ty, Plain::Whole(number % 1000)),
        ty => atom(ty, Plain::Whole(number)),
    }
}

type Definition = fn(&Value, &Value) -> Option<Value>;
type Kernel = fn(Value, Value) -> q_value::QResult<Value>;

const PAIRS: [(&str, Kernel, Definition); 11] = [
    ("+", crate::arithmetic::add, add),
    ("-", crate::arithmetic::subtract, subtract),
    ("*", crate::arithmetic::multiply, multiply),
    ("%", crate::arithmetic::divide, divide),
    ("&", crate::arithmetic::lesser, lesser),
    ("|", crate::arithmetic::greater, greater),
    ("^", crate::arithmetic::fill, fill),
    ("=", crate::compare::equal, equal),
    ("<", crate::compare::less, less),
    (">=", crate::compare::greater_equal, greater_equal),
    ("mod", crate::division::modulo, modulo),
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]
    #[test]
    fn every_kernel_equals_its_definition(
        types in (0..NUMBERS.len(), 0..NUMBERS.len()),
        left in proptest::collection::vec((any::<u8>(), any::<i64>()), 0..12),
        right in proptest::collection::vec((any::<u8>(), any::<i64>()), 12),
        shape in 0u8..4,
        shared in any::<(bool, bool)>(),
    ) {
        let (left_type, right_type) = (NUMBERS[types.0], NUMBERS[types.1]);
        let x: Vec<Value> = left.iter().map(|seed| seeded(left_type, *seed)).collect();
        let y: Vec<Value> = right.iter().take(x.len().max(1)).map(|seed| seeded(right_type, *seed)).collect();
        let side = |items: &[Value], ty: Type, atomic: bool| {
            if atomic {
                items.first().cloned().unwrap_or_else(|| Value::null_of(ty))
            } else if items.is_empty() {
                Value::empty_of(ty)
            } else {
                Value::from_items(items.to_vec())
            }
        };
        let (atom_left, atom_right) = (shape & 1 == 1, shape & 2 == 2);
        let y = if atom_left || atom_right { y } else { y[..x.len()].to_vec() };
        let (left, right) = (side(&x, left_type, atom_left), side(&y, right_type, atom_right));
        let count = match (atom_left, atom_right) {
            (true, true) => None,
            (true, false) => Some(y.len()),
            _ => Some(x.len()),
        };
        let item = |value: &Value, at: usize| value.item(at).unwrap_or_else(|| value.clone());
        for (name, kernel, definition) in PAIRS {
            let held = (left.clone(), right.clone());
            // an unshared copy of each side, kept shared half the time
            let own = |value: &Value| if value.is_list() && value.count() > 0 { Value::from_items(value.items()) } else { value.clone() };
            let (a, b) = (own(&left), own(&right));
            let keep = (shared.0.then(|| a.clone()), shared.1.then(|| b.clone()));
            let fast = kernel(a, b);
            let is_defined = result_of_types(definition, left_type, right_type).is_some();
            if !is_defined {
                prop_assert!(fast.is_err(), "{} of {:?} {:?} should fail: {:?}", name, left_type, right_type, fast);
                continue;
            }
            let fast = fast.expect("the table allows it");
            match count {
                None => {
                    let expected = definition(&left, &right).expect("defined");
                    prop_assert!(same(&fast, &expected), "{} of {:?} {:?}: {:?} is not {:?}", name, left, right, fast, expected);
                }
                Some(count) => {
                    prop_assert_eq!(fast.count(), count);
                    let ty = result_of_types(definition, left_type, right_type).expect("defined");
                    prop_assert_eq!(fast.type_number(), ty as i16, "{}", name);
                    for at in 0..count {
                        let expected = definition(&item(&left, at), &item(&right, at)).expect("defined");
                        let found = fast.item(at).expect("inside");
                        prop_assert!(
                            same(&found, &expected),
                            "{} of {:?} {:?} at {}: {:?} is not {:?}", name, left, right, at, found, expected
                        );
                    }
                }
            }
            for (kept, before) in [(keep.0, &held.0), (keep.1, &held.1)] {
                if let Some(kept) = kept {
                    prop_assert!(kept.is_identical(before), "{} changed a shared argument", name);
                }
            }
        }
    }
}

/// The type a definition gives for two types; `None` when it has none.
fn result_of_types(definition: Definition, x: Type, y: Type) -> Option<Type> {
    definition(&seeded(x, (3, 1)), &seeded(y, (3, 1)))?.basic_type()
}

fn same(x: &Value, y: &Value) -> bool {
    match (x, y) {
        // reals are worked in single precision by the kernels
        (Value::Real(x), Value::Real(y)) => {
            x == y || x.is_null() && y.is_null() || (x - y).abs() <= x.abs().max(y.abs()) * 1e-5
        }
        (x, y) => x.is_identical(y),
    }
}
