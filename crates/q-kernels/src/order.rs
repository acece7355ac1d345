//! The order of any two values, as sorting needs it: total and exact.

use std::cmp::Ordering;

use q_value::{Symbol, Value};

use crate::enumeration;

/// Order of floats with null lowest and the two zeros equal.
#[inline(always)]
pub(crate) fn floats(x: f64, y: f64) -> Ordering {
    match x.partial_cmp(&y) {
        Some(order) => order,
        None => y.is_nan().cmp(&x.is_nan()),
    }
}

/// Order of any two values: nulls first; values of different types by type number (`asc(1;1b;"b")` is `(1b;1;"b")`);
/// symbols by text; lists item by item, the shorter first when one starts the other.
pub fn compare(x: &Value, y: &Value) -> Ordering {
    if let (Value::Enum(_) | Value::Enums(_), _) | (_, Value::Enum(_) | Value::Enums(_)) = (x, y) {
        return compare(
            &enumeration::resolve(x.clone()),
            &enumeration::resolve(y.clone()),
        );
    }
    match (x, y) {
        (Value::Boolean(x), Value::Boolean(y)) => x.cmp(y),
        (Value::Guid(x), Value::Guid(y)) => x.cmp(y),
        (Value::Byte(x), Value::Byte(y)) | (Value::Char(x), Value::Char(y)) => x.cmp(y),
        (Value::Short(x), Value::Short(y)) => x.cmp(y),
        (Value::Int(x), Value::Int(y))
        | (Value::Month(x), Value::Month(y))
        | (Value::Date(x), Value::Date(y))
        | (Value::Minute(x), Value::Minute(y))
        | (Value::Second(x), Value::Second(y))
        | (Value::Time(x), Value::Time(y)) => x.cmp(y),
        (Value::Long(x), Value::Long(y))
        | (Value::Timestamp(x), Value::Timestamp(y))
        | (Value::Timespan(x), Value::Timespan(y)) => x.cmp(y),
        (Value::Real(x), Value::Real(y)) => floats(f64::from(*x), f64::from(*y)),
        (Value::Float(x), Value::Float(y)) | (Value::Datetime(x), Value::Datetime(y)) => {
            floats(*x, *y)
        }
        (Value::Symbol(x), Value::Symbol(y)) => x.cmp(y),
        (Value::Chars(x), Value::Chars(y)) | (Value::Bytes(x), Value::Bytes(y)) => {
            x[..].cmp(&y[..])
        }
        (Value::Longs(x), Value::Longs(y)) => x[..].cmp(&y[..]),
        (Value::Symbols(x), Value::Symbols(y)) => x[..].cmp(&y[..]),
        (Value::Table(x), Value::Table(y)) => x.names[..]
            .cmp(&y.names[..])
            .then_with(|| lists(x.columns.iter().cloned(), y.columns.iter().cloned())),
        (Value::Dict(x), Value::Dict(y)) => {
            compare(&x.values, &y.values).then_with(|| compare(&x.keys, &y.keys))
        }
        (x, y) if x.is_list() && y.is_list() => {
            let items = |value: &Value| {
                let value = value.clone();
                (0..value.count()).map_while(move |at| value.item(at))
            };
            lists(items(x), items(y)).then_with(|| x.type_number().cmp(&y.type_number()))
        }
        (x, y) => type_rank(x).cmp(&type_rank(y)),
    }
}

fn lists(x: impl Iterator<Item = Value>, mut y: impl Iterator<Item = Value>) -> Ordering {
    for left in x {
        let Some(right) = y.next() else {
            return Ordering::Greater;
        };
        let order = compare(&left, &right);
        if order.is_ne() {
            return order;
        }
    }
    match y.next() {
        Some(_) => Ordering::Less,
        None => Ordering::Equal,
    }
}

/// Where a type stands among others: by number, an atom before a vector of its type.
fn type_rank(value: &Value) -> (u16, bool) {
    let number = value.type_number();
    (number.unsigned_abs(), number > 0)
}

/// Ranks of the symbols among those that occur: equal symbols share one, order is that of the text.
///
/// Returns for each id from `low` on its rank, or `u32::MAX` for ids that do not occur.
pub(crate) fn symbol_ranks(symbols: &[Symbol]) -> SymbolRanks {
    let (low, high) = symbols.iter().fold((u32::MAX, 0), |(low, high), symbol| {
        (low.min(symbol.id()), high.max(symbol.id()))
    });
    if symbols.is_empty() {
        return SymbolRanks {
            low: 0,
            ranks: Vec::new(),
        };
    }
    let mut ranks = vec![u32::MAX; (high - low) as usize + 1];
    let mut distinct = Vec::new();
    for symbol in symbols {
        let place = &mut ranks[(symbol.id() - low) as usize];
        if *place == u32::MAX {
            *place = 0;
            distinct.push(*symbol);
        }
    }
    distinct.sort_unstable();
    for (rank, symbol) in distinct.iter().enumerate() {
        ranks[(symbol.id() - low) as usize] = rank as u32;
    }
    SymbolRanks { low, ranks }
}

pub(crate) struct SymbolRanks {
    low: u32,
    ranks: Vec<u32>,
}

impl SymbolRanks {
    #[inline(always)]
    pub(crate) fn rank(&self, symbol: Symbol) -> u32 {
        self.ranks[(symbol.id() - self.low) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mixed_items_order_by_type_then_value() {
        let mut items = [
            Value::Long(1),
            Value::Boolean(true),
            Value::Char(b'b'),
            Value::Date(3000),
            Value::Char(b'a'),
            Value::Long(0),
        ];
        items.sort_by(compare);
        let types: Vec<i16> = items.iter().map(Value::type_number).collect();
        assert_eq!(types, [-1, -7, -7, -10, -10, -14]);
        assert!(items[1].is_identical(&Value::Long(0)));
    }

    #[test]
    fn strings_order_as_text() {
        assert!(compare(&Value::string("bat"), &Value::string("cat")).is_lt());
        assert!(compare(&Value::string("bat"), &Value::string("bats")).is_lt());
    }
}
