//! JSON: `.j.j`, `.j.jd` and `.j.k`.

mod read;
mod write;

pub use read::{JSON_DEPTH_MAX, from_json};
pub use write::{JsonOptions, push_json};

use q_value::{QError, QResult, Value};

/// `.j.j x`: the JSON text of any value.
pub fn j(x: Value) -> QResult<Value> {
    let mut out = Vec::new();
    push_json(&mut out, &x, JsonOptions::default());
    Ok(Value::Chars(out.into()))
}

/// `.j.jd(x;options)`: as [`j`]; the option `null0w` writes infinities as `null`.
///
/// Errors: `'type` unless `x` is a list of a value and a dictionary, `'length` unless it has two items.
pub fn jd(x: Value) -> QResult<Value> {
    let items = x.items();
    let [value, Value::Dict(options)] = items.as_slice() else {
        return Err(if items.len() == 2 {
            QError::type_error()
        } else {
            QError::length()
        });
    };
    let infinities_as_null = options
        .keys
        .items()
        .iter()
        .position(|key| matches!(key, Value::Symbol(name) if name.as_bytes() == b"null0w"))
        .and_then(|at| options.values.item(at))
        .is_some_and(|flag| flag.as_i64().is_some_and(|flag| flag != 0));
    let mut out = Vec::new();
    push_json(&mut out, value, JsonOptions { infinities_as_null });
    Ok(Value::Chars(out.into()))
}

/// `.j.k x`: the value of a JSON text.
///
/// Errors: `'type` for what is no string; what is wrong and where, for text that is no JSON.
pub fn k(x: Value) -> QResult<Value> {
    match &x {
        Value::List(lines) => {
            let texts: Option<Vec<&[u8]>> = lines.iter().map(Value::as_text).collect();
            from_json(&texts.ok_or_else(QError::type_error)?.concat())
        }
        x => from_json(x.as_text().ok_or_else(QError::type_error)?),
    }
}
