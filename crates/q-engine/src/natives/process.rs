//! exit, environment variables, system commands, handles and files as keywords.

use q_value::{QError, QResult, Value};

use crate::interpreter::Interpreter;
use crate::primitives::Row;

pub(crate) static TABLE: &[Row] = &[
    Row::one("system", system),
    Row::one("hclose", hclose),
    Row::one("hcount", hcount),
    Row::one("hdel", hdel),
    Row::two("set", set),
    Row::one("load", load),
    Row::one("rload", rload),
    Row::one("save", save),
    Row::one("rsave", rsave),
    Row::two("dsave", dsave),
];

/// `exit status`: runs `.z.exit`, then ends the process.
pub(crate) fn exit(interpreter: &mut Interpreter, x: Value) -> QResult<Value> {
    let status = x.as_i64().ok_or_else(QError::type_error)?;
    interpreter.check_access()?;
    interpreter.exit(i32::try_from(status).unwrap_or(1));
    Err(QError::new("exit"))
}

pub(crate) fn getenv(interpreter: &mut Interpreter, x: Value) -> QResult<Value> {
    match x {
        Value::Symbol(name) => Ok(Value::string(
            interpreter
                .world
                .environment(name.as_bytes())
                .unwrap_or_default(),
        )),
        Value::Symbols(names) => {
            let texts = names
                .iter()
                .map(|name| {
                    Value::string(
                        interpreter
                            .world
                            .environment(name.as_bytes())
                            .unwrap_or_default(),
                    )
                })
                .collect();
            Ok(Value::list(texts))
        }
        _ => Err(QError::type_error()),
    }
}

/// `` `NAME setenv "text" ``.
pub(crate) fn setenv(interpreter: &mut Interpreter, x: Value, y: Value) -> QResult<Value> {
    let (Value::Symbol(name), Some(text)) = (&x, y.as_text()) else {
        return Err(QError::type_error());
    };
    let text = text.to_vec();
    interpreter.world.set_environment(name.as_bytes(), &text);
    Ok(Value::Identity)
}

fn system(interpreter: &mut Interpreter, x: Value) -> QResult<Value> {
    let text = x.as_text().ok_or_else(QError::type_error)?.to_vec();
    crate::commands::run(interpreter, &text).map(|result| result.value)
}

fn hclose(interpreter: &mut Interpreter, x: Value) -> QResult<Value> {
    crate::handles::hclose(interpreter, &x)
}

fn hcount(interpreter: &mut Interpreter, x: Value) -> QResult<Value> {
    crate::files::hcount(interpreter, &x)
}

fn hdel(interpreter: &mut Interpreter, x: Value) -> QResult<Value> {
    crate::files::hdel(interpreter, x)
}

fn set(interpreter: &mut Interpreter, x: Value, y: Value) -> QResult<Value> {
    crate::files::set(interpreter, x, y)
}

fn load(interpreter: &mut Interpreter, x: Value) -> QResult<Value> {
    crate::files::load(interpreter, x)
}

fn rload(interpreter: &mut Interpreter, x: Value) -> QResult<Value> {
    crate::files::load(interpreter, x)
}

fn save(interpreter: &mut Interpreter, x: Value) -> QResult<Value> {
    crate::files::save(interpreter, x)
}

fn rsave(interpreter: &mut Interpreter, x: Value) -> QResult<Value> {
    crate::files::rsave(interpreter, x)
}

fn dsave(interpreter: &mut Interpreter, x: Value, y: Value) -> QResult<Value> {
    crate::files::dsave(interpreter, x, y)
}

impl Interpreter {
    /// Runs `.z.exit` once, then ends the process with this status.
    pub fn exit(&mut self, status: i32) {
        if self.exiting {
            return;
        }
        if let Some(handler) = self.get_global(".z.exit") {
            self.exiting = true;
            // an error of the handler cannot stop the exit
            let _ = self.apply_one(&handler, Value::Int(status));
        }
        self.exiting = true;
        self.world.exit(status);
    }
}
