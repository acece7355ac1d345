//! The sub-commands, one per file. Each has `Arguments` and `run`.

pub mod serve;
