//! `qspace history`: what was deployed to a cluster, when, how, and what became of it.

use clap::Args;
use time::OffsetDateTime;
use time::macros::format_description;

use crate::client::{self, AccessArguments, Api, Deployment};

/// Lists the deployments of a cluster, newest first; the present revision is marked with *.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Cluster to list.
    #[arg(long, value_name = "NAME")]
    pub cluster: String,

    /// At most so many deployments.
    #[arg(long, value_name = "NUMBER", default_value_t = 20)]
    pub limit: usize,

    /// Show script, arguments, zip and the timings of each node too.
    #[arg(long, short)]
    pub verbose: bool,

    #[command(flatten)]
    pub access: AccessArguments,
}

pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    client::block_on(async {
        let api = Api::connect(&arguments.access).await?;
        let (current, deployments) = api.deployments(&arguments.cluster, arguments.limit).await?;
        println!(
            "{:<10} {:<20} {:<11} {:<12} {:>9}  reason",
            "revision", "started (UTC)", "strategy", "state", "took"
        );
        for deployment in &deployments {
            println!("{}", line(deployment, current));
            if arguments.verbose {
                print_details(deployment);
            }
        }
        Ok(())
    })
}

fn line(deployment: &Deployment, current: u64) -> String {
    let mark = if deployment.to_revision == current && deployment.state == "DONE" {
        "*"
    } else {
        ""
    };
    let took = deployment
        .duration_ms
        .map(|ms| format!("{ms} ms"))
        .unwrap_or_default();
    format!(
        "{:<10} {:<20} {:<11} {:<12} {took:>9}  {}",
        format!("{}{mark}", deployment.to_revision),
        started(deployment.started_timestamp),
        way(deployment),
        deployment.state.to_lowercase(),
        deployment.reason.as_deref().unwrap_or_default()
    )
    .trim_end()
    .to_owned()
}

/// How the cluster came to the revision: the strategy, or that it was created with it.
fn way(deployment: &Deployment) -> &str {
    if deployment.kind == "CREATE" {
        "CREATE"
    } else {
        &deployment.deployment_strategy
    }
}

fn started(seconds: f64) -> String {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
    OffsetDateTime::from_unix_timestamp(seconds as i64)
        .ok()
        .and_then(|time| time.format(&format).ok())
        .unwrap_or_default()
}

fn print_details(deployment: &Deployment) {
    if let (Some(bucket), Some(key)) = (&deployment.s3_bucket, &deployment.s3_key) {
        println!("           code    s3://{bucket}/{key}");
    }
    if let Some(sha256) = &deployment.sha256 {
        println!("           sha256  {sha256}");
    }
    if let Some(script) = &deployment.initialization_script {
        println!("           init    {script}");
    }
    for argument in &deployment.command_line_arguments {
        println!("           arg     {}={}", argument.key, argument.value);
    }
    for node in &deployment.nodes {
        let timings: Vec<String> = node
            .timings_ms
            .iter()
            .map(|(name, ms)| format!("{name} {ms} ms"))
            .collect();
        println!(
            "           node    {} {} {}",
            node.node_id,
            node.state.to_lowercase(),
            timings.join(", ")
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_in_utc() {
        assert_eq!(started(1_791_331_200.5), "2026-10-07 00:00:00");
    }
}
