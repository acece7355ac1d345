//! WebSocket (RFC 6455): frames, and the messages that are made of them.

/// What a connection that speaks WebSocket remembers.
#[derive(Debug, Default)]
pub(crate) struct WebSocket {
    /// True for connections this process has opened: they mask what they send.
    pub(crate) is_client: bool,
    message: Vec<u8>,
    is_text: bool,
    is_open_message: bool,
}

/// What frames come to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Message {
        is_text: bool,
        bytes: Vec<u8>,
    },
    /// To be answered with a pong of the same bytes.
    Ping(Vec<u8>),
    Close,
    /// A part of a message, or a pong.
    Nothing,
}

/// A frame as it came, unmasked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    is_last: bool,
    opcode: u8,
    payload: Vec<u8>,
}

pub(crate) enum FrameState {
    /// More must arrive.
    Partial,
    /// A whole frame and its bytes.
    Complete(Frame, usize),
    Broken,
}

pub(crate) const TEXT: u8 = 1;
pub(crate) const BINARY: u8 = 2;
pub(crate) const CLOSE: u8 = 8;
const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;
const LAST: u8 = 0x80;
const MASKED: u8 = 0x80;
/// Lengths in one byte go up to this; two larger numbers say where the length stands instead.
const SHORT_MAX: usize = 125;
const LENGTH_16: u8 = 126;
const LENGTH_64: u8 = 127;
const MESSAGE_BYTES_MAX: usize = 1 << 30;

/// Appended to the key of a request before it is hashed, as the protocol wants.
pub(crate) const ACCEPT_SUFFIX: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

pub(crate) fn parse_frame(bytes: &[u8]) -> FrameState {
    let [first, second, rest @ ..] = bytes else {
        return FrameState::Partial;
    };
    let wide = match second & !MASKED {
        LENGTH_16 => 2,
        LENGTH_64 => 8,
        _ => 0,
    };
    let Some(wide_bytes) = rest.get(..wide) else {
        return FrameState::Partial;
    };
    let length = if wide == 0 {
        u64::from(second & !MASKED)
    } else {
        wide_bytes
            .iter()
            .fold(0u64, |length, byte| length << 8 | u64::from(*byte))
    };
    let Some(length) = usize::try_from(length)
        .ok()
        .filter(|length| *length <= MESSAGE_BYTES_MAX)
    else {
        return FrameState::Broken;
    };
    let mask_length = if second & MASKED == 0 { 0 } else { 4 };
    let start = 2 + wide + mask_length;
    let Some(payload) = bytes.get(start..start + length) else {
        return FrameState::Partial;
    };
    let mut payload = payload.to_vec();
    apply_mask(&mut payload, &bytes[2 + wide..start]);
    let frame = Frame {
        is_last: first & LAST != 0,
        opcode: first & 0x0f,
        payload,
    };
    FrameState::Complete(frame, start + length)
}

fn apply_mask(payload: &mut [u8], mask: &[u8]) {
    if let [_, ..] = mask {
        for (byte, mask) in payload.iter_mut().zip(mask.iter().cycle()) {
            *byte ^= mask;
        }
    }
}

/// A whole message as one frame.
pub(crate) fn encode(opcode: u8, payload: &[u8], mask: Option<[u8; 4]>) -> Vec<u8> {
    let mut bytes = vec![LAST | opcode];
    let masked = if mask.is_some() { MASKED } else { 0 };
    match payload.len() {
        length if length <= SHORT_MAX => bytes.push(masked | length as u8),
        length => match u16::try_from(length) {
            Ok(length) => {
                bytes.push(masked | LENGTH_16);
                bytes.extend_from_slice(&length.to_be_bytes());
            }
            Err(_) => {
                bytes.push(masked | LENGTH_64);
                bytes.extend_from_slice(&(length as u64).to_be_bytes());
            }
        },
    }
    let mask = mask.as_ref().map_or(&[][..], |mask| &mask[..]);
    bytes.extend_from_slice(mask);
    let start = bytes.len();
    bytes.extend_from_slice(payload);
    apply_mask(&mut bytes[start..], mask);
    bytes
}

impl WebSocket {
    /// Takes a frame in. `None` when it breaks the protocol.
    pub(crate) fn take(&mut self, frame: Frame) -> Option<Event> {
        match frame.opcode {
            CLOSE => return Some(Event::Close),
            PING => return Some(Event::Ping(frame.payload)),
            PONG => return Some(Event::Nothing),
            0 if !self.is_open_message => return None,
            0 => {}
            TEXT | BINARY => {
                self.is_text = frame.opcode == TEXT;
                self.is_open_message = true;
                self.message.clear();
            }
            _ => return None,
        }
        if self.message.len() + frame.payload.len() > MESSAGE_BYTES_MAX {
            return None;
        }
        self.message.extend_from_slice(&frame.payload);
        if !frame.is_last {
            return Some(Event::Nothing);
        }
        self.is_open_message = false;
        Some(Event::Message {
            is_text: self.is_text,
            bytes: std::mem::take(&mut self.message),
        })
    }

    /// A frame for the other side.
    pub(crate) fn frame(&self, opcode: u8, payload: &[u8]) -> Vec<u8> {
        encode(opcode, payload, self.is_client.then(random_mask))
    }
}

/// Bytes nobody can foresee from outside.
pub(crate) fn random_bytes<const N: usize>() -> [u8; N] {
    use std::hash::{BuildHasher, Hasher, RandomState};
    let mut bytes = [0; N];
    for chunk in bytes.chunks_mut(8) {
        let random = RandomState::new().build_hasher().finish().to_le_bytes();
        chunk.copy_from_slice(&random[..chunk.len()]);
    }
    bytes
}

fn random_mask() -> [u8; 4] {
    random_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(bytes: &[u8]) -> Vec<Event> {
        let (mut socket, mut at, mut found) = (WebSocket::default(), 0, Vec::new());
        while let FrameState::Complete(frame, length) = parse_frame(&bytes[at..]) {
            found.push(socket.take(frame).expect("within the protocol"));
            at += length;
        }
        assert_eq!(at, bytes.len());
        found
    }

    fn text(bytes: &[u8]) -> Event {
        Event::Message {
            is_text: true,
            bytes: bytes.to_vec(),
        }
    }

    #[test]
    fn frames_of_every_length_come_back() {
        for length in [0, 1, 125, 126, 65535, 65536] {
            let payload: Vec<u8> = (0..length).map(|at| at as u8).collect();
            for mask in [None, Some([1, 2, 3, 4])] {
                let bytes = encode(TEXT, &payload, mask);
                assert_eq!(events(&bytes), [text(&payload)]);
                assert!(matches!(
                    parse_frame(&bytes[..bytes.len() - 1]),
                    FrameState::Partial
                ));
            }
        }
    }

    #[test]
    fn parts_of_a_message_are_put_together() {
        // RFC 6455, section 5.7: "Hel" and "lo", with a ping in between
        let bytes = [1, 3, b'H', b'e', b'l', 0x89, 1, b'?', 0x80, 2, b'l', b'o'];
        assert_eq!(
            events(&bytes),
            [Event::Nothing, Event::Ping(b"?".to_vec()), text(b"Hello")]
        );
    }

    #[test]
    fn what_breaks_the_protocol_is_refused() {
        let lone = Frame {
            is_last: true,
            opcode: 0,
            payload: Vec::new(),
        };
        assert_eq!(WebSocket::default().take(lone), None);
        let long = [0x82, 127, 0xff, 0, 0, 0, 0, 0, 0, 0];
        assert!(matches!(parse_frame(&long), FrameState::Broken));
    }
}
