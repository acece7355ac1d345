//! From method and path to the operation.

use std::collections::HashMap;
use std::sync::OnceLock;

use percent_encoding::percent_decode_str;

use crate::contract::{Operation, Segment, contract};
use crate::errors::{ApiError, ErrorCode};

/// The one label whose value holds slashes. A client that leaves them as they are is understood too.
const ARN_LABEL: &str = "resourceArn";

/// An operation and the values of its URI labels, percent-decoded.
#[derive(Debug)]
pub struct Routed {
    pub operation: &'static Operation,
    pub labels: Vec<(&'static str, String)>,
}

/// The operation that a request is for. `raw_path` is the path as it came, still percent-encoded, without the query.
///
/// Errors: UnknownOperationException when no operation has this method and path; SerializationException when a label
/// does not decode to UTF-8.
pub fn route(method: &str, raw_path: &str) -> Result<Routed, ApiError> {
    let parts: Vec<&str> = raw_path
        .strip_prefix('/')
        .unwrap_or(raw_path)
        .split('/')
        .collect();
    let mut other_methods = Vec::new();
    for operation in candidates(&parts) {
        if let Some(labels) = match_segments(&operation.segments, &parts) {
            if operation.http_method.eq_ignore_ascii_case(method) {
                return Ok(Routed {
                    operation,
                    labels: decode_labels(labels)?,
                });
            }
            other_methods.push(operation.http_method.as_str());
        }
    }
    Err(unknown_operation(method, raw_path, &other_methods))
}

/// Operations that begin with the path's first part and have its length; `/tags/` paths may be longer.
fn candidates(parts: &[&str]) -> &'static [&'static Operation] {
    type Table = HashMap<&'static str, HashMap<usize, Vec<&'static Operation>>>;
    static BY_FIRST_PART_AND_LENGTH: OnceLock<Table> = OnceLock::new();
    let table = BY_FIRST_PART_AND_LENGTH.get_or_init(|| {
        let mut table = Table::new();
        for operation in contract().operations.values() {
            if let Some(Segment::Literal(first)) = operation.segments.first() {
                let by_length = table.entry(first.as_str()).or_default();
                let same_length = by_length.entry(operation.segments.len()).or_default();
                same_length.push(operation);
            }
        }
        table
    });
    let first = parts.first().copied().unwrap_or_default();
    let length = match first {
        "tags" => parts.len().min(2),
        _ => parts.len(),
    };
    table
        .get(first)
        .and_then(|by_length| by_length.get(&length))
        .map_or(&[], Vec::as_slice)
}

fn match_segments(
    segments: &'static [Segment],
    parts: &[&str],
) -> Option<Vec<(&'static str, String)>> {
    let mut labels = Vec::new();
    for (index, segment) in segments.iter().enumerate() {
        let part = *parts.get(index)?;
        match segment {
            Segment::Literal(literal) if literal == part => {}
            Segment::Literal(_) => return None,
            Segment::Label(label) => {
                let value = if label == ARN_LABEL {
                    parts[index..].join("/")
                } else {
                    part.to_owned()
                };
                if value.is_empty() {
                    return None;
                }
                labels.push((label.as_str(), value));
            }
        }
    }
    Some(labels)
}

fn decode_labels(
    labels: Vec<(&'static str, String)>,
) -> Result<Vec<(&'static str, String)>, ApiError> {
    labels
        .into_iter()
        .map(
            |(label, encoded)| match percent_decode_str(&encoded).decode_utf8() {
                Ok(text) => Ok((label, text.into_owned())),
                Err(_) => Err(ApiError::serialization(format!(
                    "The {label} in the path is not UTF-8 after percent-decoding"
                ))),
            },
        )
        .collect()
}

fn unknown_operation(method: &str, raw_path: &str, other_methods: &[&str]) -> ApiError {
    let shown: String = raw_path.chars().take(200).collect();
    let hint = if other_methods.is_empty() {
        "no operation of FinSpace has this path".to_owned()
    } else {
        format!("this path knows {}", other_methods.join(", "))
    };
    ApiError::new(
        ErrorCode::UnknownOperation,
        format!("Unknown operation {method} {shown}: {hint}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_operation_is_found_by_its_own_template() {
        for operation in contract().operations.values() {
            let path = operation
                .uri
                .replace('{', "value-of-")
                .replace('}', "%2Fend");
            let routed = route(&operation.http_method, &path).unwrap();
            assert_eq!(routed.operation.name, operation.name);
            for (label, value) in routed.labels {
                assert_eq!(value, format!("value-of-{label}/end"));
            }
        }
    }

    #[test]
    fn an_arn_label_keeps_its_slashes_encoded_or_not() {
        let arn = "arn:aws:finspace:us-east-1:000000000000:kxEnvironment/abc/kxCluster/rdb";
        for path in [
            format!("/tags/{arn}"),
            format!("/tags/{}", arn.replace(':', "%3A").replace('/', "%2F")),
        ] {
            let routed = route("GET", &path).unwrap();
            assert_eq!(routed.operation.name, "ListTagsForResource");
            assert_eq!(routed.labels, [("resourceArn", arn.to_owned())]);
        }
    }

    #[test]
    fn unknown_paths_and_methods_say_what_is_known() {
        let error = route("PATCH", "/kx/environments").unwrap_err();
        assert_eq!(error.wire(), (404, "UnknownOperationException"));
        assert!(error.message().contains("GET"), "{error}");
        assert!(route("GET", "/kx/environments//clusters").is_err());
        assert!(route("GET", "/").is_err());
        assert!(route("GET", "").is_err());
        assert_eq!(
            route("GET", "/kx/environments/%ff").unwrap_err().code(),
            ErrorCode::Serialization
        );
    }

    proptest! {
        #[test]
        fn no_path_panics(method in "[A-Z]{1,7}", path in any::<String>()) {
            let _ = route(&method, &path);
        }
    }
}
