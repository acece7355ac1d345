//! What to record and what to do next for one cluster: a pure function of its stored state, what is observed, and the
//! time.
//!
//! A plan is carried out in this order: the new state is recorded (compare-and-set), then the actions are done. Every
//! action follows from the recorded state alone, so whoever finds the state later - after a crash, a lost call, a lost
//! race - arrives at the same actions. Nothing is remembered between two plans but what is stored.
//!
//! Invariants:
//! * A ROLLING deployment takes a serving node down only while all other nodes serve.
//! * A deployment ends in `Done` or `RolledBack`; a creation ends in `Done` or `Failed`.
//! * A generation never decreases; each new target of a node has a new one.
//! * Nodes are never invented here: their ids are in the state.

mod creation;
mod deployment;
mod upkeep;
mod view;

use std::collections::BTreeSet;

use cluster_runtime::Observed;
use control_store::{NodeStep, NodeStepState};

use crate::desired::ClusterDesired;
use crate::phase::{Event, Phase};

pub(crate) use deployment::begin_return_by_request;
pub use view::{Observation, View, view_of};
pub(crate) use view::{cluster_of, node_id_of};

/// Launches of one node that may fail before a deployment or a creation gives up.
pub const LAUNCH_ATTEMPTS_MAX: u32 = 5;
const LAUNCH_PAUSE_FIRST_MS: u64 = 500;
const LAUNCH_PAUSE_MS_MAX: u64 = 30_000;
/// More state changes than this in one plan mean a fault in the planner.
const STEPS_MAX: usize = 64;

/// What to record and what to do then.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The new state, when it differs from the stored one. With [`Phase::Deleted`] the row is to be removed.
    pub next: Option<ClusterDesired>,
    pub actions: Vec<Action>,
}

/// One call of the runtime. Idempotent and fenced by the generation in the recorded state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Pick the cluster's port and record it.
    AllocatePort,
    /// Hand the node its specification. `launch`: this try was counted before it is done, because the node does not
    /// exist, its agent is gone, or it has given up and shall start once more.
    EnsureNode {
        node_id: String,
        launch: bool,
    },
    RemoveNode {
        node_id: String,
        generation: u64,
    },
}

/// How long to wait after the given number of attempts.
pub fn launch_pause_ms(attempts: u32) -> u64 {
    (LAUNCH_PAUSE_FIRST_MS << attempts.min(16)).min(LAUNCH_PAUSE_MS_MAX)
}

/// Plans the next moves of one cluster. Pure; called again it gives the same.
pub fn plan(desired: &ClusterDesired, observation: &Observation<'_>, now_ms: u64) -> Plan {
    let mut working = desired.clone();
    go_above_observed_generations(&mut working, observation);
    for _ in 0..STEPS_MAX {
        if !step(&mut working, observation, now_ms) {
            break;
        }
    }
    let launches = upkeep::keep_running(&mut working, observation, now_ms);
    let actions = actions(&working, observation, now_ms, &launches);
    Plan {
        next: (working != *desired).then_some(working),
        actions,
    }
}

/// A node that knows a higher generation than the store was told so by a state that has been lost (a restored backup).
/// Its number says nothing about our targets then, so all nodes are told anew, above it.
fn go_above_observed_generations(working: &mut ClusterDesired, observation: &Observation<'_>) {
    let seen = observation
        .nodes()
        .filter_map(|(_, observed)| match observed {
            Observed::Alive(status) => Some(status.generation),
            Observed::Dead { .. } => None,
        });
    let Some(highest) = seen
        .max()
        .filter(|seen| *seen > working.state.cluster.generation)
    else {
        return;
    };
    working.state.cluster.generation = highest + 1;
    for node in &mut working.state.nodes {
        node.target_generation = highest + 1;
    }
}

/// Makes one change of the state that the observation calls for; false when there is none.
fn step(working: &mut ClusterDesired, observation: &Observation<'_>, now_ms: u64) -> bool {
    match working.phase {
        Phase::Creating => creation::step(working, observation, now_ms),
        Phase::Updating => deployment::step(working, observation, now_ms),
        Phase::Deleting => observation.is_empty() && working.apply(Event::NodesGone).is_ok(),
        Phase::Pending | Phase::CreateFailed { .. } | Phase::Running { .. } | Phase::Deleted => {
            false
        }
    }
}

fn actions(
    working: &ClusterDesired,
    observation: &Observation<'_>,
    now_ms: u64,
    launches: &BTreeSet<String>,
) -> Vec<Action> {
    let mut actions = Vec::new();
    if working.phase == Phase::Pending && working.state.cluster.cluster_port.is_none() {
        actions.push(Action::AllocatePort);
    }
    if matches!(
        working.phase,
        Phase::Creating | Phase::Running { .. } | Phase::Updating
    ) {
        for node in working.active_nodes() {
            let launch = launches.contains(&node.node_id);
            let behind = matches!(view_of(node, observation), View::Behind(_))
                && node.next_launch_at_ms <= now_ms;
            if launch || behind {
                actions.push(Action::EnsureNode {
                    node_id: node.node_id.clone(),
                    launch,
                });
            }
        }
    }
    let wanted: BTreeSet<&str> = working
        .active_nodes()
        .map(|node| node.node_id.as_str())
        .collect();
    for (node_id, observed) in observation.nodes() {
        if !wanted.contains(node_id) && !observation.in_flight(node_id) {
            let seen = match observed {
                Observed::Alive(status) => status.generation,
                Observed::Dead { .. } => 0,
            };
            actions.push(Action::RemoveNode {
                node_id: node_id.to_owned(),
                generation: working.state.cluster.generation.max(seen),
            });
        }
    }
    actions
}

/// The deployment's record of one node, made when there is none yet.
fn step_of<'a>(steps: &'a mut Vec<NodeStep>, node_id: &str) -> &'a mut NodeStep {
    let index = match steps.iter().position(|step| step.node_id == node_id) {
        Some(index) => index,
        None => {
            steps.push(NodeStep {
                node_id: node_id.to_owned(),
                state: NodeStepState::Waiting,
                started_at_ms: None,
                ended_at_ms: None,
                reason: None,
                timings_ms: Vec::new(),
            });
            steps.len() - 1
        }
    };
    &mut steps[index]
}

/// The first eight digits of a node id are enough for people.
fn name_of(node_id: &str) -> &str {
    node_id.get(..8).unwrap_or(node_id)
}

#[cfg(test)]
mod tests;
