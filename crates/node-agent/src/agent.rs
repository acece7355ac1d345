//! An agent from its start to its end.

use std::io;
use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::time::Duration;

use cluster_runtime::NodeSpec;
use cluster_runtime::local::{
    AGENT_READY_TIMEOUT, Acquired, DataLayout, LaunchMessage, LaunchReply, NodeDirectory, PidLock,
    SocketAddress, bind_cluster_listener, kill_leftovers, read_frame_with_descriptor,
    write_atomically, write_frame,
};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use crate::api_client::ApiClient;
use crate::control_socket::{self, ControlSocket};
use crate::node_log::NodeLog;
use crate::options::NodeOptions;
use crate::q_command::BOOTSTRAP;
use crate::q_link::QLink;
use crate::stored_state::StoredState;
use crate::supervisor::{Parts, Supervisor};

/// Whoever only probes the lock lets go at once.
const LOCK_PATIENCE: Duration = Duration::from_millis(500);

/// Why an agent did not start, or ended otherwise than it was told.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    #[error("cannot {what}: {source}")]
    Io {
        what: String,
        #[source]
        source: io::Error,
    },
    #[error("{directory} has no specification; nodes are made by `qspace serve`")]
    NoSpecification { directory: String },
    #[error("the specification given has generation {given}, this node has seen {seen}")]
    Stale { given: u64, seen: u64 },
}

fn failed(what: impl Into<String>) -> impl FnOnce(io::Error) -> AgentError {
    let what = what.into();
    move |source| AgentError::Io { what, source }
}

/// Runs the agent of a node until it is told to end (SIGTERM, or the removal of the node).
///
/// Returns at once, without an error, when another agent owns the node. Must be called on a thread that lives as long as
/// the process (the main thread): q's life is bound to it.
///
/// # Errors
/// [`AgentError`], told to whoever launched the agent too.
pub fn run(options: NodeOptions) -> Result<(), AgentError> {
    // A session of our own: the server's terminal is not ours. Fails only for a group leader, which is as good.
    let _ = rustix::process::setsid();
    let launch_input = if options.launch_channel {
        Some(take_standard_input().map_err(failed("take the launch channel"))?)
    } else {
        None
    };
    // One thread: q is bound to the thread that started it, and nothing here needs two.
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(failed("start the runtime"))?
        .block_on(start(options, launch_input))
}

/// Our standard input under another number; reading standard input gives nothing from now on.
fn take_standard_input() -> io::Result<StdUnixStream> {
    let input = rustix::stdio::stdin().try_clone_to_owned()?;
    let nothing = std::fs::File::open("/dev/null")?;
    rustix::stdio::dup2_stdin(nothing)?;
    let stream = StdUnixStream::from(input);
    stream.set_nonblocking(true)?;
    Ok(stream)
}

async fn start(
    options: NodeOptions,
    launch_input: Option<StdUnixStream>,
) -> Result<(), AgentError> {
    let mut channel = match launch_input {
        Some(stream) => {
            Some(UnixStream::from_std(stream).map_err(failed("use the launch channel"))?)
        }
        None => None,
    };
    let (given, cluster_listener) = match &mut channel {
        Some(channel) => receive_launch(channel).await?,
        None => (None, None),
    };
    let reply = match prepare(options, given, cluster_listener).await {
        Ok(Some(prepared)) => {
            if let Some(channel) = &mut channel {
                // The launcher may have died meanwhile; the node is here all the same.
                let _ = write_frame(channel, &LaunchReply::Ready).await;
            }
            drop(channel);
            return prepared.run().await;
        }
        Ok(None) => (LaunchReply::AlreadyOwned, Ok(())),
        Err(AgentError::Stale { given, seen }) => (
            LaunchReply::Stale { given, seen },
            Err(AgentError::Stale { given, seen }),
        ),
        Err(error) => {
            let reason = error.to_string();
            (LaunchReply::Failed { reason }, Err(error))
        }
    };
    if let Some(channel) = &mut channel {
        let _ = write_frame(channel, &reply.0).await;
    }
    reply.1
}

async fn receive_launch(
    channel: &mut UnixStream,
) -> Result<(Option<NodeSpec>, Option<OwnedFd>), AgentError> {
    let frame = timeout(
        AGENT_READY_TIMEOUT,
        read_frame_with_descriptor::<LaunchMessage>(channel),
    )
    .await
    .map_err(|_| failed("read the launch channel")(io::ErrorKind::TimedOut.into()))?
    .map_err(failed("read the launch channel"))?;
    match frame {
        Some((message, listener)) => Ok((Some(message.spec), listener)),
        None => Ok((None, None)),
    }
}

/// An agent that owns its node and listens.
struct Prepared {
    supervisor: Supervisor,
    listener: UnixListener,
    socket: ControlSocket,
    /// Held for the agent's whole life.
    _lock: PidLock,
}

/// Takes the node; `None` when another agent has it.
async fn prepare(
    options: NodeOptions,
    given: Option<NodeSpec>,
    cluster_listener: Option<OwnedFd>,
) -> Result<Option<Prepared>, AgentError> {
    let path =
        std::path::absolute(&options.directory).map_err(failed("find the node's directory"))?;
    let directory = NodeDirectory::at(path);
    let layout = DataLayout::new(match &options.data_directory {
        Some(data) => data.clone(),
        None => directory
            .path()
            .ancestors()
            .nth(2)
            .unwrap_or(directory.path())
            .to_owned(),
    });
    let lock = match PidLock::acquire(&directory.pid_file(), LOCK_PATIENCE)
        .map_err(failed(format!("lock {}", directory.pid_file().display())))?
    {
        Acquired::Held(lock) => lock,
        Acquired::Busy(pid) => {
            tracing::info!(?pid, "another agent owns this node");
            return Ok(None);
        }
    };
    let spec = choose_spec(&directory, given)?;
    // An agent before us may have been killed, and q's own children with nobody to end them.
    let killed = kill_leftovers(directory.path()).map_err(failed("look for leftover processes"))?;
    let listener = bind_socket(&directory)?;
    std::fs::write(directory.bootstrap(), BOOTSTRAP)
        .map_err(failed(format!("write {}", directory.bootstrap().display())))?;
    let log_path = layout
        .node_log(&spec.cluster, &spec.node_id)
        .map_err(|error| failed("name the log")(io::Error::other(error)))?;
    let log = NodeLog::open(&log_path, options.log_bytes_max, options.log_parts_max)
        .map_err(failed(format!("open the log {}", log_path.display())))?;
    if killed > 0 {
        log.remark(&format!("ended {killed} processes of an earlier agent"));
    }
    let state = StoredState::read(&directory.state_file()).unwrap_or_else(|error| {
        // Losing it costs a fresh unpacking, nothing more.
        log.remark(&format!(
            "the agent's state cannot be read and begins anew: {error}"
        ));
        StoredState::default()
    });
    let cluster_listener = match cluster_listener {
        Some(given) => given,
        None => bind_cluster_port(&spec)?,
    };
    let (event_sender, events) = mpsc::channel(16);
    let link = QLink::open(
        std::sync::Arc::new(spec.clone()),
        event_sender,
        ApiClient::new(layout.endpoint_file()),
        log.clone(),
    )
    .await
    .map_err(failed("open a loopback port for q"))?;
    let (command_sender, commands) = mpsc::channel(16);
    let copy = cluster_listener
        .try_clone()
        .map_err(failed("duplicate the cluster's socket"))?;
    let supervisor = Supervisor::new(Parts {
        options,
        directory,
        spec,
        state,
        log,
        link,
        cluster_listener,
        commands,
        events,
    });
    let status: watch::Receiver<_> = supervisor.status();
    Ok(Some(Prepared {
        supervisor,
        listener,
        socket: ControlSocket {
            commands: command_sender,
            status,
            cluster_listener: copy,
        },
        _lock: lock,
    }))
}

impl Prepared {
    async fn run(self) -> Result<(), AgentError> {
        let server = tokio::spawn(control_socket::serve(self.listener, self.socket));
        let result = self.supervisor.run().await;
        server.abort();
        result.map_err(failed("supervise q"))
    }
}

/// The newer of what was given now and what was stored; stores it.
fn choose_spec(directory: &NodeDirectory, given: Option<NodeSpec>) -> Result<NodeSpec, AgentError> {
    let stored = directory
        .spec()
        .map_err(failed(format!("read {}", directory.spec_file().display())));
    let spec = match (given, stored) {
        (Some(given), Ok(Some(stored))) if given.generation < stored.generation => {
            return Err(AgentError::Stale {
                given: given.generation,
                seen: stored.generation,
            });
        }
        // A stored one that cannot be read fences nobody: the one given counts.
        (Some(given), _) => given,
        (None, Ok(Some(stored))) => return Ok(stored),
        (None, Ok(None)) => {
            return Err(AgentError::NoSpecification {
                directory: directory.path().display().to_string(),
            });
        }
        (None, Err(error)) => return Err(error),
    };
    store_spec(directory, &spec)
        .map_err(failed(format!("write {}", directory.spec_file().display())))?;
    Ok(spec)
}

/// The cluster's port for an agent that was given no socket: beside those of others, if there are any.
fn bind_cluster_port(spec: &NodeSpec) -> Result<OwnedFd, AgentError> {
    let port = spec.cluster_port;
    spec.listen_address
        .parse::<IpAddr>()
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))
        .and_then(|address| bind_cluster_listener(address, port, true))
        .map_err(failed(format!(
            "listen on the cluster's port {}:{port}",
            spec.listen_address
        )))
}

/// Makes the specification the one that an agent after us begins with.
pub(crate) fn store_spec(directory: &NodeDirectory, spec: &NodeSpec) -> io::Result<()> {
    write_atomically(&directory.spec_file(), &serde_json::to_vec(spec)?)
}

fn bind_socket(directory: &NodeDirectory) -> Result<UnixListener, AgentError> {
    let path = directory.socket();
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(failed(format!("remove {}", path.display()))(error));
        }
        _ => {}
    }
    SocketAddress::of(&path)
        .and_then(|address| UnixListener::bind(address.path()))
        .map_err(failed(format!("listen on {}", path.display())))
}
