//! What each operation of the API means; planners; reconcilers.
//!
//! A request goes through [`ControlPlane::call`]: it is checked, desired state is written in one transaction, and it is
//! answered. Nothing else happens on a request's behalf. The [`reconciler::Reconciler`] observes the nodes, lets the
//! pure [`planner`] decide, records what it decided and then acts; it starts from the same place after a crash.
//!
//! For the HTTP edge:
//! * give verified requests to [`ControlPlane::call`] with their operation's name and one input object;
//! * route paths that begin with `/qspace/` by [`extension_route`] (same signing service `finspace`, restJson): the
//!   route's labels, the query's members (as texts) and the body's members together are the input object;
//! * answer the STS calls by [`ControlPlane::assume_role`] and [`ControlPlane::get_caller_identity`].
//!
//! Invariants: request handlers call no node; only the reconciler does. What clients see as status is derived from the
//! phase and the last observation, never stored. Planners do no I/O and read no clock. This crate links no engine.

mod bundle_inspector;
mod caller;
mod clock;
mod code;
mod config;
mod desired;
mod errors;
mod extension;
mod extension_input;
mod idempotency;
mod names;
mod node_specs;
mod observations;
mod operations;
mod paging;
pub mod phase;
mod plane;
pub mod planner;
pub mod reconciler;
mod status_reason;
mod steps;
mod sts;

pub use bundle_inspector::BundleInspector;
pub use caller::Caller;
pub use clock::{Clock, SystemClock};
pub use code::{CodeInspector, CodeSource, CodeSourceError};
pub use config::{ControlPlaneConfig, Quotas};
pub use desired::ClusterDesired;
pub use extension::{ExtensionRoute, extension_route};
pub use node_specs::{NODE_ACCESS_KEY_ID, NODE_DATA, NODE_REGION, NODE_SECRET_ACCESS_KEY};
pub use plane::{ControlPlane, Handle, Parts, StartError};
pub use reconciler::Ticks;
pub use status_reason::sanitise as sanitise_status_reason;
pub use steps::{Step, StepWatch};
pub use sts::{ASSUMED_SECONDS_DEFAULT, AssumeRoleRequest, AssumedRole, CallerIdentity};
