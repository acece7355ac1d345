//! Mapped lists of mixed items: `col`, `col#` and `col##` (`formats.md` 7.8).

use std::sync::Arc;

use q_value::{Attribute, Bytes, QError, QResult, Symbol, Table, Type, Value, Vector};

use crate::compressed::plain_bytes;
use crate::layout::{
    ANYMAP, ENUMERATED, HEADER, ObjectHeader, PAGE, PAGE_HEADER, bad_file, file_header, int_at,
    long_at,
};
use crate::read::{Companion, ReadCompanion, vector_of};

/// First byte of an object with a full header.
const FULL: u8 = 0xfb;
/// Compact forms have the type plus this as their first byte.
const COMPACT: i16 = 127;
/// Longest payload written in compact form.
const COMPACT_BYTES_MAX: usize = 80;
/// How deep lists may be nested in each other.
const DEPTH_MAX: usize = 64;
const OFFSET_MASK: i64 = 0x00ff_ffff_ffff_ffff;

/// Flags in the top byte of a word.
const FLAG_PLAIN: i64 = 0;
const FLAG_COMPACT: i64 = 1;
const FLAG_ENUMERATED: i64 = 3;

// -- reading -----------------------------------------------------------------------------------------------------------

struct Items {
    bytes: Bytes,
    symbols: Option<Vector<Symbol>>,
}

/// The rows of a column whose main file is `page`.
pub(crate) fn read_anymap(page: &[u8], companion: &mut ReadCompanion<'_>) -> QResult<Value> {
    let rows = page.len().checked_sub(PAGE).ok_or_else(bad_file)? / 8;
    if rows == 0 {
        return Ok(Value::empty_list());
    }
    let bytes = plain_bytes(companion(Companion::Items)?)?;
    let mut items = Items {
        bytes,
        symbols: None,
    };
    let mut cells = Vec::with_capacity(rows);
    for row in 0..rows {
        let word = long_at(page, PAGE + 8 * row)?;
        cells.push(items.object(word, companion, 0)?);
    }
    Ok(Value::list(cells))
}

impl Items {
    fn object(
        &mut self,
        word: i64,
        companion: &mut ReadCompanion<'_>,
        depth: usize,
    ) -> QResult<Value> {
        if depth == DEPTH_MAX {
            return Err(QError::limit());
        }
        let bytes = Arc::clone(&self.bytes);
        let slice = (*bytes).as_ref();
        let at = usize::try_from(word & OFFSET_MASK)
            .ok()
            .and_then(|offset| offset.checked_add(PAGE))
            .ok_or_else(bad_file)?;
        match slice.get(at) {
            Some(&FULL) => self.full(&bytes, at, companion, depth),
            Some(tag) => self.compact(&bytes, at, i16::from(*tag) - COMPACT, companion),
            None => Err(bad_file()),
        }
    }

    fn symbol(&mut self, index: i32, companion: &mut ReadCompanion<'_>) -> QResult<Symbol> {
        if self.symbols.is_none() {
            let bytes = companion(Companion::Symbols)?;
            let mut none = |_| Err(bad_file());
            let read = crate::read::read_object(bytes, &mut none, &mut q_wire::TextOnly)?;
            let Value::Symbols(symbols) = read else {
                return Err(bad_file());
            };
            self.symbols = Some(symbols);
        }
        let symbols = self.symbols.as_ref().ok_or_else(bad_file)?;
        if index == i32::MIN {
            return Ok(Symbol::NULL);
        }
        usize::try_from(index)
            .ok()
            .and_then(|at| symbols.get(at).copied())
            .ok_or_else(bad_file)
    }

    fn symbols_at(
        &mut self,
        bytes: &[u8],
        at: usize,
        count: usize,
        companion: &mut ReadCompanion<'_>,
    ) -> QResult<Value> {
        let mut symbols = Vec::new();
        for item in 0..count {
            symbols.push(self.symbol(int_at(bytes, at + 4 * item)?, companion)?);
        }
        Ok(Value::Symbols(symbols.into()))
    }

    fn full(
        &mut self,
        bytes: &Bytes,
        at: usize,
        companion: &mut ReadCompanion<'_>,
        depth: usize,
    ) -> QResult<Value> {
        let slice = (**bytes).as_ref();
        let header = ObjectHeader::parse(slice, at)?;
        let start = at + HEADER;
        let count = usize::try_from(header.count).map_err(|_| bad_file())?;
        let attribute = header.attribute()?;
        match header.type_number {
            ANYMAP | 0 => {
                if count > (slice.len() - start) / 8 {
                    return Err(bad_file());
                }
                let mut items = Vec::with_capacity(count);
                for item in 0..count {
                    let word = long_at(slice, start + 8 * item)?;
                    items.push(self.object(word, companion, depth + 1)?);
                }
                Ok(Value::list(items).with_attribute(attribute))
            }
            98 | 99 if count == 2 => {
                let first = self.object(long_at(slice, start)?, companion, depth + 1)?;
                let second = self.object(long_at(slice, start + 8)?, companion, depth + 1)?;
                if header.type_number == 98 {
                    return table_of(first, second, attribute);
                }
                if first.count() != second.count() {
                    return Err(bad_file());
                }
                Ok(Value::dict(first, second))
            }
            ENUMERATED => {
                // the domain is that of the whole database: files name none here
                let indices = Vector::<i64>::mapped(bytes, start, count).ok_or_else(bad_file)?;
                Ok(Value::enums(
                    Symbol::new("sym"),
                    indices.with_attribute(attribute),
                ))
            }
            11 => Ok(self
                .symbols_at(slice, start, count, companion)?
                .with_attribute(attribute)),
            number => {
                let ty = Type::from_number(number).ok_or_else(bad_file)?;
                Ok(vector_of(bytes, ty, start, count)?.with_attribute(attribute))
            }
        }
    }

    fn compact(
        &mut self,
        bytes: &Bytes,
        at: usize,
        number: i16,
        companion: &mut ReadCompanion<'_>,
    ) -> QResult<Value> {
        let slice = (**bytes).as_ref();
        let ty = u8::try_from(number.unsigned_abs())
            .ok()
            .and_then(Type::from_number)
            .ok_or_else(bad_file)?;
        if number < 0 {
            if ty == Type::Symbol {
                let index = int_at(slice, at + 1)?;
                return Ok(Value::Symbol(self.symbol(index, companion)?));
            }
            return vector_of(bytes, ty, at + 1, 1)?
                .item(0)
                .ok_or_else(bad_file);
        }
        let count = usize::from(*slice.get(at + 1).ok_or_else(bad_file)?);
        if ty == Type::Symbol {
            return self.symbols_at(slice, at + 2, count, companion);
        }
        // unaligned, and a handful of items: copied, so that the file is not kept for them
        let part = slice
            .get(at + 2..at + 2 + count * ty.width().ok_or_else(bad_file)?)
            .ok_or_else(bad_file)?;
        let owned: Bytes = Arc::new(part.to_vec());
        let view = vector_of(&owned, ty, 0, count)?;
        Ok(view)
    }
}

fn table_of(names: Value, columns: Value, attribute: Attribute) -> QResult<Value> {
    let (Value::Symbols(names), Value::List(columns)) = (names, columns) else {
        return Err(bad_file());
    };
    let rows = columns.first().map(Value::count);
    if rows.is_none()
        || names.len() != columns.len()
        || columns.iter().any(|column| Some(column.count()) != rows)
    {
        return Err(bad_file());
    }
    Ok(Value::Table(Arc::new(Table {
        names,
        columns: columns.into_vec(),
        sorted: attribute == Attribute::Sorted,
    })))
}

// -- writing -----------------------------------------------------------------------------------------------------------

/// Writes items one after the other; begins empty or where a column on disk ends.
pub(crate) struct AnymapWriter {
    /// Words of the main file.
    words: Vec<u8>,
    /// New bytes of `col#`, its page header not included.
    items: Vec<u8>,
    /// Bytes of items that are in the file already.
    base: usize,
    symbols: std::collections::HashMap<Symbol, i32>,
    new_symbols: Vec<Symbol>,
}

/// What the files of an anymap get.
pub(crate) struct Written {
    pub(crate) words: Vec<u8>,
    pub(crate) items: Vec<u8>,
    pub(crate) new_symbols: Vec<Symbol>,
}

/// True when a list can be written this way: functions, and `::`, cannot.
pub(crate) fn is_writable(value: &Value) -> bool {
    match value {
        Value::List(items) => items.iter().all(is_writable),
        Value::Dict(dict) => !dict.step && is_writable(&dict.keys) && is_writable(&dict.values),
        Value::Table(table) => table.columns.iter().all(is_writable),
        Value::Enum(_) => false,
        Value::Enums(vector) => vector.domain == Symbol::new("sym"),
        other => other.basic_type().is_some(),
    }
}

impl AnymapWriter {
    /// Continues after `base` bytes of items with these symbols; both empty for a new column.
    pub(crate) fn new(base: usize, symbols: &[Symbol]) -> AnymapWriter {
        AnymapWriter {
            words: Vec::new(),
            items: Vec::new(),
            base,
            symbols: symbols.iter().copied().zip(0..).collect(),
            new_symbols: Vec::new(),
        }
    }

    /// Adds a row. The caller has checked [`is_writable`].
    pub(crate) fn push(&mut self, row: &Value) -> QResult<()> {
        let word = self.object(row)?;
        self.words.extend_from_slice(&word.to_le_bytes());
        Ok(())
    }

    pub(crate) fn finish(self) -> Written {
        Written {
            words: self.words,
            items: self.items,
            new_symbols: self.new_symbols,
        }
    }

    fn position(&self) -> QResult<i64> {
        i64::try_from(self.base + self.items.len()).map_err(|_| QError::limit())
    }

    fn symbol_index(&mut self, symbol: Symbol) -> QResult<i32> {
        if let Some(index) = self.symbols.get(&symbol) {
            return Ok(*index);
        }
        let index = i32::try_from(self.symbols.len()).map_err(|_| QError::limit())?;
        self.symbols.insert(symbol, index);
        self.new_symbols.push(symbol);
        Ok(index)
    }

    fn align(&mut self) {
        let position = self.base + self.items.len();
        let padding = position.next_multiple_of(16) - position;
        self.items.resize(self.items.len() + padding, 0);
    }

    fn full(
        &mut self,
        type_number: u8,
        attribute: Attribute,
        count: usize,
        payload: &[u8],
        flag: i64,
    ) -> QResult<i64> {
        self.align();
        let word = self.position()? | flag << 56;
        let header = ObjectHeader {
            references: 1,
            ..file_header(FULL, 0, type_number, attribute, count)
        };
        self.items.extend_from_slice(&header.to_bytes());
        self.items.extend_from_slice(payload);
        Ok(word)
    }

    fn words_of(&mut self, items: &[Value]) -> QResult<Vec<u8>> {
        let mut words = Vec::with_capacity(8 * items.len());
        for item in items {
            words.extend_from_slice(&self.object(item)?.to_le_bytes());
        }
        Ok(words)
    }

    fn object(&mut self, value: &Value) -> QResult<i64> {
        match value {
            Value::List(items) => {
                let words = self.words_of(items)?;
                self.full(ANYMAP, items.attribute(), items.len(), &words, FLAG_PLAIN)
            }
            Value::Dict(dict) => {
                let words = self.words_of(&[dict.keys.clone(), dict.values.clone()])?;
                self.full(99, Attribute::None, 2, &words, FLAG_COMPACT)
            }
            Value::Table(table) => {
                let sides = [
                    Value::Symbols(table.names.clone()),
                    Value::list(table.columns.clone()),
                ];
                let words = self.words_of(&sides)?;
                let attribute = if table.sorted {
                    Attribute::Sorted
                } else {
                    Attribute::None
                };
                self.full(98, attribute, 2, &words, FLAG_COMPACT)
            }
            Value::Enums(vector) => {
                let mut payload = vector.indices.as_raw_bytes().to_vec();
                payload.extend_from_slice(&[0xff; 8]);
                self.full(
                    ENUMERATED,
                    Attribute::None,
                    vector.indices.len(),
                    &payload,
                    FLAG_ENUMERATED,
                )
            }
            value => self.plain(value),
        }
    }

    fn plain(&mut self, value: &Value) -> QResult<i64> {
        let ty = value.basic_type().ok_or_else(QError::type_error)?;
        let mut payload = Vec::new();
        match value {
            Value::Symbol(symbol) => {
                payload.extend_from_slice(&self.symbol_index(*symbol)?.to_le_bytes());
            }
            Value::Symbols(symbols) => {
                for symbol in symbols.iter() {
                    payload.extend_from_slice(&self.symbol_index(*symbol)?.to_le_bytes());
                }
            }
            value => {
                let mut object = Vec::new();
                q_wire::encode_object(value, q_wire::Dialect::File, &mut object)?;
                let head = if value.is_atom() { 1 } else { 6 };
                payload.extend_from_slice(&object[head..]);
            }
        }
        let count = value.count();
        let number = i16::from(ty as u8);
        let tag = |number: i16| u8::try_from(number + COMPACT).map_err(|_| QError::limit());
        let fits = payload.len() <= COMPACT_BYTES_MAX && value.attribute() == Attribute::None;
        if !(value.is_atom() || fits && count <= 255) {
            return self.full(ty as u8, value.attribute(), count, &payload, FLAG_PLAIN);
        }
        let word = self.position()? | FLAG_COMPACT << 56;
        if value.is_atom() {
            self.items.push(tag(-number)?);
        } else {
            self.items.push(tag(number)?);
            self.items
                .push(u8::try_from(count).map_err(|_| QError::limit())?);
        }
        self.items.extend_from_slice(&payload);
        Ok(word)
    }
}

/// The first page of `col` or `col#`.
pub(crate) fn page_header(type_number: u8, rows: usize) -> Vec<u8> {
    let mut page = vec![0; PAGE];
    page[..2].copy_from_slice(&[0xfd, 0x20]);
    let mark = u8::from(type_number == ANYMAP);
    let header = file_header(0xfd, mark, type_number, Attribute::None, rows);
    page[PAGE_HEADER..].copy_from_slice(&header.to_bytes());
    page
}
