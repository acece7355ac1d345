//! A zip whose every entry was read and found harmless.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use zip::ZipArchive;

use crate::limits::RATIO_FREE_BYTES;
use crate::{EntryName, Limits, NameProblem};

/// A zip of code that passed every check of its container.
#[derive(Debug, Clone)]
pub struct Bundle {
    bytes: Arc<[u8]>,
    sha256: String,
    entries: BTreeMap<EntryName, Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Position in the zip.
    index: usize,
    pub kind: EntryKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryKind {
    Directory,
    File {
        bytes: u64,
        executable: bool,
    },
    /// A symbolic link to a place inside the tree; the text is kept as given.
    Link {
        target: String,
    },
}

/// Why a zip is refused.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    #[error("not a zip file: {reason}")]
    NotAZip { reason: String },
    #[error("the zip has {bytes} bytes, more than the limit of {limit}")]
    ZipTooLarge { bytes: u64, limit: u64 },
    #[error("the zip has {entries} entries, more than the limit of {limit}")]
    TooManyEntries { entries: u64, limit: u64 },
    #[error("the zip unpacks to more than the limit of {limit} bytes (at entry '{entry}')")]
    UnpacksTooLarge { entry: String, limit: u64 },
    #[error(
        "entry '{entry}' unpacks to more than {limit} times its size: this looks like a zip bomb"
    )]
    Bomb { entry: String, limit: u64 },
    #[error("entry '{entry}' has {problem}")]
    BadName { entry: String, problem: NameProblem },
    #[error("entry '{entry}' occurs twice")]
    Duplicate { entry: String },
    #[error("two entries have the same name")]
    SameNames,
    #[error("entry '{entry}' is a link to '{target}', which lies outside the code directory")]
    LinkOutside { entry: String, target: String },
    #[error("entry '{entry}' lies below '{parent}', which is not a directory")]
    ParentIsNotDirectory { entry: String, parent: String },
    #[error("entry '{entry}' is encrypted")]
    Encrypted { entry: String },
    #[error("entry '{entry}' is neither a file, a directory nor a link")]
    UnknownKind { entry: String },
    #[error("entry '{entry}' cannot be read: {reason}")]
    Corrupt { entry: String, reason: String },
}

const UNIX_KIND_MASK: u32 = 0o170_000;
const UNIX_REGULAR: u32 = 0o100_000;
const UNIX_DIRECTORY: u32 = 0o040_000;
const UNIX_LINK: u32 = 0o120_000;
/// Longest text of a symbolic link.
const LINK_BYTES_MAX: u64 = 1024;

impl Bundle {
    /// Reads the whole zip once, every entry to its end, and refuses what could harm.
    ///
    /// # Errors
    /// The first [`BundleError`] found, in the order of the zip's directory.
    pub fn open(bytes: impl Into<Arc<[u8]>>, limits: &Limits) -> Result<Bundle, BundleError> {
        let bytes: Arc<[u8]> = bytes.into();
        if bytes.len() as u64 > limits.zip_bytes_max {
            return Err(BundleError::ZipTooLarge {
                bytes: bytes.len() as u64,
                limit: limits.zip_bytes_max,
            });
        }
        let mut archive = open_archive(&bytes)?;
        if archive.len() as u64 > limits.entries_max {
            return Err(BundleError::TooManyEntries {
                entries: archive.len() as u64,
                limit: limits.entries_max,
            });
        }
        if archive.has_duplicate_names() {
            // the directory as read keeps the last of them only, so that the name is not known
            return Err(BundleError::SameNames);
        }
        let mut entries = BTreeMap::new();
        let mut unpacked = 0u64;
        for index in 0..archive.len() {
            let (name, kind, size) = read_entry(&mut archive, index, limits, unpacked)?;
            let Some(name) = name else { continue };
            unpacked += size;
            let shown = name.to_string();
            let known = entries.insert(name, Entry { index, kind });
            if known.is_some_and(|known| known.kind != EntryKind::Directory) {
                return Err(BundleError::Duplicate { entry: shown });
            }
        }
        require_directories_above(&entries)?;
        let sha256 = hex::encode(Sha256::digest(&bytes));
        Ok(Bundle {
            bytes,
            sha256,
            entries,
        })
    }

    /// Lower-case hexadecimal SHA-256 of the zip.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    pub fn zip_bytes(&self) -> &Arc<[u8]> {
        &self.bytes
    }

    /// All entries in order of their names.
    pub fn entries(&self) -> impl Iterator<Item = (&EntryName, &Entry)> {
        self.entries.iter()
    }

    pub fn entry(&self, name: &EntryName) -> Option<&Entry> {
        self.entries.get(name)
    }

    /// Calls `visit` with every file and its content, in order of names.
    ///
    /// # Errors
    /// What `visit` returns, or [`BundleError::Corrupt`] (not after a successful [`Bundle::open`] of the same bytes).
    pub fn for_each_file<E: From<BundleError>>(
        &self,
        mut visit: impl FnMut(&EntryName, &Entry, &mut dyn Read) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut archive = open_archive(&self.bytes)?;
        for (name, entry) in &self.entries {
            if let EntryKind::File { .. } = entry.kind {
                let mut file = archive
                    .by_index(entry.index)
                    .map_err(|error| corrupt(name.as_str(), &error))?;
                visit(name, entry, &mut file)?;
            }
        }
        Ok(())
    }
}

fn open_archive(bytes: &Arc<[u8]>) -> Result<ZipArchive<Cursor<Arc<[u8]>>>, BundleError> {
    ZipArchive::new(Cursor::new(Arc::clone(bytes))).map_err(|error| BundleError::NotAZip {
        reason: error.to_string(),
    })
}

fn corrupt(entry: &str, error: &dyn std::fmt::Display) -> BundleError {
    BundleError::Corrupt {
        entry: entry.into(),
        reason: error.to_string(),
    }
}

/// Name (none for `./`), kind and real size of one entry; reads it to its end within the limits.
fn read_entry(
    archive: &mut ZipArchive<Cursor<Arc<[u8]>>>,
    index: usize,
    limits: &Limits,
    unpacked_so_far: u64,
) -> Result<(Option<EntryName>, EntryKind, u64), BundleError> {
    let shown = |raw: &[u8]| String::from_utf8_lossy(raw).into_owned();
    let encrypted = archive
        .by_index_raw(index)
        .map_err(|error| corrupt(&format!("#{index}"), &error))?;
    let raw_name = encrypted.name_raw().to_vec();
    if encrypted.encrypted() {
        return Err(BundleError::Encrypted {
            entry: shown(&raw_name),
        });
    }
    drop(encrypted);
    let name = match EntryName::parse(&raw_name) {
        Ok(name) => Some(name),
        Err(NameProblem::Empty) if raw_name.ends_with(b"/") => None,
        Err(problem) => {
            return Err(BundleError::BadName {
                entry: shown(&raw_name),
                problem,
            });
        }
    };
    let mut file = archive
        .by_index(index)
        .map_err(|error| corrupt(&shown(&raw_name), &error))?;
    let unix_mode = file.unix_mode().unwrap_or(0);
    let unix_kind = unix_mode & UNIX_KIND_MASK;
    let is_directory = raw_name.ends_with(b"/");
    if is_directory || unix_kind == UNIX_DIRECTORY {
        return Ok((name, EntryKind::Directory, 0));
    }
    let Some(name) = name else {
        return Err(BundleError::BadName {
            entry: shown(&raw_name),
            problem: NameProblem::Empty,
        });
    };
    if unix_kind == UNIX_LINK {
        let mut target = String::new();
        (&mut file)
            .take(LINK_BYTES_MAX)
            .read_to_string(&mut target)
            .map_err(|error| corrupt(name.as_str(), &error))?;
        if name.resolve_link(&target).is_none() {
            return Err(BundleError::LinkOutside {
                entry: name.to_string(),
                target,
            });
        }
        return Ok((Some(name), EntryKind::Link { target }, 0));
    }
    if unix_kind != 0 && unix_kind != UNIX_REGULAR {
        return Err(BundleError::UnknownKind {
            entry: name.to_string(),
        });
    }
    let packed = file.compressed_size().max(1);
    let mut size = 0u64;
    let mut buffer = [0u8; 64 << 10];
    loop {
        let read = file
            .read(&mut buffer)
            .map_err(|error| corrupt(name.as_str(), &error))?;
        if read == 0 {
            break;
        }
        size += read as u64;
        if unpacked_so_far + size > limits.unpacked_bytes_max {
            return Err(BundleError::UnpacksTooLarge {
                entry: name.to_string(),
                limit: limits.unpacked_bytes_max,
            });
        }
        if size > RATIO_FREE_BYTES && size / packed > limits.ratio_max {
            return Err(BundleError::Bomb {
                entry: name.to_string(),
                limit: limits.ratio_max,
            });
        }
    }
    Ok((
        Some(name),
        EntryKind::File {
            bytes: size,
            executable: unix_mode & 0o111 != 0,
        },
        size,
    ))
}

/// Nothing may lie below a file or a link: unpacking through a link is how a zip leaves its tree.
fn require_directories_above(entries: &BTreeMap<EntryName, Entry>) -> Result<(), BundleError> {
    let not_directories: BTreeSet<&str> = entries
        .iter()
        .filter(|(_, entry)| entry.kind != EntryKind::Directory)
        .map(|(name, _)| name.as_str())
        .collect();
    for name in entries.keys() {
        if let Some(parent) = name
            .parents()
            .find(|parent| not_directories.contains(parent))
        {
            return Err(BundleError::ParentIsNotDirectory {
                entry: name.to_string(),
                parent: parent.into(),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io::Write;

    use proptest::prelude::*;
    use zip::write::SimpleFileOptions;

    use super::*;

    /// A zip of files, written by name and content.
    pub(crate) fn zip_of(files: &[(&str, &str)]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in files {
            writer
                .start_file(*name, SimpleFileOptions::default())
                .expect("a valid name");
            writer.write_all(content.as_bytes()).expect("memory");
        }
        writer.finish().expect("memory").into_inner()
    }

    fn open(bytes: Vec<u8>) -> Result<Bundle, BundleError> {
        Bundle::open(bytes, &Limits::default())
    }

    #[test]
    fn a_plain_zip_lists_its_files() {
        let bundle = open(zip_of(&[("init.q", "a:1"), ("lib/u.q", "b:2")])).expect("harmless");
        let names: Vec<&str> = bundle.entries().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["init.q", "lib/u.q"]);
        assert_eq!(bundle.sha256().len(), 64);
    }

    #[test]
    fn paths_out_of_the_tree_are_refused() {
        for name in ["../x.q", "/etc/x.q", "a/../../x.q", "a\\b.q"] {
            let refused = open(zip_of(&[(name, "")]));
            assert!(
                matches!(refused, Err(BundleError::BadName { .. })),
                "{name}: {refused:?}"
            );
        }
    }

    #[test]
    fn links_out_of_the_tree_and_files_below_links_are_refused() {
        let link = |target: &str, below: bool| {
            let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
            writer
                .add_symlink("lib/now", target, SimpleFileOptions::default())
                .expect("valid");
            if below {
                writer
                    .start_file("lib/now/x.q", SimpleFileOptions::default())
                    .expect("valid");
            }
            open(writer.finish().expect("memory").into_inner())
        };
        assert!(link("../v1", false).is_ok());
        assert!(matches!(
            link("../../etc", false),
            Err(BundleError::LinkOutside { .. })
        ));
        assert!(matches!(
            link("/etc", false),
            Err(BundleError::LinkOutside { .. })
        ));
        assert!(matches!(
            link("../v1", true),
            Err(BundleError::ParentIsNotDirectory { .. })
        ));
    }

    #[test]
    fn bombs_and_sizes_are_refused() {
        let zeros = "0".repeat(8 << 20);
        assert!(matches!(
            open(zip_of(&[("a.q", &zeros)])),
            Err(BundleError::Bomb { .. })
        ));
        let small = Limits {
            unpacked_bytes_max: 10,
            ..Limits::default()
        };
        let refused = Bundle::open(zip_of(&[("a.q", "0123456789a")]), &small);
        assert!(matches!(refused, Err(BundleError::UnpacksTooLarge { .. })));
        let few = Limits {
            entries_max: 1,
            ..Limits::default()
        };
        let refused = Bundle::open(zip_of(&[("a.q", ""), ("b.q", "")]), &few);
        assert!(matches!(refused, Err(BundleError::TooManyEntries { .. })));
        let tiny = Limits {
            zip_bytes_max: 10,
            ..Limits::default()
        };
        assert!(matches!(
            Bundle::open(zip_of(&[("a.q", "")]), &tiny),
            Err(BundleError::ZipTooLarge { .. })
        ));
    }

    #[test]
    fn what_is_no_zip_or_damaged_is_refused() {
        assert!(matches!(
            open(b"hello".to_vec()),
            Err(BundleError::NotAZip { .. })
        ));
        let mut damaged = zip_of(&[(
            "a.q",
            "some text that is stored with its checksum, long enough to be hit",
        )]);
        damaged[40] ^= 0x55;
        assert!(open(damaged).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..512), at in 0usize..200, flip in any::<u8>()) {
            let _ = open(bytes);
            let mut changed = zip_of(&[("init.q", "a:1"), ("lib/u.q", "b:2")]);
            let at = at % changed.len();
            changed[at] ^= flip;
            let _ = open(changed);
        }
    }
}
