//! `qspace node`: the agent of one node. `qspace serve` starts it; nobody else needs to.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use node_agent::{ExecStage, NodeOptions};

/// Supervises the one q process of a node.
#[derive(Debug, Args)]
#[command(hide = true)]
pub struct Arguments {
    /// The node's directory, DATA/nodes/<node id>.
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// The data directory; by default the one two levels above the node's directory.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The first specification comes over standard input, which is a unix socket.
    #[arg(long)]
    launch_channel: bool,
    /// How long q may take to end once it was asked to.
    #[arg(long, value_name = "MS", default_value_t = 5_000)]
    drain_timeout_ms: u64,
    /// A new part of the node's log begins at this size.
    #[arg(long, value_name = "BYTES", default_value_t = 10 * 1024 * 1024)]
    log_bytes_max: u64,
    /// How many closed parts of the log are kept.
    #[arg(long, value_name = "N", default_value_t = 5)]
    log_parts_max: u32,
}

/// The stage between the agent and q: lays out paths and sockets, then becomes q.
#[derive(Debug, Args)]
#[command(hide = true)]
pub struct ExecArguments {
    #[arg(long, value_name = "PID")]
    agent_pid: u32,
    /// The directory that q sees as /opt/kx/app.
    #[arg(long, value_name = "DIR")]
    app: PathBuf,
    /// Where q starts, below /opt/kx/app.
    #[arg(long, value_name = "PATH")]
    working_directory: Option<PathBuf>,
    /// Standard input is the cluster's listening socket.
    #[arg(long)]
    listener: bool,
    /// q and its arguments.
    #[arg(last = true, required = true)]
    command: Vec<OsString>,
}

/// Runs the agent until it is told to end. Must be called on the main thread: q's life is bound to it.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    // Standard error is the agent's own log, a file in the node's directory.
    tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(std::io::stderr)
        .init();
    let mut options = NodeOptions::new(arguments.dir)?;
    options.data_directory = arguments.data;
    options.launch_channel = arguments.launch_channel;
    options.drain_timeout = Duration::from_millis(arguments.drain_timeout_ms);
    options.log_bytes_max = arguments.log_bytes_max;
    options.log_parts_max = arguments.log_parts_max;
    Ok(node_agent::run(options)?)
}

/// Becomes q; returns only when that failed.
pub fn exec(arguments: ExecArguments) -> anyhow::Result<()> {
    let stage = ExecStage {
        agent_pid: arguments.agent_pid,
        app_directory: arguments.app,
        working_directory: arguments.working_directory.unwrap_or_default(),
        listener: arguments.listener,
        command: arguments.command,
    };
    Err(stage.run().into())
}
