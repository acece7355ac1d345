//! Items by position: the heart of indexing, sorting and joining.

use std::sync::Arc;

use q_value::{Attribute, Dict, EnumAtom, Symbol, Table, Value, Vector};

use crate::loops;

/// Something that names a position; beyond the end means "no such item".
pub trait Position: Copy + Send + Sync {
    fn position(self) -> usize;
}

impl Position for i64 {
    #[inline(always)]
    fn position(self) -> usize {
        // negative (null included) wraps to beyond any end
        self as usize
    }
}

impl Position for i32 {
    #[inline(always)]
    fn position(self) -> usize {
        i64::from(self) as usize
    }
}

impl Position for u32 {
    /// `u32::MAX` stands for "none", as no vector of indices kept in `u32` is that long.
    #[inline(always)]
    fn position(self) -> usize {
        if self == u32::MAX {
            usize::MAX
        } else {
            self as usize
        }
    }
}

impl Position for usize {
    #[inline(always)]
    fn position(self) -> usize {
        self
    }
}

/// What stands for an item that is not there: the null of a vector's type; of a general list the null like its first
/// item, an empty list when that is a list; of a table the row of nulls.
pub fn missing_item(of: &Value) -> Value {
    match of {
        Value::Enums(v) => Value::Enum(Arc::new(EnumAtom {
            domain: v.domain,
            index: i64::MIN,
        })),
        Value::List(items) => items.first().map_or_else(Value::empty_list, null_like),
        Value::Table(table) => Value::dict(
            Value::Symbols(table.names.clone()),
            Value::from_items(table.columns.iter().map(missing_item).collect()),
        ),
        Value::Dict(dict) => missing_item(&dict.values),
        vector if vector.is_vector() => match vector.basic_type() {
            Some(ty) => Value::null_of(ty),
            None => Value::empty_list(),
        },
        other => null_like(other),
    }
}

/// The null that takes the place of such a value: of an atom its null, of a vector the empty vector.
pub fn null_like(value: &Value) -> Value {
    match value {
        Value::Enum(atom) => Value::Enum(Arc::new(EnumAtom {
            domain: atom.domain,
            index: i64::MIN,
        })),
        Value::Enums(v) => Value::enums(v.domain, Vector::default()),
        Value::List(_) => Value::empty_list(),
        Value::Table(table) => empty_table(table),
        Value::Dict(dict) => Value::dict(
            dict.keys.clone(),
            gather_missing(&dict.values, dict.keys.count()),
        ),
        other => match other.basic_type() {
            Some(ty) if other.is_atom() => Value::null_of(ty),
            Some(ty) => Value::empty_of(ty),
            None => Value::Identity,
        },
    }
}

fn empty_table(table: &Table) -> Value {
    Value::table(
        table.names.clone(),
        table
            .columns
            .iter()
            .map(|column| at(column, &[] as &[i64]))
            .collect(),
    )
}

fn gather_missing(values: &Value, count: usize) -> Value {
    at(values, &vec![i64::MIN; count])
}

/// The items of a list or the rows of a table at these positions; what is not there is null ([`missing_item`]).
/// Atoms and functions come back as they are. Of a dictionary the values at these positions.
///
/// Cost: one pass; vectors are gathered by their storage, large ones in parallel. Attributes are dropped.
pub fn at<P: Position>(value: &Value, positions: &[P]) -> Value {
    macro_rules! plain {
        ($v:expr, $null:expr) => {
            Vector::new(pick($v, positions, $null))
        };
    }
    match value {
        Value::Booleans(v) => Value::Booleans(plain!(v, false)),
        Value::Guids(v) => Value::Guids(plain!(v, [0; 16])),
        Value::Bytes(v) => Value::Bytes(plain!(v, 0)),
        Value::Chars(v) => Value::Chars(plain!(v, b' ')),
        Value::Shorts(v) => Value::Shorts(plain!(v, i16::MIN)),
        Value::Ints(v) => Value::Ints(plain!(v, i32::MIN)),
        Value::Months(v) => Value::Months(plain!(v, i32::MIN)),
        Value::Dates(v) => Value::Dates(plain!(v, i32::MIN)),
        Value::Minutes(v) => Value::Minutes(plain!(v, i32::MIN)),
        Value::Seconds(v) => Value::Seconds(plain!(v, i32::MIN)),
        Value::Times(v) => Value::Times(plain!(v, i32::MIN)),
        Value::Longs(v) => Value::Longs(plain!(v, i64::MIN)),
        Value::Timestamps(v) => Value::Timestamps(plain!(v, i64::MIN)),
        Value::Timespans(v) => Value::Timespans(plain!(v, i64::MIN)),
        Value::Reals(v) => Value::Reals(plain!(v, f32::NAN)),
        Value::Floats(v) => Value::Floats(plain!(v, f64::NAN)),
        Value::Datetimes(v) => Value::Datetimes(plain!(v, f64::NAN)),
        Value::Symbols(v) => Value::Symbols(plain!(v, Symbol::NULL)),
        Value::Enums(v) => Value::enums(v.domain, plain!(&v.indices, i64::MIN)),
        Value::List(v) => {
            let missing = missing_item(value);
            Value::from_items(
                positions
                    .iter()
                    .map(|at| {
                        v.get(at.position())
                            .cloned()
                            .unwrap_or_else(|| missing.clone())
                    })
                    .collect(),
            )
        }
        Value::Table(table) => Value::table(
            table.names.clone().with_attribute(Attribute::None),
            table
                .columns
                .iter()
                .map(|column| at_keeping_lists(column, positions))
                .collect(),
        ),
        Value::Dict(dict) => at(&dict.values, positions),
        other => other.clone(),
    }
}

/// As [`at`], but a general list stays one even when its items would make a vector: for table columns.
pub fn at_keeping_lists<P: Position>(value: &Value, positions: &[P]) -> Value {
    match value {
        Value::List(v) => {
            let missing = missing_item(value);
            Value::list(
                positions
                    .iter()
                    .map(|at| {
                        v.get(at.position())
                            .cloned()
                            .unwrap_or_else(|| missing.clone())
                    })
                    .collect(),
            )
        }
        other => at(other, positions),
    }
}

/// Keys and values at these positions: a dictionary or keyed table again.
pub fn entries<P: Position>(dict: &Dict, positions: &[P]) -> Value {
    Value::dict(at(&dict.keys, positions), at(&dict.values, positions))
}

fn pick<T: Copy + Send + Sync, P: Position>(items: &[T], positions: &[P], null: T) -> Vec<T> {
    loops::map(positions, move |at: P| {
        items.get(at.position()).copied().unwrap_or(null)
    })
}

/// The items from `start` on, at most `count`; attributes dropped. Of a table rows, of a dictionary entries.
pub fn slice(value: &Value, start: usize, count: usize) -> Value {
    let end = start.saturating_add(count).min(value.count());
    let start = start.min(end);
    macro_rules! part {
        ($v:expr) => {
            Vector::new($v[start..end].to_vec())
        };
    }
    match value {
        Value::Booleans(v) => Value::Booleans(part!(v)),
        Value::Guids(v) => Value::Guids(part!(v)),
        Value::Bytes(v) => Value::Bytes(part!(v)),
        Value::Chars(v) => Value::Chars(part!(v)),
        Value::Shorts(v) => Value::Shorts(part!(v)),
        Value::Ints(v) => Value::Ints(part!(v)),
        Value::Months(v) => Value::Months(part!(v)),
        Value::Dates(v) => Value::Dates(part!(v)),
        Value::Minutes(v) => Value::Minutes(part!(v)),
        Value::Seconds(v) => Value::Seconds(part!(v)),
        Value::Times(v) => Value::Times(part!(v)),
        Value::Longs(v) => Value::Longs(part!(v)),
        Value::Timestamps(v) => Value::Timestamps(part!(v)),
        Value::Timespans(v) => Value::Timespans(part!(v)),
        Value::Reals(v) => Value::Reals(part!(v)),
        Value::Floats(v) => Value::Floats(part!(v)),
        Value::Datetimes(v) => Value::Datetimes(part!(v)),
        Value::Symbols(v) => Value::Symbols(part!(v)),
        Value::Enums(v) => Value::enums(v.domain, part!(v.indices)),
        Value::List(v) => Value::from_items(v[start..end].to_vec()),
        Value::Table(table) => Value::table(
            table.names.clone().with_attribute(Attribute::None),
            table
                .columns
                .iter()
                .map(|column| match column {
                    Value::List(v) => Value::list(v[start..end].to_vec()),
                    column => slice(column, start, count),
                })
                .collect(),
        ),
        Value::Dict(dict) => Value::dict(
            slice(&dict.keys, start, count),
            slice(&dict.values, start, count),
        ),
        other => other.clone(),
    }
}

/// The longs `0..count`.
pub(crate) fn til(count: usize) -> Vector<i64> {
    Vector::new(loops::build(count, |start, out| {
        for (at, out) in out.iter_mut().enumerate() {
            out.write((start + at) as i64);
        }
    }))
}

/// True when the value's items can be taken one by one: lists, tables and dictionaries.
pub(crate) fn is_collection(value: &Value) -> bool {
    matches!(value, Value::Table(_) | Value::Dict(_)) || value.is_list()
}

/// A general list of the items of any list, for loops that take values one by one.
pub(crate) fn item_at(value: &Value, at: usize) -> Value {
    value.item(at).unwrap_or_else(|| missing_item(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_null() {
        let longs = Value::Longs(vec![10, 20, 30].into());
        assert!(
            at(&longs, &[2i64, 9, -1, i64::MIN])
                .is_identical(&Value::Longs(vec![30, i64::MIN, i64::MIN, i64::MIN].into()))
        );
        assert!(at(&Value::string("abc"), &[1u32, u32::MAX]).is_identical(&Value::string("b ")));
        let lists = Value::list(vec![longs.clone(), Value::string("a")]);
        assert!(item_at(&lists, 7).is_identical(&Value::Longs(Vector::default())));
        let table = Value::table(
            vec![Symbol::new("a"), Symbol::new("b")].into(),
            vec![longs, Value::symbols(["x", "y", "z"])],
        );
        let rows = at(&table, &[0i64, 5]);
        assert_eq!(rows.count(), 2);
        assert!(
            rows.item(1)
                .is_some_and(|row| row.is_identical(&missing_item(&table)))
        );
    }
}
