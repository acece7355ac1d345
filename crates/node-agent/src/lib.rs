//! The agent of a node: supervises exactly one q process.
//!
//! It keeps the code directory, starts q in it, loads the `.aws` library first, ships q's output to the node's log,
//! restarts q when it dies, carries out code updates and verifies connection tokens. It is spoken to over
//! `agent.sock` (see `cluster_runtime::local`) and needs nobody to go on: all it must know stands in its directory.
//!
//! Invariants:
//! * one agent per directory, shown by the lock on `agent.pid`; q ends with its agent, whatever ends the agent;
//! * the agent never kills a q for being busy: only for a specification that replaces it, or its own end;
//! * the phase is derived from what is there, never stored;
//! * a lower generation than the highest seen changes nothing.

mod agent;
mod api_client;
mod back_off;
mod code_directory;
mod control_socket;
mod exec_stage;
mod json_to_q;
mod node_log;
mod options;
mod output;
mod q_command;
mod q_link;
mod stored_state;
mod supervisor;

pub use agent::{AgentError, run};
pub use exec_stage::{ExecStage, ExecStageError};
pub use options::NodeOptions;

/// Where user code sees its node: the same path on every node of every runtime.
pub const APP_PATH: &str = "/opt/kx/app";
