//! Sorting of 64-bit keys: one scatter by the leading bits, then each share is sorted while it fits a cache.

use crate::shares::{Bins, Shares};
use crate::{interrupt, parallel, streaming};

/// Shares of about this many keys are sorted on their own: keys and scratch stay in a second-level cache.
const SHARE: usize = 1 << 15;
/// Places that are written in turn must be few, or their pages and cache lines are too many.
const SHARES_WANTED_MAX: usize = 1 << 12;
/// Below this a comparison sort is faster than counting.
const COUNTING_MIN: usize = 256;
const DIGIT_BITS: u32 = 8;

/// Memory that several threads write, each at its own places.
struct Places(*mut u64);
// SAFETY: the callers hand every place to one thread only.
unsafe impl Sync for Places {}

impl Places {
    /// # Safety
    /// `at` lies inside the allocation and no other thread writes it.
    unsafe fn write(&self, at: usize, key: u64) {
        // SAFETY: as the caller promises.
        unsafe { *self.0.add(at) = key };
    }
}

/// The keys of the items, ascending, each put through `finish`. `key_of` is given the row and the item. `bits` of the keys,
/// from the lowest, may differ; those above are zero. The lowest `ranked` bits are ascending already among keys equal
/// above them: every pass is stable, so that they need no pass.
pub(crate) fn sorted<T: Copy + Sync>(
    items: &[T],
    bits: u32,
    ranked: u32,
    key_of: impl Fn(usize, T) -> u64 + Copy + Sync,
    finish: impl Fn(u64) -> u64 + Copy + Sync,
) -> Vec<u64> {
    let count = items.len();
    let key_at = |row: usize| key_of(row, items[row]);
    if ranked == 0 && bits <= COUNTED_VALUES_BITS_MAX && count >> bits.saturating_sub(2) > 0 {
        return counted_values(count, bits, key_at, finish);
    }
    if count <= SHARE || bits <= ranked {
        let mut keys: Vec<u64> = (0..count).map(key_at).collect();
        sort_share(
            &mut keys,
            &mut Vec::new(),
            bits,
            ranked,
            has_wide_registers(),
        );
        for key in &mut keys {
            *key = finish(*key);
        }
        return keys;
    }
    let bins = &Bins::new(count, bits, ranked, key_at);
    let ranges = parallel::ranges(count, parallel::ITEMS_PER_THREAD_MIN);
    let counts: Vec<Vec<u32>> = parallel::run(ranges.clone(), |range| {
        let mut counts = vec![0u32; bins.count()];
        streaming::each_ahead(items, range, |row, item| {
            counts[bins.of(key_of(row, item))] += 1;
        });
        counts
    });
    let shares = &Shares::new(&counts, SHARE.max(count / SHARES_WANTED_MAX));
    let mut keys: Vec<u64> = Vec::with_capacity(count);
    let target = Places(keys.as_mut_ptr());
    let parts = ranges.into_iter().zip(shares.places(&counts)).collect();
    parallel::run(parts, |(range, mut next): (_, Vec<usize>)| {
        // the whole struct is borrowed, so that its promise of sharing holds
        let target = &target;
        streaming::each_ahead(items, range, |row, item| {
            let key = key_of(row, item);
            let place = &mut next[shares.of(bins.of(key))];
            // SAFETY: the places of a range and share were counted above and belong to this thread alone.
            unsafe { target.write(*place, key) };
            *place += 1;
        });
    });
    // SAFETY: every row's key was written to a place of its own, and there are as many places as rows.
    unsafe { keys.set_len(count) };
    sort_shares(&mut keys, &shares.counts, bits, ranked, &|share| {
        for key in share {
            *key = finish(*key);
        }
    });
    keys
}

/// Sorts each share and finishes it while it is in a cache, on as many threads as are worth it.
fn sort_shares(
    keys: &mut [u64],
    counts: &[usize],
    bits: u32,
    ranked: u32,
    finish: &(dyn Fn(&mut [u64]) + Sync),
) {
    let per_part = keys.len().div_ceil(parallel::threads() * 8).max(SHARE);
    let workers = if keys.len() >= parallel::ITEMS_PER_THREAD_MIN {
        parallel::threads()
    } else {
        1
    };
    let mut parts: Vec<Vec<&mut [u64]>> = vec![Vec::new()];
    let mut held = 0;
    let mut rest = keys;
    for count in counts {
        let (share, after) = rest.split_at_mut(*count);
        rest = after;
        if held >= per_part {
            parts.push(Vec::new());
            held = 0;
        }
        held += count;
        if let Some(part) = parts.last_mut() {
            part.push(share);
        }
    }
    let queue = std::sync::Mutex::new(parts);
    parallel::run(vec![(); workers], |()| {
        let mut scratch = Vec::new();
        loop {
            let part = queue.lock().expect("sorting does not panic").pop();
            let Some(part) = part else { break };
            for share in part {
                interrupt::poll();
                sort_share(share, &mut scratch, bits, ranked, has_wide_registers());
                finish(share);
            }
        }
    });
}

/// Keys of so few values are counted and written anew.
const COUNTED_VALUES_BITS_MAX: u32 = 22;

fn counted_values(
    count: usize,
    bits: u32,
    key_at: impl Fn(usize) -> u64 + Copy + Sync,
    finish: impl Fn(u64) -> u64 + Copy + Sync,
) -> Vec<u64> {
    let counts = parallel::over(count, parallel::ITEMS_PER_THREAD_MIN, |range| {
        let mut counts = vec![0u32; 1 << bits];
        for row in range {
            counts[key_at(row) as usize] += 1;
        }
        counts
    });
    let mut keys = Vec::with_capacity(count);
    for value in 0..1usize << bits {
        let held: u32 = counts.iter().map(|counts| counts[value]).sum();
        keys.extend(std::iter::repeat_n(finish(value as u64), held as usize));
    }
    keys
}

/// True when shares are sorted in registers.
fn has_wide_registers() -> bool {
    #[cfg(target_arch = "x86_64")]
    return crate::quick_sort::is_there();
    #[cfg(not(target_arch = "x86_64"))]
    return false;
}

/// Sorts keys that fit a cache.
fn sort_share(
    keys: &mut [u64],
    scratch: &mut Vec<u64>,
    bits: u32,
    ranked: u32,
    in_registers: bool,
) {
    if bits <= ranked || keys.len() < 2 {
        return;
    }
    #[cfg(target_arch = "x86_64")]
    if in_registers {
        let room = keys.len() + crate::quick_sort::SPARE;
        if scratch.len() < room {
            scratch.resize(room, 0);
        }
        // SAFETY: the caller has asked whether the machine has the registers.
        return unsafe { crate::quick_sort::sort(keys, scratch) };
    }
    let _ = in_registers;
    if scratch.len() < keys.len() {
        scratch.resize(keys.len(), 0);
    }
    sort_digits(keys, &mut scratch[..keys.len()], bits, ranked);
}

/// Sorts a share by the digits that matter for its size, then puts right the few keys that share all of them.
fn sort_digits(keys: &mut [u64], scratch: &mut [u64], bits: u32, ranked: u32) {
    let count = keys.len();
    if bits <= ranked {
        return;
    }
    if count < COUNTING_MIN {
        keys.sort_unstable();
        return;
    }
    if count > 4 * SHARE && bits > DIGIT_BITS + ranked {
        return sort_large_share(keys, scratch, bits, ranked);
    }
    // random keys differ in twice the bits of their count; what is left is checked below
    let wanted = (2 * (usize::BITS - count.leading_zeros())).next_multiple_of(DIGIT_BITS);
    let low = bits.saturating_sub(wanted).max(ranked);
    let mut shift = low;
    let (mut from, mut to) = (&mut *keys, &mut *scratch);
    let mut swapped = false;
    while shift < bits {
        let width = DIGIT_BITS.min(bits - shift);
        let mask = (1u64 << width) - 1;
        let mut counts = [0u32; 1 << DIGIT_BITS];
        for key in from.iter() {
            counts[((key >> shift) & mask) as usize] += 1;
        }
        if counts.iter().all(|held| *held as usize != count) {
            let mut next = 0;
            for held in &mut counts {
                let start = next;
                next += *held;
                *held = start;
            }
            for key in from.iter() {
                let place = &mut counts[((key >> shift) & mask) as usize];
                to[*place as usize] = *key;
                *place += 1;
            }
            std::mem::swap(&mut from, &mut to);
            swapped = !swapped;
        }
        shift += width;
    }
    if swapped {
        to.copy_from_slice(from);
    }
    if low > ranked {
        let mut start = 0;
        for at in 1..=count {
            if at == count || keys[at] >> low != keys[start] >> low {
                if at - start > 1 {
                    keys[start..at].sort_unstable();
                }
                start = at;
            }
        }
    }
}

/// A share much larger than the others, as of floats of one size: cut up by its next bits.
fn sort_large_share(keys: &mut [u64], scratch: &mut [u64], bits: u32, ranked: u32) {
    let shift = bits - DIGIT_BITS;
    let digit = |key: u64| (key >> shift) as usize & ((1 << DIGIT_BITS) - 1);
    let mut counts = [0usize; 1 << DIGIT_BITS];
    for key in keys.iter() {
        counts[digit(*key)] += 1;
    }
    if counts.contains(&keys.len()) {
        return sort_digits(keys, scratch, shift, ranked);
    }
    let mut next = [0usize; 1 << DIGIT_BITS];
    let mut start = 0;
    for (next, count) in next.iter_mut().zip(&counts) {
        *next = start;
        start += count;
    }
    for key in keys.iter() {
        let place = &mut next[digit(*key)];
        scratch[*place] = *key;
        *place += 1;
    }
    let mut start = 0;
    for count in counts {
        let end = start + count;
        sort_digits(
            &mut scratch[start..end],
            &mut keys[start..end],
            shift,
            ranked,
        );
        start = end;
    }
    keys.copy_from_slice(scratch);
}

/// Keys of so few values are ordered by counting each.
const COUNTED_BITS_MAX: u32 = 16;

fn counted(keys: &[u64], low: u64, bits: u32) -> Vec<u32> {
    let mut next = vec![0u32; 1 << bits];
    for key in keys {
        next[(key - low) as usize] += 1;
    }
    let mut start = 0;
    for next in &mut next {
        let count = *next;
        *next = start;
        start += count;
    }
    let mut rows = vec![0u32; keys.len()];
    for (row, key) in keys.iter().enumerate() {
        let place = &mut next[(key - low) as usize];
        rows[*place as usize] = row as u32;
        *place += 1;
    }
    rows
}

/// The stable order of the keys: position by position the row of the key that belongs there.
pub(crate) fn order(keys: &[u64]) -> Vec<u32> {
    let count = keys.len();
    if count < 2 {
        return (0..count as u32).collect();
    }
    if keys.is_sorted() {
        return (0..count as u32).collect();
    }
    let (low, high) = bounds(keys);
    let bits = u64::BITS - (high - low).leading_zeros();
    if bits <= COUNTED_BITS_MAX && count >= 1 << bits {
        return counted(keys, low, bits);
    }
    let row_bits = usize::BITS - (count - 1).leading_zeros();
    // key and row in one word; key bits that do not fit are looked at where the others tie
    let lost = (bits + row_bits).saturating_sub(u64::BITS);
    // a key of 64 bits and no rows cannot occur: row_bits is at least one
    let packed = sorted(
        keys,
        bits - lost + row_bits,
        row_bits,
        |row, key| ((key - low) >> lost) << row_bits | row as u64,
        |word| word,
    );
    let mask = (1u64 << row_bits) - 1;
    let mut rows = crate::loops::map(&packed, move |word: u64| (word & mask) as u32);
    if lost > 0 {
        let mut start = 0;
        for at in 1..=count {
            if at == count || packed[at] >> row_bits != packed[start] >> row_bits {
                if at - start > 1 {
                    rows[start..at].sort_by_key(|row| keys[*row as usize]);
                }
                start = at;
            }
        }
    }
    rows
}

crate::loops::vectorised! {
    fn bounds_of[T: Copy, F: Fn(T) -> u64](items: &[T], to_key: F) -> (u64, u64) {
        let (mut low, mut high) = (u64::MAX, 0);
        for item in items {
            let key = to_key(*item);
            low = if key < low { key } else { low };
            high = if key > high { key } else { high };
        }
        (low, high)
    }
}

/// Smallest and largest key.
pub(crate) fn bounds(keys: &[u64]) -> (u64, u64) {
    bounds_by(keys, |key| key)
}

/// Smallest and largest key of the items.
pub(crate) fn bounds_by<T: Copy + Sync>(
    items: &[T],
    to_key: impl Fn(T) -> u64 + Copy + Sync,
) -> (u64, u64) {
    parallel::over(items.len(), parallel::ITEMS_PER_THREAD_MIN, |range| {
        bounds_of(&items[range], to_key)
    })
    .into_iter()
    .fold((u64::MAX, 0), |a, b| (a.0.min(b.0), a.1.max(b.1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn scrambled(count: usize, mask: u64) -> Vec<u64> {
        (0..count as u64)
            .map(|x| {
                (x ^ (x << 21))
                    .wrapping_mul(0x9e37_79b9_7f4a_7c15)
                    .rotate_left(23)
                    & mask
            })
            .collect()
    }

    #[test]
    fn large_inputs_sort_by_shares() {
        for mask in [u64::MAX, 0xffff, 0xff00_0000_0000_00ff, 1] {
            let keys = scrambled(700_001, mask);
            let mut expected = keys.clone();
            expected.sort_unstable();
            let order = order(&keys);
            assert!(order.windows(2).all(|pair| {
                let (a, b) = (pair[0] as usize, pair[1] as usize);
                (keys[a], a) < (keys[b], b)
            }));
            let sorted = sorted(&keys, 64, 0, |_, key| key, |key| key);
            assert!(sorted == expected, "mask {mask:x}");
        }
    }

    #[test]
    fn shares_sort_alike_in_registers_and_by_digits() {
        for count in [0, 1, 255, 256, 5000, SHARE * 5] {
            for mask in [u64::MAX, 0xffff, 0xff00_0000_0000_00ff, 1] {
                let keys = scrambled(count, mask);
                let mut expected = keys.clone();
                expected.sort_unstable();
                for in_registers in [false, has_wide_registers()] {
                    let mut keys = keys.clone();
                    sort_share(&mut keys, &mut Vec::new(), 64, 0, in_registers);
                    assert!(keys == expected, "{count} keys under {mask:x}");
                }
            }
        }
    }

    #[test]
    fn few_values_are_counted() {
        let keys = scrambled(300_000, 0xffff);
        let mut expected = keys.clone();
        expected.sort_unstable();
        assert!(counted_values(keys.len(), 16, |row| keys[row], |key| key) == expected);
    }

    proptest! {
        #[test]
        fn the_order_is_stable(keys in proptest::collection::vec(prop_oneof![0u64..5, any::<u64>()], 0..600)) {
            let mut expected: Vec<u32> = (0..keys.len() as u32).collect();
            expected.sort_by_key(|row| keys[*row as usize]);
            prop_assert_eq!(order(&keys), expected);
        }
    }
}
