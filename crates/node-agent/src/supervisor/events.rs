//! What happened, taken in. Nothing is started here; `advance` follows every event.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cluster_runtime::local::kill_leftovers;
use cluster_runtime::{Apply, NodeSpec};
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

use super::running_q::InitFailure;
use super::{Ending, HaltKind, Retry, Supervisor, WorkDone, millis, now_ms};
use crate::agent::store_spec;
use crate::code_directory::CodeProblem;
use crate::control_socket::{Command, Verdict};
use crate::q_link::{LinkEvent, LinkEventKind};

/// A specification repeated unchanged retries what failed, but not faster than this.
const FAILED_RETRY_AFTER: Duration = Duration::from_secs(2);

impl Supervisor {
    pub(super) fn on_command(&mut self, command: Command) {
        match command {
            Command::Put { spec, verdict } => {
                let answer = self.on_put(*spec);
                // Whoever asked may have gone; the specification stands.
                let _ = verdict.send(answer);
            }
            Command::Remove {
                generation,
                verdict,
                told,
            } => self.on_remove(generation, verdict, told),
        }
    }

    fn on_put(&mut self, spec: NodeSpec) -> Verdict {
        let seen = self.wanted.generation;
        if spec.generation < seen {
            return Verdict::Stale {
                given: spec.generation,
                seen,
            };
        }
        if spec.node_id != self.wanted.node_id || spec.cluster != self.wanted.cluster {
            return Verdict::Refused {
                reason: format!("this is node {}", self.wanted.node_id),
            };
        }
        if self.ending.is_some() {
            return Verdict::Refused {
                reason: "the agent is ending".to_owned(),
            };
        }
        if spec != *self.wanted {
            if let Err(error) = store_spec(&self.directory, &spec) {
                return Verdict::Refused {
                    reason: format!(
                        "cannot write {}: {error}; free space or make it writable",
                        self.directory.spec_file().display()
                    ),
                };
            }
            let spec = Arc::new(spec);
            self.link.set_spec(Arc::clone(&spec));
            let former = std::mem::replace(&mut self.wanted, spec);
            if former.revision != self.wanted.revision {
                self.on_other_revision();
            }
        }
        let over = self.halt.as_ref().is_some_and(|halt| {
            let retried = matches!(halt.kind, HaltKind::Failed { .. })
                && halt.since.elapsed() >= FAILED_RETRY_AFTER;
            halt.revision != self.wanted.revision.number
                || halt.generation < self.wanted.generation
                || retried
        });
        if over {
            self.halt = None;
        }
        Verdict::Done
    }

    fn on_other_revision(&mut self) {
        self.log.remark(&format!(
            "revision {} is wanted ({})",
            self.wanted.revision.number,
            match self.wanted.apply {
                Apply::Drain => "q drains and restarts",
                Apply::Kill => "q is killed and restarts",
                Apply::InPlace => "files change under q",
            }
        ));
        self.timings.begin();
        self.retry = None;
        self.back_off.reset();
        self.restarts = 0;
    }

    fn on_remove(
        &mut self,
        generation: u64,
        verdict: oneshot::Sender<Verdict>,
        told: oneshot::Receiver<()>,
    ) {
        let seen = self.wanted.generation;
        if generation < seen {
            let _ = verdict.send(Verdict::Stale {
                given: generation,
                seen,
            });
            return;
        }
        match &mut self.ending {
            Some(Ending::Removed(askers)) => askers.push((verdict, told)),
            ending => {
                self.log.remark("the node is removed");
                *ending = Some(Ending::Removed(vec![(verdict, told)]));
            }
        }
    }

    pub(super) fn on_terminate(&mut self) {
        if self.ending.is_none() {
            self.log.remark("the agent was told to end");
            self.ending = Some(Ending::Terminated);
        }
    }

    pub(super) fn on_work_done(&mut self, result: Result<WorkDone, CodeProblem>) {
        let took = self
            .work
            .take()
            .map(|work| work.began.elapsed())
            .unwrap_or_default();
        match result {
            Ok(WorkDone::Staged(staged)) => {
                // Of no use if another revision is wanted by now; `advance` then stages that one.
                if staged.installed.revision == self.wanted.revision.number {
                    self.timings.step("stage", took);
                }
                self.staged = Some(staged);
            }
            Ok(WorkDone::Replaced(installed)) => {
                let number = installed.revision;
                if let Some(q) = &mut self.q
                    && !q.is_ending()
                {
                    q.revision = number;
                    if q.is_healthy() {
                        self.state.healthy_revision = Some(number);
                    }
                }
                self.state.installed = Some(installed);
                self.save_state();
                self.timings.step("replace", took);
                self.timings.finish();
                self.log
                    .remark(&format!("files of revision {number} are in place"));
            }
            Err(error) => self.halt(HaltKind::Failed {
                reason: error.to_string(),
            }),
        }
    }

    pub(super) fn on_link_event(&mut self, event: LinkEvent) {
        let LinkEvent {
            session,
            kind,
            taken,
        } = event;
        if let Some(q) = &mut self.q
            && q.session.id == session
        {
            match kind {
                LinkEventKind::LibraryLoaded => {
                    q.library_loaded = true;
                    self.timings.step("start", q.began.elapsed());
                }
                LinkEventKind::InitOk => self.on_healthy(),
                LinkEventKind::OwnStatusAsked => q.started |= !q.is_healthy(),
                // Only a script that still runs can fail.
                LinkEventKind::InitFailed { .. } | LinkEventKind::CreationStopped { .. }
                    if q.is_healthy() => {}
                LinkEventKind::InitFailed { reason } => {
                    q.init_failure = Some(InitFailure {
                        reason,
                        creation_stopped: false,
                    });
                }
                LinkEventKind::CreationStopped { message } => {
                    q.init_failure = Some(InitFailure {
                        reason: message,
                        creation_stopped: true,
                    });
                }
            }
        }
        self.publish();
        let _ = taken.send(());
    }

    fn on_healthy(&mut self) {
        let Some(q) = &mut self.q else {
            return;
        };
        q.session.end_initialization();
        if q.is_healthy() || q.is_ending() {
            return;
        }
        q.healthy_since = Some(Instant::now());
        let took = q.began.elapsed();
        self.timings.step("healthy", took);
        self.timings.finish();
        self.log
            .remark(&format!("q is ready after {} ms", millis(took)));
        if self.state.healthy_revision != Some(q.revision) {
            self.state.healthy_revision = Some(q.revision);
            self.save_state();
        }
    }

    pub(super) async fn on_q_end(&mut self, status: std::io::Result<ExitStatus>) {
        let Some(q) = self.q.take() else {
            return;
        };
        self.link.set_session(None);
        let directory = self.directory.path().to_owned();
        // What q left in the background ends with it, before the next q of this directory begins.
        match spawn_blocking(move || kill_leftovers(&directory)).await {
            Ok(Ok(0)) => {}
            Ok(Ok(count)) => self
                .log
                .remark(&format!("ended {count} processes that q had started")),
            Ok(Err(error)) => tracing::warn!(%error, "looking for leftovers failed"),
            Err(error) => tracing::warn!(%error, "looking for leftovers was interrupted"),
        }
        let how = match &status {
            Ok(status) => describe(*status),
            Err(error) => format!("q cannot be waited for: {error}"),
        };
        let ending_took = q.ending_took();
        let (revision, healthy_since, init_failure) = (q.revision, q.healthy_since, q.init_failure);
        let last_error = q.output.finish().await.last_error();
        self.log.remark(&how);
        if let Some(took) = ending_took {
            self.timings.step("stop", took);
            return;
        }
        if self.ending.is_some() || revision != self.wanted.revision.number {
            return;
        }
        self.on_unasked_end(healthy_since, init_failure, how, last_error);
    }

    fn on_unasked_end(
        &mut self,
        healthy_since: Option<Instant>,
        init_failure: Option<InitFailure>,
        how: String,
        last_error: Option<String>,
    ) {
        let with_last_error = |text: String| match &last_error {
            Some(line) => format!("{text}; its last error: {line}"),
            None => text,
        };
        let number = self.wanted.revision.number;
        let (reason, creation_stopped) = match init_failure {
            Some(failure) if failure.creation_stopped => (failure.reason, true),
            Some(failure) => (
                format!("the initialization script failed: {}", failure.reason),
                false,
            ),
            None if healthy_since.is_some() => (with_last_error(how), false),
            None => (
                with_last_error(format!(
                    "{how} before its initialization script had finished"
                )),
                false,
            ),
        };
        // A revision that was healthy here before is worth another try; a new one is not.
        let known_good = self.state.healthy_revision == Some(number);
        if creation_stopped || (healthy_since.is_none() && !known_good) {
            self.halt(HaltKind::InitFailed {
                reason,
                creation_stopped,
            });
            return;
        }
        self.restarts += 1;
        let pause = self.back_off.next(healthy_since, Instant::now());
        self.log
            .remark(&format!("q is started again in {} ms", pause.as_millis()));
        self.timings.begin();
        self.retry = Some(Retry {
            reason,
            at: Instant::now() + pause,
            at_ms: now_ms() + millis(pause),
        });
    }
}

/// How a process ended, for people.
fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("q ended with exit code {code}"),
        (None, Some(9)) => "q was killed (signal 9)".to_owned(),
        (None, Some(signal)) => format!("q was ended by signal {signal}"),
        (None, None) => "q ended".to_owned(),
    }
}
