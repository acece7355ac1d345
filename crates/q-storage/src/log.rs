//! Tickerplant logs: an empty list, then messages, one object after the other (`formats.md` section 9).

use q_value::{QResult, Value};
use q_wire::{Compile, Dialect, TextOnly, decode_object};

/// The bytes of a new log.
pub const EMPTY_LOG: [u8; 8] = [0xff, 0x01, 0, 0, 0, 0, 0, 0];

/// How much of a log is whole: what `-11!(-2;f)` tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogStatus {
    pub messages: usize,
    /// Bytes up to the end of the last whole message, the eight of the header included.
    pub valid_length: usize,
    /// True when nothing follows the last whole message.
    pub is_whole: bool,
}

/// True when bytes begin as a log does.
pub fn is_log(bytes: &[u8]) -> bool {
    bytes.starts_with(&EMPTY_LOG[..4])
}

/// Reads the messages of a log in order.
pub struct LogReader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> LogReader<'a> {
    /// `None` when the bytes are no log.
    pub fn new(bytes: &'a [u8]) -> Option<LogReader<'a>> {
        (is_log(bytes) && bytes.len() >= EMPTY_LOG.len()).then_some(LogReader {
            bytes,
            at: EMPTY_LOG.len(),
        })
    }

    /// The next message; `None` at the end, and where no whole message follows ([`LogReader::is_at_end`] tells which).
    /// Errors: those of the compiler.
    pub fn next_message(&mut self, compiler: &mut dyn Compile) -> QResult<Option<Value>> {
        let rest = &self.bytes[self.at..];
        if rest.is_empty() {
            return Ok(None);
        }
        match decode_object(rest, true, Dialect::File, compiler) {
            Ok(decoded) => {
                self.at += decoded.length;
                decoded.payload.map(Some)
            }
            Err(error) if error.text() == b"badmsg" || error.text() == b"limit" => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Bytes read, the header included.
    pub fn position(&self) -> usize {
        self.at
    }

    pub fn is_at_end(&self) -> bool {
        self.at == self.bytes.len()
    }
}

/// Counts the whole messages of a log; `None` when the bytes are no log.
pub fn log_status(bytes: &[u8]) -> Option<LogStatus> {
    let mut reader = LogReader::new(bytes)?;
    let mut messages = 0;
    while let Ok(Some(_)) = reader.next_message(&mut TextOnly) {
        messages += 1;
    }
    Some(LogStatus {
        messages,
        valid_length: reader.position(),
        is_whole: reader.is_at_end(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_tail_is_told_from_the_end() {
        let message = Value::list(vec![Value::symbol("upd"), Value::Long(1)]);
        let mut log = EMPTY_LOG.to_vec();
        for _ in 0..3 {
            q_wire::encode_object(&message, Dialect::File, &mut log).expect("encodes");
        }
        let whole = log.len();
        let expected = |messages, valid_length, is_whole| {
            Some(LogStatus {
                messages,
                valid_length,
                is_whole,
            })
        };
        assert_eq!(log_status(&log), expected(3, whole, true));
        log.extend_from_slice(&[0, 0, 2, 0, 0]);
        assert_eq!(log_status(&log), expected(3, whole, false));
        assert_eq!(log_status(&EMPTY_LOG), expected(0, 8, true));
        assert_eq!(log_status(b"text"), None);
    }
}
