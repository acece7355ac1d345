//! Standard input by lines; standard output and error, flushed with every write.

use std::collections::VecDeque;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use q_engine::system::StandardStream;

/// Writes and flushes; a reader that went away is no error of q's.
pub(crate) fn write_standard(stream: StandardStream, bytes: &[u8]) {
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

/// Sends a stream to a file from now on, also that of commands run by the shell.
pub(crate) fn redirect(stream: StandardStream, path: &Path) -> io::Result<()> {
    io::stdout().lock().flush()?;
    let file = OpenOptions::new().append(true).create(true).open(path)?;
    match stream {
        StandardStream::Output => rustix::stdio::dup2_stdout(&file)?,
        StandardStream::Error => rustix::stdio::dup2_stderr(&file)?,
    }
    Ok(())
}

/// Lines of standard input, read when there are some and kept until they are wanted.
#[derive(Default)]
pub(crate) struct ConsoleInput {
    lines: VecDeque<Vec<u8>>,
    partial: Vec<u8>,
    ended: bool,
}

impl ConsoleInput {
    /// The next whole line, if it has arrived.
    pub(crate) fn next_line(&mut self) -> Option<Vec<u8>> {
        self.lines.pop_front()
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
        !self.lines.is_empty()
    }

    /// True when no more will arrive.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }

    /// Reads once; waits when nothing is there.
    pub(crate) fn read(&mut self) {
        let mut buffer = [0u8; 65536];
        match rustix::io::read(rustix::stdio::stdin(), &mut buffer) {
            Ok(0) => self.end(),
            Ok(count) => self.accept(&buffer[..count]),
            Err(error) if error == rustix::io::Errno::INTR || error == rustix::io::Errno::AGAIN => {
            }
            Err(_) => self.end(),
        }
    }

    fn accept(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.partial.extend_from_slice(piece);
            if self.partial.last() == Some(&b'\n') {
                self.partial.pop();
                if self.partial.last() == Some(&b'\r') {
                    self.partial.pop();
                }
                self.lines.push_back(std::mem::take(&mut self.partial));
            }
        }
    }

    fn end(&mut self) {
        self.ended = true;
        if !self.partial.is_empty() {
            self.lines.push_back(std::mem::take(&mut self.partial));
        }
    }

    /// Waits for a line; `None` at the end of input.
    pub(crate) fn wait_for_line(&mut self) -> Option<Vec<u8>> {
        while self.lines.is_empty() && !self.ended {
            self.read();
        }
        self.lines.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_put_together_from_pieces() {
        let mut input = ConsoleInput::default();
        input.accept(b"1+1\r\n2+");
        input.accept(b"2\n\nlast");
        input.end();
        let mut lines = Vec::new();
        while let Some(line) = input.next_line() {
            lines.push(String::from_utf8(line).expect("text"));
        }
        assert_eq!(lines, ["1+1", "2+2", "", "last"]);
        assert!(input.has_ended());
    }
}
