//! Routes of our own beside the API: what `qspace history`, `rollback`, `logs` and nodes need. Signed like FinSpace
//! requests (service name `finspace`), restJson, same error envelope, same idempotency tokens.
//!
//! | method and path | operation | other input |
//! |---|---|---|
//! | GET `/qspace/environments/{environmentId}/clusters/{clusterName}/deployments` | ListKxClusterDeployments | query `maxResults`, `nextToken` |
//! | POST `.../rollback` | RollbackKxCluster | body `toRevision`, `deploymentConfiguration`, `clientToken` |
//! | GET `.../logs` | GetKxClusterNodeLogs | query `nodeId`, `lines`, `cursor` |
//! | GET `.../connectionString` | GetKxNodeConnectionString | |
//! | GET `.../nodes/{nodeId}/connectionString` | GetKxNodeConnectionString | |
//!
//! The query's values may be given to [`crate::ControlPlane::call`] as texts: numbers are read from texts too.

use serde_json::{Map, Value};

/// An operation of ours with the labels of its path.
#[derive(Debug, Clone, PartialEq)]
pub struct ExtensionRoute {
    pub operation: &'static str,
    /// The path's labels, percent-decoded: the beginning of the input object.
    pub labels: Map<String, Value>,
}

/// The operation of a method and raw (percent-encoded) path; `None` when it is not one of ours.
pub fn extension_route(method: &str, path: &str) -> Option<ExtensionRoute> {
    let parts: Vec<&str> = path
        .strip_prefix("/qspace/environments/")?
        .split('/')
        .collect();
    let (environment_id, cluster_name, node_id, operation) = match (method, parts.as_slice()) {
        ("GET", [environment, "clusters", cluster, "deployments"]) => {
            (environment, cluster, None, "ListKxClusterDeployments")
        }
        ("POST", [environment, "clusters", cluster, "rollback"]) => {
            (environment, cluster, None, "RollbackKxCluster")
        }
        ("GET", [environment, "clusters", cluster, "logs"]) => {
            (environment, cluster, None, "GetKxClusterNodeLogs")
        }
        ("GET", [environment, "clusters", cluster, "connectionString"]) => {
            (environment, cluster, None, "GetKxNodeConnectionString")
        }
        (
            "GET",
            [
                environment,
                "clusters",
                cluster,
                "nodes",
                node,
                "connectionString",
            ],
        ) => (
            environment,
            cluster,
            Some(node),
            "GetKxNodeConnectionString",
        ),
        _ => return None,
    };
    let mut labels = Map::new();
    labels.insert("environmentId".into(), label(environment_id)?);
    labels.insert("clusterName".into(), label(cluster_name)?);
    if let Some(node_id) = node_id {
        labels.insert("nodeId".into(), label(node_id)?);
    }
    Some(ExtensionRoute { operation, labels })
}

/// Ids and names need no escapes; a label with one is none of ours.
fn label(text: &str) -> Option<Value> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    (!text.is_empty() && text.chars().all(plain)).then(|| Value::String(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_are_found_by_method_and_path() {
        let found = extension_route("GET", "/qspace/environments/e1/clusters/c-1/logs").unwrap();
        assert_eq!(found.operation, "GetKxClusterNodeLogs");
        assert_eq!(found.labels["clusterName"], "c-1");
        let node = "/qspace/environments/e1/clusters/c/nodes/ab/connectionString";
        assert_eq!(extension_route("GET", node).unwrap().labels["nodeId"], "ab");
        assert_eq!(
            extension_route("GET", "/qspace/environments/e1/clusters/c/rollback"),
            None
        );
        assert_eq!(
            extension_route("GET", "/qspace/environments/e1/clusters/%2e%2e/logs"),
            None
        );
        assert_eq!(extension_route("GET", "/kx/environments"), None);
    }
}
