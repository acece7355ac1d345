//! From failures below to what a client sees.

use control_store::StoreError;
use finspace_model::ApiError;

/// Everything the store can fail with is our own failure; what the caller can do about is checked before.
pub(crate) fn from_store(error: StoreError) -> ApiError {
    ApiError::internal(error)
}

pub(crate) fn environment_not_found(environment_id: &str) -> ApiError {
    ApiError::not_found(format!(
        "Unable to find KX environment with id {environment_id}"
    ))
}

pub(crate) fn cluster_not_found(cluster_name: &str) -> ApiError {
    ApiError::not_found(format!("Unable to find cluster {cluster_name}"))
}

pub(crate) fn user_not_found(user_name: &str) -> ApiError {
    ApiError::not_found(format!("No user found for the id [{user_name}]"))
}

/// A cluster is not in the status that the call needs.
pub(crate) fn wrong_status(cluster_name: &str, status: &str, needed: &str) -> ApiError {
    let text = format!(
        "Cluster {cluster_name} is in status {status} and must be {needed} for this request"
    );
    ApiError::conflict(text.clone(), text)
}
