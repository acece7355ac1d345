//! What q's requests mean: connection tokens, and the `.aws` functions that ask the control plane.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_protocol::{connection_token, percent_encode};
use http::Method;
use q_value::{Symbol, Value, Vector};
use serde_json::Value as Json;

use super::session::Session;
use super::{LinkEventKind, LinkShared};
use crate::api_client::{CallError, Caller};
use crate::json_to_q::{from_json, table_of_strings, text_of, timestamp_of};

/// Pages of a list that are read at most.
const PAGES_MAX: usize = 100;
/// The longest message a stopped creation may carry (q API reference).
const STOP_MESSAGE_MAX: usize = 50;

/// True when the password is a token for this cluster and user. A refusal is logged with its reason.
pub(super) fn admits_client(shared: &LinkShared, user: &str, password: &str) -> bool {
    let spec = shared.spec();
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs() as i64);
    let verdict = connection_token::verify(
        password,
        &spec.token_public_key,
        &spec.cluster.environment_id,
        &spec.cluster.cluster_name,
        user,
        now,
    );
    match verdict {
        Ok(_) => true,
        Err(reason) => {
            let name: String = user
                .chars()
                .filter(|letter| !letter.is_control())
                .take(100)
                .collect();
            shared
                .log
                .remark(&format!("refused a connection of user {name:?}: {reason}"));
            false
        }
    }
}

/// Result of an `.aws` function; errors as the dictionary that user code tests for.
pub(super) async fn call(
    shared: &LinkShared,
    session: &Session,
    function: &[u8],
    arguments: &[String],
) -> Value {
    run(shared, session, function, arguments)
        .await
        .unwrap_or_else(|error| error_dictionary(&error))
}

fn error_dictionary(error: &CallError) -> Value {
    Value::dict(
        Value::symbols(["finspace_error_code", "message"]),
        Value::list(vec![
            Value::string(&error.code),
            Value::string(&error.message),
        ]),
    )
}

async fn run(
    shared: &LinkShared,
    session: &Session,
    function: &[u8],
    arguments: &[String],
) -> Result<Value, CallError> {
    let spec = shared.spec();
    let caller = Caller::of(&spec);
    let argument = |at: usize| arguments.get(at).map(String::as_str).unwrap_or_default();
    // The documentation lets "" stand for the own cluster in one function; it harms in none.
    let cluster = match argument(0) {
        "" => caller.cluster.cluster_name.as_str(),
        name => name,
    };
    let base = format!(
        "/kx/environments/{}",
        percent_encode(&caller.cluster.environment_id)
    );
    let of_cluster = format!("{base}/clusters/{}", percent_encode(cluster));
    match function {
        b"get_kx_cluster" => {
            if cluster == caller.cluster.cluster_name {
                shared.tell(session.id, LinkEventKind::OwnStatusAsked).await;
            }
            let answer = shared
                .api
                .call(&caller, Method::GET, &of_cluster, "")
                .await?;
            Ok(from_json(&answer))
        }
        b"list_kx_clusters" => {
            let path = format!("{base}/clusters");
            let rows = pages(shared, &caller, &path, "kxClusterSummaries").await?;
            Ok(table_of_strings(
                &rows,
                &[
                    ("cluster_name", "clusterName"),
                    ("status", "status"),
                    ("cluster_type", "clusterType"),
                    ("description", "clusterDescription"),
                ],
            ))
        }
        b"list_kx_cluster_nodes" => {
            let path = format!("{of_cluster}/nodes");
            let rows = pages(shared, &caller, &path, "nodes").await?;
            Ok(table_of_nodes(&rows))
        }
        b"get_kx_connection_string" => connection_string(shared, &caller, cluster, "").await,
        b"get_kx_node_connection_string" => {
            if argument(1).is_empty() {
                return Err(CallError::new(
                    "ValidationException",
                    "no node id was given",
                ));
            }
            connection_string(shared, &caller, cluster, argument(1)).await
        }
        b"delete_kx_cluster" => {
            let query = format!("clientToken={}", uuid::Uuid::new_v4());
            shared
                .api
                .call(&caller, Method::DELETE, &of_cluster, &query)
                .await?;
            Ok(Value::Identity)
        }
        b"stop_current_kx_cluster_creation" => stop_creation(shared, session, argument(0)).await,
        other => Err(CallError::new(
            "ValidationException",
            format!("there is no function {}", String::from_utf8_lossy(other)),
        )),
    }
}

/// All items of a paged list.
async fn pages(
    shared: &LinkShared,
    caller: &Caller,
    path: &str,
    member: &str,
) -> Result<Vec<Json>, CallError> {
    let mut rows = Vec::new();
    let mut token = String::new();
    for _ in 0..PAGES_MAX {
        let query = if token.is_empty() {
            String::new()
        } else {
            format!("nextToken={}", percent_encode(&token))
        };
        let mut answer = shared.api.call(caller, Method::GET, path, &query).await?;
        if let Some(Json::Array(items)) = answer.get_mut(member).map(Json::take) {
            rows.extend(items);
        }
        match answer.get("nextToken").and_then(Json::as_str) {
            Some(next) if !next.is_empty() => token = next.to_owned(),
            _ => break,
        }
    }
    Ok(rows)
}

fn table_of_nodes(rows: &[Json]) -> Value {
    let strings = |member| Value::list(rows.iter().map(|row| text_of(row, member)).collect());
    let launched = rows
        .iter()
        .map(|row| timestamp_of(row, "launchTime"))
        .collect();
    Value::table(
        ["node_id", "az_id", "launch_time"]
            .map(Symbol::new)
            .into_iter()
            .collect(),
        vec![
            strings("nodeId"),
            strings("availabilityZoneId"),
            Value::Timestamps(Vector::new(launched)),
        ],
    )
}

/// A string for hopen, to the cluster or to one node of it. The route is ours: the API's own operation is for kx users.
async fn connection_string(
    shared: &LinkShared,
    caller: &Caller,
    cluster: &str,
    node_id: &str,
) -> Result<Value, CallError> {
    let mut path = format!(
        "/qspace/environments/{}/clusters/{}",
        percent_encode(&caller.cluster.environment_id),
        percent_encode(cluster)
    );
    if !node_id.is_empty() {
        path.push_str("/nodes/");
        path.push_str(&percent_encode(node_id));
    }
    path.push_str("/connectionString");
    let answer = shared.api.call(caller, Method::GET, &path, "").await?;
    Ok(text_of(&answer, "signedConnectionString"))
}

async fn stop_creation(
    shared: &LinkShared,
    session: &Session,
    message: &str,
) -> Result<Value, CallError> {
    let legal = |letter: char| letter.is_ascii_alphanumeric() || "_.- \t\r\n".contains(letter);
    if message.len() > STOP_MESSAGE_MAX || !message.chars().all(legal) {
        return Err(CallError::new(
            "ValidationException",
            format!(
                "the message must be at most {STOP_MESSAGE_MAX} letters, digits, blanks, '_', '.' or '-'"
            ),
        ));
    }
    if !session.initializing() {
        return Err(CallError::new(
            "ConflictException",
            "the cluster's creation can be stopped by its initialization script only",
        ));
    }
    let message = message.to_owned();
    shared
        .tell(session.id, LinkEventKind::CreationStopped { message })
        .await;
    Ok(Value::Identity)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_error_is_a_dictionary_with_its_two_keys() {
        let value = error_dictionary(&CallError::new(
            "ResourceNotFoundException",
            "no such cluster",
        ));
        let Value::Dict(dict) = &value else {
            panic!("a dictionary");
        };
        assert!(
            dict.keys
                .is_identical(&Value::symbols(["finspace_error_code", "message"]))
        );
    }

    #[test]
    fn nodes_have_a_launch_time_of_q() {
        let table = table_of_nodes(&[json!({"nodeId": "a", "launchTime": 946_684_801.0})]);
        let Value::Table(table) = &table else {
            panic!("a table");
        };
        let times = table.column(Symbol::new("launch_time")).expect("column");
        assert!(times.is_identical(&Value::Timestamps(Vector::new(vec![1_000_000_000]))));
        assert_eq!(table_of_nodes(&[]).type_number(), 98);
    }
}
