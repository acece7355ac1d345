//! A column of a grouped query: by a kernel for all groups at once where that is known to be the same, else group by
//! group.

use std::sync::Arc;

use q_kernels::grouped::{self, One, Two};
use q_value::{Binary, QResult, Unary, Value, Vector};

use super::group::Groups;
use super::scope::Selection;
use crate::index;
use crate::interpreter::Interpreter;

/// The value of a tree for each group of the selection.
pub(crate) fn per_group(
    interpreter: &mut Interpreter,
    tree: &Value,
    selection: Selection,
    groups: &Groups,
) -> QResult<(Vec<Value>, Selection)> {
    let base = selection.rows.clone();
    let table = Arc::clone(&selection.table);
    let mut results = Vec::with_capacity(groups.count());
    for rows in groups.rows() {
        interpreter.check_limits()?;
        let rows: Vector<i64> = match &base {
            Some(base) => rows.iter().map(|at| base[*at as usize]).collect(),
            None => rows.clone(),
        };
        let part = Selection::with_rows(Arc::clone(&table), rows);
        let (value, _) = interpreter.with_selection(part, |interpreter| interpreter.eval(tree))?;
        results.push(value);
    }
    Ok((results, selection))
}

/// The column that a tree gives in a select with by.
pub(crate) fn column(
    interpreter: &mut Interpreter,
    tree: &Value,
    selection: Selection,
    groups: &Groups,
) -> QResult<(Value, Selection)> {
    if groups.count() == 0 {
        // of no group the type is that of the expression over no rows
        let empty = Selection::with_rows(Arc::clone(&selection.table), Vector::default());
        let (value, _) = interpreter.with_selection(empty, |interpreter| interpreter.eval(tree))?;
        let value = if value.is_atom() {
            index::gather_longs(&value.enlist(), &[])
        } else {
            Value::empty_list()
        };
        return Ok((value, selection));
    }
    if is_group_level(tree) {
        let (fused, selection) = interpreter.with_selection(selection, |interpreter| {
            group_level(interpreter, tree, groups)
        })?;
        if let Some(column) = fused {
            return Ok((column, selection));
        }
        let (results, selection) = per_group(interpreter, tree, selection, groups)?;
        return Ok((Value::from_items(results), selection));
    }
    let (results, selection) = per_group(interpreter, tree, selection, groups)?;
    Ok((Value::from_items(results), selection))
}

/// The known aggregate at the head of a tree.
enum Aggregate<'a> {
    One(One, &'a Value),
    Two(Two, &'a Value, &'a Value),
}

fn aggregate_of(tree: &Value) -> Option<Aggregate<'_>> {
    let Value::List(items) = tree else {
        return None;
    };
    match &items[..] {
        [Value::Unary(op), argument] => Some(Aggregate::One(One::from_primitive(*op)?, argument)),
        [Value::Native(native), argument] => Some(Aggregate::One(
            One::from_name(native.name.as_bytes())?,
            argument,
        )),
        [Value::Binary(op), x, y] => Some(Aggregate::Two(Two::from_primitive(*op)?, x, y)),
        [Value::Native(native), x, y] => Some(Aggregate::Two(
            Two::from_name(native.name.as_bytes())?,
            x,
            y,
        )),
        _ => None,
    }
}

/// True for aggregates of row-wise expressions, and for atomic functions of such aggregates and constants.
fn is_group_level(tree: &Value) -> bool {
    match aggregate_of(tree) {
        Some(Aggregate::One(_, x)) => is_row_wise(x),
        Some(Aggregate::Two(_, x, y)) => is_row_wise(x) && is_row_wise(y),
        None => match tree {
            Value::List(items) => match &items[..] {
                [Value::Binary(op), x, y] if is_atomic(*op) => {
                    (is_group_level(x) || is_group_level(y))
                        && [x, y]
                            .into_iter()
                            .all(|part| is_group_level(part) || is_plain_constant(part))
                }
                [Value::Unary(op), x] if is_atomic_unary(*op) => is_group_level(x),
                _ => false,
            },
            _ => false,
        },
    }
}

fn is_plain_constant(tree: &Value) -> bool {
    tree.is_atom() && !matches!(tree, Value::Symbol(_))
}

pub(crate) fn is_atomic(op: Binary) -> bool {
    matches!(
        op,
        Binary::Add
            | Binary::Subtract
            | Binary::Multiply
            | Binary::Divide
            | Binary::And
            | Binary::Or
            | Binary::Equal
            | Binary::NotEqual
            | Binary::Less
            | Binary::Greater
            | Binary::LessEqual
            | Binary::GreaterEqual
            | Binary::Div
    )
}

fn is_atomic_unary(op: Unary) -> bool {
    matches!(
        op,
        Unary::Neg
            | Unary::Abs
            | Unary::Sqrt
            | Unary::Log
            | Unary::Exp
            | Unary::Not
            | Unary::Reciprocal
    )
}

/// True for trees whose value at a row depends on that row only.
fn is_row_wise(tree: &Value) -> bool {
    match tree {
        Value::Symbol(_) => true,
        Value::List(items) => match &items[..] {
            [Value::Binary(op), x, y] if is_atomic(*op) => [x, y]
                .into_iter()
                .all(|part| is_plain_constant(part) || is_row_wise(part)),
            [Value::Unary(op), x] if is_atomic_unary(*op) => is_row_wise(x),
            _ => false,
        },
        _ => false,
    }
}

/// A group-level tree over all groups; `None` for values whose kernel cannot take them.
fn group_level(
    interpreter: &mut Interpreter,
    tree: &Value,
    groups: &Groups,
) -> QResult<Option<Value>> {
    if let Value::List(items) = tree
        && let [Value::Binary(op), x, y] = &items[..]
        && aggregate_of(tree).is_none()
    {
        let mut parts = Vec::with_capacity(2);
        for part in [x, y] {
            parts.push(if is_plain_constant(part) {
                part.clone()
            } else {
                match group_level(interpreter, part, groups)? {
                    Some(value) => value,
                    None => return Ok(None),
                }
            });
        }
        let y = parts.pop().unwrap_or(Value::Identity);
        let x = parts.pop().unwrap_or(Value::Identity);
        return interpreter.binary(*op, x, y).map(Some);
    }
    match aggregate_of(tree) {
        Some(Aggregate::One(op, x)) => {
            let column = interpreter.eval(x)?;
            if !takes(&column, groups) || op == One::Count && !column.is_list() {
                return Ok(None);
            }
            Ok(grouped::aggregate(op, &column, &groups.numbers).ok())
        }
        Some(Aggregate::Two(op, x, y)) => {
            let (y, x) = (interpreter.eval(y)?, interpreter.eval(x)?);
            if !takes(&x, groups) || !takes(&y, groups) {
                return Ok(None);
            }
            Ok(grouped::aggregate_two(op, &x, &y, &groups.numbers).ok())
        }
        None => match tree {
            Value::List(items) => match &items[..] {
                [Value::Unary(op), x] => match group_level(interpreter, x, groups)? {
                    Some(value) => interpreter.unary(*op, value).map(Some),
                    None => Ok(None),
                },
                _ => Ok(None),
            },
            _ => Ok(None),
        },
    }
}

/// Columns of vectors; lists of lists go group by group.
fn takes(column: &Value, groups: &Groups) -> bool {
    column.is_vector() && column.count() == groups.numbers.ids.len()
}

/// The column of a grouped update where one kernel gives the value of every group.
pub(crate) fn spread_fused(
    interpreter: &mut Interpreter,
    tree: &Value,
    selection: Selection,
    groups: &Groups,
) -> QResult<(Option<Value>, Selection)> {
    if groups.count() == 0 || !is_group_level(tree) {
        return Ok((None, selection));
    }
    let (fused, selection) = interpreter.with_selection(selection, |interpreter| {
        group_level(interpreter, tree, groups)
    })?;
    let column = fused.map(|values| {
        let ids: Vec<i64> = groups.numbers.ids.iter().map(|id| i64::from(*id)).collect();
        index::gather_longs(&values, &ids)
    });
    Ok((column, selection))
}
