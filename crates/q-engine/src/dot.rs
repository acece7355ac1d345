//! Dot notation: `d.key`, `t.column`, parts of temporal values, and foreign keys (`semantics.md` 58, 126).

use q_value::{Binary, QError, QResult, Symbol, Value, domain};

use crate::index;
use crate::interpreter::Interpreter;

/// Parts of temporal values that dot notation reads, as casts.
const PARTS: &[&str] = &[
    "year",
    "month",
    "mm",
    "dd",
    "week",
    "hh",
    "minute",
    "uu",
    "second",
    "ss",
    "date",
    "time",
    "timespan",
    "timestamp",
];

/// A member of a global's value: an entry of a dictionary, a column of a table, a part of a temporal value.
pub(crate) fn member(interpreter: &mut Interpreter, whole: &Value, name: Symbol) -> Option<Value> {
    match whole {
        Value::Dict(dict) if !whole.is_keyed_table() => index::dict_entry(dict, name),
        Value::Dict(dict) => match (&dict.keys, &dict.values) {
            (Value::Table(keys), Value::Table(values)) => {
                keys.column(name).or_else(|| values.column(name)).cloned()
            }
            _ => None,
        },
        Value::Table(table) => table.column(name).cloned(),
        Value::Partitioned(_) => crate::database::column(interpreter, whole, name).ok(),
        value => part_of_column(value, name).ok(),
    }
}

/// A part of a column: follows an enumeration over a table, or casts a temporal value.
pub(crate) fn part_of_column(column: &Value, part: Symbol) -> QResult<Value> {
    match column {
        Value::Enums(vector) => follow(vector.domain, &Value::Longs(vector.indices.clone()), part),
        Value::Enum(atom) => follow(atom.domain, &Value::Long(atom.index), part),
        Value::Table(table) => table.column(part).cloned().ok_or_else(|| unknown(part)),
        Value::Dict(dict) => index::dict_entry(dict, part).ok_or_else(|| unknown(part)),
        column => {
            let is_temporal = column.basic_type().is_some_and(|ty| ty.is_temporal());
            if !is_temporal || !PARTS.contains(&part.text().as_str()) {
                return Err(unknown(part));
            }
            q_kernels::binary(Binary::Cast, Value::Symbol(part), column.clone())
        }
    }
}

fn unknown(name: Symbol) -> QError {
    QError::signal(name.as_bytes().to_vec())
}

/// The column of the table a foreign key or link points to, at the rows of its indices.
fn follow(name: Symbol, indices: &Value, part: Symbol) -> QResult<Value> {
    let target = domain::lookup(name).ok_or_else(|| unknown(name))?;
    let column = match &target {
        Value::Table(table) => table.column(part).cloned(),
        Value::Dict(dict) => match (&dict.keys, &dict.values) {
            (Value::Table(keys), Value::Table(values)) => {
                values.column(part).or_else(|| keys.column(part)).cloned()
            }
            _ => None,
        },
        // of a partitioned table there is no row without its partition
        Value::Partitioned(_) => return Err(QError::new("par")),
        _ => None,
    };
    let column = column.ok_or_else(|| unknown(part))?;
    index::index(&column, indices)
}
