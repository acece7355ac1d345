//! Published q programs run unchanged with the built q: `tests/programs/` has the checks and what they must reach.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::step::{Totals, cargo, run, run_reading, workspace_root};

/// Names a folder of git mirrors or checkouts, for machines without network.
const FOLDER: &str = "QSPACE_PROGRAMS";

/// Runs the checks; programs come from `from`, from the folder in `QSPACE_PROGRAMS`, or from their repositories.
pub(crate) fn run_checks(from: Option<&Path>, only: Option<&str>) -> Result<Totals> {
    run(cargo().args(["build", "--quiet", "--package", "q-process", "--bin", "q"]))?;
    let root = workspace_root();
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let mut command = Command::new("python3");
    command
        .arg(root.join("tests/programs/run.py"))
        .arg("--q")
        .arg(target.join("debug/q"))
        .arg("--work")
        .arg(target.join("programs"))
        .env("PYTHONDONTWRITEBYTECODE", "1");
    let folder = from
        .map(Path::to_path_buf)
        .or_else(|| std::env::var_os(FOLDER).map(PathBuf::from));
    if let Some(folder) = folder {
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
    Ok(totals)
}
