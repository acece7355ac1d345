//! SIGTERM and SIGINT.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use q_engine::system::StandardStream;
use signal_hook::consts::{SIGINT, SIGTERM};

use crate::console::write_standard;

/// Status after an interrupt that ended the process.
pub(crate) const STATUS_INTERRUPTED: i32 = 130;
const STILL_BUSY: &[u8] = b"\nq is still busy; Ctrl-C once more ends the process\n";

/// What has been signalled; readable when something has, so that a poll wakes up.
pub(crate) struct Signals {
    wake: UnixStream,
    /// The other end of `wake`.
    waking: UnixStream,
    terminate: Arc<AtomicBool>,
    interrupt: Arc<AtomicBool>,
    /// How often something that ran has come to its end.
    answers: Arc<AtomicUsize>,
}

impl Signals {
    /// Errors: those of the system.
    pub(crate) fn install() -> io::Result<Signals> {
        let (wake, written) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        let signals = Signals {
            wake,
            waking: written.try_clone()?,
            terminate: Arc::default(),
            interrupt: Arc::default(),
            answers: Arc::default(),
        };
        signal_hook::flag::register(SIGTERM, Arc::clone(&signals.terminate))?;
        signal_hook::flag::register(SIGINT, Arc::clone(&signals.interrupt))?;
        // after its flag, so that whoever wakes up finds it set
        signal_hook::low_level::pipe::register(SIGTERM, written)?;
        Ok(signals)
    }

    /// Makes SIGINT set this flag too, with which evaluation is interrupted, and then wake the poll up.
    pub(crate) fn interrupts(&self, flag: Arc<AtomicBool>) -> io::Result<()> {
        signal_hook::flag::register(SIGINT, flag)?;
        // after both flags: they are set in the order of their registration, and whoever wakes up takes both back
        signal_hook::low_level::pipe::register(SIGINT, self.waker()?)?;
        Ok(())
    }

    /// What wakes the poll up when something is written to it.
    pub(crate) fn waker(&self) -> io::Result<UnixStream> {
        self.waking.try_clone()
    }

    /// Says that q is not busy any more, so that the next interrupt is a first one.
    pub(crate) fn answer(&self) {
        self.answers.fetch_add(1, Ordering::Relaxed);
    }

    /// Watches over whoever presses Ctrl-C without an answer: the second time says how to end the process, the third
    /// ends it. What runs may be in a place that looks at no interrupt, or may catch the error again and again.
    pub(crate) fn watch_impatience(&self) {
        let Ok((mut interrupts, written)) = UnixStream::pair() else {
            return;
        };
        if signal_hook::low_level::pipe::register(SIGINT, written).is_err() {
            return;
        }
        let answers = Arc::clone(&self.answers);
        let watch = move || {
            let mut impatience = Impatience::default();
            let mut byte = [0];
            while interrupts.read_exact(&mut byte).is_ok() {
                match impatience.interrupt(answers.load(Ordering::Relaxed)) {
                    1 => {}
                    2 => write_standard(StandardStream::Error, STILL_BUSY),
                    _ => {
                        crate::console::restore();
                        std::process::exit(STATUS_INTERRUPTED);
                    }
                }
            }
        };
        // without the thread Ctrl-C interrupts all the same
        let _ = std::thread::Builder::new()
            .name("impatience".to_owned())
            .spawn(watch);
    }

    /// Forgets what woke the poll up.
    pub(crate) fn clear_wake(&self) {
        let mut bytes = [0u8; 64];
        while matches!((&self.wake).read(&mut bytes), Ok(count) if count > 0) {}
    }

    /// True once after each SIGTERM.
    pub(crate) fn take_terminate(&self) -> bool {
        self.terminate.swap(false, Ordering::Relaxed)
    }

    /// True when a SIGINT waits to be taken.
    pub(crate) fn is_interrupted(&self) -> bool {
        self.interrupt.load(Ordering::Relaxed)
    }

    /// True once after each SIGINT.
    pub(crate) fn take_interrupt(&self) -> bool {
        self.interrupt.swap(false, Ordering::Relaxed)
    }
}

/// Counts interrupts that nothing answered.
#[derive(Default)]
struct Impatience {
    answers: usize,
    count: u32,
}

impl Impatience {
    /// Which one this is since q last came to an end of something.
    fn interrupt(&mut self, answers: usize) -> u32 {
        if answers != self.answers {
            *self = Impatience { answers, count: 0 };
        }
        self.count += 1;
        self.count
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_interrupts_without_an_answer_add_up() {
        let mut impatience = Impatience::default();
        assert_eq!(
            [0, 0, 1, 1, 1].map(|answers| impatience.interrupt(answers)),
            [1, 2, 1, 2, 3]
        );
    }
}
