//! The q example corpus: how many steps pass, that none is lost, why the others fail, and the documents that say so.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::compatibility::{self, Reasons, Results};
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

/// Totals over the compared steps. A failing step is no failure of the run when its reason is written down and the baseline
/// does not say that it passed. `update` writes the baseline, COMPATIBILITY.md and the number in README.md.
pub(crate) fn run(update: bool, page: Option<&str>) -> Result<Totals> {
    let executable = build_qspace()?;
    let examples = workspace_root().join("testdata/q-examples");
    let baseline = workspace_root().join("testdata/q-examples-baseline.txt");
    let results = workspace_root().join("target/q-examples-results.jsonl");
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
            "200",
            "--step-timeout",
            "100",
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
            .arg(&baseline)
            .arg("--json")
            .arg(&results),
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
    if page.is_none() {
        write_or_check(&results, update)?;
    }
    Ok(totals)
}

/// Fails when the reasons do not fit the results; writes the documents, or fails when they are out of date.
pub(crate) fn write_or_check(results: &Path, update: bool) -> Result<()> {
    let results = fs::read_to_string(results).with_context(|| results.display().to_string())?;
    let results = Results::read(&results)?;
    let reasons = workspace_root().join("testdata/q-examples-reasons.toml");
    let reasons = Reasons::read(&fs::read_to_string(reasons).context("q-examples-reasons.toml")?)?;
    reasons.check(&results)?;
    for (path, text) in compatibility::documents(&results, &reasons)? {
        if fs::read_to_string(&path).is_ok_and(|old| old == text) {
            continue;
        }
        let shown = path.display();
        if !update {
            bail!("{shown} is out of date; run `cargo xtask conformance --update`");
        }
        fs::write(&path, text).with_context(|| format!("cannot write {shown}"))?;
    }
    Ok(())
}

fn percent(totals: Totals) -> f64 {
    100.0 * totals.passed as f64 / (totals.passed + totals.failed).max(1) as f64
}
