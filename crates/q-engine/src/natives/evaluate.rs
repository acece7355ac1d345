//! value, eval, reval, parse, show, views: code as data.

use q_value::{QError, QResult, Symbol, Value, domain};

use crate::failure::ErrorMode;
use crate::globals::qualify;
use crate::interpreter::Interpreter;
use crate::machine::code_of;
use crate::primitives::Row;
use crate::query::scope::Scope;
use crate::system::StandardStream;

pub(crate) static TABLE: &[Row] = &[
    Row::one("eval", eval),
    Row::one("reval", reval),
    Row::one("parse", parse),
    Row::one("show", show),
    Row::one("view", view),
    Row::many("views", views),
    Row::three(".Q.trp", trap_with_trace),
    Row::three(".Q.trpd", trap_many_with_trace),
    Row::one(".Q.s", console_text),
    Row::one(".Q.s1", k_text),
    Row::one(".Q.sbt", backtrace_text),
    Row::one(".Q.bt", show_backtrace),
    Row::one(".Q.Ll", backtrace_object),
    Row::one(".Q.btx", same_backtrace),
];

/// `value x`, `get x`.
pub(crate) fn value(interpreter: &mut Interpreter, x: Value) -> QResult<Value> {
    match &x {
        Value::Chars(text) => {
            let text = text.clone();
            interpreter.evaluate_bytes(&text)
        }
        Value::Char(one) => interpreter.evaluate_bytes(&[*one]),
        Value::Symbol(name) if name.as_bytes().starts_with(b":") => {
            crate::files::get(interpreter, *name)
        }
        Value::Symbol(name) if name.as_bytes() == b"." => {
            let space = match interpreter.namespace {
                current if current.is_null() => Symbol::new("."),
                current => Symbol::new([b".", current.as_bytes()].concat()),
            };
            interpreter.read_name(space)
        }
        Value::Symbol(name) => interpreter.read_symbol(*name),
        Value::Enum(_) | Value::Enums(_) => Ok(crate::enumerate::plain(x)),
        Value::Dict(dict) => Ok(dict.values.clone()),
        Value::Table(_) => Err(QError::type_error()),
        Value::List(items) => match items.split_first() {
            None => Ok(x.clone()),
            Some((function, arguments)) => {
                let (function, arguments) = (function.clone(), arguments.to_vec());
                call(interpreter, &function, arguments)
            }
        },
        Value::Symbols(names) if names.len() > 1 => {
            let items = x.items();
            call(interpreter, &items[0], items[1..].to_vec())
        }
        Value::Symbols(names) if names.len() == 1 => interpreter.read_symbol(names[0]),
        Value::Lambda(lambda) => match crate::view::parts(interpreter, lambda) {
            Some(parts) => parts,
            None => parts_of_lambda(lambda),
        },
        Value::Identity => Ok(Value::Long(0)),
        Value::Projection(projection) => {
            let mut parts = vec![projection.function.clone()];
            parts.extend(
                projection
                    .arguments
                    .iter()
                    .map(|part| part.clone().unwrap_or(Value::Elided)),
            );
            Ok(Value::from_items(parts))
        }
        Value::Composition(parts) => Ok(Value::from_items(parts.to_vec())),
        Value::Derived(derived) => Ok(derived.function.clone()),
        Value::Unary(op) => Ok(Value::Long(i64::from(op.code()))),
        Value::Binary(op) => Ok(match op.composition() {
            Some(parts) => Value::from_items(parts.to_vec()),
            None => Value::Long(i64::from(op.code())),
        }),
        Value::Native(native) => match native.derivation() {
            Some(function) => value(interpreter, function),
            None => Ok(x),
        },
        Value::Iterator(iterator) => Ok(Value::Long(*iterator as i64)),
        _ => Ok(x),
    }
}

/// The first item of a list applied to the rest: a name is looked up, a string evaluated.
fn call(interpreter: &mut Interpreter, function: &Value, arguments: Vec<Value>) -> QResult<Value> {
    let function = match function {
        Value::Symbol(name) if !name.as_bytes().starts_with(b":") => {
            interpreter.read_symbol(*name)?
        }
        Value::Chars(text) => {
            let text = text.clone();
            interpreter.evaluate_bytes(&text)?
        }
        Value::Char(one) => interpreter.evaluate_bytes(&[*one])?,
        other => other.clone(),
    };
    if arguments.is_empty() {
        return Ok(function);
    }
    interpreter.apply(&function, arguments)
}

/// True for constants that are data: primitives are part of the bytecode.
fn is_constant(constant: &Value) -> bool {
    !matches!(
        constant,
        Value::Unary(_)
            | Value::Binary(_)
            | Value::Iterator(_)
            | Value::Native(_)
            | Value::Identity
            | Value::Elided
    )
}

/// `value {..}`: bytecode (opaque), parameters, locals, namespace with globals, constants; then positions of the bytecode,
/// name, file, line and text (`ref/value`).
fn parts_of_lambda(lambda: &q_value::Lambda) -> QResult<Value> {
    let code = code_of(lambda)?;
    let mut globals = vec![lambda.namespace];
    // names of the function's own namespace without it
    let space = [b".", lambda.namespace.as_bytes(), b"."].concat();
    globals.extend(code.globals.iter().map(|name| {
        match name.as_bytes().strip_prefix(space.as_slice()) {
            Some(short) if !lambda.namespace.is_null() => Symbol::new(short),
            _ => *name,
        }
    }));
    let instructions: Vec<u8> = (0..code.instructions.len())
        .map(|at| (at % 256) as u8)
        .collect();
    let origin = code.origin();
    let mut parts = vec![
        Value::Bytes(instructions.into()),
        Value::Symbols(lambda.parameters.clone().into()),
        Value::Symbols(code.locals[code.parameters..].to_vec().into()),
        Value::Symbols(globals.into()),
    ];
    let constants = code
        .constants
        .iter()
        .filter(|constant| is_constant(constant));
    parts.extend(constants.cloned());
    let positions = code.positions.iter().map(|position| i64::from(*position));
    parts.push(Value::Longs(positions.collect()));
    parts.push(if origin.name.is_empty() {
        Value::empty_list()
    } else {
        Value::string(origin.name)
    });
    parts.push(Value::string(&*origin.file));
    parts.push(Value::Long(
        origin
            .line
            .and_then(|line| i64::try_from(line).ok())
            .unwrap_or(-1),
    ));
    parts.push(Value::string(&*lambda.source));
    Ok(Value::list(parts))
}

fn eval(interpreter: &mut Interpreter, tree: Value) -> QResult<Value> {
    let depth = interpreter.scopes.len();
    let namespace = interpreter.namespace;
    interpreter.scopes.push(Scope::barrier(namespace));
    let result = interpreter.eval(&tree);
    interpreter.scopes.truncate(depth);
    result
}

/// `reval`: as `eval`, but globals, files and the system cannot be changed (`noupdate`).
fn reval(interpreter: &mut Interpreter, tree: Value) -> QResult<Value> {
    interpreter.reval(&tree)
}

fn parse(interpreter: &mut Interpreter, text: Value) -> QResult<Value> {
    let text = text.as_text().ok_or_else(QError::type_error)?.to_vec();
    interpreter.in_library_frame(".q.parse", |interpreter| interpreter.parse_tree(&text))
}

fn show(interpreter: &mut Interpreter, x: Value) -> QResult<Value> {
    let text = interpreter.display(&x);
    interpreter
        .world
        .write_standard(StandardStream::Output, &text);
    Ok(Value::Identity)
}

/// `view name`: the text of a view.
fn view(interpreter: &mut Interpreter, x: Value) -> QResult<Value> {
    let Value::Symbol(name) = x else {
        return Err(QError::type_error());
    };
    let full = qualify(interpreter.namespace, name);
    let view = interpreter
        .globals
        .find(full)
        .and_then(|id| interpreter.globals.view(id));
    match view {
        Some(view) => Ok(Value::string(&*view.source)),
        None => Err(QError::new("view")),
    }
}

/// `views[]`, `` views`.ns ``: sorted names of views.
fn views(interpreter: &mut Interpreter, arguments: Vec<Value>) -> QResult<Value> {
    let space = match arguments.first() {
        Some(Value::Symbol(space)) if space.as_bytes() != b"." => *space,
        _ => match interpreter.namespace {
            current if current.is_null() => Symbol::NULL,
            current => Symbol::new([b".", current.as_bytes()].concat()),
        },
    };
    let names = interpreter
        .globals
        .views()
        .into_iter()
        .map(|(name, _)| crate::globals::split_name(name))
        .filter(|(owner, _)| *owner == space || space.as_bytes() == b"." && owner.is_null())
        .map(|(_, name)| name)
        .collect();
    Ok(crate::commands::listed(names, true))
}

/// `.Q.trp[f;x;g]`: on an error `g[text;backtrace]`.
fn trap_with_trace(interpreter: &mut Interpreter, f: Value, x: Value, g: Value) -> QResult<Value> {
    trapped(interpreter, ".Q.trp", &f, &g, |interpreter| {
        interpreter.apply_one(&f, x)
    })
}

/// `.Q.trpd[f;args;g]`: as `.Q.trp`, for a list of arguments.
fn trap_many_with_trace(
    interpreter: &mut Interpreter,
    f: Value,
    x: Value,
    g: Value,
) -> QResult<Value> {
    trapped(interpreter, ".Q.trpd", &f, &g, |interpreter| {
        interpreter.apply_list(&f, x)
    })
}

fn trapped(
    interpreter: &mut Interpreter,
    name: &str,
    function: &Value,
    handler: &Value,
    work: impl FnOnce(&mut Interpreter) -> QResult<Value>,
) -> QResult<Value> {
    let (depth, scopes) = (interpreter.stack.len(), interpreter.scopes.len());
    let mode = interpreter.set_error_mode(ErrorMode::Trace);
    let result = interpreter.in_library_frame(name, |interpreter| {
        work(interpreter).map_err(|error| interpreter.traced(error, function))
    });
    interpreter.error_mode = mode;
    match result {
        Err(error) if !interpreter.is_unwinding() => {
            interpreter.stack.truncate(depth);
            interpreter.scopes.truncate(scopes);
            let frames = crate::backtrace::of_error(&error)
                .map_or_else(Value::empty_list, |trace| trace.value());
            interpreter.apply_two(handler, Value::string(error.text()), frames)
        }
        result => result,
    }
}

/// `.Q.sbt`: a backtrace object as text.
fn backtrace_text(_interpreter: &mut Interpreter, frames: Value) -> QResult<Value> {
    let text = crate::backtrace::object_text(&frames).ok_or_else(QError::type_error)?;
    Ok(Value::string(text))
}

/// `.Q.bt[]`: the frames under way, on standard output.
fn show_backtrace(interpreter: &mut Interpreter, _x: Value) -> QResult<Value> {
    let text = interpreter.backtrace_text();
    interpreter
        .world
        .write_standard(StandardStream::Output, text.as_bytes());
    Ok(Value::Identity)
}

/// `` .Q.Ll` ``: the frames under way as a backtrace object.
fn backtrace_object(interpreter: &mut Interpreter, _x: Value) -> QResult<Value> {
    Ok(interpreter.backtrace_object())
}

fn console_text(interpreter: &mut Interpreter, x: Value) -> QResult<Value> {
    Ok(Value::string(interpreter.display(&x)))
}

fn k_text(interpreter: &mut Interpreter, x: Value) -> QResult<Value> {
    Ok(Value::string(q_value::display::k_text(
        &x,
        interpreter.settings.precision,
    )))
}

/// `.Q.btx`: frames as `.Q.Ll` gives them are complete already.
fn same_backtrace(_interpreter: &mut Interpreter, frames: Value) -> QResult<Value> {
    Ok(frames)
}

/// The name of an enumeration's domain, for `key`.
pub(crate) fn domain_name(x: &Value) -> Option<Symbol> {
    match x {
        Value::Enum(atom) => Some(atom.domain),
        Value::Enums(vector) => Some(vector.domain),
        _ => None,
    }
    .filter(|name| domain::is_bound(*name) || !name.is_null())
}
