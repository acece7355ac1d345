//! Sorting of 64-bit keys in a cache with AVX-512: parted by a pivot until what is left fits the registers.
//!
//! The leaves are sorted by networks: eight columns side by side, then rows merged pairwise.

use std::arch::x86_64::*;

/// True when the machine has what [`sort`] needs.
pub(crate) fn is_there() -> bool {
    std::arch::is_x86_feature_detected!("avx512f") && std::arch::is_x86_feature_detected!("popcnt")
}

const LANES: usize = 8;
/// How many keys longer the scratch must be than what is sorted.
pub(crate) const SPARE: usize = LANES;
/// Keys that are sorted in registers.
const LEAF: usize = 128;

/// The lesser of each pair goes to `a`, the greater to `b`.
macro_rules! exchange {
    ($rows:ident, $a:expr, $b:expr) => {{
        let (low, high) = (
            _mm512_min_epu64($rows[$a], $rows[$b]),
            _mm512_max_epu64($rows[$a], $rows[$b]),
        );
        $rows[$a] = low;
        $rows[$b] = high;
    }};
}

/// Puts a row that rises and then falls (or the reverse) in order.
#[inline]
#[target_feature(enable = "avx512f,popcnt")]
fn merge_row(row: __m512i) -> __m512i {
    let other = _mm512_shuffle_i64x2::<0b01_00_11_10>(row, row);
    let row = _mm512_mask_max_epu64(_mm512_min_epu64(row, other), 0b1111_0000, row, other);
    let other = _mm512_permutex_epi64::<0b01_00_11_10>(row);
    let row = _mm512_mask_max_epu64(_mm512_min_epu64(row, other), 0b1100_1100, row, other);
    let other = _mm512_permutex_epi64::<0b10_11_00_01>(row);
    _mm512_mask_max_epu64(_mm512_min_epu64(row, other), 0b1010_1010, row, other)
}

/// Merges the sorted first half of the rows with the sorted second half.
#[inline]
#[target_feature(enable = "avx512f,popcnt")]
fn merge_rows<const N: usize>(rows: &mut [__m512i], start: usize) {
    let backwards = _mm512_set_epi64(0, 1, 2, 3, 4, 5, 6, 7);
    // the second half turned round makes one row of rows that rises and falls
    for at in 0..N / 2 {
        let (a, b) = (start + at, start + N - 1 - at);
        let turned = _mm512_permutexvar_epi64(backwards, rows[b]);
        let (low, high) = (
            _mm512_min_epu64(rows[a], turned),
            _mm512_max_epu64(rows[a], turned),
        );
        rows[a] = low;
        rows[b] = high;
    }
    let mut width = N / 4;
    while width > 0 {
        let mut block = start;
        while block < start + N {
            for at in block..block + width {
                exchange!(rows, at, at + width);
            }
            block += 2 * width;
        }
        width /= 2;
    }
    for row in &mut rows[start..start + N] {
        *row = merge_row(*row);
    }
}

/// Sorts eight rows of eight keys.
#[inline]
#[target_feature(enable = "avx512f,popcnt")]
fn sort_64(rows: &mut [__m512i], start: usize) {
    let r: &mut [__m512i; 8] = (&mut rows[start..start + 8])
        .try_into()
        .expect("eight rows");
    // each column, by the network of nineteen exchanges
    exchange!(r, 0, 2);
    exchange!(r, 1, 3);
    exchange!(r, 4, 6);
    exchange!(r, 5, 7);
    exchange!(r, 0, 4);
    exchange!(r, 1, 5);
    exchange!(r, 2, 6);
    exchange!(r, 3, 7);
    exchange!(r, 0, 1);
    exchange!(r, 2, 3);
    exchange!(r, 4, 5);
    exchange!(r, 6, 7);
    exchange!(r, 2, 4);
    exchange!(r, 3, 5);
    exchange!(r, 1, 4);
    exchange!(r, 3, 6);
    exchange!(r, 1, 2);
    exchange!(r, 3, 4);
    exchange!(r, 5, 6);
    // columns become rows
    let t = [
        _mm512_unpacklo_epi64(r[0], r[1]),
        _mm512_unpackhi_epi64(r[0], r[1]),
        _mm512_unpacklo_epi64(r[2], r[3]),
        _mm512_unpackhi_epi64(r[2], r[3]),
        _mm512_unpacklo_epi64(r[4], r[5]),
        _mm512_unpackhi_epi64(r[4], r[5]),
        _mm512_unpacklo_epi64(r[6], r[7]),
        _mm512_unpackhi_epi64(r[6], r[7]),
    ];
    // t[0]: 00 10 02 12 ..; join the quarters of rows 0..3 and 4..7
    let low = _mm512_set_epi64(13, 12, 5, 4, 9, 8, 1, 0);
    let high = _mm512_set_epi64(15, 14, 7, 6, 11, 10, 3, 2);
    let u = [
        _mm512_permutex2var_epi64(t[0], low, t[2]),
        _mm512_permutex2var_epi64(t[1], low, t[3]),
        _mm512_permutex2var_epi64(t[0], high, t[2]),
        _mm512_permutex2var_epi64(t[1], high, t[3]),
        _mm512_permutex2var_epi64(t[4], low, t[6]),
        _mm512_permutex2var_epi64(t[5], low, t[7]),
        _mm512_permutex2var_epi64(t[4], high, t[6]),
        _mm512_permutex2var_epi64(t[5], high, t[7]),
    ];
    for at in 0..4 {
        r[at] = _mm512_shuffle_i64x2::<0b01_00_01_00>(u[at], u[at + 4]);
        r[at + 4] = _mm512_shuffle_i64x2::<0b11_10_11_10>(u[at], u[at + 4]);
    }
    for at in [0, 2, 4, 6] {
        merge_rows::<2>(r, at);
    }
    merge_rows::<4>(r, 0);
    merge_rows::<4>(r, 4);
    merge_rows::<8>(r, 0);
}

/// Sorts at most [`LEAF`] keys.
#[inline]
#[target_feature(enable = "avx512f,popcnt")]
fn sort_leaf(keys: &mut [u64]) {
    let count = keys.len();
    debug_assert!(count <= LEAF);
    if count < 2 {
        return;
    }
    if count <= 16 {
        return sort_few::<2>(keys);
    }
    if count <= 32 {
        return sort_few::<4>(keys);
    }
    let mut rows = [_mm512_set1_epi64(-1); LEAF / LANES];
    load(keys, &mut rows);
    sort_64(&mut rows, 0);
    if count > 64 {
        sort_64(&mut rows, 8);
        merge_rows::<16>(&mut rows, 0);
    }
    store(keys, &rows);
}

#[inline]
#[target_feature(enable = "avx512f,popcnt")]
fn sort_few<const N: usize>(keys: &mut [u64]) {
    let mut rows = [_mm512_set1_epi64(-1); N];
    load(keys, &mut rows);
    for row in &mut rows {
        *row = sort_row(*row);
    }
    let mut at = 0;
    while at < N {
        merge_rows::<2>(&mut rows, at);
        at += 2;
    }
    if N == 4 {
        merge_rows::<4>(&mut rows, 0);
    }
    store(keys, &rows);
}

/// Sorts the eight keys of a row.
#[inline]
#[target_feature(enable = "avx512f,popcnt")]
fn sort_row(row: __m512i) -> __m512i {
    let other = _mm512_permutex_epi64::<0b10_11_00_01>(row);
    let row = _mm512_mask_max_epu64(_mm512_min_epu64(row, other), 0b0110_0110, row, other);
    let other = _mm512_permutex_epi64::<0b01_00_11_10>(row);
    let row = _mm512_mask_max_epu64(_mm512_min_epu64(row, other), 0b0011_1100, row, other);
    let other = _mm512_permutex_epi64::<0b10_11_00_01>(row);
    let row = _mm512_mask_max_epu64(_mm512_min_epu64(row, other), 0b0101_1010, row, other);
    merge_row(row)
}

#[inline]
#[target_feature(enable = "avx512f,popcnt")]
fn load(keys: &[u64], rows: &mut [__m512i]) {
    let (whole, rest) = keys.as_chunks::<LANES>();
    for (row, keys) in rows.iter_mut().zip(whole) {
        // SAFETY: eight keys are read where eight stand.
        *row = unsafe { _mm512_loadu_epi64(keys.as_ptr().cast()) };
    }
    if !rest.is_empty() {
        let mask = (1u8 << rest.len()) - 1;
        // SAFETY: only lanes of the mask are read, which stand in `rest`.
        rows[whole.len()] =
            unsafe { _mm512_mask_loadu_epi64(_mm512_set1_epi64(-1), mask, rest.as_ptr().cast()) };
    }
}

#[inline]
#[target_feature(enable = "avx512f,popcnt")]
fn store(keys: &mut [u64], rows: &[__m512i]) {
    let (whole, rest) = keys.as_chunks_mut::<LANES>();
    for (row, keys) in rows.iter().zip(whole.iter_mut()) {
        // SAFETY: eight keys are written where eight stand.
        unsafe { _mm512_storeu_epi64(keys.as_mut_ptr().cast(), *row) };
    }
    if !rest.is_empty() {
        let mask = (1u8 << rest.len()) - 1;
        // SAFETY: only lanes of the mask are written, which stand in `rest`.
        unsafe { _mm512_mask_storeu_epi64(rest.as_mut_ptr().cast(), mask, rows[whole.len()]) };
    }
}

/// Moves the keys below the pivot (or, when `with_equal`, not above it) to the front and the others behind them; how many
/// are in front. `scratch` is longer than `keys` by [`LANES`] at least.
#[inline]
#[target_feature(enable = "avx512f,popcnt")]
fn part(keys: &mut [u64], scratch: &mut [u64], pivot: u64, with_equal: bool) -> usize {
    let count = keys.len();
    assert!(scratch.len() >= count + LANES);
    let pivots = _mm512_set1_epi64(pivot.cast_signed());
    let (mut low, mut high) = (0, 0);
    let mut at = 0;
    let (from, spare) = (keys.as_mut_ptr(), scratch.as_mut_ptr());
    while at + LANES <= count {
        // SAFETY: the eight keys at `at` are inside; `low` is not above `at`, so that what is written over has been read;
        // `high` is not above `at` either and the scratch has room for eight more.
        unsafe {
            let row = _mm512_loadu_epi64(from.add(at).cast());
            let above = if with_equal {
                _mm512_cmpgt_epu64_mask(row, pivots)
            } else {
                _mm512_cmpge_epu64_mask(row, pivots)
            };
            _mm512_storeu_epi64(
                from.add(low).cast(),
                _mm512_maskz_compress_epi64(!above, row),
            );
            _mm512_storeu_epi64(
                spare.add(high).cast(),
                _mm512_maskz_compress_epi64(above, row),
            );
            let held = above.count_ones() as usize;
            high += held;
            low += LANES - held;
        }
        at += LANES;
    }
    for at in at..count {
        let key = keys[at];
        let is_above = if with_equal {
            key > pivot
        } else {
            key >= pivot
        };
        if is_above {
            scratch[high] = key;
            high += 1;
        } else {
            keys[low] = key;
            low += 1;
        }
    }
    keys[low..].copy_from_slice(&scratch[..high]);
    low
}

/// Sorts the keys; `scratch` is longer by eight at least.
#[target_feature(enable = "avx512f,popcnt")]
pub(crate) fn sort(keys: &mut [u64], scratch: &mut [u64]) {
    let depth = 2 * (usize::BITS - keys.len().leading_zeros());
    sort_to_depth(keys, scratch, depth);
}

#[target_feature(enable = "avx512f,popcnt")]
fn sort_to_depth(mut keys: &mut [u64], scratch: &mut [u64], mut depth: u32) {
    while keys.len() > LEAF {
        if depth == 0 {
            keys.sort_unstable();
            return;
        }
        depth -= 1;
        let pivot = middle_of_sample(keys);
        let mut low = part(keys, scratch, pivot, false);
        if low == 0 {
            // the pivot is the least key: those equal to it are in place
            low = part(keys, scratch, pivot, true);
            keys = &mut keys[low..];
            continue;
        }
        let (below, above) = keys.split_at_mut(low);
        if below.len() < above.len() {
            sort_to_depth(below, scratch, depth);
            keys = above;
        } else {
            sort_to_depth(above, scratch, depth);
            keys = below;
        }
    }
    sort_leaf(keys);
}

#[inline]
#[target_feature(enable = "avx512f,popcnt")]
fn middle_of_sample(keys: &[u64]) -> u64 {
    let step = keys.len() / 64;
    if step < 8 {
        let mut sample = [0; 16];
        let step = keys.len() / 16;
        for (at, key) in sample.iter_mut().enumerate() {
            *key = keys[at * step];
        }
        sort_few::<2>(&mut sample);
        return sample[8];
    }
    let mut sample = [0; 64];
    for (at, key) in sample.iter_mut().enumerate() {
        *key = keys[at * step];
    }
    sort_leaf(&mut sample);
    sample[32]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_count_sorts_as_the_standard_library_does() {
        if !is_there() {
            return;
        }
        let mut state = 0x1234_5678_9abc_def1u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        let counts = (0..600).chain([1000, 4097, 100_003]);
        for count in counts {
            for mask in [u64::MAX, 0xff, 3, 0, 1 << 63 | 1] {
                let mut keys: Vec<u64> = (0..count).map(|_| next() & mask).collect();
                let mut expected = keys.clone();
                expected.sort_unstable();
                let mut scratch = vec![0; count + LANES];
                // SAFETY: the features were found.
                unsafe { sort(&mut keys, &mut scratch) };
                assert!(keys == expected, "{count} keys under {mask:x}");
            }
        }
    }

    #[test]
    fn sorted_reversed_and_periodic_keys_sort() {
        if !is_there() {
            return;
        }
        let count = 50_000u64;
        let inputs: [fn(u64, u64) -> u64; 4] = [
            |at, _| at,
            |at, count| count - at,
            |at, _| at % 97,
            |at, _| at.trailing_zeros().into(),
        ];
        for input in inputs {
            let mut keys: Vec<u64> = (0..count).map(|at| input(at, count)).collect();
            let mut expected = keys.clone();
            expected.sort_unstable();
            let mut scratch = vec![0; keys.len() + LANES];
            // SAFETY: the features were found.
            unsafe { sort(&mut keys, &mut scratch) };
            assert!(keys == expected);
        }
    }
}
