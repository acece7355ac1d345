//! Verifies a request: signature, time, payload and session token.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::authorization::{Placement, SignatureFields, read_signature};
use super::canonical::{PathStyle, canonical_request};
use super::key::{sha256_hex, signature, string_to_sign};
use super::{AuthError, CLOCK_SKEW_SECONDS, RequestHead, UNSIGNED_PAYLOAD};
use crate::amz_time;
use crate::credentials::{Credential, CredentialError, CredentialSource, Principal};

/// What a service demands of its signatures.
#[derive(Debug, Clone, Copy)]
pub struct ServiceRules {
    /// Signing name that the credential scope must carry. The region is not compared: one installation has one.
    pub service: &'static str,
    pub path_style: PathStyle,
    /// Whether `UNSIGNED-PAYLOAD` is enough.
    pub unsigned_payload_allowed: bool,
}

impl ServiceRules {
    pub const FINSPACE: ServiceRules = ServiceRules::of("finspace");
    pub const STS: ServiceRules = ServiceRules::of("sts");
    pub const LOGS: ServiceRules = ServiceRules::of("logs");
    pub const S3: ServiceRules = ServiceRules {
        service: "s3",
        path_style: PathStyle::AsSent,
        unsigned_payload_allowed: true,
    };

    const fn of(service: &'static str) -> Self {
        ServiceRules {
            service,
            path_style: PathStyle::NormalizedAndEncodedTwice,
            unsigned_payload_allowed: false,
        }
    }
}

/// Who signed a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    pub principal: Principal,
    pub access_key_id: String,
    /// Region of the credential scope, as the client has it.
    pub region: String,
}

/// Why a request could not be authenticated.
#[derive(Debug, thiserror::Error)]
pub enum AuthenticateError {
    #[error(transparent)]
    Refused(#[from] AuthError),
    #[error("the request could not be authenticated")]
    LookUp(#[source] CredentialError),
}

/// Reads the signature, looks its key up and verifies. `now` is in seconds since the Unix epoch.
///
/// Errors: `Refused` with the reason for the client; `LookUp` when the keys could not be read.
pub async fn authenticate(
    source: &dyn CredentialSource,
    head: &RequestHead<'_>,
    body: &[u8],
    rules: &ServiceRules,
    now: i64,
) -> Result<Verified, AuthenticateError> {
    let fields = read_signature(head)?;
    // Before the look-up, so that stale requests cost nothing.
    check_time(&fields, now)?;
    let credential = source
        .credential(&fields.access_key_id)
        .await
        .map_err(AuthenticateError::LookUp)?
        .ok_or_else(|| AuthError::UnknownKey {
            access_key_id: fields.access_key_id.clone(),
        })?;
    verify(head, &fields, &credential, body, rules, now)?;
    Ok(Verified {
        principal: credential.principal,
        access_key_id: fields.access_key_id,
        region: fields.scope.region,
    })
}

/// Verifies a request whose signature was read and whose credential was found. `now` is in seconds since the Unix epoch.
pub fn verify(
    head: &RequestHead<'_>,
    fields: &SignatureFields,
    credential: &Credential,
    body: &[u8],
    rules: &ServiceRules,
    now: i64,
) -> Result<(), AuthError> {
    if fields.scope.service != rules.service {
        return Err(AuthError::WrongScope {
            expected: rules.service.to_owned(),
            found: fields.scope.service.clone(),
        });
    }
    check_time(fields, now)?;
    check_session_token(fields, credential)?;
    let payload_hash = payload_hash(head, fields, body, rules)?;
    let names = fields.signed_headers.iter().map(String::as_str);
    let canonical = canonical_request(head, names, &payload_hash, rules.path_style);
    let text = string_to_sign(&fields.amz_date, &fields.scope, &canonical);
    let expected = signature(credential.secret.expose(), &fields.scope, &text);
    if !bool::from(expected.ct_eq(&fields.signature)) {
        return Err(AuthError::SignatureMismatch {
            access_key_id: fields.access_key_id.clone(),
        });
    }
    // Only a caller who proved to hold the key learns that it has ended.
    if credential
        .expires_at
        .is_some_and(|expires_at| now >= expires_at)
    {
        return Err(AuthError::ExpiredToken);
    }
    Ok(())
}

fn check_time(fields: &SignatureFields, now: i64) -> Result<(), AuthError> {
    let too_early = fields.signed_at > now + CLOCK_SKEW_SECONDS;
    match fields.placement {
        Placement::Query { expires_seconds } if !too_early => {
            let ends_at = fields.signed_at + expires_seconds;
            if now >= ends_at {
                return Err(AuthError::Expired {
                    ended_at: amz_time::format(ends_at),
                    server_time: amz_time::format(now),
                });
            }
            Ok(())
        }
        Placement::Header if !too_early && fields.signed_at >= now - CLOCK_SKEW_SECONDS => Ok(()),
        Placement::Header | Placement::Query { .. } => Err(AuthError::SkewedClock {
            request_time: fields.amz_date.clone(),
            server_time: amz_time::format(now),
        }),
    }
}

fn check_session_token(fields: &SignatureFields, credential: &Credential) -> Result<(), AuthError> {
    let problem = match (&credential.session_token, &fields.session_token) {
        (None, None) => return Ok(()),
        (Some(expected), Some(given)) => {
            // Hashed first, so that the comparison takes the same time whatever the lengths.
            let expected = Sha256::digest(expected.expose().as_bytes());
            let given = Sha256::digest(given.as_bytes());
            if bool::from(expected.as_slice().ct_eq(given.as_slice())) {
                return Ok(());
            }
            "it is not the session token of these keys"
        }
        (Some(_), None) => "temporary keys need their session token (AWS_SESSION_TOKEN)",
        (None, Some(_)) => "these keys have no session token; unset AWS_SESSION_TOKEN",
    };
    Err(AuthError::WrongSessionToken {
        access_key_id: fields.access_key_id.clone(),
        problem,
    })
}

/// The last line of the canonical request, after checking that it is true of the body.
fn payload_hash(
    head: &RequestHead<'_>,
    fields: &SignatureFields,
    body: &[u8],
    rules: &ServiceRules,
) -> Result<String, AuthError> {
    let declared = head
        .headers
        .get("x-amz-content-sha256")
        .map(|value| value.to_str().unwrap_or_default().trim());
    match declared {
        Some(UNSIGNED_PAYLOAD) if rules.unsigned_payload_allowed => Ok(UNSIGNED_PAYLOAD.to_owned()),
        Some(UNSIGNED_PAYLOAD) => Err(AuthError::PayloadMismatch {
            problem: "this service demands a signed payload, not UNSIGNED-PAYLOAD",
        }),
        Some(declared) if declared.starts_with("STREAMING-") => Err(AuthError::PayloadMismatch {
            problem: "streaming signatures are for S3 uploads only",
        }),
        Some(declared) => {
            if declared != sha256_hex(body) {
                return Err(AuthError::PayloadMismatch {
                    problem: "the header x-amz-content-sha256 names another hash than the body has",
                });
            }
            Ok(declared.to_owned())
        }
        // A presigned S3 request does not know its payload.
        None if rules.unsigned_payload_allowed
            && matches!(fields.placement, Placement::Query { .. }) =>
        {
            Ok(UNSIGNED_PAYLOAD.to_owned())
        }
        None => Ok(sha256_hex(body)),
    }
}
