//! The code configuration of a running cluster and its update.

use serde::{Deserialize, Serialize};

use super::cluster_parts::{CodeConfiguration, CommandLineArgument};
use super::wire_enum;

wire_enum! {
    /// How a cluster gets from its running code to the new one.
    CodeDeploymentStrategy {
        NoRestart = "NO_RESTART",
        Rolling = "ROLLING",
        Force = "FORCE",
    }
}

/// UpdateKxClusterCodeConfiguration: replaces the whole code configuration.
///
/// `command_line_arguments` distinguishes an absent list from an empty one, because NO_RESTART refuses the member's
/// presence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UpdateKxClusterCodeConfigurationRequest {
    pub environment_id: String,
    pub cluster_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_token: Option<String>,
    pub code: CodeConfiguration,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initialization_script: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command_line_arguments: Option<Vec<CommandLineArgument>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployment_configuration: Option<CodeDeploymentConfiguration>,
}

impl UpdateKxClusterCodeConfigurationRequest {
    /// The strategy asked for; ROLLING when the request names none.
    pub fn strategy(&self) -> CodeDeploymentStrategy {
        self.deployment_configuration
            .as_ref()
            .map_or(CodeDeploymentStrategy::Rolling, |configuration| {
                configuration.deployment_strategy
            })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CodeDeploymentConfiguration {
    pub deployment_strategy: CodeDeploymentStrategy,
}
