//! update.

use std::sync::Arc;

use q_value::{QError, QResult, Symbol, Table, Value};

use super::aggregate;
use super::plan::{By, Plan, Wanted};
use super::scope::Selection;
use super::select::{filter, flatten, groups, rekey, source};
use crate::amend::{self, Bounds};
use crate::interpreter::Interpreter;

/// Runs an update on a table value; of a name the variable is changed and the name returned.
pub(crate) fn run(interpreter: &mut Interpreter, table: Value, plan: &Plan) -> QResult<Value> {
    let name = match &table {
        Value::Symbol(name) => Some(*name),
        _ => None,
    };
    let value = source(interpreter, table)?;
    if let Value::Partitioned(_) = value {
        return Err(QError::new("par"));
    }
    let is_dictionary = matches!(&value, Value::Dict(_)) && !value.is_keyed_table();
    if is_dictionary && !matches!(plan.by, By::None) {
        return Err(QError::type_error());
    }
    if let Some(updated) = updated_entries(interpreter, &value, plan)? {
        return write_back(interpreter, name, updated);
    }
    let updated = if name.is_some() {
        interpreter.while_amending(|interpreter| updated(interpreter, &value, plan))?
    } else {
        updated(interpreter, &value, plan)?
    };
    let updated = if is_dictionary {
        q_kernels::unary(q_value::Unary::Flip, updated)?
    } else {
        updated
    };
    write_back(interpreter, name, updated)
}

/// Stores a changed table under its name and returns the name; without one returns the table.
pub(crate) fn write_back(
    interpreter: &mut Interpreter,
    name: Option<Symbol>,
    table: Value,
) -> QResult<Value> {
    match name {
        None => Ok(table),
        Some(name) if name.as_bytes().starts_with(b":") => {
            crate::files::set(interpreter, Value::Symbol(name), table)?;
            Ok(Value::Symbol(name))
        }
        Some(name) => {
            let full = crate::globals::qualify(interpreter.scope_namespace(), name);
            interpreter.write_name(full, table)?;
            Ok(Value::Symbol(name))
        }
    }
}

/// A dictionary with new entries, as `update` without clauses makes it: its values need not be columns of one length.
fn updated_entries(
    interpreter: &mut Interpreter,
    value: &Value,
    plan: &Plan,
) -> QResult<Option<Value>> {
    let (Value::Dict(dict), Wanted::Columns(columns)) = (value, &plan.wanted) else {
        return Ok(None);
    };
    let Value::Symbols(names) = &dict.keys else {
        return Ok(None);
    };
    let entries = dict.values.items();
    if !plan.conditions.is_empty() || !matches!(plan.by, By::None) {
        return Ok(None);
    }
    let mut selection = Selection::new(Arc::new(Table::new(names.clone(), entries)));
    let mut table = (*selection.table).clone();
    for (name, tree) in columns {
        let (result, back) =
            interpreter.with_selection(selection, |interpreter| interpreter.eval(tree))?;
        selection = back;
        replace_column(&mut table, *name, result);
    }
    Ok(Some(Value::dict(
        Value::Symbols(table.names),
        Value::from_items(table.columns),
    )))
}

fn updated(interpreter: &mut Interpreter, value: &Value, plan: &Plan) -> QResult<Value> {
    let source = flatten(value)?;
    let Wanted::Columns(columns) = &plan.wanted else {
        return Ok(value.clone());
    };
    let count = source.table.row_count();
    let selection = Selection::new(Arc::clone(&source.table));
    let mut selection = filter(interpreter, selection, &plan.conditions)?;
    let mut results = Vec::with_capacity(columns.len());
    if let By::Columns(by) = &plan.by {
        let (groups, back) = groups(interpreter, selection, by)?;
        selection = back;
        for (_, tree) in columns {
            let (fused, back) = aggregate::spread_fused(interpreter, tree, selection, &groups)?;
            selection = back;
            if let Some(column) = fused {
                results.push(column);
                continue;
            }
            let (parts, back) = aggregate::per_group(interpreter, tree, selection, &groups)?;
            selection = back;
            results.push(spread(parts, groups.rows(), selection.count())?);
        }
    } else {
        for (_, tree) in columns {
            let (result, back) =
                interpreter.with_selection(selection, |interpreter| interpreter.eval(tree))?;
            selection = back;
            results.push(result);
        }
    }
    let rows = selection.rows.clone();
    drop(selection);
    let mut table = Arc::unwrap_or_clone(source.table);
    table.sorted = false;
    for ((name, _), result) in columns.iter().zip(results) {
        let is_nothing = count == 0
            && matches!(plan.by, By::Columns(_))
            && matches!(&result, Value::List(items) if items.is_empty());
        if is_nothing && table.column(*name).is_some() {
            // no group tells a type: the column keeps its own
            continue;
        }
        match &rows {
            None => replace_column(&mut table, *name, amend::column_of(result, count)?),
            Some(rows) => {
                if result.is_list() && result.count() != rows.len() {
                    return Err(QError::length());
                }
                change_rows(&mut table, *name, rows, result, count)?;
            }
        }
    }
    Ok(rekey(Value::Table(Arc::new(table)), source.key_count))
}

/// Values of groups back in the order of the rows; an atom is repeated over its group.
fn spread(parts: Vec<Value>, groups: &[q_value::Vector<i64>], count: usize) -> QResult<Value> {
    let mut cells = vec![Value::Identity; count];
    for (part, rows) in parts.iter().zip(groups) {
        if part.is_list() {
            if part.count() != rows.len() {
                return Err(QError::length());
            }
            for (at, row) in rows.iter().enumerate() {
                cells[*row as usize] = part.item(at).ok_or_else(QError::length)?;
            }
        } else {
            for row in rows.iter() {
                cells[*row as usize] = part.clone();
            }
        }
    }
    Ok(Value::from_items(cells))
}

fn replace_column(table: &mut Table, name: Symbol, column: Value) {
    match table.names.iter().position(|other| *other == name) {
        Some(at) => table.columns[at] = column,
        None => {
            table.names.make_mut().push(name);
            table.columns.push(column);
        }
    }
}

/// Writes results to some rows; a new column has nulls in the others.
fn change_rows(
    table: &mut Table,
    name: Symbol,
    rows: &[i64],
    result: Value,
    count: usize,
) -> QResult<()> {
    let at = table.names.iter().position(|other| *other == name);
    let mut column = match at {
        Some(at) => table.columns[at].clone(),
        None => {
            let like = if result.is_list() {
                result.clone()
            } else {
                result.clone().enlist()
            };
            amend::nulls_like(&like, count)
        }
    };
    if let Some(at) = at {
        table.columns[at] = Value::Identity;
    }
    let indices = Value::Longs(rows.to_vec().into());
    // an atom that is a list in the column (a string) goes to every row as a whole
    let outcome = amend::assign(&mut column, &[indices], result, Bounds::Length);
    replace_column(table, name, column);
    outcome
}
