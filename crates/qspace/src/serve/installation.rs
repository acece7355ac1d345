//! The parts of an installation put together: store, objects, nodes, control plane.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;
use aws_protocol::credentials::{Credential, CredentialSource};
use bytes::Bytes;
use cluster_runtime::local::{LocalConfig, LocalRuntime};
use control_plane::{CodeSource, CodeSourceError, ControlPlane, Parts};
use control_store::Store;
use s3_endpoint::{ExternalSource, ObjectError, ObjectSource, ObjectStore};

use super::{Settings, crash_at_step};
use crate::data_directory::DataDirectory;
use crate::edge::{Edge, ObjectDoor};

/// A running installation behind its HTTP edge.
pub struct Installation {
    store: Store,
    objects: Option<Arc<ObjectStore>>,
    control: control_plane::Handle,
    root: Credential,
}

impl Installation {
    /// Opens store and objects, adopts the nodes that are there and starts the reconciler.
    pub async fn open(settings: &Settings, directory: &DataDirectory) -> anyhow::Result<Self> {
        let store = Store::open(&directory.database_path())
            .await
            .context("cannot open the database")?;
        let now_ms = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_millis();
        let (root, _) = store
            .root_credential(u64::try_from(now_ms).unwrap_or(u64::MAX))
            .await
            .context("cannot read the root credentials")?;

        let executable = std::env::current_exe().context("cannot find this executable")?;
        let runtime = LocalRuntime::new(LocalConfig::new(directory.path(), executable))
            .context("cannot look after nodes")?;

        let (objects, source): (_, Arc<dyn ObjectSource>) = match &settings.external_objects {
            Some(external) => (None, Arc::new(ExternalSource::new(external.clone()))),
            None => {
                let objects = ObjectStore::open(directory.objects_path())
                    .context("cannot open the object store")?;
                (Some(Arc::clone(&objects)), objects)
            }
        };
        let mut parts = Parts::new(
            settings.control.clone(),
            store.clone(),
            Arc::new(runtime),
            Arc::new(ObjectsAsCode(source)),
        );
        parts.step_watch = crash_at_step::from_environment()?;
        let control = ControlPlane::start(parts)
            .await
            .context("cannot start the control plane")?;
        Ok(Installation {
            store,
            objects,
            control,
            root,
        })
    }

    /// The keys of the installation's owner.
    pub fn root_credential(&self) -> &Credential {
        &self.root
    }

    /// The HTTP side over this installation.
    pub fn edge(&self) -> Edge {
        let credentials: Arc<dyn CredentialSource> = Arc::new(self.store.clone());
        let objects = match &self.objects {
            Some(objects) => ObjectDoor::Embedded(s3_endpoint::service(
                Arc::clone(objects),
                Arc::clone(&credentials),
            )),
            None => ObjectDoor::Elsewhere,
        };
        Edge {
            credentials,
            management: Arc::clone(self.control.plane()) as _,
            objects,
            clock: SystemTime::now,
        }
    }

    /// Stops acting; nodes live on.
    pub async fn close(self) {
        self.control.shutdown().await;
        self.store.close().await;
    }
}

/// The object store as the control plane reads code from it.
struct ObjectsAsCode(Arc<dyn ObjectSource>);

#[async_trait::async_trait]
impl CodeSource for ObjectsAsCode {
    async fn fetch(
        &self,
        bucket: &str,
        key: &str,
        version: Option<&str>,
        bytes_max: u64,
    ) -> Result<Bytes, CodeSourceError> {
        match self.0.fetch(bucket, key, version, bytes_max).await {
            Ok(object) => Ok(object.bytes),
            Err(error) => Err(match error {
                ObjectError::NoSuchBucket { .. } => CodeSourceError::NoSuchBucket,
                ObjectError::NoSuchKey { .. } => CodeSourceError::NoSuchKey,
                ObjectError::NoSuchVersion { .. } => CodeSourceError::NoSuchVersion,
                ObjectError::TooLarge { limit, .. } => CodeSourceError::TooLarge { limit },
                ObjectError::Unavailable { reason, .. } => CodeSourceError::Unavailable { reason },
            }),
        }
    }
}
