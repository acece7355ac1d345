//! The main job, shown on real parts: a server, clusters of q processes, and code updated while clients watch.
//!
//! Its clients ([`q_client`], [`load`]) and calls ([`world`]) serve the end-to-end tests too.

pub mod load;
pub mod q_client;
mod report;
mod stage;
mod story;
pub mod world;

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::client;
use report::Report;
use stage::Stage;
use world::World;

/// Runs the story in a fresh data directory; ends well only if every claim held.
///
/// # Errors
/// The first thing that kept the story from going on, or how many claims did not hold.
pub fn run(keep: bool) -> anyhow::Result<()> {
    let data = std::env::temp_dir().join(format!("qspace-demo-{}", std::process::id()));
    println!(
        "qspace demo: everything runs on this machine, in {}",
        data.display()
    );
    let stage = Stage::start(&data)?;
    println!(
        "server    {} (process {})",
        stage.endpoint,
        stage.server_pid()
    );
    let held = client::block_on(async {
        let world = World::create(&data).await?;
        println!("environment {}", world.environment_id);
        let mut report = Report::new();
        let told = story::tell(&world, &mut report).await;
        let held = report.conclude();
        told?;
        if !keep {
            world.delete(&["research", "gateway"]).await?;
        }
        Ok(held)
    })?;
    if keep {
        explain(&stage);
        stage.keep();
    }
    if held {
        Ok(())
    } else {
        bail!("a claim did not hold; the table above says which")
    }
}

/// How to go on with what `--keep` leaves.
fn explain(stage: &Stage) {
    let data = stage.data.display();
    println!(
        "\nThe server (process {}) and the clusters research and gateway go on running.",
        stage.server_pid()
    );
    println!("  eval \"$(qspace env --data {data})\"        point boto3 and the AWS CLI at it");
    println!("  aws finspace list-kx-environments");
    println!("  qspace history --data {data} --cluster gateway");
    println!("  qspace logs --data {data} --cluster gateway");
    println!("  qspace demo --stop {data}        end all of it and remove the directory");
}

/// Ends what `--keep` left.
pub fn stop(data: &Path) -> anyhow::Result<()> {
    let name = data
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    if !name.starts_with("qspace-demo-") {
        bail!(
            "{} was not made by `qspace demo`; nothing was touched",
            data.display()
        );
    }
    let data: PathBuf =
        std::fs::canonicalize(data).with_context(|| format!("there is no {}", data.display()))?;
    stage::end_installation(&data);
    println!("ended and removed {}", data.display());
    Ok(())
}
