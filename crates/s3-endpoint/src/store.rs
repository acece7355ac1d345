//! Buckets of versioned objects in a directory.
//!
//! ```text
//! DIR/<bucket>/journal.jsonl   what exists (see journal.rs)
//! DIR/<bucket>/blobs/<id>      content
//! DIR/<bucket>/uploads/<id>/   multipart uploads under way (see multipart.rs)
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, RwLock};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::blob::{Blobs, Written};
use crate::catalog::{Catalog, NULL_VERSION};
use crate::journal::{
    Content, Headers, Journal, ObjectVersion, Record, Versioning, sync_directory,
};
use crate::listing::{Listed, ListedVersion, Page, Query};

/// Failures of the embedded store, each of which the S3 service names to the client.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("bucket {bucket} does not exist")]
    NoSuchBucket { bucket: String },
    #[error("bucket {bucket} already exists")]
    BucketExists { bucket: String },
    #[error("bucket {bucket} still holds objects or versions")]
    BucketNotEmpty { bucket: String },
    #[error("key {key} does not exist")]
    NoSuchKey { key: String },
    #[error("version {version_id} of {key} does not exist")]
    NoSuchVersion { key: String, version_id: String },
    #[error("version {version_id} of {key} is a delete marker")]
    DeleteMarker { key: String, version_id: String },
    #[error("multipart upload {upload_id} does not exist")]
    NoSuchUpload { upload_id: String },
    #[error("part {part_number} is missing or was replaced")]
    InvalidPart { part_number: i32 },
    #[error("parts must be listed in ascending order")]
    InvalidPartOrder,
    #[error("part {part_number} is smaller than 5 MiB and not the last")]
    PartTooSmall { part_number: i32 },
    #[error("a condition of the request does not hold")]
    PreconditionFailed,
    #[error("the bytes received do not have the {name} that was sent with them")]
    Digest { name: String },
    #[error("the body ended early: {reason}")]
    Incomplete { reason: String },
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        action: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

impl StoreError {
    pub(crate) fn io(action: &'static str, path: &Path, source: io::Error) -> StoreError {
        StoreError::Io {
            action,
            path: path.into(),
            source,
        }
    }
}

/// The embedded object store. Cheap to share; one process at a time may open a directory (its owner locks it).
#[derive(Debug)]
pub struct ObjectStore {
    directory: PathBuf,
    buckets: RwLock<BTreeMap<String, Arc<Bucket>>>,
}

#[derive(Debug)]
pub(crate) struct Bucket {
    name: String,
    pub(crate) directory: PathBuf,
    pub(crate) blobs: Blobs,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    journal: Journal,
    catalog: Catalog,
}

/// A version as found by a read.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub version_id: String,
    pub modified_ms: i64,
    pub content: Content,
    /// False in a bucket that never kept versions: its answers do not mention them.
    pub versioned: bool,
}

/// What a deletion did.
#[derive(Debug, Default)]
pub(crate) struct Deleted {
    pub version_id: Option<String>,
    pub delete_marker: bool,
}

/// A condition on the present object, checked at the moment of writing.
#[derive(Debug, Default, Clone)]
pub(crate) struct Precondition {
    /// `if-none-match: *`.
    pub must_not_exist: bool,
    /// `if-match`: the object's tag must be this one (`*`: any).
    pub etag: Option<String>,
}

/// Journals with more records than this, most of them obsolete, are rewritten when the store opens.
const REWRITE_RECORDS_MIN: usize = 1000;

impl ObjectStore {
    /// Opens the store, creating the directory; replays journals and sweeps content nothing refers to.
    ///
    /// # Errors
    /// [`StoreError::Io`] naming the file that cannot be read.
    pub fn open(directory: impl Into<PathBuf>) -> Result<Arc<ObjectStore>, StoreError> {
        let directory = directory.into();
        fs::create_dir_all(&directory)
            .map_err(|error| StoreError::io("create", &directory, error))?;
        let mut buckets = BTreeMap::new();
        let listing =
            fs::read_dir(&directory).map_err(|error| StoreError::io("read", &directory, error))?;
        for entry in listing {
            let entry = entry.map_err(|error| StoreError::io("read", &directory, error))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with('.') {
                let _ = fs::remove_dir_all(entry.path()); // a creation or deletion that was cut off
            } else if entry.path().is_dir() {
                buckets.insert(name.clone(), Arc::new(Bucket::open(name, entry.path())?));
            }
        }
        Ok(Arc::new(ObjectStore {
            directory,
            buckets: RwLock::new(buckets),
        }))
    }

    pub(crate) fn bucket(&self, name: &str) -> Result<Arc<Bucket>, StoreError> {
        let buckets = self.buckets.read().expect("no panic while held");
        buckets
            .get(name)
            .cloned()
            .ok_or_else(|| StoreError::NoSuchBucket {
                bucket: name.into(),
            })
    }

    /// Names, creation times (milliseconds) and regions.
    pub(crate) fn buckets(&self) -> Vec<(String, i64, String)> {
        let buckets = self.buckets.read().expect("no panic while held");
        let described = buckets.values().map(|bucket| {
            let state = bucket.lock();
            (
                bucket.name.clone(),
                state.catalog.created_ms,
                state.catalog.region.clone(),
            )
        });
        described.collect()
    }

    /// Makes a bucket.
    ///
    /// # Errors
    /// [`StoreError::BucketExists`].
    pub fn create_bucket(&self, name: &str, region: &str) -> Result<(), StoreError> {
        let mut buckets = self.buckets.write().expect("no panic while held");
        if buckets.contains_key(name) {
            return Err(StoreError::BucketExists {
                bucket: name.into(),
            });
        }
        let path = self.directory.join(name);
        let fresh = self.directory.join(format!(".{name}.new"));
        let failed = |error| StoreError::io("create", &path, error);
        let _ = fs::remove_dir_all(&fresh); // of a creation that was cut off
        for part in ["blobs", "uploads"] {
            fs::create_dir_all(fresh.join(part)).map_err(failed)?;
        }
        let first = Record::Bucket {
            created_ms: now_ms(),
            region: region.into(),
        };
        Journal::rewrite(&fresh.join("journal.jsonl"), &[first]).map_err(failed)?;
        fs::rename(&fresh, &path).map_err(failed)?;
        sync_directory(&path).map_err(failed)?;
        buckets.insert(name.into(), Arc::new(Bucket::open(name.into(), path)?));
        Ok(())
    }

    pub(crate) fn delete_bucket(&self, name: &str) -> Result<(), StoreError> {
        let mut buckets = self.buckets.write().expect("no panic while held");
        let bucket = buckets.get(name).ok_or_else(|| StoreError::NoSuchBucket {
            bucket: name.into(),
        })?;
        if !bucket.lock().catalog.is_empty() {
            return Err(StoreError::BucketNotEmpty {
                bucket: name.into(),
            });
        }
        let gone = self.directory.join(format!(".{name}.old"));
        let failed = |error| StoreError::io("remove", &bucket.directory, error);
        let _ = fs::remove_dir_all(&gone);
        fs::rename(&bucket.directory, &gone).map_err(failed)?;
        sync_directory(&gone).map_err(failed)?;
        buckets.remove(name);
        let _ = fs::remove_dir_all(&gone); // the next start sweeps what is left
        Ok(())
    }
}

impl Bucket {
    fn open(name: String, directory: PathBuf) -> Result<Bucket, StoreError> {
        let path = directory.join("journal.jsonl");
        let failed = |error| StoreError::io("read", &path, error);
        let (mut journal, records) = Journal::open(&path).map_err(failed)?;
        let mut catalog = Catalog::default();
        for record in records {
            catalog.apply(record);
        }
        let wanted = catalog.records();
        if journal.records > REWRITE_RECORDS_MIN && journal.records > 2 * wanted.len() {
            journal = Journal::rewrite(&path, &wanted).map_err(failed)?;
        }
        let blobs = directory.join("blobs");
        let known: BTreeSet<&str> = catalog
            .contents()
            .map(|content| content.blob.as_str())
            .collect();
        for entry in fs::read_dir(&blobs)
            .map_err(|error| StoreError::io("read", &blobs, error))?
            .flatten()
        {
            if !known.contains(entry.file_name().to_string_lossy().as_ref()) {
                let _ = fs::remove_file(entry.path()); // content whose journal record was never written
            }
        }
        Ok(Bucket {
            name,
            directory,
            blobs: Blobs::new(blobs),
            state: Mutex::new(State { journal, catalog }),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic while held")
    }

    /// Writes records and applies them; content that became unreferenced is removed afterwards.
    fn commit(&self, state: &mut State, records: Vec<Record>) -> Result<(), StoreError> {
        let path = self.directory.join("journal.jsonl");
        state
            .journal
            .append(&records)
            .map_err(|error| StoreError::io("write", &path, error))?;
        for record in records {
            for blob in state.catalog.apply(record) {
                self.blobs.remove(&blob);
            }
        }
        Ok(())
    }

    pub(crate) fn versioning(&self) -> Versioning {
        self.lock().catalog.versioning
    }

    pub(crate) fn region(&self) -> String {
        self.lock().catalog.region.clone()
    }

    pub(crate) fn set_versioning(&self, state: Versioning) -> Result<(), StoreError> {
        let mut locked = self.lock();
        self.commit(&mut locked, vec![Record::Versioning { state }])
    }

    /// Makes written content the newest version of a key; its version id when the bucket keeps versions.
    ///
    /// # Errors
    /// [`StoreError::PreconditionFailed`]; the content is removed then.
    pub(crate) fn put(
        &self,
        key: &str,
        written: Written,
        etag: String,
        headers: Headers,
        condition: &Precondition,
    ) -> Result<Option<String>, StoreError> {
        let mut state = self.lock();
        let present = state
            .catalog
            .latest(key)
            .and_then(|version| version.content.as_ref());
        let holds = match (&condition.etag, present) {
            (Some(wanted), Some(content)) => wanted == "*" || *wanted == content.etag,
            (Some(_), None) => false,
            (None, present) => !(condition.must_not_exist && present.is_some()),
        };
        if !holds {
            self.blobs.remove(&written.blob);
            return Err(StoreError::PreconditionFailed);
        }
        let keeps = state.catalog.versioning == Versioning::Enabled;
        let content = Content {
            blob: written.blob,
            bytes: written.bytes,
            etag,
            headers,
            checksums: written.checksums,
        };
        let version = Box::new(ObjectVersion {
            version_id: new_version_id(keeps),
            modified_ms: now_ms(),
            content: Some(content),
        });
        let version_id = keeps.then(|| version.version_id.clone());
        self.commit(
            &mut state,
            vec![Record::Put {
                key: key.into(),
                version,
            }],
        )?;
        Ok(version_id)
    }

    /// The wanted version of a key, or its newest.
    pub(crate) fn find(&self, key: &str, version_id: Option<&str>) -> Result<Found, StoreError> {
        let state = self.lock();
        let versioned = state.catalog.versioning != Versioning::Off;
        let version = match version_id {
            None => state
                .catalog
                .latest(key)
                .ok_or_else(|| StoreError::NoSuchKey { key: key.into() })?,
            Some(wanted) => {
                state
                    .catalog
                    .version(key, wanted)
                    .ok_or_else(|| StoreError::NoSuchVersion {
                        key: key.into(),
                        version_id: wanted.into(),
                    })?
            }
        };
        match &version.content {
            Some(content) => Ok(Found {
                version_id: version.version_id.clone(),
                modified_ms: version.modified_ms,
                content: content.clone(),
                versioned,
            }),
            None if version_id.is_some() => Err(StoreError::DeleteMarker {
                key: key.into(),
                version_id: version.version_id.clone(),
            }),
            None => Err(StoreError::NoSuchKey { key: key.into() }),
        }
    }

    /// Deletes a version, or puts a delete marker (in a bucket without versions: deletes the object).
    pub(crate) fn delete(
        &self,
        key: &str,
        version_id: Option<&str>,
    ) -> Result<Deleted, StoreError> {
        let mut state = self.lock();
        if let Some(wanted) = version_id {
            let Some(version) = state.catalog.version(key, wanted) else {
                return Ok(Deleted::default());
            };
            let deleted = Deleted {
                version_id: Some(wanted.into()),
                delete_marker: version.content.is_none(),
            };
            self.commit(
                &mut state,
                vec![Record::Remove {
                    key: key.into(),
                    version_id: wanted.into(),
                }],
            )?;
            return Ok(deleted);
        }
        if state.catalog.versioning == Versioning::Off {
            if state.catalog.latest(key).is_some() {
                self.commit(
                    &mut state,
                    vec![Record::Remove {
                        key: key.into(),
                        version_id: NULL_VERSION.into(),
                    }],
                )?;
            }
            return Ok(Deleted::default());
        }
        let version_id = new_version_id(state.catalog.versioning == Versioning::Enabled);
        let marker = Box::new(ObjectVersion {
            version_id: version_id.clone(),
            modified_ms: now_ms(),
            content: None,
        });
        self.commit(
            &mut state,
            vec![Record::Put {
                key: key.into(),
                version: marker,
            }],
        )?;
        Ok(Deleted {
            version_id: Some(version_id),
            delete_marker: true,
        })
    }

    pub(crate) fn list(&self, query: &Query) -> Page<Listed> {
        self.lock().catalog.list(query)
    }

    pub(crate) fn list_versions(&self, query: &Query) -> Page<ListedVersion> {
        self.lock().catalog.list_versions(query)
    }
}

fn new_version_id(keeps: bool) -> String {
    if keeps {
        uuid::Uuid::new_v4().simple().to_string()
    } else {
        NULL_VERSION.into()
    }
}

pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
pub(crate) mod tests {
    use s3s::dto::StreamingBlob;

    use super::*;
    use crate::blob::Expected;

    pub(crate) fn body(text: &str) -> StreamingBlob {
        StreamingBlob::from(s3s::Body::from(text.to_owned()))
    }

    async fn put(bucket: &Bucket, key: &str, text: &str) -> Option<String> {
        let written = bucket
            .blobs
            .write(body(text), Expected::default())
            .await
            .expect("writes");
        let etag = hex::encode(written.md5);
        bucket
            .put(
                key,
                written,
                etag,
                Headers::default(),
                &Precondition::default(),
            )
            .expect("puts")
    }

    async fn text(bucket: &Bucket, key: &str, version: Option<&str>) -> Result<String, StoreError> {
        let found = bucket.find(key, version)?;
        Ok(String::from_utf8(bucket.blobs.read_whole(&found.content.blob).await?).expect("text"))
    }

    #[tokio::test]
    async fn objects_and_versions_survive_reopening() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let store = ObjectStore::open(directory.path()).expect("opens");
        store.create_bucket("code", "us-east-1").expect("creates");
        let bucket = store.bucket("code").expect("exists");
        assert_eq!(put(&bucket, "app.zip", "one").await, None);
        bucket.set_versioning(Versioning::Enabled).expect("sets");
        let second = put(&bucket, "app.zip", "two").await.expect("a version id");
        put(&bucket, "app.zip", "three").await;
        bucket.delete("app.zip", None).expect("deletes");
        drop((bucket, store));

        let store = ObjectStore::open(directory.path()).expect("opens");
        let bucket = store.bucket("code").expect("exists");
        assert!(matches!(
            text(&bucket, "app.zip", None).await,
            Err(StoreError::NoSuchKey { .. })
        ));
        assert_eq!(
            text(&bucket, "app.zip", Some("null")).await.expect("kept"),
            "one"
        );
        assert_eq!(
            text(&bucket, "app.zip", Some(&second)).await.expect("kept"),
            "two"
        );
        assert!(matches!(
            store.delete_bucket("code"),
            Err(StoreError::BucketNotEmpty { .. })
        ));
    }

    #[tokio::test]
    async fn without_versions_the_old_content_is_removed_but_open_readers_go_on() {
        use futures::StreamExt;
        let directory = tempfile::tempdir().expect("a temporary directory");
        let store = ObjectStore::open(directory.path()).expect("opens");
        store.create_bucket("code", "us-east-1").expect("creates");
        let bucket = store.bucket("code").expect("exists");
        put(&bucket, "k", "old text").await;
        let found = bucket.find("k", None).expect("there");
        let mut reader = bucket
            .blobs
            .read(&found.content.blob, 0..8)
            .await
            .expect("opens");
        put(&bucket, "k", "new").await;
        assert_eq!(
            reader
                .next()
                .await
                .expect("a chunk")
                .expect("readable")
                .as_ref(),
            b"old text"
        );
        assert_eq!(
            fs::read_dir(directory.path().join("code/blobs"))
                .expect("readable")
                .count(),
            1
        );
    }

    #[tokio::test]
    async fn wrong_digests_and_conditions_leave_nothing_behind() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let store = ObjectStore::open(directory.path()).expect("opens");
        store.create_bucket("code", "us-east-1").expect("creates");
        let bucket = store.bucket("code").expect("exists");
        let wrong = Expected {
            md5: Some("AAAAAAAAAAAAAAAAAAAAAA==".into()),
            ..Expected::default()
        };
        assert!(matches!(
            bucket.blobs.write(body("x"), wrong).await,
            Err(StoreError::Digest { .. })
        ));
        put(&bucket, "k", "x").await;
        let written = bucket
            .blobs
            .write(body("y"), Expected::default())
            .await
            .expect("writes");
        let condition = Precondition {
            must_not_exist: true,
            etag: None,
        };
        let refused = bucket.put("k", written, String::new(), Headers::default(), &condition);
        assert!(matches!(refused, Err(StoreError::PreconditionFailed)));
        assert_eq!(
            fs::read_dir(directory.path().join("code/blobs"))
                .expect("readable")
                .count(),
            1
        );
    }
}
