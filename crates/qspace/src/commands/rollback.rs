//! `qspace rollback`: deploys an earlier revision again.

use std::time::Instant;

use anyhow::Context;
use clap::Args;

use super::deploy::{Strategy, follow};
use crate::client::{self, AccessArguments, Api};

/// Returns a cluster to an earlier revision: code, script and arguments as they were then.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Cluster to return.
    #[arg(long, value_name = "NAME")]
    pub cluster: String,

    /// Revision to return to, as `qspace history` numbers them. [default: the good one before the present; during a
    /// deployment the one it came from]
    #[arg(long, value_name = "REVISION")]
    pub to: Option<u64>,

    /// How to get there.
    #[arg(long, value_enum, default_value_t = Strategy::Rolling, ignore_case = true)]
    pub strategy: Strategy,

    #[command(flatten)]
    pub access: AccessArguments,
}

/// How far back a good revision is looked for.
const HISTORY_MAX: usize = 1000;

pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    client::block_on(async {
        let api = Api::connect(&arguments.access).await?;
        let (current, deployments) = api.deployments(&arguments.cluster, HISTORY_MAX).await?;
        let moving = deployments.first().filter(|latest| !latest.is_ended());
        let to = match (arguments.to, moving) {
            (Some(named), _) => named,
            // what is under way is given up
            (None, Some(moving)) => moving.from_revision.context(
                "the first deployment of a cluster cannot be given up; delete the cluster",
            )?,
            (None, None) => deployments
                .iter()
                .filter(|one| one.state == "DONE" && one.to_revision < current)
                .map(|one| one.to_revision)
                .max()
                .context("there is no earlier revision that was deployed successfully")?,
        };
        let start = Instant::now();
        let (number, gives_up) = api
            .rollback(&arguments.cluster, to, arguments.strategy.wire())
            .await?;
        let how = match gives_up {
            true => "gives up its deployment",
            false => arguments.strategy.wire(),
        };
        println!("accepted  {} {how} to revision {to}", arguments.cluster);
        follow(&api, &arguments.cluster, number - 1, gives_up, start).await
    })
}
