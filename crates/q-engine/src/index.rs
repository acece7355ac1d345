//! Reading items: `x i`, `x[i;j]`, of lists, dictionaries, tables and keyed tables.
//!
//! Reading beyond the end gives a null, never an error (`semantics.md` 76); the shape of the index is the shape of the
//! result (78).

use std::sync::Arc;

use q_value::{
    Attribute, Binary, Dict, Element, EnumAtom, QError, QResult, Symbol, Table, Value, Vector,
};

/// What reading beyond the end of `list` gives: the null of its type; of a general list the null of its first item.
pub(crate) fn missing_item(list: &Value) -> Value {
    match list {
        Value::List(items) => items.first().map_or_else(Value::empty_list, null_like),
        Value::Enums(vector) => Value::Enum(Arc::new(EnumAtom {
            domain: vector.domain,
            index: i64::null(),
        })),
        Value::Table(table) => Value::dict(
            Value::Symbols(table.names.clone()),
            Value::from_items(table.columns.iter().map(missing_item).collect()),
        ),
        Value::Dict(dict) => missing_item(&dict.values),
        list => list.basic_type().map_or(Value::Identity, Value::null_of),
    }
}

/// The null that stands for a missing value where `item` stands elsewhere.
fn null_like(item: &Value) -> Value {
    match item {
        Value::List(_) => Value::empty_list(),
        Value::Enums(vector) => Value::enums(vector.domain, Vector::default()),
        Value::Enum(atom) => Value::Enum(Arc::new(EnumAtom {
            domain: atom.domain,
            index: i64::null(),
        })),
        Value::Dict(dict) => Value::dict(dict.keys.clone(), null_values(&dict.values)),
        Value::Table(table) => Value::table(
            table.names.clone(),
            table
                .columns
                .iter()
                .map(|column| gather_longs(column, &[]))
                .collect(),
        ),
        item if item.is_function() => Value::Identity,
        item => match item.basic_type() {
            Some(ty) if item.is_atom() => Value::null_of(ty),
            Some(ty) => Value::empty_of(ty),
            None => Value::Identity,
        },
    }
}

/// As many nulls as `values` has items, of its type.
fn null_values(values: &Value) -> Value {
    gather_longs(values, &vec![i64::null(); values.count()])
}

fn gather_items<T: Element>(items: &[T], indices: &[i64], null: &T) -> Vector<T> {
    indices
        .iter()
        .map(|index| {
            usize::try_from(*index)
                .ok()
                .and_then(|at| items.get(at))
                .unwrap_or(null)
                .clone()
        })
        .collect()
}

/// The items (or rows) at these positions; nulls where there is none.
pub(crate) fn gather_longs(list: &Value, indices: &[i64]) -> Value {
    macro_rules! plain {
        ($($variant:ident)*) => {
            match list {
                $(Value::$variant(v) => Value::$variant(gather_items(v, indices, &Element::null())),)*
                Value::Chars(v) => Value::Chars(gather_items(v, indices, &b' ')),
                Value::Enums(v) => Value::enums(v.domain, gather_items(&v.indices, indices, &i64::null())),
                Value::List(v) => {
                    let gathered = gather_items(v, indices, &missing_item(list));
                    if gathered.is_empty() && !v.is_empty() { Value::empty_list() } else { Value::from_items(gathered.into_vec()) }
                }
                Value::Table(table) => Value::Table(Arc::new(Table {
                    names: table.names.clone(),
                    columns: table.columns.iter().map(|column| gather_longs(column, indices)).collect(),
                    sorted: false,
                })),
                Value::Dict(dict) => Value::dict(gather_longs(&dict.keys, indices), gather_longs(&dict.values, indices)),
                other => other.clone(),
            }
        };
    }
    plain!(Booleans Guids Bytes Shorts Ints Longs Reals Floats Symbols Timestamps Months Dates Datetimes Timespans Minutes
        Seconds Times)
}

/// Keeps the shape of gathered general lists: a column of strings stays a list although it has one row only.
pub(crate) fn gather_rows(list: &Value, indices: &[i64]) -> Value {
    match list {
        Value::List(v) => Value::List(gather_items(v, indices, &missing_item(list))),
        Value::Table(table) => Value::Table(Arc::new(Table {
            names: table.names.clone(),
            columns: table
                .columns
                .iter()
                .map(|column| gather_rows(column, indices))
                .collect(),
            sorted: false,
        })),
        list => gather_longs(list, indices),
    }
}

/// Integer indices of a vector of any integer type, widened.
pub(crate) fn as_longs(index: &Value) -> Option<Vector<i64>> {
    Some(match index {
        Value::Longs(v) => v.clone(),
        Value::Ints(v) => v
            .iter()
            .map(|x| {
                if x.is_null() {
                    i64::null()
                } else {
                    i64::from(*x)
                }
            })
            .collect(),
        Value::Shorts(v) => v
            .iter()
            .map(|x| {
                if x.is_null() {
                    i64::null()
                } else {
                    i64::from(*x)
                }
            })
            .collect(),
        Value::Booleans(v) => v.iter().map(|x| i64::from(*x)).collect(),
        Value::Bytes(v) => v.iter().map(|x| i64::from(*x)).collect(),
        _ => return None,
    })
}

/// `x` at one index `i`, whatever both are; functions are not applied here (`'type`).
pub(crate) fn index(x: &Value, i: &Value) -> QResult<Value> {
    if matches!(i, Value::Identity | Value::Elided) {
        return Ok(x.clone());
    }
    match x {
        Value::Dict(dict) => index_dict(dict, i),
        Value::Table(table) => index_table(x, table, i),
        list if list.is_list() => index_list(list, i),
        _ => Err(QError::type_error()),
    }
}

fn index_list(list: &Value, i: &Value) -> QResult<Value> {
    if let Some(at) = i.as_i64() {
        return Ok(usize::try_from(at)
            .ok()
            .and_then(|at| list.item(at))
            .unwrap_or_else(|| missing_item(list)));
    }
    if let Some(indices) = as_longs(i) {
        return Ok(gather_sorted(list, i, &indices));
    }
    match i {
        Value::List(items) => map_items(items, |item| index_list(list, item)),
        Value::Dict(dict) => Ok(Value::dict(dict.keys.clone(), index(list, &dict.values)?)),
        Value::Table(table) => {
            let columns: QResult<Vec<Value>> = table
                .columns
                .iter()
                .map(|column| index(list, column))
                .collect();
            Ok(Value::table(table.names.clone(), columns?))
        }
        // a list of tables or dictionaries is indexed item by item with symbols
        _ => Err(QError::type_error()),
    }
}

/// Gathers, keeping `s#` of an ascending list read by an ascending index, which needs no check.
fn gather_sorted(list: &Value, i: &Value, indices: &[i64]) -> Value {
    let result = gather_longs(list, indices);
    if list.attribute() == Attribute::Sorted
        && i.attribute() == Attribute::Sorted
        && list.is_vector()
    {
        return result.with_attribute(Attribute::Sorted);
    }
    result
}

fn index_table(whole: &Value, table: &Table, i: &Value) -> QResult<Value> {
    match i {
        Value::Symbol(name) => table.column(*name).cloned().ok_or_else(QError::type_error),
        Value::Symbols(names) => {
            let columns: Option<Vec<Value>> = names
                .iter()
                .map(|name| table.column(*name).cloned())
                .collect();
            columns.map(Value::list).ok_or_else(QError::type_error)
        }
        Value::List(items) => map_items(items, |item| index_table(whole, table, item)),
        i => {
            if let Some(at) = i.as_i64() {
                return Ok(usize::try_from(at)
                    .ok()
                    .and_then(|at| whole.item(at))
                    .unwrap_or_else(|| missing_item(whole)));
            }
            match (as_longs(i), i) {
                (Some(indices), _) => Ok(gather_rows(whole, &indices)),
                (None, Value::Dict(dict)) => {
                    Ok(Value::dict(dict.keys.clone(), index(whole, &dict.values)?))
                }
                _ => Err(QError::type_error()),
            }
        }
    }
}

/// Positions of `i` among the keys, or the number of keys where there is none.
fn positions(dict: &Dict, i: &Value) -> QResult<Value> {
    if dict.step {
        let keys = single_column(&dict.keys);
        return q_kernels::binary(Binary::Bin, keys, i.clone());
    }
    if let (Value::Symbols(keys), Value::Symbol(name)) = (&dict.keys, i) {
        let at = keys.iter().position(|key| key == name);
        return Ok(Value::Long(at.unwrap_or(keys.len()) as i64));
    }
    q_kernels::binary(Binary::Query, dict.keys.clone(), i.clone())
}

/// The only column of a one-column table; anything else as it is.
fn single_column(keys: &Value) -> Value {
    match keys {
        Value::Table(table) if table.columns.len() == 1 => table.columns[0].clone(),
        other => other.clone(),
    }
}

fn index_dict(dict: &Dict, i: &Value) -> QResult<Value> {
    if let Value::Table(keys) = &dict.keys {
        return index_keyed(dict, keys, i);
    }
    let found = positions(dict, i)?;
    index_values(&dict.values, &found)
}

/// Values at positions that may be lists of any shape.
fn index_values(values: &Value, found: &Value) -> QResult<Value> {
    match found {
        Value::Long(at) => Ok(usize::try_from(*at)
            .ok()
            .and_then(|at| values.item(at))
            .unwrap_or_else(|| missing_item(values))),
        Value::Longs(found) => Ok(match values {
            Value::Table(_) => gather_rows(values, found),
            _ => gather_longs(values, found),
        }),
        found => index(values, found),
    }
}

fn index_keyed(dict: &Dict, keys: &Table, i: &Value) -> QResult<Value> {
    let key_count = keys.columns.len();
    let row_of_keys = |row: Value| Value::dict(Value::Symbols(keys.names.clone()), row);
    let wanted = match i {
        Value::Table(_) => i.clone(),
        Value::Dict(_) => i.clone(),
        // an atom, or one row of several keys
        i if key_count == 1 && i.is_atom() => row_of_keys(i.clone().enlist()),
        Value::List(items)
            if items.iter().all(|item| !item.is_atom())
                && items.iter().all(|item| item.count() == key_count) =>
        {
            // a list of rows of keys
            let rows: Vec<Value> = items.iter().map(|item| row_of_keys(item.clone())).collect();
            let found: QResult<Vec<Value>> = rows
                .iter()
                .map(|row| index_keyed(dict, keys, row))
                .collect();
            return Ok(Value::from_items(found?));
        }
        i if key_count == 1 && i.count() != 1 && i.is_list() => {
            let found = q_kernels::binary(Binary::Query, keys.columns[0].clone(), i.clone())?;
            return index_values(&dict.values, &found);
        }
        i if i.is_list() && i.count() == key_count => row_of_keys(i.clone()),
        i if i.is_list() => return Err(QError::length()),
        _ => return Err(QError::type_error()),
    };
    if dict.step {
        return index_step(dict, keys, &wanted);
    }
    let found = q_kernels::binary(Binary::Query, dict.keys.clone(), wanted)?;
    index_values(&dict.values, &found)
}

/// Look-up in a keyed table with `s#`: equal on all but the last key, the last row not above on that one.
fn index_step(dict: &Dict, keys: &Table, wanted: &Value) -> QResult<Value> {
    let cells = match wanted {
        Value::Dict(row) => row.values.items(),
        Value::Table(rows) => {
            let found: QResult<Vec<Value>> = (0..rows.row_count())
                .filter_map(|at| wanted.item(at))
                .map(|row| index_step(dict, keys, &row))
                .collect();
            return Ok(Value::from_items(found?));
        }
        _ => return Err(QError::type_error()),
    };
    let mut rows: Vec<i64> = (0..keys.row_count() as i64).collect();
    for (at, (column, cell)) in keys.columns.iter().zip(&cells).enumerate() {
        let part = gather_longs(column, &rows);
        if at + 1 == keys.columns.len() {
            let found = q_kernels::binary(Binary::Bin, part, cell.clone())?;
            let row = match found.as_i64() {
                Some(found) if found >= 0 => rows[found as usize],
                _ => i64::null(),
            };
            return index_values(&dict.values, &Value::Long(row));
        }
        let equal = q_kernels::binary(Binary::Equal, part, cell.clone())?;
        let Value::Booleans(equal) = equal else {
            return Err(QError::type_error());
        };
        rows = rows
            .iter()
            .zip(equal.iter())
            .filter(|(_, equal)| **equal)
            .map(|(row, _)| *row)
            .collect();
    }
    Err(QError::length())
}

/// Applies a reading to each item and collapses the result.
fn map_items(items: &[Value], read: impl Fn(&Value) -> QResult<Value>) -> QResult<Value> {
    let results: QResult<Vec<Value>> = items.iter().map(read).collect();
    Ok(Value::from_items(results?))
}

/// `x[i;j;..]`: each index goes one level deeper; a list index goes through its items, an elided one through all.
pub(crate) fn index_deep(x: &Value, path: &[Value]) -> QResult<Value> {
    match path {
        [] => Ok(x.clone()),
        [i] => index(x, i),
        [i, rest @ ..] => {
            if let Value::Table(table) = x {
                return index_table_deep(x, table, i, rest);
            }
            if matches!(i, Value::Identity | Value::Elided) {
                return match x {
                    Value::Dict(dict) => {
                        let values = index_each(&dict.values.items(), rest)?;
                        Ok(Value::dict(dict.keys.clone(), values))
                    }
                    x => index_each(&x.items(), rest),
                };
            }
            if let (Value::Dict(_), Value::Table(_)) = (x, i) {
                // a table of keys finds a table of rows, whose rows the rest indexes
                return index_each(&index(x, i)?.items(), rest);
            }
            let is_many = match x {
                Value::Dict(dict) if dict.keys.type_number() == 0 => false,
                _ => i.is_list(),
            };
            if is_many {
                let parts: QResult<Vec<Value>> = (0..i.count())
                    .filter_map(|at| i.item(at))
                    .map(|one| index_deep(&index(x, &one)?, rest))
                    .collect();
                return Ok(Value::from_items(parts?));
            }
            index_deep(&index(x, i)?, rest)
        }
    }
}

fn index_each(items: &[Value], rest: &[Value]) -> QResult<Value> {
    let parts: QResult<Vec<Value>> = items.iter().map(|item| index_deep(item, rest)).collect();
    Ok(Value::from_items(parts?))
}

/// `t[rows;columns;..]`.
fn index_table_deep(whole: &Value, table: &Table, i: &Value, rest: &[Value]) -> QResult<Value> {
    if matches!(i, Value::Symbol(_) | Value::Symbols(_)) {
        return index_deep(&index(whole, i)?, rest);
    }
    match &rest[0] {
        Value::Symbol(name) => {
            let column = table.column(*name).ok_or_else(QError::type_error)?;
            let cells = index(column, i)?;
            index_deep(&cells, &rest[1..])
        }
        Value::Symbols(names) => {
            let rows = i.is_atom();
            let mut parts = Vec::with_capacity(names.len());
            for name in names.iter() {
                parts.push(index(
                    table.column(*name).ok_or_else(QError::type_error)?,
                    i,
                )?);
            }
            if rows {
                return Ok(Value::from_items(parts));
            }
            q_kernels::unary(q_value::Unary::Flip, Value::list(parts))
        }
        _ => index_deep(&index(whole, i)?, rest),
    }
}

/// The value of a dictionary under a symbol key, when it has it.
pub(crate) fn dict_entry(dict: &Dict, name: Symbol) -> Option<Value> {
    match &dict.keys {
        Value::Symbols(keys) => dict.values.item(keys.iter().position(|key| *key == name)?),
        Value::List(keys) => dict.values.item(
            keys.iter()
                .position(|key| matches!(key, Value::Symbol(key) if *key == name))?,
        ),
        _ => None,
    }
}
