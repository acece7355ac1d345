//! Multipart uploads: parts are files beside a small description until they are put together.
//!
//! ```text
//! uploads/<id>/upload.json    key and headers
//! uploads/<id>/<part>         content of a part
//! uploads/<id>/<part>.json    its size and tag; a part exists from the moment this file does
//! ```

use std::fs;
use std::path::PathBuf;

use s3s::crypto::{Checksum, Md5};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::StoreError;
use crate::blob::Written;
use crate::journal::Headers;
use crate::store::{Bucket, Precondition, now_ms};

/// S3's limit for every part but the last.
const PART_BYTES_MIN: u64 = 5 << 20;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Upload {
    pub key: String,
    pub started_ms: i64,
    pub headers: Headers,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PartInfo {
    pub bytes: u64,
    /// MD5 of the part, hexadecimal: its tag.
    pub md5: String,
    pub modified_ms: i64,
}

impl Bucket {
    fn upload_directory(&self, upload_id: &str) -> Result<PathBuf, StoreError> {
        // ids are made here as 32 hexadecimal digits; anything else would be a path of the client's choice
        let is_id = upload_id.len() == 32 && upload_id.bytes().all(|byte| byte.is_ascii_hexdigit());
        let directory = self.directory.join("uploads").join(upload_id);
        if is_id && directory.is_dir() {
            Ok(directory)
        } else {
            Err(StoreError::NoSuchUpload {
                upload_id: upload_id.into(),
            })
        }
    }

    pub(crate) fn start_upload(&self, key: &str, headers: Headers) -> Result<String, StoreError> {
        let upload_id = uuid::Uuid::new_v4().simple().to_string();
        let directory = self.directory.join("uploads").join(&upload_id);
        fs::create_dir_all(&directory)
            .map_err(|error| StoreError::io("create", &directory, error))?;
        write_json(
            &directory.join("upload.json"),
            &Upload {
                key: key.into(),
                started_ms: now_ms(),
                headers,
            },
        )?;
        Ok(upload_id)
    }

    pub(crate) fn upload(&self, key: &str, upload_id: &str) -> Result<Upload, StoreError> {
        let upload: Upload = read_json(&self.upload_directory(upload_id)?.join("upload.json"))?;
        if upload.key == key {
            Ok(upload)
        } else {
            Err(StoreError::NoSuchUpload {
                upload_id: upload_id.into(),
            })
        }
    }

    /// Moves written content into an upload; the part's tag.
    pub(crate) fn put_part(
        &self,
        upload_id: &str,
        number: i32,
        written: &Written,
    ) -> Result<String, StoreError> {
        let directory = self.upload_directory(upload_id)?;
        let path = directory.join(number.to_string());
        fs::rename(self.blobs.path(&written.blob), &path)
            .map_err(|error| StoreError::io("write", &path, error))?;
        let info = PartInfo {
            bytes: written.bytes,
            md5: hex::encode(written.md5),
            modified_ms: now_ms(),
        };
        write_json(&directory.join(format!("{number}.json")), &info)?;
        Ok(info.md5)
    }

    /// The parts there are, by number.
    pub(crate) fn parts(&self, upload_id: &str) -> Result<Vec<(i32, PartInfo)>, StoreError> {
        let directory = self.upload_directory(upload_id)?;
        let listing =
            fs::read_dir(&directory).map_err(|error| StoreError::io("read", &directory, error))?;
        let mut parts = Vec::new();
        for entry in listing.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if let Some(number) = name
                .strip_suffix(".json")
                .and_then(|number| number.parse::<i32>().ok())
            {
                parts.push((number, read_json(&entry.path())?));
            }
        }
        parts.sort_by_key(|(number, _)| *number);
        Ok(parts)
    }

    /// Ids, keys and start times (milliseconds) of the uploads under way whose key starts with `prefix`.
    pub(crate) fn uploads(&self, prefix: &str) -> Result<Vec<(String, Upload)>, StoreError> {
        let directory = self.directory.join("uploads");
        let listing =
            fs::read_dir(&directory).map_err(|error| StoreError::io("read", &directory, error))?;
        let mut uploads: Vec<(String, Upload)> = listing
            .flatten()
            .filter_map(|entry| {
                let upload: Upload = read_json(&entry.path().join("upload.json")).ok()?;
                upload
                    .key
                    .starts_with(prefix)
                    .then(|| (entry.file_name().to_string_lossy().into_owned(), upload))
            })
            .collect();
        uploads.sort_by(|a, b| (&a.1.key, a.1.started_ms).cmp(&(&b.1.key, b.1.started_ms)));
        Ok(uploads)
    }

    /// Puts the named parts together as the newest version of the key; its tag and version id.
    pub(crate) async fn complete_upload(
        &self,
        key: &str,
        upload_id: &str,
        wanted: &[(i32, Option<String>)],
        condition: &Precondition,
    ) -> Result<(String, Option<String>), StoreError> {
        let upload = self.upload(key, upload_id)?;
        let directory = self.upload_directory(upload_id)?;
        let present = self.parts(upload_id)?;
        let mut md5 = Md5::new();
        let mut paths = Vec::new();
        for (at, (number, tag)) in wanted.iter().enumerate() {
            if at > 0 && wanted[at - 1].0 >= *number {
                return Err(StoreError::InvalidPartOrder);
            }
            let part = present
                .iter()
                .find(|(other, _)| other == number)
                .map(|(_, part)| part);
            let part = part
                .filter(|part| tag.as_ref().is_none_or(|tag| *tag == part.md5))
                .ok_or(StoreError::InvalidPart {
                    part_number: *number,
                })?;
            if part.bytes < PART_BYTES_MIN && at + 1 < wanted.len() {
                return Err(StoreError::PartTooSmall {
                    part_number: *number,
                });
            }
            md5.update(&hex::decode(&part.md5).unwrap_or_default());
            paths.push(directory.join(number.to_string()));
        }
        let tag = format!("{}-{}", hex::encode(md5.finalize()), wanted.len());
        let (blob, bytes) = self.blobs.concatenate(&paths).await?;
        let written = Written {
            blob,
            bytes,
            md5: [0; 16],
            checksums: Default::default(),
        };
        let version_id = self.put(key, written, tag.clone(), upload.headers, condition)?;
        self.abort_upload(key, upload_id)?;
        Ok((tag, version_id))
    }

    pub(crate) fn abort_upload(&self, key: &str, upload_id: &str) -> Result<(), StoreError> {
        self.upload(key, upload_id)?;
        let directory = self.upload_directory(upload_id)?;
        fs::remove_dir_all(&directory).map_err(|error| StoreError::io("remove", &directory, error))
    }
}

fn write_json(path: &PathBuf, value: &impl Serialize) -> Result<(), StoreError> {
    let text =
        serde_json::to_vec(value).map_err(|error| StoreError::io("write", path, error.into()))?;
    let fresh = path.with_extension("tmp");
    fs::write(&fresh, text)
        .and_then(|()| fs::rename(&fresh, path))
        .map_err(|error| StoreError::io("write", path, error))
}

fn read_json<T: DeserializeOwned>(path: &PathBuf) -> Result<T, StoreError> {
    let text = fs::read(path).map_err(|error| StoreError::io("read", path, error))?;
    serde_json::from_slice(&text).map_err(|error| StoreError::io("read", path, error.into()))
}
