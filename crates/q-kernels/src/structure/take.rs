//! `#`: take, reshape, keys of a dictionary, columns of a table, attributes.

use q_value::{Dict, QError, QResult, Symbol, Table, Value, Vector};

use crate::{gather, interrupt, search};

/// Longer lists are `'limit`, as in kdb+.
const COUNT_MAX: i64 = (1 << 40) - 1;

/// `x#y`.
///
/// # Errors
/// `'type` for a left side that is no integer, symbol or key table; `'domain` for shapes with negative or inner zero
/// or more than one free length; `'limit`; those of setting an attribute.
pub fn take(x: Value, y: Value) -> QResult<Value> {
    match (&x, &y) {
        (Value::Symbol(name), _) => super::attribute::set(*name, y),
        (Value::Symbols(names), Value::Table(table)) => columns(names, table),
        (Value::Table(keys), Value::Dict(dict)) if matches!(dict.keys, Value::Table(_)) => {
            keyed_rows(keys, dict)
        }
        (x, Value::Dict(dict)) if x.is_list() => keys_of(x, dict),
        (Value::Table(_), _) => Err(QError::type_error()),
        (x, _) if x.is_atom() => match x.as_i64() {
            Some(count) => take_count(count, y),
            None => Err(QError::type_error()),
        },
        (x, _) => match lengths(x) {
            Some(lengths) => reshape(&lengths, y),
            None => Err(QError::type_error()),
        },
    }
}

/// Integers of a list as they are; `None` when it holds anything else.
pub(crate) fn lengths(x: &Value) -> Option<Vec<i64>> {
    if !x.is_list() {
        return None;
    }
    match x {
        Value::Longs(v) => Some(v.to_vec()),
        x => x.items().iter().map(Value::as_i64).collect(),
    }
}

/// `` `a`b#t ``
fn columns(names: &Vector<Symbol>, table: &Table) -> QResult<Value> {
    if names.is_empty() {
        return Err(QError::type_error());
    }
    let columns: QResult<Vec<Value>> = names
        .iter()
        .map(|name| {
            table
                .column(*name)
                .cloned()
                .ok_or_else(|| QError::signal(name.as_bytes()))
        })
        .collect();
    Ok(Value::table(
        names.clone().with_attribute(q_value::Attribute::None),
        columns?,
    ))
}

/// `keys#dict`: these entries; a key that is not there has a null.
fn keys_of(keys: &Value, dict: &Dict) -> QResult<Value> {
    if let (Value::Table(table), Value::Symbols(_)) = (&dict.keys, keys)
        && table.columns.len() != 1
    {
        return Err(QError::length());
    }
    let of = match &dict.keys {
        Value::Table(table) => table.columns[0].clone(),
        of => of.clone(),
    };
    let positions = search::positions(&of, keys)?;
    let rows = |value: &Value| gather::at_keeping_lists(value, &positions);
    let names = match &dict.keys {
        Value::Table(_) => rows(&dict.keys),
        _ => keys.clone().with_attribute(q_value::Attribute::None),
    };
    Ok(Value::dict(names, rows(&dict.values)))
}

/// `([]k:..)#kt`: the entries of these keys that are there.
fn keyed_rows(keys: &Table, dict: &Dict) -> QResult<Value> {
    let wanted = Value::table(keys.names.clone(), keys.columns.clone());
    let count = dict.keys.count();
    let positions: Vec<usize> = search::positions(&dict.keys, &wanted)?
        .into_iter()
        .filter(|at| *at < count)
        .collect();
    Ok(gather::entries(dict, &positions))
}

/// `n#y`: the first or last `n`, over and over when there are not enough, nulls when there are none.
pub(crate) fn take_count(count: i64, y: Value) -> QResult<Value> {
    let wanted = count.unsigned_abs();
    if count == i64::MIN || wanted > COUNT_MAX as u64 {
        return Err(QError::limit());
    }
    let wanted = wanted as usize;
    if !gather::is_collection(&y) {
        return Ok(repeated(&y, wanted));
    }
    let have = y.count();
    if wanted <= have && have > 0 {
        let start = if count < 0 { have - wanted } else { 0 };
        if wanted == have {
            return Ok(y.with_attribute(q_value::Attribute::None));
        }
        return Ok(gather::slice(&y, start, wanted));
    }
    let offset = if count < 0 && have > 0 {
        (have - wanted % have) % have
    } else {
        0
    };
    Ok(cyclic(&y, offset, wanted))
}

fn repeated(atom: &Value, count: usize) -> Value {
    if count == 0 {
        return match atom.basic_type() {
            Some(_) => gather::slice(&atom.clone().enlist(), 0, 0),
            None => Value::empty_list(),
        };
    }
    let one = match atom {
        Value::Dict(_) => return Value::from_items(vec![atom.clone(); count]),
        atom => atom.clone().enlist(),
    };
    super::pairs::map_vector!(
        one,
        v => copies(&v, count),
        else _other => Value::list(vec![atom.clone(); count])
    )
}

fn copies<T: Clone>(one: &[T], count: usize) -> Vector<T> {
    interrupt::expect_room(count.saturating_mul(size_of::<T>()));
    let items: Vec<T> = one
        .first()
        .map_or_else(Vec::new, |item| vec![item.clone(); count]);
    items.into()
}

/// `count` items from `offset` on, around the end.
fn cyclic(y: &Value, offset: usize, count: usize) -> Value {
    fn around<T: Clone>(v: Vector<T>, offset: usize, count: usize) -> Vector<T> {
        interrupt::expect_room(count.saturating_mul(size_of::<T>()));
        let mut items = Vec::with_capacity(count);
        let first = &v[offset..];
        items.extend_from_slice(&first[..first.len().min(count)]);
        while items.len() < count {
            let more = v.len().min(count - items.len());
            items.extend_from_slice(&v[..more]);
        }
        items.into()
    }
    let have = y.count();
    if have > 0 && y.is_vector() {
        return super::pairs::map_vector!(y.clone(), v => around(v, offset, count), else other => other);
    }
    crate::interrupt::expect_room(count.saturating_mul(size_of::<usize>() + size_of::<Value>()));
    let positions: Vec<usize> = if have == 0 {
        vec![usize::MAX; count]
    } else {
        let mut at = offset;
        (0..count)
            .map(|_| {
                let here = at;
                at = if at + 1 == have { 0 } else { at + 1 };
                here
            })
            .collect()
    };
    match y {
        Value::Dict(dict) => gather::entries(dict, &positions),
        y => gather::at(y, &positions),
    }
}

/// `2 3#y`.
fn reshape(lengths: &[i64], y: Value) -> QResult<Value> {
    match lengths {
        [] => return Ok(gather::slice(&super::as_collection(y), 0, 0)),
        [count] => return take_count(*count, y),
        [rows, columns] if *rows == i64::MIN || *columns == i64::MIN => {
            return free_length(*rows, *columns, y);
        }
        _ => {}
    }
    let (last, outer) = lengths.split_last().unwrap_or((&0, &[]));
    if lengths.iter().any(|length| *length < 0) || outer.contains(&0) {
        return Err(QError::domain());
    }
    let total = lengths
        .iter()
        .try_fold(1i64, |total, length| total.checked_mul(*length))
        .filter(|total| *total <= COUNT_MAX)
        .ok_or_else(QError::limit)?;
    let flat = take_count(total, y)?;
    let mut next = 0;
    Ok(nested(&flat, outer, *last as usize, &mut next))
}

fn nested(flat: &Value, outer: &[i64], last: usize, next: &mut usize) -> Value {
    let Some((length, inner)) = outer.split_first() else {
        let row = gather::slice(flat, *next, last);
        *next += last;
        return row;
    };
    let parts = (0..*length)
        .map(|_| nested(flat, inner, last, next))
        .collect();
    Value::list(parts)
}

/// `0N 3#y`: rows of three; `3 0N#y`: three rows of about the same length.
fn free_length(rows: i64, columns: i64, y: Value) -> QResult<Value> {
    let y = super::as_collection(y);
    let have = y.count();
    match (rows, columns) {
        (i64::MIN, columns) if columns > 0 => Ok(pieces(&y, columns as usize)),
        (rows, i64::MIN) if rows > 0 => {
            let rows = rows as usize;
            let start = |row: usize| row * have / rows;
            let parts = (0..rows)
                .map(|row| gather::slice(&y, start(row), start(row + 1) - start(row)))
                .collect();
            Ok(Value::list(parts))
        }
        (0, i64::MIN) => Ok(Value::list(Vec::new())),
        _ => Err(QError::domain()),
    }
}

/// Pieces of `length`, the last one shorter.
pub(crate) fn pieces(y: &Value, length: usize) -> Value {
    let parts = (0..y.count())
        .step_by(length)
        .map(|start| gather::slice(y, start, length))
        .collect();
    Value::list(parts)
}
