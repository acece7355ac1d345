//! HTTP requests that q code makes.

use std::io::{self, ErrorKind, Read};
use std::time::{Duration, Instant};

use q_value::{QError, QResult};

use super::Network;
use super::client::converse;
use crate::os::system_text;

const TIMEOUT: Duration = Duration::from_secs(300);
const RESPONSE_BYTES_MAX: usize = 1 << 31;

/// Scheme, host and port of a URL such as `http://user:pw@host:8080/path`, with or without the colon of a file symbol.
fn authority(url: &str) -> Option<(bool, String, u16)> {
    let url = url.strip_prefix(':').unwrap_or(url);
    let (scheme, rest) = url.split_once("://")?;
    let is_tls = match scheme {
        "http" => false,
        "https" => true,
        _ => return None,
    };
    let host = rest.split(['/', '?', '#']).next()?;
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let (host, port) = match host.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port.parse().ok()?),
        _ => (host, if is_tls { 443 } else { 80 }),
    };
    let host = host.trim_matches(['[', ']']);
    (!host.is_empty()).then(|| (is_tls, host.to_owned(), port))
}

/// How many bytes a whole response has, as far as its head says.
fn expected_length(bytes: &[u8]) -> Option<usize> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
    let line = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))?;
    let length: usize = line.trim().parse().ok()?;
    end.checked_add(length)
}

/// True when a chunked body has its last chunk.
fn ends_chunks(bytes: &[u8]) -> bool {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
        return false;
    };
    let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
    head.lines()
        .any(|line| line.starts_with("transfer-encoding:") && line.contains("chunked"))
        && bytes.ends_with(b"0\r\n\r\n")
}

fn exchange(is_tls: bool, host: &str, port: u16, request: &[u8]) -> io::Result<Vec<u8>> {
    let deadline = Instant::now() + TIMEOUT;
    let mut stream = converse(host, port, is_tls, deadline)?;
    stream.write_all(request)?;
    stream.flush()?;
    let mut response = Vec::new();
    let mut buffer = vec![0u8; 64 * 1024];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return Ok(response),
            Ok(count) => response.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // servers that close TLS without saying so
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(response),
            Err(error) => return Err(error),
        }
        let is_whole = expected_length(&response).is_some_and(|length| response.len() >= length);
        if is_whole || ends_chunks(&response) {
            return Ok(response);
        }
        if response.len() > RESPONSE_BYTES_MAX {
            return Err(io::Error::from(ErrorKind::FileTooLarge));
        }
    }
}

impl Network {
    /// Sends a whole request to the host of a URL; the whole response as it came.
    pub(crate) fn http(&mut self, url: &[u8], request: &[u8]) -> QResult<Vec<u8>> {
        let url = String::from_utf8_lossy(url);
        let (is_tls, host, port) = authority(&url).ok_or_else(QError::domain)?;
        exchange(is_tls, &host, port, request)
            .map_err(|error| QError::signal(format!("conn. OS reports: {}", system_text(&error))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart() {
        let owned = |tls, host: &str, port| Some((tls, host.to_owned(), port));
        assert_eq!(authority("http://a.b/c?d"), owned(false, "a.b", 80));
        assert_eq!(authority(":https://u:p@a.b:8443"), owned(true, "a.b", 8443));
        assert_eq!(authority("http://[::1]:81/"), owned(false, "::1", 81));
        assert_eq!(authority("ftp://a.b"), None);
    }

    #[test]
    fn the_end_of_a_response_is_known_from_its_head() {
        let text = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab";
        assert_eq!(expected_length(text), Some(text.len()));
        assert!(ends_chunks(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"
        ));
    }
}
