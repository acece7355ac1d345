//! Numbers from text.

use super::trimmed;

/// True for a lone `1`, `t`, `T`, `y`, `Y`, `x` or `X` between blanks.
pub fn boolean(text: &[u8]) -> bool {
    matches!(
        trimmed(text),
        [b'1' | b't' | b'T' | b'y' | b'Y' | b'x' | b'X']
    )
}

/// One or two hexadecimal digits, with `0x` before them or without; else 0.
pub fn byte(text: &[u8]) -> u8 {
    let digits = trimmed(text);
    let digits = digits.strip_prefix(b"0x").unwrap_or(digits);
    match digits {
        [one] => hex_digit(*one).unwrap_or(0),
        [high, low] => match (hex_digit(*high), hex_digit(*low)) {
            (Some(high), Some(low)) => high << 4 | low,
            _ => 0,
        },
        _ => 0,
    }
}

/// The value of a hexadecimal digit of either case.
pub(crate) fn hex_digit(c: u8) -> Option<u8> {
    (c as char).to_digit(16).map(|digit| digit as u8)
}

/// A short, null when out of range.
pub fn short(text: &[u8]) -> i16 {
    match whole(trimmed(text)) {
        Some(Whole::Number(x)) => i16::try_from(x).unwrap_or(i16::MIN),
        Some(Whole::Infinity) => i16::MAX,
        Some(Whole::NegativeInfinity) => -i16::MAX,
        None => i16::MIN,
    }
}

/// An int, null when out of range; also an IP address of four bytes.
pub fn int(text: &[u8]) -> i32 {
    let text = trimmed(text);
    match whole(text) {
        Some(Whole::Number(x)) => i32::try_from(x).unwrap_or(i32::MIN),
        Some(Whole::Infinity) => i32::MAX,
        Some(Whole::NegativeInfinity) => -i32::MAX,
        None => ip_address(text).map_or(i32::MIN, i32::from_be_bytes),
    }
}

/// A long, null when out of range.
pub fn long(text: &[u8]) -> i64 {
    match whole(trimmed(text)) {
        Some(Whole::Number(x)) => x,
        Some(Whole::Infinity) => i64::MAX,
        Some(Whole::NegativeInfinity) => -i64::MAX,
        None => i64::MIN,
    }
}

enum Whole {
    Number(i64),
    Infinity,
    NegativeInfinity,
}

fn whole(text: &[u8]) -> Option<Whole> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    if digits.is_empty() {
        return None;
    }
    let mut x: i64 = 0;
    for (at, c) in digits.iter().enumerate() {
        let digit = c.wrapping_sub(b'0');
        if digit > 9 {
            return match (at, &digits[at..]) {
                (1, b"W" | b"Wj" | b"Wi" | b"Wh") if negative => Some(Whole::NegativeInfinity),
                (1, b"W" | b"Wj" | b"Wi" | b"Wh") => Some(Whole::Infinity),
                _ => None,
            };
        }
        x = x.checked_mul(10)?.checked_add(i64::from(digit))?;
    }
    Some(Whole::Number(if negative { -x } else { x }))
}

/// The four bytes of `192.168.1.34`.
pub(crate) fn ip_address(text: &[u8]) -> Option<[u8; 4]> {
    let mut bytes = [0; 4];
    let mut parts = text.split(|c| *c == b'.');
    for byte in &mut bytes {
        let part = parts.next()?;
        if part.is_empty() || part.len() > 3 {
            return None;
        }
        let Some(Whole::Number(x)) = whole(part) else {
            return None;
        };
        *byte = u8::try_from(x).ok()?;
    }
    parts.next().is_none().then_some(bytes)
}

/// A real; digits, one point, an exponent, or `0n 0w -0w`.
pub fn real(text: &[u8]) -> f32 {
    let text = trimmed(text);
    match special(text) {
        Some(x) => x as f32,
        None => decimal(text)
            .and_then(|text| text.parse().ok())
            .unwrap_or(f32::NAN),
    }
}

/// A float; digits, one point, an exponent, or `0n 0w -0w`.
pub fn float(text: &[u8]) -> f64 {
    let text = trimmed(text);
    match special(text) {
        Some(x) => x,
        None => decimal(text)
            .and_then(|text| text.parse().ok())
            .unwrap_or(f64::NAN),
    }
}

fn special(text: &[u8]) -> Option<f64> {
    match text {
        b"0w" | b"0W" | b"inf" | b"+inf" => Some(f64::INFINITY),
        b"-0w" | b"-0W" | b"-inf" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

/// The text when it has only the characters of a decimal number, so that words such as `infinity` are not read.
fn decimal(text: &[u8]) -> Option<&str> {
    let is_decimal = text
        .iter()
        .all(|c| c.is_ascii_digit() || matches!(c, b'.' | b'-' | b'+' | b'e' | b'E'));
    if !is_decimal {
        return None;
    }
    std::str::from_utf8(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers() {
        assert_eq!((long(b"12"), long(b" -7 "), long(b"+3")), (12, -7, 3));
        assert_eq!(int(b"2147483648"), i32::MIN);
        assert_eq!(short(b"32768"), i16::MIN);
        assert_eq!(long(b"9223372036854775808"), i64::MIN);
        assert_eq!(
            (long(b"0W"), long(b"-0W"), int(b"0Wi")),
            (i64::MAX, -i64::MAX, i32::MAX)
        );
        assert_eq!(
            (long(b"1.5"), long(b"1e3"), long(b"")),
            (i64::MIN, i64::MIN, i64::MIN)
        );
        assert_eq!(int(b"192.168.1.34"), -1_062_731_486);
        assert_eq!(int(b"192.168.1"), i32::MIN);
        assert_eq!((byte(b"42"), byte(b"0xfF"), byte(b"g")), (0x42, 0xff, 0));
    }

    #[test]
    fn booleans() {
        let true_letters: Vec<u8> = (b' '..=b'~').filter(|c| boolean(&[*c])).collect();
        assert_eq!(true_letters, b"1TXYtxy");
        assert!(boolean(b"   Y  ") && !boolean(b"42"));
    }

    #[test]
    fn floats() {
        assert_eq!(
            (float(b"4.25"), float(b"-.5"), float(b"1e3"), float(b"2.")),
            (4.25, -0.5, 1000.0, 2.0)
        );
        assert!(float(b"nan").is_nan() && float(b"infinity").is_nan() && float(b"1.2.3").is_nan());
        assert_eq!(float(b"-0w"), f64::NEG_INFINITY);
        assert_eq!(real(b"4.25"), 4.25_f32);
    }
}
