//! Operations on buckets.

use s3s::dto::*;
use s3s::{S3Request, S3Result, s3_error};

use super::convert::timestamp;
use crate::ObjectStore;
use crate::journal::Versioning;

pub(super) async fn create_bucket(
    store: &ObjectStore,
    request: S3Request<CreateBucketInput>,
) -> S3Result<CreateBucketOutput> {
    let asked = request
        .input
        .create_bucket_configuration
        .and_then(|configuration| configuration.location_constraint);
    let region = asked
        .map(|region| region.as_str().to_owned())
        .or_else(|| request.region.map(|region| region.as_str().to_owned()))
        .unwrap_or_else(|| "us-east-1".into());
    store.create_bucket(&request.input.bucket, &region)?;
    Ok(CreateBucketOutput {
        location: Some(format!("/{}", request.input.bucket)),
    })
}

pub(super) async fn delete_bucket(
    store: &ObjectStore,
    request: S3Request<DeleteBucketInput>,
) -> S3Result<DeleteBucketOutput> {
    store.delete_bucket(&request.input.bucket)?;
    Ok(DeleteBucketOutput::default())
}

pub(super) async fn head_bucket(
    store: &ObjectStore,
    request: S3Request<HeadBucketInput>,
) -> S3Result<HeadBucketOutput> {
    let region = store.bucket(&request.input.bucket)?.region();
    Ok(HeadBucketOutput {
        bucket_region: Some(region),
        ..Default::default()
    })
}

pub(super) async fn list_buckets(
    store: &ObjectStore,
    request: S3Request<ListBucketsInput>,
) -> S3Result<ListBucketsOutput> {
    let prefix = request.input.prefix.clone().unwrap_or_default();
    let buckets = store
        .buckets()
        .into_iter()
        .filter(|(name, ..)| name.starts_with(&prefix))
        .map(|(name, created_ms, region)| Bucket {
            name: Some(name),
            creation_date: Some(timestamp(created_ms)),
            bucket_region: Some(region),
        })
        .collect();
    Ok(ListBucketsOutput {
        buckets: Some(buckets),
        prefix: request.input.prefix,
        ..Default::default()
    })
}

pub(super) async fn get_bucket_location(
    store: &ObjectStore,
    request: S3Request<GetBucketLocationInput>,
) -> S3Result<GetBucketLocationOutput> {
    let region = store.bucket(&request.input.bucket)?.region();
    // S3 answers nothing for its first region
    let location_constraint =
        (region != "us-east-1").then(|| BucketLocationConstraint::from(region));
    Ok(GetBucketLocationOutput {
        location_constraint,
    })
}

pub(super) async fn get_bucket_versioning(
    store: &ObjectStore,
    request: S3Request<GetBucketVersioningInput>,
) -> S3Result<GetBucketVersioningOutput> {
    let status = match store.bucket(&request.input.bucket)?.versioning() {
        Versioning::Off => None,
        Versioning::Enabled => Some(BucketVersioningStatus::ENABLED),
        Versioning::Suspended => Some(BucketVersioningStatus::SUSPENDED),
    };
    Ok(GetBucketVersioningOutput {
        status: status.map(BucketVersioningStatus::from_static),
        ..Default::default()
    })
}

pub(super) async fn put_bucket_versioning(
    store: &ObjectStore,
    request: S3Request<PutBucketVersioningInput>,
) -> S3Result<PutBucketVersioningOutput> {
    let status = request.input.versioning_configuration.status;
    let state = match status.as_ref().map(BucketVersioningStatus::as_str) {
        Some(BucketVersioningStatus::ENABLED) => Versioning::Enabled,
        Some(BucketVersioningStatus::SUSPENDED) => Versioning::Suspended,
        _ => {
            return Err(s3_error!(
                MalformedXML,
                "Status must be Enabled or Suspended"
            ));
        }
    };
    store.bucket(&request.input.bucket)?.set_versioning(state)?;
    Ok(PutBucketVersioningOutput::default())
}
