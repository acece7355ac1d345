//! Running commands: shown before, timed after, their totals read from their output.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::tools;

/// The directory of the workspace's manifest.
pub(crate) fn workspace_root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Tests passed, failed and skipped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Totals {
    pub(crate) fn add(&mut self, other: Totals) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }

    /// The numbers before the words of a line such as `12 passed, 1 failed, 3 skipped` or `5 tests run: 5 passed`.
    pub(crate) fn of_line(line: &str) -> Totals {
        let words: Vec<&str> = line
            .split(|c: char| !c.is_ascii_alphanumeric())
            .filter(|word| !word.is_empty())
            .collect();
        let before = |name: &str| {
            let at = words.iter().position(|word| *word == name)?;
            words.get(at.checked_sub(1)?)?.parse::<u64>().ok()
        };
        Totals {
            passed: before("passed").unwrap_or(0),
            failed: before("failed").unwrap_or(0)
                + before("error").unwrap_or(0)
                + before("errors").unwrap_or(0),
            skipped: before("skipped").unwrap_or(0),
        }
    }
}

/// Runs one named step and says how long it took.
pub(crate) fn step<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    eprintln!("== {name}");
    let start = Instant::now();
    let result = work().with_context(|| format!("step '{name}' failed"));
    eprintln!(
        "== {name}: {} in {:.1} s",
        if result.is_ok() { "ok" } else { "FAILED" },
        start.elapsed().as_secs_f64()
    );
    result
}

/// Runs a command to its end.
///
/// # Errors
/// Says which command failed.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let shown = format!("{command:?}");
    let status = command
        .status()
        .with_context(|| format!("cannot start {shown}"))?;
    if status.success() {
        Ok(())
    } else {
        bail!("{shown} ended with {status}")
    }
}

/// Runs a command, shows its output as it comes, and returns its lines and whether it succeeded.
pub(crate) fn run_reading(command: &mut Command, from_stderr: bool) -> Result<(Vec<String>, bool)> {
    let shown = format!("{command:?}");
    if from_stderr {
        command.stderr(Stdio::piped());
    } else {
        command.stdout(Stdio::piped());
    }
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot start {shown}"))?;
    let mut lines = Vec::new();
    let mut read = |reader: &mut dyn BufRead| -> Result<()> {
        let mut bytes = Vec::new();
        while reader.read_until(b'\n', &mut bytes)? > 0 {
            let line = String::from_utf8_lossy(&bytes).trim_end().to_owned();
            eprintln!("{line}");
            lines.push(line);
            bytes.clear();
        }
        Ok(())
    };
    match (child.stdout.take(), child.stderr.take()) {
        (Some(stdout), _) => read(&mut BufReader::new(stdout))?,
        (_, Some(stderr)) => read(&mut BufReader::new(stderr))?,
        _ => {}
    }
    Ok((lines, child.wait()?.success()))
}

/// Runs `cargo nextest run` with these arguments in the environment given, and returns its totals.
///
/// # Errors
/// When a test failed or none could be run.
pub(crate) fn nextest(arguments: &[&str], environment: &[(&str, &str)]) -> Result<Totals> {
    tools::require_cargo_tool("nextest")?;
    let mut command = cargo();
    command
        .args(["nextest", "run", "--no-fail-fast", "--color=never"])
        .args(arguments)
        .envs(environment.iter().copied());
    let (lines, succeeded) = run_reading(&mut command, true)?;
    let summary = lines
        .iter()
        .rev()
        .find(|line| line.trim_start().starts_with("Summary"));
    match summary {
        Some(line) if succeeded => Ok(Totals::of_line(line)),
        _ => bail!("tests failed; the lines above name them"),
    }
}

/// `cargo` as it runs this task.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Builds the executable and returns its path. Builds what the tests build, too: a package built alone gets its
/// dependencies with fewer features, which would compile hundreds of them a second time.
pub(crate) fn build_qspace() -> Result<PathBuf> {
    run(cargo().args(["build", "--quiet", "--workspace", "--bins", "--tests"]))?;
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| workspace_root().join("target"), PathBuf::from);
    Ok(std::fs::canonicalize(target.join("debug/qspace"))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_read_from_the_lines_of_runners() {
        let totals = |passed, failed, skipped| Totals {
            passed,
            failed,
            skipped,
        };
        let nextest = "     Summary [   0.019s] 7 tests run: 6 passed, 1 failed, 2 skipped";
        assert_eq!(Totals::of_line(nextest), totals(6, 1, 2));
        assert_eq!(
            Totals::of_line("==== 3 passed, 1 skipped in 2.5s ===="),
            totals(3, 0, 1)
        );
        assert_eq!(
            Totals::of_line("100 passed, 20 failed, 3 skipped"),
            totals(100, 20, 3)
        );
    }
}
