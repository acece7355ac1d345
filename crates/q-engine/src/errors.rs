//! Errors as the console shows them: the name, the frame, a caret under the failing primitive.

use q_value::QError;

use crate::backtrace;

/// The whole display of an error that ended a console line: the quoted name, then the frames that matter, else the line.
pub(crate) fn console_text(error: &QError, line: &str) -> Vec<u8> {
    let mut out = vec![b'\''];
    out.extend_from_slice(error.text());
    out.push(b'\n');
    match backtrace::of_error(error) {
        Some(trace) => out.extend_from_slice(trace.shown_text().as_bytes()),
        None => {
            let position = error.position().unwrap_or(0);
            let frame = backtrace::TracedFrame::of_text(0, line.as_bytes(), position);
            out.extend_from_slice(frame.text("  ").as_bytes());
        }
    }
    out
}
