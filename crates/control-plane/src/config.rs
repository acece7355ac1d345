//! What the control plane must be told.

use std::path::PathBuf;

use cluster_runtime::TlsFiles;
use code_bundle::Limits;
use serde::{Deserialize, Serialize};

/// Settings of one installation. All have defaults but the data directory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ControlPlaneConfig {
    /// Holds the database, the code artifacts and what nodes need to find (`endpoint`).
    pub data_directory: PathBuf,
    /// The region that ARNs and connection strings name.
    pub region: String,
    /// The account id that ARNs name: 12 digits.
    pub account_id: String,
    /// Address on which the nodes' ports are bound.
    pub listen_address: String,
    /// Host that connection strings name.
    pub advertised_host: String,
    /// Command that starts q; empty means the built-in engine.
    pub q_command: Vec<String>,
    pub tls: Option<TlsFiles>,
    pub quotas: Quotas,
    /// What a code zip may cost.
    pub code_limits: Limits,
}

impl Default for ControlPlaneConfig {
    fn default() -> Self {
        ControlPlaneConfig {
            data_directory: PathBuf::from("qspace-data"),
            region: "us-east-1".into(),
            account_id: "000000000000".into(),
            listen_address: "127.0.0.1".into(),
            advertised_host: "127.0.0.1".into(),
            q_command: Vec::new(),
            tls: None,
            quotas: Quotas::default(),
            code_limits: Limits::default(),
        }
    }
}

impl ControlPlaneConfig {
    /// Where the zips of all revisions are kept: `<data>/artifacts/<sha256>.zip`.
    pub fn artifacts_directory(&self) -> PathBuf {
        self.data_directory.join("artifacts")
    }
}

/// How many of what. The defaults are the service's documented quotas.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Quotas {
    pub environments_max: u64,
    pub users_per_environment_max: u64,
    pub clusters_per_environment_max: u64,
    pub nodes_per_cluster_max: u32,
}

impl Default for Quotas {
    fn default() -> Self {
        Quotas {
            environments_max: 1,
            users_per_environment_max: 1000,
            clusters_per_environment_max: 10,
            nodes_per_cluster_max: 5,
        }
    }
}
