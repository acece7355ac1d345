//! Grouping of many different keys: rows are first parted by hash, so that each part's table fits a cache.

use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::group::Groups;
use crate::keys::{Key, NONE};
use crate::{interrupt, loops, parallel, streaming};

/// Below this one table serves as well.
const ROWS_MIN: usize = 1 << 18;
/// Rows of a part: its table of twice as many slots stays in a second-level cache.
const PART_ROWS: usize = 1 << 15;
const SAMPLE: usize = 4096;

/// Memory that several threads write, each at its own places.
struct Places<T>(*mut T);
// SAFETY: the callers hand every place to one thread only.
unsafe impl<T: Send> Sync for Places<T> {}

impl<T> Places<T> {
    /// # Safety
    /// `at` lies inside the allocation, and no other thread reads or writes it meanwhile.
    unsafe fn write(&self, at: usize, item: T) {
        // SAFETY: as the caller promises.
        unsafe { self.0.add(at).write(item) };
    }
}

/// True when the keys are many and differ much, by a sample.
pub(crate) fn is_worth_it<K: Key>(keys: &[K]) -> bool {
    if keys.len() < ROWS_MIN || keys.len() >= NONE as usize {
        return false;
    }
    let mut hashes: Vec<u64> = keys
        .iter()
        .step_by(keys.len() / SAMPLE)
        .map(|key| key.hash())
        .collect();
    let count = hashes.len();
    hashes.sort_unstable();
    hashes.dedup();
    hashes.len() * 2 > count
}

/// As grouping with one table: groups numbered by first appearance.
pub(crate) fn groups<K: Key>(keys: &[K]) -> Groups {
    let first = first_of_each(keys);
    let mut ids: Vec<u32> = Vec::with_capacity(keys.len());
    let mut first_rows = Vec::new();
    for (row, first) in first.into_iter().enumerate() {
        let id = if first as usize == row {
            first_rows.push(row as u32);
            first_rows.len() as u32 - 1
        } else {
            ids[first as usize]
        };
        ids.push(id);
    }
    Groups {
        ids,
        count: first_rows.len(),
        first_rows,
    }
}

/// The first row of each group, ascending.
pub(crate) fn first_rows<K: Key>(keys: &[K]) -> Vec<u32> {
    let words = keys.len().div_ceil(u64::BITS as usize);
    // rows are marked, for a bit each lets all marks stay in a cache
    let marks = Parted::new(keys).visit(
        || vec![0u64; words],
        |marks, row, first| {
            marks[row as usize / 64] |= u64::from(row == first) << (row % 64);
        },
    );
    let word_at = |word: usize| marks.iter().fold(0, |all, marks| all | marks[word]);
    let ranges = parallel::ranges(words, parallel::ITEMS_PER_THREAD_MIN / u64::BITS as usize);
    let counts: Vec<usize> = parallel::run(ranges.clone(), |range| {
        range.map(|word| word_at(word).count_ones() as usize).sum()
    });
    loops::build_parts(ranges, &counts, |range, part| {
        let mut places = part.iter_mut();
        for word in range {
            let mut left = word_at(word);
            while left != 0 {
                let place = places.next().expect("one place for each mark");
                place.write(word as u32 * u64::BITS + left.trailing_zeros());
                left &= left - 1;
            }
        }
        assert!(places.next().is_none(), "one mark for each place");
    })
}

/// For each row the first row with the same key.
fn first_of_each<K: Key>(keys: &[K]) -> Vec<u32> {
    let mut all: Vec<u32> = Vec::with_capacity(keys.len());
    let target = Places(all.spare_capacity_mut().as_mut_ptr());
    let target = &target;
    Parted::new(keys).visit(
        || (),
        |(), row, first| {
            // SAFETY: each row stands in one part, which one thread works.
            unsafe { target.write(row as usize, MaybeUninit::new(first)) };
        },
    );
    // SAFETY: every row of every part was written.
    unsafe { all.set_len(keys.len()) };
    all
}

/// Keys and their rows, parted by hash; rows ascend in each part.
struct Parted<K> {
    rows: Vec<(K, u32)>,
    /// Where each part starts, and the end.
    bounds: Vec<usize>,
}

impl<K: Key> Parted<K> {
    fn new(keys: &[K]) -> Parted<K> {
        let count = keys.len();
        let bits = (count / PART_ROWS).next_power_of_two().ilog2().clamp(1, 11);
        let parts = 1usize << bits;
        let part_of = |key: K| (key.hash() >> (u64::BITS - bits)) as usize;
        let ranges = parallel::ranges(count, parallel::ITEMS_PER_THREAD_MIN);
        let mut counts: Vec<Vec<usize>> = parallel::run(ranges.clone(), |range| {
            let mut counts = vec![0usize; parts];
            streaming::each_ahead(keys, range, |_, key| counts[part_of(key)] += 1);
            counts
        });
        let mut bounds = Vec::with_capacity(parts + 1);
        let mut next = 0;
        for part in 0..parts {
            bounds.push(next);
            for counts in &mut counts {
                let held = counts[part];
                counts[part] = next;
                next += held;
            }
        }
        bounds.push(next);
        let mut rows: Vec<(K, u32)> = Vec::with_capacity(count);
        let target = Places(rows.spare_capacity_mut().as_mut_ptr());
        parallel::run(
            ranges.into_iter().zip(counts).collect(),
            |(range, mut next)| {
                let target = &target;
                streaming::each_ahead(keys, range, |row, key| {
                    let place = &mut next[part_of(key)];
                    // SAFETY: the places of a range and part were counted above and belong to this thread alone.
                    unsafe { target.write(*place, MaybeUninit::new((key, row as u32))) };
                    *place += 1;
                });
            },
        );
        // SAFETY: every row was written to a place of its own, and there are as many places as rows.
        unsafe { rows.set_len(count) };
        Parted { rows, bounds }
    }

    /// Calls `found` with each row and the first row of the same key, and a state that each thread makes for itself;
    /// returns the states.
    fn visit<S: Send>(
        &self,
        state: impl Fn() -> S + Sync,
        found: impl Fn(&mut S, u32, u32) + Sync,
    ) -> Vec<S> {
        let parts = self.bounds.len() - 1;
        let next = AtomicUsize::new(0);
        parallel::run(vec![(); parallel::threads()], |()| {
            let mut state = state();
            let mut slots: Vec<u32> = Vec::new();
            loop {
                let part = next.fetch_add(1, Ordering::Relaxed);
                if part >= parts {
                    return state;
                }
                interrupt::poll();
                let rows = &self.rows[self.bounds[part]..self.bounds[part + 1]];
                let mask = (rows.len() * 2).next_power_of_two().max(16) - 1;
                slots.clear();
                slots.resize(mask + 1, NONE);
                for (at, (key, row)) in rows.iter().enumerate() {
                    let mut slot = key.hash() as usize & mask;
                    let first = loop {
                        match slots[slot] {
                            NONE => {
                                slots[slot] = at as u32;
                                break *row;
                            }
                            other if rows[other as usize].0.same(*key) => {
                                break rows[other as usize].1;
                            }
                            _ => slot = (slot + 1) & mask,
                        }
                    };
                    found(&mut state, *row, first);
                }
            }
        })
    }
}

/// Pairs of small codes as one word each.
pub(crate) fn paired(x: &[u32], y: &[u32], y_count: u64) -> Vec<u64> {
    loops::zip(x, y, move |x: u32, y: u32| {
        u64::from(x) * y_count + u64::from(y)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_number_groups_as_one_table_does() {
        let count = ROWS_MIN * 2 + 77;
        let keys: Vec<i64> = (0..count as u64)
            .map(|row| ((row * 7919 % 150_000).wrapping_mul(0x9e37_79b9_7f4a_7c15)) as i64)
            .collect();
        assert!(is_worth_it(&keys));
        let groups = groups(&keys);
        let mut seen = std::collections::HashMap::new();
        let mut first_rows: Vec<u32> = Vec::new();
        for (row, key) in keys.iter().enumerate() {
            let id = *seen.entry(*key).or_insert_with(|| {
                first_rows.push(row as u32);
                first_rows.len() as u32 - 1
            });
            assert_eq!(groups.ids[row], id);
        }
        assert_eq!(groups.first_rows, first_rows);
        assert_eq!(super::first_rows(&keys), first_rows);
        assert!(!is_worth_it(&vec![1.5; count]));
    }
}
