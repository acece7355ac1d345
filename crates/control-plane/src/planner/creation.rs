//! A cluster that starts for the first time: RUNNING when all nodes serve, CREATE_FAILED when one cannot.

use control_store::{DeploymentState, NodeStepState};

use super::view::{Progress, progress_of};
use super::{Observation, name_of, step_of};
use crate::desired::ClusterDesired;
use crate::phase::Event;

/// q may end this often after a good start before the creation counts as failed.
const CREATION_RESTARTS_MAX: u32 = 3;

pub(super) fn step(
    working: &mut ClusterDesired,
    observation: &Observation<'_>,
    now_ms: u64,
) -> bool {
    let nodes: Vec<_> = working.active_nodes().cloned().collect();
    let mut changed = false;
    let mut reached = 0;
    for node in &nodes {
        let step = step_of(&mut working.state.deployment.steps, &node.node_id);
        if step.state == NodeStepState::Waiting {
            step.state = NodeStepState::Moving;
            step.started_at_ms = Some(now_ms);
            changed = true;
        }
        match progress_of(node, observation, now_ms) {
            Progress::Reached(status) => {
                reached += 1;
                if step.state != NodeStepState::Reached {
                    step.state = NodeStepState::Reached;
                    step.ended_at_ms = Some(now_ms);
                    step.timings_ms = status.timings_ms.clone();
                    changed = true;
                }
            }
            Progress::Failed {
                restarts: Some(restarts),
                ..
            } if restarts < CREATION_RESTARTS_MAX => {}
            Progress::Failed {
                reason,
                creation_stopped,
                ..
            } => {
                step.state = NodeStepState::Failed;
                step.ended_at_ms = Some(now_ms);
                step.reason = Some(reason.clone());
                let reason = match creation_stopped {
                    true => reason,
                    false => format!("node {}: {reason}", name_of(&node.node_id)),
                };
                return fail(working, reason, now_ms);
            }
            Progress::Under => {}
        }
    }
    if reached < nodes.len() || nodes.is_empty() {
        return changed;
    }
    if working.apply(Event::NodesServing).is_err() {
        return changed;
    }
    working.state.deployment.state = DeploymentState::Done;
    working.state.deployment.ended_at_ms = Some(now_ms);
    working.state.cluster.modified_at_ms = now_ms;
    true
}

fn fail(working: &mut ClusterDesired, reason: String, now_ms: u64) -> bool {
    if working
        .apply(Event::CreationFailed {
            reason: reason.clone(),
        })
        .is_err()
    {
        return false;
    }
    let deployment = &mut working.state.deployment;
    deployment.state = DeploymentState::Failed;
    deployment.reason = Some(reason);
    deployment.ended_at_ms = Some(now_ms);
    working.state.cluster.modified_at_ms = now_ms;
    working.retire_all(now_ms);
    true
}
