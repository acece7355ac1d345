//! Large vectors beside NumPy and beside the bandwidth of the memory.

use anyhow::Result;
use clap::Args;

use crate::step;
use crate::tools::virtual_environment;

#[derive(Args)]
pub(crate) struct Options {
    /// Divides the counts of 1e8 and 1e7 items.
    #[arg(long, default_value_t = 1)]
    scale: u32,
    /// Only rows whose name contains this.
    #[arg(long, default_value = "")]
    only: String,
    /// The least of the runs instead of their median.
    #[arg(long)]
    minimum: bool,
    /// Times on the processor instead of by the clock for one thread and NumPy, for a machine that does other work.
    #[arg(long)]
    processor: bool,
    /// Leaves out comparing the results with NumPy's.
    #[arg(long)]
    unchecked: bool,
}

/// Builds what is measured and runs `benchmarks/kernels/measure.py`.
pub(crate) fn run(options: &Options) -> Result<()> {
    let q = super::build_release_q()?;
    step::run(step::cargo().args([
        "build",
        "--quiet",
        "--release",
        "--package",
        "q-kernels",
        "--example",
        "memory_bandwidth",
    ]))?;
    let directory = step::workspace_root().join("benchmarks/kernels");
    let python = virtual_environment("kernels", &directory.join("requirements.txt"))?;
    let mut command = std::process::Command::new(python);
    command
        .arg(directory.join("measure.py"))
        .arg("--bandwidth")
        .arg(q.with_file_name("examples").join("memory_bandwidth"))
        .arg("--q")
        .arg(q)
        .args(["--scale", &options.scale.to_string()])
        .args(["--only", &options.only])
        // settings some machines carry for older libraries; they slow NumPy down
        .env_remove("OPENBLAS_CORETYPE")
        .env_remove("OPENBLAS_L2_SIZE")
        .env("PYTHONDONTWRITEBYTECODE", "1");
    for (is_set, flag) in [
        (options.minimum, "--minimum"),
        (options.processor, "--processor"),
        (options.unchecked, "--unchecked"),
    ] {
        if is_set {
            command.arg(flag);
        }
    }
    step::run(&mut command)
}
