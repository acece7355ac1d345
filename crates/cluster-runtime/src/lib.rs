//! The trait by which nodes are observed and changed, and its makers.
//!
//! A *node* is one `qspace node` agent with the one q process it supervises. The control plane never talks to q: it
//! gives each agent a [`NodeSpec`] (what the node shall be) and reads back a [`NodeStatus`] (what it is). Both calls
//! are level-triggered: giving the same specification twice changes nothing, so a caller that crashed simply repeats.
//!
//! Invariant: every change carries a generation; an agent refuses a generation lower than the highest it has seen.

pub mod fake;
pub mod local;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Names one cluster of one environment.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ClusterKey {
    pub environment_id: String,
    pub cluster_name: String,
}

/// What a node shall be: everything its agent needs to reach that state without asking anybody.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NodeSpec {
    pub cluster: ClusterKey,
    /// 32 hexadecimal digits, unique.
    pub node_id: String,
    /// Fencing number of the deployment that wrote this specification; never decreases.
    pub generation: u64,
    /// `GP`, `HDB`, `RDB`, `GATEWAY` or `TICKERPLANT`.
    pub cluster_type: String,
    /// Port on which every node of the cluster answers. Clients' connection strings name it.
    pub cluster_port: u16,
    /// Address on which the ports are bound, `127.0.0.1` by default.
    pub listen_address: String,
    /// What the node runs.
    pub revision: RevisionSpec,
    /// How a node that runs another revision gets to this one.
    pub apply: Apply,
    /// PEM of the Ed25519 public key that signs connection strings; the agent verifies them without calling back.
    pub token_public_key: String,
    /// Certificate chain and key (PEM files) for TLS on the q ports.
    pub tls: Option<TlsFiles>,
    /// Extra environment variables of the q process.
    pub environment: BTreeMap<String, String>,
    /// Command that starts q; empty means this executable's own engine. First item is the program.
    pub q_command: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsFiles {
    pub certificate: String,
    pub key: String,
}

/// One immutable code configuration of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevisionSpec {
    /// Counts from 1 within the cluster.
    pub number: u64,
    /// The zip, already checked; `None` for a cluster without code.
    pub code: Option<CodeArtifact>,
    /// Path within the zip of the script run at start.
    pub initialization_script: Option<String>,
    /// `-key value` pairs, in order. `AWS_ZIP_DEFAULT` sets `.z.zd` and is not given to q as an option.
    pub command_line_arguments: Vec<(String, String)>,
}

/// A code zip kept by its content, so that a revision never changes when the S3 object does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeArtifact {
    /// Lower-case hexadecimal SHA-256 of the zip.
    pub sha256: String,
    /// Where the agent reads it (a file on the local runtime).
    pub path: String,
}

/// The way from the running revision to the wanted one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Apply {
    /// Stop accepting, answer what was already received, end q, start the new one (ROLLING).
    Drain,
    /// SIGKILL and start anew (FORCE).
    Kill,
    /// Replace the files under q, which is not touched (NO_RESTART).
    InPlace,
}

/// What a node is, as its agent sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NodeStatus {
    pub cluster: ClusterKey,
    pub node_id: String,
    /// Highest generation seen.
    pub generation: u64,
    /// Revision whose files are in the code directory.
    pub revision: u64,
    pub phase: NodePhase,
    /// Process id of q, when one runs.
    pub q_pid: Option<u32>,
    /// Process id of the agent.
    pub agent_pid: u32,
    /// The node's own q port.
    pub node_port: u16,
    /// Milliseconds since the Unix epoch at which the present q started.
    pub launched_at_ms: u64,
    /// How often q ended unasked since the present revision was started.
    pub restarts: u32,
    /// How long each step of the last change took, for `qspace deploy` and the demo: name and milliseconds.
    pub timings_ms: Vec<(String, u64)>,
}

/// Where a node is in its life. `Healthy` means: process up, library loaded, initialization script finished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum NodePhase {
    /// Agent up, q not started yet or being replaced.
    Preparing,
    /// q runs, the library or the initialization script is still loading. `started` is true once the script asked for
    /// its own cluster's status: such a script waits for RUNNING and must not be locked out.
    Initializing {
        started: bool,
    },
    Healthy,
    /// The initialization script signalled an error or q ended during it. The agent does not retry by itself.
    /// `creation_stopped` is true when the script itself asked to end the creation.
    InitFailed {
        reason: String,
        creation_stopped: bool,
    },
    /// q ended unasked and will be started again at `retry_at_ms` (milliseconds since the Unix epoch).
    BackOff {
        reason: String,
        retry_at_ms: u64,
    },
    /// The specification could not be carried out (a file is missing, a port is taken).
    Failed {
        reason: String,
    },
}

impl NodePhase {
    /// True when the node serves queries with its revision.
    pub fn is_serving(&self) -> bool {
        matches!(
            self,
            NodePhase::Healthy | NodePhase::Initializing { started: true }
        )
    }
}

/// One node as the runtime finds it.
#[derive(Debug, Clone, PartialEq)]
pub enum Observed {
    /// The agent answered.
    Alive(NodeStatus),
    /// There are traces of the node (a directory, a container) but no agent answers: it crashed or is starting.
    Dead {
        cluster: ClusterKey,
        node_id: String,
        starting: bool,
    },
}

/// Failures of a runtime. The next pass of the reconciler is the retry.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    #[error("node {node_id} refuses generation {given}: it has seen {seen}")]
    StaleGeneration {
        node_id: String,
        given: u64,
        seen: u64,
    },
    #[error("cannot reach node {node_id}: {reason}")]
    Unreachable { node_id: String, reason: String },
    #[error("cannot start node {node_id}: {reason}")]
    LaunchFailed { node_id: String, reason: String },
    #[error("runtime failure: {reason}")]
    Other { reason: String },
}

/// Observes and changes the nodes of clusters. Implementations keep no desired state.
#[async_trait::async_trait]
pub trait ClusterRuntime: Send + Sync {
    /// Every node of every cluster that this runtime can find, answered within a bounded time.
    async fn observe(&self) -> Result<Vec<Observed>, RuntimeError>;

    /// Makes the node exist and hands it its specification. Idempotent; returns before the node has reached it.
    ///
    /// # Errors
    /// [`RuntimeError::StaleGeneration`] when the node has seen a higher generation.
    async fn ensure_node(&self, spec: &NodeSpec) -> Result<(), RuntimeError>;

    /// Ends q and the agent and removes every trace of the node but its logs. Idempotent.
    async fn remove_node(
        &self,
        cluster: &ClusterKey,
        node_id: &str,
        generation: u64,
    ) -> Result<(), RuntimeError>;

    /// The last `lines` lines of the node's log (all of them with `None`), oldest first.
    async fn log_tail(
        &self,
        cluster: &ClusterKey,
        node_id: &str,
        lines: Option<usize>,
    ) -> Result<Vec<String>, RuntimeError>;

    /// Picks a free port for a cluster, to be stored by the caller and given in every [`NodeSpec`].
    async fn allocate_cluster_port(&self, listen_address: &str) -> Result<u16, RuntimeError>;

    /// Returns when the state of some node has probably changed, so that the reconciler need not poll fast.
    /// Spurious returns are allowed; implementations without notice may wait a fixed short time.
    async fn changed(&self);
}
