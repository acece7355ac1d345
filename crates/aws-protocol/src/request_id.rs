//! Request ids: what an answer carries in `x-amzn-requestid` and the log beside each line.

/// A new random id, in the form of a UUID as AWS gives.
pub fn generate() -> String {
    uuid::Uuid::new_v4().to_string()
}
