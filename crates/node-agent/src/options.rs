//! What an agent is started with.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// Options of one agent. Everything about the node itself comes in its specification.
#[derive(Debug, Clone)]
pub struct NodeOptions {
    /// The node's directory, `DATA/nodes/<node id>`.
    pub directory: PathBuf,
    /// The installation's data directory; `None` takes the one two levels above `directory`.
    pub data_directory: Option<PathBuf>,
    /// The first specification and the cluster's socket come over standard input (a unix socket).
    pub launch_channel: bool,
    /// How long q may take to end once it was asked to, before it is killed.
    pub drain_timeout: Duration,
    /// The node's log is closed and a new part begun at this size.
    pub log_bytes_max: u64,
    /// How many closed parts of the log are kept.
    pub log_parts_max: u32,
    /// The command that runs [`crate::ExecStage`]: a program and its first arguments.
    pub exec_stage_command: Vec<OsString>,
    /// The command that starts q when the specification names none.
    pub default_q_command: Vec<OsString>,
}

impl NodeOptions {
    /// The usual limits, with this very executable as the maker of the stage (`node-exec`) and of q (`q`).
    ///
    /// # Errors
    /// The path of this executable cannot be found.
    pub fn new(directory: impl Into<PathBuf>) -> std::io::Result<Self> {
        let program = std::env::current_exe()?.into_os_string();
        Ok(NodeOptions {
            directory: directory.into(),
            data_directory: None,
            launch_channel: false,
            drain_timeout: Duration::from_secs(5),
            log_bytes_max: 10 * 1024 * 1024,
            log_parts_max: 5,
            exec_stage_command: vec![program.clone(), "node-exec".into()],
            default_q_command: vec![program, "q".into()],
        })
    }
}
