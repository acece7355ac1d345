//! SigV4, restJson framing, error envelope, page tokens, presigned strings.
//!
//! No sockets here: everything works on a request's head and bytes, so that all of it can be tested and fuzzed without a
//! server. Nothing here knows what an operation means.

pub mod amz_time;
pub mod connection_token;
pub mod credentials;
pub mod page_token;
mod percent;
pub mod query_xml;
pub mod request_id;
pub mod rest_json;
pub mod scope;
pub mod sigv4;

pub use percent::encode as percent_encode;
