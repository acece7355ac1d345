//! What each operation of the API means. Handlers write desired state and answer; they touch no node.

mod access;
mod cluster_answers;
mod cluster_rules;
mod clusters;
mod code_update;
mod environments;
mod history;
mod logs;
mod nodes;
mod tags;
mod users;

use finspace_model::ApiError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::caller::{Caller, authorise};
use crate::plane::ControlPlane;

impl ControlPlane {
    /// Answers one operation. `input` is the request as one object (labels, query and body joined), already checked
    /// against the model.
    ///
    /// # Errors
    /// What the client shall see. Operations of the model that this version lacks: NotImplementedException.
    pub async fn call(
        &self,
        caller: &Caller,
        operation: &str,
        input: Value,
    ) -> Result<Value, ApiError> {
        authorise(caller, operation, &input)?;
        match operation {
            "CreateKxEnvironment" => self.create_environment(input).await,
            "GetKxEnvironment" => self.get_environment(input).await,
            "ListKxEnvironments" => self.list_environments(input).await,
            "UpdateKxEnvironment" => self.update_environment(input).await,
            "DeleteKxEnvironment" => self.delete_environment(input).await,
            "CreateKxUser" => self.create_user(input).await,
            "GetKxUser" => self.get_user(input).await,
            "ListKxUsers" => self.list_users(input).await,
            "UpdateKxUser" => self.update_user(input).await,
            "DeleteKxUser" => self.delete_user(input).await,
            "CreateKxCluster" => self.create_cluster(input).await,
            "GetKxCluster" => self.get_cluster(input).await,
            "ListKxClusters" => self.list_clusters(input).await,
            "DeleteKxCluster" => self.delete_cluster(input).await,
            "ListKxClusterNodes" => self.list_cluster_nodes(input).await,
            "DeleteKxClusterNode" => self.delete_cluster_node(input).await,
            "UpdateKxClusterCodeConfiguration" => self.update_code(input).await,
            "GetKxConnectionString" => self.connection_string(caller, input).await,
            "TagResource" => self.tag_resource(input).await,
            "UntagResource" => self.untag_resource(input).await,
            "ListTagsForResource" => self.list_tags(input).await,
            "ListKxClusterDeployments" => self.list_deployments(input).await,
            "RollbackKxCluster" => self.rollback(input).await,
            "GetKxClusterNodeLogs" => self.node_logs(input).await,
            "GetKxNodeConnectionString" => self.node_connection_string(caller, input).await,
            other => Err(ApiError::not_implemented(other)),
        }
    }
}

/// The request as a type.
fn read<T: DeserializeOwned>(input: &Value) -> Result<T, ApiError> {
    T::deserialize(input).map_err(|error| ApiError::serialization(error.to_string()))
}

/// An answer as JSON.
fn answer<T: Serialize>(value: &T) -> Result<Value, ApiError> {
    serde_json::to_value(value).map_err(ApiError::internal)
}

/// The answer `{}`.
fn nothing() -> Value {
    Value::Object(serde_json::Map::new())
}

fn timestamp(milliseconds: u64) -> finspace_model::Timestamp {
    finspace_model::Timestamp::from_epoch_milliseconds(
        i64::try_from(milliseconds).unwrap_or(i64::MAX),
    )
}
