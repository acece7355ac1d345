//! Signed calls of the public API on behalf of the cluster.

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_protocol::credentials::{Credential, Principal, SecretKey};
use aws_protocol::sigv4::{PathStyle, RequestHead, SigningTarget, sha256_hex, signature_headers};
use cluster_runtime::{ClusterKey, NodeSpec};
use http::{HeaderMap, HeaderValue, Method, Request};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use serde_json::Value as Json;
use tokio::net::TcpStream;
use tokio::time::timeout;

const CALL_TIMEOUT: Duration = Duration::from_secs(15);
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Environment variables of a specification that are for the agent and are not given to q.
pub(crate) const ACCESS_KEY_ID: &str = "QSPACE_NODE_ACCESS_KEY_ID";
pub(crate) const SECRET_ACCESS_KEY: &str = "QSPACE_NODE_SECRET_ACCESS_KEY";
pub(crate) const REGION: &str = "QSPACE_REGION";

/// An error as q code sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CallError {
    /// As the API names it, such as `ResourceNotFoundException`.
    pub code: String,
    pub message: String,
}

impl CallError {
    pub(crate) fn new(code: &str, message: impl Into<String>) -> Self {
        CallError {
            code: code.to_owned(),
            message: message.into(),
        }
    }

    fn unavailable(message: impl Into<String>) -> Self {
        CallError::new("ServiceUnavailableException", message)
    }
}

/// Who calls: taken from the node's specification each time, because keys may be renewed.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub cluster: ClusterKey,
    credential: Option<Credential>,
    region: String,
}

impl Caller {
    pub(crate) fn of(spec: &NodeSpec) -> Self {
        let variable = |name: &str| spec.environment.get(name).filter(|text| !text.is_empty());
        let credential = variable(ACCESS_KEY_ID)
            .zip(variable(SECRET_ACCESS_KEY))
            .map(|(id, secret)| Credential {
                access_key_id: id.clone(),
                secret: SecretKey::new(secret.clone()),
                session_token: None,
                expires_at: None,
                principal: Principal::Node {
                    environment_id: spec.cluster.environment_id.clone(),
                    cluster_name: spec.cluster.cluster_name.clone(),
                    execution_role: None,
                },
            });
        Caller {
            cluster: spec.cluster.clone(),
            credential,
            region: variable(REGION)
                .cloned()
                .unwrap_or_else(|| "us-east-1".to_owned()),
        }
    }
}

/// Where the API is: the server writes its address into a file, which is read for every call.
#[derive(Debug, Clone)]
pub(crate) struct ApiClient {
    endpoint_file: PathBuf,
}

impl ApiClient {
    pub(crate) fn new(endpoint_file: PathBuf) -> Self {
        ApiClient { endpoint_file }
    }

    /// One call; the answer's JSON, or an object without members for an empty body.
    ///
    /// `path` and `query` are percent-encoded already.
    pub(crate) async fn call(
        &self,
        caller: &Caller,
        method: Method,
        path: &str,
        query: &str,
    ) -> Result<Json, CallError> {
        timeout(CALL_TIMEOUT, self.exchange(caller, method, path, query))
            .await
            .unwrap_or_else(|_| {
                Err(CallError::unavailable(format!(
                    "the service did not answer within {} s",
                    CALL_TIMEOUT.as_secs()
                )))
            })
    }

    async fn exchange(
        &self,
        caller: &Caller,
        method: Method,
        path: &str,
        query: &str,
    ) -> Result<Json, CallError> {
        let host = self.host()?;
        let request = signed_request(caller, &host, method, path, query)?;
        let unreachable = |error: String| {
            CallError::unavailable(format!("the service at {host} cannot be reached: {error}"))
        };
        let stream = TcpStream::connect(&host)
            .await
            .map_err(|error| unreachable(error.to_string()))?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| unreachable(error.to_string()))?;
        let driver = tokio::spawn(connection);
        let answer = sender
            .send_request(request)
            .await
            .map_err(|error| unreachable(error.to_string()))?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, ANSWER_BYTES_MAX)
            .collect()
            .await
            .map_err(|error| unreachable(error.to_string()))?
            .to_bytes();
        drop(sender);
        driver.abort();
        if head.status.is_success() {
            if body.is_empty() {
                return Ok(Json::Object(serde_json::Map::new()));
            }
            return serde_json::from_slice(&body)
                .map_err(|error| unreachable(format!("its answer is no JSON: {error}")));
        }
        Err(error_of(head.status.as_u16(), &head.headers, &body))
    }

    /// `host:port` of the service.
    fn host(&self) -> Result<String, CallError> {
        let text = std::fs::read_to_string(&self.endpoint_file).map_err(|error| {
            CallError::unavailable(format!(
                "the service has not said where it is ({}: {error}); start `qspace serve`",
                self.endpoint_file.display()
            ))
        })?;
        let url = text.trim();
        url.strip_prefix("http://")
            .map(|rest| rest.trim_end_matches('/').to_owned())
            .filter(|host| !host.is_empty() && !host.contains('/'))
            .ok_or_else(|| {
                CallError::unavailable(format!(
                    "{} must hold http://ADDRESS:PORT, not {url:?}",
                    self.endpoint_file.display()
                ))
            })
    }
}

fn signed_request(
    caller: &Caller,
    host: &str,
    method: Method,
    path: &str,
    query: &str,
) -> Result<Request<Full<Bytes>>, CallError> {
    let credential = caller.credential.as_ref().ok_or_else(|| {
        CallError::new(
            "AccessDeniedException",
            "this node has no keys for the API; recreate the cluster",
        )
    })?;
    let invalid = |error: String| CallError::new("ValidationException", error);
    let mut headers = HeaderMap::new();
    headers.insert(
        http::header::HOST,
        HeaderValue::from_str(host).map_err(|error| invalid(error.to_string()))?,
    );
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs() as i64);
    let added = signature_headers(
        &RequestHead {
            method: method.as_str(),
            path,
            query,
            headers: &headers,
        },
        credential,
        &SigningTarget {
            region: &caller.region,
            service: "finspace",
            path_style: PathStyle::NormalizedAndEncodedTwice,
        },
        &sha256_hex(b""),
        now,
    )
    .map_err(|error| invalid(error.to_string()))?;
    headers.extend(added);
    let target = if query.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{query}")
    };
    let mut request = Request::builder()
        .method(method)
        .uri(target)
        .body(Full::new(Bytes::new()))
        .map_err(|error| invalid(error.to_string()))?;
    *request.headers_mut() = headers;
    Ok(request)
}

/// The error of a restJson answer: the code in a header or in the body, the message in the body.
fn error_of(status: u16, headers: &HeaderMap, body: &[u8]) -> CallError {
    let json: Json = serde_json::from_slice(body).unwrap_or(Json::Null);
    let member = |names: &[&str]| {
        names
            .iter()
            .find_map(|name| json.get(name).and_then(Json::as_str))
            .map(str::to_owned)
    };
    let code = headers
        .get("x-amzn-errortype")
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned)
        .or_else(|| member(&["__type", "code"]))
        .unwrap_or_else(|| format!("Http{status}"));
    // Both `prefix#Name` and `Name:url` occur.
    let code = code.rsplit('#').next().unwrap_or_default();
    let code = code.split(':').next().unwrap_or_default();
    CallError::new(code, member(&["message", "Message"]).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_named_as_the_api_names_them() {
        let mut headers = HeaderMap::new();
        headers.insert(
            "x-amzn-errortype",
            HeaderValue::from_static("ConflictException:http://x/"),
        );
        let error = error_of(409, &headers, br#"{"message":"busy"}"#);
        assert_eq!(error, CallError::new("ConflictException", "busy"));
        let error = error_of(
            404,
            &HeaderMap::new(),
            br#"{"__type":"a#ResourceNotFoundException"}"#,
        );
        assert_eq!(error.code, "ResourceNotFoundException");
        assert_eq!(error_of(500, &HeaderMap::new(), b"oops").code, "Http500");
    }

    #[test]
    fn the_endpoint_file_is_read_and_judged() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let file = directory.path().join("endpoint");
        let client = ApiClient::new(file.clone());
        assert!(client.host().is_err());
        std::fs::write(&file, "http://127.0.0.1:7310/\n").expect("write");
        assert_eq!(client.host().expect("host"), "127.0.0.1:7310");
        std::fs::write(&file, "ftp://x").expect("write");
        assert!(client.host().is_err());
    }

    /// Answers one request after checking its signature, as the edge does.
    async fn answer_once(listener: tokio::net::TcpListener, secret: &'static str) -> String {
        use aws_protocol::sigv4::{ServiceRules, read_signature, verify};
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let (mut stream, _) = listener.accept().await.expect("accept");
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"\r\n\r\n") {
            assert!(stream.read_buf(&mut bytes).await.expect("read") > 0);
        }
        let text = String::from_utf8(bytes).expect("text");
        let mut lines = text.lines();
        let first: Vec<String> = lines
            .next()
            .expect("a line")
            .split(' ')
            .map(str::to_owned)
            .collect();
        let mut headers = HeaderMap::new();
        for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
            let name: http::HeaderName = name.parse().expect("a name");
            headers.append(name, value.parse().expect("a value"));
        }
        let (path, query) = first[1].split_once('?').unwrap_or((&first[1], ""));
        let head = RequestHead {
            method: &first[0],
            path,
            query,
            headers: &headers,
        };
        let fields = read_signature(&head).expect("signed");
        let credential = Credential {
            access_key_id: fields.access_key_id.clone(),
            secret: SecretKey::new(secret.to_owned()),
            session_token: None,
            expires_at: None,
            principal: Principal::Root,
        };
        let now = fields.signed_at;
        let verdict = verify(
            &head,
            &fields,
            &credential,
            b"",
            &ServiceRules::FINSPACE,
            now,
        );
        let (status, body) = match verdict {
            Ok(()) => ("200 OK", r#"{"status":"RUNNING"}"#),
            Err(_) => (
                "403 Forbidden",
                r#"{"__type":"AccessDeniedException","message":"no"}"#,
            ),
        };
        let answer = format!(
            "HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(answer.as_bytes()).await.expect("write");
        first[1].clone()
    }

    #[tokio::test]
    async fn calls_are_signed_as_the_service_verifies_them() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let file = directory.path().join("endpoint");
        let client = ApiClient::new(file.clone());
        let caller = Caller {
            cluster: ClusterKey {
                environment_id: "env".into(),
                cluster_name: "tick".into(),
            },
            credential: Some(Credential {
                access_key_id: "QSPACENODE".into(),
                secret: SecretKey::new("right".into()),
                session_token: None,
                expires_at: None,
                principal: Principal::Root,
            }),
            region: "eu-west-1".into(),
        };
        for (secret, expected) in [
            ("right", Ok("RUNNING")),
            ("wrong", Err("AccessDeniedException")),
        ] {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
                .await
                .expect("bind");
            let address = listener.local_addr().expect("address");
            std::fs::write(&file, format!("http://{address}")).expect("write");
            let (result, target) = tokio::join!(
                client.call(
                    &caller,
                    Method::GET,
                    "/kx/environments/env/clusters/tick",
                    "a=b%20c"
                ),
                answer_once(listener, secret)
            );
            assert_eq!(target, "/kx/environments/env/clusters/tick?a=b%20c");
            let seen = result
                .as_ref()
                .map(|json| json["status"].as_str().unwrap_or_default());
            assert_eq!(seen.map_err(|error| error.code.as_str()), expected);
        }
        let gone = client
            .call(&caller, Method::GET, "/kx/environments", "")
            .await;
        assert_eq!(
            gone.expect_err("nobody answers").code,
            "ServiceUnavailableException"
        );
    }
}
