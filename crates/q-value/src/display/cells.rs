//! Columns of cells: the text of the first items of a list, padded to one width.

use super::literal::push_k_text_until;
use crate::Value;
use crate::format::{EnumItems, push_plain_item};

/// The texts of some items, one per line.
pub(super) struct Column {
    pub(super) cells: Vec<Vec<u8>>,
}

/// Characters of a text that is UTF-8 or near it: bytes that do not continue a character.
pub(super) fn character_count(text: &[u8]) -> usize {
    text.iter().filter(|byte| **byte & 0xc0 != 0x80).count()
}

impl Column {
    /// The first `count` items of any list: plain text of the items of vectors, k form of those of general lists.
    /// Cells may be cut at `limit` bytes, for they are cut at the end of the line anyway.
    pub(super) fn of(list: &Value, count: usize, precision: u8, limit: usize) -> Column {
        let mut cells = Vec::with_capacity(count);
        match list {
            Value::Enums(vector) => {
                let items = EnumItems::of(vector.domain);
                for index in vector.indices.iter().take(count) {
                    let mut cell = Vec::new();
                    items.push_plain(&mut cell, *index, precision);
                    cells.push(cell);
                }
            }
            vector if vector.is_vector() => {
                for at in 0..count.min(vector.count()) {
                    let mut cell = Vec::new();
                    push_plain_item(&mut cell, vector, at, precision);
                    cells.push(cell);
                }
            }
            list => {
                for at in 0..count.min(list.count()) {
                    let mut cell = Vec::new();
                    if let Some(item) = list.item(at) {
                        push_k_text_until(&mut cell, &item, precision, limit);
                    }
                    cells.push(cell);
                }
            }
        }
        Column { cells }
    }

    /// One item of each of these lists, which are rows of a matrix.
    pub(super) fn across(rows: &[Value], at: usize, precision: u8, limit: usize) -> Column {
        let cells = rows
            .iter()
            .map(|row| {
                let mut cell = Vec::new();
                match row {
                    Value::List(items) => {
                        if let Some(item) = items.get(at) {
                            push_k_text_until(&mut cell, item, precision, limit);
                        }
                    }
                    vector => push_plain_item(&mut cell, vector, at, precision),
                }
                cell
            })
            .collect();
        Column { cells }
    }

    /// Puts a header on top, and leaves room for a line of dashes to be drawn by the caller.
    pub(super) fn with_header(mut self, header: &[u8]) -> Column {
        self.cells.insert(0, header.to_vec());
        self
    }

    /// Characters of the widest cell.
    pub(super) fn width(&self) -> usize {
        self.cells
            .iter()
            .map(|cell| character_count(cell))
            .max()
            .unwrap_or(0)
    }

    /// Appends each cell to its line, padded on the right to `width` characters.
    pub(super) fn append_to(&self, lines: &mut [Vec<u8>], width: usize) {
        for (line, cell) in lines.iter_mut().zip(&self.cells) {
            line.extend_from_slice(cell);
            let missing = width.saturating_sub(character_count(cell));
            line.extend(std::iter::repeat_n(b' ', missing));
        }
    }
}

/// Columns side by side with a blank between, as lines of one width; what lies beyond `limit` characters may be missing.
pub(super) fn join(
    columns: impl Iterator<Item = Column>,
    line_count: usize,
    limit: usize,
) -> Vec<Vec<u8>> {
    let mut lines = vec![Vec::new(); line_count];
    let mut width = 0;
    for (at, column) in columns.enumerate() {
        if at > 0 {
            for line in &mut lines {
                line.push(b' ');
            }
            width += 1;
        }
        let column_width = column.width();
        column.append_to(&mut lines, column_width);
        width += column_width;
        if width > limit {
            break;
        }
    }
    lines
}
