//! A code update under way: forward to the new revision, or back to the last good one.

use control_store::{ApplyRecord, DeploymentState, NodeRecord, NodeStepState, Strategy};

use super::view::{Progress, progress_of};
use super::{Observation, name_of, step_of};
use crate::desired::ClusterDesired;
use crate::phase::Event;
use crate::status_reason::rolled_back_notice;

pub(super) fn step(
    working: &mut ClusterDesired,
    observation: &Observation<'_>,
    now_ms: u64,
) -> bool {
    match working.state.deployment.state {
        DeploymentState::Moving => forward(working, observation, now_ms),
        DeploymentState::Returning => back(working, observation, now_ms),
        DeploymentState::Done => finish(working, now_ms),
        DeploymentState::RolledBack | DeploymentState::Failed => finish_return(working, now_ms),
    }
}

fn forward(working: &mut ClusterDesired, observation: &Observation<'_>, now_ms: u64) -> bool {
    let to = working.state.deployment.to_revision;
    let nodes: Vec<NodeRecord> = working.active_nodes().cloned().collect();
    let mut changed = false;
    let mut under = false;
    for node in nodes.iter().filter(|node| node.target_revision == to) {
        match progress_of(node, observation, now_ms) {
            Progress::Reached(status) => {
                let step = step_of(&mut working.state.deployment.steps, &node.node_id);
                if step.state == NodeStepState::Moving {
                    step.state = NodeStepState::Reached;
                    step.ended_at_ms = Some(now_ms);
                    step.timings_ms = status.timings_ms.clone();
                    changed = true;
                }
            }
            Progress::Under => under = true,
            Progress::Failed { reason, .. } => {
                begin_return(working, &node.node_id, &reason, now_ms);
                return true;
            }
        }
    }
    let waiting: Vec<&NodeRecord> = nodes
        .iter()
        .filter(|node| node.target_revision != to)
        .collect();
    if waiting.is_empty() {
        return match under {
            true => changed,
            false => finish(working, now_ms) || changed,
        };
    }
    let (chosen, apply) = match working.state.deployment.strategy {
        Strategy::Force => (waiting, ApplyRecord::Kill),
        Strategy::NoRestart => (waiting, ApplyRecord::InPlace),
        Strategy::Rolling if under => (Vec::new(), ApplyRecord::Drain),
        Strategy::Rolling => (next_of_rolling(&waiting, observation), ApplyRecord::Drain),
    };
    let chosen: Vec<String> = chosen.iter().map(|node| node.node_id.clone()).collect();
    if chosen.is_empty() {
        return changed;
    }
    working.retarget(&chosen, to, apply);
    for node_id in &chosen {
        let step = step_of(&mut working.state.deployment.steps, node_id);
        step.state = NodeStepState::Moving;
        step.started_at_ms = Some(now_ms);
    }
    true
}

/// A node that does not serve anyhow; else, as all changed nodes serve and all waiting ones do, the first.
fn next_of_rolling<'n>(
    waiting: &[&'n NodeRecord],
    observation: &Observation<'_>,
) -> Vec<&'n NodeRecord> {
    let idle = waiting
        .iter()
        .find(|node| !observation.answers(&node.node_id));
    idle.or(waiting.first()).copied().into_iter().collect()
}

/// Turns round: from here on the changed nodes go back to the last good revision.
fn begin_return(working: &mut ClusterDesired, node_id: &str, reason: &str, now_ms: u64) {
    let deployment = &mut working.state.deployment;
    deployment.state = DeploymentState::Returning;
    deployment.reason = Some(format!("node {}: {reason}", name_of(node_id)));
    let step = step_of(&mut deployment.steps, node_id);
    step.state = NodeStepState::Failed;
    step.ended_at_ms = Some(now_ms);
    step.reason = Some(reason.to_owned());
}

/// Turns a deployment round because somebody asked for it.
pub(crate) fn begin_return_by_request(working: &mut ClusterDesired, now_ms: u64) {
    let deployment = &mut working.state.deployment;
    deployment.state = DeploymentState::Returning;
    deployment.reason = Some("stopped on request".to_owned());
    for step in &mut deployment.steps {
        if step.state == NodeStepState::Moving {
            step.ended_at_ms = Some(now_ms);
        }
    }
}

fn back(working: &mut ClusterDesired, observation: &Observation<'_>, now_ms: u64) -> bool {
    let to = working.state.deployment.to_revision;
    let Some(from) = working.state.deployment.from_revision else {
        return finish_return(working, now_ms);
    };
    let nodes: Vec<NodeRecord> = working.active_nodes().cloned().collect();
    let (changed, returning) = record_returned(working, &nodes, observation, now_ms);
    let changed_nodes: Vec<&NodeRecord> = nodes
        .iter()
        .filter(|node| node.target_revision == to)
        .collect();
    if changed_nodes.is_empty() {
        return match returning {
            true => changed,
            false => finish_return(working, now_ms) || changed,
        };
    }
    let (chosen, apply) = match working.state.deployment.strategy {
        Strategy::Force => (changed_nodes, ApplyRecord::Kill),
        Strategy::NoRestart => (changed_nodes, ApplyRecord::InPlace),
        Strategy::Rolling => next_of_return(
            working,
            &nodes,
            &changed_nodes,
            returning,
            observation,
            now_ms,
        ),
    };
    let chosen: Vec<String> = chosen.iter().map(|node| node.node_id.clone()).collect();
    if chosen.is_empty() {
        return changed;
    }
    working.retarget(&chosen, from, apply);
    for node_id in &chosen {
        let step = step_of(&mut working.state.deployment.steps, node_id);
        step.state = NodeStepState::Returning;
        step.started_at_ms.get_or_insert(now_ms);
        step.ended_at_ms = None;
    }
    true
}

/// Which nodes of a rolling update go back now. First one that was told to move and still answers: whether it has begun
/// to is unknown, so it must be stopped before another serving node is taken. Then all that do not answer, at once. Then
/// the others one by one, each while all the rest serve.
fn next_of_return<'n>(
    working: &ClusterDesired,
    nodes: &[NodeRecord],
    changed_nodes: &[&'n NodeRecord],
    returning: bool,
    observation: &Observation<'_>,
    now_ms: u64,
) -> (Vec<&'n NodeRecord>, ApplyRecord) {
    let (answering, silent): (Vec<&NodeRecord>, Vec<&NodeRecord>) = changed_nodes
        .iter()
        .copied()
        .partition(|node| observation.answers(&node.node_id));
    let steps = &working.state.deployment.steps;
    let on_the_way = answering.iter().copied().find(|node| {
        let mut of_node = steps.iter().filter(|step| step.node_id == node.node_id);
        of_node.any(|step| step.state == NodeStepState::Moving)
    });
    if let Some(node) = on_the_way {
        let chosen = if returning { Vec::new() } else { vec![node] };
        return (chosen, ApplyRecord::Drain);
    }
    if !silent.is_empty() {
        return (silent, ApplyRecord::Kill);
    }
    let first = answering.first().copied();
    let others_settled = !returning
        && nodes
            .iter()
            .filter(|node| Some(*node) != first)
            .all(|node| settled(node, observation, now_ms));
    (
        first.filter(|_| others_settled).into_iter().collect(),
        ApplyRecord::Drain,
    )
}

/// Marks the nodes that have come back, or cannot. Returns whether something was marked and whether some are still
/// on the way.
fn record_returned(
    working: &mut ClusterDesired,
    nodes: &[NodeRecord],
    observation: &Observation<'_>,
    now_ms: u64,
) -> (bool, bool) {
    let mut changed = false;
    let mut returning = false;
    for node in nodes {
        let deployment = &mut working.state.deployment;
        let step = step_of(&mut deployment.steps, &node.node_id);
        if step.state != NodeStepState::Returning {
            continue;
        }
        match progress_of(node, observation, now_ms) {
            Progress::Under => {
                returning = true;
                continue;
            }
            Progress::Reached(status) => {
                step.state = NodeStepState::Returned;
                step.timings_ms = status.timings_ms.clone();
            }
            Progress::Failed { reason, .. } => {
                step.state = NodeStepState::Failed;
                step.reason = Some(format!("does not come back either: {reason}"));
                let so_far = deployment.reason.take().unwrap_or_default();
                let name = name_of(&node.node_id);
                deployment.reason = Some(format!(
                    "{so_far}; node {name} does not come back either: {reason}"
                ));
            }
        }
        step.ended_at_ms = Some(now_ms);
        changed = true;
    }
    (changed, returning)
}

/// True when waiting for the node is pointless or done: it answers, or it has failed for good.
fn settled(node: &NodeRecord, observation: &Observation<'_>, now_ms: u64) -> bool {
    observation.answers(&node.node_id)
        || matches!(
            progress_of(node, observation, now_ms),
            Progress::Failed { .. }
        )
}

fn finish(working: &mut ClusterDesired, now_ms: u64) -> bool {
    if working.apply(Event::DeploymentDone).is_err() {
        return false;
    }
    let deployment = &mut working.state.deployment;
    deployment.state = DeploymentState::Done;
    deployment.ended_at_ms.get_or_insert(now_ms);
    working.state.cluster.current_revision = deployment.to_revision;
    working.state.cluster.modified_at_ms = now_ms;
    true
}

fn finish_return(working: &mut ClusterDesired, now_ms: u64) -> bool {
    let reason = working.state.deployment.reason.clone().unwrap_or_default();
    let notice = rolled_back_notice(&working.state, &reason);
    if working
        .apply(Event::DeploymentRolledBack { reason: notice })
        .is_err()
    {
        return false;
    }
    let deployment = &mut working.state.deployment;
    deployment.state = DeploymentState::RolledBack;
    deployment.ended_at_ms.get_or_insert(now_ms);
    working.state.cluster.modified_at_ms = now_ms;
    true
}
