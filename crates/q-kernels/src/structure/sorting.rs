//! `xasc`, `xdesc`, `xgroup`, `ungroup`.

use std::sync::Arc;

use q_value::{Attribute, QError, QResult, Symbol, Table, Unary, Value, Vector};

use super::keyed::{enkey, key_count, names_in, unkey};
use crate::{gather, group};

/// `x xasc y`: rows sorted by these columns; the first of them gets `s#`.
///
/// # Errors
/// The name of a column that is not there; `'dup` and the name of a column that is there twice; `'type`.
pub fn xasc(x: Value, y: Value) -> QResult<Value> {
    sorted(x, y, Unary::Iasc)
}

/// `x xdesc y`: rows sorted by these columns, largest first.
///
/// # Errors
/// Those of [`xasc`].
pub fn xdesc(x: Value, y: Value) -> QResult<Value> {
    sorted(x, y, Unary::Idesc)
}

fn sorted(x: Value, y: Value, order: Unary) -> QResult<Value> {
    let names = names_in(&x)?;
    let keys = key_count(&y).ok_or_else(QError::type_error)?;
    let mut table = unkey(y)?;
    if let Some(name) = repeated(&table.names) {
        return Err(QError::signal([b"dup ", name.as_bytes()].concat()));
    }
    let Some(first) = names.first() else {
        return enkey(keys, Value::Table(Arc::new(table)));
    };
    let rows = sorted_rows(&table, &names, order)?;
    if let Some(rows) = rows {
        for column in &mut table.columns {
            *column = gather::at_keeping_lists(column, &rows);
        }
    }
    table.sorted = false;
    if order == Unary::Iasc
        && let Some(at) = table.names.iter().position(|name| name == first)
    {
        let column = std::mem::replace(&mut table.columns[at], Value::Identity);
        table.columns[at] = column.with_attribute(Attribute::Sorted);
    }
    enkey(keys, Value::Table(Arc::new(table)))
}

/// The first name that stands among those before it.
fn repeated(names: &[Symbol]) -> Option<Symbol> {
    let mut before = names.iter().enumerate();
    before
        .find(|(at, name)| names[..*at].contains(name))
        .map(|(_, name)| *name)
}

/// The order of the rows by these columns, stable; `None` when they stand in it already.
///
/// # Errors
/// The name of a column that is not there.
pub fn sorted_rows(table: &Table, names: &[Symbol], order: Unary) -> QResult<Option<Vector<i64>>> {
    let mut rows: Option<Vector<i64>> = None;
    // the last column first: each sort is stable
    for name in names.iter().rev() {
        let column = table
            .column(*name)
            .ok_or_else(|| QError::signal(name.as_bytes()))?;
        let column = match &rows {
            Some(rows) => gather::at_keeping_lists(column, rows),
            None => column.clone(),
        };
        if order == Unary::Iasc && super::attribute::is_ascending(&column) {
            continue;
        }
        let Value::Longs(step) = crate::unary(order, column)? else {
            return Err(QError::type_error());
        };
        rows = Some(match rows {
            Some(rows) => match gather::at(&Value::Longs(rows), &step) {
                Value::Longs(rows) => rows,
                _ => return Err(QError::type_error()),
            },
            None => step,
        });
    }
    Ok(rows)
}

/// `x xgroup y`: keyed by these columns, the others as lists per group, groups in order of first appearance.
///
/// # Errors
/// The name of a column that is not there; `'type`; `'length` when no other column is left.
pub fn xgroup(x: Value, y: Value) -> QResult<Value> {
    let names = names_in(&x)?;
    let table = unkey(y)?;
    let keys: QResult<Vec<Value>> = names
        .iter()
        .map(|name| {
            table
                .column(*name)
                .cloned()
                .ok_or_else(|| QError::signal(name.as_bytes()))
        })
        .collect();
    let keys = keys?;
    if keys.is_empty() {
        return Err(QError::type_error());
    }
    let groups = group::group_ids(&keys)?;
    let (starts, rows) = groups.rows_by_group();
    let mut rest = Vec::new();
    let mut columns = Vec::new();
    for (name, column) in table.names.iter().zip(&table.columns) {
        if names.contains(name) {
            continue;
        }
        let lists = starts
            .windows(2)
            .map(|ends| gather::at(column, &rows[ends[0] as usize..ends[1] as usize]))
            .collect();
        rest.push(*name);
        columns.push(Value::list(lists));
    }
    if columns.is_empty() {
        return Err(QError::length());
    }
    let keys = keys
        .iter()
        .map(|key| gather::at_keeping_lists(key, &groups.first_rows))
        .collect();
    Ok(Value::dict(
        Value::table(names.into(), keys),
        Value::table(rest.into(), columns),
    ))
}

/// `ungroup x`: one row per item of the nested columns; the other columns are repeated.
///
/// # Errors
/// `'length` when the lists of one row differ in count, `'type` for anything but a table.
pub fn ungroup(x: Value) -> QResult<Value> {
    let table = unkey(x)?;
    let mut counts: Option<Vec<usize>> = None;
    for column in &table.columns {
        let Value::List(items) = column else { continue };
        let own: Vec<usize> = items.iter().map(Value::count).collect();
        match &counts {
            Some(counts) if *counts != own => return Err(QError::length()),
            Some(_) => {}
            None => counts = Some(own),
        }
    }
    let Some(counts) = counts else {
        return Ok(Value::Table(Arc::new(table)));
    };
    let rows: Vec<usize> = counts
        .iter()
        .enumerate()
        .flat_map(|(row, count)| std::iter::repeat_n(row, *count))
        .collect();
    let columns: QResult<Vec<Value>> = table
        .columns
        .iter()
        .map(|column| match column {
            Value::List(items) => super::join::concat(items.to_vec()),
            column => Ok(gather::at(column, &rows)),
        })
        .collect();
    Ok(Value::table(table.names, columns?))
}
