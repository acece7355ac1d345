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

    /// Revision to return to, as `qspace history` numbers them. [default: the good one before the present]
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
        let last = deployments
            .first()
            .map_or(0, |deployment| deployment.deployment);
        let to = match arguments.to {
            Some(named) => named,
            None => deployments
                .iter()
                .filter(|one| one.state == "DONE" && one.to_revision < current)
                .map(|one| one.to_revision)
                .max()
                .context("there is no earlier revision that was deployed successfully")?,
        };
        let start = Instant::now();
        api.rollback(&arguments.cluster, to, arguments.strategy.wire())
            .await?;
        println!(
            "accepted  {} {} to revision {to}",
            arguments.cluster,
            arguments.strategy.wire()
        );
        follow(&api, &arguments.cluster, last, start).await
    })
}
