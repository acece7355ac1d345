//! The rows of the store as types. Times are milliseconds since the Unix epoch.

use serde::{Deserialize, Serialize};

/// A kdb environment. `phase` is the control plane's phase as JSON.
#[derive(Debug, Clone, PartialEq)]
pub struct EnvironmentRecord {
    pub environment_id: String,
    pub name: String,
    pub description: Option<String>,
    pub kms_key_id: String,
    pub phase: serde_json::Value,
    pub created_at_ms: u64,
    pub modified_at_ms: u64,
}

/// A kx user: a name bound to a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRecord {
    pub environment_id: String,
    pub user_name: String,
    pub iam_role: String,
    pub created_at_ms: u64,
    pub modified_at_ms: u64,
}

/// The cluster itself.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterRecord {
    pub environment_id: String,
    pub cluster_name: String,
    /// `GP`, `HDB`, `RDB`, `GATEWAY` or `TICKERPLANT`.
    pub cluster_type: String,
    /// The members of the creating request that never change, as given.
    pub specification: serde_json::Value,
    pub node_count: u32,
    /// Port shared by the nodes; unique in the installation. `None` until it is allocated.
    pub cluster_port: Option<u16>,
    /// The control plane's phase as JSON.
    pub phase: serde_json::Value,
    /// Highest fencing number given to any node of the cluster; never decreases.
    pub generation: u64,
    /// Increases by one with each write: the compare-and-set number.
    pub version: u64,
    /// Last revision that the whole cluster was brought to successfully (the first one until then).
    pub current_revision: u64,
    pub created_at_ms: u64,
    pub modified_at_ms: u64,
}

/// Where the code of a revision came from and which bytes it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeRecord {
    pub s3_bucket: String,
    pub s3_key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub s3_object_version: Option<String>,
    /// Lower-case hexadecimal SHA-256 of the zip.
    pub sha256: String,
    pub size_bytes: u64,
}

/// One immutable code configuration of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevisionRecord {
    /// Counts from 1 within the cluster.
    pub number: u64,
    pub code: Option<CodeRecord>,
    pub initialization_script: Option<String>,
    /// In the order of the request.
    pub command_line_arguments: Vec<(String, String)>,
    pub created_at_ms: u64,
}

/// Why a deployment exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DeploymentKind {
    /// The creation of the cluster.
    Create,
    /// A code update with a new revision.
    Update,
    /// A return to an earlier revision on request.
    Rollback,
}

/// How the nodes are brought to a revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Strategy {
    Rolling,
    Force,
    NoRestart,
}

impl Strategy {
    /// The name in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Strategy::Rolling => "ROLLING",
            Strategy::Force => "FORCE",
            Strategy::NoRestart => "NO_RESTART",
        }
    }
}

/// Where a deployment is. It ends in one of the last three; `Failed` is the end of a creation only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DeploymentState {
    Moving,
    Returning,
    Done,
    RolledBack,
    Failed,
}

impl DeploymentState {
    pub fn is_ended(self) -> bool {
        match self {
            DeploymentState::Moving | DeploymentState::Returning => false,
            DeploymentState::Done | DeploymentState::RolledBack | DeploymentState::Failed => true,
        }
    }
}

/// What a deployment did to one node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeStep {
    pub node_id: String,
    pub state: NodeStepState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at_ms: Option<u64>,
    /// What went wrong on this node, in full.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Named parts of the change and their milliseconds, as the agent measured them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub timings_ms: Vec<(String, u64)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum NodeStepState {
    /// Not touched (yet).
    Waiting,
    /// Told to go to the new revision.
    Moving,
    /// Serves the new revision.
    Reached,
    /// Told to go back to the former revision.
    Returning,
    /// Has the former revision again.
    Returned,
    /// Could not be brought to the new revision (or, in a return, to the former one).
    Failed,
}

/// The move of a cluster to a revision: durable, so that it goes on after a crash of the control plane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentRecord {
    /// Counts from 1 within the cluster.
    pub number: u64,
    pub kind: DeploymentKind,
    pub strategy: Strategy,
    /// The last good revision, to which a failure returns. `None` for the creation.
    pub from_revision: Option<u64>,
    pub to_revision: u64,
    pub state: DeploymentState,
    /// Why it was rolled back or failed, in full.
    pub reason: Option<String>,
    pub steps: Vec<NodeStep>,
    pub started_at_ms: u64,
    pub ended_at_ms: Option<u64>,
}

/// How a node gets to its target (the runtime's `Apply`, as data).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ApplyRecord {
    Drain,
    Kill,
    InPlace,
}

/// One node of a cluster and what it shall run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeRecord {
    pub node_id: String,
    /// Place in the cluster, from 0; a replacement takes the place of the node it replaces.
    pub ordinal: u32,
    pub availability_zone_id: String,
    pub target_revision: u64,
    pub target_apply: ApplyRecord,
    pub target_generation: u64,
    /// How often its launch (or a repeated start) was tried since it last served.
    pub launch_attempts: u32,
    /// No further try before this time.
    pub next_launch_at_ms: u64,
    /// What the last failing try said.
    pub launch_error: Option<String>,
    pub created_at_ms: u64,
    /// Set when the node is to be gone; the row stays for its logs.
    pub retired_at_ms: Option<u64>,
}

/// All that the planner decides upon: the cluster, its nodes (retired ones included), its newest deployment.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterState {
    pub cluster: ClusterRecord,
    pub nodes: Vec<NodeRecord>,
    pub deployment: DeploymentRecord,
}
