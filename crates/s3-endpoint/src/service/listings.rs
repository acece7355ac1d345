//! Listings of objects and versions.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::dto::*;
use s3s::{S3Request, S3Result, s3_error};

use super::convert::{page_limit, signed, timestamp};
use crate::ObjectStore;
use crate::listing::{Listed, Query};

/// Everything but letters, digits, `-._~` and the slash is escaped in names of a listing that asks for `url`.
const NAME_ESCAPES: AsciiSet = NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// Writes the names of a listing as the request wants them: XML cannot hold every key, so clients ask for escapes.
#[derive(Clone, Copy)]
struct Names {
    escaped: bool,
}

impl Names {
    fn of(encoding: Option<&EncodingType>) -> Names {
        Names {
            escaped: encoding.is_some_and(|encoding| encoding.as_str() == EncodingType::URL),
        }
    }

    fn write(self, name: String) -> String {
        if self.escaped {
            utf8_percent_encode(&name, &NAME_ESCAPES).to_string()
        } else {
            name
        }
    }

    fn write_some(self, name: Option<String>) -> Option<String> {
        name.map(|name| self.write(name))
    }
}

fn objects(items: Vec<Listed>, names: Names) -> Vec<Object> {
    let object = |item: Listed| Object {
        key: Some(names.write(item.key)),
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

fn prefixes(found: BTreeSet<String>, names: Names) -> Option<Vec<CommonPrefix>> {
    (!found.is_empty()).then(|| {
        found
            .into_iter()
            .map(|prefix| CommonPrefix {
                prefix: Some(names.write(prefix)),
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
    let names = Names::of(input.encoding_type.as_ref());
    let query = Query {
        prefix: input.prefix.clone().unwrap_or_default(),
        delimiter: input.delimiter.clone().unwrap_or_default(),
        after: input.marker.clone().unwrap_or_default(),
        limit,
    };
    let page = store.bucket(&input.bucket)?.list(&query);
    Ok(ListObjectsOutput {
        name: Some(input.bucket),
        prefix: names.write_some(input.prefix),
        marker: names.write_some(input.marker),
        max_keys: Some(max_keys),
        is_truncated: Some(page.next_after.is_some()),
        contents: Some(objects(page.items, names)),
        common_prefixes: prefixes(page.common_prefixes, names),
        next_marker: names.write_some(page.next_after.filter(|_| input.delimiter.is_some())),
        delimiter: names.write_some(input.delimiter),
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
    let names = Names::of(input.encoding_type.as_ref());
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
        prefix: names.write_some(input.prefix),
        max_keys: Some(max_keys),
        key_count: Some(i32::try_from(count).unwrap_or(i32::MAX)),
        continuation_token: input.continuation_token,
        is_truncated: Some(page.next_after.is_some()),
        next_continuation_token: page.next_after.map(|next| URL_SAFE_NO_PAD.encode(next)),
        contents: Some(objects(page.items, names)),
        common_prefixes: prefixes(page.common_prefixes, names),
        delimiter: names.write_some(input.delimiter),
        encoding_type: input.encoding_type,
        start_after: names.write_some(input.start_after),
        ..Default::default()
    })
}

pub(super) async fn list_object_versions(
    store: &ObjectStore,
    request: S3Request<ListObjectVersionsInput>,
) -> S3Result<ListObjectVersionsOutput> {
    let input = request.input;
    let (max_keys, limit) = page_limit(input.max_keys);
    let names = Names::of(input.encoding_type.as_ref());
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
            Some(names.write(item.key)),
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
        prefix: names.write_some(input.prefix),
        key_marker: names.write_some(input.key_marker),
        version_id_marker: input.version_id_marker,
        max_keys: Some(max_keys),
        is_truncated: Some(page.next_after.is_some()),
        next_key_marker: names.write_some(page.next_after),
        versions: Some(versions),
        delete_markers: Some(markers),
        common_prefixes: prefixes(page.common_prefixes, names),
        delimiter: names.write_some(input.delimiter),
        encoding_type: input.encoding_type,
        ..Default::default()
    })
}
