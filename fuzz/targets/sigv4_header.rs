//! Any authorization header, query and path: read and canonicalised without a panic.
#![no_main]

use aws_protocol::sigv4::{
    PathStyle, RequestHead, canonical_request, parse_authorization_header, read_signature,
};
use http::{HeaderMap, HeaderName, HeaderValue};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let _ = parse_authorization_header(&text);
    let mut lines = text.lines();
    let (path, query) = (
        lines.next().unwrap_or_default(),
        lines.next().unwrap_or_default(),
    );
    let mut headers = HeaderMap::new();
    for line in lines {
        if let Some((name, value)) = line.split_once(':')
            && let (Ok(name), Ok(value)) =
                (HeaderName::try_from(name), HeaderValue::from_str(value))
        {
            headers.append(name, value);
        }
    }
    let head = RequestHead {
        method: "PUT",
        path,
        query,
        headers: &headers,
    };
    if let Ok(fields) = read_signature(&head) {
        let names = fields.signed_headers.iter().map(String::as_str);
        let _ = canonical_request(&head, names.clone(), "UNSIGNED-PAYLOAD", PathStyle::AsSent);
        let _ = canonical_request(
            &head,
            names,
            "UNSIGNED-PAYLOAD",
            PathStyle::NormalizedAndEncodedTwice,
        );
    }
    for style in [PathStyle::AsSent, PathStyle::NormalizedAndEncodedTwice] {
        let canonical = canonical_request(&head, ["host"], "UNSIGNED-PAYLOAD", style);
        assert!(canonical.starts_with("PUT\n"));
    }
});
