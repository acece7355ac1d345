//! The next thing to do, decided by what is.

use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cluster_runtime::Apply;
use cluster_runtime::local::{let_bind_beside, reserve_port, reserve_this_port};
use tokio::task::spawn_blocking;

use super::running_q::RunningQ;
use super::{HaltKind, Supervisor, Work, WorkDone};
use crate::code_directory::{discard_former, prepare_app, replace_in_place, stage, swap_in};
use crate::output::Output;
use crate::q_command::QStart;
use crate::q_link::{Session, SessionConfig};

/// A q that serves nobody yet has nothing to drain.
const UNSERVING_DRAIN_TIMEOUT: Duration = Duration::from_millis(500);

impl Supervisor {
    /// Brings the node one step nearer to what is wanted, or does nothing if it must wait.
    pub(super) fn advance(&mut self) {
        let now = Instant::now();
        if let Some(q) = &mut self.q
            && q.kill_if_due(now)
        {
            self.log.remark("q did not end in time and was killed");
        }
        if self.ending.is_some() {
            self.stop_q(Apply::Drain);
            return;
        }
        if self.halt.is_some() || self.work.is_some() {
            return;
        }
        let wanted = Arc::clone(&self.wanted);
        let number = wanted.revision.number;
        if wanted.apply == Apply::InPlace
            && let Some(installed) = &self.state.installed
            && installed.revision != number
        {
            let (directory, former) = (self.directory.clone(), installed.manifest.clone());
            self.begin_work(move || {
                replace_in_place(&directory, &wanted.revision, &former).map(WorkDone::Replaced)
            });
            return;
        }
        let running = self.q.as_ref().map(|q| q.revision);
        if running == Some(number) {
            return;
        }
        let installed = self
            .state
            .installed
            .as_ref()
            .map(|installed| installed.revision);
        let staged = self.staged.as_ref().map(|staged| staged.installed.revision);
        // Staged first, while the former q still serves: a revision that cannot be unpacked costs nothing.
        if installed != Some(number) && staged != Some(number) {
            let directory = self.directory.clone();
            self.staged = None;
            self.begin_work(move || {
                prepare_app(&directory, &wanted.cluster_type)?;
                stage(&directory, &wanted.revision).map(WorkDone::Staged)
            });
            return;
        }
        if running.is_some() {
            self.stop_q(wanted.apply);
            return;
        }
        if self.retry.as_ref().is_some_and(|retry| retry.at > now) {
            return;
        }
        if installed != Some(number) && !self.install_staged() {
            return;
        }
        self.retry = None;
        if let Err(reason) = self.start_q() {
            self.halt(HaltKind::Failed { reason });
        }
    }

    fn begin_work(
        &mut self,
        work: impl FnOnce() -> Result<WorkDone, crate::code_directory::CodeProblem> + Send + 'static,
    ) {
        self.work = Some(Work {
            began: Instant::now(),
            task: spawn_blocking(work),
        });
    }

    /// Begins q's end, or makes it quicker.
    fn stop_q(&mut self, apply: Apply) {
        let patience = self.options.drain_timeout;
        let Some(q) = &mut self.q else {
            return;
        };
        match apply {
            Apply::Kill => q.kill(),
            Apply::Drain | Apply::InPlace if q.is_healthy() || q.started => q.drain(patience),
            Apply::Drain | Apply::InPlace => q.drain(patience.min(UNSERVING_DRAIN_TIMEOUT)),
        }
    }

    /// Puts the staged files where q looks. False when that failed, which halts.
    fn install_staged(&mut self) -> bool {
        let began = Instant::now();
        let Some(staged) = self.staged.take() else {
            return false;
        };
        match swap_in(&self.directory, staged) {
            Ok(installed) => {
                self.state.installed = Some(installed);
                self.save_state();
                self.timings.step("swap", began.elapsed());
                let directory = self.directory.clone();
                spawn_blocking(move || discard_former(&directory));
                true
            }
            Err(error) => {
                self.halt(HaltKind::Failed {
                    reason: error.to_string(),
                });
                false
            }
        }
    }

    /// Starts q with what is installed. Errors say what to do.
    fn start_q(&mut self) -> Result<(), String> {
        let node_port = self.reserve_node_port()?;
        self.session += 1;
        let config = SessionConfig::of(&self.wanted)?;
        let session = Arc::new(Session::new(self.session, config));
        let listener = self
            .cluster_listener
            .try_clone()
            .map_err(|error| format!("cannot duplicate the cluster's socket: {error}"))?;
        let mut command = QStart {
            options: &self.options,
            directory: &self.directory,
            spec: &self.wanted,
            session: &session,
            agent_address: self.link.address(),
            node_port,
            listener,
        }
        .command()
        .ok_or("no command to start q with")?;
        // q may log in as soon as it runs.
        self.link.set_session(Some(Arc::clone(&session)));
        let spawned = command.spawn();
        // The command holds a copy of the cluster's socket.
        command.stdin(Stdio::null());
        drop(command);
        let mut child = spawned.map_err(|error| {
            let program = self
                .options
                .exec_stage_command
                .first()
                .cloned()
                .unwrap_or_default();
            format!("cannot start {}: {error}", program.to_string_lossy())
        })?;
        let pid = child.id().ok_or("q ended before it began")?;
        let output = Output::follow(&mut child, &self.log);
        let number = self.wanted.revision.number;
        self.log.remark(&format!(
            "q starts: revision {number}, process {pid}, node port {node_port}"
        ));
        self.q = Some(RunningQ::new(child, pid, number, session, output));
        Ok(())
    }

    /// The node's own port: the former one if it is free. It stays reserved, so that q finds it free at every start.
    fn reserve_node_port(&mut self) -> Result<u16, String> {
        if let Some((_, port)) = &self.node_port {
            return Ok(*port);
        }
        let listen = &self.wanted.listen_address;
        let address = listen
            .parse()
            .map_err(|_| format!("listen address {listen:?} is not an IP address"))?;
        let former = self.state.node_port.and_then(|port| {
            reserve_this_port(address, port)
                .ok()
                .map(|socket| (socket, port))
        });
        let (socket, port) = match former {
            Some(former) => former,
            None => reserve_port(address)
                .map_err(|error| format!("no free port on {listen} for the node: {error}"))?,
        };
        let_bind_beside(&socket).map_err(|error| format!("cannot share port {port}: {error}"))?;
        self.node_port = Some((socket, port));
        if self.state.node_port != Some(port) {
            self.state.node_port = Some(port);
            self.save_state();
        }
        Ok(port)
    }
}
