//! Enumerations as what they stand for: the wire has no enumerations.

use q_value::{EnumVector, Symbol, Value, Vector, domain};

/// The list an enumeration's indices point into: the domain's list, or the key column of a keyed table.
fn domain_list(name: Symbol) -> Option<Value> {
    match domain::lookup(name)? {
        Value::Dict(dict) => match &dict.keys {
            Value::Table(keys) => keys.columns.first().cloned(),
            _ => None,
        },
        Value::Table(_) => None,
        list if list.is_list() => Some(list),
        _ => None,
    }
}

/// What the items of an enumeration stand for, attribute kept: symbols, or the items of whatever list the domain's name
/// is bound to. Without a domain, and for links into tables: the indices, as longs.
pub fn enumerated_symbols(vector: &EnumVector) -> Value {
    let attribute = vector.indices.attribute();
    let at = |index: &i64| usize::try_from(*index).ok();
    match domain_list(vector.domain) {
        Some(Value::Symbols(symbols)) => Value::Symbols(
            vector
                .indices
                .iter()
                .map(|index| {
                    at(index)
                        .and_then(|at| symbols.get(at).copied())
                        .unwrap_or(Symbol::NULL)
                })
                .collect(),
        ),
        Some(Value::Enums(inner)) => {
            let indices: Vector<i64> = vector
                .indices
                .iter()
                .map(|index| {
                    at(index)
                        .and_then(|at| inner.indices.get(at).copied())
                        .unwrap_or(i64::MIN)
                })
                .collect();
            enumerated_symbols(&EnumVector {
                domain: inner.domain,
                indices,
            })
        }
        Some(list) => {
            let null = list.basic_type().map_or(Value::Identity, Value::null_of);
            Value::from_items(
                vector
                    .indices
                    .iter()
                    .map(|index| {
                        at(index)
                            .and_then(|at| list.item(at))
                            .unwrap_or_else(|| null.clone())
                    })
                    .collect(),
            )
        }
        None => Value::Longs(vector.indices.clone()),
    }
    .with_attribute(attribute)
}
