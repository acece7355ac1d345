//! How long work ends early: loops look at a flag between pieces of their work and leave by unwinding when it is set.
//!
//! A kernel that may take longer than some hundred milliseconds calls [`poll`] every hundred thousand items or so.
//! Unwinding reaches through any depth of infallible code and drops what was made; [`guard`], around every kernel that
//! the evaluator calls, turns it into `'stop` or `'wsfull`. Nothing may poll while memory is only partly initialised,
//! nor while a value that must survive an error has been moved out of its place.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use q_value::{QError, QResult};

use crate::memory;

thread_local! {
    static FLAG: RefCell<Option<Arc<AtomicBool>>> = const { RefCell::new(None) };
    /// True on a thread that clears the flag when it has stopped for it.
    static ANSWERS: Cell<bool> = const { Cell::new(false) };
}

/// Why work was left; the payload of the unwinding.
#[derive(Clone, Copy)]
enum Left {
    Interrupted,
    NoMemory,
}

/// Makes [`poll`] on this thread look at this flag, or at none; what it looked at before. A thread that `answers` clears
/// the flag when [`guard`] has turned it into an error; others leave it set, for all that look at it to stop.
pub fn watch(flag: Option<Arc<AtomicBool>>, answers: bool) -> Option<Arc<AtomicBool>> {
    ANSWERS.set(answers);
    FLAG.with(|own| own.replace(flag))
}

/// The flag of this thread, for a thread that helps it.
pub(crate) fn watched() -> Option<Arc<AtomicBool>> {
    FLAG.with(|own| own.borrow().clone())
}

/// Leaves the running kernel when the flag of this thread is set or memory has run over its limit.
#[inline(never)]
pub fn poll() {
    let is_set = FLAG.with(|own| {
        own.borrow()
            .as_ref()
            .is_some_and(|flag| flag.load(Ordering::Relaxed))
    });
    if is_set {
        leave(Left::Interrupted);
    }
    if memory::is_over() {
        leave(Left::NoMemory);
    }
}

/// [`poll`] at every millionth row of a loop.
#[inline(always)]
pub fn at_row(row: usize) {
    const MASK: usize = (1 << 20) - 1;
    if row & MASK == MASK {
        poll();
    }
}

/// Leaves the running kernel with `'wsfull` when so many bytes more would be over the limit of memory.
#[inline]
pub fn expect_room(bytes: usize) {
    if bytes >= memory::LARGE_MIN && !memory::has_room(bytes) {
        leave(Left::NoMemory);
    }
}

#[cold]
fn leave(why: Left) -> ! {
    // not a panic: nothing is printed
    resume_unwind(Box::new(why))
}

/// Runs a kernel. Errors: its own; `'stop` and `'wsfull` when it was left by [`poll`] or [`expect_room`].
#[inline]
pub fn guard<T>(work: impl FnOnce() -> QResult<T>) -> QResult<T> {
    // what the kernel owned is gone with it, and it changes nothing else
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result,
        Err(payload) => Err(error_of(payload)),
    }
}

#[cold]
fn error_of(payload: Box<dyn Any + Send>) -> QError {
    match payload.downcast_ref::<Left>() {
        Some(Left::Interrupted) => {
            if ANSWERS.get()
                && let Some(flag) = watched()
            {
                flag.store(false, Ordering::Relaxed);
            }
            QError::stop()
        }
        Some(Left::NoMemory) => QError::wsfull(),
        // a defect, which the panic's own message has told: one query fails, and the process goes on serving the others
        None => QError::new("internal"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_flag_ends_work_in_every_thread() {
        let flag = Arc::new(AtomicBool::new(true));
        let before = watch(Some(Arc::clone(&flag)), true);
        let stopped = guard(|| {
            crate::parallel::each(3, &|part| {
                if part < 2 {
                    poll();
                }
            });
            Ok(())
        });
        assert_eq!(stopped, Err(QError::stop()));
        assert!(!flag.load(Ordering::Relaxed));
        assert_eq!(
            guard(|| {
                poll();
                Ok(7)
            }),
            Ok(7)
        );
        watch(before, false);
    }
}
