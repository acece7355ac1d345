//! Where a key stands in a list of keys: a scan, or a table once the same list has been asked often.
//!
//! The table is kept with the list ([`Vector::index`]) and goes with it when the list changes. Lists with an attribute
//! have a look-up structure of their own there.

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use q_value::{Attribute, Symbol, Vector};

/// Lists shorter than this are scanned: a table would not be faster.
const TABLE_MIN: usize = 48;
/// Scans after which a table is made; it takes about as long as eight of them.
const SCANS_MAX: u32 = 8;
const EMPTY: u32 = u32::MAX;

/// A key that spreads over a table.
pub(crate) trait Spread: Copy + PartialEq + Send + Sync + 'static {
    fn spread(self) -> u64;
}

impl Spread for i64 {
    fn spread(self) -> u64 {
        self.cast_unsigned().wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

impl Spread for Symbol {
    fn spread(self) -> u64 {
        i64::from(self.id()).spread()
    }
}

#[derive(Default)]
struct KeyIndex {
    scans: AtomicU32,
    table: OnceLock<Table>,
}

/// Places of keys by their spread; a power of two of them, at most half used.
struct Table {
    places: Vec<u32>,
    shift: u32,
}

impl Table {
    fn new<T: Spread>(keys: &[T]) -> Table {
        let size = (keys.len() * 2).next_power_of_two();
        let mut table = Table {
            places: vec![EMPTY; size],
            shift: 64 - size.trailing_zeros(),
        };
        for (at, key) in keys.iter().enumerate() {
            let slot = table.slot(keys, *key);
            // of equal keys the first one counts
            if table.places[slot] == EMPTY {
                table.places[slot] = at as u32;
            }
        }
        table
    }

    /// The slot of a key, or the empty one where it would go.
    #[inline]
    fn slot<T: Spread>(&self, keys: &[T], key: T) -> usize {
        let mut slot = (key.spread() >> self.shift) as usize;
        while self.places[slot] != EMPTY && keys[self.places[slot] as usize] != key {
            slot = (slot + 1) & (self.places.len() - 1);
        }
        slot
    }

    #[inline]
    fn find<T: Spread>(&self, keys: &[T], key: T) -> Option<usize> {
        match self.places[self.slot(keys, key)] {
            EMPTY => None,
            place => Some(place as usize),
        }
    }
}

/// The first place of a key.
#[inline]
pub(crate) fn position<T: Spread>(keys: &Vector<T>, key: T) -> Option<usize> {
    if keys.len() >= TABLE_MIN {
        return position_in_long(keys, key);
    }
    scan(keys, &key)
}

fn position_in_long<T: Spread>(keys: &Vector<T>, key: T) -> Option<usize> {
    if keys.attribute() != Attribute::None || keys.len() >= EMPTY as usize / 2 {
        return scan(keys, &key);
    }
    let index = keys.index_or_build(|| Arc::new(KeyIndex::default()));
    let Some(index) = index.downcast_ref::<KeyIndex>() else {
        return scan(keys, &key);
    };
    if let Some(table) = index.table.get() {
        return table.find(keys, key);
    }
    if index.scans.fetch_add(1, Ordering::Relaxed) < SCANS_MAX {
        return scan(keys, &key);
    }
    index.table.get_or_init(|| Table::new(keys)).find(keys, key)
}

/// The first place of a key, looking at blocks at a time so that the comparison vectorises.
fn scan<T: PartialEq>(keys: &[T], key: &T) -> Option<usize> {
    const BLOCK: usize = 64;
    let mut blocks = keys.chunks_exact(BLOCK);
    for (number, block) in blocks.by_ref().enumerate() {
        if block
            .iter()
            .fold(false, |found, other| found | (other == key))
        {
            let inside = block.iter().position(|other| other == key)?;
            return Some(number * BLOCK + inside);
        }
    }
    let start = keys.len() - blocks.remainder().len();
    blocks
        .remainder()
        .iter()
        .position(|other| other == key)
        .map(|inside| start + inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_is_asked_often_answers_as_a_scan_does() {
        let keys: Vector<i64> = (0..500i64).map(|at| at * 37 % 211 - 100).collect();
        for round in 0..3 {
            for key in -120..130 {
                assert_eq!(
                    position(&keys, key),
                    keys.iter().position(|other| *other == key),
                    "key {key}, round {round}"
                );
            }
        }
        assert!(keys.index().is_some());
    }

    #[test]
    fn a_list_that_changes_is_looked_at_anew() {
        let mut keys: Vector<Symbol> = (0..100).map(|at| Symbol::new(format!("k{at}"))).collect();
        let wanted = Symbol::new("new");
        for _ in 0..20 {
            assert_eq!(position(&keys, wanted), None);
        }
        keys.make_mut().push(wanted);
        for _ in 0..20 {
            assert_eq!(position(&keys, wanted), Some(100));
        }
    }
}
