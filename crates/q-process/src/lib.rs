//! The runnable q: command line, console, listener, event loop, timer, callbacks.
//!
//! [`main`] is what `qspace q` and the program `q` do. One thread evaluates and serves: standard input, listeners,
//! connections and signals are polled together ([`event_loop`]), and whatever has arrived is run to its end before the next.
//! On a terminal the line editor has a thread of its own and wakes the poll up (`console`).
//! The evaluator sees all of it as its world (`os`), which shares sockets and console with the loop.
//!
//! Exit statuses: what `exit` was given; 0 at the end of input or after SIGTERM; 1 when the script failed and there is no
//! console to look into it; 2 for a command line that is refused; 130 after an interrupt of an idle process without a terminal,
//! or after three at a terminal that nothing answered.

mod arguments;
mod clients;
mod console;
mod event_loop;
mod network;
mod os;
mod passwords;
mod signals;
mod start;
mod time_limit;
mod web;

use std::ffi::OsString;

pub use q_engine::memory::Allocator;

pub use arguments::{Access, ArgumentError, Arguments, HELP};
pub use start::main;

/// The arguments of `q`, as tools that start it build them; the program's name is not among them.
pub type RawArguments = Vec<OsString>;
