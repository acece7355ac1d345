//! insert and upsert: rows into tables and keyed tables, by value and by name.

use std::sync::Arc;

use q_value::{Binary, Dict, QError, QResult, Symbol, Table, Unary, Value, Vector};

use crate::append;
use crate::globals::qualify;
use crate::index;
use crate::interpreter::Interpreter;

/// `` `t insert rows ``: returns the positions of the new rows. A key that is there already is `'insert`.
pub(crate) fn insert(interpreter: &mut Interpreter, x: Value, y: Value) -> QResult<Value> {
    let Value::Symbol(name) = x else {
        return Err(QError::type_error());
    };
    if name.as_bytes().starts_with(b":") {
        return upsert(interpreter, Value::Symbol(name), y);
    }
    let full = qualify(interpreter.namespace, name);
    let id = interpreter.globals.slot(full);
    interpreter.check_write(id)?;
    let mut target = match interpreter.take_global(id)? {
        Some(target) => target,
        None => match interpreter.read_name(full) {
            Ok(target) => target,
            Err(_) if matches!(y, Value::Table(_)) || y.is_keyed_table() => {
                let count = y.count() as i64;
                interpreter.write_name(full, y)?;
                return Ok(Value::Longs((0..count).collect()));
            }
            Err(error) => return Err(error),
        },
    };
    let before = target.count() as i64;
    let result = insert_rows(&mut target, y);
    let after = target.count() as i64;
    interpreter.globals.store(id, target);
    result?;
    Ok(Value::Longs((before..after).collect()))
}

fn insert_rows(target: &mut Value, y: Value) -> QResult<()> {
    if !target.is_keyed_table() {
        return match target {
            Value::Table(_) => add_rows(target, y, false),
            list if list.is_list() => append::append_list(list, y),
            _ => Err(QError::type_error()),
        };
    }
    let Value::Dict(shared) = target else {
        return Err(QError::type_error());
    };
    let (Value::Table(keys), Value::Table(values)) = (&shared.keys, &shared.values) else {
        return Err(QError::type_error());
    };
    let rows = rows_of(keys, values, y, false)?;
    let key_count = keys.columns.len();
    let (new_keys, new_values) = split_rows(&rows, key_count);
    let found = q_kernels::binary(Binary::Query, shared.keys.clone(), new_keys.clone())?;
    let count = shared.keys.count() as i64;
    let distinct = q_kernels::unary(Unary::Distinct, new_keys.clone())?;
    if distinct.count() != new_keys.count()
        || index::as_longs(&found).is_none_or(|found| found.iter().any(|at| *at < count))
    {
        return Err(QError::insert());
    }
    // all must fit before anything is changed
    check_rows(&shared.keys, &new_keys)?;
    check_rows(&shared.values, &new_values)?;
    let dict = Arc::make_mut(shared);
    add_rows(&mut dict.keys, new_keys, false)?;
    add_rows(&mut dict.values, new_values, false)
}

/// Errors: `'type` when a column of `rows` does not fit the column of its name.
fn check_rows(table: &Value, rows: &Value) -> QResult<()> {
    let (Value::Table(table), Value::Table(rows)) = (table, rows) else {
        return Err(QError::type_error());
    };
    if rows.row_count() == 0 {
        return Ok(());
    }
    for (name, more) in rows.names.iter().zip(&rows.columns) {
        let column = table.column(*name).ok_or_else(QError::mismatch)?;
        // a column of rows of one shape takes other things as a list of rows
        let is_rows = matches!(column, Value::Table(_));
        if !is_rows && !append::column_accepts(column, more) {
            return Err(append::cast_or_type(column));
        }
    }
    Ok(())
}

/// `x upsert y` for a table, a keyed table, a dictionary, the name of a variable or the path of a file.
pub(crate) fn upsert(interpreter: &mut Interpreter, x: Value, y: Value) -> QResult<Value> {
    let Value::Symbol(name) = x else {
        let mut target = x;
        upsert_value(interpreter, &mut target, y)?;
        return Ok(target);
    };
    if name.as_bytes().starts_with(b":") {
        return crate::files::upsert(interpreter, name, y);
    }
    let full = qualify(interpreter.namespace, name);
    let id = interpreter.globals.slot(full);
    interpreter.check_write(id)?;
    let target = match interpreter.take_global(id)? {
        Some(target) => Some(target),
        None => interpreter.read_name(full).ok(),
    };
    let Some(mut target) = target else {
        interpreter.write_name(full, y)?;
        return Ok(Value::Symbol(name));
    };
    let result = upsert_value(interpreter, &mut target, y);
    interpreter.globals.store(id, target);
    result?;
    Ok(Value::Symbol(name))
}

/// `target,:y` for tables and dictionaries; lists are appended to.
pub(crate) fn upsert_value(
    interpreter: &mut Interpreter,
    target: &mut Value,
    y: Value,
) -> QResult<()> {
    match target {
        list if list.is_list() && list.count() > 0 => append::append(interpreter, list, y),
        target => upsert_plain(target, y),
    }
}

/// As [`upsert_value`], lists excepted.
pub(crate) fn upsert_plain(target: &mut Value, y: Value) -> QResult<()> {
    match target {
        Value::Table(_) => add_rows(target, y, true),
        Value::Dict(dict) if dict.step => Err(QError::new("step")),
        Value::Dict(_) if target.is_keyed_table() => upsert_keyed(target, y),
        Value::Dict(dict) => {
            if let Value::Dict(more) = &y
                && dict.values.is_vector()
                && more.values.is_list()
                && more.values.count() > 0
                && more.values.type_number() != dict.values.type_number()
                && dict.values.count() > 0
            {
                return Err(QError::type_error());
            }
            if let Value::Dict(more) = &y
                && joins_in_place(dict, more)
            {
                return join_entries(Arc::make_mut(dict), more);
            }
            let old = target.clone();
            *target = q_kernels::binary(Binary::Join, old, y)?;
            Ok(())
        }
        _ => {
            let old = target.clone();
            *target = q_kernels::binary(Binary::Join, old, y)?;
            Ok(())
        }
    }
}

/// True of a table or keyed table with rows for it, and of a dictionary with entries of its types.
pub(crate) fn grows_in_place(target: &Value, y: &Value) -> bool {
    match (target, y) {
        (Value::Table(_), Value::Table(_) | Value::Dict(_)) => true,
        (Value::Dict(dict), _) if dict.step => false,
        (Value::Dict(_), Value::Table(_) | Value::Dict(_)) if target.is_keyed_table() => true,
        (Value::Dict(dict), Value::Dict(more)) => joins_in_place(dict, more),
        _ => false,
    }
}

/// True when entries can be added without looking at types again: vectors of keys without repeats, and values of one type.
fn joins_in_place(dict: &Dict, more: &Dict) -> bool {
    let alike = |x: &Value, y: &Value| x.is_vector() && x.type_number() == y.type_number();
    let values_fit = alike(&dict.values, &more.values)
        || matches!((&dict.values, &more.values), (Value::List(x), Value::List(_)) if !x.is_empty());
    alike(&dict.keys, &more.keys)
        && values_fit
        && q_kernels::unary(Unary::Distinct, more.keys.clone())
            .is_ok_and(|distinct| distinct.count() == more.keys.count())
}

/// `dict,:more` where [`joins_in_place`]: values of keys that are there are replaced, other entries go to the end.
fn join_entries(dict: &mut Dict, more: &Dict) -> QResult<()> {
    let count = dict.keys.count() as i64;
    let found = q_kernels::binary(Binary::Query, dict.keys.clone(), more.keys.clone())?;
    let found = index::as_longs(&found).ok_or_else(QError::type_error)?;
    for (row, at) in found.iter().enumerate() {
        let Some(value) = more.values.item(row) else {
            continue;
        };
        if *at < count {
            crate::amend::set_item(&mut dict.values, *at as usize, value)?;
        } else if let Some(key) = more.keys.item(row) {
            append::push(&mut dict.keys, key);
            append::push(&mut dict.values, value);
        }
    }
    Ok(())
}

/// Adds rows to a table. A list is one row when it holds atoms; else columns, or (for upsert) rows where they fit.
fn add_rows(target: &mut Value, y: Value, rows_first: bool) -> QResult<()> {
    let Value::Table(table) = &*target else {
        return Err(QError::type_error());
    };
    match &y {
        Value::Table(more) => {
            let columns = aligned(table, more)?;
            append::append_columns(target, &columns)
        }
        Value::Dict(dict) if y.is_keyed_table() => {
            let flat = crate::query::select::flatten(&Value::Dict(Arc::clone(dict)))?;
            let columns = aligned(table, &flat.table)?;
            append::append_columns(target, &columns)
        }
        Value::Dict(_) => append::append_row(target, &y),
        list if list.is_list() => {
            if list.count() == 0 {
                return Ok(());
            }
            let items = list.items();
            if rows_first
                && items.iter().all(|item| fits_as_row(table, item))
                && !fits_as_row(table, list)
            {
                for item in &items {
                    append::append_row(target, item)?;
                }
                return Ok(());
            }
            let nested = |column: &Value| matches!(column, Value::List(_));
            let many = items
                .iter()
                .zip(&table.columns)
                .any(|(item, column)| item.is_list() && !nested(column))
                || !items.is_empty()
                    && items.iter().all(Value::is_list)
                    && table.columns.iter().all(|column| column.count() == 0);
            if many && items.len() == table.columns.len() {
                append::append_columns(target, &items)
            } else if !rows_first && items.iter().any(Value::is_atom) {
                let row = items.into_iter().map(unwrapped).collect();
                append::append_row(target, &Value::list(row))
            } else {
                append::append_row(target, list)
            }
        }
        atom => append::append_row(target, atom),
    }
}

/// A cell of an inserted row: a list of one list is a nested column of one row (`kb/faq`; the log tables of
/// `wp/permissions`).
fn unwrapped(cell: Value) -> Value {
    match &cell {
        Value::List(items) => match items.as_slice() {
            [only] if only.is_list() => only.clone(),
            _ => cell,
        },
        _ => cell,
    }
}

/// True when a list or dictionary can be appended as one row.
fn fits_as_row(table: &Table, row: &Value) -> bool {
    match row {
        Value::Dict(_) => true,
        row if row.is_list() => {
            row.count() == table.columns.len()
                && table.columns.iter().enumerate().all(|(at, column)| {
                    row.item(at).is_some_and(|cell| match column {
                        Value::List(items) => {
                            items.is_empty() && cell.is_atom()
                                || !items.is_empty() && !cell.is_atom()
                        }
                        column => append::accepts(column, &cell),
                    })
                })
        }
        _ => false,
    }
}

/// The columns of `more` in the order of `table`; all must be there under the same names.
fn aligned(table: &Table, more: &Table) -> QResult<Vec<Value>> {
    if more.names.iter().any(|name| table.column(*name).is_none()) {
        return Err(QError::mismatch());
    }
    let count = more.row_count();
    table
        .names
        .iter()
        .zip(&table.columns)
        .map(|(name, column)| match more.column(*name) {
            Some(column) => Ok(column.clone()),
            None => Ok(crate::amend::nulls_like(column, count)),
        })
        .collect()
}

/// Rows for a keyed table as one flat table, keys first.
fn rows_of(keys: &Table, values: &Table, y: Value, rows_first: bool) -> QResult<Table> {
    let names: Vector<Symbol> = keys
        .names
        .iter()
        .chain(values.names.iter())
        .copied()
        .collect();
    match &y {
        Value::Table(_) => {}
        Value::Dict(_) if y.is_keyed_table() => {
            let flat = crate::query::select::flatten(&y)?;
            return rows_of(keys, values, Value::Table(flat.table), rows_first);
        }
        // a row that leaves columns out leaves them as they are, as such a table does
        Value::Dict(row) if row.keys.count() < names.len() && names_columns(&row.keys) => {
            let row = Value::from_items(vec![y]);
            return match row {
                Value::Table(_) => rows_of(keys, values, row, rows_first),
                _ => Err(QError::type_error()),
            };
        }
        _ => {
            // through an empty table of the same columns, which sorts out rows and columns
            let columns = keys
                .columns
                .iter()
                .chain(&values.columns)
                .map(|column| index::gather_rows(column, &[]))
                .collect();
            let mut empty = Value::table(names, columns);
            add_rows(&mut empty, y, rows_first)?;
            return match empty {
                Value::Table(table) => Ok(Arc::unwrap_or_clone(table)),
                _ => Err(QError::type_error()),
            };
        }
    }
    let Value::Table(table) = y else {
        return Err(QError::type_error());
    };
    if keys.names.iter().any(|name| table.column(*name).is_none())
        || table.names.iter().any(|name| !names.contains(name))
    {
        return Err(QError::mismatch());
    }
    let present: Vector<Symbol> = names
        .iter()
        .copied()
        .filter(|name| table.column(*name).is_some())
        .collect();
    let columns = present
        .iter()
        .filter_map(|name| {
            let target = keys.column(*name).or_else(|| values.column(*name))?;
            Some(append::narrowed(target, table.column(*name)?.clone()))
        })
        .collect();
    Ok(Table::new(present, columns))
}

fn names_columns(keys: &Value) -> bool {
    matches!(keys, Value::Symbols(names) if !names.is_empty())
}

fn split_rows(rows: &Table, key_count: usize) -> (Value, Value) {
    let keys = Value::table(
        rows.names[..key_count].to_vec().into(),
        rows.columns[..key_count].to_vec(),
    );
    let values = Value::table(
        rows.names[key_count..].to_vec().into(),
        rows.columns[key_count..].to_vec(),
    );
    (keys, values)
}

/// Rows whose key is there overwrite, the others are added; the last of several with one key wins.
fn upsert_keyed(target: &mut Value, y: Value) -> QResult<()> {
    let Value::Dict(shared) = target else {
        return Err(QError::type_error());
    };
    let (Value::Table(keys), Value::Table(values)) = (&shared.keys, &shared.values) else {
        return Err(QError::type_error());
    };
    let rows = rows_of(keys, values, y, true)?;
    let key_count = keys.columns.len();
    let (new_keys, new_values) = split_rows(&rows, key_count);
    let count = keys.row_count() as i64;
    let found = q_kernels::binary(Binary::Query, shared.keys.clone(), new_keys.clone())?;
    let found = index::as_longs(&found).ok_or_else(QError::type_error)?;
    let missing: Vec<i64> = found
        .iter()
        .zip(0i64..)
        .filter(|(at, _)| **at >= count)
        .map(|(_, row)| row)
        .collect();
    let missing_keys = index::gather_rows(&new_keys, &missing);
    let added = q_kernels::unary(Unary::Distinct, missing_keys.clone())?;
    let places = if missing.is_empty() {
        Vector::default()
    } else {
        let places = q_kernels::binary(Binary::Query, added.clone(), missing_keys)?;
        index::as_longs(&places).ok_or_else(QError::type_error)?
    };
    // where each new row goes, once the new keys stand at the end
    let mut targets = found.to_vec();
    for (row, place) in missing.iter().zip(places.iter()) {
        targets[*row as usize] = count + place;
    }
    check_rows(&shared.keys, &added)?;
    check_rows(&shared.values, &new_values)?;
    let Value::Table(new_values) = &new_values else {
        return Err(QError::type_error());
    };
    write_rows(Arc::make_mut(shared), added, &targets, new_values)
}

fn write_rows(
    dict: &mut q_value::Dict,
    added: Value,
    targets: &[i64],
    new_values: &Table,
) -> QResult<()> {
    let added_count = added.count();
    if added_count > 0 {
        add_rows(&mut dict.keys, added, false)?;
        let Value::Table(values) = &mut dict.values else {
            return Err(QError::type_error());
        };
        let values = Arc::make_mut(values);
        for (name, column) in values.names.to_vec().iter().zip(values.columns.iter_mut()) {
            match new_values.column(*name) {
                // an empty untyped column takes the type of what comes
                Some(more) if matches!(column, Value::List(items) if items.is_empty()) => {
                    *column = crate::amend::nulls_like(more, added_count);
                }
                _ => {
                    let nulls = crate::amend::nulls_like(column, added_count);
                    append::append_list(column, nulls.clone()).or_else(|_| {
                        let old = column.clone();
                        q_kernels::binary(Binary::Join, old, nulls).map(|joined| *column = joined)
                    })?;
                }
            }
        }
    }
    for (name, column) in new_values.names.iter().zip(&new_values.columns) {
        let path = [Value::Symbol(*name), Value::Longs(targets.to_vec().into())];
        crate::amend::assign(
            &mut dict.values,
            &path,
            column.clone(),
            crate::amend::Bounds::Length,
        )?;
    }
    Ok(())
}
