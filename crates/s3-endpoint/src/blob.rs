//! Content of objects: files named by random ids, written once, never changed.

use std::collections::BTreeMap;
use std::io::SeekFrom;
use std::ops::Range;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::StreamExt;
use http::HeaderMap;
use s3s::TrailingHeaders;
use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum, Crc32, Crc32c, Crc64Nvme, Md5, Sha1, Sha256};
use s3s::dto::StreamingBlob;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt, BufWriter};
use tokio_util::io::ReaderStream;

use crate::StoreError;

const CHECKSUM_HEADERS: [&str; 5] = [
    "x-amz-checksum-crc32",
    "x-amz-checksum-crc32c",
    "x-amz-checksum-crc64nvme",
    "x-amz-checksum-sha1",
    "x-amz-checksum-sha256",
];

/// What the sender says of the bytes it sends; checked while they are written.
#[derive(Default)]
pub(crate) struct Expected {
    /// `content-md5`, base64.
    pub md5: Option<String>,
    pub bytes: Option<u64>,
    /// Checksums by header name, base64.
    pub checksums: BTreeMap<String, String>,
    /// Names of checksum headers announced to follow the body.
    pub trailers: Vec<String>,
    pub trailing: Option<TrailingHeaders>,
}

impl Expected {
    pub(crate) fn of(headers: &HeaderMap, trailing: Option<TrailingHeaders>) -> Expected {
        let text = |name: &str| {
            headers
                .get(name)
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned)
        };
        let announced = text("x-amz-trailer")
            .unwrap_or_default()
            .to_ascii_lowercase();
        Expected {
            md5: text("content-md5"),
            bytes: text("x-amz-decoded-content-length")
                .or_else(|| text("content-length"))
                .and_then(|length| length.parse().ok()),
            checksums: CHECKSUM_HEADERS
                .iter()
                .filter_map(|name| text(name).map(|value| ((*name).to_owned(), value)))
                .collect(),
            trailers: CHECKSUM_HEADERS
                .iter()
                .filter(|name| announced.split(',').any(|other| other.trim() == **name))
                .map(|name| (*name).to_owned())
                .collect(),
            trailing,
        }
    }

    fn hasher(&self) -> ChecksumHasher {
        let wants = |name: &str| {
            self.checksums.contains_key(name) || self.trailers.iter().any(|other| other == name)
        };
        ChecksumHasher {
            crc32: wants(CHECKSUM_HEADERS[0]).then(Crc32::new),
            crc32c: wants(CHECKSUM_HEADERS[1]).then(Crc32c::new),
            crc64nvme: wants(CHECKSUM_HEADERS[2]).then(Crc64Nvme::new),
            sha1: wants(CHECKSUM_HEADERS[3]).then(Sha1::new),
            sha256: wants(CHECKSUM_HEADERS[4]).then(Sha256::new),
        }
    }
}

/// Bytes that are on disk, synced, and not yet part of any object.
#[derive(Debug)]
pub(crate) struct Written {
    pub blob: String,
    pub bytes: u64,
    pub md5: [u8; 16],
    pub checksums: BTreeMap<String, String>,
}

/// A directory of blobs.
#[derive(Debug, Clone)]
pub(crate) struct Blobs {
    directory: PathBuf,
}

impl Blobs {
    pub(crate) fn new(directory: PathBuf) -> Blobs {
        Blobs { directory }
    }

    pub(crate) fn path(&self, blob: &str) -> PathBuf {
        self.directory.join(blob)
    }

    /// Writes a body to its end, checks it against what was promised, syncs it.
    ///
    /// # Errors
    /// [`StoreError::Digest`] or [`StoreError::Incomplete`] when the bytes are not those promised; nothing is left then.
    pub(crate) async fn write(
        &self,
        mut body: StreamingBlob,
        expected: Expected,
    ) -> Result<Written, StoreError> {
        let blob = uuid::Uuid::new_v4().simple().to_string();
        let path = self.path(&blob);
        let written = write_checked(&path, &mut body, expected).await;
        if written.is_err() {
            let _ = tokio::fs::remove_file(&path).await; // best effort; opening the store sweeps leftovers
        }
        let (bytes, md5, checksums) = written?;
        Ok(Written {
            blob,
            bytes,
            md5,
            checksums,
        })
    }

    /// One blob out of several, in order; the parts stay.
    pub(crate) async fn concatenate(&self, parts: &[PathBuf]) -> Result<(String, u64), StoreError> {
        let blob = uuid::Uuid::new_v4().simple().to_string();
        let path = self.path(&blob);
        let failed = |source| StoreError::io("write", &path, source);
        let mut file = File::create_new(&path).await.map_err(failed)?;
        let mut bytes = 0;
        for part in parts {
            let mut part_file = File::open(part)
                .await
                .map_err(|source| StoreError::io("read", part, source))?;
            bytes += tokio::io::copy(&mut part_file, &mut file)
                .await
                .map_err(failed)?;
        }
        file.sync_all().await.map_err(failed)?;
        Ok((blob, bytes))
    }

    /// A body that reads part of a blob. The file is open when this returns, so deleting the object does not cut it off.
    pub(crate) async fn read(
        &self,
        blob: &str,
        range: Range<u64>,
    ) -> Result<StreamingBlob, StoreError> {
        let path = self.path(blob);
        let failed = |source| StoreError::io("read", &path, source);
        let mut file = File::open(&path).await.map_err(failed)?;
        file.seek(SeekFrom::Start(range.start))
            .await
            .map_err(failed)?;
        let part = file.take(range.end - range.start);
        Ok(StreamingBlob::wrap(ReaderStream::with_capacity(
            part,
            256 << 10,
        )))
    }

    pub(crate) async fn read_whole(&self, blob: &str) -> Result<Vec<u8>, StoreError> {
        let path = self.path(blob);
        tokio::fs::read(&path)
            .await
            .map_err(|source| StoreError::io("read", &path, source))
    }

    /// A second name for the same bytes, for copies.
    pub(crate) fn duplicate(&self, source: &Path) -> Result<String, StoreError> {
        let blob = uuid::Uuid::new_v4().simple().to_string();
        let path = self.path(&blob);
        std::fs::hard_link(source, &path)
            .or_else(|_| std::fs::copy(source, &path).map(|_| ()))
            .map_err(|error| StoreError::io("copy", source, error))?;
        Ok(blob)
    }

    pub(crate) fn remove(&self, blob: &str) {
        if let Err(error) = std::fs::remove_file(self.path(blob)) {
            tracing::warn!(blob, %error, "a replaced object's content could not be removed; the next start tries again");
        }
    }
}

type Checked = (u64, [u8; 16], BTreeMap<String, String>);

async fn write_checked(
    path: &Path,
    body: &mut StreamingBlob,
    expected: Expected,
) -> Result<Checked, StoreError> {
    let failed = |source| StoreError::io("write", path, source);
    let mut file = BufWriter::with_capacity(1 << 20, File::create_new(path).await.map_err(failed)?);
    let (mut bytes, mut md5, mut hasher) = (0u64, Md5::new(), expected.hasher());
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|error| StoreError::Incomplete {
            reason: error.to_string(),
        })?;
        bytes += chunk.len() as u64;
        md5.update(&chunk);
        hasher.update(&chunk);
        file.write_all(&chunk).await.map_err(failed)?;
    }
    file.flush().await.map_err(failed)?;
    file.get_ref().sync_all().await.map_err(failed)?;
    let md5: [u8; 16] = md5.finalize();
    if expected.bytes.is_some_and(|promised| promised != bytes) {
        return Err(StoreError::Incomplete {
            reason: format!("{bytes} bytes came, other than the length promised"),
        });
    }
    if expected
        .md5
        .as_ref()
        .is_some_and(|promised| *promised != STANDARD.encode(md5))
    {
        return Err(StoreError::Digest {
            name: "content-md5".into(),
        });
    }
    let sums = hasher.finalize();
    let found: BTreeMap<String, String> = [
        sums.checksum_crc32,
        sums.checksum_crc32c,
        sums.checksum_crc64nvme,
        sums.checksum_sha1,
        sums.checksum_sha256,
    ]
    .into_iter()
    .zip(CHECKSUM_HEADERS)
    .filter_map(|(sum, name)| sum.map(|sum| (name.to_owned(), sum)))
    .collect();
    let mut promised = expected.checksums;
    if let Some(trailers) = expected.trailing.and_then(|trailing| trailing.take()) {
        for name in &expected.trailers {
            if let Some(value) = trailers.get(name).and_then(|value| value.to_str().ok()) {
                promised.insert(name.clone(), value.trim().to_owned());
            }
        }
    }
    for (name, value) in &promised {
        if found.get(name) != Some(value) {
            return Err(StoreError::Digest { name: name.clone() });
        }
    }
    Ok((bytes, md5, found))
}
