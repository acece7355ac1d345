//! GetKxClusterNodeLogs: the last lines of the nodes' logs, and what has come since.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use finspace_model::ApiError;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::read;
use crate::desired::ClusterDesired;
use crate::errors::from_store;
use crate::extension_input::optional_number;
use crate::plane::ControlPlane;

const LINES_DEFAULT: u64 = 100;
const LINES_MAX: u64 = 10_000;

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogsRequest {
    environment_id: String,
    cluster_name: String,
    /// All nodes without it.
    node_id: Option<String>,
    /// Of the first answer, per node; later ones hold everything since the cursor.
    #[serde(default, deserialize_with = "optional_number")]
    lines: Option<u64>,
    cursor: Option<String>,
}

/// Up to where the log of one node was given: how many lines it had and what the last ones were. The digest finds the
/// place again after a rotation has taken lines away at the front.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    lines: usize,
    tail: String,
}

/// Lines that a mark's digest covers: one alone may repeat.
const MARK_LINES: usize = 3;

impl ControlPlane {
    pub(super) async fn node_logs(&self, input: Value) -> Result<Value, ApiError> {
        let request: LogsRequest = read(&input)?;
        let state = self
            .cluster_state(&request.environment_id, &request.cluster_name)
            .await?;
        let desired = ClusterDesired::from_state(state).map_err(from_store)?;
        let failed = desired.active_nodes().next().is_none();
        // A failed creation has no nodes left, but their logs say why.
        let node_ids: Vec<String> = desired
            .state
            .nodes
            .iter()
            .filter(|node| match &request.node_id {
                Some(asked) => node.node_id == *asked,
                None => failed || node.retired_at_ms.is_none(),
            })
            .map(|node| node.node_id.clone())
            .collect();
        if let Some(asked) = request.node_id.filter(|_| node_ids.is_empty()) {
            return Err(ApiError::not_found(format!("Unable to find node {asked}")));
        }
        let before = request
            .cursor
            .as_deref()
            .map(read_cursor)
            .transpose()?
            .unwrap_or_default();
        let wanted = request.lines.unwrap_or(LINES_DEFAULT).min(LINES_MAX);
        let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
        let (mut marks, mut nodes) = (BTreeMap::new(), Vec::new());
        for node_id in node_ids {
            let lines = self
                .runtime
                .log_tail(&desired.key(), &node_id, None)
                .await
                .map_err(ApiError::internal)?;
            let from = match before.get(&node_id) {
                Some(mark) => after_mark(&lines, mark),
                None => lines.len().saturating_sub(wanted),
            };
            marks.insert(node_id.clone(), mark_at_end(&lines));
            nodes.push(json!({"nodeId": node_id, "lines": &lines[from..]}));
        }
        let cursor = serde_json::to_vec(&marks).map_err(ApiError::internal)?;
        Ok(json!({"nodes": nodes, "cursor": URL_SAFE_NO_PAD.encode(cursor)}))
    }
}

fn read_cursor(text: &str) -> Result<BTreeMap<String, Mark>, ApiError> {
    let refuse = || ApiError::validation("cursor is not one that GetKxClusterNodeLogs gave out");
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| refuse())?;
    serde_json::from_slice(&bytes).map_err(|_| refuse())
}

fn digest_before(lines: &[String], end: usize) -> String {
    let mut digest = Sha256::new();
    for line in &lines[end.saturating_sub(MARK_LINES)..end] {
        digest.update((line.len() as u64).to_le_bytes());
        digest.update(line);
    }
    hex::encode(&digest.finalize()[..8])
}

fn mark_at_end(lines: &[String]) -> Mark {
    Mark {
        lines: lines.len(),
        tail: digest_before(lines, lines.len()),
    }
}

/// Index of the first line after the mark. Everything is new when the marked place is gone.
fn after_mark(lines: &[String], mark: &Mark) -> usize {
    if mark.lines == 0 {
        return 0;
    }
    if mark.lines <= lines.len() && digest_before(lines, mark.lines) == mark.tail {
        return mark.lines;
    }
    (1..=lines.len())
        .rev()
        .find(|end| digest_before(lines, *end) == mark.tail)
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(range: std::ops::Range<u32>) -> Vec<String> {
        range.map(|number| format!("line {number}")).collect()
    }

    #[test]
    fn a_mark_is_found_after_growth_and_after_rotation() {
        let mark = mark_at_end(&lines(0..10));
        assert_eq!(after_mark(&lines(0..10), &mark), 10);
        assert_eq!(after_mark(&lines(0..15), &mark), 10);
        assert_eq!(after_mark(&lines(4..15), &mark), 6);
        assert_eq!(after_mark(&lines(20..25), &mark), 0);
        assert_eq!(after_mark(&lines(0..5), &mark_at_end(&[])), 0);
    }
}
