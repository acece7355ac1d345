//! Which files a zip put into a code directory, so that the next one can take away what it lacks.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{Bundle, EntryKind, EntryName};

/// The files and links (not directories) that a bundle installed, by relative path.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub sha256: String,
    pub files: BTreeSet<String>,
}

impl Manifest {
    pub(crate) fn of(bundle: &Bundle) -> Manifest {
        let files = bundle
            .entries()
            .filter(|(_, entry)| entry.kind != EntryKind::Directory)
            .map(|(name, _)| name.to_string())
            .collect();
        Manifest {
            sha256: bundle.sha256().into(),
            files,
        }
    }

    /// The files of this manifest that `bundle` lacks, as safe names; a manifest edited by hand cannot lead outside.
    pub(crate) fn missing_from<'a>(
        &'a self,
        bundle: &'a Bundle,
    ) -> impl Iterator<Item = EntryName> + 'a {
        self.files
            .iter()
            .filter_map(|file| EntryName::parse(file.as_bytes()).ok())
            .filter(|name| {
                bundle
                    .entry(name)
                    .is_none_or(|entry| entry.kind == EntryKind::Directory)
            })
    }
}
