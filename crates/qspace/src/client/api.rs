//! The calls that the commands make, as typed values.

use std::collections::BTreeMap;

use ::http::Method;
use anyhow::{Context, bail};
use aws_protocol::percent_encode;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::{Access, AccessArguments, CallError, Signed};

/// The API of one environment.
#[derive(Debug, Clone)]
pub struct Api {
    http: Signed,
    environment_id: String,
}

/// One deployment as `ListKxClusterDeployments` gives it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deployment {
    pub deployment: u64,
    pub kind: String,
    pub deployment_strategy: String,
    pub from_revision: Option<u64>,
    pub to_revision: u64,
    /// `MOVING`, `RETURNING`, `DONE`, `ROLLED_BACK` or `FAILED`.
    pub state: String,
    pub reason: Option<String>,
    /// Seconds since the Unix epoch.
    pub started_timestamp: f64,
    pub duration_ms: Option<u64>,
    pub sha256: Option<String>,
    pub s3_bucket: Option<String>,
    pub s3_key: Option<String>,
    pub initialization_script: Option<String>,
    #[serde(default)]
    pub command_line_arguments: Vec<Argument>,
    #[serde(default)]
    pub nodes: Vec<DeploymentNode>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Argument {
    pub key: String,
    pub value: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeploymentNode {
    pub node_id: String,
    pub state: String,
    pub duration_ms: Option<u64>,
    pub reason: Option<String>,
    #[serde(default)]
    pub timings_ms: BTreeMap<String, u64>,
}

impl Deployment {
    pub fn is_ended(&self) -> bool {
        !matches!(self.state.as_str(), "MOVING" | "RETURNING")
    }
}

/// Log lines by node id, and where to go on.
#[derive(Debug, Clone, Deserialize)]
pub struct LogPage {
    pub nodes: Vec<LogNode>,
    pub cursor: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogNode {
    pub node_id: String,
    pub lines: Vec<String>,
}

impl Api {
    /// Finds the server and, when none is named, its only environment.
    pub async fn connect(arguments: &AccessArguments) -> anyhow::Result<Api> {
        let http = Signed::new(Access::resolve(arguments)?)?;
        let environment_id = match &arguments.environment_id {
            Some(named) => named.clone(),
            None => only_environment(&http).await?,
        };
        Ok(Api {
            http,
            environment_id,
        })
    }

    pub fn environment_id(&self) -> &str {
        &self.environment_id
    }

    fn cluster_path(&self, root: &str, cluster: &str) -> String {
        format!(
            "/{root}/environments/{}/clusters/{}",
            percent_encode(&self.environment_id),
            percent_encode(cluster)
        )
    }

    /// GetKxCluster.
    pub async fn cluster(&self, cluster: &str) -> anyhow::Result<Json> {
        self.http
            .finspace(Method::GET, &self.cluster_path("kx", cluster), "", None)
            .await
    }

    /// UpdateKxClusterCodeConfiguration with this body.
    pub async fn update_code(&self, cluster: &str, body: &Json) -> anyhow::Result<()> {
        let path = format!("{}/configuration/code", self.cluster_path("kx", cluster));
        self.http
            .finspace(Method::PUT, &path, "", Some(body))
            .await
            .map(drop)
    }

    /// Deploys an earlier revision again, or gives up the deployment under way. Returns the number of the deployment that does
    /// it, and whether that is the one given up.
    pub async fn rollback(
        &self,
        cluster: &str,
        revision: u64,
        strategy: &str,
    ) -> anyhow::Result<(u64, bool)> {
        let path = format!("{}/rollback", self.cluster_path("qspace", cluster));
        let body = json!({"toRevision": revision, "deploymentConfiguration": {"deploymentStrategy": strategy}});
        let answer = self
            .http
            .finspace(Method::POST, &path, "", Some(&body))
            .await?;
        let number = answer["deployment"]
            .as_u64()
            .context("the server did not say which deployment does it")?;
        Ok((number, answer["givesUp"].as_bool().unwrap_or(false)))
    }

    /// The present revision and the deployments, newest first, at most `limit`.
    pub async fn deployments(
        &self,
        cluster: &str,
        limit: usize,
    ) -> anyhow::Result<(u64, Vec<Deployment>)> {
        let path = format!("{}/deployments", self.cluster_path("qspace", cluster));
        let mut found = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let mut query = format!(
                "maxResults={}",
                limit.saturating_sub(found.len()).clamp(1, 100)
            );
            if let Some(token) = &token {
                query.push_str(&format!("&nextToken={}", percent_encode(token)));
            }
            let answer = self.http.finspace(Method::GET, &path, &query, None).await?;
            let current = answer["currentRevision"].as_u64().unwrap_or_default();
            let page: Vec<Deployment> = serde_json::from_value(answer["deployments"].clone())
                .context("the server's answer is unexpected")?;
            found.extend(page);
            token = answer["nextToken"].as_str().map(str::to_owned);
            if token.is_none() || found.len() >= limit {
                return Ok((current, found));
            }
        }
    }

    /// Log lines of one node or all: the last `lines` at first, what has come since with a cursor.
    pub async fn logs(
        &self,
        cluster: &str,
        node: Option<&str>,
        lines: u64,
        cursor: Option<&str>,
    ) -> anyhow::Result<LogPage> {
        let path = format!("{}/logs", self.cluster_path("qspace", cluster));
        let mut query = format!("lines={lines}");
        if let Some(node) = node {
            query.push_str(&format!("&nodeId={}", percent_encode(node)));
        }
        if let Some(cursor) = cursor {
            query.push_str(&format!("&cursor={}", percent_encode(cursor)));
        }
        let answer = self.http.finspace(Method::GET, &path, &query, None).await?;
        serde_json::from_value(answer).context("the server's answer is unexpected")
    }

    /// Makes a bucket unless it is there.
    pub async fn require_bucket(&self, bucket: &str) -> anyhow::Result<()> {
        let made = self
            .http
            .send(
                "s3",
                Method::PUT,
                &format!("/{}", percent_encode(bucket)),
                "",
                Vec::new(),
            )
            .await;
        match made {
            Err(error)
                if error
                    .downcast_ref::<CallError>()
                    .is_some_and(|error| error.status == 409) =>
            {
                Ok(())
            }
            other => other.map(drop),
        }
    }

    /// Puts an object.
    pub async fn put_object(
        &self,
        bucket: &str,
        key: &str,
        content: Vec<u8>,
    ) -> anyhow::Result<()> {
        let key = key
            .split('/')
            .map(percent_encode)
            .collect::<Vec<_>>()
            .join("/");
        let path = format!("/{}/{key}", percent_encode(bucket));
        self.http
            .send("s3", Method::PUT, &path, "", content)
            .await
            .map(drop)
    }
}

async fn only_environment(http: &Signed) -> anyhow::Result<String> {
    let answer = http
        .finspace(Method::GET, "/kx/environments", "", None)
        .await?;
    let environments = answer["environments"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let ids: Vec<&str> = environments
        .iter()
        .filter_map(|one| one["environmentId"].as_str())
        .collect();
    match ids.as_slice() {
        [one] => Ok((*one).to_owned()),
        [] => {
            bail!("there is no environment yet; make one with `aws finspace create-kx-environment`")
        }
        several => bail!(
            "there are several environments ({}); name one with --environment-id",
            several.join(", ")
        ),
    }
}
