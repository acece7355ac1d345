//! Numbers with a fixed count of decimals: `.Q.f`, `.Q.fmt` and `-27!`.

use q_value::format::push_float;
use q_value::format::settings::precision;
use q_value::{QError, QResult, Type, Value};

use crate::text::cast::cast_to;

/// Most digits after the point that make sense.
const DECIMALS_MAX: i64 = 400;

/// `.Q.f[n;y]`: floats with `n` decimals as strings, one per item at any depth. Halves go up; nulls are empty, and what is
/// too large for so many digits is as the console shows it (`ref/dotq`).
///
/// Errors: `'type` when `n` is no integer or `y` no number, `'domain` when `n` is negative or huge.
pub fn decimals(n: Value, y: Value) -> QResult<Value> {
    let digits = n.as_i64().ok_or_else(QError::type_error)?;
    if !(0..=DECIMALS_MAX).contains(&digits) {
        return Err(QError::domain());
    }
    texts(digits as usize, y)
}

fn texts(digits: usize, y: Value) -> QResult<Value> {
    let text = |x: f64| Value::Chars(fixed(x, digits).into());
    match y {
        Value::List(items) => {
            let items: QResult<Vec<Value>> = items
                .into_vec()
                .into_iter()
                .map(|item| texts(digits, item))
                .collect();
            Ok(Value::list(items?))
        }
        Value::Dict(dict) => Ok(Value::dict(
            dict.keys.clone(),
            texts(digits, dict.values.clone())?,
        )),
        y => match cast_to(Type::Float, y)? {
            Value::Float(x) => Ok(text(x)),
            Value::Floats(v) => Ok(Value::list(v.iter().map(|x| text(*x)).collect())),
            _ => Err(QError::type_error()),
        },
    }
}

/// Most that the digits of a number may be as one integer.
const SCALED_MAX: f64 = 1e17;

fn fixed(x: f64, digits: usize) -> Vec<u8> {
    if x.is_nan() {
        return Vec::new();
    }
    // below one the rounding is that of the number ten higher
    let size = x.abs();
    let shift = if size < 1.0 { 10.0 } else { 0.0 };
    let scaled = (size + shift) * 10f64.powi(i32::try_from(digits).unwrap_or(i32::MAX));
    let mut out = Vec::new();
    if scaled >= SCALED_MAX {
        push_float(&mut out, x, precision());
        return out;
    }
    let rounded = format!(
        "{:0width$}",
        (scaled + 0.5).floor() as i64,
        width = digits + 1
    );
    let (whole, decimals) = rounded.split_at(rounded.len() - digits);
    let whole = if shift > 0.0 { &whole[1..] } else { whole };
    if x < 0.0 {
        out.push(b'-');
    }
    out.extend_from_slice(whole.as_bytes());
    if digits > 0 {
        out.push(b'.');
        out.extend_from_slice(decimals.as_bytes());
    }
    out
}

/// `.Q.fmt[w;n;y]`: a number with `n` decimals, blanks before it up to `w` chars; `w` stars when it is longer.
///
/// Errors: as [`decimals`], and `'domain` when `w` is negative or huge.
pub fn padded_decimals(w: Value, n: Value, y: Value) -> QResult<Value> {
    let width = w.as_i64().ok_or_else(QError::type_error)?;
    let width = usize::try_from(width)
        .ok()
        .filter(|width| *width <= 1 << 20)
        .ok_or_else(QError::domain)?;
    fn padded(width: usize, text: Value) -> Value {
        match text {
            Value::Chars(text) if text.len() > width => Value::string(vec![b'*'; width]),
            Value::Chars(text) => {
                let mut out = vec![b' '; width - text.len()];
                out.extend_from_slice(&text);
                Value::Chars(out.into())
            }
            Value::List(items) => Value::list(
                items
                    .iter()
                    .map(|item| padded(width, item.clone()))
                    .collect(),
            ),
            other => other,
        }
    }
    Ok(padded(width, decimals(n, y)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use q_value::display::k_text;

    fn shown(result: QResult<Value>) -> String {
        match result {
            Ok(value) => String::from_utf8(k_text(&value, 7)).expect("ascii"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn decimals_and_width() {
        assert_eq!(
            shown(decimals(Value::Long(2), Value::Float(1.2345))),
            "\"1.23\""
        );
        assert_eq!(
            shown(decimals(
                Value::Int(1),
                Value::Floats(vec![1.0, -2.25, f64::NAN].into())
            )),
            "(\"1.0\";\"-2.3\";\"\")"
        );
        assert_eq!(shown(decimals(Value::Long(0), Value::Long(7))), ",\"7\"");
        assert_eq!(shown(decimals(Value::Long(-1), Value::Long(7))), "'domain");
        assert_eq!(
            shown(padded_decimals(
                Value::Long(8),
                Value::Long(2),
                Value::Float(3.456)
            )),
            "\"    3.46\""
        );
        assert_eq!(
            shown(padded_decimals(
                Value::Long(3),
                Value::Long(2),
                Value::Float(123.456)
            )),
            "\"***\""
        );
    }
}
