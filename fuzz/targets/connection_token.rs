//! Any password as a connection token: refused unless signed, never a panic.
#![no_main]

use std::sync::LazyLock;

use aws_protocol::connection_token::{ConnectionTokenSigner, verify};

static KEY: LazyLock<String> = LazyLock::new(|| ConnectionTokenSigner::generate().public_key_pem());

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    assert!(verify(&text, &KEY, "environment", "cluster", "user", 1_800_000_000).is_err());
});
