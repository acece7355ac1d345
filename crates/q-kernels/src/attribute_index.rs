//! Rows equal to one value by the attribute of a column: without looking at the others.
//!
//! `s#` is searched by halves; `u#`, `p#` and `g#` keep a look-up table with the vector, built on first use.

use std::sync::{Arc, RwLock};

use q_value::{Attribute, QError, QResult, Value, Vector};

use crate::group::{self, Groups};
use crate::keys::{self, Key, NONE, Places, with_keys};
use crate::{enumeration, gather};

/// What is kept with a vector that has `g#`, `p#` or `u#`. It may be put back after rows were appended
/// ([`Vector::set_index`]): rows it does not cover yet are scanned, and covered anew when they have become many.
struct RowIndex {
    covered: RwLock<Arc<Covered>>,
}

/// The rows of each distinct key among the first rows of a vector.
pub(crate) struct Covered {
    rows_covered: usize,
    places: Places,
    groups: Groups,
    starts: Vec<u32>,
    rows: Vec<u32>,
}

/// Rows that may wait uncovered: this many, or this share of those covered.
const UNCOVERED_MAX: usize = 4096;
const UNCOVERED_SHARE: usize = 64;

impl Covered {
    fn new<K: Key>(keys: &[K]) -> Covered {
        let groups = group::group_keys(keys);
        let (starts, rows) = groups.rows_by_group();
        Covered {
            rows_covered: keys.len(),
            places: Places::new(keys),
            groups,
            starts,
            rows,
        }
    }

    fn is_enough_for(&self, count: usize) -> bool {
        count >= self.rows_covered
            && count - self.rows_covered <= UNCOVERED_MAX.max(self.rows_covered / UNCOVERED_SHARE)
    }

    /// The first row of a key; `None` when it does not occur.
    pub(crate) fn first<K: Key>(&self, keys: &[K], wanted: K) -> Option<usize> {
        match self.places.find(keys, wanted) {
            NONE => keys[self.rows_covered..]
                .iter()
                .position(|key| key.same(wanted))
                .map(|at| at + self.rows_covered),
            row => Some(row as usize),
        }
    }

    /// All rows of a key, ascending.
    fn all<K: Key>(&self, keys: &[K], wanted: K) -> Vec<u32> {
        let mut rows = match self.places.find(keys, wanted) {
            NONE => Vec::new(),
            first => {
                let group = self.groups.ids[first as usize] as usize;
                let (start, end) = (self.starts[group], self.starts[group + 1]);
                self.rows[start as usize..end as usize].to_vec()
            }
        };
        let uncovered = keys[self.rows_covered..].iter().enumerate();
        rows.extend(
            uncovered
                .filter(|(_, key)| key.same(wanted))
                .map(|(at, _)| (at + self.rows_covered) as u32),
        );
        rows
    }
}

/// Rows found by an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rows {
    /// Neighbouring rows, from and up to but not including.
    Range(usize, usize),
    /// Single rows, ascending.
    List(Vec<u32>),
}

impl Rows {
    pub fn count(&self) -> usize {
        match self {
            Rows::Range(start, end) => end - start,
            Rows::List(rows) => rows.len(),
        }
    }

    /// The rows as the long vector `where` gives.
    pub fn into_longs(self) -> Vector<i64> {
        match self {
            Rows::Range(start, end) => (start as i64..end as i64).collect(),
            Rows::List(rows) => rows.into_iter().map(i64::from).collect(),
        }
    }
}

/// The rows of `column` that equal the atom, when an attribute tells without a scan; `None` when none does, or when types
/// differ so that comparing would have to convert.
///
/// Floats are found exactly, so float columns are left to the tolerant comparison.
pub fn rows_equal(column: &Value, wanted: &Value) -> Option<Rows> {
    if column.attribute() == Attribute::None || !wanted.is_atom() {
        return None;
    }
    match (column, wanted) {
        (Value::Enums(v), Value::Symbol(symbol)) => {
            let Some(Value::Symbols(domain)) = enumeration::domain_list(v.domain) else {
                return None;
            };
            let mut places = domain
                .iter()
                .enumerate()
                .filter(|(_, item)| *item == symbol);
            match (places.next(), places.next()) {
                _ if symbol.is_null() => None,
                (None, _) => Some(Rows::Range(0, 0)),
                // enumerations sort by symbol, not by index: halves do not help
                (Some(_), None) if v.indices.attribute() == Attribute::Sorted => None,
                (Some((at, _)), None) => rows_of_key(&v.indices, at as i64),
                _ => None,
            }
        }
        (Value::Reals(_) | Value::Floats(_) | Value::Datetimes(_), _) => None,
        (column, wanted) if column.basic_type() == wanted.basic_type() => {
            if column.attribute() == Attribute::Sorted {
                return sorted_range(column, wanted);
            }
            let one = wanted.clone().enlist();
            with_keys!(column, v => of_vector(v, &one), else None)
        }
        _ => None,
    }
}

fn of_vector<K: Key>(v: &Vector<K>, one: &Value) -> Option<Rows> {
    let wanted = keys::downcast::<K>(one)?;
    rows_of_key(v, *wanted.first()?)
}

fn sorted_range(column: &Value, wanted: &Value) -> Option<Rows> {
    let bound =
        |search: fn(Value, Value) -> QResult<Value>| match search(column.clone(), wanted.clone()) {
            Ok(Value::Long(at)) => Some(at),
            _ => None,
        };
    let start = bound(crate::bins::binr)?;
    let end = bound(crate::bins::bin)? + 1;
    Some(Rows::Range(start as usize, end.max(start) as usize))
}

fn rows_of_key<K: Key>(v: &Vector<K>, wanted: K) -> Option<Rows> {
    let rows = index_of(v)?.all(v, wanted);
    Some(match (v.attribute(), rows.first()) {
        (_, None) => Rows::Range(0, 0),
        (Attribute::Parted | Attribute::Unique, Some(first)) => {
            Rows::Range(*first as usize, *first as usize + rows.len())
        }
        _ => Rows::List(rows),
    })
}

/// The index kept with the vector, built now if there is none or it covers too few rows.
pub(crate) fn index_of<K: Key>(v: &Vector<K>) -> Option<Arc<Covered>> {
    let any = v.index_or_build(|| {
        Arc::new(RowIndex {
            covered: RwLock::new(Arc::new(Covered::new(v))),
        })
    });
    let index = Arc::clone(any).downcast::<RowIndex>().ok()?;
    let covered = Arc::clone(&*index.covered.read().ok()?);
    if covered.is_enough_for(v.len()) {
        return Some(covered);
    }
    let covered = Arc::new(Covered::new(v));
    *index.covered.write().ok()? = Arc::clone(&covered);
    Some(covered)
}

/// The rows between two atoms, both included, of a column with `s#`; `None` when an attribute does not tell.
pub fn rows_within(column: &Value, low: &Value, high: &Value) -> Option<Rows> {
    let alike = |wanted: &Value| wanted.is_atom() && wanted.basic_type() == column.basic_type();
    if column.attribute() != Attribute::Sorted
        || !alike(low)
        || !alike(high)
        || matches!(
            column,
            Value::Reals(_) | Value::Floats(_) | Value::Datetimes(_) | Value::Enums(_)
        )
    {
        return None;
    }
    let at = |answer: QResult<Value>| match answer {
        Ok(Value::Long(at)) => Some(at),
        _ => None,
    };
    let start = at(crate::bins::binr(column.clone(), low.clone()))?;
    let end = at(crate::bins::bin(column.clone(), high.clone()))? + 1;
    Some(Rows::Range(start as usize, end.max(start) as usize))
}

/// The items of a column at rows found by an index; ranges are sliced.
pub fn take_rows(column: &Value, rows: &Rows) -> QResult<Value> {
    if !column.is_list() && !matches!(column, Value::Table(_)) {
        return Err(QError::type_error());
    }
    Ok(match rows {
        Rows::Range(start, end) => gather::slice(column, *start, end - start),
        Rows::List(rows) => gather::at_keeping_lists(column, rows),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_put_back_after_appending_finds_the_new_rows() {
        let mut v = Vector::new((0..100i64).map(|x| x % 10).collect::<Vec<_>>())
            .with_attribute(Attribute::Grouped);
        let rows = |v: &Vector<i64>, wanted| {
            rows_equal(&Value::Longs(v.clone()), &Value::Long(wanted))
                .map(|rows| rows.into_longs().to_vec())
        };
        for count in [1usize, 50, 20_000] {
            assert!(rows(&v, 3).is_some());
            let (items, index) = v.make_mut_keeping_attribute();
            items.extend((0..count as i64).map(|x| x % 20));
            v.set_index(index.expect("built by the search before"));
            for wanted in [3, 15, 99] {
                let expected: Vec<i64> = (0..v.len() as i64)
                    .filter(|at| v[*at as usize] == wanted)
                    .collect();
                assert_eq!(rows(&v, wanted), Some(expected));
            }
        }
    }

    #[test]
    fn attributes_find_what_a_scan_finds() {
        let parted = Value::Longs(vec![5, 5, 5, 2, 2, 9].into());
        let sorted = Value::Longs(vec![1, 2, 2, 2, 7].into());
        let found = |column: &Value, attribute, wanted| {
            let column = column.clone().with_attribute(attribute);
            rows_equal(&column, &Value::Long(wanted)).map(|rows| rows.into_longs().to_vec())
        };
        assert_eq!(found(&parted, Attribute::Parted, 2), Some(vec![3, 4]));
        assert_eq!(found(&parted, Attribute::Parted, 4), Some(vec![]));
        assert_eq!(found(&sorted, Attribute::Sorted, 2), Some(vec![1, 2, 3]));
        assert_eq!(found(&sorted, Attribute::Sorted, 3), Some(vec![]));
        let grouped = Value::Longs(vec![3, 1, 3, 1, 3].into());
        assert_eq!(found(&grouped, Attribute::Grouped, 3), Some(vec![0, 2, 4]));
        assert_eq!(found(&grouped, Attribute::None, 3), None);
        let times = sorted.with_attribute(Attribute::Sorted);
        let rows = rows_within(&times, &Value::Long(2), &Value::Long(6)).expect("sorted");
        assert_eq!(rows, Rows::Range(1, 4));
        assert!(
            take_rows(&times, &rows)
                .expect("a vector")
                .is_identical(&Value::Longs(vec![2, 2, 2].into()))
        );
    }
}
