//! The canonical request: the one text that client and server make of a request independently.

use super::RequestHead;
use crate::percent;

/// How a service wants its path in the canonical request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathStyle {
    /// Dot segments resolved, then every part encoded once more than it was sent: all services but S3.
    NormalizedAndEncodedTwice,
    /// As sent, with one uniform encoding: S3, where `//` and `..` may be part of a key.
    AsSent,
}

/// The canonical request for a head, the names of the signed headers and the payload's hash.
///
/// The parameter `X-Amz-Signature` is left out of the query, as a presigned signature cannot cover itself.
pub fn canonical_request<'n>(
    head: &RequestHead<'_>,
    signed_headers: impl IntoIterator<Item = &'n str> + Clone,
    payload_hash: &str,
    path_style: PathStyle,
) -> String {
    let mut out = String::with_capacity(512);
    out.push_str(head.method);
    out.push('\n');
    out.push_str(&canonical_path(head.path, path_style));
    out.push('\n');
    out.push_str(&canonical_query(head.query));
    out.push('\n');
    for name in signed_headers.clone() {
        out.push_str(name);
        out.push(':');
        push_header_values(&mut out, head.headers, name);
        out.push('\n');
    }
    out.push('\n');
    for (index, name) in signed_headers.into_iter().enumerate() {
        if index > 0 {
            out.push(';');
        }
        out.push_str(name);
    }
    out.push('\n');
    out.push_str(payload_hash);
    out
}

fn canonical_path(raw_path: &str, style: PathStyle) -> String {
    match style {
        PathStyle::NormalizedAndEncodedTwice => {
            let normalized = without_dot_segments(raw_path);
            encode_parts(&normalized, percent::encode)
        }
        PathStyle::AsSent if raw_path.is_empty() => "/".to_owned(),
        PathStyle::AsSent => encode_parts(raw_path, |part| {
            percent::encode_bytes(&percent::decode_bytes(part))
        }),
    }
}

fn encode_parts(path: &str, encode: impl Fn(&str) -> String) -> String {
    path.split('/').map(encode).collect::<Vec<_>>().join("/")
}

/// The path without `.` and `..` and without empty parts; a slash at its end stays.
fn without_dot_segments(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                kept.pop();
            }
            other => kept.push(other),
        }
    }
    let mut out = format!("/{}", kept.join("/"));
    if path.ends_with('/') && out.len() > 1 {
        out.push('/');
    }
    out
}

fn canonical_query(raw_query: &str) -> String {
    let recode = |text: &str| percent::encode_bytes(&percent::decode_bytes(text));
    let mut pairs: Vec<(String, String)> = raw_query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .filter(|(name, _)| *name != "X-Amz-Signature")
        .map(|(name, value)| (recode(name), recode(value)))
        .collect();
    pairs.sort();
    pairs
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect::<Vec<_>>()
        .join("&")
}

/// All values of a header joined by commas, each trimmed and with single blanks.
fn push_header_values(out: &mut String, headers: &http::HeaderMap, name: &str) {
    for (index, value) in headers.get_all(name).iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        let text = String::from_utf8_lossy(value.as_bytes());
        for (index, word) in text.split_ascii_whitespace().enumerate() {
            if index > 0 {
                out.push(' ');
            }
            out.push_str(word);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn paths_differ_between_s3_and_the_rest() {
        let twice = |path| canonical_path(path, PathStyle::NormalizedAndEncodedTwice);
        let as_sent = |path| canonical_path(path, PathStyle::AsSent);
        assert_eq!(twice("/tags/arn%3Aaws"), "/tags/arn%253Aaws");
        assert_eq!(as_sent("/bucket/a%20b"), "/bucket/a%20b");
        assert_eq!(as_sent("/bucket/a:b"), "/bucket/a%3Ab");
        assert_eq!(as_sent("/bucket//../x%2Fy"), "/bucket//../x%2Fy");
        assert_eq!(twice("/example1/example2/../.."), "/");
        assert_eq!(twice("/./example/"), "/example/");
        assert_eq!(twice("//example//"), "/example/");
        assert_eq!(twice(""), "/");
        assert_eq!(as_sent(""), "/");
    }

    #[test]
    fn queries_are_sorted_after_encoding() {
        assert_eq!(canonical_query("b=2&a=1&a=0"), "a=0&a=1&b=2");
        assert_eq!(canonical_query("lifecycle"), "lifecycle=");
        assert_eq!(canonical_query("a=x/y&X-Amz-Signature=00"), "a=x%2Fy");
        assert_eq!(canonical_query("a=b=c"), "a=b%3Dc");
    }

    proptest! {
        #[test]
        fn no_input_panics(path in any::<String>(), query in any::<String>(), names in proptest::collection::vec(any::<String>(), 0..4)) {
            let headers = http::HeaderMap::new();
            let head = RequestHead { method: "GET", path: &path, query: &query, headers: &headers };
            for style in [PathStyle::AsSent, PathStyle::NormalizedAndEncodedTwice] {
                canonical_request(&head, names.iter().map(String::as_str), "hash", style);
            }
        }

        #[test]
        fn encoding_a_query_once_more_changes_nothing(query in "[a-zA-Z0-9=&/ %~-]{0,40}") {
            let once = canonical_query(&query);
            prop_assert_eq!(canonical_query(&once), once);
        }
    }
}
