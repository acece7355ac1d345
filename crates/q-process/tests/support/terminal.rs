//! A q process on a pseudo-terminal: what it shows is waited for, never slept for.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};

use rustix::termios::{LocalModes, Winsize};

use super::PATIENCE;

pub(crate) struct Terminal {
    child: Child,
    keys: File,
    /// The terminal's own side, kept to look at its settings and to keep it open.
    own: OwnedFd,
    shown: Receiver<Vec<u8>>,
    /// Everything shown so far.
    bytes: Vec<u8>,
    /// Where in the text without escapes the next wait begins.
    at: usize,
}

fn size(rows: u16, columns: u16) -> Winsize {
    Winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    }
}

impl Terminal {
    /// Starts q in a session of its own, with the terminal as its controlling one, 24 rows by 80 columns, without
    /// colours; `settings` are of the environment, empty ones are removed.
    pub(crate) fn start(arguments: &[&str], settings: &[(&str, &str)], folder: &Path) -> Terminal {
        let pair = nix::pty::openpty(None, None).expect("a pseudo-terminal");
        rustix::termios::tcsetwinsize(&pair.master, size(24, 80)).expect("a size");
        let end = |fd: &OwnedFd| Stdio::from(fd.try_clone().expect("cloned"));
        let mut command = Command::new("setsid");
        command
            .arg("--ctty")
            .arg(env!("CARGO_BIN_EXE_q"))
            .args(arguments)
            .current_dir(folder)
            .env("TERM", "xterm")
            .env("TZ", "UTC")
            .env("NO_COLOR", "1")
            .env("QSPACE_HISTORY", folder.join("history"))
            .env_remove("QSPACE_CONSOLE")
            .env_remove("LINES")
            .env_remove("COLUMNS")
            .stdin(end(&pair.slave))
            .stdout(end(&pair.slave))
            .stderr(end(&pair.slave));
        for (name, value) in settings {
            match *value {
                "" => command.env_remove(name),
                value => command.env(name, value),
            };
        }
        let child = command.spawn().expect("q starts");
        let mut output = File::from(pair.master.try_clone().expect("cloned"));
        let (send, shown) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut buffer) {
                if send.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Terminal {
            child,
            keys: File::from(pair.master),
            own: pair.slave,
            shown,
            bytes: Vec::new(),
            at: 0,
        }
    }

    pub(crate) fn send(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("typed");
    }

    /// What was shown so far, as it came.
    pub(crate) fn raw(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// Waits until `text` is shown after what was waited for before; what came up to its end, without escape sequences.
    pub(crate) fn wait(&mut self, text: &str) -> String {
        loop {
            let plain = without_escapes(&self.raw());
            let rest = plain.get(self.at..).unwrap_or_default();
            if let Some(found) = rest.find(text) {
                let end = found + text.len();
                self.at += end;
                return rest[..end].to_owned();
            }
            match self.shown.recv_timeout(PATIENCE) {
                Ok(bytes) => self.bytes.extend(bytes),
                Err(_) => panic!("no {text:?} in {rest:?}"),
            }
        }
    }

    /// Types a line and waits for the next prompt; what was shown up to it.
    pub(crate) fn run(&mut self, line: &str) -> String {
        let shown = self.enter(line, "q)");
        shown
            .strip_suffix("q)")
            .unwrap_or(&shown)
            .replace("\r\n", "\n")
    }

    /// Types a line and waits for a prompt on a line of its own after it: while keys are typed the editor may show the
    /// line, and its prompt, any number of times.
    pub(crate) fn enter(&mut self, line: &str, prompt: &str) -> String {
        self.send(&format!("{line}\r"));
        self.wait("\r\n");
        self.wait(prompt)
    }

    pub(crate) fn resize(&self, rows: u16, columns: u16) {
        rustix::termios::tcsetwinsize(&self.keys, size(rows, columns)).expect("a size");
    }

    /// True when the terminal gives lines, as a shell expects to find it.
    pub(crate) fn is_as_found(&self) -> bool {
        let modes = rustix::termios::tcgetattr(&self.own)
            .expect("settings")
            .local_modes;
        modes.contains(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG)
    }

    pub(crate) fn end(&mut self) -> ExitStatus {
        self.child.wait().expect("ends")
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // gone already is fine
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A text without what moves the cursor and colours: escape sequences, and carriage returns that end no line.
fn without_escapes(text: &str) -> String {
    let mut plain = String::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter == '\r' && letters.peek() != Some(&'\n') {
            continue;
        }
        if letter != '\x1b' {
            plain.push(letter);
            continue;
        }
        if letters.next_if_eq(&'[').is_some() {
            while letters
                .next()
                .is_some_and(|letter| !letter.is_ascii_alphabetic())
            {}
        }
    }
    plain
}
