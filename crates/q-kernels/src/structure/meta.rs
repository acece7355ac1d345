//! `meta`: what a table's columns are.

use q_value::{QError, QResult, Symbol, Type, Value, Vector, domain};

use super::keyed::unkey;

/// `meta x`: for each column the type letter `t` (upper case for lists of vectors, blank for mixed ones), the table `f` that
/// a foreign key refers to, and the attribute `a`; keyed by the name `c`.
///
/// # Errors
/// `'type` for anything but a table.
pub fn meta(x: Value) -> QResult<Value> {
    let table = unkey(x)?;
    let letters = table.columns.iter().map(type_letter).collect();
    let foreign = table.columns.iter().map(foreign_table).collect();
    let attributes = table
        .columns
        .iter()
        .map(|column| Symbol::new(column.attribute().name()))
        .collect();
    let name = |text: &str| Symbol::new(text);
    if table.names.is_empty() {
        return Err(QError::type_error());
    }
    Ok(Value::dict(
        Value::table(vec![name("c")].into(), vec![Value::Symbols(table.names)]),
        Value::table(
            vec![name("t"), name("f"), name("a")].into(),
            vec![
                Value::Chars(letters),
                Value::Symbols(foreign),
                Value::Symbols(attributes),
            ],
        ),
    ))
}

/// The letter of a column's type; of a list of vectors in upper case, blank when mixed.
pub fn type_letter(column: &Value) -> u8 {
    match column {
        Value::List(items) => match items.first() {
            Some(first) if first.is_vector() => first
                .basic_type()
                .map_or(b' ', |ty| ty.letter().to_ascii_uppercase()),
            _ => b' ',
        },
        column => column.basic_type().map_or(b' ', Type::letter),
    }
}

/// The table that a foreign key or link refers to; the null symbol for plain columns and enumerations over lists.
fn foreign_table(column: &Value) -> Symbol {
    match column {
        Value::Enums(v) => match domain::lookup(v.domain) {
            Some(Value::Dict(_) | Value::Table(_) | Value::Partitioned(_)) => v.domain,
            _ => Symbol::NULL,
        },
        _ => Symbol::NULL,
    }
}

/// The names of a table's foreign keys with the tables they refer to (`fkeys x`).
///
/// # Errors
/// `'type` for anything but a table.
pub fn fkeys(x: Value) -> QResult<Value> {
    let table = unkey(x)?;
    let (names, tables): (Vec<Symbol>, Vec<Symbol>) = table
        .names
        .iter()
        .zip(&table.columns)
        .map(|(name, column)| (*name, foreign_table(column)))
        .filter(|(_, table)| !table.is_null())
        .unzip();
    Ok(Value::dict(
        Value::Symbols(Vector::new(names)),
        Value::Symbols(Vector::new(tables)),
    ))
}
