//! SIGTERM and SIGINT.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};

/// What has been signalled; readable when something has, so that a poll wakes up.
pub(crate) struct Signals {
    wake: UnixStream,
    terminate: Arc<AtomicBool>,
    interrupt: Arc<AtomicBool>,
}

impl Signals {
    /// Errors: those of the system.
    pub(crate) fn install() -> io::Result<Signals> {
        let (wake, written) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        let signals = Signals {
            wake,
            terminate: Arc::default(),
            interrupt: Arc::default(),
        };
        signal_hook::flag::register(SIGTERM, Arc::clone(&signals.terminate))?;
        signal_hook::flag::register(SIGINT, Arc::clone(&signals.interrupt))?;
        // after the flags, so that whoever wakes up finds them set
        signal_hook::low_level::pipe::register(SIGTERM, written.try_clone()?)?;
        signal_hook::low_level::pipe::register(SIGINT, written)?;
        Ok(signals)
    }

    /// Makes SIGINT set this flag too, with which evaluation is interrupted.
    pub(crate) fn interrupts(&self, flag: Arc<AtomicBool>) -> io::Result<()> {
        signal_hook::flag::register(SIGINT, flag)?;
        Ok(())
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

    /// True once after each SIGINT.
    pub(crate) fn take_interrupt(&self) -> bool {
        self.interrupt.swap(false, Ordering::Relaxed)
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }
}
