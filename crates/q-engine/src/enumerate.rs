//! Enumerations: `` `d$x ``, `` `d?x ``, `` `d!i ``.

use std::sync::Arc;

use q_value::{Attribute, EnumAtom, QError, QResult, Symbol, Table, Unary, Value, Vector, domain};

use crate::append;
use crate::globals::qualify;
use crate::interpreter::Interpreter;

/// The domain's name as enumerations carry it, and its value; the registry of domains is told about it.
fn bind(interpreter: &mut Interpreter, name: Symbol) -> QResult<Value> {
    let full = qualify(interpreter.namespace, name);
    let value = interpreter.read_name(full)?;
    if !domain::is_bound(full) {
        domain::bind(full, value.clone());
    }
    if full != name {
        domain::bind(name, value.clone());
    }
    Ok(value)
}

/// Tells the registry of domains which variables the enumerations of a value from a file are over: those there are, and
/// those that may be made later.
pub(crate) fn know_domains(interpreter: &mut Interpreter, value: &Value) {
    let mut know = |column: &Value| {
        if let Value::Enums(vector) = column
            && !domain::is_bound(vector.domain)
        {
            let list = interpreter.read_name(vector.domain);
            domain::bind(vector.domain, list.unwrap_or(Value::Identity));
        }
    };
    match value {
        Value::Table(table) => table.columns.iter().for_each(know),
        value => know(value),
    }
}

/// `` `d$x ``: every item must be in the domain (`'cast`).
pub(crate) fn enumerate(interpreter: &mut Interpreter, name: Symbol, x: Value) -> QResult<Value> {
    if name.as_bytes().starts_with(b":") {
        return Err(QError::type_error());
    }
    let domain = bind(interpreter, name)?;
    let list = append::domain_list(&domain);
    if let Value::Table(keys) = &list
        && domain.is_keyed_table()
    {
        return enumerate_compound(name, keys, x);
    }
    if !list.is_list() {
        return Err(QError::type_error());
    }
    let plain = plain(x);
    match &plain {
        Value::List(items) if items.is_empty() => Ok(Value::enums(name, Vector::default())),
        Value::List(items) => {
            let parts: QResult<Vec<Value>> = items
                .iter()
                .map(|item| enumerate(interpreter, name, item.clone()))
                .collect();
            Ok(Value::from_items(parts?))
        }
        x if x.is_list() => {
            let found = positions(&list, x)?;
            let count = list.count() as i64;
            if found.iter().zip(0..).any(|(index, at)| {
                *index >= count && !x.item(at).is_some_and(|item| item.is_null_atom())
            }) {
                return Err(QError::cast());
            }
            let indices = found
                .iter()
                .map(|index| if *index >= count { i64::MIN } else { *index });
            Ok(Value::enums(name, indices.collect()))
        }
        atom => {
            let index = append::enum_index(name, atom)?;
            Ok(Value::Enum(Arc::new(EnumAtom {
                domain: name,
                index,
            })))
        }
    }
}

/// `` `t$x `` over a table with several key columns: `x` is one key, or a list of keys, each with an item a column
/// (`wp/foreign-keys`).
fn enumerate_compound(name: Symbol, keys: &Arc<Table>, x: Value) -> QResult<Value> {
    let is_one_key = !x.items().iter().any(Value::is_list);
    let list = match x {
        Value::Table(_) => x,
        x if x.is_list() && x.count() == 0 => return Ok(Value::enums(name, Vector::default())),
        x if x.is_list() => {
            let rows = if is_one_key { x.enlist() } else { x };
            let columns = q_kernels::unary(Unary::Flip, rows)?.items();
            if columns.len() != keys.columns.len() {
                return Err(QError::length());
            }
            Value::table(keys.names.clone(), columns)
        }
        _ => return Err(QError::type_error()),
    };
    let found = positions(&Value::Table(Arc::clone(keys)), &list)?;
    if found.iter().any(|index| *index >= keys.row_count() as i64) {
        return Err(QError::cast());
    }
    if is_one_key {
        let index = found.first().copied().unwrap_or(i64::MIN);
        return Ok(Value::Enum(Arc::new(EnumAtom {
            domain: name,
            index,
        })));
    }
    Ok(Value::enums(name, found))
}

/// The symbols (or other items) an enumeration stands for.
pub(crate) fn plain(x: Value) -> Value {
    match &x {
        Value::Enum(_) => append::plain_item(&x),
        Value::Enums(vector) => match domain::lookup(vector.domain) {
            Some(domain) => {
                crate::index::gather_longs(&append::domain_list(&domain), &vector.indices)
            }
            None => Value::Longs(vector.indices.clone()),
        },
        _ => x,
    }
}

fn positions(list: &Value, x: &Value) -> QResult<Vector<i64>> {
    if list.count() == 0 {
        return Ok((0..x.count()).map(|_| 0).collect());
    }
    let found = q_kernels::binary(q_value::Binary::Query, list.clone(), x.clone())?;
    crate::index::as_longs(&found).ok_or_else(QError::type_error)
}

/// `` `d?x ``: items missing from the domain are added to it; the variable (or file) is made when there is none.
pub(crate) fn extend(interpreter: &mut Interpreter, name: Symbol, x: Value) -> QResult<Value> {
    if name.as_bytes().starts_with(b":") {
        return crate::files::extend_enumeration(interpreter, name, x);
    }
    let attribute = x.attribute();
    let x = plain(x);
    let full = qualify(interpreter.namespace, name);
    if !matches!(x, Value::Symbol(_) | Value::Symbols(_) | Value::List(_)) {
        let list = interpreter.read_name(full)?;
        if !list.is_list() {
            return Err(QError::type_error());
        }
        return q_kernels::binary(q_value::Binary::Query, list, x);
    }
    if !interpreter.is_defined(full) {
        interpreter.write_name(full, Value::empty_of(q_value::Type::Symbol))?;
    }
    let domain = bind(interpreter, name)?;
    if !domain.is_list() {
        return enumerate(interpreter, name, x);
    }
    add_missing(interpreter, full, &domain, &x)?;
    if full != name
        && let Ok(value) = interpreter.read_name(full)
    {
        domain::bind(name, value);
    }
    let extended = enumerate(interpreter, name, x)?;
    Ok(keeping(attribute, extended))
}

/// An enumeration with the attribute of what it was made of (`ref/enum-extend`); `s#` only where the indices ascend, too.
pub(crate) fn keeping(attribute: Attribute, enumeration: Value) -> Value {
    let Value::Enums(vector) = &enumeration else {
        return enumeration;
    };
    let is_kept = attribute != Attribute::Sorted || vector.indices.is_sorted();
    if is_kept {
        enumeration.with_attribute(attribute)
    } else {
        enumeration
    }
}

/// Appends the symbols of `x` that the variable does not hold yet.
fn add_missing(
    interpreter: &mut Interpreter,
    full: Symbol,
    domain: &Value,
    x: &Value,
) -> QResult<()> {
    let items = match x {
        Value::List(items) => {
            for item in items.iter() {
                let domain = interpreter.read_name(full)?;
                add_missing(interpreter, full, &domain, item)?;
            }
            return Ok(());
        }
        Value::Symbol(symbol) => Value::Symbols(Vector::new(vec![*symbol])),
        Value::Symbols(_) => x.clone(),
        _ => return Err(QError::type_error()),
    };
    let distinct = q_kernels::unary(q_value::Unary::Distinct, items)?;
    let found = positions(domain, &distinct)?;
    let count = domain.count() as i64;
    let missing: Vec<i64> = found
        .iter()
        .zip(0i64..)
        .filter(|(index, at)| {
            **index >= count && !matches!(distinct.item(*at as usize), Some(Value::Symbol(symbol)) if symbol.is_null())
        })
        .map(|(_, at)| at)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let more = crate::index::gather_longs(&distinct, &missing);
    let id = interpreter.globals.slot(full);
    interpreter.check_write(id)?;
    let mut list = interpreter
        .globals
        .take(id)
        .unwrap_or_else(Value::empty_list);
    let attribute = list.attribute();
    let result = append::append(interpreter, &mut list, more);
    // what was missing repeats nothing
    if attribute == q_value::Attribute::Unique {
        list = list.with_attribute(attribute);
    }
    interpreter.globals.store(id, list);
    result
}

/// `` `d!i ``: an enumeration (or, over a table, a link) of these indices.
pub(crate) fn from_indices(
    interpreter: &mut Interpreter,
    name: Symbol,
    y: Value,
) -> QResult<Value> {
    let _ = bind(interpreter, name);
    if let Some(index) = y.as_i64() {
        return Ok(Value::Enum(Arc::new(EnumAtom {
            domain: name,
            index,
        })));
    }
    let indices = crate::index::as_longs(&y).ok_or_else(QError::type_error)?;
    Ok(Value::enums(name, indices))
}
