//! The layout of the console.

use super::DisplaySettings;
use super::cells::{self, Column, character_count};
use super::literal::push_k_text_until;
use crate::{Dict, Partitioned, Table, Value, Vector};

/// What the console prints for a value, every line with its line end: empty for `::` and for an empty dictionary.
pub fn console(value: &Value, settings: &DisplaySettings) -> Vec<u8> {
    let layout = Layout {
        lines_max: settings.lines_shown(),
        width_max: settings.line_width(),
        precision: settings.precision,
    };
    let block = layout.value(value);
    let mut out = Vec::new();
    for line in &block.lines {
        push_cut(&mut out, line, layout.width_max);
        out.push(b'\n');
    }
    if block.is_cut {
        out.extend_from_slice(b"..\n");
    }
    out
}

/// Appends a line, cut to `width` characters of which the last two are then `..`.
fn push_cut(out: &mut Vec<u8>, line: &[u8], width: usize) {
    if character_count(line) <= width {
        out.extend_from_slice(line);
        return;
    }
    let mut characters = 0;
    let end = line
        .iter()
        .position(|byte| {
            characters += usize::from(byte & 0xc0 != 0x80);
            characters > width.saturating_sub(2)
        })
        .unwrap_or(line.len());
    out.extend_from_slice(&line[..end]);
    out.extend_from_slice(b"..");
}

/// Lines of text, and whether more would follow.
struct Block {
    lines: Vec<Vec<u8>>,
    is_cut: bool,
}

struct Layout {
    lines_max: usize,
    width_max: usize,
    precision: u8,
}

impl Layout {
    fn value(&self, value: &Value) -> Block {
        match value {
            Value::Identity => self.whole(Vec::new()),
            Value::List(items) if !items.is_empty() => {
                let shown = self.shown(items.len(), 0);
                self.block(self.items(items, shown), items.len() > shown)
            }
            Value::Table(table) => self.table(table),
            Value::Partitioned(table) => self.partitioned(table),
            Value::Dict(dict) => self.dict(dict),
            other => {
                let text = self.one_line(other);
                let lines: Vec<Vec<u8>> = if other.is_function() {
                    text.split(|c| *c == b'\n').map(<[u8]>::to_vec).collect()
                } else {
                    vec![text]
                };
                let is_cut = lines.len() > self.lines_max;
                self.block(lines.into_iter().take(self.lines_max).collect(), is_cut)
            }
        }
    }

    fn block(&self, lines: Vec<Vec<u8>>, is_cut: bool) -> Block {
        Block { lines, is_cut }
    }

    fn whole(&self, lines: Vec<Vec<u8>>) -> Block {
        self.block(lines, false)
    }

    /// How many of so many rows fit below a header of some lines.
    fn shown(&self, rows: usize, header: usize) -> usize {
        rows.min(self.lines_max.saturating_sub(header).max(1))
    }

    fn one_line(&self, value: &Value) -> Vec<u8> {
        let mut line = Vec::new();
        push_k_text_until(&mut line, value, self.precision, self.width_max);
        line
    }

    /// Lines of the first items of a general list: a matrix in columns, else each in k form.
    fn items(&self, items: &Vector<Value>, count: usize) -> Vec<Vec<u8>> {
        let items = &items[..count];
        match matrix_width(items) {
            Some(width) => {
                let columns =
                    (0..width).map(|at| Column::across(items, at, self.precision, self.width_max));
                cells::join(columns, count, self.width_max)
            }
            None => items.iter().map(|item| self.one_line(item)).collect(),
        }
    }

    /// Lines of the first items of any list: a general list as [`Layout::items`], a vector plain.
    fn list_lines(&self, list: &Value, count: usize) -> Vec<Vec<u8>> {
        match list {
            Value::List(items) => self.items(items, count),
            list => Column::of(list, count, self.precision, self.width_max).cells,
        }
    }

    /// Header and rows of a table side by side, without the line of dashes.
    fn columns(&self, table: &Table, count: usize) -> Vec<Vec<u8>> {
        let columns = table
            .names
            .iter()
            .zip(&table.columns)
            .map(|(name, column)| {
                Column::of(column, count, self.precision, self.width_max)
                    .with_header(name.as_bytes())
            });
        cells::join(columns, count + 1, self.width_max)
    }

    fn table(&self, table: &Table) -> Block {
        let rows = table.row_count();
        let shown = self.shown(rows, 2);
        let mut lines = self.columns(table, shown);
        let dashes = vec![b'-'; character_count(&lines[0])];
        lines.insert(1, dashes);
        self.block(lines, rows > shown)
    }

    /// The names alone: the rows of a partitioned table are read by the evaluator before they are shown.
    fn partitioned(&self, table: &Partitioned) -> Block {
        let columns = table.names.iter().map(|name| Column {
            cells: vec![name.as_bytes().to_vec()],
        });
        let mut lines = cells::join(columns, 1, self.width_max);
        lines.push(vec![b'-'; character_count(&lines[0])]);
        self.whole(lines)
    }

    fn dict(&self, dict: &Dict) -> Block {
        if !(dict.values.is_list() || matches!(dict.values, Value::Table(_) | Value::Dict(_))) {
            // column names and the place of a splayed table
            return self.whole(vec![
                self.one_line(&Value::dict(dict.keys.clone(), dict.values.clone())),
            ]);
        }
        let count = dict.keys.count();
        let (key_table, value_table) = (as_table(&dict.keys), as_table(&dict.values));
        let has_header = key_table.is_some() || value_table.is_some();
        let shown = self.shown(count, if has_header { 2 } else { 0 });
        let side = |table: Option<&Table>, list: &Value| match table {
            Some(table) => self.columns(table, shown),
            None => {
                let mut lines = match list {
                    Value::List(items) if items.iter().all(is_empty_list) => {
                        vec![Vec::new(); shown]
                    }
                    list => self.list_lines(list, shown),
                };
                if has_header {
                    lines.insert(0, Vec::new());
                }
                lines
            }
        };
        let keys = Column {
            cells: side(key_table, &dict.keys),
        };
        let values = side(value_table, &dict.values);
        let key_width = keys.width();
        let mut lines = vec![Vec::new(); keys.cells.len()];
        keys.append_to(&mut lines, key_width);
        let value_width = values.iter().map(|line| character_count(line)).max();
        for (line, value) in lines.iter_mut().zip(&values) {
            line.extend_from_slice(b"| ");
            line.extend_from_slice(value);
        }
        if has_header {
            let mut dashes = vec![b'-'; key_width];
            dashes.extend_from_slice(b"| ");
            dashes.extend(std::iter::repeat_n(b'-', value_width.unwrap_or(0)));
            lines.insert(1, dashes);
        }
        self.block(lines, count > shown)
    }
}

/// True for `()`: entries of a dictionary that all are empty show nothing (reference page ".Q", pn).
fn is_empty_list(item: &Value) -> bool {
    matches!(item, Value::List(items) if items.is_empty())
}

fn as_table(value: &Value) -> Option<&Table> {
    match value {
        Value::Table(table) => Some(table),
        _ => None,
    }
}

/// The common count of items that are shown as rows of a matrix: lists of one count that are not all strings, all
/// booleans or all bytes, which are more readable as they are.
fn matrix_width(rows: &[Value]) -> Option<usize> {
    let width = rows.first()?.count();
    let is_matrix = width > 0 && rows.iter().all(|row| row.is_list() && row.count() == width);
    let all = |test: fn(&Value) -> bool| rows.iter().all(test);
    let is_dense = all(|row| matches!(row, Value::Chars(_)))
        || all(|row| matches!(row, Value::Booleans(_)))
        || all(|row| matches!(row, Value::Bytes(_)));
    (is_matrix && !is_dense).then_some(width)
}
