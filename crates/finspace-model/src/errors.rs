//! Errors of the API: what a handler refuses with, and how it looks on the wire.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// Names of the errors clients know, as in the service model, and the protocol's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    AccessDenied,
    Conflict,
    InternalServer,
    InvalidRequest,
    LimitExceeded,
    ResourceAlreadyExists,
    ResourceNotFound,
    ServiceQuotaExceeded,
    Throttling,
    Validation,
    /// The body is not JSON or a value has another type than the model says.
    Serialization,
    /// A known operation that this version does not carry out yet.
    NotImplemented,
    /// No operation has this method and path.
    UnknownOperation,
}

impl ErrorCode {
    /// HTTP status and error name; a test compares them with the contract.
    pub fn wire(self) -> (u16, &'static str) {
        match self {
            ErrorCode::AccessDenied => (403, "AccessDeniedException"),
            ErrorCode::Conflict => (409, "ConflictException"),
            ErrorCode::InternalServer => (500, "InternalServerException"),
            ErrorCode::InvalidRequest => (400, "InvalidRequestException"),
            ErrorCode::LimitExceeded => (400, "LimitExceededException"),
            ErrorCode::ResourceAlreadyExists => (409, "ResourceAlreadyExistsException"),
            ErrorCode::ResourceNotFound => (404, "ResourceNotFoundException"),
            ErrorCode::ServiceQuotaExceeded => (402, "ServiceQuotaExceededException"),
            ErrorCode::Throttling => (429, "ThrottlingException"),
            ErrorCode::Validation => (400, "ValidationException"),
            ErrorCode::Serialization => (400, "SerializationException"),
            // 501: the one server error that SDKs do not retry.
            ErrorCode::NotImplemented => (501, "NotImplementedException"),
            ErrorCode::UnknownOperation => (404, "UnknownOperationException"),
        }
    }
}

/// A refusal. `Display` is the message the client sees; the source, if any, is for the log only.
#[derive(Debug, Clone)]
pub struct ApiError {
    code: ErrorCode,
    message: String,
    reason: Option<String>,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl ApiError {
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        ApiError {
            code,
            message: message.into(),
            reason: None,
            source: None,
        }
    }

    /// The input breaks a rule that the caller can keep by changing the request.
    pub fn validation(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Validation, message)
    }

    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::ResourceNotFound, message)
    }

    /// The resource is in a state that does not allow the call. `reason` is the member of that name in the answer.
    pub fn conflict(message: impl Into<String>, reason: impl Into<String>) -> Self {
        ApiError {
            reason: Some(reason.into()),
            ..Self::new(ErrorCode::Conflict, message)
        }
    }

    pub fn already_exists(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::ResourceAlreadyExists, message)
    }

    pub fn access_denied(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::AccessDenied, message)
    }

    pub fn limit_exceeded(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::LimitExceeded, message)
    }

    pub fn quota_exceeded(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::ServiceQuotaExceeded, message)
    }

    pub fn throttling(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Throttling, message)
    }

    /// The body cannot be read as the input of the operation.
    pub fn serialization(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Serialization, message)
    }

    /// A known operation that is not carried out by this version.
    pub fn not_implemented(operation: &str) -> Self {
        Self::new(
            ErrorCode::NotImplemented,
            format!("{operation} is not implemented yet by this version of qspace"),
        )
    }

    /// Our own failure. The client sees a fixed text and its request id; the cause goes to the log.
    pub fn internal(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        ApiError {
            source: Some(Arc::from(source.into())),
            ..Self::new(
                ErrorCode::InternalServer,
                "An internal error occurred. The server's log has the cause under this request id.",
            )
        }
    }

    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// HTTP status and error name.
    pub fn wire(&self) -> (u16, &'static str) {
        self.code.wire()
    }

    pub fn message(&self) -> &str {
        &self.message
    }

    /// The `reason` member, which only ConflictException has.
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// The same refusal under another name, for operations whose error list lacks the usual one.
    pub(crate) fn renamed(mut self, code: ErrorCode) -> Self {
        self.code = code;
        self
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for ApiError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::contract;

    #[test]
    fn names_and_statuses_are_those_of_the_contract() {
        let codes = [
            ErrorCode::AccessDenied,
            ErrorCode::Conflict,
            ErrorCode::InternalServer,
            ErrorCode::InvalidRequest,
            ErrorCode::LimitExceeded,
            ErrorCode::ResourceAlreadyExists,
            ErrorCode::ResourceNotFound,
            ErrorCode::ServiceQuotaExceeded,
            ErrorCode::Throttling,
            ErrorCode::Validation,
        ];
        let mut ours: Vec<_> = codes
            .iter()
            .map(|code| {
                let (status, name) = code.wire();
                (name.to_owned(), Some(status))
            })
            .collect();
        ours.sort();
        let mut theirs: Vec<_> = contract()
            .shapes
            .values()
            .filter(|shape| shape.exception)
            .map(|shape| (shape.name.clone(), shape.http_status))
            .collect();
        theirs.sort();
        assert_eq!(ours, theirs);
    }

    #[test]
    fn an_internal_error_keeps_its_cause_from_the_client() {
        let error = ApiError::internal("disk on fire");
        assert!(!error.to_string().contains("fire"));
        assert_eq!(error.source().unwrap().to_string(), "disk on fire");
    }
}
