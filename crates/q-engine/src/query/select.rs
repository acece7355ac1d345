//! select and exec.

use std::sync::Arc;

use q_value::{Attribute, Binary, QError, QResult, Symbol, Table, Unary, Value, Vector};

use super::aggregate;
use super::group::{self, Groups};
use super::plan::{By, Columns, Plan, Wanted};
use super::scope::Selection;
use crate::index;
use crate::interpreter::Interpreter;

/// A table to query: all columns in one table, the first `key_count` of them keys.
pub(crate) struct Source {
    pub table: Arc<Table>,
    pub key_count: usize,
}

/// The table a value stands for: a table, a keyed table, the name of a variable, the path of a file.
pub(crate) fn source(interpreter: &mut Interpreter, value: Value) -> QResult<Value> {
    match value {
        Value::Symbol(name) if name.as_bytes().starts_with(b":") => {
            crate::files::get(interpreter, name)
        }
        Value::Symbol(name) => {
            let full = crate::globals::qualify(interpreter.scope_namespace(), name);
            interpreter.read_name(full)
        }
        value => Ok(value),
    }
}

/// Splits a table or keyed table for querying; `'type` for anything else.
pub(crate) fn flatten(value: &Value) -> QResult<Source> {
    match value {
        Value::Table(table) => Ok(Source {
            table: Arc::clone(table),
            key_count: 0,
        }),
        Value::Dict(dict) => match (&dict.keys, &dict.values) {
            (Value::Table(keys), Value::Table(values)) => {
                let names = keys
                    .names
                    .iter()
                    .chain(values.names.iter())
                    .copied()
                    .collect();
                let columns = keys
                    .columns
                    .iter()
                    .chain(&values.columns)
                    .cloned()
                    .collect();
                Ok(Source {
                    table: Arc::new(Table::new(names, columns)),
                    key_count: keys.columns.len(),
                })
            }
            // a dictionary of columns is queried as the table it would flip to
            (Value::Symbols(_), _) => match q_kernels::unary(Unary::Flip, value.clone())? {
                Value::Table(table) => Ok(Source {
                    table,
                    key_count: 0,
                }),
                _ => Err(QError::type_error()),
            },
            _ => Err(QError::type_error()),
        },
        _ => Err(QError::type_error()),
    }
}

/// Makes the first columns of a table keys again.
pub(crate) fn rekey(table: Value, key_count: usize) -> Value {
    match table {
        Value::Table(table) if key_count > 0 && key_count < table.columns.len() => {
            let keys = Value::table(
                table.names[..key_count].to_vec().into(),
                table.columns[..key_count].to_vec(),
            );
            let values = Value::table(
                table.names[key_count..].to_vec().into(),
                table.columns[key_count..].to_vec(),
            );
            Value::dict(keys, values)
        }
        table => table,
    }
}

/// Narrows a selection by conditions, left to right.
pub(crate) fn filter(
    interpreter: &mut Interpreter,
    mut selection: Selection,
    conditions: &[Value],
) -> QResult<Selection> {
    for condition in conditions {
        if let Some(rows) = indexed_rows(interpreter, &selection, condition)? {
            selection.narrow(&rows);
            continue;
        }
        let (holds, mut narrowed) =
            interpreter.with_selection(selection, |interpreter| interpreter.eval(condition))?;
        apply_condition(&holds, &mut narrowed)?;
        selection = narrowed;
    }
    Ok(selection)
}

/// The rows of `column = atom` (or `within` on a sorted column) by the attribute of the column, without looking at the
/// others. Only for the first condition: later ones work on what is left.
fn indexed_rows(
    interpreter: &mut Interpreter,
    selection: &Selection,
    condition: &Value,
) -> QResult<Option<Vec<i64>>> {
    let Value::List(items) = condition else {
        return Ok(None);
    };
    let [
        Value::Binary(op @ (Binary::Equal | Binary::Within)),
        Value::Symbol(name),
        wanted,
    ] = &items[..]
    else {
        return Ok(None);
    };
    let Some(column) = selection.table.column(*name).cloned() else {
        return Ok(None);
    };
    if selection.rows.is_some() || column.attribute() == Attribute::None {
        return Ok(None);
    }
    let again = Selection::new(Arc::clone(&selection.table));
    let (wanted, _) = interpreter.with_selection(again, |interpreter| interpreter.eval(wanted))?;
    let rows = match op {
        Binary::Equal => q_kernels::attribute_index::rows_equal(&column, &wanted),
        _ => match (wanted.item(0), wanted.item(1), wanted.count()) {
            (Some(low), Some(high), 2) if wanted.is_list() => {
                q_kernels::attribute_index::rows_within(&column, &low, &high)
            }
            _ => None,
        },
    };
    Ok(rows.map(|rows| rows.into_longs().to_vec()))
}

fn apply_condition(holds: &Value, selection: &mut Selection) -> QResult<()> {
    match holds {
        Value::Booleans(flags) => {
            if flags.len() != selection.count() {
                return Err(QError::length());
            }
            let places: Vec<i64> = flags
                .iter()
                .zip(0i64..)
                .filter(|(holds, _)| **holds)
                .map(|(_, at)| at)
                .collect();
            if places.len() < flags.len() || selection.rows.is_some() {
                selection.narrow(&places);
            }
            Ok(())
        }
        atom if atom.is_atom() => {
            if !crate::machine::is_true(atom)? {
                selection.narrow(&[]);
            }
            Ok(())
        }
        list if list.is_list() => {
            if list.count() != selection.count() {
                return Err(QError::length());
            }
            if list.count() == 0 {
                selection.narrow(&[]);
                return Ok(());
            }
            let places = q_kernels::unary(Unary::Where, list.clone())?;
            let places = index::as_longs(&places).ok_or_else(QError::type_error)?;
            selection.narrow(&places);
            Ok(())
        }
        _ => Err(QError::type_error()),
    }
}

/// Runs a select or exec on a table value, a name or a path.
pub(crate) fn run(interpreter: &mut Interpreter, table: Value, plan: Plan) -> QResult<Value> {
    let table = match source(interpreter, table)? {
        // names and the place of a splayed table that was not there when they were flipped
        Value::Partitioned(table) if table.name.as_bytes().starts_with(b":") => {
            crate::database::read_splayed(interpreter, &table.names[1..], table.name)?
        }
        table => table,
    };
    if let Value::Partitioned(_) = table {
        return crate::database::select(interpreter, &table, plan);
    }
    if let Some(entries) = entries_alone(&table, &plan) {
        let selection = Selection::new(entries);
        return match &plan.wanted {
            Wanted::Columns(columns) => named_values(interpreter, selection, columns),
            wanted => exec_all(interpreter, selection, wanted),
        };
    }
    let source = flatten(&table)?;
    let selection = Selection::new(Arc::clone(&source.table));
    let selection = filter(interpreter, selection, &plan.conditions)?;
    finish(interpreter, selection, source.key_count, plan)
}

/// The entries of a dictionary such as a row of a table, which `select` and `exec` of named columns without clauses see
/// as they are, and give a dictionary of: they need not be columns of one length.
fn entries_alone(table: &Value, plan: &Plan) -> Option<Arc<Table>> {
    let Value::Dict(dict) = table else {
        return None;
    };
    let plain = plan.conditions.is_empty()
        && matches!(plan.by, By::None)
        && plan.limit.is_none()
        && plan.order.is_none()
        && !matches!(plan.wanted, Wanted::All);
    match &dict.keys {
        Value::Symbols(names) if plain => {
            Some(Arc::new(Table::new(names.clone(), dict.values.items())))
        }
        _ => None,
    }
}

/// Everything after the where-clause.
pub(crate) fn finish(
    interpreter: &mut Interpreter,
    selection: Selection,
    key_count: usize,
    plan: Plan,
) -> QResult<Value> {
    let has_by = matches!(plan.by, By::Columns(_) | By::Single(_));
    let selection = if has_by {
        selection
    } else {
        order_and_limit(interpreter, selection, &plan)?
    };
    let result = match &plan.by {
        By::None | By::Distinct if plan.is_exec => exec_all(interpreter, selection, &plan.wanted)?,
        By::None | By::Distinct => {
            let result = select_all(interpreter, selection, key_count, &plan.wanted)?;
            if matches!(plan.by, By::Distinct) {
                q_kernels::unary(Unary::Distinct, result)?
            } else {
                result
            }
        }
        By::Columns(by) => {
            let (groups, selection) = groups(interpreter, selection, by)?;
            grouped(interpreter, selection, groups, &plan, false)?
        }
        By::Single(tree) => {
            let by = vec![(Symbol::new("x"), tree.clone())];
            let (groups, selection) = groups(interpreter, selection, &by)?;
            grouped(interpreter, selection, groups, &plan, true)?
        }
    };
    if has_by {
        limit_result(interpreter, result, &plan)
    } else {
        Ok(result)
    }
}

/// `select[n;>c]` without by: rows are ordered, then limited.
fn order_and_limit(
    interpreter: &mut Interpreter,
    selection: Selection,
    plan: &Plan,
) -> QResult<Selection> {
    let mut selection = selection;
    if let Some((ascending, tree)) = &plan.order {
        let (column, narrowed) =
            interpreter.with_selection(selection, |interpreter| interpreter.eval(tree))?;
        selection = narrowed;
        let op = if *ascending {
            Unary::Iasc
        } else {
            Unary::Idesc
        };
        let order = q_kernels::unary(op, column)?;
        let order = index::as_longs(&order).ok_or_else(QError::type_error)?;
        selection.narrow(&order);
    }
    if let Some(limit) = &plan.limit {
        let places = limited(limit, selection.count())?;
        selection.narrow(&places);
    }
    Ok(selection)
}

/// The places that `n` (from the front, negative from the end) or `start count` keeps.
fn limited(limit: &Value, count: usize) -> QResult<Vec<i64>> {
    let count = count as i64;
    let (start, wanted) = match index::as_longs(limit) {
        Some(pair) if pair.len() == 2 => (pair[0].clamp(0, count), pair[1]),
        Some(_) => return Err(QError::length()),
        None => {
            let wanted = limit.as_i64().ok_or_else(QError::type_error)?;
            if wanted < 0 {
                ((count + wanted.max(-count)).max(0), -wanted.max(-count))
            } else {
                (0, wanted)
            }
        }
    };
    let end = start.saturating_add(wanted.max(0)).min(count);
    Ok((start..end).collect())
}

fn limit_result(interpreter: &mut Interpreter, result: Value, plan: &Plan) -> QResult<Value> {
    let mut result = result;
    if let Some((ascending, tree)) = &plan.order {
        let source = flatten(&result)?;
        let selection = Selection::new(Arc::clone(&source.table));
        let (column, _) =
            interpreter.with_selection(selection, |interpreter| interpreter.eval(tree))?;
        let op = if *ascending {
            Unary::Iasc
        } else {
            Unary::Idesc
        };
        let order = q_kernels::unary(op, column)?;
        let order = index::as_longs(&order).ok_or_else(QError::type_error)?;
        let table = index::gather_rows(&Value::Table(source.table), &order);
        result = rekey(table, source.key_count);
    }
    let Some(limit) = &plan.limit else {
        return Ok(result);
    };
    let places = limited(limit, result.count())?;
    Ok(match &result {
        Value::Dict(dict) => Value::dict(
            index::gather_rows(&dict.keys, &places),
            index::gather_rows(&dict.values, &places),
        ),
        other => index::gather_rows(other, &places),
    })
}

/// Values of named trees over a selection.
fn evaluate(
    interpreter: &mut Interpreter,
    selection: Selection,
    columns: &Columns,
) -> QResult<(Vec<Value>, Selection)> {
    let mut selection = selection;
    let mut values = Vec::with_capacity(columns.len());
    for (_, tree) in columns {
        let (value, back) =
            interpreter.with_selection(selection, |interpreter| interpreter.eval(tree))?;
        values.push(value);
        selection = back;
    }
    Ok((values, selection))
}

fn names_of(columns: &Columns) -> Vector<Symbol> {
    columns.iter().map(|(name, _)| *name).collect()
}

fn select_all(
    interpreter: &mut Interpreter,
    selection: Selection,
    key_count: usize,
    wanted: &Wanted,
) -> QResult<Value> {
    let Wanted::Columns(columns) = wanted else {
        return Ok(rekey(selection.whole(), key_count));
    };
    let (values, _) = evaluate(interpreter, selection, columns)?;
    table_of(names_of(columns), values)
}

/// A table of results: atoms extend to the others; of atoms alone one row.
pub(crate) fn table_of(names: Vector<Symbol>, values: Vec<Value>) -> QResult<Value> {
    let mut rows = None;
    for value in values.iter().filter(|value| value.is_list()) {
        match rows {
            None => rows = Some(value.count()),
            Some(count) if count != value.count() => return Err(QError::length()),
            Some(_) => (),
        }
    }
    let columns: Vec<Value> = match rows {
        None => values
            .into_iter()
            .map(|value| match value {
                Value::Dict(_) | Value::Table(_) => Value::list(vec![value]),
                value => value.enlist(),
            })
            .collect(),
        Some(rows) => values
            .into_iter()
            .map(|value| {
                if value.is_list() {
                    Ok(value)
                } else {
                    q_kernels::binary(Binary::Take, Value::Long(rows as i64), value)
                }
            })
            .collect::<QResult<_>>()?,
    };
    Ok(Value::table(names, columns))
}

fn exec_all(
    interpreter: &mut Interpreter,
    selection: Selection,
    wanted: &Wanted,
) -> QResult<Value> {
    match wanted {
        Wanted::Single(tree) => {
            let (value, _) =
                interpreter.with_selection(selection, |interpreter| interpreter.eval(tree))?;
            Ok(value)
        }
        Wanted::Columns(columns) => named_values(interpreter, selection, columns),
        Wanted::All => {
            let count = selection.count();
            let whole = selection.whole();
            Ok(match count.checked_sub(1) {
                Some(last) => whole.item(last).unwrap_or(Value::Identity),
                None => index::missing_item(&whole),
            })
        }
    }
}

fn named_values(
    interpreter: &mut Interpreter,
    selection: Selection,
    columns: &Columns,
) -> QResult<Value> {
    let (values, _) = evaluate(interpreter, selection, columns)?;
    Ok(Value::dict(
        Value::Symbols(names_of(columns)),
        Value::from_items(values),
    ))
}

/// The groups of a by-clause over a selection.
pub(crate) fn groups(
    interpreter: &mut Interpreter,
    selection: Selection,
    by: &Columns,
) -> QResult<(Groups, Selection)> {
    let count = selection.count();
    let (keys, selection) = evaluate(interpreter, selection, by)?;
    let names: Vec<Symbol> = by.iter().map(|(name, _)| *name).collect();
    // a key that is a table stands for its columns, a dictionary of columns alike
    if let ([Value::Table(table)], true) = (keys.as_slice(), true) {
        let groups = group::by_columns(&table.names, table.columns.clone(), count)?;
        return Ok((groups, selection));
    }
    let groups = group::by_columns(&names, keys, count)?;
    Ok((groups, selection))
}

fn grouped(
    interpreter: &mut Interpreter,
    selection: Selection,
    groups: Groups,
    plan: &Plan,
    single_key: bool,
) -> QResult<Value> {
    let mut selection = selection;
    let mut keys = groups.keys.clone();
    // group keys ascend, which a lone key column says with an attribute
    if let [only] = keys.columns.as_mut_slice()
        && only.is_vector()
        && !matches!(only, Value::Enums(_))
    {
        let column = std::mem::replace(only, Value::Identity);
        *only = column.with_attribute(Attribute::Sorted);
    }
    let key_value = if single_key {
        keys.columns
            .first()
            .cloned()
            .unwrap_or_else(Value::empty_list)
    } else {
        Value::Table(Arc::new(keys))
    };
    match &plan.wanted {
        Wanted::All => {
            selection.narrow(&groups.last_rows());
            let whole = selection.whole();
            let Value::Table(whole) = &whole else {
                return Err(QError::type_error());
            };
            let kept: Vec<usize> = (0..whole.names.len())
                .filter(|at| !groups.keys.names.contains(&whole.names[*at]))
                .collect();
            let names = kept.iter().map(|at| whole.names[*at]).collect();
            let columns = kept.iter().map(|at| whole.columns[*at].clone()).collect();
            Ok(Value::dict(key_value, Value::table(names, columns)))
        }
        Wanted::Single(tree) => {
            let (column, _) = aggregate::column(interpreter, tree, selection, &groups)?;
            Ok(Value::dict(key_value, column))
        }
        Wanted::Columns(columns) => {
            let mut values = Vec::with_capacity(columns.len());
            for (_, tree) in columns {
                let (column, back) = aggregate::column(interpreter, tree, selection, &groups)?;
                values.push(column);
                selection = back;
            }
            Ok(Value::dict(
                key_value,
                Value::table(names_of(columns), values),
            ))
        }
    }
}
