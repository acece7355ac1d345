//! One control plane over one world, driven by hand.

use std::sync::Arc;

use aws_protocol::credentials::Principal;
use cluster_runtime::fake::{Behaviour, FakeRuntime};
use cluster_runtime::{ClusterKey, ClusterRuntime};
use control_plane::{Caller, Clock, ControlPlane, ControlPlaneConfig, Parts, StartError, Ticks};
use control_store::{DeploymentRecord, Store, StoreError};
use finspace_model::ApiError;
use serde_json::{Value, json};

use crate::code::{Objects, PermissiveInspector};

/// Virtual time begins here: 2026-01-01.
const EPOCH_MS: u64 = 1_767_225_600_000;
/// More rounds than this without rest mean that it never will.
const ROUNDS_MAX: usize = 5_000;
/// Longest jump of virtual time while waiting.
const IDLE_STEP_MS: u64 = 250;
/// So many passes without work, so far apart, outlast every pause between launches.
const QUIET_PASSES: u32 = 10;
const QUIET_STEP_MS: u64 = 5_000;

/// What can go wrong in a simulation that is not a finding.
#[derive(Debug, thiserror::Error)]
pub enum SimulationError {
    #[error("the control plane does not start")]
    Start(#[from] StartError),
    #[error("the store fails")]
    Store(#[from] StoreError),
    #[error("no folder")]
    Folder(#[from] std::io::Error),
    #[error("the world does not come to rest: {status}")]
    Restless { status: String },
}

#[derive(Debug, Clone)]
struct VirtualClock(FakeRuntime);

impl Clock for VirtualClock {
    fn now_ms(&self) -> u64 {
        EPOCH_MS + self.0.now_ms()
    }
}

/// What outlives a crash of the control plane.
pub struct Setup {
    pub world: FakeRuntime,
    pub objects: Arc<Objects>,
    pub config: ControlPlaneConfig,
    pub ticks: Ticks,
    store: Store,
    folder: tempfile::TempDir,
}

/// A running simulation.
pub struct Simulation {
    pub setup: Setup,
    pub plane: ControlPlane,
    pub environment_id: String,
    runtime: Arc<dyn ClusterRuntime>,
}

impl Setup {
    pub async fn new() -> Result<Setup, SimulationError> {
        let folder = tempfile::tempdir()?;
        let config = ControlPlaneConfig {
            data_directory: folder.path().to_owned(),
            ..ControlPlaneConfig::default()
        };
        Ok(Setup {
            world: FakeRuntime::new(),
            objects: Arc::default(),
            config,
            ticks: Ticks::default(),
            store: Store::in_memory().await?,
            folder,
        })
    }

    async fn plane(
        &self,
        runtime: &Arc<dyn ClusterRuntime>,
    ) -> Result<ControlPlane, SimulationError> {
        let parts = Parts {
            config: self.config.clone(),
            store: self.store.clone(),
            runtime: Arc::clone(runtime),
            code_source: Arc::clone(&self.objects) as Arc<_>,
            inspector: Arc::new(PermissiveInspector),
            clock: Arc::new(VirtualClock(self.world.clone())),
            ticks: self.ticks,
            step_watch: None,
        };
        Ok(ControlPlane::assemble(parts).await?)
    }
}

/// The owner of the installation.
pub(crate) fn root() -> Caller {
    Caller {
        principal: Principal::Root,
        access_key_id: "AKIAROOT".into(),
    }
}

impl Simulation {
    /// A world with one environment, through the fake runtime itself.
    pub async fn new() -> Result<Simulation, SimulationError> {
        let setup = Setup::new().await?;
        let runtime: Arc<dyn ClusterRuntime> = Arc::new(setup.world.clone());
        Simulation::through(setup, runtime).await
    }

    /// The same with a runtime that stands between the control plane and the world.
    pub async fn through(
        setup: Setup,
        runtime: Arc<dyn ClusterRuntime>,
    ) -> Result<Simulation, SimulationError> {
        let plane = setup.plane(&runtime).await?;
        let mut simulation = Simulation {
            setup,
            plane,
            environment_id: String::new(),
            runtime,
        };
        let created = simulation
            .call(
                "CreateKxEnvironment",
                json!({"name": "env", "kmsKeyId": "arn:aws:kms:us-east-1:000000000000:key/k"}),
            )
            .await;
        simulation.environment_id = created
            .ok()
            .and_then(|answer| Some(answer.get("environmentId")?.as_str()?.to_owned()))
            .unwrap_or_default();
        Ok(simulation)
    }

    /// The folder of the installation.
    pub fn folder(&self) -> &std::path::Path {
        self.setup.folder.path()
    }

    pub fn store(&self) -> &Store {
        &self.setup.store
    }

    pub fn key(&self, cluster: &str) -> ClusterKey {
        ClusterKey {
            environment_id: self.environment_id.clone(),
            cluster_name: cluster.to_owned(),
        }
    }

    /// The control plane dies and another one starts over the same store and world.
    pub async fn crash(&mut self) -> Result<(), SimulationError> {
        self.plane = self.setup.plane(&self.runtime).await?;
        Ok(())
    }

    /// One API call by the root.
    pub async fn call(&self, operation: &str, input: Value) -> Result<Value, ApiError> {
        self.plane.call(&root(), operation, input).await
    }

    /// An API call about one cluster: environment and name are filled in.
    pub async fn call_cluster(
        &self,
        operation: &str,
        cluster: &str,
        mut input: Value,
    ) -> Result<Value, ApiError> {
        if let Some(members) = input.as_object_mut() {
            members.insert("environmentId".into(), json!(self.environment_id));
            members.insert("clusterName".into(), json!(cluster));
        }
        self.call(operation, input).await
    }

    /// Puts code under a key and says how it behaves when it runs.
    pub fn publish(&self, key: &str, behaviour: Behaviour) {
        let content = format!("zip of {key} that {behaviour:?}");
        self.setup.objects.put(key, &content);
        self.setup.world.script(&digest(&content), behaviour);
    }

    /// Creates a cluster of `kind` with `nodes` nodes running the code under `key`.
    pub async fn create(
        &self,
        cluster: &str,
        kind: &str,
        nodes: u32,
        key: &str,
    ) -> Result<Value, ApiError> {
        self.call_cluster("CreateKxCluster", cluster, creation(kind, nodes, key))
            .await
    }

    pub async fn update(
        &self,
        cluster: &str,
        key: &str,
        strategy: &str,
    ) -> Result<Value, ApiError> {
        let input = json!({
            "code": {"s3Bucket": "code", "s3Key": key},
            "deploymentConfiguration": {"deploymentStrategy": strategy},
        });
        self.call_cluster("UpdateKxClusterCodeConfiguration", cluster, input)
            .await
    }

    /// The cluster's status; `None` when there is no such cluster.
    pub async fn status(&self, cluster: &str) -> Option<String> {
        let answer = self
            .call_cluster("GetKxCluster", cluster, json!({}))
            .await
            .ok()?;
        Some(answer.get("status")?.as_str()?.to_owned())
    }

    /// The cluster's statusReason.
    pub async fn status_reason(&self, cluster: &str) -> Option<String> {
        let answer = self
            .call_cluster("GetKxCluster", cluster, json!({}))
            .await
            .ok()?;
        Some(answer.get("statusReason")?.as_str()?.to_owned())
    }

    /// The deployments of a cluster, newest first.
    pub async fn deployments(
        &self,
        cluster: &str,
    ) -> Result<Vec<DeploymentRecord>, SimulationError> {
        Ok(self
            .setup
            .store
            .deployments(&self.environment_id, cluster)
            .await?)
    }

    /// Lets time pass to the next thing that happens, or a little when nothing does.
    pub fn wait(&self) {
        self.wait_at_most(IDLE_STEP_MS);
    }

    fn wait_at_most(&self, longest_ms: u64) {
        let now = self.setup.world.now_ms();
        let until = self.setup.world.next_event_ms().map_or(longest_ms, |next| {
            next.saturating_sub(now).clamp(1, longest_ms)
        });
        self.setup.world.advance(until);
    }

    /// Passes and time until the cluster has one of the statuses (`"GONE"`: it is not found).
    pub async fn run_until(
        &self,
        cluster: &str,
        statuses: &[&str],
    ) -> Result<String, SimulationError> {
        let mut last = String::new();
        for _ in 0..ROUNDS_MAX {
            // A pass may fail when calls are lost; the next one is the retry.
            let _ = self.plane.pass().await;
            last = self
                .status(cluster)
                .await
                .unwrap_or_else(|| "GONE".to_owned());
            if statuses.contains(&last.as_str()) {
                return Ok(last);
            }
            self.wait();
        }
        Err(SimulationError::Restless { status: last })
    }

    /// Passes and time until passes find nothing to do for a good while.
    pub async fn settle(&self) -> Result<(), SimulationError> {
        let mut quiet = 0;
        for _ in 0..ROUNDS_MAX {
            match self.plane.pass().await {
                Ok(0) => quiet += 1,
                Ok(_) | Err(_) => quiet = 0,
            }
            if quiet > QUIET_PASSES {
                return Ok(());
            }
            self.wait_at_most(QUIET_STEP_MS);
        }
        Err(SimulationError::Restless {
            status: "never quiet".into(),
        })
    }
}

/// The input of CreateKxCluster without environment and name.
pub(crate) fn creation(kind: &str, nodes: u32, key: &str) -> Value {
    json!({
        "clusterType": kind,
        "releaseLabel": "1.0",
        "vpcConfiguration": {"vpcId": "vpc-1", "ipAddressType": "IP_V4"},
        "azMode": "SINGLE",
        "availabilityZoneId": "use1-az1",
        "capacityConfiguration": {"nodeType": "kx.s.large", "nodeCount": nodes},
        "code": {"s3Bucket": "code", "s3Key": key},
        "initializationScript": "init.q",
    })
}

/// Lower-case hexadecimal SHA-256, as the control plane computes it.
fn digest(content: &str) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(content.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
