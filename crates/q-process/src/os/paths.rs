//! Paths that q code writes as `/opt/kx/app/...`, laid out elsewhere on this machine.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The environment variable with `PREFIX=FOLDER` entries, separated by colons.
pub(crate) const PATH_MAP_VARIABLE: &str = "QSPACE_PATH_MAP";

/// Prefixes and what stands for them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct PathMap {
    entries: Vec<(PathBuf, PathBuf)>,
}

impl PathMap {
    /// Reads entries such as `/opt/kx/app=/var/lib/qspace/node1/app`; entries that are not absolute on both sides are left
    /// out.
    pub(crate) fn parse(text: &str) -> PathMap {
        let entries = text
            .split(':')
            .filter_map(|entry| entry.split_once('='))
            .map(|(prefix, folder)| (PathBuf::from(prefix), PathBuf::from(folder)))
            .filter(|(prefix, folder)| prefix.is_absolute() && folder.is_absolute())
            .collect();
        PathMap { entries }
    }

    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Where a path of q code really is.
    pub(crate) fn real(&self, path: &Path) -> PathBuf {
        for (prefix, folder) in &self.entries {
            if let Ok(rest) = path.strip_prefix(prefix) {
                // joining an empty rest would add a slash
                return if rest.as_os_str().is_empty() {
                    folder.clone()
                } else {
                    folder.join(rest)
                };
            }
        }
        path.to_path_buf()
    }

    /// What q code calls a real path.
    pub(crate) fn shown(&self, path: &Path) -> PathBuf {
        for (prefix, folder) in &self.entries {
            if let Ok(rest) = path.strip_prefix(folder) {
                return if rest.as_os_str().is_empty() {
                    prefix.clone()
                } else {
                    prefix.join(rest)
                };
            }
        }
        path.to_path_buf()
    }

    /// The text of a shell command with every prefix replaced by its folder.
    pub(crate) fn real_text(&self, text: &[u8]) -> Vec<u8> {
        self.entries.iter().fold(text.to_vec(), |text, (from, to)| {
            replace_prefix(&text, from.as_os_str(), to.as_os_str())
        })
    }

    /// The output of a shell command with every folder replaced by its prefix.
    pub(crate) fn shown_text(&self, text: &[u8]) -> Vec<u8> {
        self.entries.iter().fold(text.to_vec(), |text, (to, from)| {
            replace_prefix(&text, from.as_os_str(), to.as_os_str())
        })
    }
}

/// Replaces a path wherever it stands as a whole or as the beginning of a longer one.
fn replace_prefix(text: &[u8], from: &OsStr, to: &OsStr) -> Vec<u8> {
    let (from, to) = (from.as_bytes(), to.as_bytes());
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-/".contains(byte);
    let mut result = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(rest) = text.get(at..)
        && let Some(first) = rest.first()
    {
        let ends = |after: &[u8]| {
            after
                .first()
                .is_none_or(|byte| *byte == b'/' || !is_name(byte))
        };
        let starts = at == 0 || text.get(at - 1).is_none_or(|byte| !is_name(byte));
        match rest.strip_prefix(from) {
            Some(after) if starts && ends(after) => {
                result.extend_from_slice(to);
                at += from.len();
            }
            _ => {
                result.push(*first);
                at += 1;
            }
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_mapped_by_whole_components() {
        let map = PathMap::parse("/opt/kx/app=/data/node 1/app");
        let real = |path: &str| map.real(Path::new(path));
        assert_eq!(real("/opt/kx/app"), PathBuf::from("/data/node 1/app"));
        assert_eq!(
            real("/opt/kx/app/code/a.q"),
            PathBuf::from("/data/node 1/app/code/a.q")
        );
        assert_eq!(real("/opt/kx/apple"), PathBuf::from("/opt/kx/apple"));
        assert_eq!(real("relative"), PathBuf::from("relative"));
        assert_eq!(
            map.shown(Path::new("/data/node 1/app/code")),
            PathBuf::from("/opt/kx/app/code")
        );
    }

    #[test]
    fn commands_and_their_output_are_mapped_too() {
        let map = PathMap::parse("/opt/kx/app=/data/n1");
        assert_eq!(
            map.real_text(b"ls /opt/kx/app/code /opt/kx/apple \"/opt/kx/app\""),
            b"ls /data/n1/code /opt/kx/apple \"/data/n1\""
        );
        assert_eq!(
            map.shown_text(b"/data/n1/code\n/x/data/n1\n"),
            b"/opt/kx/app/code\n/x/data/n1\n"
        );
    }

    #[test]
    fn nonsense_maps_nothing() {
        assert!(PathMap::parse("").is_empty());
        assert!(PathMap::parse("relative=/x:/y").is_empty());
    }
}
