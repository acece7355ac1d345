//! AWS's published examples and the refusals, against signing and verifying.

use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};
use proptest::prelude::*;

use super::authorization::read_signature;
use super::verify::{ServiceRules, verify};
use super::*;
use crate::amz_time;
use crate::credentials::{Credential, Principal, SecretKey};

const IAM_EXAMPLE_SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const S3_EXAMPLE_SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const EMPTY_HASH: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn credential(access_key_id: &str, secret: &str) -> Credential {
    Credential {
        access_key_id: access_key_id.to_owned(),
        secret: SecretKey::new(secret.to_owned()),
        session_token: None,
        expires_at: None,
        principal: Principal::Root,
    }
}

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| {
            (
                name.parse::<HeaderName>().unwrap(),
                HeaderValue::from_bytes(value.as_bytes()).unwrap(),
            )
        })
        .collect()
}

/// A published example: the Authorization header that AWS prints must be accepted, and a changed byte refused.
struct Example {
    method: &'static str,
    path: &'static str,
    query: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
    service: &'static str,
    signed_headers: &'static str,
    signature: &'static str,
}

const S3_GET: Example = Example {
    method: "GET",
    path: "/test.txt",
    query: "",
    headers: &[
        ("host", "examplebucket.s3.amazonaws.com"),
        ("range", "bytes=0-9"),
        ("x-amz-content-sha256", EMPTY_HASH),
        ("x-amz-date", "20130524T000000Z"),
    ],
    body: "",
    service: "s3",
    signed_headers: "host;range;x-amz-content-sha256;x-amz-date",
    signature: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
};

const EXAMPLES: &[Example] = &[
    S3_GET,
    Example {
        method: "PUT",
        path: "/test%24file.text",
        query: "",
        headers: &[
            ("date", "Fri, 24 May 2013 00:00:00 GMT"),
            ("host", "examplebucket.s3.amazonaws.com"),
            (
                "x-amz-content-sha256",
                "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
            ),
            ("x-amz-date", "20130524T000000Z"),
            ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
        ],
        body: "Welcome to Amazon S3.",
        service: "s3",
        signed_headers: "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
        signature: "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
    },
    Example {
        query: "lifecycle",
        path: "/",
        headers: &[
            ("host", "examplebucket.s3.amazonaws.com"),
            ("x-amz-content-sha256", EMPTY_HASH),
            ("x-amz-date", "20130524T000000Z"),
        ],
        signed_headers: "host;x-amz-content-sha256;x-amz-date",
        signature: "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
        ..S3_GET
    },
    Example {
        query: "max-keys=2&prefix=J",
        path: "/",
        headers: &[
            ("host", "examplebucket.s3.amazonaws.com"),
            ("x-amz-content-sha256", EMPTY_HASH),
            ("x-amz-date", "20130524T000000Z"),
        ],
        signed_headers: "host;x-amz-content-sha256;x-amz-date",
        signature: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ..S3_GET
    },
    Example {
        method: "GET",
        path: "/",
        query: "Action=ListUsers&Version=2010-05-08",
        headers: &[
            (
                "content-type",
                "application/x-www-form-urlencoded; charset=utf-8",
            ),
            ("host", "iam.amazonaws.com"),
            ("x-amz-date", "20150830T123600Z"),
        ],
        body: "",
        service: "iam",
        signed_headers: "content-type;host;x-amz-date",
        signature: "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
    },
    SUITE,
    Example {
        method: "POST",
        signature: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
        ..SUITE
    },
    Example {
        query: "Param2=value2&Param1=value1",
        signature: "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ..SUITE
    },
    Example {
        path: "/ሴ",
        signature: "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
        ..SUITE
    },
    Example {
        path: "/example1/example2/../..",
        ..SUITE
    },
    Example {
        headers: &[
            ("host", "example.amazonaws.com"),
            ("my-header1", "value1"),
            ("my-header2", "\"a   b   c\""),
            ("x-amz-date", "20150830T123600Z"),
        ],
        signed_headers: "host;my-header1;my-header2;x-amz-date",
        signature: "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
        ..SUITE
    },
];

/// `get-vanilla` of the published test suite.
const SUITE: Example = Example {
    method: "GET",
    path: "/",
    query: "",
    headers: &[
        ("host", "example.amazonaws.com"),
        ("x-amz-date", "20150830T123600Z"),
    ],
    body: "",
    service: "service",
    signed_headers: "host;x-amz-date",
    signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
};

impl Example {
    fn is_s3(&self) -> bool {
        self.service == "s3"
    }

    fn credential(&self) -> Credential {
        if self.is_s3() {
            credential("AKIAIOSFODNN7EXAMPLE", S3_EXAMPLE_SECRET)
        } else {
            credential("AKIDEXAMPLE", IAM_EXAMPLE_SECRET)
        }
    }

    fn amz_date(&self) -> &str {
        if self.is_s3() {
            "20130524T000000Z"
        } else {
            "20150830T123600Z"
        }
    }

    fn signed_headers_map(&self) -> HeaderMap {
        let mut map = headers(self.headers);
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={}/{}/us-east-1/{}/aws4_request, SignedHeaders={}, Signature={}",
            self.credential().access_key_id,
            &self.amz_date()[..8],
            self.service,
            self.signed_headers,
            self.signature
        );
        map.insert("authorization", authorization.parse().unwrap());
        map
    }

    fn verify(&self, change: impl FnOnce(&mut Changeable)) -> Result<(), AuthError> {
        let rules = ServiceRules {
            service: self.service,
            ..if self.is_s3() {
                ServiceRules::S3
            } else {
                ServiceRules::FINSPACE
            }
        };
        let mut changeable = Changeable {
            headers: self.signed_headers_map(),
            path: self.path.to_owned(),
            query: self.query.to_owned(),
            body: self.body.as_bytes().to_vec(),
            credential: self.credential(),
            now: amz_time::parse(self.amz_date()).unwrap(),
        };
        change(&mut changeable);
        let head = RequestHead {
            method: self.method,
            path: &changeable.path,
            query: &changeable.query,
            headers: &changeable.headers,
        };
        let fields = read_signature(&head)?;
        verify(
            &head,
            &fields,
            &changeable.credential,
            &changeable.body,
            &rules,
            changeable.now,
        )
    }
}

struct Changeable {
    headers: HeaderMap,
    path: String,
    query: String,
    body: Vec<u8>,
    credential: Credential,
    now: i64,
}

#[test]
fn the_published_signatures_verify() {
    for example in EXAMPLES {
        example.verify(|_| {}).unwrap_or_else(|error| {
            panic!(
                "{} {}?{}: {error}",
                example.method, example.path, example.query
            )
        });
    }
}

#[test]
fn anything_changed_is_refused() {
    for example in EXAMPLES {
        let refusals = [
            example.verify(|request| request.path.push('x')),
            example.verify(|request| request.query.push_str("&x=1")),
            example.verify(|request| request.body.push(b'x')),
            example.verify(|request| {
                request.headers.insert("host", "elsewhere".parse().unwrap());
            }),
            example.verify(|request| {
                request.credential = credential("AKIDEXAMPLE", "another secret");
            }),
        ];
        for refusal in refusals {
            assert!(
                matches!(
                    refusal,
                    Err(AuthError::SignatureMismatch { .. } | AuthError::PayloadMismatch { .. })
                ),
                "{refusal:?}"
            );
        }
    }
}

#[test]
fn clocks_may_differ_by_five_minutes() {
    for (offset, accepted) in [(300, true), (301, false), (-300, true), (-301, false)] {
        let outcome = SUITE.verify(|request| request.now += offset);
        assert_eq!(outcome.is_ok(), accepted, "{offset}: {outcome:?}");
        if let Err(error) = outcome {
            assert_eq!(error.wire(), (403, "RequestTimeTooSkewed"));
        }
    }
}

#[test]
fn other_services_and_unsigned_payloads_are_refused() {
    let head_headers = SUITE.signed_headers_map();
    let head = RequestHead {
        method: "GET",
        path: "/",
        query: "",
        headers: &head_headers,
    };
    let fields = read_signature(&head).unwrap();
    let now = fields.signed_at;
    let outcome = verify(
        &head,
        &fields,
        &SUITE.credential(),
        b"",
        &ServiceRules::FINSPACE,
        now,
    );
    assert!(matches!(outcome, Err(AuthError::WrongScope { .. })));

    let unsigned = headers(&[("host", "localhost")]);
    let head = RequestHead {
        headers: &unsigned,
        ..head
    };
    assert_eq!(read_signature(&head), Err(AuthError::Missing));

    let target = SigningTarget {
        region: "us-east-1",
        service: "finspace",
        path_style: PathStyle::NormalizedAndEncodedTwice,
    };
    let added = signature_headers(&head, &SUITE.credential(), &target, UNSIGNED_PAYLOAD, now);
    let mut signed = unsigned.clone();
    signed.extend(added.unwrap());
    let head = RequestHead {
        headers: &signed,
        ..head
    };
    let fields = read_signature(&head).unwrap();
    let outcome = verify(
        &head,
        &fields,
        &SUITE.credential(),
        b"",
        &ServiceRules::FINSPACE,
        now,
    );
    assert!(matches!(outcome, Err(AuthError::PayloadMismatch { .. })));
}

#[test]
fn the_published_presigned_url_is_made_and_accepted_until_it_ends() {
    let host = headers(&[("host", "examplebucket.s3.amazonaws.com")]);
    let now = amz_time::parse("20130524T000000Z").unwrap();
    let target = SigningTarget {
        region: "us-east-1",
        service: "s3",
        path_style: PathStyle::AsSent,
    };
    let key = credential("AKIAIOSFODNN7EXAMPLE", S3_EXAMPLE_SECRET);
    let head = RequestHead {
        method: "GET",
        path: "/test.txt",
        query: "",
        headers: &host,
    };
    let query = presigned_query(&head, &key, &target, 86_400, now);
    assert!(
        query.ends_with(
            "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
        ),
        "{query}"
    );
    let head = RequestHead {
        query: &query,
        ..head
    };
    let fields = read_signature(&head).unwrap();
    let at = |moment| verify(&head, &fields, &key, b"", &ServiceRules::S3, moment);
    assert_eq!(at(now + 86_399), Ok(()));
    assert_eq!(
        at(now + 86_400).unwrap_err().wire(),
        (403, "RequestExpired")
    );
    assert_eq!(
        at(now - 301).unwrap_err().wire(),
        (403, "RequestTimeTooSkewed")
    );
}

fn temporary() -> Credential {
    Credential {
        session_token: Some(SecretKey::new("session/token+=".to_owned())),
        expires_at: Some(2_000_000_000),
        principal: Principal::AssumedRole {
            role_arn: "arn:aws:iam::000000000000:role/desk".to_owned(),
            session_name: "s".to_owned(),
        },
        ..credential("ASIAEXAMPLE", "secret")
    }
}

const FINSPACE_TARGET: SigningTarget<'static> = SigningTarget {
    region: "eu-west-1",
    service: "finspace",
    path_style: PathStyle::NormalizedAndEncodedTwice,
};

fn signed_by(key: &Credential, path: &str, query: &str, body: &[u8], now: i64) -> HeaderMap {
    let mut all = headers(&[("host", "127.0.0.1:4566"), ("user-agent", "test")]);
    let head = RequestHead {
        method: "PUT",
        path,
        query,
        headers: &all,
    };
    let added = signature_headers(&head, key, &FINSPACE_TARGET, &sha256_hex(body), now).unwrap();
    all.extend(added);
    all
}

fn verified_as(
    key: &Credential,
    signed: &HeaderMap,
    path: &str,
    query: &str,
    body: &[u8],
    now: i64,
) -> Result<(), AuthError> {
    let head = RequestHead {
        method: "PUT",
        path,
        query,
        headers: signed,
    };
    let fields = read_signature(&head)?;
    verify(&head, &fields, key, body, &ServiceRules::FINSPACE, now)
}

#[test]
fn temporary_keys_need_their_token_and_end() {
    let now = 1_999_999_999;
    let key = temporary();
    let signed = signed_by(&key, "/kx/environments", "", b"{}", now);
    let check =
        |key: &Credential, now| verified_as(key, &signed, "/kx/environments", "", b"{}", now);
    assert_eq!(check(&key, now), Ok(()));
    assert_eq!(check(&key, now + 1), Err(AuthError::ExpiredToken));
    let other_token = Credential {
        session_token: Some(SecretKey::new("other".to_owned())),
        ..temporary()
    };
    assert_eq!(
        check(&other_token, now).unwrap_err().wire(),
        (403, "InvalidClientTokenId")
    );
    let no_token = Credential {
        session_token: None,
        ..temporary()
    };
    assert!(check(&no_token, now).is_err());
    let without = signed_by(&no_token, "/kx/environments", "", b"{}", now);
    let error = verified_as(&key, &without, "/kx/environments", "", b"{}", now).unwrap_err();
    assert!(error.to_string().contains("AWS_SESSION_TOKEN"), "{error}");
}

#[tokio::test]
async fn unknown_keys_are_named() {
    struct Nobody;
    #[async_trait::async_trait]
    impl crate::credentials::CredentialSource for Nobody {
        async fn credential(
            &self,
            _: &str,
        ) -> Result<Option<Credential>, crate::credentials::CredentialError> {
            Ok(None)
        }
    }
    let signed = SUITE.signed_headers_map();
    let head = RequestHead {
        method: "GET",
        path: "/",
        query: "",
        headers: &signed,
    };
    let now = amz_time::parse("20150830T123600Z").unwrap();
    let error = authenticate(&Nobody, &head, b"", &ServiceRules::FINSPACE, now)
        .await
        .unwrap_err();
    let super::verify::AuthenticateError::Refused(refused) = error else {
        panic!("{error}")
    };
    assert_eq!(refused.wire(), (403, "InvalidClientTokenId"));
    assert!(refused.to_string().contains("AKIDEXAMPLE"));
}

proptest! {
    #[test]
    fn what_we_sign_we_verify(path in "(/[a-zA-Z0-9%:._~ -]{0,12}){1,4}", query in "([a-z]{1,5}=[a-zA-Z0-9%/+]{0,8}&?){0,3}", body in proptest::collection::vec(any::<u8>(), 0..64)) {
        let now = 1_700_000_000;
        let key = temporary();
        let signed = signed_by(&key, &path, &query, &body, now);
        prop_assert_eq!(verified_as(&key, &signed, &path, &query, &body, now), Ok(()));
    }
}
