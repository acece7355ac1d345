//! Requests as botocore 1.43.62 sent them, byte for byte, through the edge: verified at the time of the recording,
//! routed, validated and handed on, and answered so that the SDK understands.
//!
//! `recorded/*.http` were taken from a client with the example keys of the SigV4 documentation against a listening
//! socket; only the user agent, which is not signed, is shortened.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_protocol::credentials::{
    Credential, CredentialError, CredentialSource, Principal, SecretKey,
};
use control_plane::{AssumeRoleRequest, AssumedRole, Caller, CallerIdentity};
use finspace_model::ApiError;
use qspace::edge::{Edge, Management, ObjectDoor, serve_connection};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

/// When all requests were recorded: 2026-11-20T20:04:07Z.
const RECORDED_AT: u64 = 1_795_205_047;
const ENVIRONMENT: &str = "jlcenjvtkgzrdek2qqv7ic";

fn recorded_time() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(RECORDED_AT)
}

fn ten_minutes_later() -> SystemTime {
    recorded_time() + Duration::from_secs(600)
}

/// The keys of the recording; temporary ones when the request has a session token.
struct RecordedKeys {
    session_token: Option<&'static str>,
}

#[async_trait::async_trait]
impl CredentialSource for RecordedKeys {
    async fn credential(&self, access_key_id: &str) -> Result<Option<Credential>, CredentialError> {
        Ok((access_key_id == "AKIDEXAMPLE").then(|| Credential {
            access_key_id: access_key_id.to_owned(),
            secret: SecretKey::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned()),
            session_token: self
                .session_token
                .map(|token| SecretKey::new(token.to_owned())),
            expires_at: None,
            principal: Principal::Root,
        }))
    }
}

/// Notes what arrives and answers with what the test gives.
struct Notebook {
    answer: Result<Value, ApiError>,
    calls: Mutex<Vec<(String, Value)>>,
}

#[async_trait::async_trait]
impl Management for Notebook {
    async fn call(
        &self,
        caller: &Caller,
        operation: &str,
        input: Value,
    ) -> Result<Value, ApiError> {
        assert_eq!(caller.access_key_id, "AKIDEXAMPLE");
        let mut calls = self.calls.lock().unwrap();
        calls.push((operation.to_owned(), input));
        self.answer.clone()
    }

    async fn assume_role(
        &self,
        _: &Caller,
        request: &AssumeRoleRequest,
    ) -> Result<AssumedRole, ApiError> {
        assert_eq!(request.duration_seconds, Some(900));
        Ok(AssumedRole {
            credential: Credential {
                access_key_id: "ASIAEXAMPLE".to_owned(),
                secret: SecretKey::new("temporary".to_owned()),
                session_token: Some(SecretKey::new("<token>".to_owned())),
                expires_at: Some(1_440_938_160),
                principal: Principal::Root,
            },
            assumed_role_arn: format!("{}/{}", request.role_arn, request.session_name),
            assumed_role_id: "AROAEXAMPLE:q@desk".to_owned(),
        })
    }

    fn caller_identity(&self, _: &Caller) -> CallerIdentity {
        CallerIdentity {
            account: "000000000000".to_owned(),
            arn: "arn:aws:iam::000000000000:root".to_owned(),
            user_id: "000000000000".to_owned(),
        }
    }
}

struct Answer {
    status: u16,
    head: String,
    body: String,
    calls: Vec<(String, Value)>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The one call that was handed on.
    fn call(&self) -> (&str, &Value) {
        assert_eq!(self.calls.len(), 1, "{}", self.body);
        (&self.calls[0].0, &self.calls[0].1)
    }
}

struct Exchange {
    answer: Result<Value, ApiError>,
    session_token: Option<&'static str>,
    clock: fn() -> SystemTime,
}

impl Default for Exchange {
    fn default() -> Self {
        Exchange {
            answer: Ok(json!({})),
            session_token: None,
            clock: recorded_time,
        }
    }
}

impl Exchange {
    async fn of(self, name: &str) -> Answer {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/recorded")
            .join(format!("{name}.http"));
        self.of_bytes(&std::fs::read(path).unwrap()).await
    }

    async fn of_bytes(self, request: &[u8]) -> Answer {
        let notebook = Arc::new(Notebook {
            answer: self.answer,
            calls: Mutex::default(),
        });
        let edge = Arc::new(Edge {
            credentials: Arc::new(RecordedKeys {
                session_token: self.session_token,
            }),
            management: Arc::clone(&notebook) as Arc<dyn Management>,
            objects: ObjectDoor::Elsewhere,
            clock: self.clock,
        });
        let (mut client, server) = tokio::io::duplex(256 * 1024);
        let serving = tokio::spawn(serve_connection(server, edge, None));
        client.write_all(request).await.unwrap();
        let text = read_answer(&mut client).await;
        drop(client);
        serving.await.unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head: head.to_ascii_lowercase(),
            body: body.to_owned(),
            calls: notebook.calls.lock().unwrap().clone(),
        }
    }
}

/// One answer: its head, and as many bytes as the head says.
async fn read_answer(client: &mut DuplexStream) -> String {
    let mut text = String::new();
    loop {
        let mut chunk = [0; 4096];
        let read = client.read(&mut chunk).await.unwrap();
        text.push_str(std::str::from_utf8(&chunk[..read]).unwrap());
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .to_ascii_lowercase()
                .lines()
                .find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
            if body.len() >= length.unwrap_or(0) {
                return text;
            }
        }
        assert_ne!(read, 0, "the connection ended early: {text:?}");
    }
}

#[tokio::test]
async fn a_code_update_arrives_whole_and_is_answered_by_two_bytes() {
    let answer = Exchange::default()
        .of("update_kx_cluster_code_configuration")
        .await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "{}"));
    assert!(answer.head.contains("content-type: application/json"));
    assert!(answer.head.contains("x-amzn-requestid: "));
    let (operation, input) = answer.call();
    assert_eq!(operation, "UpdateKxClusterCodeConfiguration");
    assert_eq!(
        input,
        &json!({
            "environmentId": ENVIRONMENT, "clusterName": "tick-rdb", "clientToken": "token-3",
            "code": {"s3Bucket": "code-bucket", "s3Key": "app.zip", "s3ObjectVersion": "v1"},
            "deploymentConfiguration": {"deploymentStrategy": "NO_RESTART"},
        })
    );
}

#[tokio::test]
async fn creates_lists_and_deletes_place_their_members_where_the_contract_says() {
    let answer = Exchange::default().of("create_kx_cluster").await;
    let (operation, input) = answer.call();
    assert_eq!(operation, "CreateKxCluster");
    assert_eq!(input["commandLineArguments"][1]["value"], "rdb 1");
    assert_eq!(input["capacityConfiguration"]["nodeCount"], 1);
    assert_eq!(input["environmentId"], ENVIRONMENT);

    let answer = Exchange::default().of("create_kx_environment").await;
    assert_eq!(answer.call().1["tags"], json!({"desk": "rates"}));

    let answer = Exchange::default().of("list_kx_clusters").await;
    assert_eq!(
        answer.call(),
        (
            "ListKxClusters",
            &json!({"environmentId": ENVIRONMENT, "clusterType": "GP", "nextToken": "abc/+=", "maxResults": 2})
        )
    );
    let answer = Exchange::default().of("list_kx_environments").await;
    assert_eq!(answer.call().1, &json!({"maxResults": 5}));

    let answer = Exchange::default().of("delete_kx_cluster").await;
    assert_eq!(
        answer.call(),
        (
            "DeleteKxCluster",
            &json!({"environmentId": ENVIRONMENT, "clusterName": "tick-rdb", "clientToken": "token-4"})
        )
    );
}

#[tokio::test]
async fn arns_in_the_path_are_signed_and_read_as_one_label() {
    let arn = format!(
        "arn:aws:finspace:us-east-1:000000000000:kxEnvironment/{ENVIRONMENT}/kxCluster/tick-rdb"
    );
    let answer = Exchange::default().of("tag_resource").await;
    assert_eq!(
        answer.call(),
        (
            "TagResource",
            &json!({"resourceArn": arn, "tags": {"desk": "rates"}})
        )
    );
    let answer = Exchange::default().of("untag_resource").await;
    assert_eq!(answer.call().1["tagKeys"], json!(["desk", "team:x"]));
}

#[tokio::test]
async fn session_tokens_and_presigned_queries_are_verified() {
    let with_token = || Exchange {
        session_token: Some("the/session+token=="),
        ..Exchange::default()
    };
    let answer = with_token().of("get_kx_connection_string").await;
    assert_eq!(answer.call().0, "GetKxConnectionString");
    let refused = Exchange {
        session_token: Some("another"),
        ..Exchange::default()
    };
    let answer = refused.of("get_kx_connection_string").await;
    assert_eq!(
        (answer.status, answer.json()["__type"].clone()),
        (403, json!("InvalidClientTokenId"))
    );

    let answer = Exchange::default().of("presigned_get_kx_cluster").await;
    assert_eq!(
        answer.call(),
        (
            "GetKxCluster",
            &json!({"environmentId": ENVIRONMENT, "clusterName": "tick-rdb"})
        )
    );
    let late = Exchange {
        clock: ten_minutes_later,
        ..Exchange::default()
    };
    let answer = late.of("presigned_get_kx_cluster").await;
    assert_eq!(answer.json()["__type"], "RequestExpired");
    assert!(answer.calls.is_empty());
}

#[tokio::test]
async fn what_is_not_authentic_is_not_handed_on() {
    let late = Exchange {
        clock: ten_minutes_later,
        ..Exchange::default()
    };
    let answer = late.of("tag_resource").await;
    assert_eq!(
        (answer.status, answer.json()["__type"].clone()),
        (403, json!("RequestTimeTooSkewed"))
    );
    assert!(answer.calls.is_empty());

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recorded/tag_resource.http");
    let recorded = String::from_utf8(std::fs::read(path).unwrap()).unwrap();
    for (from, to, name) in [
        ("\"rates\"", "\"bonds\"", "SignatureDoesNotMatch"),
        ("tick-rdb", "tick-hdb", "SignatureDoesNotMatch"),
        ("AKIDEXAMPLE", "AKIDANOTHER", "InvalidClientTokenId"),
        (
            "SignedHeaders=content-type;host;",
            "SignedHeaders=",
            "IncompleteSignature",
        ),
    ] {
        let answer = Exchange::default()
            .of_bytes(recorded.replacen(from, to, 1).as_bytes())
            .await;
        assert_eq!(answer.json()["__type"], name, "{from}");
        assert!(answer.calls.is_empty());
    }
}

#[tokio::test]
async fn refusals_reach_the_client_as_it_parses_them() {
    let conflict = Exchange {
        answer: Err(ApiError::conflict("the cluster is UPDATING", "UPDATING")),
        ..Exchange::default()
    };
    let answer = conflict.of("update_kx_cluster_code_configuration").await;
    assert_eq!(answer.status, 409);
    assert!(answer.head.contains("x-amzn-errortype: conflictexception"));
    assert_eq!(
        answer.json(),
        json!({"__type": "ConflictException", "message": "the cluster is UPDATING", "reason": "UPDATING"})
    );
    let internal = Exchange {
        answer: Err(ApiError::internal("the disk is full")),
        ..Exchange::default()
    };
    let answer = internal.of("tag_resource").await;
    assert_eq!(answer.status, 500);
    assert!(!answer.body.contains("disk"));
}

#[tokio::test]
async fn sts_speaks_xml() {
    let answer = Exchange::default().of("get_caller_identity").await;
    assert_eq!(answer.status, 200);
    assert!(answer.head.contains("content-type: text/xml"));
    assert!(
        answer
            .body
            .contains("<Arn>arn:aws:iam::000000000000:root</Arn>"),
        "{}",
        answer.body
    );
    let answer = Exchange::default().of("assume_role").await;
    for part in [
        "<AccessKeyId>ASIAEXAMPLE</AccessKeyId>",
        "<SessionToken>&lt;token&gt;</SessionToken>",
        "<Expiration>2015-08-30T12:36:00Z</Expiration>",
        "<AssumedRoleId>AROAEXAMPLE:q@desk</AssumedRoleId>",
    ] {
        assert!(answer.body.contains(part), "{part} in {}", answer.body);
    }
    let late = Exchange {
        clock: ten_minutes_later,
        ..Exchange::default()
    };
    let answer = late.of("get_caller_identity").await;
    assert_eq!(answer.status, 403);
    assert!(answer.body.contains("<Code>RequestTimeTooSkewed</Code>"));
}

#[tokio::test]
async fn other_services_and_unsigned_requests_get_an_answer_in_their_language() {
    let answer = Exchange::default().of("sqs_list_queues").await;
    assert_eq!(answer.status, 501);
    assert!(
        answer.json()["message"]
            .as_str()
            .unwrap()
            .contains("service sqs")
    );
    let answer = Exchange::default().of("iam_list_users").await;
    assert!(
        answer.body.contains("<Code>NotImplementedException</Code>"),
        "{}",
        answer.body
    );
    let unsigned = b"GET /kx/environments HTTP/1.1\r\nhost: x\r\n\r\n";
    let answer = Exchange::default().of_bytes(unsigned).await;
    assert_eq!(answer.json()["__type"], "MissingAuthenticationToken");
    let health = b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n";
    assert_eq!(Exchange::default().of_bytes(health).await.status, 200);
}

#[tokio::test]
async fn long_bodies_and_heads_are_refused_before_they_are_read() {
    let head = "POST /tags/x HTTP/1.1\r\nhost: x\r\nauthorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261120/us-east-1/finspace/aws4_request, SignedHeaders=host, Signature=00\r\n";
    let long = format!("{head}content-length: 2000000\r\n\r\n");
    let answer = Exchange::default().of_bytes(long.as_bytes()).await;
    assert_eq!(
        (answer.status, answer.json()["__type"].clone()),
        (413, json!("RequestEntityTooLargeException"))
    );
    let many = format!("{head}{}\r\n", "x-filler: y\r\n".repeat(500));
    assert_eq!(
        Exchange::default().of_bytes(many.as_bytes()).await.status,
        431
    );
}
