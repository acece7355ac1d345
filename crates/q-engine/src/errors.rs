//! Errors as the console shows them: the name, the frame, a caret under the failing primitive.

use std::sync::Arc;

use q_value::{Lambda, QError, Value};

use crate::interpreter::Interpreter;

/// A line of source with a caret under a byte of it, each with the frame's margin: `  [1]  f:{x+`a}`.
fn frame_text(level: usize, source: &str, position: usize) -> String {
    let margin = format!("  [{level}]  ");
    let position = position.min(source.len());
    let start = source[..floor_boundary(source, position)]
        .rfind('\n')
        .map_or(0, |at| at + 1);
    let end = source[start..]
        .find('\n')
        .map_or(source.len(), |at| start + at);
    let line = &source[start..end];
    let caret = line
        .get(..position.saturating_sub(start))
        .map_or(0, |text| text.chars().count());
    format!("{margin}{line}\n{}^", " ".repeat(margin.len() + caret))
}

fn floor_boundary(text: &str, at: usize) -> usize {
    (0..=at)
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0)
}

/// The name of the global a lambda is bound to, when there is one.
fn name_of(interpreter: &Interpreter, lambda: &Arc<Lambda>) -> Option<String> {
    interpreter
        .globals
        .name_of(|value| matches!(value, Value::Lambda(other) if Arc::ptr_eq(other, lambda)))
}

/// Adds the frame of a lambda to an error that leaves it; the position is used up.
pub(crate) fn add_frame(interpreter: &Interpreter, error: QError, lambda: &Arc<Lambda>) -> QError {
    let prefix = name_of(interpreter, lambda).map_or(String::new(), |name| format!("{name}:"));
    let position = prefix.len() + error.position().unwrap_or(0);
    let source = format!("{prefix}{}", lambda.source);
    let frame = frame_text(error.trace().len() + 1, &source, position);
    let mut outer = QError::signal(error.text().to_vec());
    for frame in error.trace() {
        outer.push_frame(frame.clone());
    }
    outer.push_frame(frame);
    outer
}

/// The whole display of an error that ended a console line: the quoted name, then the innermost frame, else the line.
pub(crate) fn console_text(error: &QError, line: &str) -> Vec<u8> {
    let mut out = vec![b'\''];
    out.extend_from_slice(error.text());
    out.push(b'\n');
    let frame = match error.trace().first() {
        Some(frame) => frame.clone(),
        None => frame_text(0, line, error.position().unwrap_or(0)),
    };
    out.extend_from_slice(frame.as_bytes());
    out.push(b'\n');
    out
}

/// The backtrace as `.Q.sbt` formats it: all frames, innermost first, then the line.
pub(crate) fn backtrace(error: &QError) -> Vec<String> {
    error.trace().to_vec()
}
