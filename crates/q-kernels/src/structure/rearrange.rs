//! `reverse`, `rotate`, `sublist`, `cross`, `flip`.

use std::sync::Arc;

use q_value::{Dict, QError, QResult, Symbol, Table, Value, Vector};

use super::pairs::map_vector;
use crate::{gather, interrupt};

/// `reverse x`: the last item first; of a dictionary keys and values; of an atom itself.
///
/// # Errors
/// None.
pub fn reverse(x: Value) -> QResult<Value> {
    fn backwards<T: Clone>(mut v: Vector<T>) -> Vector<T> {
        v.make_mut().reverse();
        v
    }
    Ok(match x {
        Value::Table(table) => {
            let Table { names, columns, .. } = Arc::unwrap_or_clone(table);
            let columns: QResult<Vec<Value>> = columns.into_iter().map(reverse).collect();
            Value::table(names, columns?)
        }
        Value::Dict(dict) => {
            let Dict { keys, values, .. } = Arc::unwrap_or_clone(dict);
            Value::dict(reverse(keys)?, reverse(values)?)
        }
        x => map_vector!(x, v => backwards(v), else other => other),
    })
}

/// `n rotate x`: the first `n` items go to the end.
///
/// # Errors
/// `'type` when `n` is no integer or `x` no list.
pub fn rotate(x: Value, y: Value) -> QResult<Value> {
    let by = x
        .as_i64()
        .filter(|by| *by != i64::MIN)
        .ok_or_else(QError::type_error)?;
    if !gather::is_collection(&y) {
        return Err(QError::type_error());
    }
    fn turned<T: Clone>(mut v: Vector<T>, by: i64) -> Vector<T> {
        if !v.is_empty() {
            let by = by.rem_euclid(v.len() as i64) as usize;
            v.make_mut().rotate_left(by);
        }
        v
    }
    Ok(match y {
        Value::Table(table) => {
            let Table { names, columns, .. } = Arc::unwrap_or_clone(table);
            let columns: QResult<Vec<Value>> = columns
                .into_iter()
                .map(|column| rotate(x.clone(), column))
                .collect();
            Value::table(names, columns?)
        }
        Value::Dict(dict) => {
            let Dict { keys, values, .. } = Arc::unwrap_or_clone(dict);
            Value::dict(rotate(x.clone(), keys)?, rotate(x, values)?)
        }
        y => map_vector!(y, v => turned(v, by), else other => other),
    })
}

/// `x sublist y`: at most the first (negative: last) `x` items, or `x 1` items from position `x 0` on.
///
/// # Errors
/// `'type` when `x` is neither an integer nor a pair of them.
pub fn sublist(x: Value, y: Value) -> QResult<Value> {
    let y = super::as_collection(y);
    let have = y.count();
    if let Some(count) = x.as_i64() {
        let wanted = usize::try_from(count.unsigned_abs()).map_or(have, |n| n.min(have));
        let start = if count < 0 { have - wanted } else { 0 };
        return Ok(gather::slice(&y, start, wanted));
    }
    match super::take::lengths(&x).as_deref() {
        Some([start, count]) => {
            // a start before the beginning loses what lies there
            let end = start.saturating_add((*count).max(0)).clamp(0, have as i64);
            let start = (*start).clamp(0, end);
            Ok(gather::slice(&y, start as usize, (end - start) as usize))
        }
        _ => Err(QError::type_error()),
    }
}

/// `x cross y`: every item of `x` joined with every item of `y`; of tables every pair of rows.
///
/// # Errors
/// `'dup` when two tables share a column; `'type`.
pub fn cross(x: Value, y: Value) -> QResult<Value> {
    match (&x, &y) {
        (Value::Dict(a), Value::Dict(b)) => Ok(Value::dict(
            cross(a.keys.clone(), b.keys.clone())?,
            cross(a.values.clone(), b.values.clone())?,
        )),
        (Value::Table(a), Value::Table(b)) => {
            let (rows, more) = (a.row_count(), b.row_count());
            // two lists of positions, and as much again in columns
            interrupt::expect_room(rows.saturating_mul(more).saturating_mul(32));
            let left: Vec<usize> = (0..rows)
                .flat_map(|row| std::iter::repeat_n(row, more))
                .collect();
            let right: Vec<usize> = (0..rows).flat_map(|_| 0..more).collect();
            let mut names = a.names.to_vec();
            let mut columns: Vec<Value> = a
                .columns
                .iter()
                .map(|column| gather::at_keeping_lists(column, &left))
                .collect();
            for (name, column) in b.names.iter().zip(&b.columns) {
                let column = gather::at_keeping_lists(column, &right);
                match names.iter().position(|other| other == name) {
                    Some(at) => columns[at] = column,
                    None => {
                        names.push(*name);
                        columns.push(column);
                    }
                }
            }
            Ok(Value::table(names.into(), columns))
        }
        _ => {
            let (x, y) = (
                super::as_collection(x).items(),
                super::as_collection(y).items(),
            );
            let count = x.len().saturating_mul(y.len());
            interrupt::expect_room(count.saturating_mul(size_of::<Value>()));
            let mut pairs = Vec::with_capacity(count);
            for left in &x {
                interrupt::poll();
                for right in &y {
                    pairs.push(super::join::join(left.clone(), right.clone())?);
                }
            }
            Ok(Value::from_items(pairs))
        }
    }
}

/// `flip x`: rows become columns; a dictionary of columns becomes a table and back.
///
/// # Errors
/// `'rank` when nothing in `x` is a list, `'length` when counts differ, `'type` for other values.
pub fn flip(x: Value) -> QResult<Value> {
    match x {
        Value::Table(table) => {
            let Table { names, columns, .. } = Arc::unwrap_or_clone(table);
            Ok(Value::dict(Value::Symbols(names), Value::list(columns)))
        }
        Value::Dict(dict) => {
            let Dict { keys, values, .. } = Arc::unwrap_or_clone(dict);
            let Value::Symbols(names) = keys else {
                return Err(QError::type_error());
            };
            match values {
                Value::Table(rows) => Ok(columns_to_rows(names, Arc::unwrap_or_clone(rows))),
                values => table_of(names, values.items()),
            }
        }
        Value::List(rows) if rows.is_empty() => Ok(Value::List(rows)),
        Value::List(rows) => transpose(rows.into_vec()),
        x if x.is_vector() => Err(QError::rank()),
        _ => Err(QError::rank()),
    }
}

/// Of a dictionary of named rows the dictionary of rows by column: `flip` of it is the first again.
fn columns_to_rows(names: Vector<Symbol>, rows: Table) -> Value {
    let columns = (0..names.len())
        .map(|at| {
            let cells = rows
                .columns
                .iter()
                .map(|column| gather::item_at(column, at));
            Value::from_items(cells.collect())
        })
        .collect();
    Value::dict(Value::Symbols(rows.names), Value::table(names, columns))
}

/// The table of these columns; atoms are repeated.
///
/// # Errors
/// `'rank` when all are atoms, `'length` when counts differ or a name lacks its column, `'dup` for a name twice.
pub fn table_of(names: Vector<Symbol>, columns: Vec<Value>) -> QResult<Value> {
    if names.len() != columns.len() || names.is_empty() {
        return Err(QError::length());
    }
    let mut count = None;
    for column in &columns {
        if gather::is_collection(column) && *count.get_or_insert(column.count()) != column.count() {
            return Err(QError::length());
        }
    }
    let Some(count) = count else {
        return Err(QError::rank());
    };
    let columns: QResult<Vec<Value>> = columns
        .into_iter()
        .map(|column| match column {
            column if gather::is_collection(&column) => Ok(column),
            atom => super::take::take_count(count as i64, atom),
        })
        .collect();
    Ok(Value::table(
        names.with_attribute(q_value::Attribute::None),
        columns?,
    ))
}

fn transpose(rows: Vec<Value>) -> QResult<Value> {
    let mut count = None;
    for row in &rows {
        if gather::is_collection(row) && *count.get_or_insert(row.count()) != row.count() {
            return Err(QError::length());
        }
    }
    let Some(count) = count else {
        return Err(QError::rank());
    };
    if let Some(columns) = transpose_vectors(&rows, count) {
        return Ok(Value::list(columns));
    }
    let columns = (0..count)
        .map(|at| {
            let items = rows
                .iter()
                .map(|row| match row {
                    row if gather::is_collection(row) => gather::item_at(row, at),
                    atom => atom.clone(),
                })
                .collect();
            Value::from_items(items)
        })
        .collect();
    Ok(Value::list(columns))
}

/// The transpose of vectors of one type; `None` when they are not.
fn transpose_vectors(rows: &[Value], count: usize) -> Option<Vec<Value>> {
    macro_rules! of {
        ($($variant:ident)*) => {
            match &rows[0] {
                $(Value::$variant(_) => {
                    let rows: Option<Vec<&[_]>> = rows
                        .iter()
                        .map(|row| match row { Value::$variant(v) => Some(v.as_slice()), _ => None })
                        .collect();
                    let rows = rows?;
                    Some((0..count)
                        .map(|at| Value::$variant(rows.iter().map(|row| row[at]).collect()))
                        .collect())
                })*
                _ => None,
            }
        };
    }
    of!(Booleans Guids Bytes Shorts Ints Longs Reals Floats Chars Symbols Timestamps Months Dates Datetimes Timespans Minutes Seconds Times)
}
