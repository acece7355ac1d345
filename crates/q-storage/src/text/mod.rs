//! `0:` and `1:`: tables to delimited text and back, fixed widths, key-value pairs, and binary records; all in memory.
//!
//! The evaluator reads and writes the files; here are only bytes. [`prepare`] makes the lines of a table, [`TextFormat`]
//! is what the left argument of `0:` says, [`TextFormat::parse`] reads by it, [`parse_records`] is `1:`.

mod columns;
mod delimited;
mod fixed;
mod pairs;
mod prepare;
mod records;

pub use prepare::{lines_to_bytes, prepare};
pub use records::{RecordFormat, parse_records};

use q_value::{QError, QResult, Value};

use columns::FieldKind;

/// What the left argument of `0:` says about text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextFormat {
    /// `(types;delimiter)`, `(types;enlist delimiter)` and `(types;delimiter;1)`.
    Delimited(Delimited),
    /// `(types;widths)`.
    Fixed(Fixed),
    /// `"S=;"`.
    Pairs(Pairs),
}

/// Fields with a delimiter between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delimited {
    kinds: Vec<FieldKind>,
    delimiter: u8,
    /// The first line has the names: the result is a table.
    has_header: bool,
    /// Line ends inside quotes belong to the field.
    has_embedded_lines: bool,
}

/// Fields of a width each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fixed {
    kinds: Vec<FieldKind>,
    widths: Vec<usize>,
}

/// Keys and values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pairs {
    key: FieldKind,
    between: u8,
    after: u8,
    /// Record separators inside quotes belong to the value.
    is_quoted: bool,
}

impl TextFormat {
    /// Reads the left argument of `0:`.
    ///
    /// Errors: `'type` when it is none of the three forms, `'length` when types and widths differ in count.
    pub fn from_value(x: &Value) -> QResult<TextFormat> {
        if let Value::Chars(text) = x {
            return Pairs::from_text(text).map(TextFormat::Pairs);
        }
        let items = x.items();
        let (types, second, third) = match items.as_slice() {
            [types, second] => (types, second, None),
            [types, second, third] => (types, second, Some(third)),
            _ => return Err(QError::type_error()),
        };
        let types = types.as_text().ok_or_else(QError::type_error)?;
        let kinds = types
            .iter()
            .map(|letter| FieldKind::from_letter(*letter))
            .collect::<QResult<Vec<FieldKind>>>()?;
        match second {
            Value::Char(_) | Value::Chars(_) => {
                let delimiter = match second.as_text() {
                    Some([delimiter]) => *delimiter,
                    _ => return Err(QError::length()),
                };
                let flag = third.map_or(Some(0), Value::as_i64);
                Ok(TextFormat::Delimited(Delimited {
                    kinds,
                    delimiter,
                    has_header: matches!(second, Value::Chars(_)),
                    has_embedded_lines: flag.ok_or_else(QError::type_error)? != 0,
                }))
            }
            widths => {
                let widths = widths_of(widths)?;
                if widths.len() != kinds.len() {
                    return Err(QError::length());
                }
                Ok(TextFormat::Fixed(Fixed { kinds, widths }))
            }
        }
    }

    /// Reads text by this format: a string, bytes, or a list of strings that are its lines. A string without a line end
    /// gives atoms in place of columns.
    ///
    /// Errors: `'type` for other values, `'length` when the header has fewer names than there are types.
    pub fn parse(&self, y: &Value) -> QResult<Value> {
        match y {
            Value::Chars(_) | Value::Char(_) => {
                let text = y.as_text().ok_or_else(QError::type_error)?;
                let is_one_line = !text.contains(&b'\n');
                self.parse_bytes(text, is_one_line)
            }
            Value::Bytes(bytes) => self.parse_bytes(bytes, false),
            Value::List(lines) => {
                let mut text = Vec::new();
                for line in lines.iter() {
                    text.extend_from_slice(line.as_text().ok_or_else(QError::type_error)?);
                    text.push(b'\n');
                }
                self.parse_bytes(&text, false)
            }
            _ => Err(QError::type_error()),
        }
    }

    /// As [`TextFormat::parse`] for the bytes of a file.
    ///
    /// Errors: as there.
    pub fn parse_file(&self, bytes: &[u8]) -> QResult<Value> {
        self.parse_bytes(bytes, false)
    }

    fn parse_bytes(&self, text: &[u8], is_one_line: bool) -> QResult<Value> {
        match self {
            TextFormat::Delimited(format) => {
                let parsed = delimited::parse(format, text)?;
                Ok(if is_one_line && !format.has_header {
                    first_items(parsed)
                } else {
                    parsed
                })
            }
            TextFormat::Fixed(format) => {
                let parsed = fixed::parse(format, text);
                Ok(if is_one_line {
                    first_items(parsed)
                } else {
                    parsed
                })
            }
            TextFormat::Pairs(format) => pairs::parse(format, text),
        }
    }
}

/// The first item of each column.
fn first_items(columns: Value) -> Value {
    let items = columns
        .items()
        .iter()
        .map(|column| column.item(0).unwrap_or(Value::Identity))
        .collect();
    Value::from_items(items)
}

/// Widths as an integer atom or vector gives them.
fn widths_of(value: &Value) -> QResult<Vec<usize>> {
    value
        .items()
        .iter()
        .map(|width| {
            let width = width.as_i64().ok_or_else(QError::type_error)?;
            usize::try_from(width).map_err(|_| QError::domain())
        })
        .collect()
}

#[cfg(test)]
mod tests;
