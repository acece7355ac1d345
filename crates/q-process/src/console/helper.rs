//! What the editor asks about a line: its colours, and how a word could go on.

use std::borrow::Cow;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Sender, SyncSender, sync_channel};
use std::time::Duration;

use q_syntax::typing::{Class, matching_brackets, parts};
use rustyline::completion::Completer;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::validate::Validator;
use rustyline::{Context, Helper};

use super::editor::Event;
use super::screen;

/// How long a key waits for q to look names up; it may be busy with a callback.
const ANSWER_PATIENCE: Duration = Duration::from_millis(500);

const RESET: &str = "\x1b[0m";
const PARTNER: &str = "\x1b[1;4m";

/// A word to be completed, for q to look up.
pub(crate) struct Question {
    /// The statement so far, lines before this one included.
    pub(crate) text: String,
    /// The cursor's place in it.
    pub(crate) at: usize,
    answer: SyncSender<(usize, Vec<String>)>,
}

impl Question {
    /// Tells where the word begins, and how it could read.
    pub(crate) fn answer(self, start: usize, words: Vec<String>) {
        // the editor may have stopped waiting
        let _ = self.answer.send((start, words));
    }
}

pub(super) struct Assistant {
    pub(super) is_coloured: bool,
    /// False for a line that q code reads itself.
    pub(super) is_statement: bool,
    /// Lines of the statement that are entered already, each with its end.
    pub(super) before: String,
    pub(super) events: Sender<Event>,
    pub(super) waker: UnixStream,
}

impl Assistant {
    /// Tells q something, which looks when the poll wakes up.
    pub(super) fn tell(&self, event: Event) -> bool {
        let is_heard = self.events.send(event).is_ok();
        // a full pipe wakes it up as well
        let _ = (&self.waker).write(b"e");
        is_heard
    }
}

impl Helper for Assistant {}
impl Validator for Assistant {}
impl Hinter for Assistant {
    type Hint = String;
}

impl Completer for Assistant {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        pos: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        if !self.is_statement {
            return Ok((pos, Vec::new()));
        }
        let (answer, answered) = sync_channel(1);
        let before = self.before.len();
        let is_heard = self.tell(Event::Question(Question {
            text: format!("{}{line}", self.before),
            at: before + pos,
            answer,
        }));
        if !is_heard {
            return Ok((pos, Vec::new()));
        }
        let (start, words) = answered
            .recv_timeout(ANSWER_PATIENCE)
            .unwrap_or((before + pos, Vec::new()));
        Ok((start.saturating_sub(before), words))
    }
}

fn colour(class: Class) -> Option<&'static str> {
    Some(match class {
        Class::Comment => "\x1b[90m",
        Class::Command => "\x1b[35m",
        Class::Keyword => "\x1b[1;34m",
        Class::Library => "\x1b[34m",
        Class::Number => "\x1b[36m",
        Class::Text => "\x1b[32m",
        Class::Symbol => "\x1b[33m",
        Class::Operator | Class::Iterator => "\x1b[35m",
        Class::Wrong => "\x1b[31m",
        Class::Name | Class::Bracket => return None,
    })
}

/// The line with colours; `before` is what the statement has before it, `partner` places to be marked.
fn painted(before: &str, line: &str, partner: Option<(usize, usize)>) -> String {
    let text = format!("{before}{line}");
    let mut out = String::with_capacity(line.len() * 2);
    let mut at = before.len();
    for part in parts(text.as_bytes()) {
        if part.end <= at {
            continue;
        }
        let start = part.start.max(at);
        let is_partner = partner.is_some_and(|(a, b)| a == part.start || b == part.start);
        let style = if is_partner {
            Some(PARTNER)
        } else {
            colour(part.class)
        };
        // a part that ends inside a letter is one that cannot be read
        let (Some(gap), Some(body)) = (text.get(at..start), text.get(start..part.end)) else {
            break;
        };
        out.push_str(gap);
        match style {
            Some(style) => {
                out.push_str(style);
                out.push_str(body);
                out.push_str(RESET);
            }
            None => out.push_str(body),
        }
        at = part.end;
    }
    out.push_str(&text[at..]);
    out
}

impl Highlighter for Assistant {
    fn highlight<'l>(&self, line: &'l str, pos: usize) -> Cow<'l, str> {
        if !self.is_coloured || !self.is_statement || line.is_empty() {
            return Cow::Borrowed(line);
        }
        let text = format!("{}{line}", self.before);
        let partner = matching_brackets(text.as_bytes(), self.before.len() + pos);
        Cow::Owned(painted(&self.before, line, partner))
    }

    /// What waits to be printed comes before the prompt; the prompt is the first thing of every drawing.
    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _: bool) -> Cow<'b, str> {
        let waiting = screen::take_queue();
        if waiting.is_empty() {
            return Cow::Borrowed(prompt);
        }
        Cow::Owned(format!("{waiting}{prompt}"))
    }

    fn highlight_char(&self, _: &str, _: usize, _: CmdKind) -> bool {
        self.is_coloured
    }
}

/// The text in the colour of errors, line ends outside.
pub(super) fn as_error(text: &[u8]) -> Vec<u8> {
    let end = text.trim_ascii_end().len();
    [b"\x1b[31m", &text[..end], RESET.as_bytes(), &text[end..]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_leave_the_text_alone() {
        let plain = |painted: &str| {
            let mut out = String::new();
            let mut rest = painted;
            while let Some((head, tail)) = rest.split_once('\x1b') {
                out.push_str(head);
                rest = tail.split_once('m').expect("an end").1;
            }
            out + rest
        };
        for (before, line) in [
            ("", "f:{x+til 10} /sum"),
            ("f:{\n", " \"a\";`b}"),
            ("a:\"x\n", "y\";1 é"),
            ("", "é\"é"),
            ("", ""),
        ] {
            assert_eq!(plain(&painted(before, line, None)), line, "{line}");
            assert_eq!(plain(&painted(before, line, Some((2, 5)))), line, "{line}");
        }
        assert_eq!(
            painted("", "til 1", None),
            "\x1b[1;34mtil\x1b[0m \x1b[36m1\x1b[0m"
        );
    }

    #[test]
    fn a_string_goes_on_in_the_next_line() {
        assert_eq!(
            painted("a:\"x\n", "y\";1", None),
            "\x1b[32my\"\x1b[0m;\x1b[36m1\x1b[0m"
        );
    }

    #[test]
    fn errors_are_red_up_to_the_line_end() {
        assert_eq!(as_error(b"'type\n"), b"\x1b[31m'type\x1b[0m\n");
    }
}
