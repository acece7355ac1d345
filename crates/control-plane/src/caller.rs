//! Who calls, and what each kind of caller may do.
//!
//! There are no policies of single users here: whoever holds keys of the installation may manage it, with three
//! exceptions that the samples rely on or that safety demands.
//! * A connection string is given only to the very role of the kx user (AWS samples assume it first); the root is
//!   refused like everybody else, so that code which forgets to assume the role fails here as it did there.
//! * A role may be assumed by the root, by sessions of the same role, and by nodes that have it as execution role.
//! * A node reads its own environment; it deletes clusters only with an execution role, or its own.

use aws_protocol::credentials::Principal;
use finspace_model::ApiError;
use serde_json::Value;

/// The verified signer of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    pub principal: Principal,
    pub access_key_id: String,
}

/// Operations a node may call in its own environment.
const NODE_OPERATIONS: [&str; 8] = [
    "GetKxEnvironment",
    "GetKxCluster",
    "ListKxClusters",
    "ListKxClusterNodes",
    "GetKxUser",
    "GetKxConnectionString",
    "GetKxNodeConnectionString",
    "DeleteKxCluster",
];

/// Refuses what the caller may not do.
pub(crate) fn authorise(caller: &Caller, operation: &str, input: &Value) -> Result<(), ApiError> {
    let Principal::Node {
        environment_id,
        cluster_name,
        execution_role,
    } = &caller.principal
    else {
        return Ok(());
    };
    let refuse = |why: &str| {
        Err(ApiError::access_denied(format!(
            "Node of cluster {cluster_name} is not authorized to perform finspace:{operation}: {why}"
        )))
    };
    if !NODE_OPERATIONS.contains(&operation) {
        return refuse("nodes may only read their environment");
    }
    if input.get("environmentId").and_then(Value::as_str) != Some(environment_id) {
        return refuse("it belongs to another environment");
    }
    let own = input.get("clusterName").and_then(Value::as_str) == Some(cluster_name);
    if operation == "DeleteKxCluster" && !own && execution_role.is_none() {
        return refuse("its cluster has no execution role");
    }
    Ok(())
}

/// True when the caller acts as the role.
pub(crate) fn acts_as(caller: &Caller, role: &str) -> bool {
    match &caller.principal {
        Principal::Root => false,
        Principal::AssumedRole { role_arn, .. } => role_arn == role,
        Principal::Node { execution_role, .. } => execution_role.as_deref() == Some(role),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(role: Option<&str>) -> Caller {
        Caller {
            principal: Principal::Node {
                environment_id: "e".into(),
                cluster_name: "c".into(),
                execution_role: role.map(str::to_owned),
            },
            access_key_id: "AKIA".into(),
        }
    }

    #[test]
    fn nodes_stay_in_their_environment() {
        let own = serde_json::json!({"environmentId": "e", "clusterName": "c"});
        let other = serde_json::json!({"environmentId": "e", "clusterName": "d"});
        let elsewhere = serde_json::json!({"environmentId": "x", "clusterName": "c"});
        assert!(authorise(&node(None), "GetKxCluster", &other).is_ok());
        assert!(authorise(&node(None), "GetKxCluster", &elsewhere).is_err());
        assert!(authorise(&node(None), "CreateKxCluster", &own).is_err());
        assert!(authorise(&node(None), "DeleteKxCluster", &own).is_ok());
        assert!(authorise(&node(None), "DeleteKxCluster", &other).is_err());
        assert!(authorise(&node(Some("r")), "DeleteKxCluster", &other).is_ok());
    }

    #[test]
    fn only_the_role_itself_acts_as_the_role() {
        let root = Caller {
            principal: Principal::Root,
            access_key_id: "AKIA".into(),
        };
        assert!(!acts_as(&root, "r"));
        assert!(acts_as(&node(Some("r")), "r"));
        assert!(!acts_as(&node(None), "r"));
    }
}
