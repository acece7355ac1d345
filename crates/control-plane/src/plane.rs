//! The control plane as one value: what every operation shares, how it is put together, started and stopped.

use std::sync::Arc;
use std::time::Duration;

use aws_protocol::connection_token::ConnectionTokenSigner;
use aws_protocol::page_token::PageTokens;
use cluster_runtime::ClusterRuntime;
use control_store::{Store, StoreError};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use crate::bundle_inspector::BundleInspector;
use crate::clock::{Clock, SystemClock};
use crate::code::{CodeGate, CodeInspector, CodeSource};
use crate::config::ControlPlaneConfig;
use crate::names::Names;
use crate::node_specs::SpecMaker;
use crate::observations::Observations;
use crate::reconciler::{PassError, Reconciler, Ticks};
use crate::steps::{StepWatch, Steps};

/// Setting that holds the key which signs connection strings, as PEM.
const SIGNING_KEY_SETTING: &str = "connection-token-signing-key";
/// Setting that holds the key of page tokens, hexadecimal.
const PAGE_KEY_SETTING: &str = "page-token-key";
/// How long a shutdown waits for calls under way.
const SHUTDOWN_PATIENCE: Duration = Duration::from_secs(5);

/// Why the control plane cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("cannot use the store")]
    Store(#[from] StoreError),
    #[error("the stored {what} is damaged: {reason}")]
    Setting { what: &'static str, reason: String },
    #[error("cannot clean {path}")]
    Artifacts {
        path: String,
        #[source]
        source: std::io::Error,
    },
}

/// What a control plane is made of.
pub struct Parts {
    pub config: ControlPlaneConfig,
    pub store: Store,
    pub runtime: Arc<dyn ClusterRuntime>,
    pub code_source: Arc<dyn CodeSource>,
    pub inspector: Arc<dyn CodeInspector>,
    pub clock: Arc<dyn Clock>,
    pub ticks: Ticks,
    /// For tests that let the control plane die; `None` otherwise.
    pub step_watch: Option<Arc<dyn StepWatch>>,
}

impl Parts {
    /// The usual parts over a store and a runtime.
    pub fn new(
        config: ControlPlaneConfig,
        store: Store,
        runtime: Arc<dyn ClusterRuntime>,
        code_source: Arc<dyn CodeSource>,
    ) -> Self {
        let inspector = Arc::new(BundleInspector::new(config.code_limits.clone()));
        Parts {
            config,
            store,
            runtime,
            code_source,
            inspector,
            clock: Arc::new(SystemClock),
            ticks: Ticks::default(),
            step_watch: None,
        }
    }
}

/// Answers the operations of the API. Requests only write desired state; its [`Reconciler`] alone acts.
pub struct ControlPlane {
    pub(crate) config: ControlPlaneConfig,
    pub(crate) store: Store,
    pub(crate) runtime: Arc<dyn ClusterRuntime>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) code: CodeGate,
    pub(crate) names: Names,
    pub(crate) signer: ConnectionTokenSigner,
    pub(crate) pages: PageTokens,
    pub(crate) observations: Arc<Observations>,
    pub(crate) wake: Arc<Notify>,
    pub(crate) steps: Steps,
    reconciler: Arc<Reconciler>,
}

/// A control plane whose reconciler runs.
pub struct Handle {
    plane: Arc<ControlPlane>,
    stop: watch::Sender<bool>,
    reconciling: JoinHandle<()>,
}

impl ControlPlane {
    /// Starts with these parts: whatever nodes are found are adopted, whatever was under way goes on.
    pub async fn start(parts: Parts) -> Result<Handle, StartError> {
        Ok(ControlPlane::assemble(parts).await?.run().await)
    }

    /// Puts the parts together without starting anything.
    pub async fn assemble(parts: Parts) -> Result<ControlPlane, StartError> {
        let Parts {
            config,
            store,
            runtime,
            code_source,
            inspector,
            clock,
            ticks,
            step_watch,
        } = parts;
        let steps = Steps::watched_by(step_watch);
        let signer = signing_key(&store).await?;
        let pages = PageTokens::new(page_key(&store).await?);
        let names = Names::new(&config.region, &config.account_id);
        let artifacts = config.artifacts_directory();
        let code = CodeGate::new(code_source, inspector, artifacts.clone());
        code.remove_unused(&store.code_digests_in_use().await?)
            .map_err(|source| StartError::Artifacts {
                path: artifacts.display().to_string(),
                source,
            })?;
        let observations = Arc::new(Observations::default());
        let wake = Arc::new(Notify::new());
        let reconciler = Arc::new(Reconciler::new(
            store.clone(),
            Arc::clone(&runtime),
            Arc::clone(&clock),
            SpecMaker::new(config.clone(), signer.public_key_pem()),
            names.clone(),
            Arc::clone(&observations),
            Arc::clone(&wake),
            ticks,
            steps.clone(),
        ));
        Ok(ControlPlane {
            config,
            store,
            runtime,
            clock,
            code,
            names,
            signer,
            pages,
            observations,
            wake,
            steps,
            reconciler,
        })
    }

    /// Starts the reconciler. The first observation is made before this returns, so that answers know the nodes.
    pub async fn run(self) -> Handle {
        let plane = Arc::new(self);
        match plane.runtime.observe().await {
            Ok(observed) => {
                plane.observations.replace(observed);
            }
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the first observation failed"
                );
            }
        }
        let (stop, stopped) = watch::channel(false);
        let reconciling = tokio::spawn(Arc::clone(&plane.reconciler).run(stopped));
        Handle {
            plane,
            stop,
            reconciling,
        }
    }

    /// One pass of the reconciler, for simulations and tests that keep time themselves.
    pub async fn pass(&self) -> Result<usize, PassError> {
        self.reconciler.pass().await
    }

    pub fn reconciler(&self) -> &Reconciler {
        &self.reconciler
    }

    /// PEM of the public key by which nodes verify connection strings.
    pub fn token_public_key(&self) -> String {
        self.signer.public_key_pem()
    }

    pub(crate) fn now_ms(&self) -> u64 {
        self.clock.now_ms()
    }

    /// Tells the reconciler that desired state was written.
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }
}

impl Handle {
    pub fn plane(&self) -> &Arc<ControlPlane> {
        &self.plane
    }

    /// Stops acting and waits a little for calls under way. Nodes live on.
    pub async fn shutdown(self) {
        // The receiver lives in the task that is awaited next; without it there is nothing to stop.
        let _ = self.stop.send(true);
        let _ = self.reconciling.await;
        let landed = async {
            while self.plane.reconciler.is_acting() {
                self.plane.wake.notified().await;
            }
        };
        if tokio::time::timeout(SHUTDOWN_PATIENCE, landed)
            .await
            .is_err()
        {
            tracing::warn!(
                "calls to nodes were still under way at shutdown; the next start repeats them"
            );
        }
    }
}

async fn signing_key(store: &Store) -> Result<ConnectionTokenSigner, StartError> {
    let pem = store
        .setting_or_insert(SIGNING_KEY_SETTING, || {
            ConnectionTokenSigner::generate().to_pem().to_string()
        })
        .await?;
    ConnectionTokenSigner::from_pem(&pem).map_err(|error| StartError::Setting {
        what: "signing key",
        reason: error.to_string(),
    })
}

async fn page_key(store: &Store) -> Result<[u8; 32], StartError> {
    let text = store
        .setting_or_insert(PAGE_KEY_SETTING, || hex::encode(rand::random::<[u8; 32]>()))
        .await?;
    let mut key = [0; 32];
    hex::decode_to_slice(&text, &mut key).map_err(|error| StartError::Setting {
        what: "page token key",
        reason: error.to_string(),
    })?;
    Ok(key)
}
