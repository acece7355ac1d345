//! `sv`: strings, symbols, paths and numbers from their parts.

use q_value::{QError, QResult, Symbol, Value};

use crate::enumeration;
use crate::text::{bits, radix};

/// `x sv y`, by the left argument: a string joins strings; the null symbol joins symbols by dots, or by slashes when the
/// first is a handle, and strings into lines; `0x0` makes a number of bytes, `0b` of bits; other bytes join byte vectors; an
/// integer makes the number of digits in that base, a list of integers in those bases.
///
/// Errors: `'type` when `y` cannot be joined so, `'length` when there are not as many bases as digits or no number has so
/// many bytes or bits.
pub fn sv(x: Value, y: Value) -> QResult<Value> {
    match &x {
        Value::Char(_) | Value::Chars(_) => {
            let separator = x.as_text().ok_or_else(QError::type_error)?;
            join_strings(separator, &y)
        }
        Value::Symbol(symbol) if symbol.is_null() => by_null_symbol(y),
        Value::Byte(_) | Value::Bytes(_) => by_bytes(&x, &y),
        Value::Boolean(_) => match &y {
            Value::Booleans(bits) => bits::number_of_bits(bits),
            _ => Err(QError::type_error()),
        },
        _ if y.is_list() => radix::number(&x, &y),
        _ => Err(QError::type_error()),
    }
}

fn join_strings(separator: &[u8], y: &Value) -> QResult<Value> {
    let mut out = Vec::new();
    match y {
        Value::Chars(text) => {
            for (at, c) in text.iter().enumerate() {
                if at > 0 {
                    out.extend_from_slice(separator);
                }
                out.push(*c);
            }
        }
        Value::List(items) => {
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.extend_from_slice(separator);
                }
                out.extend_from_slice(item.as_text().ok_or_else(QError::type_error)?);
            }
        }
        _ => return Err(QError::type_error()),
    }
    Ok(Value::Chars(out.into()))
}

fn by_null_symbol(y: Value) -> QResult<Value> {
    match enumeration::resolve(y) {
        Value::Symbol(symbol) => Ok(Value::Symbol(symbol)),
        Value::Symbols(symbols) => Ok(Value::Symbol(join_symbols(&symbols))),
        Value::List(items) => {
            let mut out = Vec::new();
            for item in items.iter() {
                out.extend_from_slice(item.as_text().ok_or_else(QError::type_error)?);
                out.push(b'\n');
            }
            Ok(Value::Chars(out.into()))
        }
        _ => Err(QError::type_error()),
    }
}

fn join_symbols(symbols: &[Symbol]) -> Symbol {
    let is_path = symbols
        .first()
        .is_some_and(|first| first.as_bytes().first() == Some(&b':'));
    let separator = if is_path { b'/' } else { b'.' };
    let mut out: Vec<u8> = Vec::new();
    for (at, symbol) in symbols.iter().enumerate() {
        if at > 0 && !(is_path && out.last() == Some(&b'/')) {
            out.push(separator);
        }
        out.extend_from_slice(symbol.as_bytes());
    }
    Symbol::new(out)
}

fn by_bytes(x: &Value, y: &Value) -> QResult<Value> {
    let separator: &[u8] = match x {
        Value::Byte(byte) => std::slice::from_ref(byte),
        Value::Bytes(bytes) => bytes,
        _ => return Err(QError::type_error()),
    };
    match y {
        Value::Bytes(bytes) if separator == [0] => bits::number_of_bytes(bytes),
        Value::List(items) => {
            let mut out = Vec::new();
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.extend_from_slice(separator);
                }
                match item {
                    Value::Bytes(bytes) => out.extend_from_slice(bytes),
                    Value::Byte(byte) => out.push(*byte),
                    _ => return Err(QError::type_error()),
                }
            }
            Ok(Value::Bytes(out.into()))
        }
        _ => Err(QError::type_error()),
    }
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

    fn strings(items: &[&str]) -> Value {
        Value::list(items.iter().map(Value::string).collect())
    }

    fn longs(items: &[i64]) -> Value {
        Value::Longs(items.to_vec().into())
    }

    fn bytes(items: &[u8]) -> Value {
        Value::Bytes(items.to_vec().into())
    }

    #[test]
    fn strings_and_symbols() {
        let three = || strings(&["one", "two", "three"]);
        assert_eq!(shown(sv(Value::Char(b','), three())), "\"one,two,three\"");
        assert_eq!(
            shown(sv(Value::string(", "), three())),
            "\"one, two, three\""
        );
        assert_eq!(shown(sv(Value::Char(b','), Value::string("ab"))), "\"a,b\"");
        assert_eq!(shown(sv(Value::Char(b','), Value::empty_list())), "\"\"");
        assert_eq!(
            shown(sv(Value::symbol(""), three())),
            "\"one\\ntwo\\nthree\\n\""
        );
        assert_eq!(
            shown(sv(
                Value::symbol(""),
                Value::symbols(["quick", "brown", "fox"])
            )),
            "`quick.brown.fox"
        );
        assert_eq!(
            shown(sv(
                Value::symbol(""),
                Value::symbols([":/db", "2010.03.22", "trade", ""])
            )),
            "`:/db/2010.03.22/trade/"
        );
        assert_eq!(
            shown(sv(Value::symbol(""), Value::symbols([":/db/", "t"]))),
            "`:/db/t"
        );
        assert_eq!(shown(sv(Value::Char(b','), longs(&[1]))), "'type");
    }

    #[test]
    fn numbers() {
        assert_eq!(shown(sv(Value::Long(10), longs(&[2, 3, 5, 7]))), "2357");
        assert_eq!(
            shown(sv(longs(&[0, 24, 60, 60]), longs(&[2, 3, 5, 7]))),
            "183907"
        );
        assert_eq!(shown(sv(longs(&[24, 60]), longs(&[2, 3, 5]))), "'length");
        assert_eq!(
            shown(sv(Value::Long(256), longs(&[0, 1, 2, 3, 4, 5, 6, 7]))),
            "283686952306183"
        );
        assert_eq!(shown(sv(Value::Byte(0), bytes(&[128, 255]))), "-32513h");
        assert_eq!(
            shown(sv(Value::Byte(0), bytes(&[0, 64, 128, 255]))),
            "4227327i"
        );
        assert_eq!(
            shown(sv(Value::Byte(0), bytes(&[0, 1, 2, 3, 4, 5, 6, 7]))),
            "283686952306183"
        );
        assert_eq!(shown(sv(Value::Byte(0), bytes(&[0, 1, 2]))), "'length");
        let bits = |count: usize| Value::Booleans(vec![true; count].into());
        assert_eq!(shown(sv(Value::Boolean(false), bits(64))), "-1");
        assert_eq!(shown(sv(Value::Boolean(false), bits(32))), "-1i");
        assert_eq!(shown(sv(Value::Boolean(false), bits(8))), "0xff");
    }

    #[test]
    fn byte_vectors() {
        let parts = || Value::list(vec![bytes(&[1]), bytes(&[1]), bytes(&[1])]);
        assert_eq!(shown(sv(Value::Byte(2), parts())), "0x0102010201");
        assert_eq!(shown(sv(bytes(&[2, 3]), parts())), "0x01020301020301");
    }

    #[test]
    fn digits_may_be_vectors() {
        let rows = Value::list(vec![longs(&[1, 0]), longs(&[2, 7])]);
        assert_eq!(shown(sv(Value::Long(10), rows)), "12 7");
    }
}
