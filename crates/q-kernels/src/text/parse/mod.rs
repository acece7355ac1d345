//! Text to values: what upper-case `$` (tok) and the columns of CSV files read. Text that means nothing gives the null of
//! the type, never an error.

mod guid;
mod number;
mod temporal;

pub use guid::guid;
pub use number::{boolean, byte, float, int, long, real, short};
pub use temporal::{date, datetime, minute, month, second, time, timespan, timestamp};

use q_value::format::settings::DateOrder;
use q_value::{Symbol, Type, Value, Vector};

/// The text without the blanks around it.
pub fn trimmed(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|c| *c != b' ').unwrap_or(text.len());
    let end = text
        .iter()
        .rposition(|c| *c != b' ')
        .map_or(start, |at| at + 1);
    &text[start..end]
}

/// A char: the text when it is one, else a blank.
pub fn char(text: &[u8]) -> u8 {
    match text {
        [one] => *one,
        _ => b' ',
    }
}

/// The symbol of a text without the blanks around it.
pub fn symbol(text: &[u8]) -> Symbol {
    Symbol::new(trimmed(text))
}

/// The atom of a type that a text stands for.
pub fn atom(ty: Type, text: &[u8], order: DateOrder) -> Value {
    match ty {
        Type::Boolean => Value::Boolean(boolean(text)),
        Type::Guid => Value::Guid(guid(text).into()),
        Type::Byte => Value::Byte(byte(text)),
        Type::Short => Value::Short(short(text)),
        Type::Int => Value::Int(int(text)),
        Type::Long => Value::Long(long(text)),
        Type::Real => Value::Real(real(text)),
        Type::Float => Value::Float(float(text)),
        Type::Char => Value::Char(char(text)),
        Type::Symbol => Value::Symbol(symbol(text)),
        Type::Timestamp => Value::Timestamp(timestamp(text, order)),
        Type::Month => Value::Month(month(text, order)),
        Type::Date => Value::Date(date(text, order)),
        Type::Datetime => Value::Datetime(datetime(text, order)),
        Type::Timespan => Value::Timespan(timespan(text)),
        Type::Minute => Value::Minute(minute(text)),
        Type::Second => Value::Second(second(text)),
        Type::Time => Value::Time(time(text)),
    }
}

/// The vector of a type that texts stand for, one item each.
pub fn vector<'a>(
    ty: Type,
    texts: impl std::iter::Iterator<Item = &'a [u8]>,
    order: DateOrder,
) -> Value {
    fn collect<'a, T>(
        texts: impl std::iter::Iterator<Item = &'a [u8]>,
        read: impl Fn(&[u8]) -> T,
    ) -> Vector<T> {
        texts.map(read).collect()
    }
    match ty {
        Type::Boolean => Value::Booleans(collect(texts, boolean)),
        Type::Guid => Value::Guids(collect(texts, guid)),
        Type::Byte => Value::Bytes(collect(texts, byte)),
        Type::Short => Value::Shorts(collect(texts, short)),
        Type::Int => Value::Ints(collect(texts, int)),
        Type::Long => Value::Longs(collect(texts, long)),
        Type::Real => Value::Reals(collect(texts, real)),
        Type::Float => Value::Floats(collect(texts, float)),
        Type::Char => Value::Chars(collect(texts, char)),
        Type::Symbol => Value::Symbols(symbols(texts)),
        Type::Timestamp => Value::Timestamps(collect(texts, |text| timestamp(text, order))),
        Type::Month => Value::Months(collect(texts, |text| month(text, order))),
        Type::Date => Value::Dates(collect(texts, |text| date(text, order))),
        Type::Datetime => Value::Datetimes(collect(texts, |text| datetime(text, order))),
        Type::Timespan => Value::Timespans(collect(texts, timespan)),
        Type::Minute => Value::Minutes(collect(texts, minute)),
        Type::Second => Value::Seconds(collect(texts, second)),
        Type::Time => Value::Times(collect(texts, time)),
    }
}

/// Vectors of one basic type one after the other, as one vector of that type.
pub fn concatenate(ty: Type, parts: &[Value]) -> Value {
    macro_rules! concatenated {
        ($variant:ident) => {{
            let mut items = Vec::with_capacity(parts.iter().map(Value::count).sum());
            for part in parts {
                if let Value::$variant(part) = part {
                    items.extend_from_slice(part);
                }
            }
            Value::$variant(items.into())
        }};
    }
    match ty {
        Type::Boolean => concatenated!(Booleans),
        Type::Guid => concatenated!(Guids),
        Type::Byte => concatenated!(Bytes),
        Type::Short => concatenated!(Shorts),
        Type::Int => concatenated!(Ints),
        Type::Long => concatenated!(Longs),
        Type::Real => concatenated!(Reals),
        Type::Float => concatenated!(Floats),
        Type::Char => concatenated!(Chars),
        Type::Symbol => concatenated!(Symbols),
        Type::Timestamp => concatenated!(Timestamps),
        Type::Month => concatenated!(Months),
        Type::Date => concatenated!(Dates),
        Type::Datetime => concatenated!(Datetimes),
        Type::Timespan => concatenated!(Timespans),
        Type::Minute => concatenated!(Minutes),
        Type::Second => concatenated!(Seconds),
        Type::Time => concatenated!(Times),
    }
}

/// Symbols of texts; interning takes a lock, so texts seen not long ago skip it.
fn symbols<'a>(texts: impl std::iter::Iterator<Item = &'a [u8]>) -> Vector<Symbol> {
    let mut recent = RecentSymbols::default();
    texts.map(|text| recent.symbol(text)).collect()
}

const RECENT_SLOTS: usize = 256;

/// The symbols made last, by a hash of their text: for columns in which few symbols come again and again.
pub struct RecentSymbols([Symbol; RECENT_SLOTS]);

impl Default for RecentSymbols {
    fn default() -> RecentSymbols {
        RecentSymbols([Symbol::NULL; RECENT_SLOTS])
    }
}

impl RecentSymbols {
    /// As [`symbol`].
    pub fn symbol(&mut self, text: &[u8]) -> Symbol {
        let text = trimmed(text);
        let hash = text.iter().fold(text.len(), |hash, byte| {
            hash.wrapping_mul(31).wrapping_add(usize::from(*byte))
        });
        let slot = &mut self.0[hash % RECENT_SLOTS];
        if slot.as_bytes() != text {
            *slot = Symbol::new(text);
        }
        *slot
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn junk_is_null_in_every_type() {
        for ty in Type::ALL {
            if matches!(ty, Type::Symbol) {
                continue;
            }
            for junk in ["", "   ", "?junk?", "--", ":", "."] {
                let read = atom(ty, junk.as_bytes(), DateOrder::MonthFirst);
                let is_char = matches!((&read, junk.len()), (Value::Char(_), 1));
                assert!(
                    is_char || read.is_identical(&Value::null_of(ty)),
                    "{ty:?} of {junk:?}: {read:?}"
                );
            }
        }
    }

    #[test]
    fn vectors_read_like_atoms() {
        let texts: Vec<&[u8]> = vec![b"1", b" 2 ", b"x", b"-3"];
        let longs = vector(Type::Long, texts.iter().copied(), DateOrder::MonthFirst);
        assert!(longs.is_identical(&Value::Longs(vec![1, 2, i64::MIN, -3].into())));
        let symbols = vector(Type::Symbol, texts.iter().copied(), DateOrder::MonthFirst);
        assert!(symbols.is_identical(&Value::symbols(["1", "2", "x", "-3"])));
    }
}
