//! Values to bytes and back: the message format of q processes, its compression and its login; no sockets.
//!
//! ```
//! use q_value::Value;
//! let message = q_wire::encode_message(q_wire::MessageKind::Sync, &Value::string("1+1"), q_wire::CAPABILITY)?;
//! let header = q_wire::Header::parse(&message)?;
//! assert_eq!(header.length, message.len() as u64);
//! let decoded = q_wire::decode_message(&message, &mut q_wire::TextOnly)?;
//! assert!(decoded.payload?.is_identical(&Value::string("1+1")));
//! # Ok::<(), q_value::QError>(())
//! ```
//!
//! Invariants: nothing here allocates more than a fixed multiple of the bytes it was given, recursion has a limit, and no
//! input makes it panic. Lambdas arrive as text; who decodes says what becomes of it ([`Compile`]).

mod compression;
mod decode;
mod encode;
mod enumeration;
mod handshake;
mod lambda;
mod length;
mod message;
mod reader;

pub use compression::{compress, decompress};
pub use decode::{DecodedObject, Dialect, decode_object};
pub use encode::{encode_object, encode_object_for};
pub use enumeration::enumerated_symbols;
pub use handshake::{CAPABILITY, LOGIN_BYTES_MAX, Login, agreed_capability};
pub use lambda::{Compile, TextOnly, UncompiledLambda, native_text};
pub use length::object_length;
pub use message::{
    Compression, DecodedMessage, Header, MessageKind, decode_message, encode_answer, encode_error,
    encode_message,
};

/// How deep lists, dictionaries and functions may be nested in each other, in either direction.
pub const DEPTH_MAX: usize = 256;
