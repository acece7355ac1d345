//! Reads the signature of a request: from the Authorization header or the presigned query.

use std::fmt;

use http::header::{AUTHORIZATION, HOST};

use super::{ALGORITHM, AuthError, PRESIGNED_SECONDS_MAX, RequestHead, TERMINATOR};
use crate::{amz_time, percent};

/// The longest Authorization header read.
const AUTHORIZATION_BYTES_MAX: usize = 8_192;
/// The longest query of a presigned request; session tokens make them long.
const QUERY_BYTES_MAX: usize = 16_384;
/// The longest path verified.
const PATH_BYTES_MAX: usize = 8_192;
const SIGNED_HEADERS_MAX: usize = 100;
const ACCESS_KEY_BYTES_MAX: usize = 128;

/// Date, region and service that a signing key is made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialScope {
    /// `YYYYMMDD`.
    pub date: String,
    pub region: String,
    pub service: String,
}

impl fmt::Display for CredentialScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CredentialScope {
            date,
            region,
            service,
        } = self;
        write!(f, "{date}/{region}/{service}/{TERMINATOR}")
    }
}

/// Where the signature stands in the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    Header,
    /// Presigned: valid for that many seconds from the request's date.
    Query {
        expires_seconds: i64,
    },
}

/// Everything a signature says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureFields {
    pub access_key_id: String,
    pub scope: CredentialScope,
    /// Lower case, in the order given.
    pub signed_headers: Vec<String>,
    pub signature: [u8; 32],
    /// `X-Amz-Date` as sent and in seconds since the Unix epoch.
    pub amz_date: String,
    pub signed_at: i64,
    pub placement: Placement,
    pub session_token: Option<String>,
}

/// The three parts of an Authorization header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorizationHeader {
    pub access_key_id: String,
    pub scope: CredentialScope,
    pub signed_headers: Vec<String>,
    pub signature: [u8; 32],
}

/// Reads `AWS4-HMAC-SHA256 Credential=.., SignedHeaders=.., Signature=..`.
///
/// Errors: `Incomplete`, naming the part that is missing, repeated or malformed.
pub fn parse_authorization_header(text: &str) -> Result<AuthorizationHeader, AuthError> {
    if text.len() > AUTHORIZATION_BYTES_MAX {
        return Err(AuthError::incomplete(format!(
            "the Authorization header is longer than {AUTHORIZATION_BYTES_MAX} bytes"
        )));
    }
    let (algorithm, rest) = text.split_once(' ').unwrap_or((text, ""));
    check_algorithm(algorithm)?;
    let (mut credential, mut signed_headers, mut signature) = (None, None, None);
    for part in rest
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
    {
        let (name, value) = part.split_once('=').ok_or_else(|| {
            AuthError::incomplete("a part of the Authorization header has no '='")
        })?;
        let slot = match name {
            "Credential" => &mut credential,
            "SignedHeaders" => &mut signed_headers,
            "Signature" => &mut signature,
            _ => {
                return Err(AuthError::incomplete(
                    "the Authorization header has parts other than Credential, SignedHeaders and Signature",
                ));
            }
        };
        if slot.replace(value).is_some() {
            return Err(AuthError::incomplete(format!("{name} is given twice")));
        }
    }
    let missing =
        |name: &str| AuthError::incomplete(format!("the Authorization header lacks {name}"));
    let (access_key_id, scope) =
        parse_credential(credential.ok_or_else(|| missing("Credential"))?)?;
    Ok(AuthorizationHeader {
        access_key_id,
        scope,
        signed_headers: parse_signed_headers(
            signed_headers.ok_or_else(|| missing("SignedHeaders"))?,
        )?,
        signature: parse_signature(signature.ok_or_else(|| missing("Signature"))?)?,
    })
}

/// The signature of a request, from its header or, when there is none, from its query.
///
/// Errors: `Missing` when there is neither; `Incomplete` when what is there cannot be read.
pub fn read_signature(head: &RequestHead<'_>) -> Result<SignatureFields, AuthError> {
    if head.path.len() > PATH_BYTES_MAX || head.query.len() > QUERY_BYTES_MAX {
        return Err(AuthError::incomplete(format!(
            "the path is longer than {PATH_BYTES_MAX} bytes or the query longer than {QUERY_BYTES_MAX}"
        )));
    }
    let fields = if head.headers.contains_key(AUTHORIZATION) {
        from_header(head)?
    } else if query_value(head.query, "X-Amz-Algorithm").is_some() {
        from_query(head)?
    } else {
        return Err(AuthError::Missing);
    };
    if fields.scope.date != fields.amz_date[..8] {
        return Err(AuthError::incomplete(
            "the date of the credential scope is not that of X-Amz-Date",
        ));
    }
    check_coverage(head, &fields)?;
    Ok(fields)
}

fn from_header(head: &RequestHead<'_>) -> Result<SignatureFields, AuthError> {
    let header = parse_authorization_header(single_header(head, AUTHORIZATION.as_str())?)?;
    if !head.headers.contains_key("x-amz-date") {
        return Err(AuthError::incomplete("the header X-Amz-Date is missing"));
    }
    let amz_date = single_header(head, "x-amz-date")?.trim().to_owned();
    let signed_at = parse_amz_date(&amz_date)?;
    let session_token = if head.headers.contains_key("x-amz-security-token") {
        Some(single_header(head, "x-amz-security-token")?.to_owned())
    } else {
        None
    };
    Ok(SignatureFields {
        access_key_id: header.access_key_id,
        scope: header.scope,
        signed_headers: header.signed_headers,
        signature: header.signature,
        amz_date,
        signed_at,
        placement: Placement::Header,
        session_token,
    })
}

fn from_query(head: &RequestHead<'_>) -> Result<SignatureFields, AuthError> {
    let optional = |name: &str| -> Result<Option<String>, AuthError> {
        match query_value(head.query, name) {
            None => Ok(None),
            Some(raw) => percent::decode(raw)
                .map(Some)
                .ok_or_else(|| AuthError::incomplete(format!("{name} is not UTF-8"))),
        }
    };
    let required = |name: &str| {
        optional(name)?
            .ok_or_else(|| AuthError::incomplete(format!("the presigned query lacks {name}")))
    };
    check_algorithm(&required("X-Amz-Algorithm")?)?;
    let (access_key_id, scope) = parse_credential(&required("X-Amz-Credential")?)?;
    let amz_date = required("X-Amz-Date")?;
    let signed_at = parse_amz_date(&amz_date)?;
    let expires_seconds = required("X-Amz-Expires")?
        .parse::<i64>()
        .ok()
        .filter(|seconds| (1..=PRESIGNED_SECONDS_MAX).contains(seconds))
        .ok_or_else(|| {
            AuthError::incomplete(format!(
                "X-Amz-Expires must be 1 to {PRESIGNED_SECONDS_MAX} seconds"
            ))
        })?;
    Ok(SignatureFields {
        access_key_id,
        scope,
        signed_headers: parse_signed_headers(&required("X-Amz-SignedHeaders")?)?,
        signature: parse_signature(&required("X-Amz-Signature")?)?,
        amz_date,
        signed_at,
        placement: Placement::Query { expires_seconds },
        session_token: optional("X-Amz-Security-Token")?,
    })
}

/// The raw value of a query parameter, the first of that name.
fn query_value<'a>(raw_query: &'a str, name: &str) -> Option<&'a str> {
    raw_query.split('&').find_map(|pair| {
        let (found, value) = pair.split_once('=')?;
        (found == name).then_some(value)
    })
}

fn single_header<'a>(head: &RequestHead<'a>, name: &str) -> Result<&'a str, AuthError> {
    let mut values = head.headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().map_err(|_| {
            AuthError::incomplete(format!(
                "the header {name} holds characters other than ASCII"
            ))
        }),
        _ => Err(AuthError::incomplete(format!(
            "the header {name} must be given once"
        ))),
    }
}

fn check_algorithm(algorithm: &str) -> Result<(), AuthError> {
    match algorithm {
        ALGORITHM => Ok(()),
        "AWS" => Err(AuthError::incomplete(
            "Signature Version 2 is not accepted; sign with Signature Version 4",
        )),
        "AWS4-ECDSA-P256-SHA256" => Err(AuthError::incomplete(
            "Signature Version 4A is not accepted; sign with Signature Version 4",
        )),
        _ => Err(AuthError::incomplete(format!(
            "the algorithm must be {ALGORITHM}"
        ))),
    }
}

fn parse_credential(text: &str) -> Result<(String, CredentialScope), AuthError> {
    let wrong = || {
        AuthError::incomplete(
            "Credential must be <access key id>/<YYYYMMDD>/<region>/<service>/aws4_request",
        )
    };
    let mut parts = text.split('/');
    let mut next = || {
        parts
            .next()
            .filter(|part| !part.is_empty())
            .ok_or_else(wrong)
    };
    let (access_key_id, date, region, service, terminator) =
        (next()?, next()?, next()?, next()?, next()?);
    let plain = |part: &str| part.len() <= ACCESS_KEY_BYTES_MAX && part.is_ascii();
    if parts.next().is_some()
        || terminator != TERMINATOR
        || date.len() != 8
        || !date.bytes().all(|byte| byte.is_ascii_digit())
        || ![access_key_id, region, service].into_iter().all(plain)
    {
        return Err(wrong());
    }
    Ok((
        access_key_id.to_owned(),
        CredentialScope {
            date: date.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
        },
    ))
}

fn parse_signed_headers(text: &str) -> Result<Vec<String>, AuthError> {
    let names: Vec<String> = text.split(';').map(str::to_owned).collect();
    let legal = |name: &String| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && !byte.is_ascii_uppercase())
    };
    if names.len() > SIGNED_HEADERS_MAX || !names.iter().all(legal) {
        return Err(AuthError::incomplete(
            "SignedHeaders must be header names in lower case, separated by semicolons",
        ));
    }
    Ok(names)
}

fn parse_signature(text: &str) -> Result<[u8; 32], AuthError> {
    let mut signature = [0; 32];
    hex::decode_to_slice(text, &mut signature)
        .map_err(|_| AuthError::incomplete("Signature must be 64 hexadecimal digits"))?;
    Ok(signature)
}

fn parse_amz_date(text: &str) -> Result<i64, AuthError> {
    amz_time::parse(text)
        .ok_or_else(|| AuthError::incomplete("X-Amz-Date must have the form 20150830T123600Z"))
}

/// What is not signed could be changed on the way: host and every `x-amz-` header must be.
fn check_coverage(head: &RequestHead<'_>, fields: &SignatureFields) -> Result<(), AuthError> {
    let signed = |name: &str| fields.signed_headers.iter().any(|signed| signed == name);
    if !signed(HOST.as_str()) {
        return Err(AuthError::incomplete("the header host must be signed"));
    }
    match head
        .headers
        .keys()
        .map(http::HeaderName::as_str)
        .find(|name| name.starts_with("x-amz-") && !signed(name))
    {
        Some(name) => Err(AuthError::incomplete(format!(
            "the header {name} is present but not signed"
        ))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderMap;
    use proptest::prelude::*;

    const GOOD: &str = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/finspace/aws4_request, SignedHeaders=host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";

    #[test]
    fn reads_a_header_with_or_without_blanks() {
        let header = parse_authorization_header(GOOD).unwrap();
        assert_eq!(header.access_key_id, "AKIDEXAMPLE");
        assert_eq!(
            header.scope.to_string(),
            "20150830/us-east-1/finspace/aws4_request"
        );
        assert_eq!(header.signed_headers, ["host", "x-amz-date"]);
        assert_eq!(
            parse_authorization_header(&GOOD.replace(", ", ",")).unwrap(),
            header
        );
    }

    #[test]
    fn says_which_part_is_wrong() {
        for (text, part) in [
            (
                GOOD.replace("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"),
                "4A",
            ),
            ("AWS AKID:c2lnbmF0dXJl".to_owned(), "Version 2"),
            (GOOD.replace("Credential=", "Credentials="), "other than"),
            (GOOD.replace("/aws4_request", ""), "Credential must be"),
            (GOOD.replace("20150830/", "2015-830/"), "Credential must be"),
            (GOOD.replace("host;", "Host;"), "lower case"),
            (GOOD.replace("5d672d", "xx672d"), "64 hexadecimal"),
            (format!("{GOOD},Signature=00"), "twice"),
            ("AWS4-HMAC-SHA256".to_owned(), "lacks Credential"),
            ("Bearer token".to_owned(), "algorithm"),
            (format!("{GOOD}{}", "0".repeat(9_000)), "longer than"),
        ] {
            let error = parse_authorization_header(&text).unwrap_err();
            assert!(error.to_string().contains(part), "{part}: {error}");
        }
    }

    #[test]
    fn a_header_that_is_not_signed_is_refused() {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", GOOD.parse().unwrap());
        headers.insert("x-amz-date", "20150830T123600Z".parse().unwrap());
        headers.insert("host", "localhost".parse().unwrap());
        fn head(headers: &HeaderMap) -> RequestHead<'_> {
            RequestHead {
                method: "GET",
                path: "/",
                query: "",
                headers,
            }
        }
        assert!(read_signature(&head(&headers)).is_ok());
        let mut more = headers.clone();
        more.insert("x-amz-security-token", "abc".parse().unwrap());
        let error = read_signature(&head(&more)).unwrap_err();
        assert!(
            error.to_string().contains("x-amz-security-token"),
            "{error}"
        );
        let mut twice = headers.clone();
        twice.append("x-amz-date", "20150830T123601Z".parse().unwrap());
        assert!(read_signature(&head(&twice)).is_err());
        headers.insert("x-amz-date", "20150831T123600Z".parse().unwrap());
        let error = read_signature(&head(&headers)).unwrap_err();
        assert!(error.to_string().contains("scope"), "{error}");
    }

    proptest! {
        #[test]
        fn no_header_panics(text in any::<String>(), tail in any::<String>()) {
            let _ = parse_authorization_header(&text);
            let _ = parse_authorization_header(&format!("AWS4-HMAC-SHA256 {tail}"));
            let _ = parse_authorization_header(&format!("AWS4-HMAC-SHA256 Credential={tail}"));
        }

        #[test]
        fn no_query_panics(query in any::<String>()) {
            let headers = HeaderMap::new();
            let query = format!("X-Amz-Algorithm=AWS4-HMAC-SHA256&{query}");
            let _ = read_signature(&RequestHead { method: "GET", path: "/", query: &query, headers: &headers });
        }
    }
}
