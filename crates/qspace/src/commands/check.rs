//! `qspace check`: everything a deployment would be refused for, found before it is sent.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use code_bundle::{Bundle, Limits, Problem, pack_directory};

/// Checks a zip or directory of q code as a deployment would be checked, without a server.
///
/// Ends with 0 when it could be deployed, with 1 and the reasons when not.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Zip file or directory with the code.
    #[arg(value_name = "ZIP|DIR")]
    pub code: PathBuf,

    /// Initialization script, as a path within the zip.
    #[arg(long, value_name = "PATH")]
    pub init: Option<String>,
}

pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    let bundle = read_bundle(&arguments.code)?;
    let problems = bundle.check(arguments.init.as_deref());
    if problems.is_empty() {
        let (files, q_files) = counts(&bundle);
        println!(
            "{}: {files} files, {q_files} q files parse, nothing to refuse",
            arguments.code.display()
        );
        return Ok(());
    }
    for problem in &problems {
        eprintln!("{}", shown(problem));
    }
    bail!(
        "{}: {} problem{} found",
        arguments.code.display(),
        problems.len(),
        if problems.len() == 1 { "" } else { "s" }
    )
}

/// The code at a path as a bundle: a zip as it is, a directory packed.
pub(crate) fn read_bundle(path: &Path) -> anyhow::Result<Bundle> {
    let limits = Limits::default();
    let bytes = if path.is_dir() {
        pack_directory(path, &limits)?
    } else {
        std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?
    };
    Bundle::open(bytes, &limits).with_context(|| format!("{} cannot be deployed", path.display()))
}

fn counts(bundle: &Bundle) -> (usize, usize) {
    let names = || bundle.entries().map(|(name, _)| name.as_str());
    (
        names().count(),
        names().filter(|name| name.ends_with(".q")).count(),
    )
}

/// A problem with its source line and a caret below the column.
pub(crate) fn shown(problem: &Problem) -> String {
    if problem.line == 0 || problem.source_line.is_empty() {
        return problem.to_string();
    }
    let caret = " ".repeat(problem.column.saturating_sub(1));
    format!("{problem}\n  {}\n  {caret}^", problem.source_line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_checked_like_its_zip() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("init.q"), "a:1\nb:(2\n").unwrap();
        let bundle = read_bundle(directory.path()).unwrap();
        let problems = bundle.check(Some("init.q"));
        assert_eq!(problems.len(), 1);
        assert!(shown(&problems[0]).contains('^'), "{}", shown(&problems[0]));
        let arguments = Arguments {
            code: directory.path().into(),
            init: Some("start.q".into()),
        };
        assert!(
            run(arguments)
                .unwrap_err()
                .to_string()
                .contains("2 problems")
        );
    }
}
