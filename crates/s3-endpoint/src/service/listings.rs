//! Listings of objects and versions.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use s3s::dto::*;
use s3s::{S3Request, S3Result, s3_error};

use super::convert::{page_limit, signed, timestamp};
use crate::ObjectStore;
use crate::listing::{Listed, Query};

fn objects(items: Vec<Listed>) -> Vec<Object> {
    let object = |item: Listed| Object {
        key: Some(item.key),
        e_tag: Some(ETag::Strong(item.content.etag)),
        last_modified: Some(timestamp(item.modified_ms)),
        size: Some(signed(item.content.bytes)),
        storage_class: Some(ObjectStorageClass::from_static(
            ObjectStorageClass::STANDARD,
        )),
        ..Default::default()
    };
    items.into_iter().map(object).collect()
}

fn prefixes(found: BTreeSet<String>) -> Option<Vec<CommonPrefix>> {
    (!found.is_empty()).then(|| {
        found
            .into_iter()
            .map(|prefix| CommonPrefix {
                prefix: Some(prefix),
            })
            .collect()
    })
}

pub(super) async fn list_objects(
    store: &ObjectStore,
    request: S3Request<ListObjectsInput>,
) -> S3Result<ListObjectsOutput> {
    let input = request.input;
    let (max_keys, limit) = page_limit(input.max_keys);
    let query = Query {
        prefix: input.prefix.clone().unwrap_or_default(),
        delimiter: input.delimiter.clone().unwrap_or_default(),
        after: input.marker.clone().unwrap_or_default(),
        limit,
    };
    let page = store.bucket(&input.bucket)?.list(&query);
    Ok(ListObjectsOutput {
        name: Some(input.bucket),
        prefix: input.prefix,
        marker: input.marker,
        max_keys: Some(max_keys),
        is_truncated: Some(page.next_after.is_some()),
        contents: Some(objects(page.items)),
        common_prefixes: prefixes(page.common_prefixes),
        next_marker: page.next_after.filter(|_| input.delimiter.is_some()),
        delimiter: input.delimiter,
        encoding_type: input.encoding_type,
        ..Default::default()
    })
}

pub(super) async fn list_objects_v2(
    store: &ObjectStore,
    request: S3Request<ListObjectsV2Input>,
) -> S3Result<ListObjectsV2Output> {
    let input = request.input;
    let (max_keys, limit) = page_limit(input.max_keys);
    let after = match &input.continuation_token {
        Some(token) => URL_SAFE_NO_PAD
            .decode(token)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .ok_or_else(|| {
                s3_error!(
                    InvalidArgument,
                    "The continuation token provided is incorrect"
                )
            })?,
        None => input.start_after.clone().unwrap_or_default(),
    };
    let query = Query {
        prefix: input.prefix.clone().unwrap_or_default(),
        delimiter: input.delimiter.clone().unwrap_or_default(),
        after,
        limit,
    };
    let page = store.bucket(&input.bucket)?.list(&query);
    let count = page.items.len() + page.common_prefixes.len();
    Ok(ListObjectsV2Output {
        name: Some(input.bucket),
        prefix: input.prefix,
        max_keys: Some(max_keys),
        key_count: Some(i32::try_from(count).unwrap_or(i32::MAX)),
        continuation_token: input.continuation_token,
        is_truncated: Some(page.next_after.is_some()),
        next_continuation_token: page.next_after.map(|next| URL_SAFE_NO_PAD.encode(next)),
        contents: Some(objects(page.items)),
        common_prefixes: prefixes(page.common_prefixes),
        delimiter: input.delimiter,
        encoding_type: input.encoding_type,
        start_after: input.start_after,
        ..Default::default()
    })
}

pub(super) async fn list_object_versions(
    store: &ObjectStore,
    request: S3Request<ListObjectVersionsInput>,
) -> S3Result<ListObjectVersionsOutput> {
    let input = request.input;
    let (max_keys, limit) = page_limit(input.max_keys);
    let query = Query {
        prefix: input.prefix.clone().unwrap_or_default(),
        delimiter: input.delimiter.clone().unwrap_or_default(),
        after: input.key_marker.clone().unwrap_or_default(),
        limit,
    };
    let page = store.bucket(&input.bucket)?.list_versions(&query);
    let (mut versions, mut markers) = (Vec::new(), Vec::new());
    for item in page.items {
        let last_modified = Some(timestamp(item.version.modified_ms));
        let (key, version_id, is_latest) = (
            Some(item.key),
            Some(item.version.version_id),
            Some(item.is_latest),
        );
        match item.version.content {
            Some(content) => versions.push(ObjectVersion {
                e_tag: Some(ETag::Strong(content.etag)),
                size: Some(signed(content.bytes)),
                storage_class: Some(ObjectVersionStorageClass::from_static(
                    ObjectVersionStorageClass::STANDARD,
                )),
                key,
                version_id,
                is_latest,
                last_modified,
                ..Default::default()
            }),
            None => markers.push(DeleteMarkerEntry {
                key,
                version_id,
                is_latest,
                last_modified,
                owner: None,
            }),
        }
    }
    Ok(ListObjectVersionsOutput {
        name: Some(input.bucket),
        prefix: input.prefix,
        key_marker: input.key_marker,
        version_id_marker: input.version_id_marker,
        max_keys: Some(max_keys),
        is_truncated: Some(page.next_after.is_some()),
        next_key_marker: page.next_after,
        versions: Some(versions),
        delete_markers: Some(markers),
        common_prefixes: prefixes(page.common_prefixes),
        delimiter: input.delimiter,
        encoding_type: input.encoding_type,
        ..Default::default()
    })
}
