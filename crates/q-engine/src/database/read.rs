//! Reading partitioned tables: columns of a partition, counts, the schema, the first rows for the console.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use q_storage::{Files, Partition};
use q_value::{Binary, Bytes, Partitioned, QError, QResult, Symbol, Table, Value, Vector};
use q_wire::Compile;

use super::{Database, opened, partitioned};
use crate::index;
use crate::interpreter::Interpreter;
use crate::system::{FileKind, System};

pub(super) fn joined(folder: &Path, name: Symbol) -> PathBuf {
    folder.join(OsStr::from_bytes(name.as_bytes()))
}

/// The world for reading alone.
struct ReadOnlyFiles<'a>(&'a dyn System);

fn refused() -> io::Error {
    io::Error::from(io::ErrorKind::ReadOnlyFilesystem)
}

impl Files for ReadOnlyFiles<'_> {
    fn is_folder(&self, path: &Path) -> io::Result<bool> {
        self.0
            .status(path)
            .map(|status| status.kind == FileKind::Directory)
    }
    fn map(&self, path: &Path) -> io::Result<Bytes> {
        self.0.map(path)
    }
    fn write(&mut self, _path: &Path, _bytes: &[u8]) -> io::Result<()> {
        Err(refused())
    }
    fn append(&mut self, _path: &Path, _bytes: &[u8]) -> io::Result<()> {
        Err(refused())
    }
    fn write_at(&mut self, _path: &Path, _offset: u64, _bytes: &[u8]) -> io::Result<()> {
        Err(refused())
    }
    fn list(&self, path: &Path) -> io::Result<Vec<Vec<u8>>> {
        self.0.list(path)
    }
    fn remove(&mut self, _path: &Path) -> io::Result<()> {
        Err(refused())
    }
    fn append_locked(
        &mut self,
        path: &Path,
        _more: &mut dyn FnMut(&[u8]) -> QResult<Vec<u8>>,
    ) -> QResult<()> {
        Err(q_storage::file_error(path, &refused()))
    }
}

/// Columns hold no functions.
struct NoFunctions;

impl Compile for NoFunctions {
    fn lambda(&mut self, _namespace: Symbol, _source: &[u8]) -> QResult<Value> {
        Err(QError::nyi())
    }
}

/// The value of the virtual column for a partition.
pub(super) fn partition_atom(database: &Database, partition: &Partition) -> Value {
    let kind = database
        .layout
        .kind
        .unwrap_or(q_storage::PartitionKind::Int);
    q_storage::partition_values(kind, &[partition.value])
        .item(0)
        .unwrap_or(Value::Long(partition.value))
}

/// The columns of a table in a partition that are asked for, in the table's order; the virtual one is made up. With no
/// column asked for, the first of the files alone tells the count of rows.
pub(super) fn partition_columns(
    world: &dyn System,
    database: &Database,
    table: &Partitioned,
    partition: &Partition,
    wanted: &dyn Fn(Symbol) -> bool,
) -> QResult<Table> {
    let (virtual_name, stored) = table.names.split_first().ok_or_else(QError::type_error)?;
    let folder = joined(&partition.folder, table.name);
    let files = ReadOnlyFiles(world);
    if database.fills_missing && !q_storage::is_splayed(&files, &folder) {
        let model =
            partition_with(&files, database, table.name).ok_or_else(|| QError::new("par"))?;
        let full = partition_columns(world, database, table, model, wanted)?;
        let columns = full
            .columns
            .iter()
            .map(|column| index::gather_longs(column, &[]))
            .collect();
        return Ok(Table::new(full.names, columns));
    }
    let mut names = Vec::new();
    let mut columns = Vec::new();
    for name in stored.iter().filter(|name| wanted(**name)) {
        names.push(*name);
        columns.push(q_storage::get_column(
            &files,
            &folder,
            *name,
            &mut NoFunctions,
        )?);
    }
    // a column that lacks rows cuts the others (`wp/hdb-analysis`, level 8)
    let rows = match columns.iter().map(Value::count).min() {
        Some(rows) => rows,
        None => rows_in(&files, &folder, stored)?,
    };
    for column in columns.iter_mut().filter(|column| column.count() > rows) {
        let count = Value::Long(i64::try_from(rows).map_err(|_| QError::limit())?);
        *column = q_kernels::binary(Binary::Take, count, column.clone())?;
    }
    if columns.is_empty() || wanted(*virtual_name) {
        names.insert(0, *virtual_name);
        columns.insert(
            0,
            crate::amend::column_of(partition_atom(database, partition), rows)?,
        );
    }
    Ok(Table::new(names.into(), columns))
}

fn rows_in(files: &dyn Files, folder: &Path, stored: &[Symbol]) -> QResult<usize> {
    let first = stored.first().ok_or_else(QError::length)?;
    let path = joined(folder, *first);
    let bytes = files
        .map(&path)
        .map_err(|error| q_storage::file_error(&path, &error))?;
    match q_storage::count_of(&bytes) {
        Some(count) => Ok(count),
        None => Ok(q_storage::get_column(files, folder, *first, &mut NoFunctions)?.count()),
    }
}

/// The last partition that has a table.
fn partition_with<'a>(
    files: &dyn Files,
    database: &'a Database,
    name: Symbol,
) -> Option<&'a Partition> {
    database
        .layout
        .partitions
        .iter()
        .rev()
        .find(|partition| q_storage::is_splayed(files, &joined(&partition.folder, name)))
}

/// Rows of a table in each partition that queries see.
pub(super) fn counts(interpreter: &Interpreter, table: &Partitioned) -> QResult<Vec<i64>> {
    let database = opened(interpreter)?;
    let world = interpreter.world.as_ref();
    database
        .partitions
        .iter()
        .map(|partition| {
            let part = partition_columns(world, &database, table, partition, &|_| false)?;
            Ok(i64::try_from(part.row_count()).unwrap_or(i64::MAX))
        })
        .collect()
}

/// `count t`.
pub(crate) fn count(interpreter: &mut Interpreter, table: &Value) -> QResult<Value> {
    let counts = counts(interpreter, partitioned(table)?)?;
    Ok(Value::Long(counts.iter().sum()))
}

/// A column by its name outside a query: over all partitions.
pub(crate) fn column(interpreter: &mut Interpreter, table: &Value, name: Symbol) -> QResult<Value> {
    let table = partitioned(table)?;
    if !table.names.contains(&name) {
        return Err(QError::type_error());
    }
    let database = opened(interpreter)?;
    let mut parts = Vec::with_capacity(database.partitions.len());
    for partition in &database.partitions {
        let part = partition_columns(
            interpreter.world.as_ref(),
            &database,
            table,
            partition,
            &|other| other == name,
        )?;
        parts.extend(part.column(name).cloned());
    }
    crate::kernel::one("raze", Value::list(parts))
}

/// The table of the last partition: columns with the types and attributes that `meta` shows.
pub(crate) fn schema(interpreter: &mut Interpreter, table: &Value) -> QResult<Value> {
    let table = partitioned(table)?;
    let database = opened(interpreter)?;
    let files = ReadOnlyFiles(interpreter.world.as_ref());
    let partition = database
        .partitions
        .last()
        .filter(|last| q_storage::is_splayed(&files, &joined(&last.folder, table.name)))
        .or_else(|| partition_with(&files, &database, table.name))
        .ok_or_else(|| QError::new("par"))?;
    let part = partition_columns(
        interpreter.world.as_ref(),
        &database,
        table,
        partition,
        &|_| true,
    )?;
    Ok(Value::Table(Arc::new(part)))
}

/// The column names of a table: the virtual one, and those of the last partition in view; where that lacks the table, of
/// the last one that has it.
pub(super) fn names_of(
    interpreter: &Interpreter,
    database: &Database,
    table: Symbol,
) -> QResult<Vector<Symbol>> {
    let kind = database.layout.kind.ok_or_else(|| QError::new("par"))?;
    let files = ReadOnlyFiles(interpreter.world.as_ref());
    let in_view = database.partitions.last().filter(|last| {
        interpreter
            .world
            .status(&joined(&last.folder, table))
            .is_ok()
    });
    let partition = match in_view {
        Some(partition) => partition,
        None => partition_with(&files, database, table).ok_or_else(|| QError::new("par"))?,
    };
    let folder = joined(&partition.folder, table);
    let stored = q_storage::column_names(&files, &folder, &mut NoFunctions)?;
    let mut names = vec![Symbol::new(kind.column())];
    names.extend(stored.iter().copied());
    Ok(names.into())
}

/// True when a partition lacks a table.
pub(super) fn lacks(interpreter: &Interpreter, partition: &Partition, table: Symbol) -> bool {
    let files = ReadOnlyFiles(interpreter.world.as_ref());
    !q_storage::is_splayed(&files, &joined(&partition.folder, table))
}

/// All tables found in any partition, sorted.
pub(super) fn tables_anywhere(interpreter: &Interpreter, database: &Database) -> Vec<Symbol> {
    let mut tables: Vec<Symbol> = Vec::new();
    for partition in &database.layout.partitions {
        for name in interpreter
            .world
            .list(&partition.folder)
            .unwrap_or_default()
        {
            let name = Symbol::new(&name);
            if !tables.contains(&name) && !lacks(interpreter, partition, name) {
                tables.push(name);
            }
        }
    }
    tables.sort();
    tables
}

/// The first rows as the console shows a table; names and place of one that is not on disk or cannot be read.
pub(crate) fn display(interpreter: &Interpreter, table: &Value) -> Vec<u8> {
    let is_on_disk = partitioned(table).is_ok_and(|table| is_on_disk(interpreter, table));
    if is_on_disk && let Ok(rows) = first_rows(interpreter, table) {
        return interpreter.display(&rows);
    }
    // rows that cannot be read, as of a table that early partitions lack: names and place (reference page ".Q", bv)
    let mut text = q_value::display::k_text(table, interpreter.settings.precision);
    text.push(b'\n');
    text
}

/// False for names and a place that are no table yet.
pub(super) fn is_on_disk(interpreter: &Interpreter, table: &Partitioned) -> bool {
    let files = ReadOnlyFiles(interpreter.world.as_ref());
    interpreter
        .database
        .as_ref()
        .is_some_and(|database| partition_with(&files, database, table.name).is_some())
}

fn first_rows(interpreter: &Interpreter, table: &Value) -> QResult<Value> {
    let table = partitioned(table)?;
    let database = opened(interpreter)?;
    // one row more than fits tells the console that there are more
    let enough = interpreter.settings.console.0.max(1);
    let mut parts = Vec::new();
    let mut rows = 0;
    for partition in &database.partitions {
        let part = partition_columns(
            interpreter.world.as_ref(),
            &database,
            table,
            partition,
            &|_| true,
        )?;
        let count = part.row_count().min(enough - rows);
        let places: Vec<i64> = (0..count as i64).collect();
        parts.push(index::gather_longs(&Value::Table(Arc::new(part)), &places));
        rows += count;
        if rows >= enough {
            break;
        }
    }
    concatenated(parts)
}

/// Tables with the same columns, or dictionaries whose keys do not meet, one below the other.
pub(super) fn concatenated(parts: Vec<Value>) -> QResult<Value> {
    let mut parts = parts.into_iter();
    let mut whole = parts.next().ok_or_else(|| QError::new("par"))?;
    for part in parts {
        whole = match (whole, part) {
            // keys do not meet: no look-up is needed
            (Value::Dict(above), Value::Dict(below)) => Value::dict(
                q_kernels::binary(Binary::Join, above.keys.clone(), below.keys.clone())?,
                q_kernels::binary(Binary::Join, above.values.clone(), below.values.clone())?,
            ),
            (above, below) => q_kernels::binary(Binary::Join, above, below)?,
        };
    }
    Ok(whole)
}

/// `flip names!place`: the columns of a splayed folder, or of a partitioned table (`ref/flip-splayed`). A place where
/// there is no table yet stays as it is, and queries on it fail.
pub(crate) fn flip_of_names(
    interpreter: &mut Interpreter,
    names: &Vector<Symbol>,
    place: Symbol,
) -> QResult<Value> {
    let is_path = place.as_bytes().starts_with(b":");
    if is_path && let Ok(table) = read_splayed(interpreter, names, place) {
        return Ok(table);
    }
    let mut all = Vec::with_capacity(names.len() + 1);
    let kind = interpreter
        .database
        .as_ref()
        .and_then(|database| database.layout.kind);
    all.push(match kind {
        Some(kind) if !is_path => Symbol::new(kind.column()),
        _ => Symbol::NULL,
    });
    all.extend(names.iter().copied());
    Ok(Value::Partitioned(Arc::new(Partitioned {
        name: place,
        names: all.into(),
    })))
}

/// The columns of a splayed folder.
pub(crate) fn read_splayed(
    interpreter: &mut Interpreter,
    names: &[Symbol],
    place: Symbol,
) -> QResult<Value> {
    let folder = crate::files::path_of(place);
    let table = interpreter.with_files(|files, compiler| {
        let columns: QResult<Vec<Value>> = names
            .iter()
            .map(|name| q_storage::get_column(files, &folder, *name, compiler))
            .collect();
        Ok(Value::table(names.to_vec().into(), columns?))
    })?;
    super::note_splayed(interpreter, &table);
    Ok(table)
}
