//! Values, splayed tables and enumerations as files and folders.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use q_value::{Attribute, QError, QResult, Symbol, Value, Vector, VectorStorage};
use q_wire::{Compile, Dialect, encode_object};

use crate::anymap::{AnymapWriter, is_writable};
use crate::compressed::{CompressionSettings, compress_file, is_compressed};
use crate::files::{Files, file_error};
use crate::layout::{ANYMAP, ENUMERATED, HEADER, ObjectHeader, PAGE, PAGE_HEADER};
use crate::read::{Companion, read_object, vector_of};
use crate::write::{append_symbols, raw_items, write_object, write_symbols};

/// The file of a splayed table that holds the names of its columns in order.
pub const COLUMNS_FILE: &str = ".d";

fn companion_path(path: &Path, companion: Companion) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(companion.suffix());
    PathBuf::from(name)
}

fn column_path(folder: &Path, column: Symbol) -> PathBuf {
    folder.join(OsStr::from_bytes(column.as_bytes()))
}

/// The value in a file, or the table in a splayed folder; columns of fixed width are views of their files.
///
/// Errors: `PATH. OS reports: ..` for what cannot be opened, else those of [`read_object`].
pub fn get(files: &dyn Files, path: &Path, compiler: &mut dyn Compile) -> QResult<Value> {
    if files
        .is_folder(path)
        .map_err(|error| file_error(path, &error))?
    {
        return get_splayed(files, path, compiler);
    }
    let bytes = files.map(path).map_err(|error| file_error(path, &error))?;
    let mut companion = |which: Companion| {
        let path = companion_path(path, which);
        files.map(&path).map_err(|error| file_error(&path, &error))
    };
    read_object(bytes, &mut companion, compiler)
}

/// True for a folder with a `.d` file.
pub fn is_splayed(files: &dyn Files, folder: &Path) -> bool {
    matches!(files.is_folder(&folder.join(COLUMNS_FILE)), Ok(false))
}

/// The column names of a splayed table, in order.
pub fn column_names(
    files: &dyn Files,
    folder: &Path,
    compiler: &mut dyn Compile,
) -> QResult<Vector<Symbol>> {
    match get(files, &folder.join(COLUMNS_FILE), compiler)? {
        Value::Symbols(names) => Ok(names),
        _ => Err(QError::type_error()),
    }
}

/// One column of a splayed table.
pub fn get_column(
    files: &dyn Files,
    folder: &Path,
    column: Symbol,
    compiler: &mut dyn Compile,
) -> QResult<Value> {
    get(files, &column_path(folder, column), compiler)
}

/// A splayed table with all its columns. Errors: as [`get`], and `length` when the columns are not of one count.
pub fn get_splayed(files: &dyn Files, folder: &Path, compiler: &mut dyn Compile) -> QResult<Value> {
    let names = column_names(files, folder, compiler)?;
    let columns = names
        .iter()
        .map(|name| get_column(files, folder, *name, compiler))
        .collect::<QResult<Vec<Value>>>()?;
    let rows = columns.first().map(Value::count);
    if rows.is_none() || columns.iter().any(|column| Some(column.count()) != rows) {
        return Err(QError::length());
    }
    Ok(Value::table(names, columns))
}

/// Writes a value to a file, with its companions; companions that a former value had go away.
pub fn set(
    files: &mut dyn Files,
    path: &Path,
    value: &Value,
    compression: Option<CompressionSettings>,
) -> QResult<()> {
    let set = write_object(value)?;
    let mut put = |path: &Path, bytes: &[u8]| {
        let written = match compression {
            Some(settings) => files.write(path, &compress_file(bytes, settings)),
            None => files.write(path, bytes),
        };
        written.map_err(|error| file_error(path, &error))
    };
    // the file that refers to the others comes last
    if let Some(symbols) = &set.symbols {
        put(&companion_path(path, Companion::Symbols), symbols)?;
    }
    if let Some(items) = &set.items {
        put(&companion_path(path, Companion::Items), items)?;
    }
    put(path, &set.main)?;
    for (companion, written) in [
        (Companion::Items, set.items.is_some()),
        (Companion::Symbols, set.symbols.is_some()),
    ] {
        let path = companion_path(path, companion);
        if !written && files.is_folder(&path).is_ok() {
            files
                .remove(&path)
                .map_err(|error| file_error(&path, &error))?;
        }
    }
    Ok(())
}

/// Errors with `type` for what a splayed table cannot have as a column: symbols that are not enumerated, mixed lists.
fn check_column(column: &Value) -> QResult<()> {
    match column {
        Value::Symbols(_) => Err(QError::type_error()),
        Value::List(items) if items.iter().all(Value::is_list) => Ok(()),
        column if column.is_vector() => Ok(()),
        _ => Err(QError::type_error()),
    }
}

fn columns_of(table: &Value) -> QResult<(&Vector<Symbol>, &[Value])> {
    match table {
        Value::Table(table) => {
            table.columns.iter().try_for_each(check_column)?;
            Ok((&table.names, &table.columns))
        }
        _ => Err(QError::type_error()),
    }
}

/// Writes a table as a folder with a file per column; `.d` last. Each column may have its own compression.
///
/// Errors: `type` for keyed tables, symbol columns that are not enumerated, and mixed columns.
pub fn set_splayed(
    files: &mut dyn Files,
    folder: &Path,
    table: &Value,
    compression: &dyn Fn(Symbol) -> Option<CompressionSettings>,
) -> QResult<()> {
    let (names, columns) = columns_of(table)?;
    for (name, column) in names.iter().zip(columns) {
        set(
            files,
            &column_path(folder, *name),
            column,
            compression(*name),
        )?;
    }
    let path = folder.join(COLUMNS_FILE);
    files
        .write(&path, &write_symbols(names))
        .map_err(|error| file_error(&path, &error))
}

/// How a value that cannot be appended in place is joined to what is there.
pub type Join<'a> = dyn FnMut(Value, Value) -> QResult<Value> + 'a;

/// Appends to the file of a list or table; made when missing. Vectors and mixed lists grow in place, everything else is
/// read, joined and written anew.
///
/// Errors: `type` when a vector gets items of another type.
pub fn append(
    files: &mut dyn Files,
    path: &Path,
    value: &Value,
    join: &mut Join<'_>,
    compiler: &mut dyn Compile,
) -> QResult<()> {
    if files.is_folder(path).is_err() {
        return set(files, path, value, None);
    }
    if append_in_place(files, path, value)? {
        return Ok(());
    }
    let bytes = files.map(path).map_err(|error| file_error(path, &error))?;
    let compression = crate::compressed::compression_statistics((*bytes).as_ref())?;
    let settings = compression.and_then(|was| {
        CompressionSettings::new(
            i64::from(was.logical_block_size),
            i64::from(was.algorithm),
            i64::from(was.level),
        )
    });
    let before = get(files, path, compiler)?;
    let vector_type = before.type_number();
    let after = join(before, value.clone())?;
    if (1..=20).contains(&vector_type) && after.type_number() != vector_type {
        return Err(QError::type_error());
    }
    set(files, path, &after, settings)
}

/// Appends rows to a splayed table; made when missing. The columns are those of the table on disk, in any order.
///
/// Errors: `mismatch` when the columns differ, and those of [`append`].
pub fn append_splayed(
    files: &mut dyn Files,
    folder: &Path,
    table: &Value,
    join: &mut Join<'_>,
    compiler: &mut dyn Compile,
) -> QResult<()> {
    if !is_splayed(files, folder) {
        return set_splayed(files, folder, table, &|_| None);
    }
    let (names, columns) = columns_of(table)?;
    let on_disk = column_names(files, folder, compiler)?;
    if on_disk.len() != names.len() || !on_disk.iter().all(|name| names.contains(name)) {
        return Err(QError::mismatch());
    }
    for (name, column) in names.iter().zip(columns) {
        append(files, &column_path(folder, *name), column, join, compiler)?;
    }
    Ok(())
}

/// True when it was done.
fn append_in_place(files: &mut dyn Files, path: &Path, value: &Value) -> QResult<bool> {
    let bytes = files.map(path).map_err(|error| file_error(path, &error))?;
    let slice = (*bytes).as_ref();
    let failed = |error: std::io::Error| file_error(path, &error);
    if is_compressed(slice) {
        return Ok(false);
    }
    match (slice, value) {
        ([0xff, 0x01, 11, 0, ..], Value::Symbols(symbols)) => {
            let mut names = Vec::new();
            append_symbols(&mut names, symbols);
            files.append(path, &names).map_err(failed)?;
            Ok(true)
        }
        // a log: each item is a message
        ([0xff, 0x01, 0, 0, 0, 0, 0, 0, ..], Value::List(items)) => {
            let mut messages = Vec::new();
            for item in items.iter() {
                encode_object(item, Dialect::File, &mut messages)?;
            }
            files.append(path, &messages).map_err(failed)?;
            Ok(true)
        }
        ([0xfe, 0x20, ty, attribute, ..], value)
            if i16::from(*ty) == value.type_number() && *ty != ENUMERATED && *attribute <= 1 =>
        {
            if *attribute == 1 && !keeps_order(&bytes, HEADER, value)? {
                files.write_at(path, 3, &[0]).map_err(failed)?;
            }
            files.append(path, &raw_items(value)?).map_err(failed)?;
            Ok(true)
        }
        ([0xfd, 0x20, ..], Value::Enums(vector)) => {
            let header = ObjectHeader::parse(slice, PAGE_HEADER)?;
            let name = slice[HEADER..PAGE_HEADER]
                .split(|byte| *byte == 0)
                .next()
                .unwrap_or_default();
            if header.type_number != ENUMERATED
                || header.attribute != Attribute::None as u8
                || name != vector.domain.as_bytes()
            {
                return Ok(false);
            }
            files
                .append(path, vector.indices.as_raw_bytes())
                .map_err(failed)?;
            Ok(true)
        }
        ([0xfd, 0x20, ..], Value::List(items)) if is_writable(value) => {
            let header = ObjectHeader::parse(slice, PAGE_HEADER)?;
            if header.type_number != ANYMAP {
                return Ok(false);
            }
            append_anymap(files, path, items)
        }
        _ => Ok(false),
    }
}

/// True when a sorted file stays sorted with these items behind it.
fn keeps_order(bytes: &q_value::Bytes, start: usize, value: &Value) -> QResult<bool> {
    let Some(ty) = value.basic_type() else {
        return Ok(false);
    };
    let width = ty.width().unwrap_or(1);
    let rows = ((**bytes).as_ref().len() - start) / width;
    // floats are left out: their order has nulls and zeros to think of, and no column is sorted by them
    let numbers = |value: &Value| -> Option<Vec<i64>> {
        match value.storage()? {
            VectorStorage::I16(v) => Some(v.iter().map(|x| i64::from(*x)).collect()),
            VectorStorage::I32(v) => Some(v.iter().map(|x| i64::from(*x)).collect()),
            VectorStorage::I64(v) => Some(v.to_vec()),
            _ => None,
        }
    };
    let before = match rows.checked_sub(1) {
        Some(last) => vector_of(bytes, ty, start + last * width, 1)?,
        None => Value::empty_of(ty),
    };
    Ok(match (numbers(&before), numbers(value)) {
        (Some(mut all), Some(items)) => {
            all.extend(items);
            all.is_sorted()
        }
        _ => false,
    })
}

fn append_anymap(files: &mut dyn Files, path: &Path, rows: &[Value]) -> QResult<bool> {
    let items_path = companion_path(path, Companion::Items);
    let symbols_path = companion_path(path, Companion::Symbols);
    let items = files
        .map(&items_path)
        .map_err(|error| file_error(&items_path, &error))?;
    let Some(base) = (*items).as_ref().len().checked_sub(PAGE) else {
        return Ok(false);
    };
    let symbols = match files.map(&symbols_path) {
        Ok(bytes) => {
            let mut none = |_| Err(QError::type_error());
            match read_object(bytes, &mut none, &mut q_wire::TextOnly)? {
                Value::Symbols(symbols) => Some(symbols),
                _ => return Err(QError::type_error()),
            }
        }
        Err(_) => None,
    };
    let mut writer = AnymapWriter::new(base, symbols.as_deref().unwrap_or_default());
    rows.iter().try_for_each(|row| writer.push(row))?;
    let written = writer.finish();
    if !written.new_symbols.is_empty() {
        let done = if symbols.is_some() {
            let mut names = Vec::new();
            append_symbols(&mut names, &written.new_symbols);
            files.append(&symbols_path, &names)
        } else {
            files.write(&symbols_path, &write_symbols(&written.new_symbols))
        };
        done.map_err(|error| file_error(&symbols_path, &error))?;
    }
    files
        .append(&items_path, &written.items)
        .map_err(|error| file_error(&items_path, &error))?;
    files
        .append(path, &written.words)
        .map_err(|error| file_error(path, &error))?;
    Ok(true)
}

/// The symbols of a domain's file after adding those of `wanted` that it lacks, under a lock that other writers of the
/// file respect; made when missing. The result is the whole domain, to be bound to its name.
///
/// Source: page "enum extend". Errors: `type` when the file holds something else.
pub fn extend_domain(
    files: &mut dyn Files,
    path: &Path,
    wanted: &[Symbol],
) -> QResult<Vector<Symbol>> {
    let mut domain: Vec<Symbol> = Vec::new();
    files.append_locked(path, &mut |bytes| {
        let is_new = bytes.is_empty();
        domain.clear();
        if !is_new {
            let owned: q_value::Bytes = std::sync::Arc::new(bytes.to_vec());
            let mut none = |_| Err(QError::type_error());
            match read_object(owned, &mut none, &mut q_wire::TextOnly)? {
                Value::Symbols(symbols) => domain.extend_from_slice(&symbols),
                _ => return Err(QError::type_error()),
            }
            if is_compressed(bytes) {
                return Err(QError::new("no append to zipped enums"));
            }
        }
        let mut known: std::collections::HashSet<Symbol> = domain.iter().copied().collect();
        let added: Vec<Symbol> = wanted
            .iter()
            .copied()
            .filter(|symbol| !symbol.is_null() && known.insert(*symbol))
            .collect();
        domain.extend_from_slice(&added);
        if is_new {
            return Ok(write_symbols(&added));
        }
        let mut names = Vec::new();
        append_symbols(&mut names, &added);
        Ok(names)
    })?;
    Ok(domain.into())
}
