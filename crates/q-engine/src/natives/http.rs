//! HTTP requests from q code: `.Q.hg`, `.Q.hp`; and the compression that goes with them: `.Q.gz`.

use std::io::{Read, Write};

use base64::Engine as _;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use q_value::{QError, QResult, Value};

use crate::interpreter::Interpreter;
use crate::primitives::Row;

pub(crate) static TABLE: &[Row] = &[
    Row::one(".Q.hg", get),
    Row::three(".Q.hp", post),
    Row::one(".Q.gz", gzip_or_back),
];

/// Most bytes that a compressed text may grow to.
const INFLATED_BYTES_MAX: u64 = 1 << 32;
const LEVEL_MAX: i64 = 9;

/// What is asked for, taken from a URL such as `:http://user:pw@host:8080/path?query`.
struct Target {
    host: String,
    /// Path and query, at least a slash.
    path: String,
    /// `user:pw`.
    login: Option<String>,
    is_tls: bool,
}

fn target_of(url: &str) -> Option<Target> {
    let url = url.strip_prefix(':').unwrap_or(url);
    let (scheme, rest) = url.split_once("://")?;
    let at = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(at);
    let (login, host) = match authority.rsplit_once('@') {
        Some((login, host)) => (Some(login.to_owned()), host),
        None => (None, authority),
    };
    let path = if path.starts_with('/') {
        path.to_owned()
    } else {
        format!("/{path}")
    };
    (!host.is_empty()).then(|| Target {
        host: host.to_owned(),
        path,
        login,
        is_tls: scheme == "https",
    })
}

/// The text of a URL given as symbol or string.
fn url_of(x: &Value) -> QResult<String> {
    match x {
        Value::Symbol(name) => Ok(name.text().to_string()),
        x => {
            let text = x.as_text().ok_or_else(QError::type_error)?;
            Ok(String::from_utf8_lossy(text).into_owned())
        }
    }
}

/// `.Q.hg url`: the body of the answer to a GET (`ref/dotq`).
fn get(interpreter: &mut Interpreter, url: Value) -> QResult<Value> {
    request(interpreter, "GET", &url_of(&url)?, None)
}

/// `.Q.hp[url;type;body]`: the body of the answer to a POST (`ref/dotq`).
fn post(interpreter: &mut Interpreter, url: Value, kind: Value, body: Value) -> QResult<Value> {
    let kind = kind.as_text().ok_or_else(QError::type_error)?;
    let body = match &body {
        Value::Bytes(bytes) => &bytes[..],
        body => body.as_text().ok_or_else(QError::type_error)?,
    };
    request(interpreter, "POST", &url_of(&url)?, Some((kind, body)))
}

/// The proxy that the environment names for a host; none for encrypted connections.
fn proxy(interpreter: &Interpreter, target: &Target) -> Option<String> {
    let setting = |name: &str| {
        let upper = name.to_ascii_uppercase();
        let bytes = interpreter
            .world
            .environment(name.as_bytes())
            .or_else(|| interpreter.world.environment(upper.as_bytes()))?;
        let text = String::from_utf8_lossy(&bytes).trim().to_owned();
        (!text.is_empty()).then_some(text)
    };
    if target.is_tls {
        return None;
    }
    let proxy = setting("http_proxy")?;
    let name = target
        .host
        .rsplit_once(':')
        .map_or(target.host.as_str(), |(name, _)| name);
    let excluded = setting("no_proxy").is_some_and(|list| {
        list.split(',')
            .map(|domain| domain.trim().trim_start_matches('.'))
            .any(|domain| {
                domain == "*"
                    || (!domain.is_empty()
                        && (name == domain
                            || name
                                .strip_suffix(domain)
                                .is_some_and(|rest| rest.ends_with('.'))))
            })
    });
    (!excluded).then_some(proxy)
}

fn request(
    interpreter: &mut Interpreter,
    method: &str,
    url: &str,
    content: Option<(&[u8], &[u8])>,
) -> QResult<Value> {
    let target = target_of(url).ok_or_else(QError::domain)?;
    let proxy = proxy(interpreter, &target);
    let asked = match &proxy {
        Some(_) => format!("http://{}{}", target.host, target.path),
        None => target.path.clone(),
    };
    if asked
        .bytes()
        .any(|byte| byte.is_ascii_whitespace() || byte.is_ascii_control())
    {
        return Err(QError::domain());
    }
    let mut head = format!(
        "{method} {asked} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nAccept-Encoding: gzip\r\n",
        target.host
    )
    .into_bytes();
    if let Some(login) = &target.login {
        let encoded = base64::engine::general_purpose::STANDARD.encode(login);
        head.extend_from_slice(format!("Authorization: Basic {encoded}\r\n").as_bytes());
    }
    if let Some((kind, body)) = content {
        head.extend_from_slice(b"Content-Type: ");
        head.extend_from_slice(kind);
        head.extend_from_slice(format!("\r\nContent-Length: {}\r\n", body.len()).as_bytes());
    }
    head.extend_from_slice(b"\r\n");
    if let Some((_, body)) = content {
        head.extend_from_slice(body);
    }
    let to = proxy.as_deref().unwrap_or(url);
    let response = interpreter.world.http(to.as_bytes(), &head)?;
    Ok(Value::string(body_of(&response)?))
}

/// The body of a response, its chunks put together and its compression undone.
fn body_of(response: &[u8]) -> QResult<Vec<u8>> {
    let Some(end) = response.windows(4).position(|window| window == b"\r\n\r\n") else {
        return Ok(response.to_vec());
    };
    let head = String::from_utf8_lossy(&response[..end]).to_ascii_lowercase();
    let has = |name: &str, value: &str| {
        head.lines()
            .filter_map(|line| line.split_once(':'))
            .any(|(header, text)| header.trim() == name && text.contains(value))
    };
    let body = &response[end + 4..];
    let body = if has("transfer-encoding", "chunked") {
        joined_chunks(body).ok_or_else(|| QError::new("badchunk"))?
    } else {
        body.to_vec()
    };
    if has("content-encoding", "gzip") {
        return inflate(&body);
    }
    Ok(body)
}

fn joined_chunks(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|window| window == b"\r\n")?;
        let size = std::str::from_utf8(&rest[..end]).ok()?;
        let size = size.split(';').next()?.trim();
        let size = usize::from_str_radix(size, 16).ok()?;
        rest = rest.get(end + 2..)?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size + 2..)?;
    }
}

fn inflate(bytes: &[u8]) -> QResult<Vec<u8>> {
    let mut out = Vec::new();
    MultiGzDecoder::new(bytes)
        .take(INFLATED_BYTES_MAX)
        .read_to_end(&mut out)
        .map_err(|_| QError::domain())?;
    Ok(out)
}

/// `.Q.gz`: of `::` whether compression is there, of a text or bytes what they unzip to, of `(level;text)` the text zipped
/// (`ref/dotq`).
///
/// Errors: `'type`; `'domain` for a level outside 1 to 9, or bytes that are not zipped.
pub(crate) fn gzip_or_back(_interpreter: &mut Interpreter, x: Value) -> QResult<Value> {
    match &x {
        Value::Identity => Ok(Value::Boolean(true)),
        Value::Bytes(bytes) => Ok(Value::Bytes(inflate(bytes)?.into())),
        Value::Chars(text) => Ok(Value::Chars(inflate(text)?.into())),
        Value::List(items) => {
            let [level, content] = &items[..] else {
                return Err(QError::length());
            };
            let level = level.as_i64().ok_or_else(QError::type_error)?;
            let level = u32::try_from(level)
                .ok()
                .filter(|level| (1..=LEVEL_MAX).contains(&i64::from(*level)))
                .ok_or_else(QError::domain)?;
            let zip = |bytes: &[u8]| {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::new(level));
                let written = encoder.write_all(bytes);
                written
                    .and_then(|()| encoder.finish())
                    .map_err(|_| QError::wsfull())
            };
            match content {
                Value::Bytes(bytes) => Ok(Value::Bytes(zip(bytes)?.into())),
                content => Ok(Value::string(zip(content
                    .as_text()
                    .ok_or_else(QError::type_error)?)?)),
            }
        }
        _ => Err(QError::type_error()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_keep_path_query_and_login() {
        let target = target_of(":http://me:pw@host:81/a/b?c=1").expect("a url");
        assert_eq!(target.host, "host:81");
        assert_eq!(target.path, "/a/b?c=1");
        assert_eq!(target.login.as_deref(), Some("me:pw"));
        assert_eq!(target_of("http://host?x").expect("a url").path, "/?x");
        assert!(target_of("host/path").is_none());
    }

    #[test]
    fn chunks_are_joined() {
        let response = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\n\r\n";
        assert_eq!(body_of(response).expect("a body"), b"abcde");
        assert!(joined_chunks(b"5\r\nab").is_none());
    }
}
