//! Running answers over a vector: in blocks that are worked by several threads, each read from memory once.
//!
//! Whoever takes a block brings it into its cache by folding it, learns from those before what it starts from, and runs
//! over it again. Blocks are the same whatever the number of threads, and so are the answers.

use std::mem::MaybeUninit;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::{interrupt, loops, parallel};

/// Items of a block: read twice, the second time from a second-level cache.
const BLOCK: usize = 1 << 15;

/// How to run over items.
pub(crate) struct Scan<T, Fold, Join, Run> {
    /// What the first item meets.
    pub start: T,
    /// The answer after a block that starts from `start`.
    pub fold: Fold,
    /// Two such answers, one after the other.
    pub join: Join,
    /// Writes the answers along a block, from what was before it.
    pub run: Run,
}

impl<T, Fold, Join, Run> Scan<T, Fold, Join, Run>
where
    T: Copy + Send + Sync,
    Fold: Fn(&[T]) -> T + Sync,
    Join: Fn(T, T) -> T + Sync,
    Run: Fn(T, &[T], &mut [MaybeUninit<T>]) + Sync,
{
    /// The answer after each item.
    pub(crate) fn along(&self, x: &[T]) -> Vec<T> {
        let count = x.len();
        let blocks = count.div_ceil(BLOCK);
        if blocks < 2 {
            return loops::build(count, |at, out| {
                debug_assert_eq!(at, 0, "one block is one part");
                (self.run)(self.start, x, out);
            });
        }
        interrupt::expect_room(count.saturating_mul(size_of::<T>()));
        let mut answers: Vec<T> = Vec::with_capacity(count);
        let memory = loops::Shared::new(&mut answers.spare_capacity_mut()[..count]);
        let folded: Vec<OnceLock<T>> = (0..blocks).map(|_| OnceLock::new()).collect();
        let next = AtomicUsize::new(0);
        let workers = parallel::ranges(count, parallel::ITEMS_PER_THREAD_MIN).len();
        parallel::each(workers, &|_| {
            let (memory, folded) = (&memory, &folded);
            let (mut before, mut known) = (self.start, 0);
            loop {
                let block = next.fetch_add(1, Ordering::Relaxed);
                if block >= blocks {
                    break;
                }
                let range = block * BLOCK..((block + 1) * BLOCK).min(count);
                let items = &x[range.clone()];
                if block + 1 < blocks {
                    let answer = (self.fold)(items);
                    folded[block].get_or_init(|| answer);
                }
                while known < block {
                    before = (self.join)(before, awaited(&folded[known]));
                    known += 1;
                }
                // SAFETY: blocks do not overlap, and each is taken once.
                (self.run)(before, items, unsafe { memory.part(&range) });
            }
        });
        // SAFETY: every block was written by whoever took it.
        unsafe { answers.set_len(count) };
        answers
    }
}

/// What another thread is about to find: it has taken its block before we took ours, and folds it without waiting.
fn awaited<T: Copy>(cell: &OnceLock<T>) -> T {
    let mut tries = 0u32;
    loop {
        if let Some(answer) = cell.get() {
            return *answer;
        }
        tries += 1;
        if tries < 64 {
            std::hint::spin_loop();
        } else {
            std::thread::yield_now();
        }
    }
}

/// Runs over a block item by item.
pub(crate) fn step_by_step<T: Copy>(
    step: impl Fn(T, T) -> T + Copy,
) -> impl Fn(T, &[T], &mut [MaybeUninit<T>]) {
    move |mut running, x, out| {
        for (x, out) in x.iter().zip(out) {
            running = step(running, *x);
            out.write(running);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_on_several_threads_run_as_one_loop_does() {
        for count in [0, 1, 5000, BLOCK, BLOCK + 1, BLOCK * 40 + 4097] {
            let x: Vec<i64> = (0..count as i64).map(|at| at * 7919 % 1001 - 500).collect();
            let mut running = 0;
            let expected: Vec<i64> = x
                .iter()
                .map(|x| {
                    running += x;
                    running
                })
                .collect();
            let sum = |x: &[i64]| x.iter().sum::<i64>();
            let add = |x: i64, y: i64| x + y;
            let stepwise = Scan {
                start: 0,
                fold: sum,
                join: add,
                run: step_by_step(add),
            };
            assert!(stepwise.along(&x) == expected);
        }
    }
}
