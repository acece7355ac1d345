//! Everything that CI runs.

use anyhow::Result;

use crate::step::{Totals, cargo, nextest, run, step};
use crate::{clients, conformance, fuzz, programs, tidy, tools};

/// Seconds that each fuzz target runs as part of the tests; `cargo xtask fuzz` runs longer.
const FUZZ_SECONDS: u32 = 20;

/// Runs all steps, the quick ones first, and ends with the line of totals.
pub(crate) fn run_all(quick: bool) -> Result<Totals> {
    step("format", || run(cargo().args(["fmt", "--all", "--check"])))?;
    step("tidy", tidy::run)?;
    step("lints", || {
        run(cargo().args([
            "clippy",
            "--workspace",
            "--all-targets",
            "--quiet",
            "--",
            "--deny",
            "warnings",
        ]))
    })?;
    step("licences and sources", || {
        tools::require_cargo_tool("deny")?;
        run(cargo().args([
            "deny",
            "--log-level",
            "error",
            "check",
            "bans",
            "licenses",
            "sources",
        ]))
    })?;
    let mut totals = step("tests", || nextest(&["--workspace"], &[]))?;
    // only without debug assertions have the loops their forms for AVX2 and AVX-512
    totals.add(step("tests of the kernels as released", || {
        nextest(
            &["--package", "q-kernels", "--cargo-profile", "kernels"],
            &[],
        )
    })?);
    // the corpus is a measure, not a list of tests: only a loss against its baseline fails
    step("q examples", || conformance::run(false, None))?;
    totals.add(step("published programs", || {
        programs::run_checks(None, None)
    })?);
    if !quick {
        totals.add(step("real clients", || clients::run(None))?);
        totals.add(step("fuzz targets", || fuzz::run(FUZZ_SECONDS, None))?);
    }
    Ok(totals)
}

pub(crate) fn run_and_report(quick: bool) -> Result<()> {
    let totals = run_all(quick)?;
    println!(
        "{} passed, {} failed, {} skipped",
        totals.passed, totals.failed, totals.skipped
    );
    Ok(())
}
