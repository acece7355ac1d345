//! Requests for AWS services that are not here: an error in the protocol that the client speaks.

use aws_protocol::scope::Service;
use aws_protocol::{query_xml, rest_json};
use bytes::Bytes;
use finspace_model::ErrorCode;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Request, Response, StatusCode};

pub(super) fn answer<B>(
    request: &Request<B>,
    service: &Service,
    request_id: &str,
) -> Response<Bytes> {
    let (status, name) = ErrorCode::NotImplemented.wire();
    let message = format!(
        "The service {} is not served by this endpoint, only finspace, s3 and sts are. Set AWS_ENDPOINT_URL_FINSPACE, AWS_ENDPOINT_URL_S3 and AWS_ENDPOINT_URL_STS instead of AWS_ENDPOINT_URL to reach AWS for the rest",
        service.name()
    );
    let speaks_query = request.headers().get(CONTENT_TYPE).is_some_and(|kind| {
        kind.as_bytes()
            .starts_with(b"application/x-www-form-urlencoded")
    });
    if speaks_query {
        query_xml::error("", status, name, &message, request_id)
    } else {
        rest_json::error(status, name, &message, &[], request_id)
    }
}

/// S3 requests when the installation keeps its objects in another S3.
pub(super) fn objects_elsewhere(request_id: &str) -> Response<Bytes> {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>NotImplemented</Code><Message>This installation keeps its objects in an external S3. Unset AWS_ENDPOINT_URL for s3 and use that one directly.</Message><RequestId>{request_id}</RequestId></Error>"
    );
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = StatusCode::NOT_IMPLEMENTED;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    if let Ok(request_id) = HeaderValue::from_str(request_id) {
        headers.insert("x-amz-request-id", request_id);
    }
    response
}
