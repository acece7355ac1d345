//! Groups of rows by key columns, ascending by key.

use std::cell::OnceCell;

use q_kernels::{group, grouped};
use q_value::{QResult, Symbol, Table, Value, Vector};

use crate::index;

/// Rows of a selection that share their keys.
pub(crate) struct Groups {
    /// The distinct keys in ascending order, a column per key.
    pub keys: Table,
    /// The group of each place in the selection.
    pub numbers: group::Groups,
    rows: OnceCell<Vec<Vector<i64>>>,
}

impl Groups {
    pub(crate) fn count(&self) -> usize {
        self.numbers.count
    }

    /// For each group the places in the selection, ascending.
    pub(crate) fn rows(&self) -> &[Vector<i64>] {
        self.rows.get_or_init(|| {
            let (starts, rows) = self.numbers.rows_by_group();
            starts
                .windows(2)
                .map(|pair| {
                    rows[pair[0] as usize..pair[1] as usize]
                        .iter()
                        .map(|row| i64::from(*row))
                        .collect()
                })
                .collect()
        })
    }

    /// The last place of each group.
    pub(crate) fn last_rows(&self) -> Vec<i64> {
        grouped::last_rows(&self.numbers)
            .into_iter()
            .map(i64::from)
            .collect()
    }
}

/// Groups `count` rows by these columns; atoms stand for columns of one value.
pub(crate) fn by_columns(names: &[Symbol], columns: Vec<Value>, count: usize) -> QResult<Groups> {
    let columns: Vec<Value> = columns
        .into_iter()
        .map(|column| crate::amend::column_of(column, count))
        .collect::<QResult<_>>()?;
    let numbers = grouped::ascending_groups(&columns)?;
    let mut firsts = vec![0i64; numbers.count];
    for (row, id) in numbers.ids.iter().enumerate().rev() {
        firsts[*id as usize] = row as i64;
    }
    let keys = columns
        .iter()
        .map(|column| index::gather_rows(column, &firsts))
        .collect();
    Ok(Groups {
        keys: Table::new(Vector::new(names.to_vec()), keys),
        numbers,
        rows: OnceCell::new(),
    })
}
