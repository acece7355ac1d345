//! Keeping what shall run running: launches of absent nodes, relaunches of crashed agents, new tries after failures.

use std::collections::BTreeSet;

use control_store::ApplyRecord;

use super::{LAUNCH_ATTEMPTS_MAX, Observation, View, launch_pause_ms, view_of};
use crate::desired::ClusterDesired;
use crate::phase::Phase;

/// Notes in the state which launches are tried now and returns the ids of their nodes. Noted before it is done, so that
/// an agent that dies at once is not launched in a tight loop, also when the control plane dies with it.
pub(super) fn keep_running(
    working: &mut ClusterDesired,
    observation: &Observation<'_>,
    now_ms: u64,
) -> BTreeSet<String> {
    let mut launches = BTreeSet::new();
    let for_ever = match working.phase {
        Phase::Running { .. } => true,
        Phase::Creating | Phase::Updating => false,
        Phase::Pending | Phase::CreateFailed { .. } | Phase::Deleting | Phase::Deleted => {
            return launches;
        }
    };
    let mut again = Vec::new();
    for node in working
        .state
        .nodes
        .iter_mut()
        .filter(|node| node.retired_at_ms.is_none())
    {
        let due = node.next_launch_at_ms <= now_ms
            && (for_ever || node.launch_attempts < LAUNCH_ATTEMPTS_MAX);
        match view_of(node, observation) {
            View::Absent | View::Crashed if due => {
                node.launch_attempts = node.launch_attempts.saturating_add(1);
                node.next_launch_at_ms = now_ms + launch_pause_ms(node.launch_attempts);
                launches.insert(node.node_id.clone());
            }
            View::Failed { .. } if for_ever && due => again.push(node.node_id.clone()),
            View::Serving(_) if node.launch_attempts > 0 || node.launch_error.is_some() => {
                node.launch_attempts = 0;
                node.next_launch_at_ms = 0;
                node.launch_error = None;
            }
            _ => {}
        }
    }
    for node_id in again {
        try_again(working, &node_id, now_ms);
        launches.insert(node_id);
    }
    launches
}

/// A new generation of the same target makes an agent that has given up start once more.
fn try_again(working: &mut ClusterDesired, node_id: &str, now_ms: u64) {
    let Some(node) = working.node_mut(node_id) else {
        return;
    };
    let (revision, attempts) = (node.target_revision, node.launch_attempts.saturating_add(1));
    working.retarget(&[node_id.to_owned()], revision, ApplyRecord::Kill);
    if let Some(node) = working.node_mut(node_id) {
        node.launch_attempts = attempts;
        node.next_launch_at_ms = now_ms + launch_pause_ms(attempts);
    }
}
