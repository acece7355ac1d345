//! Files by their symbols: get and set, splayed folders, text files, sizes, enumeration files.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use q_storage::{CompressionSettings, Files};
use q_value::{Binary, Bytes, QError, QResult, Symbol, Table, Value, Vector, domain};
use q_wire::Compile;

use crate::interpreter::Interpreter;
use crate::system::{FileKind, System};

/// The world as q-storage wants it.
struct WorldFiles<'a>(&'a mut dyn System);

impl Files for WorldFiles<'_> {
    fn is_folder(&self, path: &Path) -> io::Result<bool> {
        self.0
            .status(path)
            .map(|status| status.kind == FileKind::Directory)
    }
    fn map(&self, path: &Path) -> io::Result<Bytes> {
        self.0.map(path)
    }
    fn write(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.0.write(path, bytes)
    }
    fn append(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.0.append(path, bytes)
    }
    fn write_at(&mut self, path: &Path, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_at(path, offset, bytes)
    }
    fn list(&self, path: &Path) -> io::Result<Vec<Vec<u8>>> {
        self.0.list(path)
    }
    fn remove(&mut self, path: &Path) -> io::Result<()> {
        self.0.remove(path)
    }
    fn append_locked(
        &mut self,
        path: &Path,
        more: &mut dyn FnMut(&[u8]) -> QResult<Vec<u8>>,
    ) -> QResult<()> {
        self.0.append_locked(path, more)
    }
}

impl Compile for Interpreter {
    fn lambda(&mut self, namespace: Symbol, source: &[u8]) -> QResult<Value> {
        self.compile_source(namespace, source)
    }
}

impl Interpreter {
    /// Runs `work` with the files of the world and the interpreter as compiler side by side.
    pub(crate) fn with_files<T>(
        &mut self,
        work: impl FnOnce(&mut dyn Files, &mut dyn Compile) -> QResult<T>,
    ) -> QResult<T> {
        // the compiler touches globals only, but the borrow checker sees one interpreter: the world steps out meanwhile
        let absent: Box<dyn System> = Box::new(crate::fake::FakeWorld::new());
        let mut world = std::mem::replace(&mut self.world, absent);
        let result = work(&mut WorldFiles(world.as_mut()), self);
        self.world = world;
        result
    }
}

/// The path a file symbol names: without its colon.
pub(crate) fn path_of(name: Symbol) -> PathBuf {
    let text = name.as_bytes();
    PathBuf::from(OsStr::from_bytes(text.strip_prefix(b":").unwrap_or(text)))
}

fn is_folder_name(name: Symbol) -> bool {
    name.as_bytes().ends_with(b"/")
}

fn file_name(value: &Value) -> QResult<Symbol> {
    match value {
        Value::Symbol(name) => Ok(*name),
        Value::Chars(text) => Ok(Symbol::new(&text[..])),
        _ => Err(QError::type_error()),
    }
}

pub(crate) fn failed(path: &Path, error: &io::Error) -> QError {
    q_storage::file_error(path, error)
}

/// `get` of a file or splayed folder.
pub(crate) fn get(interpreter: &mut Interpreter, name: Symbol) -> QResult<Value> {
    read(interpreter, &path_of(name))
}

/// The content of a file or splayed folder.
pub(crate) fn read(interpreter: &mut Interpreter, path: &Path) -> QResult<Value> {
    let (value, is_splayed) = interpreter.with_files(|files, compiler| {
        let value = q_storage::get(files, path, compiler)?;
        let is_table = matches!(value, Value::Table(_));
        Ok((value, is_table && q_storage::is_splayed(files, path)))
    })?;
    if is_splayed {
        crate::database::note_splayed(interpreter, &value);
    }
    crate::enumerate::know_domains(interpreter, &value);
    Ok(value)
}

/// The compression settings for `set`: those given, else `.z.zd`.
fn compression(
    interpreter: &mut Interpreter,
    given: Option<&[i64]>,
) -> QResult<Option<CompressionSettings>> {
    match given {
        Some(numbers) => settings_of(numbers),
        None => default_compression(interpreter),
    }
}

fn default_compression(interpreter: &mut Interpreter) -> QResult<Option<CompressionSettings>> {
    match interpreter.get_global(".z.zd") {
        Some(value) => settings_of(&crate::index::as_longs(&value).ok_or_else(QError::type_error)?),
        None => Ok(None),
    }
}

/// Block, algorithm and level; `None` when the algorithm is 0.
fn settings_of(numbers: &[i64]) -> QResult<Option<CompressionSettings>> {
    match numbers {
        [block, algorithm, level] => match *algorithm {
            0 => Ok(None),
            algorithm => CompressionSettings::new(*block, algorithm, *level)
                .map(Some)
                .ok_or_else(QError::domain),
        },
        _ => Err(QError::length()),
    }
}

/// `x set y`: a variable, a file, a splayed folder; `(file;block;algorithm;level)` compresses.
pub(crate) fn set(interpreter: &mut Interpreter, x: Value, y: Value) -> QResult<Value> {
    let (name, given) = match &x {
        Value::Symbol(name) => (*name, None),
        Value::List(items) if items.len() >= 2 => {
            let name = file_name(&items[0])?;
            if let (Value::Dict(_), 2) = (&items[1], items.len()) {
                return set_by_column(interpreter, name, &items[1], y);
            }
            let numbers: Option<Vec<i64>> = items[1..].iter().map(Value::as_i64).collect();
            (name, Some(numbers.ok_or_else(QError::type_error)?))
        }
        _ => return Err(QError::type_error()),
    };
    if interpreter.read_only {
        return Err(QError::noupdate());
    }
    if !name.as_bytes().starts_with(b":") {
        let full = crate::globals::qualify(interpreter.namespace, name);
        interpreter.write_name(full, y)?;
        return Ok(Value::Symbol(name));
    }
    let settings = compression(interpreter, given.as_deref())?;
    let path = path_of(name);
    if is_folder_name(name) {
        let table = match &y {
            Value::Dict(_) | Value::List(_) => return Err(QError::type_error()),
            y => y.clone(),
        };
        interpreter
            .with_files(|files, _| q_storage::set_splayed(files, &path, &table, &|_| settings))?;
    } else {
        // files with an extension are left plain by the default
        let by_default = given.is_none() && path.extension().is_some();
        let settings = if by_default { None } else { settings };
        interpreter.with_files(|files, _| q_storage::set(files, &path, &y, settings))?;
    }
    Ok(Value::Symbol(name))
}

/// `(folder;settings) set table`: each column compressed by its entry, else by that of the null symbol, else by default
/// (`ref/get`).
fn set_by_column(
    interpreter: &mut Interpreter,
    name: Symbol,
    settings: &Value,
    table: Value,
) -> QResult<Value> {
    if interpreter.read_only {
        return Err(QError::noupdate());
    }
    let Value::Dict(dict) = settings else {
        return Err(QError::type_error());
    };
    let Value::Symbols(columns) = &dict.keys else {
        return Err(QError::type_error());
    };
    let default = default_compression(interpreter)?;
    let mut by_column = HashMap::new();
    for (column, numbers) in columns.iter().zip(dict.values.items()) {
        let numbers = crate::index::as_longs(&numbers).ok_or_else(QError::type_error)?;
        by_column.insert(*column, settings_of(&numbers)?);
    }
    let for_column = |column: Symbol| {
        by_column
            .get(&column)
            .or_else(|| by_column.get(&Symbol::NULL))
            .copied()
            .unwrap_or(default)
    };
    let path = path_of(name);
    interpreter.with_files(|files, _| q_storage::set_splayed(files, &path, &table, &for_column))?;
    Ok(Value::Symbol(name))
}

/// `` `:path upsert y ``, and `.[path;();,;y]`.
pub(crate) fn upsert(interpreter: &mut Interpreter, name: Symbol, y: Value) -> QResult<Value> {
    if interpreter.read_only {
        return Err(QError::noupdate());
    }
    let path = path_of(name);
    let mut join = |x: Value, y: Value| match x {
        // rows join tables as upsert does
        Value::Dict(_) | Value::Table(_) => {
            let mut target = x;
            crate::upsert::upsert_plain(&mut target, y)?;
            Ok(target)
        }
        x => q_kernels::binary(Binary::Join, x, y),
    };
    interpreter.with_files(|files, compiler| {
        if is_folder_name(name) || q_storage::is_splayed(files, &path) {
            let rows = splayed_rows(files, compiler, &path, y)?;
            q_storage::append_splayed(files, &path, &rows, &mut join, compiler)
        } else {
            q_storage::append(files, &path, &y, &mut join, compiler)
        }
    })?;
    Ok(Value::Symbol(name))
}

/// Rows for a splayed table as a table: a row or a list of columns gets the names on disk.
fn splayed_rows(
    files: &dyn Files,
    compiler: &mut dyn Compile,
    path: &Path,
    y: Value,
) -> QResult<Value> {
    match y {
        Value::Table(_) => Ok(y),
        Value::Dict(_) if !y.is_keyed_table() => Ok(y.enlist()),
        y if y.is_list() && q_storage::is_splayed(files, path) => {
            let names = q_storage::column_names(files, path, compiler)?;
            let items = y.items();
            if items.len() != names.len() {
                return Err(QError::length());
            }
            let rows = items
                .iter()
                .find(|item| item.is_list())
                .map_or(1, Value::count);
            let columns: QResult<Vec<Value>> = items
                .into_iter()
                .map(|item| crate::amend::column_of(item, rows))
                .collect();
            Ok(Value::table(names, columns?))
        }
        _ => Err(QError::type_error()),
    }
}

/// `@[file;i;f;y]` and `.[file;path;f;y]` on disk; of a splayed folder the first index is a column.
pub(crate) fn amend(
    interpreter: &mut Interpreter,
    name: Symbol,
    path: &[Value],
    function: &Value,
    y: Option<Value>,
) -> QResult<Value> {
    if interpreter.read_only {
        return Err(QError::noupdate());
    }
    if let (Value::Binary(op), Some(value), []) = (function, &y, path) {
        match op {
            Binary::Assign => return set(interpreter, Value::Symbol(name), value.clone()),
            Binary::Join => return upsert(interpreter, name, value.clone()),
            _ => (),
        }
    }
    let folder = path_of(name);
    let splayed = interpreter.with_files(|files, _| Ok(q_storage::is_splayed(files, &folder)))?;
    if let (true, [Value::Symbol(column), rest @ ..]) = (splayed, path) {
        return amend_column(interpreter, name, &folder, *column, rest, function, y);
    }
    let mut value = get(interpreter, name)?;
    if !path.is_empty() {
        check_amendable(&value, name)?;
    }
    crate::amend::apply(
        interpreter,
        &mut value,
        path,
        function,
        y,
        crate::amend::Bounds::Index,
    )?;
    set(interpreter, Value::Symbol(name), value)
}

/// Items of a file change in place only in simple vectors without attribute (`ref/amend`, On disk).
fn check_amendable(value: &Value, name: Symbol) -> QResult<()> {
    let is_refused = matches!(value, Value::Enums(_) | Value::List(_))
        || value.attribute() != q_value::Attribute::None;
    if is_refused {
        let file = String::from_utf8_lossy(&name.as_bytes()[1..]).into_owned();
        return Err(QError::signal(format!(
            "type/attr error amending file {file}"
        )));
    }
    Ok(())
}

fn amend_column(
    interpreter: &mut Interpreter,
    name: Symbol,
    folder: &Path,
    column: Symbol,
    rest: &[Value],
    function: &Value,
    y: Option<Value>,
) -> QResult<Value> {
    let assigns_whole = rest.is_empty() && matches!(function, Value::Binary(Binary::Assign));
    let names = interpreter
        .with_files(|files, compiler| q_storage::column_names(files, folder, compiler))?;
    let mut value = if assigns_whole {
        Value::Identity
    } else {
        interpreter
            .with_files(|files, compiler| q_storage::get_column(files, folder, column, compiler))?
    };
    crate::amend::apply(
        interpreter,
        &mut value,
        rest,
        function,
        y,
        crate::amend::Bounds::Index,
    )?;
    let path = folder.join(OsStr::from_bytes(column.as_bytes()));
    interpreter.with_files(|files, _| {
        q_storage::set(files, &path, &value, None)?;
        if !names.contains(&column) {
            let mut names = names;
            names.make_mut().push(column);
            q_storage::set(
                files,
                &folder.join(q_storage::COLUMNS_FILE),
                &Value::Symbols(names),
                None,
            )?;
        }
        Ok(())
    })?;
    Ok(Value::Symbol(name))
}

/// `` `c xasc `:t/ ``: sorts a splayed table on disk.
pub(crate) fn sort(
    interpreter: &mut Interpreter,
    word: &str,
    x: Value,
    name: Symbol,
) -> QResult<Value> {
    let table = get(interpreter, name)?;
    let sorted = crate::kernel::two(word, x, table)?;
    let folder = path_of(name);
    interpreter
        .with_files(|files, _| q_storage::set_splayed(files, &folder, &sorted, &|_| None))?;
    Ok(Value::Symbol(name))
}

/// `` `:dir/sym?x ``: extends the enumeration in the file and binds the variable of its last name.
pub(crate) fn extend_enumeration(
    interpreter: &mut Interpreter,
    name: Symbol,
    x: Value,
) -> QResult<Value> {
    let path = path_of(name);
    let attribute = x.attribute();
    let x = crate::enumerate::plain(x);
    let wanted: Vec<Symbol> = match &x {
        Value::Symbol(symbol) => vec![*symbol],
        Value::Symbols(symbols) => symbols.to_vec(),
        _ => return Err(QError::type_error()),
    };
    let variable = path
        .file_name()
        .map(|name| Symbol::new(name.as_bytes()))
        .ok_or_else(QError::type_error)?;
    let symbols =
        interpreter.with_files(|files, _| q_storage::extend_domain(files, &path, &wanted))?;
    interpreter.write_name(variable, Value::Symbols(symbols.clone()))?;
    domain::bind(variable, Value::Symbols(symbols));
    let extended = crate::enumerate::enumerate(interpreter, variable, x)?;
    Ok(crate::enumerate::keeping(attribute, extended))
}

/// `` key`:path ``: the names in a folder, the symbol itself of a file, `()` of nothing.
pub(crate) fn key(interpreter: &mut Interpreter, name: Symbol) -> QResult<Value> {
    let path = path_of(name);
    match interpreter.world.status(&path) {
        Err(_) => Ok(Value::empty_list()),
        Ok(status) if status.kind == FileKind::Directory => {
            let names = interpreter
                .world
                .list(&path)
                .map_err(|error| failed(&path, &error))?;
            let names: Vector<Symbol> = names.into_iter().map(Symbol::new).collect();
            Ok(Value::Symbols(names).with_attribute(q_value::Attribute::Sorted))
        }
        Ok(_) => Ok(Value::Symbol(name)),
    }
}

/// `hcount`: the size of a file in bytes, of a compressed one that of its content.
pub(crate) fn hcount(interpreter: &mut Interpreter, x: &Value) -> QResult<Value> {
    let path = path_of(file_name(x)?);
    let status = interpreter
        .world
        .status(&path)
        .map_err(|error| failed(&path, &error))?;
    if status.kind == FileKind::Directory {
        return Err(failed(&path, &io::Error::other("Is a directory")));
    }
    let head = interpreter
        .world
        .read_range(&path, 0, 16)
        .map_err(|error| failed(&path, &error))?;
    if q_storage::is_compressed(&head) {
        let bytes = interpreter
            .world
            .map(&path)
            .map_err(|error| failed(&path, &error))?;
        if let Some(statistics) = q_storage::compression_statistics((*bytes).as_ref())? {
            return Ok(Value::Long(statistics.uncompressed_length));
        }
    }
    Ok(Value::Long(i64::try_from(status.size).unwrap_or(i64::MAX)))
}

/// `hdel`: removes a file or an empty folder and returns its symbol.
pub(crate) fn hdel(interpreter: &mut Interpreter, x: Value) -> QResult<Value> {
    let path = path_of(file_name(&x)?);
    interpreter.check_access()?;
    if interpreter.read_only {
        return Err(QError::noupdate());
    }
    interpreter
        .world
        .remove(&path)
        .map_err(|error| failed(&path, &error))?;
    Ok(x)
}

/// The bytes of `file` or `(file;offset;length)`; of handle 0 a line of the console.
fn bytes_of(interpreter: &mut Interpreter, x: &Value) -> QResult<Vec<u8>> {
    let bytes = stored_bytes(interpreter, x)?;
    if q_storage::is_compressed(&bytes) {
        return q_storage::decompress_file(&bytes);
    }
    Ok(bytes)
}

fn stored_bytes(interpreter: &mut Interpreter, x: &Value) -> QResult<Vec<u8>> {
    match x {
        Value::List(items) if items.len() >= 2 => {
            let path = path_of(file_name(&items[0])?);
            let offset = items[1].as_i64().ok_or_else(QError::type_error)?;
            let length = match items.get(2) {
                Some(length) => length.as_i64().ok_or_else(QError::type_error)?,
                None => i64::MAX,
            };
            let offset = u64::try_from(offset).map_err(|_| QError::domain())?;
            let length = usize::try_from(length).map_err(|_| QError::domain())?;
            let size = interpreter
                .world
                .status(&path)
                .map_err(|error| failed(&path, &error))?
                .size;
            let length =
                length.min(usize::try_from(size.saturating_sub(offset)).unwrap_or(usize::MAX));
            interpreter
                .world
                .read_range(&path, offset, length)
                .map_err(|error| failed(&path, &error))
        }
        x => {
            let path = path_of(file_name(x)?);
            interpreter
                .world
                .read(&path)
                .map_err(|error| failed(&path, &error))
        }
    }
}

/// Lines without their ends.
pub(crate) fn lines(bytes: &[u8]) -> Vec<&[u8]> {
    let mut lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    if lines.last().is_some_and(|last| last.is_empty()) {
        lines.pop();
    }
    for line in &mut lines {
        if let Some(text) = line.strip_suffix(b"\r") {
            *line = text;
        }
    }
    lines
}

/// The handle and the most bytes of `read1(h;n)`; of `read1 h` all up to the end (`ref/read1`). `None` for files by name.
fn handle_and_length(x: &Value) -> QResult<Option<(i32, usize)>> {
    let (handle, length) = match x {
        Value::Longs(_) | Value::Ints(_) | Value::List(_) if x.count() == 2 => {
            let (Some(handle), Some(length)) = (x.item(0), x.item(1)) else {
                return Ok(None);
            };
            match (handle.as_i64(), length.as_i64()) {
                (Some(handle), Some(length)) => (
                    handle,
                    usize::try_from(length).map_err(|_| QError::domain())?,
                ),
                _ => return Ok(None),
            }
        }
        x => match x.as_i64() {
            Some(handle) => (handle, usize::MAX),
            None => return Ok(None),
        },
    };
    let handle = i32::try_from(handle).map_err(|_| QError::domain())?;
    Ok(Some((handle, length)))
}

/// `read0`.
pub(crate) fn read0(interpreter: &mut Interpreter, x: Value) -> QResult<Value> {
    if x.as_i64() == Some(0) {
        return Ok(Value::string(
            interpreter.world.read_line().unwrap_or_default(),
        ));
    }
    if let Some((handle, length)) = handle_and_length(&x)? {
        return Ok(Value::string(
            interpreter.world.read_handle(handle, length)?,
        ));
    }
    let bytes = bytes_of(interpreter, &x)?;
    Ok(Value::list(
        lines(&bytes).into_iter().map(Value::string).collect(),
    ))
}

/// `read1`.
pub(crate) fn read1(interpreter: &mut Interpreter, x: Value) -> QResult<Value> {
    if let Some((handle, length)) = handle_and_length(&x)? {
        return Ok(Value::Bytes(
            interpreter.world.read_handle(handle, length)?.into(),
        ));
    }
    Ok(Value::Bytes(bytes_of(interpreter, &x)?.into()))
}

/// `x 0: y`: saves lines to a file, loads text, or prepares it.
pub(crate) fn text(interpreter: &mut Interpreter, x: Value, y: Value) -> QResult<Value> {
    // a name of a file needs no colon where nothing else can be meant, as in `read0`
    if let Value::Symbol(name) = x {
        if interpreter.read_only {
            return Err(QError::noupdate());
        }
        let mut out = Vec::new();
        match &y {
            Value::List(items) => {
                for item in items.iter() {
                    // an empty list is an empty line, whatever its type
                    let is_empty = matches!(item, Value::List(items) if items.is_empty());
                    if !is_empty {
                        out.extend_from_slice(item.as_text().ok_or_else(QError::type_error)?);
                    }
                    out.push(b'\n');
                }
            }
            _ => return Err(QError::type_error()),
        }
        let path = path_of(name);
        interpreter
            .world
            .write(&path, &out)
            .map_err(|error| failed(&path, &error))?;
        return Ok(x);
    }
    if let Value::Char(delimiter) = x {
        let y = unkeyed(y)?;
        return q_storage::text::prepare(delimiter, &y);
    }
    let format = q_storage::text::TextFormat::from_value(&x)?;
    if names_a_file(&y) {
        let bytes = bytes_of(interpreter, &y)?;
        return format.parse_file(&bytes);
    }
    format.parse(&y)
}

/// True for `` `:file `` and `(`:file;offset;length)`.
fn names_a_file(y: &Value) -> bool {
    match y {
        Value::Symbol(_) => true,
        Value::List(items) => matches!(items.first(), Some(Value::Symbol(_))),
        _ => false,
    }
}

/// `x 1: y`: saves bytes to a file, a list or dictionary as `set` does, or loads records of fixed width.
pub(crate) fn binary(interpreter: &mut Interpreter, x: Value, y: Value) -> QResult<Value> {
    if let Value::Symbol(name) = x
        && name.as_bytes().starts_with(b":")
    {
        if interpreter.read_only {
            return Err(QError::noupdate());
        }
        if has_structure(&y) {
            return set(interpreter, x, y);
        }
        let bytes = raw_bytes(&y)?;
        let path = path_of(name);
        interpreter
            .world
            .write(&path, &bytes)
            .map_err(|error| failed(&path, &error))?;
        return Ok(x);
    }
    if let Value::List(items) = &x
        && let Some(Value::Symbol(name)) = items.first()
    {
        // (file;block;algorithm;level) 1: bytes
        let numbers: Option<Vec<i64>> = items[1..].iter().map(Value::as_i64).collect();
        if has_structure(&y) {
            return set(interpreter, x, y);
        }
        let settings = settings_of(&numbers.ok_or_else(QError::type_error)?)?;
        let mut bytes = raw_bytes(&y)?;
        if let Some(settings) = settings {
            bytes = q_storage::compress_file(&bytes, settings);
        }
        let path = path_of(*name);
        interpreter
            .world
            .write(&path, &bytes)
            .map_err(|error| failed(&path, &error))?;
        return Ok(Value::Symbol(*name));
    }
    let format = q_storage::text::RecordFormat::from_value(&x)?;
    if names_a_file(&y) {
        let bytes = bytes_of(interpreter, &y)?;
        return q_storage::text::parse_records(&format, &bytes);
    }
    let (Value::Bytes(bytes) | Value::Chars(bytes)) = &y else {
        return Err(QError::type_error());
    };
    q_storage::text::parse_records(&format, bytes)
}

/// True for what `1:` does not write as its memory (`ref/file-binary`).
fn has_structure(y: &Value) -> bool {
    matches!(
        y,
        Value::List(_)
            | Value::Dict(_)
            | Value::Table(_)
            | Value::Projection(_)
            | Value::Composition(_)
    )
}

/// What `1:` writes: bytes and chars as they are, other data as its memory.
fn raw_bytes(y: &Value) -> QResult<Vec<u8>> {
    macro_rules! raw {
        ($($vector:ident)*) => {
            match y {
                Value::Chars(bytes) | Value::Bytes(bytes) => bytes.to_vec(),
                Value::Booleans(flags) => flags.iter().map(|flag| u8::from(*flag)).collect(),
                $(Value::$vector(items) => items.as_raw_bytes().to_vec(),)*
                atom if atom.is_atom() && atom.type_number() != -11 => return raw_bytes(&atom.clone().enlist()),
                _ => return Err(QError::type_error()),
            }
        };
    }
    Ok(
        raw!(Guids Shorts Ints Longs Reals Floats Timestamps Months Dates Datetimes Timespans Minutes Seconds Times),
    )
}

/// `load`: a file (or splayed folder) into the variable of its name.
pub(crate) fn load(interpreter: &mut Interpreter, x: Value) -> QResult<Value> {
    if let Value::Symbols(names) = &x {
        for name in names.iter() {
            load(interpreter, Value::Symbol(*name))?;
        }
        return Ok(x);
    }
    let name = file_name(&x)?;
    let path = path_of(name);
    let variable = path
        .file_name()
        .map(|name| Symbol::new(name.as_bytes()))
        .ok_or_else(QError::type_error)?;
    let value =
        interpreter.with_files(|files, compiler| folder_or_value(files, &path, compiler))?;
    let full = crate::globals::qualify(interpreter.namespace, variable);
    interpreter.write_name(full, value)?;
    Ok(Value::Symbol(variable))
}

/// The value at a path; a folder that is no splayed table gives a dictionary of what lies in it.
fn folder_or_value(files: &dyn Files, path: &Path, compiler: &mut dyn Compile) -> QResult<Value> {
    let is_folder = files
        .is_folder(path)
        .map_err(|error| failed(path, &error))?;
    if !is_folder || q_storage::is_splayed(files, path) {
        return q_storage::get(files, path, compiler);
    }
    let (mut names, mut values) = (Vec::new(), Vec::new());
    for name in files.list(path).map_err(|error| failed(path, &error))? {
        let inner = path.join(OsStr::from_bytes(&name));
        values.push(folder_or_value(files, &inner, compiler)?);
        names.push(Symbol::new(name));
    }
    Ok(Value::dict(
        Interpreter::symbols(names),
        Value::from_items(values),
    ))
}

/// `save`: the variable named like the file, as a q file or by its extension as text.
pub(crate) fn save(interpreter: &mut Interpreter, x: Value) -> QResult<Value> {
    if let Value::Symbols(names) = &x {
        let mut saved = Vec::new();
        for name in names.iter() {
            saved.push(save(interpreter, Value::Symbol(*name))?);
        }
        return Ok(Value::from_items(saved));
    }
    let name = file_name(&x)?;
    let path = path_of(name);
    let stem = path
        .file_stem()
        .map(|stem| Symbol::new(stem.as_bytes()))
        .ok_or_else(QError::type_error)?;
    let value = interpreter.read_symbol(stem)?;
    let target = Value::symbol([b":", path.as_os_str().as_bytes()].concat());
    let extension = path
        .extension()
        .map(|extension| extension.as_bytes().to_vec())
        .unwrap_or_default();
    match extension.as_slice() {
        b"csv" | b"txt" => {
            let delimiter = if extension == b"csv" { b',' } else { b'\t' };
            let prepared = q_storage::text::prepare(delimiter, &unkeyed(value)?)?;
            text(interpreter, target, prepared)
        }
        b"xls" | b"xml" | b"json" => {
            let converters = interpreter.read_name(Symbol::new(".h.tx"))?;
            let kind = Value::symbol(extension.as_slice());
            let function = crate::index::index(&converters, &kind)?;
            let value = unkeyed(value)?;
            let lines = interpreter.apply_one(&function, value)?;
            let lines = if let Value::Chars(_) = lines {
                Value::list(vec![lines])
            } else {
                lines
            };
            text(interpreter, target, lines)
        }
        _ => set(interpreter, target, value),
    }
}

fn unkeyed(value: Value) -> QResult<Value> {
    if value.is_keyed_table() {
        return Ok(Value::Table(crate::query::select::flatten(&value)?.table));
    }
    Ok(value)
}

/// `rsave`: the variable as a splayed folder of its name.
pub(crate) fn rsave(interpreter: &mut Interpreter, x: Value) -> QResult<Value> {
    let name = file_name(&x)?;
    let path = path_of(name);
    let stem = path
        .file_name()
        .map(|stem| Symbol::new(stem.as_bytes()))
        .ok_or_else(QError::type_error)?;
    let value = interpreter.read_symbol(stem)?;
    let mut target = b":".to_vec();
    target.extend_from_slice(path.as_os_str().as_bytes());
    target.push(b'/');
    set(interpreter, Value::symbol(target), value)
}

/// `` `:dir dsave `t ``: splays with symbol columns enumerated and `p#` on the first.
pub(crate) fn dsave(interpreter: &mut Interpreter, x: Value, y: Value) -> QResult<Value> {
    let names: Vec<Symbol> = match &y {
        Value::Symbol(name) => vec![*name],
        Value::Symbols(names) => names.to_vec(),
        _ => return Err(QError::type_error()),
    };
    let (root, partition) = match &x {
        Value::Symbol(root) => (*root, Vec::new()),
        Value::Symbols(parts) if parts.len() == 2 => (parts[0], parts[1].as_bytes().to_vec()),
        Value::List(parts) if parts.len() == 2 => {
            let text = q_value::display::k_text(&parts[1], 0);
            (file_name(&parts[0])?, text)
        }
        _ => return Err(QError::type_error()),
    };
    for name in names {
        let table = interpreter.read_symbol(name)?;
        let enumerate = interpreter.read_name(Symbol::new(".Q.en"))?;
        let enumerated = interpreter.apply_two(&enumerate, Value::Symbol(root), table)?;
        let Value::Table(table) = enumerated else {
            return Err(QError::type_error());
        };
        let mut table: Table = (*table).clone();
        if let Some(first) = table.columns.first_mut() {
            let column = std::mem::replace(first, Value::Identity);
            *first = q_kernels::binary(Binary::Take, Value::symbol("p"), column)?;
        }
        let mut target = root.as_bytes().to_vec();
        for part in [partition.as_slice(), name.as_bytes()] {
            if !part.is_empty() {
                target.push(b'/');
                target.extend_from_slice(part);
            }
        }
        target.push(b'/');
        set(
            interpreter,
            Value::symbol(target),
            Value::Table(table.into()),
        )?;
    }
    Ok(y)
}
