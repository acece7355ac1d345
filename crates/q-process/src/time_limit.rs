//! The limit of `-T`: a thread that interrupts an evaluation which takes too long.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

#[derive(Default)]
struct Watch {
    deadline: Mutex<Option<Instant>>,
    changed: Condvar,
}

/// Interrupts evaluations. The thread is started with the first limit.
pub(crate) struct TimeLimit {
    watch: Option<Arc<Watch>>,
    interrupt: Arc<AtomicBool>,
}

impl TimeLimit {
    pub(crate) fn new(interrupt: Arc<AtomicBool>) -> TimeLimit {
        TimeLimit {
            watch: None,
            interrupt,
        }
    }

    /// Runs `work`; the interrupt flag is set when it takes longer than the limit, and clear afterwards.
    pub(crate) fn run<T>(&mut self, limit: Option<Duration>, work: impl FnOnce() -> T) -> T {
        let Some(limit) = limit else {
            return work();
        };
        let watch = Arc::clone(self.watch.get_or_insert_with(|| start(&self.interrupt)));
        watch.set(Some(Instant::now() + limit));
        let result = work();
        watch.set(None);
        self.interrupt.store(false, Ordering::Relaxed);
        result
    }
}

impl Watch {
    fn set(&self, deadline: Option<Instant>) {
        *self.deadline.lock().unwrap_or_else(PoisonError::into_inner) = deadline;
        self.changed.notify_one();
    }

    fn watch(&self, interrupt: &AtomicBool) {
        let mut deadline = self.deadline.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let Some(at) = *deadline else {
                deadline = self
                    .changed
                    .wait(deadline)
                    .unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = at.saturating_duration_since(Instant::now());
            if left.is_zero() {
                interrupt.store(true, Ordering::Relaxed);
                *deadline = None;
                continue;
            }
            deadline = self
                .changed
                .wait_timeout(deadline, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }
}

fn start(interrupt: &Arc<AtomicBool>) -> Arc<Watch> {
    let watch = Arc::new(Watch::default());
    let (own, interrupt) = (Arc::clone(&watch), Arc::clone(interrupt));
    // without the thread there is no limit, which is no reason to end the process
    let _ = std::thread::Builder::new()
        .name("time limit".to_owned())
        .spawn(move || own.watch(&interrupt));
    watch
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_work_over_the_limit_is_interrupted() {
        let interrupt = Arc::new(AtomicBool::new(false));
        let mut limit = TimeLimit::new(Arc::clone(&interrupt));
        let quick = limit.run(Some(Duration::from_secs(3600)), || {
            interrupt.load(Ordering::Relaxed)
        });
        assert!(!quick);
        limit.run(Some(Duration::from_millis(1)), || {
            while !interrupt.load(Ordering::Relaxed) {
                std::thread::yield_now();
            }
        });
        assert!(!interrupt.load(Ordering::Relaxed));
    }
}
