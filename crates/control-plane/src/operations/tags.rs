//! Tags of environments, users and clusters.

use finspace_model::shapes::{
    ListTagsForResourceRequest, ListTagsForResourceResponse, TagResourceRequest,
    UntagResourceRequest,
};
use finspace_model::{ApiError, ErrorCode};
use serde_json::Value;

use super::{answer, nothing, read};
use crate::errors::from_store;
use crate::names::Resource;
use crate::plane::ControlPlane;

/// Tags of one resource; the model's limit.
const TAGS_MAX: usize = 50;

impl ControlPlane {
    pub(super) async fn tag_resource(&self, input: Value) -> Result<Value, ApiError> {
        let request: TagResourceRequest = read(&input)?;
        self.require_resource(&request.resource_arn).await?;
        let mut transaction = self.store.begin().await.map_err(from_store)?;
        transaction
            .put_tags(&request.resource_arn, &request.tags)
            .await
            .map_err(from_store)?;
        let all = transaction
            .tags(&request.resource_arn)
            .await
            .map_err(from_store)?;
        if all.len() > TAGS_MAX {
            return Err(ApiError::new(
                ErrorCode::InvalidRequest,
                format!(
                    "{} would have {} tags; the limit is {TAGS_MAX}",
                    request.resource_arn,
                    all.len()
                ),
            ));
        }
        transaction.commit().await.map_err(from_store)?;
        Ok(nothing())
    }

    pub(super) async fn untag_resource(&self, input: Value) -> Result<Value, ApiError> {
        let request: UntagResourceRequest = read(&input)?;
        self.require_resource(&request.resource_arn).await?;
        let mut transaction = self.store.begin().await.map_err(from_store)?;
        for key in &request.tag_keys {
            transaction
                .delete_tag(&request.resource_arn, key)
                .await
                .map_err(from_store)?;
        }
        transaction.commit().await.map_err(from_store)?;
        Ok(nothing())
    }

    pub(super) async fn list_tags(&self, input: Value) -> Result<Value, ApiError> {
        let request: ListTagsForResourceRequest = read(&input)?;
        self.require_resource(&request.resource_arn).await?;
        let tags = self
            .store
            .tags(&request.resource_arn)
            .await
            .map_err(from_store)?;
        answer(&ListTagsForResourceResponse { tags })
    }

    async fn require_resource(&self, arn: &str) -> Result<(), ApiError> {
        let exists = match self.names.parse(arn)? {
            Resource::Environment { environment_id } => self
                .store
                .environment(&environment_id)
                .await
                .map_err(from_store)?
                .is_some(),
            Resource::User {
                environment_id,
                user_name,
            } => self
                .store
                .user(&environment_id, &user_name)
                .await
                .map_err(from_store)?
                .is_some(),
            Resource::Cluster {
                environment_id,
                cluster_name,
            } => {
                let state = self
                    .store
                    .cluster_state(&environment_id, &cluster_name)
                    .await;
                state.map_err(from_store)?.is_some()
            }
            Resource::Other => false,
        };
        match exists {
            true => Ok(()),
            false => Err(ApiError::not_found(format!("Resource {arn} not found"))),
        }
    }
}
