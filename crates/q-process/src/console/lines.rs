//! Standard input as it comes, cut into lines.

use std::collections::VecDeque;

/// Lines of standard input, read when there are some and kept until they are wanted.
#[derive(Default)]
pub(super) struct Lines {
    lines: VecDeque<Vec<u8>>,
    partial: Vec<u8>,
    ended: bool,
}

impl Lines {
    /// The next whole line, if it has arrived.
    pub(super) fn next_line(&mut self) -> Option<Vec<u8>> {
        self.lines.pop_front()
    }

    pub(super) fn has_line(&self) -> bool {
        !self.lines.is_empty()
    }

    /// True when no more will arrive.
    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    /// Reads once; waits when nothing is there.
    pub(super) fn read(&mut self) {
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

    /// Nothing more will arrive; what has begun is a line.
    pub(super) fn end(&mut self) {
        self.ended = true;
        if !self.partial.is_empty() {
            self.lines.push_back(std::mem::take(&mut self.partial));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_put_together_from_pieces() {
        let mut input = Lines::default();
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
