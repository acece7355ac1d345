//! One q process from its spawn to its end.

use std::process::ExitStatus;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::Child;

use crate::output::Output;
use crate::q_link::Session;

pub(super) struct RunningQ {
    child: Child,
    pub pid: u32,
    /// Number of the revision it was started with, or was moved to in place.
    pub revision: u64,
    pub session: Arc<Session>,
    pub output: Output,
    pub began: Instant,
    pub launched_at_ms: u64,
    pub library_loaded: bool,
    /// The script asked for its own cluster's status.
    pub started: bool,
    pub healthy_since: Option<Instant>,
    /// What the script's end was, if it was not a good one.
    pub init_failure: Option<InitFailure>,
    ending: Option<EndingQ>,
}

pub(super) struct InitFailure {
    pub reason: String,
    pub creation_stopped: bool,
}

struct EndingQ {
    began: Instant,
    kill_at: Instant,
    killed: bool,
}

impl RunningQ {
    pub(super) fn new(
        child: Child,
        pid: u32,
        revision: u64,
        session: Arc<Session>,
        output: Output,
    ) -> Self {
        RunningQ {
            child,
            pid,
            revision,
            session,
            output,
            began: Instant::now(),
            launched_at_ms: super::now_ms(),
            library_loaded: false,
            started: false,
            healthy_since: None,
            init_failure: None,
            ending: None,
        }
    }

    pub(super) fn is_healthy(&self) -> bool {
        self.healthy_since.is_some()
    }

    /// True once it was asked, or forced, to end.
    pub(super) fn is_ending(&self) -> bool {
        self.ending.is_some()
    }

    /// How long it took from the first signal until now.
    pub(super) fn ending_took(&self) -> Option<Duration> {
        self.ending.as_ref().map(|ending| ending.began.elapsed())
    }

    /// Asks q to stop accepting, to answer what it received, and to end; [`Self::kill_if_due`] follows up.
    pub(super) fn drain(&mut self, patience: Duration) {
        if self.ending.is_some() {
            return;
        }
        let now = Instant::now();
        self.ending = Some(EndingQ {
            began: now,
            kill_at: now + patience,
            killed: false,
        });
        self.signal(Signal::TERM);
    }

    /// Ends q at once.
    pub(super) fn kill(&mut self) {
        let now = Instant::now();
        let ending = self.ending.get_or_insert(EndingQ {
            began: now,
            kill_at: now,
            killed: false,
        });
        if !ending.killed {
            ending.killed = true;
            self.signal(Signal::KILL);
        }
    }

    /// Kills a q that did not end in time. Returns true if it did so now.
    pub(super) fn kill_if_due(&mut self, now: Instant) -> bool {
        let due = self.kill_due_at().is_some_and(|at| at <= now);
        if due {
            self.kill();
        }
        due
    }

    /// When q's time to end by itself is over; `None` when nothing is due.
    pub(super) fn kill_due_at(&self) -> Option<Instant> {
        self.ending
            .as_ref()
            .filter(|ending| !ending.killed)
            .map(|ending| ending.kill_at)
    }

    /// Waits for q's end; for ever when there is none.
    pub(super) async fn ended(q: &mut Option<RunningQ>) -> std::io::Result<ExitStatus> {
        match q {
            Some(q) => q.child.wait().await,
            None => std::future::pending().await,
        }
    }

    fn signal(&self, signal: Signal) {
        // `id` is there until the end was waited for, so the number is still this process's.
        let pid = self
            .child
            .id()
            .and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
        if let Some(pid) = pid
            && let Err(error) = kill_process(pid, signal)
        {
            tracing::warn!(%error, "cannot signal q");
        }
    }
}
