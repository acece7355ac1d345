//! ListKxClusterDeployments: what was deployed when, how, and what became of it on each node.

use std::collections::BTreeMap;

use control_store::{DeploymentRecord, RevisionRecord};
use finspace_model::ApiError;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{read, timestamp};
use crate::errors::from_store;
use crate::extension_input::optional_number;
use crate::paging::{PageRequest, page};
use crate::plane::ControlPlane;

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListDeploymentsRequest {
    environment_id: String,
    cluster_name: String,
    #[serde(default, deserialize_with = "optional_number")]
    max_results: Option<u64>,
    next_token: Option<String>,
}

impl ControlPlane {
    pub(super) async fn list_deployments(&self, input: Value) -> Result<Value, ApiError> {
        let request: ListDeploymentsRequest = read(&input)?;
        let (environment_id, name) = (&request.environment_id, &request.cluster_name);
        let state = self.cluster_state(environment_id, name).await?;
        let deployments = self
            .store
            .deployments(environment_id, name)
            .await
            .map_err(from_store)?;
        let revisions = self
            .store
            .revisions(environment_id, name)
            .await
            .map_err(from_store)?;
        let revisions: BTreeMap<u64, RevisionRecord> = revisions
            .into_iter()
            .map(|revision| (revision.number, revision))
            .collect();
        let list = format!("ListKxClusterDeployments {environment_id} {name}");
        let asked = PageRequest {
            list: &list,
            max_results: request
                .max_results
                .and_then(|asked| u32::try_from(asked).ok()),
            next_token: request.next_token.as_deref(),
        };
        // Newest first: the key counts down.
        let key = |one: &DeploymentRecord| format!("{:020}", u64::MAX - one.number);
        let (deployments, next_token) = page(&self.pages, asked, deployments, key)?;
        let items: Vec<Value> = deployments
            .iter()
            .map(|one| deployment_answer(one, revisions.get(&one.to_revision)))
            .collect();
        let mut answer = Map::new();
        answer.insert(
            "currentRevision".into(),
            json!(state.cluster.current_revision),
        );
        answer.insert("deployments".into(), Value::Array(items));
        if let Some(token) = next_token {
            answer.insert("nextToken".into(), Value::String(token));
        }
        Ok(Value::Object(answer))
    }
}

/// Members without a value are left out, as in the rest of the API.
fn deployment_answer(one: &DeploymentRecord, revision: Option<&RevisionRecord>) -> Value {
    let mut item = Map::new();
    let mut put = |name: &str, value: Value| {
        if !value.is_null() {
            item.insert(name.to_owned(), value);
        }
    };
    put("deployment", json!(one.number));
    put("kind", json!(one.kind));
    put("deploymentStrategy", json!(one.strategy));
    put("fromRevision", json!(one.from_revision));
    put("toRevision", json!(one.to_revision));
    put("state", json!(one.state));
    put("reason", json!(one.reason));
    put("startedTimestamp", json!(timestamp(one.started_at_ms)));
    put("endedTimestamp", json!(one.ended_at_ms.map(timestamp)));
    put(
        "durationMs",
        duration(Some(one.started_at_ms), one.ended_at_ms),
    );
    if let Some(revision) = revision {
        if let Some(code) = &revision.code {
            put("sha256", json!(code.sha256));
            put("sizeBytes", json!(code.size_bytes));
            put("s3Bucket", json!(code.s3_bucket));
            put("s3Key", json!(code.s3_key));
            put("s3ObjectVersion", json!(code.s3_object_version));
        }
        put(
            "initializationScript",
            json!(revision.initialization_script),
        );
        let pairs: Vec<Value> = revision
            .command_line_arguments
            .iter()
            .map(|(key, value)| json!({"key": key, "value": value}))
            .collect();
        put("commandLineArguments", Value::Array(pairs));
    }
    let nodes: Vec<Value> = one
        .steps
        .iter()
        .map(|step| {
            let timings: Map<String, Value> = step
                .timings_ms
                .iter()
                .map(|(name, ms)| (name.clone(), json!(ms)))
                .collect();
            let mut node = Map::new();
            let mut put = |name: &str, value: Value| {
                if !value.is_null() {
                    node.insert(name.to_owned(), value);
                }
            };
            put("nodeId", json!(step.node_id));
            put("state", json!(step.state));
            put("startedTimestamp", json!(step.started_at_ms.map(timestamp)));
            put("endedTimestamp", json!(step.ended_at_ms.map(timestamp)));
            put("durationMs", duration(step.started_at_ms, step.ended_at_ms));
            put("reason", json!(step.reason));
            put("timingsMs", Value::Object(timings));
            Value::Object(node)
        })
        .collect();
    put("nodes", Value::Array(nodes));
    Value::Object(item)
}

fn duration(started: Option<u64>, ended: Option<u64>) -> Value {
    match (started, ended) {
        (Some(started), Some(ended)) => json!(ended.saturating_sub(started)),
        _ => Value::Null,
    }
}
