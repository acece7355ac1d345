//! Users of an environment.

use control_store::UserRecord;
use finspace_model::ApiError;
use finspace_model::shapes::{
    CreateKxUserRequest, DeleteKxUserRequest, GetKxUserRequest, KxUser, KxUserResponse,
    ListKxUsersRequest, ListKxUsersResponse, UpdateKxUserRequest,
};
use serde_json::Value;

use super::environments::live_environment;
use super::{answer, nothing, read, timestamp};
use crate::errors::{from_store, user_not_found};
use crate::idempotency::{Begun, Once};
use crate::paging::{PageRequest, page};
use crate::plane::ControlPlane;

impl ControlPlane {
    pub(super) async fn create_user(&self, input: Value) -> Result<Value, ApiError> {
        let request: CreateKxUserRequest = read(&input)?;
        let (once, now) = (Once::of("CreateKxUser", &input), self.now_ms());
        let mut transaction = match once.begin(&self.store, now).await? {
            Begun::Answered(first) => return Ok(first),
            Begun::New(transaction) => transaction,
        };
        let (id, name) = (&request.environment_id, &request.user_name);
        live_environment(&mut transaction, id).await?;
        if transaction
            .user(id, name)
            .await
            .map_err(from_store)?
            .is_some()
        {
            return Err(ApiError::already_exists(format!(
                "User already exists with name: {name}"
            )));
        }
        let quota = self.config.quotas.users_per_environment_max;
        if transaction.user_count(id).await.map_err(from_store)? >= quota {
            return Err(ApiError::limit_exceeded(format!(
                "Environment {id} has {quota} users already, which is the quota"
            )));
        }
        let record = UserRecord {
            environment_id: request.environment_id,
            user_name: request.user_name,
            iam_role: request.iam_role,
            created_at_ms: now,
            modified_at_ms: now,
        };
        transaction.put_user(&record).await.map_err(from_store)?;
        let first = self.user_answer(&record);
        transaction
            .put_tags(&first.user_arn, &request.tags)
            .await
            .map_err(from_store)?;
        once.finish(transaction, answer(&first)?, now).await
    }

    pub(super) async fn get_user(&self, input: Value) -> Result<Value, ApiError> {
        let request: GetKxUserRequest = read(&input)?;
        self.environment_record(&request.environment_id).await?;
        let record = self
            .user_record(&request.environment_id, &request.user_name)
            .await?;
        answer(&self.user_answer(&record))
    }

    pub(super) async fn list_users(&self, input: Value) -> Result<Value, ApiError> {
        let request: ListKxUsersRequest = read(&input)?;
        self.environment_record(&request.environment_id).await?;
        let records = self
            .store
            .users(&request.environment_id)
            .await
            .map_err(from_store)?;
        let list = format!("ListKxUsers {}", request.environment_id);
        let asked = PageRequest {
            list: &list,
            max_results: request.max_results,
            next_token: request.next_token.as_deref(),
        };
        let (records, next_token) = page(&self.pages, asked, records, |record| {
            record.user_name.clone()
        })?;
        let users = records
            .into_iter()
            .map(|record| KxUser {
                user_arn: self
                    .names
                    .user_arn(&record.environment_id, &record.user_name),
                user_name: record.user_name,
                iam_role: record.iam_role,
                create_timestamp: timestamp(record.created_at_ms),
                update_timestamp: timestamp(record.modified_at_ms),
            })
            .collect();
        answer(&ListKxUsersResponse { users, next_token })
    }

    pub(super) async fn update_user(&self, input: Value) -> Result<Value, ApiError> {
        let request: UpdateKxUserRequest = read(&input)?;
        let (once, now) = (Once::of("UpdateKxUser", &input), self.now_ms());
        let mut transaction = match once.begin(&self.store, now).await? {
            Begun::Answered(first) => return Ok(first),
            Begun::New(transaction) => transaction,
        };
        let (id, name) = (&request.environment_id, &request.user_name);
        live_environment(&mut transaction, id).await?;
        let found = transaction.user(id, name).await.map_err(from_store)?;
        let mut record = found.ok_or_else(|| user_not_found(name))?;
        record.iam_role = request.iam_role;
        record.modified_at_ms = now;
        transaction.put_user(&record).await.map_err(from_store)?;
        once.finish(transaction, answer(&self.user_answer(&record))?, now)
            .await
    }

    pub(super) async fn delete_user(&self, input: Value) -> Result<Value, ApiError> {
        let request: DeleteKxUserRequest = read(&input)?;
        let (once, now) = (Once::of("DeleteKxUser", &input), self.now_ms());
        let mut transaction = match once.begin(&self.store, now).await? {
            Begun::Answered(first) => return Ok(first),
            Begun::New(transaction) => transaction,
        };
        let (id, name) = (&request.environment_id, &request.user_name);
        live_environment(&mut transaction, id).await?;
        if transaction
            .user(id, name)
            .await
            .map_err(from_store)?
            .is_none()
        {
            return Err(user_not_found(name));
        }
        transaction
            .delete_user(id, name)
            .await
            .map_err(from_store)?;
        transaction
            .delete_tags_below(&self.names.user_arn(id, name))
            .await
            .map_err(from_store)?;
        once.finish(transaction, nothing(), now).await
    }

    pub(super) async fn user_record(&self, id: &str, name: &str) -> Result<UserRecord, ApiError> {
        let found = self.store.user(id, name).await.map_err(from_store)?;
        found.ok_or_else(|| user_not_found(name))
    }

    fn user_answer(&self, record: &UserRecord) -> KxUserResponse {
        KxUserResponse {
            user_name: record.user_name.clone(),
            user_arn: self
                .names
                .user_arn(&record.environment_id, &record.user_name),
            environment_id: record.environment_id.clone(),
            iam_role: record.iam_role.clone(),
        }
    }
}
