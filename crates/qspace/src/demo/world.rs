//! The calls of the demonstration: the ones a boto3 script would make.

use std::time::{Duration, Instant};

use ::http::Method;
use anyhow::{Context, bail};
use aws_protocol::credentials::{Credential, Principal, SecretKey};
use aws_protocol::percent_encode;
use serde_json::{Value as Json, json};

use super::q_client::Target;
use crate::client::{Access, AccessArguments, Api, CallError, Signed};

const ROLE: &str = "arn:aws:iam::000000000000:role/kdb-demo";
const USER: &str = "demo";
const BUCKET: &str = "demo-code";
/// A cluster that is not RUNNING by then has failed.
const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(5);

/// The service, its environment and the demonstration's bucket.
pub struct World {
    pub api: Api,
    http: Signed,
    access: Access,
    pub environment_id: String,
    user_arn: String,
}

impl World {
    /// Creates an environment, a user and a bucket.
    pub async fn create(data: &std::path::Path) -> anyhow::Result<World> {
        let mut arguments = AccessArguments {
            data: Some(data.into()),
            ..AccessArguments::default()
        };
        let access = Access::resolve(&arguments)?;
        let http = Signed::new(access.clone())?;
        let body = json!({"name": "demo", "kmsKeyId": "arn:aws:kms:us-east-1:000000000000:key/00000000-0000-0000-0000-000000000000"});
        let made = http
            .finspace(Method::POST, "/kx/environments", "", Some(&body))
            .await?;
        let environment_id = made["environmentId"]
            .as_str()
            .context("an environment id")?
            .to_owned();
        arguments.environment_id = Some(environment_id.clone());
        let path = format!("/kx/environments/{environment_id}");
        wait_for(&http, &path, "CREATED").await?;
        let body = json!({"userName": USER, "iamRole": ROLE});
        let user = http
            .finspace(Method::POST, &format!("{path}/users"), "", Some(&body))
            .await?;
        let user_arn = user["userArn"].as_str().context("a user ARN")?.to_owned();
        let api = Api::connect(&arguments).await?;
        api.require_bucket(BUCKET).await?;
        Ok(World {
            api,
            http,
            access,
            environment_id,
            user_arn,
        })
    }

    /// The same world after its server has started again: address and keys are read anew.
    pub async fn reopened(self, data: &std::path::Path) -> anyhow::Result<World> {
        let arguments = AccessArguments {
            data: Some(data.into()),
            environment_id: Some(self.environment_id.clone()),
            ..AccessArguments::default()
        };
        let access = Access::resolve(&arguments)?;
        Ok(World {
            api: Api::connect(&arguments).await?,
            http: Signed::new(access.clone())?,
            access,
            ..self
        })
    }

    /// Ids of a cluster's nodes and their statuses, in the order of the service.
    pub async fn nodes(&self, cluster: &str) -> anyhow::Result<Vec<(String, String)>> {
        let path = format!(
            "/kx/environments/{}/clusters/{cluster}/nodes",
            self.environment_id
        );
        let answer = self.http.finspace(Method::GET, &path, "", None).await?;
        let nodes = answer["nodes"].as_array().context("nodes")?;
        let text = |node: &Json, member: &str| node[member].as_str().unwrap_or_default().to_owned();
        Ok(nodes
            .iter()
            .map(|node| (text(node, "nodeId"), text(node, "status")))
            .collect())
    }

    /// Packs and uploads a bundle of files; the code configuration that names it.
    pub async fn upload(&self, key: &str, files: &[(&str, &str)]) -> anyhow::Result<Json> {
        let directory = tempfile::tempdir().context("cannot make a temporary directory")?;
        for (name, text) in files {
            let path = directory.path().join(name);
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent)?;
            }
            std::fs::write(path, text)?;
        }
        let zip = code_bundle::pack_directory(directory.path(), &code_bundle::Limits::default())?;
        self.api.put_object(BUCKET, key, zip).await?;
        Ok(json!({"s3Bucket": BUCKET, "s3Key": key}))
    }

    /// CreateKxCluster; returns when the service has accepted it.
    pub async fn create_cluster(
        &self,
        name: &str,
        kind: &str,
        nodes: u32,
        code: &Json,
    ) -> anyhow::Result<()> {
        let body = json!({
            "clusterName": name,
            "clusterType": kind,
            "releaseLabel": "1.0",
            "capacityConfiguration": {"nodeType": "kx.s.large", "nodeCount": nodes},
            "vpcConfiguration": {
                "vpcId": "vpc-0123456789abcdef0",
                "securityGroupIds": ["sg-0123456789abcdef0"],
                "subnetIds": ["subnet-0123456789abcdef0"],
                "ipAddressType": "IP_V4",
            },
            "azMode": "SINGLE",
            "availabilityZoneId": "use1-az1",
            "code": code,
            "initializationScript": "init.q",
            "commandLineArguments": [{"key": "procName", "value": name}],
        });
        let path = format!("/kx/environments/{}/clusters", self.environment_id);
        self.http
            .finspace(Method::POST, &path, "", Some(&body))
            .await
            .map(drop)
    }

    /// Waits until a cluster is RUNNING; the cluster then, and how long it took.
    pub async fn running(&self, cluster: &str) -> anyhow::Result<(Json, Duration)> {
        let path = format!(
            "/kx/environments/{}/clusters/{cluster}",
            self.environment_id
        );
        let start = Instant::now();
        let found = wait_for(&self.http, &path, "RUNNING").await?;
        Ok((found, start.elapsed()))
    }

    /// UpdateKxClusterCodeConfiguration with the demonstration's script and arguments (none with NO_RESTART), to its end.
    pub async fn update(
        &self,
        cluster: &str,
        code: &Json,
        strategy: &str,
    ) -> anyhow::Result<(Json, Duration)> {
        let start = Instant::now();
        self.api
            .update_code(cluster, &update_body(cluster, code, strategy))
            .await?;
        let (found, _) = self.running(cluster).await?;
        Ok((found, start.elapsed()))
    }

    /// The refusal of an update.
    pub async fn refused(&self, cluster: &str, code: &Json) -> anyhow::Result<CallError> {
        match self
            .api
            .update_code(cluster, &update_body(cluster, code, "ROLLING"))
            .await
        {
            Ok(()) => bail!("the update was accepted"),
            Err(error) => error.downcast::<CallError>(),
        }
    }

    /// A connection string, asked for with the role of the kx user as its owner would.
    pub async fn target(&self, cluster: &str) -> anyhow::Result<Target> {
        let body = format!(
            "Action=AssumeRole&Version=2011-06-15&RoleArn={}&RoleSessionName=demo",
            percent_encode(ROLE)
        );
        let answer = self
            .http
            .send("sts", Method::POST, "/", "", body.into_bytes())
            .await?;
        let text = String::from_utf8(answer)?;
        let part = |tag: &str| {
            let rest = text.split_once(&format!("<{tag}>")).map(|(_, rest)| rest);
            rest.and_then(|rest| rest.split_once('<'))
                .map(|(value, _)| value.to_owned())
                .with_context(|| format!("{tag} in {text}"))
        };
        let credential = Credential {
            access_key_id: part("AccessKeyId")?,
            secret: SecretKey::new(part("SecretAccessKey")?),
            session_token: Some(SecretKey::new(part("SessionToken")?)),
            expires_at: None,
            principal: Principal::Root,
        };
        let as_user = Signed::new(Access {
            credential,
            ..self.access.clone()
        })?;
        let path = format!("/kx/environments/{}/connectionString", self.environment_id);
        let query = format!(
            "clusterName={cluster}&userArn={}",
            percent_encode(&self.user_arn)
        );
        let answer = as_user.finspace(Method::GET, &path, &query, None).await?;
        Target::parse(
            answer["signedConnectionString"]
                .as_str()
                .context("a connection string")?,
        )
    }

    /// Deletes clusters and waits until they are gone.
    pub async fn delete(&self, clusters: &[&str]) -> anyhow::Result<()> {
        let path = |cluster: &str| {
            format!(
                "/kx/environments/{}/clusters/{cluster}",
                self.environment_id
            )
        };
        for cluster in clusters {
            self.http
                .finspace(Method::DELETE, &path(cluster), "", None)
                .await?;
        }
        let start = Instant::now();
        for cluster in clusters {
            while self
                .http
                .finspace(Method::GET, &path(cluster), "", None)
                .await
                .is_ok()
            {
                if start.elapsed() > PATIENCE {
                    bail!(
                        "{cluster} is still there {} s after its deletion",
                        PATIENCE.as_secs()
                    );
                }
                tokio::time::sleep(POLL).await;
            }
        }
        Ok(())
    }
}

/// A whole code configuration with the demonstration's script and arguments; without them for NO_RESTART.
pub fn update_body(cluster: &str, code: &Json, strategy: &str) -> Json {
    let mut body =
        json!({"code": code, "deploymentConfiguration": {"deploymentStrategy": strategy}});
    if strategy != "NO_RESTART" {
        body["initializationScript"] = json!("init.q");
        body["commandLineArguments"] = json!([{"key": "procName", "value": cluster}]);
    }
    body
}

async fn wait_for(http: &Signed, path: &str, status: &str) -> anyhow::Result<Json> {
    let start = Instant::now();
    loop {
        let found = http.finspace(Method::GET, path, "", None).await?;
        let present = found["status"].as_str().unwrap_or_default();
        if present == status {
            return Ok(found);
        }
        if present.contains("FAILED") || start.elapsed() > PATIENCE {
            let reason = found["statusReason"].as_str().unwrap_or("no reason given");
            bail!("{path} is {present}, not {status}: {reason}");
        }
        tokio::time::sleep(POLL).await;
    }
}
