//! Numbers to text: integers, and floats as C's `%.*g` writes them.

use std::io::Write;

const DIGIT_PAIRS: &[u8; 200] = b"0001020304050607080910111213141516171819\
2021222324252627282930313233343536373839\
4041424344454647484950515253545556575859\
6061626364656667686970717273747576777879\
8081828384858687888990919293949596979899";

/// Appends the decimal digits of an integer.
pub fn push_i64(out: &mut Vec<u8>, x: i64) {
    let mut buffer = [0u8; 20];
    let mut at = buffer.len();
    let mut rest = x.unsigned_abs();
    while rest >= 100 {
        let pair = (rest % 100) as usize * 2;
        rest /= 100;
        at -= 2;
        buffer[at..at + 2].copy_from_slice(&DIGIT_PAIRS[pair..pair + 2]);
    }
    if rest >= 10 {
        let pair = rest as usize * 2;
        at -= 2;
        buffer[at..at + 2].copy_from_slice(&DIGIT_PAIRS[pair..pair + 2]);
    } else {
        at -= 1;
        buffer[at] = b'0' + rest as u8;
    }
    if x < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(&buffer[at..]);
}

/// Appends exactly `width` digits, the lowest ones of `x`.
pub(crate) fn push_digits(out: &mut Vec<u8>, x: u64, width: usize) {
    let start = out.len();
    out.resize(start + width, b'0');
    let mut rest = x;
    for slot in out[start..].iter_mut().rev() {
        *slot = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
}

/// Appends a float with so many significant digits (0 and more than 17 mean 17), exponent form outside 1e-4 to 10^digits;
/// `0n`, `0w` and `-0w` for the special values. No type suffix.
pub fn push_float(out: &mut Vec<u8>, x: f64, precision: u8) {
    let digits = match precision {
        0 | 18.. => 17,
        digits => digits,
    };
    push_general(out, x, digits);
}

/// As [`push_float`] for a real, of which at most 9 digits mean something.
pub fn push_real(out: &mut Vec<u8>, x: f32, precision: u8) {
    let digits = match precision {
        0 | 10.. => 9,
        digits => digits,
    };
    push_general(out, f64::from(x), digits);
}

fn push_general(out: &mut Vec<u8>, x: f64, digits: u8) {
    const WHOLE_MAX: [f64; 16] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
    ];
    if x.is_nan() {
        out.extend_from_slice(b"0n");
        return;
    }
    if x.is_infinite() {
        out.extend_from_slice(if x > 0.0 { b"0w" } else { b"-0w" });
        return;
    }
    let whole = x as i64;
    if whole as f64 == x && x.abs() < WHOLE_MAX[usize::from(digits.min(15))] {
        if x == 0.0 && x.is_sign_negative() {
            out.push(b'-');
        }
        push_i64(out, whole);
        return;
    }
    if let Some((mut number, exponent)) = rounded_digits(x.abs(), digits) {
        while number.is_multiple_of(10) {
            number /= 10;
        }
        let mut mantissa = [0u8; 20];
        let mut at = mantissa.len();
        while number > 0 {
            at -= 1;
            mantissa[at] = b'0' + (number % 10) as u8;
            number /= 10;
        }
        push_mantissa(out, x < 0.0, &mantissa[at..], exponent, digits);
        return;
    }
    push_exact(out, x, digits);
}

/// The first `digits` digits of a positive number, rounded, as one integer, and its decimal exponent. `None` where one
/// multiplication is not known to round as the exact value does: many digits, extreme exponents, near a tie.
fn rounded_digits(x: f64, digits: u8) -> Option<(u64, i32)> {
    const POWERS: [f64; 23] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
        1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ];
    if digits > 9 || !x.is_normal() {
        return None;
    }
    let binary_exponent = (x.to_bits() >> 52) as i32 - 1023;
    // log10 2 as a fraction; the floor may be one too low, which the check below sees
    let mut exponent = (binary_exponent * 78_913) >> 18;
    let top = POWERS[usize::from(digits)];
    for _ in 0..2 {
        let shift = i32::from(digits) - 1 - exponent;
        let power = *POWERS.get(shift.unsigned_abs() as usize)?;
        let scaled = if shift < 0 { x / power } else { x * power };
        if scaled >= top {
            exponent += 1;
            continue;
        }
        // the power is exact, so the error is below 1e9 / 2^52
        let whole = scaled.floor();
        let rest = scaled - whole;
        if (rest - 0.5).abs() < 1e-5 {
            return None;
        }
        let number = whole as u64 + u64::from(rest > 0.5);
        return Some(if number as f64 == top {
            (number / 10, exponent + 1)
        } else {
            (number, exponent)
        });
    }
    None
}

/// As [`push_general`] for finite numbers, by the exact decimal expansion.
fn push_exact(out: &mut Vec<u8>, x: f64, digits: u8) {
    let mut buffer = [0u8; 48];
    let mut cursor = &mut buffer[..];
    let room = cursor.len();
    write!(cursor, "{:.*e}", usize::from(digits) - 1, x).expect("17 digits fit into the buffer");
    let length = room - cursor.len();
    let text = &buffer[..length];
    let (negative, text) = match text {
        [b'-', rest @ ..] => (true, rest),
        text => (false, text),
    };
    let split = text.iter().position(|c| *c == b'e').unwrap_or(text.len());
    let exponent: i32 = std::str::from_utf8(&text[split + 1..])
        .ok()
        .and_then(|digits| digits.parse().ok())
        .unwrap_or(0);
    let mut mantissa = [0u8; 20];
    let mut count = 0;
    for c in text[..split].iter().filter(|c| **c != b'.') {
        mantissa[count] = *c;
        count += 1;
    }
    while count > 1 && mantissa[count - 1] == b'0' {
        count -= 1;
    }
    let mantissa = &mantissa[..count];
    push_mantissa(out, negative, mantissa, exponent, digits);
}

/// Appends digits without zeros at the end, with the point or exponent where `%g` has it.
fn push_mantissa(out: &mut Vec<u8>, negative: bool, mantissa: &[u8], exponent: i32, digits: u8) {
    let count = mantissa.len();
    if negative {
        out.push(b'-');
    }
    if exponent < -4 || exponent >= i32::from(digits) {
        out.push(mantissa[0]);
        if count > 1 {
            out.push(b'.');
            out.extend_from_slice(&mantissa[1..]);
        }
        out.push(b'e');
        out.push(if exponent < 0 { b'-' } else { b'+' });
        if exponent.abs() < 10 {
            out.push(b'0');
        }
        push_i64(out, i64::from(exponent.abs()));
    } else if exponent < 0 {
        out.extend_from_slice(b"0.");
        out.extend(std::iter::repeat_n(b'0', (-exponent - 1) as usize));
        out.extend_from_slice(mantissa);
    } else {
        let before = exponent as usize + 1;
        if count <= before {
            out.extend_from_slice(mantissa);
            out.extend(std::iter::repeat_n(b'0', before - count));
        } else {
            out.extend_from_slice(&mantissa[..before]);
            out.push(b'.');
            out.extend_from_slice(&mantissa[before..]);
        }
    }
}

/// Appends a float with exactly so many digits after the point, as C's `%.*f`; special values as [`push_float`].
pub fn push_float_fixed(out: &mut Vec<u8>, x: f64, decimals: usize) {
    if x.is_finite() {
        write!(out, "{x:.decimals$}").expect("writing to memory does not fail");
    } else {
        push_general(out, x, 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn float(x: f64, precision: u8) -> String {
        let mut out = Vec::new();
        push_float(&mut out, x, precision);
        String::from_utf8(out).expect("ascii")
    }

    #[test]
    fn floats_as_the_console_shows_them() {
        for (x, expected) in [
            (1.0 / 3.0, "0.3333333"),
            (1e7, "1e+07"),
            (1e-8, "1e-08"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (6_572_671.0, "6572671"),
            (3e11, "3e+11"),
            (162_754.791_419, "162754.8"),
            (7.58256e-10, "7.58256e-10"),
            (1e-256, "1e-256"),
            (-0.0, "-0"),
            (9_999_999.7, "1e+07"),
            (0.000_099_999_999, "0.0001"),
            (f64::NEG_INFINITY, "-0w"),
            (f64::NAN, "0n"),
            (11.333_333_33, "11.33333"),
            (100.0, "100"),
        ] {
            assert_eq!(float(x, 7), expected);
        }
        assert_eq!(float(1.0 / 3.0, 0), "0.33333333333333331");
        assert_eq!(float(96.1, 0), "96.099999999999994");
        assert_eq!(float(1.0 / 3.0, 18), "0.33333333333333331");
        assert_eq!(float(1e16, 0), "10000000000000000");
        assert_eq!(float(1e17, 0), "1e+17");
        assert_eq!(float(1234.5, 2), "1.2e+03");
    }

    #[test]
    fn reals_have_nine_digits_at_most() {
        let mut out = Vec::new();
        push_real(&mut out, 4.14, 7);
        out.push(b' ');
        push_real(&mut out, 4.14, 0);
        assert_eq!(out, b"4.14 4.13999987");
    }

    #[test]
    fn integers_of_every_length() {
        for x in [
            0,
            7,
            -7,
            10,
            99,
            100,
            -12345,
            i64::MAX,
            i64::MIN,
            1_000_000_007,
        ] {
            let mut out = Vec::new();
            push_i64(&mut out, x);
            assert_eq!(out, x.to_string().as_bytes());
        }
    }

    proptest::proptest! {
        #[test]
        fn the_fast_way_agrees_with_the_exact_one(bits: u64, scale in -30i32..30, digits in 1u8..=9) {
            for x in [f64::from_bits(bits), (bits >> 20) as f64 * 10f64.powi(scale), (bits % 100_000) as f64 / 1000.0] {
                if x.is_finite() && x.fract() != 0.0 {
                    let mut fast = Vec::new();
                    push_general(&mut fast, x, digits);
                    let mut exact = Vec::new();
                    push_exact(&mut exact, x, digits);
                    proptest::prop_assert_eq!(fast, exact);
                }
            }
        }

        #[test]
        fn seventeen_digits_read_back_the_same(bits: u64) {
            let x = f64::from_bits(bits);
            if x.is_finite() {
                proptest::prop_assert_eq!(float(x, 0).parse::<f64>().expect("a number"), x);
            }
        }
    }
}
