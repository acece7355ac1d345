//! Environments.

use control_store::{EnvironmentRecord, StoreError, WriteTransaction, ids};
use finspace_model::ApiError;
use finspace_model::shapes::{
    CreateKxEnvironmentRequest, CreateKxEnvironmentResponse, DeleteKxEnvironmentRequest,
    EnvironmentStatus, GetKxEnvironmentRequest, KxEnvironment, ListKxEnvironmentsRequest,
    ListKxEnvironmentsResponse, NetworkStatus, UpdateKxEnvironmentRequest,
};
use serde_json::Value;

use super::{answer, nothing, read, timestamp};
use crate::errors::{environment_not_found, from_store};
use crate::idempotency::{Begun, Once};
use crate::paging::{PageRequest, page};
use crate::phase::{EnvironmentPhase, Phase};
use crate::plane::ControlPlane;
use crate::reconciler::{environment_phase, to_value};

impl ControlPlane {
    pub(super) async fn create_environment(&self, input: Value) -> Result<Value, ApiError> {
        let request: CreateKxEnvironmentRequest = read(&input)?;
        let (once, now) = (Once::of("CreateKxEnvironment", &input), self.now_ms());
        let mut transaction = match once.begin(&self.store, now).await? {
            Begun::Answered(first) => return Ok(first),
            Begun::New(transaction) => transaction,
        };
        let quota = self.config.quotas.environments_max;
        if transaction.environment_count().await.map_err(from_store)? >= quota {
            return Err(ApiError::quota_exceeded(format!(
                "There are {quota} KX environments already, which is the quota (quotas.environments_max in the configuration)"
            )));
        }
        let record = EnvironmentRecord {
            environment_id: ids::environment_id(),
            name: request.name,
            description: request.description,
            kms_key_id: request.kms_key_id,
            phase: to_value(EnvironmentPhase::Creating),
            created_at_ms: now,
            modified_at_ms: now,
        };
        put(&mut transaction, &record).await?;
        let arn = self.names.environment_arn(&record.environment_id);
        transaction
            .put_tags(&arn, &request.tags)
            .await
            .map_err(from_store)?;
        let first = answer(&CreateKxEnvironmentResponse {
            name: record.name,
            status: EnvironmentStatus::Creating,
            environment_id: record.environment_id,
            description: record.description,
            environment_arn: arn,
            kms_key_id: record.kms_key_id,
            creation_timestamp: timestamp(now),
        })?;
        let first = once.finish(transaction, first, now).await?;
        self.wake();
        Ok(first)
    }

    pub(super) async fn get_environment(&self, input: Value) -> Result<Value, ApiError> {
        let request: GetKxEnvironmentRequest = read(&input)?;
        let record = self.environment_record(&request.environment_id).await?;
        answer(&self.environment_answer(&record)?)
    }

    pub(super) async fn list_environments(&self, input: Value) -> Result<Value, ApiError> {
        let request: ListKxEnvironmentsRequest = read(&input)?;
        let mut records = self.store.environments().await.map_err(from_store)?;
        records.sort_by(|one, other| one.environment_id.cmp(&other.environment_id));
        let asked = PageRequest {
            list: "ListKxEnvironments",
            max_results: request.max_results,
            next_token: request.next_token.as_deref(),
        };
        let (records, next_token) = page(&self.pages, asked, records, |record| {
            record.environment_id.clone()
        })?;
        let environments = records
            .iter()
            .map(|record| self.environment_answer(record))
            .collect::<Result<_, _>>()?;
        answer(&ListKxEnvironmentsResponse {
            environments,
            next_token,
        })
    }

    pub(super) async fn update_environment(&self, input: Value) -> Result<Value, ApiError> {
        let request: UpdateKxEnvironmentRequest = read(&input)?;
        let (once, now) = (Once::of("UpdateKxEnvironment", &input), self.now_ms());
        let mut transaction = match once.begin(&self.store, now).await? {
            Begun::Answered(first) => return Ok(first),
            Begun::New(transaction) => transaction,
        };
        let mut record = live_environment(&mut transaction, &request.environment_id).await?;
        if let Some(name) = request.name {
            record.name = name;
        }
        if request.description.is_some() {
            record.description = request.description;
        }
        record.modified_at_ms = now;
        put(&mut transaction, &record).await?;
        let first = answer(&self.environment_answer(&record)?)?;
        once.finish(transaction, first, now).await
    }

    pub(super) async fn delete_environment(&self, input: Value) -> Result<Value, ApiError> {
        let request: DeleteKxEnvironmentRequest = read(&input)?;
        let id = &request.environment_id;
        let (once, now) = (Once::of("DeleteKxEnvironment", &input), self.now_ms());
        let mut transaction = match once.begin(&self.store, now).await? {
            Begun::Answered(first) => return Ok(first),
            Begun::New(transaction) => transaction,
        };
        // Clusters that are on their way out do not stand in the way: the environment goes after them.
        for state in transaction.cluster_states(id).await.map_err(from_store)? {
            let phase: Phase =
                serde_json::from_value(state.cluster.phase).map_err(ApiError::internal)?;
            if phase != Phase::Deleting {
                return Err(ApiError::validation(format!(
                    "Can't delete this KX Environment with id {id}, it still contains active clusters, please delete all clusters before deleting"
                )));
            }
        }
        let found = transaction.environment(id).await.map_err(from_store)?;
        let mut record = found.ok_or_else(|| environment_not_found(id))?;
        record.phase = to_value(EnvironmentPhase::Deleting);
        record.modified_at_ms = now;
        put(&mut transaction, &record).await?;
        let first = once.finish(transaction, nothing(), now).await?;
        self.wake();
        Ok(first)
    }

    pub(super) async fn environment_record(&self, id: &str) -> Result<EnvironmentRecord, ApiError> {
        let found = self.store.environment(id).await.map_err(from_store)?;
        found.ok_or_else(|| environment_not_found(id))
    }

    fn environment_answer(&self, record: &EnvironmentRecord) -> Result<KxEnvironment, ApiError> {
        let phase = environment_phase(&record.phase).map_err(from_store)?;
        let status = EnvironmentStatus::from_wire(phase.status())
            .ok_or_else(|| ApiError::internal("a status outside the model"))?;
        Ok(KxEnvironment {
            name: record.name.clone(),
            environment_id: record.environment_id.clone(),
            aws_account_id: self.names.account_id().to_owned(),
            status,
            tgw_status: NetworkStatus::None,
            dns_status: NetworkStatus::None,
            error_message: None,
            description: record.description.clone(),
            environment_arn: self.names.environment_arn(&record.environment_id),
            kms_key_id: record.kms_key_id.clone(),
            dedicated_service_account_id: self.names.account_id().to_owned(),
            transit_gateway_configuration: None,
            custom_dns_configuration: Vec::new(),
            creation_timestamp: timestamp(record.created_at_ms),
            update_timestamp: Some(timestamp(record.modified_at_ms)),
            availability_zone_ids: self.names.availability_zone_ids(),
            certificate_authority_arn: None,
        })
    }
}

/// The environment, refused when it is being deleted.
pub(super) async fn live_environment(
    transaction: &mut WriteTransaction,
    id: &str,
) -> Result<EnvironmentRecord, ApiError> {
    let found = transaction.environment(id).await.map_err(from_store)?;
    let record = found.ok_or_else(|| environment_not_found(id))?;
    match environment_phase(&record.phase).map_err(from_store)? {
        EnvironmentPhase::Creating | EnvironmentPhase::Created => Ok(record),
        EnvironmentPhase::Deleting => Err(ApiError::validation(format!(
            "KX environment {id} is in status DELETING"
        ))),
    }
}

async fn put(
    transaction: &mut WriteTransaction,
    record: &EnvironmentRecord,
) -> Result<(), ApiError> {
    match transaction.put_environment(record).await {
        Err(StoreError::Exists { .. }) => {
            let text = format!("KX environment already exists with name: {}", record.name);
            Err(ApiError::conflict(text.clone(), text))
        }
        other => other.map_err(from_store),
    }
}
