//! Code on its way into a revision: fetched, checked, kept by its digest - all before a request is answered.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use control_store::CodeRecord;
use finspace_model::ApiError;
use finspace_model::shapes::CodeConfiguration;
use sha2::{Digest, Sha256};

/// More problems than this are counted, not listed.
const PROBLEMS_LISTED_MAX: usize = 10;

/// Where code zips are read from: the S3 of the installation. The executable wires it.
#[async_trait::async_trait]
pub trait CodeSource: Send + Sync {
    /// The bytes of an object; the newest version without `version`.
    async fn fetch(
        &self,
        bucket: &str,
        key: &str,
        version: Option<&str>,
        bytes_max: u64,
    ) -> Result<Bytes, CodeSourceError>;
}

/// Why an object cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodeSourceError {
    #[error("the bucket does not exist")]
    NoSuchBucket,
    #[error("the bucket has no such key")]
    NoSuchKey,
    #[error("the object has no such version")]
    NoSuchVersion,
    #[error("the object is larger than {limit} bytes")]
    TooLarge { limit: u64 },
    /// Not the request's fault.
    #[error("the object store failed: {reason}")]
    Unavailable { reason: String },
}

/// Judges a zip before a cluster is touched. Synchronous and heavy: called off the runtime's threads.
pub trait CodeInspector: Send + Sync {
    /// Every reason not to deploy the zip, each with file, line and column where there are such; empty when it is good.
    fn problems(&self, zip: &Bytes, initialization_script: Option<&str>) -> Vec<String>;

    /// Bytes of a zip above which it need not be fetched.
    fn zip_bytes_max(&self) -> u64;
}

/// Fetches, judges and keeps code.
pub(crate) struct CodeGate {
    source: Arc<dyn CodeSource>,
    inspector: Arc<dyn CodeInspector>,
    artifacts: PathBuf,
}

impl CodeGate {
    pub(crate) fn new(
        source: Arc<dyn CodeSource>,
        inspector: Arc<dyn CodeInspector>,
        artifacts: PathBuf,
    ) -> Self {
        CodeGate {
            source,
            inspector,
            artifacts,
        }
    }

    /// The record of the code that a request names, after the zip was found good and is on disk.
    ///
    /// # Errors
    /// ValidationException that says what is wrong with the object or, with file, line and column, with the code.
    pub(crate) async fn admit(
        &self,
        code: &CodeConfiguration,
        initialization_script: Option<&str>,
    ) -> Result<CodeRecord, ApiError> {
        let bucket = required(code.s3_bucket.as_deref(), "code.s3Bucket")?;
        let key = required(code.s3_key.as_deref(), "code.s3Key")?;
        let version = code.s3_object_version.as_deref();
        let limit = self.inspector.zip_bytes_max();
        let zip = self
            .source
            .fetch(bucket, key, version, limit)
            .await
            .map_err(|error| {
                let at = version
                    .map(|version| format!(" version {version}"))
                    .unwrap_or_default();
                match error {
                    CodeSourceError::Unavailable { .. } => ApiError::internal(error),
                    refusal => {
                        ApiError::validation(format!("Code s3://{bucket}/{key}{at}: {refusal}"))
                    }
                }
            })?;
        let size_bytes = zip.len() as u64;
        let inspector = Arc::clone(&self.inspector);
        let script = initialization_script.map(str::to_owned);
        let inspected = zip.clone();
        let (problems, sha256) = tokio::task::spawn_blocking(move || {
            let problems = inspector.problems(&inspected, script.as_deref());
            (problems, hex::encode(Sha256::digest(&inspected)))
        })
        .await
        .map_err(ApiError::internal)?;
        if !problems.is_empty() {
            return Err(ApiError::validation(refusal(bucket, key, &problems)));
        }
        self.keep(&sha256, zip).await?;
        Ok(CodeRecord {
            s3_bucket: bucket.to_owned(),
            s3_key: key.to_owned(),
            s3_object_version: code.s3_object_version.clone(),
            sha256,
            size_bytes,
        })
    }

    /// Where the zip of a digest is.
    pub(crate) fn artifact(&self, sha256: &str) -> PathBuf {
        self.artifacts.join(format!("{sha256}.zip"))
    }

    async fn keep(&self, sha256: &str, zip: Bytes) -> Result<(), ApiError> {
        let (folder, path) = (self.artifacts.clone(), self.artifact(sha256));
        tokio::task::spawn_blocking(move || keep_file(&folder, &path, &zip))
            .await
            .map_err(ApiError::internal)?
            .map_err(ApiError::internal)
    }

    /// Removes artifacts that no revision needs. To be called while no request is being served.
    pub(crate) fn remove_unused(&self, digests_in_use: &[String]) -> std::io::Result<()> {
        let entries = match std::fs::read_dir(&self.artifacts) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let used = name
                .strip_suffix(".zip")
                .is_some_and(|digest| digests_in_use.iter().any(|used| used == digest));
            if !used {
                std::fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }
}

fn required<'a>(value: Option<&'a str>, member: &str) -> Result<&'a str, ApiError> {
    value.ok_or_else(|| {
        ApiError::validation(format!("{member} is required: the code is a zip in S3"))
    })
}

fn refusal(bucket: &str, key: &str, problems: &[String]) -> String {
    let mut text = format!("Code s3://{bucket}/{key} is refused: ");
    text.push_str(&problems[..problems.len().min(PROBLEMS_LISTED_MAX)].join("; "));
    if problems.len() > PROBLEMS_LISTED_MAX {
        text.push_str(&format!(
            "; and {} more problems",
            problems.len() - PROBLEMS_LISTED_MAX
        ));
    }
    text
}

/// Writes the file so that it is there whole or not at all, also after a loss of power.
fn keep_file(folder: &Path, path: &Path, content: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    if path
        .metadata()
        .is_ok_and(|present| present.len() == content.len() as u64)
    {
        return Ok(());
    }
    std::fs::create_dir_all(folder)?;
    let unfinished = folder.join(format!("{}.part", control_store::ids::node_id()));
    let mut file = std::fs::File::create(&unfinished)?;
    file.write_all(content)?;
    file.sync_all()?;
    std::fs::rename(&unfinished, path)?;
    std::fs::File::open(folder)?.sync_all()
}
