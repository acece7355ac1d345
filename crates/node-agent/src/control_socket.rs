//! The agent's side of `agent.sock`.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use cluster_runtime::local::{
    Request, Response, read_frame, write_frame, write_frame_with_descriptor,
};
use cluster_runtime::{NodeSpec, NodeStatus};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, oneshot, watch};

/// What the control plane wants of the supervisor.
#[derive(Debug)]
pub(crate) enum Command {
    Put {
        spec: Box<NodeSpec>,
        verdict: oneshot::Sender<Verdict>,
    },
    /// The verdict comes when the node is gone; `told` is then awaited before the agent ends.
    Remove {
        generation: u64,
        verdict: oneshot::Sender<Verdict>,
        told: oneshot::Receiver<()>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    Done,
    Stale { given: u64, seen: u64 },
    Refused { reason: String },
}

/// What every connection needs.
pub(crate) struct ControlSocket {
    pub commands: mpsc::Sender<Command>,
    pub status: watch::Receiver<NodeStatus>,
    pub cluster_listener: OwnedFd,
}

/// Serves connections until the runtime ends.
pub(crate) async fn serve(listener: UnixListener, socket: ControlSocket) {
    let socket = Arc::new(socket);
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let socket = Arc::clone(&socket);
                tokio::spawn(async move {
                    if let Err(error) = converse(stream, &socket).await {
                        tracing::debug!(%error, "a connection of the server ended");
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept the server");
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        }
    }
}

async fn converse(mut stream: UnixStream, socket: &ControlSocket) -> io::Result<()> {
    while let Some(request) = read_frame::<Request>(&mut stream).await? {
        match request {
            Request::Status => {
                let status = Box::new(socket.status.borrow().clone());
                write_frame(&mut stream, &Response::Status { status }).await?;
            }
            Request::Watch => return watch_changes(stream, socket.status.clone()).await,
            Request::Listener => {
                let listener = &socket.cluster_listener;
                write_frame_with_descriptor(&mut stream, &Response::Listener, listener).await?;
            }
            Request::Put { spec } => {
                let (verdict, wait) = oneshot::channel();
                let command = Command::Put { spec, verdict };
                let response = ask(socket, command, wait, Response::Accepted).await;
                write_frame(&mut stream, &response).await?;
            }
            Request::Remove { generation } => {
                let (verdict, wait) = oneshot::channel();
                let (tell, told) = oneshot::channel();
                let command = Command::Remove {
                    generation,
                    verdict,
                    told,
                };
                let response = ask(socket, command, wait, Response::Removed).await;
                write_frame(&mut stream, &response).await?;
                // Nobody waits when the removal was refused.
                let _ = tell.send(());
            }
        }
    }
    Ok(())
}

async fn ask(
    socket: &ControlSocket,
    command: Command,
    wait: oneshot::Receiver<Verdict>,
    done: Response,
) -> Response {
    let ending = || Response::Refused {
        reason: "the agent is ending".to_owned(),
    };
    if socket.commands.send(command).await.is_err() {
        return ending();
    }
    match wait.await {
        Ok(Verdict::Done) => done,
        Ok(Verdict::Stale { given, seen }) => Response::Stale { given, seen },
        Ok(Verdict::Refused { reason }) => Response::Refused { reason },
        Err(_) => ending(),
    }
}

/// One message now and one after every change; ends when the other side has closed.
async fn watch_changes(
    mut stream: UnixStream,
    mut status: watch::Receiver<NodeStatus>,
) -> io::Result<()> {
    loop {
        status.mark_unchanged();
        write_frame(&mut stream, &Response::Changed).await?;
        tokio::select! {
            changed = status.changed() => if changed.is_err() {
                return Ok(());
            },
            // The watcher never speaks: anything readable is its end.
            readable = stream.readable() => {
                readable?;
                if let Ok(0) = stream.try_read(&mut [0]) {
                    return Ok(());
                }
            }
        }
    }
}
