//! The agent's side of the handle that q's bootstrap opens: a small q server on the loopback.
//!
//! Requests are lists whose first item is a symbol: `config`, `library_loaded`, `init_ok`, `(init_failed;text;place)`,
//! `(pw;user;password)` and `(call;function;arguments)`. Every synchronous request is answered by a value; failures of
//! `.aws` functions are dictionaries with `finspace_error_code` and `message`.

mod calls;
mod connection;
mod session;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use cluster_runtime::NodeSpec;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

use crate::api_client::ApiClient;
use crate::node_log::NodeLog;

pub(crate) use session::{Session, SessionConfig};

/// What q says about itself. The sender waits until the supervisor has taken it in.
#[derive(Debug)]
pub(crate) struct LinkEvent {
    /// Which start of q it is about; older ones are to be ignored.
    pub session: u64,
    pub kind: LinkEventKind,
    pub taken: oneshot::Sender<()>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LinkEventKind {
    LibraryLoaded,
    InitOk,
    /// The initialization script signalled this error, at this place if it is known.
    InitFailed {
        reason: String,
    },
    /// The initialization script asked to end the creation of its cluster, with this message.
    CreationStopped {
        message: String,
    },
    /// The initialization script asked for the status of its own cluster: it may be waiting for RUNNING.
    OwnStatusAsked,
}

/// Shared by all connections; changed by the supervisor.
pub(crate) struct LinkShared {
    current: Mutex<Current>,
    events: mpsc::Sender<LinkEvent>,
    api: ApiClient,
    log: NodeLog,
}

struct Current {
    spec: Arc<NodeSpec>,
    session: Option<Arc<Session>>,
}

/// The running server.
pub(crate) struct QLink {
    shared: Arc<LinkShared>,
    address: SocketAddr,
}

impl QLink {
    /// Opens the server on a free loopback port. It serves as long as the runtime lives.
    pub(crate) async fn open(
        spec: Arc<NodeSpec>,
        events: mpsc::Sender<LinkEvent>,
        api: ApiClient,
        log: NodeLog,
    ) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(LinkShared {
            current: Mutex::new(Current {
                spec,
                session: None,
            }),
            events,
            api,
            log,
        });
        tokio::spawn(connection::accept(listener, Arc::clone(&shared)));
        Ok(QLink { shared, address })
    }

    /// `host:port` for q's environment.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on tokens and calls go by this specification.
    pub(crate) fn set_spec(&self, spec: Arc<NodeSpec>) {
        self.shared.lock().spec = spec;
    }

    /// From now on only this start of q may log in; `None` lets nobody in.
    pub(crate) fn set_session(&self, session: Option<Arc<Session>>) {
        self.shared.lock().session = session;
    }
}

impl LinkShared {
    fn lock(&self) -> std::sync::MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn spec(&self) -> Arc<NodeSpec> {
        Arc::clone(&self.lock().spec)
    }

    fn session(&self) -> Option<Arc<Session>> {
        self.lock().session.clone()
    }

    /// Tells the supervisor and waits until it knows.
    async fn tell(&self, session: u64, kind: LinkEventKind) {
        let (taken, wait) = oneshot::channel();
        let event = LinkEvent {
            session,
            kind,
            taken,
        };
        if self.events.send(event).await.is_ok() {
            // An error means that the supervisor is ending; q will be ended too.
            let _ = wait.await;
        }
    }
}
