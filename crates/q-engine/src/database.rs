//! Databases in folders: splayed and partitioned tables (`kb/partition`).
//!
//! Loading a folder looks at names only; a partitioned table is a value that knows its name and columns, and each query
//! maps the columns it needs of the partitions it needs (see [`select`]).

mod links;
mod read;
mod select;
mod state;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use q_storage::{DatabaseLayout, Partition};
use q_value::{Partitioned, QError, QResult, Symbol, Value};

use crate::files;
use crate::interpreter::Interpreter;

pub(crate) use read::{column, count, display, flip_of_names, read_splayed, schema};
pub(crate) use select::select;
pub(crate) use state::TABLE;

/// A loaded partitioned database.
#[derive(Clone)]
pub(crate) struct Database {
    pub layout: DatabaseLayout,
    pub root: PathBuf,
    /// The partitions queries see, which `.Q.view` may restrict.
    pub partitions: Vec<Partition>,
    /// True after `.Q.bv`: a table missing from a partition is empty there.
    pub fills_missing: bool,
}

/// What to do beside reading a folder.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LoadOptions {
    /// Make it the working directory.
    pub enters: bool,
    pub runs_scripts: bool,
}

/// `\l folder`: a splayed table, a database, or a folder of q files (`basics/syscmds`).
pub(crate) fn load_folder(interpreter: &mut Interpreter, path: &Path) -> QResult<()> {
    let options = LoadOptions {
        enters: true,
        runs_scripts: true,
    };
    load_folder_with(interpreter, path, options)
}

pub(crate) fn load_folder_with(
    interpreter: &mut Interpreter,
    path: &Path,
    options: LoadOptions,
) -> QResult<()> {
    let is_splayed = interpreter.with_files(|files, _| Ok(q_storage::is_splayed(files, path)))?;
    if is_splayed {
        return load_variable(interpreter, path);
    }
    let root = if options.enters {
        interpreter
            .world
            .change_directory(path)
            .map_err(|error| files::failed(path, &error))?;
        PathBuf::from(".")
    } else {
        path.to_path_buf()
    };
    let layout = interpreter.with_files(|files, _| q_storage::scan_database(files, &root))?;
    for name in layout.objects.iter().chain(&layout.splayed) {
        load_variable(interpreter, &read::joined(&root, *name))?;
    }
    if layout.kind.is_some() {
        state::open(interpreter, layout.clone(), &root)?;
    }
    if options.runs_scripts {
        for script in &layout.scripts {
            let script = read::joined(&root, Symbol::new(script));
            interpreter.load_script(&script)?;
        }
    }
    Ok(())
}

/// Binds a file or splayed folder to the variable of its name, in the root namespace.
fn load_variable(interpreter: &mut Interpreter, path: &Path) -> QResult<()> {
    let value = files::read(interpreter, path)?;
    let name = path.file_name().ok_or_else(QError::type_error)?;
    let name = Symbol::new(std::os::unix::ffi::OsStrExt::as_bytes(name));
    if matches!(value, Value::Symbols(_) | Value::Table(_)) {
        // columns on disk know the domain, or the table they link to, by this name
        q_value::domain::bind(name, value.clone());
    }
    interpreter.write_name(name, value)
}

/// Remembers a table that is the content of a splayed folder.
pub(crate) fn note_splayed(interpreter: &mut Interpreter, table: &Value) {
    if let Value::Table(table) = table {
        let known = &mut interpreter.splayed;
        known.retain(|other| other.strong_count() > 0);
        known.push(Arc::downgrade(table));
    }
}

/// True for a table as it was read from a splayed folder.
pub(crate) fn is_splayed(interpreter: &Interpreter, table: &Value) -> bool {
    let Value::Table(table) = table else {
        return false;
    };
    let mut known = interpreter.splayed.iter();
    known.any(|other| std::ptr::eq(other.as_ptr(), Arc::as_ptr(table)))
}

/// `t i` of a partitioned table: rows are reached with queries only.
pub(crate) fn index(_interpreter: &mut Interpreter, _table: &Value, _i: &Value) -> QResult<Value> {
    Err(QError::new("par"))
}

/// `names!path`: columns and the place of a table; `flip` of it reads the table.
pub(crate) fn flip_of_path(
    _interpreter: &mut Interpreter,
    names: Value,
    path: Value,
) -> QResult<Value> {
    Ok(Value::dict(names, path))
}

/// The database with a partitioned table; `'par` when none is loaded.
fn opened(interpreter: &Interpreter) -> QResult<Arc<Database>> {
    interpreter
        .database
        .clone()
        .ok_or_else(|| QError::new("par"))
}

fn partitioned(value: &Value) -> QResult<&Arc<Partitioned>> {
    match value {
        Value::Partitioned(table) => Ok(table),
        _ => Err(QError::type_error()),
    }
}
