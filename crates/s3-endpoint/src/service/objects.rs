//! Operations on single objects.

use s3s::dto::*;
use s3s::{S3Request, S3Result, s3_error};

use super::convert::{headers_of, metadata, precondition, signed, timestamp};
use crate::ObjectStore;
use crate::blob::{Expected, Written};
use crate::store::{Bucket, Found};

pub(super) async fn put_object(
    store: &ObjectStore,
    request: S3Request<PutObjectInput>,
) -> S3Result<PutObjectOutput> {
    let input = request.input;
    let bucket = store.bucket(&input.bucket)?;
    let headers = headers_of!(input);
    let condition = precondition(input.if_match.as_ref(), input.if_none_match.as_ref());
    let expected = Expected::of(&request.headers, request.trailing_headers);
    let body = input
        .body
        .unwrap_or_else(|| StreamingBlob::from(s3s::Body::empty()));
    let written = bucket.blobs.write(body, expected).await?;
    let checksum = |name: &str| written.checksums.get(name).cloned();
    let mut output = PutObjectOutput {
        checksum_crc32: checksum("x-amz-checksum-crc32"),
        checksum_crc32c: checksum("x-amz-checksum-crc32c"),
        checksum_crc64nvme: checksum("x-amz-checksum-crc64nvme"),
        checksum_sha1: checksum("x-amz-checksum-sha1"),
        checksum_sha256: checksum("x-amz-checksum-sha256"),
        ..Default::default()
    };
    let etag = hex(&written.md5);
    output.e_tag = Some(ETag::Strong(etag.clone()));
    output.version_id = bucket.put(&input.key, written, etag, headers, &condition)?;
    Ok(output)
}

fn hex(bytes: &[u8]) -> String {
    ::hex::encode(bytes)
}

/// What conditional headers say about a found object: `Err(NotModified)` and `Err(PreconditionFailed)` as S3 gives them.
fn require(
    found: &Found,
    if_match: Option<&ETagCondition>,
    if_none_match: Option<&ETagCondition>,
    if_modified_since: Option<Timestamp>,
    if_unmodified_since: Option<Timestamp>,
) -> S3Result<()> {
    let is_same = |condition: &ETagCondition| {
        condition
            .as_etag()
            .is_none_or(|etag| etag.value() == found.content.etag)
    };
    // HTTP dates have whole seconds
    let modified = timestamp(found.modified_ms / 1000 * 1000);
    if if_match.is_some_and(|condition| !is_same(condition)) {
        return Err(s3_error!(PreconditionFailed));
    }
    if if_match.is_none() && if_unmodified_since.is_some_and(|since| modified > since) {
        return Err(s3_error!(PreconditionFailed));
    }
    let unchanged = match if_none_match {
        Some(condition) => is_same(condition),
        None => if_modified_since.is_some_and(|since| modified <= since),
    };
    if unchanged {
        Err(s3_error!(NotModified))
    } else {
        Ok(())
    }
}

pub(super) async fn get_object(
    store: &ObjectStore,
    request: S3Request<GetObjectInput>,
) -> S3Result<GetObjectOutput> {
    let input = request.input;
    let bucket = store.bucket(&input.bucket)?;
    let found = bucket.find(&input.key, input.version_id.as_deref())?;
    require(
        &found,
        input.if_match.as_ref(),
        input.if_none_match.as_ref(),
        input.if_modified_since,
        input.if_unmodified_since,
    )?;
    let bytes = found.content.bytes;
    let range = match &input.range {
        Some(range) => range.check(bytes)?,
        None => 0..bytes,
    };
    let body = bucket
        .blobs
        .read(&found.content.blob, range.clone())
        .await?;
    let wants_checksum = input.range.is_none() && input.checksum_mode.is_some();
    let checksum = |name: &str| {
        found
            .content
            .checksums
            .get(name)
            .filter(|_| wants_checksum)
            .cloned()
    };
    let headers = &found.content.headers;
    Ok(GetObjectOutput {
        accept_ranges: Some("bytes".into()),
        body: Some(body),
        cache_control: input
            .response_cache_control
            .or_else(|| headers.cache_control.clone()),
        checksum_crc32: checksum("x-amz-checksum-crc32"),
        checksum_crc32c: checksum("x-amz-checksum-crc32c"),
        checksum_crc64nvme: checksum("x-amz-checksum-crc64nvme"),
        checksum_sha1: checksum("x-amz-checksum-sha1"),
        checksum_sha256: checksum("x-amz-checksum-sha256"),
        content_disposition: input
            .response_content_disposition
            .or_else(|| headers.content_disposition.clone()),
        content_encoding: input
            .response_content_encoding
            .or_else(|| headers.content_encoding.clone()),
        content_language: input
            .response_content_language
            .or_else(|| headers.content_language.clone()),
        content_length: Some(signed(range.end - range.start)),
        content_range: input.range.is_some().then(|| {
            format!(
                "bytes {}-{}/{bytes}",
                range.start,
                range.end.saturating_sub(1)
            )
        }),
        content_type: input.response_content_type.or_else(|| {
            headers
                .content_type
                .clone()
                .and_then(|text| text.parse().ok())
        }),
        e_tag: Some(ETag::Strong(found.content.etag.clone())),
        last_modified: Some(timestamp(found.modified_ms)),
        metadata: metadata(headers),
        version_id: found.versioned.then(|| found.version_id.clone()),
        ..Default::default()
    })
}

pub(super) async fn head_object(
    store: &ObjectStore,
    request: S3Request<HeadObjectInput>,
) -> S3Result<HeadObjectOutput> {
    let input = request.input;
    let bucket = store.bucket(&input.bucket)?;
    let found = bucket.find(&input.key, input.version_id.as_deref())?;
    require(
        &found,
        input.if_match.as_ref(),
        input.if_none_match.as_ref(),
        input.if_modified_since,
        input.if_unmodified_since,
    )?;
    let headers = &found.content.headers;
    Ok(HeadObjectOutput {
        accept_ranges: Some("bytes".into()),
        cache_control: headers.cache_control.clone(),
        content_disposition: headers.content_disposition.clone(),
        content_encoding: headers.content_encoding.clone(),
        content_language: headers.content_language.clone(),
        content_length: Some(signed(found.content.bytes)),
        content_type: headers
            .content_type
            .clone()
            .and_then(|text| text.parse().ok()),
        e_tag: Some(ETag::Strong(found.content.etag.clone())),
        last_modified: Some(timestamp(found.modified_ms)),
        metadata: metadata(headers),
        version_id: found.versioned.then(|| found.version_id.clone()),
        ..Default::default()
    })
}

/// The bucket and object that a copy reads from.
pub(super) fn copy_source(
    store: &ObjectStore,
    source: &CopySource,
) -> S3Result<(std::sync::Arc<Bucket>, Found)> {
    let CopySource::Bucket {
        bucket,
        key,
        version_id,
    } = source
    else {
        return Err(s3_error!(NotImplemented, "copy sources must be bucket/key"));
    };
    let bucket = store.bucket(bucket)?;
    let found = bucket.find(key, version_id.as_deref())?;
    Ok((bucket, found))
}

pub(super) async fn copy_object(
    store: &ObjectStore,
    request: S3Request<CopyObjectInput>,
) -> S3Result<CopyObjectOutput> {
    let input = request.input;
    let (from, found) = copy_source(store, &input.copy_source)?;
    let to = store.bucket(&input.bucket)?;
    let replaces = input
        .metadata_directive
        .as_ref()
        .is_some_and(|directive| directive.as_str() == "REPLACE");
    let headers = if replaces {
        headers_of!(input)
    } else {
        found.content.headers.clone()
    };
    let written = Written {
        blob: to.blobs.duplicate(&from.blobs.path(&found.content.blob))?,
        bytes: found.content.bytes,
        md5: [0; 16],
        checksums: found.content.checksums.clone(),
    };
    let etag = found.content.etag.clone();
    let version_id = to.put(
        &input.key,
        written,
        etag.clone(),
        headers,
        &Default::default(),
    )?;
    let modified = to.find(&input.key, version_id.as_deref())?.modified_ms;
    Ok(CopyObjectOutput {
        copy_object_result: Some(CopyObjectResult {
            e_tag: Some(ETag::Strong(etag)),
            last_modified: Some(timestamp(modified)),
            ..Default::default()
        }),
        copy_source_version_id: found.versioned.then_some(found.version_id),
        version_id,
        ..Default::default()
    })
}

pub(super) async fn delete_object(
    store: &ObjectStore,
    request: S3Request<DeleteObjectInput>,
) -> S3Result<DeleteObjectOutput> {
    let input = request.input;
    let deleted = store
        .bucket(&input.bucket)?
        .delete(&input.key, input.version_id.as_deref())?;
    Ok(DeleteObjectOutput {
        delete_marker: deleted.delete_marker.then_some(true),
        version_id: deleted.version_id,
        ..Default::default()
    })
}

pub(super) async fn delete_objects(
    store: &ObjectStore,
    request: S3Request<DeleteObjectsInput>,
) -> S3Result<DeleteObjectsOutput> {
    let bucket = store.bucket(&request.input.bucket)?;
    let quiet = request.input.delete.quiet == Some(true);
    let (mut deleted, mut errors) = (Vec::new(), Vec::new());
    for object in request.input.delete.objects {
        match bucket.delete(&object.key, object.version_id.as_deref()) {
            Ok(_) if quiet => {}
            Ok(done) => deleted.push(DeletedObject {
                key: Some(object.key),
                delete_marker: done.delete_marker.then_some(true),
                delete_marker_version_id: done.version_id.filter(|_| done.delete_marker),
                version_id: object.version_id,
            }),
            Err(error) => errors.push(Error {
                code: Some("InternalError".into()),
                message: Some(error.to_string()),
                key: Some(object.key),
                version_id: object.version_id,
            }),
        }
    }
    Ok(DeleteObjectsOutput {
        deleted: Some(deleted),
        errors: Some(errors),
        ..Default::default()
    })
}
