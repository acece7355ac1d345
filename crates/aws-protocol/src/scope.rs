//! Which service a request is for, read from the credential scope without verifying anything.

use http::HeaderMap;
use http::header::AUTHORIZATION;

use crate::percent;

/// A service of the one port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Service {
    FinSpace,
    S3,
    Sts,
    Logs,
    /// A service that is not served here; the name as signed.
    Other(String),
}

impl Service {
    /// The signing name.
    pub fn name(&self) -> &str {
        match self {
            Service::FinSpace => "finspace",
            Service::S3 => "s3",
            Service::Sts => "sts",
            Service::Logs => "logs",
            Service::Other(name) => name,
        }
    }

    fn of_signing_name(name: &str) -> Self {
        match name {
            "finspace" => Service::FinSpace,
            "s3" => Service::S3,
            "sts" => Service::Sts,
            "logs" => Service::Logs,
            other => Service::Other(other.to_owned()),
        }
    }
}

/// The service named by the Authorization header, else by the presigned query; `None` when the request is not signed or
/// its credential cannot be read.
pub fn requested_service(headers: &HeaderMap, raw_query: &str) -> Option<Service> {
    let from_header = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(credential_of_header);
    let credential = match from_header {
        Some(credential) => credential.to_owned(),
        None => match credential_of_query(raw_query) {
            Some(credential) => credential,
            // boto3 still presigns S3 URLs by version 2 unless told otherwise; no other service ever took them.
            None => return is_version_two_query(raw_query).then_some(Service::S3),
        },
    };
    service_of_credential(&credential)
}

/// True for the query of an S3 URL presigned by signature version 2.
fn is_version_two_query(raw_query: &str) -> bool {
    let has = |name: &str| {
        raw_query
            .split('&')
            .any(|pair| pair.split('=').next() == Some(name))
    };
    has("AWSAccessKeyId") && has("Signature") && has("Expires")
}

/// `<access key>/<date>/<region>/<service>/aws4_request`; an access key may hold slashes, so read from the end.
fn service_of_credential(credential: &str) -> Option<Service> {
    let mut parts = credential.rsplit('/');
    (parts.next()? == "aws4_request").then_some(())?;
    let service = parts.next()?;
    (!service.is_empty()).then(|| Service::of_signing_name(service))
}

fn credential_of_header(header: &str) -> Option<&str> {
    header
        .split([',', ' '])
        .find_map(|part| part.trim().strip_prefix("Credential="))
}

fn credential_of_query(raw_query: &str) -> Option<String> {
    raw_query
        .split('&')
        .find_map(|pair| pair.strip_prefix("X-Amz-Credential="))
        .and_then(percent::decode)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use proptest::prelude::*;

    fn signed(credential: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let value =
            format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=00");
        headers.insert(AUTHORIZATION, value.parse().unwrap());
        headers
    }

    #[test]
    fn urls_presigned_by_version_two_are_for_s3() {
        let query = "AWSAccessKeyId=AKID&Signature=abc%3D&Expires=1800000000";
        assert_eq!(
            requested_service(&HeaderMap::new(), query),
            Some(Service::S3)
        );
        assert_eq!(
            requested_service(&HeaderMap::new(), "AWSAccessKeyId=AKID"),
            None
        );
    }

    #[test]
    fn header_and_query_name_the_service() {
        assert_eq!(
            requested_service(&signed("AK/20150830/us-east-1/finspace/aws4_request"), ""),
            Some(Service::FinSpace)
        );
        assert_eq!(
            requested_service(&signed("AK/20150830/us-east-1/sqs/aws4_request"), ""),
            Some(Service::Other("sqs".into()))
        );
        let query = "list-type=2&X-Amz-Credential=AK%2F20150830%2Feu-west-1%2Fs3%2Faws4_request&X-Amz-Expires=5";
        assert_eq!(
            requested_service(&HeaderMap::new(), query),
            Some(Service::S3)
        );
        assert_eq!(requested_service(&HeaderMap::new(), "a=b"), None);
        assert_eq!(requested_service(&signed("AK/20150830"), ""), None);
    }

    proptest! {
        #[test]
        fn never_panics(header in proptest::collection::vec(any::<u8>(), 0..100), query in any::<String>()) {
            let mut headers = HeaderMap::new();
            if let Ok(value) = HeaderValue::from_bytes(&header) {
                headers.insert(AUTHORIZATION, value);
            }
            let _ = requested_service(&headers, &query);
        }
    }
}
