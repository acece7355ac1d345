//! `kill -9` of q and of agents: what comes back, and what is said meanwhile.

use qspace::demo::q_client::QClient;

use super::support::bundles::{mortal, release, upload};
use super::support::installation::Installation;
use super::support::{processes, wait_for};

/// A query's answer on a fresh handle to the cluster, once there is one.
async fn answer_of(installation: &Installation, cluster: &str, query: &str) -> i64 {
    let target = installation.target(cluster).await;
    wait_for(query, async || {
        QClient::connect(&target)
            .and_then(|mut q| q.ask_long(query))
            .ok()
    })
    .await
}

#[tokio::test]
async fn a_killed_q_comes_back_as_it_was_deployed() {
    let installation = Installation::start().await;
    let world = installation.world();
    let first = upload(world, "1.zip", &release(1)).await;
    let second = upload(world, "2.zip", &release(2)).await;
    installation.create("solo", "GP", 1, &first).await;
    installation.updated("solo", &second, "ROLLING").await;
    let nodes = installation.node_ids("solo").await;
    let mut q = installation.connect("solo").await;
    q.ask("`t insert ([]a:til 5)").expect("an answer");
    assert_eq!(q.ask_long("count t").expect("an answer"), 1005);

    let before = installation.settled(&nodes).await;
    let (agent, killed) = (
        before.agent_of(&nodes[0]),
        before.q_of(&nodes[0]).expect("a q"),
    );
    processes::kill(killed);
    assert!(q.ask("1").is_err(), "its handles are gone with it");
    assert_eq!(answer_of(&installation, "solo", "version").await, 2);
    assert_eq!(
        answer_of(&installation, "solo", "count t").await,
        1000,
        "as init builds it"
    );
    let after = installation.settled(&nodes).await;
    assert_eq!(after.agent_of(&nodes[0]), agent, "the agent goes on");
    assert_ne!(after.q_of(&nodes[0]), Some(killed));
    assert_eq!(installation.node_ids("solo").await, nodes, "the same node");
    let current = installation
        .world()
        .api
        .deployments("solo", 1)
        .await
        .expect("a history");
    assert_eq!(
        (current.0, installation.installed_revision(&nodes[0])),
        (2, Some(2))
    );
    let found = wait_for("a healthy cluster", async || {
        let found = installation.running("solo").await;
        found.get("statusReason").is_none().then_some(found)
    })
    .await;
    assert_eq!(found["status"], "RUNNING");
    installation.delete(&["solo"]).await;
}

#[tokio::test]
async fn a_q_that_keeps_dying_is_started_ever_more_slowly_until_an_update_heals_it() {
    let installation = Installation::start().await;
    let world = installation.world();
    let code = upload(world, "mortal.zip", &mortal()).await;
    let good = upload(world, "good.zip", &release(1)).await;
    installation.create("solo", "GP", 1, &code).await;
    let nodes = installation.node_ids("solo").await;
    installation
        .connect("solo")
        .await
        .ask("arm[]")
        .expect("an answer");

    let reason = wait_for("a status that says how often q ended", async || {
        let found = installation.running("solo").await;
        let reason = found["statusReason"].as_str()?.to_owned();
        let (_, rest) = reason.split_once("q ended ")?;
        let times: u32 = rest.split(' ').next()?.parse().ok()?;
        (times >= 4).then_some(reason)
    })
    .await;
    assert!(
        reason.contains("growing pause") && reason.contains("exit code 3"),
        "{reason}"
    );
    let log = installation
        .world()
        .api
        .logs("solo", None, 1000, None)
        .await
        .expect("a log");
    let pauses: Vec<u64> = log
        .nodes
        .iter()
        .flat_map(|node| &node.lines)
        .filter_map(|line| {
            let (_, rest) = line.split_once("q is started again in ")?;
            rest.split(' ').next()?.parse().ok()
        })
        .collect();
    println!("pauses between starts: {pauses:?} ms");
    let doubled: Vec<u64> = (0..pauses.len()).map(|index| 100 << index).collect();
    assert_eq!(pauses, doubled);

    let found = installation.updated("solo", &good, "ROLLING").await;
    assert!(found.get("statusReason").is_none(), "{found}");
    assert_eq!(answer_of(&installation, "solo", "version").await, 1);
    installation.settled(&nodes).await;
    installation.delete(&["solo"]).await;
}

#[tokio::test]
async fn a_killed_agent_takes_its_q_along_and_the_node_is_launched_again() {
    let installation = Installation::start().await;
    let code = upload(installation.world(), "1.zip", &release(1)).await;
    installation.create("trio", "GATEWAY", 3, &code).await;
    let nodes = installation.node_ids("trio").await;
    let before = installation.settled(&nodes).await;
    let mut others = Vec::new();
    for node in &nodes[1..] {
        let target = installation.node_target("trio", node).await;
        others.push(QClient::connect(&target).expect("admitted"));
    }
    let agent = before.agent_of(&nodes[0]).expect("an agent");
    processes::kill(agent);
    let after = wait_for("another agent with another q", async || {
        let found = installation.processes();
        let new = found.agent_of(&nodes[0]).is_some_and(|pid| pid != agent)
            && found
                .q_of(&nodes[0])
                .is_some_and(|pid| before.q_of(&nodes[0]) != Some(pid));
        (new && found.are_exactly(&nodes)).then_some(found)
    })
    .await;
    wait_for("three serving nodes", async || {
        let found = installation.world().nodes("trio").await.ok()?;
        let all = found.iter().all(|(_, status)| status == "RUNNING");
        (all && found.len() == 3).then_some(())
    })
    .await;
    assert_eq!(installation.node_ids("trio").await, nodes, "the same nodes");
    for node in &nodes {
        let target = installation.node_target("trio", node).await;
        let mut q = QClient::connect(&target).expect("admitted");
        assert_eq!(q.ask_long("version").expect("an answer"), 1);
        assert_eq!(q.ask_long(".z.i").ok(), after.q_of(node).map(i64::from));
    }
    for handle in &mut others {
        handle.ask("1").expect("the other nodes were left alone");
    }
    installation.delete(&["trio"]).await;
}

/// What a machine does that loses its power: server, agents and q processes end at once.
async fn cut_the_power(installation: &mut Installation) {
    installation.kill_server();
    wait_for("the end of every process", async || {
        let found = installation.processes();
        found.kill_all();
        (found == processes::Processes::default()).then_some(())
    })
    .await;
    installation.start_server(None).await;
}

#[tokio::test]
async fn after_a_power_cut_everything_is_there_again() {
    let mut installation = Installation::start().await;
    let first = upload(installation.world(), "1.zip", &release(1)).await;
    let second = upload(installation.world(), "2.zip", &release(2)).await;
    installation.create("trio", "GATEWAY", 3, &first).await;
    installation.create("solo", "GP", 1, &first).await;
    let nodes = [
        installation.node_ids("trio").await,
        installation.node_ids("solo").await,
    ]
    .concat();

    cut_the_power(&mut installation).await;
    installation.settled(&nodes).await;
    assert_eq!(answer_of(&installation, "trio", "version").await, 1);
    assert_eq!(answer_of(&installation, "solo", "count t").await, 1000);
    wait_for("four serving nodes", async || {
        all_serve(&installation).await
    })
    .await;

    // In the middle of an update, with one node changed.
    assert!(installation.update("trio", &second, "ROLLING").await);
    wait_for("the first changed node", async || {
        let last = installation.last_deployment("trio").await;
        last.nodes
            .iter()
            .any(|node| node.state == "REACHED")
            .then_some(())
    })
    .await;
    cut_the_power(&mut installation).await;
    installation.running("trio").await;
    let last = installation.last_deployment("trio").await;
    let revision = match last.state.as_str() {
        "DONE" => 2,
        "ROLLED_BACK" => 1,
        other => panic!("not a legal end: {other}"),
    };
    println!("the update that lost its power is {}", last.state);
    installation.settled(&nodes).await;
    wait_for("four serving nodes", async || {
        all_serve(&installation).await
    })
    .await;
    for node in installation.node_ids("trio").await {
        assert_eq!(installation.installed_revision(&node), Some(revision));
    }
    assert_eq!(
        answer_of(&installation, "trio", "version").await,
        i64::try_from(revision).expect("small")
    );
    installation.delete(&["trio", "solo"]).await;
}

async fn all_serve(installation: &Installation) -> Option<()> {
    for cluster in ["trio", "solo"] {
        let nodes = installation.world().nodes(cluster).await.ok()?;
        nodes
            .iter()
            .all(|(_, status)| status == "RUNNING")
            .then_some(())?;
    }
    Some(())
}
