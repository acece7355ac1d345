//! The domains of enumerations by name.
//!
//! An enumeration holds indices and the *name* of its domain; what it shows is whatever is bound to that name now
//! (`semantics.md` 157). The evaluator tells this registry the value of a variable as soon as an enumeration over it
//! exists, and again at each assignment to it, so that values can be shown and sent without the evaluator.

use std::collections::HashMap;
use std::sync::{LazyLock, RwLock};

use crate::{Symbol, Value};

static DOMAINS: LazyLock<RwLock<HashMap<Symbol, Value>>> = LazyLock::new(Default::default);

/// The value bound to a domain's name: a list of symbols, another list, a keyed table (foreign key) or a table (link).
pub fn lookup(name: Symbol) -> Option<Value> {
    DOMAINS
        .read()
        .expect("no panic while held")
        .get(&name)
        .cloned()
}

/// Binds a domain's name; the former value is dropped. An enumeration over the name itself, directly or through other
/// domains, stands for nothing and binds none.
pub fn bind(name: Symbol, value: Value) {
    let mut domains = DOMAINS.write().expect("no panic while held");
    let mut next = enumerated_over(&value);
    let mut steps = domains.len() + 1;
    while let Some(domain) = next {
        if domain == name || steps == 0 {
            domains.insert(name, Value::Identity);
            return;
        }
        steps -= 1;
        next = domains.get(&domain).and_then(enumerated_over);
    }
    domains.insert(name, value);
}

fn enumerated_over(value: &Value) -> Option<Symbol> {
    match value {
        Value::Enum(atom) => Some(atom.domain),
        Value::Enums(vector) => Some(vector.domain),
        _ => None,
    }
}

/// True when enumerations over this name may exist.
pub fn is_bound(name: Symbol) -> bool {
    DOMAINS
        .read()
        .expect("no panic while held")
        .contains_key(&name)
}

/// True when there are no enumerations at all.
pub fn is_none_bound() -> bool {
    DOMAINS.read().expect("no panic while held").is_empty()
}

/// Forgets the value but for the name, and returns it, so that its only other holder can append in place;
/// follow with [`bind`].
pub fn release(name: Symbol) -> Option<Value> {
    DOMAINS.write().expect("no panic while held").remove(&name)
}

/// The items that the indices of an enumeration over this name point to: the list itself, or the key column of a table
/// with one key. `None` when nothing is bound or the name is that of a table that is linked to by row number.
pub fn items(name: Symbol) -> Option<Value> {
    match lookup(name)? {
        Value::Dict(dict) => match &dict.keys {
            Value::Table(keys) if keys.columns.len() == 1 => keys.columns.first().cloned(),
            _ => None,
        },
        value if value.is_list() => Some(value),
        _ => None,
    }
}
