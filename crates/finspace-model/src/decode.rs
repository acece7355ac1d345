//! From labels, query and body to one checked JSON object.

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use crate::contract::{Location, Shape, ShapeType, contract};
use crate::errors::{ApiError, ErrorCode};
use crate::route::Routed;
use crate::validate::validate_input;

/// The input of an operation as one JSON object: URI labels, query members and body members under their model names,
/// unknown members left out, every constraint of the contract checked.
///
/// `raw_query` is the part after `?`, still percent-encoded; `body` the bytes of the request.
///
/// Errors: SerializationException when the body is not a JSON object or a value has the wrong type;
/// ValidationException (InvalidRequestException for the tag operations, which know no other) when a constraint fails.
pub fn decode_request(routed: &Routed, raw_query: &str, body: &[u8]) -> Result<Value, ApiError> {
    let input = contract().shape(&routed.operation.input);
    let mut members = body_members(input, body)?;
    for (label, value) in &routed.labels {
        members.insert((*label).to_owned(), Value::String(value.clone()));
    }
    query_members(input, raw_query, &mut members)?;
    validate_input(input, members).map_err(|error| {
        if error.code() == ErrorCode::Validation
            && !routed.operation.errors.contains_key("ValidationException")
        {
            error.renamed(ErrorCode::InvalidRequest)
        } else {
            error
        }
    })
}

/// The members of the body that the contract places there. A body sent to an operation without any is ignored.
fn body_members(input: &Shape, body: &[u8]) -> Result<Map<String, Value>, ApiError> {
    let expects_body = input
        .members
        .values()
        .any(|member| member.location == Location::Body);
    if !expects_body || body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    let mut parsed = match serde_json::from_slice::<Value>(body) {
        Ok(Value::Object(parsed)) => parsed,
        Ok(other) => {
            return Err(ApiError::serialization(format!(
                "The request body must be a JSON object, not {}",
                json_kind(&other)
            )));
        }
        Err(error) => {
            return Err(ApiError::serialization(format!(
                "The request body is not valid JSON: {error}"
            )));
        }
    };
    // A member that belongs to the URI or the query must not be smuggled in by the body.
    parsed.retain(|name, _| {
        input
            .members
            .get(name)
            .is_some_and(|member| member.location == Location::Body)
    });
    Ok(parsed)
}

fn query_members(
    input: &Shape,
    raw_query: &str,
    members: &mut Map<String, Value>,
) -> Result<(), ApiError> {
    for pair in raw_query.split('&').filter(|pair| !pair.is_empty()) {
        let (wire_name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (wire_name, value) = (decoded(wire_name)?, decoded(value)?);
        let Some((name, member)) = input.members.iter().find(|(name, member)| {
            member.location == Location::QueryString
                && member.wire.as_deref().unwrap_or(name) == wire_name
        }) else {
            continue;
        };
        let shape = contract().shape(&member.shape);
        if shape.kind == ShapeType::List {
            let list = members
                .entry(name.clone())
                .or_insert_with(|| Value::Array(Vec::new()));
            if let Value::Array(items) = list {
                items.push(Value::String(value));
            }
        } else {
            members.insert(name.clone(), scalar_from_text(name, shape, value)?);
        }
    }
    Ok(())
}

fn decoded(text: &str) -> Result<String, ApiError> {
    percent_decode_str(text)
        .decode_utf8()
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| ApiError::serialization("The query is not UTF-8 after percent-decoding"))
}

fn scalar_from_text(name: &str, shape: &Shape, text: String) -> Result<Value, ApiError> {
    let wrong = |expected: &str| {
        let shown: String = text.chars().take(40).collect();
        ApiError::serialization(format!("'{shown}' at '{name}' is not {expected}"))
    };
    match shape.kind {
        ShapeType::Integer | ShapeType::Long => text
            .parse::<i64>()
            .map(Value::from)
            .map_err(|_| wrong("an integer")),
        ShapeType::Boolean => text
            .parse::<bool>()
            .map(Value::from)
            .map_err(|_| wrong("true or false")),
        ShapeType::Double => match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Value::from(number)),
            _ => Err(wrong("a number")),
        },
        ShapeType::Structure
        | ShapeType::List
        | ShapeType::Map
        | ShapeType::String
        | ShapeType::Timestamp => Ok(Value::String(text)),
    }
}

/// What a JSON value is, with its article, for messages.
pub(crate) fn json_kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::route;
    use proptest::prelude::*;
    use serde_json::json;

    fn decode(method: &str, path: &str, query: &str, body: &str) -> Result<Value, ApiError> {
        decode_request(&route(method, path).unwrap(), query, body.as_bytes())
    }

    const UPDATE_CODE: &str =
        "/kx/environments/jlcenjvtkgzrdek2qqv7ic/clusters/tick-rdb/configuration/code";

    #[test]
    fn joins_label_query_and_body_and_drops_what_it_does_not_know() {
        let input = decode(
            "PUT",
            UPDATE_CODE,
            "ignored=1",
            r#"{"code":{"s3Bucket":"code-bucket","s3Key":"app.zip","extra":1},"environmentId":"other",
                "deploymentConfiguration":{"deploymentStrategy":"FORCE"},"initializationScript":null,"more":[1]}"#,
        )
        .unwrap();
        assert_eq!(
            input,
            json!({
                "environmentId": "jlcenjvtkgzrdek2qqv7ic",
                "clusterName": "tick-rdb",
                "code": {"s3Bucket": "code-bucket", "s3Key": "app.zip"},
                "deploymentConfiguration": {"deploymentStrategy": "FORCE"},
            })
        );
    }

    #[test]
    fn query_lists_numbers_and_escapes_arrive() {
        let arn =
            "/tags/arn%3Aaws%3Afinspace%3Aus-east-1%3A000000000000%3AkxEnvironment%2Fabc123xyz";
        let input = decode("DELETE", arn, "tagKeys=a&tagKeys=b%3Ac", "").unwrap();
        assert_eq!(input["tagKeys"], json!(["a", "b:c"]));
        let input = decode(
            "GET",
            "/kx/environments/abc/clusters",
            "maxResults=7&clusterType=GP",
            "",
        )
        .unwrap();
        assert_eq!(
            input,
            json!({"environmentId": "abc", "maxResults": 7, "clusterType": "GP"})
        );
        assert_eq!(
            decode(
                "GET",
                "/kx/environments/abc/clusters",
                "maxResults=many",
                ""
            )
            .unwrap_err()
            .code(),
            ErrorCode::Serialization
        );
    }

    #[test]
    fn messages_are_those_aws_clients_show() {
        let error = decode(
            "PUT",
            UPDATE_CODE,
            "",
            r#"{"deploymentConfiguration":{"deploymentStrategy":"SLOWLY"},
                "commandLineArguments":[{"key":"s","value":"2"},{"key":"p","value":"5000"}]}"#,
        )
        .unwrap_err();
        assert_eq!(error.wire(), (400, "ValidationException"));
        let message = error.message();
        assert!(
            message.starts_with("3 validation errors detected: "),
            "{message}"
        );
        assert!(
            message.contains(
                "Value null at 'code' failed to satisfy constraint: Member must not be null"
            ),
            "{message}"
        );
        assert!(
            message.contains("Value 'SLOWLY' at 'deploymentConfiguration.deploymentStrategy' failed to satisfy constraint: Member must satisfy enum value set: [NO_RESTART, ROLLING, FORCE]"),
            "{message}"
        );
        assert!(
            message.contains("at 'commandLineArguments.2.member.key' failed to satisfy constraint: Member must satisfy regular expression pattern: "),
            "{message}"
        );
    }

    #[test]
    fn bad_bodies_and_types_are_serialization_errors() {
        for body in [
            "{",
            "[]",
            "\"x\"",
            r#"{"code":"app.zip"}"#,
            r#"{"code":{"s3Bucket":7}}"#,
        ] {
            let error = decode("PUT", UPDATE_CODE, "", body).unwrap_err();
            assert_eq!(error.wire(), (400, "SerializationException"), "{body}");
        }
        let deep = "[".repeat(100_000);
        assert_eq!(
            decode("PUT", UPDATE_CODE, "", &deep).unwrap_err().code(),
            ErrorCode::Serialization
        );
    }

    #[test]
    fn tag_operations_refuse_under_the_name_they_know() {
        let error = decode("GET", "/tags/nonsense", "", "").unwrap_err();
        assert_eq!(error.wire(), (400, "InvalidRequestException"));
        assert!(
            error.message().contains("at 'resourceArn'"),
            "{}",
            error.message()
        );
    }

    #[test]
    fn the_body_of_an_operation_without_one_is_ignored() {
        assert!(decode("GET", "/kx/environments/abc", "", "not json").is_ok());
    }

    proptest! {
        #[test]
        fn no_input_panics(query in any::<String>(), body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode_request(&route("PUT", UPDATE_CODE).unwrap(), &query, &body);
        }
    }
}
