//! Multipart uploads.

use s3s::dto::*;
use s3s::{S3Request, S3Result, s3_error};

use super::convert::{headers_of, precondition, signed, timestamp};
use super::objects::copy_source;
use crate::ObjectStore;
use crate::blob::Expected;

/// S3's largest part number.
const PART_NUMBER_MAX: i32 = 10_000;

pub(super) async fn create_multipart_upload(
    store: &ObjectStore,
    request: S3Request<CreateMultipartUploadInput>,
) -> S3Result<CreateMultipartUploadOutput> {
    let input = request.input;
    let upload_id = store
        .bucket(&input.bucket)?
        .start_upload(&input.key, headers_of!(input))?;
    Ok(CreateMultipartUploadOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(upload_id),
        ..Default::default()
    })
}

fn require_part_number(number: i32) -> S3Result<()> {
    if (1..=PART_NUMBER_MAX).contains(&number) {
        Ok(())
    } else {
        Err(s3_error!(
            InvalidArgument,
            "Part number must be between 1 and 10000"
        ))
    }
}

pub(super) async fn upload_part(
    store: &ObjectStore,
    request: S3Request<UploadPartInput>,
) -> S3Result<UploadPartOutput> {
    let input = request.input;
    require_part_number(input.part_number)?;
    let bucket = store.bucket(&input.bucket)?;
    bucket.upload(&input.key, &input.upload_id)?;
    let expected = Expected::of(&request.headers, request.trailing_headers);
    let body = input
        .body
        .unwrap_or_else(|| StreamingBlob::from(s3s::Body::empty()));
    let written = bucket.blobs.write(body, expected).await?;
    let tag = bucket.put_part(&input.upload_id, input.part_number, &written)?;
    let checksum = |name: &str| written.checksums.get(name).cloned();
    Ok(UploadPartOutput {
        checksum_crc32: checksum("x-amz-checksum-crc32"),
        checksum_crc32c: checksum("x-amz-checksum-crc32c"),
        checksum_crc64nvme: checksum("x-amz-checksum-crc64nvme"),
        checksum_sha1: checksum("x-amz-checksum-sha1"),
        checksum_sha256: checksum("x-amz-checksum-sha256"),
        e_tag: Some(ETag::Strong(tag)),
        ..Default::default()
    })
}

pub(super) async fn upload_part_copy(
    store: &ObjectStore,
    request: S3Request<UploadPartCopyInput>,
) -> S3Result<UploadPartCopyOutput> {
    let input = request.input;
    require_part_number(input.part_number)?;
    let bucket = store.bucket(&input.bucket)?;
    bucket.upload(&input.key, &input.upload_id)?;
    let (from, found) = copy_source(store, &input.copy_source)?;
    let range = match &input.copy_source_range {
        Some(text) => Range::parse(text)
            .map_err(|_| {
                s3_error!(
                    InvalidArgument,
                    "The copy source range is not bytes=first-last"
                )
            })?
            .check(found.content.bytes)?,
        None => 0..found.content.bytes,
    };
    let body = from.blobs.read(&found.content.blob, range).await?;
    let written = bucket.blobs.write(body, Expected::default()).await?;
    let tag = bucket.put_part(&input.upload_id, input.part_number, &written)?;
    Ok(UploadPartCopyOutput {
        copy_part_result: Some(CopyPartResult {
            e_tag: Some(ETag::Strong(tag)),
            last_modified: Some(timestamp(crate::store::now_ms())),
            ..Default::default()
        }),
        copy_source_version_id: found.versioned.then_some(found.version_id),
        ..Default::default()
    })
}

pub(super) async fn complete_multipart_upload(
    store: &ObjectStore,
    request: S3Request<CompleteMultipartUploadInput>,
) -> S3Result<CompleteMultipartUploadOutput> {
    let input = request.input;
    let parts = input
        .multipart_upload
        .and_then(|upload| upload.parts)
        .unwrap_or_default();
    if parts.is_empty() {
        return Err(s3_error!(
            MalformedXML,
            "You must specify at least one part"
        ));
    }
    let wanted: Vec<(i32, Option<String>)> = parts
        .into_iter()
        .map(|part| {
            (
                part.part_number.unwrap_or_default(),
                part.e_tag.map(ETag::into_value),
            )
        })
        .collect();
    let condition = precondition(input.if_match.as_ref(), input.if_none_match.as_ref());
    let bucket = store.bucket(&input.bucket)?;
    let (tag, version_id) = bucket
        .complete_upload(&input.key, &input.upload_id, &wanted, &condition)
        .await?;
    Ok(CompleteMultipartUploadOutput {
        location: Some(format!("/{}/{}", input.bucket, input.key)),
        bucket: Some(input.bucket),
        key: Some(input.key),
        e_tag: Some(ETag::Strong(tag)),
        version_id,
        ..Default::default()
    })
}

pub(super) async fn abort_multipart_upload(
    store: &ObjectStore,
    request: S3Request<AbortMultipartUploadInput>,
) -> S3Result<AbortMultipartUploadOutput> {
    let input = request.input;
    store
        .bucket(&input.bucket)?
        .abort_upload(&input.key, &input.upload_id)?;
    Ok(AbortMultipartUploadOutput::default())
}

pub(super) async fn list_parts(
    store: &ObjectStore,
    request: S3Request<ListPartsInput>,
) -> S3Result<ListPartsOutput> {
    let input = request.input;
    let bucket = store.bucket(&input.bucket)?;
    bucket.upload(&input.key, &input.upload_id)?;
    let after = input.part_number_marker.unwrap_or(0);
    let limit = usize::try_from(input.max_parts.unwrap_or(1000).clamp(1, 1000)).unwrap_or(1000);
    let mut parts: Vec<Part> = bucket
        .parts(&input.upload_id)?
        .into_iter()
        .filter(|(number, _)| *number > after)
        .take(limit + 1)
        .map(|(number, part)| Part {
            part_number: Some(number),
            e_tag: Some(ETag::Strong(part.md5)),
            size: Some(signed(part.bytes)),
            last_modified: Some(timestamp(part.modified_ms)),
            ..Default::default()
        })
        .collect();
    let is_truncated = parts.len() > limit;
    parts.truncate(limit);
    Ok(ListPartsOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(input.upload_id),
        is_truncated: Some(is_truncated),
        next_part_number_marker: parts
            .last()
            .and_then(|part| part.part_number)
            .filter(|_| is_truncated),
        part_number_marker: input.part_number_marker,
        parts: Some(parts),
        ..Default::default()
    })
}

pub(super) async fn list_multipart_uploads(
    store: &ObjectStore,
    request: S3Request<ListMultipartUploadsInput>,
) -> S3Result<ListMultipartUploadsOutput> {
    let input = request.input;
    let found = store
        .bucket(&input.bucket)?
        .uploads(input.prefix.as_deref().unwrap_or_default())?;
    let uploads = found
        .into_iter()
        .map(|(upload_id, upload)| MultipartUpload {
            upload_id: Some(upload_id),
            key: Some(upload.key),
            initiated: Some(timestamp(upload.started_ms)),
            ..Default::default()
        })
        .collect();
    Ok(ListMultipartUploadsOutput {
        bucket: Some(input.bucket),
        prefix: input.prefix,
        is_truncated: Some(false),
        uploads: Some(uploads),
        ..Default::default()
    })
}
