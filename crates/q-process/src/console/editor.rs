//! The line editor, on a thread of its own: q asks for a statement and goes on serving until the editor has one.
//!
//! The terminal is in raw mode only while a statement is awaited. While one runs it is as the user had it, so that Ctrl-C
//! is a signal.

use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};

use q_syntax::typing::{is_unfinished, statements};
use rustyline::error::ReadlineError;
use rustyline::history::{History, MemHistory, SearchDirection};
use rustyline::{ColorMode, CompletionType, Config};

use super::helper::{Assistant, Question};
use super::{history, screen};

/// What q wants to read.
struct Request {
    prompt: String,
    /// False for a line that q code reads itself.
    is_statement: bool,
}

/// What the editor has to tell.
pub(super) enum Event {
    /// Statements to run, each of one or more lines.
    Statements(Vec<String>),
    Question(Question),
    /// Ctrl-C where q code waits for a line.
    Cancelled,
    End,
}

/// How the editor shall be.
pub(super) struct Setup {
    pub(super) is_coloured: bool,
    pub(super) history: Option<PathBuf>,
    /// Wakes up the poll of the event loop.
    pub(super) waker: UnixStream,
    /// True while q runs a callback: Ctrl-C interrupts it.
    pub(super) busy: Arc<AtomicBool>,
}

/// q's end of the editor.
pub(super) struct Editor {
    requests: Sender<Request>,
    events: Receiver<Event>,
    is_asked: bool,
}

impl Editor {
    /// Starts the thread. Errors: those of the system, and of a terminal that cannot be used.
    pub(super) fn start(setup: Setup) -> rustyline::Result<Editor> {
        let config = Config::builder()
            .max_history_size(history::ENTRIES_MAX)?
            .completion_type(CompletionType::List)
            .completion_show_all_if_ambiguous(true)
            // the prompt is drawn by the highlighter, coloured or not
            .color_mode(ColorMode::Forced)
            .build();
        let memory = MemHistory::with_config(&config);
        let mut editor = rustyline::Editor::with_history(config, memory)?;
        let printer = editor.create_external_printer()?;
        std::thread::Builder::new()
            .name("console output".to_owned())
            .spawn(move || screen::nudge(printer))?;
        let (requests, requested) = channel();
        let (told, events) = channel();
        editor.set_helper(Some(Assistant {
            is_coloured: setup.is_coloured,
            is_statement: true,
            before: String::new(),
            events: told,
            waker: setup.waker,
        }));
        if let Some(path) = &setup.history {
            for entry in history::load(path) {
                editor.add_history_entry(entry)?;
            }
        }
        let session = Session {
            editor,
            history: setup.history,
            busy: setup.busy,
        };
        std::thread::Builder::new()
            .name("console".to_owned())
            .spawn(move || session.run(&requested))?;
        Ok(Editor {
            requests,
            events,
            is_asked: false,
        })
    }

    /// Asks for a statement, or for a bare line; once, until the answer is there.
    pub(super) fn ask(&mut self, prompt: &str, is_statement: bool) {
        if !self.is_asked {
            self.is_asked = true;
            // an editor that is gone is noticed when its events end
            let _ = self.requests.send(Request {
                prompt: prompt.to_owned(),
                is_statement,
            });
        }
    }

    /// What the editor tells next, if it has something to tell. Errors: it is gone.
    pub(super) fn next(&mut self) -> Result<Option<Event>, ()> {
        match self.events.try_recv() {
            Ok(event) => Ok(Some(self.heard(event))),
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => Err(()),
        }
    }

    /// Waits for what the editor tells next. Errors: it is gone.
    pub(super) fn wait(&mut self) -> Result<Event, ()> {
        let event = self.events.recv().map_err(drop)?;
        Ok(self.heard(event))
    }

    fn heard(&mut self, event: Event) -> Event {
        if !matches!(event, Event::Question(_)) {
            self.is_asked = false;
        }
        event
    }
}

/// The editor's own side.
struct Session {
    editor: rustyline::Editor<Assistant, MemHistory>,
    history: Option<PathBuf>,
    busy: Arc<AtomicBool>,
}

/// What a line that ended another way than by Enter means.
enum Broken {
    Interrupted,
    EndOfInput,
    /// Bytes that are no text.
    Unreadable,
    Lost,
}

impl Session {
    fn run(mut self, requested: &Receiver<Request>) {
        while let Ok(request) = requested.recv() {
            if let Some(assistant) = self.editor.helper_mut() {
                assistant.is_statement = request.is_statement;
            }
            let event = if request.is_statement {
                self.statement(&request.prompt)
            } else {
                self.line(&request.prompt)
            };
            let is_end = matches!(event, Event::End);
            let Some(assistant) = self.editor.helper() else {
                return;
            };
            if !assistant.tell(event) || is_end {
                return;
            }
        }
    }

    fn read(&mut self, prompt: &str) -> Result<String, Broken> {
        screen::begin_editing();
        let read = self.editor.readline(prompt);
        screen::end_editing();
        read.map_err(|error| match error {
            ReadlineError::Interrupted => Broken::Interrupted,
            ReadlineError::Eof => Broken::EndOfInput,
            ReadlineError::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                Broken::Unreadable
            }
            _ => Broken::Lost,
        })
    }

    fn set_before(&mut self, before: &str) {
        if let Some(assistant) = self.editor.helper_mut() {
            assistant.before.clear();
            assistant.before.push_str(before);
        }
    }

    /// Reads lines until a statement is whole. Ctrl-C starts anew, and so does Ctrl-D inside a statement.
    fn statement(&mut self, prompt: &str) -> Event {
        let mut text = String::new();
        loop {
            let read = if text.is_empty() {
                self.read(prompt)
            } else {
                self.read(&continuation(prompt))
            };
            match read {
                Ok(line) => text.push_str(&line),
                Err(Broken::Interrupted) => {
                    if self.busy.load(Ordering::Relaxed) {
                        interrupt();
                    }
                    text.clear();
                }
                Err(Broken::EndOfInput) if text.is_empty() => return Event::End,
                Err(Broken::EndOfInput) => text.clear(),
                Err(Broken::Unreadable) => {}
                Err(Broken::Lost) => return Event::End,
            }
            let found = statements(&text);
            let last = found.last().copied().unwrap_or_default();
            if text.is_empty() || is_unfinished(last.as_bytes()) {
                if !text.is_empty() && !text.ends_with('\n') {
                    text.push('\n');
                }
                self.set_before(&text);
                if text.is_empty() {
                    // an empty line is answered as well: what the prompt shows may have changed
                    return Event::Statements(Vec::new());
                }
                continue;
            }
            let found = found.into_iter().map(str::to_owned).collect();
            self.set_before("");
            self.remember(&text);
            return Event::Statements(found);
        }
    }

    /// A line that q code reads itself.
    fn line(&mut self, prompt: &str) -> Event {
        match self.read(prompt) {
            Ok(line) => Event::Statements(vec![line]),
            Err(Broken::Interrupted) => {
                interrupt();
                Event::Cancelled
            }
            Err(Broken::Unreadable) => Event::Statements(vec![String::new()]),
            Err(Broken::EndOfInput | Broken::Lost) => Event::End,
        }
    }

    fn remember(&mut self, text: &str) {
        let text = text.trim_end();
        if text.is_empty() {
            return;
        }
        let is_latest = self
            .editor
            .history()
            .len()
            .checked_sub(1)
            .is_some_and(|at| {
                matches!(self.editor.history().get(at, SearchDirection::Forward),
                Ok(Some(found)) if found.entry == text)
            });
        if is_latest {
            return;
        }
        let entries: Vec<String> = self.editor.history().into_iter().cloned().collect();
        if entries.iter().any(|entry| entry == text) {
            // a statement is kept once, where it was used last
            let _ = self.editor.clear_history();
            for entry in entries.iter().filter(|entry| *entry != text) {
                let _ = self.editor.add_history_entry(entry.as_str());
            }
        }
        let _ = self.editor.add_history_entry(text);
        if let Some(path) = &self.history
            && history::append(path, text).is_err()
        {
            // a history that cannot be written lasts as long as the console
            self.history = None;
        }
    }
}

/// What stands before the further lines of a statement: as wide as the prompt.
fn continuation(prompt: &str) -> String {
    match prompt.chars().count() {
        0 => String::new(),
        width => format!("{})", ".".repeat(width - 1)),
    }
}

/// As Ctrl-C does when the terminal is not in raw mode.
fn interrupt() {
    // the process is there, being this one
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::INT);
}

#[cfg(test)]
mod tests {
    use super::continuation;

    #[test]
    fn further_lines_are_as_far_in_as_the_first() {
        assert_eq!(continuation("q)"), ".)");
        assert_eq!(continuation("q.abc)"), ".....)");
        assert_eq!(continuation(""), "");
    }
}
