//! Sorting of 64-bit keys: one scatter by the leading bits, then each share is sorted while it fits a cache.

use crate::{interrupt, parallel};

/// Shares of about this many keys are sorted on their own: keys and scratch stay in a second-level cache.
const SHARE: usize = 1 << 14;
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

/// Sorts the keys ascending. `bits` of them, from the lowest, may differ; the rest are equal in all. The lowest `ranked`
/// bits are ascending already among keys equal above them: every pass is stable, so that they need no pass.
pub(crate) fn sort(keys: &mut Vec<u64>, bits: u32, ranked: u32) {
    let count = keys.len();
    if bits <= ranked {
        return;
    }
    if count < COUNTING_MIN {
        keys.sort_unstable();
        return;
    }
    let mut scratch: Vec<u64> = vec![0; count];
    let leading = (usize::BITS - (count / SHARE).leading_zeros())
        .min(bits - ranked)
        .min(11);
    if leading <= 1 {
        sort_share(keys, &mut scratch, bits, ranked);
        return;
    }
    let shift = bits - leading;
    let shares = 1usize << leading;
    let mask = shares - 1;
    let ranges = parallel::ranges(count, parallel::ITEMS_PER_THREAD_MIN);
    let source: &[u64] = keys;
    let mut counts: Vec<Vec<usize>> = parallel::run(ranges.clone(), |range| {
        let mut counts = vec![0usize; shares];
        for key in &source[range] {
            counts[(key >> shift) as usize & mask] += 1;
        }
        counts
    });
    let mut ends = Vec::with_capacity(shares);
    let mut next = 0;
    for share in 0..shares {
        for counts in &mut counts {
            let held = counts[share];
            counts[share] = next;
            next += held;
        }
        ends.push(next);
    }
    let target = Places(scratch.as_mut_ptr());
    parallel::run(
        ranges.into_iter().zip(counts).collect(),
        |(range, mut next)| {
            // the whole struct is borrowed, so that its promise of sharing holds
            let target = &target;
            for key in &source[range] {
                let place = &mut next[(key >> shift) as usize & mask];
                // SAFETY: the places of a range and share were counted above and belong to this thread alone.
                unsafe { target.write(*place, *key) };
                *place += 1;
            }
        },
    );
    // each thread sorts neighbouring shares; their old places serve as scratch
    let mut parts = Vec::new();
    let (mut sorted, mut spare): (&mut [u64], &mut [u64]) = (&mut scratch, keys);
    let mut start = 0;
    let per_part = count.div_ceil(parallel::threads() * 4).max(SHARE);
    let mut bounds = Vec::new();
    for end in ends {
        if end > start {
            bounds.push(end - start);
        }
        start = end;
    }
    let mut part: Vec<(&mut [u64], &mut [u64])> = Vec::new();
    let mut held = 0;
    for length in bounds {
        let (share, rest) = sorted.split_at_mut(length);
        sorted = rest;
        let (place, rest) = spare.split_at_mut(length);
        spare = rest;
        held += length;
        part.push((share, place));
        if held >= per_part {
            parts.push(std::mem::take(&mut part));
            held = 0;
        }
    }
    parts.push(part);
    let queue = std::sync::Mutex::new(parts);
    let workers = if count >= parallel::ITEMS_PER_THREAD_MIN {
        parallel::threads()
    } else {
        1
    };
    parallel::run(vec![(); workers], |()| {
        loop {
            let part = queue.lock().expect("sorting does not panic").pop();
            let Some(part) = part else { break };
            for (share, place) in part {
                interrupt::poll();
                sort_share(share, place, shift, ranked);
            }
        }
    });
    std::mem::swap(keys, &mut scratch);
}

/// Sorts a share by the digits that matter for its size, then puts right the few keys that share all of them.
fn sort_share(keys: &mut [u64], scratch: &mut [u64], bits: u32, ranked: u32) {
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
        return sort_share(keys, scratch, shift, ranked);
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
        sort_share(
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
    let mut packed: Vec<u64> = crate::loops::build(count, |start, out| {
        for (at, out) in out.iter_mut().enumerate() {
            let row = start + at;
            // a key of 64 bits and no rows cannot occur: row_bits is at least one
            out.write(((keys[row] - low) >> lost) << row_bits | row as u64);
        }
    });
    sort(&mut packed, bits - lost + row_bits, row_bits);
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
    fn bounds_of[](keys: &[u64]) -> (u64, u64) {
        let (mut low, mut high) = (u64::MAX, 0);
        for key in keys {
            low = if *key < low { *key } else { low };
            high = if *key > high { *key } else { high };
        }
        (low, high)
    }
}

/// Smallest and largest key.
pub(crate) fn bounds(keys: &[u64]) -> (u64, u64) {
    bounds_of(keys)
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
            let mut keys = scrambled(700_001, mask);
            let mut expected = keys.clone();
            expected.sort_unstable();
            let order = order(&keys);
            assert!(order.windows(2).all(|pair| {
                let (a, b) = (pair[0] as usize, pair[1] as usize);
                (keys[a], a) < (keys[b], b)
            }));
            sort(&mut keys, 64, 0);
            assert!(keys == expected, "mask {mask:x}");
        }
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
