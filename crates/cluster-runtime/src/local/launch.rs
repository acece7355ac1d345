//! Starting an agent as a detached process.
//!
//! The agent's standard input is one end of a socket pair: over it the agent receives its first specification together
//! with the cluster's listening socket, and answers whether it owns the node now. Nothing else is inherited.

use std::fs::OpenOptions;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::process::Stdio;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::net::UnixStream;
use tokio::process::Command;
use tokio::time::timeout;

use super::layout::NodeDirectory;
use super::protocol::{read_frame, write_frame_with_descriptor};
use super::runtime::LocalConfig;
use crate::NodeSpec;

/// How long an agent may take to own its directory and to listen on its socket.
pub const AGENT_READY_TIMEOUT: Duration = Duration::from_secs(10);

/// First and only message to a new agent; the cluster's listening socket comes with it.
#[derive(Debug, Serialize, Deserialize)]
pub struct LaunchMessage {
    pub spec: NodeSpec,
}

/// The new agent's only answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "snake_case")]
pub enum LaunchReply {
    /// The agent owns the node, listens on its socket and has stored the specification.
    Ready,
    /// Another agent owns the node.
    AlreadyOwned,
    Stale {
        given: u64,
        seen: u64,
    },
    Failed {
        reason: String,
    },
}

/// Starts an agent for the directory and returns its answer.
///
/// # Errors
/// The program cannot be started, ends without an answer, or does not answer in time (it is then killed).
pub(super) async fn launch_agent(
    config: &LocalConfig,
    directory: &NodeDirectory,
    spec: &NodeSpec,
    cluster_listener: &OwnedFd,
) -> io::Result<LaunchReply> {
    let (ours, theirs) = UnixStream::pair()?;
    let mut ours = ours;
    let theirs = theirs.into_std()?;
    theirs.set_nonblocking(false)?;
    let log = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(directory.agent_log())?;
    let mut command = Command::new(&config.executable);
    command
        .args(&config.agent_command)
        .arg("--dir")
        .arg(directory.path())
        .arg("--data")
        .arg(&config.data_dir)
        .arg("--launch-channel")
        .arg("--drain-timeout-ms")
        .arg(config.drain_timeout.as_millis().to_string())
        .arg("--log-bytes-max")
        .arg(config.log_bytes_max.to_string())
        .arg("--log-parts-max")
        .arg(config.log_parts_max.to_string())
        .current_dir("/")
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .stdout(Stdio::from(log.try_clone()?))
        .stderr(Stdio::from(log))
        .kill_on_drop(false);
    let mut agent = command.spawn().map_err(|error| {
        io::Error::new(
            error.kind(),
            format!("cannot execute {}: {error}", config.executable.display()),
        )
    })?;
    // Our copy of the agent's end lives in the command: with it gone, an agent that dies is seen as end of file.
    drop(command);
    let talk = async {
        let message = LaunchMessage { spec: spec.clone() };
        write_frame_with_descriptor(&mut ours, &message, cluster_listener).await?;
        read_frame::<LaunchReply>(&mut ours).await
    };
    let answer = timeout(AGENT_READY_TIMEOUT, talk).await;
    let result = match answer {
        Ok(Ok(Some(reply))) => Ok(reply),
        Ok(Ok(None) | Err(_)) => {
            let end = timeout(Duration::from_secs(1), agent.wait()).await;
            let how = match end {
                Ok(Ok(status)) => status.to_string(),
                _ => "closed its channel".to_owned(),
            };
            Err(io::Error::other(format!(
                "the agent ended before it was ready ({how}); its own log is {}",
                directory.agent_log().display()
            )))
        }
        Err(_) => {
            agent.start_kill()?;
            Err(io::Error::new(
                io::ErrorKind::TimedOut,
                format!(
                    "the agent was not ready within {} s",
                    AGENT_READY_TIMEOUT.as_secs()
                ),
            ))
        }
    };
    // The agent outlives us if need be; while we live we collect its end, so that no zombie stays.
    tokio::spawn(async move { agent.wait().await });
    result
}
