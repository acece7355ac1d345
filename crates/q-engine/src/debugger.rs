//! The debugger: what runs at the prompt `q))` of a suspended execution (`basics/debug`).
//!
//! The suspended frames stay where they are on the native stack; the lines of the prompt run above them, each in a frame of
//! its own, with the locals of the selected frame.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use q_value::{Lambda, QError, QResult, Value};

use crate::backtrace;
use crate::console::Outcome;
use crate::failure::ErrorMode;
use crate::frames::{FrameKind, code_with_number};
use crate::interpreter::Interpreter;
use crate::system::StandardStream;

/// An execution that waits for what is typed.
pub(crate) struct Suspension {
    /// The frame that failed.
    pub top: usize,
    /// The frame whose locals are seen.
    pub selected: usize,
    error: QError,
    /// The primitive that failed and its arguments, as far as they are known.
    pub failed: Option<(Value, Vec<Value>)>,
}

/// How a line left the debugger.
enum Leave {
    With(Value),
    Signal(QError),
    Abort,
}

impl Interpreter {
    /// Suspends the innermost frame and runs lines until one resumes, signals or aborts; the result of what failed.
    pub(crate) fn suspend(
        &mut self,
        error: &QError,
        failed: Option<(Value, Vec<Value>)>,
    ) -> QResult<Value> {
        let top = self.frames.len().saturating_sub(1);
        let (namespace, k_mode) = (self.namespace, self.k_mode);
        self.show_failure(error);
        self.suspensions.push(Suspension {
            top,
            selected: top,
            error: error.clone(),
            failed,
        });
        self.select(top);
        let leave = loop {
            let prompt = self.prompt();
            let Some(line) = self.world.debug_line(&prompt) else {
                break Leave::Abort;
            };
            // one that came while nothing of q ran, in a shell command or at the prompt, is over
            self.interrupt().store(false, Ordering::Relaxed);
            if let Some(leave) = self.debug_line(line.trim_ascii()) {
                break leave;
            }
        };
        self.suspensions.pop();
        (self.namespace, self.k_mode) = (namespace, k_mode);
        self.error_mode = ErrorMode::Suspend;
        match leave {
            Leave::With(value) => Ok(value),
            Leave::Signal(error) => Err(error),
            Leave::Abort => {
                self.aborting = !self.exiting;
                Err(QError::new("abort"))
            }
        }
    }

    fn debug_line(&mut self, line: &[u8]) -> Option<Leave> {
        match line {
            b"" => return None,
            b"\\" => return Some(Leave::Abort),
            b"`" => self.walk(-1),
            b"." => self.walk(1),
            b"&" => self.show_selected(),
            [b':', rest @ ..] if !rest.starts_with(b":") => {
                return match self.debug_value(rest) {
                    Ok(value) => Some(Leave::With(value)),
                    Err(error) => self.debug_error(&error),
                };
            }
            [b'\'', rest @ ..] if !rest.is_empty() => {
                return match self.debug_signal(rest) {
                    Ok(error) => Some(Leave::Signal(error)),
                    Err(error) => self.debug_error(&error),
                };
            }
            _ => match self.debug_value(line) {
                Ok(Value::Identity) => (),
                Ok(value) => {
                    if !self.is_silent_line(line) {
                        let text = self.display(&value);
                        self.world.write_standard(StandardStream::Output, &text);
                    }
                }
                Err(error) => return self.debug_error(&error),
            },
        }
        if self.exiting {
            Some(Leave::Abort)
        } else {
            None
        }
    }

    fn is_silent_line(&self, line: &[u8]) -> bool {
        self.parse_text(line, self.k_mode)
            .is_ok_and(|program| crate::console::is_silent(&program))
    }

    /// Shows the error of a debugger line; leaves when the process ends.
    fn debug_error(&mut self, error: &QError) -> Option<Leave> {
        if self.exiting {
            return Some(Leave::Abort);
        }
        if std::mem::take(&mut self.aborting) {
            return None;
        }
        self.show_failure(error);
        None
    }

    fn show_failure(&mut self, error: &QError) {
        let text = crate::errors::console_text(error, "");
        self.world.write_standard(StandardStream::Error, &text);
    }

    /// The error that `'err` at the prompt signals: a word stands for itself.
    fn debug_signal(&mut self, text: &[u8]) -> QResult<QError> {
        let is_word = text
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
        if is_word {
            return Ok(QError::signal(text.to_vec()));
        }
        let value = self.debug_value(text)?;
        Ok(crate::machine::signalled(&value))
    }

    /// The value of a text in the selected frame.
    fn debug_value(&mut self, text: &[u8]) -> QResult<Value> {
        let text = text.trim_ascii();
        if text.is_empty() || text.starts_with(b"/") {
            return Ok(Value::Identity);
        }
        let (depth, scopes, frames) = (self.stack.len(), self.scopes.len(), self.frames.len());
        let at = self.at;
        self.error_mode = ErrorMode::Suspend;
        let result = self.in_library_frame(".Q.dbg", |interpreter| {
            interpreter.roots.push(interpreter.frames.len());
            let result = interpreter.debug_text(text);
            interpreter.roots.pop();
            result
        });
        self.stack.truncate(depth);
        self.scopes.truncate(scopes);
        self.frames.truncate(frames);
        self.at = at;
        result
    }

    fn debug_text(&mut self, text: &[u8]) -> QResult<Value> {
        if text.starts_with(b"\\") {
            return match self.run_line(text) {
                Outcome::Value(value, _) => Ok(value),
                Outcome::Nothing => Ok(Value::Identity),
                Outcome::Error(error, _) => Err(error),
            };
        }
        let number = self
            .suspensions
            .last()
            .map_or(0, |suspension| suspension.selected);
        let frame = self.frames.get(number).copied();
        let code = match frame.map(|frame| frame.kind) {
            Some(FrameKind::Code(code)) => code_with_number(code),
            _ => None,
        };
        let (Some(frame), Some(code)) = (frame, code) else {
            return self.evaluate_bytes(text);
        };
        let line = self.compile_in_frame(text, &code, frame.base)?;
        let lambda: Option<Arc<Lambda>> = self.lambda_of_frame(number);
        for slot in 0..code.locals.len() {
            let value = self.stack.get(frame.base + slot).cloned();
            self.stack.push(value.unwrap_or(Value::Elided));
        }
        self.run_in_frame(&line, lambda.as_ref())
    }

    /// Selects a frame: its namespace and language hold at the prompt.
    fn select(&mut self, number: usize) {
        if let Some(suspension) = self.suspensions.last_mut() {
            suspension.selected = number;
        }
        if let Some(FrameKind::Code(code)) = self.frames.get(number).map(|frame| frame.kind)
            && let Some(code) = code_with_number(code)
        {
            self.namespace = code.namespace;
            self.k_mode = code.is_k;
        }
    }

    /// Goes one visible frame out (-1) or in (1) and shows it.
    fn walk(&mut self, step: i64) {
        let Some(suspension) = self.suspensions.last() else {
            return;
        };
        let (top, mut number) = (suspension.top, suspension.selected);
        loop {
            let next = number as i64 + step;
            let Ok(next) = usize::try_from(next) else {
                break;
            };
            if next > top {
                break;
            }
            number = next;
            if self
                .traced_frame(number, 0)
                .is_some_and(|frame| !frame.origin.is_hidden)
            {
                self.select(number);
                break;
            }
        }
        self.show_frame();
    }

    fn show_frame(&mut self) {
        let Some(suspension) = self.suspensions.last() else {
            return;
        };
        let (number, at) = (suspension.selected, self.at as usize);
        if let Some(frame) = self.traced_frame(number, at) {
            let text = frame.text("  ");
            self.world
                .write_standard(StandardStream::Output, text.as_bytes());
        }
    }

    /// `&`: the selected frame, below the error when it is the one that failed.
    fn show_selected(&mut self) {
        let Some(suspension) = self.suspensions.last() else {
            return;
        };
        if suspension.selected == suspension.top {
            let mut text = vec![b'\''];
            text.extend_from_slice(suspension.error.text());
            text.push(b'\n');
            self.world.write_standard(StandardStream::Output, &text);
        }
        self.show_frame();
    }

    /// The prompt of the console: `q)`, with the namespace and one more parenthesis for each suspended execution; blanks
    /// for the `q` in k.
    pub fn prompt(&self) -> String {
        let space = if self.namespace.is_null() {
            String::new()
        } else {
            format!(".{}", self.namespace.text())
        };
        let levels = ")".repeat(self.suspensions.len());
        if self.k_mode {
            return format!(" {space} {levels}");
        }
        format!("q{space}){levels}")
    }

    /// The primitive that failed and its arguments, for `.z.ex` and `.z.ey`; `None` outside the debugger.
    pub(crate) fn failed_primitive(&self) -> Option<(Value, Value)> {
        let suspension = self.suspensions.last()?;
        let (function, arguments) = suspension.failed.as_ref()?;
        Some((function.clone(), Value::from_items(arguments.clone())))
    }

    /// The whole backtrace of an error as text, innermost frame first; empty when there is none.
    pub fn backtrace_of(&self, error: &QError) -> String {
        backtrace::of_error(error).map_or_else(String::new, |trace| trace.whole_text())
    }
}
