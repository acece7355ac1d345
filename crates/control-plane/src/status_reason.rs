//! The `statusReason` of the API: short, in a narrow alphabet; and what it is made of.

use control_store::ClusterState;

use crate::desired::ClusterDesired;
use crate::phase::Phase;
use crate::planner::{Observation, View, view_of};

/// Longest text the API carries.
const STATUS_REASON_CHARACTERS_MAX: usize = 250;

/// The text with only letters, digits, `_`, `-`, `.` and single blanks, at most 250 characters; `None` when nothing is left.
pub fn sanitise(text: &str) -> Option<String> {
    let mut clean = String::new();
    for character in text.chars() {
        let allowed = character.is_ascii_alphanumeric() || matches!(character, '_' | '-' | '.');
        if allowed {
            clean.push(character);
        } else if !clean.is_empty() && !clean.ends_with(' ') {
            clean.push(' ');
        }
    }
    clean.truncate(STATUS_REASON_CHARACTERS_MAX);
    let clean = clean.trim_end();
    (!clean.is_empty()).then(|| clean.to_owned())
}

/// What a client should know beside the status, in full: why the creation or the last update failed, or which nodes
/// do not serve just now.
pub(crate) fn full_reason(
    desired: &ClusterDesired,
    observation: &Observation<'_>,
) -> Option<String> {
    match &desired.phase {
        Phase::CreateFailed { reason } => Some(reason.clone()),
        Phase::Running { notice } => trouble(desired, observation).or_else(|| notice.clone()),
        Phase::Pending | Phase::Creating | Phase::Updating | Phase::Deleting | Phase::Deleted => {
            None
        }
    }
}

/// Says of a running cluster which nodes do not serve and why.
fn trouble(desired: &ClusterDesired, observation: &Observation<'_>) -> Option<String> {
    let ill: Vec<String> = desired
        .active_nodes()
        .filter_map(|node| {
            let short = node.node_id.get(..8).unwrap_or(&node.node_id);
            Some(match view_of(node, observation) {
                View::Serving(_) => return None,
                View::BackOff { status, reason } => format!(
                    "node {short} q ended {} times and is started again with a growing pause. last error {reason}",
                    status.restarts
                ),
                View::Failed { reason, .. } => format!("node {short} does not start. {reason}"),
                View::Crashed | View::Absent => match &node.launch_error {
                    Some(error) => format!("node {short} is being replaced. {error}"),
                    None => format!("node {short} is being started"),
                },
                View::Starting | View::Behind(_) | View::Working(_) => {
                    format!("node {short} is being started")
                }
            })
        })
        .collect();
    let first = ill.first()?;
    let total = desired.active_nodes().count();
    Some(match ill.len() {
        1 if total == 1 => first.clone(),
        count => format!("{count} of {total} nodes not serving. {first}"),
    })
}

/// The sentence that stays after a deployment that was taken back.
pub(crate) fn rolled_back_notice(state: &ClusterState, reason: &str) -> String {
    let deployment = &state.deployment;
    match deployment.from_revision {
        Some(from) => format!(
            "update to revision {} was rolled back to revision {from}. {reason}",
            deployment.to_revision
        ),
        None => reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_fits_the_api() {
        assert_eq!(
            sanitise("'type\n  [0] init.q:3: f[`a;\"x\"]").unwrap(),
            "type 0 init.q 3 f a x"
        );
        assert_eq!(sanitise("'\n\"").as_deref(), None);
        assert_eq!(sanitise(&"a ".repeat(300)).unwrap().len(), 249);
        assert_eq!(sanitise("Größe").unwrap(), "Gr e");
    }
}
