//! Signed HTTP requests over one connection pool.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ::http::{HeaderMap, HeaderValue, Method};
use anyhow::Context;
use aws_protocol::sigv4::{PathStyle, RequestHead, SigningTarget, sha256_hex, signature_headers};
use serde_json::Value as Json;

use super::Access;

/// Connecting may take this long; an answer longer, since a code update is checked before it.
const CONNECT_SECONDS_MAX: u64 = 10;
const ANSWER_SECONDS_MAX: u64 = 300;

/// An error answer: the code that clients compare and the message for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct CallError {
    pub status: u16,
    pub code: String,
    pub message: String,
}

/// Sends signed requests to one server.
#[derive(Debug, Clone)]
pub struct Signed {
    access: Access,
    client: reqwest::Client,
}

impl Signed {
    /// A client for a server; nothing is sent yet.
    pub fn new(access: Access) -> anyhow::Result<Signed> {
        // a second installation in one process is refused by rustls and harmless
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(CONNECT_SECONDS_MAX))
            .timeout(Duration::from_secs(ANSWER_SECONDS_MAX))
            .build()?;
        Ok(Signed { access, client })
    }

    pub fn access(&self) -> &Access {
        &self.access
    }

    /// One request; the bytes of a successful answer. `path` and `query` are percent-encoded already.
    ///
    /// Errors: [`CallError`] (downcast it) for error answers; otherwise what kept the answer from coming.
    pub async fn send(
        &self,
        service: &str,
        method: Method,
        path: &str,
        query: &str,
        body: Vec<u8>,
    ) -> anyhow::Result<Vec<u8>> {
        let endpoint = self.access.endpoint.trim_end_matches('/');
        let (_, host) = endpoint.split_once("://").with_context(|| {
            format!("the endpoint {endpoint:?} must be http://HOST:PORT or https://HOST:PORT")
        })?;
        let mut headers = HeaderMap::new();
        headers.insert(::http::header::HOST, HeaderValue::from_str(host)?);
        if service == "sts" {
            headers.insert(
                ::http::header::CONTENT_TYPE,
                HeaderValue::from_static("application/x-www-form-urlencoded"),
            );
        }
        if service == "finspace" {
            headers.insert(
                ::http::header::CONTENT_TYPE,
                HeaderValue::from_static("application/json"),
            );
        }
        let path_style = if service == "s3" {
            PathStyle::AsSent
        } else {
            PathStyle::NormalizedAndEncodedTwice
        };
        let target = SigningTarget {
            region: &self.access.region,
            service,
            path_style,
        };
        let head = RequestHead {
            method: method.as_str(),
            path,
            query,
            headers: &headers,
        };
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        let added = signature_headers(
            &head,
            &self.access.credential,
            &target,
            &sha256_hex(&body),
            i64::try_from(now).unwrap_or(i64::MAX),
        )?;
        headers.extend(added);
        let question = if query.is_empty() { "" } else { "?" };
        let answer = self
            .client
            .request(method, format!("{endpoint}{path}{question}{query}"))
            .headers(headers)
            .body(body)
            .send()
            .await
            .with_context(|| {
                format!("cannot reach the server at {endpoint}; is `qspace serve` running?")
            })?;
        let status = answer.status().as_u16();
        let header_code = answer
            .headers()
            .get("x-amzn-errortype")
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        let bytes = answer.bytes().await.context("the answer broke off")?;
        if status < 300 {
            Ok(bytes.to_vec())
        } else {
            Err(error_of(status, header_code, &bytes).into())
        }
    }

    /// A restJson call of the `finspace` service.
    pub async fn finspace(
        &self,
        method: Method,
        path: &str,
        query: &str,
        body: Option<&Json>,
    ) -> anyhow::Result<Json> {
        let body = body
            .map(serde_json::to_vec)
            .transpose()?
            .unwrap_or_default();
        let answer = self.send("finspace", method, path, query, body).await?;
        serde_json::from_slice(&answer).context("the server's answer is no JSON")
    }
}

/// Error answers are JSON (finspace) or XML (s3, sts).
fn error_of(status: u16, header_code: Option<String>, body: &[u8]) -> CallError {
    let text = String::from_utf8_lossy(body);
    let json: Json = serde_json::from_slice(body).unwrap_or(Json::Null);
    let between = |tag: &str| {
        let rest = text.split_once(&format!("<{tag}>"))?.1;
        Some(rest.split_once(&format!("</{tag}>"))?.0.to_owned())
    };
    let member = |name: &str| json.get(name).and_then(Json::as_str).map(str::to_owned);
    let code = header_code
        .or_else(|| member("__type"))
        .or_else(|| between("Code"))
        .unwrap_or_else(|| format!("HTTP {status}"));
    let code = code
        .rsplit('#')
        .next()
        .unwrap_or_default()
        .split(':')
        .next()
        .unwrap_or_default()
        .to_owned();
    let message = member("message")
        .or_else(|| member("Message"))
        .or_else(|| between("Message"))
        .unwrap_or_default();
    CallError {
        status,
        code,
        message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_read_from_json_and_xml() {
        let json = error_of(
            400,
            Some("ValidationException:".into()),
            br#"{"message":"no such zip"}"#,
        );
        assert_eq!(
            (json.code.as_str(), json.message.as_str()),
            ("ValidationException", "no such zip")
        );
        let xml = error_of(
            404,
            None,
            b"<Error><Code>NoSuchBucket</Code><Message>gone</Message></Error>",
        );
        assert_eq!(xml.to_string(), "NoSuchBucket: gone");
        assert_eq!(error_of(502, None, b"").code, "HTTP 502");
    }
}
