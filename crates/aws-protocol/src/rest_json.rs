//! Answers of the restJson protocol.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use serde_json::{Map, Value};

const REQUEST_ID: &str = "x-amzn-requestid";
const ERROR_TYPE: &str = "x-amzn-errortype";

/// A successful answer: the value as JSON, `{}` for null.
pub fn success(value: &Value, request_id: &str) -> Response<Bytes> {
    let body = match value {
        Value::Null => Bytes::from_static(b"{}"),
        value => Bytes::from(value.to_string()),
    };
    answer(StatusCode::OK, body, request_id)
}

/// An error answer: name in `x-amzn-errortype` and `__type`, text in `message`, and further members such as `reason`.
///
/// Clients take the name from either place; old ones from the header only, some from the body only.
pub fn error(
    status: u16,
    name: &str,
    message: &str,
    members: &[(&str, &str)],
    request_id: &str,
) -> Response<Bytes> {
    let mut body = Map::new();
    body.insert("__type".to_owned(), Value::from(name));
    body.insert("message".to_owned(), Value::from(message));
    for (member, value) in members {
        body.insert((*member).to_owned(), Value::from(*value));
    }
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = answer(
        status,
        Bytes::from(Value::Object(body).to_string()),
        request_id,
    );
    if let Ok(name) = HeaderValue::from_str(name) {
        response.headers_mut().insert(ERROR_TYPE, name);
    }
    response
}

fn answer(status: StatusCode, body: Bytes, request_id: &str) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Ok(request_id) = HeaderValue::from_str(request_id) {
        headers.insert(REQUEST_ID, request_id);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn empty_answers_are_two_bytes() {
        assert_eq!(success(&json!({}), "id").body().as_ref(), b"{}");
        assert_eq!(success(&Value::Null, "id").body().as_ref(), b"{}");
    }

    #[test]
    fn errors_carry_their_name_twice() {
        let response = error(
            409,
            "ConflictException",
            "no \"quotes\" harm",
            &[("reason", "RUNNING")],
            "id-1",
        );
        assert_eq!(response.status(), 409);
        assert_eq!(response.headers()["x-amzn-errortype"], "ConflictException");
        assert_eq!(response.headers()["x-amzn-requestid"], "id-1");
        let body: Value = serde_json::from_slice(response.body()).unwrap();
        assert_eq!(
            body,
            json!({"__type": "ConflictException", "message": "no \"quotes\" harm", "reason": "RUNNING"})
        );
    }
}
