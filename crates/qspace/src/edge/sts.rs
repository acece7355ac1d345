//! STS: who a caller is, and temporary keys of a role.
//!
//! Source: the STS API reference, version 2011-06-15.

use aws_protocol::query_xml::{self, QueryRequest, Xml};
use aws_protocol::sigv4::{RequestHead, ServiceRules, authenticate};
use bytes::Bytes;
use control_plane::{AssumeRoleRequest, AssumedRole, Caller};
use finspace_model::{ApiError, ErrorCode};
use http::{Method, Request, Response};
use hyper::body::Incoming;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::answer::{authentication_refusal, caller_name, log_failure};
use super::{Edge, request_body};

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";
const BODY_BYTES_MAX: usize = 64 * 1024;

pub(super) async fn answer(
    edge: &Edge,
    request: Request<Incoming>,
    request_id: &str,
) -> Response<Bytes> {
    let refuse = |status, name: &str, message: &str| {
        query_xml::error(NAMESPACE, status, name, message, request_id)
    };
    let (parts, body) = request.into_parts();
    let body = match request_body::read(&parts.headers, body, BODY_BYTES_MAX).await {
        Ok(body) => body,
        Err(error) => {
            let (status, name) = error.wire();
            return refuse(status, name, &error.to_string());
        }
    };
    let query = parts.uri.query().unwrap_or_default();
    let head = RequestHead {
        method: parts.method.as_str(),
        path: parts.uri.path(),
        query,
        headers: &parts.headers,
    };
    let keys = edge.credentials.as_ref();
    let verified = match authenticate(keys, &head, &body, &ServiceRules::STS, edge.now()).await {
        Ok(verified) => verified,
        Err(error) => {
            let (status, name, message) = authentication_refusal(&error);
            return refuse(status, name, &message);
        }
    };
    tracing::Span::current().record("caller", caller_name(&verified.principal));
    let caller = Caller {
        principal: verified.principal,
        access_key_id: verified.access_key_id,
    };
    let form = if parts.method == Method::GET {
        Some(query)
    } else {
        std::str::from_utf8(&body).ok()
    };
    let Some(form) = form.and_then(QueryRequest::parse) else {
        let message = "The request is not a form of at most 200 parameters";
        return refuse(400, "MalformedQueryString", message);
    };
    match carry_out(edge, &caller, &form).await {
        Ok(result) => query_xml::success(NAMESPACE, form.action(), &result, request_id),
        Err(error) => {
            log_failure(&error);
            let (status, name) = sts_name(&error);
            refuse(status, name, error.message())
        }
    }
}

/// The names STS has for what other services call differently.
fn sts_name(error: &ApiError) -> (u16, &'static str) {
    match error.code() {
        ErrorCode::Validation | ErrorCode::Serialization => (400, "ValidationError"),
        ErrorCode::AccessDenied => (403, "AccessDenied"),
        ErrorCode::UnknownOperation => (400, "InvalidAction"),
        ErrorCode::InternalServer => (500, "InternalFailure"),
        _ => error.wire(),
    }
}

async fn carry_out(
    edge: &Edge,
    caller: &Caller,
    form: &QueryRequest,
) -> Result<Vec<Xml>, ApiError> {
    let span = tracing::Span::current();
    match form.action() {
        "GetCallerIdentity" => {
            span.record("operation", "GetCallerIdentity");
            let identity = edge.management.caller_identity(caller);
            Ok(vec![
                Xml::Text("Arn", identity.arn),
                Xml::Text("UserId", identity.user_id),
                Xml::Text("Account", identity.account),
            ])
        }
        "AssumeRole" => {
            span.record("operation", "AssumeRole");
            let request = assume_role_request(form)?;
            let assumed = edge.management.assume_role(caller, &request).await?;
            assume_role_answer(assumed)
        }
        other => Err(ApiError::new(
            ErrorCode::UnknownOperation,
            format!(
                "Could not find operation {other}: STS here has GetCallerIdentity and AssumeRole"
            ),
        )),
    }
}

/// The request as a type; its rules are the control plane's business.
fn assume_role_request(form: &QueryRequest) -> Result<AssumeRoleRequest, ApiError> {
    let required = |name: &str| {
        form.parameter(name).map(str::to_owned).ok_or_else(|| {
            ApiError::validation(format!(
                "1 validation error detected: Value null at '{name}' failed to satisfy constraint: Member must not be null"
            ))
        })
    };
    let duration_seconds = form
        .parameter("DurationSeconds")
        .map(|text| {
            text.parse()
                .map_err(|_| ApiError::validation("DurationSeconds must be a whole number"))
        })
        .transpose()?;
    Ok(AssumeRoleRequest {
        role_arn: required("RoleArn")?,
        session_name: required("RoleSessionName")?,
        duration_seconds,
    })
}

fn assume_role_answer(assumed: AssumedRole) -> Result<Vec<Xml>, ApiError> {
    let missing = || ApiError::internal("temporary keys without token or end");
    let keys = assumed.credential;
    let token = keys.session_token.as_ref().ok_or_else(missing)?;
    let expiration = keys
        .expires_at
        .and_then(|end| OffsetDateTime::from_unix_timestamp(end).ok())
        .and_then(|end| end.format(&Rfc3339).ok())
        .ok_or_else(missing)?;
    Ok(vec![
        Xml::Group(
            "AssumedRoleUser",
            vec![
                Xml::Text("AssumedRoleId", assumed.assumed_role_id),
                Xml::Text("Arn", assumed.assumed_role_arn),
            ],
        ),
        Xml::Group(
            "Credentials",
            vec![
                Xml::Text("AccessKeyId", keys.access_key_id.clone()),
                Xml::Text("SecretAccessKey", keys.secret.expose().to_owned()),
                Xml::Text("SessionToken", token.expose().to_owned()),
                Xml::Text("Expiration", expiration),
            ],
        ),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_or_no_number_is_named() {
        let form = |text| QueryRequest::parse(text).unwrap();
        let good = assume_role_request(&form("RoleArn=r&RoleSessionName=bob")).unwrap();
        assert_eq!(good.duration_seconds, None);
        for (wrong, part) in [
            ("RoleSessionName=bob", "'RoleArn'"),
            ("RoleArn=r", "'RoleSessionName'"),
            (
                "RoleArn=r&RoleSessionName=b&DurationSeconds=soon",
                "DurationSeconds",
            ),
        ] {
            let error = assume_role_request(&form(wrong)).unwrap_err();
            assert_eq!(sts_name(&error), (400, "ValidationError"), "{wrong}");
            assert!(error.message().contains(part), "{error}");
        }
    }
}
