//! `` `s#x `` and the other attributes: checked, then noted on the list.

use std::sync::Arc;

use q_value::{Attribute, Dict, QError, QResult, Symbol, Table, Value};

use crate::{group, order};

/// `` `a#x `` for `s`, `u`, `p`, `g` and the empty symbol, which removes what there is.
///
/// On a dictionary `s` makes a step function; on a table it marks it sorted and its first column parted.
///
/// # Errors
/// `'type` for another letter or something that cannot have it; `'s-fail`, `'u-fail` when it is not true of the data.
pub fn set(name: Symbol, x: Value) -> QResult<Value> {
    let attribute = Attribute::from_name(name.as_bytes()).ok_or_else(QError::type_error)?;
    match x {
        Value::Table(table) => set_table(attribute, table),
        Value::Dict(dict) => set_dict(attribute, dict),
        x if x.is_list() => set_list(attribute, x),
        // an atom has none; setting it is no error where it is trivially true
        x if x.is_atom() => Ok(x),
        _ => Err(QError::type_error()),
    }
}

fn set_list(attribute: Attribute, x: Value) -> QResult<Value> {
    if x.attribute() == attribute {
        return Ok(x);
    }
    match attribute {
        Attribute::None => {}
        Attribute::Sorted if !is_ascending(&x) => return Err(QError::new("s-fail")),
        Attribute::Unique if group::groups_of(&x)?.count != x.count() => {
            return Err(QError::new("u-fail"));
        }
        Attribute::Parted if !is_parted(&x)? => return Err(QError::new("u-fail")),
        _ => {}
    }
    Ok(x.with_attribute(attribute))
}

/// True when no item is below the one before it.
pub(crate) fn is_ascending(x: &Value) -> bool {
    fn sorted<T: PartialOrd>(items: &[T]) -> bool {
        items.windows(2).all(|pair| pair[0] <= pair[1])
    }
    fn sorted_floats(items: impl Iterator<Item = f64> + Clone) -> bool {
        items
            .clone()
            .zip(items.skip(1))
            .all(|(x, y)| order::floats(x, y).is_le())
    }
    match x {
        Value::Booleans(v) => sorted(v),
        Value::Guids(v) => sorted(v),
        Value::Bytes(v) | Value::Chars(v) => sorted(v),
        Value::Shorts(v) => sorted(v),
        Value::Ints(v)
        | Value::Months(v)
        | Value::Dates(v)
        | Value::Minutes(v)
        | Value::Seconds(v)
        | Value::Times(v) => sorted(v),
        Value::Longs(v) | Value::Timestamps(v) | Value::Timespans(v) => sorted(v),
        Value::Reals(v) => sorted_floats(v.iter().map(|x| f64::from(*x))),
        Value::Floats(v) | Value::Datetimes(v) => sorted_floats(v.iter().copied()),
        Value::Symbols(v) => sorted(v),
        x => {
            let items = crate::enumeration::resolve(x.clone()).items();
            items
                .windows(2)
                .all(|pair| order::compare(&pair[0], &pair[1]).is_le())
        }
    }
}

/// True when equal items stand together.
fn is_parted(x: &Value) -> QResult<bool> {
    let groups = group::groups_of(x)?;
    let changes = groups
        .ids
        .windows(2)
        .filter(|pair| pair[0] != pair[1])
        .count();
    Ok(groups.count == 0 || changes + 1 == groups.count)
}

fn set_table(attribute: Attribute, table: Arc<Table>) -> QResult<Value> {
    let mut table = Arc::unwrap_or_clone(table);
    match attribute {
        Attribute::None => table.sorted = false,
        Attribute::Sorted => {
            let rows = table.row_count();
            let groups = group::group_ids(&table.columns[..1])?;
            let first = std::mem::replace(&mut table.columns[0], Value::Identity);
            if !is_ascending(&first) {
                return Err(QError::new("s-fail"));
            }
            // the remaining columns ascend inside groups of the first one
            let mut ids = groups.ids;
            for column in &table.columns[1..] {
                let items = crate::enumeration::resolve(column.clone()).items();
                for row in 1..rows {
                    if ids[row] == ids[row - 1]
                        && order::compare(&items[row - 1], &items[row]).is_gt()
                    {
                        return Err(QError::new("s-fail"));
                    }
                }
                ids = group::group_ids(&[
                    Value::Longs(ids.iter().map(|x| i64::from(*x)).collect()),
                    column.clone(),
                ])?
                .ids;
            }
            let kind = if table.columns.len() == 1 && !matches!(first, Value::List(_)) {
                Attribute::Sorted
            } else {
                Attribute::Parted
            };
            table.columns[0] = first.with_attribute(kind);
            table.sorted = true;
        }
        _ => return Err(QError::type_error()),
    }
    Ok(Value::Table(Arc::new(table)))
}

/// A key table marked sorted: unlike a plain table its columns keep the attributes they have.
fn sorted_keys(keys: Arc<Table>) -> QResult<Value> {
    set_table(Attribute::Sorted, Arc::clone(&keys))?;
    let mut keys = Arc::unwrap_or_clone(keys);
    keys.sorted = true;
    Ok(Value::Table(Arc::new(keys)))
}

fn set_dict(attribute: Attribute, dict: Arc<Dict>) -> QResult<Value> {
    let mut dict = Arc::unwrap_or_clone(dict);
    match attribute {
        Attribute::None => {
            dict.step = false;
            dict.keys = match dict.keys {
                Value::Table(keys) => set_table(Attribute::None, keys)?,
                keys => keys.with_attribute(Attribute::None),
            };
        }
        Attribute::Sorted => {
            dict.keys = match dict.keys {
                Value::Table(keys) => sorted_keys(keys)?,
                keys => set_list(attribute, keys)?,
            };
            dict.step = true;
        }
        Attribute::Unique => {
            dict.keys = match dict.keys {
                Value::Table(_) => return Err(QError::type_error()),
                keys => set_list(attribute, keys)?,
            };
        }
        _ => return Err(QError::type_error()),
    }
    Ok(Value::Dict(Arc::new(dict)))
}
