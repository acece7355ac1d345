//! `qspace deploy`: zips, checks, uploads, updates a cluster's code and follows it to its end.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use serde_json::{Value as Json, json};

use super::check;
use crate::client::{self, AccessArguments, Api, Deployment};

/// How often progress is asked for.
const POLL: Duration = Duration::from_millis(50);

/// Deploys a directory or zip of q code to a running cluster and follows the deployment to its end.
///
/// The initialization script and the arguments stay as they are unless given here (the API itself replaces the whole
/// configuration). Ends with 0 when the cluster runs the new code, with 1 and the reason when it was refused or returned to
/// the last good revision.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Cluster to update.
    #[arg(long, value_name = "NAME")]
    pub cluster: String,

    /// Directory or zip with the code.
    #[arg(long, value_name = "DIR|ZIP")]
    pub code: PathBuf,

    /// Initialization script, as a path within the code. [default: the present one]
    #[arg(long, value_name = "PATH", conflicts_with = "no_init")]
    pub init: Option<String>,

    /// Run no initialization script any more.
    #[arg(long)]
    pub no_init: bool,

    /// How to get from the present code to the new one.
    #[arg(long, value_enum, default_value_t = Strategy::Rolling, ignore_case = true)]
    pub strategy: Strategy,

    /// Command line argument of q, may be repeated; replaces all present ones. [default: the present ones]
    #[arg(long = "arg", value_name = "KEY=VALUE", conflicts_with = "no_args")]
    pub arguments: Vec<String>,

    /// Take all command line arguments away.
    #[arg(long)]
    pub no_args: bool,

    /// Bucket for the zip; made when it is not there.
    #[arg(long, value_name = "NAME", default_value = "qspace-code")]
    pub bucket: String,

    /// Do not wait for the end.
    #[arg(long)]
    pub no_follow: bool,

    #[command(flatten)]
    pub access: AccessArguments,
}

/// The strategies of UpdateKxClusterCodeConfiguration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Strategy {
    /// Node by node, others go on serving.
    Rolling,
    /// All nodes at once, the fastest restart.
    Force,
    /// Replace the files under the running process (GP clusters).
    NoRestart,
}

impl Strategy {
    pub(crate) fn wire(self) -> &'static str {
        match self {
            Strategy::Rolling => "ROLLING",
            Strategy::Force => "FORCE",
            Strategy::NoRestart => "NO_RESTART",
        }
    }
}

pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    client::block_on(deploy(arguments))
}

async fn deploy(arguments: Arguments) -> anyhow::Result<()> {
    let bundle = check::read_bundle(&arguments.code)?;
    let problems = bundle.check(arguments.init.as_deref());
    if !problems.is_empty() {
        for problem in &problems {
            eprintln!("{}", check::shown(problem));
        }
        bail!(
            "nothing was deployed: the code has {} problem(s)",
            problems.len()
        );
    }
    let api = Api::connect(&arguments.access).await?;
    let present = api.cluster(&arguments.cluster).await?;
    let key = format!("{}/{}.zip", arguments.cluster, bundle.sha256());
    let body = request_body(&arguments, &present, &key)?;
    let (_, before) = api.deployments(&arguments.cluster, 1).await?;
    let start = Instant::now();
    api.require_bucket(&arguments.bucket).await?;
    api.put_object(&arguments.bucket, &key, bundle.zip_bytes().to_vec())
        .await?;
    println!(
        "uploaded  s3://{}/{key} ({} bytes, {} files)",
        arguments.bucket,
        bundle.zip_bytes().len(),
        bundle.entries().count()
    );
    api.update_code(&arguments.cluster, &body).await?;
    println!(
        "accepted  {} {}",
        arguments.cluster,
        arguments.strategy.wire()
    );
    if arguments.no_follow {
        return Ok(());
    }
    let last = before.first().map_or(0, |deployment| deployment.deployment);
    follow(&api, &arguments.cluster, last, false, start).await
}

/// The whole configuration: what the command names, and otherwise what the cluster has now.
fn request_body(arguments: &Arguments, present: &Json, key: &str) -> anyhow::Result<Json> {
    let mut body = json!({
        "code": {"s3Bucket": arguments.bucket, "s3Key": key},
        "deploymentConfiguration": {"deploymentStrategy": arguments.strategy.wire()},
    });
    let pairs: Vec<Json> = arguments
        .arguments
        .iter()
        .map(|pair| {
            let (key, value) = pair
                .split_once('=')
                .with_context(|| format!("--arg {pair}: write KEY=VALUE"))?;
            Ok(json!({"key": key, "value": value}))
        })
        .collect::<anyhow::Result<_>>()?;
    let keeps = arguments.strategy != Strategy::NoRestart;
    let script = match &arguments.init {
        Some(script) => Some(json!(script)),
        None if arguments.no_init || !keeps => None,
        None => present.get("initializationScript").cloned(),
    };
    let pairs = match pairs.is_empty() {
        false => Some(Json::Array(pairs)),
        true if arguments.no_args || !keeps => None,
        true => present.get("commandLineArguments").cloned(),
    };
    if let Some(script) = script {
        body["initializationScript"] = script;
    }
    if let Some(pairs) = pairs {
        body["commandLineArguments"] = pairs;
    }
    Ok(body)
}

/// Prints what happens to the nodes until the deployment after number `last` has ended; with `gives_up` its return is what
/// was wanted.
pub(crate) async fn follow(
    api: &Api,
    cluster: &str,
    last: u64,
    gives_up: bool,
    start: Instant,
) -> anyhow::Result<()> {
    let mut told: Vec<String> = Vec::new();
    loop {
        let (_, deployments) = api.deployments(cluster, 1).await?;
        if let Some(deployment) = deployments.into_iter().find(|one| one.deployment > last) {
            tell_changes(&deployment, &mut told);
            if deployment.is_ended() {
                return conclude(&deployment, gives_up, start);
            }
        }
        tokio::time::sleep(POLL).await;
    }
}

/// One line per node and state, printed once.
fn tell_changes(deployment: &Deployment, told: &mut Vec<String>) {
    for node in &deployment.nodes {
        let line = format!("{} {}", node.node_id, node.state);
        if node.state == "WAITING" || told.contains(&line) {
            continue;
        }
        let took = node
            .duration_ms
            .map(|ms| format!("  {ms} ms"))
            .unwrap_or_default();
        let short = node.node_id.get(..8).unwrap_or(&node.node_id);
        println!("node      {short}  {}{took}", node.state.to_lowercase());
        if let Some(reason) = &node.reason {
            println!("          {reason}");
        }
        told.push(line);
    }
    if std::io::stdout().is_terminal() {
        let _ = std::io::stdout().flush(); // progress only
    }
}

fn conclude(deployment: &Deployment, gives_up: bool, start: Instant) -> anyhow::Result<()> {
    let seconds = start.elapsed().as_secs_f64();
    let reason = deployment
        .reason
        .as_deref()
        .unwrap_or("no reason was given");
    match deployment.state.as_str() {
        "DONE" => {
            println!(
                "done      revision {} in {seconds:.2} s",
                deployment.to_revision
            );
            Ok(())
        }
        "ROLLED_BACK" => {
            let back = deployment
                .from_revision
                .map(|revision| format!(" to revision {revision}"))
                .unwrap_or_default();
            if gives_up {
                println!("done      returned{back} in {seconds:.2} s");
                return Ok(());
            }
            bail!("the deployment failed and the cluster was returned{back}: {reason}")
        }
        _ => bail!("the deployment failed: {reason}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(strategy: Strategy) -> Arguments {
        Arguments {
            cluster: "c".into(),
            code: "code".into(),
            init: None,
            no_init: false,
            strategy,
            arguments: Vec::new(),
            no_args: false,
            bucket: "b".into(),
            no_follow: false,
            access: AccessArguments::default(),
        }
    }

    #[test]
    fn what_is_not_named_stays_as_it_is() {
        let present = json!({"initializationScript": "init.q", "commandLineArguments": [{"key": "s", "value": "2"}]});
        let body = request_body(&arguments(Strategy::Rolling), &present, "k").unwrap();
        assert_eq!(body["initializationScript"], "init.q");
        assert_eq!(body["commandLineArguments"][0]["key"], "s");
        let body = request_body(&arguments(Strategy::NoRestart), &present, "k").unwrap();
        assert!(
            body.get("initializationScript").is_none()
                && body.get("commandLineArguments").is_none()
        );
        let mut other = arguments(Strategy::Force);
        (other.no_init, other.arguments) = (true, vec!["procName=a=b".into()]);
        let body = request_body(&other, &present, "k").unwrap();
        assert!(body.get("initializationScript").is_none());
        assert_eq!(
            body["commandLineArguments"],
            json!([{"key": "procName", "value": "a=b"}])
        );
        other.arguments = vec!["novalue".into()];
        assert!(request_body(&other, &present, "k").is_err());
    }
}
