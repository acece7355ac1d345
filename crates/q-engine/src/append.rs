//! Appending in place: `x,:y` on lists, dictionaries and tables, and rows added by `insert` and `upsert`.

use std::sync::Arc;

use q_kernels::convert::Convert;
use q_value::{
    Attribute, Binary, EnumVector, QError, QResult, Symbol, Table, Unary, Value, Vector, domain,
};

use crate::index;
use crate::interpreter::Interpreter;

/// `target,:y`. Onto a vector only items of its type go (`'type`); an empty general list takes the type of what comes.
pub(crate) fn append(interpreter: &mut Interpreter, target: &mut Value, y: Value) -> QResult<()> {
    match target {
        Value::Table(_) | Value::Dict(_) => crate::upsert::upsert_value(interpreter, target, y),
        Value::List(items) if !items.is_empty() => {
            // what is one level less deep than the list goes as an item (`ref/join`, "Append")
            let is_untyped_empty = matches!(&y, Value::List(more) if more.is_empty());
            let is_item = y.is_list() && !is_untyped_empty && depth(&items[0]) == depth(&y);
            if is_item {
                items.make_mut().push(y);
            } else if y.is_list() {
                items.make_mut().extend(y.items());
            } else {
                push(target, y);
            }
            Ok(())
        }
        list if list.is_vector() => append_list(list, y),
        _ => {
            let old = target.clone();
            *target = q_kernels::binary(Binary::Join, old, y)?;
            Ok(())
        }
    }
}

/// How deep a value is, told by its first items: 0 of an atom, 1 of a vector, 2 of a list of vectors.
fn depth(value: &Value) -> usize {
    match value {
        Value::List(items) => 1 + items.first().map_or(0, depth),
        value => usize::from(value.is_vector()),
    }
}

/// Longs as shorts or ints, where they join or overwrite such: a plain integer literal fits every integer column.
/// Everything else as it is. Nulls are kept.
///
/// Source: releases, changes in 3.0 (schemas written for ints go on working); TorQ writes plain longs to its int columns.
pub(crate) fn narrowed(list: &Value, value: Value) -> Value {
    match (list, value) {
        (Value::Ints(_), Value::Long(long)) => Value::Int(long.convert()),
        (Value::Shorts(_), Value::Long(long)) => Value::Short(long.convert()),
        (Value::Ints(_), Value::Longs(longs)) => {
            Value::Ints(longs.iter().map(|long| long.convert()).collect())
        }
        (Value::Shorts(_), Value::Longs(longs)) => {
            Value::Shorts(longs.iter().map(|long| long.convert()).collect())
        }
        (_, value) => value,
    }
}

/// A key as [`narrowed`] by the keys it is looked up in; the cells of a row by their columns.
pub(crate) fn narrowed_key(keys: &Value, key: &Value) -> Value {
    let (Value::Table(table), Value::Dict(row)) = (keys, key) else {
        return narrowed(keys, key.clone());
    };
    let cells = table
        .names
        .iter()
        .zip(&table.columns)
        .map(|(name, column)| {
            let cell = index::dict_entry(row, *name)?;
            Some(narrowed(column, cell))
        });
    match cells.collect::<Option<Vec<Value>>>() {
        Some(cells) => Value::dict(
            Value::Symbols(table.names.clone()),
            Value::from_items(cells),
        ),
        None => key.clone(),
    }
}

/// Appends an atom or a list to a vector, keeping an attribute that stays true.
pub(crate) fn append_list(target: &mut Value, y: Value) -> QResult<()> {
    let y = narrowed(target, y);
    if y.is_list() {
        if y.count() == 0 {
            return Ok(());
        }
        if y.type_number() == 0 {
            if y.items().iter().any(|item| !accepts(target, item)) {
                return Err(QError::type_error());
            }
            for item in y.items() {
                push(target, item);
            }
            return Ok(());
        }
        return extend(target, &y);
    }
    if !accepts(target, &y) {
        return Err(cast_or_type(target));
    }
    push(target, y);
    Ok(())
}

/// True when `value` may become an item of `list` without changing its type.
pub(crate) fn accepts(list: &Value, value: &Value) -> bool {
    match list {
        Value::List(_) => true,
        Value::Table(_) => matches!(value, Value::Dict(_)),
        Value::Enums(vector) => match value {
            Value::Enum(atom) => {
                atom.domain == vector.domain || enum_index(vector.domain, value).is_ok()
            }
            value => enum_index(vector.domain, value).is_ok(),
        },
        list => {
            list.type_number() == -value.type_number() && value.is_atom()
                || matches!(
                    (list, value),
                    (Value::Symbols(_), Value::Enum(_))
                        | (Value::Ints(_) | Value::Shorts(_), Value::Long(_))
                )
        }
    }
}

/// Index of a symbol (or other item) in the domain of an enumeration; `'cast` when it is not there.
pub(crate) fn enum_index(name: Symbol, value: &Value) -> QResult<i64> {
    if let Value::Enum(atom) = value
        && atom.domain == name
    {
        return Ok(atom.index);
    }
    let plain = plain_item(value);
    let found = match domain::lookup(name) {
        Some(domain) => crate::amend::key_position(&domain_list(&domain), &plain)?,
        None => None,
    };
    match found {
        Some(at) => Ok(at as i64),
        None if plain.is_null_atom() => Ok(i64::MIN),
        None => Err(QError::cast()),
    }
}

/// The list an enumeration's indices point into: the list itself, or the key of a keyed table.
pub(crate) fn domain_list(domain: &Value) -> Value {
    match domain {
        Value::Dict(dict) => match &dict.keys {
            Value::Table(keys) if keys.columns.len() == 1 => keys.columns[0].clone(),
            keys => keys.clone(),
        },
        other => other.clone(),
    }
}

/// The symbol an enumerated atom stands for; other values as they are.
pub(crate) fn plain_item(value: &Value) -> Value {
    match value {
        Value::Enum(atom) => usize::try_from(atom.index)
            .ok()
            .and_then(|at| domain_list(&domain::lookup(atom.domain)?).item(at))
            .unwrap_or(Value::Symbol(Symbol::NULL)),
        other => other.clone(),
    }
}

/// True when a vector with `u#` stays without repeats as `more` goes to its end.
fn stays_unique(target: &Value, more: &Value) -> bool {
    if target.attribute() != Attribute::Unique {
        return false;
    }
    let count = target.count() as i64;
    match q_kernels::binary(Binary::Query, target.clone(), more.clone()) {
        Ok(Value::Long(at)) => at == count,
        Ok(Value::Longs(places)) => {
            places.iter().all(|at| *at == count)
                && q_kernels::unary(Unary::Distinct, more.clone())
                    .is_ok_and(|distinct| distinct.count() == more.count())
        }
        _ => false,
    }
}

/// Adds one item at the end; a vector that cannot hold it becomes a general list.
pub(crate) fn push(target: &mut Value, value: Value) {
    let value = narrowed(target, value);
    let unique = stays_unique(target, &value);
    macro_rules! push {
        ($($vector:ident $atom:ident)*) => {
            match (&mut *target, value) {
                $((Value::$vector(items), Value::$atom(value)) => push_item(items, value, unique, |a, b| a <= b),)*
                (Value::Floats(items), Value::Float(value)) => push_item(items, value, unique, |a, b| a.is_nan() || a <= b),
                (Value::Datetimes(items), Value::Datetime(value)) => push_item(items, value, unique, |a, b| a.is_nan() || a <= b),
                (Value::Reals(items), Value::Real(value)) => push_item(items, value, unique, |a, b| a.is_nan() || a <= b),
                (Value::Guids(items), Value::Guid(value)) => push_item(items, *value, unique, |a, b| a <= b),
                (Value::Symbols(items), value @ Value::Enum(_)) => {
                    if let Value::Symbol(symbol) = plain_item(&value) {
                        items.make_mut().push(symbol);
                    }
                }
                (Value::Enums(vector), value) if enum_index(vector.domain, &value).is_ok() => {
                    let index = enum_index(vector.domain, &value).unwrap_or(i64::MIN);
                    push_item(&mut Arc::make_mut(vector).indices, index, unique, |_, _| false);
                }
                (Value::List(items), value) if items.is_empty() => *target = value.enlist(),
                (Value::List(items), value) => items.make_mut().push(value),
                (Value::Table(_), value) => {
                    let _ = append_row(target, &value);
                }
                (target, value) => {
                    let mut items = target.items();
                    items.push(value);
                    *target = Value::list(items);
                }
            }
        };
    }
    push!(Booleans Boolean Bytes Byte Shorts Short Ints Int Longs Long Chars Char Symbols Symbol
        Timestamps Timestamp Months Month Dates Date Timespans Timespan Minutes Minute Seconds Second Times Time)
}

fn push_item<T: Clone + PartialEq>(
    items: &mut Vector<T>,
    value: T,
    unique: bool,
    in_order: impl Fn(&T, &T) -> bool,
) {
    let keeps = match items.attribute() {
        Attribute::None => true,
        Attribute::Sorted => items.last().is_none_or(|last| in_order(last, &value)),
        Attribute::Unique => unique,
        Attribute::Parted => false,
        Attribute::Grouped => true,
    };
    if keeps && items.attribute() != Attribute::None {
        grow(items, |items| items.push(value));
    } else {
        items.make_mut().push(value);
    }
}

/// Adds items to a vector that keeps its attribute, and the index that goes with it: rows the index does not cover yet are
/// scanned until they have become many.
fn grow<T: Clone>(items: &mut Vector<T>, add: impl FnOnce(&mut Vec<T>)) {
    let (inner, index) = items.make_mut_keeping_attribute();
    add(inner);
    if let Some(index) = index {
        items.set_index(index);
    }
}

/// Appends a vector of the same type; `'type` for any other.
fn extend(target: &mut Value, y: &Value) -> QResult<()> {
    let unique = stays_unique(target, y);
    macro_rules! extend {
        ($($vector:ident)*) => {
            match (&mut *target, y) {
                $((Value::$vector(items), Value::$vector(more)) => {
                    extend_items(items, more, unique, |a, b| a <= b);
                    Ok(())
                })*
                (Value::Enums(vector), y) => extend_enums(vector, y, unique),
                (Value::Symbols(_), Value::Enums(_)) => {
                    for item in y.items() {
                        push(target, item);
                    }
                    Ok(())
                }
                _ => Err(QError::type_error()),
            }
        };
    }
    extend!(Booleans Guids Bytes Shorts Ints Longs Reals Floats Chars Symbols Timestamps Months Dates Datetimes Timespans
        Minutes Seconds Times)
}

fn extend_items<T: Clone + PartialOrd>(
    items: &mut Vector<T>,
    more: &Vector<T>,
    unique: bool,
    in_order: impl Fn(&T, &T) -> bool,
) {
    let keeps = match items.attribute() {
        Attribute::None | Attribute::Parted => false,
        Attribute::Unique => unique,
        Attribute::Sorted => {
            more.windows(2).all(|pair| in_order(&pair[0], &pair[1]))
                && match (items.last(), more.first()) {
                    (Some(last), Some(first)) => in_order(last, first),
                    _ => true,
                }
        }
        Attribute::Grouped => true,
    };
    if keeps {
        grow(items, |items| items.extend_from_slice(more));
    } else {
        items.make_mut().extend_from_slice(more);
    }
}

fn extend_enums(vector: &mut Arc<EnumVector>, y: &Value, unique: bool) -> QResult<()> {
    let more: Vector<i64> = match y {
        Value::Enums(other) if other.domain == vector.domain => other.indices.clone(),
        y => y
            .items()
            .iter()
            .map(|item| enum_index(vector.domain, item))
            .collect::<QResult<Vec<i64>>>()?
            .into(),
    };
    extend_items(&mut Arc::make_mut(vector).indices, &more, unique, |_, _| {
        false
    });
    Ok(())
}

/// Adds one row, a dictionary or a list of cells, to a table. Columns the row does not have get nulls; an empty untyped
/// column takes the type of its first cell. Nothing is changed when a cell does not fit (`'type`, `'length`).
pub(crate) fn append_row(target: &mut Value, row: &Value) -> QResult<()> {
    let cells = fitting_cells(target, row)?;
    let Value::Table(shared) = target else {
        return Err(QError::type_error());
    };
    let table = Arc::make_mut(shared);
    table.sorted = false;
    for (column, cell) in table.columns.iter_mut().zip(cells) {
        push_cell(column, cell);
    }
    Ok(())
}

/// Errors as [`append_row`] would.
pub(crate) fn check_row(table: &Value, row: &Value) -> QResult<()> {
    fitting_cells(table, row).map(drop)
}

/// The cells of a row, when the columns of the table take them.
fn fitting_cells(table: &Value, row: &Value) -> QResult<Vec<Value>> {
    let Value::Table(table) = table else {
        return Err(QError::type_error());
    };
    let cells = row_cells(table, row)?;
    for (column, cell) in table.columns.iter().zip(&cells) {
        if !accepts(column, cell) {
            return Err(cast_or_type(column));
        }
    }
    Ok(cells)
}

/// Adds a cell to a column; a column of lists does not become a vector by its first row.
fn push_cell(column: &mut Value, cell: Value) {
    match column {
        Value::List(items) if items.is_empty() && !cell.is_atom() => items.make_mut().push(cell),
        column => push(column, cell),
    }
}

pub(crate) fn cast_or_type(column: &Value) -> QError {
    match column {
        Value::Enums(_) => QError::cast(),
        _ => QError::type_error(),
    }
}

/// The cells of a row in the order of the table's columns.
fn row_cells(table: &Table, row: &Value) -> QResult<Vec<Value>> {
    match row {
        Value::Dict(dict) => {
            if let Value::Symbols(names) = &dict.keys
                && names.iter().any(|name| table.column(*name).is_none())
            {
                return Err(QError::mismatch());
            }
            Ok(table
                .names
                .iter()
                .zip(&table.columns)
                .map(|(name, column)| {
                    index::dict_entry(dict, *name).unwrap_or_else(|| index::missing_item(column))
                })
                .collect())
        }
        row if row.is_list() => {
            if row.count() != table.columns.len() {
                return Err(QError::length());
            }
            Ok(row.items())
        }
        atom if table.columns.len() == 1 => Ok(vec![atom.clone()]),
        _ => Err(QError::type_error()),
    }
}

/// Adds the rows of columns given in order; all must fit before anything is changed.
pub(crate) fn append_columns(target: &mut Value, columns: &[Value]) -> QResult<()> {
    let Value::Table(shared) = target else {
        return Err(QError::type_error());
    };
    if columns.len() != shared.columns.len() {
        return Err(QError::length());
    }
    let rows = columns
        .iter()
        .find(|column| column.is_list())
        .map_or(1, Value::count);
    let columns: Vec<Value> = columns
        .iter()
        .map(|column| crate::amend::column_of(column.clone(), rows))
        .collect::<QResult<_>>()?;
    for (column, more) in shared.columns.iter().zip(&columns) {
        if !column_accepts(column, more) {
            return Err(cast_or_type(column));
        }
    }
    let table = Arc::make_mut(shared);
    table.sorted = false;
    for (column, more) in table.columns.iter_mut().zip(columns) {
        match column {
            Value::List(items) if items.is_empty() => *column = more,
            Value::List(items) => items.make_mut().extend(more.items()),
            column => append_list(column, more)?,
        }
    }
    Ok(())
}

pub(crate) fn column_accepts(column: &Value, more: &Value) -> bool {
    match column {
        Value::List(_) => true,
        Value::Enums(vector) => match more {
            Value::Enums(other) if other.domain == vector.domain => true,
            more => more.items().iter().all(|item| accepts(column, item)),
        },
        Value::Symbols(_) if matches!(more, Value::Enums(_)) => true,
        Value::Ints(_) | Value::Shorts(_) if matches!(more, Value::Longs(_)) => true,
        column if more.type_number() == 0 => more.items().iter().all(|item| accepts(column, item)),
        column => column.type_number() == more.type_number(),
    }
}
