//! The body type of all answers, and answers that any service may give.

use std::error::Error;

use aws_protocol::credentials::Principal;
use aws_protocol::rest_json;
use aws_protocol::sigv4::AuthenticateError;
use bytes::Bytes;
use finspace_model::ApiError;
use http::Response;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};

/// A body: whole for most services, a stream for objects.
pub type EdgeBody = UnsyncBoxBody<Bytes, Box<dyn Error + Send + Sync>>;

/// An answer that is in memory as a whole.
pub(super) fn whole(response: Response<Bytes>) -> Response<EdgeBody> {
    response.map(|body| {
        Full::new(body)
            .map_err(|never| match never {})
            .boxed_unsync()
    })
}

pub(super) fn internal_error(request_id: &str) -> Response<EdgeBody> {
    whole(api_error(
        &ApiError::internal("see the log line before"),
        request_id,
    ))
}

/// A refusal of an operation in restJson.
pub(super) fn api_error(error: &ApiError, request_id: &str) -> Response<Bytes> {
    let (status, name) = error.wire();
    let members: Vec<(&str, &str)> = error
        .reason()
        .map(|reason| ("reason", reason))
        .into_iter()
        .collect();
    rest_json::error(status, name, error.message(), &members, request_id)
}

/// Status, name and message of a request that is not authenticated. A failed look-up is logged here, once.
pub(super) fn authentication_refusal(error: &AuthenticateError) -> (u16, &'static str, String) {
    match error {
        AuthenticateError::Refused(refused) => {
            tracing::info!(%refused, "not authenticated");
            let (status, name) = refused.wire();
            (status, name, refused.to_string())
        }
        AuthenticateError::LookUp(source) => {
            tracing::error!(%source, "credentials could not be looked up");
            let internal = ApiError::internal("credentials");
            let (status, name) = internal.wire();
            (status, name, internal.message().to_owned())
        }
    }
}

/// Logs a failure of ours with all its causes; refusals are the caller's business and not errors.
pub(super) fn log_failure(error: &ApiError) {
    if error.wire().0 >= 500 {
        let mut causes = Vec::new();
        let mut next = error.source();
        while let Some(cause) = next {
            causes.push(cause.to_string());
            next = cause.source();
        }
        tracing::error!(
            name = error.wire().1,
            causes = causes.join(": "),
            "operation failed: {error}"
        );
    }
}

/// A caller in one word for the log.
pub(super) fn caller_name(principal: &Principal) -> &str {
    match principal {
        Principal::Root => "root",
        Principal::AssumedRole { role_arn, .. } => role_arn,
        Principal::Node { cluster_name, .. } => cluster_name,
    }
}
