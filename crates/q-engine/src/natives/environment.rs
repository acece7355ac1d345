//! Time zones, file symbols, memory: small keywords that ask the world.

use q_value::{Element, QError, QResult, Symbol, Value, Vector};

use crate::interpreter::Interpreter;
use crate::primitives::Row;

pub(crate) static TABLE: &[Row] = &[
    Row::one("gtime", gtime),
    Row::one("ltime", ltime),
    Row::one("hsym", hsym),
    Row::many(".Q.gc", collect),
    Row::many(".Q.w", memory),
    Row::one(".Q.host", host),
    Row::one(".Q.addr", address),
];

/// Nanoseconds from UTC to local time, as `\o` or the machine says.
pub(crate) fn offset_at(interpreter: &Interpreter, at: i64) -> i64 {
    const MINUTE: i64 = 60_000_000_000;
    match interpreter.settings.utc_offset {
        Some(hours) if hours.abs() < 24 => i64::from(hours) * 60 * MINUTE,
        Some(minutes) => i64::from(minutes) * MINUTE,
        None => interpreter.world.local_offset(at),
    }
}

fn shift(interpreter: &Interpreter, x: Value, sign: i64) -> QResult<Value> {
    let moved = |at: i64| {
        if at.is_null() {
            at
        } else {
            at.wrapping_add(sign * offset_at(interpreter, at))
        }
    };
    Ok(match x {
        Value::Timestamp(at) => Value::Timestamp(moved(at)),
        Value::Timestamps(items) => Value::Timestamps(items.iter().map(|at| moved(*at)).collect()),
        Value::Datetime(days) => {
            let at = q_value::calendar::datetime_to_nanoseconds(days);
            Value::Datetime(q_value::calendar::nanoseconds_to_datetime(moved(at)))
        }
        Value::Datetimes(items) => Value::Datetimes(
            items
                .iter()
                .map(|days| {
                    let at = q_value::calendar::datetime_to_nanoseconds(*days);
                    q_value::calendar::nanoseconds_to_datetime(moved(at))
                })
                .collect(),
        ),
        _ => return Err(QError::type_error()),
    })
}

fn gtime(interpreter: &mut Interpreter, x: Value) -> QResult<Value> {
    shift(interpreter, x, -1)
}

fn ltime(interpreter: &mut Interpreter, x: Value) -> QResult<Value> {
    shift(interpreter, x, 1)
}

/// A symbol with a colon in front, once.
fn file_symbol(text: &[u8]) -> Symbol {
    if text.starts_with(b":") {
        return Symbol::new(text);
    }
    Symbol::new([b":", text].concat())
}

pub(crate) fn hsym(_interpreter: &mut Interpreter, x: Value) -> QResult<Value> {
    match &x {
        Value::Symbol(name) => Ok(Value::Symbol(file_symbol(name.as_bytes()))),
        Value::Symbols(names) => Ok(Value::Symbols(
            names
                .iter()
                .map(|name| file_symbol(name.as_bytes()))
                .collect(),
        )),
        Value::Chars(text) => Ok(Value::Symbol(file_symbol(text))),
        _ => Err(QError::type_error()),
    }
}

fn collect(interpreter: &mut Interpreter, _arguments: Vec<Value>) -> QResult<Value> {
    Ok(Value::Long(interpreter.world.collect_garbage()))
}

/// `.Q.w[]`: memory statistics in bytes, by name.
fn memory(interpreter: &mut Interpreter, _arguments: Vec<Value>) -> QResult<Value> {
    let memory = interpreter.world.memory();
    let (symbols, symbol_bytes) = Symbol::statistics();
    let names = [
        "used", "heap", "peak", "wmax", "mmap", "mphy", "syms", "symw",
    ];
    let values: Vector<i64> = [
        memory.used,
        memory.heap,
        memory.peak,
        memory.limit,
        memory.mapped,
        memory.physical,
        symbols as i64,
        symbol_bytes as i64,
    ]
    .into_iter()
    .collect();
    Ok(Value::dict(Value::symbols(names), Value::Longs(values)))
}

/// `.Q.host`: the name of an address.
pub(crate) fn host(interpreter: &mut Interpreter, x: Value) -> QResult<Value> {
    let address = x.as_i64().ok_or_else(QError::type_error)?;
    let name = interpreter
        .world
        .host_of_address(address as u32)
        .unwrap_or_default();
    Ok(Value::symbol(name))
}

/// `.Q.addr`: the address of a host name as an int, -1 when there is none.
pub(crate) fn address(interpreter: &mut Interpreter, x: Value) -> QResult<Value> {
    let Value::Symbol(name) = x else {
        return Err(QError::type_error());
    };
    let address = interpreter.world.resolve_host(&name.text());
    Ok(Value::Int(address.map_or(-1, u32::cast_signed)))
}
