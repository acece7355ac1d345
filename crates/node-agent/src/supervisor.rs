//! The one place where a node's state changes: a loop that takes in what happened and does the next thing.
//!
//! ```text
//!                    put: other revision
//!             +-------------------------------------------+
//!             v                                           |
//!  stage files -> stop q (drain | kill) -> swap files -> start q -> library loaded -> script done: HEALTHY
//!      |                                      ^            |                 |                        |
//!   problem: FAILED                           |         q ends or script fails: INIT_FAILED        q ends: BACK_OFF
//!                                             +------------------------------------- pause over ------+
//! ```
//! Replacing in place is the short way from HEALTHY to HEALTHY without touching q.
//!
//! Invariant: `advance` decides by what is (`wanted`, installed files, q, halt, pause) and never by how it came about;
//! so a specification that arrives in the middle of a change, and an agent that starts anew, need no special case.

mod events;
mod progress;
mod running_q;

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use cluster_runtime::local::NodeDirectory;
use cluster_runtime::{NodePhase, NodeSpec, NodeStatus};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::back_off::BackOff;
use crate::code_directory::{CodeProblem, Staged};
use crate::control_socket::{Command, Verdict};
use crate::node_log::NodeLog;
use crate::options::NodeOptions;
use crate::q_link::{LinkEvent, QLink};
use crate::stored_state::{Installed, StoredState};
use running_q::RunningQ;

/// How long the last answer to the server may take to leave before the agent ends.
const FAREWELL_TIMEOUT: Duration = Duration::from_secs(1);

/// What a supervisor is made of.
pub(crate) struct Parts {
    pub options: NodeOptions,
    pub directory: NodeDirectory,
    pub spec: NodeSpec,
    pub state: StoredState,
    pub log: NodeLog,
    pub link: QLink,
    pub cluster_listener: OwnedFd,
    pub commands: mpsc::Receiver<Command>,
    pub events: mpsc::Receiver<LinkEvent>,
}

pub(crate) struct Supervisor {
    options: NodeOptions,
    directory: NodeDirectory,
    log: NodeLog,
    link: QLink,
    cluster_listener: OwnedFd,
    commands: mpsc::Receiver<Command>,
    link_events: mpsc::Receiver<LinkEvent>,
    status: watch::Sender<NodeStatus>,

    /// The specification to reach.
    wanted: Arc<NodeSpec>,
    /// What survives the agent.
    state: StoredState,
    /// Keeps the node's own port from others while q does not listen on it.
    node_port: Option<(OwnedFd, u16)>,
    /// Work on files, done on another thread.
    work: Option<Work>,
    /// Unpacked files that wait for q's end.
    staged: Option<Staged>,
    q: Option<RunningQ>,
    /// Counts starts of q.
    session: u64,
    halt: Option<Halt>,
    back_off: BackOff,
    retry: Option<Retry>,
    restarts: u32,
    timings: Timings,
    ending: Option<Ending>,
}

/// Files being staged or replaced for a revision.
struct Work {
    began: Instant,
    task: JoinHandle<Result<WorkDone, CodeProblem>>,
}

enum WorkDone {
    Staged(Staged),
    Replaced(Installed),
}

/// Why nothing more is done by itself for this revision under this generation.
struct Halt {
    revision: u64,
    generation: u64,
    since: Instant,
    kind: HaltKind,
}

enum HaltKind {
    InitFailed {
        reason: String,
        creation_stopped: bool,
    },
    Failed {
        reason: String,
    },
}

/// A pause before q is started again.
struct Retry {
    reason: String,
    at: Instant,
    at_ms: u64,
}

/// The agent is to end once q has ended.
enum Ending {
    /// SIGTERM: the node stays and is found again.
    Terminated,
    Removed(Vec<(oneshot::Sender<Verdict>, oneshot::Receiver<()>)>),
}

/// How long the steps of the present change took.
#[derive(Default)]
struct Timings {
    began: Option<Instant>,
    steps: Vec<(String, u64)>,
}

impl Timings {
    fn begin(&mut self) {
        *self = Timings {
            began: Some(Instant::now()),
            steps: Vec::new(),
        };
    }

    fn step(&mut self, name: &str, took: Duration) {
        self.steps.push((name.to_owned(), millis(took)));
    }

    fn finish(&mut self) {
        if let Some(began) = self.began.take() {
            self.step("total", began.elapsed());
        }
    }
}

impl Supervisor {
    pub(crate) fn new(parts: Parts) -> Self {
        let status = NodeStatus {
            cluster: parts.spec.cluster.clone(),
            node_id: parts.spec.node_id.clone(),
            generation: parts.spec.generation,
            revision: 0,
            phase: NodePhase::Preparing,
            q_pid: None,
            agent_pid: std::process::id(),
            node_port: parts.state.node_port.unwrap_or(0),
            launched_at_ms: 0,
            restarts: 0,
            timings_ms: Vec::new(),
        };
        Supervisor {
            options: parts.options,
            directory: parts.directory,
            log: parts.log,
            link: parts.link,
            cluster_listener: parts.cluster_listener,
            commands: parts.commands,
            link_events: parts.events,
            status: watch::Sender::new(status),
            wanted: Arc::new(parts.spec),
            state: parts.state,
            node_port: None,
            work: None,
            staged: None,
            q: None,
            session: 0,
            halt: None,
            back_off: BackOff::default(),
            retry: None,
            restarts: 0,
            timings: Timings::default(),
            ending: None,
        }
    }

    pub(crate) fn status(&self) -> watch::Receiver<NodeStatus> {
        self.status.subscribe()
    }

    /// Works until it is told to end and q has ended.
    ///
    /// # Errors
    /// Signals cannot be received.
    pub(crate) async fn run(mut self) -> io::Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        self.timings.begin();
        loop {
            self.advance();
            self.publish();
            if self.ending.is_some() && self.q.is_none() && self.work.is_none() {
                break;
            }
            let deadline = self.next_deadline();
            tokio::select! {
                Some(command) = self.commands.recv() => self.on_command(command),
                Some(event) = self.link_events.recv() => self.on_link_event(event),
                status = RunningQ::ended(&mut self.q) => self.on_q_end(status).await,
                result = finished(&mut self.work) => self.on_work_done(result),
                () = sleep_until(deadline) => {}
                _ = terminate.recv() => self.on_terminate(),
                _ = interrupt.recv() => self.on_terminate(),
            }
        }
        self.take_leave().await;
        Ok(())
    }

    /// Removes the node if that was asked for, and sees the answer off.
    async fn take_leave(self) {
        let Some(Ending::Removed(askers)) = self.ending else {
            return;
        };
        let verdict = match self.directory.remove() {
            Ok(()) => Verdict::Done,
            Err(error) => Verdict::Refused {
                reason: format!(
                    "cannot delete {}: {error}; check permissions",
                    self.directory.path().display()
                ),
            },
        };
        for (asker, told) in askers {
            // An asker that went away needs no answer.
            if asker.send(verdict.clone()).is_ok() {
                let _ = tokio::time::timeout(FAREWELL_TIMEOUT, told).await;
            }
        }
    }

    /// Where the node is in its life, derived from what there is.
    fn phase(&self) -> NodePhase {
        if let Some(halt) = &self.halt {
            return match &halt.kind {
                HaltKind::InitFailed {
                    reason,
                    creation_stopped,
                } => NodePhase::InitFailed {
                    reason: reason.clone(),
                    creation_stopped: *creation_stopped,
                },
                HaltKind::Failed { reason } => NodePhase::Failed {
                    reason: reason.clone(),
                },
            };
        }
        match (&self.q, &self.retry) {
            (Some(q), _) if q.is_ending() => NodePhase::Preparing,
            (Some(q), _) if q.is_healthy() => NodePhase::Healthy,
            (Some(q), _) => NodePhase::Initializing { started: q.started },
            (None, Some(retry)) if self.ending.is_none() => NodePhase::BackOff {
                reason: retry.reason.clone(),
                retry_at_ms: retry.at_ms,
            },
            (None, _) => NodePhase::Preparing,
        }
    }

    fn publish(&self) {
        let status = NodeStatus {
            cluster: self.wanted.cluster.clone(),
            node_id: self.wanted.node_id.clone(),
            generation: self.wanted.generation,
            revision: self
                .state
                .installed
                .as_ref()
                .map_or(0, |installed| installed.revision),
            phase: self.phase(),
            q_pid: self.q.as_ref().map(|q| q.pid),
            agent_pid: std::process::id(),
            node_port: self.node_port.as_ref().map_or(0, |(_, port)| *port),
            launched_at_ms: self.q.as_ref().map_or(0, |q| q.launched_at_ms),
            restarts: self.restarts,
            timings_ms: self.timings.steps.clone(),
        };
        self.status.send_if_modified(|known| {
            let changed = *known != status;
            *known = status;
            changed
        });
    }

    /// When something is due although nothing happens.
    fn next_deadline(&self) -> Option<Instant> {
        let kill_at = self.q.as_ref().and_then(RunningQ::kill_due_at);
        let retry_at = match (&self.q, &self.halt) {
            (None, None) => self.retry.as_ref().map(|retry| retry.at),
            _ => None,
        };
        [kill_at, retry_at].into_iter().flatten().min()
    }

    fn save_state(&mut self) {
        if let Err(error) = self.state.write(&self.directory.state_file()) {
            self.log.remark(&format!(
                "cannot write {}: {error}; free space or make it writable",
                self.directory.state_file().display()
            ));
        }
    }

    fn halt(&mut self, kind: HaltKind) {
        let reason = match &kind {
            HaltKind::InitFailed { reason, .. } | HaltKind::Failed { reason } => reason,
        };
        self.log.remark(&format!(
            "revision {}: {reason}",
            self.wanted.revision.number
        ));
        self.timings.finish();
        self.halt = Some(Halt {
            revision: self.wanted.revision.number,
            generation: self.wanted.generation,
            since: Instant::now(),
            kind,
        });
    }
}

/// The result of the work under way; never when there is none.
async fn finished(work: &mut Option<Work>) -> Result<WorkDone, CodeProblem> {
    match work {
        Some(running) => match (&mut running.task).await {
            Ok(result) => result,
            Err(error) => Err(CodeProblem::interrupted(&error.to_string())),
        },
        None => std::future::pending().await,
    }
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Milliseconds since the Unix epoch.
fn now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, millis)
}
