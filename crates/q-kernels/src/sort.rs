//! Sorting: `iasc idesc asc desc rank xrank`, and the order of rows by several columns.
//!
//! All sorts are stable; nulls come first ascending; symbols go by text.

use std::sync::Arc;

use q_value::{Attribute, Dict, QError, QResult, Table, Value, Vector};

use crate::{Keyword, enumeration, gather, loops, order, radix};

pub(crate) static TABLE: &[Keyword] = &[
    Keyword::one("iasc", iasc),
    Keyword::one("idesc", idesc),
    Keyword::one("asc", asc),
    Keyword::one("desc", desc),
    Keyword::one("rank", rank),
    Keyword::two("xrank", xrank),
];

/// The bits of a float as an integer of the same order; null is zero, below minus infinity.
#[inline(always)]
fn float_key(x: f64) -> u64 {
    if x.is_nan() {
        return 0;
    }
    let bits = (x + 0.0).to_bits();
    // all bits of a negative number are turned, of others the sign; without a branch, since signs may come in any order
    bits ^ (bits.cast_signed() >> 63).cast_unsigned() ^ (!bits & SIGN)
}

const SIGN: u64 = 1 << 63;

#[inline(always)]
fn float_of_key(key: u64) -> f64 {
    if key == 0 {
        return f64::NAN;
    }
    f64::from_bits(key ^ (!key.cast_signed() >> 63).cast_unsigned() ^ (key & SIGN))
}

#[inline(always)]
fn long_key(x: i64) -> u64 {
    (x as u64) ^ (1 << 63)
}

/// Each item of a vector as a word of the same order; `None` for lists that need comparing.
fn sort_keys(value: &Value) -> Option<Vec<u64>> {
    Some(match value {
        Value::Booleans(v) => loops::map(v, |x: bool| u64::from(x)),
        Value::Bytes(v) | Value::Chars(v) => loops::map(v, |x: u8| u64::from(x)),
        Value::Shorts(v) => loops::map(v, |x: i16| long_key(i64::from(x))),
        Value::Ints(v)
        | Value::Months(v)
        | Value::Dates(v)
        | Value::Minutes(v)
        | Value::Seconds(v)
        | Value::Times(v) => loops::map(v, |x: i32| long_key(i64::from(x))),
        Value::Longs(v) | Value::Timestamps(v) | Value::Timespans(v) => loops::map(v, long_key),
        Value::Reals(v) => loops::map(v, |x: f32| float_key(f64::from(x))),
        Value::Floats(v) | Value::Datetimes(v) => loops::map(v, float_key),
        Value::Symbols(v) => {
            let ranks = order::symbol_ranks(v);
            let ranks = &ranks;
            loops::map(v, |x| u64::from(ranks.rank(x)))
        }
        Value::Enums(_) => return sort_keys(&enumeration::resolve(value.clone())),
        _ => return None,
    })
}

fn reversed(mut keys: Vec<u64>) -> Vec<u64> {
    for key in &mut keys {
        *key = !*key;
    }
    keys
}

fn by_comparison(
    count: usize,
    descending: bool,
    compare: impl Fn(usize, usize) -> std::cmp::Ordering,
) -> Vec<u32> {
    let mut rows: Vec<u32> = (0..count as u32).collect();
    rows.sort_by(|x, y| {
        let order = compare(*x as usize, *y as usize);
        if descending { order.reverse() } else { order }
    });
    rows
}

/// The rows of a list or table in order, stably.
///
/// Errors: `'type` for atoms and functions.
pub fn order_of(value: &Value, descending: bool) -> QResult<Vec<u32>> {
    if value.attribute() == Attribute::Sorted && !descending && value.is_vector() {
        return Ok((0..value.count() as u32).collect());
    }
    if let Some(keys) = sort_keys(value) {
        return Ok(radix::order(&if descending {
            reversed(keys)
        } else {
            keys
        }));
    }
    match value {
        Value::Guids(v) => Ok(by_comparison(v.len(), descending, |x, y| v[x].cmp(&v[y]))),
        Value::List(v) => Ok(by_comparison(v.len(), descending, |x, y| {
            order::compare(&v[x], &v[y])
        })),
        Value::Table(table) => {
            let columns: Vec<(&Value, bool)> = table
                .columns
                .iter()
                .map(|column| (column, descending))
                .collect();
            order_by(&columns)
        }
        Value::Dict(dict) => order_of(&dict.values, descending),
        _ => Err(QError::type_error()),
    }
}

/// The rows of a table in order by several columns, the first one first, each ascending or (`true`) descending; stable.
///
/// Errors: `'type` when a column is no list, `'length` when counts differ.
pub fn order_by(columns: &[(&Value, bool)]) -> QResult<Vec<u32>> {
    let Some((first, others)) = columns.split_first() else {
        return Ok(Vec::new());
    };
    let count = first.0.count();
    if others.iter().any(|(column, _)| column.count() != count) {
        return Err(QError::length());
    }
    if others.is_empty() {
        return order_of(first.0, first.1);
    }
    if let Some(words) = packed_words(columns) {
        let Some((first, others)) = words.split_first() else {
            return Ok(Vec::new());
        };
        let mut rows = radix::order(first);
        for (at, word) in others.iter().enumerate() {
            order_ties(&mut rows, &words[..=at], word);
        }
        return Ok(rows);
    }
    // from the last column to the first: each stable sort keeps the order of those after it
    let mut rows: Vec<u32> = (0..count as u32).collect();
    for (column, descending) in columns.iter().rev() {
        let placed = gather::at_keeping_lists(column, &rows);
        let order = order_of(&placed, *descending)?;
        rows = loops::map(&order, |at: u32| rows[at as usize]);
    }
    Ok(rows)
}

/// Puts rows that tie in all the words before in the order of the next one.
fn order_ties(rows: &mut [u32], before: &[Vec<u64>], word: &[u64]) {
    const SMALL: usize = 64;
    let tied = |x: u32, y: u32| {
        before
            .iter()
            .all(|word| word[x as usize] == word[y as usize])
    };
    let mut start = 0;
    for at in 1..=rows.len() {
        if at < rows.len() && tied(rows[start], rows[at]) {
            continue;
        }
        let run = &mut rows[start..at];
        if run.len() > SMALL {
            let keys: Vec<u64> = run.iter().map(|row| word[*row as usize]).collect();
            let sorted: Vec<u32> = radix::order(&keys)
                .into_iter()
                .map(|at| run[at as usize])
                .collect();
            run.copy_from_slice(&sorted);
        } else if run.len() > 1 {
            run.sort_by_key(|row| word[*row as usize]);
        }
        start = at;
    }
}

/// The columns' keys side by side in as few words as hold them, the first column highest; `None` when a column must be
/// compared.
fn packed_words(columns: &[(&Value, bool)]) -> Option<Vec<Vec<u64>>> {
    let mut words: Vec<(Vec<u64>, u32)> = Vec::new();
    for (column, descending) in columns {
        let mut keys = sort_keys(column)?;
        if *descending {
            keys = reversed(keys);
        }
        if keys.is_empty() {
            return Some(vec![keys]);
        }
        let (low, high) = radix::bounds(&keys);
        let bits = u64::BITS - (high - low).leading_zeros();
        match words.last_mut() {
            Some((word, used)) if *used + bits <= u64::BITS => {
                // a column of 64 bits fits only beside columns of none
                let beside =
                    move |word: u64, key: u64| word.checked_shl(bits).unwrap_or(0) | (key - low);
                *word = loops::zip(word, &keys, beside);
                *used += bits;
            }
            _ => {
                for key in &mut keys {
                    *key -= low;
                }
                words.push((keys, bits));
            }
        }
    }
    Some(words.into_iter().map(|(word, _)| word).collect())
}

fn row_numbers(rows: &[u32]) -> Value {
    Value::Longs(loops::map(rows, |row: u32| i64::from(row)).into())
}

/// Errors: `'rank` for an atom.
fn index_order(x: Value, descending: bool) -> QResult<Value> {
    not_atom(&x)?;
    match &x {
        Value::Dict(dict) => {
            let rows = order_of(&dict.values, descending)?;
            Ok(gather::at(&dict.keys, &rows))
        }
        x => Ok(row_numbers(&order_of(x, descending)?)),
    }
}

/// An atom has nothing to sort: `'rank`.
fn not_atom(x: &Value) -> QResult<()> {
    if x.is_atom() {
        return Err(QError::new("rank"));
    }
    Ok(())
}

/// `iasc x`: the positions of the items in ascending order; of a dictionary the keys.
pub fn iasc(x: Value) -> QResult<Value> {
    index_order(x, false)
}

/// `idesc x`: the positions of the items in descending order; of a dictionary the keys.
pub fn idesc(x: Value) -> QResult<Value> {
    index_order(x, true)
}

/// `asc x`: the items in ascending order with `s#`; a dictionary by its values; a table by its columns, the first of which
/// gets `p#`, or `s#` when it is the only one.
pub fn asc(x: Value) -> QResult<Value> {
    sorted(x, false)
}

/// `desc x`: the items in descending order.
pub fn desc(x: Value) -> QResult<Value> {
    sorted(x, true)
}

fn sorted(x: Value, descending: bool) -> QResult<Value> {
    not_atom(&x)?;
    let attribute = if descending {
        Attribute::None
    } else {
        Attribute::Sorted
    };
    match x {
        Value::Dict(dict) => {
            let Dict { keys, values, .. } = &*dict;
            let rows = order_of(values, descending)?;
            let values = gather::at(values, &rows);
            let values = match values {
                Value::Table(table) if !descending => with_first_attribute(table),
                values => values,
            };
            Ok(Value::dict(gather::at(keys, &rows), values))
        }
        Value::Table(table) => {
            let rows = order_of(&Value::Table(Arc::clone(&table)), descending)?;
            match gather::at(&Value::Table(table), &rows) {
                Value::Table(table) if !descending => Ok(with_first_attribute(table)),
                other => Ok(other),
            }
        }
        x if x.attribute() == Attribute::Sorted && !descending => Ok(x),
        x => match sorted_plain(&x, descending) {
            Some(answer) => Ok(answer.with_attribute(attribute)),
            None => {
                let rows = order_of(&x, descending)?;
                Ok(gather::at(&x, &rows).with_attribute(attribute))
            }
        },
    }
}

fn with_first_attribute(table: Arc<Table>) -> Value {
    let mut table = Arc::unwrap_or_clone(table);
    let attribute = if table.columns.len() == 1 {
        Attribute::Sorted
    } else {
        Attribute::Parted
    };
    if let Some(first) = table.columns.first_mut() {
        let column = std::mem::replace(first, Value::Identity);
        *first = column.with_attribute(attribute);
    }
    Value::Table(Arc::new(table))
}

/// Types of eight bytes, any of which are a value.
trait Wide: Copy + Send + Sync {
    fn bits(self) -> u64;
    /// The same memory, item by item.
    fn of_bits(bits: Vec<u64>) -> Vec<Self>;
}
macro_rules! wide {
    ($t:ty, $bits:expr) => {
        impl Wide for $t {
            #[inline(always)]
            fn bits(self) -> u64 {
                $bits(self)
            }
            fn of_bits(bits: Vec<u64>) -> Vec<$t> {
                let mut bits = std::mem::ManuallyDrop::new(bits);
                // SAFETY: both types have one size and alignment and are defined for all bits; the memory has one owner.
                unsafe {
                    Vec::from_raw_parts(bits.as_mut_ptr().cast(), bits.len(), bits.capacity())
                }
            }
        }
    };
}
wide!(i64, |x| x as u64);
wide!(f64, f64::to_bits);

/// Vectors whose equal items cannot be told apart are sorted as plain keys, without rows.
fn sorted_plain(x: &Value, descending: bool) -> Option<Value> {
    /// The sorted keys of the items, each put through `finish`; `None` when the items are in order already.
    fn keys<T: Copy + Sync>(
        v: &[T],
        descending: bool,
        to_key: impl Fn(T) -> u64 + Copy + Sync,
        finish: impl Fn(u64) -> u64 + Copy + Sync,
    ) -> Option<Vec<u64>> {
        let flip = if descending { u64::MAX } else { 0 };
        let key_at = |row: usize| to_key(v[row]) ^ flip;
        if (1..v.len()).all(|row| key_at(row - 1) <= key_at(row)) {
            return None;
        }
        let (low, high) = radix::bounds_by(v, move |x| to_key(x) ^ flip);
        let bits = u64::BITS - (high - low).leading_zeros();
        // counted values may lie above the highest key
        let finish = move |key: u64| finish(key.wrapping_add(low) ^ flip);
        let key_of = move |_, x: T| (to_key(x) ^ flip) - low;
        Some(radix::sorted(v, bits, 0, key_of, finish))
    }
    fn plain<T: Copy + Send + Sync>(
        v: &[T],
        descending: bool,
        to_key: impl Fn(T) -> u64 + Copy + Sync,
        of_key: impl Fn(u64) -> T + Copy + Sync,
    ) -> Vector<T> {
        Vector::new(match keys(v, descending, to_key, |key| key) {
            Some(keys) => loops::map(&keys, of_key),
            None => v.to_vec(),
        })
    }
    /// As `plain`, for types as wide as the keys, whose memory they take over.
    fn wide<T: Wide>(
        v: &[T],
        descending: bool,
        to_key: impl Fn(T) -> u64 + Copy + Sync,
        of_key: impl Fn(u64) -> T + Copy + Sync,
    ) -> Vector<T> {
        Vector::new(
            match keys(v, descending, to_key, |key| of_key(key).bits()) {
                Some(keys) => Wide::of_bits(keys),
                None => v.to_vec(),
            },
        )
    }
    let back = |key: u64| (key ^ (1 << 63)) as i64;
    let ints = |v: &[i32]| {
        plain(
            v,
            descending,
            |x| long_key(i64::from(x)),
            move |key| back(key) as i32,
        )
    };
    let longs = |v: &[i64]| wide(v, descending, long_key, back);
    let floats = |v: &[f64]| wide(v, descending, float_key, float_of_key);
    let ty = x.basic_type()?;
    Some(match x {
        Value::Booleans(v) => Value::Booleans(plain(v, descending, u64::from, |key| key != 0)),
        Value::Bytes(v) => Value::Bytes(plain(v, descending, u64::from, |key| key as u8)),
        Value::Chars(v) => Value::Chars(plain(v, descending, u64::from, |key| key as u8)),
        Value::Shorts(v) => Value::Shorts(plain(
            v,
            descending,
            |x| long_key(i64::from(x)),
            move |key| back(key) as i16,
        )),
        Value::Ints(v)
        | Value::Months(v)
        | Value::Dates(v)
        | Value::Minutes(v)
        | Value::Seconds(v)
        | Value::Times(v) => Value::from_i32s(ty, ints(v)),
        Value::Longs(v) | Value::Timestamps(v) | Value::Timespans(v) => {
            Value::from_i64s(ty, longs(v))
        }
        Value::Floats(v) | Value::Datetimes(v) => Value::from_f64s(ty, floats(v)),
        Value::Reals(v) => Value::Reals(plain(
            v,
            descending,
            |x| float_key(f64::from(x)),
            |key| float_of_key(key) as f32,
        )),
        _ => return None,
    })
}

/// `rank x`: for each item its position in ascending order.
///
/// Errors: `'rank` for an atom.
pub fn rank(x: Value) -> QResult<Value> {
    not_atom(&x)?;
    let rows = order_of(&x, false)?;
    let mut ranks = vec![0i64; rows.len()];
    for (place, row) in rows.iter().enumerate() {
        ranks[*row as usize] = place as i64;
    }
    Ok(Value::Longs(ranks.into()))
}

/// `n xrank x`: each item's bucket when the sorted items are put into `n` buckets of nearly equal size.
///
/// Errors: `'type` unless `n` is an integer atom.
pub fn xrank(n: Value, x: Value) -> QResult<Value> {
    let n = n.as_i64().ok_or_else(QError::type_error)?;
    if let Value::Dict(dict) = &x {
        return Ok(Value::dict(
            dict.keys.clone(),
            xrank(Value::Long(n), dict.values.clone())?,
        ));
    }
    let count = x.count() as i128;
    let Value::Longs(ranks) = rank(x)? else {
        return Err(QError::type_error());
    };
    if n == i64::MIN {
        return Ok(Value::Longs(vec![i64::MIN; ranks.len()].into()));
    }
    Ok(Value::Longs(
        ranks
            .iter()
            .map(|rank| (i128::from(*rank) * i128::from(n)).div_euclid(count) as i64)
            .collect(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn longs(items: &[i64]) -> Value {
        Value::Longs(items.to_vec().into())
    }

    fn is(x: QResult<Value>, y: Value) {
        let x = x.expect("sorts");
        assert!(x.is_identical(&y), "{x:?} is not {y:?}");
    }

    #[test]
    fn sorts_are_stable_with_nulls_first() {
        is(
            iasc(longs(&[2, 1, 3, 4, 2, 1, 2])),
            longs(&[1, 5, 0, 4, 6, 2, 3]),
        );
        is(idesc(longs(&[2, 1, 2, i64::MIN])), longs(&[0, 2, 1, 3]));
        is(
            asc(Value::symbols(["b", "", "a"])),
            Value::symbols(["", "a", "b"]),
        );
        is(rank(longs(&[2, 7, 3, 2, 5])), longs(&[0, 4, 2, 1, 3]));
        is(
            xrank(Value::Long(4), longs(&[0, 1, 2, 3, 4, 5, 6, 7, 8])),
            longs(&[0, 0, 0, 1, 1, 2, 2, 3, 3]),
        );
        assert_eq!(
            asc(longs(&[2, 1])).expect("sorts").attribute(),
            Attribute::Sorted
        );
        is(
            iasc(Value::dict(
                Value::symbols(["a", "b", "c"]),
                longs(&[2, 3, 1]),
            )),
            Value::symbols(["c", "a", "b"]),
        );
    }

    proptest! {
        #[test]
        fn every_type_sorts_as_comparing_does(
            x in proptest::collection::vec(prop_oneof![-4i64..4, any::<i64>(), Just(i64::MIN)], 0..400),
            descending in any::<bool>(),
        ) {
            let floats: Vec<f64> = x.iter().map(|x| if *x == i64::MIN { f64::NAN } else { *x as f64 / 3.0 }).collect();
            let names: Vec<String> = x.iter().map(|x| format!("s{}", x % 7)).collect();
            for value in [
                longs(&x),
                Value::Ints(x.iter().map(|x| *x as i32).collect()),
                Value::Shorts(x.iter().map(|x| *x as i16).collect()),
                Value::Bytes(x.iter().map(|x| *x as u8).collect()),
                Value::Booleans(x.iter().map(|x| *x > 0).collect()),
                Value::Floats(floats.into()),
                Value::symbols(names),
            ] {
                let items = value.items();
                let mut expected: Vec<u32> = (0..items.len() as u32).collect();
                expected.sort_by(|a, b| {
                    let order = order::compare(&items[*a as usize], &items[*b as usize]);
                    if descending { order.reverse() } else { order }
                });
                prop_assert_eq!(&order_of(&value, descending).expect("a list"), &expected);
                let gathered = gather::at(&value, &expected);
                let direct = sorted(value, descending).expect("a list");
                prop_assert!(direct.is_identical(&gathered));
            }
        }

        #[test]
        fn columns_sort_one_after_the_other(
            rows in proptest::collection::vec((0i64..4, prop_oneof![0i64..3, any::<i64>()], 0u8..3), 0..200),
            directions in any::<[bool; 3]>(),
        ) {
            let columns = [
                longs(&rows.iter().map(|row| row.0).collect::<Vec<_>>()),
                longs(&rows.iter().map(|row| row.1).collect::<Vec<_>>()),
                Value::Bytes(rows.iter().map(|row| row.2).collect()),
            ];
            let mut expected: Vec<u32> = (0..rows.len() as u32).collect();
            expected.sort_by(|x, y| {
                let (x, y) = (rows[*x as usize], rows[*y as usize]);
                let turn = |order: std::cmp::Ordering, at: usize| if directions[at] { order.reverse() } else { order };
                turn(x.0.cmp(&y.0), 0).then(turn(x.1.cmp(&y.1), 1)).then(turn(x.2.cmp(&y.2), 2))
            });
            let by: Vec<(&Value, bool)> = columns.iter().zip(directions).collect();
            prop_assert_eq!(order_by(&by).expect("columns"), expected);
        }
    }
}
