//! Rules of the house that no compiler checks.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::step::{cargo, workspace_root};

/// Longest source file.
const LINES_MAX: usize = 1000;

/// Which crate of ours may link which; dev-dependencies are free. See ARCHITECTURE.md.
const EDGES: &[(&str, &[&str])] = &[
    ("q-value", &[]),
    ("q-kernels", &["q-value"]),
    ("q-syntax", &["q-value"]),
    ("q-wire", &["q-value"]),
    ("q-storage", &["q-value", "q-kernels", "q-wire"]),
    (
        "q-engine",
        &["q-value", "q-kernels", "q-syntax", "q-wire", "q-storage"],
    ),
    (
        "q-process",
        &["q-value", "q-syntax", "q-wire", "q-storage", "q-engine"],
    ),
    ("finspace-model", &[]),
    ("aws-protocol", &[]),
    ("code-bundle", &["q-syntax"]),
    ("control-store", &["finspace-model", "aws-protocol"]),
    ("cluster-runtime", &["finspace-model"]),
    ("s3-endpoint", &["aws-protocol"]),
    (
        "control-plane",
        &[
            "finspace-model",
            "aws-protocol",
            "control-store",
            "cluster-runtime",
            "code-bundle",
            "s3-endpoint",
        ],
    ),
    (
        "node-agent",
        &[
            "q-value",
            "q-wire",
            "code-bundle",
            "cluster-runtime",
            "finspace-model",
            "aws-protocol",
        ],
    ),
    (
        "qspace",
        &[
            "q-process",
            "q-syntax",
            "q-value",
            "q-wire",
            "finspace-model",
            "aws-protocol",
            "control-store",
            "control-plane",
            "cluster-runtime",
            "node-agent",
            "code-bundle",
            "s3-endpoint",
        ],
    ),
    (
        "control-simulator",
        &[
            "control-plane",
            "control-store",
            "cluster-runtime",
            "finspace-model",
            "aws-protocol",
        ],
    ),
    ("q-conformance", &["q-engine", "q-process"]),
    ("xtask", &[]),
];

/// What must not stay in sources. Split so that this list does not find itself.
const LEFTOVERS: [(&str, &str); 6] = [
    ("FIX", "ME"),
    ("XX", "X:"),
    ("to", "do!("),
    ("unimplem", "ented!("),
    ("db", "g!("),
    ("#[ig", "nore"),
];

/// Checks every rule and reports all that is broken at once.
pub(crate) fn run() -> Result<()> {
    let mut broken = Vec::new();
    check_edges(&mut broken)?;
    check_sources(&mut broken)?;
    check_links(&mut broken)?;
    if broken.is_empty() {
        return Ok(());
    }
    for problem in &broken {
        eprintln!("tidy: {problem}");
    }
    bail!("{} rules are broken", broken.len())
}

fn check_edges(broken: &mut Vec<String>) -> Result<()> {
    let output = cargo()
        .args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--offline",
        ])
        .output()?;
    let metadata: Value = serde_json::from_slice(&output.stdout).context("cargo metadata")?;
    let packages = metadata["packages"].as_array().context("packages")?;
    let ours: BTreeSet<&str> = packages
        .iter()
        .filter_map(|package| package["name"].as_str())
        .collect();
    let allowed: BTreeMap<&str, &[&str]> = EDGES.iter().copied().collect();
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        let Some(may) = allowed.get(name) else {
            broken.push(format!(
                "crate {name} has no row in the table of edges (xtask/src/tidy.rs)"
            ));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let to = dependency["name"].as_str().unwrap_or_default();
            if dependency["kind"].is_null() && ours.contains(to) && !may.contains(&to) {
                broken.push(format!("crate {name} must not depend on {to}"));
            }
        }
    }
    Ok(())
}

/// Files under version control and new ones, by their endings.
fn tracked(endings: &[&str]) -> Result<Vec<String>> {
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .output()
        .context("git ls-files")?;
    let names = String::from_utf8(output.stdout)?;
    let wanted = |name: &&str| {
        endings.iter().any(|ending| name.ends_with(ending)) && Path::new(name).exists()
    };
    Ok(names.lines().filter(wanted).map(str::to_owned).collect())
}

fn check_sources(broken: &mut Vec<String>) -> Result<()> {
    for name in tracked(&[".rs", ".q", ".py", ".toml"])? {
        let text = fs::read_to_string(&name).with_context(|| name.clone())?;
        let lines = text.lines().count();
        if lines > LINES_MAX {
            broken.push(format!(
                "{name} has {lines} lines, more than {LINES_MAX}: split it by ideas"
            ));
        }
        for (number, line) in text.lines().enumerate() {
            for (first, second) in LEFTOVERS {
                if line.contains(&format!("{first}{second}")) {
                    broken.push(format!("{name}:{}: leftover '{first}{second}'", number + 1));
                }
            }
        }
    }
    Ok(())
}

/// Relative links of documents must lead to files that exist.
fn check_links(broken: &mut Vec<String>) -> Result<()> {
    for name in tracked(&[".md"])? {
        let text = fs::read_to_string(&name)?;
        let directory = Path::new(&name).parent().unwrap_or(Path::new(""));
        for target in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let file = target.split('#').next().unwrap_or_default();
            let elsewhere = file.is_empty() || file.contains("://") || file.contains(' ');
            if !elsewhere && !workspace_root().join(directory).join(file).exists() {
                broken.push(format!("{name}: the link to {target} leads nowhere"));
            }
        }
    }
    Ok(())
}
