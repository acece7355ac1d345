//! Iterators as keywords, and other keywords that call functions.

use q_value::{Derived, Iterator, QError, QResult, Value};

use crate::index;
use crate::interpreter::Interpreter;
use crate::primitives::Row;

pub(crate) static TABLE: &[Row] = &[
    Row::two("each", each),
    Row::two("peach", peach),
    Row::two("over", over),
    Row::two("scan", scan),
    Row::two("prior", prior),
    Row::two("fby", fby),
    Row::three("ssr", ssr),
    Row::one("rand", rand),
];

fn derive(
    interpreter: &mut Interpreter,
    iterator: Iterator,
    function: Value,
    x: Value,
) -> QResult<Value> {
    interpreter.iterate(&Derived { iterator, function }, vec![x])
}

fn each(interpreter: &mut Interpreter, f: Value, x: Value) -> QResult<Value> {
    interpreter.each(&f, &x)
}

fn peach(interpreter: &mut Interpreter, f: Value, x: Value) -> QResult<Value> {
    crate::peach::peach(interpreter, &f, &x)
}

fn over(interpreter: &mut Interpreter, f: Value, x: Value) -> QResult<Value> {
    derive(interpreter, Iterator::Over, f, x)
}

fn scan(interpreter: &mut Interpreter, f: Value, x: Value) -> QResult<Value> {
    derive(interpreter, Iterator::Scan, f, x)
}

fn prior(interpreter: &mut Interpreter, f: Value, x: Value) -> QResult<Value> {
    interpreter.prior(&f, None, &x)
}

/// `(f;c) fby g`: the aggregate of each group at each of its rows (`ref/fby`).
fn fby(interpreter: &mut Interpreter, x: Value, g: Value) -> QResult<Value> {
    let (Some(f), Some(column), 2) = (x.item(0), x.item(1), x.count()) else {
        return Err(QError::length());
    };
    let count = column.count();
    if count != g.count() {
        return Err(QError::length());
    }
    let Value::Dict(groups) = q_kernels::unary(q_value::Unary::Group, g)? else {
        return Err(QError::type_error());
    };
    let mut cells = vec![Value::Identity; count];
    for at in 0..groups.values.count() {
        let places = groups.values.item(at).unwrap_or(Value::Identity);
        let places = index::as_longs(&places).ok_or_else(QError::type_error)?;
        let part = index::gather_rows(&column, &places);
        let result = interpreter.apply_one(&f, part)?;
        for (nth, place) in places.iter().enumerate() {
            let cell = usize::try_from(*place)
                .ok()
                .and_then(|place| cells.get_mut(place))
                .ok_or_else(QError::index)?;
            *cell = crate::amend::item_or_whole(&result, nth);
        }
    }
    if cells.is_empty() {
        let result = interpreter.apply_one(&f, column)?;
        return Ok(index::gather_longs(
            &if result.is_list() {
                result
            } else {
                result.enlist()
            },
            &[],
        ));
    }
    Ok(Value::from_items(cells))
}

/// `ssr[text;pattern;replacement]`; a function as replacement is applied to each match.
fn ssr(
    interpreter: &mut Interpreter,
    text: Value,
    pattern: Value,
    replacement: Value,
) -> QResult<Value> {
    if !replacement.is_function() {
        return crate::kernel::three("ssr", text, pattern, replacement);
    }
    let Value::Chars(bytes) = text.clone() else {
        return Err(QError::type_error());
    };
    let starts = q_kernels::binary(q_value::Binary::Ss, text, pattern.clone())?;
    let starts = index::as_longs(&starts).ok_or_else(QError::type_error)?;
    let width = pattern_width(pattern.as_text().ok_or_else(QError::type_error)?);
    let mut out = Vec::new();
    let mut from = 0usize;
    for start in starts.iter() {
        let start = *start as usize;
        if start < from {
            continue;
        }
        out.extend_from_slice(&bytes[from..start]);
        let end = (start + width).min(bytes.len());
        let new = interpreter.apply_one(&replacement, Value::string(&bytes[start..end]))?;
        out.extend_from_slice(new.as_text().ok_or_else(QError::type_error)?);
        from = end;
    }
    out.extend_from_slice(&bytes[from..]);
    Ok(Value::string(out))
}

/// How many characters a pattern of `ss` matches: a class counts as one.
fn pattern_width(pattern: &[u8]) -> usize {
    let mut width = 0;
    let mut rest = pattern;
    while let Some((first, others)) = rest.split_first() {
        width += 1;
        rest = others;
        if *first == b'['
            && let Some(end) = rest.iter().skip(1).position(|byte| *byte == b']')
        {
            rest = &rest[end + 2..];
        }
    }
    width
}

fn rand(interpreter: &mut Interpreter, x: Value) -> QResult<Value> {
    crate::random::rand(interpreter, x)
}
