//! Statistics: `var dev svar sdev med cov scov cor wavg wsum`.

use std::sync::Arc;

use q_value::{QError, QResult, Table, Type, Value, Vector};

use crate::aggregate::{Aggregate, across, atoms_as_floats};
use crate::lanes::{self, Operand};
use crate::{Keyword, aggregate, arithmetic, fold, result_types};

pub(crate) static TABLE: &[Keyword] = &[
    Keyword::one("var", var),
    Keyword::one("dev", dev),
    Keyword::one("svar", svar),
    Keyword::one("sdev", sdev),
    Keyword::one("med", med),
    Keyword::two("cov", cov),
    Keyword::two("scov", scov),
    Keyword::two("cor", cor),
    Keyword::two("wavg", wavg),
    Keyword::two("wsum", wsum),
];

/// A statistic of one vector of floats; over lists of vectors it goes item by item, nulls skipped all the same.
fn of_floats(x: Value, statistic: fn(&[f64]) -> f64) -> QResult<Value> {
    let vector = |x: Value| {
        x.basic_type()
            .and_then(|ty| result_types::of_one(result_types::MEAN, ty))
            .ok_or_else(QError::type_error)?;
        Ok(Value::Float(match lanes::raw::<f64>(x)? {
            Operand::Vector(v) => statistic(&v),
            Operand::Atom(x) => statistic(&[x]),
        }))
    };
    Aggregate {
        atom: &vector,
        vector: &vector,
        list: &|items| {
            if let Some(floats) = atoms_as_floats(&items) {
                return Ok(Value::Float(statistic(&floats)));
            }
            let columns: QResult<Vec<Value>> = across(&items)?
                .into_iter()
                .map(|column| of_floats(column, statistic))
                .collect();
            Ok(Value::from_items(columns?))
        },
    }
    .apply(x)
}

/// Sum of squared distances from the mean, and how many items are not null.
pub(crate) fn squared_distances(x: &[f64]) -> (f64, f64) {
    let (sum, count) = fold::mean_floats(x);
    let mean = sum / count;
    let squares = fold::fold(
        x,
        0.0,
        |squares, x| {
            let distance = x - mean;
            squares + if x.is_nan() { 0.0 } else { distance * distance }
        },
        |a, b| a + b,
    );
    (squares, count)
}

pub(crate) fn variance(x: &[f64]) -> f64 {
    let (squares, count) = squared_distances(x);
    squares / count
}

pub(crate) fn sample_variance(x: &[f64]) -> f64 {
    let (squares, count) = squared_distances(x);
    if count < 2.0 {
        return f64::NAN;
    }
    squares / (count - 1.0)
}

/// The middle item, or the mean of the two middle ones; nulls are skipped; of nothing null.
pub(crate) fn median(x: &[f64]) -> f64 {
    let mut known: Vec<f64> = x.iter().copied().filter(|x| !x.is_nan()).collect();
    median_of(&mut known)
}

/// As [`median`], of items none of which is null; reorders them.
pub(crate) fn median_of(known: &mut [f64]) -> f64 {
    if known.is_empty() {
        return f64::NAN;
    }
    let middle = known.len() / 2;
    let (below, at, _) = known.select_nth_unstable_by(middle, f64::total_cmp);
    let upper = *at;
    if below.len() * 2 == known.len() {
        let lower = known[..middle]
            .iter()
            .copied()
            .fold(f64::NEG_INFINITY, f64::max);
        (lower + upper) / 2.0
    } else {
        upper
    }
}

/// `var x`: variance of the whole.
pub fn var(x: Value) -> QResult<Value> {
    of_floats(x, variance)
}

/// `dev x`: standard deviation of the whole.
pub fn dev(x: Value) -> QResult<Value> {
    of_floats(x, |x| variance(x).sqrt())
}

/// `svar x`: variance of a sample.
pub fn svar(x: Value) -> QResult<Value> {
    of_floats(x, sample_variance)
}

/// `sdev x`: standard deviation of a sample.
pub fn sdev(x: Value) -> QResult<Value> {
    of_floats(x, |x| sample_variance(x).sqrt())
}

/// `med x`: the median.
pub fn med(x: Value) -> QResult<Value> {
    of_floats(x, median)
}

/// A statistic of two vectors of floats of one count.
fn of_two(x: Value, y: Value, statistic: fn(&[f64], &[f64]) -> f64) -> QResult<Value> {
    match (x, y) {
        (Value::Dict(x), y) => of_two(Arc::unwrap_or_clone(x).values, y, statistic),
        (x, Value::Dict(y)) => of_two(x, Arc::unwrap_or_clone(y).values, statistic),
        (Value::Table(x), Value::Table(y)) => {
            let Table { names, columns, .. } = Arc::unwrap_or_clone(x);
            if columns.len() != y.columns.len() {
                return Err(QError::length());
            }
            let answers: QResult<Vec<Value>> = columns
                .into_iter()
                .zip(&y.columns)
                .map(|(x, y)| of_two(x, y.clone(), statistic))
                .collect();
            Ok(Value::dict(
                Value::Symbols(names),
                Value::from_items(answers?),
            ))
        }
        (x, Value::Table(y)) => {
            let Table { names, columns, .. } = Arc::unwrap_or_clone(y);
            let answers: QResult<Vec<Value>> = columns
                .into_iter()
                .map(|y| of_two(x.clone(), y, statistic))
                .collect();
            Ok(Value::dict(
                Value::Symbols(names),
                Value::from_items(answers?),
            ))
        }
        (x, y) if is_nested(&x) || is_nested(&y) => {
            let columns = |side: &Value| {
                if is_nested(side) {
                    across(&side.items()).map(Some)
                } else {
                    Ok(None)
                }
            };
            let (left, right) = (columns(&x)?, columns(&y)?);
            let counts = [&left, &right].map(|side| side.as_ref().map(Vec::len));
            let count = match counts {
                [Some(left), Some(right)] if left != right => return Err(QError::length()),
                [left, right] => left.or(right).unwrap_or(0),
            };
            let pick = |side: &Option<Vec<Value>>, whole: &Value, at: usize| match side {
                Some(columns) => columns[at].clone(),
                None => whole.clone(),
            };
            let answers: QResult<Vec<Value>> = (0..count)
                .map(|at| of_two(pick(&left, &x, at), pick(&right, &y, at), statistic))
                .collect();
            Ok(Value::from_items(answers?))
        }
        (x, y) => {
            let (x, y) = (floats(x)?, floats(y)?);
            Ok(Value::Float(match (x, y) {
                (Operand::Vector(x), Operand::Vector(y)) if x.len() == y.len() => statistic(&x, &y),
                (Operand::Atom(x), Operand::Vector(y)) => statistic(&vec![x; y.len()], &y),
                (Operand::Vector(x), Operand::Atom(y)) => statistic(&x, &vec![y; x.len()]),
                (Operand::Atom(x), Operand::Atom(y)) => statistic(&[x], &[y]),
                _ => return Err(QError::length()),
            }))
        }
    }
}

fn is_nested(x: &Value) -> bool {
    matches!(x, Value::List(items) if items.iter().any(|item| !item.is_atom()))
}

fn floats(x: Value) -> QResult<Operand<f64>> {
    if let Value::List(items) = &x {
        return atoms_as_floats(items)
            .map(Operand::Vector)
            .ok_or_else(QError::type_error);
    }
    x.basic_type()
        .and_then(|ty| result_types::of_one(result_types::MEAN, ty))
        .ok_or_else(QError::type_error)?;
    lanes::raw(x)
}

/// Sums over the pairs in which neither is null.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PairSums {
    pub(crate) count: f64,
    pub(crate) x: f64,
    pub(crate) y: f64,
}

fn pair_sums(x: &[f64], y: &[f64]) -> PairSums {
    let (count, sum_x, sum_y) = fold::fold_two(
        x,
        y,
        (0.0, 0.0, 0.0),
        |(count, sum_x, sum_y), x: f64, y: f64| {
            if x.is_nan() || y.is_nan() {
                (count, sum_x, sum_y)
            } else {
                (count + 1.0, sum_x + x, sum_y + y)
            }
        },
        |a: (f64, f64, f64), b| (a.0 + b.0, a.1 + b.1, a.2 + b.2),
    );
    PairSums {
        count,
        x: sum_x,
        y: sum_y,
    }
}

/// Sums of the products of distances from the means: xx, xy, yy.
fn products(x: &[f64], y: &[f64], sums: PairSums) -> (f64, f64, f64) {
    let (mean_x, mean_y) = (sums.x / sums.count, sums.y / sums.count);
    fold::fold_two(
        x,
        y,
        (0.0, 0.0, 0.0),
        |(xx, xy, yy), x: f64, y: f64| {
            let (dx, dy) = (x - mean_x, y - mean_y);
            if dx.is_nan() || dy.is_nan() {
                (xx, xy, yy)
            } else {
                (xx + dx * dx, xy + dx * dy, yy + dy * dy)
            }
        },
        |a: (f64, f64, f64), b| (a.0 + b.0, a.1 + b.1, a.2 + b.2),
    )
}

pub(crate) fn covariance(x: &[f64], y: &[f64]) -> f64 {
    let sums = pair_sums(x, y);
    products(x, y, sums).1 / sums.count
}

pub(crate) fn sample_covariance(x: &[f64], y: &[f64]) -> f64 {
    let sums = pair_sums(x, y);
    if sums.count < 2.0 {
        return f64::NAN;
    }
    products(x, y, sums).1 / (sums.count - 1.0)
}

pub(crate) fn correlation(x: &[f64], y: &[f64]) -> f64 {
    let (xx, xy, yy) = products(x, y, pair_sums(x, y));
    xy / (xx.sqrt() * yy.sqrt())
}

/// The mean of `y` weighted by `w`, over the pairs in which neither is null.
pub(crate) fn weighted_mean(w: &[f64], y: &[f64]) -> f64 {
    let (products, weights) = fold::fold_two(
        w,
        y,
        (0.0, 0.0),
        |(products, weights), w: f64, y: f64| {
            let known = !(w.is_nan() | y.is_nan());
            (
                products + if known { w * y } else { 0.0 },
                weights + if known { w } else { 0.0 },
            )
        },
        |a: (f64, f64), b| (a.0 + b.0, a.1 + b.1),
    );
    products / weights
}

/// `x cov y`: covariance of the whole.
pub fn cov(x: Value, y: Value) -> QResult<Value> {
    of_two(x, y, covariance)
}

/// `x scov y`: covariance of a sample.
pub fn scov(x: Value, y: Value) -> QResult<Value> {
    of_two(x, y, sample_covariance)
}

/// `x cor y`: correlation.
pub fn cor(x: Value, y: Value) -> QResult<Value> {
    of_two(x, y, correlation)
}

/// `x wavg y`: the mean of `y` weighted by `x`; nulls on either side are left out with their partner.
pub fn wavg(x: Value, y: Value) -> QResult<Value> {
    of_weighted(x, y, &|x, y| match (&x, &y) {
        (x, y) if is_flat(x) && is_flat(y) => of_two(x.clone(), y.clone(), weighted_mean),
        _ => {
            let weights = if x.is_atom() {
                arithmetic::multiply(x.clone(), Value::Float(y.count() as f64))?
            } else {
                aggregate::sum(x.clone())?
            };
            arithmetic::divide(aggregate::sum(arithmetic::multiply(x, y)?)?, weights)
        }
    })
}

/// `x wsum y`: the sum of `y` weighted by `x`, of two vectors as float.
pub fn wsum(x: Value, y: Value) -> QResult<Value> {
    of_weighted(x, y, &|x, y| {
        if x.is_vector() && y.is_vector() {
            return of_two(x, y, |w, y| {
                fold::fold_two(
                    w,
                    y,
                    0.0,
                    |sum, w: f64, y: f64| {
                        let product = w * y;
                        sum + if product.is_nan() { 0.0 } else { product }
                    },
                    |a: f64, b| a + b,
                )
            });
        }
        aggregate::sum(arithmetic::multiply(x, y)?)
    })
}

fn is_flat(x: &Value) -> bool {
    x.is_atom() || x.is_vector()
}

/// Tables by column, dictionaries by their values.
fn of_weighted(x: Value, y: Value, f: &dyn Fn(Value, Value) -> QResult<Value>) -> QResult<Value> {
    match (x, y) {
        (Value::Dict(x), y) => of_weighted(Arc::unwrap_or_clone(x).values, y, f),
        (x, Value::Dict(y)) => of_weighted(x, Arc::unwrap_or_clone(y).values, f),
        (x, Value::Table(y)) => {
            let Table { names, columns, .. } = Arc::unwrap_or_clone(y);
            let answers: QResult<Vec<Value>> = columns
                .into_iter()
                .map(|column| f(x.clone(), column))
                .collect();
            Ok(Value::dict(
                Value::Symbols(names),
                Value::from_items(answers?),
            ))
        }
        (x, y) => f(x, y),
    }
}

/// A float vector of the numbers of any vector, for grouped statistics.
pub(crate) fn as_floats(x: &Value) -> QResult<Vector<f64>> {
    x.basic_type()
        .filter(|ty| *ty != Type::Symbol)
        .and_then(|ty| result_types::of_one(result_types::MEAN, ty))
        .ok_or_else(QError::type_error)?;
    match lanes::raw::<f64>(x.clone())? {
        Operand::Vector(v) => Ok(v),
        Operand::Atom(_) => Err(QError::type_error()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn longs(items: &[i64]) -> Value {
        Value::Longs(items.to_vec().into())
    }
    const NULL: i64 = i64::MIN;

    fn float(x: Value) -> f64 {
        match x {
            Value::Float(x) => x,
            other => panic!("no float: {other:?}"),
        }
    }

    #[test]
    fn variance_skips_nulls_also_across_lists() {
        assert!((float(var(longs(&[2, 3, 5, NULL, 7])).expect("var")) - 3.6875).abs() < 1e-12);
        let rows = Value::list(vec![longs(&[2, 3]), longs(&[4, NULL]), longs(&[1, 7])]);
        let Value::Floats(columns) = var(rows).expect("var") else {
            panic!("floats")
        };
        assert!((columns[0] - 14.0 / 9.0).abs() < 1e-12 && columns[1] == 4.0);
    }

    #[test]
    fn medians_of_even_and_odd_counts() {
        assert_eq!(
            float(med(longs(&[10, 34, 23, 123, 5, 56])).expect("med")),
            28.5
        );
        assert_eq!(float(med(longs(&[3, 1, 2])).expect("med")), 2.0);
        assert!(float(med(longs(&[])).expect("med")).is_nan());
    }

    #[test]
    fn weights_leave_out_nulls_of_both_sides() {
        assert_eq!(
            float(wavg(longs(&[2, NULL, 4, 5]), longs(&[1, 2, NULL, 8])).expect("wavg")),
            6.0
        );
        assert!(float(wavg(Value::Long(0), longs(&[2, 3])).expect("wavg")).is_nan());
        assert!(
            wsum(Value::Long(2), longs(&[1, 2, 4]))
                .expect("wsum")
                .is_identical(&Value::Long(14))
        );
        assert!(
            wsum(longs(&[2, 3, 4]), longs(&[1, 2, 4]))
                .expect("wsum")
                .is_identical(&Value::Float(24.0))
        );
        let list = |a: &[i64], b: &[i64]| Value::list(vec![longs(a), longs(b)]);
        let sums = wsum(list(&[1, 2], &[3, 4]), list(&[500, 400], &[300, 200])).expect("wsum");
        assert!(sums.is_identical(&longs(&[1400, 1600])));
    }
}
