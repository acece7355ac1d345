//! Results too large for any cache are written past it.
//!
//! A plain store first reads the line that it is about to overwrite; a streaming store does not, which saves a third of
//! the traffic of a loop that reads one vector and writes another. Loops fill a small buffer, which then goes to memory.

use std::mem::MaybeUninit;

/// Bytes of a result from which on it is streamed: more than the share of a cache that it could stay in until it is used.
pub(crate) const STREAMED_MIN: usize = 32 << 20;
/// Bytes filled between two copies: they stay in the first-level cache beside the arguments.
const STAGE: usize = 8 << 10;

/// Line-aligned memory for part of a result.
#[repr(align(64))]
struct Stage(#[expect(dead_code, reason = "written through a pointer")] [MaybeUninit<u8>; STAGE]);

/// Has `fill` write all of `out`, each part given with the index of its first item, by way of a buffer that is streamed
/// to memory.
pub(crate) fn fill_staged<R>(
    out: &mut [MaybeUninit<R>],
    fill: &dyn Fn(usize, &mut [MaybeUninit<R>]),
) {
    const { assert!(align_of::<R>() <= 64) };
    let per_stage = STAGE / size_of::<R>().max(1);
    if per_stage == 0 {
        return fill(0, out);
    }
    let mut stage = Stage([MaybeUninit::uninit(); STAGE]);
    // SAFETY: the stage is as large and as aligned as so many items need, and uninitialised items may have any bits.
    let stage: &mut [MaybeUninit<R>] =
        unsafe { std::slice::from_raw_parts_mut((&raw mut stage).cast(), per_stage) };
    let mut start = 0;
    for part in out.chunks_mut(per_stage) {
        let stage = &mut stage[..part.len()];
        fill(start, stage);
        copy(stage, part);
        start += part.len();
    }
    fence();
}

/// Asks for what stands a little behind these items, as many bytes as they are: a loop with much to do for each item does not
/// reach far enough ahead by itself to keep the memory busy.
#[inline(always)]
pub(crate) fn fetch_after<T>(x: &[T]) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        const LINE: usize = 64;
        const AHEAD: usize = 2 << 10;
        let start: *const u8 = x.as_ptr().cast();
        for line in 0..size_of_val(x) / LINE {
            // SAFETY: a prefetch is a hint that touches no memory that is not there; every x86-64 machine has it.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(start.wrapping_add(AHEAD + line * LINE).cast()) };
        }
    }
}

/// Visits items in order, with those ahead on their way from memory.
#[inline(always)]
pub(crate) fn each_ahead<T: Copy>(
    items: &[T],
    range: std::ops::Range<usize>,
    mut visit: impl FnMut(usize, T),
) {
    const BLOCK: usize = 64;
    let mut row = range.start;
    for block in items[range].chunks(BLOCK) {
        fetch_after(block);
        for item in block {
            visit(row, *item);
            row += 1;
        }
    }
}

/// Moves items past the cache. The caller calls [`fence`] before another thread reads them.
pub(crate) fn copy<T>(from: &[MaybeUninit<T>], to: &mut [MaybeUninit<T>]) {
    assert_eq!(from.len(), to.len());
    let bytes = size_of_val(from);
    let (from, to): (*const u8, *mut u8) = (from.as_ptr().cast(), to.as_mut_ptr().cast());
    #[cfg(target_arch = "x86_64")]
    let copied = {
        use std::arch::x86_64::{__m128i, _mm_loadu_si128, _mm_stream_si128};
        const WORD: usize = size_of::<__m128i>();
        let head = to.align_offset(WORD).min(bytes);
        // SAFETY: the head lies within both slices, which do not overlap, as one is borrowed mutably.
        unsafe { std::ptr::copy_nonoverlapping(from, to, head) };
        let mut at = head;
        while at + WORD <= bytes {
            // SAFETY: `at + WORD` is within both slices, and `to + at` is aligned; every x86-64 machine has SSE2.
            unsafe { _mm_stream_si128(to.add(at).cast(), _mm_loadu_si128(from.add(at).cast())) };
            at += WORD;
        }
        at
    };
    #[cfg(not(target_arch = "x86_64"))]
    let copied = 0;
    // SAFETY: what is left lies within both slices.
    unsafe { std::ptr::copy_nonoverlapping(from.add(copied), to.add(copied), bytes - copied) };
}

/// Makes what was streamed visible in order: the release of a lock or thread does not wait for streaming stores.
pub(crate) fn fence() {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: every x86-64 machine has SSE.
    unsafe {
        std::arch::x86_64::_mm_sfence();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrives<T: Copy + PartialEq + std::fmt::Debug>(count: usize, item: impl Fn(usize) -> T) {
        for skipped in 0..3 {
            let mut items: Vec<T> = vec![item(usize::MAX); skipped];
            items.reserve(count);
            let out = &mut items.spare_capacity_mut()[..count];
            fill_staged(out, &|start, part| {
                for (at, place) in part.iter_mut().enumerate() {
                    place.write(item(start + at));
                }
            });
            // SAFETY: so many items were just written behind those skipped.
            unsafe { items.set_len(skipped + count) };
            let expected: Vec<T> = (0..count).map(&item).collect();
            assert_eq!(items[skipped..], expected);
        }
    }

    #[test]
    fn every_item_arrives_whatever_its_size_and_place() {
        for count in [0, 1, 7, 1000, 20_011] {
            arrives(count, |at| at as u8);
            arrives(count, |at| at as i16);
            arrives(count, |at| at as f64 / 3.0);
            arrives(count, |at| [at as u64, !(at as u64)]);
            arrives(count, |at| [at as u8; 3]);
        }
    }
}
