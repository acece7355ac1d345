//! The input of the operations that are ours alone: history, rollback, logs, connections between nodes.

use aws_protocol::query_xml::QueryRequest;
use control_plane::ExtensionRoute;
use finspace_model::ApiError;
use serde_json::{Map, Value};

/// Labels, query and body of a request as one object; where names meet, the path wins over the query over the body.
///
/// Errors: the body is neither empty nor a JSON object; the query is not UTF-8.
pub(super) fn input_of(
    route: ExtensionRoute,
    raw_query: &str,
    body: &[u8],
) -> Result<Value, ApiError> {
    let mut input = if body.is_empty() {
        Map::new()
    } else {
        serde_json::from_slice::<Map<String, Value>>(body).map_err(|error| {
            ApiError::serialization(format!("The request body must be a JSON object: {error}"))
        })?
    };
    let query = QueryRequest::parse(raw_query)
        .ok_or_else(|| ApiError::serialization("The query is not UTF-8 or has too many parts"))?;
    for (name, value) in query.parameters() {
        input.insert(name.to_owned(), Value::from(value));
    }
    input.extend(route.labels);
    Ok(Value::Object(input))
}
