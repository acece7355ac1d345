//! `_`: drop, cut, delete; and the keyword `cut`.

use q_value::{Dict, QError, QResult, Symbol, Table, Value};

use super::take::{lengths, pieces};
use crate::{gather, search};

/// `x _ y`.
///
/// # Errors
/// `'type` when neither side says what to drop; `'domain` for cuts that go back or beyond the end.
pub fn drop(x: Value, y: Value) -> QResult<Value> {
    match (&x, &y) {
        (Value::Table(keys), Value::Dict(dict)) if matches!(dict.keys, Value::Table(_)) => {
            without_keys(
                &Value::table(keys.names.clone(), keys.columns.clone()),
                dict,
            )
        }
        (Value::Dict(dict), key) if key.is_atom() && !matches!(dict.keys, Value::Table(_)) => {
            without_keys(&key.clone().enlist(), dict)
        }
        // of a keyed table an integer is a position, anything else a key
        (Value::Dict(dict), key) if key.is_atom() && key.as_i64().is_none() && single_key(dict) => {
            without_keys(&key.clone().enlist(), dict)
        }
        (Value::Dict(dict), Value::Dict(_)) if matches!(dict.keys, Value::Table(_)) => {
            without_keys(&y.clone().enlist(), dict)
        }
        (x, Value::Dict(dict)) if x.is_atom() && x.as_i64().is_none() => {
            without_keys(&x.clone().enlist(), dict)
        }
        (x, Value::Dict(dict)) if x.is_list() => without_keys(x, dict),
        (Value::Symbols(names), Value::Table(table)) => without_columns(names, table),
        (x, y) if x.is_atom() && gather::is_collection(y) => match x.as_i64() {
            Some(count) => drop_count(count, y),
            None => Err(QError::type_error()),
        },
        (x, y) if gather::is_collection(x) && y.is_atom() => match y.as_i64() {
            Some(at) => Ok(without_position(x, at)),
            None => Err(QError::type_error()),
        },
        (x, y) if gather::is_collection(y) => match lengths(x) {
            Some(starts) => cut_at(&starts, y),
            None => Err(QError::type_error()),
        },
        _ => Err(QError::type_error()),
    }
}

/// `n _ y`: without the first `n`, or the last when negative.
fn drop_count(count: i64, y: &Value) -> QResult<Value> {
    if count == i64::MIN {
        return Err(QError::type_error());
    }
    let have = y.count();
    let dropped = usize::try_from(count.unsigned_abs()).map_or(have, |n| n.min(have));
    let start = if count < 0 { 0 } else { dropped };
    Ok(gather::slice(y, start, have - dropped))
}

/// `y _ i`: without the item at `i`; nothing happens beyond the ends.
fn without_position(y: &Value, at: i64) -> Value {
    let have = y.count();
    match usize::try_from(at) {
        Ok(at) if at < have => {
            let rows: Vec<usize> = (0..have).filter(|row| *row != at).collect();
            gather::at(y, &rows)
        }
        _ => y.clone(),
    }
}

/// `i1 i2 _ y`: pieces that begin at these positions.
fn cut_at(starts: &[i64], y: &Value) -> QResult<Value> {
    let have = y.count() as i64;
    let ascending = starts.windows(2).all(|pair| pair[0] <= pair[1]);
    if !ascending || starts.iter().any(|start| *start < 0 || *start > have) {
        return Err(QError::domain());
    }
    let ends = starts.iter().skip(1).copied().chain([have]);
    let parts = starts
        .iter()
        .zip(ends)
        .map(|(start, end)| gather::slice(y, *start as usize, (end - start) as usize))
        .collect();
    Ok(Value::list(parts))
}

fn single_key(dict: &Dict) -> bool {
    matches!(&dict.keys, Value::Table(keys) if keys.columns.len() == 1)
}

/// The entries of other keys than these.
fn without_keys(keys: &Value, dict: &Dict) -> QResult<Value> {
    let count = dict.keys.count();
    let single = match (&dict.keys, keys) {
        (Value::Table(table), Value::Table(_)) => return without_rows(keys, dict, table),
        (Value::Table(table), _) if table.columns.len() == 1 => table.columns[0].clone(),
        (Value::Table(_), _) => return Err(QError::type_error()),
        (of, _) => of.clone(),
    };
    if keys.count() == 0 {
        return Ok(gather::entries(dict, &(0..count).collect::<Vec<usize>>()));
    }
    let found = search::positions(keys, &single)?;
    let none = keys.count();
    let rows: Vec<usize> = (0..count).filter(|row| found[*row] >= none).collect();
    Ok(gather::entries(dict, &rows))
}

fn without_rows(keys: &Value, dict: &Dict, _of: &Table) -> QResult<Value> {
    let found = search::positions(keys, &dict.keys)?;
    let none = keys.count();
    let rows: Vec<usize> = (0..found.len()).filter(|row| found[*row] >= none).collect();
    Ok(gather::entries(dict, &rows))
}

/// `` `a`b _ t ``: without these columns.
///
/// A table of no columns cannot be: `'type`.
fn without_columns(names: &[Symbol], table: &Table) -> QResult<Value> {
    let kept: Vec<usize> = (0..table.names.len())
        .filter(|at| !names.contains(&table.names[*at]))
        .collect();
    if kept.is_empty() {
        return Err(QError::type_error());
    }
    Ok(Value::table(
        kept.iter().map(|at| table.names[*at]).collect(),
        kept.iter().map(|at| table.columns[*at].clone()).collect(),
    ))
}

/// `x cut y`: pieces of `x` items, or pieces that begin at the positions `x`.
///
/// # Errors
/// `'type`, `'domain` as of [`drop`]; `'domain` for pieces of no or negative length.
pub fn cut(x: Value, y: Value) -> QResult<Value> {
    match x.as_i64() {
        Some(length) if length > 0 && gather::is_collection(&y) => Ok(pieces(&y, length as usize)),
        Some(_) if gather::is_collection(&y) => Err(QError::domain()),
        Some(_) => Err(QError::type_error()),
        None => drop(x, y),
    }
}
