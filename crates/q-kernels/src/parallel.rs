//! Work on large vectors, split over threads.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::interrupt;

static THREADS: AtomicUsize = AtomicUsize::new(0);

/// Sets how many threads a kernel may use; 0 means as many as the machine has.
pub fn set_threads(count: usize) {
    THREADS.store(count, Ordering::Relaxed);
}

/// How many threads a kernel may use.
pub fn threads() -> usize {
    match THREADS.load(Ordering::Relaxed) {
        0 => {
            let count = std::thread::available_parallelism().map_or(1, usize::from);
            THREADS.store(count, Ordering::Relaxed);
            count
        }
        count => count,
    }
}

/// Items below which a second thread costs more than it brings: starting one takes some 30 microseconds, in which a
/// streaming loop passes a hundred thousand items.
pub(crate) const ITEMS_PER_THREAD_MIN: usize = 1 << 18;

/// `0..count` cut into one range per thread worth starting; a single range when the work is small.
pub(crate) fn ranges(count: usize, per_thread_min: usize) -> Vec<Range<usize>> {
    let parts = (count / per_thread_min.max(1)).clamp(1, threads());
    let step = count.div_ceil(parts);
    (0..parts)
        .map(|part| (part * step).min(count)..((part + 1) * step).min(count))
        .collect()
}

/// Runs the task for each number below `count`, each on a thread of its own but the last. A part that unwinds makes
/// all of it unwind, once every part has ended.
///
/// Not generic, so that the machinery of threads is compiled once and not for every loop.
pub(crate) fn each(count: usize, task: &(dyn Fn(usize) + Sync)) {
    if count < 2 {
        if count == 1 {
            task(0);
        }
        return;
    }
    let flag = interrupt::watched();
    let unwound = Mutex::new(None);
    std::thread::scope(|scope| {
        for part in 0..count - 1 {
            let (flag, unwound) = (flag.clone(), &unwound);
            scope.spawn(move || {
                interrupt::watch(flag, false);
                if let Err(payload) = catch_unwind(AssertUnwindSafe(|| task(part))) {
                    *unwound.lock().unwrap_or_else(PoisonError::into_inner) = Some(payload);
                }
            });
        }
        task(count - 1);
    });
    if let Some(payload) = unwound.into_inner().unwrap_or_else(PoisonError::into_inner) {
        resume_unwind(payload);
    }
}

/// Runs the task once per part, each on a thread of its own but the last, and returns the answers in order.
pub(crate) fn run<P: Send, R: Send>(parts: Vec<P>, task: impl Fn(P) -> R + Sync) -> Vec<R> {
    let cells: Vec<Mutex<(Option<P>, Option<R>)>> = parts
        .into_iter()
        .map(|part| Mutex::new((Some(part), None)))
        .collect();
    each(cells.len(), &|at| {
        let part = cells[at].lock().expect("held by one thread").0.take();
        if let Some(part) = part {
            let answer = task(part);
            cells[at].lock().expect("held by one thread").1 = Some(answer);
        }
    });
    cells
        .into_iter()
        .filter_map(|cell| cell.into_inner().expect("held by one thread").1)
        .collect()
}

/// Runs the task on each range of `0..count` and returns the answers in order.
pub(crate) fn over<R: Send>(
    count: usize,
    per_thread_min: usize,
    task: impl Fn(Range<usize>) -> R + Sync,
) -> Vec<R> {
    run(ranges(count, per_thread_min), task)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_cover_everything_once() {
        for count in [0, 1, 5, 1000, 1_000_003] {
            let parts = ranges(count, 100);
            assert_eq!(parts.first().map(|first| first.start), Some(0));
            assert_eq!(parts.last().map(|last| last.end), Some(count));
            assert!(parts.windows(2).all(|pair| pair[0].end == pair[1].start));
        }
    }

    #[test]
    fn answers_keep_their_order() {
        assert_eq!(run(vec![3, 1, 2], |part| part * 10), [30, 10, 20]);
    }
}
