//! Whole messages: header, kind, compression.

use q_value::{QResult, Value};

use crate::reader::bad_message;
use crate::{Compile, Dialect, decode_object, decompress, encode_object_for};

/// The bytes of a header.
pub(crate) const HEADER_BYTES: usize = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum MessageKind {
    /// Expects no answer.
    Async = 0,
    /// Expects exactly one answer.
    Sync = 1,
    /// The answer.
    Response = 2,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Compression {
    None = 0,
    /// With a 32-bit uncompressed length.
    Narrow = 1,
    /// With a 64-bit uncompressed length.
    Wide = 2,
}

/// The first eight bytes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    pub little_endian: bool,
    pub kind: MessageKind,
    pub compression: Compression,
    /// Bytes of the whole message, these eight included; below 2^40.
    pub length: u64,
}

impl Header {
    /// Bytes a header takes.
    pub const LENGTH: usize = HEADER_BYTES;

    /// The header at the start of `bytes`. Errors: `badmsg` for fewer than eight bytes, unknown marks, or a length below 8.
    pub fn parse(bytes: &[u8]) -> QResult<Header> {
        let Some(&[order, kind, compression, high, a, b, c, d]) = bytes.first_chunk::<8>() else {
            return Err(bad_message());
        };
        let little_endian = match order {
            0 => false,
            1 => true,
            _ => return Err(bad_message()),
        };
        let low = [a, b, c, d];
        let low = if little_endian {
            u32::from_le_bytes(low)
        } else {
            u32::from_be_bytes(low)
        };
        let length = u64::from(high) << 32 | u64::from(low);
        if length < HEADER_BYTES as u64 {
            return Err(bad_message());
        }
        Ok(Header {
            little_endian,
            kind: match kind {
                0 => MessageKind::Async,
                1 => MessageKind::Sync,
                2 => MessageKind::Response,
                _ => return Err(bad_message()),
            },
            compression: match compression {
                0 => Compression::None,
                1 => Compression::Narrow,
                2 => Compression::Wide,
                _ => return Err(bad_message()),
            },
            length,
        })
    }

    pub fn to_bytes(self) -> [u8; 8] {
        let low = self.length as u32;
        let [a, b, c, d] = if self.little_endian {
            low.to_le_bytes()
        } else {
            low.to_be_bytes()
        };
        [
            u8::from(self.little_endian),
            self.kind as u8,
            self.compression as u8,
            (self.length >> 32) as u8,
            a,
            b,
            c,
            d,
        ]
    }

    /// A number of four bytes in the message's byte order; 0 when there are not four.
    pub(crate) fn read_u32(&self, bytes: &[u8]) -> u32 {
        let whole = bytes.first_chunk::<4>().copied().unwrap_or_default();
        if self.little_endian {
            u32::from_le_bytes(whole)
        } else {
            u32::from_be_bytes(whole)
        }
    }

    /// A number of eight bytes in the message's byte order; 0 when there are not eight.
    pub(crate) fn read_u64(&self, bytes: &[u8]) -> u64 {
        let whole = bytes.first_chunk::<8>().copied().unwrap_or_default();
        if self.little_endian {
            u64::from_le_bytes(whole)
        } else {
            u64::from_be_bytes(whole)
        }
    }
}

/// A message read: its kind, and the value or the error it carries.
pub struct DecodedMessage {
    pub kind: MessageKind,
    pub payload: QResult<Value>,
}

/// Decodes one whole message, compressed or not, of either byte order.
///
/// Errors: `badmsg` and the others of [`decode_object`] for bytes that are no message; the error that a message *carries* is
/// in the payload.
pub fn decode_message(message: &[u8], compiler: &mut dyn Compile) -> QResult<DecodedMessage> {
    let header = Header::parse(message)?;
    if header.length != message.len() as u64 {
        return Err(bad_message());
    }
    let plain;
    let object = if header.compression == Compression::None {
        message.get(HEADER_BYTES..)
    } else {
        plain = decompress(message)?;
        plain.get(HEADER_BYTES..)
    };
    let object = object.ok_or_else(bad_message)?;
    let decoded = decode_object(object, header.little_endian, Dialect::Wire, compiler)?;
    Ok(DecodedMessage {
        kind: header.kind,
        payload: decoded.payload,
    })
}

/// A whole plain message for a peer with this capability; [`crate::compress`] it afterwards if the peer is far away.
/// Errors: those of [`encode_object_for`], and `limit` from 2^40 bytes on.
pub fn encode_message(kind: MessageKind, value: &Value, capability: u8) -> QResult<Vec<u8>> {
    let mut message = vec![0; HEADER_BYTES];
    encode_object_for(value, Dialect::Wire, capability, &mut message)?;
    let length = message.len() as u64;
    if length >> 40 != 0 {
        return Err(q_value::QError::limit());
    }
    let header = Header {
        little_endian: true,
        kind,
        compression: Compression::None,
        length,
    };
    message[..HEADER_BYTES].copy_from_slice(&header.to_bytes());
    Ok(message)
}

/// The response that signals an error with this text.
pub fn encode_error(text: &[u8]) -> Vec<u8> {
    let end = text.iter().position(|byte| *byte == 0);
    let text = &text[..end.unwrap_or(text.len())];
    let header = Header {
        little_endian: true,
        kind: MessageKind::Response,
        compression: Compression::None,
        length: (HEADER_BYTES + text.len() + 2) as u64,
    };
    let mut message = header.to_bytes().to_vec();
    message.push(0x80);
    message.extend_from_slice(text);
    message.push(0);
    message
}

/// The response to a synchronous message: the value, its error, or the error of encoding it.
pub fn encode_answer(answer: &QResult<Value>, capability: u8) -> Vec<u8> {
    match answer {
        Ok(value) => encode_message(MessageKind::Response, value, capability)
            .unwrap_or_else(|error| encode_error(error.text())),
        Err(error) => encode_error(error.text()),
    }
}
