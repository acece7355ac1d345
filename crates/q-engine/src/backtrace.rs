//! Backtraces: the frames under an error, as the console shows them and as `.Q.trp` hands them out (`basics/debug`).

use std::sync::Arc;

use q_value::{QError, Value};

use crate::code::Code;
use crate::frames::{Frame, FrameKind, code_with_number};
use crate::interpreter::Interpreter;

/// One frame with everything that is needed to show it.
#[derive(Debug, Clone)]
pub(crate) struct TracedFrame {
    /// Its place in the stack, the outermost frame being 0.
    pub number: usize,
    pub origin: Origin,
    pub source: Arc<str>,
    /// Byte of the source where the caret goes.
    pub position: usize,
}

/// Where a piece of code is from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Origin {
    /// The full name of the function, `..f` in the root; empty for lines and functions without a name.
    pub name: String,
    /// The script; empty when it was not read from one.
    pub file: Arc<str>,
    /// The line of the script on which the source begins.
    pub line: Option<usize>,
    /// True for functions of the library, whose text is not shown.
    pub is_hidden: bool,
}

/// The frames under an error, outermost first.
#[derive(Debug, Clone)]
pub(crate) struct Backtrace {
    pub frames: Vec<TracedFrame>,
    /// The frames the console shows, by number: from the innermost one to the one that is suspended or would be.
    pub shown: (usize, usize),
    /// True when it is settled which frame that is.
    pub is_broken: bool,
}

impl TracedFrame {
    fn of_code(number: usize, code: &Code, next: usize) -> TracedFrame {
        let at = next.saturating_sub(1);
        TracedFrame {
            number,
            origin: code.origin(),
            source: Arc::clone(&code.source),
            position: code.positions.get(at).copied().unwrap_or(0) as usize,
        }
    }

    fn of_frame(number: usize, frame: &Frame, next: usize) -> TracedFrame {
        let (name, source, is_hidden) = match frame.kind {
            FrameKind::Code(code) => match code_with_number(code) {
                Some(code) => return TracedFrame::of_code(number, &code, next),
                None => (String::new(), String::new(), true),
            },
            FrameKind::Hidden(name) => (name.text(), String::new(), true),
            FrameKind::Command(command) => (String::new(), command.text(), false),
        };
        TracedFrame {
            number,
            origin: Origin {
                name,
                is_hidden,
                ..Origin::default()
            },
            source: Arc::from(source),
            position: 0,
        }
    }

    /// A frame for a text that does not compile.
    pub(crate) fn of_text(number: usize, text: &[u8], position: usize) -> TracedFrame {
        TracedFrame {
            number,
            origin: Origin::default(),
            source: Arc::from(String::from_utf8_lossy(text).as_ref()),
            position,
        }
    }

    /// The text of the frame, line ends included: `  [1]  f:{x+1}` and the caret below; `mark` stands at its beginning.
    pub(crate) fn text(&self, mark: &str) -> String {
        let margin = format!("{mark}[{}]  ", self.number);
        if self.origin.is_hidden {
            return format!("{margin}({})\n\n", self.origin.name);
        }
        let source = &*self.source;
        let position = floor_boundary(source, self.position);
        let line = source[..position].matches('\n').count();
        let mut header = margin;
        if let Some(first) = self.origin.line {
            header += &format!("{}:{}: ", self.origin.file, first + line);
        }
        if !self.origin.name.is_empty() {
            header += self
                .origin
                .name
                .strip_prefix("..")
                .unwrap_or(&self.origin.name);
            header.push(':');
        }
        let start = source[..position].rfind('\n').map_or(0, |at| at + 1);
        let column = source[start..position].chars().count();
        if !source.contains('\n') {
            let blanks = " ".repeat(header.chars().count() + column);
            return format!("{header}{source}\n{blanks}^\n");
        }
        // of a longer text the line with its neighbours
        let lines: Vec<&str> = source.split('\n').collect();
        let mut text = header.trim_end().to_owned();
        text.push('\n');
        if let Some(before) = line.checked_sub(1) {
            text += lines[before];
            text.push('\n');
        }
        text += &format!("{}\n{}^\n", lines[line], " ".repeat(column));
        if let Some(after) = lines.get(line + 1) {
            text += after;
            text.push('\n');
        }
        text
    }

    /// The frame as an item of a backtrace object: its number, `(name;file;line;text)` as `value` of a lambda ends, and the
    /// position of the caret.
    fn value(&self) -> Value {
        let line = match self.origin.line {
            Some(first) => {
                let position = floor_boundary(&self.source, self.position);
                (first + self.source[..position].matches('\n').count()) as i64
            }
            None => -1,
        };
        let name = if self.origin.name.is_empty() {
            Value::empty_list()
        } else {
            Value::string(&self.origin.name)
        };
        Value::list(vec![
            Value::Long(self.number as i64),
            Value::list(vec![
                name,
                Value::string(&*self.origin.file),
                Value::Long(line),
                Value::string(&*self.source),
            ]),
            Value::Long(if self.origin.is_hidden {
                -1
            } else {
                self.position as i64
            }),
        ])
    }

    /// A frame from an item of a backtrace object; `None` when it is something else.
    fn from_value(value: &Value) -> Option<TracedFrame> {
        let number = usize::try_from(value.item(0)?.as_i64()?).ok()?;
        let place = value.item(1)?;
        let text = |at: usize| -> Option<String> {
            let item = place.item(at)?;
            Some(String::from_utf8_lossy(item.as_text().unwrap_or_default()).into_owned())
        };
        let (name, file, source) = (text(0)?, text(1)?, text(3)?);
        let line = usize::try_from(place.item(2)?.as_i64()?).ok();
        let position = usize::try_from(value.item(2)?.as_i64()?).ok();
        let at = floor_boundary(&source, position.unwrap_or(0));
        let before = source[..at].matches('\n').count();
        Some(TracedFrame {
            number,
            origin: Origin {
                name,
                file: Arc::from(file),
                line: line.map(|line| line.saturating_sub(before)),
                is_hidden: position.is_none(),
            },
            source: Arc::from(source),
            position: at,
        })
    }
}

fn floor_boundary(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at)
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0)
}

impl Backtrace {
    pub(crate) fn of_frames(frames: Vec<TracedFrame>) -> Backtrace {
        let top = frames.len().saturating_sub(1);
        Backtrace {
            frames,
            shown: (top, top),
            is_broken: false,
        }
    }

    /// Settles that execution breaks in the frame with this number; of the line itself nothing else is shown.
    pub(crate) fn break_at(&mut self, number: usize, is_root: bool) {
        let top = self.frames.len().saturating_sub(1);
        self.shown = (if is_root { number } else { top }, number);
        self.is_broken = true;
    }

    /// The frames that the console shows, innermost first.
    pub(crate) fn shown_text(&self) -> String {
        let (inner, outer) = self.shown;
        let frames = self.frames.iter().rev();
        frames
            .filter(|frame| (outer..=inner).contains(&frame.number))
            .map(|frame| frame.text("  "))
            .collect()
    }

    /// All frames, innermost first.
    pub(crate) fn whole_text(&self) -> String {
        let frames = self.frames.iter().rev();
        frames.map(|frame| frame.text("  ")).collect()
    }

    /// The backtrace object, innermost frame first.
    pub(crate) fn value(&self) -> Value {
        Value::list(self.frames.iter().rev().map(TracedFrame::value).collect())
    }
}

/// The backtrace an error carries.
pub(crate) fn of_error(error: &QError) -> Option<Arc<Backtrace>> {
    error.trace()?.downcast::<Backtrace>().ok()
}

/// `.Q.sbt`: the text of a backtrace object, or of a part of one; `None` when it is none.
pub(crate) fn object_text(object: &Value) -> Option<String> {
    let mut text = String::new();
    for item in object.items() {
        text += &TracedFrame::from_value(&item)?.text("  ");
    }
    Some(text)
}

impl Interpreter {
    /// The frames under way, outermost first; the innermost one is about to run the instruction `next`.
    pub(crate) fn traced_frames(&self, next: usize) -> Vec<TracedFrame> {
        let mut next = next;
        let mut frames: Vec<TracedFrame> = Vec::with_capacity(self.frames.len());
        for (number, frame) in self.frames.iter().enumerate().rev() {
            frames.push(TracedFrame::of_frame(number, frame, next));
            next = frame.caller_at as usize;
        }
        frames.reverse();
        frames
    }

    /// The frame with a number.
    pub(crate) fn traced_frame(&self, number: usize, next: usize) -> Option<TracedFrame> {
        let next = match self.frames.get(number + 1) {
            Some(inner) => inner.caller_at as usize,
            None => next,
        };
        let frame = self.frames.get(number)?;
        Some(TracedFrame::of_frame(number, frame, next))
    }

    /// `.Q.bt`: the frames under way as text, innermost first. In the debugger those of the suspended execution, the
    /// selected one marked.
    pub(crate) fn backtrace_text(&self) -> String {
        if let Some(suspension) = self.suspensions.last()
            && self.frames.len() == suspension.top + 3
        {
            let mut text = String::new();
            for number in (0..=suspension.top).rev() {
                let mark = if number == suspension.selected {
                    ">>"
                } else {
                    "  "
                };
                if let Some(frame) = self.traced_frame(number, 0) {
                    text += &frame.text(mark);
                }
            }
            return text;
        }
        let frames = self.traced_frames(self.at as usize);
        frames.iter().rev().map(|frame| frame.text("  ")).collect()
    }

    /// `.Q.Ll`: the frames under way as a backtrace object, innermost first.
    pub(crate) fn backtrace_object(&self) -> Value {
        Backtrace::of_frames(self.traced_frames(self.at as usize)).value()
    }
}
