//! Coverage-guided fuzzing with libFuzzer on the stable toolchain.
//!
//! The targets are a workspace of their own under `fuzz/`, compiled with LLVM's coverage instrumentation (a code
//! generation option, so that no nightly compiler is needed) and debug assertions.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::step::{self, Totals, cargo, workspace_root};

const INSTRUMENTATION: [&str; 8] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cdebug-assertions=on",
    "-Coverflow-checks=on",
    "--cfg=fuzzing",
];
/// One input may not take longer (seconds) nor the process grow larger (mebibytes).
const INPUT_SECONDS_MAX: u32 = 10;
const MEMORY_MEBIBYTES_MAX: u32 = 2048;

/// Runs every target (or one) for the given time; fails on the first crash, hang or runaway memory.
pub(crate) fn run(seconds: u32, only: Option<&str>) -> Result<Totals> {
    let root = workspace_root();
    let directory = root.join("fuzz");
    let build = root.join("target/fuzz");
    step::run(
        cargo()
            .current_dir(&directory)
            .args([
                "build",
                "--release",
                "--quiet",
                "--target",
                "x86_64-unknown-linux-gnu",
            ])
            .env("CARGO_TARGET_DIR", &build)
            .env("CARGO_ENCODED_RUSTFLAGS", INSTRUMENTATION.join("\u{1f}")),
    )?;
    let mut targets = Vec::new();
    for entry in fs::read_dir(directory.join("targets"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        targets.extend(name.strip_suffix(".rs").map(str::to_owned));
    }
    targets.sort();
    if let Some(only) = only {
        targets.retain(|target| target == only);
    }
    if targets.is_empty() {
        bail!("there is no such fuzz target");
    }
    let mut totals = Totals::default();
    for target in &targets {
        eprintln!("fuzzing {target} for {seconds} s");
        let corpus = build.join("corpus").join(target);
        let crashes = build.join("crashes").join(target);
        fs::create_dir_all(&corpus)?;
        fs::create_dir_all(&crashes)?;
        let mut command = Command::new(build.join("x86_64-unknown-linux-gnu/release").join(target));
        command.arg(&corpus);
        let seeds = directory.join("seeds").join(target);
        if seeds.is_dir() {
            command.arg(seeds);
        }
        command.args([
            format!("-max_total_time={seconds}"),
            format!("-timeout={INPUT_SECONDS_MAX}"),
            format!("-rss_limit_mb={MEMORY_MEBIBYTES_MAX}"),
            "-print_final_stats=1".into(),
            "-verbosity=0".into(),
            format!("-artifact_prefix={}/", crashes.display()),
        ]);
        step::run(&mut command).with_context(|| {
            format!("fuzz target {target}; inputs are in {}", crashes.display())
        })?;
        totals.passed += 1;
    }
    Ok(totals)
}
