//! How a node stands to its target.

use std::collections::{BTreeMap, BTreeSet};

use cluster_runtime::{NodePhase, NodeStatus, Observed};
use control_store::{ApplyRecord, NodeRecord};

use super::LAUNCH_ATTEMPTS_MAX;

/// What is seen of one cluster.
#[derive(Debug, Clone, Default)]
pub struct Observation<'a> {
    nodes: BTreeMap<&'a str, &'a Observed>,
    in_flight: BTreeSet<&'a str>,
}

/// A node against its target. "Has the target" means: its agent has taken over the target's generation.
#[derive(Debug, Clone, PartialEq)]
pub enum View<'a> {
    /// No trace.
    Absent,
    /// Its agent is starting or a call to it is under way.
    Starting,
    /// Traces, but no agent.
    Crashed,
    /// Its agent does not know the target yet.
    Behind(&'a NodeStatus),
    /// Has the target and is on the way to it.
    Working(&'a NodeStatus),
    /// Runs the target's revision and answers.
    Serving(&'a NodeStatus),
    /// Runs the target's revision, but q ended; the agent starts it again.
    BackOff {
        status: &'a NodeStatus,
        reason: &'a str,
    },
    /// The agent has given up.
    Failed {
        status: &'a NodeStatus,
        reason: &'a str,
        creation_stopped: bool,
    },
}

/// How far a node is on the way to its target, whatever the way.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Progress<'a> {
    Under,
    Reached(&'a NodeStatus),
    Failed {
        reason: String,
        creation_stopped: bool,
        restarts: Option<u32>,
    },
}

impl<'a> Observation<'a> {
    /// `observed`: the nodes of the cluster; `in_flight`: ids of nodes to which a call is under way.
    pub fn new(observed: &'a [Observed], in_flight: impl IntoIterator<Item = &'a str>) -> Self {
        let nodes = observed.iter().map(|one| (node_id_of(one), one)).collect();
        Observation {
            nodes,
            in_flight: in_flight.into_iter().collect(),
        }
    }

    /// The nodes of a cluster out of everything observed.
    pub fn of_cluster(
        observed: &'a [Observed],
        cluster: &cluster_runtime::ClusterKey,
        in_flight: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let nodes = observed
            .iter()
            .filter(|one| cluster_of(one) == cluster)
            .map(|one| (node_id_of(one), one))
            .collect();
        Observation {
            nodes,
            in_flight: in_flight.into_iter().collect(),
        }
    }

    /// True when there is no trace of a node and no call under way that could make one.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty() && self.in_flight.is_empty()
    }

    pub fn node(&self, node_id: &str) -> Option<&'a Observed> {
        self.nodes.get(node_id).copied()
    }

    pub fn nodes(&self) -> impl Iterator<Item = (&'a str, &'a Observed)> + '_ {
        self.nodes
            .iter()
            .map(|(node_id, observed)| (*node_id, *observed))
    }

    pub fn in_flight(&self, node_id: &str) -> bool {
        self.in_flight.contains(node_id)
    }

    /// True when the node answers queries, with whatever revision.
    pub fn answers(&self, node_id: &str) -> bool {
        matches!(self.node(node_id), Some(Observed::Alive(status)) if status.phase.is_serving())
    }
}

pub(crate) fn node_id_of(observed: &Observed) -> &str {
    match observed {
        Observed::Alive(status) => &status.node_id,
        Observed::Dead { node_id, .. } => node_id,
    }
}

pub(crate) fn cluster_of(observed: &Observed) -> &cluster_runtime::ClusterKey {
    match observed {
        Observed::Alive(status) => &status.cluster,
        Observed::Dead { cluster, .. } => cluster,
    }
}

/// How a node stands to its target.
pub fn view_of<'a>(node: &NodeRecord, observation: &Observation<'a>) -> View<'a> {
    let in_flight = observation.in_flight(&node.node_id);
    let status = match observation.node(&node.node_id) {
        None if in_flight => return View::Starting,
        None => return View::Absent,
        Some(Observed::Dead { starting, .. }) if *starting || in_flight => return View::Starting,
        Some(Observed::Dead { .. }) => return View::Crashed,
        Some(Observed::Alive(status)) => status,
    };
    if status.generation < node.target_generation {
        return if in_flight {
            View::Working(status)
        } else {
            View::Behind(status)
        };
    }
    let on_target = status.revision == node.target_revision;
    match &status.phase {
        NodePhase::Healthy | NodePhase::Initializing { started: true } if on_target => {
            View::Serving(status)
        }
        NodePhase::BackOff { reason, .. } if on_target => View::BackOff { status, reason },
        NodePhase::InitFailed {
            reason,
            creation_stopped,
        } if on_target => View::Failed {
            status,
            reason,
            creation_stopped: *creation_stopped,
        },
        // A specification that cannot be carried out may fail before the files are exchanged.
        NodePhase::Failed { reason } => View::Failed {
            status,
            reason,
            creation_stopped: false,
        },
        NodePhase::Preparing
        | NodePhase::Initializing { .. }
        | NodePhase::Healthy
        | NodePhase::BackOff { .. }
        | NodePhase::InitFailed { .. } => View::Working(status),
    }
}

/// How far a node is. A change in place is done when the files are, whatever q does: q is not touched by it.
pub(crate) fn progress_of<'a>(
    node: &NodeRecord,
    observation: &Observation<'a>,
    now_ms: u64,
) -> Progress<'a> {
    let failed = |reason: &str, creation_stopped, restarts| Progress::Failed {
        reason: reason.to_owned(),
        creation_stopped,
        restarts,
    };
    let in_place = node.target_apply == ApplyRecord::InPlace;
    match view_of(node, observation) {
        View::Serving(status) => Progress::Reached(status),
        View::BackOff { status, .. } if in_place => Progress::Reached(status),
        View::BackOff { status, reason } => failed(reason, false, Some(status.restarts)),
        View::Failed { status, .. }
            if in_place && matches!(status.phase, NodePhase::InitFailed { .. }) =>
        {
            Progress::Reached(status)
        }
        View::Failed {
            reason,
            creation_stopped,
            ..
        } => failed(reason, creation_stopped, None),
        View::Absent | View::Crashed | View::Behind(_)
            if node.launch_attempts >= LAUNCH_ATTEMPTS_MAX && node.next_launch_at_ms <= now_ms =>
        {
            let error = node
                .launch_error
                .as_deref()
                .unwrap_or("its agent does not stay up");
            failed(&format!("cannot be started: {error}"), false, None)
        }
        View::Working(status)
            if in_place
                && status.generation >= node.target_generation
                && status.revision == node.target_revision =>
        {
            Progress::Reached(status)
        }
        View::Absent | View::Crashed | View::Behind(_) | View::Starting | View::Working(_) => {
            Progress::Under
        }
    }
}
