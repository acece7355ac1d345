//! What each strategy promises, seen from clients at work. Figures are printed, never judged: machines differ.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use qspace::demo::load::Load;
use qspace::demo::q_client::{QClient, Target};

use super::support::bundles::{Files, failing, release, upload};
use super::support::installation::Installation;
use super::support::wait_for;

const CLIENTS: usize = 4;

/// Asks every node through its own port, round after round.
struct Sampler {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Samples>,
}

#[derive(Debug)]
struct Samples {
    rounds: u64,
    /// The fewest nodes that answered in one round.
    fewest: usize,
}

impl Sampler {
    fn start(nodes: Vec<Target>) -> Sampler {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut samples = Samples {
                rounds: 0,
                fewest: usize::MAX,
            };
            while !stopped.load(Ordering::Relaxed) {
                let answers = |node: &&Target| {
                    QClient::connect(node).is_ok_and(|mut q| q.ask_long("version").is_ok())
                };
                samples.fewest = samples.fewest.min(nodes.iter().filter(answers).count());
                samples.rounds += 1;
                std::thread::sleep(Duration::from_millis(2));
            }
            samples
        });
        Sampler { stop, thread }
    }

    fn end(self) -> Samples {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("no panic")
    }
}

/// Three nodes with release 1, and what they are called.
async fn trio(installation: &Installation) -> Vec<String> {
    let code = upload(installation.world(), "1.zip", &release(1)).await;
    installation.create("trio", "GATEWAY", 3, &code).await;
    installation.node_ids("trio").await
}

/// The answer of each node to a query, through its own port.
async fn answers(installation: &Installation, nodes: &[String], query: &str) -> Vec<i64> {
    let mut answers = Vec::new();
    for node in nodes {
        let target = installation.node_target("trio", node).await;
        let mut q = QClient::connect(&target).expect("admitted");
        answers.push(q.ask_long(query).expect("an answer"));
    }
    answers
}

/// Updates under a load of reconnecting clients; nothing sent on a fresh handle may be lost.
async fn roll_under_load(files: &Files, state: &str, versions: &[i64]) {
    let installation = Installation::start().await;
    let nodes = trio(&installation).await;
    let code = upload(installation.world(), "next.zip", files).await;
    let mut ports = Vec::new();
    for node in &nodes {
        ports.push(installation.node_target("trio", node).await);
    }
    let load = Load::start(&installation.target("trio").await, "version", CLIENTS);
    let sampler = Sampler::start(ports);
    wait_for("a load at its pace", async || {
        (load.answers() > 20 * CLIENTS as u64).then_some(())
    })
    .await;

    let start = Instant::now();
    assert!(
        installation.update("trio", &code, "ROLLING").await,
        "refused"
    );
    installation.running("trio").await;
    let total = start.elapsed();
    let (seen, samples) = (load.end(), sampler.end());
    let last = installation.last_deployment("trio").await;
    let per_node: Vec<u64> = last
        .nodes
        .iter()
        .filter_map(|node| node.duration_ms)
        .collect();
    println!(
        "ROLLING of 3 nodes, {}: {} ms, nodes {per_node:?} ms; {} queries answered, {} lost, longest gap {} ms, slowest answer {} ms; \
         {} rounds over the nodes' ports, at least {} of 3 served",
        last.state,
        total.as_millis(),
        seen.answers,
        seen.lost.len(),
        seen.longest_gap.as_millis(),
        seen.longest.as_millis(),
        samples.rounds,
        samples.fewest
    );
    assert_eq!(last.state, state, "{last:?}");
    assert_eq!(seen.lost, Vec::<String>::new());
    let mut answered = seen.versions.clone();
    answered.sort_unstable();
    assert_eq!(answered, versions);
    // The nodes of a round are asked one after the other, so a round may meet two that were down at different times.
    assert!(samples.fewest >= 1, "no node served");
    let ended = *versions.last().expect("one at least");
    assert_eq!(answers(&installation, &nodes, "version").await, [ended; 3]);
    installation.settled(&nodes).await;
}

#[tokio::test]
async fn rolling_loses_nothing_and_some_node_always_serves() {
    roll_under_load(&release(2), "DONE", &[1, 2]).await;
}

#[tokio::test]
async fn a_failing_rolling_update_is_not_noticed_by_clients() {
    roll_under_load(&failing(), "ROLLED_BACK", &[1]).await;
}

#[tokio::test]
async fn force_replaces_every_process_at_once() {
    let installation = Installation::start().await;
    let nodes = trio(&installation).await;
    let before = installation.settled(&nodes).await;
    let mut held = installation.connect("trio").await;
    held.ask("1").expect("an answer");
    let code = upload(installation.world(), "2.zip", &release(2)).await;
    let start = Instant::now();
    installation.updated("trio", &code, "FORCE").await;
    println!("FORCE of 3 nodes: {} ms", start.elapsed().as_millis());
    assert!(held.ask("1").is_err(), "handles end with their process");
    assert_eq!(answers(&installation, &nodes, "version").await, [2; 3]);
    assert_eq!(answers(&installation, &nodes, "count t").await, [1000; 3]);
    let after = installation.settled(&nodes).await;
    for node in &nodes {
        assert_ne!(before.q_of(node), after.q_of(node), "{node}");
        assert_eq!(before.agent_of(node), after.agent_of(node), "{node}");
    }
}

#[tokio::test]
async fn no_restart_changes_files_and_nothing_else() {
    let installation = Installation::start().await;
    let world = installation.world();
    let mut first = release(1);
    first.push(("old.q", "old:1\n".to_owned()));
    let mut second = release(2);
    second.push(("new.q", "new:1\n".to_owned()));
    let (first, second) = (
        upload(world, "1.zip", &first).await,
        upload(world, "2.zip", &second).await,
    );
    installation.create("solo", "GP", 1, &first).await;
    let nodes = installation.node_ids("solo").await;
    let before = installation.settled(&nodes).await;
    let mut held = installation.connect("solo").await;
    held.ask("`t insert ([]a:til 5)").expect("an answer");
    held.ask("`:/opt/kx/app/code/mine.txt 0: enlist\"mine\"")
        .expect("an answer");
    let start = Instant::now();
    installation.updated("solo", &second, "NO_RESTART").await;
    println!("NO_RESTART: {} ms", start.elapsed().as_millis());
    assert_eq!(held.ask_long("count t").expect("the handle lives"), 1005);
    assert_eq!(
        held.ask_long("version").expect("an answer"),
        1,
        "q was not told"
    );
    assert_eq!(
        installation.settled(&nodes).await,
        before,
        "the same processes"
    );
    let code = installation
        .data()
        .join("nodes")
        .join(&nodes[0])
        .join("app/code");
    let mut files: Vec<String> = fs::read_dir(&code)
        .expect("the code")
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    files.sort();
    assert_eq!(files, ["init.q", "lib", "mine.txt", "new.q"]);
    held.ask("system\"l /opt/kx/app/code/lib/release.q\"")
        .expect("loaded");
    assert_eq!(held.ask_long("release").expect("an answer"), 2);

    // Not for clusters of another type, and never with a script or arguments.
    let nodes = trio(&installation).await;
    assert!(!installation.update("trio", &second, "NO_RESTART").await);
    assert_eq!(answers(&installation, &nodes, "version").await, [1; 3]);
    let mut body = qspace::demo::world::update_body("solo", &first, "NO_RESTART");
    body["initializationScript"] = "init.q".into();
    let refusal = installation.world().api.update_code("solo", &body).await;
    let refusal = refusal.expect_err("refused").to_string();
    assert!(refusal.starts_with("ValidationException"), "{refusal}");
}
