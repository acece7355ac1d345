//! The journal of a bucket: one JSON record a line, appended and synced; replayed when the store opens.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// What a version of an object is, besides its content.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ObjectVersion {
    /// `null` while the bucket keeps no versions.
    pub version_id: String,
    /// Milliseconds since the Unix epoch.
    pub modified_ms: i64,
    /// `None` for a delete marker.
    pub content: Option<Content>,
}

/// Where the bytes of a version are, and what was said of them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Content {
    pub blob: String,
    pub bytes: u64,
    /// Without quotes.
    pub etag: String,
    #[serde(default, skip_serializing_if = "Headers::is_empty")]
    pub headers: Headers,
    /// Checksum by header name (`x-amz-checksum-crc32`), base64.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub checksums: BTreeMap<String, String>,
}

/// Headers that come back with the object.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Headers {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_encoding: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_disposition: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_language: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_control: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
}

impl Headers {
    fn is_empty(&self) -> bool {
        *self == Headers::default()
    }
}

/// Whether a bucket keeps former versions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Versioning {
    #[default]
    Off,
    Enabled,
    Suspended,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub(crate) enum Record {
    Bucket {
        created_ms: i64,
        region: String,
    },
    Versioning {
        state: Versioning,
    },
    /// A new version; with id `null` it takes the place of the former `null` version.
    Put {
        key: String,
        version: Box<ObjectVersion>,
    },
    Remove {
        key: String,
        version_id: String,
    },
}

/// The open journal of one bucket.
#[derive(Debug)]
pub(crate) struct Journal {
    file: File,
    /// Length of the records known to be whole; a failed append is cut off.
    length: u64,
    pub records: usize,
}

impl Journal {
    /// Opens or creates the journal and returns its records. A last line that was not written whole is dropped: its
    /// writer never heard that it succeeded.
    pub(crate) fn open(path: &Path) -> io::Result<(Journal, Vec<Record>)> {
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(path)?;
        let mut records = Vec::new();
        let mut length = 0u64;
        let mut reader = BufReader::new(&file);
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = reader.read_until(b'\n', &mut line)?;
            if read == 0 || !line.ends_with(b"\n") {
                break;
            }
            let record = serde_json::from_slice(&line).map_err(|error| {
                io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("{} at byte {length}: {error}", path.display()),
                )
            })?;
            records.push(record);
            length += read as u64;
        }
        file.set_len(length)?;
        let count = records.len();
        Ok((
            Journal {
                file,
                length,
                records: count,
            },
            records,
        ))
    }

    /// Appends records and syncs them; all or none of them are there afterwards.
    pub(crate) fn append(&mut self, records: &[Record]) -> io::Result<()> {
        let text = lines(records)?;
        let written = self
            .file
            .write_all(&text)
            .and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            self.file.set_len(self.length)?;
            return Err(error);
        }
        self.length += text.len() as u64;
        self.records += records.len();
        Ok(())
    }

    /// Replaces the journal by these records, atomically.
    pub(crate) fn rewrite(path: &Path, records: &[Record]) -> io::Result<Journal> {
        let fresh: PathBuf = path.with_extension("new");
        let mut file = File::create(&fresh)?;
        file.write_all(&lines(records)?)?;
        file.sync_all()?;
        fs::rename(&fresh, path)?;
        sync_directory(path)?;
        Journal::open(path).map(|(journal, _)| journal)
    }
}

fn lines(records: &[Record]) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    for record in records {
        serde_json::to_writer(&mut text, record).map_err(io::Error::other)?;
        text.push(b'\n');
    }
    Ok(text)
}

/// Syncs the directory that holds `path`, so that a rename or creation in it lasts.
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_last_line_is_dropped_and_overwritten() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("journal.jsonl");
        let remove = |key: &str| Record::Remove {
            key: key.into(),
            version_id: "v".into(),
        };
        let (mut journal, none) = Journal::open(&path).expect("opens");
        assert!(none.is_empty());
        journal
            .append(&[remove("a"), remove("b")])
            .expect("appends");
        drop(journal);
        let mut text = fs::read(&path).expect("readable");
        text.extend_from_slice(b"{\"record\":\"rem");
        fs::write(&path, text).expect("writable");
        let (mut journal, records) = Journal::open(&path).expect("opens");
        assert_eq!(records, [remove("a"), remove("b")]);
        journal.append(&[remove("c")]).expect("appends");
        assert_eq!(Journal::open(&path).expect("opens").1.len(), 3);
    }
}
