//! `vs`: parts of strings, symbols, paths and numbers.

use memchr::memmem;
use q_value::{QError, QResult, Symbol, Value, Vector};

use crate::text::{bits, radix};

/// `x vs y`, by the left argument: a string splits a string (or bytes) at it; the null symbol splits symbols at dots,
/// handles into folder and file, strings into lines; `0x0` gives the bytes of a number and `0b` its bits; other bytes split
/// bytes; an integer gives the digits in that base, a list of integers in those bases.
///
/// Errors: `'type` when `y` has no such parts, `'length` for an empty separator.
pub fn vs(x: Value, y: Value) -> QResult<Value> {
    match &x {
        Value::Char(_) | Value::Chars(_) => {
            let separator = x.as_text().ok_or_else(QError::type_error)?;
            let text = text_or_bytes(&y).ok_or_else(QError::type_error)?;
            let parts = parts(text, separator)?;
            Ok(Value::list(parts.into_iter().map(Value::string).collect()))
        }
        Value::Symbol(symbol) if symbol.is_null() => by_null_symbol(&y),
        Value::Byte(_) | Value::Bytes(_) => by_bytes(&x, &y),
        Value::Boolean(_) => each_atom(&y, &|atom| {
            let bits = bits::bits_of(atom).ok_or_else(QError::type_error)?;
            Ok(Value::Booleans(bits.into()))
        }),
        Value::Short(_)
        | Value::Int(_)
        | Value::Long(_)
        | Value::Shorts(_)
        | Value::Ints(_)
        | Value::Longs(_) => radix::digits(&x, &y),
        _ => Err(QError::type_error()),
    }
}

fn text_or_bytes(y: &Value) -> Option<&[u8]> {
    match y {
        Value::Bytes(bytes) => Some(bytes),
        y => y.as_text(),
    }
}

/// The parts of a text between separators, empty ones included.
pub(super) fn parts<'a>(text: &'a [u8], separator: &[u8]) -> QResult<Vec<&'a [u8]>> {
    if separator.is_empty() {
        return Err(QError::length());
    }
    let mut parts = Vec::new();
    let mut start = 0;
    match separator {
        [one] => {
            for at in memchr::memchr_iter(*one, text) {
                parts.push(&text[start..at]);
                start = at + 1;
            }
        }
        separator => {
            for at in memmem::find_iter(text, separator) {
                parts.push(&text[start..at]);
                start = at + separator.len();
            }
        }
    }
    parts.push(&text[start..]);
    Ok(parts)
}

fn by_null_symbol(y: &Value) -> QResult<Value> {
    match y {
        Value::Symbol(symbol) => Ok(Value::Symbols(symbol_parts(*symbol))),
        y => {
            let text = text_or_bytes(y).ok_or_else(QError::type_error)?;
            Ok(Value::list(lines(text).map(Value::string).collect()))
        }
    }
}

/// Folder and file of a handle, else what stands between dots.
fn symbol_parts(symbol: Symbol) -> Vector<Symbol> {
    let text = symbol.as_bytes();
    if text.first() == Some(&b':') {
        return match text.iter().rposition(|c| *c == b'/') {
            Some(at) => vec![Symbol::new(&text[..at]), Symbol::new(&text[at + 1..])].into(),
            None => vec![Symbol::new(":"), Symbol::new(&text[1..])].into(),
        };
    }
    text.split(|c| *c == b'.').map(Symbol::new).collect()
}

/// The lines of a text, without their ends `\n` or `\r\n`; what follows the last one only when it is not empty.
pub fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let body = text.strip_suffix(b"\n").unwrap_or(text);
    let mut rest = (!text.is_empty()).then_some(body);
    std::iter::from_fn(move || {
        let text = rest?;
        let line = match memchr::memchr(b'\n', text) {
            Some(at) => {
                rest = Some(&text[at + 1..]);
                &text[..at]
            }
            None => {
                rest = None;
                text
            }
        };
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    })
}

fn by_bytes(x: &Value, y: &Value) -> QResult<Value> {
    let separator: &[u8] = match x {
        Value::Byte(byte) => std::slice::from_ref(byte),
        Value::Bytes(bytes) => bytes,
        _ => return Err(QError::type_error()),
    };
    if let Some(bytes) = text_or_bytes(y).filter(|_| matches!(y, Value::Bytes(_) | Value::Chars(_)))
    {
        let parts = parts(bytes, separator)?;
        return Ok(Value::list(
            parts
                .into_iter()
                .map(|part| Value::Bytes(part.to_vec().into()))
                .collect(),
        ));
    }
    if let [base @ 2..=255] = separator {
        return each_atom(y, &|atom| {
            let number = atom.as_i64().ok_or_else(QError::type_error)?;
            Ok(Value::Bytes(radix::byte_digits(number, *base).into()))
        });
    }
    each_atom(y, &|atom| {
        let bytes = bits::bytes_of(atom).ok_or_else(QError::type_error)?;
        Ok(Value::Bytes(bytes.into()))
    })
}

fn each_atom(y: &Value, of: &dyn Fn(&Value) -> QResult<Value>) -> QResult<Value> {
    if y.is_atom() {
        return of(y);
    }
    if !y.is_list() {
        return Err(QError::type_error());
    }
    let items: QResult<Vec<Value>> = y.items().iter().map(|item| each_atom(item, of)).collect();
    Ok(Value::list(items?))
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

    fn text(text: &str) -> Value {
        Value::string(text)
    }

    fn bytes(bytes: &[u8]) -> Value {
        Value::Bytes(bytes.to_vec().into())
    }

    #[test]
    fn strings() {
        assert_eq!(
            shown(vs(Value::Char(b','), text("one,two"))),
            "(\"one\";\"two\")"
        );
        assert_eq!(
            shown(vs(text(", "), text("a, b, c"))),
            "(,\"a\";,\"b\";,\"c\")"
        );
        assert_eq!(shown(vs(text("|"), text("red||"))), "(\"red\";\"\";\"\")");
        assert_eq!(shown(vs(text(","), text(""))), ",\"\"");
        assert_eq!(shown(vs(text(""), text("a"))), "'length");
        assert_eq!(shown(vs(text(" "), bytes(b"a b"))), "(,\"a\";,\"b\")");
        assert_eq!(shown(vs(text(","), Value::Long(1))), "'type");
    }

    #[test]
    fn null_symbol() {
        let null = || Value::symbol("");
        for source in ["abc\ndef", "abc\r\ndef", "abc\ndef\n"] {
            assert_eq!(shown(vs(null(), text(source))), "(\"abc\";\"def\")");
        }
        assert_eq!(shown(vs(null(), text(""))), "()");
        assert_eq!(
            shown(vs(null(), text("a\n\nb\n\n"))),
            "(,\"a\";\"\";,\"b\";\"\")"
        );
        assert_eq!(
            shown(vs(null(), Value::symbol("mywork.dat"))),
            "`mywork`dat"
        );
        assert_eq!(
            shown(vs(null(), Value::symbol(":/data/mywork.dat"))),
            "`:/data`mywork.dat"
        );
    }

    #[test]
    fn bytes_and_bits() {
        let zero = || Value::Byte(0);
        assert_eq!(shown(vs(zero(), Value::Short(2413))), "0x096d");
        assert_eq!(shown(vs(zero(), Value::Int(2413))), "0x0000096d");
        assert_eq!(shown(vs(zero(), Value::Real(2413.0))), "0x4516d000");
        assert_eq!(
            shown(vs(zero(), Value::Float(2413.0))),
            "0x40a2da0000000000"
        );
        assert_eq!(
            shown(vs(Value::Byte(2), bytes(&[1, 2, 1, 2, 1]))),
            "(,0x01;,0x01;,0x01)"
        );
        assert_eq!(
            shown(vs(bytes(&[2, 3]), bytes(&[0, 1, 2, 3, 4, 5]))),
            "(0x0001;0x0405)"
        );
        assert_eq!(
            shown(vs(Value::Boolean(false), Value::Short(23173))),
            "0101101010000101b"
        );
    }

    #[test]
    fn digits() {
        let ten = || Value::Long(10);
        assert_eq!(shown(vs(ten(), Value::Long(1995))), "1 9 9 5");
        assert_eq!(shown(vs(ten(), Value::Long(0))), ",0");
        assert_eq!(shown(vs(Value::Long(2), Value::Long(9))), "1 0 0 1");
        assert_eq!(
            shown(vs(Value::Longs(vec![24, 60, 60].into()), Value::Long(3805))),
            "1 3 25"
        );
        assert_eq!(
            shown(vs(
                ten(),
                Value::list(vec![Value::Long(1995), Value::Longs(vec![996, 7].into())])
            )),
            "(1 0 0;9 9 0;9 9 0;5 6 7)"
        );
        assert_eq!(
            shown(vs(Value::Long(1000), Value::Long(12_345_678))),
            "12 345 678"
        );
        assert_eq!(shown(vs(Value::Long(1), Value::Long(5))), "'domain");
        assert_eq!(shown(vs(ten(), Value::Long(i64::MIN))), ",0N");
        assert_eq!(shown(vs(ten(), text("a"))), "'type");
    }
}
