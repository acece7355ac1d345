//! Nodes of a cluster: list, delete.

use cluster_runtime::Observed;
use control_store::NodeRecord;
use finspace_model::ApiError;
use finspace_model::shapes::{
    DeleteKxClusterNodeRequest, KxNode, ListKxClusterNodesRequest, ListKxClusterNodesResponse,
    NodeStatus,
};
use serde_json::Value;

use super::clusters::new_node;
use super::environments::live_environment;
use super::{answer, nothing, read, timestamp};
use crate::desired::ClusterDesired;
use crate::errors::{cluster_not_found, from_store};
use crate::paging::{PageRequest, page};
use crate::phase::Phase;
use crate::plane::ControlPlane;
use crate::planner::Observation;

impl ControlPlane {
    pub(super) async fn list_cluster_nodes(&self, input: Value) -> Result<Value, ApiError> {
        let request: ListKxClusterNodesRequest = read(&input)?;
        let (environment_id, name) = (&request.environment_id, &request.cluster_name);
        let state = self.cluster_state(environment_id, name).await?;
        let desired = ClusterDesired::from_state(state).map_err(from_store)?;
        let observed = self.observations.newest();
        let observation = Observation::of_cluster(&observed, &desired.key(), []);
        let nodes: Vec<&NodeRecord> = desired.active_nodes().collect();
        let list = format!("ListKxClusterNodes {environment_id} {name}");
        let asked = PageRequest {
            list: &list,
            max_results: request.max_results,
            next_token: request.next_token.as_deref(),
        };
        let key = |node: &&NodeRecord| format!("{:010} {}", node.ordinal, node.node_id);
        let (nodes, next_token) = page(&self.pages, asked, nodes, key)?;
        let nodes = nodes
            .into_iter()
            .map(|node| node_answer(node, &observation))
            .collect();
        answer(&ListKxClusterNodesResponse { nodes, next_token })
    }

    /// Ends one node; another takes its place, so that the count is kept.
    pub(super) async fn delete_cluster_node(&self, input: Value) -> Result<Value, ApiError> {
        let request: DeleteKxClusterNodeRequest = read(&input)?;
        let (environment_id, name) = (&request.environment_id, &request.cluster_name);
        let now = self.now_ms();
        let mut transaction = self.store.begin().await.map_err(from_store)?;
        live_environment(&mut transaction, environment_id).await?;
        let state = transaction
            .cluster_state(environment_id, name)
            .await
            .map_err(from_store)?;
        let state = state.ok_or_else(|| cluster_not_found(name))?;
        let mut desired = ClusterDesired::from_state(state).map_err(from_store)?;
        let found = desired
            .active_nodes()
            .find(|node| node.node_id == request.node_id);
        let Some((ordinal, zone)) =
            found.map(|node| (node.ordinal, node.availability_zone_id.clone()))
        else {
            return Err(ApiError::not_found(format!(
                "Unable to find node {} of cluster {name}",
                request.node_id
            )));
        };
        if !matches!(desired.phase, Phase::Running { .. }) {
            return Err(ApiError::validation(format!(
                "Cluster {name} is in status {} and must be RUNNING for a node to be deleted",
                desired.phase.status()
            )));
        }
        desired.state.cluster.generation += 1;
        let cluster = &desired.state.cluster;
        let replacement = new_node(
            ordinal,
            &zone,
            cluster.current_revision,
            cluster.generation,
            now,
        );
        if let Some(node) = desired.node_mut(&request.node_id) {
            node.retired_at_ms = Some(now);
        }
        desired.state.nodes.push(replacement);
        transaction
            .replace_cluster_state(&desired.into_state())
            .await
            .map_err(from_store)?;
        transaction.commit().await.map_err(from_store)?;
        self.wake();
        Ok(nothing())
    }
}

fn node_answer(node: &NodeRecord, observation: &Observation<'_>) -> KxNode {
    let launched_at_ms = match observation.node(&node.node_id) {
        Some(Observed::Alive(status)) if status.launched_at_ms > 0 => status.launched_at_ms,
        _ => node.created_at_ms,
    };
    let status = match observation.answers(&node.node_id) {
        true => NodeStatus::Running,
        false => NodeStatus::Provisioning,
    };
    KxNode {
        node_id: node.node_id.clone(),
        availability_zone_id: Some(node.availability_zone_id.clone()),
        launch_time: Some(timestamp(launched_at_ms)),
        status,
    }
}
