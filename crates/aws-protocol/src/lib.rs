//! SigV4, restJson framing, error envelope, page tokens, presigned strings.

pub mod credentials;
