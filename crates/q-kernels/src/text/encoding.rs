//! Base64 and the compact names of numbers: `.Q.btoa`, `.Q.atob`, `.Q.j10`, `.Q.x10`, `.Q.j12`, `.Q.x12`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use q_value::{QError, QResult, Value};

/// `.Q.btoa x`: a string or bytes in base64.
///
/// Errors: `'type` for anything else.
pub fn to_base64(x: Value) -> QResult<Value> {
    let bytes = match &x {
        Value::Bytes(bytes) => bytes,
        x => x.as_text().ok_or_else(QError::type_error)?,
    };
    Ok(Value::string(STANDARD.encode(bytes)))
}

/// `.Q.atob x`: the bytes of a base64 text, given as string or bytes.
///
/// Errors: `'type` for anything else, `'domain` for what is no base64.
pub fn from_base64(x: Value) -> QResult<Value> {
    let text = match &x {
        Value::Bytes(bytes) => bytes,
        x => x.as_text().ok_or_else(QError::type_error)?,
    };
    let bytes = STANDARD.decode(text).map_err(|_| QError::domain())?;
    Ok(Value::Bytes(bytes.into()))
}

/// `.Q.b6`.
const DIGITS_64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// `.Q.nA`.
const DIGITS_36: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

fn long_of(x: &Value, digits: &[u8], length_max: usize) -> QResult<Value> {
    let text = x.as_text().ok_or_else(QError::type_error)?;
    if text.len() > length_max {
        return Err(QError::length());
    }
    let base = digits.len() as i64;
    let mut total = 0i64;
    for c in text {
        let digit = digits
            .iter()
            .position(|digit| digit == c)
            .ok_or_else(QError::domain)?;
        total = total.wrapping_mul(base).wrapping_add(digit as i64);
    }
    Ok(Value::Long(total))
}

fn text_of(x: &Value, digits: &[u8], length: usize) -> QResult<Value> {
    let mut rest = x.as_i64().ok_or_else(QError::type_error)? as u64;
    let base = digits.len() as u64;
    let mut out = vec![digits[0]; length];
    for slot in out.iter_mut().rev() {
        *slot = digits[(rest % base) as usize];
        rest /= base;
    }
    Ok(Value::Chars(out.into()))
}

/// `.Q.j10 x`: a string of at most ten chars out of `.Q.b6` as a long.
///
/// Errors: `'type` for what is no string, `'length` for a longer one, `'domain` for other chars.
pub fn long_of_ten(x: Value) -> QResult<Value> {
    long_of(&x, DIGITS_64, 10)
}

/// `.Q.x10 x`: the ten chars out of `.Q.b6` of a long. Errors: `'type` for what is no integer.
pub fn ten_of_long(x: Value) -> QResult<Value> {
    text_of(&x, DIGITS_64, 10)
}

/// `.Q.j12 x`: a string of at most twelve chars out of `.Q.nA` as a long.
///
/// Errors: `'type` for what is no string, `'length` for a longer one, `'domain` for other chars.
pub fn long_of_twelve(x: Value) -> QResult<Value> {
    long_of(&x, DIGITS_36, 12)
}

/// `.Q.x12 x`: the twelve chars out of `.Q.nA` of a long. Errors: `'type` for what is no integer.
pub fn twelve_of_long(x: Value) -> QResult<Value> {
    text_of(&x, DIGITS_36, 12)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_round_trips() {
        let encoded = to_base64(Value::string("hello")).expect("text");
        assert_eq!(encoded.as_text(), Some(&b"aGVsbG8="[..]));
        let decoded = from_base64(encoded).expect("base64");
        assert!(decoded.is_identical(&Value::Bytes(b"hello".to_vec().into())));
        assert!(from_base64(Value::string("?")).is_err());
    }

    #[test]
    fn numbers_by_name_round_trip() {
        for name in ["AAAAAAAAAA", "1234567890", "zZ+/aAbBcC"] {
            let number = long_of_ten(Value::string(name)).expect("digits");
            let back = ten_of_long(number).expect("a long");
            assert_eq!(back.as_text(), Some(name.as_bytes()));
        }
        for name in ["000000000000", "0ABCDEFGHIJK", "1Z0000000042"] {
            let number = long_of_twelve(Value::string(name)).expect("digits");
            let back = twelve_of_long(number).expect("a long");
            assert_eq!(back.as_text(), Some(name.as_bytes()));
        }
        assert!(long_of_ten(Value::string("a b")).is_err());
    }
}
