//! A testing aid: with `QSPACE_CRASH_AT_STEP=N` in its environment, the server ends itself by SIGKILL at the N-th step
//! that the control plane takes after the start.
//!
//! Steps are only taken when something is under way, so a test that starts a server over an installation at rest, then
//! deploys, can walk a deployment step by step: N = 1, 2, 3, ... until the server outlives it. The variable is read once,
//! at the start; agents and q do not look at it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context;
use control_plane::{Step, StepWatch};
use rustix::process::{Signal, getpid, kill_process};

const VARIABLE: &str = "QSPACE_CRASH_AT_STEP";

struct CrashAtStep {
    fatal: u64,
    taken: AtomicU64,
}

/// The watch that the environment asks for, usually none.
///
/// Errors: the variable is set to something else than a number.
pub(super) fn from_environment() -> anyhow::Result<Option<Arc<dyn StepWatch>>> {
    let Some(text) = std::env::var_os(VARIABLE) else {
        return Ok(None);
    };
    let number = text.to_str().and_then(|text| text.parse().ok());
    let fatal = number.with_context(|| {
        format!("{VARIABLE} is a testing aid and must be a number; unset it for normal use")
    })?;
    tracing::warn!(fatal, "this server will kill itself at a step, for a test");
    Ok(Some(Arc::new(CrashAtStep {
        fatal,
        taken: AtomicU64::new(0),
    })))
}

impl StepWatch for CrashAtStep {
    fn reached(&self, step: Step) {
        let number = self.taken.fetch_add(1, Ordering::SeqCst) + 1;
        if number != self.fatal {
            return;
        }
        eprintln!("qspace: crash at step {number} ({step:?})");
        if kill_process(getpid(), Signal::KILL).is_ok() {
            // The signal ends every thread; this one must not do a thing more until it does.
            loop {
                std::thread::park();
            }
        }
    }
}
