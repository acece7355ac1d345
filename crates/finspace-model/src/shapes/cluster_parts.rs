//! The pieces a cluster is described by.

use serde::{Deserialize, Serialize};

use super::wire_enum;

wire_enum! {
    ClusterType {
        Hdb = "HDB",
        Rdb = "RDB",
        Gateway = "GATEWAY",
        Gp = "GP",
        Tickerplant = "TICKERPLANT",
    }
}

wire_enum! {
    ClusterStatus {
        Pending = "PENDING",
        Creating = "CREATING",
        CreateFailed = "CREATE_FAILED",
        Running = "RUNNING",
        Updating = "UPDATING",
        Deleting = "DELETING",
        Deleted = "DELETED",
        DeleteFailed = "DELETE_FAILED",
    }
}

wire_enum! {
    AzMode {
        Single = "SINGLE",
        Multi = "MULTI",
    }
}

/// Where the code zip lies.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CodeConfiguration {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub s3_bucket: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub s3_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub s3_object_version: Option<String>,
}

/// One `-key value` pair of q's command line. The model requires neither member.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CommandLineArgument {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VpcConfiguration {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vpc_id: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub security_group_ids: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subnet_ids: Vec<String>,
    /// `IP_V4`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_address_type: Option<String>,
}

/// Nodes of their own hosts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CapacityConfiguration {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_count: Option<u32>,
}

/// Nodes that share the host of a scaling group. Memory in MiB, `cpu` in vCPUs per node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KxScalingGroupConfiguration {
    pub scaling_group_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_limit: Option<u32>,
    pub memory_reservation: u32,
    pub node_count: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AutoScalingConfiguration {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_node_count: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_node_count: Option<u32>,
    /// `CPU_UTILIZATION_PERCENTAGE`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_scaling_metric: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric_target: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale_in_cooldown_seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale_out_cooldown_seconds: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KxCacheStorageConfiguration {
    #[serde(rename = "type")]
    pub cache_type: String,
    /// Gigabytes.
    pub size: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KxSavedownStorageConfiguration {
    /// `SDS01`; absent when a volume is named.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub storage_type: Option<String>,
    /// Gibibytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volume_name: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TickerplantLogConfiguration {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tickerplant_log_volumes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Volume {
    pub volume_name: String,
    /// `NAS_1`.
    pub volume_type: String,
}

/// A database as a cluster mounts it. `cache_configurations` is written even when empty, as the service did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KxDatabaseConfiguration {
    pub database_name: String,
    #[serde(default)]
    pub cache_configurations: Vec<KxDatabaseCacheConfiguration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changeset_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dataview_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dataview_configuration: Option<KxDataviewConfiguration>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KxDatabaseCacheConfiguration {
    pub cache_type: String,
    pub db_paths: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dataview_name: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KxDataviewConfiguration {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dataview_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dataview_version_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changeset_id: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub segment_configurations: Vec<KxDataviewSegmentConfiguration>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KxDataviewSegmentConfiguration {
    pub db_paths: Vec<String>,
    pub volume_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_demand: Option<bool>,
}
