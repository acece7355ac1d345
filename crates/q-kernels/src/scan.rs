//! Running answers over a vector: in blocks that are worked by several threads, each read from memory once.
//!
//! Whoever takes a block brings it into its cache by folding it, learns from those before what it starts from, and runs
//! over it again: over several runs of it side by side, since a step waits for the answer before it. Runs are the same
//! whatever the number of threads, and so are the answers.

use std::mem::MaybeUninit;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::{interrupt, loops, parallel};

/// Runs worked side by side.
const LANES: usize = 4;
/// Items of a run: no multiple of a page, so that the lanes do not compete for the same places of a cache.
const RUN: usize = 8200;
/// Items of a block: read twice, the second time from a second-level cache.
const BLOCK: usize = LANES * RUN;

/// How to run over items.
pub(crate) struct Scan<T, Fold, Join, Step> {
    /// What the first item meets.
    pub start: T,
    /// The answer after a run that starts from `start`.
    pub fold: Fold,
    /// Two such answers, one after the other.
    pub join: Join,
    /// The answer after an item, from the answer before it.
    pub step: Step,
}

impl<T, Fold, Join, Step> Scan<T, Fold, Join, Step>
where
    T: Copy + Send + Sync,
    Fold: Fn(&[T]) -> T + Sync,
    Join: Fn(T, T) -> T + Sync,
    Step: Fn(T, T) -> T + Copy + Sync,
{
    /// The answer after each item.
    pub(crate) fn along(&self, x: &[T]) -> Vec<T> {
        let count = x.len();
        let blocks = count.div_ceil(BLOCK);
        if blocks < 2 {
            return loops::build(count, |at, out| {
                debug_assert_eq!(at, 0, "one block is one part");
                run(self.start, x, out, self.step);
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
                let mut starts = [self.start; LANES];
                if items.len() == BLOCK {
                    let mut answer = self.start;
                    for (start, run) in starts.iter_mut().zip(items.chunks_exact(RUN)) {
                        *start = answer;
                        answer = (self.join)(answer, (self.fold)(run));
                    }
                    folded[block].get_or_init(|| answer);
                }
                while known < block {
                    before = (self.join)(before, awaited(&folded[known]));
                    known += 1;
                }
                // SAFETY: blocks do not overlap, and each is taken once.
                let out = unsafe { memory.part(&range) };
                if items.len() == BLOCK {
                    for start in &mut starts {
                        *start = (self.join)(before, *start);
                    }
                    run_side_by_side(starts, items, out, self.step);
                } else {
                    run(before, items, out, self.step);
                }
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

/// Runs over items one by one.
fn run<T: Copy>(
    mut running: T,
    x: &[T],
    out: &mut [MaybeUninit<T>],
    step: impl Fn(T, T) -> T + Copy,
) {
    for (x, out) in x.iter().zip(out) {
        running = step(running, *x);
        out.write(running);
    }
}

loops::vectorised! {
    fn run_side_by_side[T: Copy, S: Fn(T, T) -> T](starts: [T; LANES], x: &[T], out: &mut [MaybeUninit<T>], step: S) -> () {
        assert!(x.len() == BLOCK && out.len() == BLOCK);
        let mut running = starts;
        for at in 0..RUN {
            for (lane, running) in running.iter_mut().enumerate() {
                *running = step(*running, x[lane * RUN + at]);
                out[lane * RUN + at].write(*running);
            }
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
                step: add,
            };
            assert!(stepwise.along(&x) == expected);
        }
    }
}
