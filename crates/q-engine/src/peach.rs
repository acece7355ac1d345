//! `f peach x` and `f':x` of a function of one argument.
//!
//! Results are those of each; globals cannot be written while it runs when secondary threads are set (`semantics.md` 151).

use q_value::{QResult, Value};

use crate::interpreter::Interpreter;

/// Applies `f` to each item.
pub(crate) fn peach(interpreter: &mut Interpreter, f: &Value, x: &Value) -> QResult<Value> {
    let threaded = interpreter.settings.secondary_threads > 0 && x.count() > 1;
    let before = interpreter.read_only;
    interpreter.read_only |= threaded;
    let result = interpreter.each(f, x);
    interpreter.read_only = before;
    result
}
