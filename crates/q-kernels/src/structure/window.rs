//! Window joins: functions of the rows whose time lies in an interval around each row.

use std::sync::Arc;

use q_value::{QError, QResult, Symbol, Table, Value};

use super::asof::{NONE, Timeline, column_of, overlay};
use super::keyed::{enkey, key_count, names_in, unkey};
use crate::gather;

/// Applies a function to its arguments: the evaluator's part.
pub type Apply<'a> = dyn FnMut(&Value, Vec<Value>) -> QResult<Value> + 'a;

/// `wj[w;c;t;(q;(f;c0);..)]`, and `wj1` without `prevailing`: the columns of `q` under each window's rows go to `f`.
///
/// `w` holds the begins and the ends, both ends belong to the window; with `prevailing` the last row at or before the begin
/// does too. Rows of `q` must ascend in time within the other columns of `c`.
///
/// # Errors
/// `'length` when windows and rows differ in count, `'type`, the name of a missing column, those of the functions.
pub fn window_join(
    windows: Value,
    columns: Value,
    table: Value,
    specification: Value,
    prevailing: bool,
    apply: &mut Apply<'_>,
) -> QResult<Value> {
    let names = names_in(&columns)?;
    let keys = key_count(&table).ok_or_else(QError::type_error)?;
    let left = unkey(table)?;
    let (right, functions) = parts_of(specification)?;
    let timeline = Timeline::new(&right, &names)?;
    let ranges = ranges(&timeline, &left, &names, windows, prevailing)?;
    let mut joined = left;
    let in_place: Vec<u32> = (0..ranges.len() as u32).collect();
    for (function, arguments) in functions {
        let ordered: QResult<Vec<Value>> = arguments
            .iter()
            .map(|name| {
                Ok(gather::at_keeping_lists(
                    column_of(&right, *name)?,
                    &timeline.rows,
                ))
            })
            .collect();
        let ordered = ordered?;
        let mut results = Vec::with_capacity(ranges.len());
        for (start, end) in &ranges {
            let (start, count) = (*start as usize, (*end - *start) as usize);
            let slices = ordered
                .iter()
                .map(|column| gather::slice(column, start, count))
                .collect();
            results.push(apply(&function, slices)?);
        }
        let name = *arguments.last().ok_or_else(QError::length)?;
        let column = if results.iter().any(Value::is_list) {
            Value::list(results)
        } else {
            Value::from_items(results)
        };
        joined = overlay(joined, &[(name, column)], &in_place, false)?;
    }
    enkey(keys, Value::Table(Arc::new(joined)))
}

/// A function and the columns it is applied to.
type Aggregation = (Value, Vec<Symbol>);

fn parts_of(specification: Value) -> QResult<(Table, Vec<Aggregation>)> {
    let Value::List(parts) = specification else {
        return Err(QError::type_error());
    };
    let mut parts = parts.into_vec().into_iter();
    let table = unkey(parts.next().ok_or_else(QError::length)?)?;
    let functions: QResult<Vec<Aggregation>> = parts
        .map(|part| {
            let Value::List(items) = part else {
                return Err(QError::type_error());
            };
            let (function, names) = items.split_first().ok_or_else(QError::length)?;
            let names: QResult<Vec<Symbol>> = names
                .iter()
                .map(|name| match name {
                    Value::Symbol(name) => Ok(*name),
                    _ => Err(QError::type_error()),
                })
                .collect();
            Ok((function.clone(), names?))
        })
        .collect();
    Ok((table, functions?))
}

/// The places in the timeline that belong to the window of each row.
fn ranges(
    timeline: &Timeline,
    left: &Table,
    names: &[Symbol],
    windows: Value,
    prevailing: bool,
) -> QResult<Vec<(u32, u32)>> {
    let (Some(begins), Some(ends), 2) = (windows.item(0), windows.item(1), windows.count()) else {
        return Err(QError::length());
    };
    let count = left.row_count();
    let as_column = |value: Value| match value {
        value if value.is_list() => Ok(value),
        atom => super::take::take_count(count as i64, atom),
    };
    let begins = timeline.ordinals_like(&as_column(begins)?)?;
    let ends = timeline.ordinals_like(&as_column(ends)?)?;
    if begins.len() != count || ends.len() != count {
        return Err(QError::length());
    }
    let groups = timeline.groups_of(left, names)?;
    Ok((0..count)
        .map(|row| {
            if groups[row] == NONE {
                return (0, 0);
            }
            let group = groups[row] as usize;
            let (start, end) = (timeline.starts[group], timeline.starts[group + 1]);
            let times = &timeline.times[start as usize..end as usize];
            let (begin, limit) = (begins[row], ends[row]);
            let first = if prevailing {
                times
                    .partition_point(|time| *time <= begin)
                    .saturating_sub(1)
            } else {
                times.partition_point(|time| *time < begin)
            };
            let after = times.partition_point(|time| *time <= limit).max(first);
            (start + first as u32, start + after as u32)
        })
        .collect())
}
