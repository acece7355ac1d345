//! What an agent must know again after its own crash, besides the specification.

use std::io;
use std::path::Path;

use cluster_runtime::local::write_atomically;
use code_bundle::Manifest;
use serde::{Deserialize, Serialize};

/// Content of `state.json`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct StoredState {
    /// What is in the code directory; `None` before the first installation.
    pub installed: Option<Installed>,
    /// The revision that was healthy on this node last.
    pub healthy_revision: Option<u64>,
    /// The node's own q port, kept over restarts if it is free.
    pub node_port: Option<u16>,
}

/// One revision in the code directory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Installed {
    pub revision: u64,
    /// The files that came from the zip; anything else in the directory is the user's.
    pub manifest: Manifest,
}

impl StoredState {
    /// Reads the file; an absent one is the state of a new node.
    pub(crate) fn read(path: &Path) -> io::Result<Self> {
        match std::fs::read(path) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(StoredState::default()),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn write(&self, path: &Path) -> io::Result<()> {
        write_atomically(path, &serde_json::to_vec(self)?)
    }
}
