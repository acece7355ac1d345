//! Clusters: create, get, list, delete.

use aws_protocol::credentials::Principal;
use control_store::{
    ApplyRecord, ClusterRecord, ClusterState, DeploymentKind, DeploymentRecord, DeploymentState,
    KeyMaterial, NodeRecord, NodeStep, NodeStepState, RevisionRecord, StoreError, Strategy, ids,
};
use finspace_model::shapes::{
    AzMode, ClusterStatus, CreateKxClusterRequest, DeleteKxClusterRequest, GetKxClusterRequest,
    ListKxClustersRequest, ListKxClustersResponse,
};
use finspace_model::{ApiError, ErrorCode};
use serde_json::Value;

use super::cluster_answers::full_answer;
use super::cluster_rules::{check_arguments, check_creation};
use super::environments::live_environment;
use super::{answer, nothing, read};
use crate::desired::ClusterDesired;
use crate::errors::{cluster_not_found, from_store};
use crate::idempotency::{Begun, Once};
use crate::paging::{PageRequest, page};
use crate::phase::{Event, Phase};
use crate::plane::ControlPlane;

impl ControlPlane {
    pub(super) async fn create_cluster(&self, input: Value) -> Result<Value, ApiError> {
        let request: CreateKxClusterRequest = read(&input)?;
        let once = Once::of("CreateKxCluster", &input);
        if let Some(first) = once.answered(&self.store, self.now_ms()).await? {
            return Ok(first);
        }
        let created = self.create_new_cluster(request, &once).await;
        once.or_answered(created, &self.store, self.now_ms()).await
    }

    async fn create_new_cluster(
        &self,
        request: CreateKxClusterRequest,
        once: &Once,
    ) -> Result<Value, ApiError> {
        let (environment_id, name) = (&request.environment_id, &request.cluster_name);
        self.environment_record(environment_id).await?;
        let existing = self
            .store
            .cluster_state(environment_id, name)
            .await
            .map_err(from_store)?;
        if existing.is_some() {
            return Err(already_exists(name));
        }
        let node_count = check_creation(&request, self.config.quotas.nodes_per_cluster_max)?;
        let arguments = check_arguments(&request.command_line_arguments)?;
        let code = match &request.code {
            Some(code) => Some(
                self.code
                    .admit(code, request.initialization_script.as_deref())
                    .await?,
            ),
            None => None,
        };

        let now = self.now_ms();
        let revision = RevisionRecord {
            number: 1,
            code,
            initialization_script: request.initialization_script.clone(),
            command_line_arguments: arguments,
            created_at_ms: now,
        };
        let state = self.new_state(&request, node_count, now)?;
        let mut transaction = match once.begin(&self.store, now).await? {
            Begun::Answered(first) => return Ok(first),
            Begun::New(transaction) => transaction,
        };
        live_environment(&mut transaction, environment_id).await?;
        let quota = self.config.quotas.clusters_per_environment_max;
        if transaction
            .cluster_count(environment_id)
            .await
            .map_err(from_store)?
            >= quota
        {
            return Err(ApiError::limit_exceeded(format!(
                "Environment {environment_id} has {quota} clusters already, which is the quota (quotas.clusters_per_environment_max in the configuration)"
            )));
        }
        match transaction.insert_cluster(&state, &revision).await {
            Err(StoreError::Exists {
                what: "a cluster of this name",
            }) => {
                return Err(already_exists(name));
            }
            other => other.map_err(from_store)?,
        }
        let identity = KeyMaterial::lasting(Principal::Node {
            environment_id: environment_id.clone(),
            cluster_name: name.clone(),
            execution_role: request.execution_role.clone(),
        });
        transaction
            .insert_credential(&identity, now)
            .await
            .map_err(from_store)?;
        let arn = self.names.cluster_arn(environment_id, name);
        transaction
            .put_tags(&arn, &request.tags)
            .await
            .map_err(from_store)?;
        let mut first = full_answer(&state, &revision, ClusterStatus::Pending, None)?;
        first.environment_id = Some(environment_id.clone());
        let first = once.finish(transaction, answer(&first)?, now).await?;
        self.wake();
        Ok(first)
    }

    /// A new cluster with nodes that nobody has started yet.
    fn new_state(
        &self,
        request: &CreateKxClusterRequest,
        node_count: u32,
        now: u64,
    ) -> Result<ClusterState, ApiError> {
        let mut specification = request.clone();
        specification.client_token = None;
        specification.tags.clear();
        specification.code = None;
        specification.initialization_script = None;
        specification.command_line_arguments.clear();
        let zones = match (request.az_mode, &request.availability_zone_id) {
            (AzMode::Single, Some(zone)) => vec![zone.clone()],
            _ => self.names.availability_zone_ids(),
        };
        let nodes: Vec<NodeRecord> = (0..node_count)
            .zip(zones.iter().cycle())
            .map(|(ordinal, zone)| new_node(ordinal, zone, 1, 1, now))
            .collect();
        let steps = waiting_steps(nodes.iter());
        let cluster = ClusterRecord {
            environment_id: request.environment_id.clone(),
            cluster_name: request.cluster_name.clone(),
            cluster_type: request.cluster_type.as_str().to_owned(),
            specification: serde_json::to_value(&specification).map_err(ApiError::internal)?,
            node_count,
            cluster_port: None,
            phase: serde_json::to_value(Phase::Pending).map_err(ApiError::internal)?,
            generation: 1,
            version: 1,
            current_revision: 1,
            created_at_ms: now,
            modified_at_ms: now,
        };
        let deployment = DeploymentRecord {
            number: 1,
            kind: DeploymentKind::Create,
            strategy: Strategy::Force,
            from_revision: None,
            to_revision: 1,
            state: DeploymentState::Moving,
            reason: None,
            steps,
            started_at_ms: now,
            ended_at_ms: None,
        };
        Ok(ClusterState {
            cluster,
            nodes,
            deployment,
        })
    }

    pub(super) async fn get_cluster(&self, input: Value) -> Result<Value, ApiError> {
        let request: GetKxClusterRequest = read(&input)?;
        let state = self
            .cluster_state(&request.environment_id, &request.cluster_name)
            .await?;
        answer(&self.cluster_answer(state).await?)
    }

    pub(super) async fn list_clusters(&self, input: Value) -> Result<Value, ApiError> {
        let request: ListKxClustersRequest = read(&input)?;
        self.environment_record(&request.environment_id).await?;
        let states = self
            .store
            .cluster_states(&request.environment_id)
            .await
            .map_err(from_store)?;
        let kind = request.cluster_type.map(|kind| kind.as_str());
        let states: Vec<ClusterState> = states
            .into_iter()
            .filter(|state| kind.is_none_or(|kind| state.cluster.cluster_type == kind))
            .collect();
        let list = format!(
            "ListKxClusters {} {}",
            request.environment_id,
            kind.unwrap_or_default()
        );
        let asked = PageRequest {
            list: &list,
            max_results: request.max_results,
            next_token: request.next_token.as_deref(),
        };
        let (states, next_token) = page(&self.pages, asked, states, |state| {
            state.cluster.cluster_name.clone()
        })?;
        let mut kx_cluster_summaries = Vec::with_capacity(states.len());
        for state in states {
            match self.cluster_summary(state).await {
                Ok(summary) => kx_cluster_summaries.push(summary),
                // deleted while the list was made
                Err(error) if error.code() == ErrorCode::ResourceNotFound => {}
                Err(error) => return Err(error),
            }
        }
        answer(&ListKxClustersResponse {
            kx_cluster_summaries,
            next_token,
        })
    }

    pub(super) async fn delete_cluster(&self, input: Value) -> Result<Value, ApiError> {
        let request: DeleteKxClusterRequest = read(&input)?;
        let (once, now) = (Once::of("DeleteKxCluster", &input), self.now_ms());
        let mut transaction = match once.begin(&self.store, now).await? {
            Begun::Answered(first) => return Ok(first),
            Begun::New(transaction) => transaction,
        };
        let (environment_id, name) = (&request.environment_id, &request.cluster_name);
        let state = transaction
            .cluster_state(environment_id, name)
            .await
            .map_err(from_store)?;
        let state = state.ok_or_else(|| cluster_not_found(name))?;
        let mut desired = ClusterDesired::from_state(state).map_err(from_store)?;
        desired
            .apply(Event::DeleteRequested)
            .map_err(ApiError::internal)?;
        desired.retire_all(now);
        desired.state.cluster.generation += 1;
        desired.state.cluster.modified_at_ms = now;
        transaction
            .replace_cluster_state(&desired.into_state())
            .await
            .map_err(from_store)?;
        let first = once.finish(transaction, nothing(), now).await?;
        self.wake();
        Ok(first)
    }

    /// The stored state of a cluster of an environment that exists.
    pub(super) async fn cluster_state(
        &self,
        environment_id: &str,
        cluster_name: &str,
    ) -> Result<ClusterState, ApiError> {
        let found = self
            .store
            .cluster_state(environment_id, cluster_name)
            .await
            .map_err(from_store)?;
        match found {
            Some(state) => Ok(state),
            None => {
                self.environment_record(environment_id).await?;
                Err(cluster_not_found(cluster_name))
            }
        }
    }
}

/// A node that nobody has started yet.
pub(super) fn new_node(
    ordinal: u32,
    zone: &str,
    revision: u64,
    generation: u64,
    now: u64,
) -> NodeRecord {
    NodeRecord {
        node_id: ids::node_id(),
        ordinal,
        availability_zone_id: zone.to_owned(),
        target_revision: revision,
        target_apply: ApplyRecord::Kill,
        target_generation: generation,
        launch_attempts: 0,
        next_launch_at_ms: 0,
        launch_error: None,
        created_at_ms: now,
        retired_at_ms: None,
    }
}

/// Steps of a deployment that has not touched any node yet.
pub(super) fn waiting_steps<'a>(nodes: impl Iterator<Item = &'a NodeRecord>) -> Vec<NodeStep> {
    nodes
        .map(|node| NodeStep {
            node_id: node.node_id.clone(),
            state: NodeStepState::Waiting,
            started_at_ms: None,
            ended_at_ms: None,
            reason: None,
            timings_ms: Vec::new(),
        })
        .collect()
}

fn already_exists(name: &str) -> ApiError {
    let text = format!("Cluster already exists with alias: {name}");
    ApiError::conflict(text.clone(), text)
}
