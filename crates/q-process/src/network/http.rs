//! Requests of browsers on the port of q.

/// A request as `.z.ph` and `.z.pp` get it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HttpRequest {
    pub(crate) method: String,
    /// What follows the first slash of the target, undecoded.
    pub(crate) target: Vec<u8>,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
}

impl HttpRequest {
    pub(crate) fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers
            .iter()
            .find(|(header, _)| header.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_slice())
    }
}

pub(crate) enum RequestState {
    /// More must arrive.
    Partial,
    /// A whole request and its bytes.
    Complete(HttpRequest, usize),
    Broken,
}

const METHODS: [&str; 7] = ["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"];
const HEAD_BYTES_MAX: usize = 64 * 1024;
const BODY_BYTES_MAX: usize = 1 << 30;

/// True when bytes begin with a method and a slash, as no login does.
pub(crate) fn looks_like_http(bytes: &[u8]) -> bool {
    METHODS.iter().any(|method| {
        bytes
            .strip_prefix(method.as_bytes())
            .is_some_and(|rest| rest.starts_with(b" /"))
    })
}

fn trimmed(bytes: &[u8]) -> &[u8] {
    bytes.trim_ascii()
}

pub(crate) fn parse_request(bytes: &[u8]) -> RequestState {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
        return if bytes.len() > HEAD_BYTES_MAX {
            RequestState::Broken
        } else {
            RequestState::Partial
        };
    };
    let mut lines = bytes[..end].split(|byte| *byte == b'\n').map(trimmed);
    let mut words = lines.next().unwrap_or_default().split(|byte| *byte == b' ');
    let (Some(method), Some(target)) = (words.next(), words.next()) else {
        return RequestState::Broken;
    };
    let mut headers = Vec::new();
    for line in lines {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            return RequestState::Broken;
        };
        let name = String::from_utf8_lossy(trimmed(&line[..colon])).into_owned();
        headers.push((name, trimmed(&line[colon + 1..]).to_vec()));
    }
    let mut request = HttpRequest {
        method: String::from_utf8_lossy(method).into_owned(),
        target: target.strip_prefix(b"/").unwrap_or(target).to_vec(),
        headers,
        body: Vec::new(),
    };
    let length = match request.header("content-length") {
        None => 0,
        Some(text) => match std::str::from_utf8(text)
            .ok()
            .and_then(|text| text.parse().ok())
        {
            Some(length) if length <= BODY_BYTES_MAX => length,
            _ => return RequestState::Broken,
        },
    };
    let start = end + 4;
    match bytes.get(start..start + length) {
        Some(body) => {
            request.body = body.to_vec();
            RequestState::Complete(request, start + length)
        }
        None => RequestState::Partial,
    }
}

/// A whole response that ends its connection.
pub(crate) fn response(status: &str, content_type: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_complete_with_its_body() {
        let text = b"POST /a?b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcGET";
        let RequestState::Complete(request, length) = parse_request(text) else {
            panic!("complete")
        };
        assert_eq!(
            (request.method.as_str(), &request.target[..]),
            ("POST", &b"a?b"[..])
        );
        assert_eq!(
            (request.body.as_slice(), length),
            (&b"abc"[..], text.len() - 3)
        );
        assert_eq!(request.header("host"), Some(&b"x"[..]));
        assert!(matches!(
            parse_request(&text[..text.len() - 4]),
            RequestState::Partial
        ));
        assert!(matches!(
            parse_request(b"GET\r\n\r\n"),
            RequestState::Broken
        ));
    }

    #[test]
    fn logins_are_no_requests() {
        assert!(looks_like_http(b"GET / HTTP/1.1"));
        assert!(!looks_like_http(b"GETTER:pw\x03\0"));
        assert!(!looks_like_http(b":\x06\0"));
    }
}
