//! The names of `.z` that the process computes: clocks, caller, command line, version.

use q_value::{Element, QResult, Symbol, Value, Vector};

use crate::interpreter::Interpreter;
use crate::natives::environment::offset_at;

/// Nanoseconds of a day.
const DAY: i64 = 86_400_000_000_000;
/// The version of q that this engine is compatible with.
pub const VERSION: f64 = 4.1;

/// The value of a `.z` name that is not an assigned variable; `None` when there is no such name.
pub(crate) fn read(interpreter: &mut Interpreter, name: Symbol) -> QResult<Option<Value>> {
    let Some(short) = name.as_bytes().strip_prefix(b".z.") else {
        return Ok(None);
    };
    if let [letter] = short
        && let Some(value) = clock(interpreter, *letter)
    {
        return Ok(Some(value));
    }
    Ok(Some(match short {
        b"ex" | b"ey" => {
            let failed = interpreter.failed_primitive();
            return Ok(failed.map(|(function, arguments)| match short {
                b"ex" => function,
                _ => arguments,
            }));
        }
        b"w" => Value::Int(interpreter.caller.handle),
        b"u" => Value::Symbol(interpreter.caller.user),
        b"a" => Value::Int(interpreter.caller.address.cast_signed()),
        b"h" => Value::symbol(interpreter.world.host_name()),
        b"i" => Value::Int(interpreter.world.process_id()),
        b"f" => match &interpreter.command_line.script {
            Some(script) => Value::symbol(script),
            None => Value::Symbol(Symbol::NULL),
        },
        b"x" => strings(&interpreter.command_line.arguments),
        b"X" => strings(&interpreter.command_line.raw),
        b"q" => Value::Boolean(interpreter.command_line.quiet),
        b"K" => Value::Float(VERSION),
        b"k" => Value::Date(q_value::calendar::days_from_date(2024, 10, 16).unwrap_or(0)),
        b"o" => Value::symbol("l64"),
        b"c" => Value::Int(i32::try_from(interpreter.world.core_count()).unwrap_or(i32::MAX)),
        b"l" => strings(&[]),
        b"r" => Value::Boolean(interpreter.settings.blocked || interpreter.read_only),
        b"e" => Value::dict(Value::empty_of(q_value::Type::Symbol), Value::empty_list()),
        b"H" => {
            let queues = interpreter.world.queues();
            let handles: Vector<i32> = queues.iter().map(|(handle, _)| *handle).collect();
            match handles.is_empty() {
                true => Value::Ints(handles),
                false => Value::Ints(handles).with_attribute(q_value::Attribute::Sorted),
            }
        }
        b"W" => {
            let queues = interpreter.world.queues();
            let handles: Vector<i32> = queues.iter().map(|(handle, _)| *handle).collect();
            let sizes = queues
                .into_iter()
                .map(|(_, sizes)| sizes.iter().sum::<i64>())
                .collect();
            Value::dict(Value::Ints(handles), Value::Longs(sizes))
        }
        b"b" => view_dependencies(interpreter),
        b"v" => return Ok(None),
        _ => return Ok(None),
    }))
}

fn strings(texts: &[Vec<u8>]) -> Value {
    Value::list(texts.iter().map(Value::string).collect())
}

/// Clocks: lower case UTC, upper case local.
fn clock(interpreter: &Interpreter, letter: u8) -> Option<Value> {
    if !matches!(
        letter.to_ascii_lowercase(),
        b'p' | b'z' | b'd' | b't' | b'n'
    ) {
        return None;
    }
    let mut now = interpreter.world.now();
    if letter.is_ascii_uppercase() {
        now += offset_at(interpreter, now);
    }
    Some(match letter.to_ascii_lowercase() {
        b'p' => Value::Timestamp(now),
        b'z' => Value::Datetime(q_value::calendar::nanoseconds_to_datetime(now)),
        b'd' => Value::Date(i32::try_from(now.div_euclid(DAY)).unwrap_or(i32::null())),
        b't' => Value::Time(i32::try_from(now.rem_euclid(DAY) / 1_000_000).unwrap_or(0)),
        _ => Value::Timespan(now.rem_euclid(DAY)),
    })
}

/// `.z.b`: each variable that views depend on, with these views.
fn view_dependencies(interpreter: &mut Interpreter) -> Value {
    let (mut names, mut views): (Vec<Symbol>, Vec<Vec<Symbol>>) = (Vec::new(), Vec::new());
    for (view, id) in interpreter.globals.views() {
        let Some(body) = interpreter.globals.view(id) else {
            continue;
        };
        for name in &body.code.globals {
            match names.iter().position(|other| other == name) {
                Some(at) => views[at].push(view),
                None => {
                    names.push(*name);
                    views.push(vec![view]);
                }
            }
        }
    }
    let mut pairs: Vec<(Symbol, Vec<Symbol>)> = names.into_iter().zip(views).collect();
    pairs.sort_by_key(|(name, _)| *name);
    let (names, views): (Vec<Symbol>, Vec<Vec<Symbol>>) = pairs.into_iter().unzip();
    let views = views
        .into_iter()
        .map(|views| Value::Symbols(views.into()))
        .collect();
    Value::dict(Interpreter::symbols(names), Value::list(views))
}
