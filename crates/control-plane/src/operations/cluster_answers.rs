//! How a stored cluster looks to clients.

use control_store::{ClusterState, RevisionRecord};
use finspace_model::ApiError;
use finspace_model::shapes::{
    ClusterStatus, ClusterType, CodeConfiguration, CommandLineArgument, CreateKxClusterRequest,
    KxCluster, KxClusterResponse,
};

use super::timestamp;
use crate::desired::ClusterDesired;
use crate::errors::{cluster_not_found, from_store};
use crate::plane::ControlPlane;
use crate::planner::Observation;
use crate::status_reason::{full_reason, sanitise};

impl ControlPlane {
    /// The answer of GetKxCluster. While an update runs it shows the configuration of before, as the service did.
    ///
    /// Errors: `ResourceNotFoundException` when the cluster has been deleted meanwhile.
    pub(super) async fn cluster_answer(
        &self,
        state: ClusterState,
    ) -> Result<KxClusterResponse, ApiError> {
        let cluster = &state.cluster;
        let revision = self
            .store
            .revision(
                &cluster.environment_id,
                &cluster.cluster_name,
                cluster.current_revision,
            )
            .await
            .map_err(from_store)?
            // both go together: the cluster was deleted after its state was read
            .ok_or_else(|| cluster_not_found(&cluster.cluster_name))?;
        let (status, status_reason) = self.status_of(state.clone())?;
        full_answer(&state, &revision, status, status_reason)
    }

    pub(super) async fn cluster_summary(&self, state: ClusterState) -> Result<KxCluster, ApiError> {
        let full = self.cluster_answer(state).await?;
        Ok(KxCluster {
            status: full.status,
            status_reason: full.status_reason,
            cluster_name: full.cluster_name,
            cluster_type: full.cluster_type,
            cluster_description: full.cluster_description,
            release_label: full.release_label,
            volumes: full.volumes,
            initialization_script: full.initialization_script,
            execution_role: full.execution_role,
            az_mode: full.az_mode,
            availability_zone_id: full.availability_zone_id,
            last_modified_timestamp: full.last_modified_timestamp,
            created_timestamp: full.created_timestamp,
        })
    }

    /// Status and reason, both derived.
    fn status_of(&self, state: ClusterState) -> Result<(ClusterStatus, Option<String>), ApiError> {
        let desired = ClusterDesired::from_state(state).map_err(from_store)?;
        let observed = self.observations.newest();
        let observation = Observation::of_cluster(&observed, &desired.key(), []);
        let status = ClusterStatus::from_wire(desired.phase.status())
            .ok_or_else(|| ApiError::internal("a status outside the model"))?;
        let reason = full_reason(&desired, &observation).and_then(|reason| sanitise(&reason));
        Ok((status, reason))
    }
}

/// The whole answer of a state with the revision to show.
pub(super) fn full_answer(
    state: &ClusterState,
    revision: &RevisionRecord,
    status: ClusterStatus,
    status_reason: Option<String>,
) -> Result<KxClusterResponse, ApiError> {
    let cluster = &state.cluster;
    let specification: CreateKxClusterRequest =
        serde_json::from_value(cluster.specification.clone()).map_err(ApiError::internal)?;
    let cluster_type = ClusterType::from_wire(&cluster.cluster_type)
        .ok_or_else(|| ApiError::internal("a cluster type outside the model"))?;
    Ok(KxClusterResponse {
        environment_id: None,
        status,
        status_reason,
        cluster_name: cluster.cluster_name.clone(),
        cluster_type,
        tickerplant_log_configuration: specification.tickerplant_log_configuration,
        volumes: Vec::new(),
        databases: specification.databases,
        cache_storage_configurations: specification.cache_storage_configurations,
        auto_scaling_configuration: specification.auto_scaling_configuration,
        cluster_description: specification.cluster_description,
        capacity_configuration: specification.capacity_configuration,
        release_label: specification.release_label,
        vpc_configuration: specification.vpc_configuration,
        initialization_script: revision.initialization_script.clone(),
        command_line_arguments: arguments_answer(revision),
        code: revision.code.as_ref().map(|code| CodeConfiguration {
            s3_bucket: Some(code.s3_bucket.clone()),
            s3_key: Some(code.s3_key.clone()),
            s3_object_version: code.s3_object_version.clone(),
        }),
        execution_role: specification.execution_role,
        last_modified_timestamp: timestamp(cluster.modified_at_ms),
        savedown_storage_configuration: specification.savedown_storage_configuration,
        az_mode: specification.az_mode,
        availability_zone_id: specification.availability_zone_id,
        created_timestamp: timestamp(cluster.created_at_ms),
        scaling_group_configuration: specification.scaling_group_configuration,
    })
}

/// As given at the creation; after an update `s` first, then by key, as the service listed them.
fn arguments_answer(revision: &RevisionRecord) -> Vec<CommandLineArgument> {
    let mut pairs = revision.command_line_arguments.clone();
    if revision.number > 1 {
        pairs.sort_by_key(|(key, _)| (key != "s", key.clone()));
    }
    pairs
        .into_iter()
        .map(|(key, value)| CommandLineArgument {
            key: Some(key),
            value: Some(value),
        })
        .collect()
}
