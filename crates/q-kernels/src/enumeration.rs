//! Enumerations seen as the symbols they stand for.

use std::sync::Arc;

use q_value::{Dict, EnumVector, Symbol, Value, domain};

use crate::gather;

/// The list an enumeration indexes: that bound to the domain's name, of a keyed table its key column.
pub fn domain_list(name: Symbol) -> Option<Value> {
    match domain::lookup(name)? {
        Value::Dict(dict) => {
            let Dict { keys, .. } = &*dict;
            match keys {
                Value::Table(table) => table.columns.first().cloned(),
                keys => Some(keys.clone()),
            }
        }
        other => Some(other),
    }
}

/// An enumeration as the items it stands for; of an unbound domain the indices; other values unchanged.
pub fn resolve(value: Value) -> Value {
    match value {
        Value::Enums(v) => {
            let EnumVector { domain, indices } = Arc::unwrap_or_clone(v);
            match domain_list(domain) {
                Some(list) if list.is_list() => {
                    let mut items = gather::at(&list, &indices);
                    if let Value::Enums(_) = items {
                        items = resolve(items);
                    }
                    items
                }
                _ => Value::Longs(indices.with_attribute(q_value::Attribute::None)),
            }
        }
        Value::Enum(atom) => match domain_list(atom.domain) {
            Some(list) if list.is_list() => resolve(
                usize::try_from(atom.index)
                    .ok()
                    .and_then(|at| list.item(at))
                    .unwrap_or_else(|| gather::missing_item(&list)),
            ),
            _ => Value::Long(atom.index),
        },
        other => other,
    }
}

/// True when no symbol stands twice in the domain, so that indices are equal exactly when symbols are.
pub(crate) fn is_known_unique(name: Symbol) -> bool {
    matches!(domain_list(name), Some(Value::Symbols(v)) if v.attribute() == q_value::Attribute::Unique)
}
