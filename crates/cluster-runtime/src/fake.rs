//! A runtime in memory: agents and q processes that live in virtual time and fail on demand.
//!
//! It keeps the contract of [`ClusterRuntime`] to the letter (idempotent calls, generations fenced, specifications
//! taken over before they are reached), so that planners and reconcilers can be driven through any order of events
//! without a process, a socket or a sleeping test. How a node's code behaves is scripted by the SHA-256 of its zip.
//! Time stands still until [`FakeRuntime::advance`] moves it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::{
    Apply, ClusterKey, ClusterRuntime, NodePhase, NodeSpec, NodeStatus, Observed, RuntimeError,
};

/// How long the fake's agents take, in virtual milliseconds.
const AGENT_LAUNCH_MS: u64 = 20;
const DRAIN_MS: u64 = 10;
const IN_PLACE_MS: u64 = 3;
const DEFAULT_INITIALIZATION_MS: u64 = 15;
const BACK_OFF_FIRST_MS: u64 = 200;
const BACK_OFF_MS_MAX: u64 = 10_000;
const FIRST_PORT: u16 = 20_000;

/// What q does with a certain code.
#[derive(Debug, Clone, PartialEq)]
pub struct Behaviour {
    /// How long the initialization script runs.
    pub initialization_ms: u64,
    pub outcome: Outcome,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    Serves,
    /// The script signals an error.
    InitializationFails(String),
    /// The script ends the creation itself.
    StopsCreation(String),
    /// The script asks for its own cluster's status and then waits for ever.
    WaitsForItself,
    /// The script never ends.
    Hangs,
    /// q serves and ends by itself some time later, every time.
    DiesAfter {
        ms: u64,
        reason: String,
    },
    /// The specification cannot be carried out.
    Impossible(String),
}

impl Default for Behaviour {
    fn default() -> Self {
        Behaviour {
            initialization_ms: DEFAULT_INITIALIZATION_MS,
            outcome: Outcome::Serves,
        }
    }
}

/// The world behind the calls. Clones share it.
#[derive(Debug, Clone)]
pub struct FakeRuntime {
    world: Arc<Mutex<World>>,
    changed: Arc<Notify>,
}

#[derive(Debug, Default)]
struct World {
    now_ms: u64,
    nodes: BTreeMap<(ClusterKey, String), FakeNode>,
    behaviours: BTreeMap<String, Behaviour>,
    ports_given: u16,
    next_pid: u32,
    launches: u64,
    /// Launches that fail before they leave a trace.
    refused_launches: u32,
}

#[derive(Debug)]
struct FakeNode {
    spec: NodeSpec,
    generation: u64,
    /// Revision whose files are in place; 0 before the first.
    revision: u64,
    agent: Agent,
    q: Process,
    q_pid: Option<u32>,
    agent_pid: u32,
    port: u16,
    launched_at_ms: u64,
    restarts: u32,
    log: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Agent {
    Starting { until_ms: u64 },
    Up,
    Crashed,
}

#[derive(Debug, Clone, PartialEq)]
enum Process {
    None,
    /// Answering what was received; then the new one starts.
    Draining {
        until_ms: u64,
    },
    Initializing {
        until_ms: Option<u64>,
        started: bool,
    },
    Serving {
        dies_at_ms: Option<u64>,
    },
    /// Serving while files are exchanged below.
    Exchanging {
        until_ms: u64,
        dies_at_ms: Option<u64>,
    },
    InitFailed {
        reason: String,
        creation_stopped: bool,
    },
    BackOff {
        reason: String,
        retry_at_ms: u64,
    },
    Impossible {
        reason: String,
    },
}

impl Default for FakeRuntime {
    fn default() -> Self {
        Self::new()
    }
}

impl FakeRuntime {
    pub fn new() -> Self {
        FakeRuntime {
            world: Arc::new(Mutex::new(World {
                next_pid: 1000,
                ..World::default()
            })),
            changed: Arc::new(Notify::new()),
        }
    }

    /// What every node does whose zip has this digest (lower-case hexadecimal); the default serves.
    pub fn script(&self, sha256: &str, behaviour: Behaviour) {
        self.world().behaviours.insert(sha256.to_owned(), behaviour);
    }

    /// Virtual milliseconds since the start of the world.
    pub fn now_ms(&self) -> u64 {
        self.world().now_ms
    }

    /// Lets virtual time pass, with everything that happens in it in the right order.
    pub fn advance(&self, ms: u64) {
        let mut world = self.world();
        let end = world.now_ms + ms;
        let mut moved = false;
        while let Some(next) = world.next_event_ms().filter(|next| *next <= end) {
            world.now_ms = next.max(world.now_ms);
            moved |= world.settle();
        }
        world.now_ms = end;
        moved |= world.settle();
        drop(world);
        if moved {
            self.changed.notify_one();
        }
    }

    /// The time of the next thing that will happen by itself.
    pub fn next_event_ms(&self) -> Option<u64> {
        self.world().next_event_ms()
    }

    /// Ends the agent and q of a node at once; the traces stay.
    pub fn crash_agent(&self, cluster: &ClusterKey, node_id: &str) -> bool {
        self.change(cluster, node_id, |node, _| {
            node.agent = Agent::Crashed;
            node.q = Process::None;
            node.q_pid = None;
        })
    }

    /// Ends q of a node unasked, as `kill -9` does.
    pub fn kill_q(&self, cluster: &ClusterKey, node_id: &str) -> bool {
        self.change(cluster, node_id, |node, now| {
            node.q_ended(now, "q ended by signal 9")
        })
    }

    /// The next `count` launches of new nodes fail.
    pub fn refuse_launches(&self, count: u32) {
        self.world().refused_launches = count;
    }

    /// Ids of the nodes of a cluster that have a trace here.
    pub fn node_ids(&self, cluster: &ClusterKey) -> Vec<String> {
        let world = self.world();
        world
            .nodes
            .keys()
            .filter(|(of, _)| of == cluster)
            .map(|(_, id)| id.clone())
            .collect()
    }

    /// How many nodes of the cluster answer queries now.
    pub fn serving(&self, cluster: &ClusterKey) -> usize {
        let world = self.world();
        world
            .nodes
            .iter()
            .filter(|((of, _), node)| of == cluster && node.agent == Agent::Up && node.answers())
            .count()
    }

    /// All nodes of all clusters.
    pub fn node_count(&self) -> usize {
        self.world().nodes.len()
    }

    /// How many agents were launched since the beginning.
    pub fn launches(&self) -> u64 {
        self.world().launches
    }

    /// Process ids of q, by node id: a test sees whether a process survived.
    pub fn q_pids(&self, cluster: &ClusterKey) -> BTreeMap<String, u32> {
        let world = self.world();
        world
            .nodes
            .iter()
            .filter(|((of, _), _)| of == cluster)
            .filter_map(|((_, id), node)| Some((id.clone(), node.q_pid?)))
            .collect()
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(
        &self,
        cluster: &ClusterKey,
        node_id: &str,
        change: impl FnOnce(&mut FakeNode, u64),
    ) -> bool {
        let mut world = self.world();
        let now = world.now_ms;
        let Some(node) = world.nodes.get_mut(&(cluster.clone(), node_id.to_owned())) else {
            return false;
        };
        change(node, now);
        drop(world);
        self.changed.notify_one();
        true
    }
}

impl World {
    fn next_event_ms(&self) -> Option<u64> {
        self.nodes
            .values()
            .filter_map(FakeNode::next_event_ms)
            .min()
    }

    /// Carries out everything that is due; true when something happened.
    fn settle(&mut self) -> bool {
        let now = self.now_ms;
        let mut moved = false;
        for node in self.nodes.values_mut() {
            while node.next_event_ms().is_some_and(|due| due <= now) {
                let behaviour = behaviour_of(&self.behaviours, &node.spec);
                node.happen(now, &behaviour, &mut self.next_pid);
                moved = true;
            }
        }
        moved
    }
}

fn behaviour_of(behaviours: &BTreeMap<String, Behaviour>, spec: &NodeSpec) -> Behaviour {
    spec.revision
        .code
        .as_ref()
        .and_then(|code| behaviours.get(&code.sha256))
        .cloned()
        .unwrap_or_default()
}

impl FakeNode {
    fn next_event_ms(&self) -> Option<u64> {
        match self.agent {
            Agent::Starting { until_ms } => return Some(until_ms),
            Agent::Crashed => return None,
            Agent::Up => {}
        }
        match &self.q {
            Process::Draining { until_ms } | Process::Exchanging { until_ms, .. } => {
                Some(*until_ms)
            }
            Process::Initializing { until_ms, .. } => *until_ms,
            Process::Serving { dies_at_ms } => *dies_at_ms,
            Process::BackOff { retry_at_ms, .. } => Some(*retry_at_ms),
            Process::None | Process::InitFailed { .. } | Process::Impossible { .. } => None,
        }
    }

    fn happen(&mut self, now: u64, behaviour: &Behaviour, next_pid: &mut u32) {
        if let Agent::Starting { .. } = self.agent {
            self.agent = Agent::Up;
            self.start_q(now, behaviour, next_pid);
            return;
        }
        match self.q.clone() {
            Process::Draining { .. } | Process::BackOff { .. } => {
                self.start_q(now, behaviour, next_pid)
            }
            Process::Initializing { .. } => self.end_of_script(now, behaviour),
            Process::Serving { .. } => {
                let reason = match &behaviour.outcome {
                    Outcome::DiesAfter { reason, .. } => reason.clone(),
                    _ => "q ended".to_owned(),
                };
                self.q_ended(now, &reason);
            }
            Process::Exchanging { dies_at_ms, .. } => {
                self.revision = self.spec.revision.number;
                self.q = Process::Serving { dies_at_ms };
                if let Outcome::Impossible(reason) = &behaviour.outcome {
                    self.q = Process::Impossible {
                        reason: reason.clone(),
                    };
                }
            }
            Process::None | Process::InitFailed { .. } | Process::Impossible { .. } => {}
        }
    }

    fn start_q(&mut self, now: u64, behaviour: &Behaviour, next_pid: &mut u32) {
        self.revision = self.spec.revision.number;
        if let Outcome::Impossible(reason) = &behaviour.outcome {
            self.q = Process::Impossible {
                reason: reason.clone(),
            };
            return;
        }
        *next_pid += 1;
        self.q_pid = Some(*next_pid);
        self.launched_at_ms = now;
        self.log.push(format!("revision {} starts", self.revision));
        self.q = match behaviour.outcome {
            Outcome::Hangs => Process::Initializing {
                until_ms: None,
                started: false,
            },
            Outcome::WaitsForItself => Process::Initializing {
                until_ms: None,
                started: true,
            },
            _ => Process::Initializing {
                until_ms: Some(now + behaviour.initialization_ms),
                started: false,
            },
        };
    }

    fn end_of_script(&mut self, now: u64, behaviour: &Behaviour) {
        let failed = |reason: &String, creation_stopped| Process::InitFailed {
            reason: reason.clone(),
            creation_stopped,
        };
        self.q = match &behaviour.outcome {
            Outcome::InitializationFails(reason) => failed(reason, false),
            Outcome::StopsCreation(reason) => failed(reason, true),
            Outcome::DiesAfter { ms, .. } => Process::Serving {
                dies_at_ms: Some(now + ms),
            },
            _ => Process::Serving { dies_at_ms: None },
        };
        if let Process::InitFailed { reason, .. } = &self.q {
            self.log.push(reason.clone());
            self.q_pid = None;
        }
    }

    fn q_ended(&mut self, now: u64, reason: &str) {
        if self.q_pid.take().is_none() {
            return;
        }
        self.log.push(reason.to_owned());
        self.q = match self.q {
            Process::Initializing { .. } => Process::InitFailed {
                reason: reason.to_owned(),
                creation_stopped: false,
            },
            Process::Draining { until_ms } => Process::Draining { until_ms },
            _ => {
                self.restarts += 1;
                let wait = BACK_OFF_FIRST_MS << self.restarts.min(10);
                Process::BackOff {
                    reason: reason.to_owned(),
                    retry_at_ms: now + wait.min(BACK_OFF_MS_MAX),
                }
            }
        };
    }

    fn answers(&self) -> bool {
        self.phase().is_serving()
    }

    fn phase(&self) -> NodePhase {
        match &self.q {
            Process::None | Process::Draining { .. } => NodePhase::Preparing,
            Process::Initializing { started, .. } => NodePhase::Initializing { started: *started },
            Process::Serving { .. } | Process::Exchanging { .. } => NodePhase::Healthy,
            Process::InitFailed {
                reason,
                creation_stopped,
            } => NodePhase::InitFailed {
                reason: reason.clone(),
                creation_stopped: *creation_stopped,
            },
            Process::BackOff {
                reason,
                retry_at_ms,
            } => NodePhase::BackOff {
                reason: reason.clone(),
                retry_at_ms: *retry_at_ms,
            },
            Process::Impossible { reason } => NodePhase::Failed {
                reason: reason.clone(),
            },
        }
    }

    /// Takes over a specification of the same or a higher generation.
    fn accept(&mut self, spec: &NodeSpec, now: u64) {
        let newer = spec.generation > self.generation;
        let changes_revision = spec.revision.number != self.spec.revision.number;
        self.generation = self.generation.max(spec.generation);
        if self.agent == Agent::Crashed {
            self.spec = spec.clone();
            self.agent = Agent::Starting {
                until_ms: now + AGENT_LAUNCH_MS,
            };
            return;
        }
        if !newer {
            return;
        }
        self.spec = spec.clone();
        if matches!(self.agent, Agent::Starting { .. }) {
            return;
        }
        let given_up = matches!(
            self.q,
            Process::InitFailed { .. } | Process::Impossible { .. }
        );
        if !changes_revision && !given_up && self.revision == spec.revision.number {
            return;
        }
        if changes_revision {
            self.restarts = 0;
        }
        match (spec.apply, &self.q) {
            (
                Apply::InPlace,
                Process::Serving { dies_at_ms } | Process::Exchanging { dies_at_ms, .. },
            ) => {
                self.q = Process::Exchanging {
                    until_ms: now + IN_PLACE_MS,
                    dies_at_ms: *dies_at_ms,
                };
            }
            (Apply::InPlace, Process::BackOff { .. } | Process::Initializing { .. }) => {
                self.revision = spec.revision.number;
            }
            (Apply::Drain, Process::Serving { .. }) => {
                self.q_pid = None;
                self.q = Process::Draining {
                    until_ms: now + DRAIN_MS,
                };
            }
            _ => {
                self.q_pid = None;
                self.q = Process::Draining { until_ms: now };
            }
        }
    }

    fn observed(&self) -> Observed {
        match self.agent {
            Agent::Up => Observed::Alive(NodeStatus {
                cluster: self.spec.cluster.clone(),
                node_id: self.spec.node_id.clone(),
                generation: self.generation,
                revision: self.revision,
                phase: self.phase(),
                q_pid: self.q_pid,
                agent_pid: self.agent_pid,
                node_port: self.port,
                launched_at_ms: self.launched_at_ms,
                restarts: self.restarts,
                timings_ms: vec![("start".into(), DEFAULT_INITIALIZATION_MS)],
            }),
            Agent::Starting { .. } | Agent::Crashed => Observed::Dead {
                cluster: self.spec.cluster.clone(),
                node_id: self.spec.node_id.clone(),
                starting: self.agent != Agent::Crashed,
            },
        }
    }
}

#[async_trait::async_trait]
impl ClusterRuntime for FakeRuntime {
    async fn observe(&self) -> Result<Vec<Observed>, RuntimeError> {
        Ok(self
            .world()
            .nodes
            .values()
            .map(FakeNode::observed)
            .collect())
    }

    async fn ensure_node(&self, spec: &NodeSpec) -> Result<(), RuntimeError> {
        let mut world = self.world();
        let now = world.now_ms;
        let key = (spec.cluster.clone(), spec.node_id.clone());
        if let Some(node) = world.nodes.get_mut(&key) {
            if spec.generation < node.generation {
                return Err(RuntimeError::StaleGeneration {
                    node_id: spec.node_id.clone(),
                    given: spec.generation,
                    seen: node.generation,
                });
            }
            let was_crashed = node.agent == Agent::Crashed;
            node.accept(spec, now);
            world.launches += u64::from(was_crashed);
            world.settle();
        } else {
            if world.refused_launches > 0 {
                world.refused_launches -= 1;
                return Err(RuntimeError::LaunchFailed {
                    node_id: spec.node_id.clone(),
                    reason: "no room for another process".into(),
                });
            }
            world.launches += 1;
            world.next_pid += 1;
            world.ports_given += 1;
            let node = FakeNode {
                spec: spec.clone(),
                generation: spec.generation,
                revision: 0,
                agent: Agent::Starting {
                    until_ms: now + AGENT_LAUNCH_MS,
                },
                q: Process::None,
                q_pid: None,
                agent_pid: world.next_pid,
                port: FIRST_PORT + world.ports_given,
                launched_at_ms: 0,
                restarts: 0,
                log: Vec::new(),
            };
            world.nodes.insert(key, node);
        }
        drop(world);
        self.changed.notify_one();
        Ok(())
    }

    async fn remove_node(
        &self,
        cluster: &ClusterKey,
        node_id: &str,
        generation: u64,
    ) -> Result<(), RuntimeError> {
        let mut world = self.world();
        let key = (cluster.clone(), node_id.to_owned());
        if let Some(node) = world.nodes.get(&key)
            && generation < node.generation
        {
            return Err(RuntimeError::StaleGeneration {
                node_id: node_id.to_owned(),
                given: generation,
                seen: node.generation,
            });
        }
        world.nodes.remove(&key);
        drop(world);
        self.changed.notify_one();
        Ok(())
    }

    async fn log_tail(
        &self,
        cluster: &ClusterKey,
        node_id: &str,
        lines: Option<usize>,
    ) -> Result<Vec<String>, RuntimeError> {
        let world = self.world();
        let Some(node) = world.nodes.get(&(cluster.clone(), node_id.to_owned())) else {
            return Ok(Vec::new());
        };
        let skip = lines.map_or(0, |lines| node.log.len().saturating_sub(lines));
        Ok(node.log.iter().skip(skip).cloned().collect())
    }

    async fn allocate_cluster_port(&self, _listen_address: &str) -> Result<u16, RuntimeError> {
        let mut world = self.world();
        world.ports_given += 1;
        Ok(FIRST_PORT + world.ports_given)
    }

    async fn changed(&self) {
        self.changed.notified().await;
    }
}

/// Which half of a call is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// The call never arrives.
    Request,
    /// The call is carried out, its answer never arrives.
    Reply,
}

/// A runtime that loses one call, the `nth` from 0, and passes all others on.
#[derive(Debug)]
pub struct LosesOneCall<R> {
    inner: R,
    lost: Lost,
    nth: u64,
    calls: AtomicU64,
    fired: AtomicBool,
}

impl<R> LosesOneCall<R> {
    pub fn new(inner: R, nth: u64, lost: Lost) -> Self {
        LosesOneCall {
            inner,
            lost,
            nth,
            calls: AtomicU64::new(0),
            fired: AtomicBool::new(false),
        }
    }

    /// Whether the call has had its turn; when not, every call of the run was tried.
    pub fn fired(&self) -> bool {
        self.fired.load(Ordering::SeqCst)
    }

    async fn pass<T>(
        &self,
        call: impl Future<Output = Result<T, RuntimeError>>,
    ) -> Result<T, RuntimeError> {
        let hit = self.calls.fetch_add(1, Ordering::SeqCst) == self.nth;
        if !hit {
            return call.await;
        }
        self.fired.store(true, Ordering::SeqCst);
        if self.lost == Lost::Reply {
            call.await?;
        }
        Err(RuntimeError::Other {
            reason: format!("{:?} lost", self.lost),
        })
    }
}

#[async_trait::async_trait]
impl<R: ClusterRuntime> ClusterRuntime for LosesOneCall<R> {
    async fn observe(&self) -> Result<Vec<Observed>, RuntimeError> {
        self.pass(self.inner.observe()).await
    }

    async fn ensure_node(&self, spec: &NodeSpec) -> Result<(), RuntimeError> {
        self.pass(self.inner.ensure_node(spec)).await
    }

    async fn remove_node(
        &self,
        cluster: &ClusterKey,
        node_id: &str,
        generation: u64,
    ) -> Result<(), RuntimeError> {
        self.pass(self.inner.remove_node(cluster, node_id, generation))
            .await
    }

    async fn log_tail(
        &self,
        cluster: &ClusterKey,
        node_id: &str,
        lines: Option<usize>,
    ) -> Result<Vec<String>, RuntimeError> {
        self.inner.log_tail(cluster, node_id, lines).await
    }

    async fn allocate_cluster_port(&self, listen_address: &str) -> Result<u16, RuntimeError> {
        self.pass(self.inner.allocate_cluster_port(listen_address))
            .await
    }

    async fn changed(&self) {
        self.inner.changed().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CodeArtifact, RevisionSpec};

    fn key() -> ClusterKey {
        ClusterKey {
            environment_id: "e".into(),
            cluster_name: "c".into(),
        }
    }

    fn spec(revision: u64, generation: u64, apply: Apply) -> NodeSpec {
        NodeSpec {
            cluster: key(),
            node_id: "n".into(),
            generation,
            cluster_type: "GP".into(),
            cluster_port: 1,
            listen_address: "127.0.0.1".into(),
            revision: RevisionSpec {
                number: revision,
                code: Some(CodeArtifact {
                    sha256: format!("digest{revision}"),
                    path: String::new(),
                }),
                initialization_script: None,
                command_line_arguments: Vec::new(),
            },
            apply,
            token_public_key: String::new(),
            tls: None,
            environment: BTreeMap::new(),
            q_command: Vec::new(),
        }
    }

    async fn status(runtime: &FakeRuntime) -> NodeStatus {
        match runtime.observe().await.unwrap().into_iter().next().unwrap() {
            Observed::Alive(status) => status,
            other => panic!("not alive: {other:?}"),
        }
    }

    #[tokio::test]
    async fn a_node_lives_through_launch_update_and_removal() {
        let runtime = FakeRuntime::new();
        runtime
            .ensure_node(&spec(1, 1, Apply::Drain))
            .await
            .unwrap();
        assert!(matches!(
            runtime.observe().await.unwrap()[0],
            Observed::Dead { starting: true, .. }
        ));
        runtime.advance(1000);
        let first = status(&runtime).await;
        assert_eq!((first.revision, &first.phase), (1, &NodePhase::Healthy));

        runtime
            .ensure_node(&spec(2, 2, Apply::InPlace))
            .await
            .unwrap();
        runtime.advance(1000);
        let in_place = status(&runtime).await;
        assert_eq!((in_place.revision, in_place.q_pid), (2, first.q_pid));

        runtime.ensure_node(&spec(3, 3, Apply::Kill)).await.unwrap();
        assert_eq!(runtime.serving(&key()), 0);
        runtime.advance(1000);
        assert_ne!(status(&runtime).await.q_pid, first.q_pid);
        let stale = runtime.ensure_node(&spec(4, 2, Apply::Kill)).await;
        assert!(matches!(
            stale,
            Err(RuntimeError::StaleGeneration { seen: 3, .. })
        ));
        assert!(runtime.remove_node(&key(), "n", 2).await.is_err());
        runtime.remove_node(&key(), "n", 3).await.unwrap();
        assert_eq!(runtime.node_count(), 0);
    }

    #[tokio::test]
    async fn scripted_code_fails_and_dies_as_told() {
        let runtime = FakeRuntime::new();
        let fails = Outcome::InitializationFails("'type".into());
        runtime.script(
            "digest1",
            Behaviour {
                initialization_ms: 5,
                outcome: fails,
            },
        );
        let dies = Outcome::DiesAfter {
            ms: 50,
            reason: "wsfull".into(),
        };
        runtime.script(
            "digest2",
            Behaviour {
                initialization_ms: 5,
                outcome: dies,
            },
        );
        runtime
            .ensure_node(&spec(1, 1, Apply::Drain))
            .await
            .unwrap();
        runtime.advance(100);
        assert!(matches!(
            status(&runtime).await.phase,
            NodePhase::InitFailed { .. }
        ));
        runtime
            .ensure_node(&spec(2, 2, Apply::Drain))
            .await
            .unwrap();
        runtime.advance(10);
        assert_eq!(runtime.serving(&key()), 1);
        runtime.advance(60);
        assert!(matches!(
            status(&runtime).await.phase,
            NodePhase::BackOff { .. }
        ));
        runtime.advance(100_000);
        assert!(status(&runtime).await.restarts > 3);
    }

    #[tokio::test]
    async fn the_nth_call_is_lost_on_the_way_there_or_back() {
        for (lost, traces) in [(Lost::Request, 0), (Lost::Reply, 1)] {
            let world = FakeRuntime::new();
            let flaky = LosesOneCall::new(world.clone(), 0, lost);
            assert!(flaky.ensure_node(&spec(1, 1, Apply::Drain)).await.is_err());
            assert_eq!(world.node_count(), traces);
            assert!(flaky.fired());
            flaky.ensure_node(&spec(1, 1, Apply::Drain)).await.unwrap();
            assert_eq!(world.node_count(), 1);
        }
    }
}
