//! Handles: hopen, hclose, and applying a handle to a message.

use std::time::Duration;

use q_value::{QError, QResult, Symbol, Value};
use q_wire::{Dialect, MessageKind, encode_object};

use crate::files::path_of;
use crate::interpreter::{Caller, Interpreter};
use crate::system::{Address, HandleKind, OpenSpec, StandardStream, Transport};

/// `hopen x`: a port, `` `:file ``, `` `:host:port:user:password ``, or one of these with a timeout in milliseconds.
pub(crate) fn hopen(interpreter: &mut Interpreter, x: Value) -> QResult<Value> {
    let (target, timeout) = match &x {
        Value::List(items) if items.len() == 2 => {
            let milliseconds = items[1].as_i64().ok_or_else(QError::type_error)?;
            let timeout = u64::try_from(milliseconds).map_err(|_| QError::domain())?;
            (items[0].clone(), Some(Duration::from_millis(timeout)))
        }
        Value::Longs(items) if items.len() == 2 => {
            let timeout = u64::try_from(items[1]).map_err(|_| QError::domain())?;
            (Value::Long(items[0]), Some(Duration::from_millis(timeout)))
        }
        _ => (x.clone(), None),
    };
    let spec = open_spec(&target)?;
    if let OpenSpec::File(path) | OpenSpec::Pipe(path) = &spec {
        interpreter.check_access().map_err(|error| {
            let text = [error.text(), b": ", path.as_os_str().as_encoded_bytes()].concat();
            QError::signal(text)
        })?;
    }
    if interpreter.is_secondary && matches!(spec, OpenSpec::Process(_)) {
        return Err(QError::new("nosocket"));
    }
    interpreter
        .world
        .open(&spec, timeout.filter(|timeout| !timeout.is_zero()))
        .map(Value::Int)
}

/// What to open for a port number, a symbol or a string.
fn open_spec(target: &Value) -> QResult<OpenSpec> {
    if let Some(port) = target.as_i64() {
        let port = u16::try_from(port).map_err(|_| QError::domain())?;
        return Ok(OpenSpec::Process(Address {
            port,
            ..Default::default()
        }));
    }
    let text = match target {
        Value::Symbol(name) => name.as_bytes().to_vec(),
        Value::Chars(text) => text.to_vec(),
        _ => return Err(QError::type_error()),
    };
    let text = text.strip_prefix(b":").unwrap_or(&text).to_vec();
    if let Some(path) = text.strip_prefix(b"fifo://") {
        return Ok(OpenSpec::Pipe(path_of(Symbol::new(path))));
    }
    match process_address(&text) {
        Some(address) => Ok(OpenSpec::Process(address)),
        None => Ok(OpenSpec::File(path_of(Symbol::new(&text)))),
    }
}

/// `host:port[:user:password]`, with `tcps://` or `unix://` in front; `None` for what reads as a path.
fn process_address(text: &[u8]) -> Option<Address> {
    let (transport, rest) = if let Some(rest) = text.strip_prefix(b"tcps://") {
        (Transport::Tls, rest)
    } else if let Some(rest) = text.strip_prefix(b"unix://") {
        (Transport::Unix, rest)
    } else if let Some(rest) = text.strip_prefix(b"tcp://") {
        (Transport::Plain, rest)
    } else {
        (Transport::Plain, text)
    };
    // the password is the rest: it may hold colons
    let mut parts = rest.splitn(if transport == Transport::Unix { 3 } else { 4 }, |byte| {
        *byte == b':'
    });
    let host = if transport == Transport::Unix {
        &[][..]
    } else {
        parts.next()?
    };
    let port = std::str::from_utf8(parts.next()?).ok()?.parse().ok()?;
    Some(Address {
        transport,
        host: String::from_utf8_lossy(host).into_owned(),
        port,
        user: parts.next().unwrap_or_default().to_vec(),
        password: parts.next().unwrap_or_default().to_vec(),
    })
}

/// `hclose h`.
pub(crate) fn hclose(interpreter: &mut Interpreter, x: &Value) -> QResult<Value> {
    if let Some(list) = crate::index::as_longs(x) {
        for handle in list.iter() {
            hclose(interpreter, &Value::Long(*handle))?;
        }
        return Ok(Value::Identity);
    }
    let handle = x
        .as_i64()
        .and_then(|handle| i32::try_from(handle).ok())
        .ok_or_else(QError::type_error)?;
    interpreter.world.close(handle.abs())?;
    Ok(Value::Identity)
}

/// `` `:host:port x ``: opens, asks, closes. `` `:http://host:port x `` sends a whole HTTP request and gives the whole
/// answer (`kb/http`), `` `:ws://host:port x `` opens a WebSocket (`kb/websockets`), `` `:file x `` indexes what is in the file.
pub(crate) fn one_shot(interpreter: &mut Interpreter, name: Symbol, x: Value) -> QResult<Value> {
    let text = name.as_bytes();
    if text.starts_with(b":http://") || text.starts_with(b":https://") {
        let request = x.as_text().ok_or_else(QError::type_error)?;
        return interpreter.world.http(text, request).map(Value::string);
    }
    if text.starts_with(b":ws://") || text.starts_with(b":wss://") {
        let request = x.as_text().ok_or_else(QError::type_error)?;
        let (handle, head) = interpreter.world.open_web_socket(text, request)?;
        let handle = Value::Int(handle.unwrap_or(i32::MIN));
        return Ok(Value::list(vec![handle, Value::string(head)]));
    }
    let spec = open_spec(&Value::Symbol(name))?;
    let OpenSpec::Process(_) = spec else {
        let content = crate::files::get(interpreter, name)?;
        return interpreter.apply_one(&content, x);
    };
    let handle = interpreter.world.open(&spec, None)?;
    let result = request(interpreter, handle, &x);
    // the answer counts, not how the connection ended
    let _ = interpreter.world.close(handle);
    result
}

/// `h x` for any handle: 0 evaluates here, 1 and 2 write, a file appends, a process is asked; negative numbers add a line
/// end, or send without waiting.
pub(crate) fn call(
    interpreter: &mut Interpreter,
    handle: i32,
    x: Value,
    whole: &Value,
) -> QResult<Value> {
    match handle {
        0 if interpreter.is_secondary => return Err(QError::new("nosocket")),
        0 => return interpreter.run_message(".z.ps", x),
        1 | -1 => {
            return write_standard(interpreter, StandardStream::Output, handle < 0, &x, whole);
        }
        2 | -2 => return write_standard(interpreter, StandardStream::Error, handle < 0, &x, whole),
        _ => (),
    }
    let number = handle.abs();
    match interpreter.world.handle_kind(number) {
        None if matches!(x, Value::Identity) => Err(QError::type_error()),
        None => Err(QError::signal(format!(
            "Cannot write to handle {handle}. OS reports: Bad file descriptor"
        ))),
        Some(HandleKind::File) if interpreter.read_only => Err(QError::noupdate()),
        Some(HandleKind::File) => {
            let bytes = file_bytes(&x, handle < 0)?;
            interpreter.world.write_handle(number, &bytes)?;
            Ok(whole.clone())
        }
        Some(HandleKind::Pipe) => Err(QError::type_error()),
        Some(HandleKind::Process) if interpreter.is_secondary => Err(QError::new("nosocket")),
        Some(HandleKind::Process) if handle < 0 => {
            if matches!(x, Value::Identity) {
                interpreter.world.flush(number)?;
            } else {
                interpreter.world.send_async(number, &x)?;
            }
            Ok(Value::Identity)
        }
        Some(HandleKind::Process) if matches!(x, Value::Identity) => {
            wait_for_one(interpreter, number)
        }
        Some(HandleKind::Process) => request(interpreter, number, &x),
    }
}

/// A string or list of strings to a stream; `-1` adds line ends.
fn write_standard(
    interpreter: &mut Interpreter,
    stream: StandardStream,
    line_end: bool,
    x: &Value,
    whole: &Value,
) -> QResult<Value> {
    let mut out = Vec::new();
    push_text(x, line_end, &mut out)?;
    interpreter.world.write_standard(stream, &out);
    Ok(whole.clone())
}

fn push_text(x: &Value, line_end: bool, out: &mut Vec<u8>) -> QResult<()> {
    match x {
        Value::List(items) => {
            for item in items.iter() {
                push_text(item, line_end, out)?;
            }
            Ok(())
        }
        x => {
            out.extend_from_slice(x.as_text().ok_or_else(QError::type_error)?);
            if line_end {
                out.push(b'\n');
            }
            Ok(())
        }
    }
}

/// What a handle of a file writes: text and bytes as they are, a list as serialised messages one after the other.
fn file_bytes(x: &Value, line_end: bool) -> QResult<Vec<u8>> {
    let mut out = Vec::new();
    match x {
        Value::Bytes(bytes) => out.extend_from_slice(bytes),
        Value::Byte(byte) => out.push(*byte),
        Value::Chars(_) | Value::Char(_) => push_text(x, line_end, &mut out)?,
        Value::List(items) if items.iter().all(|item| item.as_text().is_some()) => {
            push_text(x, line_end, &mut out)?
        }
        Value::List(items) => {
            for item in items.iter() {
                encode_object(item, Dialect::File, &mut out)?;
            }
        }
        x if x.is_vector() => {
            for item in x.items() {
                encode_object(&item, Dialect::File, &mut out)?;
            }
        }
        _ => return Err(QError::type_error()),
    }
    Ok(out)
}

/// A synchronous request; messages that arrive meanwhile are run first.
fn request(interpreter: &mut Interpreter, handle: i32, x: &Value) -> QResult<Value> {
    interpreter.world.send_sync(handle, x)?;
    loop {
        let incoming = interpreter.world.receive(handle)?;
        let decoded = q_wire::decode_message(&incoming.message, interpreter)?;
        match incoming.kind {
            MessageKind::Response => return decoded.payload,
            kind => handle_message(interpreter, handle, kind, decoded.payload)?,
        }
    }
}

/// `h[]`: blocks for the next message on the handle and returns it.
fn wait_for_one(interpreter: &mut Interpreter, handle: i32) -> QResult<Value> {
    interpreter.world.flush(handle)?;
    let incoming = interpreter.world.receive(handle)?;
    let decoded = q_wire::decode_message(&incoming.message, interpreter)?;
    match incoming.kind {
        MessageKind::Sync => {
            handle_message(interpreter, handle, MessageKind::Sync, decoded.payload)?;
            Ok(Value::Identity)
        }
        _ => decoded.payload,
    }
}

/// Runs a message that came in while something else was awaited.
fn handle_message(
    interpreter: &mut Interpreter,
    handle: i32,
    kind: MessageKind,
    payload: QResult<Value>,
) -> QResult<()> {
    let caller = Caller {
        handle,
        ..interpreter.caller.clone()
    };
    let before = interpreter.set_caller(caller);
    let is_sync = kind == MessageKind::Sync;
    let callback = if is_sync { ".z.pg" } else { ".z.ps" };
    let result = payload.and_then(|message| interpreter.run_message(callback, message));
    interpreter.set_caller(before);
    if is_sync {
        return interpreter.world.reply(handle, &result);
    }
    if let Err(error) = result {
        let text = format!("{error}\n");
        interpreter
            .world
            .write_standard(StandardStream::Error, text.as_bytes());
    }
    Ok(())
}

/// A message to the process itself: `0 "1+1"`, `` 0 (`f;1) ``.
pub(crate) fn evaluate_message(interpreter: &mut Interpreter, x: Value) -> QResult<Value> {
    crate::natives::evaluate::value(interpreter, x)
}

impl Interpreter {
    /// Runs a message of a client through a callback (`.z.pg`, `.z.ps`), or as `value` does when it is not set.
    pub fn run_message(&mut self, callback: &str, message: Value) -> QResult<Value> {
        match self.get_global(callback) {
            Some(handler) => self.apply_one(&handler, message),
            None => evaluate_message(self, message),
        }
    }
}
