//! The HTTP side of the server: one port for all AWS services.
//!
//! The credential scope of a request's signature says for which service it is ([`aws_protocol::scope`]); no path and no
//! host name does. Each service has a file here that verifies, validates and hands on: [`finspace`](self) operations and
//! AssumeRole to [`Management`], S3 to the embedded store's own service.
//!
//! Invariant: nothing here reads or changes state, and nothing unsigned reaches what does.

mod answer;
mod connection;
mod extension;
mod finspace;
mod landing;
mod management;
mod request_body;
mod sts;
mod unsupported;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use aws_protocol::credentials::CredentialSource;
use aws_protocol::request_id;
use aws_protocol::scope::{Service, requested_service};
use futures::FutureExt;
use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use s3s::service::S3Service;
use tracing::Instrument;

pub use answer::EdgeBody;
pub use connection::serve_connection;
pub use management::Management;

/// Where S3 requests go.
pub enum ObjectDoor {
    /// The store of this installation.
    Embedded(S3Service),
    /// Buckets live in another S3; clients talk to it directly.
    Elsewhere,
}

/// Tells the time; a function, so that recorded requests can be verified at their own time.
pub type Clock = fn() -> SystemTime;

/// Answers requests. Shared by all connections.
pub struct Edge {
    pub credentials: Arc<dyn CredentialSource>,
    pub management: Arc<dyn Management>,
    pub objects: ObjectDoor,
    pub clock: Clock,
}

impl Edge {
    /// Answers one request, whatever it is. A panic while answering becomes an error answer and a log line.
    pub async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<EdgeBody> {
        let request_id = request_id::generate();
        let query = request.uri().query().unwrap_or_default();
        let service = requested_service(request.headers(), query);
        let span = tracing::info_span!(
            "request",
            request_id,
            service = service.as_ref().map(Service::name),
            method = %request.method(),
            path = request.uri().path(),
            operation = tracing::field::Empty,
            caller = tracing::field::Empty,
        );
        let started = Instant::now();
        let dispatched = self.dispatch(request, service, &request_id);
        let caught = AssertUnwindSafe(dispatched).catch_unwind();
        let response = caught.instrument(span.clone()).await.unwrap_or_else(|_| {
            // The panic hook has written message and place.
            answer::internal_error(&request_id)
        });
        span.in_scope(|| {
            tracing::info!(
                status = response.status().as_u16(),
                microseconds = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
                "answered"
            );
        });
        response
    }

    async fn dispatch(
        &self,
        request: Request<Incoming>,
        service: Option<Service>,
        request_id: &str,
    ) -> Response<EdgeBody> {
        match service {
            Some(Service::FinSpace) => {
                answer::whole(finspace::answer(self, request, request_id).await)
            }
            Some(Service::Sts) => answer::whole(sts::answer(self, request, request_id).await),
            Some(Service::S3) => self.hand_to_objects(request, request_id).await,
            Some(other) => answer::whole(unsupported::answer(&request, &other, request_id)),
            None => answer::whole(landing::answer(&request, request_id)),
        }
    }

    async fn hand_to_objects(
        &self,
        request: Request<Incoming>,
        request_id: &str,
    ) -> Response<EdgeBody> {
        let ObjectDoor::Embedded(service) = &self.objects else {
            return answer::whole(unsupported::objects_elsewhere(request_id));
        };
        match hyper::service::Service::call(service, request).await {
            Ok(response) => response.map(BodyExt::boxed_unsync),
            Err(error) => {
                tracing::error!(error = ?error, "the object store could not answer");
                answer::internal_error(request_id)
            }
        }
    }

    /// Seconds since the Unix epoch.
    fn now(&self) -> i64 {
        let since = (self.clock)()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    }
}
