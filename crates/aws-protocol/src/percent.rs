//! Percent-encoding as SigV4 defines it: everything but letters, digits and `-._~`.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, percent_encode};

const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The text with all but unreserved characters encoded, a slash included.
pub fn encode(text: &str) -> String {
    encode_bytes(text.as_bytes())
}

pub(crate) fn encode_bytes(bytes: &[u8]) -> String {
    percent_encode(bytes, ENCODED).to_string()
}

/// The bytes behind an encoded text; a `%` without two hexadecimal digits stands for itself.
pub(crate) fn decode_bytes(text: &str) -> Vec<u8> {
    percent_decode(text.as_bytes()).collect()
}

/// The text behind an encoded one, `None` when it is not UTF-8.
pub(crate) fn decode(text: &str) -> Option<String> {
    String::from_utf8(decode_bytes(text)).ok()
}
