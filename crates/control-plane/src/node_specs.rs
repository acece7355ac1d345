//! From stored records to the specification that an agent gets.

use std::collections::BTreeMap;

use aws_protocol::credentials::Credential;
use cluster_runtime::{ClusterKey, CodeArtifact, NodeSpec, RevisionSpec};
use control_store::{ClusterRecord, NodeRecord, RevisionRecord};

use crate::config::ControlPlaneConfig;
use crate::desired::apply_of;

/// Environment variables by which an agent reaches the public API under its cluster's identity.
pub const NODE_ACCESS_KEY_ID: &str = "QSPACE_NODE_ACCESS_KEY_ID";
pub const NODE_SECRET_ACCESS_KEY: &str = "QSPACE_NODE_SECRET_ACCESS_KEY";
/// The data directory; its file `endpoint` holds the server's address.
pub const NODE_DATA: &str = "QSPACE_DATA";
pub const NODE_REGION: &str = "QSPACE_REGION";

/// What every specification of the installation has in common.
pub(crate) struct SpecMaker {
    config: ControlPlaneConfig,
    token_public_key: String,
}

impl SpecMaker {
    pub(crate) fn new(config: ControlPlaneConfig, token_public_key: String) -> Self {
        SpecMaker {
            config,
            token_public_key,
        }
    }

    pub(crate) fn listen_address(&self) -> &str {
        &self.config.listen_address
    }

    /// The specification of one node. `cluster` must have its port.
    pub(crate) fn make(
        &self,
        cluster: &ClusterRecord,
        node: &NodeRecord,
        revision: &RevisionRecord,
        credential: Option<&Credential>,
    ) -> NodeSpec {
        let mut environment = BTreeMap::from([
            (
                NODE_DATA.to_owned(),
                self.config.data_directory.display().to_string(),
            ),
            (NODE_REGION.to_owned(), self.config.region.clone()),
        ]);
        if let Some(credential) = credential {
            environment.insert(NODE_ACCESS_KEY_ID.into(), credential.access_key_id.clone());
            environment.insert(
                NODE_SECRET_ACCESS_KEY.into(),
                credential.secret.expose().to_owned(),
            );
        }
        NodeSpec {
            cluster: ClusterKey {
                environment_id: cluster.environment_id.clone(),
                cluster_name: cluster.cluster_name.clone(),
            },
            node_id: node.node_id.clone(),
            generation: node.target_generation,
            cluster_type: cluster.cluster_type.clone(),
            cluster_port: cluster.cluster_port.unwrap_or_default(),
            listen_address: self.config.listen_address.clone(),
            revision: RevisionSpec {
                number: revision.number,
                code: revision.code.as_ref().map(|code| CodeArtifact {
                    sha256: code.sha256.clone(),
                    path: self
                        .config
                        .artifacts_directory()
                        .join(format!("{}.zip", code.sha256))
                        .display()
                        .to_string(),
                }),
                initialization_script: revision.initialization_script.clone(),
                command_line_arguments: revision.command_line_arguments.clone(),
            },
            apply: apply_of(node.target_apply),
            token_public_key: self.token_public_key.clone(),
            tls: self.config.tls.clone(),
            environment,
            q_command: self.config.q_command.clone(),
        }
    }
}
