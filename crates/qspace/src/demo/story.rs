//! The story: two clusters, real code, and its code updated in every way while clients watch.

use std::time::{Duration, Instant};

use anyhow::Context;

use super::load::{Load, Seen};
use super::q_client::{QClient, Target};
use super::report::{Report, shown};
use super::world::World;
use crate::client::Deployment;

const INIT: &str = include_str!("bundles/first/init.q");
const FIRST_LIBRARY: &str = include_str!("bundles/first/lib/analytics.q");
const SECOND_LIBRARY: &str = include_str!("bundles/second/lib/analytics.q");
const FIRST: &[(&str, &str)] = &[("init.q", INIT), ("lib/analytics.q", FIRST_LIBRARY)];
const SECOND: &[(&str, &str)] = &[("init.q", INIT), ("lib/analytics.q", SECOND_LIBRARY)];
/// The same release with an empty script: what the service itself costs, without the time to load a million rows.
const EMPTY_FIRST: &[(&str, &str)] = &[("init.q", "version:1\n")];
const EMPTY_SECOND: &[(&str, &str)] = &[("init.q", "version:2\n")];
const EMPTY_THIRD: &[(&str, &str)] = &[("init.q", "version:3\n")];

const VERSION: &str = ".analytics.version";
const TRADES: i64 = 1_000_000;
const CLIENTS: usize = 4;

/// Targets with an empty script on a machine of two cores.
const NO_RESTART_TARGET: Duration = Duration::from_millis(300);
const FORCE_TARGET: Duration = Duration::from_millis(1500);
const ROLLING_TARGET: Duration = Duration::from_secs(4);

/// Tells the whole story; errors are failures of the demonstration itself, claims that fail are in the report.
pub(crate) async fn tell(world: &World, report: &mut Report) -> anyhow::Result<()> {
    create(world, report).await?;
    no_restart(world, report).await?;
    rolling(world, report).await?;
    targets(world, report).await?;
    refusal(world, report).await?;
    failing_script(world, report).await
}

async fn create(world: &World, report: &mut Report) -> anyhow::Result<()> {
    let step = "create";
    report.begin("Create a GP cluster and a gateway of three nodes; each loads a million trades in its init script");
    let code = world.upload("first.zip", FIRST).await?;
    let start = Instant::now();
    world.create_cluster("research", "GP", 1, &code).await?;
    world.create_cluster("gateway", "GATEWAY", 3, &code).await?;
    world.running("research").await?;
    world.running("gateway").await?;
    report.claim(step, "both clusters are RUNNING", start.elapsed(), true);
    let start = Instant::now();
    let mut q = QClient::connect(&world.target("research").await?)?;
    let rows = q.ask_long("count trades")?;
    let volume = q.ask_long("(sum trades`size)=sum exec volume from .analytics.vwap trades")?;
    report.claim(
        step,
        "q answers over IPC: a million rows, volumes agree",
        start.elapsed(),
        rows == TRADES && volume == 1,
    );
    Ok(())
}

async fn no_restart(world: &World, report: &mut Report) -> anyhow::Result<()> {
    let step = "NO_RESTART";
    report.begin(
        "NO_RESTART: new files under the running process, with an open handle and live data",
    );
    let mut q = QClient::connect(&world.target("research").await?)?;
    q.ask("upd[`live;(3#.z.p;`AAPL`MSFT`NVDA;1 2 3f;100 200 300)]")?;
    let process = q.ask_long(".z.i")?;
    let code = world.upload("second.zip", SECOND).await?;
    let (_, took) = world.update("research", &code, "NO_RESTART").await?;
    let kept = q.ask_long(".z.i")? == process && q.ask_long("count live")? == 3;
    report.claim(
        step,
        "the handle, the process and the live rows are kept",
        took,
        kept,
    );
    let start = Instant::now();
    let before = q.ask_long(VERSION)?;
    q.ask("system\"l /opt/kx/app/code/lib/analytics.q\"")?;
    let after = q.ask_long(VERSION)?;
    let spread = q.ask_long("count .analytics.spread trades")?;
    report.claim(
        step,
        "the user loads the new library when it suits",
        start.elapsed(),
        (before, after, spread) == (1, 2, 6),
    );
    Ok(())
}

async fn rolling(world: &World, report: &mut Report) -> anyhow::Result<()> {
    let step = "ROLLING";
    report.begin("ROLLING: node by node under a constant load, each query on a fresh handle");
    let target = world.target("gateway").await?;
    let mut held_open = QClient::connect(&target)?;
    held_open.ask("1")?;
    let code = world.upload("second.zip", SECOND).await?;
    let load = Load::start(&target, VERSION, CLIENTS);
    warm_up(&load).await;
    let (_, took) = world.update("gateway", &code, "ROLLING").await?;
    let seen = load.end();
    tell_nodes(world, "gateway", report).await?;
    claim_load(step, report, took, &seen, &[1, 2]);
    let start = Instant::now();
    let dropped = held_open.ask("1").is_err();
    report.claim(
        step,
        "a handle of before is closed, so its owner reconnects",
        start.elapsed(),
        dropped,
    );
    let start = Instant::now();
    let all_new = (0..12).all(|_| version(&target, VERSION) == Some(2));
    report.claim(
        step,
        "every node runs the new code afterwards",
        start.elapsed(),
        all_new,
    );
    Ok(())
}

/// What the service costs by itself: the same updates with an empty init script, against the targets.
async fn targets(world: &World, report: &mut Report) -> anyhow::Result<()> {
    report.begin("The same with an empty init script: the time that the service itself takes");
    let codes = [
        world.upload("empty1.zip", EMPTY_FIRST).await?,
        world.upload("empty2.zip", EMPTY_SECOND).await?,
        world.upload("empty3.zip", EMPTY_THIRD).await?,
    ];
    world.create_cluster("small", "GP", 1, &codes[0]).await?;
    world
        .create_cluster("trio", "GATEWAY", 3, &codes[0])
        .await?;
    world.running("small").await?;
    world.running("trio").await?;
    let (_, took) = world.update("small", &codes[1], "NO_RESTART").await?;
    let within = |limit: Duration| format!("call to RUNNING within {}", shown(limit));
    report.claim(
        "NO_RESTART",
        within(NO_RESTART_TARGET),
        took,
        took < NO_RESTART_TARGET,
    );

    let target = world.target("trio").await?;
    let load = Load::start(&target, "version", CLIENTS);
    warm_up(&load).await;
    let (_, took) = world.update("trio", &codes[1], "ROLLING").await?;
    let seen = load.end();
    tell_nodes(world, "trio", report).await?;
    claim_load("ROLLING", report, took, &seen, &[1, 2]);
    report.claim(
        "ROLLING",
        format!("three nodes: {}", within(ROLLING_TARGET)),
        took,
        took < ROLLING_TARGET,
    );

    let (_, took) = world.update("trio", &codes[2], "FORCE").await?;
    tell_nodes(world, "trio", report).await?;
    report.claim(
        "FORCE",
        format!("three nodes: {}", within(FORCE_TARGET)),
        took,
        took < FORCE_TARGET,
    );
    let start = Instant::now();
    let all_new = (0..12).all(|_| version(&target, "version") == Some(3));
    report.claim(
        "FORCE",
        "every node runs the new code afterwards",
        start.elapsed(),
        all_new,
    );
    world.delete(&["small", "trio"]).await
}

async fn refusal(world: &World, report: &mut Report) -> anyhow::Result<()> {
    let step = "refused update";
    report.begin("An update whose code does not parse");
    let broken = [
        ("init.q", INIT),
        (
            "lib/analytics.q",
            "\\d .analytics\nvwap:{[t]select vwap:size wavg (price by sym from t}\n",
        ),
    ];
    let code = world.upload("broken.zip", &broken).await?;
    let start = Instant::now();
    let refusal = world.refused("gateway", &code).await?;
    let took = start.elapsed();
    for line in refusal.message.lines() {
        report.detail(line);
    }
    let named =
        refusal.code == "ValidationException" && refusal.message.contains("lib/analytics.q:2:");
    report.claim(
        step,
        "refused at once, with file, line and column",
        took,
        named,
    );
    let start = Instant::now();
    let (found, _) = world.running("gateway").await?;
    let untouched = version(&world.target("gateway").await?, VERSION) == Some(2)
        && found["status"] == "RUNNING";
    report.claim(step, "the cluster is untouched", start.elapsed(), untouched);
    Ok(())
}

async fn failing_script(world: &World, report: &mut Report) -> anyhow::Result<()> {
    let step = "failing init";
    report.begin("An update whose init script fails at run time");
    let failing = [
        (
            "init.q",
            "system\"l /opt/kx/app/code/lib/analytics.q\"\nfeed:hopen`::1\n",
        ),
        ("lib/analytics.q", SECOND_LIBRARY),
    ];
    let code = world.upload("failing.zip", &failing).await?;
    let target = world.target("gateway").await?;
    let load = Load::start(&target, VERSION, CLIENTS);
    warm_up(&load).await;
    let (found, took) = world.update("gateway", &code, "ROLLING").await?;
    let seen = load.end();
    let reason = found["statusReason"].as_str().unwrap_or_default();
    report.detail(&format!("statusReason: {reason}"));
    let returned = found["code"]["s3Key"] == "second.zip" && !reason.is_empty();
    report.claim(
        step,
        "returned to the last good code, and the status says why",
        took,
        returned,
    );
    report.claim(
        step,
        lost_claim(&seen),
        seen.longest_gap,
        seen.lost.is_empty() && seen.versions == [2],
    );
    let start = Instant::now();
    let (current, history) = world.api.deployments("gateway", 10).await?;
    for deployment in &history {
        report.detail(&format!(
            "revision {} {} {} {}",
            deployment.to_revision,
            if deployment.kind == "CREATE" {
                "CREATE"
            } else {
                &deployment.deployment_strategy
            },
            deployment.state.to_lowercase(),
            deployment.reason.as_deref().unwrap_or_default()
        ));
    }
    let remembered = current == 2
        && history
            .first()
            .is_some_and(|last| last.state == "ROLLED_BACK");
    report.claim(
        step,
        "the history keeps the failed deployment and its reason",
        start.elapsed(),
        remembered,
    );
    Ok(())
}

/// Lets the load reach its pace before anything is measured under it.
async fn warm_up(load: &Load) {
    while load.answers() < 20 * CLIENTS as u64 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn version(target: &Target, query: &str) -> Option<i64> {
    QClient::connect(target)
        .and_then(|mut q| q.ask_long(query))
        .ok()
}

fn lost_claim(seen: &Seen) -> String {
    format!(
        "{} queries answered, {} lost",
        seen.answers,
        seen.lost.len()
    )
}

fn claim_load(step: &str, report: &mut Report, took: Duration, seen: &Seen, versions: &[i64]) {
    for error in seen.lost.iter().take(3) {
        report.detail(&format!("lost: {error}"));
    }
    let known = seen
        .versions
        .iter()
        .all(|version| versions.contains(version));
    report.claim(step, lost_claim(seen), took, seen.lost.is_empty() && known);
    report.claim(
        step,
        format!(
            "some node always served: no gap over 1 s (slowest answer {})",
            shown(seen.longest)
        ),
        seen.longest_gap,
        seen.longest_gap < Duration::from_secs(1),
    );
}

async fn tell_nodes(world: &World, cluster: &str, report: &Report) -> anyhow::Result<()> {
    let (_, deployments) = world.api.deployments(cluster, 1).await?;
    let last: &Deployment = deployments.first().context("a deployment in the history")?;
    for node in &last.nodes {
        let timings: Vec<String> = node
            .timings_ms
            .iter()
            .map(|(name, ms)| format!("{name} {ms} ms"))
            .collect();
        let took = node
            .duration_ms
            .map_or_else(String::new, |ms| format!("{ms} ms"));
        report.detail(&format!(
            "node {} {took}  {}",
            node.node_id.get(..8).unwrap_or_default(),
            timings.join(", ")
        ));
    }
    Ok(())
}
