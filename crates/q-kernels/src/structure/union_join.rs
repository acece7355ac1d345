//! `uj`: rows of two tables under the union of their columns.

use std::sync::Arc;

use q_value::{QError, QResult, Symbol, Table, Value};

use super::join::{join, join_columns};
use crate::{arithmetic, gather, search};

/// `x uj y`: of plain tables the rows of `y` after those of `x`, missing columns null; of keyed tables an upsert that may
/// bring new columns. The empty list adds nothing to either.
///
/// # Errors
/// `'type` unless both are tables or both are keyed.
pub fn uj(x: Value, y: Value) -> QResult<Value> {
    union_join(x, y, false)
}

/// `x ujf y`: as [`uj`], but nulls of `y` do not replace what a key has.
///
/// # Errors
/// As of [`uj`].
pub fn ujf(x: Value, y: Value) -> QResult<Value> {
    union_join(x, y, true)
}

fn union_join(x: Value, y: Value, fill: bool) -> QResult<Value> {
    match (x, y) {
        (Value::List(none), other) | (other, Value::List(none))
            if none.is_empty() && (matches!(other, Value::Table(_)) || other.is_keyed_table()) =>
        {
            Ok(other)
        }
        (Value::Table(x), Value::Table(y)) => Ok(stacked(Arc::unwrap_or_clone(x), &y)),
        (Value::Dict(x), Value::Dict(y)) => {
            let (Value::Table(keys), Value::Table(values)) = (&x.keys, &x.values) else {
                return Err(QError::type_error());
            };
            let (Value::Table(_), Value::Table(more)) = (&y.keys, &y.values) else {
                return Err(QError::type_error());
            };
            let wide = widened(Table::clone(values), more);
            let mut more = Table::clone(more);
            if fill {
                let none = keys.row_count();
                let rows: Vec<usize> = search::positions(&x.keys, &y.keys)?
                    .into_iter()
                    .map(|row| if row < none { row } else { usize::MAX })
                    .collect();
                for (name, column) in more.names.iter().zip(&mut more.columns) {
                    if let (Some(old), false) =
                        (values.column(*name), matches!(column, Value::List(_)))
                    {
                        let old = gather::at_keeping_lists(old, &rows);
                        let new = std::mem::replace(column, Value::Identity);
                        *column = arithmetic::fill(old, new)?;
                    }
                }
            }
            join(
                Value::dict(x.keys.clone(), Value::Table(Arc::new(wide))),
                Value::dict(y.keys.clone(), Value::Table(Arc::new(more))),
            )
        }
        _ => Err(QError::type_error()),
    }
}

/// `table` with the columns of `other` that it lacks, null.
fn widened(table: Table, other: &Table) -> Table {
    let count = table.row_count();
    let mut names: Vec<Symbol> = table.names.to_vec();
    let mut columns = table.columns;
    for (name, column) in other.names.iter().zip(&other.columns) {
        if !names.contains(name) {
            names.push(*name);
            columns.push(nulls_like(column, count));
        }
    }
    Table::new(names.into(), columns)
}

fn nulls_like(column: &Value, count: usize) -> Value {
    gather::at_keeping_lists(column, &vec![usize::MAX; count])
}

fn stacked(x: Table, y: &Table) -> Value {
    let more = y.row_count();
    let wide = widened(x, y);
    let columns = wide
        .names
        .iter()
        .zip(wide.columns)
        .map(|(name, column)| {
            let added = match y.column(*name) {
                Some(other) => other.clone(),
                None => nulls_like(&column, more),
            };
            join_columns(column, added)
        })
        .collect();
    Value::table(wide.names, columns)
}
