//! Links between partitioned tables (`kb/linking-columns`): a link counts the rows of the linked table in its own partition,
//! so it is followed partition by partition, before the parts are put together.

use q_storage::Partition;
use q_value::{QError, QResult, Symbol, Table, Value, Vector, domain};

use super::Database;
use super::read::partition_columns;
use crate::index;
use crate::interpreter::Interpreter;

/// The names `link.column` that trees mention.
pub(super) fn dotted_names<'a>(trees: impl Iterator<Item = &'a Value>) -> Vec<Symbol> {
    let mut found = Vec::new();
    trees.for_each(|tree| collect(tree, &mut found));
    found
}

fn collect(tree: &Value, found: &mut Vec<Symbol>) {
    let mut one = |name: &Symbol| {
        let text = name.as_bytes();
        if text.contains(&b'.') && !text.starts_with(b".") && !found.contains(name) {
            found.push(*name);
        }
    };
    match tree {
        Value::Symbol(name) => one(name),
        Value::Symbols(names) => names.iter().for_each(one),
        Value::List(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Dict(dict) => collect(&dict.values, found),
        _ => (),
    }
}

/// A part of a table with a column `link.column` for each such name that goes to a partitioned table.
pub(super) fn followed(
    interpreter: &Interpreter,
    database: &Database,
    part: Table,
    partition: &Partition,
    names: &[Symbol],
) -> QResult<Table> {
    let mut part = part;
    for name in names {
        let text = name.as_bytes();
        let Some(dot) = text.iter().position(|byte| *byte == b'.') else {
            continue;
        };
        let Some(Value::Enums(link)) = part.column(Symbol::new(&text[..dot])) else {
            continue;
        };
        let Some(Value::Partitioned(target)) = domain::lookup(link.domain) else {
            continue;
        };
        let wanted = Symbol::new(&text[dot + 1..]);
        let linked = partition_columns(
            interpreter.world.as_ref(),
            database,
            &target,
            partition,
            &|column| column == wanted,
        )?;
        let column = linked
            .column(wanted)
            .ok_or_else(|| QError::signal(wanted.as_bytes().to_vec()))?;
        let column = index::index(column, &Value::Longs(link.indices.clone()))?;
        part.names.make_mut().push(*name);
        part.columns.push(column);
    }
    Ok(part)
}

/// A table without the columns that [`followed`] has added.
pub(super) fn without(table: &Table, added: &[Symbol]) -> Table {
    let (names, columns): (Vec<Symbol>, Vec<Value>) = table
        .names
        .iter()
        .copied()
        .zip(table.columns.iter().cloned())
        .filter(|(name, _)| !added.contains(name))
        .unzip();
    Table::new(Vector::from(names), columns)
}
