//! Groups of rows by key columns, ascending by key.

use q_value::{QError, QResult, Symbol, Table, Unary, Value, Vector};

use crate::index;

/// Rows of a selection that share their keys.
pub struct Groups {
    /// The distinct keys in ascending order, a column per key.
    pub keys: Table,
    /// For each group the places in the selection, ascending.
    pub rows: Vec<Vector<i64>>,
    /// For each place in the selection its group.
    pub ids: Vec<u32>,
}

/// Groups `count` rows by these columns; atoms stand for columns of one value.
pub fn by_columns(names: &[Symbol], columns: Vec<Value>, count: usize) -> QResult<Groups> {
    let columns: Vec<Value> = columns
        .into_iter()
        .map(|column| crate::amend::column_of(column, count))
        .collect::<QResult<_>>()?;
    let mut combined: Vec<u64> = vec![0; count];
    let mut range: u64 = 1;
    for column in &columns {
        let (ids, distinct) = ranks(column, count)?;
        if range.checked_mul(distinct).is_none_or(|range| range > 1 << 40) {
            range = dense(&mut combined);
        }
        range *= distinct.max(1);
        for (combined, id) in combined.iter_mut().zip(&ids) {
            *combined = *combined * distinct + u64::from(*id);
        }
    }
    let order = places_in_order(&combined, range);
    let mut rows: Vec<Vec<i64>> = Vec::new();
    let mut ids = vec![0u32; count];
    let mut last = None;
    for place in order {
        let key = combined[place];
        if last != Some(key) {
            rows.push(Vec::new());
            last = Some(key);
        }
        let group = rows.len() - 1;
        rows[group].push(place as i64);
        ids[place] = group as u32;
    }
    let firsts: Vec<i64> = rows.iter().map(|rows| rows[0]).collect();
    let keys = columns.iter().map(|column| index::gather_rows(column, &firsts)).collect();
    Ok(Groups {
        keys: Table::new(Vector::new(names.to_vec()), keys),
        rows: rows.into_iter().map(Vector::new).collect(),
        ids,
    })
}

/// For each row the rank of its value among the distinct values, and how many there are.
fn ranks(column: &Value, count: usize) -> QResult<(Vec<u32>, u64)> {
    let Value::Dict(groups) = q_kernels::unary(Unary::Group, column.clone())? else {
        return Err(QError::type_error());
    };
    let distinct = groups.keys.count();
    let order = q_kernels::unary(Unary::Iasc, groups.keys.clone())?;
    let order = index::as_longs(&order).ok_or_else(QError::type_error)?;
    let mut ids = vec![0u32; count];
    for (rank, group) in order.iter().enumerate() {
        let places = groups.values.item(*group as usize).ok_or_else(QError::type_error)?;
        let places = index::as_longs(&places).ok_or_else(QError::type_error)?;
        for place in places.iter() {
            ids[*place as usize] = rank as u32;
        }
    }
    Ok((ids, distinct as u64))
}

/// Renumbers keys densely in the same order; how many there are.
fn dense(combined: &mut [u64]) -> u64 {
    let mut distinct = combined.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    for key in combined.iter_mut() {
        *key = distinct.partition_point(|other| other < key) as u64;
    }
    distinct.len() as u64
}

/// Places ordered by key, equal keys in their own order.
fn places_in_order(keys: &[u64], range: u64) -> Vec<usize> {
    let limit = (keys.len() as u64).saturating_mul(4).saturating_add(1024);
    if range > limit {
        let mut places: Vec<usize> = (0..keys.len()).collect();
        places.sort_by_key(|place| keys[*place]);
        return places;
    }
    let mut starts = vec![0usize; range as usize + 1];
    for key in keys {
        starts[*key as usize + 1] += 1;
    }
    for at in 1..starts.len() {
        starts[at] += starts[at - 1];
    }
    let mut places = vec![0usize; keys.len()];
    for (place, key) in keys.iter().enumerate() {
        let at = &mut starts[*key as usize];
        places[*at] = place;
        *at += 1;
    }
    places
}
