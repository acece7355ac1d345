//! Nodes as detached processes of this machine.
//!
//! Every node owns a directory `DATA/nodes/<node id>`. Its agent is found again after a restart of the server by
//! `agent.pid`, held under an exclusive `flock` for the agent's whole life, and spoken to over the unix socket
//! `agent.sock` in the same directory. Nothing here remembers nodes: the directories are the list.
//!
//! Invariants:
//! * a directory `DATA/nodes/<node id>` is complete (has `identity.json`) from the moment it is visible, and goes away
//!   in one rename;
//! * whoever signals an agent or deletes a directory has first shown by the lock who owns it;
//! * all nodes of a cluster accept on one listening socket, so that a stopping node loses no queued connection.

mod client;
mod launch;
mod layout;
mod leftovers;
mod listener;
mod log_tail;
mod pid_lock;
mod protocol;
mod runtime;
mod watch;

pub use client::{AgentClient, ClientError, SocketAddress};
pub use launch::{AGENT_READY_TIMEOUT, LaunchMessage, LaunchReply};
pub use layout::{DataLayout, LayoutError, NodeDirectory, NodeIdentity, write_atomically};
pub use leftovers::{NODE_DIRECTORY_VARIABLE, kill_leftovers};
pub use listener::{bind_cluster_listener, let_bind_beside, reserve_port, reserve_this_port};
pub use log_tail::tail_of_log;
pub use pid_lock::{Acquired, PidLock};
pub use protocol::{
    Frame, Request, Response, read_frame, read_frame_with_descriptor, write_frame,
    write_frame_with_descriptor,
};
pub use runtime::{LocalConfig, LocalRuntime};
