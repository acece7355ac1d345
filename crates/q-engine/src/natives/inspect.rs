//! Looking at values and at what running them costs: `attr`, `.Q.ty`, `.Q.qp`, `.Q.ts`.

use q_value::{QResult, Value};

use crate::interpreter::Interpreter;
use crate::primitives::Row;

pub(crate) static TABLE: &[Row] = &[
    Row::one("attr", attribute),
    Row::one(".Q.ty", type_letter),
    Row::one(".Q.qp", is_partitioned),
    Row::two(".Q.ts", time_and_space),
    Row::two(".Q.ipc", crate::internal::ipc_settings),
];

const NANOSECONDS_OF_MILLISECOND: u64 = 1_000_000;

/// `attr x`: the attribute as a symbol, null for none.
fn attribute(_interpreter: &mut Interpreter, x: Value) -> QResult<Value> {
    Ok(Value::symbol(x.attribute().name()))
}

/// `.Q.ty x`: the letter that `meta` shows for a column.
fn type_letter(_interpreter: &mut Interpreter, x: Value) -> QResult<Value> {
    Ok(Value::Char(super::tables::type_letter(&x)))
}

/// `.Q.qp x`: `1b` for a partitioned table, `0b` for a splayed one, else the long 0.
fn is_partitioned(interpreter: &mut Interpreter, x: Value) -> QResult<Value> {
    Ok(match x {
        Value::Partitioned(_) => Value::Boolean(true),
        x if crate::database::is_splayed(interpreter, &x) => Value::Boolean(false),
        _ => Value::Long(0),
    })
}

/// `.Q.ts[f;arguments]`: milliseconds and bytes, and the result (`ref/dotq`).
pub(crate) fn time_and_space(
    interpreter: &mut Interpreter,
    f: Value,
    arguments: Value,
) -> QResult<Value> {
    let before = interpreter.world.memory().peak;
    let start = interpreter.world.monotonic();
    let result = interpreter.apply_list(&f, arguments)?;
    let time = interpreter.world.monotonic().saturating_sub(start) / NANOSECONDS_OF_MILLISECOND;
    let space = (interpreter.world.memory().peak - before).max(0);
    let time = i64::try_from(time).unwrap_or(i64::MAX);
    Ok(Value::list(vec![
        Value::Longs(vec![time, space].into()),
        result,
    ]))
}
