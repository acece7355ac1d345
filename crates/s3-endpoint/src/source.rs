//! Where code and data are read from: the embedded store or an S3 elsewhere.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use object_store::aws::AmazonS3Builder;
use object_store::path::Path as ObjectPath;
use object_store::{GetOptions, ObjectStore as _};
use serde::{Deserialize, Serialize};

use crate::{ObjectStore, StoreError};

/// An object, read whole.
#[derive(Debug, Clone)]
pub struct FetchedObject {
    pub bytes: Bytes,
    /// The version read, when the bucket keeps versions.
    pub version_id: Option<String>,
}

/// Why an object could not be read. The first four are the requester's to mend.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    #[error("bucket {bucket} does not exist")]
    NoSuchBucket { bucket: String },
    #[error("key {key} does not exist in bucket {bucket}")]
    NoSuchKey { bucket: String, key: String },
    #[error("version {version} of key {key} does not exist in bucket {bucket}")]
    NoSuchVersion {
        bucket: String,
        key: String,
        version: String,
    },
    #[error("key {key} has {bytes} bytes, more than the limit of {limit}")]
    TooLarge { key: String, bytes: u64, limit: u64 },
    #[error("cannot read key {key} of bucket {bucket}: {reason}")]
    Unavailable {
        bucket: String,
        key: String,
        reason: String,
    },
}

/// Reads objects.
#[async_trait::async_trait]
pub trait ObjectSource: Send + Sync {
    /// The object, its newest version unless one is named, when it has at most `bytes_max` bytes.
    async fn fetch(
        &self,
        bucket: &str,
        key: &str,
        version: Option<&str>,
        bytes_max: u64,
    ) -> Result<FetchedObject, ObjectError>;
}

#[async_trait::async_trait]
impl ObjectSource for ObjectStore {
    async fn fetch(
        &self,
        bucket: &str,
        key: &str,
        version: Option<&str>,
        bytes_max: u64,
    ) -> Result<FetchedObject, ObjectError> {
        let named = |error: StoreError| match error {
            StoreError::NoSuchBucket { bucket } => ObjectError::NoSuchBucket { bucket },
            StoreError::NoSuchVersion { .. } | StoreError::DeleteMarker { .. } => {
                ObjectError::NoSuchVersion {
                    bucket: bucket.into(),
                    key: key.into(),
                    version: version.unwrap_or_default().into(),
                }
            }
            StoreError::NoSuchKey { .. } => ObjectError::NoSuchKey {
                bucket: bucket.into(),
                key: key.into(),
            },
            other => ObjectError::Unavailable {
                bucket: bucket.into(),
                key: key.into(),
                reason: other.to_string(),
            },
        };
        let held = self.bucket(bucket).map_err(named)?;
        let found = held.find(key, version).map_err(named)?;
        if found.content.bytes > bytes_max {
            return Err(ObjectError::TooLarge {
                key: key.into(),
                bytes: found.content.bytes,
                limit: bytes_max,
            });
        }
        let bytes = held
            .blobs
            .read_whole(&found.content.blob)
            .await
            .map_err(named)?;
        Ok(FetchedObject {
            bytes: bytes.into(),
            version_id: found.versioned.then_some(found.version_id),
        })
    }
}

/// An S3 service elsewhere. What is not set comes from the usual `AWS_*` environment variables.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExternalConfig {
    pub endpoint: Option<String>,
    pub region: Option<String>,
    pub access_key_id: Option<String>,
    pub secret_access_key: Option<String>,
    /// Plain HTTP is refused unless this is set.
    pub allow_http: bool,
}

/// Reads from an external S3, one client per request's bucket (the clients share nothing worth keeping).
#[derive(Debug, Clone)]
pub struct ExternalSource {
    config: ExternalConfig,
}

impl ExternalSource {
    pub fn new(config: ExternalConfig) -> ExternalSource {
        ExternalSource { config }
    }

    fn client(&self, bucket: &str) -> object_store::Result<Arc<dyn object_store::ObjectStore>> {
        let mut builder = AmazonS3Builder::from_env()
            .with_bucket_name(bucket)
            .with_allow_http(self.config.allow_http);
        if let Some(endpoint) = &self.config.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        if let Some(region) = &self.config.region {
            builder = builder.with_region(region);
        }
        if let Some(access_key_id) = &self.config.access_key_id {
            builder = builder.with_access_key_id(access_key_id);
        }
        if let Some(secret_access_key) = &self.config.secret_access_key {
            builder = builder.with_secret_access_key(secret_access_key);
        }
        Ok(Arc::new(builder.build()?))
    }
}

#[async_trait::async_trait]
impl ObjectSource for ExternalSource {
    async fn fetch(
        &self,
        bucket: &str,
        key: &str,
        version: Option<&str>,
        bytes_max: u64,
    ) -> Result<FetchedObject, ObjectError> {
        let unavailable = |reason: String| ObjectError::Unavailable {
            bucket: bucket.into(),
            key: key.into(),
            reason,
        };
        let client = self
            .client(bucket)
            .map_err(|error| unavailable(error.to_string()))?;
        let path = ObjectPath::parse(key).map_err(|error| unavailable(error.to_string()))?;
        let options = GetOptions {
            version: version.map(str::to_owned),
            ..GetOptions::default()
        };
        let result = client
            .get_opts(&path, options)
            .await
            .map_err(|error| match error {
                object_store::Error::NotFound { source, .. }
                    if source.to_string().contains("NoSuchBucket") =>
                {
                    ObjectError::NoSuchBucket {
                        bucket: bucket.into(),
                    }
                }
                object_store::Error::NotFound { .. } => match version {
                    Some(version) => ObjectError::NoSuchVersion {
                        bucket: bucket.into(),
                        key: key.into(),
                        version: version.into(),
                    },
                    None => ObjectError::NoSuchKey {
                        bucket: bucket.into(),
                        key: key.into(),
                    },
                },
                other => unavailable(other.to_string()),
            })?;
        let too_large = |bytes| ObjectError::TooLarge {
            key: key.into(),
            bytes,
            limit: bytes_max,
        };
        if result.meta.size > bytes_max {
            return Err(too_large(result.meta.size));
        }
        let version_id = result.meta.version.clone();
        let mut bytes = BytesMut::new();
        let mut stream = result.into_stream();
        while let Some(chunk) = stream.next().await {
            bytes.extend_from_slice(&chunk.map_err(|error| unavailable(error.to_string()))?);
            if bytes.len() as u64 > bytes_max {
                return Err(too_large(bytes.len() as u64));
            }
        }
        Ok(FetchedObject {
            bytes: bytes.freeze(),
            version_id,
        })
    }
}
