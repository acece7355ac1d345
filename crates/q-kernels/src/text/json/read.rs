//! JSON to values.

use q_value::{QError, QResult, Symbol, Value};

use crate::text::parse;

/// Arrays and objects inside each other; more are refused before the stack is in danger.
pub const JSON_DEPTH_MAX: usize = 256;

/// The value of a JSON text: numbers as floats, `null` as the null float, strings as strings, arrays as lists (a table when
/// all items are objects with the same names), objects as dictionaries by symbol.
///
/// Errors: what was expected and at which byte, for text that is no JSON.
pub fn from_json(text: &[u8]) -> QResult<Value> {
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(0)?;
    reader.skip_blanks();
    if reader.at < text.len() {
        return Err(reader.expected("the end"));
    }
    Ok(value)
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn expected(&self, what: &str) -> QError {
        QError::signal(format!("json: expected {what} at byte {}", self.at))
    }

    fn skip_blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.text.get(self.at) {
            self.at += 1;
        }
    }

    /// The next byte that is no blank, left in place.
    fn peek(&mut self) -> Option<u8> {
        self.skip_blanks();
        self.text.get(self.at).copied()
    }

    fn value(&mut self, depth: usize) -> QResult<Value> {
        if depth > JSON_DEPTH_MAX {
            return Err(QError::limit());
        }
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => Ok(Value::Chars(self.string()?.into())),
            Some(b't') => self.word(b"true", Value::Boolean(true)),
            Some(b'f') => self.word(b"false", Value::Boolean(false)),
            Some(b'n') => self.word(b"null", Value::Float(f64::NAN)),
            Some(b'-' | b'0'..=b'9' | b'i') => self.number(),
            _ => Err(self.expected("a value")),
        }
    }

    fn word(&mut self, word: &[u8], value: Value) -> QResult<Value> {
        if self.text[self.at..].starts_with(word) {
            self.at += word.len();
            Ok(value)
        } else {
            Err(self.expected("a value"))
        }
    }

    fn number(&mut self) -> QResult<Value> {
        let rest = &self.text[self.at..];
        for (word, x) in [
            (&b"inf"[..], f64::INFINITY),
            (&b"-inf"[..], f64::NEG_INFINITY),
        ] {
            if rest.starts_with(word) {
                self.at += word.len();
                return Ok(Value::Float(x));
            }
        }
        let length = rest
            .iter()
            .take_while(|c| c.is_ascii_digit() || matches!(c, b'-' | b'+' | b'.' | b'e' | b'E'))
            .count();
        let x = parse::float(&rest[..length]);
        if x.is_nan() {
            return Err(self.expected("a number"));
        }
        self.at += length;
        Ok(Value::Float(x))
    }

    fn string(&mut self) -> QResult<Vec<u8>> {
        self.at += 1;
        let mut out = Vec::new();
        loop {
            let rest = &self.text[self.at..];
            let length = rest
                .iter()
                .position(|c| matches!(c, b'"' | b'\\'))
                .ok_or_else(|| self.expected("a closing quote"))?;
            out.extend_from_slice(&rest[..length]);
            self.at += length + 1;
            if rest[length] == b'"' {
                return Ok(out);
            }
            self.escape(&mut out)?;
        }
    }

    fn escape(&mut self, out: &mut Vec<u8>) -> QResult<()> {
        let c = *self
            .text
            .get(self.at)
            .ok_or_else(|| self.expected("an escape"))?;
        self.at += 1;
        out.push(match c {
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            b'b' => 8,
            b'f' => 12,
            b'"' | b'\\' | b'/' => c,
            b'u' => {
                let mut code = self.hex_unit()?;
                if (0xd800..0xdc00).contains(&code) && self.text[self.at..].starts_with(b"\\u") {
                    let start = self.at;
                    self.at += 2;
                    let low = self.hex_unit()?;
                    if (0xdc00..0xe000).contains(&low) {
                        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
                    } else {
                        self.at = start;
                    }
                }
                let c = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                return Ok(());
            }
            _ => return Err(self.expected("an escape")),
        });
        Ok(())
    }

    fn hex_unit(&mut self) -> QResult<u32> {
        let digits = self
            .text
            .get(self.at..self.at + 4)
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .filter(|digits| digits.bytes().all(|c| c.is_ascii_hexdigit()))
            .ok_or_else(|| self.expected("four hexadecimal digits"))?;
        let code = u32::from_str_radix(digits, 16).map_err(|_| self.expected("digits"))?;
        self.at += 4;
        Ok(code)
    }

    fn array(&mut self, depth: usize) -> QResult<Value> {
        self.at += 1;
        let mut items = Vec::new();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Value::empty_list());
        }
        loop {
            items.push(self.value(depth + 1)?);
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(Value::from_items(items));
                }
                _ => return Err(self.expected("',' or ']'")),
            }
        }
    }

    fn object(&mut self, depth: usize) -> QResult<Value> {
        self.at += 1;
        let mut keys = Vec::new();
        let mut values = Vec::new();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Value::dict(
                Value::Symbols(keys.into()),
                Value::empty_list(),
            ));
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.expected("a name"));
            }
            keys.push(Symbol::new(self.string()?));
            if self.peek() != Some(b':') {
                return Err(self.expected("':'"));
            }
            self.at += 1;
            values.push(self.value(depth + 1)?);
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Value::dict(
                        Value::Symbols(keys.into()),
                        Value::from_items(values),
                    ));
                }
                _ => return Err(self.expected("',' or '}'")),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use q_value::display::k_text;

    fn shown(text: &str) -> String {
        match from_json(text.as_bytes()) {
            Ok(value) => String::from_utf8(k_text(&value, 7)).expect("ascii"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn values() {
        assert_eq!(shown("[0, 1.5, null, -2e3]"), "0 1.5 0n -2000");
        assert_eq!(
            shown("{\"a\":[0,1],\"b\":[\"hello\",\"world\"]}"),
            "`a`b!(0 1f;(\"hello\";\"world\"))"
        );
        assert_eq!(
            shown("[{\"a\":1,\"b\":\"x\"},{\"a\":2,\"b\":\"yz\"}]"),
            "+`a`b!(1 2f;(,\"x\";\"yz\"))"
        );
        assert_eq!(shown("[true,false]"), "10b");
        assert_eq!(shown("[]"), "()");
        assert_eq!(shown(" {} "), "(`symbol$())!()");
        assert_eq!(
            shown("\"a\\u00e9\\n\\ud83d\\ude00\""),
            "\"a\\303\\251\\n\\360\\237\\230\\200\""
        );
        assert_eq!(shown("{\"foo\":\"bar\"}"), "(,`foo)!,\"bar\"");
        assert_eq!(shown("[1,\"a\"]"), "(1f;,\"a\")");
    }

    #[test]
    fn what_is_wrong_and_where() {
        assert_eq!(shown("[1,"), "'json: expected a value at byte 3");
        assert_eq!(shown("{a:1}"), "'json: expected a name at byte 1");
        assert_eq!(shown("1 2"), "'json: expected the end at byte 2");
        assert_eq!(shown("\"abc"), "'json: expected a closing quote at byte 1");
        assert_eq!(shown(&"[".repeat(100_000)), "'limit");
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(text: Vec<u8>) {
            let _ = from_json(&text);
        }
    }
}
