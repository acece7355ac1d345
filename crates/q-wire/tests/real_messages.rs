//! Messages of real clients and servers (`vectors/messages.jsonl`, each line with its source and licence).

use q_value::{QResult, Value};
use q_wire::{
    Compression, Dialect, Header, MessageKind, TextOnly, compress, decode_message, decode_object,
    decompress, encode_error, encode_message, object_length,
};

struct Vector {
    q: String,
    bytes: Vec<u8>,
    recompresses: bool,
}

fn vectors() -> Vec<Vector> {
    include_str!("vectors/messages.jsonl")
        .lines()
        .map(|line| {
            let entry: serde_json::Value = serde_json::from_str(line).expect("JSON");
            Vector {
                q: entry["q"].as_str().expect("q").to_owned(),
                bytes: hex::decode(entry["hex"].as_str().expect("hex")).expect("hexadecimal"),
                recompresses: entry["recompress_identical"].as_bool() == Some(true),
            }
        })
        .collect()
}

fn payload(vector: &Vector) -> QResult<Value> {
    decode_message(&vector.bytes, &mut TextOnly)
        .unwrap_or_else(|error| panic!("{}: {error}", vector.q))
        .payload
}

/// Float nulls as we write them: some clients send the other sign.
fn with_our_nulls(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for at in 0..bytes.len().saturating_sub(7) {
        if bytes[at..at + 8] == f64::NAN.to_le_bytes() {
            bytes[at + 7] = 0xff;
        }
    }
    for at in 0..bytes.len().saturating_sub(3) {
        if bytes[at..at + 4] == f32::NAN.to_le_bytes() {
            bytes[at + 3] = 0xff;
        }
    }
    bytes
}

#[test]
fn every_plain_message_is_written_back_byte_for_byte() {
    let mut compared = 0;
    for vector in vectors() {
        let header = Header::parse(&vector.bytes).expect("header");
        if header.compression != Compression::None {
            continue;
        }
        let again = match payload(&vector) {
            Ok(value) => {
                assert_eq!(
                    object_length(&value) + 8,
                    vector.bytes.len(),
                    "length of {}",
                    vector.q
                );
                encode_message(header.kind, &value, 6).expect("encodes")
            }
            Err(error) => {
                let mut message = encode_error(error.text());
                message[1] = header.kind as u8;
                message
            }
        };
        assert_eq!(
            hex::encode(with_our_nulls(&again)),
            hex::encode(with_our_nulls(&vector.bytes)),
            "{}",
            vector.q
        );
        compared += 1;
    }
    assert!(compared > 360, "{compared} plain messages");
}

#[test]
fn every_compressed_message_is_compressed_again_byte_for_byte() {
    let mut compared = 0;
    for vector in vectors() {
        let header = Header::parse(&vector.bytes).expect("header");
        if header.compression == Compression::None {
            continue;
        }
        let value = payload(&vector).expect("a value");
        let plain = encode_message(header.kind, &value, 6).expect("encodes");
        assert_eq!(decompress(&vector.bytes).expect("decompresses"), plain);
        assert!(vector.recompresses);
        assert_eq!(
            hex::encode(compress(&plain).expect("shrinks")),
            hex::encode(&vector.bytes),
            "{}",
            vector.q
        );
        compared += 1;
    }
    assert!(compared >= 24, "{compared} compressed messages");
}

#[test]
fn a_prefix_or_a_changed_byte_never_panics() {
    for vector in vectors() {
        for end in 0..vector.bytes.len().min(200) {
            assert!(decode_message(&vector.bytes[..end], &mut TextOnly).is_err());
            let mut changed = vector.bytes.clone();
            for byte in [0x00, 0x63, 0x7f, 0xff] {
                changed[end] = byte;
                // any outcome but a panic or a hang
                let _ = decode_message(&changed, &mut TextOnly).map(|message| message.kind);
            }
        }
    }
}

/// Rewrites a plain little-endian object of longs and symbols as a big-endian message.
#[test]
fn big_endian_messages_are_read() {
    // (`a;1 2;2f) as a big-endian sync message
    let mut object = vec![0, 0];
    object.extend(3u32.to_be_bytes());
    object.extend([0xf5, b'a', 0]);
    object.extend([7, 0]);
    object.extend(2u32.to_be_bytes());
    object.extend(1i64.to_be_bytes());
    object.extend(2i64.to_be_bytes());
    object.push(0xf7);
    object.extend(2f64.to_be_bytes());
    let mut message = vec![0, 1, 0, 0];
    message.extend((object.len() as u32 + 8).to_be_bytes());
    message.extend(object);
    let decoded = decode_message(&message, &mut TextOnly).expect("decodes");
    assert_eq!(decoded.kind, MessageKind::Sync);
    let expected = Value::list(vec![
        Value::symbol("a"),
        Value::Longs(vec![1, 2].into()),
        Value::Float(2.0),
    ]);
    assert!(decoded.payload.expect("a value").is_identical(&expected));
}

#[test]
fn counts_beyond_the_bytes_are_refused_before_anything_is_allocated() {
    for tag in [0u8, 1, 2, 7, 9, 10, 11, 104, 105] {
        let mut object = vec![tag];
        if tag < 100 {
            object.push(0);
        }
        object.extend(u32::MAX.to_le_bytes());
        object.extend([0; 32]);
        let decoded = decode_object(&object, true, Dialect::Wire, &mut TextOnly);
        assert_eq!(decoded.err().expect("refused").text(), b"badmsg");
    }
}

#[test]
fn nesting_has_a_limit_in_both_directions() {
    let deep_object = b"\x00\x00\x01\x00\x00\x00".repeat(100_000);
    let decoded = decode_object(&deep_object, true, Dialect::Wire, &mut TextOnly);
    assert!(decoded.is_err());
    let mut value = Value::empty_list();
    for _ in 0..1000 {
        value = Value::list(vec![value]);
    }
    let error = encode_message(MessageKind::Async, &value, 6).expect_err("too deep");
    assert_eq!(error.text(), b"limit");
}

#[test]
fn a_small_message_cannot_ask_for_a_large_result() {
    let mut message = vec![1, 0, 1, 0, 14, 0, 0, 0];
    message.extend(u32::MAX.to_le_bytes());
    message.extend([0, 0]);
    assert!(decompress(&message).is_err());
}

#[test]
fn old_peers_get_what_they_know() {
    let step = decode_message(
        &hex::decode("01000000210000007f0b0102000000610062000600020000000200000003000000")
            .expect("hexadecimal"),
        &mut TextOnly,
    )
    .expect("decodes")
    .payload
    .expect("a value");
    let first =
        |capability| encode_message(MessageKind::Response, &step, capability).expect("encodes")[8];
    assert_eq!((first(6), first(3)), (127, 99));
    let guid = Value::Guid(std::sync::Arc::new([1; 16]));
    assert!(encode_message(MessageKind::Response, &guid, 2).is_err());
    assert!(encode_message(MessageKind::Response, &guid, 3).is_ok());
}

#[test]
fn enumerations_travel_as_symbols_and_stay_themselves_in_files() {
    let domain = q_value::Symbol::new("wire_test_domain");
    q_value::domain::bind(domain, Value::symbols(["x", "y"]));
    let value = Value::enums(domain, vec![1i64, 0, i64::MIN].into());
    let message = encode_message(MessageKind::Async, &value, 6).expect("encodes");
    assert_eq!(object_length(&value) + 8, message.len());
    let decoded = decode_message(&message, &mut TextOnly).expect("decodes");
    assert!(
        decoded
            .payload
            .expect("a value")
            .is_identical(&Value::symbols(["y", "x", ""]))
    );
    let mut bytes = Vec::new();
    q_wire::encode_object(&value, Dialect::File, &mut bytes).expect("encodes");
    let kept = decode_object(&bytes, true, Dialect::File, &mut TextOnly).expect("decodes");
    assert!(kept.payload.expect("a value").is_identical(&value));
    assert!(decode_object(&bytes, true, Dialect::Wire, &mut TextOnly).is_err());
}
