//! Unsigned requests: a person's browser, a health probe, or a client without credentials.

use aws_protocol::rest_json;
use aws_protocol::sigv4::AuthError;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, HeaderValue};
use http::{Method, Request, Response};
use serde_json::json;

pub(super) fn answer<B>(request: &Request<B>, request_id: &str) -> Response<Bytes> {
    match (request.method(), request.uri().path()) {
        (&Method::GET | &Method::HEAD, "/health") => rest_json::success(
            &json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")}),
            request_id,
        ),
        (&Method::GET | &Method::HEAD, "/") => welcome(request),
        _ => {
            let error = AuthError::Missing;
            let (status, name) = error.wire();
            rest_json::error(status, name, &error.to_string(), &[], request_id)
        }
    }
}

fn welcome<B>(request: &Request<B>) -> Response<Bytes> {
    let host = request
        .headers()
        .get(HOST)
        .and_then(|host| host.to_str().ok())
        .filter(|host| {
            host.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b".:-_[]".contains(&byte))
        })
        .unwrap_or("ADDR:PORT");
    let text = format!(
        "qspace {version}: FinSpace with Managed kdb Insights, self-hosted.\n\n\
         This is an AWS endpoint for the services finspace, s3 and sts. Point a client at it:\n\n    \
         export AWS_ENDPOINT_URL=http://{host}\n\n\
         or run `qspace env`, which prints this and the credentials and model that clients need.\n\
         GET /health tells whether the server answers.\n",
        version = env!("CARGO_PKG_VERSION"),
    );
    let mut response = Response::new(Bytes::from(text));
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(path: &str) -> Response<Bytes> {
        let request = Request::get(path).header("host", "127.0.0.1:7420");
        answer(&request.body(()).unwrap(), "id")
    }

    #[test]
    fn people_and_probes_get_an_answer_and_others_learn_to_sign() {
        let text = String::from_utf8(get("/").body().to_vec()).unwrap();
        assert!(
            text.contains("AWS_ENDPOINT_URL=http://127.0.0.1:7420"),
            "{text}"
        );
        assert_eq!(get("/health").status(), 200);
        let refused = get("/kx/environments");
        assert_eq!(refused.status(), 403);
        assert_eq!(
            refused.headers()["x-amzn-errortype"],
            "MissingAuthenticationToken"
        );
    }
}
