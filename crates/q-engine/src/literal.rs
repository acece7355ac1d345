//! Table and dictionary literals.

use q_value::{Binary, QError, QResult, Symbol, Value, Vector};

use crate::code::TableShape;
use crate::interpreter::Interpreter;

/// Builds the literal from its values, keys first.
pub(crate) fn build(
    interpreter: &mut Interpreter,
    shape: &TableShape,
    items: Vec<Value>,
) -> QResult<Value> {
    if !shape.is_table {
        let names = Value::Symbols(shape.columns.iter().copied().collect());
        if items.iter().any(|item| matches!(item, Value::Elided)) {
            let enlist = Value::Unary(q_value::Unary::Enlist);
            let projected = interpreter.apply(&enlist, items)?;
            let keyed = Value::projection(Value::Binary(Binary::Bang), vec![Some(names), None]);
            return Ok(crate::apply::compose(keyed, projected));
        }
        let values = if items.is_empty() {
            Value::empty_list()
        } else {
            Value::from_items(items)
        };
        return Ok(Value::dict(names, values));
    }
    let key_count = shape.keys.len();
    let mut rows = None;
    for item in &items {
        let count = match item {
            item if item.is_list() => item.count(),
            Value::Table(_) | Value::Dict(_) => item.count(),
            _ => continue,
        };
        match rows {
            None => rows = Some(count),
            Some(rows) if rows != count => return Err(QError::length()),
            Some(_) => (),
        }
    }
    // a keyed table of atoms alone has one row, a plain one is refused
    let rows = match rows {
        Some(rows) => rows,
        None if key_count > 0 => 1,
        None => return Err(QError::rank()),
    };
    let mut columns: Vec<Value> = items
        .into_iter()
        .map(|item| crate::amend::column_of(item, rows))
        .collect::<QResult<_>>()?;
    let values = columns.split_off(key_count);
    let table =
        |names: &[Symbol], columns: Vec<Value>| Value::table(Vector::new(names.to_vec()), columns);
    if key_count == 0 {
        return Ok(table(&shape.columns, values));
    }
    if shape.columns.is_empty() {
        return Err(QError::type_error());
    }
    Ok(Value::dict(
        table(&shape.keys, columns),
        table(&shape.columns, values),
    ))
}
