//! Tables and lists of columns to lines of delimited text.

use q_kernels::text::csv;
use q_value::format::{EnumItems, push_plain_atom, push_plain_item, settings};
use q_value::{QError, QResult, Symbol, Type, Value};

/// `delimiter 0: y`: a table as lines of text with the names first, or a list of columns as lines without them. Dates are
/// written with dashes; fields with the delimiter, quotes or line ends stand between quotes.
///
/// Errors: `'type` for other values and for items that are neither atoms nor strings, `'length` when columns differ in
/// count.
pub fn prepare(delimiter: u8, y: &Value) -> QResult<Value> {
    let mut lines = Vec::new();
    let columns = match y {
        Value::Table(table) => {
            lines.push(header(delimiter, &table.names));
            table.columns.clone()
        }
        Value::List(columns) => columns.to_vec(),
        _ => return Err(QError::type_error()),
    };
    let count = columns
        .iter()
        .find(|column| column.is_list())
        .map_or(1, Value::count);
    if columns
        .iter()
        .any(|column| column.is_list() && column.count() != count)
    {
        return Err(QError::length());
    }
    let mut writers = columns
        .iter()
        .map(|column| ColumnWriter::new(column, delimiter))
        .collect::<QResult<Vec<ColumnWriter>>>()?;
    let mut line = Vec::new();
    for row in 0..count {
        line.clear();
        for (at, writer) in writers.iter_mut().enumerate() {
            if at > 0 {
                line.push(delimiter);
            }
            writer.push(&mut line, row)?;
        }
        lines.push(Value::string(&line));
    }
    Ok(Value::list(lines))
}

fn header(delimiter: u8, names: &[Symbol]) -> Value {
    let mut line = Vec::new();
    for (at, name) in names.iter().enumerate() {
        if at > 0 {
            line.push(delimiter);
        }
        csv::push_field(&mut line, name.as_bytes(), delimiter);
    }
    Value::Chars(line.into())
}

struct ColumnWriter<'a> {
    column: &'a Value,
    ty: Option<Type>,
    items: Option<EnumItems>,
    delimiter: u8,
    precision: u8,
    scratch: Vec<u8>,
}

impl<'a> ColumnWriter<'a> {
    fn new(column: &'a Value, delimiter: u8) -> QResult<ColumnWriter<'a>> {
        if !column.is_list() && !column.is_atom() {
            return Err(QError::type_error());
        }
        let items = match column {
            Value::Enums(vector) => Some(EnumItems::of(vector.domain)),
            _ => None,
        };
        Ok(ColumnWriter {
            column,
            ty: column.basic_type(),
            items,
            delimiter,
            precision: settings::precision(),
            scratch: Vec::new(),
        })
    }

    fn push(&mut self, line: &mut Vec<u8>, row: usize) -> QResult<()> {
        self.scratch.clear();
        let ty = match self.column {
            Value::List(items) => {
                let item = &items[row];
                match item {
                    Value::Chars(text) => self.scratch.extend_from_slice(text),
                    Value::Identity => {}
                    atom if atom.is_atom() => {
                        push_plain_atom(&mut self.scratch, atom, self.precision);
                    }
                    _ => return Err(QError::type_error()),
                }
                item.basic_type()
            }
            Value::Enums(vector) => {
                if let Some(items) = &self.items {
                    items.push_plain(&mut self.scratch, vector.indices[row], self.precision);
                }
                self.ty
            }
            atom if atom.is_atom() => {
                push_plain_atom(&mut self.scratch, atom, self.precision);
                self.ty
            }
            vector => {
                push_plain_item(&mut self.scratch, vector, row, self.precision);
                self.ty
            }
        };
        match ty {
            Some(Type::Symbol | Type::Char) => {
                csv::push_field(line, &self.scratch, self.delimiter);
            }
            Some(Type::Date | Type::Month | Type::Timestamp | Type::Datetime) => {
                for c in self.scratch.iter_mut().take(8).filter(|c| **c == b'.') {
                    *c = b'-';
                }
                line.extend_from_slice(&self.scratch);
            }
            _ => line.extend_from_slice(&self.scratch),
        }
        Ok(())
    }
}

/// The bytes of a text file with these lines, each with its end.
///
/// Errors: `'type` unless `lines` is a list of strings.
pub fn lines_to_bytes(lines: &Value) -> QResult<Vec<u8>> {
    let mut out = Vec::new();
    let Value::List(lines) = lines else {
        return Err(QError::type_error());
    };
    for line in lines.iter() {
        out.extend_from_slice(line.as_text().ok_or_else(QError::type_error)?);
        out.push(b'\n');
    }
    Ok(out)
}
