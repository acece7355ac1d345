//! Any bytes as a q message: memory stays bounded by the input, and what decodes encodes to something that decodes alike.
#![no_main]

use q_wire::{Dialect, TextOnly, decode_message, decode_object, encode_object};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = decode_message(bytes, &mut TextOnly);
    let _ = q_wire::Login::parse(bytes);
    let _ = decode_object(bytes, false, Dialect::File, &mut TextOnly);
    let Ok(decoded) = decode_object(bytes, true, Dialect::Wire, &mut TextOnly) else {
        return;
    };
    let Ok(value) = decoded.payload else { return };
    let mut encoded = Vec::new();
    if encode_object(&value, Dialect::Wire, &mut encoded).is_err() {
        return;
    }
    let again = decode_object(&encoded, true, Dialect::Wire, &mut TextOnly)
        .expect("what we encode decodes");
    assert_eq!(again.length, encoded.len());
    let again = again.payload.expect("not an error object");
    assert!(again.is_identical(&value), "{value:?} became {again:?}");
});
