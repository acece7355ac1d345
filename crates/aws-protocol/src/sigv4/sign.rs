//! Signs requests of our own client and makes presigned queries.

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::authorization::CredentialScope;
use super::canonical::{PathStyle, canonical_request};
use super::key::{signature, string_to_sign};
use super::{ALGORITHM, RequestHead, UNSIGNED_PAYLOAD};
use crate::credentials::Credential;
use crate::{amz_time, percent};

/// For whom a request is signed.
#[derive(Debug, Clone, Copy)]
pub struct SigningTarget<'a> {
    pub region: &'a str,
    /// Signing name, such as `finspace` or `s3`.
    pub service: &'a str,
    pub path_style: PathStyle,
}

/// Headers never signed: proxies and HTTP libraries change them.
const UNSIGNED_HEADERS: [HeaderName; 5] = [
    http::header::AUTHORIZATION,
    http::header::CONNECTION,
    http::header::TRANSFER_ENCODING,
    http::header::USER_AGENT,
    http::header::EXPECT,
];

/// The headers to add to a request so that it is signed: `x-amz-date`, `x-amz-content-sha256`, `authorization` and, for
/// temporary keys, `x-amz-security-token`. `head` must hold `host`; `payload_hash` is [`super::sha256_hex`] of the body
/// or [`UNSIGNED_PAYLOAD`]. `now` is in seconds since the Unix epoch.
///
/// Errors: a session token that cannot be a header value.
pub fn signature_headers(
    head: &RequestHead<'_>,
    credential: &Credential,
    target: &SigningTarget<'_>,
    payload_hash: &str,
    now: i64,
) -> Result<HeaderMap, http::header::InvalidHeaderValue> {
    let amz_date = amz_time::format(now);
    let mut added = HeaderMap::new();
    added.insert("x-amz-date", HeaderValue::from_str(&amz_date)?);
    added.insert("x-amz-content-sha256", HeaderValue::from_str(payload_hash)?);
    if let Some(token) = &credential.session_token {
        let mut value = HeaderValue::from_str(token.expose())?;
        value.set_sensitive(true);
        added.insert("x-amz-security-token", value);
    }
    let mut all = head.headers.clone();
    all.extend(added.clone());
    let mut names: Vec<&str> = all
        .keys()
        .filter(|name| !UNSIGNED_HEADERS.contains(name))
        .map(HeaderName::as_str)
        .collect();
    names.sort_unstable();
    let scope = scope(target, &amz_date);
    let complete = RequestHead {
        headers: &all,
        ..*head
    };
    let canonical = canonical_request(
        &complete,
        names.iter().copied(),
        payload_hash,
        target.path_style,
    );
    let text = string_to_sign(&amz_date, &scope, &canonical);
    let signature = hex::encode(signature(credential.secret.expose(), &scope, &text));
    let authorization = format!(
        "{ALGORITHM} Credential={}/{scope}, SignedHeaders={}, Signature={signature}",
        credential.access_key_id,
        names.join(";")
    );
    added.insert(AUTHORIZATION, HeaderValue::from_str(&authorization)?);
    Ok(added)
}

/// The query of a presigned request, valid for `expires_seconds` from `now` (seconds since the Unix epoch). The headers
/// in `head` (at least `host`) must be sent with it unchanged.
pub fn presigned_query(
    head: &RequestHead<'_>,
    credential: &Credential,
    target: &SigningTarget<'_>,
    expires_seconds: u32,
    now: i64,
) -> String {
    let amz_date = amz_time::format(now);
    let scope = scope(target, &amz_date);
    let mut names: Vec<&str> = head.headers.keys().map(HeaderName::as_str).collect();
    names.sort_unstable();
    let mut query = head.query.to_owned();
    let mut push = |name: &str, value: &str| {
        if !query.is_empty() {
            query.push('&');
        }
        query.push_str(name);
        query.push('=');
        query.push_str(&percent::encode(value));
    };
    push("X-Amz-Algorithm", ALGORITHM);
    let key_and_scope = format!("{}/{scope}", credential.access_key_id);
    push("X-Amz-Credential", &key_and_scope);
    push("X-Amz-Date", &amz_date);
    push("X-Amz-Expires", &expires_seconds.to_string());
    push("X-Amz-SignedHeaders", &names.join(";"));
    if let Some(token) = &credential.session_token {
        push("X-Amz-Security-Token", token.expose());
    }
    let payload_hash = match target.path_style {
        PathStyle::AsSent => UNSIGNED_PAYLOAD.to_owned(),
        PathStyle::NormalizedAndEncodedTwice => super::sha256_hex(b""),
    };
    let canonical = canonical_request(
        &RequestHead {
            query: &query,
            ..*head
        },
        names.iter().copied(),
        &payload_hash,
        target.path_style,
    );
    let text = string_to_sign(&amz_date, &scope, &canonical);
    let signature = hex::encode(signature(credential.secret.expose(), &scope, &text));
    format!("{query}&X-Amz-Signature={signature}")
}

fn scope(target: &SigningTarget<'_>, amz_date: &str) -> CredentialScope {
    CredentialScope {
        date: amz_date[..8].to_owned(),
        region: target.region.to_owned(),
        service: target.service.to_owned(),
    }
}
