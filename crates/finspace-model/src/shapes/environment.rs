//! Environments.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::wire_enum;
use crate::timestamp::Timestamp;

wire_enum! {
    EnvironmentStatus {
        CreateRequested = "CREATE_REQUESTED",
        Creating = "CREATING",
        Created = "CREATED",
        DeleteRequested = "DELETE_REQUESTED",
        Deleting = "DELETING",
        Deleted = "DELETED",
        FailedCreation = "FAILED_CREATION",
        RetryDeletion = "RETRY_DELETION",
        FailedDeletion = "FAILED_DELETION",
        UpdateNetworkRequested = "UPDATE_NETWORK_REQUESTED",
        UpdatingNetwork = "UPDATING_NETWORK",
        FailedUpdatingNetwork = "FAILED_UPDATING_NETWORK",
        Suspended = "SUSPENDED",
    }
}

wire_enum! {
    /// State of the transit gateway connection or of the custom DNS.
    NetworkStatus {
        None = "NONE",
        UpdateRequested = "UPDATE_REQUESTED",
        Updating = "UPDATING",
        FailedUpdate = "FAILED_UPDATE",
        SuccessfullyUpdated = "SUCCESSFULLY_UPDATED",
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateKxEnvironmentRequest {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    pub kms_key_id: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_token: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateKxEnvironmentResponse {
    pub name: String,
    pub status: EnvironmentStatus,
    pub environment_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    pub environment_arn: String,
    pub kms_key_id: String,
    pub creation_timestamp: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GetKxEnvironmentRequest {
    pub environment_id: String,
}

/// An environment: the answer of GetKxEnvironment and UpdateKxEnvironment and an item of ListKxEnvironments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KxEnvironment {
    pub name: String,
    pub environment_id: String,
    pub aws_account_id: String,
    pub status: EnvironmentStatus,
    pub tgw_status: NetworkStatus,
    pub dns_status: NetworkStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    pub environment_arn: String,
    pub kms_key_id: String,
    pub dedicated_service_account_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transit_gateway_configuration: Option<TransitGatewayConfiguration>,
    #[serde(
        default,
        rename = "customDNSConfiguration",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub custom_dns_configuration: Vec<CustomDnsServer>,
    pub creation_timestamp: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update_timestamp: Option<Timestamp>,
    pub availability_zone_ids: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_authority_arn: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TransitGatewayConfiguration {
    #[serde(rename = "transitGatewayID")]
    pub transit_gateway_id: String,
    #[serde(rename = "routableCIDRSpace")]
    pub routable_cidr_space: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachment_network_acl_configuration: Vec<NetworkAclEntry>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NetworkAclEntry {
    pub rule_number: i64,
    pub protocol: String,
    /// `allow` or `deny`.
    pub rule_action: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port_range: Option<PortRange>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub icmp_type_code: Option<IcmpTypeCode>,
    pub cidr_block: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortRange {
    pub from: u16,
    pub to: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct IcmpTypeCode {
    #[serde(rename = "type")]
    pub icmp_type: i32,
    pub code: i32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomDnsServer {
    #[serde(rename = "customDNSServerName")]
    pub name: String,
    #[serde(rename = "customDNSServerIP")]
    pub address: String,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListKxEnvironmentsRequest {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_results: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListKxEnvironmentsResponse {
    pub environments: Vec<KxEnvironment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UpdateKxEnvironmentRequest {
    pub environment_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_token: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeleteKxEnvironmentRequest {
    pub environment_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_token: Option<String>,
}
