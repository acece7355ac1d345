//! Internal functions `-n!x` (`basics/internal`).

use q_value::{Element, QError, QResult, Value};
use q_wire::MessageKind;

use crate::interpreter::Interpreter;
use crate::kernel;
use crate::natives::environment;
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
        -10 => Ok(Value::Boolean(true)),
        -11 => replay(interpreter, &x),
        -12 => environment::host(interpreter, x),
        -13 => environment::address(interpreter, x),
        -14 => quote_doubled(&x),
        -15 => kernel::one("md5", x),
        -16 => Ok(Value::Int(reference_count(&x))),
        -19 => compress_file(interpreter, &x),
        -20 => Ok(Value::Long(interpreter.world.collect_garbage())),
        -21 => compression_of(interpreter, &x),
        -22 => Ok(Value::Long(8 + q_wire::object_length(&x) as i64)),
        -23 => Ok(x),
        -24 => interpreter.reval(&x),
        -25 => broadcast(interpreter, &x),
        -27 => fixed_decimals(&x),
        -29 => kernel::one(".j.k", x),
        -30 => defer(interpreter, x),
        -31 => kernel::one(".j.j", x),
        -33 => kernel::one(".Q.sha1", x),
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

/// `-25!(handles;message)`: the message to all, asynchronously.
fn broadcast(interpreter: &mut Interpreter, x: &Value) -> QResult<Value> {
    let (Some(handles), Some(message), 2) = (x.item(0), x.item(1), x.count()) else {
        return Err(QError::type_error());
    };
    for handle in handles.items() {
        let handle = handle
            .as_i64()
            .and_then(|handle| i32::try_from(handle).ok())
            .ok_or_else(QError::type_error)?;
        interpreter.world.send_async(handle, &message)?;
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

/// `-38!handles`: protocol and mode of each.
fn protocol(interpreter: &mut Interpreter, x: &Value) -> QResult<Value> {
    let one = |interpreter: &Interpreter, handle: &Value| -> QResult<Value> {
        let handle = handle
            .as_i64()
            .and_then(|handle| i32::try_from(handle).ok())
            .ok_or_else(QError::type_error)?;
        let (protocol, mode) = interpreter
            .world
            .handle_protocol(handle)
            .ok_or_else(QError::domain)?;
        Ok(Value::dict(
            Value::symbols(["p", "f"]),
            Value::Chars(vec![protocol, mode].into()),
        ))
    };
    if x.is_atom() {
        return one(interpreter, x);
    }
    let rows: QResult<Vec<Value>> = x
        .items()
        .iter()
        .map(|handle| one(interpreter, handle))
        .collect();
    Ok(Value::from_items(rows?))
}

/// `-4!text`: the tokens of q source.
fn tokens(x: &Value) -> QResult<Value> {
    let text = x.as_text().ok_or_else(QError::type_error)?;
    kernel::one("-4!", Value::string(text))
}
