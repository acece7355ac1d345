//! Reads the body of a request as a whole, within limits of size and time.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;

/// How long a client may take to send a body that fits in memory.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// A body that was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum BodyError {
    #[error("The request body is longer than {limit} bytes")]
    TooLong { limit: usize },
    #[error("The request body did not arrive within 30 seconds")]
    TooSlow,
    #[error("The request body ended before its end")]
    Broken,
}

impl BodyError {
    /// HTTP status and error name.
    pub(super) fn wire(self) -> (u16, &'static str) {
        match self {
            BodyError::TooLong { .. } => (413, "RequestEntityTooLargeException"),
            BodyError::TooSlow => (408, "RequestTimeoutException"),
            BodyError::Broken => (400, "IncompleteBody"),
        }
    }
}

/// The whole body, at most `limit` bytes.
pub(super) async fn read(
    headers: &HeaderMap,
    body: Incoming,
    limit: usize,
) -> Result<Bytes, BodyError> {
    let declared = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse::<u64>().ok());
    if declared.is_some_and(|declared| declared > limit as u64) {
        return Err(BodyError::TooLong { limit });
    }
    let collected = tokio::time::timeout(BODY_TIMEOUT, Limited::new(body, limit).collect()).await;
    match collected {
        Err(_) => Err(BodyError::TooSlow),
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
            Err(BodyError::TooLong { limit })
        }
        Ok(Err(_)) => Err(BodyError::Broken),
    }
}
