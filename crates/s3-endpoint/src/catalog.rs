//! What a bucket holds, in memory: every key with its versions, kept by replaying the journal's records.

use std::collections::BTreeMap;

use crate::journal::{Content, ObjectVersion, Record, Versioning};

/// The state of one bucket.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    pub created_ms: i64,
    pub region: String,
    pub versioning: Versioning,
    /// Versions of each key, the newest last; never empty.
    keys: BTreeMap<String, Vec<ObjectVersion>>,
}

pub(crate) const NULL_VERSION: &str = "null";

impl Catalog {
    /// Applies one record; returns the blobs that nothing refers to any more.
    pub(crate) fn apply(&mut self, record: Record) -> Vec<String> {
        match record {
            Record::Bucket { created_ms, region } => {
                (self.created_ms, self.region) = (created_ms, region);
                Vec::new()
            }
            Record::Versioning { state } => {
                self.versioning = state;
                Vec::new()
            }
            Record::Put { key, version } => {
                let versions = self.keys.entry(key).or_default();
                let replaced = take_version(
                    versions,
                    &version.version_id,
                    version.version_id == NULL_VERSION,
                );
                versions.push(*version);
                replaced
            }
            Record::Remove { key, version_id } => {
                let Some(versions) = self.keys.get_mut(&key) else {
                    return Vec::new();
                };
                let removed = take_version(versions, &version_id, true);
                if versions.is_empty() {
                    self.keys.remove(&key);
                }
                removed
            }
        }
    }

    /// The newest version of a key, delete markers included.
    pub(crate) fn latest(&self, key: &str) -> Option<&ObjectVersion> {
        self.keys.get(key).and_then(|versions| versions.last())
    }

    pub(crate) fn version(&self, key: &str, version_id: &str) -> Option<&ObjectVersion> {
        self.keys
            .get(key)?
            .iter()
            .find(|version| version.version_id == version_id)
    }

    /// Keys from `start` on in byte order, with their versions, the newest last.
    pub(crate) fn keys_from(&self, start: &str) -> impl Iterator<Item = (&str, &[ObjectVersion])> {
        self.keys
            .range(start.to_owned()..)
            .map(|(key, versions)| (key.as_str(), versions.as_slice()))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Every content that is referred to.
    pub(crate) fn contents(&self) -> impl Iterator<Item = &Content> {
        self.keys
            .values()
            .flatten()
            .filter_map(|version| version.content.as_ref())
    }

    /// The shortest journal that gives this state.
    pub(crate) fn records(&self) -> Vec<Record> {
        let head = [
            Record::Bucket {
                created_ms: self.created_ms,
                region: self.region.clone(),
            },
            Record::Versioning {
                state: self.versioning,
            },
        ];
        let puts = self.keys.iter().flat_map(|(key, versions)| {
            versions.iter().map(|version| Record::Put {
                key: key.clone(),
                version: Box::new(version.clone()),
            })
        });
        head.into_iter().chain(puts).collect()
    }
}

/// Takes out the version with this id when `wanted`; the blob it referred to.
fn take_version(versions: &mut Vec<ObjectVersion>, version_id: &str, wanted: bool) -> Vec<String> {
    let Some(at) = versions
        .iter()
        .position(|version| wanted && version.version_id == version_id)
    else {
        return Vec::new();
    };
    versions
        .remove(at)
        .content
        .map(|content| content.blob)
        .into_iter()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(key: &str, version_id: &str, blob: &str) -> Record {
        let content = Some(Content {
            blob: blob.into(),
            ..Content::default()
        });
        Record::Put {
            key: key.into(),
            version: Box::new(ObjectVersion {
                version_id: version_id.into(),
                modified_ms: 0,
                content,
            }),
        }
    }

    #[test]
    fn null_versions_replace_each_other_and_others_stay() {
        let mut catalog = Catalog::default();
        assert!(catalog.apply(put("k", NULL_VERSION, "1")).is_empty());
        assert_eq!(catalog.apply(put("k", NULL_VERSION, "2")), ["1"]);
        assert!(catalog.apply(put("k", "v3", "3")).is_empty());
        assert_eq!(
            catalog
                .keys_from("")
                .map(|(_, versions)| versions.len())
                .sum::<usize>(),
            2
        );
        let mut again = Catalog::default();
        for record in catalog.records() {
            assert!(again.apply(record).is_empty());
        }
        assert_eq!(again.latest("k"), catalog.latest("k"));
        assert_eq!(
            again.apply(Record::Remove {
                key: "k".into(),
                version_id: "v3".into()
            }),
            ["3"]
        );
        assert_eq!(
            again.latest("k").map(|version| version.version_id.as_str()),
            Some(NULL_VERSION)
        );
    }
}
