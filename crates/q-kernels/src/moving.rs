//! Functions of a moving window: `msum mavg mcount mmax mmin mdev ema`.
//!
//! The window holds the last `n` items, fewer at the start. Lists of vectors, dictionaries and tables go as in
//! `running.rs`.

use std::collections::VecDeque;

use q_value::{Element, QError, QResult, Type, Value, Vector};

use crate::Keyword;
use crate::aggregate::{Limits, across};
use crate::lanes::{self, Lane, Operand, with_lane};
use crate::result_types;
use crate::running::along;

pub(crate) static TABLE: &[Keyword] = &[
    Keyword::two("msum", msum),
    Keyword::two("mavg", mavg),
    Keyword::two("mcount", mcount),
    Keyword::two("mmax", mmax),
    Keyword::two("mmin", mmin),
    Keyword::two("mdev", mdev),
    Keyword::two("ema", ema),
];

/// The window's length; negative counts as zero.
///
/// Errors: `'type` unless an integer atom.
fn window(n: &Value) -> QResult<usize> {
    let n = n.as_i64().ok_or_else(QError::type_error)?;
    Ok(usize::try_from(n).unwrap_or(0))
}

/// `f` of vectors; a list of vectors is turned on its side first and back after.
fn moving(y: Value, f: &dyn Fn(Value) -> QResult<Value>) -> QResult<Value> {
    along(y, f, &|items| {
        if items.is_empty() {
            return Ok(Value::empty_list());
        }
        if items.iter().all(Value::is_atom) {
            return match crate::aggregate::atoms_as_floats(&items) {
                Some(floats) => f(Value::Floats(floats)),
                None => Err(QError::type_error()),
            };
        }
        let rows = items.len();
        let columns: QResult<Vec<Value>> = across(&items)?
            .into_iter()
            .map(|column| moving(column, f))
            .collect();
        let columns = columns?;
        if columns.is_empty() {
            return Ok(Value::list(items));
        }
        debug_assert!(columns.iter().all(|column| column.count() == rows));
        Ok(Value::from_items(across(&columns)?))
    })
}

/// Moving sums and counts of floats: nulls left out, infinities counted apart so that they leave with the window.
struct Window {
    sum: f64,
    known: u64,
    infinite: i64,
    infinities: u64,
}

impl Window {
    fn add(&mut self, x: f64, sign: f64) {
        if x.is_nan() {
            return;
        }
        let step = |count: &mut u64| {
            if sign > 0.0 {
                *count += 1;
            } else {
                *count -= 1;
            }
        };
        step(&mut self.known);
        if x.is_infinite() {
            step(&mut self.infinities);
            self.infinite += if (x > 0.0) == (sign > 0.0) { 1 } else { -1 };
        } else {
            self.sum += sign * x;
        }
    }

    fn sum(&self) -> f64 {
        if self.infinities == 0 {
            self.sum
        } else if self.infinite.unsigned_abs() == self.infinities {
            if self.infinite > 0 {
                f64::INFINITY
            } else {
                f64::NEG_INFINITY
            }
        } else {
            f64::NAN
        }
    }
}

/// `answer` of each window, which slides over `x`.
fn slide(x: &[f64], n: usize, answer: impl Fn(&Window) -> f64) -> Vec<f64> {
    let mut state = Window {
        sum: 0.0,
        known: 0,
        infinite: 0,
        infinities: 0,
    };
    let mut answers = Vec::with_capacity(x.len());
    for (at, item) in x.iter().enumerate() {
        if n > 0 {
            state.add(*item, 1.0);
        }
        if n > 0 && at >= n {
            state.add(x[at - n], -1.0);
        }
        if state.known == state.infinities {
            // an empty window sums to exactly zero again
            state.sum = 0.0;
        }
        answers.push(answer(&state));
    }
    answers
}

fn floats_of(y: Value) -> QResult<Operand<f64>> {
    y.basic_type()
        .and_then(|ty| result_types::of_one(result_types::MEAN, ty))
        .ok_or_else(QError::type_error)?;
    lanes::raw(y)
}

fn listed(x: Operand<f64>) -> Vector<f64> {
    match x {
        Operand::Vector(v) => v,
        Operand::Atom(x) => vec![x].into(),
    }
}

/// `n msum y`: moving sums, nulls as zero. Points in time give durations.
pub fn msum(n: Value, y: Value) -> QResult<Value> {
    let n = window(&n)?;
    moving(y, &|y| {
        let ty = y
            .basic_type()
            .and_then(|ty| result_types::of_one(result_types::MOVING_SUM, ty))
            .ok_or_else(QError::type_error)?;
        match ty {
            Type::Real | Type::Float => {
                let sums = slide(&listed(lanes::raw::<f64>(y)?), n, Window::sum);
                let sums = Value::Floats(sums.into());
                if ty == Type::Real {
                    return Ok(lanes::raw::<f32>(sums)?.wrap(ty));
                }
                Ok(sums)
            }
            ty => {
                let Operand::Vector(v) = lanes::raw::<i64>(y)? else {
                    return Err(QError::type_error());
                };
                let known = |x: i64| if x == i64::MIN { 0 } else { x };
                let mut sum = 0i64;
                let sums: Vector<i64> = v
                    .iter()
                    .enumerate()
                    .map(|(at, x)| {
                        if n > 0 {
                            sum = sum.wrapping_add(known(*x));
                            if at >= n {
                                sum = sum.wrapping_sub(known(v[at - n]));
                            }
                        }
                        sum
                    })
                    .collect();
                let sums = Value::Longs(sums);
                with_lane!(ty, T => Ok(lanes::raw::<T>(sums)?.wrap(ty)), else Err(QError::type_error()))
            }
        }
    })
}

/// `n mavg y`: moving means of what is not null, as float.
pub fn mavg(n: Value, y: Value) -> QResult<Value> {
    let n = window(&n)?;
    moving(y, &|y| {
        let means = slide(&listed(floats_of(y)?), n, |window| {
            window.sum() / window.known as f64
        });
        Ok(Value::Floats(means.into()))
    })
}

/// `n mcount y`: how many items of each window are not null.
pub fn mcount(n: Value, y: Value) -> QResult<Value> {
    let n = window(&n)?;
    moving(y, &|y| {
        let Value::Booleans(nulls) = crate::maths::null(y)? else {
            return Err(QError::type_error());
        };
        let mut known = 0i64;
        Ok(Value::Longs(
            nulls
                .iter()
                .enumerate()
                .map(|(at, null)| {
                    if n > 0 {
                        known += i64::from(!null);
                        if at >= n {
                            known -= i64::from(!nulls[at - n]);
                        }
                    }
                    known
                })
                .collect(),
        ))
    })
}

/// The extreme item of each window by a queue of candidates, each better than all after it would allow.
fn extremes<T: Copy>(x: &[T], n: usize, start: T, replaces: impl Fn(T, T) -> bool) -> Vec<T> {
    let mut candidates: VecDeque<usize> = VecDeque::new();
    let mut answers = Vec::with_capacity(x.len());
    for (at, item) in x.iter().enumerate() {
        while candidates
            .back()
            .is_some_and(|last| replaces(*item, x[*last]))
        {
            candidates.pop_back();
        }
        candidates.push_back(at);
        if candidates.front().is_some_and(|first| first + n <= at) {
            candidates.pop_front();
        }
        answers.push(candidates.front().map_or(start, |first| x[*first]));
    }
    answers
}

/// `n mmax y`: moving maxima; of a window of nulls the lowest value. Without a window `y` itself.
pub fn mmax(n: Value, y: Value) -> QResult<Value> {
    let n = window(&n)?;
    moving(y, &|y| {
        let ty = extreme_type(&y)?;
        if n == 0 {
            return Ok(y);
        }
        with_lane!(ty, T => match lanes::raw::<T>(y)? {
            Operand::Vector(v) => {
                let known: Vec<T> = v.iter().map(|x| if x.is_null() { T::LOWEST } else { *x }).collect();
                Ok(T::wrap_vector(ty, extremes(&known, n, T::LOWEST, |new, old| new >= old).into()))
            }
            Operand::Atom(x) => Ok(T::wrap_atom(ty, x)),
        }, else Err(QError::type_error()))
    })
}

/// `n mmin y`: moving minima; null is the least of all. Without a window `y` itself.
pub fn mmin(n: Value, y: Value) -> QResult<Value> {
    let n = window(&n)?;
    moving(y, &|y| {
        let ty = extreme_type(&y)?;
        if n == 0 {
            return Ok(y);
        }
        with_lane!(ty, T => match lanes::raw::<T>(y)? {
            Operand::Vector(v) => Ok(T::wrap_vector(
                ty,
                extremes(&v, n, T::GREATEST, |new: T, old: T| new.is_null() || new <= old).into(),
            )),
            Operand::Atom(x) => Ok(T::wrap_atom(ty, x)),
        }, else Err(QError::type_error()))
    })
}

fn extreme_type(y: &Value) -> QResult<Type> {
    y.basic_type()
        .and_then(|ty| result_types::of_one(result_types::EXTREMUM, ty))
        .ok_or_else(QError::type_error)
}

/// `n mdev y`: moving standard deviations of the whole.
pub fn mdev(n: Value, y: Value) -> QResult<Value> {
    let n = window(&n)?;
    moving(y, &|y| {
        let y = listed(floats_of(y)?);
        // moments about a value near the data: squares of large numbers would cancel
        let centre = y.iter().copied().find(|x| x.is_finite()).unwrap_or(0.0);
        let near: Vec<f64> = y.iter().map(|x| x - centre).collect();
        let squares: Vec<f64> = near.iter().map(|x| x * x).collect();
        let mean = |window: &Window| window.sum() / window.known as f64;
        let (means, squares) = (slide(&near, n, mean), slide(&squares, n, mean));
        Ok(Value::Floats(
            means
                .iter()
                .zip(&squares)
                .map(|(mean, square)| {
                    let variance = square - mean * mean;
                    if variance < 0.0 { 0.0 } else { variance.sqrt() }
                })
                .collect(),
        ))
    })
}

/// `a ema y`: exponential moving average with smoothing `a`; the first item stays.
///
/// Errors: `'length` when `a` is a vector of another count.
pub fn ema(a: Value, y: Value) -> QResult<Value> {
    let a = floats_of(a)?;
    moving(y, &|y| {
        let y = listed(floats_of(y)?);
        if let Operand::Vector(a) = &a
            && a.len() != y.len()
        {
            return Err(QError::length());
        }
        let mut last = y.first().copied().unwrap_or(f64::NAN);
        Ok(Value::Floats(
            y.iter()
                .enumerate()
                .map(|(at, x)| {
                    let a = match &a {
                        Operand::Atom(a) => *a,
                        Operand::Vector(a) => a[at],
                    };
                    if at > 0 {
                        last = (1.0 - a) * last + a * x;
                    }
                    last
                })
                .collect(),
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn longs(items: &[i64]) -> Value {
        Value::Longs(items.to_vec().into())
    }
    const NULL: i64 = i64::MIN;

    fn is(x: QResult<Value>, y: Value) {
        let x = x.expect("moves");
        assert!(x.is_identical(&y), "{x:?} is not {y:?}");
    }

    #[test]
    fn windows_treat_nulls_as_documented() {
        let three = || Value::Long(3);
        is(
            msum(three(), longs(&[NULL, 2, 3, 5, NULL, 11])),
            longs(&[0, 2, 5, 10, 8, 16]),
        );
        is(
            mcount(three(), longs(&[NULL, 1, 2, 3, NULL, 5])),
            longs(&[0, 1, 2, 3, 2, 2]),
        );
        is(
            mmax(three(), longs(&[NULL, -3, -2, NULL, 1, 0])),
            longs(&[-i64::MAX, -3, -2, -2, 1, 1]),
        );
        is(
            mmin(three(), longs(&[NULL, -3, -2, 1, -i64::MAX, 0])),
            longs(&[NULL, NULL, NULL, -3, -i64::MAX, -i64::MAX]),
        );
        is(
            mavg(Value::Long(0), longs(&[2, 3])),
            Value::Floats(vec![f64::NAN; 2].into()),
        );
        is(
            mavg(Value::Long(5), longs(&[NULL, 2, NULL, 5, 7, NULL])),
            Value::Floats(vec![f64::NAN, 2.0, 2.0, 3.5, 14.0 / 3.0, 14.0 / 3.0].into()),
        );
        let d = Value::dict(
            Value::symbols(["a", "b"]),
            Value::list(vec![longs(&[10, 21, 3]), longs(&[4, 5, 6])]),
        );
        is(
            mcount(Value::Long(2), d),
            Value::dict(
                Value::symbols(["a", "b"]),
                Value::list(vec![longs(&[1, 1, 1]), longs(&[2, 2, 2])]),
            ),
        );
    }

    proptest! {
        #[test]
        fn moving_extremes_equal_the_extreme_of_each_window(x in proptest::collection::vec(-50i64..50, 0..60), n in 1usize..9) {
            let windows = |f: fn(&[i64]) -> i64| -> Vec<i64> {
                (0..x.len()).map(|at| f(&x[(at + 1).saturating_sub(n)..=at])).collect()
            };
            let max = windows(|w| w.iter().copied().fold(i64::MIN, i64::max));
            let min = windows(|w| w.iter().copied().fold(i64::MAX, i64::min));
            let sum = windows(|w| w.iter().sum());
            is(mmax(Value::Long(n as i64), longs(&x)), longs(&max));
            is(mmin(Value::Long(n as i64), longs(&x)), longs(&min));
            is(msum(Value::Long(n as i64), longs(&x)), longs(&sum));
        }
    }
}
