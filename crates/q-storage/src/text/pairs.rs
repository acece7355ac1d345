//! Key-value text: `"S=;"0:"one=1;two=2"`.

use q_value::format::settings;
use q_value::{QError, QResult, Value};

use super::Pairs;
use super::columns::{Column, FieldKind};

impl Pairs {
    /// Key type, the char between key and value, an optional `*` for quoted values, the char after each pair.
    ///
    /// Errors: `'IJS` for another key type than `I`, `J` or `S`, `'length` for another count of chars.
    pub(super) fn from_text(text: &[u8]) -> QResult<Pairs> {
        let (key, between, is_quoted, after) = match *text {
            [key, between, after] => (key, between, false, after),
            [key, between, b'*', after] => (key, between, true, after),
            _ => return Err(QError::length()),
        };
        if !b"IJS".contains(&key) {
            return Err(QError::new("IJS"));
        }
        Ok(Pairs {
            key: FieldKind::from_letter(key)?,
            between,
            after,
            is_quoted,
        })
    }
}

/// Keys and values as two lists; values are strings.
pub(super) fn parse(format: &Pairs, text: &[u8]) -> QResult<Value> {
    let mut keys = Column::new(format.key, settings::date_order());
    let mut values = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (pair, others) = split_pair(format, rest);
        rest = others;
        if pair.is_empty() {
            continue;
        }
        let (key, value) = match memchr::memchr(format.between, pair) {
            Some(at) => (&pair[..at], &pair[at + 1..]),
            None => (pair, &[][..]),
        };
        keys.push(key);
        let value = match value {
            [b'"', inside @ .., b'"'] if format.is_quoted => inside,
            value => value,
        };
        values.push(Value::string(value));
    }
    let keys = keys.finish().ok_or_else(QError::type_error)?;
    Ok(Value::list(vec![keys, Value::list(values)]))
}

fn split_pair<'a>(format: &Pairs, text: &'a [u8]) -> (&'a [u8], &'a [u8]) {
    let mut in_quotes = false;
    let end = text.iter().position(|c| {
        in_quotes ^= format.is_quoted && *c == b'"';
        *c == format.after && !in_quotes
    });
    match end {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, &[]),
    }
}
