//! `qspace demo`: the main job on real parts.

use std::path::PathBuf;

use clap::Args;

use crate::demo;

/// Starts a server and clusters of q on this machine, updates their code in every way, and shows what it proves.
///
/// Ends with 0 only if every claim held. Nothing is left behind unless asked for.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Leave the server and the clusters running and print how to use them.
    #[arg(long, conflicts_with = "stop")]
    pub keep: bool,

    /// End what an earlier --keep left in this directory.
    #[arg(long, value_name = "DIR")]
    pub stop: Option<PathBuf>,
}

pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    match arguments.stop {
        Some(data) => demo::stop(&data),
        None => demo::run(arguments.keep),
    }
}
