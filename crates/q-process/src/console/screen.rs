//! Who may write to the terminal: q while it evaluates, the editor while a line is being edited.
//!
//! What a timer or a client's call prints meanwhile is queued; the editor shows it above its line when it draws the line
//! anew. [`nudge`] makes it do so, on a thread of its own, so that evaluation never waits for the editor.

use std::io::{self, Write};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

use q_engine::system::StandardStream;
use rustix::termios::{LocalModes, OptionalActions, QueueSelector, Termios};
use rustyline::ExternalPrinter;

/// Bytes that wait for an editor which does not draw (in the middle of a search, say); more go out at once.
const QUEUE_BYTES_MAX: usize = 1 << 20;
/// What the editor is given to print: up and down again. What it shows then is the queue.
const NUDGE: &str = "\x1b[A\n";
const PASTE_MARKS_OFF: &str = "\x1b[?2004l";

static SCREEN: OnceLock<Screen> = OnceLock::new();

struct Screen {
    state: Mutex<State>,
    changed: Condvar,
    /// How the terminal was before the editor.
    original: Termios,
}

struct State {
    is_editing: bool,
    queue: Vec<u8>,
    /// How often the queue was emptied.
    drawn: u64,
    /// True when the next byte goes to the first column.
    at_margin: bool,
}

impl Screen {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Begins to keep order on the terminal whose settings these are. From now on Ctrl-C does not make the kernel drop what
/// is on its way to the screen, which may be the error that tells of it.
pub(super) fn open(original: Termios) {
    let mut kept = original.clone();
    kept.local_modes |= LocalModes::NOFLSH;
    // a terminal that refuses drops what it drops
    let _ = rustix::termios::tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, &kept);
    // a process has one console
    let _ = SCREEN.set(Screen {
        state: Mutex::new(State {
            is_editing: false,
            queue: Vec::new(),
            drawn: 0,
            at_margin: true,
        }),
        changed: Condvar::new(),
        original,
    });
}

/// Drops what has been typed and not read.
pub(super) fn drop_input() {
    // without a terminal nothing was typed
    let _ = rustix::termios::tcflush(rustix::stdio::stdin(), QueueSelector::IFlush);
}

/// Writes and flushes; a reader that went away is no error of q's.
pub(crate) fn write_standard(stream: StandardStream, bytes: &[u8]) {
    let Some(screen) = SCREEN.get() else {
        return write_now(stream, bytes);
    };
    let is_terminal = match stream {
        StandardStream::Output => rustix::termios::isatty(rustix::stdio::stdout()),
        StandardStream::Error => rustix::termios::isatty(rustix::stdio::stderr()),
    };
    let Some(last) = bytes.last().filter(|_| is_terminal) else {
        return write_now(stream, bytes);
    };
    let mut state = screen.state();
    if state.is_editing && state.queue.len() < QUEUE_BYTES_MAX {
        state.queue.extend_from_slice(bytes);
        screen.changed.notify_all();
    } else {
        write_now(stream, bytes);
        state.at_margin = *last == b'\n';
    }
}

fn write_now(stream: StandardStream, bytes: &[u8]) {
    let result = match stream {
        StandardStream::Output => {
            let mut output = io::stdout().lock();
            output.write_all(bytes).and_then(|()| output.flush())
        }
        StandardStream::Error => io::stderr().lock().write_all(bytes),
    };
    // nobody is left to tell when the streams themselves are gone
    drop(result);
}

/// Hands the terminal to the editor, the cursor in the first column.
pub(super) fn begin_editing() {
    let Some(screen) = SCREEN.get() else { return };
    let mut state = screen.state();
    if !state.at_margin {
        write_now(StandardStream::Output, b"\n");
        state.at_margin = true;
    }
    state.is_editing = true;
}

/// Takes the terminal back from the editor, the cursor below its line.
pub(super) fn end_editing() {
    let Some(screen) = SCREEN.get() else { return };
    let mut state = screen.state();
    state.is_editing = false;
    let queue = state.take();
    write_now(StandardStream::Output, queue.as_bytes());
    screen.changed.notify_all();
}

impl State {
    /// The queue as lines.
    fn take(&mut self) -> String {
        self.drawn += 1;
        let mut text = String::from_utf8_lossy(&std::mem::take(&mut self.queue)).into_owned();
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text
    }
}

/// What waits to be shown above the line, for an editor that draws now.
pub(super) fn take_queue() -> String {
    let Some(screen) = SCREEN.get() else {
        return String::new();
    };
    let mut state = screen.state();
    if state.queue.is_empty() {
        return String::new();
    }
    screen.changed.notify_all();
    state.take()
}

/// Makes the editor draw whenever something waits; returns when it is gone.
pub(super) fn nudge(mut printer: impl ExternalPrinter) {
    let Some(screen) = SCREEN.get() else { return };
    loop {
        let waits = |state: &mut State| !state.is_editing || state.queue.is_empty();
        let state = screen
            .changed
            .wait_while(screen.state(), waits)
            .unwrap_or_else(PoisonError::into_inner);
        let drawn = state.drawn;
        drop(state);
        // waits while the editor has not looked at the nudge before
        if printer.print(NUDGE.to_owned()).is_err() {
            return;
        }
        drop(
            screen
                .changed
                .wait_while(screen.state(), |state| state.drawn == drawn)
                .unwrap_or_else(PoisonError::into_inner),
        );
    }
}

/// Leaves the terminal as it was found, with everything shown; before the process ends.
pub(crate) fn restore() {
    let Some(screen) = SCREEN.get() else { return };
    let mut state = screen.state();
    if state.is_editing {
        state.is_editing = false;
        let text = format!("{PASTE_MARKS_OFF}\n{}", state.take());
        write_now(StandardStream::Output, text.as_bytes());
    }
    // without a terminal there is nothing to restore
    let _ = rustix::termios::tcsetattr(
        rustix::stdio::stdin(),
        OptionalActions::Drain,
        &screen.original,
    );
}
