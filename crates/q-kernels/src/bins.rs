//! Binary search: `bin` and `binr`.

use q_value::{QError, QResult, Table, Type, Value, Vector};

use crate::keys::{self, Key};
use crate::{Keyword, enumeration, gather, loops, order, search, temporal};

pub(crate) static TABLE: &[Keyword] = &[Keyword::two("bin", bin), Keyword::two("binr", binr)];

/// How many leading items satisfy `below`, which holds up to some item and not after.
#[inline(always)]
fn partition_point(count: usize, below: impl Fn(usize) -> bool) -> usize {
    let mut start = 0;
    let mut length = count;
    while length > 0 {
        let half = length / 2;
        let middle = start + half;
        // both continuations are cheap: written so that no branch is taken on the data
        let go = below(middle);
        start = if go { middle + 1 } else { start };
        length = if go { length - half - 1 } else { half };
    }
    start
}

/// Order of one key type, null lowest.
trait Ordered: Key {
    fn below(self, other: Self) -> bool;
}
macro_rules! ordered {
    ($($t:ty)*) => { $(impl Ordered for $t {
        #[inline(always)]
        fn below(self, other: $t) -> bool { self < other }
    })* };
}
ordered!(bool u8 i16 i32 i64 q_value::Guid q_value::Symbol);
macro_rules! ordered_floats {
    ($($t:ty)*) => { $(impl Ordered for $t {
        #[inline(always)]
        fn below(self, other: $t) -> bool { self < other || (self.is_nan() && !other.is_nan()) }
    })* };
}
ordered_floats!(f32 f64);

/// `x bin y`: the position of the last item of the sorted `x` that is not above `y`; -1 when all are.
///
/// A dictionary gives keys. A table finds rows: equal on all columns but the last, null when there is no such row.
///
/// Errors: `'type` when types differ.
pub fn bin(x: Value, y: Value) -> QResult<Value> {
    search_sorted(x, y, Side::Last)
}

/// `x binr y`: the position of the first item of the sorted `x` that is not below `y`; the count when all are.
pub fn binr(x: Value, y: Value) -> QResult<Value> {
    search_sorted(x, y, Side::First)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Last,
    First,
}

fn search_sorted(x: Value, y: Value, side: Side) -> QResult<Value> {
    match (&x, &y) {
        (Value::Dict(dict), _) => {
            let at = search_sorted(dict.values.clone(), y, side)?;
            Ok(keys_at(&dict.keys, &at))
        }
        (Value::Table(table), _) => rows(table, y),
        (Value::Enums(_), _) => search_sorted(enumeration::resolve(x), y, side),
        (_, Value::Enum(_) | Value::Enums(_)) => {
            let y = enumeration::resolve(y);
            search_sorted(x, y, side)
        }
        (Value::List(items), _) => {
            let find = |wanted: &Value| {
                Value::Long(match side {
                    Side::Last => {
                        partition_point(items.len(), |at| {
                            order::compare(&items[at], wanted).is_le()
                        }) as i64
                            - 1
                    }
                    Side::First => partition_point(items.len(), |at| {
                        order::compare(&items[at], wanted).is_lt()
                    }) as i64,
                })
            };
            match &y {
                Value::List(wanted) => Ok(Value::from_items(wanted.iter().map(find).collect())),
                wanted => Ok(find(wanted)),
            }
        }
        (x, Value::List(wanted)) => {
            let answers: QResult<Vec<Value>> = wanted
                .iter()
                .map(|wanted| search_sorted((*x).clone(), wanted.clone(), side))
                .collect();
            Ok(Value::from_items(answers?))
        }
        (x, Value::Dict(dict)) => Ok(Value::dict(
            dict.keys.clone(),
            search_sorted((*x).clone(), dict.values.clone(), side)?,
        )),
        (x, y) if x.is_vector() && x.basic_type().is_some() => {
            let (x, y) = alike((*x).clone(), (*y).clone())?;
            if y.is_atom() {
                return match vectors(&x, &y.enlist(), side)? {
                    Value::Longs(at) => Ok(Value::Long(at[0])),
                    other => Ok(other),
                };
            }
            vectors(&x, &y, side)
        }
        _ => Err(QError::type_error()),
    }
}

/// Both sides in one type: temporal values in the unit of `x`.
fn alike(x: Value, y: Value) -> QResult<(Value, Value)> {
    match (x.basic_type(), y.basic_type()) {
        (Some(left), Some(right)) if left == right => Ok((x, y)),
        (Some(left), Some(right)) if left.is_temporal() && right.is_temporal() => {
            Ok((x, temporal::convert_unit(y, left)))
        }
        (Some(left), Some(right)) if is_number(left) && is_number(right) => {
            let floats = |value| -> QResult<Value> {
                Ok(crate::lanes::raw::<f64>(value)?.wrap(Type::Float))
            };
            Ok((floats(x)?, floats(y)?))
        }
        _ => Err(QError::type_error()),
    }
}

fn is_number(ty: Type) -> bool {
    matches!(
        ty,
        Type::Boolean
            | Type::Byte
            | Type::Short
            | Type::Int
            | Type::Long
            | Type::Real
            | Type::Float
    )
}

fn vectors(x: &Value, y: &Value, side: Side) -> QResult<Value> {
    fn of<K: Ordered>(x: &[K], y: &Value, side: Side) -> QResult<Value> {
        let y: Vector<K> = keys::downcast(y).ok_or_else(QError::type_error)?;
        Ok(Value::Longs(Vector::new(match side {
            Side::Last => loops::map(&y, |wanted| {
                partition_point(x.len(), |at| !wanted.below(x[at])) as i64 - 1
            }),
            Side::First => loops::map(&y, |wanted| {
                partition_point(x.len(), |at| x[at].below(wanted)) as i64
            }),
        })))
    }
    keys::with_keys!(x, v => of(v, y, side), else Err(QError::type_error()))
}

fn keys_at(keys: &Value, at: &Value) -> Value {
    match at {
        Value::Long(at) => usize::try_from(*at)
            .ok()
            .and_then(|at| keys.item(at))
            .unwrap_or_else(|| gather::missing_item(keys)),
        Value::Longs(at) => gather::at(keys, at),
        Value::List(items) => Value::from_items(items.iter().map(|at| keys_at(keys, at)).collect()),
        other => other.clone(),
    }
}

/// Rows of `table` equal in all columns but the last and the last such not above in that; null where there is none.
fn rows(table: &Table, y: Value) -> QResult<Value> {
    let (wanted, single) = match y {
        Value::Table(wanted) => (wanted, false),
        Value::Dict(row) => match (&row.keys, row.values.items()) {
            (Value::Symbols(names), cells) => {
                if names.len() != cells.len() {
                    return Err(QError::length());
                }
                let one = Value::table(
                    names.clone(),
                    cells.into_iter().map(Value::enlist).collect(),
                );
                match one {
                    Value::Table(one) => (one, true),
                    _ => return Err(QError::type_error()),
                }
            }
            _ => return Err(QError::type_error()),
        },
        _ => return Err(QError::type_error()),
    };
    let places = as_of(table, &wanted)?;
    if single {
        return Ok(Value::Long(places.first().copied().unwrap_or(i64::MIN)));
    }
    Ok(Value::Longs(places.into()))
}

/// For each row of `wanted` the last row of `table` that is equal on all of `table`'s columns but the last, and not above
/// on that; null where there is none. The rows of `table` are in order of the last column among equal ones.
///
/// Errors: `'mismatch` when `wanted` lacks a column, `'type` when types differ.
pub fn as_of(table: &Table, wanted: &Table) -> QResult<Vec<i64>> {
    let (Some((last_name, key_names)), Some((last, key_columns))) =
        (table.names.split_last(), table.columns.split_last())
    else {
        return Err(QError::type_error());
    };
    let missing = || QError::new("mismatch");
    let times = wanted.column(*last_name).ok_or_else(missing)?;
    if key_names.is_empty() {
        return match bin(last.clone(), times.clone())? {
            Value::Longs(at) => Ok(at
                .iter()
                .map(|at| if *at < 0 { i64::MIN } else { *at })
                .collect()),
            _ => Err(QError::type_error()),
        };
    }
    let columns_wanted: QResult<Vec<Value>> = key_names
        .iter()
        .map(|name| wanted.column(*name).cloned().ok_or_else(missing))
        .collect();
    let names: Vector<q_value::Symbol> = key_names.to_vec().into();
    let key_table = Value::table(names.clone(), key_columns.to_vec());
    let wanted_keys = Value::table(names, columns_wanted?);
    let groups = crate::group::group_ids(key_columns)?;
    let (starts, rows) = groups.rows_by_group();
    let found = search::positions(&key_table, &wanted_keys)?;
    let (last, times) = alike(
        enumeration::resolve(last.clone()),
        enumeration::resolve(times.clone()),
    )?;
    fn of<K: Ordered>(
        last: &[K],
        times: &Value,
        found: &[usize],
        groups: &crate::group::Groups,
        starts: &[u32],
        rows: &[u32],
    ) -> QResult<Vec<i64>> {
        let times: Vector<K> = keys::downcast(times).ok_or_else(QError::type_error)?;
        let times = &times[..];
        Ok(loops::build(found.len(), |start, out| {
            for (at, out) in out.iter_mut().enumerate() {
                let (first, time) = (found[start + at], times[start + at]);
                let Some(id) = groups.ids.get(first) else {
                    out.write(i64::MIN);
                    continue;
                };
                let own = &rows[starts[*id as usize] as usize..starts[*id as usize + 1] as usize];
                let count = partition_point(own.len(), |at| !time.below(last[own[at] as usize]));
                out.write(
                    count
                        .checked_sub(1)
                        .map_or(i64::MIN, |at| i64::from(own[at])),
                );
            }
        }))
    }
    keys::with_keys!(&last, v => of(v, &times, &found, &groups, &starts, &rows), else Err(QError::type_error()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn longs(items: &[i64]) -> Value {
        Value::Longs(items.to_vec().into())
    }

    #[test]
    fn bin_finds_the_last_and_binr_the_first() {
        let x = longs(&[0, 1, 1, 2]);
        assert!(
            bin(x.clone(), longs(&[0, 1, 2, -5, 9]))
                .expect("longs")
                .is_identical(&longs(&[0, 2, 3, -1, 3]))
        );
        assert!(
            binr(x, longs(&[0, 1, 2]))
                .expect("longs")
                .is_identical(&longs(&[0, 1, 3]))
        );
        let words = |items: &[&str]| Value::list(items.iter().map(Value::string).collect());
        let found = bin(
            words(&["apple", "banana", "coffee"]),
            words(&["anise", "berry", "curry"]),
        );
        assert!(found.expect("strings").is_identical(&longs(&[-1, 1, 2])));
    }

    #[test]
    fn tables_find_rows_as_of() {
        let names: Vector<q_value::Symbol> = vec!["a".into(), "b".into()].into();
        let table = Value::table(
            names.clone(),
            vec![
                Value::symbols(["p", "p", "p", "q", "q", "q"]),
                longs(&[0, 2, 4, 0, 2, 4]),
            ],
        );
        let wanted = Value::table(
            names,
            vec![
                Value::symbols(["q", "q", "q", "q", "r"]),
                longs(&[-1, 1, 3, 5, 1]),
            ],
        );
        let found = bin(table, wanted).expect("tables");
        assert!(found.is_identical(&longs(&[i64::MIN, 3, 4, 5, i64::MIN])));
    }
}
