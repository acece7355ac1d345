//! Published q programs run unchanged with the built q: `tests/programs/` has the checks and what they must reach.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::step::{Totals, build_qspace, run_reading, workspace_root};

/// Runs the checks. Programs come from the folder `from` or that of the variable `QSPACE_PROGRAMS`, else from their
/// repositories; those that cannot be had are counted as skipped.
pub(crate) fn run_checks(from: Option<&Path>, only: Option<&str>) -> Result<Totals> {
    let q = build_qspace()?.with_file_name("q");
    let root = workspace_root();
    let work = root.join("target/programs");
    let mut command = Command::new("python3");
    command
        .arg(root.join("tests/programs/run.py"))
        .arg("--q")
        .arg(q)
        .arg("--work")
        .arg(work)
        .env("PYTHONDONTWRITEBYTECODE", "1");
    if let Some(folder) = from {
        command.arg("--from").arg(folder);
    }
    if let Some(only) = only {
        command.args(["--only", only]);
    }
    let (lines, succeeded) = run_reading(&mut command, false)?;
    let totals = lines
        .last()
        .map(|line| Totals::of_line(line))
        .unwrap_or_default();
    if !succeeded {
        bail!("{} checks of programs failed", totals.failed);
    }
    if totals == Totals::default() {
        bail!("no program has such a name");
    }
    Ok(totals)
}
