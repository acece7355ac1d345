//! AWS Signature Version 4: verifying requests, and signing our own.
//!
//! Source: "Signature Version 4 for API requests" in the IAM user guide and "Authenticating requests" in the S3 API
//! reference; the examples published there are the tests.

mod authorization;
mod canonical;
mod errors;
mod key;
mod sign;
#[cfg(test)]
mod vectors;
mod verify;

pub use authorization::{
    AuthorizationHeader, CredentialScope, Placement, SignatureFields, parse_authorization_header,
    read_signature,
};
pub use canonical::{PathStyle, canonical_request};
pub use errors::AuthError;
pub use key::sha256_hex;
pub use sign::{SigningTarget, presigned_query, signature_headers};
pub use verify::{AuthenticateError, ServiceRules, Verified, authenticate, verify};

/// The hash value that says "the payload is not signed".
pub const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";
/// How far a signer's clock may be off.
pub const CLOCK_SKEW_SECONDS: i64 = 300;
/// The longest life of a presigned request: seven days.
pub const PRESIGNED_SECONDS_MAX: i64 = 604_800;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const TERMINATOR: &str = "aws4_request";

/// What a signature covers besides the body: a view of a request's first part.
#[derive(Debug, Clone, Copy)]
pub struct RequestHead<'a> {
    pub method: &'a str,
    /// As sent, still percent-encoded, without the query.
    pub path: &'a str,
    /// As sent, without `?`; empty when there is none.
    pub query: &'a str,
    pub headers: &'a http::HeaderMap,
}
