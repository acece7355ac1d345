//! The store as an S3 service: each operation translated by one method, protocol and signatures by `s3s`.

mod buckets;
mod convert;
mod listings;
mod objects;
mod uploads;

use std::sync::Arc;

use aws_protocol::credentials::CredentialSource;
use s3s::dto::*;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{S3, S3Request, S3Response, S3Result};

use crate::ObjectStore;
use crate::authentication::{KnownKeys, SignedOnly};

/// The S3 API over a store, path-style, for requests signed with the keys of `credentials`.
pub fn service(store: Arc<ObjectStore>, credentials: Arc<dyn CredentialSource>) -> S3Service {
    let mut builder = S3ServiceBuilder::new(Endpoint { store });
    builder.set_auth(KnownKeys(Arc::clone(&credentials)));
    builder.set_access(SignedOnly(credentials));
    builder.build()
}

struct Endpoint {
    store: Arc<ObjectStore>,
}

/// Writes the trait's methods that only hand over to a function of the same name in a module of one kind.
macro_rules! operations {
    ($($module:ident::$name:ident($input:ty) -> $output:ty;)*) => {
        #[async_trait::async_trait]
        impl S3 for Endpoint {
            $(async fn $name(&self, request: S3Request<$input>) -> S3Result<S3Response<$output>> {
                Ok(S3Response::new($module::$name(&self.store, request).await?))
            })*
        }
    };
}

operations! {
    buckets::create_bucket(CreateBucketInput) -> CreateBucketOutput;
    buckets::delete_bucket(DeleteBucketInput) -> DeleteBucketOutput;
    buckets::head_bucket(HeadBucketInput) -> HeadBucketOutput;
    buckets::list_buckets(ListBucketsInput) -> ListBucketsOutput;
    buckets::get_bucket_location(GetBucketLocationInput) -> GetBucketLocationOutput;
    buckets::get_bucket_versioning(GetBucketVersioningInput) -> GetBucketVersioningOutput;
    buckets::put_bucket_versioning(PutBucketVersioningInput) -> PutBucketVersioningOutput;
    objects::put_object(PutObjectInput) -> PutObjectOutput;
    objects::get_object(GetObjectInput) -> GetObjectOutput;
    objects::head_object(HeadObjectInput) -> HeadObjectOutput;
    objects::copy_object(CopyObjectInput) -> CopyObjectOutput;
    objects::delete_object(DeleteObjectInput) -> DeleteObjectOutput;
    objects::delete_objects(DeleteObjectsInput) -> DeleteObjectsOutput;
    listings::list_objects(ListObjectsInput) -> ListObjectsOutput;
    listings::list_objects_v2(ListObjectsV2Input) -> ListObjectsV2Output;
    listings::list_object_versions(ListObjectVersionsInput) -> ListObjectVersionsOutput;
    uploads::create_multipart_upload(CreateMultipartUploadInput) -> CreateMultipartUploadOutput;
    uploads::upload_part(UploadPartInput) -> UploadPartOutput;
    uploads::upload_part_copy(UploadPartCopyInput) -> UploadPartCopyOutput;
    uploads::complete_multipart_upload(CompleteMultipartUploadInput) -> CompleteMultipartUploadOutput;
    uploads::abort_multipart_upload(AbortMultipartUploadInput) -> AbortMultipartUploadOutput;
    uploads::list_parts(ListPartsInput) -> ListPartsOutput;
    uploads::list_multipart_uploads(ListMultipartUploadsInput) -> ListMultipartUploadsOutput;
}
