//! Enumeration: values as indices of a list that has a name.

use q_value::{EnumAtom, QError, QResult, Symbol, Value};

use crate::{enumeration, search};

/// `` `name$y ``: `y`, at any depth, as an enumeration over the list, or the key column of the keyed table, that is bound
/// to the name. Nulls become null indices when the list has none of them.
///
/// Errors: `'cast` when a value is not in the list, `'type` when `list` cannot be enumerated over.
pub fn enumerate(name: Symbol, list: &Value, y: Value) -> QResult<Value> {
    let list = match list {
        Value::Dict(dict) => match &dict.keys {
            Value::Table(keys) if keys.columns.len() == 1 => &keys.columns[0],
            _ => return Err(QError::type_error()),
        },
        Value::Table(_) => return Err(QError::type_error()),
        list if list.is_list() => list,
        _ => return Err(QError::type_error()),
    };
    over_list(name, list, y)
}

fn over_list(name: Symbol, list: &Value, y: Value) -> QResult<Value> {
    match enumeration::resolve(y) {
        Value::List(items) if list.is_vector() && !items.is_empty() => {
            let items: QResult<Vec<Value>> = items
                .into_vec()
                .into_iter()
                .map(|item| over_list(name, list, item))
                .collect();
            Ok(Value::from_items(items?))
        }
        Value::Dict(dict) => Ok(Value::dict(
            dict.keys.clone(),
            over_list(name, list, dict.values.clone())?,
        )),
        atom if atom.is_atom() => {
            let indices = indices(list, &atom.enlist())?;
            let index = indices.first().copied().unwrap_or(i64::MIN);
            Ok(Value::Enum(
                EnumAtom {
                    domain: name,
                    index,
                }
                .into(),
            ))
        }
        vector if vector.is_list() => Ok(Value::enums(name, indices(list, &vector)?.into())),
        _ => Err(QError::type_error()),
    }
}

fn indices(list: &Value, wanted: &Value) -> QResult<Vec<i64>> {
    if wanted.count() == 0 {
        return Ok(Vec::new());
    }
    if list.basic_type() != wanted.basic_type() {
        return Err(QError::type_error());
    }
    let count = list.count();
    let places = search::positions(list, wanted)?;
    places
        .into_iter()
        .enumerate()
        .map(|(at, place)| {
            if place < count {
                return Ok(place as i64);
            }
            let is_null = wanted.item(at).is_some_and(|item| item.is_null_atom());
            if is_null {
                Ok(i64::MIN)
            } else {
                Err(QError::cast())
            }
        })
        .collect()
}
