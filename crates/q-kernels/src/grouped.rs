//! Aggregates by group, fused into one pass over a column and its group numbers: for `select ... by` and `fby`.

use q_value::{Binary, Element, QError, QResult, Type, Unary, Value, Vector};

use crate::aggregate::Limits;
use crate::arithmetic::with_number;
use crate::group::{self, Groups};
use crate::lanes::{self, Lane, Operand, with_lane};
use crate::running::PlainAdd;
use crate::{gather, parallel, result_types, sort, statistics};

/// An aggregate of one column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum One {
    Count,
    Sum,
    Min,
    Max,
    Avg,
    First,
    Last,
    Var,
    Dev,
    Svar,
    Sdev,
    Med,
}

/// An aggregate of two columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Two {
    Wavg,
    Wsum,
    Cov,
    Scov,
    Cor,
}

impl One {
    /// The aggregate of a q name, if it is known by group.
    pub fn from_name(name: &[u8]) -> Option<One> {
        Some(match name {
            b"count" => One::Count,
            b"sum" => One::Sum,
            b"min" => One::Min,
            b"max" => One::Max,
            b"avg" => One::Avg,
            b"first" => One::First,
            b"last" => One::Last,
            b"var" => One::Var,
            b"dev" => One::Dev,
            b"svar" => One::Svar,
            b"sdev" => One::Sdev,
            b"med" => One::Med,
            _ => return None,
        })
    }

    /// The aggregate of a numbered primitive.
    pub fn from_primitive(op: Unary) -> Option<One> {
        One::from_name(op.keyword().as_bytes())
    }
}

impl Two {
    /// The aggregate of a q name, if it is known by group.
    pub fn from_name(name: &[u8]) -> Option<Two> {
        Some(match name {
            b"wavg" => Two::Wavg,
            b"wsum" => Two::Wsum,
            b"cov" => Two::Cov,
            b"scov" => Two::Scov,
            b"cor" => Two::Cor,
            _ => return None,
        })
    }

    /// The aggregate of a numbered primitive.
    pub fn from_primitive(op: Binary) -> Option<Two> {
        Two::from_name(op.keyword().as_bytes())
    }
}

/// Groups of rows by key columns, numbered in ascending order of the keys (nulls first), as `by` shows them.
///
/// Errors: as [`group::group_ids`].
pub fn ascending_groups(columns: &[Value]) -> QResult<Groups> {
    let groups = group::group_ids(columns)?;
    let firsts: Vec<Value> = columns
        .iter()
        .map(|column| gather::at_keeping_lists(column, &groups.first_rows))
        .collect();
    let by: Vec<(&Value, bool)> = firsts.iter().map(|column| (column, false)).collect();
    let order = sort::order_by(&by)?;
    let mut new = vec![0u32; groups.count];
    for (place, group) in order.iter().enumerate() {
        new[*group as usize] = place as u32;
    }
    Ok(groups.renumbered(&new))
}

/// Groups whose answers fit a cache several times over are accumulated per thread and merged.
const GROUPS_PER_THREAD_MAX: usize = 1 << 14;

/// One answer per group: `step` over the rows, `merge` of the answers of two threads.
fn accumulate<T, A>(
    items: &[T],
    groups: &Groups,
    start: A,
    step: impl Fn(&mut A, T) + Sync,
    merge: impl Fn(&mut A, A),
) -> Vec<A>
where
    T: Copy + Sync,
    A: Copy + Send + Sync,
{
    let pass = |range: std::ops::Range<usize>| {
        let mut answers = vec![start; groups.count];
        for (id, item) in groups.ids[range.clone()].iter().zip(&items[range]) {
            step(&mut answers[*id as usize], *item);
        }
        answers
    };
    if groups.count > GROUPS_PER_THREAD_MAX {
        return pass(0..items.len());
    }
    let mut parts = parallel::over(items.len(), parallel::ITEMS_PER_THREAD_MIN, pass).into_iter();
    let Some(mut answers) = parts.next() else {
        return Vec::new();
    };
    for part in parts {
        for (answer, other) in answers.iter_mut().zip(part) {
            merge(answer, other);
        }
    }
    answers
}

/// How many rows each group has.
pub fn counts(groups: &Groups) -> Vec<i64> {
    accumulate(
        &groups.ids,
        groups,
        0i64,
        |count, _| *count += 1,
        |count, other| *count += other,
    )
}

/// The last row of each group.
pub fn last_rows(groups: &Groups) -> Vec<u32> {
    let mut rows = vec![0u32; groups.count];
    for (row, id) in groups.ids.iter().enumerate() {
        rows[*id as usize] = row as u32;
    }
    rows
}

/// An aggregate of the rows of a column in each group; one item per group.
///
/// Errors: `'type` for columns the aggregate does not take (as nested ones), `'length` when counts differ.
pub fn aggregate(op: One, column: &Value, groups: &Groups) -> QResult<Value> {
    if column.count() != groups.ids.len() && op != One::Count {
        return Err(QError::length());
    }
    match op {
        One::Count => Ok(Value::Longs(counts(groups).into())),
        One::First => Ok(gather::at(column, &groups.first_rows)),
        One::Last => Ok(gather::at(column, &last_rows(groups))),
        One::Sum => sums(column, groups),
        One::Min => extremes(column, groups, false),
        One::Max => extremes(column, groups, true),
        One::Avg => Ok(Value::Floats(means(&floats(column)?, groups).into())),
        One::Var => spread(column, groups, 0.0, false),
        One::Dev => spread(column, groups, 0.0, true),
        One::Svar => spread(column, groups, 1.0, false),
        One::Sdev => spread(column, groups, 1.0, true),
        One::Med => medians(column, groups),
    }
}

fn floats(column: &Value) -> QResult<Vector<f64>> {
    statistics::as_floats(column)
}

fn sums(column: &Value, groups: &Groups) -> QResult<Value> {
    let ty = column
        .basic_type()
        .filter(|_| column.is_vector())
        .and_then(|ty| result_types::of_one(result_types::SUM, ty))
        .ok_or_else(QError::type_error)?;
    with_number!(ty, T => match lanes::raw::<T>(column.clone())? {
        Operand::Vector(v) => Ok(T::wrap_vector(ty, accumulate(
            &v,
            groups,
            T::default(),
            |sum, x| {
                let known = if x.is_null() { T::default() } else { x };
                *sum = sum.plain_add(known);
            },
            |sum, other| *sum = sum.plain_add(other),
        ).into())),
        Operand::Atom(_) => Err(QError::type_error()),
    })
}

fn extremes(column: &Value, groups: &Groups, greatest: bool) -> QResult<Value> {
    let ty = column
        .basic_type()
        .filter(|_| column.is_vector())
        .and_then(|ty| result_types::of_one(result_types::EXTREMUM, ty))
        .ok_or_else(QError::type_error)?;
    with_lane!(ty, T => match lanes::raw::<T>(column.clone())? {
        Operand::Vector(v) => Ok(T::wrap_vector(ty, if greatest {
            accumulate(&v, groups, T::LOWEST, |best, x| *best = best.raise(x), |best, x| *best = best.raise(x))
        } else {
            accumulate(&v, groups, T::GREATEST, |best, x| *best = best.lower(x), |best, x| *best = best.lower(x))
        }.into())),
        Operand::Atom(_) => Err(QError::type_error()),
    }, else Err(QError::type_error()))
}

fn sums_and_counts(v: &[f64], groups: &Groups) -> Vec<(f64, f64)> {
    accumulate(
        v,
        groups,
        (0.0, 0.0),
        |(sum, count): &mut (f64, f64), x| {
            let known = !x.is_nan();
            *sum += if known { x } else { 0.0 };
            *count += f64::from(u8::from(known));
        },
        |a, b| {
            a.0 += b.0;
            a.1 += b.1;
        },
    )
}

fn means(v: &[f64], groups: &Groups) -> Vec<f64> {
    sums_and_counts(v, groups)
        .into_iter()
        .map(|(sum, count)| sum / count)
        .collect()
}

fn spread(column: &Value, groups: &Groups, freedom: f64, root: bool) -> QResult<Value> {
    let v = floats(column)?;
    let sums = sums_and_counts(&v, groups);
    let mut squares = vec![0.0f64; groups.count];
    for (id, x) in groups.ids.iter().zip(v.iter()) {
        let (sum, count) = sums[*id as usize];
        let distance = x - sum / count;
        squares[*id as usize] += if x.is_nan() { 0.0 } else { distance * distance };
    }
    Ok(Value::Floats(
        squares
            .into_iter()
            .zip(sums)
            .map(|(squares, (_, count))| {
                let variance = if count <= freedom {
                    f64::NAN
                } else {
                    squares / (count - freedom)
                };
                if root { variance.sqrt() } else { variance }
            })
            .collect(),
    ))
}

fn medians(column: &Value, groups: &Groups) -> QResult<Value> {
    let v = floats(column)?;
    let (starts, rows) = groups.rows_by_group();
    let bounds: Vec<(usize, usize)> = starts
        .windows(2)
        .map(|ends| (ends[0] as usize, ends[1] as usize))
        .collect();
    let answers = parallel::over(
        bounds.len(),
        (bounds.len() * parallel::ITEMS_PER_THREAD_MIN / v.len().max(1)).max(1),
        |range| {
            let mut known = Vec::new();
            bounds[range]
                .iter()
                .map(|(start, end)| {
                    known.clear();
                    known.extend(
                        rows[*start..*end]
                            .iter()
                            .map(|row| v[*row as usize])
                            .filter(|x| !x.is_nan()),
                    );
                    statistics::median_of(&mut known)
                })
                .collect::<Vec<f64>>()
        },
    );
    Ok(Value::Floats(answers.into_iter().flatten().collect()))
}

/// An aggregate of two columns in each group; one item per group.
///
/// Errors: as [`aggregate`].
pub fn aggregate_two(op: Two, x: &Value, y: &Value, groups: &Groups) -> QResult<Value> {
    if x.count() != groups.ids.len() || y.count() != groups.ids.len() {
        return Err(QError::length());
    }
    let (x, y) = (floats(x)?, floats(y)?);
    let pairs: Vec<(f64, f64)> = crate::loops::zip(&x, &y, |x: f64, y: f64| (x, y));
    let answers: Vec<f64> = match op {
        Two::Wavg => accumulate(
            &pairs,
            groups,
            (0.0, 0.0),
            |(products, weights): &mut (f64, f64), (w, y)| {
                let known = !(w.is_nan() | y.is_nan());
                *products += if known { w * y } else { 0.0 };
                *weights += if known { w } else { 0.0 };
            },
            |a, b| {
                a.0 += b.0;
                a.1 += b.1;
            },
        )
        .into_iter()
        .map(|(products, weights)| products / weights)
        .collect(),
        Two::Wsum => accumulate(
            &pairs,
            groups,
            0.0,
            |sum, (w, y)| {
                let product = w * y;
                *sum += if product.is_nan() { 0.0 } else { product };
            },
            |sum, other| *sum += other,
        ),
        Two::Cov | Two::Scov | Two::Cor => comoments(op, &pairs, groups),
    };
    Ok(Value::Floats(answers.into()))
}

fn comoments(op: Two, pairs: &[(f64, f64)], groups: &Groups) -> Vec<f64> {
    let sums = accumulate(
        pairs,
        groups,
        (0.0, 0.0, 0.0),
        |(count, sum_x, sum_y): &mut (f64, f64, f64), (x, y)| {
            if !(x.is_nan() || y.is_nan()) {
                *count += 1.0;
                *sum_x += x;
                *sum_y += y;
            }
        },
        |a, b| {
            a.0 += b.0;
            a.1 += b.1;
            a.2 += b.2;
        },
    );
    let mut products: Vec<(f64, f64, f64)> = vec![(0.0, 0.0, 0.0); groups.count];
    for (id, (x, y)) in groups.ids.iter().zip(pairs) {
        let (count, sum_x, sum_y) = sums[*id as usize];
        let (dx, dy) = (x - sum_x / count, y - sum_y / count);
        if !(dx.is_nan() || dy.is_nan()) {
            let (xx, xy, yy) = &mut products[*id as usize];
            *xx += dx * dx;
            *xy += dx * dy;
            *yy += dy * dy;
        }
    }
    products
        .into_iter()
        .zip(sums)
        .map(|((xx, xy, yy), (count, _, _))| match op {
            Two::Cov => xy / count,
            Two::Scov if count < 2.0 => f64::NAN,
            Two::Scov => xy / (count - 1.0),
            _ => xy / (xx.sqrt() * yy.sqrt()),
        })
        .collect()
}

/// The type an aggregate by group gives for a column; `None` when it does not take it.
pub fn result_type(op: One, column: Type) -> Option<Type> {
    match op {
        One::Count => Some(Type::Long),
        One::First | One::Last => Some(column),
        One::Sum => {
            result_types::of_one(result_types::SUM, column).filter(|_| column != Type::Char)
        }
        One::Min | One::Max => result_types::of_one(result_types::EXTREMUM, column),
        _ => result_types::of_one(result_types::MEAN, column).map(|_| Type::Float),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate as whole;
    use proptest::prelude::*;

    type Definition = fn(Value) -> QResult<Value>;
    const ALL: [(&str, Definition); 12] = [
        ("count", whole::count),
        ("sum", whole::sum),
        ("min", whole::min),
        ("max", whole::max),
        ("avg", whole::avg),
        ("first", whole::first),
        ("last", whole::last),
        ("var", statistics::var),
        ("dev", statistics::dev),
        ("svar", statistics::svar),
        ("sdev", statistics::sdev),
        ("med", statistics::med),
    ];

    #[test]
    fn groups_are_numbered_by_key() {
        let groups = ascending_groups(&[
            Value::symbols(["b", "a", "b", ""]),
            Value::Longs(vec![1, 5, 0, 7].into()),
        ])
        .expect("columns");
        assert_eq!(groups.ids, [3, 1, 2, 0]);
        assert_eq!(groups.first_rows, [3, 1, 2, 0]);
    }

    proptest! {
        #[test]
        fn each_group_has_the_aggregate_of_its_rows(
            rows in proptest::collection::vec((0i64..5, prop_oneof![-9i64..9, Just(i64::MIN)], prop_oneof![-9i64..9, Just(i64::MIN)]), 1..80),
        ) {
            let keys = Value::Longs(rows.iter().map(|row| row.0).collect());
            let x = Value::Longs(rows.iter().map(|row| row.1).collect());
            let y = Value::Longs(rows.iter().map(|row| row.2).collect());
            let groups = ascending_groups(&[keys]).expect("keys");
            let (starts, order) = groups.rows_by_group();
            let of_group = |column: &Value, group: usize| {
                gather::at(column, &order[starts[group] as usize..starts[group + 1] as usize])
            };
            for (name, definition) in ALL {
                let op = One::from_name(name.as_bytes()).expect("known");
                let fast = aggregate(op, &x, &groups).expect("numbers");
                let slow: Vec<Value> = (0..groups.count).map(|group| definition(of_group(&x, group)).expect("numbers")).collect();
                prop_assert!(crate::matching::is_match(&fast, &Value::from_items(slow)), "{}", name);
            }
            for (name, definition) in [
                ("wavg", statistics::wavg as fn(Value, Value) -> QResult<Value>),
                ("wsum", statistics::wsum),
                ("cov", statistics::cov),
                ("scov", statistics::scov),
                ("cor", statistics::cor),
            ] {
                let op = Two::from_name(name.as_bytes()).expect("known");
                let Value::Floats(fast) = aggregate_two(op, &x, &y, &groups).expect("numbers") else { panic!("floats") };
                for group in 0..groups.count {
                    let Value::Float(slow) = definition(of_group(&x, group), of_group(&y, group)).expect("numbers") else { panic!("float") };
                    let fast = fast[group];
                    prop_assert!(fast.is_nan() && slow.is_nan() || fast == slow || (fast - slow).abs() < 1e-9, "{} {} {}", name, fast, slow);
                }
            }
        }
    }
}
