//! The state of a partitioned database as variables: `date`, `.Q.pv`, `.Q.pt` and the like; `.Q.view`, `.Q.bv`, `.Q.cn`.

use std::path::Path;
use std::sync::Arc;

use q_storage::{DatabaseLayout, Partition};
use q_value::{Partitioned, QError, QResult, Symbol, Value, Vector};

use super::{Database, LoadOptions, load_folder_with, opened, partitioned, read};
use crate::index;
use crate::interpreter::Interpreter;
use crate::primitives::Row;

pub(crate) static TABLE: &[Row] = &[
    Row::one(".Q.l", load),
    Row::three(".Q.lo", load_with),
    Row::many(".Q.view", view),
    Row::many(".Q.bv", fill_missing),
    Row::many(".Q.bvi", fill_missing),
    Row::one(".Q.cn", count_partitions),
    Row::one(".Q.li", load_partitions),
];

/// `.Q.l path`, as `\l`.
fn load(interpreter: &mut Interpreter, path: Value) -> QResult<Value> {
    let Value::Symbol(name) = path else {
        return Err(QError::type_error());
    };
    let path = crate::files::path_of(name);
    crate::commands::load(
        interpreter,
        std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str()),
    )?;
    Ok(Value::Identity)
}

/// `.Q.lo[path;cd;scripts]`: a database without entering its folder, or without running its scripts.
fn load_with(
    interpreter: &mut Interpreter,
    path: Value,
    enters: Value,
    runs_scripts: Value,
) -> QResult<Value> {
    let Value::Symbol(name) = path else {
        return Err(QError::type_error());
    };
    let flag = |value: &Value| {
        value
            .as_i64()
            .map(|flag| flag != 0)
            .ok_or_else(QError::type_error)
    };
    let options = LoadOptions {
        enters: flag(&enters)?,
        runs_scripts: flag(&runs_scripts)?,
    };
    load_folder_with(interpreter, &crate::files::path_of(name), options)?;
    Ok(Value::Identity)
}

/// Makes a scanned folder the database of the process.
pub(super) fn open(
    interpreter: &mut Interpreter,
    layout: DatabaseLayout,
    root: &Path,
) -> QResult<()> {
    let partitions = layout.partitions.clone();
    let database = Database {
        layout,
        root: root.to_path_buf(),
        partitions,
        fills_missing: false,
    };
    let tables = database.layout.tables.clone();
    for name in &tables {
        bind_table(interpreter, &database, *name)?;
    }
    publish(interpreter, database, tables)
}

fn bind_table(interpreter: &mut Interpreter, database: &Database, name: Symbol) -> QResult<()> {
    let names = read::names_of(interpreter, database, name)?;
    let table = Value::Partitioned(Arc::new(Partitioned { name, names }));
    // links on disk know the table by this name
    q_value::domain::bind(name, table.clone());
    interpreter.write_name(name, table)
}

fn values_of(database: &Database, partitions: &[Partition]) -> Value {
    let values: Vec<i64> = partitions.iter().map(|partition| partition.value).collect();
    match database.layout.kind {
        Some(kind) => q_storage::partition_values(kind, &values),
        None => Value::Longs(values.into()),
    }
}

/// Where each partition lies: its segment, or the root.
fn places_of(database: &Database, partitions: &[Partition]) -> Value {
    let symbol = |path: &Path| {
        let bytes = std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str());
        Symbol::new([b":", bytes].concat())
    };
    Value::Symbols(
        partitions
            .iter()
            .map(|partition| symbol(partition.folder.parent().unwrap_or(&database.root)))
            .collect(),
    )
}

/// Writes the variables that tell of a database, and keeps it.
fn publish(interpreter: &mut Interpreter, database: Database, tables: Vec<Symbol>) -> QResult<()> {
    let kind = database.layout.kind.ok_or_else(|| QError::new("par"))?;
    let field = Symbol::new(kind.column());
    let all = values_of(&database, &database.layout.partitions);
    let seen = values_of(&database, &database.partitions);
    let mut distinct = database
        .layout
        .partitions
        .iter()
        .map(|partition| partition.value)
        .collect::<Vec<_>>();
    distinct.dedup();
    let is_unique = distinct.len() == database.layout.partitions.len();
    let segments: Vec<Symbol> = database
        .layout
        .segments
        .iter()
        .map(|path| {
            Symbol::new(
                [
                    b":",
                    std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str()),
                ]
                .concat(),
            )
        })
        .collect();
    let in_segments: Vec<Value> = database
        .layout
        .segments
        .iter()
        .map(|segment| {
            let inside: Vec<Partition> = database
                .layout
                .partitions
                .iter()
                .filter(|partition| partition.folder.parent() == Some(segment))
                .cloned()
                .collect();
            values_of(&database, &inside)
        })
        .collect();
    let mut set = |name: &str, value: Value| interpreter.write_name(Symbol::new(name), value);
    set(".Q.pf", Value::Symbol(field))?;
    set(".Q.pt", Value::Symbols(tables.clone().into()))?;
    set(".Q.PV", all)?;
    set(".Q.PD", places_of(&database, &database.layout.partitions))?;
    set(".Q.pv", seen.clone())?;
    set(".Q.pd", places_of(&database, &database.partitions))?;
    set(".Q.u", Value::Boolean(is_unique))?;
    set(".Q.P", Value::Symbols(segments.into()))?;
    set(".Q.D", Value::list(in_segments))?;
    set(kind.column(), seen)?;
    let none = vec![Value::empty_list(); tables.len()];
    set(
        ".Q.pn",
        Value::dict(Value::Symbols(tables.into()), Value::list(none)),
    )?;
    interpreter.database = Some(Arc::new(database));
    Ok(())
}

fn tables_known(interpreter: &mut Interpreter) -> Vec<Symbol> {
    match interpreter.read_name(Symbol::new(".Q.pt")) {
        Ok(Value::Symbols(names)) => names.to_vec(),
        _ => Vec::new(),
    }
}

/// Partition values as integers.
fn numbers(values: &Value) -> QResult<Vec<i64>> {
    let values = if values.is_atom() {
        values.clone().enlist()
    } else {
        values.clone()
    };
    let longs = q_kernels::binary(q_value::Binary::Cast, Value::symbol("long"), values)?;
    Ok(index::as_longs(&longs)
        .ok_or_else(QError::type_error)?
        .to_vec())
}

/// `.Q.view values`: queries see these partitions only; `.Q.view[]` all again.
fn view(interpreter: &mut Interpreter, arguments: Vec<Value>) -> QResult<Value> {
    let mut database = (*opened(interpreter)?).clone();
    database.partitions = match arguments.first() {
        None | Some(Value::Identity) => database.layout.partitions.clone(),
        Some(values) => {
            let wanted = numbers(values)?;
            let found: Vec<Partition> = database
                .layout
                .partitions
                .iter()
                .filter(|partition| wanted.contains(&partition.value))
                .cloned()
                .collect();
            if found.is_empty() {
                return Err(QError::new("invalid partition filter"));
            }
            found
        }
    };
    let tables = tables_known(interpreter);
    for name in &tables {
        bind_table(interpreter, &database, *name)?;
    }
    publish(interpreter, database, tables)?;
    Ok(Value::Identity)
}

/// `.Q.bv[]`: tables missing from partitions are empty there; `.Q.vp` has their schemas.
fn fill_missing(interpreter: &mut Interpreter, _arguments: Vec<Value>) -> QResult<Value> {
    let mut database = (*opened(interpreter)?).clone();
    database.fills_missing = true;
    let tables = read::tables_anywhere(interpreter, &database);
    for name in &tables {
        bind_table(interpreter, &database, *name)?;
    }
    let missing: Vec<Symbol> = tables
        .iter()
        .copied()
        .filter(|name| {
            database
                .layout
                .partitions
                .iter()
                .any(|partition| read::lacks(interpreter, partition, *name))
        })
        .collect();
    publish(interpreter, database, tables)?;
    let mut schemas = Vec::with_capacity(missing.len());
    for name in &missing {
        let table = interpreter.read_name(*name)?;
        let schema = read::schema(interpreter, &table)?;
        schemas.push(index::gather_longs(&schema, &[]));
    }
    let schemas = Value::dict(Value::Symbols(missing.into()), Value::list(schemas));
    interpreter.write_name(Symbol::new(".Q.vp"), schemas)?;
    Ok(Value::Identity)
}

/// `.Q.cn t`: rows of a partitioned table in each partition, kept in `.Q.pn`.
fn count_partitions(interpreter: &mut Interpreter, table: Value) -> QResult<Value> {
    let table = Arc::clone(partitioned(&table)?);
    let name = Symbol::new(".Q.pn");
    let known = interpreter.read_name(name)?;
    if let Value::Dict(dict) = &known
        && let Some(Value::Longs(counts)) = index::dict_entry(dict, table.name)
        && !counts.is_empty()
    {
        return Ok(Value::Longs(counts));
    }
    let counts: Vector<i64> = read::counts(interpreter, &table)?.into();
    let id = interpreter.globals.slot(name);
    interpreter.amend_global_value(
        id,
        &[Value::Symbol(table.name)],
        Value::Longs(counts.clone()),
    )?;
    Ok(Value::Longs(counts))
}

/// `.Q.li values`: partitions on disk that have come since loading.
fn load_partitions(interpreter: &mut Interpreter, values: Value) -> QResult<Value> {
    let mut database = (*opened(interpreter)?).clone();
    let wanted = numbers(&values)?;
    let root = database.root.clone();
    let scanned = interpreter.with_files(|files, _| q_storage::scan_database(files, &root))?;
    for partition in scanned.partitions {
        if wanted.contains(&partition.value) && !database.layout.partitions.contains(&partition) {
            database.layout.partitions.push(partition);
        }
    }
    database
        .layout
        .partitions
        .sort_by_key(|partition| partition.value);
    database.partitions = database.layout.partitions.clone();
    let tables = tables_known(interpreter);
    publish(interpreter, database, tables)?;
    Ok(Value::Identity)
}
