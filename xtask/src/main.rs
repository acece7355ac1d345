//! Development tasks: `cargo xtask <task>`.

mod bench;
mod clients;
mod compatibility;
mod conformance;
mod fuzz;
mod memcheck;
mod programs;
mod step;
mod test;
mod tidy;
mod tools;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// Development tasks of qspace.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Everything CI runs: format, lints, tidy, licences, tests, examples, programs, real clients, short fuzzing.
    Test {
        /// Leave out the real clients and the fuzz targets.
        #[arg(long)]
        quick: bool,
    },
    /// Rules of the house: crate edges, file lengths, leftovers, links of documents.
    Tidy,
    /// Runs the q example corpus; compares with the baseline, the reasons of failing steps and COMPATIBILITY.md.
    Conformance {
        /// Write the baseline, COMPATIBILITY.md and the number in README.md from this run.
        #[arg(long)]
        update: bool,
        /// Show the failures of pages that match this regular expression.
        #[arg(long)]
        page: Option<String>,
        /// Write or check the documents from this file (the runner's `--json`) instead of running the corpus.
        #[arg(long, conflicts_with = "page")]
        results: Option<PathBuf>,
    },
    /// Runs boto3, the AWS CLI, PyKX, qPython and kola against a real server.
    Clients {
        /// Only tests whose name matches.
        #[arg(short = 'k')]
        filter: Option<String>,
    },
    /// Measures the engine beside its peers.
    #[command(subcommand)]
    Bench(bench::Bench),
    /// Runs published q programs unchanged: kdb-tick, TorQ, the ml toolkit, k4unit, KX's scripts.
    Programs {
        /// A folder of git mirrors or checkouts to take them from, as `QSPACE_PROGRAMS` names one, before the network.
        #[arg(long)]
        from: Option<std::path::PathBuf>,
        /// Only programs whose name has this in it.
        #[arg(long)]
        only: Option<String>,
    },
    /// Runs every fuzz target for a while.
    Fuzz {
        #[arg(long, default_value_t = 60)]
        seconds: u32,
        /// Only this target.
        #[arg(long)]
        target: Option<String>,
    },
    /// Runs the tests of the crates that use `unsafe` under valgrind.
    Memcheck {
        /// Only tests whose name contains this.
        filter: Option<String>,
    },
}

fn main() -> anyhow::Result<()> {
    std::env::set_current_dir(step::workspace_root())?;
    match Arguments::parse().task {
        Task::Test { quick } => test::run_and_report(quick),
        Task::Tidy => tidy::run(),
        Task::Conformance {
            update,
            results: Some(results),
            ..
        } => conformance::write_or_check(&results, update),
        Task::Conformance { update, page, .. } => {
            conformance::run(update, page.as_deref()).map(|_| ())
        }
        Task::Clients { filter } => clients::run(filter.as_deref()).map(|_| ()),
        Task::Bench(bench) => bench::run(&bench),
        Task::Memcheck { filter } => memcheck::run_all(filter.as_deref()).map(|_| ()),
        Task::Programs { from, only } => {
            programs::run_checks(from.as_deref(), only.as_deref()).map(|_| ())
        }
        Task::Fuzz { seconds, target } => fuzz::run(seconds, target.as_deref()).map(|_| ()),
    }
}
