//! From the command line to a running process.

use std::ffi::OsString;
use std::io::Write;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

use q_engine::{CommandLine, Interpreter, VERSION};
use q_value::{QError, QResult};

use crate::arguments::{Arguments, HELP};
use crate::clients::Process;
use crate::console::Console;
use crate::network::{Network, TlsMode};
use crate::os::{Os, PATH_MAP_VARIABLE, PathMap, Shared};
use crate::passwords::Passwords;
use crate::signals::Signals;

/// Status of a command line that is refused.
const STATUS_USAGE: i32 = 2;
/// Status of a process that could not start.
const STATUS_FAILED: i32 = 1;

/// Runs a q process with the arguments that follow its name, until it ends; the exit status.
pub fn main(arguments: Vec<OsString>) -> i32 {
    let parsed = match Arguments::parse(arguments.iter().cloned()) {
        Ok(parsed) => parsed,
        Err(error) => {
            complain(&format!("q: {}; q --help tells more", error.0));
            return STATUS_USAGE;
        }
    };
    if parsed.help {
        // a reader that went away has read enough
        let _ = std::io::stdout().write_all(HELP.as_bytes());
        return 0;
    }
    if parsed.version {
        let _ = std::io::stdout().write_all(version().as_bytes());
        return 0;
    }
    let ended = q_engine::on_large_stack(move || run(parsed, arguments));
    match ended {
        Ok(Ok(status)) => status,
        Ok(Err(message)) => {
            complain(&message);
            STATUS_FAILED
        }
        Err(error) => {
            complain(&format!("q: cannot start a thread: {error}"));
            STATUS_FAILED
        }
    }
}

fn complain(message: &str) {
    // nobody to tell when standard error is gone
    let _ = writeln!(std::io::stderr(), "{message}");
}

/// The raw command line with the program's name first, as `.z.X` shows it.
fn raw_command_line(arguments: Vec<OsString>) -> Vec<Vec<u8>> {
    let program = std::env::args_os().next().unwrap_or_else(|| "q".into());
    std::iter::once(program)
        .chain(arguments)
        .map(OsStringExt::into_vec)
        .collect()
}

fn run(arguments: Arguments, raw: Vec<OsString>) -> Result<i32, String> {
    let mut network = Network::new();
    // before anything is opened: the numbers of inherited descriptors are taken for granted
    network.adopt_inherited();
    let signals =
        Signals::install().map_err(|error| format!("q: cannot watch signals: {error}"))?;
    set_tls(&mut network, &arguments)?;
    let shared = Shared::new(network);
    let paths = PathMap::parse(&std::env::var(PATH_MAP_VARIABLE).unwrap_or_default());
    let passwords = match &arguments.access {
        Some(access) => {
            Passwords::load(access.password_file.as_deref(), &paths).map_err(|error| {
                let file = access.password_file.as_deref().unwrap_or_default();
                format!(
                    "q: password file {}: {error}",
                    String::from_utf8_lossy(file)
                )
            })?
        }
        None => Passwords::default(),
    };
    let mut interpreter = Interpreter::new(Box::new(Os::new(shared.clone(), paths)));
    shared.network().set_interrupt(interpreter.interrupt());
    signals
        .interrupts(interpreter.interrupt())
        .map_err(|error| format!("q: cannot watch signals: {error}"))?;
    shared.console().start(
        arguments.quiet,
        signals
            .waker()
            .map_err(|error| format!("q: cannot watch signals: {error}"))?,
        shared.busy(),
    );
    apply_options(&mut interpreter, &arguments);
    if arguments.console_size.is_none() && shared.console().is_terminal() {
        size_console(&mut interpreter, &mut shared.console());
    }
    interpreter.set_command_line(CommandLine {
        script: arguments.script.clone(),
        arguments: arguments.rest.clone(),
        raw: raw_command_line(raw),
        quiet: arguments.quiet,
    });
    if let Some(port) = &arguments.port {
        interpreter.world().listen(port).map_err(|error| {
            let text = text_of(&error);
            // the name of what cannot be read as a port tells nothing by itself
            let forms = "a port is 5001, host:5001, 5001/5010 (a range), 0W (any free) or -5001";
            let text = if text == *port { forms } else { &text };
            format!("q: -p {port}: {text}")
        })?;
    }
    if shared.console().is_terminal() {
        signals.watch_impatience();
        if !arguments.quiet {
            println_banner();
        }
    }
    let mut process = Process::new(interpreter, shared, signals, passwords);
    if let Some(script) = &arguments.script {
        let loaded = load(&mut process.interpreter, script);
        process.after_script(loaded, script);
    }
    let status = process.serve();
    crate::console::restore();
    Ok(status)
}

/// The size that `LINES` and `COLUMNS` give; without them, that of the window as it changes.
fn size_console(interpreter: &mut Interpreter, console: &mut Console) {
    let number = |name: &str| -> Option<i64> { std::env::var(name).ok()?.parse().ok() };
    let settings = interpreter.settings_mut();
    match (number("LINES"), number("COLUMNS")) {
        (Some(rows), Some(columns)) => settings.console = size((rows, columns)),
        _ => console.follow_window(settings.console),
    }
}

fn text_of(error: &QError) -> String {
    String::from_utf8_lossy(error.text()).into_owned()
}

fn println_banner() {
    crate::console::write_standard(
        q_engine::system::StandardStream::Output,
        format!("{}\n", version()).as_bytes(),
    );
}

fn version() -> String {
    format!("qspace {} (q {VERSION})\n", env!("CARGO_PKG_VERSION"))
}

/// `-E`, or plain and TLS on one port when `QSPACE_TLS=1` says so.
fn set_tls(network: &mut Network, arguments: &Arguments) -> Result<(), String> {
    let mode = match arguments.tls_mode {
        Some(number) => TlsMode::from_number(number)
            .ok_or_else(|| format!("q: -E needs 0, 1 or 2, not {number}"))?,
        None if std::env::var("QSPACE_TLS").is_ok_and(|value| value == "1") => TlsMode::PlainAndTls,
        None => TlsMode::Plain,
    };
    network
        .set_tls_mode(mode)
        .map_err(|error| format!("q: TLS: {error}"))
}

/// A number that a setting holds in 32 bits; too large ones are cut off.
fn int(number: i64) -> i32 {
    i32::try_from(number).unwrap_or(if number < 0 { i32::MIN } else { i32::MAX })
}

fn size(pair: (i64, i64)) -> (usize, usize) {
    let side = |number: i64| usize::try_from(number.clamp(10, 2000)).unwrap_or(2000);
    (side(pair.0), side(pair.1))
}

fn apply_options(interpreter: &mut Interpreter, arguments: &Arguments) {
    if let Some(digits) = arguments.precision {
        // 0 and everything above 17 show all there is
        let digits = u8::try_from(digits)
            .ok()
            .filter(|digits| (1..=17).contains(digits));
        interpreter.set_precision(digits.unwrap_or(17));
    }
    if let Some(order) = arguments.date_order {
        interpreter.set_date_order(int(order));
    }
    if let Some(seed) = arguments.seed {
        interpreter.seed(seed);
    }
    // scripts see it (tick.q chooses its mode by it); it ticks when they are done
    if let Some(milliseconds) = arguments.timer {
        interpreter.world().set_timer(int(milliseconds));
    }
    let settings = interpreter.settings_mut();
    if let Some(pair) = arguments.console_size {
        settings.console = size(pair);
    }
    if let Some(pair) = arguments.http_size {
        settings.http = size(pair);
    }
    if let Some(mode) = arguments.error_trap {
        settings.error_trap = int(mode);
    }
    if let Some(mode) = arguments.garbage_collection {
        settings.set_garbage_collection(int(mode));
    }
    if let Some(offset) = arguments.utc_offset {
        settings.utc_offset = Some(int(offset));
    }
    if let Some(seconds) = arguments.time_limit {
        settings.time_limit = int(seconds);
    }
    if let Some(day) = arguments.week_offset {
        settings.week_offset = int(day);
    }
    if let Some(threads) = arguments.threads {
        settings.secondary_threads_max = int(threads);
        settings.set_secondary_threads(int(threads));
    }
    if let Some(mode) = arguments.tls_mode {
        settings.tls_mode = int(mode);
    }
    settings.blocked = arguments.blocked;
    settings.restricted = arguments
        .access
        .as_ref()
        .is_some_and(|access| access.restricted);
    if let Some(megabytes) = arguments.memory_limit {
        let bytes = megabytes.saturating_mul(1 << 20);
        interpreter.world().memory_limit(Some(bytes));
    }
}

/// Loads the script or database of the command line.
fn load(interpreter: &mut Interpreter, script: &[u8]) -> QResult<()> {
    let is_script = [".q", ".k"]
        .iter()
        .any(|extension| script.ends_with(extension.as_bytes()));
    if is_script {
        let path = <std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(script);
        let command = [b"\\l ", script].concat();
        return interpreter.load_at_start(&command, Path::new(path));
    }
    let command = [b"\\l ", script].concat();
    interpreter.evaluate_bytes(&command).map(|_| ())
}
