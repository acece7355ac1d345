//! Where items stand: `?` find, `in`, `within`.

use std::sync::Arc;

use q_value::{Attribute, Dict, QError, QResult, Table, Type, Value, Vector};

use crate::compare::{self, Comparison};
use crate::group::{self, places_of};
use crate::keys::{self, Key, NONE, Places, with_keys};
use crate::text::cast::cast_to;
use crate::{Keyword, arithmetic, attribute_index, enumeration, gather, interrupt, loops};

pub(crate) static TABLE: &[Keyword] = &[
    Keyword::two("in", is_in),
    Keyword::two("within", within),
    Keyword::two("except", except),
    Keyword::two("inter", inter),
    Keyword::two("union", union),
];

/// Where each item (or row) of `wanted` stands first among the items (or rows) of `keys`; the count where it does not.
/// Both are lists of items of one kind, or tables with the same columns.
///
/// Errors: `'type` when they cannot be compared; `'mismatch` when columns differ.
pub fn positions(keys: &Value, wanted: &Value) -> QResult<Vec<usize>> {
    match (keys, wanted) {
        (Value::Table(keys), Value::Table(wanted)) => rows(keys, wanted),
        (Value::Enums(x), Value::Enums(y)) if x.domain == y.domain => {
            Ok(places_of(&x.indices, &y.indices))
        }
        (Value::Enums(_), _) => positions(&enumeration::resolve(keys.clone()), wanted),
        (_, Value::Enums(_)) => positions(keys, &enumeration::resolve(wanted.clone())),
        (keys, wanted) if is_searched_by_halves(keys, wanted) => in_sorted(keys, wanted),
        (keys, wanted) if keys.is_vector() && keys.type_number() == wanted.type_number() => {
            with_keys!(keys, v => same_type(v, wanted), else Err(QError::type_error()))
        }
        (keys, wanted) if keys.is_list() && wanted.is_list() => {
            Ok(places_of_values(&keys.items(), &wanted.items()))
        }
        (keys, Value::Table(_)) | (Value::Table(_), keys)
            if keys.is_list() && keys.count() == 0 =>
        {
            Ok(vec![0; wanted.count()])
        }
        (Value::Dict(keys), wanted) => positions(&keys.values, wanted),
        _ => Err(QError::type_error()),
    }
}

/// True for a few items wanted of a vector with `s#`: making a table of it would cost more.
fn is_searched_by_halves(keys: &Value, wanted: &Value) -> bool {
    keys.is_vector()
        && keys.attribute() == Attribute::Sorted
        && keys.type_number() == wanted.type_number()
        && wanted.count() < keys.count() / 16
}

fn in_sorted(keys: &Value, wanted: &Value) -> QResult<Vec<usize>> {
    let Value::Longs(first) = crate::bins::binr(keys.clone(), wanted.clone())? else {
        return Err(QError::type_error());
    };
    // what stands there is the wanted item or the first above it
    let found = gather::at(keys, &first);
    let none = keys.count();
    fn same<K: Key>(
        found: &Vector<K>,
        wanted: &Value,
        first: &[i64],
        none: usize,
    ) -> Option<Vec<usize>> {
        let wanted = keys::downcast::<K>(wanted)?;
        Some(
            found
                .iter()
                .zip(wanted.iter())
                .zip(first)
                .map(|((found, wanted), at)| {
                    let at = *at as usize;
                    if at < none && found.same(*wanted) {
                        at
                    } else {
                        none
                    }
                })
                .collect(),
        )
    }
    with_keys!(&found, v => same(v, wanted, &first, none), else None).ok_or_else(QError::type_error)
}

fn same_type<K: Key>(keys: &Vector<K>, wanted: &Value) -> QResult<Vec<usize>> {
    let wanted = keys::downcast::<K>(wanted).ok_or_else(QError::type_error)?;
    if wanted.len() <= 4 {
        return Ok(wanted.iter().map(|key| first_of(keys, *key)).collect());
    }
    if has_lasting_index(keys.attribute())
        && let Some(index) = attribute_index::index_of(keys)
    {
        return Ok(loops::map(&wanted, |key| {
            index.first(keys, key).unwrap_or(keys.len())
        }));
    }
    Ok(places_of(keys, &wanted))
}

fn has_lasting_index(attribute: Attribute) -> bool {
    matches!(
        attribute,
        Attribute::Unique | Attribute::Parted | Attribute::Grouped
    )
}

/// Where an item stands first; the count when nowhere. `u#`, `p#` and `g#` are asked for their table.
fn first_of<K: Key>(keys: &Vector<K>, wanted: K) -> usize {
    if has_lasting_index(keys.attribute())
        && keys.len() > 32
        && let Some(index) = attribute_index::index_of(keys)
    {
        return index.first(keys, wanted).unwrap_or(keys.len());
    }
    scan(keys, wanted)
}

loops::vectorised! {
    fn any_same[K: Key](block: &[K], wanted: K) -> bool {
        let mut found = false;
        for key in block {
            found |= key.same(wanted);
        }
        found
    }
}

fn scan<K: Key>(keys: &[K], wanted: K) -> usize {
    const BLOCK: usize = 256;
    for (number, block) in keys.chunks(BLOCK).enumerate() {
        if any_same(block, wanted)
            && let Some(at) = block.iter().position(|key| key.same(wanted))
        {
            return number * BLOCK + at;
        }
    }
    keys.len()
}

fn places_of_values(keys: &[Value], wanted: &[Value]) -> Vec<usize> {
    if wanted.len() <= 2 || keys.len() <= 8 {
        return wanted
            .iter()
            .map(|item| {
                keys.iter()
                    .position(|key| key.is_identical(item))
                    .unwrap_or(keys.len())
            })
            .collect();
    }
    let mut by_hash: std::collections::HashMap<u64, Vec<usize>> = std::collections::HashMap::new();
    for (row, key) in keys.iter().enumerate() {
        interrupt::at_row(row);
        by_hash.entry(keys::hash_value(key)).or_default().push(row);
    }
    wanted
        .iter()
        .map(|item| {
            by_hash
                .get(&keys::hash_value(item))
                .and_then(|rows| rows.iter().find(|row| keys[**row].is_identical(item)))
                .copied()
                .unwrap_or(keys.len())
        })
        .collect()
}

fn rows(keys: &Table, wanted: &Table) -> QResult<Vec<usize>> {
    let count = keys.row_count();
    let mut codes: Option<(Vec<u64>, Vec<u64>)> = None;
    for (name, column) in keys.names.iter().zip(&keys.columns) {
        let other = wanted
            .column(*name)
            .ok_or_else(|| QError::new("mismatch"))?;
        if keys.names.len() == 1 {
            return positions(column, other);
        }
        let groups = group::groups_of(column)?;
        let found = positions(column, other)?;
        let right: Vec<u64> = found
            .iter()
            .map(|row| groups.ids.get(*row).map_or(u64::MAX, |id| u64::from(*id)))
            .collect();
        let left: Vec<u64> = groups.ids.iter().map(|id| u64::from(*id)).collect();
        codes = Some(match codes {
            None => (left, right),
            Some((old_left, old_right)) => {
                let wide = groups.count as u64 + 1;
                // codes stay below count * count, and are made dense again before the next column
                let pair = |old: u64, new: u64| {
                    if old == u64::MAX || new == u64::MAX {
                        u64::MAX
                    } else {
                        old * wide + new
                    }
                };
                let left: Vec<u64> = old_left
                    .iter()
                    .zip(&left)
                    .map(|(old, new)| pair(*old, *new))
                    .collect();
                let right: Vec<u64> = old_right
                    .iter()
                    .zip(&right)
                    .map(|(old, new)| pair(*old, *new))
                    .collect();
                densely(&left, &right)
            }
        });
    }
    let Some((left, right)) = codes else {
        return Ok(vec![count; wanted.row_count()]);
    };
    Ok(places_of(&left, &right))
}

/// Codes replaced by the first row of the left side that has them, so that they stay small.
fn densely(left: &[u64], right: &[u64]) -> (Vec<u64>, Vec<u64>) {
    let of = |wanted: &[u64]| -> Vec<u64> {
        places_of(left, wanted)
            .into_iter()
            .map(|row| {
                if row == left.len() {
                    u64::MAX
                } else {
                    row as u64
                }
            })
            .collect()
    };
    (of(left), of(right))
}

/// How many levels of lists a value has, going by first items.
fn depth(value: &Value) -> usize {
    match value {
        Value::List(items) => 1 + items.first().map_or(0, depth),
        value if value.is_vector() => 1,
        Value::Table(_) => 1,
        _ => 0,
    }
}

fn long_of(at: usize) -> Value {
    Value::Long(at as i64)
}

/// `x?y`: where `y` stands first in `x`; the count of `x` when nowhere.
///
/// A vector finds atoms, at any depth of `y`. A general list finds items of the rank of its first item. A table finds
/// rows (dictionaries, lists or tables), a dictionary the key of a value.
///
/// Integers of any width find each other. Errors: `'type` when types differ otherwise, or `x` is an atom.
pub fn find(x: Value, y: Value) -> QResult<Value> {
    match (&x, &y) {
        (Value::Dict(dict), _) => {
            let found = find(dict.values.clone(), y)?;
            Ok(index_keys(&dict.keys, &found))
        }
        (Value::Table(table), y) => find_rows(table, y),
        (Value::Enums(_), _) => find(enumeration::resolve(x), y),
        (_, Value::Enums(_) | Value::Enum(_)) => find(x, enumeration::resolve(y)),
        (Value::List(items), _) => find_in_list(items, y),
        (x, Value::List(items)) if x.is_vector() => {
            if items.is_empty() {
                return Ok(Value::Longs(Vector::default()));
            }
            let found: QResult<Vec<Value>> = items
                .iter()
                .map(|item| find(x.clone(), item.clone()))
                .collect();
            Ok(Value::from_items(found?))
        }
        (x, Value::Dict(dict)) if x.is_list() => Ok(Value::dict(
            dict.keys.clone(),
            find(x.clone(), dict.values.clone())?,
        )),
        (x, y) if x.is_vector() && y.basic_type() == x.basic_type() => {
            if y.is_atom() {
                let one = y.clone().enlist();
                return Ok(long_of(positions(x, &one)?[0]));
            }
            Ok(longs(positions(x, y)?))
        }
        (x, y) if x.is_vector() && is_integer(x) && is_integer(y) => {
            let wide = |value: &Value| cast_to(Type::Long, value.clone());
            find(wide(x)?, wide(y)?)
        }
        _ => Err(QError::type_error()),
    }
}

/// True for shorts, ints and longs: they find each other by value.
fn is_integer(x: &Value) -> bool {
    matches!(x.basic_type(), Some(Type::Short | Type::Int | Type::Long))
}

fn longs(places: Vec<usize>) -> Value {
    Value::Longs(places.into_iter().map(|at| at as i64).collect())
}

/// Keys at positions of any shape.
fn index_keys(keys: &Value, found: &Value) -> Value {
    match found {
        Value::Long(at) => usize::try_from(*at)
            .ok()
            .and_then(|at| keys.item(at))
            .unwrap_or_else(|| gather::missing_item(keys)),
        Value::Longs(at) => gather::at(keys, at),
        Value::List(items) => {
            Value::from_items(items.iter().map(|item| index_keys(keys, item)).collect())
        }
        other => other.clone(),
    }
}

fn find_in_list(items: &Vector<Value>, y: Value) -> QResult<Value> {
    let rank = items.first().map_or(0, depth);
    find_of_rank(items, rank, y)
}

fn find_of_rank(items: &Vector<Value>, rank: usize, y: Value) -> QResult<Value> {
    if depth(&y) <= rank || !gather::is_collection(&y) {
        let place = if depth(&y) < rank {
            items.len()
        } else {
            items
                .iter()
                .position(|item| item.is_identical(&y))
                .unwrap_or(items.len())
        };
        return Ok(long_of(place));
    }
    if y.count() == 0 {
        return Ok(Value::Longs(Vector::default()));
    }
    let wanted = y.items();
    if wanted.iter().all(|item| depth(item) == rank) {
        return Ok(longs(places_of_values(items, &wanted)));
    }
    let found: QResult<Vec<Value>> = wanted
        .into_iter()
        .map(|item| find_of_rank(items, rank, item))
        .collect();
    Ok(Value::from_items(found?))
}

fn find_rows(table: &Arc<Table>, y: &Value) -> QResult<Value> {
    match y {
        Value::Table(rows) => Ok(longs(positions(
            &Value::Table(Arc::clone(table)),
            &Value::Table(Arc::clone(rows)),
        )?)),
        Value::Dict(row) => {
            let Dict { keys, values, .. } = &**row;
            let Value::Symbols(names) = keys else {
                return Err(QError::type_error());
            };
            let columns = (0..names.len())
                .map(|at| gather::item_at(values, at).enlist())
                .collect();
            let one = Value::table(names.clone(), columns);
            Ok(long_of(
                positions(&Value::Table(Arc::clone(table)), &one)?[0],
            ))
        }
        row if row.is_list() && row.count() == table.columns.len() => {
            let cells = row.items();
            if cells.iter().all(|cell| !cell.is_list()) || !table_of_atoms(table) {
                let one = Value::table(
                    table.names.clone(),
                    cells.into_iter().map(Value::enlist).collect(),
                );
                return Ok(long_of(
                    positions(&Value::Table(Arc::clone(table)), &one)?[0],
                ));
            }
            let many = Value::table(table.names.clone(), cells);
            Ok(longs(positions(&Value::Table(Arc::clone(table)), &many)?))
        }
        atom if atom.is_atom() && table.columns.len() == 1 => {
            find(table.columns[0].clone(), atom.clone())
        }
        _ => Err(QError::type_error()),
    }
}

fn table_of_atoms(table: &Table) -> bool {
    table.columns.iter().all(Value::is_vector)
}

/// `x in y`: for each item of `x` whether it is an item of `y`. Of a list of lists the whole of `x` is looked for when its
/// rank is that of the first item of `y`.
///
/// Errors: `'type` when two vectors differ in type, unless `y` has one item only.
pub fn is_in(x: Value, y: Value) -> QResult<Value> {
    match (&x, &y) {
        (_, Value::Enums(_) | Value::Enum(_)) => is_in(x, enumeration::resolve(y)),
        (Value::Enum(_), _) => is_in(enumeration::resolve(x), y),
        (Value::Enums(v), Value::Symbols(wanted)) => {
            let Some(domain @ Value::Symbols(_)) = enumeration::domain_list(v.domain) else {
                return is_in(enumeration::resolve(x), y);
            };
            let Value::Booleans(known) = is_in(domain, Value::Symbols(wanted.clone()))? else {
                return Err(QError::type_error());
            };
            let null = wanted.iter().any(|symbol| symbol.is_null());
            Ok(Value::Booleans(
                loops::map(&v.indices, |index: i64| {
                    known.get(index as usize).copied().unwrap_or(null)
                })
                .into(),
            ))
        }
        (Value::Enums(_), _) => is_in(enumeration::resolve(x), y),
        (Value::Dict(dict), _) if !matches!(y, Value::Table(_)) => {
            let found = is_in(dict.values.clone(), y)?;
            // all values together may be one item of `y`
            if found.count() != dict.keys.count() || found.is_atom() {
                return Err(QError::length());
            }
            Ok(Value::dict(dict.keys.clone(), found))
        }
        (_, Value::Dict(dict)) if !x.is_keyed_table() => is_in(x, dict.values.clone()),
        (_, Value::Table(table)) => {
            let count = table.row_count() as i64;
            compare::less(find(y, x)?, Value::Long(count))
        }
        (_, y) if !y.is_list() => compare::equal(x, y.clone()),
        (_, Value::List(items)) => {
            if items.is_empty() {
                return shape_of_false(&x);
            }
            let count = items.len() as i64;
            compare::less(find_in_list(items, x)?, Value::Long(count))
        }
        (Value::List(items), _) => {
            let answers: QResult<Vec<Value>> = items
                .iter()
                .map(|item| is_in(item.clone(), y.clone()))
                .collect();
            Ok(Value::from_items(answers?))
        }
        (Value::Table(table), _) => {
            let columns: QResult<Vec<Value>> = table
                .columns
                .iter()
                .map(|column| is_in(column.clone(), y.clone()))
                .collect();
            Ok(Value::table(table.names.clone(), columns?))
        }
        (left, right) if left.basic_type() == right.basic_type() => {
            if left.is_atom() {
                let one = left.clone().enlist();
                let found = positions(right, &one)?[0] < right.count();
                return Ok(Value::Boolean(found));
            }
            with_keys!(left, v => members(v, right), else Err(QError::type_error()))
        }
        (_, y) if y.count() == 1 => compare::equal(x, gather::item_at(y, 0)),
        _ => Err(QError::type_error()),
    }
}

fn shape_of_false(x: &Value) -> QResult<Value> {
    Ok(if x.is_list() {
        Value::Booleans(vec![false; x.count()].into())
    } else {
        Value::Boolean(false)
    })
}

/// Membership of each item of a vector in another of the same type.
fn members<K: Key>(x: &Vector<K>, set: &Value) -> QResult<Value> {
    let set = keys::downcast::<K>(set).ok_or_else(QError::type_error)?;
    if set.len() <= 4 {
        let mut answer: Option<Vec<bool>> = None;
        for wanted in set.iter().copied() {
            answer = Some(match answer {
                None => loops::map(x, move |key: K| key.same(wanted)),
                Some(found) => loops::zip(x, &found, move |key: K, found| found | key.same(wanted)),
            });
        }
        return Ok(Value::Booleans(
            answer.unwrap_or_else(|| vec![false; x.len()]).into(),
        ));
    }
    // one byte or bit per possible value while that fits a cache
    const BITS_MAX: usize = 1 << 27;
    if let Some((low, slots)) = keys::small_range(&set, BITS_MAX.min((x.len() + set.len()) * 64)) {
        let mut bits = vec![0u64; slots.div_ceil(64)];
        for key in set.iter() {
            let at = key.number().wrapping_sub(low) as usize;
            bits[at / 64] |= 1 << (at % 64);
        }
        let bits = &bits[..];
        let limit = slots as u64;
        return Ok(Value::Booleans(
            loops::map(x, move |key: K| {
                let at = key.number().wrapping_sub(low) as u64;
                // beyond the range nothing is found; the read stays inside either way
                let inside = at < limit;
                let at = if inside { at as usize } else { 0 };
                inside & ((bits[at / 64] >> (at % 64)) & 1 == 1)
            })
            .into(),
        ));
    }
    let places = Places::new(&set);
    Ok(Value::Booleans(
        loops::map(x, |key: K| places.find(&set, key) != NONE).into(),
    ))
}

/// `x within y`: whether `x` lies between the two items of `y`, both ends included.
///
/// Errors: `'length` when `y` has not two items, `'type` for what cannot be compared.
pub fn within(x: Value, y: Value) -> QResult<Value> {
    if y.count() != 2 || !y.is_list() {
        return Err(QError::length());
    }
    let (low, high) = (gather::item_at(&y, 0), gather::item_at(&y, 1));
    if x.is_vector()
        && x.basic_type() == low.basic_type()
        && low.type_number() == high.type_number()
    {
        match (&x, &low, &high) {
            (Value::Longs(v), Value::Long(low), Value::Long(high))
            | (Value::Timestamps(v), Value::Timestamp(low), Value::Timestamp(high))
            | (Value::Timespans(v), Value::Timespan(low), Value::Timespan(high)) => {
                return Ok(between(v, *low, *high));
            }
            (Value::Ints(v), Value::Int(low), Value::Int(high))
            | (Value::Dates(v), Value::Date(low), Value::Date(high))
            | (Value::Months(v), Value::Month(low), Value::Month(high))
            | (Value::Minutes(v), Value::Minute(low), Value::Minute(high))
            | (Value::Seconds(v), Value::Second(low), Value::Second(high))
            | (Value::Times(v), Value::Time(low), Value::Time(high)) => {
                return Ok(between(v, *low, *high));
            }
            _ => {}
        }
    }
    let above = compare::compare(Comparison::GreaterEqual, x.clone(), low)?;
    let below = compare::compare(Comparison::LessEqual, x, high)?;
    arithmetic::lesser(above, below)
}

fn between<T: Copy + PartialOrd + Send + Sync>(v: &[T], low: T, high: T) -> Value {
    Value::Booleans(loops::map(v, move |x: T| (x >= low) & (x <= high)).into())
}

/// The positions at which a boolean vector is true.
fn true_rows(flags: &Value, negate: bool) -> QResult<Vec<i64>> {
    match flags {
        Value::Booleans(flags) => Ok(flags
            .iter()
            .enumerate()
            .filter(|(_, flag)| **flag != negate)
            .map(|(at, _)| at as i64)
            .collect()),
        Value::Boolean(flag) if *flag != negate => Ok(vec![0]),
        Value::Boolean(_) => Ok(Vec::new()),
        Value::List(items) if items.is_empty() => Ok(Vec::new()),
        _ => Err(QError::type_error()),
    }
}

/// Whether each item of a list, row of a table or value of a dictionary is among the items of another.
fn membership(x: &Value, y: &Value) -> QResult<Value> {
    if let (Value::Table(_), Value::Table(_)) = (x, y) {
        let count = y.count();
        let found = positions(y, x)?;
        return Ok(Value::Booleans(
            found
                .into_iter()
                .map(|at| at < count)
                .collect::<Vector<bool>>(),
        ));
    }
    if x.is_list() && y.is_list() && (matches!(x, Value::List(_)) || matches!(y, Value::List(_))) {
        let found = places_of_values(&y.items(), &x.items());
        let count = y.count();
        return Ok(Value::Booleans(
            found
                .into_iter()
                .map(|at| at < count)
                .collect::<Vector<bool>>(),
        ));
    }
    is_in(x.clone(), y.clone())
}

fn values_of(x: Value) -> Value {
    match x {
        Value::Dict(dict) if !matches!(dict.keys, Value::Table(_)) => dict.values.clone(),
        x => x,
    }
}

fn listed(x: Value) -> Value {
    if x.is_atom() { x.enlist() } else { x }
}

/// `x except y`: the items of `x` that are not in `y`.
pub fn except(x: Value, y: Value) -> QResult<Value> {
    let (x, y) = (values_of(x), listed(values_of(y)));
    if x.count() == 0 {
        return Ok(x);
    }
    let flags = membership(&x, &y)?;
    Ok(gather::at(&x, &true_rows(&flags, true)?))
}

/// `x inter y`: the items of `x` that are in `y`.
pub fn inter(x: Value, y: Value) -> QResult<Value> {
    let (x, y) = (values_of(x), listed(values_of(y)));
    if x.count() == 0 {
        return Ok(x);
    }
    let flags = membership(&x, &y)?;
    Ok(gather::at(&x, &true_rows(&flags, false)?))
}

/// `x union y`: the distinct items of both.
pub fn union(x: Value, y: Value) -> QResult<Value> {
    let (x, y) = (listed(values_of(x)), listed(values_of(y)));
    let mut items = x.items();
    if items.is_empty() {
        return group::distinct(y);
    }
    if y.count() == 0 {
        return group::distinct(x);
    }
    items.extend(y.items());
    group::distinct(Value::from_items(items))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn longs_of(items: &[i64]) -> Value {
        Value::Longs(items.to_vec().into())
    }

    #[test]
    fn find_follows_the_rank_of_the_first_item() {
        let u = Value::list(vec![
            Value::string("abcde"),
            longs_of(&[10, 2, -6]),
            Value::list(vec![longs_of(&[2, 3]), Value::symbol("ab")]),
        ]);
        let find_u = |y| find(u.clone(), y).expect("found or not");
        assert!(find_u(longs_of(&[10, 2, -6])).is_identical(&Value::Long(1)));
        assert!(
            find_u(Value::list(vec![longs_of(&[2, 3]), Value::symbol("ab")]))
                .is_identical(&longs_of(&[3, 3]))
        );
        let w = longs_of(&[10, -8, 3, 5, -1, 2, 3]);
        let nested = Value::list(vec![
            longs_of(&[10, 5, -1]),
            Value::Long(-8),
            longs_of(&[3, 17]),
        ]);
        let answer = find(w, nested).expect("nested");
        assert!(answer.is_identical(&Value::list(vec![
            longs_of(&[0, 3, 4]),
            Value::Long(1),
            longs_of(&[2, 7])
        ])));
    }

    #[test]
    fn in_is_rank_sensitive() {
        let is = |x: Value, y: Value| is_in(x, y).expect("answer");
        let pair = longs_of(&[1, 2]);
        let list = Value::list(vec![pair.clone(), Value::Long(9)]);
        assert!(is(pair.clone(), list.clone()).is_identical(&Value::Boolean(true)));
        assert!(
            is(
                Value::Long(3),
                Value::list(vec![pair.clone(), Value::Long(3)])
            )
            .is_identical(&Value::Boolean(false))
        );
        let flags = is(longs_of(&[1, 3, 7, 6, 4]), longs_of(&[5, 4, 1, 6, 9]));
        assert!(flags.is_identical(&Value::Booleans(
            vec![true, false, false, true, true].into()
        )));
        assert!(is_in(Value::Floats(vec![1.0, 2.0].into()), longs_of(&[2, 2])).is_err());
        assert!(is_in(Value::Floats(vec![1.0, 2.0].into()), longs_of(&[2])).is_ok());
    }

    #[test]
    fn rows_are_found_by_all_columns() {
        let names: Vector<q_value::Symbol> = vec!["a".into(), "b".into()].into();
        let table = Value::table(
            names.clone(),
            vec![longs_of(&[1, 1, 2]), Value::symbols(["x", "y", "x"])],
        );
        let wanted = Value::table(
            names,
            vec![longs_of(&[2, 1, 2]), Value::symbols(["x", "y", "y"])],
        );
        assert_eq!(positions(&table, &wanted).expect("tables"), [2, 1, 3]);
    }
}
