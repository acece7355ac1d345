//! Durable state of the control plane: environments, users, clusters with their nodes, revisions and deployments,
//! idempotency tokens, tags, access keys and settings, in one SQLite database.
//!
//! Invariants:
//! * A [`WriteTransaction`] is the only way to change anything, and there is one at a time; what it does is on disk
//!   (WAL, full synchronisation) when [`WriteTransaction::commit`] returns, or has never happened.
//! * Revisions are immutable: they are inserted and deleted with their cluster, never updated.
//! * The state of a cluster is replaced as a whole and only by a writer that has read its newest `version`
//!   (compare-and-set).
//! * No status is stored: phases are data, statuses are derived from them by the control plane.

mod clusters;
mod credentials;
mod environments;
pub mod ids;
pub mod records;
mod store;
mod tags;
mod tokens;

pub use credentials::KeyMaterial;
pub use records::{
    ApplyRecord, ClusterRecord, ClusterState, CodeRecord, DeploymentKind, DeploymentRecord,
    DeploymentState, EnvironmentRecord, NodeRecord, NodeStep, NodeStepState, RevisionRecord,
    Strategy, UserRecord,
};
pub use store::{Store, StoreError, WriteTransaction};
pub use tokens::{IDEMPOTENCY_TOKEN_LIFE_MS, IdempotencyToken, Replay};
