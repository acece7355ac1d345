//! Calls to the agent of one node, each bounded in time.

use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags};
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::layout::NodeDirectory;
use super::protocol::{Request, Response, read_frame, read_frame_with_descriptor, write_frame};
use crate::{NodeSpec, NodeStatus};

/// Why a call to an agent gave no result.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody listens on the socket: the agent is dead or not yet up.
    #[error("no agent listens on {socket}")]
    Absent { socket: String },
    #[error("the agent has seen generation {seen}, {given} was given")]
    Stale { given: u64, seen: u64 },
    #[error("the agent did not answer within {milliseconds} ms")]
    TimedOut { milliseconds: u128 },
    #[error("talking to the agent failed: {0}")]
    Io(#[from] io::Error),
    #[error("the agent refuses: {reason}")]
    Refused { reason: String },
}

/// The agent of one node directory. Holds no connection; each call makes its own.
#[derive(Debug, Clone)]
pub struct AgentClient {
    socket: PathBuf,
    timeout: Duration,
}

impl AgentClient {
    pub fn new(directory: &NodeDirectory, timeout: Duration) -> Self {
        AgentClient {
            socket: directory.socket(),
            timeout,
        }
    }

    /// What the node is.
    pub async fn status(&self) -> Result<NodeStatus, ClientError> {
        match self.call(Request::Status, self.timeout).await? {
            Response::Status { status } => Ok(*status),
            other => Err(unexpected(&other)),
        }
    }

    /// Hands over what the node shall be.
    pub async fn put(&self, spec: &NodeSpec) -> Result<(), ClientError> {
        let request = Request::Put {
            spec: Box::new(spec.clone()),
        };
        match self.call(request, self.timeout).await? {
            Response::Accepted => Ok(()),
            other => Err(unexpected(&other)),
        }
    }

    /// Ends the node; returns when q has ended, the directory is gone and the agent has closed its socket for good.
    pub async fn remove(&self, generation: u64, patience: Duration) -> Result<(), ClientError> {
        let request = Request::Remove { generation };
        let (response, mut stream) = self.exchange(request, patience).await?;
        match response {
            Response::Removed => {
                // The node is gone; the agent's own end is a matter of an instant, and is not worth a failure.
                let _ = timeout(self.timeout, read_frame::<Response>(&mut stream)).await;
                Ok(())
            }
            other => Err(unexpected(&other)),
        }
    }

    /// The listening socket of the node's cluster, `None` if it was lost on the way.
    pub async fn cluster_listener(&self) -> Result<Option<OwnedFd>, ClientError> {
        let fetch = async {
            let mut stream = self.connect().await?;
            write_frame(&mut stream, &Request::Listener).await?;
            match read_frame_with_descriptor::<Response>(&mut stream).await? {
                Some((Response::Listener, descriptor)) => Ok(descriptor),
                Some((other, _)) => Err(unexpected(&other)),
                None => Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            }
        };
        timeout(self.timeout, fetch)
            .await
            .map_err(|_| timed_out(self.timeout))?
    }

    /// A connection on which the agent tells every change; the first message comes at once.
    pub async fn watch(&self) -> Result<UnixStream, ClientError> {
        let open = async {
            let mut stream = self.connect().await?;
            write_frame(&mut stream, &Request::Watch).await?;
            Ok(stream)
        };
        timeout(self.timeout, open)
            .await
            .map_err(|_| timed_out(self.timeout))?
    }

    async fn call(&self, request: Request, patience: Duration) -> Result<Response, ClientError> {
        self.exchange(request, patience)
            .await
            .map(|(response, _)| response)
    }

    /// One question and its answer; the connection is left open.
    async fn exchange(
        &self,
        request: Request,
        patience: Duration,
    ) -> Result<(Response, UnixStream), ClientError> {
        let exchange = async {
            let mut stream = self.connect().await?;
            write_frame(&mut stream, &request).await?;
            match read_frame::<Response>(&mut stream).await? {
                Some(Response::Stale { given, seen }) => Err(ClientError::Stale { given, seen }),
                Some(Response::Refused { reason }) => Err(ClientError::Refused { reason }),
                Some(response) => Ok((response, stream)),
                None => Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            }
        };
        timeout(patience, exchange)
            .await
            .map_err(|_| timed_out(patience))?
    }

    async fn connect(&self) -> Result<UnixStream, ClientError> {
        let address = SocketAddress::of(&self.socket)?;
        UnixStream::connect(address.path())
            .await
            .map_err(|error| match error.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => ClientError::Absent {
                    socket: self.socket.display().to_string(),
                },
                _ => ClientError::Io(error),
            })
    }
}

fn timed_out(patience: Duration) -> ClientError {
    ClientError::TimedOut {
        milliseconds: patience.as_millis(),
    }
}

fn unexpected(response: &Response) -> ClientError {
    ClientError::Refused {
        reason: format!("unexpected answer {response:?}"),
    }
}

/// A path by which a unix socket can be reached although the kernel allows only 107 bytes of it.
#[derive(Debug)]
pub struct SocketAddress {
    path: PathBuf,
    /// Keeps the short path alive.
    _directory: Option<OwnedFd>,
}

impl SocketAddress {
    const PATH_BYTES_MAX: usize = 107;

    pub fn of(socket: &Path) -> io::Result<Self> {
        if socket.as_os_str().len() <= Self::PATH_BYTES_MAX {
            return Ok(SocketAddress {
                path: socket.to_owned(),
                _directory: None,
            });
        }
        let (parent, name) = socket
            .parent()
            .zip(socket.file_name())
            .ok_or(io::ErrorKind::InvalidInput)?;
        let directory = rustix::fs::open(
            parent,
            OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
            Mode::empty(),
        )?;
        let path = PathBuf::from(format!("/proc/self/fd/{}", directory.as_raw_fd())).join(name);
        Ok(SocketAddress {
            path,
            _directory: Some(directory),
        })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_socket_below_a_very_long_path_is_reached() {
        let data = tempfile::tempdir().expect("temporary directory");
        let deep = data.path().join("d".repeat(150));
        std::fs::create_dir(&deep).expect("directory");
        let directory = NodeDirectory::at(&deep);
        let address = SocketAddress::of(&directory.socket()).expect("address");
        let listener = tokio::net::UnixListener::bind(address.path()).expect("bind");
        let client = AgentClient::new(&directory, Duration::from_secs(5));
        let answer = async {
            let (mut stream, _) = listener.accept().await.expect("accept");
            let request = read_frame::<Request>(&mut stream).await.expect("read");
            assert_eq!(request, Some(Request::Remove { generation: 3 }));
            write_frame(&mut stream, &Response::Stale { given: 3, seen: 4 })
                .await
                .expect("answer");
        };
        let (result, ()) = tokio::join!(client.remove(3, Duration::from_secs(5)), answer);
        assert!(matches!(
            result,
            Err(ClientError::Stale { given: 3, seen: 4 })
        ));
    }

    #[tokio::test]
    async fn a_missing_agent_is_told_from_a_failing_one() {
        let data = tempfile::tempdir().expect("temporary directory");
        let directory = NodeDirectory::at(data.path());
        let client = AgentClient::new(&directory, Duration::from_secs(5));
        assert!(matches!(
            client.status().await,
            Err(ClientError::Absent { .. })
        ));
    }
}
