//! Benchmarks: the engine beside its peers, in the same run on the same machine.

mod interpreter;
mod kernels;

use std::path::PathBuf;

use anyhow::Result;
use clap::Subcommand;

use crate::step;

#[derive(Subcommand)]
pub(crate) enum Bench {
    /// Scalar code beside CPython 3.11.
    Interpreter(interpreter::Options),
    /// Large vectors beside NumPy and beside the bandwidth of the memory.
    Kernels(kernels::Options),
}

pub(crate) fn run(bench: &Bench) -> Result<()> {
    match bench {
        Bench::Interpreter(options) => interpreter::run(options),
        Bench::Kernels(options) => kernels::run(options),
    }
}

/// Builds the release `q` and returns its path. `CARGO_PROFILE_RELEASE_*` in the environment change how.
pub(crate) fn build_release_q() -> Result<PathBuf> {
    step::run(step::cargo().args([
        "build",
        "--quiet",
        "--release",
        "--package",
        "q-process",
        "--bin",
        "q",
    ]))?;
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| step::workspace_root().join("target"), PathBuf::from);
    Ok(std::fs::canonicalize(target.join("release/q"))?)
}

/// The middle one of some times.
pub(crate) fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}
