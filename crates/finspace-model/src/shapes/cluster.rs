//! Clusters: create, get, list, delete.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::cluster_parts::{
    AutoScalingConfiguration, AzMode, CapacityConfiguration, ClusterStatus, ClusterType,
    CodeConfiguration, CommandLineArgument, KxCacheStorageConfiguration, KxDatabaseConfiguration,
    KxSavedownStorageConfiguration, KxScalingGroupConfiguration, TickerplantLogConfiguration,
    Volume, VpcConfiguration,
};
use crate::timestamp::Timestamp;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateKxClusterRequest {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_token: Option<String>,
    pub environment_id: String,
    pub cluster_name: String,
    pub cluster_type: ClusterType,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tickerplant_log_configuration: Option<TickerplantLogConfiguration>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub databases: Vec<KxDatabaseConfiguration>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cache_storage_configurations: Vec<KxCacheStorageConfiguration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_scaling_configuration: Option<AutoScalingConfiguration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster_description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity_configuration: Option<CapacityConfiguration>,
    pub release_label: String,
    pub vpc_configuration: VpcConfiguration,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initialization_script: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command_line_arguments: Vec<CommandLineArgument>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<CodeConfiguration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution_role: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub savedown_storage_configuration: Option<KxSavedownStorageConfiguration>,
    pub az_mode: AzMode,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availability_zone_id: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scaling_group_configuration: Option<KxScalingGroupConfiguration>,
}

/// A cluster as CreateKxCluster (with `environment_id`) and GetKxCluster (without) answer it.
///
/// `databases` and the other optional lists are left out while empty, because clients index them when present;
/// `volumes` is always written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KxClusterResponse {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment_id: Option<String>,
    pub status: ClusterStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_reason: Option<String>,
    pub cluster_name: String,
    pub cluster_type: ClusterType,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tickerplant_log_configuration: Option<TickerplantLogConfiguration>,
    #[serde(default)]
    pub volumes: Vec<Volume>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub databases: Vec<KxDatabaseConfiguration>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cache_storage_configurations: Vec<KxCacheStorageConfiguration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_scaling_configuration: Option<AutoScalingConfiguration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster_description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity_configuration: Option<CapacityConfiguration>,
    pub release_label: String,
    pub vpc_configuration: VpcConfiguration,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initialization_script: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command_line_arguments: Vec<CommandLineArgument>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<CodeConfiguration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution_role: Option<String>,
    pub last_modified_timestamp: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub savedown_storage_configuration: Option<KxSavedownStorageConfiguration>,
    pub az_mode: AzMode,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availability_zone_id: Option<String>,
    pub created_timestamp: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scaling_group_configuration: Option<KxScalingGroupConfiguration>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GetKxClusterRequest {
    pub environment_id: String,
    pub cluster_name: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListKxClustersRequest {
    pub environment_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster_type: Option<ClusterType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_results: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListKxClustersResponse {
    pub kx_cluster_summaries: Vec<KxCluster>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

/// A cluster as ListKxClusters shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KxCluster {
    pub status: ClusterStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_reason: Option<String>,
    pub cluster_name: String,
    pub cluster_type: ClusterType,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster_description: Option<String>,
    pub release_label: String,
    #[serde(default)]
    pub volumes: Vec<Volume>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initialization_script: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution_role: Option<String>,
    pub az_mode: AzMode,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availability_zone_id: Option<String>,
    pub last_modified_timestamp: Timestamp,
    pub created_timestamp: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeleteKxClusterRequest {
    pub environment_id: String,
    pub cluster_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_token: Option<String>,
}
