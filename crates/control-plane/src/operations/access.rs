//! Connection strings: for users of the role of a kx user, and between nodes.

use aws_protocol::connection_token::ConnectionRequest;
use aws_protocol::credentials::Principal;
use cluster_runtime::Observed;
use finspace_model::ApiError;
use finspace_model::shapes::{GetKxConnectionStringRequest, GetKxConnectionStringResponse};
use serde::Deserialize;
use serde_json::Value;

use super::{answer, read};
use crate::caller::{Caller, acts_as};
use crate::desired::ClusterDesired;
use crate::errors::{from_store, user_not_found};
use crate::names::Resource;
use crate::phase::Phase;
use crate::plane::ControlPlane;
use crate::planner::Observation;

/// GetKxNodeConnectionString: for the nodes' own library. Without `node_id` some node of the cluster answers.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct NodeConnectionRequest {
    environment_id: String,
    cluster_name: String,
    node_id: Option<String>,
}

impl ControlPlane {
    pub(super) async fn connection_string(
        &self,
        caller: &Caller,
        input: Value,
    ) -> Result<Value, ApiError> {
        let request: GetKxConnectionStringRequest = read(&input)?;
        let environment_id = &request.environment_id;
        self.environment_record(environment_id).await?;
        let user_name = match self.names.parse(&request.user_arn) {
            Ok(Resource::User {
                environment_id: of,
                user_name,
            }) if of == *environment_id => user_name,
            _ => return Err(user_not_found(&request.user_arn)),
        };
        let user = self.user_record(environment_id, &user_name).await?;
        // The service answered with an empty message, and clients tell it from others by that.
        if !acts_as(caller, &user.iam_role) {
            return Err(ApiError::access_denied(""));
        }
        let port = self
            .port(environment_id, &request.cluster_name, None)
            .await?;
        self.signed(
            caller,
            environment_id,
            &request.cluster_name,
            &user_name,
            port,
        )
    }

    pub(super) async fn node_connection_string(
        &self,
        caller: &Caller,
        input: Value,
    ) -> Result<Value, ApiError> {
        let request: NodeConnectionRequest = read(&input)?;
        let Principal::Node {
            cluster_name: own, ..
        } = &caller.principal
        else {
            return Err(ApiError::access_denied(
                "Only a node of the environment may ask for a node's connection string",
            ));
        };
        let (environment_id, name) = (&request.environment_id, &request.cluster_name);
        let port = self
            .port(environment_id, name, request.node_id.as_deref())
            .await?;
        self.signed(caller, environment_id, name, own, port)
    }

    /// The port of a cluster, or of one of its nodes, that can be connected to.
    async fn port(
        &self,
        environment_id: &str,
        cluster_name: &str,
        node_id: Option<&str>,
    ) -> Result<u16, ApiError> {
        let state = self.cluster_state(environment_id, cluster_name).await?;
        let desired = ClusterDesired::from_state(state).map_err(from_store)?;
        if let Some(node_id) = node_id {
            let observed = self.observations.newest();
            let observation = Observation::of_cluster(&observed, &desired.key(), []);
            let wanted = desired.active_nodes().any(|node| node.node_id == node_id);
            return match observation.node(node_id).filter(|_| wanted) {
                Some(Observed::Alive(status)) => Ok(status.node_port),
                _ => Err(ApiError::not_found(format!(
                    "Unable to find running node {node_id} of cluster {cluster_name}"
                ))),
            };
        }
        match (&desired.phase, desired.state.cluster.cluster_port) {
            // A script of the cluster itself may ask before the creation has ended.
            (Phase::Creating | Phase::Running { .. } | Phase::Updating, Some(port)) => Ok(port),
            (phase, _) => Err(ApiError::validation(format!(
                "Cluster {cluster_name} is in status {} and cannot be connected to",
                phase.status()
            ))),
        }
    }

    fn signed(
        &self,
        caller: &Caller,
        environment_id: &str,
        cluster_name: &str,
        user: &str,
        port: u16,
    ) -> Result<Value, ApiError> {
        let request = ConnectionRequest {
            host: &self.config.advertised_host,
            port,
            user,
            environment_id,
            cluster_name,
            region: self.names.region(),
            access_key_id: &caller.access_key_id,
        };
        let now = i64::try_from(self.now_ms() / 1000).unwrap_or(i64::MAX);
        answer(&GetKxConnectionStringResponse {
            signed_connection_string: self.signer.connection_string(&request, now),
        })
    }
}
