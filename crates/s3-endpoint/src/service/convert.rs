//! Between the store's values and those of the S3 API.

use std::time::{Duration, UNIX_EPOCH};

use s3s::dto::*;
use s3s::{S3Error, S3ErrorCode};

use crate::StoreError;
use crate::journal::Headers;
use crate::store::Precondition;

/// Pages of listings hold at most this many keys, as S3's do.
const PAGE_KEYS_MAX: i32 = 1000;

impl From<StoreError> for S3Error {
    fn from(error: StoreError) -> S3Error {
        let code = match &error {
            StoreError::NoSuchBucket { .. } => S3ErrorCode::NoSuchBucket,
            StoreError::BucketExists { .. } => S3ErrorCode::BucketAlreadyOwnedByYou,
            StoreError::BucketNotEmpty { .. } => S3ErrorCode::BucketNotEmpty,
            StoreError::NoSuchKey { .. } => S3ErrorCode::NoSuchKey,
            StoreError::NoSuchVersion { .. } => S3ErrorCode::NoSuchVersion,
            StoreError::DeleteMarker { .. } => S3ErrorCode::MethodNotAllowed,
            StoreError::NoSuchUpload { .. } => S3ErrorCode::NoSuchUpload,
            StoreError::InvalidPart { .. } => S3ErrorCode::InvalidPart,
            StoreError::InvalidPartOrder => S3ErrorCode::InvalidPartOrder,
            StoreError::PartTooSmall { .. } => S3ErrorCode::EntityTooSmall,
            StoreError::PreconditionFailed => S3ErrorCode::PreconditionFailed,
            StoreError::Digest { .. } => S3ErrorCode::BadDigest,
            StoreError::Incomplete { .. } => S3ErrorCode::IncompleteBody,
            StoreError::Io { .. } => {
                tracing::error!(%error, "the object store failed");
                return S3Error::with_message(
                    S3ErrorCode::InternalError,
                    "the object store failed; see the server's log",
                );
            }
        };
        S3Error::with_message(code, error.to_string())
    }
}

pub(super) fn timestamp(milliseconds: i64) -> Timestamp {
    Timestamp::from(UNIX_EPOCH + Duration::from_millis(u64::try_from(milliseconds).unwrap_or(0)))
}

pub(super) fn signed(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

pub(super) fn page_limit(asked: Option<i32>) -> (i32, usize) {
    let limit = asked.unwrap_or(PAGE_KEYS_MAX).clamp(0, PAGE_KEYS_MAX);
    (limit, usize::try_from(limit).unwrap_or(0))
}

/// The headers kept of an input, whatever operation it belongs to.
macro_rules! headers_of {
    ($input:expr) => {
        $crate::journal::Headers {
            content_type: $input.content_type.as_ref().map(ToString::to_string),
            content_encoding: $input.content_encoding.clone(),
            content_disposition: $input.content_disposition.clone(),
            content_language: $input.content_language.clone(),
            cache_control: $input.cache_control.clone(),
            metadata: $input
                .metadata
                .clone()
                .unwrap_or_default()
                .into_iter()
                .collect(),
        }
    };
}
pub(super) use headers_of;

pub(super) fn metadata(headers: &Headers) -> Option<Metadata> {
    (!headers.metadata.is_empty()).then(|| headers.metadata.clone().into_iter().collect())
}

pub(super) fn precondition(
    if_match: Option<&ETagCondition>,
    if_none_match: Option<&ETagCondition>,
) -> Precondition {
    Precondition {
        must_not_exist: if_none_match.is_some_and(ETagCondition::is_any),
        etag: if_match.map(|condition| {
            condition
                .as_etag()
                .map_or("*".into(), |etag| etag.value().into())
        }),
    }
}
