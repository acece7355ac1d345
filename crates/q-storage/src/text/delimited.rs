//! Delimited text to columns: split into records, records into fields, in parallel over parts of large texts.

use q_kernels::text::lines;
use q_kernels::text::parse::trimmed;
use q_value::format::settings;
use q_value::{QError, QResult, Symbol, Value, Vector};

use super::Delimited;
use super::columns::{self, Column, FieldKind};

/// Bytes below which one thread reads all: some tens of milliseconds of work.
const BYTES_PER_THREAD_MIN: usize = 1 << 20;

/// The columns of a text, or a table when the first record has the names.
pub(super) fn parse(format: &Delimited, text: &[u8]) -> QResult<Value> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    if !format.has_header {
        return Ok(Value::list(columns_of(format, text)));
    }
    let (header, body) = first_record(format, text);
    let mut names = Vec::new();
    for_each_field(header, format.delimiter, &mut Vec::new(), |field| {
        names.push(Symbol::new(trimmed(field)));
    });
    if names.len() < format.kinds.len() {
        return Err(QError::length());
    }
    let names: Vector<Symbol> = names
        .into_iter()
        .zip(&format.kinds)
        .filter(|(_, kind)| **kind != FieldKind::Skipped)
        .map(|(name, _)| name)
        .collect();
    if names.is_empty() {
        return Err(QError::length());
    }
    Ok(Value::table(names, columns_of(format, body)))
}

fn columns_of(format: &Delimited, text: &[u8]) -> Vec<Value> {
    let parts = if format.has_embedded_lines {
        vec![text]
    } else {
        parts_at_line_ends(text, q_kernels::threads())
    };
    let read = |part: &[u8]| read_part(format, part);
    let parts = match parts.as_slice() {
        [] => vec![read(&[])],
        [one] => vec![read(one)],
        [own, others @ ..] => std::thread::scope(|scope| {
            let threads: Vec<_> = others
                .iter()
                .map(|part| scope.spawn(move || read_part(format, part)))
                .collect();
            let mut columns = vec![read(own)];
            for thread in threads {
                columns.push(match thread.join() {
                    Ok(part) => part,
                    Err(panic) => std::panic::resume_unwind(panic),
                });
            }
            columns
        }),
    };
    columns::concatenate(&format.kinds, parts)
}

/// At most `count` parts of about the same length that end where lines do.
fn parts_at_line_ends(text: &[u8], count: usize) -> Vec<&[u8]> {
    let count = (text.len() / BYTES_PER_THREAD_MIN).clamp(1, count.max(1));
    let length = text.len() / count;
    let mut parts = Vec::with_capacity(count);
    let mut rest = text;
    while parts.len() + 1 < count && rest.len() > length {
        let Some(end) = memchr::memchr(b'\n', &rest[length..]) else {
            break;
        };
        let (part, others) = rest.split_at(length + end + 1);
        parts.push(part);
        rest = others;
    }
    if !rest.is_empty() {
        parts.push(rest);
    }
    parts
}

fn read_part(format: &Delimited, text: &[u8]) -> Vec<Value> {
    let order = settings::date_order();
    let mut columns: Vec<Column> = format
        .kinds
        .iter()
        .map(|kind| Column::new(*kind, order))
        .collect();
    let mut scratch = Vec::new();
    let mut read = |record: &[u8]| {
        let mut filled = 0;
        for_each_field(record, format.delimiter, &mut scratch, |field| {
            if let Some(column) = columns.get_mut(filled) {
                column.push(field);
                filled += 1;
            }
        });
        for column in columns.iter_mut().skip(filled) {
            column.push(b"");
        }
    };
    if format.has_embedded_lines {
        let mut rest = text;
        while !rest.is_empty() {
            let (record, others) = split_record(rest);
            read(record);
            rest = others;
        }
    } else {
        lines(text).for_each(read);
    }
    columns.into_iter().filter_map(Column::finish).collect()
}

fn first_record<'a>(format: &Delimited, text: &'a [u8]) -> (&'a [u8], &'a [u8]) {
    if format.has_embedded_lines {
        return split_record(text);
    }
    split_at_line_end(text, memchr::memchr(b'\n', text))
}

fn split_at_line_end(text: &[u8], end: Option<usize>) -> (&[u8], &[u8]) {
    let (line, rest) = match end {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, &[][..]),
    };
    (line.strip_suffix(b"\r").unwrap_or(line), rest)
}

/// The first record and the rest; line ends between quotes do not end it.
fn split_record(text: &[u8]) -> (&[u8], &[u8]) {
    let mut is_quoted = false;
    let end = text.iter().position(|c| {
        is_quoted ^= *c == b'"';
        *c == b'\n' && !is_quoted
    });
    split_at_line_end(text, end)
}

/// Hands out the fields of a record, without the quotes around them; quotes doubled inside are single.
fn for_each_field(
    record: &[u8],
    delimiter: u8,
    scratch: &mut Vec<u8>,
    mut take: impl FnMut(&[u8]),
) {
    let mut rest = record;
    loop {
        if rest.first() == Some(&b'"') {
            let after = unquote(&rest[1..], scratch);
            let after = &rest[1 + after..];
            // what stands between the closing quote and the delimiter belongs to the field
            let end = memchr::memchr(delimiter, after);
            scratch.extend_from_slice(&after[..end.unwrap_or(after.len())]);
            take(scratch);
            match end {
                Some(at) => rest = &after[at + 1..],
                None => return,
            }
        } else {
            match memchr::memchr(delimiter, rest) {
                Some(at) => {
                    take(&rest[..at]);
                    rest = &rest[at + 1..];
                }
                None => {
                    take(rest);
                    return;
                }
            }
        }
    }
}

/// Puts the text up to the closing quote into `scratch` and returns where it goes on after that quote.
fn unquote(text: &[u8], scratch: &mut Vec<u8>) -> usize {
    scratch.clear();
    let mut at = 0;
    while let Some(length) = memchr::memchr(b'"', &text[at..]) {
        scratch.extend_from_slice(&text[at..at + length]);
        at += length + 1;
        if text.get(at) != Some(&b'"') {
            return at;
        }
        scratch.push(b'"');
        at += 1;
    }
    scratch.extend_from_slice(&text[at..]);
    text.len()
}
