//! Why a request is not believed, in the names AWS uses and words that say what to do.

/// A request that is not authenticated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    #[error(
        "Request is missing Authentication Token. Sign it with AWS Signature Version 4; `qspace env` prints the settings for AWS clients"
    )]
    Missing,
    #[error("The request's signature cannot be read: {problem}")]
    Incomplete { problem: String },
    #[error(
        "The access key id {access_key_id} is not known to this server. Use the keys of the `credentials` file in the server's data directory, or keys from AssumeRole"
    )]
    UnknownKey { access_key_id: String },
    #[error(
        "The security token included in the request is invalid for access key id {access_key_id}: {problem}"
    )]
    WrongSessionToken {
        access_key_id: String,
        problem: &'static str,
    },
    #[error(
        "The security token included in the request is expired. Call AssumeRole again for new keys"
    )]
    ExpiredToken,
    #[error(
        "The request signature we calculated does not match the signature you provided. Check that the secret access key belongs to access key id {access_key_id} and that nothing between client and server changes path, query, host or signed headers"
    )]
    SignatureMismatch { access_key_id: String },
    #[error("The payload does not have the SHA-256 that the signature names: {problem}")]
    PayloadMismatch { problem: &'static str },
    #[error(
        "The time of the request, {request_time}, is more than 5 minutes away from the server's, {server_time}. Set the client's clock"
    )]
    SkewedClock {
        request_time: String,
        server_time: String,
    },
    #[error(
        "The presigned request ended at {ended_at}; the server's time is {server_time}. Presign a new one"
    )]
    Expired {
        ended_at: String,
        server_time: String,
    },
    #[error("Credential should be scoped to the service {expected}, not {found}")]
    WrongScope { expected: String, found: String },
}

impl AuthError {
    /// HTTP status and error name.
    pub fn wire(&self) -> (u16, &'static str) {
        match self {
            AuthError::Missing => (403, "MissingAuthenticationToken"),
            AuthError::Incomplete { .. } => (400, "IncompleteSignature"),
            AuthError::UnknownKey { .. } | AuthError::WrongSessionToken { .. } => {
                (403, "InvalidClientTokenId")
            }
            AuthError::ExpiredToken => (403, "ExpiredTokenException"),
            AuthError::SignatureMismatch { .. } | AuthError::WrongScope { .. } => {
                (403, "SignatureDoesNotMatch")
            }
            AuthError::PayloadMismatch { .. } => (400, "XAmzContentSHA256Mismatch"),
            AuthError::SkewedClock { .. } => (403, "RequestTimeTooSkewed"),
            AuthError::Expired { .. } => (403, "RequestExpired"),
        }
    }

    pub(super) fn incomplete(problem: impl Into<String>) -> Self {
        AuthError::Incomplete {
            problem: problem.into(),
        }
    }
}
