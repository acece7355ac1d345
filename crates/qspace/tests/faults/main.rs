//! The main job under faults, end to end: a real server, real agents and real q processes, watched over q connections.
//!
//! Every test has an installation of its own ([`support::installation`]), which ends with the test however that ends.

mod code_updates;
mod command_line;
mod connection_tokens;
mod crash_walk;
mod creation_walk;
mod dead_processes;
mod support;
