//! Real clients against a real server: boto3, the AWS CLI, PyKX, kola and qPython.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::step::{Totals, build_qspace, run_reading, workspace_root};
use crate::tools::virtual_environment;

/// Environments that cannot share one: qPython needs a NumPy that the others have left behind.
const SUITES: [&str; 2] = ["clients", "qpython"];

pub(crate) fn run(filter: Option<&str>) -> Result<Totals> {
    let executable = build_qspace()?;
    let root = workspace_root();
    let mut totals = Totals::default();
    for suite in SUITES {
        let directory = root.join("tests").join(suite);
        let python = virtual_environment(suite, &directory.join("requirements.txt"))?;
        totals.add(run_suite(&python, &directory, &executable, filter)?);
    }
    if totals.failed > 0 {
        bail!("{} client tests failed", totals.failed);
    }
    Ok(totals)
}

fn run_suite(
    python: &Path,
    directory: &Path,
    executable: &Path,
    filter: Option<&str>,
) -> Result<Totals> {
    let mut command = Command::new(python);
    command
        .args([
            "-m",
            "pytest",
            "--color=no",
            "-ra",
            "-p",
            "no:cacheprovider",
        ])
        .arg(directory)
        .env("QSPACE", executable)
        .env("PYTHONDONTWRITEBYTECODE", "1");
    if let Some(filter) = filter {
        command.args(["-k", filter]);
    }
    let (lines, succeeded) = run_reading(&mut command, false)?;
    let totals = lines
        .last()
        .map(|line| Totals::of_line(line))
        .unwrap_or_default();
    let nothing_selected = filter.is_some() && totals == Totals::default();
    if !succeeded && totals.failed == 0 && !nothing_selected {
        bail!("pytest did not finish in {}", directory.display());
    }
    Ok(totals)
}
