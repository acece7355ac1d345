//! The unit and property tests of the crates that use `unsafe`, run by valgrind: no use of freed or unset memory.
//!
//! Miri would need a nightly compiler; valgrind runs the very code that is shipped, with the instruction sets it knows.

use anyhow::{Context, Result};

use crate::step::{Totals, nextest, run};

/// Crates that opt out of `unsafe_code = "deny"` and whose tests need no other process.
const CRATES: [&str; 3] = ["q-value", "q-kernels", "q-storage"];
const RUNNER: &str =
    "valgrind --quiet --error-exitcode=99 --leak-check=no --max-stackframe=16777216";

pub(crate) fn run_all(filter: Option<&str>) -> Result<Totals> {
    run(std::process::Command::new("valgrind").arg("--version"))
        .context("valgrind is needed: apt-get install valgrind")?;
    let mut arguments = vec!["--profile", "memcheck"];
    arguments.extend(CRATES.iter().flat_map(|name| ["--package", name]));
    arguments.extend(filter);
    nextest(
        &arguments,
        &[("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER", RUNNER)],
    )
}
