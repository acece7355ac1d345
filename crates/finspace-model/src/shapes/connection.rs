//! Connection strings.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GetKxConnectionStringRequest {
    pub user_arn: String,
    pub environment_id: String,
    pub cluster_name: String,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GetKxConnectionStringResponse {
    /// `:tcps://<host>:<port>:<user>:<token>`, what q's hopen takes. A secret for as long as the token lives.
    pub signed_connection_string: String,
}

impl std::fmt::Debug for GetKxConnectionStringResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("GetKxConnectionStringResponse(..)")
    }
}
