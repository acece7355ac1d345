//! Standard input by lines: edited on a terminal, as they come from a pipe, a file or a terminal that can do no more.

mod editor;
mod helper;
mod history;
mod lines;
mod screen;

use std::collections::VecDeque;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use q_engine::system::StandardStream;

use editor::{Editor, Event, Setup};
pub(crate) use helper::Question;
use lines::Lines;
pub(crate) use screen::{restore, write_standard};

/// The variable that keeps the editor away when it says `plain`.
const MODE_VARIABLE: &str = "QSPACE_CONSOLE";

/// Where lines come from.
#[derive(Default)]
pub(crate) struct Console {
    input: Lines,
    editor: Option<Editor>,
    /// Statements of the editor that are not run yet.
    statements: VecDeque<Vec<u8>>,
    is_coloured: bool,
    /// True when there is to be no prompt.
    is_quiet: bool,
    /// Rows and columns that the window had when they were last looked at, while they are to be followed.
    followed: Option<(usize, usize)>,
}

/// What `TERM` says of terminals on which nothing can be edited.
fn is_capable(terminal: Option<&str>) -> bool {
    !matches!(terminal, None | Some("" | "dumb" | "cons25" | "emacs"))
}

/// Colours are off when `NO_COLOR` is there and not empty.
fn wants_colour(no_color: Option<&std::ffi::OsStr>) -> bool {
    no_color.is_none_or(std::ffi::OsStr::is_empty)
}

impl Console {
    /// Starts the editor when somebody types who can see it: standard input and output are a capable terminal, this
    /// process is in its foreground, and `QSPACE_CONSOLE` is not `plain`. Else lines are read as the terminal gives them.
    pub(crate) fn start(&mut self, is_quiet: bool, waker: UnixStream, busy: &Arc<AtomicBool>) {
        self.is_quiet = is_quiet;
        let input = rustix::stdio::stdin();
        let is_foreground = rustix::termios::tcgetpgrp(input)
            .is_ok_and(|group| group == rustix::process::getpgrp());
        let Ok(original) = rustix::termios::tcgetattr(input) else {
            return;
        };
        if !is_foreground {
            // to touch the terminal from the background would stop the process
            return;
        }
        screen::open(original);
        let terminal = std::env::var("TERM").ok();
        let is_plain = std::env::var(MODE_VARIABLE).is_ok_and(|mode| mode == "plain");
        let is_seen = rustix::termios::isatty(rustix::stdio::stdout());
        if is_plain || !is_seen || !is_capable(terminal.as_deref()) {
            return;
        }
        self.is_coloured = wants_colour(std::env::var_os("NO_COLOR").as_deref());
        self.editor = Editor::start(Setup {
            is_coloured: self.is_coloured,
            history: history::path_from(|name| std::env::var_os(name)),
            waker,
            busy: Arc::clone(busy),
        })
        .ok();
    }

    /// Shows a prompt, on a terminal.
    pub(crate) fn ask(&mut self, prompt: &str) {
        let prompt = if self.is_quiet { "" } else { prompt };
        if let Some(editor) = &mut self.editor {
            editor.ask(prompt, true);
        } else if self.is_terminal() {
            write_standard(StandardStream::Output, prompt.as_bytes());
        }
    }

    /// Takes what the editor tells; the questions among it are the caller's to answer.
    pub(crate) fn collect(&mut self) -> Vec<Question> {
        let mut questions = Vec::new();
        while let Some(editor) = &mut self.editor {
            match editor.next() {
                Ok(None) => break,
                Ok(Some(Event::Question(question))) => questions.push(question),
                Ok(Some(event)) => self.accept(event),
                Err(()) => self.lose_editor(),
            }
        }
        questions
    }

    fn accept(&mut self, event: Event) {
        match event {
            Event::Statements(texts) => {
                if texts.is_empty() {
                    self.statements.push_back(Vec::new());
                }
                self.statements
                    .extend(texts.into_iter().map(String::into_bytes));
            }
            Event::End => self.input.end(),
            // a question without an answer is one that nobody knows an answer to
            Event::Cancelled | Event::Question(_) => {}
        }
    }

    /// Goes on without an editor.
    fn lose_editor(&mut self) {
        self.editor = None;
        if !self.input.has_ended() {
            restore();
            self.statements.push_back(Vec::new());
        }
    }

    /// The next line or statement, if one has arrived.
    pub(crate) fn next_line(&mut self) -> Option<Vec<u8>> {
        self.statements
            .pop_front()
            .or_else(|| self.input.next_line())
    }

    /// True when somebody types.
    pub(crate) fn is_terminal(&self) -> bool {
        rustix::termios::isatty(rustix::stdio::stdin())
    }

    /// True for a device such as `/dev/null`, false for pipes and files.
    pub(crate) fn is_device(&self) -> bool {
        rustix::fs::fstat(rustix::stdio::stdin()).is_ok_and(|status| {
            rustix::fs::FileType::from_raw_mode(status.st_mode)
                == rustix::fs::FileType::CharacterDevice
        })
    }

    pub(crate) fn has_line(&self) -> bool {
        !self.statements.is_empty() || self.input.has_line()
    }

    /// True when no more will arrive.
    pub(crate) fn has_ended(&self) -> bool {
        self.input.has_ended()
    }

    /// True when standard input is to be polled and [`Console::read`].
    pub(crate) fn reads_input(&self) -> bool {
        self.editor.is_none() && !self.has_ended()
    }

    /// Reads once; waits when nothing is there.
    pub(crate) fn read(&mut self) {
        self.input.read();
    }

    /// Ends the line that an interrupt broke off; true when a prompt is to follow. An editor has its own.
    pub(crate) fn break_line(&mut self) -> bool {
        if self.editor.is_none() {
            screen::drop_input();
            write_standard(StandardStream::Output, b"\n");
        }
        self.editor.is_none()
    }

    /// Waits for a line after a prompt; `None` at the end of input.
    pub(crate) fn wait_for_line(&mut self, prompt: &str) -> Option<Vec<u8>> {
        if self.editor.is_none() {
            write_standard(StandardStream::Output, prompt.as_bytes());
        }
        while !self.has_line() && !self.has_ended() {
            let Some(editor) = &mut self.editor else {
                self.input.read();
                continue;
            };
            editor.ask(prompt, false);
            match editor.wait() {
                Ok(Event::Question(question)) => question.answer(0, Vec::new()),
                Ok(Event::Cancelled) => return Some(Vec::new()),
                Ok(event) => self.accept(event),
                Err(()) => self.lose_editor(),
            }
        }
        self.next_line()
    }

    /// After the `^C` of a terminal: what was typed ahead is dropped, as is the rest of the line.
    pub(crate) fn after_interrupt(&mut self) {
        if self.is_terminal() {
            self.statements.clear();
            screen::drop_input();
            write_standard(StandardStream::Error, b"\n");
        }
    }

    /// The text of an error as this console shows it.
    pub(crate) fn paint_error(&self, text: Vec<u8>) -> Vec<u8> {
        if self.is_coloured && rustix::termios::isatty(rustix::stdio::stderr()) {
            helper::as_error(&text)
        } else {
            text
        }
    }

    /// From now on the window's rows and columns count, as long as nothing else than `present` is set.
    pub(crate) fn follow_window(&mut self, present: (usize, usize)) {
        self.followed = self.editor.is_some().then_some(present);
    }

    /// The window's rows and columns, when they are followed and other than `present`.
    pub(crate) fn new_size(&mut self, present: (usize, usize)) -> Option<(usize, usize)> {
        if self.followed? != present {
            // somebody chose a size
            self.followed = None;
            return None;
        }
        let window = rustix::termios::tcgetwinsize(rustix::stdio::stdout()).ok()?;
        let size = (usize::from(window.ws_row), usize::from(window.ws_col));
        if size.0 == 0 || size.1 == 0 {
            return None;
        }
        let size = (size.0.clamp(10, 2000), size.1.clamp(10, 2000));
        self.followed = Some(size);
        (size != present).then_some(size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_that_cannot_move_the_cursor_are_known() {
        assert!(is_capable(Some("xterm-256color")));
        for terminal in [None, Some(""), Some("dumb")] {
            assert!(!is_capable(terminal), "{terminal:?}");
        }
    }

    #[test]
    fn an_empty_variable_does_not_turn_colours_off() {
        assert!(wants_colour(None));
        assert!(wants_colour(Some("".as_ref())));
        assert!(!wants_colour(Some("1".as_ref())));
    }
}
