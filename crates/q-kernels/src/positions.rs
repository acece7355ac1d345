//! Positions: `where` and `til`.

use std::mem::MaybeUninit;
use std::sync::Arc;

use q_value::{Attribute, Dict, QError, QResult, Value, Vector};

use crate::lanes::{self, Operand};
use crate::{Keyword, gather, loops, parallel};

pub(crate) static TABLE: &[Keyword] =
    &[Keyword::one("where", where_true), Keyword::one("til", til)];

/// `til n`: the longs from zero below `n`.
///
/// Errors: `'type` unless an integer atom, `'domain` when negative or null, `'wsfull` when it cannot be held.
pub fn til(n: Value) -> QResult<Value> {
    let n = n.as_i64().ok_or_else(QError::type_error)?;
    let count = usize::try_from(n).map_err(|_| QError::domain())?;
    if count > isize::MAX as usize / 8 {
        return Err(QError::wsfull());
    }
    Ok(Value::Longs(gather::til(count)))
}

/// A type positions are kept in.
pub(crate) trait Row: Copy + Send + Default {
    fn of(at: usize) -> Self;
    /// Writes eight positions.
    ///
    /// # Safety
    /// There is room for eight, and the machine has AVX-512.
    #[cfg(target_arch = "x86_64")]
    unsafe fn store_eight(rows: std::arch::x86_64::__m512i, to: *mut MaybeUninit<Self>);
}
impl Row for i64 {
    #[inline(always)]
    fn of(at: usize) -> i64 {
        at as i64
    }
    #[cfg(target_arch = "x86_64")]
    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn store_eight(rows: std::arch::x86_64::__m512i, to: *mut MaybeUninit<i64>) {
        // SAFETY: as the caller promises.
        unsafe { std::arch::x86_64::_mm512_storeu_epi64(to.cast(), rows) };
    }
}
impl Row for u32 {
    #[inline(always)]
    fn of(at: usize) -> u32 {
        at as u32
    }
    #[cfg(target_arch = "x86_64")]
    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn store_eight(rows: std::arch::x86_64::__m512i, to: *mut MaybeUninit<u32>) {
        use std::arch::x86_64::{_mm256_storeu_si256, _mm512_cvtepi64_epi32};
        // SAFETY: as the caller promises.
        unsafe { _mm256_storeu_si256(to.cast(), _mm512_cvtepi64_epi32(rows)) };
    }
}

loops::vectorised! {
    fn count_true_in[](flags: &[bool]) -> usize {
        let mut count = 0usize;
        for block in flags.chunks(255) {
            let mut held = 0u8;
            for flag in block {
                held += u8::from(*flag);
            }
            count += usize::from(held);
        }
        count
    }
}

/// How many flags are true.
pub fn count_true(flags: &[bool]) -> usize {
    parallel::over(flags.len(), parallel::ITEMS_PER_THREAD_MIN * 4, |range| {
        count_true_in(&flags[range])
    })
    .into_iter()
    .sum()
}

/// The positions of the true flags, ascending.
pub(crate) fn rows_where<R: Row>(flags: &[bool]) -> Vec<R> {
    let ranges = parallel::ranges(flags.len(), parallel::ITEMS_PER_THREAD_MIN);
    let counts = parallel::run(ranges.clone(), |range| count_true_in(&flags[range]));
    loops::build_parts(ranges, &counts, |range, part| {
        fill(&flags[range.clone()], range.start, part);
    })
}

/// Writes the positions of the true flags, counted from `start`; `out` has exactly one place for each.
fn fill<R: Row>(flags: &[bool], start: usize, out: &mut [MaybeUninit<R>]) {
    #[cfg(target_arch = "x86_64")]
    if has_wide_registers() {
        // SAFETY: the features were just found.
        return unsafe { fill_wide(flags, start, out) };
    }
    fill_plain(flags, start, out);
}

fn fill_plain<R: Row>(flags: &[bool], start: usize, out: &mut [MaybeUninit<R>]) {
    let mut next = 0;
    // SAFETY: a boolean is a byte of 0 or 1.
    let bytes: &[u8] = unsafe { std::slice::from_raw_parts(flags.as_ptr().cast(), flags.len()) };
    let (words, rest) = bytes.as_chunks::<8>();
    for (number, word) in words.iter().enumerate() {
        let mut bits = u64::from_le_bytes(*word);
        if bits == 0 {
            continue;
        }
        let base = start + number * 8;
        if next + 8 <= out.len() {
            // without branches: each row is written, and stays when its flag is true
            for (at, flag) in word.iter().enumerate() {
                out[next].write(R::of(base + at));
                next += usize::from(*flag);
            }
        } else {
            while bits != 0 {
                out[next].write(R::of(base + (bits.trailing_zeros() / 8) as usize));
                next += 1;
                bits &= bits - 1;
            }
        }
    }
    let base = start + words.len() * 8;
    for (at, flag) in rest.iter().enumerate() {
        if *flag != 0 {
            out[next].write(R::of(base + at));
            next += 1;
        }
    }
    assert_eq!(next, out.len(), "one place for each true flag");
}

#[cfg(target_arch = "x86_64")]
fn has_wide_registers() -> bool {
    std::arch::is_x86_feature_detected!("avx512f")
        && std::arch::is_x86_feature_detected!("avx512bw")
        && std::arch::is_x86_feature_detected!("popcnt")
        && std::arch::is_x86_feature_detected!("bmi1")
}

/// As [`fill_plain`], sixty-four flags at a time: eight positions are packed in a register and written at once.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,popcnt,bmi1")]
fn fill_wide<R: Row>(flags: &[bool], start: usize, out: &mut [MaybeUninit<R>]) {
    use std::arch::x86_64::{
        __m512i, _mm512_add_epi64, _mm512_loadu_epi8, _mm512_maskz_compress_epi64,
        _mm512_set_epi64, _mm512_set1_epi64, _mm512_test_epi8_mask,
    };
    const SPARSE_MAX: u32 = 12;
    let (blocks, rest) = flags.as_chunks::<64>();
    let numbers = _mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0);
    let mut next = 0;
    let mut done = 0;
    for block in blocks {
        // SAFETY: sixty-four flags are read where sixty-four stand.
        let bytes: __m512i = unsafe { _mm512_loadu_epi8(block.as_ptr().cast()) };
        let mut bits = _mm512_test_epi8_mask(bytes, bytes);
        let held = bits.count_ones();
        let base = start + done;
        if held <= SPARSE_MAX {
            while bits != 0 {
                out[next].write(R::of(base + bits.trailing_zeros() as usize));
                next += 1;
                bits &= bits - 1;
            }
        } else if next + held as usize + 8 > out.len() {
            // whole registers are written, and near the end there is no room for one
            break;
        } else {
            for part in 0..8 {
                let own = (bits >> (part * 8)) as u8;
                let rows = _mm512_add_epi64(numbers, _mm512_set1_epi64((base + part * 8) as i64));
                let packed = _mm512_maskz_compress_epi64(own, rows);
                // SAFETY: there is room for what the block holds and eight more.
                unsafe { R::store_eight(packed, out.as_mut_ptr().add(next)) };
                next += own.count_ones() as usize;
            }
        }
        done += 64;
    }
    debug_assert!(rest.len() <= flags.len() - done);
    fill_plain(&flags[done..], start + done, &mut out[next..]);
}

/// The rows at which a boolean vector is true, as kept by the query planner.
pub fn true_rows(flags: &[bool]) -> Vec<u32> {
    rows_where(flags)
}

/// `where x`: positions repeated as often as the items say; of booleans the positions that are true; of a dictionary its
/// keys.
///
/// Errors: `'type` for what is no list of integers, `'domain` for negative counts.
pub fn where_true(x: Value) -> QResult<Value> {
    match x {
        Value::Booleans(flags) => Ok(Value::Longs(Vector::new(rows_where(&flags)))),
        Value::Dict(dict) => {
            let Dict { keys, values, .. } = Arc::unwrap_or_clone(dict);
            match where_true(values)? {
                Value::Longs(at) => Ok(gather::at(&keys, &at)),
                _ => Err(QError::type_error()),
            }
        }
        Value::List(items) if items.is_empty() => Ok(Value::Longs(Vector::default())),
        Value::Bytes(_) | Value::Shorts(_) | Value::Ints(_) | Value::Longs(_) => {
            let Operand::Vector(counts) = lanes::raw::<i64>(x)? else {
                return Err(QError::type_error());
            };
            let mut total = 0usize;
            for count in counts.iter() {
                let count = usize::try_from(*count).map_err(|_| QError::domain())?;
                total = total.checked_add(count).ok_or_else(QError::wsfull)?;
            }
            if total > isize::MAX as usize / 8 {
                return Err(QError::wsfull());
            }
            let mut rows = Vec::new();
            rows.try_reserve_exact(total)
                .map_err(|_| QError::wsfull())?;
            for (at, count) in counts.iter().enumerate() {
                rows.extend(std::iter::repeat_n(at as i64, *count as usize));
            }
            Ok(Value::Longs(
                Vector::new(rows).with_attribute(Attribute::None),
            ))
        }
        _ => Err(QError::type_error()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_those_of_the_true_flags_however_dense() {
        for count in [0usize, 1, 63, 64, 65, 200, 1000, 5003] {
            for every in [1usize, 2, 3, 7, 64, 400] {
                for offset in [0usize, 1, 5] {
                    let flags: Vec<bool> = (0..count)
                        .map(|at| (at * 7 + offset).is_multiple_of(every))
                        .collect();
                    let expected: Vec<i64> =
                        (0..count as i64).filter(|at| flags[*at as usize]).collect();
                    let mut plain: Vec<i64> = Vec::with_capacity(expected.len());
                    fill_plain(&flags, 0, &mut plain.spare_capacity_mut()[..expected.len()]);
                    // SAFETY: `fill_plain` wrote one row for each true flag.
                    unsafe { plain.set_len(expected.len()) };
                    assert_eq!(plain, expected);
                    assert_eq!(rows_where::<i64>(&flags), expected);
                    let small = rows_where::<u32>(&flags).into_iter().map(i64::from);
                    assert_eq!(small.collect::<Vec<i64>>(), expected);
                }
            }
        }
    }
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn where_lists_the_true(flags in proptest::collection::vec(any::<bool>(), 0..300)) {
            let expected: Vec<i64> = flags.iter().enumerate().filter(|(_, flag)| **flag).map(|(at, _)| at as i64).collect();
            prop_assert_eq!(rows_where::<i64>(&flags), expected.clone());
            prop_assert_eq!(count_true(&flags), expected.len());
        }
    }

    #[test]
    fn large_flags_are_listed_in_parts() {
        let flags: Vec<bool> = (0..parallel::ITEMS_PER_THREAD_MIN * 5 + 3)
            .map(|x| x % 7 == 3)
            .collect();
        let rows = true_rows(&flags);
        assert_eq!(rows.len(), count_true(&flags));
        assert!(
            rows.iter()
                .enumerate()
                .all(|(at, row)| *row as usize == at * 7 + 3)
        );
    }

    #[test]
    fn counts_repeat_positions() {
        let is = |x: Value, y: &[i64]| {
            assert!(
                where_true(x)
                    .expect("counts")
                    .is_identical(&Value::Longs(y.to_vec().into()))
            );
        };
        is(Value::Longs(vec![2, 3, 0, 1].into()), &[0, 0, 1, 1, 1, 3]);
        is(Value::empty_list(), &[]);
        let d = Value::dict(Value::symbols(["a", "b"]), Value::Longs(vec![0, 2].into()));
        assert!(
            where_true(d)
                .expect("dict")
                .is_identical(&Value::symbols(["b", "b"]))
        );
        assert!(til(Value::Long(-1)).is_err());
    }
}
