//! `md5` and `-33!` (SHA-1).

use md5::{Digest, Md5};
use q_value::{QError, QResult, Value};

/// `md5 x`: the sixteen bytes of a string's MD5.
///
/// Errors: `'type` for what is no string.
pub fn md5(x: Value) -> QResult<Value> {
    let text = x.as_text().ok_or_else(QError::type_error)?;
    Ok(Value::Bytes(Md5::digest(text).to_vec().into()))
}

/// `-33!x`, `.Q.sha1 x`: the twenty bytes of a string's SHA-1 (FIPS 180-4).
///
/// Errors: `'type` for what is no string.
pub fn sha1(x: Value) -> QResult<Value> {
    let text = x.as_text().ok_or_else(QError::type_error)?;
    Ok(Value::Bytes(sha1_of(text).to_vec().into()))
}

fn sha1_of(text: &[u8]) -> [u8; 20] {
    let mut state = [
        0x6745_2301u32,
        0xefcd_ab89,
        0x98ba_dcfe,
        0x1032_5476,
        0xc3d2_e1f0,
    ];
    let mut padded = text.to_vec();
    padded.push(0x80);
    while padded.len() % 64 != 56 {
        padded.push(0);
    }
    padded.extend_from_slice(&(text.len() as u64 * 8).to_be_bytes());
    for block in padded.chunks_exact(64) {
        let mut words = [0u32; 80];
        for (word, bytes) in words.iter_mut().zip(block.chunks_exact(4)) {
            *word = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        }
        for at in 16..80 {
            words[at] =
                (words[at - 3] ^ words[at - 8] ^ words[at - 14] ^ words[at - 16]).rotate_left(1);
        }
        let [mut a, mut b, mut c, mut d, mut e] = state;
        for (at, word) in words.iter().enumerate() {
            let (f, k) = match at {
                0..20 => ((b & c) | (!b & d), 0x5a82_7999),
                20..40 => (b ^ c ^ d, 0x6ed9_eba1),
                40..60 => ((b & c) | (b & d) | (c & d), 0x8f1b_bcdc),
                _ => (b ^ c ^ d, 0xca62_c1d6u32),
            };
            let next = a
                .rotate_left(5)
                .wrapping_add(f)
                .wrapping_add(e)
                .wrapping_add(k)
                .wrapping_add(*word);
            (a, b, c, d, e) = (next, a, b.rotate_left(30), c, d);
        }
        for (word, add) in state.iter_mut().zip([a, b, c, d, e]) {
            *word = word.wrapping_add(add);
        }
    }
    let mut digest = [0; 20];
    for (bytes, word) in digest.chunks_exact_mut(4).zip(state) {
        bytes.copy_from_slice(&word.to_be_bytes());
    }
    digest
}

#[cfg(test)]
mod tests {
    use super::*;
    use q_value::display::k_text;

    fn shown(result: QResult<Value>) -> String {
        let value = result.expect("a digest");
        String::from_utf8(k_text(&value, 7)).expect("ascii")
    }

    #[test]
    fn published_test_vectors() {
        assert_eq!(
            shown(md5(Value::string("abc"))),
            "0x900150983cd24fb0d6963f7d28e17f72"
        );
        assert_eq!(
            shown(sha1(Value::string("abc"))),
            "0xa9993e364706816aba3e25717850c26c9cd0d89d"
        );
        assert_eq!(
            shown(sha1(Value::string(
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"
            ))),
            "0x84983e441c3bd26ebaae4aa1f95129e5e54670f1"
        );
        assert!(md5(Value::Long(1)).is_err());
    }
}
