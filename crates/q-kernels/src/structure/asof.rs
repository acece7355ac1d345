//! As-of joins: equal on all columns but the last, and on that one the last row not after.
//!
//! Rows of the right table are brought together by the equal columns once; each left row is then a binary search in the
//! times of its group. Times must ascend within a group, as kdb+ demands too.

use std::sync::Arc;

use q_value::{QError, QResult, Symbol, Table, Type, Value};

use super::keyed::{enkey, key_count, names_in, unkey};
use super::scatter::scatter;
use crate::{arithmetic, gather, group, loops, search};

/// No row.
pub(crate) const NONE: u32 = u32::MAX;

/// The rows of a table by equal columns, with their times in one ascending run per group.
pub(crate) struct Timeline {
    /// One row per group; nothing when there are no equal columns.
    keys: Option<Value>,
    /// Where each group begins in `rows` and `times`, and where the last one ends.
    pub(crate) starts: Vec<u32>,
    pub(crate) rows: Vec<u32>,
    pub(crate) times: Vec<i64>,
    time_type: Option<Type>,
}

impl Timeline {
    /// Errors: the name of a column that is not there; `'type` when the last column has no order.
    pub(crate) fn new(table: &Table, names: &[Symbol]) -> QResult<Timeline> {
        let (last, equal) = names.split_last().ok_or_else(QError::length)?;
        let time = column_of(table, *last)?;
        let times = ordinals(time)?;
        let (keys, starts, rows) = if equal.is_empty() {
            let count = times.len() as u32;
            (None, vec![0, count], (0..count).collect())
        } else {
            let columns = columns_of(table, equal)?;
            let groups = group::group_ids(&columns)?;
            let (starts, rows) = groups.rows_by_group();
            let keys = columns
                .iter()
                .map(|column| gather::at_keeping_lists(column, &groups.first_rows))
                .collect();
            let keys = Value::table(equal.to_vec().into(), keys);
            (Some(keys), starts, rows)
        };
        let times = loops::map(&rows, |row: u32| times[row as usize]);
        Ok(Timeline {
            keys,
            starts,
            rows,
            times,
            time_type: time.basic_type(),
        })
    }

    /// The group of each row of another table; [`NONE`] where there is none.
    pub(crate) fn groups_of(&self, table: &Table, names: &[Symbol]) -> QResult<Vec<u32>> {
        let (_, equal) = names.split_last().ok_or_else(QError::length)?;
        let Some(keys) = &self.keys else {
            return Ok(vec![0; table.row_count()]);
        };
        let wanted = Value::table(equal.to_vec().into(), columns_of(table, equal)?);
        let none = keys.count();
        let found = search::positions(keys, &wanted)?;
        Ok(loops::map(
            &found,
            |at: usize| {
                if at < none { at as u32 } else { NONE }
            },
        ))
    }

    /// Times of a column in the unit of this timeline.
    pub(crate) fn ordinals_like(&self, column: &Value) -> QResult<Vec<i64>> {
        let column = match (column.basic_type(), self.time_type) {
            (Some(from), Some(to)) if from != to => crate::binary(
                q_value::Binary::Cast,
                Value::Char(to.letter()),
                column.clone(),
            )?,
            _ => column.clone(),
        };
        ordinals(&column)
    }

    /// For each row of `table` the row here that stands as of its time; [`NONE`] where there is none.
    pub(crate) fn as_of(&self, table: &Table, names: &[Symbol]) -> QResult<Vec<u32>> {
        let groups = self.groups_of(table, names)?;
        let last = *names.last().ok_or_else(QError::length)?;
        let times = self.ordinals_like(column_of(table, last)?)?;
        // rows mostly come in the order of time: each group is searched from where its last row was found
        let mut cursors: Vec<u32> = self.starts.clone();
        Ok(groups
            .iter()
            .zip(&times)
            .map(|(group, time)| {
                let group = *group as usize;
                if group == NONE as usize {
                    return NONE;
                }
                let (start, end) = (self.starts[group] as usize, self.starts[group + 1] as usize);
                let after = self.first_after(start, cursors[group] as usize, end, *time);
                cursors[group] = after as u32;
                if after == start {
                    NONE
                } else {
                    self.rows[after - 1]
                }
            })
            .collect())
    }

    /// The first place in `start..end` with a later time, searched from `near` in growing steps.
    #[inline]
    fn first_after(&self, start: usize, near: usize, end: usize, time: i64) -> usize {
        let within = |low: usize, high: usize| {
            low + self.times[low..high].partition_point(|other| *other <= time)
        };
        if near > start && self.times[near - 1] > time {
            return within(start, near - 1);
        }
        let (mut low, mut step) = (near, 1);
        while low + step <= end && self.times[low + step - 1] <= time {
            low += step;
            step *= 2;
        }
        within(low, (low + step).min(end))
    }
}

pub(crate) fn column_of(table: &Table, name: Symbol) -> QResult<&Value> {
    table
        .column(name)
        .ok_or_else(|| QError::signal(name.as_bytes()))
}

fn columns_of(table: &Table, names: &[Symbol]) -> QResult<Vec<Value>> {
    names
        .iter()
        .map(|name| column_of(table, *name).cloned())
        .collect()
}

/// Numbers in the order of the items, nulls lowest.
pub(crate) fn ordinals(column: &Value) -> QResult<Vec<i64>> {
    fn float(x: f64) -> i64 {
        if x.is_nan() {
            return i64::MIN;
        }
        // the bits of floats ascend with them, once those of negative ones are turned
        let bits = (x + 0.0).to_bits() as i64;
        bits ^ (((bits >> 63) as u64) >> 1) as i64
    }
    fn narrow(x: i32) -> i64 {
        if x == i32::MIN {
            i64::MIN
        } else {
            i64::from(x)
        }
    }
    Ok(match column {
        Value::Longs(v) | Value::Timestamps(v) | Value::Timespans(v) => v.to_vec(),
        Value::Ints(v)
        | Value::Months(v)
        | Value::Dates(v)
        | Value::Minutes(v)
        | Value::Seconds(v)
        | Value::Times(v) => loops::map(v, narrow),
        Value::Shorts(v) => loops::map(v, |x: i16| {
            if x == i16::MIN {
                i64::MIN
            } else {
                i64::from(x)
            }
        }),
        Value::Bytes(v) | Value::Chars(v) => loops::map(v, i64::from),
        Value::Booleans(v) => loops::map(v, i64::from),
        Value::Floats(v) | Value::Datetimes(v) => loops::map(v, float),
        Value::Reals(v) => loops::map(v, |x: f32| float(f64::from(x))),
        Value::List(v) if v.is_empty() => Vec::new(),
        Value::Symbols(v) => {
            let ranks = crate::order::symbol_ranks(v);
            v.iter()
                .map(|symbol| i64::from(ranks.rank(*symbol)))
                .collect()
        }
        _ => return Err(QError::type_error()),
    })
}

/// `table` with columns of other rows laid over it: where a row has a match the column is replaced, new columns are null
/// elsewhere. With `fill` a null does not replace.
pub(crate) fn overlay(
    table: Table,
    from: &[(Symbol, Value)],
    rows: &[u32],
    fill: bool,
) -> QResult<Table> {
    let mut names = table.names.to_vec();
    let mut columns = table.columns;
    let all_match = rows.iter().all(|row| *row != NONE);
    for (name, source) in from {
        let found = gather::at_keeping_lists(source, rows);
        let Some(at) = names.iter().position(|other| other == name) else {
            names.push(*name);
            columns.push(found);
            continue;
        };
        let old = std::mem::replace(&mut columns[at], Value::Identity);
        columns[at] = if fill && !matches!(found, Value::List(_)) && !matches!(old, Value::List(_))
        {
            arithmetic::fill(old, found)?
        } else if all_match {
            found
        } else {
            let (targets, sources): (Vec<usize>, Vec<u32>) = rows
                .iter()
                .enumerate()
                .filter(|(_, row)| **row != NONE)
                .map(|(target, row)| (target, *row))
                .unzip();
            scatter(old, &targets, &gather::at_keeping_lists(source, &sources))?
        };
    }
    Ok(Table::new(names.into(), columns))
}

/// The columns of a table but for these.
pub(crate) fn other_columns(table: &Table, without: &[Symbol]) -> Vec<(Symbol, Value)> {
    table
        .names
        .iter()
        .zip(&table.columns)
        .filter(|(name, _)| !without.contains(name))
        .map(|(name, column)| (*name, column.clone()))
        .collect()
}

fn as_of_join(x: Value, y: Value, z: Value, own_time: bool, fill: bool) -> QResult<Value> {
    let names = names_in(&x)?;
    let keys = key_count(&y).ok_or_else(QError::type_error)?;
    let left = unkey(y)?;
    let right = unkey(z)?;
    let rows = Timeline::new(&right, &names)?.as_of(&left, &names)?;
    let hidden = if own_time {
        &names[..]
    } else {
        &names[..names.len() - 1]
    };
    let joined = overlay(left, &other_columns(&right, hidden), &rows, fill)?;
    enkey(keys, Value::Table(Arc::new(joined)))
}

/// `aj[c;t;q]`: the time column stays that of `t`.
///
/// # Errors
/// The name of a column that is not there; `'type`.
pub fn aj(x: Value, y: Value, z: Value) -> QResult<Value> {
    as_of_join(x, y, z, true, false)
}

/// `aj0[c;t;q]`: the time column is that of `q` where a row matches.
///
/// # Errors
/// As of [`aj`].
pub fn aj0(x: Value, y: Value, z: Value) -> QResult<Value> {
    as_of_join(x, y, z, false, false)
}

/// `ajf[c;t;q]`: as [`aj`], nulls of `q` filled from `t`.
///
/// # Errors
/// As of [`aj`].
pub fn ajf(x: Value, y: Value, z: Value) -> QResult<Value> {
    as_of_join(x, y, z, true, true)
}

/// `ajf0[c;t;q]`: as [`aj0`], nulls of `q` filled from `t`.
///
/// # Errors
/// As of [`aj`].
pub fn ajf0(x: Value, y: Value, z: Value) -> QResult<Value> {
    as_of_join(x, y, z, false, true)
}

/// `t asof d`: the other columns of the row of `t` as of a dictionary, or of each row of a table.
///
/// # Errors
/// The name of a column that is not there; `'type`.
pub fn asof(x: Value, y: Value) -> QResult<Value> {
    let table = unkey(x)?;
    let (wanted, is_row) = match y {
        Value::Dict(row) if matches!(row.keys, Value::Symbols(_)) => {
            let names = names_in(&row.keys)?;
            let columns = row.values.items().into_iter().map(Value::enlist).collect();
            (Table::new(names.into(), columns), true)
        }
        y => (unkey(y)?, false),
    };
    let rows = Timeline::new(&table, &wanted.names)?.as_of(&wanted, &wanted.names)?;
    let (names, columns): (Vec<Symbol>, Vec<Value>) = other_columns(&table, &wanted.names)
        .into_iter()
        .map(|(name, column)| (name, gather::at_keeping_lists(&column, &rows)))
        .unzip();
    let found = Value::table(names.into(), columns);
    match is_row {
        true => found.item(0).ok_or_else(QError::length),
        false => Ok(found),
    }
}
