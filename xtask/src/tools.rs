//! Tools the tasks need, installed when they are missing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::step::{cargo, run, workspace_root};

/// Makes `cargo <name>` available.
pub(crate) fn require_cargo_tool(name: &str) -> Result<()> {
    let there = cargo()
        .args([name, "--version"])
        .output()
        .is_ok_and(|output| output.status.success());
    if there {
        return Ok(());
    }
    eprintln!("installing cargo-{name} (once; some minutes)");
    run(cargo()
        .args(["install", "--locked", "--quiet", &format!("cargo-{name}")])
        .env_remove("CARGO_TARGET_DIR"))
}

/// The Python of a virtual environment that holds exactly the pinned requirements; made or brought up to date when needed.
pub(crate) fn virtual_environment(name: &str, requirements: &Path) -> Result<PathBuf> {
    let directory = workspace_root().join(".venv").join(name);
    let python = directory.join("bin/python");
    let wanted = fs::read_to_string(requirements)
        .with_context(|| format!("cannot read {}", requirements.display()))?;
    let stamp = directory.join("requirements.installed");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    eprintln!("making the virtual environment {name}");
    if directory.exists() {
        fs::remove_dir_all(&directory)?;
    }
    let base = std::env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
    run(Command::new(base).args(["-m", "venv"]).arg(&directory))
        .context("Python 3.11 with the venv module is needed for the client tests")?;
    run(Command::new(&python)
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--requirement",
        ])
        .arg(requirements))?;
    fs::write(stamp, wanted)?;
    Ok(python)
}
