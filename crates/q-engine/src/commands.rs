//! System commands: `\l f`, `\t expr`, `system"..."` (`basics/syscmds`).

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use q_value::format::settings::{DateOrder, set_date_order, set_precision};
use q_value::{QError, QResult, Symbol, Value};

use crate::files::failed;
use crate::frames::FrameKind;
use crate::globals::{qualify, split_name};
use crate::interpreter::Interpreter;
use crate::system::{FileKind, StandardStream};

/// What a command gives, and whether the console shows it.
pub(crate) struct CommandResult {
    pub value: Value,
    /// Lines of text that go to the console as they are.
    pub is_output: bool,
}

/// True for the commands of q itself.
pub(crate) fn is_known(text: &str) -> bool {
    let word = text.split_whitespace().next().unwrap_or_default();
    matches!(
        word,
        "a" | "b"
            | "B"
            | "c"
            | "C"
            | "cd"
            | "d"
            | "e"
            | "E"
            | "f"
            | "g"
            | "l"
            | "o"
            | "p"
            | "P"
            | "r"
            | "s"
            | "S"
            | "T"
            | "u"
            | "v"
            | "w"
            | "W"
            | "x"
            | "z"
            | "1"
            | "2"
            | "_"
            | "\\"
    )
}

/// True when the slash between these two parts of a command begins a path: the argument of a command that takes one.
fn is_path(before: &str, after: &str) -> bool {
    let begins_path = after.starts_with(|c: char| c.is_alphanumeric() || c == '.');
    match before.trim_end() {
        "cd" => begins_path || after.is_empty(),
        "l" | "1" | "2" | "_" => begins_path,
        before => begins_path && before.starts_with("r "),
    }
}

fn value(value: Value) -> QResult<CommandResult> {
    Ok(CommandResult {
        value,
        is_output: false,
    })
}

fn nothing() -> QResult<CommandResult> {
    value(Value::Identity)
}

fn number(text: &str) -> QResult<i64> {
    match text.trim() {
        "0W" => Ok(i64::MAX),
        text => text.parse().map_err(|_| QError::type_error()),
    }
}

/// Runs a system command given without its backslash, in a frame of its own. With `-u` clients may not: `access`.
pub(crate) fn run(interpreter: &mut Interpreter, command: &[u8]) -> QResult<CommandResult> {
    let line = Symbol::new([b"\\", command].concat());
    interpreter.in_frame(FrameKind::Command(line), |interpreter| {
        run_in_frame(interpreter, command).or_else(|error| {
            let resumed = interpreter.fail_command(error)?;
            value(resumed)
        })
    })
}

fn run_in_frame(interpreter: &mut Interpreter, command: &[u8]) -> QResult<CommandResult> {
    let text = String::from_utf8_lossy(command).into_owned();
    let is_builtin = !matches!(text.split_whitespace().next(), Some("t" | "ts")) && is_known(&text);
    let text = match text.find(" /") {
        // a comment ends a command of q, and a path is none; what the shell gets is left alone
        Some(at) if is_builtin && !is_path(&text[..at], &text[at + 2..]) => {
            text[..at].trim_end().to_owned()
        }
        _ => text,
    };
    let (word, rest) = match text.find(|c: char| c.is_whitespace()) {
        Some(at) => (&text[..at], text[at..].trim()),
        None => (text.as_str(), ""),
    };
    if !(interpreter.is_restricted && crate::restrict::only_shows(word, rest)) {
        interpreter.check_access()?;
    }
    match word {
        "a" => names(interpreter, rest, false, |value| {
            matches!(value, Value::Table(_) | Value::Partitioned(_)) || value.is_keyed_table()
        }),
        "f" => names(interpreter, rest, true, |value| value.type_number() >= 100),
        "v" => names(interpreter, rest, true, |value| value.type_number() < 100),
        "b" | "B" => views(interpreter, rest, word == "B"),
        "c" => size(interpreter, rest, false),
        "C" => size(interpreter, rest, true),
        "cd" => change_directory(interpreter, rest),
        "d" => namespace(interpreter, rest),
        "e" => setting(rest, &mut interpreter.settings.error_trap),
        "E" => setting(rest, &mut interpreter.settings.tls_mode),
        "g" => garbage_collection(interpreter, rest),
        "l" => {
            load(interpreter, rest.as_bytes())?;
            nothing()
        }
        "o" => offset(interpreter, rest),
        "p" => port(interpreter, rest),
        "P" => precision(interpreter, rest),
        "r" => rename(interpreter, rest),
        "s" => threads(interpreter, rest),
        "S" => seed(interpreter, rest),
        "t" => timer(interpreter, rest),
        "T" => setting(rest, &mut interpreter.settings.time_limit),
        "ts" => time_and_space(interpreter, rest, 1),
        "u" => nothing(),
        "w" => workspace(interpreter, rest),
        "W" => setting(rest, &mut interpreter.settings.week_offset),
        "x" => {
            let id = interpreter.globals.slot(Symbol::new(rest));
            interpreter.globals.remove(id);
            nothing()
        }
        "z" => date_order(interpreter, rest),
        "1" | "2" => redirect(interpreter, word, rest),
        "_" => value(Value::Boolean(
            interpreter.settings.blocked || interpreter.read_only,
        )),
        "\\" => {
            interpreter.exit(0);
            Err(QError::new("exit"))
        }
        word if word.starts_with('?') => Ok(CommandResult {
            value: crate::help::value(text[1..].trim())?,
            is_output: true,
        }),
        word if word.starts_with("t:") => {
            let times = repetitions(interpreter, &word[2..])?;
            time_and_space(interpreter, rest, times).map(|result| CommandResult {
                value: result.value.item(0).unwrap_or(Value::Identity),
                is_output: false,
            })
        }
        word if word.starts_with("ts:") => {
            let times = repetitions(interpreter, &word[3..])?;
            time_and_space(interpreter, rest, times)
        }
        _ => shell(interpreter, command),
    }
}

fn setting(rest: &str, place: &mut i32) -> QResult<CommandResult> {
    if rest.is_empty() {
        return value(Value::Int(*place));
    }
    *place = i32::try_from(number(rest)?).map_err(|_| QError::domain())?;
    nothing()
}

/// The namespace a command names, or the current one, as the globals know it.
fn space_of(interpreter: &Interpreter, rest: &str) -> Symbol {
    match rest {
        "." => Symbol::NULL,
        "" => match interpreter.namespace {
            current if current.is_null() => Symbol::NULL,
            current => Symbol::new([b".", current.as_bytes()].concat()),
        },
        rest if rest.starts_with('.') => Symbol::new(rest),
        rest => Symbol::new(format!(".{rest}")),
    }
}

fn names(
    interpreter: &mut Interpreter,
    rest: &str,
    is_sorted: bool,
    wanted: impl Fn(&Value) -> bool,
) -> QResult<CommandResult> {
    let space = existing_space(interpreter, rest)?;
    let mut names: Vec<Symbol> = interpreter
        .globals
        .members(space)
        .into_iter()
        .filter(|id| interpreter.globals.get(*id).is_some_and(&wanted))
        .map(|id| split_name(interpreter.globals.name(id)).1)
        .collect();
    names.sort();
    value(listed(names, is_sorted))
}

/// A list of names, marked as sorted unless it is empty.
pub(crate) fn listed(names: Vec<Symbol>, is_sorted: bool) -> Value {
    let marked = is_sorted && !names.is_empty();
    let names = Value::Symbols(names.into());
    if marked {
        names.with_attribute(q_value::Attribute::Sorted)
    } else {
        names
    }
}

/// The namespace a command names; its name as the error when there is none.
fn existing_space(interpreter: &Interpreter, rest: &str) -> QResult<Symbol> {
    let space = space_of(interpreter, rest);
    if rest.is_empty() || space.is_null() || interpreter.globals.is_namespace(space) {
        return Ok(space);
    }
    Err(QError::signal(rest))
}

/// Views of a namespace; of `\B` those not computed since something they depend on changed.
fn views(interpreter: &Interpreter, rest: &str, only_pending: bool) -> QResult<CommandResult> {
    let space = existing_space(interpreter, rest)?;
    let names: Vec<Symbol> = interpreter
        .globals
        .views()
        .into_iter()
        .filter(|(_, id)| !only_pending || interpreter.globals.get(*id).is_none())
        .map(|(name, _)| split_name(name))
        .filter(|(owner, _)| *owner == space)
        .map(|(_, name)| name)
        .collect();
    value(listed(names, !only_pending))
}

fn size(interpreter: &mut Interpreter, rest: &str, http: bool) -> QResult<CommandResult> {
    let settings = &mut interpreter.settings;
    let place = if http {
        &mut settings.http
    } else {
        &mut settings.console
    };
    if rest.is_empty() {
        return value(Value::Ints(vec![place.0 as i32, place.1 as i32].into()));
    }
    let mut parts = rest.split_whitespace().map(number);
    let (Some(rows), Some(columns)) = (parts.next(), parts.next()) else {
        return Err(QError::length());
    };
    *place = (
        rows?.clamp(10, 2000) as usize,
        columns?.clamp(10, 2000) as usize,
    );
    nothing()
}

fn change_directory(interpreter: &mut Interpreter, rest: &str) -> QResult<CommandResult> {
    if rest.is_empty() {
        let path = interpreter
            .world
            .working_directory()
            .map_err(|error| QError::signal(error.to_string()))?;
        return value(Value::string(path.as_os_str().as_bytes()));
    }
    let path = PathBuf::from(rest);
    let world = &mut interpreter.world;
    if world.status(&path).is_err() {
        world
            .create_directories(&path)
            .map_err(|error| failed(&path, &error))?;
    }
    world
        .change_directory(&path)
        .map_err(|error| failed(&path, &error))?;
    nothing()
}

fn namespace(interpreter: &mut Interpreter, rest: &str) -> QResult<CommandResult> {
    if rest.is_empty() {
        let name = if interpreter.namespace.is_null() {
            ".".to_owned()
        } else {
            format!(".{}", interpreter.namespace.text())
        };
        return value(Value::symbol(name));
    }
    let Some(name) = rest.strip_prefix('.') else {
        return Err(QError::signal(rest));
    };
    // it comes into being with the first name in it
    interpreter.namespace = Symbol::new(name);
    nothing()
}

fn offset(interpreter: &mut Interpreter, rest: &str) -> QResult<CommandResult> {
    if rest.is_empty() {
        return value(Value::Int(
            interpreter.settings.utc_offset.unwrap_or(i32::MIN),
        ));
    }
    interpreter.settings.utc_offset = match rest {
        "0N" => None,
        rest => Some(i32::try_from(number(rest)?).map_err(|_| QError::domain())?),
    };
    nothing()
}

fn port(interpreter: &mut Interpreter, rest: &str) -> QResult<CommandResult> {
    if rest.is_empty() {
        return value(Value::Int(interpreter.world.listening_port()));
    }
    interpreter.world.listen(rest)?;
    nothing()
}

fn precision(interpreter: &mut Interpreter, rest: &str) -> QResult<CommandResult> {
    if rest.is_empty() {
        return value(Value::Int(i32::from(interpreter.settings.precision)));
    }
    let digits = number(rest)?;
    let digits = match digits {
        0 => 17,
        1..=17 => digits,
        _ => return Err(QError::domain()),
    };
    interpreter.set_precision(u8::try_from(digits).map_err(|_| QError::domain())?);
    nothing()
}

fn rename(interpreter: &mut Interpreter, rest: &str) -> QResult<CommandResult> {
    let mut parts = rest.split_whitespace();
    let (Some(from), Some(to)) = (parts.next(), parts.next()) else {
        return nothing();
    };
    let (from, to) = (PathBuf::from(from), PathBuf::from(to));
    interpreter
        .world
        .rename(&from, &to)
        .map_err(|error| failed(&from, &error))?;
    nothing()
}

/// `\s`: how many secondary threads run; `\s 0N` how many there may be, as the command line set it.
fn threads(interpreter: &mut Interpreter, rest: &str) -> QResult<CommandResult> {
    let settings = &mut interpreter.settings;
    if rest == "0N" {
        return value(Value::Int(settings.secondary_threads_max));
    }
    if rest.is_empty() {
        return value(Value::Int(settings.secondary_threads));
    }
    let wanted = i32::try_from(number(rest)?).map_err(|_| QError::domain())?;
    if wanted > settings.secondary_threads_max.saturating_abs() {
        return Err(QError::signal(
            "enable secondary threads via cmd line -s only",
        ));
    }
    settings.set_secondary_threads(wanted);
    nothing()
}

fn garbage_collection(interpreter: &mut Interpreter, rest: &str) -> QResult<CommandResult> {
    let result = setting(rest, &mut interpreter.settings.garbage_collection)?;
    if !rest.is_empty() {
        let mode = interpreter.settings.garbage_collection;
        interpreter.settings.set_garbage_collection(mode);
    }
    Ok(result)
}

fn seed(interpreter: &mut Interpreter, rest: &str) -> QResult<CommandResult> {
    if rest.is_empty() {
        return value(Value::Int(
            i32::try_from(interpreter.settings.seed).unwrap_or(i32::MIN),
        ));
    }
    if rest == "0N" {
        return value(Value::Long(interpreter.random.resume_seed()));
    }
    let seed = number(rest)?;
    if seed == 0 {
        return Err(QError::domain());
    }
    interpreter.seed(seed);
    nothing()
}

/// `\t`: the timer's interval; a number sets it, an expression is timed.
fn timer(interpreter: &mut Interpreter, rest: &str) -> QResult<CommandResult> {
    if rest.is_empty() {
        return value(Value::Int(interpreter.world.timer()));
    }
    if let Ok(milliseconds) = rest.parse::<i32>() {
        interpreter.world.set_timer(milliseconds.max(0));
        return nothing();
    }
    let result = time_and_space(interpreter, rest, 1)?;
    value(result.value.item(0).unwrap_or(Value::Identity))
}

/// The `n` of `\t:n`: a number, or the name of one.
fn repetitions(interpreter: &mut Interpreter, text: &str) -> QResult<i64> {
    number(text).or_else(|error| {
        let name = qualify(interpreter.namespace, Symbol::new(text));
        let value = interpreter.read_name(name).map_err(|_| error)?;
        value.as_i64().ok_or_else(QError::type_error)
    })
}

/// Milliseconds and bytes that running an expression so many times takes.
fn time_and_space(interpreter: &mut Interpreter, rest: &str, times: i64) -> QResult<CommandResult> {
    let code = interpreter.compile_text(rest.as_bytes())?;
    let before = interpreter.world.memory().peak;
    let start = interpreter.world.monotonic();
    for _ in 0..times {
        interpreter.run_code(&code)?;
    }
    let milliseconds = interpreter.world.monotonic().saturating_sub(start) / 1_000_000;
    let bytes = (interpreter.world.memory().peak - before).max(0);
    value(Value::Longs(vec![milliseconds as i64, bytes].into()))
}

fn workspace(interpreter: &mut Interpreter, rest: &str) -> QResult<CommandResult> {
    if rest.is_empty() {
        let memory = interpreter.world.memory();
        return value(Value::Longs(
            vec![
                memory.used,
                memory.heap,
                memory.peak,
                memory.limit,
                memory.mapped,
                memory.physical,
            ]
            .into(),
        ));
    }
    let megabytes = number(rest)?;
    let limit = megabytes.checked_mul(1 << 20);
    let (Some(limit), 2..) = (limit, megabytes) else {
        let (count, bytes) = Symbol::statistics();
        return value(Value::Longs(vec![count as i64, bytes as i64].into()));
    };
    let before = interpreter.world.memory_limit(None);
    if before == 0 {
        return Err(QError::signal("-w init via cmd line"));
    }
    if limit <= before {
        return value(Value::Long(before));
    }
    value(Value::Long(interpreter.world.memory_limit(Some(limit))))
}

fn date_order(interpreter: &mut Interpreter, rest: &str) -> QResult<CommandResult> {
    if rest.is_empty() {
        return value(Value::Int(interpreter.settings.date_order));
    }
    let order = i32::from(number(rest)? != 0);
    interpreter.set_date_order(order);
    nothing()
}

fn redirect(interpreter: &mut Interpreter, word: &str, rest: &str) -> QResult<CommandResult> {
    let stream = if word == "1" {
        StandardStream::Output
    } else {
        StandardStream::Error
    };
    let path = PathBuf::from(rest);
    interpreter
        .world
        .redirect(stream, &path)
        .map_err(|error| failed(&path, &error))?;
    nothing()
}

/// A command of the operating system: its lines; `os` when it fails, `sys` in a thread of `peach`.
fn shell(interpreter: &mut Interpreter, command: &[u8]) -> QResult<CommandResult> {
    if interpreter.is_secondary {
        return Err(QError::new("sys"));
    }
    if interpreter.read_only {
        return Err(QError::noupdate());
    }
    let (output, status) = interpreter
        .world
        .shell(command)
        .map_err(|error| QError::signal(format!("os: {error}")))?;
    if status != 0 {
        if !output.is_empty() {
            interpreter
                .world
                .write_standard(StandardStream::Output, &output);
        }
        return Err(QError::new("os"));
    }
    let lines = crate::files::lines(&output)
        .into_iter()
        .map(Value::string)
        .collect();
    value(Value::list(lines))
}

/// `\l path`: a script, a q file, a splayed table or a database folder.
pub(crate) fn load(interpreter: &mut Interpreter, path: &[u8]) -> QResult<()> {
    let path = PathBuf::from(OsStr::from_bytes(path));
    let status = interpreter.world.status(&path);
    match status {
        Ok(status) if status.kind == FileKind::Directory => {
            crate::database::load_folder(interpreter, &path)
        }
        Ok(_) => load_file(interpreter, &path),
        Err(error) => match script_beside(interpreter, &path) {
            Some(found) => load_file(interpreter, &found),
            None => Err(failed(&path, &error)),
        },
    }
}

/// `path.q` or `path.k`, in the folder or in `QHOME`.
fn script_beside(interpreter: &Interpreter, path: &Path) -> Option<PathBuf> {
    let exists = |path: &Path| interpreter.world.status(path).is_ok();
    let mut names = vec![path.to_path_buf()];
    for extension in ["q", "k"] {
        let mut name = path.as_os_str().to_owned();
        name.push(".");
        name.push(extension);
        names.push(PathBuf::from(name));
    }
    if let Some(found) = names.iter().find(|name| exists(name)) {
        return Some(found.clone());
    }
    let home = interpreter.world.environment(b"QHOME")?;
    let home = PathBuf::from(OsStr::from_bytes(&home));
    names
        .iter()
        .map(|name| home.join(name))
        .find(|name| exists(name))
}

fn load_file(interpreter: &mut Interpreter, path: &Path) -> QResult<()> {
    let extension = path.extension().map(OsStr::as_bytes).unwrap_or_default();
    if matches!(extension, [letter] if letter.is_ascii_lowercase()) {
        return interpreter.load_script(path);
    }
    let head = interpreter
        .world
        .read_range(path, 0, 2)
        .map_err(|error| failed(path, &error))?;
    if matches!(head.as_slice(), [0xff, 0x01] | [0xfe, 0x20] | [0xfd, 0x20]) {
        let mut name = b":".to_vec();
        name.extend_from_slice(path.as_os_str().as_bytes());
        crate::files::load(interpreter, Value::symbol(name))?;
        return Ok(());
    }
    interpreter.load_script(path)
}

impl Interpreter {
    /// Sets the digits shown of floats, as `\P` does; 0 shows all.
    pub fn set_precision(&mut self, digits: u8) {
        self.settings.precision = digits;
        set_precision(digits);
    }

    /// Sets the order of ambiguous dates, as `\z` does: 0 month first, 1 day first.
    pub fn set_date_order(&mut self, order: i32) {
        self.settings.date_order = order;
        set_date_order(if order == 0 {
            DateOrder::MonthFirst
        } else {
            DateOrder::DayFirst
        });
    }
}
