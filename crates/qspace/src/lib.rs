//! The executable: command line, configuration, wiring, HTTP edge.
//!
//! [`command_line`] knows the sub-commands, each of which is one file of [`commands`]. [`serve`] puts the server
//! together; [`edge`] is its HTTP side: it finds out for which AWS service a request is, verifies, validates and hands on.
//! [`client`] is what the commands call a server with. What an operation means is decided in the control plane, never here.

pub mod client;
pub mod command_line;
pub mod commands;
pub mod data_directory;
pub mod demo;
pub mod edge;
pub mod serve;
