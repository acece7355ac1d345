//! Joins on equal keys: `lj`, `ij`, `pj` look each row up in a keyed table, `ej` pairs all rows that match.

use std::sync::Arc;

use q_value::{Dict, QError, QResult, Symbol, Table, Value};

use super::asof::{NONE, Timeline, column_of, other_columns, overlay};
use super::keyed::{enkey, key_count, names_in, unkey};
use crate::{arithmetic, gather, group, loops, search};

/// A keyed table taken apart.
struct Keyed {
    keys: Table,
    values: Table,
    step: bool,
}

fn keyed(y: Value) -> QResult<Keyed> {
    let Value::Dict(dict) = y else {
        return Err(QError::type_error());
    };
    let Dict { keys, values, step } = Arc::unwrap_or_clone(dict);
    match (keys, values) {
        (Value::Table(keys), Value::Table(values)) => Ok(Keyed {
            keys: Arc::unwrap_or_clone(keys),
            values: Arc::unwrap_or_clone(values),
            step,
        }),
        _ => Err(QError::type_error()),
    }
}

impl Keyed {
    /// The row that each row of `x` matches; [`NONE`] where it matches none.
    fn rows_for(&self, x: &Table) -> QResult<Vec<u32>> {
        if self.step {
            return Timeline::new(&self.keys, &self.keys.names)?.as_of(x, &self.keys.names);
        }
        let columns: QResult<Vec<Value>> = self
            .keys
            .names
            .iter()
            .map(|name| column_of(x, *name).cloned())
            .collect();
        let wanted = Value::table(self.keys.names.clone(), columns?);
        let keys = Value::table(self.keys.names.clone(), self.keys.columns.clone());
        let none = keys.count();
        let found = search::positions(&keys, &wanted)?;
        Ok(loops::map(
            &found,
            |at: usize| {
                if at < none { at as u32 } else { NONE }
            },
        ))
    }

    fn columns(&self) -> Vec<(Symbol, Value)> {
        other_columns(&self.values, &[])
    }
}

fn is_empty_list(value: &Value) -> bool {
    matches!(value, Value::List(items) if items.is_empty())
}

fn left_join(x: Value, y: Value, fill: bool) -> QResult<Value> {
    if is_empty_list(&y) {
        return Ok(x);
    }
    let keys = key_count(&x).ok_or_else(QError::type_error)?;
    let y = keyed(y)?;
    let x = unkey(x)?;
    let rows = y.rows_for(&x)?;
    let joined = overlay(x, &y.columns(), &rows, fill)?;
    enkey(keys, Value::Table(Arc::new(joined)))
}

/// `x lj y`: every row of `x`, columns of `y` laid over where its key matches.
///
/// # Errors
/// `'type` when `y` is not keyed; the name of a key column that `x` has not.
pub fn lj(x: Value, y: Value) -> QResult<Value> {
    left_join(x, y, false)
}

/// `x ljf y`: as [`lj`], but nulls of `y` do not replace.
///
/// # Errors
/// As of [`lj`].
pub fn ljf(x: Value, y: Value) -> QResult<Value> {
    left_join(x, y, true)
}

fn inner_join(x: Value, y: Value, fill: bool) -> QResult<Value> {
    let keys = key_count(&x).ok_or_else(QError::type_error)?;
    let y = keyed(y)?;
    let mut x = unkey(x)?;
    let rows = y.rows_for(&x)?;
    let kept: Vec<u32> = (0..rows.len() as u32)
        .filter(|row| rows[*row as usize] != NONE)
        .collect();
    if kept.len() < rows.len() {
        for column in &mut x.columns {
            *column = gather::at_keeping_lists(column, &kept);
        }
    }
    let matches: Vec<u32> = kept.iter().map(|row| rows[*row as usize]).collect();
    let joined = overlay(x, &y.columns(), &matches, fill)?;
    enkey(keys, Value::Table(Arc::new(joined)))
}

/// `x ij y`: the rows of `x` whose key is in `y`, with its columns.
///
/// # Errors
/// As of [`lj`].
pub fn ij(x: Value, y: Value) -> QResult<Value> {
    inner_join(x, y, false)
}

/// `x ijf y`: as [`ij`], but nulls of `y` do not replace.
///
/// # Errors
/// As of [`lj`].
pub fn ijf(x: Value, y: Value) -> QResult<Value> {
    inner_join(x, y, true)
}

/// `x pj y`: columns of `y` added to those of `x` where its key matches; new columns are 0 elsewhere.
///
/// # Errors
/// As of [`lj`]; `'type` for columns that cannot be added.
pub fn pj(x: Value, y: Value) -> QResult<Value> {
    let keys = key_count(&x).ok_or_else(QError::type_error)?;
    let y = keyed(y)?;
    let x = unkey(x)?;
    let rows = y.rows_for(&x)?;
    let mut names = x.names.to_vec();
    let mut columns = x.columns;
    for (name, source) in y.columns() {
        let found = gather::at_keeping_lists(&source, &rows);
        let found = arithmetic::fill(Value::Long(0), found)?;
        // filling must not widen: the zero takes the type of the column
        let found = match source.basic_type() {
            Some(ty) if found.basic_type() != Some(ty) => {
                crate::binary(q_value::Binary::Cast, Value::Char(ty.letter()), found)?
            }
            _ => found,
        };
        match names.iter().position(|other| *other == name) {
            Some(at) => {
                let old = std::mem::replace(&mut columns[at], Value::Identity);
                columns[at] = arithmetic::add(old, found)?;
            }
            None => {
                names.push(name);
                columns.push(found);
            }
        }
    }
    let joined = Table::new(names.into(), columns);
    enkey(keys, Value::Table(Arc::new(joined)))
}

/// `ej[c;t1;t2]`: a row for every pair of rows with equal columns `c`; common columns are those of `t2`.
///
/// # Errors
/// The name of a column that is not there; `'type`.
pub fn ej(x: Value, y: Value, z: Value) -> QResult<Value> {
    let names = names_in(&x)?;
    let (left, right) = (unkey(y)?, unkey(z)?);
    let columns = |table: &Table| -> QResult<Vec<Value>> {
        names
            .iter()
            .map(|name| column_of(table, *name).cloned())
            .collect()
    };
    let right_keys = columns(&right)?;
    if names.is_empty() {
        return Err(QError::type_error());
    }
    let groups = group::group_ids(&right_keys)?;
    let (starts, rows) = groups.rows_by_group();
    let distinct = right_keys
        .iter()
        .map(|column| gather::at_keeping_lists(column, &groups.first_rows))
        .collect();
    let keys = Value::table(names.clone().into(), distinct);
    let wanted = Value::table(names.clone().into(), columns(&left)?);
    let none = groups.count;
    let (mut left_rows, mut right_rows) = (Vec::new(), Vec::new());
    for (row, group) in search::positions(&keys, &wanted)?.into_iter().enumerate() {
        if group < none {
            let members = &rows[starts[group] as usize..starts[group + 1] as usize];
            left_rows.extend(std::iter::repeat_n(row as u32, members.len()));
            right_rows.extend_from_slice(members);
        }
    }
    let matched = Table::new(
        left.names.clone(),
        left.columns
            .iter()
            .map(|column| gather::at_keeping_lists(column, &left_rows))
            .collect(),
    );
    let joined = overlay(matched, &other_columns(&right, &names), &right_rows, false)?;
    Ok(Value::Table(Arc::new(joined)))
}
