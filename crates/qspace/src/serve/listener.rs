//! Accepts connections until told to stop, then lets requests under way finish.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Semaphore;

use crate::edge::{Edge, serve_connection};

/// How many connections are served at once; more wait to be accepted.
const CONNECTIONS_MAX: usize = 4_096;
/// How long requests under way may take to finish when the server stops.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);
/// How long to wait after the system refused to accept, which is when files run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// SIGTERM and SIGINT.
pub(super) struct StopSignal {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignal {
    pub(super) fn install() -> anyhow::Result<Self> {
        let install = |kind| signal(kind).context("cannot handle signals");
        Ok(StopSignal {
            terminate: install(SignalKind::terminate())?,
            interrupt: install(SignalKind::interrupt())?,
        })
    }

    async fn received(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Serves connections until a signal; a second one ends without waiting for requests under way.
pub(super) async fn serve(listener: TcpListener, edge: Arc<Edge>, mut stop: StopSignal) {
    let connections = GracefulShutdown::new();
    let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    {
        let mut stopped: Pin<Box<dyn Future<Output = ()> + Send + '_>> = Box::pin(stop.received());
        loop {
            let slot = tokio::select! {
                slot = Arc::clone(&slots).acquire_owned() => slot,
                () = &mut stopped => break,
            };
            // The semaphore is never closed.
            let Ok(slot) = slot else { break };
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = &mut stopped => break,
            };
            match accepted {
                Ok((stream, _)) => {
                    // Answers are single small writes; waiting for more would only delay them.
                    let _ = stream.set_nodelay(true);
                    let (edge, watcher) = (Arc::clone(&edge), connections.watcher());
                    tokio::spawn(async move {
                        serve_connection(stream, edge, Some(watcher)).await;
                        drop(slot);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
    tracing::info!("stopping");
    drop(listener);
    tokio::select! {
        () = connections.shutdown() => {}
        () = tokio::time::sleep(DRAIN_TIMEOUT) => tracing::warn!("requests under way were cut off"),
        () = stop.received() => tracing::warn!("second signal: requests under way were cut off"),
    }
}
