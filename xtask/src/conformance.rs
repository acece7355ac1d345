//! The q example corpus: how many steps pass, and that none is lost.

use std::process::Command;

use anyhow::{Result, bail};

use crate::step::{Totals, build_qspace, run_reading, workspace_root};

const CORPUS: [&str; 7] = [
    "ref",
    "basics",
    "kb",
    "learn",
    "wp",
    "releases",
    "interfaces",
];

/// Totals over the compared steps. A failing step is no failure of the run; one that the baseline says passed is.
pub(crate) fn run(update: bool, page: Option<&str>) -> Result<Totals> {
    let executable = build_qspace()?;
    let examples = workspace_root().join("testdata/q-examples");
    let baseline = workspace_root().join("testdata/q-examples-baseline.txt");
    let mut command = Command::new("python3");
    command
        .arg(examples.join("run_examples.py"))
        .args([
            "--cmd",
            &format!("{} q -q", executable.display()),
            "--jobs",
            "2",
            // some pages are brute-force programs: a slow machine must not count as a wrong answer
            "--timeout",
            "120",
            "--step-timeout",
            "60",
        ])
        .args(CORPUS.map(|part| examples.join(format!("{part}.jsonl"))));
    match page {
        Some(page) => command.args(["-v", "--page", page]),
        None => command
            .args([
                "--quiet",
                if update {
                    "--write-baseline"
                } else {
                    "--baseline"
                },
            ])
            .arg(&baseline),
    };
    let (lines, succeeded) = run_reading(&mut command, false)?;
    let totals = lines
        .last()
        .map(|line| Totals::of_line(line))
        .unwrap_or_default();
    if !succeeded {
        let lost = lines
            .iter()
            .filter(|line| line.starts_with("lost: "))
            .count();
        bail!(
            "{lost} steps of the corpus no longer pass (see the lines 'lost:'); mend them, or if a step was wrong say why and run `cargo xtask conformance --update`"
        );
    }
    let compared = totals.passed + totals.failed;
    if compared == 0 {
        bail!("no step of the corpus was compared");
    }
    eprintln!(
        "q examples: {} of {compared} compared steps pass ({:.1}%)",
        totals.passed,
        percent(totals)
    );
    Ok(totals)
}

fn percent(totals: Totals) -> f64 {
    100.0 * totals.passed as f64 / (totals.passed + totals.failed).max(1) as f64
}
