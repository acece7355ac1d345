//! FinSpace requests: read, verify, route, validate, hand on.

use aws_protocol::rest_json;
use aws_protocol::sigv4::{RequestHead, ServiceRules, authenticate};
use bytes::Bytes;
use control_plane::{Caller, extension_route};
use finspace_model::{ApiError, decode_request, route};
use http::{Request, Response};
use hyper::body::Incoming;
use serde_json::Value;

use super::answer::{api_error, authentication_refusal, caller_name, log_failure};
use super::{Edge, extension, request_body};

/// The longest body of a management request; the largest legal one is far below.
const BODY_BYTES_MAX: usize = 1024 * 1024;

pub(super) async fn answer(
    edge: &Edge,
    request: Request<Incoming>,
    request_id: &str,
) -> Response<Bytes> {
    let (parts, body) = request.into_parts();
    let body = match request_body::read(&parts.headers, body, BODY_BYTES_MAX).await {
        Ok(body) => body,
        Err(error) => {
            let (status, name) = error.wire();
            return rest_json::error(status, name, &error.to_string(), &[], request_id);
        }
    };
    let head = RequestHead {
        method: parts.method.as_str(),
        path: parts.uri.path(),
        query: parts.uri.query().unwrap_or_default(),
        headers: &parts.headers,
    };
    let verified = authenticate(
        edge.credentials.as_ref(),
        &head,
        &body,
        &ServiceRules::FINSPACE,
        edge.now(),
    )
    .await;
    let verified = match verified {
        Ok(verified) => verified,
        Err(error) => {
            let (status, name, message) = authentication_refusal(&error);
            return rest_json::error(status, name, &message, &[], request_id);
        }
    };
    tracing::Span::current().record("caller", caller_name(&verified.principal));
    let caller = Caller {
        principal: verified.principal,
        access_key_id: verified.access_key_id,
    };
    match carry_out(edge, &caller, &head, &body).await {
        Ok(output) => rest_json::success(&output, request_id),
        Err(error) => {
            log_failure(&error);
            api_error(&error, request_id)
        }
    }
}

async fn carry_out(
    edge: &Edge,
    caller: &Caller,
    head: &RequestHead<'_>,
    body: &[u8],
) -> Result<Value, ApiError> {
    let span = tracing::Span::current();
    if let Some(route) = extension_route(head.method, head.path) {
        let operation = route.operation;
        span.record("operation", operation);
        let input = extension::input_of(route, head.query, body)?;
        return edge.management.call(caller, operation, input).await;
    }
    let routed = route(head.method, head.path)?;
    let operation = routed.operation;
    span.record("operation", operation.name.as_str());
    if operation.legacy {
        // The dataset browser's operations are no part of the product; its inputs need no checking.
        return Err(ApiError::not_implemented(&operation.name));
    }
    // A presigned query carries parameters of the signature, which decoding passes over.
    let input = decode_request(&routed, head.query, body)?;
    edge.management.call(caller, &operation.name, input).await
}
