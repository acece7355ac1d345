//! The unit and property tests of the crates that use `unsafe`, run by valgrind: no use of freed or unset memory.
//!
//! Miri would need a nightly compiler; valgrind runs the very code that is shipped, with the instruction sets it knows.

use anyhow::{Context, Result, bail};

use crate::step::{Totals, cargo, run, run_reading};

/// Crates that opt out of `unsafe_code = "deny"` and whose tests need no other process.
const CRATES: [&str; 3] = ["q-value", "q-kernels", "q-storage"];
const RUNNER: &str =
    "valgrind --quiet --error-exitcode=99 --leak-check=no --max-stackframe=16777216";

pub(crate) fn run_all(filter: Option<&str>) -> Result<Totals> {
    run(std::process::Command::new("valgrind").arg("--version"))
        .context("valgrind is needed: apt-get install valgrind")?;
    let mut command = cargo();
    command
        .args([
            "nextest",
            "run",
            "--profile",
            "memcheck",
            "--no-fail-fast",
            "--color=never",
        ])
        .args(CRATES.iter().flat_map(|name| ["--package", name]))
        .env("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER", RUNNER);
    command.args(filter);
    let (lines, succeeded) = run_reading(&mut command, true)?;
    let summary = lines
        .iter()
        .rev()
        .find(|line| line.trim_start().starts_with("Summary"));
    match summary {
        Some(line) if succeeded => Ok(Totals::of_line(line)),
        _ => bail!("valgrind found errors; the lines above name the tests"),
    }
}
