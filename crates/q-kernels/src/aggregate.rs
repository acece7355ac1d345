//! Aggregates: `sum prd max min avg all any count first last`.
//!
//! Over a vector nulls are skipped; over a list of vectors they go item by item and nulls count; over a dictionary they
//! take its values, over a table each column.

use std::sync::Arc;

use q_value::{Dict, QError, QResult, Table, Type, Value, Vector};

use crate::lanes::{self, Lane, Operand, with_lane};
use crate::result_types::{self, UnaryTable};
use crate::{Keyword, arithmetic, enumeration, fold, gather, maths};

pub(crate) static TABLE: &[Keyword] = &[
    Keyword::one("sum", sum),
    Keyword::one("prd", prd),
    Keyword::one("max", max),
    Keyword::one("min", min),
    Keyword::one("avg", avg),
    Keyword::one("all", all),
    Keyword::one("any", any),
    Keyword::one("count", count),
    Keyword::one("first", first),
    Keyword::one("last", last),
];

/// How an aggregate treats each kind of argument.
pub(crate) struct Aggregate<'a> {
    pub atom: &'a dyn Fn(Value) -> QResult<Value>,
    pub vector: &'a dyn Fn(Value) -> QResult<Value>,
    pub list: &'a dyn Fn(Vec<Value>) -> QResult<Value>,
}

impl Aggregate<'_> {
    pub(crate) fn apply(&self, x: Value) -> QResult<Value> {
        match x {
            Value::List(items) => (self.list)(items.into_vec()),
            Value::Dict(dict) => self.apply(Arc::unwrap_or_clone(dict).values),
            Value::Table(table) => {
                let Table { names, columns, .. } = Arc::unwrap_or_clone(table);
                let answers: QResult<Vec<Value>> = columns
                    .into_iter()
                    .map(|column| self.apply(column))
                    .collect();
                Ok(Value::dict(
                    Value::Symbols(names),
                    Value::from_items(answers?),
                ))
            }
            x @ (Value::Enum(_) | Value::Enums(_)) => {
                let symbols = enumeration::resolve(x);
                if symbols.is_atom() {
                    (self.atom)(symbols)
                } else {
                    (self.vector)(symbols)
                }
            }
            x if x.is_vector() => (self.vector)(x),
            x if x.is_atom() => (self.atom)(x),
            _ => Err(QError::type_error()),
        }
    }
}

fn type_of(table: UnaryTable, x: &Value) -> QResult<Type> {
    x.basic_type()
        .and_then(|ty| result_types::of_one(table, ty))
        .ok_or_else(QError::type_error)
}

/// A general list folded by an atomic function; when all items are atoms nulls are left out, as in a vector.
fn fold_items(
    items: Vec<Value>,
    of_nothing: Value,
    step: fn(Value, Value) -> QResult<Value>,
) -> QResult<Value> {
    let all_atoms = items.iter().all(Value::is_atom);
    let mut items = items
        .into_iter()
        .filter(|item| !(all_atoms && item.is_null_atom()));
    match items.next() {
        None => Ok(of_nothing),
        Some(first) => items.try_fold(first, step),
    }
}

/// `sum x`: the sum; of nothing zero.
///
/// Errors: `'type` for chars, symbols and guids.
pub fn sum(x: Value) -> QResult<Value> {
    Aggregate {
        atom: &|x| {
            type_of(result_types::SUM, &x)?;
            Ok(x)
        },
        vector: &sum_vector,
        list: &|items| fold_items(items, Value::Long(0), arithmetic::add),
    }
    .apply(x)
}

fn sum_vector(x: Value) -> QResult<Value> {
    let ty = type_of(result_types::SUM, &x)?;
    Ok(match x {
        Value::Booleans(v) => {
            Value::Int(fold::fold(&v, 0i64, |sum, x| sum + i64::from(x), |a, b| a + b) as i32)
        }
        Value::Bytes(v) => {
            Value::Int(fold::fold(&v, 0i64, |sum, x| sum + i64::from(x), |a, b| a + b) as i32)
        }
        Value::Longs(v) | Value::Timestamps(v) | Value::Timespans(v) => {
            Value::from_i64(ty, fold::sum_longs(&v))
        }
        Value::Floats(v) | Value::Datetimes(v) => Value::from_f64(ty, fold::sum_floats(&v)),
        Value::Reals(v) => Value::Real(fold::fold(
            &v,
            0.0f64,
            |sum, x| sum + if x.is_nan() { 0.0 } else { f64::from(x) },
            |a, b| a + b,
        ) as f32),
        Value::Shorts(v) => Value::Int(fold::fold(
            &v,
            0i64,
            |sum, x| sum + if x == i16::MIN { 0 } else { i64::from(x) },
            |a, b| a + b,
        ) as i32),
        x => match lanes::raw::<i32>(x)? {
            Operand::Vector(v) => Value::from_i32(
                ty,
                fold::fold(
                    &v,
                    0i64,
                    |sum, x| sum + if x == i32::MIN { 0 } else { i64::from(x) },
                    |a, b| a + b,
                ) as i32,
            ),
            Operand::Atom(x) => Value::from_i32(ty, x),
        },
    })
}

/// `prd x`: the product; of nothing one.
///
/// Errors: `'type` for chars, symbols and guids.
pub fn prd(x: Value) -> QResult<Value> {
    Aggregate {
        atom: &|x| {
            type_of(result_types::SUM, &x)?;
            Ok(x)
        },
        vector: &|x| {
            let ty = type_of(result_types::SUM, &x)?;
            arithmetic::with_number!(ty, T => match lanes::raw::<T>(x)? {
                Operand::Vector(v) => Ok(T::wrap_atom(ty, v.iter().fold(one(), |product: T, x| {
                    if q_value::Element::is_null(x) { product } else { arithmetic::Number::multiply(product, *x) }
                }))),
                Operand::Atom(x) => Ok(T::wrap_atom(ty, x)),
            })
        },
        list: &|items| fold_items(items, Value::Long(1), arithmetic::multiply),
    }
    .apply(x)
}

/// One in any lane.
pub(crate) fn one<T>() -> T
where
    bool: crate::convert::Convert<T>,
{
    crate::convert::Convert::convert(true)
}

/// The limits of a lane: the greatest and the lowest value that is not null.
pub(crate) trait Limits: Lane {
    const GREATEST: Self;
    const LOWEST: Self;
    /// The greater, nulls on the right ignored.
    fn raise(self, x: Self) -> Self;
    /// The lesser, nulls on the right ignored.
    fn lower(self, x: Self) -> Self;
    /// The greatest item that is not null, else [`Limits::LOWEST`].
    fn greatest(x: &[Self]) -> Self {
        fold::fold_integers(x, Self::LOWEST, Self::raise, Self::raise)
    }
    /// The least item that is not null, else [`Limits::GREATEST`].
    fn least(x: &[Self]) -> Self {
        fold::fold_integers(x, Self::GREATEST, Self::lower, Self::lower)
    }
}

macro_rules! integer_limits {
    ($($t:ty)*) => { $(impl Limits for $t {
        const GREATEST: $t = <$t>::MAX;
        const LOWEST: $t = -<$t>::MAX;
        #[inline(always)]
        fn raise(self, x: $t) -> $t { if x > self { x } else { self } }
        #[inline(always)]
        fn lower(self, x: $t) -> $t {
            let x = if x == <$t>::MIN { <$t>::MAX } else { x };
            if x < self { x } else { self }
        }
        fn least(x: &[$t]) -> $t {
            // moved down by one null is the greatest and the rest keep their order: one step less for each item
            let least = fold::fold_integers(x, <$t>::MAX, |least, x: $t| least.min(x.wrapping_sub(1)), <$t>::min);
            least.saturating_add(1)
        }
    })* };
}
integer_limits!(i16 i32 i64);

macro_rules! float_limits {
    ($($t:ty)*) => { $(impl Limits for $t {
        const GREATEST: $t = <$t>::INFINITY;
        const LOWEST: $t = <$t>::NEG_INFINITY;
        #[inline(always)]
        fn raise(self, x: $t) -> $t { if x > self { x } else { self } }
        #[inline(always)]
        fn lower(self, x: $t) -> $t { if x < self { x } else { self } }
        fn greatest(x: &[$t]) -> $t {
            fold::fold_in_any_order(x, Self::LOWEST, Self::raise, Self::raise)
        }
        fn least(x: &[$t]) -> $t {
            fold::fold_in_any_order(x, Self::GREATEST, Self::lower, Self::lower)
        }
    })* };
}
float_limits!(f32 f64);

macro_rules! plain_limits {
    ($($t:ty, $greatest:expr, $lowest:expr;)*) => { $(impl Limits for $t {
        const GREATEST: $t = $greatest;
        const LOWEST: $t = $lowest;
        #[inline(always)]
        fn raise(self, x: $t) -> $t { self.max(x) }
        #[inline(always)]
        fn lower(self, x: $t) -> $t { self.min(x) }
    })* };
}
plain_limits!(bool, true, false; u8, u8::MAX, 0;);

/// `max x`: the greatest item; of nothing the lowest value of the type.
///
/// Errors: `'type` for symbols and guids.
pub fn max(x: Value) -> QResult<Value> {
    Aggregate {
        atom: &|x| {
            type_of(result_types::EXTREMUM, &x)?;
            Ok(x)
        },
        vector: &|x| {
            let ty = type_of(result_types::EXTREMUM, &x)?;
            with_lane!(ty, T => match lanes::raw::<T>(x)? {
                Operand::Vector(v) => Ok(T::wrap_atom(ty, T::greatest(&v))),
                Operand::Atom(x) => Ok(T::wrap_atom(ty, x)),
            }, else Err(QError::type_error()))
        },
        list: &|items| fold_items(items, Value::Float(f64::NEG_INFINITY), arithmetic::greater),
    }
    .apply(x)
}

/// `min x`: the least item; of nothing the greatest value of the type.
///
/// Errors: `'type` for symbols and guids.
pub fn min(x: Value) -> QResult<Value> {
    Aggregate {
        atom: &|x| {
            type_of(result_types::EXTREMUM, &x)?;
            Ok(x)
        },
        vector: &|x| {
            let ty = type_of(result_types::EXTREMUM, &x)?;
            with_lane!(ty, T => match lanes::raw::<T>(x)? {
                Operand::Vector(v) => Ok(T::wrap_atom(ty, T::least(&v))),
                Operand::Atom(x) => Ok(T::wrap_atom(ty, x)),
            }, else Err(QError::type_error()))
        },
        list: &|items| fold_items(items, Value::Float(f64::INFINITY), arithmetic::lesser),
    }
    .apply(x)
}

/// `avg x`: the mean as float; of nothing null.
///
/// Errors: `'type` for symbols and guids.
pub fn avg(x: Value) -> QResult<Value> {
    Aggregate {
        atom: &|x| {
            let ty = type_of(result_types::MEAN, &x)?;
            Ok(lanes::raw::<f64>(x)?.wrap(ty))
        },
        vector: &|x| {
            type_of(result_types::MEAN, &x)?;
            Ok(Value::Float(mean(x)?))
        },
        list: &|items| {
            if items.is_empty() {
                return Ok(Value::Float(f64::NAN));
            }
            let count = items.len() as i64;
            arithmetic::divide(
                fold_items(items, Value::Long(0), arithmetic::add)?,
                Value::Long(count),
            )
        },
    }
    .apply(x)
}

/// The mean of a vector of numbers without nulls.
pub(crate) fn mean(x: Value) -> QResult<f64> {
    Ok(match x {
        Value::Longs(v) | Value::Timestamps(v) | Value::Timespans(v) => {
            let (sum, count) = fold::exact_sum_longs(&v);
            sum as f64 / count as f64
        }
        x => match lanes::raw::<f64>(x)? {
            Operand::Vector(v) => {
                let (sum, count) = fold::mean_floats(&v);
                sum / count
            }
            Operand::Atom(x) => x,
        },
    })
}

/// True where items are not zero.
fn truth(x: Value) -> QResult<Value> {
    maths::not(maths::not(x)?)
}

/// `all x`: whether no item is zero; of nothing true.
///
/// Errors: `'type` for symbols and guids.
pub fn all(x: Value) -> QResult<Value> {
    Aggregate {
        atom: &truth,
        vector: &|x| {
            let found = match x {
                Value::Booleans(v) => v.iter().all(|x| *x),
                x => match truth(x)? {
                    Value::Booleans(v) => v.iter().all(|x| *x),
                    _ => return Err(QError::type_error()),
                },
            };
            Ok(Value::Boolean(found))
        },
        list: &|items| {
            let items: QResult<Vec<Value>> = items.into_iter().map(truth).collect();
            fold_items(items?, Value::Boolean(true), arithmetic::lesser)
        },
    }
    .apply(x)
}

/// `any x`: whether an item is not zero; of nothing false.
///
/// Errors: `'type` for symbols and guids.
pub fn any(x: Value) -> QResult<Value> {
    Aggregate {
        atom: &truth,
        vector: &|x| {
            let found = match x {
                Value::Booleans(v) => v.iter().any(|x| *x),
                x => match truth(x)? {
                    Value::Booleans(v) => v.iter().any(|x| *x),
                    _ => return Err(QError::type_error()),
                },
            };
            Ok(Value::Boolean(found))
        },
        list: &|items| {
            let items: QResult<Vec<Value>> = items.into_iter().map(truth).collect();
            fold_items(items?, Value::Boolean(false), arithmetic::greater)
        },
    }
    .apply(x)
}

/// `count x`: items, rows or keys; 1 for atoms and functions.
pub fn count(x: Value) -> QResult<Value> {
    Ok(Value::Long(x.count() as i64))
}

/// `first x`: the first item, row or value; of an empty vector its null; of an atom itself.
pub fn first(x: Value) -> QResult<Value> {
    Ok(match &x {
        Value::Dict(dict) => {
            let Dict { values, .. } = &**dict;
            gather::item_at(values, 0)
        }
        x if gather::is_collection(x) => gather::item_at(x, 0),
        _ => x,
    })
}

/// `last x`: the last item, row or value; of an empty vector its null; of an atom itself.
pub fn last(x: Value) -> QResult<Value> {
    let at = x.count().wrapping_sub(1);
    Ok(match &x {
        Value::Dict(dict) => gather::item_at(&dict.values, at),
        x if gather::is_collection(x) => gather::item_at(x, at),
        _ => x,
    })
}

/// A general list of equal-count lists turned on its side: one list per item. Atoms go with every item.
///
/// Errors: `'length` when counts differ, `'type` when nothing but atoms and functions is there.
pub(crate) fn across(items: &[Value]) -> QResult<Vec<Value>> {
    let mut count = None;
    for item in items {
        if gather::is_collection(item) {
            match count {
                None => count = Some(item.count()),
                Some(count) if count == item.count() => {}
                Some(_) => return Err(QError::length()),
            }
        }
    }
    let count = match count {
        Some(count) => count,
        None if items.is_empty() => 0,
        None => return Err(QError::type_error()),
    };
    Ok((0..count)
        .map(|at| {
            Value::from_items(
                items
                    .iter()
                    .map(|item| {
                        if gather::is_collection(item) {
                            gather::item_at(item, at)
                        } else {
                            item.clone()
                        }
                    })
                    .collect(),
            )
        })
        .collect())
}

/// The items of a general list of number atoms as floats; `None` when one is no number.
pub(crate) fn atoms_as_floats(items: &[Value]) -> Option<Vector<f64>> {
    items
        .iter()
        .map(|item| match lanes::raw::<f64>(item.clone()) {
            Ok(Operand::Atom(x)) => Some(x),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn longs(items: &[i64]) -> Value {
        Value::Longs(items.to_vec().into())
    }
    const NULL: i64 = i64::MIN;

    #[test]
    fn nulls_are_skipped_in_vectors_and_count_across_lists() {
        assert!(
            sum(longs(&[1, NULL, 2]))
                .expect("sum")
                .is_identical(&Value::Long(3))
        );
        let rows = Value::list(vec![longs(&[1, 2]), longs(&[NULL, 4])]);
        assert!(
            sum(rows.clone())
                .expect("sum")
                .is_identical(&longs(&[NULL, 6]))
        );
        assert!(
            max(rows.clone())
                .expect("max")
                .is_identical(&longs(&[1, 4]))
        );
        assert!(
            min(rows.clone())
                .expect("min")
                .is_identical(&longs(&[NULL, 2]))
        );
        assert!(
            avg(rows)
                .expect("avg")
                .is_identical(&Value::Floats(vec![f64::NAN, 3.0].into()))
        );
        let mixed = Value::list(vec![
            Value::Long(1),
            Value::Float(f64::NAN),
            Value::Long(2),
            Value::Long(3),
        ]);
        assert!(avg(mixed).expect("avg").is_identical(&Value::Float(1.5)));
    }

    #[test]
    fn aggregates_of_nothing() {
        let none = longs(&[]);
        assert!(
            sum(none.clone())
                .expect("sum")
                .is_identical(&Value::Long(0))
        );
        assert!(
            prd(none.clone())
                .expect("prd")
                .is_identical(&Value::Long(1))
        );
        assert!(
            max(none.clone())
                .expect("max")
                .is_identical(&Value::Long(-i64::MAX))
        );
        assert!(
            min(none.clone())
                .expect("min")
                .is_identical(&Value::Long(i64::MAX))
        );
        assert!(
            avg(none.clone())
                .expect("avg")
                .is_identical(&Value::Float(f64::NAN))
        );
        assert!(
            first(none.clone())
                .expect("first")
                .is_identical(&Value::Long(NULL))
        );
        assert!(last(none).expect("last").is_identical(&Value::Long(NULL)));
        assert!(
            all(Value::empty_list())
                .expect("all")
                .is_identical(&Value::Boolean(true))
        );
        assert!(
            any(Value::empty_list())
                .expect("any")
                .is_identical(&Value::Boolean(false))
        );
    }

    #[test]
    fn tables_aggregate_by_column() {
        let table = Value::table(
            vec!["a".into(), "b".into()].into(),
            vec![longs(&[10, 21, 3]), longs(&[4, 5, 6])],
        );
        let expected = Value::dict(Value::symbols(["a", "b"]), longs(&[34, 15]));
        assert!(sum(table).expect("sum").is_identical(&expected));
        assert!(sum(Value::string("abc")).is_err());
    }
}
