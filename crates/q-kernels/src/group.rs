//! Rows with equal keys: dense group numbers, `group`, `distinct`, `differ`.

use std::sync::Arc;

use q_value::{Dict, QError, QResult, Value, Vector};

use crate::keys::{self, Key, NONE, Places, with_keys};
use crate::{Keyword, enumeration, gather, interrupt, partitioned_group};

pub(crate) static TABLE: &[Keyword] = &[
    Keyword::one("group", group),
    Keyword::one("distinct", distinct),
    Keyword::one("differ", differ),
];

/// Rows numbered by group; groups are numbered in order of first appearance.
#[derive(Debug, Clone)]
pub struct Groups {
    /// The group of each row.
    pub ids: Vec<u32>,
    /// How many groups there are.
    pub count: usize,
    /// The first row of each group, ascending.
    pub first_rows: Vec<u32>,
}

impl Groups {
    /// All rows in one group; no group when there are no rows.
    pub fn single(rows: usize) -> Groups {
        Groups {
            ids: vec![0; rows],
            count: usize::from(rows > 0),
            first_rows: if rows > 0 { vec![0] } else { Vec::new() },
        }
    }

    /// The rows of each group one group after the other: `rows[starts[g]..starts[g + 1]]`, ascending in each.
    pub fn rows_by_group(&self) -> (Vec<u32>, Vec<u32>) {
        let mut starts = vec![0u32; self.count + 1];
        for id in &self.ids {
            starts[*id as usize + 1] += 1;
        }
        for group in 0..self.count {
            starts[group + 1] += starts[group];
        }
        let mut next = starts.clone();
        let mut rows = vec![0u32; self.ids.len()];
        for (row, id) in self.ids.iter().enumerate() {
            let place = &mut next[*id as usize];
            rows[*place as usize] = row as u32;
            *place += 1;
        }
        (starts, rows)
    }

    /// The groups renumbered: group `g` becomes `new[g]`.
    pub fn renumbered(mut self, new: &[u32]) -> Groups {
        for id in &mut self.ids {
            *id = new[*id as usize];
        }
        let mut first_rows = vec![0; self.count];
        for (group, row) in self.first_rows.iter().enumerate() {
            first_rows[new[group] as usize] = *row;
        }
        self.first_rows = first_rows;
        self
    }
}

/// Group numbers of the keys of one vector.
pub(crate) fn group_keys<K: Key>(keys: &[K]) -> Groups {
    let mut ids = Vec::with_capacity(keys.len());
    let mut first_rows: Vec<u32> = Vec::new();
    if let Some((low, slots)) = keys::small_range(keys, keys::slots_for(keys.len())) {
        let mut groups = vec![NONE; slots];
        for (row, key) in keys.iter().enumerate() {
            interrupt::at_row(row);
            let slot = &mut groups[key.number().wrapping_sub(low) as usize];
            if *slot == NONE {
                *slot = first_rows.len() as u32;
                first_rows.push(row as u32);
            }
            ids.push(*slot);
        }
        return Groups {
            ids,
            count: first_rows.len(),
            first_rows,
        };
    }
    if partitioned_group::is_worth_it(keys) {
        return partitioned_group::groups(keys);
    }
    // slots hold group numbers; the table doubles while groups are found, so that few groups stay in cache
    let mut mask = 1023usize;
    let mut slots = vec![NONE; mask + 1];
    for (row, key) in keys.iter().enumerate() {
        interrupt::at_row(row);
        let mut slot = key.hash() as usize & mask;
        let id = loop {
            match slots[slot] {
                NONE => {
                    let id = first_rows.len() as u32;
                    slots[slot] = id;
                    first_rows.push(row as u32);
                    break id;
                }
                id if keys[first_rows[id as usize] as usize].same(*key) => break id,
                _ => slot = (slot + 1) & mask,
            }
        };
        ids.push(id);
        if first_rows.len() * 2 > mask {
            mask = mask * 4 + 3;
            slots = vec![NONE; mask + 1];
            for (id, first) in first_rows.iter().enumerate() {
                let mut slot = keys[*first as usize].hash() as usize & mask;
                while slots[slot] != NONE {
                    slot = (slot + 1) & mask;
                }
                slots[slot] = id as u32;
            }
        }
    }
    Groups {
        ids,
        count: first_rows.len(),
        first_rows,
    }
}

fn group_values(items: &[Value]) -> Groups {
    let hashes: Vec<u64> = items.iter().map(keys::hash_value).collect();
    let mut slots: std::collections::HashMap<u64, Vec<u32>> = std::collections::HashMap::new();
    let mut ids = Vec::with_capacity(items.len());
    let mut first_rows: Vec<u32> = Vec::new();
    for (row, item) in items.iter().enumerate() {
        interrupt::at_row(row);
        let candidates = slots.entry(hashes[row]).or_default();
        let known = candidates
            .iter()
            .copied()
            .find(|id| items[first_rows[*id as usize] as usize].is_identical(item));
        ids.push(match known {
            Some(id) => id,
            None => {
                let id = first_rows.len() as u32;
                candidates.push(id);
                first_rows.push(row as u32);
                id
            }
        });
    }
    Groups {
        ids,
        count: first_rows.len(),
        first_rows,
    }
}

/// Group numbers of the items of a list or the rows of a table.
///
/// Errors: `'type` for atoms and functions.
pub fn groups_of(value: &Value) -> QResult<Groups> {
    match value {
        Value::Enums(v) => {
            // indices decide unless a symbol stands twice in the domain
            let symbols = enumeration::resolve(value.clone());
            match &symbols {
                Value::Symbols(symbols) => Ok(group_keys(symbols)),
                _ => Ok(group_keys(&v.indices)),
            }
        }
        Value::List(items) => Ok(group_values(items)),
        Value::Table(table) => group_ids(&table.columns),
        Value::Dict(dict) => groups_of(&dict.values),
        value => with_keys!(value, v => Ok(group_keys(v)), else Err(QError::type_error())),
    }
}

/// Group numbers of rows over several columns of one count: dense codes per column, then pairs of codes.
///
/// Errors: `'type` when a column is no list, `'length` when counts differ.
pub fn group_ids(columns: &[Value]) -> QResult<Groups> {
    let Some((first, others)) = columns.split_first() else {
        return Ok(Groups::single(0));
    };
    let mut groups = groups_of(first)?;
    for column in others {
        if column.count() != groups.ids.len() {
            return Err(QError::length());
        }
        groups = combine(&groups, &groups_of(column)?);
    }
    Ok(groups)
}

fn combine(x: &Groups, y: &Groups) -> Groups {
    if y.count <= 1 {
        return x.clone();
    }
    let pairs = partitioned_group::paired(&x.ids, &y.ids, y.count as u64);
    group_keys(&pairs)
}

/// `distinct x`: the items without repetitions, in order of first appearance; of tables rows.
///
/// Errors: `'type` for atoms.
pub fn distinct(x: Value) -> QResult<Value> {
    match &x {
        Value::Dict(dict) => return distinct(dict.values.clone()),
        x if x.is_atom() || x.is_function() => return Err(QError::type_error()),
        _ => {}
    }
    if x.attribute() == q_value::Attribute::Unique {
        return Ok(x.with_attribute(q_value::Attribute::None));
    }
    let first_rows = first_rows(&x)?;
    if first_rows.len() == x.count() && !matches!(x, Value::List(_)) {
        return Ok(x.with_attribute(q_value::Attribute::None));
    }
    Ok(gather::at(&x, &first_rows))
}

/// The row of the first appearance of each distinct item.
pub(crate) fn first_rows(x: &Value) -> QResult<Vec<u32>> {
    fn of<K: Key>(keys: &[K]) -> Vec<u32> {
        if let Some((low, slots)) = keys::small_range(keys, keys::slots_for(keys.len())) {
            let mut seen = vec![false; slots];
            let mut first = Vec::new();
            for (row, key) in keys.iter().enumerate() {
                interrupt::at_row(row);
                let seen = &mut seen[key.number().wrapping_sub(low) as usize];
                if !*seen {
                    *seen = true;
                    first.push(row as u32);
                }
            }
            return first;
        }
        if partitioned_group::is_worth_it(keys) {
            return partitioned_group::first_rows(keys);
        }
        group_keys(keys).first_rows
    }
    with_keys!(x, v => Ok(of(v)), else Ok(groups_of(x)?.first_rows))
}

/// `group x`: a dictionary from each distinct item to its positions; of a dictionary from values to keys.
///
/// Errors: `'type` for atoms.
pub fn group(x: Value) -> QResult<Value> {
    if let Value::Dict(dict) = &x {
        let Dict { keys, values, .. } = &**dict;
        let groups = groups_of(values)?;
        let names = gather::at(values, &groups.first_rows);
        let (starts, rows) = groups.rows_by_group();
        let lists = starts
            .windows(2)
            .map(|ends| gather::at(keys, &rows[ends[0] as usize..ends[1] as usize]))
            .collect();
        return Ok(Value::dict(names, Value::list(lists)));
    }
    let groups = groups_of(&x)?;
    let names = gather::at(&x, &groups.first_rows);
    let (starts, rows) = groups.rows_by_group();
    let lists = starts
        .windows(2)
        .map(|ends| {
            Value::Longs(
                rows[ends[0] as usize..ends[1] as usize]
                    .iter()
                    .map(|row| i64::from(*row))
                    .collect::<Vector<i64>>(),
            )
        })
        .collect();
    Ok(Value::dict(names, Value::list(lists)))
}

/// `differ x`: true where an item does not match the one before; the first always.
///
/// Errors: `'type` for atoms.
pub fn differ(x: Value) -> QResult<Value> {
    fn of<K: Key>(keys: &[K]) -> Value {
        let mut answer = Vec::with_capacity(keys.len());
        if !keys.is_empty() {
            answer.push(true);
        }
        answer.extend(keys.windows(2).map(|pair| !pair[0].same(pair[1])));
        Value::Booleans(answer.into())
    }
    fn tolerant(items: &[f64]) -> Value {
        let mut answer = Vec::with_capacity(items.len());
        if !items.is_empty() {
            answer.push(true);
        }
        answer.extend(
            items
                .windows(2)
                .map(|pair| !crate::compare::floats_equal(pair[0], pair[1])),
        );
        Value::Booleans(answer.into())
    }
    match &x {
        Value::Dict(dict) => {
            let Dict { keys, values, .. } = Arc::unwrap_or_clone(Arc::clone(dict));
            Ok(Value::dict(keys, differ(values)?))
        }
        Value::Floats(v) | Value::Datetimes(v) => Ok(tolerant(v)),
        Value::List(items) => {
            let changed = (0..items.len())
                .map(|at| at == 0 || !crate::matching::is_match(&items[at - 1], &items[at]));
            Ok(Value::Booleans(changed.collect::<Vector<bool>>()))
        }
        Value::Enums(v) => Ok(of(&v.indices)),
        Value::Table(table) => {
            let mut answer = Value::Booleans(vec![false; table.row_count()].into());
            for column in &table.columns {
                answer = crate::arithmetic::greater(answer, differ(column.clone())?)?;
            }
            Ok(answer)
        }
        x => with_keys!(x, v => Ok(of(v)), else Err(QError::type_error())),
    }
}

/// Where each of `wanted` stands first in `keys`; its count where it does not.
pub(crate) fn places_of<K: Key>(keys: &[K], wanted: &[K]) -> Vec<usize> {
    let places = Places::new(keys);
    let none = keys.len();
    crate::loops::map(wanted, |key| match places.find(keys, key) {
        NONE => none,
        row => row as usize,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_number_by_first_appearance() {
        let groups = groups_of(&Value::symbols(["b", "a", "b", "c"])).expect("list");
        assert_eq!(groups.ids, [0, 1, 0, 2]);
        assert_eq!(groups.first_rows, [0, 1, 3]);
        let (starts, rows) = groups.rows_by_group();
        assert_eq!(
            (&starts[..], &rows[..]),
            (&[0, 2, 3, 4][..], &[0, 2, 1, 3][..])
        );
    }

    #[test]
    fn several_columns_group_by_their_pairs() {
        let columns = [
            Value::Longs(vec![1, 1, 2, 1].into()),
            Value::Floats(vec![0.5, 1.5, 0.5, 0.5].into()),
        ];
        let groups = group_ids(&columns).expect("columns");
        assert_eq!(groups.ids, [0, 1, 2, 0]);
    }

    #[test]
    fn many_wide_keys_group_after_the_table_has_grown() {
        let keys: Vec<i64> = (0..50_000)
            .map(|x: i64| (x % 20_000).wrapping_mul(0x1234_5678_9abc_def1))
            .collect();
        let groups = group_keys(&keys);
        assert_eq!(groups.count, 20_000);
        assert!(
            groups
                .ids
                .iter()
                .enumerate()
                .all(|(row, id)| *id as usize == row % 20_000)
        );
    }

    #[test]
    fn mixed_lists_group_by_identity() {
        let list = Value::list(vec![Value::string("a"), Value::Long(1), Value::string("a")]);
        assert_eq!(groups_of(&list).expect("list").ids, [0, 1, 0]);
        assert_eq!(distinct(list).expect("list").count(), 2);
    }
}
