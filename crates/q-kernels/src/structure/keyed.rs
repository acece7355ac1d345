//! `!` on values: dictionaries and key columns; and the keywords that name, order and key columns.

use std::sync::Arc;

use q_value::{Dict, QError, QResult, Symbol, Table, Value, Vector};

/// `x!y` where it makes a dictionary or sets key columns; enumerations, links and internal functions are not seen here.
///
/// # Errors
/// `'length` when counts differ, `'type` for anything that is neither two lists nor a number and a table.
pub fn bang(x: Value, y: Value) -> QResult<Value> {
    let is_table = matches!(y, Value::Table(_)) || y.is_keyed_table();
    if is_table && let Some(count) = x.as_i64() {
        return enkey(usize::try_from(count).map_err(|_| QError::length())?, y);
    }
    let is_list = |value: &Value| value.is_list() || matches!(value, Value::Table(_));
    if !is_list(&x) || !(is_list(&y) || matches!(y, Value::Dict(_))) {
        return Err(QError::type_error());
    }
    // `()` stands for an empty list under each key: an empty table is `flip names!()` (`basics/errors`, "dup")
    let y = match y {
        Value::List(none) if none.is_empty() => Value::list(vec![Value::empty_list(); x.count()]),
        y => y,
    };
    if x.count() != y.count() {
        return Err(QError::length());
    }
    Ok(Value::dict(x, y))
}

/// `n!t`: the first `n` columns become the key; 0 removes the key.
///
/// # Errors
/// `'length` when no column would be left for values, `'type` for anything but a table.
pub fn enkey(count: usize, table: Value) -> QResult<Value> {
    let table = unkey(table)?;
    if count == 0 {
        return Ok(Value::Table(Arc::new(table)));
    }
    if count >= table.names.len() {
        return Err(QError::length());
    }
    let Table {
        names, mut columns, ..
    } = table;
    let values = columns.split_off(count);
    Ok(Value::dict(
        Value::table(names[..count].to_vec().into(), columns),
        Value::table(names[count..].to_vec().into(), values),
    ))
}

/// The table with its key columns in front as ordinary ones.
///
/// # Errors
/// `'type` for anything but a table or keyed table.
pub fn unkey(table: Value) -> QResult<Table> {
    match table {
        Value::Table(table) => Ok(Arc::unwrap_or_clone(table)),
        Value::Dict(dict) => {
            let Dict { keys, values, .. } = Arc::unwrap_or_clone(dict);
            let (Value::Table(keys), Value::Table(values)) = (keys, values) else {
                return Err(QError::type_error());
            };
            let (keys, values) = (Arc::unwrap_or_clone(keys), Arc::unwrap_or_clone(values));
            let names = keys
                .names
                .iter()
                .chain(values.names.iter())
                .copied()
                .collect();
            let mut columns = keys.columns;
            columns.extend(values.columns);
            Ok(Table::new(names, columns))
        }
        _ => Err(QError::type_error()),
    }
}

/// How many key columns a table has; `None` when it is none.
pub fn key_count(table: &Value) -> Option<usize> {
    match table {
        Value::Table(_) => Some(0),
        Value::Partitioned(_) => Some(0),
        Value::Dict(dict) => match (&dict.keys, &dict.values) {
            (Value::Table(keys), Value::Table(_)) => Some(keys.names.len()),
            _ => None,
        },
        _ => None,
    }
}

/// Symbols of a symbol atom, vector or enumeration; `()` is none.
///
/// # Errors
/// `'type` for anything else.
pub fn names_in(value: &Value) -> QResult<Vec<Symbol>> {
    match crate::enumeration::resolve(value.clone()) {
        Value::Symbol(name) => Ok(vec![name]),
        Value::Symbols(names) => Ok(names.to_vec()),
        Value::List(items) if items.is_empty() => Ok(Vec::new()),
        _ => Err(QError::type_error()),
    }
}

/// The columns at these names, `'name` for one that is not there.
fn position_of(table: &Table, name: Symbol) -> QResult<usize> {
    table
        .names
        .iter()
        .position(|other| *other == name)
        .ok_or_else(|| QError::signal(name.as_bytes()))
}

/// The table with these columns first.
fn in_front(table: Table, first: &[Symbol]) -> QResult<Table> {
    let mut order: Vec<usize> = Vec::with_capacity(table.names.len());
    for name in first {
        let at = position_of(&table, *name)?;
        if !order.contains(&at) {
            order.push(at);
        }
    }
    order.extend((0..table.names.len()).filter(|at| !first.contains(&table.names[*at])));
    Ok(Table::new(
        order.iter().map(|at| table.names[*at]).collect(),
        order.iter().map(|at| table.columns[*at].clone()).collect(),
    ))
}

/// `x xkey y`: these columns become the key; none removes it.
///
/// # Errors
/// The name of a column that is not there; `'type`, `'length` as of [`enkey`].
pub fn xkey(x: Value, y: Value) -> QResult<Value> {
    let names = names_in(&x)?;
    let table = in_front(unkey(y)?, &names)?;
    enkey(names.len(), Value::Table(Arc::new(table)))
}

/// `x xcols y`: these columns first, the others after them as they stand.
///
/// # Errors
/// The name of a column that is not there; `'type`.
pub fn xcols(x: Value, y: Value) -> QResult<Value> {
    let names = names_in(&x)?;
    let keys = key_count(&y).ok_or_else(QError::type_error)?;
    let table = in_front(unkey(y)?, &names)?;
    enkey(keys, Value::Table(Arc::new(table)))
}

/// `x xcol y`: the first columns renamed, or those that a dictionary names.
///
/// # Errors
/// `'length` for more names than columns or a name in the dictionary that is no column; `'type`.
pub fn xcol(x: Value, y: Value) -> QResult<Value> {
    let keys = key_count(&y).ok_or_else(QError::type_error)?;
    let mut table = unkey(y)?;
    let mut names = table.names.to_vec();
    match &x {
        Value::Dict(renamed) => {
            let new = names_in(&renamed.values)?;
            for (old, new) in names_in(&renamed.keys)?.into_iter().zip(new) {
                let at = position_of(&table, old).map_err(|_| QError::length())?;
                names[at] = new;
            }
        }
        x => {
            let new = names_in(x)?;
            if new.len() > names.len() {
                return Err(QError::length());
            }
            names[..new.len()].copy_from_slice(&new);
        }
    }
    table.names = names.into();
    enkey(keys, Value::Table(Arc::new(table)))
}

/// `cols x`: the names of the columns, keys first.
///
/// # Errors
/// `'type` for anything but a table.
pub fn cols(x: Value) -> QResult<Value> {
    match &x {
        Value::Partitioned(table) => Ok(Value::Symbols(table.names.clone())),
        Value::Table(table) => Ok(Value::Symbols(table.names.clone())),
        Value::Dict(dict) => match (&dict.keys, &dict.values) {
            (Value::Table(keys), Value::Table(values)) => Ok(Value::Symbols(
                keys.names
                    .iter()
                    .chain(values.names.iter())
                    .copied()
                    .collect(),
            )),
            _ => Err(QError::type_error()),
        },
        _ => Err(QError::type_error()),
    }
}

/// `keys x`: the names of the key columns.
///
/// # Errors
/// `'type` for anything but a table.
pub fn keys(x: Value) -> QResult<Value> {
    match &x {
        Value::Table(_) | Value::Partitioned(_) => Ok(Value::Symbols(Vector::default())),
        Value::Dict(dict) => match (&dict.keys, &dict.values) {
            (Value::Table(keys), Value::Table(_)) => Ok(Value::Symbols(keys.names.clone())),
            _ => Err(QError::type_error()),
        },
        _ => Err(QError::type_error()),
    }
}
