//! A column of a grouped query: by a kernel for all groups at once where that is known to be the same, else group by
//! group.

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
    let table = std::sync::Arc::clone(&selection.table);
    let mut results = Vec::with_capacity(groups.rows.len());
    for rows in &groups.rows {
        let rows: Vector<i64> = match &base {
            Some(base) => rows.iter().map(|at| base[*at as usize]).collect(),
            None => rows.clone(),
        };
        let part = Selection::with_rows(std::sync::Arc::clone(&table), rows);
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
    if groups.rows.is_empty() {
        // of no group the type is that of the expression over no rows
        let empty = Selection::with_rows(std::sync::Arc::clone(&selection.table), Vector::default());
        let (value, _) = interpreter.with_selection(empty, |interpreter| interpreter.eval(tree))?;
        let value = if value.is_atom() { index::gather_longs(&value.enlist(), &[]) } else { Value::empty_list() };
        return Ok((value, selection));
    }
    if let Some((op, argument)) = fused(tree) {
        let (value, selection) = interpreter.with_selection(selection, |interpreter| interpreter.eval(argument))?;
        if let Some(result) = over_groups(op, &value, groups) {
            return Ok((result, selection));
        }
        let (results, selection) = per_group(interpreter, tree, selection, groups)?;
        return Ok((Value::from_items(results), selection));
    }
    let (results, selection) = per_group(interpreter, tree, selection, groups)?;
    Ok((Value::from_items(results), selection))
}

/// An aggregate of an expression that takes each row by itself.
fn fused(tree: &Value) -> Option<(Unary, &Value)> {
    let Value::List(items) = tree else {
        return None;
    };
    match &items[..] {
        [Value::Unary(op), argument] if is_row_wise(argument) => match op {
            Unary::Sum | Unary::Count | Unary::First | Unary::Last | Unary::Min | Unary::Max | Unary::Avg => {
                Some((*op, argument))
            }
            _ => None,
        },
        _ => None,
    }
}

/// True for trees whose value at a row depends on that row only.
fn is_row_wise(tree: &Value) -> bool {
    match tree {
        Value::Symbol(_) => true,
        Value::List(items) if items.len() == 3 => {
            matches!(
                &items[0],
                Value::Binary(Binary::Add | Binary::Subtract | Binary::Multiply | Binary::Divide)
            ) && items[1..].iter().all(|item| item.is_atom() || is_row_wise(item))
        }
        _ => false,
    }
}

/// A known aggregate over all groups in one pass; `None` for types that go the general way.
fn over_groups(op: Unary, value: &Value, groups: &Groups) -> Option<Value> {
    let count = groups.ids.len();
    let groups_count = groups.rows.len();
    if !value.is_list() || value.count() != count {
        return None;
    }
    match op {
        Unary::Count => {
            Some(Value::Longs(groups.rows.iter().map(|rows| rows.len() as i64).collect()))
        }
        Unary::First => {
            let firsts: Vec<i64> = groups.rows.iter().map(|rows| rows[0]).collect();
            Some(index::gather_longs(value, &firsts))
        }
        Unary::Last => {
            let lasts: Vec<i64> = groups.rows.iter().map(|rows| rows[rows.len() - 1]).collect();
            Some(index::gather_longs(value, &lasts))
        }
        Unary::Sum => match value {
            Value::Longs(items) => {
                let mut sums = vec![0i64; groups_count];
                for (id, item) in groups.ids.iter().zip(items.iter()) {
                    if *item != i64::MIN {
                        sums[*id as usize] = sums[*id as usize].wrapping_add(*item);
                    }
                }
                Some(Value::Longs(sums.into()))
            }
            Value::Floats(items) => {
                let mut sums = vec![0f64; groups_count];
                for (id, item) in groups.ids.iter().zip(items.iter()) {
                    if !item.is_nan() {
                        sums[*id as usize] += *item;
                    }
                }
                Some(Value::Floats(sums.into()))
            }
            _ => None,
        },
        Unary::Avg => match value {
            Value::Longs(items) => Some(averages(
                items.iter().map(|item| if *item == i64::MIN { f64::NAN } else { *item as f64 }),
                groups,
            )),
            Value::Floats(items) => Some(averages(items.iter().copied(), groups)),
            _ => None,
        },
        Unary::Max | Unary::Min => match value {
            Value::Longs(items) => {
                let start = if op == Unary::Max { -i64::MAX } else { i64::MAX };
                let mut best = vec![start; groups_count];
                for (id, item) in groups.ids.iter().zip(items.iter()) {
                    if *item == i64::MIN {
                        continue;
                    }
                    let slot = &mut best[*id as usize];
                    *slot = if op == Unary::Max { (*slot).max(*item) } else { (*slot).min(*item) };
                }
                Some(Value::Longs(best.into()))
            }
            Value::Floats(items) => {
                let start = if op == Unary::Max { f64::NEG_INFINITY } else { f64::INFINITY };
                let mut best = vec![start; groups_count];
                for (id, item) in groups.ids.iter().zip(items.iter()) {
                    let slot = &mut best[*id as usize];
                    *slot = if op == Unary::Max { slot.max(*item) } else { slot.min(*item) };
                }
                Some(Value::Floats(best.into()))
            }
            _ => None,
        },
        _ => None,
    }
}

fn averages(items: impl Iterator<Item = f64>, groups: &Groups) -> Value {
    let mut sums = vec![(0f64, 0u64); groups.rows.len()];
    for (id, item) in groups.ids.iter().zip(items) {
        if !item.is_nan() {
            let slot = &mut sums[*id as usize];
            slot.0 += item;
            slot.1 += 1;
        }
    }
    Value::Floats(
        sums.into_iter()
            .map(|(sum, count)| if count == 0 { f64::NAN } else { sum / count as f64 })
            .collect(),
    )
}
