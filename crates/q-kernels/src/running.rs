//! Running functions: `sums prds maxs mins avgs fills deltas ratios prev next xprev`.
//!
//! A vector runs over its items, a list of vectors over its rows item by item, a dictionary over its values, a table by
//! column.

use std::sync::Arc;

use q_value::{Dict, Element, QError, QResult, Symbol, Table, Type, Value, Vector};

use crate::aggregate::{Limits, one};
use crate::arithmetic::{self, Number, with_number};
use crate::lanes::{self, Lane, Operand, with_lane};
use crate::result_types::{self, UnaryTable};
use crate::scan::Scan;
use crate::{Keyword, enumeration, fold, gather, loops};

pub(crate) static TABLE: &[Keyword] = &[
    Keyword::one("sums", sums),
    Keyword::one("prds", prds),
    Keyword::one("maxs", maxs),
    Keyword::one("mins", mins),
    Keyword::one("avgs", avgs),
    Keyword::one("fills", fills),
    Keyword::one("deltas", deltas),
    Keyword::one("ratios", ratios),
    Keyword::one("prev", prev),
    Keyword::one("next", next),
    Keyword::two("xprev", xprev),
];

/// Runs along the items of a value: vectors by `vector`, general lists by `list`, the rest by their parts.
pub(crate) fn along(
    x: Value,
    vector: &dyn Fn(Value) -> QResult<Value>,
    list: &dyn Fn(Vec<Value>) -> QResult<Value>,
) -> QResult<Value> {
    match x {
        Value::List(items) => list(items.into_vec()),
        Value::Dict(dict) => {
            let Dict { keys, values, .. } = Arc::unwrap_or_clone(dict);
            Ok(Value::dict(keys, along(values, vector, list)?))
        }
        Value::Table(table) => {
            let Table { names, columns, .. } = Arc::unwrap_or_clone(table);
            let columns: QResult<Vec<Value>> = columns
                .into_iter()
                .map(|column| along(column, vector, list))
                .collect();
            Ok(Value::table(names, columns?))
        }
        x if x.is_function() => Err(QError::type_error()),
        x => vector(x),
    }
}

/// All partial answers of folding a list.
fn scan(items: Vec<Value>, step: fn(Value, Value) -> QResult<Value>) -> QResult<Value> {
    let mut answers: Vec<Value> = Vec::with_capacity(items.len());
    for item in items {
        let next = match answers.last() {
            None => item,
            Some(last) => step(last.clone(), item)?,
        };
        answers.push(next);
    }
    Ok(Value::from_items(answers))
}

fn checked(table: UnaryTable, x: &Value) -> QResult<Type> {
    x.basic_type()
        .and_then(|ty| result_types::of_one(table, ty))
        .ok_or_else(QError::type_error)
}

/// From this length on vectors are run over in blocks.
const LONG: usize = 1 << 16;

/// Running answers of a step that may start anywhere: `step` also joins two answers, and `start` changes none.
fn scan_long<T: Lane>(v: Vector<T>, start: T, step: impl Fn(T, T) -> T + Copy + Sync) -> Vector<T> {
    if v.len() < LONG {
        return scan_vector(v, start, step);
    }
    let scan = Scan {
        start,
        fold: move |x: &[T]| fold::fold(x, start, step, step),
        join: step,
        step,
    };
    Vector::new(scan.along(&v))
}

/// Each null replaced by what stands before it, first of all by `start`.
fn filled<T: Copy + Send + Sync>(
    v: Vector<T>,
    start: T,
    is_null: impl Fn(T) -> bool + Copy + Sync,
) -> Vector<T> {
    let step = move |last: T, x: T| if is_null(x) { last } else { x };
    let scan = Scan {
        start,
        fold: move |x: &[T]| {
            let last = x.iter().rev().find(|x| !is_null(**x));
            last.copied().unwrap_or(start)
        },
        join: step,
        step,
    };
    Vector::new(scan.along(&v))
}

/// Partial answers over a vector, written over it when nobody else holds it.
fn scan_vector<T: Lane>(v: Vector<T>, start: T, step: impl Fn(T, T) -> T) -> Vector<T> {
    let mut running = start;
    if v.is_unshared() {
        let mut v = v;
        for item in v.make_mut() {
            running = step(running, *item);
            *item = running;
        }
        return v;
    }
    let mut answers = Vec::with_capacity(v.len());
    answers.extend(v.iter().map(|item| {
        running = step(running, *item);
        running
    }));
    Vector::new(answers)
}

/// `sums x`: running sums, nulls as zero.
pub fn sums(x: Value) -> QResult<Value> {
    along(
        x,
        &|x| {
            let ty = checked(result_types::SUM, &x)?;
            if x.is_atom() {
                return Ok(x);
            }
            with_number!(ty, T => match lanes::raw::<T>(x)? {
                Operand::Vector(v) => Ok(T::wrap_vector(ty, running_sums(v))),
                Operand::Atom(x) => Ok(T::wrap_atom(ty, x)),
            })
        },
        &|items| scan(items, arithmetic::add),
    )
}

fn running_sums<T: Number + PlainAdd + Default>(v: Vector<T>) -> Vector<T> {
    let step = |sum: T, x: T| plain_add(sum, if x.is_null() { T::default() } else { x });
    if v.len() < LONG {
        return scan_vector(v, T::default(), step);
    }
    let sum = move |x: &[T]| fold::fold(x, T::default(), step, plain_add);
    let scan = Scan {
        start: T::default(),
        fold: sum,
        join: plain_add,
        step,
    };
    Vector::new(scan.along(&v))
}

/// Addition that wraps, for running sums that may pass the bit pattern of null.
pub(crate) trait PlainAdd: Copy {
    fn plain_add(self, other: Self) -> Self;
}
macro_rules! plain_add {
    ($($t:ty, $f:expr;)*) => { $(impl PlainAdd for $t {
        #[inline(always)]
        fn plain_add(self, other: $t) -> $t { $f(self, other) }
    })* };
}
plain_add! {
    i32, i32::wrapping_add;
    i64, i64::wrapping_add;
    f32, |a, b| a + b;
    f64, |a, b| a + b;
}

#[inline(always)]
fn plain_add<T: PlainAdd>(x: T, y: T) -> T {
    x.plain_add(y)
}

/// `prds x`: running products, nulls as one.
pub fn prds(x: Value) -> QResult<Value> {
    along(
        x,
        &|x| {
            let ty = checked(result_types::SUM, &x)?;
            if x.is_atom() {
                return Ok(x);
            }
            with_number!(ty, T => match lanes::raw::<T>(x)? {
                Operand::Vector(v) => Ok(T::wrap_vector(ty, scan_vector(v, one(), |product: T, x| {
                    if x.is_null() { product } else { Number::multiply(product, x) }
                }))),
                Operand::Atom(x) => Ok(T::wrap_atom(ty, x)),
            })
        },
        &|items| scan(items, arithmetic::multiply),
    )
}

/// `maxs x`: running maxima; before the first that is not null the lowest value.
pub fn maxs(x: Value) -> QResult<Value> {
    along(
        x,
        &|x| {
            let ty = checked(result_types::EXTREMUM, &x)?;
            with_lane!(ty, T => match lanes::raw::<T>(x)? {
                Operand::Vector(v) => Ok(T::wrap_vector(ty, scan_long(v, T::LOWEST, T::raise))),
                Operand::Atom(x) => Ok(T::wrap_atom(ty, x)),
            }, else Err(QError::type_error()))
        },
        &|items| scan(items, arithmetic::greater),
    )
}

/// `mins x`: running minima; before the first that is not null the greatest value.
pub fn mins(x: Value) -> QResult<Value> {
    along(
        x,
        &|x| {
            let ty = checked(result_types::EXTREMUM, &x)?;
            with_lane!(ty, T => match lanes::raw::<T>(x)? {
                Operand::Vector(v) => Ok(T::wrap_vector(ty, scan_long(v, T::GREATEST, T::lower))),
                Operand::Atom(x) => Ok(T::wrap_atom(ty, x)),
            }, else Err(QError::type_error()))
        },
        &|items| scan(items, arithmetic::lesser),
    )
}

/// `avgs x`: running means as float.
pub fn avgs(x: Value) -> QResult<Value> {
    along(
        x,
        &|x| {
            checked(result_types::MEAN, &x)?;
            Ok(match lanes::raw::<f64>(x)? {
                Operand::Vector(v) => {
                    let (mut sum, mut count) = (0.0, 0.0);
                    Value::Floats(
                        v.iter()
                            .map(|x| {
                                if !x.is_nan() {
                                    sum += x;
                                    count += 1.0;
                                }
                                sum / count
                            })
                            .collect(),
                    )
                }
                Operand::Atom(x) => Value::Float(x),
            })
        },
        &|items| {
            let counts = Value::Longs((1..=items.len() as i64).collect());
            arithmetic::divide(scan(items, arithmetic::add)?, counts)
        },
    )
}

/// `fills x`: each null replaced by the item before it.
pub fn fills(x: Value) -> QResult<Value> {
    along(
        x,
        &|x| {
            Ok(match enumeration_kept(x) {
                Value::Chars(v) => Value::Chars(filled(v, b' ', |x| x == b' ')),
                Value::Symbols(v) => {
                    Value::Symbols(filled(v, Symbol::NULL, |x: Symbol| x.is_null()))
                }
                Value::Enums(v) => {
                    let indices = filled(v.indices.clone(), i64::MIN, |x| x == i64::MIN);
                    Value::enums(v.domain, indices)
                }
                Value::Guids(v) => Value::Guids(filled(v, [0; 16], |x| x == [0; 16])),
                x if x.is_vector() => {
                    let ty = x.basic_type().ok_or_else(QError::type_error)?;
                    return with_lane!(ty, T => match lanes::raw::<T>(x)? {
                        Operand::Vector(v) => {
                            Ok(T::wrap_vector(ty, filled(v, T::null(), |x: T| x.is_null())))
                        }
                        Operand::Atom(x) => Ok(T::wrap_atom(ty, x)),
                    }, else Err(QError::type_error()));
                }
                x => x,
            })
        },
        &|items| {
            let mut rows: Vec<Value> = Vec::with_capacity(items.len());
            for item in items {
                let next = match rows.last() {
                    Some(last) => arithmetic::fill(last.clone(), item.clone()).unwrap_or(item),
                    None => item,
                };
                rows.push(next);
            }
            Ok(Value::from_items(rows))
        },
    )
}

fn enumeration_kept(x: Value) -> Value {
    match x {
        Value::Enum(_) => enumeration::resolve(x),
        x => x,
    }
}

/// `deltas x`: each item less the one before; the first item stays.
pub fn deltas(x: Value) -> QResult<Value> {
    along(
        x,
        &|x| {
            let ty = arithmetic::pair_type(&result_types::SUBTRACT, &x, &x)?;
            with_number!(ty, T => match lanes::raw::<T>(x)? {
                Operand::Vector(v) => Ok(T::wrap_vector(ty, Vector::new(against_previous(&v, T::default(), Number::subtract)))),
                Operand::Atom(x) => Ok(T::wrap_atom(ty, x)),
            })
        },
        &|items| pairwise(items, arithmetic::subtract),
    )
}

/// `ratios x`: each item divided by the one before; the first item stays.
pub fn ratios(x: Value) -> QResult<Value> {
    along(
        x,
        &|x| {
            checked(result_types::MEAN, &x)?;
            Ok(match lanes::raw::<f64>(x)? {
                Operand::Vector(v) => {
                    Value::Floats(Vector::new(against_previous(&v, 1.0, |x, before| {
                        x / before
                    })))
                }
                Operand::Atom(x) => Value::Float(x),
            })
        },
        &|items| {
            let first = items.first().cloned();
            let ratios = pairwise(items, arithmetic::divide)?;
            match (first, ratios) {
                (Some(_), ratios) => Ok(ratios),
                (None, empty) => Ok(empty),
            }
        },
    )
}

/// `f` of each item and the one before it; before the first stands `start`.
fn against_previous<T: Lane>(x: &[T], start: T, f: impl Fn(T, T) -> T + Copy + Sync) -> Vec<T> {
    loops::build(x.len(), |from, out| {
        let now = &x[from..from + out.len()];
        let Some((first, rest)) = out.split_first_mut() else {
            return;
        };
        first.write(f(now[0], if from == 0 { start } else { x[from - 1] }));
        loops::zip_part(&now[1..], &now[..now.len() - 1], rest, f);
    })
}

fn pairwise(items: Vec<Value>, f: fn(Value, Value) -> QResult<Value>) -> QResult<Value> {
    let mut answers = Vec::with_capacity(items.len());
    for (at, item) in items.iter().enumerate() {
        answers.push(match at {
            0 => item.clone(),
            at => f(item.clone(), items[at - 1].clone())?,
        });
    }
    Ok(Value::from_items(answers))
}

/// `prev x`: the items moved on by one, a null in front.
pub fn prev(x: Value) -> QResult<Value> {
    shift(x, 1)
}

/// `next x`: the items moved back by one, a null at the end.
pub fn next(x: Value) -> QResult<Value> {
    shift(x, -1)
}

/// `n xprev x`: the items moved on by `n`, nulls in front; by negative `n` back, nulls at the end.
///
/// Errors: `'type` when `n` is no integer atom.
pub fn xprev(n: Value, x: Value) -> QResult<Value> {
    shift(x, n.as_i64().ok_or_else(QError::type_error)?)
}

fn shift(x: Value, by: i64) -> QResult<Value> {
    fn moved<T: Copy>(v: &[T], by: i64, null: T) -> Vector<T> {
        let count = v.len();
        let gap = usize::try_from(by.unsigned_abs())
            .unwrap_or(count)
            .min(count);
        let mut items = Vec::with_capacity(count);
        if by >= 0 {
            items.resize(gap, null);
            items.extend_from_slice(&v[..count - gap]);
        } else {
            items.extend_from_slice(&v[gap..]);
            items.resize(count, null);
        }
        Vector::new(items)
    }
    Ok(match x {
        Value::Dict(dict) => {
            let Dict { keys, values, .. } = Arc::unwrap_or_clone(dict);
            Value::dict(keys, shift(values, by)?)
        }
        Value::Booleans(v) => Value::Booleans(moved(&v, by, false)),
        Value::Bytes(v) => Value::Bytes(moved(&v, by, 0)),
        Value::Chars(v) => Value::Chars(moved(&v, by, b' ')),
        Value::Symbols(v) => Value::Symbols(moved(&v, by, Symbol::NULL)),
        Value::Guids(v) => Value::Guids(moved(&v, by, [0; 16])),
        Value::Enums(v) => Value::enums(v.domain, moved(&v.indices, by, i64::MIN)),
        x @ (Value::List(_) | Value::Table(_)) => {
            let places: Vec<i64> = (0..x.count() as i64)
                .map(|at| at.checked_sub(by).unwrap_or(i64::MIN))
                .collect();
            gather::at(&x, &places)
        }
        x if x.is_vector() => {
            let ty = x.basic_type().ok_or_else(QError::type_error)?;
            return with_lane!(ty, T => match lanes::raw::<T>(x)? {
                Operand::Vector(v) => Ok(T::wrap_vector(ty, moved(&v, by, T::null()))),
                Operand::Atom(x) => Ok(T::wrap_atom(ty, x)),
            }, else Err(QError::type_error()));
        }
        x if x.is_function() => return Err(QError::type_error()),
        x => x,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn longs(items: &[i64]) -> Value {
        Value::Longs(items.to_vec().into())
    }
    const NULL: i64 = i64::MIN;

    #[test]
    fn running_functions_treat_nulls_as_documented() {
        let is = |x: QResult<Value>, y: Value| assert!(x.expect("runs").is_identical(&y));
        is(sums(longs(&[2, 3, NULL, 7])), longs(&[2, 5, 5, 12]));
        is(prds(longs(&[2, 3, NULL, 7])), longs(&[2, 6, 6, 42]));
        is(
            maxs(longs(&[NULL, 5, NULL, 1])),
            longs(&[-i64::MAX, 5, 5, 5]),
        );
        is(
            mins(longs(&[NULL, 5, NULL, 1])),
            longs(&[i64::MAX, 5, 5, 1]),
        );
        is(fills(longs(&[NULL, 1, NULL, 2])), longs(&[NULL, 1, 1, 2]));
        is(deltas(longs(&[5, 16, 42])), longs(&[5, 11, 26]));
        is(
            deltas(Value::Dates(vec![10, 12].into())),
            Value::Ints(vec![10, 2].into()),
        );
        is(
            avgs(Value::Floats(vec![1.0, f64::NAN, 3.0].into())),
            Value::Floats(vec![1.0, 1.0, 2.0].into()),
        );
        let rows = Value::list(vec![longs(&[1, 2, 3]), longs(&[2, 3, 5])]);
        is(
            sums(rows),
            Value::list(vec![longs(&[1, 2, 3]), longs(&[3, 5, 8])]),
        );
    }

    #[test]
    fn shifts_leave_nulls() {
        let is = |x: QResult<Value>, y: Value| assert!(x.expect("shifts").is_identical(&y));
        is(prev(longs(&[2, 3, 5])), longs(&[NULL, 2, 3]));
        is(next(longs(&[2, 3, 5])), longs(&[3, 5, NULL]));
        is(
            xprev(Value::Long(-2), longs(&[2, 7, 5])),
            longs(&[5, NULL, NULL]),
        );
        is(xprev(Value::Long(9), longs(&[2, 7])), longs(&[NULL, NULL]));
        is(
            xprev(Value::Long(1), Value::string("abc")),
            Value::string(" ab"),
        );
        let mixed = Value::list(vec![
            longs(&[1, 2]),
            Value::string("abc"),
            Value::symbol("ibm"),
        ]);
        is(
            prev(mixed.clone()),
            Value::list(vec![longs(&[]), longs(&[1, 2]), Value::string("abc")]),
        );
    }

    #[test]
    fn deltas_of_long_vectors_agree_across_parts() {
        let count = crate::parallel::ITEMS_PER_THREAD_MIN * 2 + 3;
        let squares: Vec<i64> = (0..count as i64).map(|x| x * x).collect();
        let Ok(Value::Longs(v)) = deltas(longs(&squares)) else {
            panic!("longs")
        };
        assert!(
            v.iter()
                .enumerate()
                .skip(1)
                .all(|(at, x)| *x == 2 * at as i64 - 1)
        );
    }
}
