//! The sub-commands, one per file. Each has `Arguments` and `run`.

pub mod check;
pub mod demo;
pub mod deploy;
pub mod env;
pub mod history;
pub mod logs;
pub mod node;
pub mod q;
pub mod rollback;
pub mod serve;
