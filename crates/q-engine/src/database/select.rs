//! select and exec over partitions.
//!
//! Leading conditions on the virtual column choose the partitions. Of each, the columns that the query names are mapped and
//! the other conditions applied; what is left is put together and the rest of the query runs on it as on any table. When
//! groups cannot span partitions (the virtual column is a group key), each partition is finished by itself.

use std::sync::Arc;

use q_storage::Partition;
use q_value::{Partitioned, QError, QResult, Symbol, Table, Value};

use super::read::{self, concatenated, partition_columns};
use super::{Database, links, opened, partitioned};
use crate::interpreter::Interpreter;
use crate::query::plan::{By, Plan, Wanted};
use crate::query::scope::Selection;
use crate::query::select::{filter, finish};

pub(crate) fn select(interpreter: &mut Interpreter, table: &Value, plan: Plan) -> QResult<Value> {
    let table = Arc::clone(partitioned(table)?);
    if !read::is_on_disk(interpreter, &table) {
        return Err(QError::signal(table.name.as_bytes()));
    }
    // as the reference says of the forms of `select` with more arguments (`ref/flip-splayed`)
    if plan.limit.is_some() || plan.order.is_some() {
        return Err(QError::nyi());
    }
    let database = opened(interpreter)?;
    let virtual_name = *table.names.first().ok_or_else(QError::type_error)?;
    let leading = plan
        .conditions
        .iter()
        .take_while(|condition| names_only(condition, &table, virtual_name))
        .count();
    let partitions = chosen(
        interpreter,
        &database,
        virtual_name,
        &plan.conditions[..leading],
    )?;
    let mut plan = plan;
    plan.conditions.drain(..leading);

    let wants_all = matches!(plan.wanted, Wanted::All);
    let needed: Vec<Symbol> = table
        .names
        .iter()
        .copied()
        .filter(|name| wants_all || plan_names(&plan, *name))
        .collect();
    // conditions see the row numbers of their partition; only what follows them needs the numbers as a column
    let needs_row_numbers = plan_names(&conditionless(&plan), Symbol::new("i"))
        && !table.names.contains(&Symbol::new("i"));
    let is_unique = partitions
        .windows(2)
        .all(|pair| pair[0].value != pair[1].value);
    let apart = is_unique && is_grouped_by(&plan, virtual_name);

    let mut parts = Vec::with_capacity(partitions.len());
    for partition in &partitions {
        interpreter.check_limits()?;
        let mut rows = filtered(interpreter, &database, &table, partition, &needed, &plan)?;
        if takes_whole_rows(&plan) && !dotted_names(&plan).is_empty() {
            let Value::Table(whole) = rows.whole() else {
                return Err(QError::type_error());
            };
            rows = Selection::new(Arc::new(links::without(&whole, &dotted_names(&plan))));
        }
        if apart || partitions.len() == 1 {
            parts.push(finish(interpreter, rows, 0, conditionless(&plan))?);
            continue;
        }
        let numbers = needs_row_numbers.then(|| Value::Longs(rows.row_numbers()));
        parts.push(narrowed(&mut rows, numbers)?);
    }
    if partitions.is_empty() {
        let schema = read::schema(interpreter, &Value::Partitioned(Arc::clone(&table)))?;
        let Value::Table(schema) = crate::index::gather_longs(&schema, &[]) else {
            return Err(QError::type_error());
        };
        return finish(interpreter, Selection::new(schema), 0, conditionless(&plan));
    }
    if apart || partitions.len() == 1 {
        return concatenated(parts);
    }
    let Value::Table(whole) = concatenated(parts)? else {
        return Err(QError::type_error());
    };
    finish(interpreter, Selection::new(whole), 0, conditionless(&plan))
}

fn conditionless(plan: &Plan) -> Plan {
    Plan {
        conditions: Vec::new(),
        ..plan.clone()
    }
}

/// The rows of a partition that the remaining conditions leave.
fn filtered(
    interpreter: &mut Interpreter,
    database: &Database,
    table: &Partitioned,
    partition: &Partition,
    needed: &[Symbol],
    plan: &Plan,
) -> QResult<Selection> {
    let part = partition_columns(
        interpreter.world.as_ref(),
        database,
        table,
        partition,
        &|name| needed.contains(&name),
    )?;
    let part = links::followed(interpreter, database, part, partition, &dotted_names(plan))?;
    filter(
        interpreter,
        Selection::new(Arc::new(part)),
        &plan.conditions,
    )
}

/// The trees of a plan, the conditions first.
fn trees(plan: &Plan) -> Vec<&Value> {
    let mut trees: Vec<&Value> = plan.conditions.iter().collect();
    match &plan.by {
        By::None | By::Distinct => {}
        By::Columns(columns) => trees.extend(columns.iter().map(|(_, tree)| tree)),
        By::Single(tree) => trees.push(tree),
    }
    match &plan.wanted {
        Wanted::All => {}
        Wanted::Columns(columns) => trees.extend(columns.iter().map(|(_, tree)| tree)),
        Wanted::Single(tree) => trees.push(tree),
    }
    trees.extend(plan.order.iter().map(|(_, tree)| tree));
    trees
}

fn dotted_names(plan: &Plan) -> Vec<Symbol> {
    links::dotted_names(trees(plan).into_iter())
}

/// True when the result has the columns of the table as they are, and nothing is left to be computed after the conditions.
fn takes_whole_rows(plan: &Plan) -> bool {
    matches!(plan.wanted, Wanted::All)
        && matches!(plan.by, By::None | By::Distinct)
        && plan.order.is_none()
}

/// A selection as a table, with its row numbers as a column `i` when they are asked for.
fn narrowed(rows: &mut Selection, numbers: Option<Value>) -> QResult<Value> {
    let Value::Table(whole) = rows.whole() else {
        return Err(QError::type_error());
    };
    let Some(numbers) = numbers else {
        return Ok(Value::Table(whole));
    };
    let mut names = whole.names.to_vec();
    let mut columns = whole.columns.clone();
    names.push(Symbol::new("i"));
    columns.push(numbers);
    Ok(Value::Table(Arc::new(Table::new(names.into(), columns))))
}

/// The partitions for which conditions on the virtual column hold.
fn chosen(
    interpreter: &mut Interpreter,
    database: &Database,
    virtual_name: Symbol,
    conditions: &[Value],
) -> QResult<Vec<Partition>> {
    if conditions.is_empty() {
        return Ok(database.partitions.clone());
    }
    let kind = database.layout.kind.ok_or_else(|| QError::new("par"))?;
    let values: Vec<i64> = database
        .partitions
        .iter()
        .map(|partition| partition.value)
        .collect();
    let column = q_storage::partition_values(kind, &values);
    let list = Table::new(vec![virtual_name].into(), vec![column]);
    let selection = filter(interpreter, Selection::new(Arc::new(list)), conditions)?;
    Ok(selection
        .row_numbers()
        .iter()
        .filter_map(|at| database.partitions.get(usize::try_from(*at).ok()?).cloned())
        .collect())
}

/// True for a tree that names the virtual column and no other.
fn names_only(tree: &Value, table: &Partitioned, virtual_name: Symbol) -> bool {
    mentions(tree, virtual_name)
        && !mentions(tree, Symbol::new("i"))
        && !table
            .names
            .iter()
            .any(|name| *name != virtual_name && mentions(tree, *name))
}

/// True when the virtual column is the first key, as it is.
fn is_grouped_by(plan: &Plan, virtual_name: Symbol) -> bool {
    match &plan.by {
        By::Columns(columns) => columns
            .first()
            .is_some_and(|(_, tree)| matches!(tree, Value::Symbol(name) if *name == virtual_name)),
        _ => false,
    }
}

fn plan_names(plan: &Plan, name: Symbol) -> bool {
    trees(plan).into_iter().any(|tree| mentions(tree, name))
}

/// True when a tree has the name as a variable, alone or before a dot. Enlisted symbols are constants.
fn mentions(tree: &Value, name: Symbol) -> bool {
    match tree {
        Value::Symbol(found) => {
            *found == name
                || found
                    .as_bytes()
                    .strip_prefix(name.as_bytes())
                    .is_some_and(|rest| rest.starts_with(b"."))
        }
        Value::List(items) => items.iter().any(|item| mentions(item, name)),
        // a list of a function and names, such as (sum;`size), may be stored as symbols only when nothing but names is in it
        Value::Symbols(names) if names.len() > 1 => names.contains(&name),
        Value::Dict(dict) => mentions(&dict.values, name),
        _ => false,
    }
}
