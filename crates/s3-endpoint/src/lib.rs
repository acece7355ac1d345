//! An embedded S3 with versions over a directory, and external S3 stores behind the same trait.
//!
//! [`ObjectStore`] keeps buckets in a directory; [`service`] serves it over HTTP by `s3s`; [`ObjectSource`] is what the
//! control plane reads code from, whether the store is embedded or elsewhere.
//!
//! Invariants: content is written and synced before the journal names it, and an object exists from the moment its
//! journal record is synced; readers of an object keep reading it when it is replaced or deleted.

mod authentication;
mod blob;
mod catalog;
mod journal;
mod listing;
mod multipart;
mod service;
mod source;
mod store;

pub use service::service;
pub use source::{ExternalConfig, ExternalSource, FetchedObject, ObjectError, ObjectSource};
pub use store::{ObjectStore, StoreError};
