//! Internal functions `-n!x` (`basics/internal`).

use q_value::{Element, QError, QResult, Symbol, Value};
use q_wire::MessageKind;

use crate::interpreter::Interpreter;
use crate::kernel;
use crate::natives::{environment, inspect};
use crate::system::StandardStream;

/// `number!x` for negative numbers; the null shows its argument.
pub(crate) fn call(interpreter: &mut Interpreter, number: i64, x: Value) -> QResult<Value> {
    if number.is_null() {
        let mut text = q_value::display::k_text(&x, interpreter.settings.precision);
        text.push(b'\n');
        interpreter
            .world
            .write_standard(StandardStream::Output, &text);
        return Ok(x);
    }
    match number {
        -1 => environment::hsym(interpreter, x),
        -2 => Ok(Value::symbol(x.attribute().name())),
        -3 => Ok(Value::string(q_value::display::k_text(
            &x,
            interpreter.settings.precision,
        ))),
        -5 => match x.as_text().map(<[u8]>::to_vec) {
            Some(text) => interpreter.parse_tree(&text),
            None => Err(QError::type_error()),
        },
        -6 => interpreter.eval(&x),
        -7 => crate::files::hcount(interpreter, &x),
        -8 => serialised(&x).map(|bytes| Value::Bytes(bytes.into())),
        -18 => {
            let bytes = serialised(&x)?;
            let bytes = q_wire::compress(&bytes).unwrap_or(bytes);
            Ok(Value::Bytes(bytes.into()))
        }
        -9 => match &x {
            Value::Bytes(bytes) => {
                let bytes = bytes.clone();
                q_wire::decode_message(&bytes, interpreter)?.payload
            }
            _ => Err(QError::type_error()),
        },
        -10 => enum_type_is_free(&x),
        -11 => replay(interpreter, &x),
        -12 => environment::host(interpreter, x),
        -13 => environment::address(interpreter, x),
        -14 => quote_doubled(&x),
        -15 => kernel::one("md5", x),
        // the argument itself is one more
        -16 => Ok(Value::Int((reference_count(&x) - 1).max(1))),
        -19 => compress_file(interpreter, &x),
        -20 => Ok(Value::Long(interpreter.world.collect_garbage())),
        -21 => compression_of(interpreter, &x),
        -22 => Ok(Value::Long(8 + q_wire::object_length(&x) as i64)),
        -23 => Ok(x),
        -24 => interpreter.reval(&x),
        -25 => broadcast(interpreter, &x),
        -26 => tls_settings(interpreter, &x),
        -27 => fixed_decimals(&x),
        -29 => kernel::one(".j.k", x),
        -30 => defer(interpreter, x),
        -31 => kernel::one(".j.jd", x),
        -32 => kernel::one(".Q.btoa", x),
        -33 => kernel::one(".Q.sha1", x),
        -34 => match x.items().as_slice() {
            [f, arguments] => inspect::time_and_space(interpreter, f.clone(), arguments.clone()),
            _ => Err(QError::length()),
        },
        -35 => crate::natives::http::gzip_or_back(interpreter, x),
        -36 => master_key(&x),
        -38 => protocol(interpreter, &x),
        -120 => Ok(Value::Long(0)),
        -4 => tokens(&x),
        _ => Err(QError::nyi()),
    }
}

impl Interpreter {
    /// The SHA-1 of a text, as `.Q.sha1` gives it.
    pub fn sha1(&self, text: &[u8]) -> QResult<Value> {
        kernel::one(".Q.sha1", Value::string(text))
    }
}

fn serialised(x: &Value) -> QResult<Vec<u8>> {
    q_wire::encode_message(MessageKind::Async, x, q_wire::CAPABILITY)
}

fn reference_count(x: &Value) -> i32 {
    let count = q_value::with_vector!(x, v => v.reference_count(), else 1);
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// Doubles the quotes of a string, and puts it in quotes, as CSV wants.
fn quote_doubled(x: &Value) -> QResult<Value> {
    let text = x.as_text().ok_or_else(QError::type_error)?;
    let mut out = Vec::with_capacity(text.len() + 2);
    for byte in text {
        out.push(*byte);
        if *byte == b'"' {
            out.push(b'"');
        }
    }
    Ok(Value::string(out))
}

/// `-36!(::)`: whether a key to encrypt files with is loaded; never, as files are not encrypted here.
///
/// Errors: for a key to load what kdb+ says when it has no library to encrypt with (`basics/internal`, "Load master key").
fn master_key(x: &Value) -> QResult<Value> {
    match x {
        Value::Identity => Ok(Value::Boolean(false)),
        _ => Err(QError::new("Encryption lib unavailable")),
    }
}

/// `-27!(decimals;x)`: text of floats with that many decimals.
fn fixed_decimals(x: &Value) -> QResult<Value> {
    let (Some(decimals), Some(numbers), 2) = (x.item(0), x.item(1), x.count()) else {
        return Err(QError::length());
    };
    if decimals.type_number() != -6 {
        return Err(QError::type_error());
    }
    let decimals = usize::try_from(decimals.as_i64().unwrap_or(0)).map_err(|_| QError::domain())?;
    let text = |x: f64| {
        let mut out = Vec::new();
        q_value::format::push_float_fixed(&mut out, x, decimals);
        Value::string(out)
    };
    match &numbers {
        Value::Float(x) => Ok(text(*x)),
        Value::Floats(items) => Ok(Value::list(items.iter().map(|x| text(*x)).collect())),
        _ => Err(QError::type_error()),
    }
}

/// `-11!`: replays a log through `value`, or counts its messages.
fn replay(interpreter: &mut Interpreter, x: &Value) -> QResult<Value> {
    let (limit, name) = match x {
        Value::Symbol(name) => (i64::MAX, *name),
        x if x.count() == 2 => match (x.item(0).and_then(|n| n.as_i64()), x.item(1)) {
            (Some(limit), Some(Value::Symbol(name))) => (limit, name),
            _ => return Err(QError::type_error()),
        },
        _ => return Err(QError::type_error()),
    };
    let path = crate::files::path_of(name);
    let bytes = interpreter
        .world
        .map(&path)
        .map_err(|error| crate::files::failed(&path, &error))?;
    let bytes = (*bytes).as_ref();
    if limit == -2 {
        let status = q_storage::log_status(bytes).ok_or_else(|| QError::new("badtail"))?;
        let messages = status.messages as i64;
        return Ok(if status.is_whole {
            Value::Long(messages)
        } else {
            Value::Longs(vec![messages, status.valid_length as i64].into())
        });
    }
    let limit = if limit < 0 { i64::MAX } else { limit };
    let mut reader = q_storage::LogReader::new(bytes).ok_or_else(|| QError::new("badtail"))?;
    let mut count = 0;
    while count < limit {
        let Some(message) = reader.next_message(interpreter)? else {
            break;
        };
        interpreter.run_message(".z.ps", message)?;
        count += 1;
    }
    if count < limit && !reader.is_at_end() {
        return Err(QError::new("badtail"));
    }
    Ok(Value::Long(count))
}

/// `-19!(source;target;block;algorithm;level)`.
fn compress_file(interpreter: &mut Interpreter, x: &Value) -> QResult<Value> {
    let items = x.items();
    let [
        Value::Symbol(from),
        Value::Symbol(to),
        block,
        algorithm,
        level,
    ] = items.as_slice()
    else {
        return Err(QError::type_error());
    };
    let number = |value: &Value| value.as_i64().ok_or_else(QError::type_error);
    let (block, algorithm, level) = (number(block)?, number(algorithm)?, number(level)?);
    let source = crate::files::path_of(*from);
    let bytes = interpreter
        .world
        .read(&source)
        .map_err(|error| crate::files::failed(&source, &error))?;
    let written = if algorithm == 0 {
        bytes
    } else {
        let settings = q_storage::CompressionSettings::new(block, algorithm, level)
            .ok_or_else(QError::domain)?;
        q_storage::compress_file(&bytes, settings)
    };
    let target = crate::files::path_of(*to);
    interpreter
        .world
        .write(&target, &written)
        .map_err(|error| crate::files::failed(&target, &error))?;
    Ok(Value::Symbol(*to))
}

/// `-21!file`: compression statistics as a dictionary, empty for plain files.
fn compression_of(interpreter: &mut Interpreter, x: &Value) -> QResult<Value> {
    let Value::Symbol(name) = x else {
        return Err(QError::type_error());
    };
    let path = crate::files::path_of(*name);
    let bytes = interpreter
        .world
        .map(&path)
        .map_err(|error| crate::files::failed(&path, &error))?;
    let Some(statistics) = q_storage::compression_statistics((*bytes).as_ref())? else {
        return Ok(Value::dict(
            Value::empty_of(q_value::Type::Symbol),
            Value::empty_list(),
        ));
    };
    let names = [
        "compressedLength",
        "uncompressedLength",
        "algorithm",
        "logicalBlockSize",
        "zipLevel",
    ];
    let values = Value::list(vec![
        Value::Long(statistics.compressed_length),
        Value::Long(statistics.uncompressed_length),
        Value::Int(i32::from(statistics.algorithm)),
        Value::Int(i32::from(statistics.logical_block_size)),
        Value::Int(i32::from(statistics.level)),
    ]);
    Ok(Value::dict(Value::symbols(names), values))
}

/// `-25!(handles;message)`: the message to all, asynchronously; to none when one of them is no connection.
fn broadcast(interpreter: &mut Interpreter, x: &Value) -> QResult<Value> {
    let (Some(handles), Some(message), 2) = (x.item(0), x.item(1), x.count()) else {
        return Err(QError::type_error());
    };
    let mut numbers = Vec::new();
    for handle in handles.items() {
        let handle = handle
            .as_i64()
            .and_then(|handle| i32::try_from(handle).ok())
            .ok_or_else(QError::type_error)?;
        if interpreter.world.connection(handle).is_none() {
            return Err(QError::signal(format!("{handle} is not an ipc handle")));
        }
        numbers.push(handle);
    }
    for handle in numbers {
        if matches!(message, Value::Identity) {
            interpreter.world.flush(handle)?;
        } else {
            interpreter.world.send_async(handle, &message)?;
        }
    }
    Ok(Value::Identity)
}

/// `-30!(::)` defers the answer of the message being handled; `-30!(handle;is_error;value)` gives it.
fn defer(interpreter: &mut Interpreter, x: Value) -> QResult<Value> {
    if matches!(x, Value::Identity) {
        let handle = interpreter.caller.handle;
        interpreter.world.defer(handle)?;
        return Ok(Value::Identity);
    }
    let items = x.items();
    let [handle, Value::Boolean(is_error), answer] = items.as_slice() else {
        return Err(QError::type_error());
    };
    let handle = handle
        .as_i64()
        .and_then(|handle| i32::try_from(handle).ok())
        .ok_or_else(QError::type_error)?;
    let answer = if *is_error {
        Err(crate::machine::signalled(answer))
    } else {
        Ok(answer.clone())
    };
    interpreter.world.reply(handle, &answer)?;
    Ok(Value::Identity)
}

/// `-38!handles`: protocol, family, compression and what is unsent of each, a table for a list of handles.
fn protocol(interpreter: &mut Interpreter, x: &Value) -> QResult<Value> {
    let state = |handle: &Value| -> QResult<[Value; 5]> {
        let state = handle
            .as_i64()
            .and_then(|handle| i32::try_from(handle).ok())
            .ok_or_else(QError::type_error)
            .map(|handle| interpreter.world.connection(handle))?
            .ok_or_else(QError::domain)?;
        Ok([
            Value::Char(state.protocol),
            Value::Char(state.family),
            Value::Boolean(state.compresses),
            Value::Long(state.unsent_messages),
            Value::Long(state.unsent_bytes),
        ])
    };
    let names = Value::symbols(["p", "f", "z", "n", "m"]);
    if x.is_atom() {
        return Ok(Value::dict(names, Value::list(state(x)?.to_vec())));
    }
    let rows: QResult<Vec<[Value; 5]>> = x.items().iter().map(state).collect();
    let rows = rows?;
    let columns = (0..5)
        .map(|at| Value::from_items(rows.iter().map(|row| row[at].clone()).collect()))
        .collect();
    q_kernels::unary(
        q_value::Unary::Flip,
        Value::dict(names, Value::list(columns)),
    )
}

/// `.Q.ipc[handle;settings]`: settings of a connection; `z` says whether messages are compressed.
pub(crate) fn ipc_settings(
    interpreter: &mut Interpreter,
    handle: Value,
    settings: Value,
) -> QResult<Value> {
    let number = handle
        .as_i64()
        .and_then(|handle| i32::try_from(handle).ok())
        .ok_or_else(QError::type_error)?;
    let Value::Dict(settings) = settings else {
        return Err(QError::type_error());
    };
    if let Some(Value::Boolean(is_on)) = crate::index::dict_entry(&settings, Symbol::new("z")) {
        interpreter.world.set_compression(number, is_on)?;
    }
    Ok(handle)
}

/// `-4!text`: the tokens of q source, blanks among them.
fn tokens(x: &Value) -> QResult<Value> {
    let text = x.as_text().ok_or_else(QError::type_error)?;
    let texts =
        q_syntax::token_texts(text).map_err(|error| QError::signal(error.name.into_owned()))?;
    Ok(Value::list(texts.into_iter().map(Value::string).collect()))
}

/// `-10!type`: true when no enumeration has this type; all have the first.
fn enum_type_is_free(x: &Value) -> QResult<Value> {
    let number = x.as_i64().ok_or_else(QError::type_error)?;
    if !(20..=76).contains(&number) {
        return Err(QError::domain());
    }
    let is_free = number > 20 || q_value::domain::is_none_bound();
    Ok(Value::Boolean(is_free))
}

/// `-26!()`: the settings of TLS that the environment holds.
fn tls_settings(interpreter: &mut Interpreter, x: &Value) -> QResult<Value> {
    if x.as_i64().is_some_and(|handle| handle != 0) {
        return interpreter.read_name(Symbol::new(".z.e"));
    }
    let setting = |name: &str, default: &str| {
        let text = interpreter.world.environment(name.as_bytes());
        text.map_or_else(|| Value::symbol(default), Value::symbol)
    };
    let names = [
        ("SSL_CERT_FILE", ""),
        ("SSL_CA_CERT_FILE", ""),
        ("SSL_CA_CERT_PATH", ""),
        ("SSL_KEY_FILE", ""),
        ("SSL_CIPHER_LIST", "ALL"),
        ("SSL_VERIFY_CLIENT", "NO"),
        ("SSL_VERIFY_SERVER", "YES"),
    ];
    let values = std::iter::once(Value::symbol("rustls"))
        .chain(names.iter().map(|(name, default)| setting(name, default)))
        .collect();
    let keys = std::iter::once("SSLEAY_VERSION").chain(names.iter().map(|(name, _)| *name));
    Ok(Value::dict(Value::symbols(keys), Value::from_items(values)))
}
