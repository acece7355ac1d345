//! Folds of vectors to one number: eight running answers side by side, joined from the left, which is the order of addition
//! of kdb+ (`basics/precision`, "Q SIMD sum"); in fixed blocks joined in order, so that the answer does not depend on the
//! number of threads.

use std::ops::Range;

use crate::loops::vectorised;
use crate::{parallel, streaming};

const LANES: usize = 8;
/// Running answers of floats where the order does not matter: as many as hide the time that a step takes.
const ANY_ORDER_LANES: usize = 32;
const BLOCK: usize = 1 << 16;

vectorised! {
    fn fold_lanes[const LANES: usize, T: Copy, A: Copy, S: Fn(A, T) -> A, J: Fn(A, A) -> A](x: &[T], starts: [A; LANES], step: S, join: J) -> A {
        let mut lanes = starts;
        let (chunks, rest) = x.as_chunks::<LANES>();
        for chunk in chunks {
            streaming::fetch_after(chunk);
            for lane in 0..LANES {
                lanes[lane] = step(lanes[lane], chunk[lane]);
            }
        }
        let mut answer = lanes[0];
        for lane in &lanes[1..] {
            answer = join(answer, *lane);
        }
        for x in rest {
            answer = step(answer, *x);
        }
        answer
    }
}

vectorised! {
    fn fold_plain[T: Copy, A: Copy, S: Fn(A, T) -> A](x: &[T], start: A, step: S) -> A {
        let mut answer = start;
        for x in x {
            answer = step(answer, *x);
        }
        answer
    }
}

fn fold_block<T: Copy, A: Copy>(
    x: &[T],
    start: A,
    step: impl Fn(A, T) -> A,
    join: impl Fn(A, A) -> A,
) -> A {
    fold_lanes(x, [start; LANES], step, join)
}

vectorised! {
    fn fold_block_two[T: Copy, U: Copy, A: Copy, S: Fn(A, T, U) -> A, J: Fn(A, A) -> A](x: &[T], y: &[U], start: A, step: S, join: J) -> A {
        let mut lanes = [start; LANES];
        let (chunks_x, rest_x) = x.as_chunks::<LANES>();
        let (chunks_y, rest_y) = y.as_chunks::<LANES>();
        for (chunk_x, chunk_y) in chunks_x.iter().zip(chunks_y) {
            for lane in 0..LANES {
                lanes[lane] = step(lanes[lane], chunk_x[lane], chunk_y[lane]);
            }
        }
        let mut answer = lanes[0];
        for lane in &lanes[1..] {
            answer = join(answer, *lane);
        }
        for (x, y) in rest_x.iter().zip(rest_y) {
            answer = step(answer, *x, *y);
        }
        answer
    }
}

/// The answers of blocks of so many items, in order, whatever the number of threads.
fn in_blocks<A: Send>(
    count: usize,
    block: usize,
    answer: impl Fn(Range<usize>) -> A + Sync,
) -> impl Iterator<Item = A> {
    let blocks = count.div_ceil(block);
    parallel::over(blocks, parallel::ITEMS_PER_THREAD_MIN / block, |range| {
        range
            .map(|at| answer(at * block..((at + 1) * block).min(count)))
            .collect::<Vec<A>>()
    })
    .into_iter()
    .flatten()
}

/// `step` over all items from `start`; `start` must be neutral to `join`, which brings partial answers together.
pub(crate) fn fold<T, A>(
    x: &[T],
    start: A,
    step: impl Fn(A, T) -> A + Copy + Sync,
    join: impl Fn(A, A) -> A + Copy + Sync,
) -> A
where
    T: Copy + Sync,
    A: Copy + Send + Sync,
{
    fold_by::<LANES, _, _>(x, start, step, join)
}

/// As [`fold`], for steps of integers whose order does not matter: the compiler chooses the lanes.
pub(crate) fn fold_integers<T, A>(
    x: &[T],
    start: A,
    step: impl Fn(A, T) -> A + Copy + Sync,
    join: impl Fn(A, A) -> A + Copy + Sync,
) -> A
where
    T: Copy + Sync,
    A: Copy + Send + Sync,
{
    if x.len() <= BLOCK {
        return fold_plain(x, start, step);
    }
    let partial = parallel::over(x.len(), parallel::ITEMS_PER_THREAD_MIN, |range| {
        fold_plain(&x[range], start, step)
    });
    partial.into_iter().fold(start, join)
}

/// As [`fold`], for steps of floats whose order does not matter.
pub(crate) fn fold_in_any_order<T, A>(
    x: &[T],
    start: A,
    step: impl Fn(A, T) -> A + Copy + Sync,
    join: impl Fn(A, A) -> A + Copy + Sync,
) -> A
where
    T: Copy + Sync,
    A: Copy + Send + Sync,
{
    fold_by::<ANY_ORDER_LANES, _, _>(x, start, step, join)
}

fn fold_by<const LANES: usize, T, A>(
    x: &[T],
    start: A,
    step: impl Fn(A, T) -> A + Copy + Sync,
    join: impl Fn(A, A) -> A + Copy + Sync,
) -> A
where
    T: Copy + Sync,
    A: Copy + Send + Sync,
{
    if x.len() <= BLOCK {
        return fold_lanes(x, [start; LANES], step, join);
    }
    in_blocks(x.len(), BLOCK, |range| {
        fold_lanes(&x[range], [start; LANES], step, join)
    })
    .fold(start, join)
}

/// As [`fold`], over two vectors of one count.
pub(crate) fn fold_two<T, U, A>(
    x: &[T],
    y: &[U],
    start: A,
    step: impl Fn(A, T, U) -> A + Copy + Sync,
    join: impl Fn(A, A) -> A + Copy + Sync,
) -> A
where
    T: Copy + Sync,
    U: Copy + Sync,
    A: Copy + Send + Sync,
{
    if x.len() <= BLOCK {
        return fold_block_two(x, y, start, step, join);
    }
    in_blocks(x.len(), BLOCK, |range| {
        fold_block_two(&x[range.clone()], &y[range], start, step, join)
    })
    .fold(start, join)
}

/// The sum of longs without nulls, wrapping.
pub(crate) fn sum_longs(x: &[i64]) -> i64 {
    fold(
        x,
        0i64,
        |sum, x| sum.wrapping_add(if x == i64::MIN { 0 } else { x }),
        i64::wrapping_add,
    )
}

/// Items folded several times over in a row while they are in the first-level cache.
const CACHED: usize = 1 << 11;

/// The exact sum of longs and how many are not null.
pub(crate) fn exact_sum_longs(x: &[i64]) -> (i128, u64) {
    let parts = parallel::over(x.len(), parallel::ITEMS_PER_THREAD_MIN, |range| {
        x[range]
            .chunks(CACHED / 4)
            .map(|block| {
                // nulls as zero; the sign turned, so that halves are unsigned and need no arithmetic shift, which
                // vectors of 64 bits lack
                let biased = |x: i64| (if x == i64::MIN { 0 } else { x } as u64) ^ (1 << 63);
                let low = |sum, x| sum + (biased(x) & 0xffff_ffff);
                // the pass that reads memory is the one that looks ahead
                let low = fold_block(block, 0, low, |a, b| a + b);
                // upper halves of a block add up to less than 48 bits, which leaves room for the count in one sum
                const ONE: u64 = 1 << 48;
                let both = fold_plain(block, 0, |sum, x| {
                    sum + (biased(x) >> 32) + if x == i64::MIN { 0 } else { ONE }
                });
                let (high, count) = (both % ONE, both / ONE);
                let bias = (block.len() as i128) << 63;
                ((i128::from(high) << 32) + i128::from(low) - bias, count)
            })
            .fold((0, 0), |a: (i128, u64), b| (a.0 + b.0, a.1 + b.1))
    });
    parts
        .into_iter()
        .fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1))
}

/// The sum of floats without nulls.
pub(crate) fn sum_floats(x: &[f64]) -> f64 {
    fold(
        x,
        0.0,
        |sum, x| sum + if x.is_nan() { 0.0 } else { x },
        |a, b| a + b,
    )
}

/// The sum of floats without nulls, and how many there are.
pub(crate) fn sum_and_count(x: &[f64]) -> (f64, f64) {
    (sum_floats(x), count_known(x))
}

/// How many floats are not null.
pub(crate) fn count_known(x: &[f64]) -> f64 {
    fold_integers(x, 0, count_if_known, |a, b| a + b) as f64
}

fn count_if_known(count: u64, x: f64) -> u64 {
    count + u64::from(!x.is_nan())
}

/// The mean of floats without nulls, read from memory once.
pub(crate) fn mean_floats(x: &[f64]) -> (f64, f64) {
    if x.len() <= CACHED {
        return sum_and_count(x);
    }
    let known = |x: f64| if x.is_nan() { 0.0 } else { x };
    let parts = in_blocks(x.len(), CACHED, |range| {
        let block = &x[range];
        (
            fold_block(block, 0.0, |sum, x: f64| sum + known(x), |a, b| a + b),
            fold_plain(block, 0, count_if_known),
        )
    });
    let (sum, count) = parts.fold((0.0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
    (sum, count as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_add_in_eight_lanes_joined_from_the_left() {
        let x: Vec<f64> = (0..8000).map(|i| f64::from(i) * 1e-10).collect();
        let mut lanes = [0.0; 8];
        for (i, x) in x.iter().enumerate() {
            lanes[i % 8] += x;
        }
        let expected = lanes.iter().fold(0.0, |sum, lane| sum + lane);
        assert_eq!(sum_floats(&x).to_bits(), f64::to_bits(expected));
    }

    #[test]
    fn long_vectors_fold_as_short_ones_do() {
        let x: Vec<i64> = (0..(BLOCK as i64 * 9 + 5)).collect();
        let count = x.len() as i64;
        assert_eq!(sum_longs(&x), count * (count - 1) / 2);
        assert_eq!(
            exact_sum_longs(&[i64::MAX, i64::MAX, i64::MIN, -1]),
            (i128::from(i64::MAX) * 2 - 1, 3)
        );
        let floats: Vec<f64> = x.iter().map(|x| *x as f64).collect();
        assert_eq!(sum_floats(&floats), (count * (count - 1) / 2) as f64);
        assert_eq!(sum_and_count(&[1.0, f64::NAN, 2.0]), (3.0, 2.0));
    }
}
