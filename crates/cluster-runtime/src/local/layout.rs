//! Where everything of a node lies on disk, and the atomic ways in which it appears and disappears.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::{ClusterKey, NodeSpec};

/// A name that must not become a path component.
#[derive(Debug, thiserror::Error)]
#[error("{what} {name:?} cannot be used as a file name")]
pub struct LayoutError {
    what: &'static str,
    name: String,
}

/// Which node a directory belongs to; written before the directory becomes visible.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeIdentity {
    pub cluster: ClusterKey,
    pub node_id: String,
    pub listen_address: String,
    pub cluster_port: u16,
}

impl NodeIdentity {
    pub fn of(spec: &NodeSpec) -> Self {
        NodeIdentity {
            cluster: spec.cluster.clone(),
            node_id: spec.node_id.clone(),
            listen_address: spec.listen_address.clone(),
            cluster_port: spec.cluster_port,
        }
    }
}

/// The data directory of an installation, as far as nodes use it.
#[derive(Debug, Clone)]
pub struct DataLayout {
    root: PathBuf,
}

impl DataLayout {
    pub fn new(root: impl Into<PathBuf>) -> Self {
        DataLayout { root: root.into() }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `DATA/nodes`.
    pub fn nodes(&self) -> PathBuf {
        self.root.join("nodes")
    }

    /// `DATA/endpoint`, in which the server writes the URL it answers on.
    pub fn endpoint_file(&self) -> PathBuf {
        self.root.join("endpoint")
    }

    /// `DATA/nodes/<node id>`.
    ///
    /// # Errors
    /// The id is not made of letters and digits only.
    pub fn node(&self, node_id: &str) -> Result<NodeDirectory, LayoutError> {
        let plain =
            node_id.len() <= 64 && node_id.chars().all(|letter| letter.is_ascii_alphanumeric());
        if node_id.is_empty() || !plain {
            return Err(LayoutError {
                what: "node id",
                name: node_id.to_owned(),
            });
        }
        Ok(NodeDirectory {
            path: self.nodes().join(node_id),
        })
    }

    /// `DATA/logs/<environment>/<cluster>/<node id>.log`.
    ///
    /// # Errors
    /// A name that would leave the directory.
    pub fn node_log(&self, cluster: &ClusterKey, node_id: &str) -> Result<PathBuf, LayoutError> {
        let environment = file_name("environment", &cluster.environment_id)?;
        let name = file_name("cluster", &cluster.cluster_name)?;
        let node = file_name("node id", node_id)?;
        Ok(self
            .root
            .join("logs")
            .join(environment)
            .join(name)
            .join(format!("{node}.log")))
    }

    /// The directories of all nodes, in the order of their ids. An absent `DATA/nodes` is an empty list.
    pub fn node_directories(&self) -> io::Result<Vec<NodeDirectory>> {
        let entries = match fs::read_dir(self.nodes()) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut directories = Vec::new();
        for entry in entries {
            let entry = entry?;
            let hidden = entry.file_name().to_string_lossy().starts_with('.');
            if !hidden && entry.file_type()?.is_dir() {
                directories.push(NodeDirectory { path: entry.path() });
            }
        }
        directories.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(directories)
    }

    /// Makes the node's directory with its identity inside; keeps one that exists.
    ///
    /// The directory appears complete or not at all: it is built beside and renamed.
    pub fn create_node(&self, identity: &NodeIdentity) -> io::Result<NodeDirectory> {
        let directory = self
            .node(&identity.node_id)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        if directory.identity_file().is_file() {
            return Ok(directory);
        }
        create_private_directory(&self.nodes())?;
        let beside = self
            .nodes()
            .join(format!(".new-{}-{}", identity.node_id, std::process::id()));
        remove_tree(&beside)?;
        create_private_directory(&beside)?;
        write_atomically(
            &beside.join("identity.json"),
            &serde_json::to_vec_pretty(identity)?,
        )?;
        match fs::rename(&beside, directory.path()) {
            Ok(()) => Ok(directory),
            Err(error) => {
                remove_tree(&beside)?;
                // Somebody else may have made it in between.
                if directory.identity_file().is_file() {
                    Ok(directory)
                } else {
                    Err(error)
                }
            }
        }
    }

    /// Deletes what a crash left half made or half deleted.
    pub fn remove_debris(&self) -> io::Result<()> {
        let entries = match fs::read_dir(self.nodes()) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with(".new-") || name.starts_with(".gone-") {
                remove_tree(&entry.path())?;
            }
        }
        Ok(())
    }
}

/// The directory of one node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeDirectory {
    path: PathBuf,
}

impl NodeDirectory {
    /// Takes `path` as the directory of a node without looking at it.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        NodeDirectory { path: path.into() }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn identity_file(&self) -> PathBuf {
        self.path.join("identity.json")
    }

    /// The specification last accepted, with the highest generation seen.
    pub fn spec_file(&self) -> PathBuf {
        self.path.join("spec.json")
    }

    pub fn state_file(&self) -> PathBuf {
        self.path.join("state.json")
    }

    pub fn pid_file(&self) -> PathBuf {
        self.path.join("agent.pid")
    }

    pub fn socket(&self) -> PathBuf {
        self.path.join("agent.sock")
    }

    /// What the agent itself has to say; the log of q is elsewhere and outlives the node.
    pub fn agent_log(&self) -> PathBuf {
        self.path.join("agent.log")
    }

    /// Seen by q as `/opt/kx/app`.
    pub fn app(&self) -> PathBuf {
        self.path.join("app")
    }

    pub fn code(&self) -> PathBuf {
        self.app().join("code")
    }

    /// Where the next code is unpacked before it takes the place of the present one.
    pub fn staging(&self) -> PathBuf {
        self.path.join("staging")
    }

    pub fn bootstrap(&self) -> PathBuf {
        self.path.join("bootstrap.q")
    }

    /// The node this directory belongs to, `None` when the file is not there or not readable as such.
    pub fn identity(&self) -> Option<NodeIdentity> {
        serde_json::from_slice(&fs::read(self.identity_file()).ok()?).ok()
    }

    /// The specification last accepted, `None` before the first.
    pub fn spec(&self) -> io::Result<Option<NodeSpec>> {
        match fs::read(self.spec_file()) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes the directory invisible in one step, then deletes it. Absent is fine.
    pub fn remove(&self) -> io::Result<()> {
        let Some((parent, name)) = self.path.parent().zip(self.path.file_name()) else {
            return Err(io::Error::from(io::ErrorKind::InvalidInput));
        };
        let gone = parent.join(format!(
            ".gone-{}-{}",
            name.to_string_lossy(),
            std::process::id()
        ));
        match fs::rename(&self.path, &gone) {
            Ok(()) => remove_tree(&gone),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Writes a file so that a reader sees the old content or the new one, never a part; mode 0600.
pub fn write_atomically(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.new", std::process::id()));
    let beside = path.with_file_name(name);
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)?;
    file.write_all(content)?;
    drop(file);
    fs::rename(&beside, path)
}

/// Only the owner may look inside: specifications hold keys.
fn create_private_directory(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
}

fn remove_tree(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn file_name<'a>(what: &'static str, name: &'a str) -> Result<&'a str, LayoutError> {
    let plain = name
        .chars()
        .all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.'));
    if name.is_empty() || name.len() > 128 || name.starts_with('.') || !plain {
        return Err(LayoutError {
            what,
            name: name.to_owned(),
        });
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(node_id: &str) -> NodeIdentity {
        NodeIdentity {
            cluster: ClusterKey {
                environment_id: "env".into(),
                cluster_name: "cluster".into(),
            },
            node_id: node_id.into(),
            listen_address: "127.0.0.1".into(),
            cluster_port: 1,
        }
    }

    #[test]
    fn names_cannot_leave_the_data_directory() {
        let layout = DataLayout::new("/data");
        for bad in ["", "..", "a/b", ".x", "a b"] {
            assert!(layout.node(bad).is_err(), "{bad}");
            let cluster = ClusterKey {
                environment_id: "env".into(),
                cluster_name: bad.into(),
            };
            assert!(layout.node_log(&cluster, "abc").is_err(), "{bad}");
        }
    }

    #[test]
    fn node_directories_appear_with_their_identity_and_go_away() {
        let data = tempfile::tempdir().expect("temporary directory");
        let layout = DataLayout::new(data.path());
        assert_eq!(layout.node_directories().expect("list"), []);
        let directory = layout.create_node(&identity("ab12")).expect("create");
        layout.create_node(&identity("ab12")).expect("idempotent");
        fs::create_dir(layout.nodes().join(".new-half")).expect("debris");
        assert_eq!(
            layout.node_directories().expect("list"),
            std::slice::from_ref(&directory)
        );
        assert_eq!(directory.identity(), Some(identity("ab12")));
        directory.remove().expect("remove");
        directory.remove().expect("idempotent");
        layout.remove_debris().expect("debris");
        assert_eq!(fs::read_dir(layout.nodes()).expect("read").count(), 0);
    }
}
