//! Columns that grow field by field.

use q_kernels::text::parse::{self, RecentSymbols};
use q_value::format::settings::DateOrder;
use q_value::{Guid, QError, QResult, Symbol, Type, Value};

/// What becomes of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FieldKind {
    Parsed(Type),
    /// `*`: kept as a string.
    Text,
    /// A blank: left out.
    Skipped,
}

impl FieldKind {
    /// By the letter of `0:`.
    ///
    /// Errors: `'type` for a letter without a type.
    pub(super) fn from_letter(letter: u8) -> QResult<FieldKind> {
        Ok(match letter {
            b'*' => FieldKind::Text,
            b' ' => FieldKind::Skipped,
            letter => FieldKind::Parsed(
                Type::from_letter(letter.to_ascii_lowercase()).ok_or_else(QError::type_error)?,
            ),
        })
    }
}

enum Items {
    Booleans(Vec<bool>),
    Guids(Vec<Guid>),
    Bytes(Vec<u8>),
    Shorts(Vec<i16>),
    /// Int, month, date, minute, second, time.
    I32(Type, Vec<i32>),
    /// Long, timestamp, timespan.
    I64(Type, Vec<i64>),
    Reals(Vec<f32>),
    /// Float and datetime.
    F64(Type, Vec<f64>),
    Chars(Vec<u8>),
    Symbols(Vec<Symbol>, Box<RecentSymbols>),
    Texts(Vec<Value>),
    Skipped,
}

/// A column under construction.
pub(super) struct Column {
    items: Items,
    order: DateOrder,
}

impl Column {
    pub(super) fn new(kind: FieldKind, order: DateOrder) -> Column {
        let items = match kind {
            FieldKind::Text => Items::Texts(Vec::new()),
            FieldKind::Skipped => Items::Skipped,
            FieldKind::Parsed(ty) => match ty {
                Type::Boolean => Items::Booleans(Vec::new()),
                Type::Guid => Items::Guids(Vec::new()),
                Type::Byte => Items::Bytes(Vec::new()),
                Type::Short => Items::Shorts(Vec::new()),
                Type::Int | Type::Month | Type::Date | Type::Minute | Type::Second | Type::Time => {
                    Items::I32(ty, Vec::new())
                }
                Type::Long | Type::Timestamp | Type::Timespan => Items::I64(ty, Vec::new()),
                Type::Real => Items::Reals(Vec::new()),
                Type::Float | Type::Datetime => Items::F64(ty, Vec::new()),
                Type::Char => Items::Chars(Vec::new()),
                Type::Symbol => Items::Symbols(Vec::new(), Box::default()),
            },
        };
        Column { items, order }
    }

    pub(super) fn push(&mut self, field: &[u8]) {
        let order = self.order;
        match &mut self.items {
            Items::Booleans(items) => items.push(parse::boolean(field)),
            Items::Guids(items) => items.push(parse::guid(field)),
            Items::Bytes(items) => items.push(parse::byte(field)),
            Items::Shorts(items) => items.push(parse::short(field)),
            Items::I32(ty, items) => items.push(match ty {
                Type::Int => parse::int(field),
                Type::Month => parse::month(field, order),
                Type::Date => parse::date(field, order),
                Type::Minute => parse::minute(field),
                Type::Second => parse::second(field),
                _ => parse::time(field),
            }),
            Items::I64(ty, items) => items.push(match ty {
                Type::Long => parse::long(field),
                Type::Timestamp => parse::timestamp(field, order),
                _ => parse::timespan(field),
            }),
            Items::Reals(items) => items.push(parse::real(field)),
            Items::F64(ty, items) => items.push(match ty {
                Type::Float => parse::float(field),
                _ => parse::datetime(field, order),
            }),
            Items::Chars(items) => items.push(field.first().copied().unwrap_or(b' ')),
            Items::Symbols(items, recent) => items.push(recent.symbol(field)),
            Items::Texts(items) => items.push(Value::string(field)),
            Items::Skipped => {}
        }
    }

    /// The column; `None` when it was left out.
    pub(super) fn finish(self) -> Option<Value> {
        Some(match self.items {
            Items::Booleans(items) => Value::Booleans(items.into()),
            Items::Guids(items) => Value::Guids(items.into()),
            Items::Bytes(items) => Value::Bytes(items.into()),
            Items::Shorts(items) => Value::Shorts(items.into()),
            Items::I32(ty, items) => Value::from_i32s(ty, items.into()),
            Items::I64(ty, items) => Value::from_i64s(ty, items.into()),
            Items::Reals(items) => Value::Reals(items.into()),
            Items::F64(ty, items) => Value::from_f64s(ty, items.into()),
            Items::Chars(items) => Value::Chars(items.into()),
            Items::Symbols(items, _) => Value::Symbols(items.into()),
            Items::Texts(items) => Value::list(items),
            Items::Skipped => return None,
        })
    }
}

/// The columns of parts of a text, one after the other: the columns of the whole.
pub(super) fn concatenate(kinds: &[FieldKind], mut parts: Vec<Vec<Value>>) -> Vec<Value> {
    if parts.len() == 1 {
        return parts.pop().unwrap_or_default();
    }
    kinds
        .iter()
        .filter(|kind| **kind != FieldKind::Skipped)
        .enumerate()
        .map(|(at, kind)| {
            let columns: Vec<Value> = parts.iter().map(|part| part[at].clone()).collect();
            match kind {
                FieldKind::Parsed(ty) => parse::concatenate(*ty, &columns),
                _ => Value::list(columns.iter().flat_map(Value::items).collect()),
            }
        })
        .collect()
}
