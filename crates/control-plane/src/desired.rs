//! The state of a cluster as the planner sees it: the stored records with the phase as a type.

use cluster_runtime::{Apply, ClusterKey};
use control_store::{ApplyRecord, ClusterState, NodeRecord, StoreError};

use crate::phase::{Event, IllegalTransition, Phase};

/// A cluster's stored state. Changing it changes nothing until it is recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterDesired {
    pub phase: Phase,
    /// `state.cluster.phase` is stale while this value lives; [`ClusterDesired::phase`] counts.
    pub state: ClusterState,
}

impl ClusterDesired {
    /// # Errors
    /// [`StoreError::Corrupt`] when the stored phase is not one of ours.
    pub fn from_state(state: ClusterState) -> Result<Self, StoreError> {
        let phase = serde_json::from_value(state.cluster.phase.clone()).map_err(|error| {
            StoreError::Corrupt {
                what: "clusters",
                reason: error.to_string(),
            }
        })?;
        Ok(ClusterDesired { phase, state })
    }

    /// The state to store.
    pub fn into_state(mut self) -> ClusterState {
        self.state.cluster.phase = serde_json::to_value(&self.phase).unwrap_or_default();
        self.state
    }

    pub fn key(&self) -> ClusterKey {
        ClusterKey {
            environment_id: self.state.cluster.environment_id.clone(),
            cluster_name: self.state.cluster.cluster_name.clone(),
        }
    }

    /// Moves the phase on.
    pub fn apply(&mut self, event: Event) -> Result<(), IllegalTransition> {
        self.phase = self.phase.clone().on(event)?;
        Ok(())
    }

    /// The nodes that shall exist, by place.
    pub fn active_nodes(&self) -> impl Iterator<Item = &NodeRecord> {
        self.state
            .nodes
            .iter()
            .filter(|node| node.retired_at_ms.is_none())
    }

    pub fn node_mut(&mut self, node_id: &str) -> Option<&mut NodeRecord> {
        self.state
            .nodes
            .iter_mut()
            .find(|node| node.node_id == node_id)
    }

    /// Marks all nodes as to be gone.
    pub fn retire_all(&mut self, now_ms: u64) {
        for node in &mut self.state.nodes {
            node.retired_at_ms.get_or_insert(now_ms);
        }
    }

    /// Gives nodes a new target under a new generation; their launch history starts anew.
    pub fn retarget(&mut self, node_ids: &[String], revision: u64, apply: ApplyRecord) {
        if node_ids.is_empty() {
            return;
        }
        self.state.cluster.generation += 1;
        let generation = self.state.cluster.generation;
        for node in &mut self.state.nodes {
            if node_ids.contains(&node.node_id) {
                node.target_revision = revision;
                node.target_apply = apply;
                node.target_generation = generation;
                node.launch_attempts = 0;
                node.next_launch_at_ms = 0;
                node.launch_error = None;
            }
        }
    }
}

/// The runtime's word for the stored one.
pub(crate) fn apply_of(record: ApplyRecord) -> Apply {
    match record {
        ApplyRecord::Drain => Apply::Drain,
        ApplyRecord::Kill => Apply::Kill,
        ApplyRecord::InPlace => Apply::InPlace,
    }
}
