//! Compile and evaluate q: bytecode, primitives that call functions, iterators, qSQL, namespaces.
//!
//! An [`Interpreter`] is given its world (clock, files, handles, streams) behind one trait, [`system::System`], and then
//! fed lines ([`Interpreter::run_line`]), scripts ([`Interpreter::load_script`]) and messages
//! ([`Interpreter::run_message`]).
//!
//! Invariants: nothing here touches the operating system; an error, a deep recursion or an interrupt leaves the interpreter
//! usable; values are moved where their last use is known, so that the last owner writes in place.

mod amend;
mod append;
mod apply;
mod backtrace;
mod code;
mod commands;
mod compile;
mod complete;
mod console;
mod database;
mod debugger;
mod dispatch;
mod dot;
mod enumerate;
mod errors;
mod failure;
pub mod fake;
mod files;
mod frames;
mod globals;
mod handles;
mod help;
mod index;
mod internal;
mod interpreter;
mod iterate;
mod kernel;
mod key_index;
mod library;
mod literal;
mod machine;
mod natives;
mod numeric;
mod pattern;
mod peach;
pub mod primitives;
mod query;
mod random;
mod reduce;
mod restrict;
mod settings;
pub mod system;
mod system_names;
mod tree;
mod upsert;
mod view;

pub use console::Outcome;
pub use failure::ErrorMode;
pub use interpreter::{Caller, CommandLine, Interpreter, STACK_SIZE, on_large_stack};
pub use q_kernels::{memory, set_threads};
pub use settings::Settings;
pub use system_names::VERSION;
