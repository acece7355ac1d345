//! delete: rows, columns, entries of dictionaries, members of namespaces.

use std::sync::Arc;

use q_value::{Binary, QError, QResult, Symbol, Table, Value, Vector};

use super::scope::Selection;
use super::select::{filter, flatten, rekey, source};
use super::update::write_back;
use crate::globals::qualify;
use crate::index;
use crate::interpreter::Interpreter;

/// Deletes the rows where all conditions hold, or the named columns.
pub(crate) fn run(
    interpreter: &mut Interpreter,
    table: Value,
    conditions: &[Value],
    names: &[Symbol],
) -> QResult<Value> {
    let name = match &table {
        Value::Symbol(name) => Some(*name),
        _ => None,
    };
    if let Some(space) = name
        && (space.as_bytes() == b"."
            || interpreter
                .globals
                .is_namespace(qualify(interpreter.scope_namespace(), space)))
    {
        return delete_members(interpreter, space, names);
    }
    let value = source(interpreter, table)?;
    if let Value::Partitioned(_) = value {
        return Err(QError::new("par"));
    }
    let result = match &value {
        Value::Dict(_) if !value.is_keyed_table() => {
            let keys = Value::Symbols(names.to_vec().into());
            q_kernels::binary(Binary::Drop, keys, value)?
        }
        value if names.is_empty() => delete_rows(interpreter, value, conditions)?,
        value if conditions.is_empty() => delete_columns(value, names)?,
        _ => return Err(QError::nyi()),
    };
    write_back(interpreter, name, result)
}

fn delete_rows(
    interpreter: &mut Interpreter,
    value: &Value,
    conditions: &[Value],
) -> QResult<Value> {
    let source = flatten(value)?;
    let selection = Selection::new(Arc::clone(&source.table));
    let selection = filter(interpreter, selection, conditions)?;
    let mut gone = vec![false; source.table.row_count()];
    for row in selection.row_numbers().iter() {
        gone[*row as usize] = true;
    }
    let kept: Vec<i64> = gone
        .iter()
        .zip(0i64..)
        .filter(|(gone, _)| !**gone)
        .map(|(_, at)| at)
        .collect();
    let table = index::gather_rows(&Value::Table(source.table), &kept);
    Ok(rekey(table, source.key_count))
}

fn delete_columns(value: &Value, names: &[Symbol]) -> QResult<Value> {
    let source = flatten(value)?;
    for name in names {
        if source.table.column(*name).is_none() {
            return Err(QError::signal(name.as_bytes().to_vec()));
        }
    }
    let kept: Vec<usize> = (0..source.table.names.len())
        .filter(|at| !names.contains(&source.table.names[*at]))
        .collect();
    let keys = kept.iter().filter(|at| **at < source.key_count).count();
    let kept_names: Vector<Symbol> = kept.iter().map(|at| source.table.names[*at]).collect();
    let columns = kept
        .iter()
        .map(|at| source.table.columns[*at].clone())
        .collect();
    Ok(rekey(
        Value::Table(Arc::new(Table::new(kept_names, columns))),
        keys,
    ))
}

/// `` delete a from `.ns ``; without names all members go.
fn delete_members(
    interpreter: &mut Interpreter,
    space: Symbol,
    names: &[Symbol],
) -> QResult<Value> {
    if interpreter.read_only {
        return Err(QError::noupdate());
    }
    let full = if space.as_bytes() == b"." {
        match interpreter.namespace {
            current if current.is_null() => Symbol::NULL,
            current => Symbol::new([b".", current.as_bytes()].concat()),
        }
    } else {
        qualify(interpreter.scope_namespace(), space)
    };
    for id in interpreter.globals.members(full) {
        let member = interpreter.globals.name(id);
        let short = if full.is_null() {
            member
        } else {
            crate::globals::split_name(member).1
        };
        if names.contains(&short)
            || names.is_empty() && !(full.is_null() && member.as_bytes().starts_with(b"."))
        {
            interpreter.globals.remove(id);
        }
    }
    Ok(Value::Symbol(space))
}
