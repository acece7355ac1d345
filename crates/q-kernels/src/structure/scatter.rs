//! Items written to positions.

use std::sync::Arc;

use q_value::{QError, QResult, Table, Value, Vector};

use super::pairs::same_vectors;

/// `target` with `source[i]` at `positions[i]`, later ones winning; positions must lie inside. A vector that cannot hold
/// the source becomes a general list; tables take the columns that `source` has.
///
/// # Errors
/// `'type` when a table is to hold something else than rows.
pub(crate) fn scatter(target: Value, positions: &[usize], source: &Value) -> QResult<Value> {
    if let (Value::Table(target), Value::Table(source)) = (&target, source) {
        let mut changed = Table::clone(target);
        for (name, column) in changed.names.iter().zip(&mut changed.columns) {
            if let Some(from) = source.column(*name) {
                let old = std::mem::replace(column, Value::Identity);
                *column = scatter(old, positions, from)?;
            }
        }
        return Ok(Value::Table(Arc::new(changed)));
    }
    if matches!(target, Value::Table(_)) {
        return Err(QError::type_error());
    }
    if let (Value::Enums(a), Value::Enums(b)) = (&target, source)
        && a.domain == b.domain
    {
        let indices = write(a.indices.clone(), positions, &b.indices);
        return Ok(Value::enums(a.domain, indices));
    }
    Ok(same_vectors!(
        target, source,
        (a, b) => write(a, positions, b),
        else (target, source) => write_items(target, positions, source)
    ))
}

fn write<T: Clone>(mut target: Vector<T>, positions: &[usize], source: &Vector<T>) -> Vector<T> {
    let items = target.make_mut();
    for (at, item) in positions.iter().zip(source.iter()) {
        items[*at] = item.clone();
    }
    target
}

fn write_items(target: Value, positions: &[usize], source: &Value) -> Value {
    let was_list = matches!(target, Value::List(_));
    let mut items = target.items();
    for (row, at) in positions.iter().enumerate() {
        if let Some(item) = source.item(row) {
            items[*at] = item;
        }
    }
    if was_list {
        Value::list(items)
    } else {
        Value::from_items(items)
    }
}
