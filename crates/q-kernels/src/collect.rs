//! Items that own memory, made by several threads straight into one vector.

use std::mem::MaybeUninit;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::loops::Shared;
use crate::{interrupt, parallel};

/// The vector of the items `0..count`, each made by what `maker` gives every thread. Polls for interrupts; when a thread
/// unwinds, what all have made is dropped.
pub(crate) fn collect<R: Send, M: FnMut(usize) -> R>(
    count: usize,
    per_thread_min: usize,
    maker: impl Fn() -> M + Sync,
) -> Vec<R> {
    interrupt::expect_room(count.saturating_mul(size_of::<R>()));
    let mut items = Vec::with_capacity(count);
    let ranges = parallel::ranges(count, per_thread_min);
    let memory = Shared::new(&mut items.spare_capacity_mut()[..count]);
    let mut parts = Parts {
        made: ranges.iter().map(|_| AtomicUsize::new(0)).collect(),
        ranges,
        memory,
    };
    parallel::each(parts.ranges.len(), &|at| {
        let range = &parts.ranges[at];
        // SAFETY: the ranges cut up the items without overlap, and each is worked by one thread.
        let part = unsafe { parts.memory.part(range) };
        let mut made = Made {
            count: 0,
            total: &parts.made[at],
        };
        let mut make = maker();
        for (place, at) in part.iter_mut().zip(range.clone()) {
            interrupt::at_row(at);
            place.write(make(at));
            made.count += 1;
        }
    });
    // all are made: they are the vector's from here on
    parts.ranges.clear();
    // SAFETY: every part was written to its end, and the parts cover the first `count` items.
    unsafe { items.set_len(count) };
    items
}

/// What threads have made so far; dropped unless the ranges are cleared.
struct Parts<R> {
    memory: Shared<MaybeUninit<R>>,
    ranges: Vec<Range<usize>>,
    made: Vec<AtomicUsize>,
}

impl<R> Drop for Parts<R> {
    fn drop(&mut self) {
        for (range, made) in self.ranges.iter().zip(&self.made) {
            let made = range.start..range.start + made.load(Ordering::Acquire);
            // SAFETY: the threads have ended, and so many items of the range were written.
            for item in unsafe { self.memory.part(&made) } {
                // SAFETY: as above; nobody sees the items after this.
                unsafe { item.assume_init_drop() };
            }
        }
    }
}

/// Tells how many items a thread has made when it ends, one way or the other.
struct Made<'a> {
    count: usize,
    total: &'a AtomicUsize,
}

impl Drop for Made<'_> {
    fn drop(&mut self) {
        self.total.store(self.count, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
    use std::sync::Arc;

    use super::*;

    #[test]
    fn items_stand_in_order() {
        for count in [0, 1, 999, 100_000] {
            let items = collect(count, 100, || |at| Box::new(at));
            assert!(items.iter().map(|item| **item).eq(0..count));
            assert_eq!(items.len(), count);
        }
    }

    #[test]
    fn what_was_made_before_an_interrupt_is_dropped() {
        let held = Arc::new(());
        let made = catch_unwind(AssertUnwindSafe(|| {
            collect(10_000, 100, || {
                |at| {
                    if at == 7_000 {
                        resume_unwind(Box::new("interrupted"));
                    }
                    Arc::clone(&held)
                }
            })
        }));
        assert!(made.is_err());
        assert_eq!(Arc::strong_count(&held), 1);
    }
}
