//! `kill -9` of the server at every step of a deployment, one after the other.
//!
//! A walk deploys again and again over one installation; the server kills itself at step 1 of the first deployment, at
//! step 2 of the second, and so on, until a deployment outlives its server's intention. After each, a new server must
//! bring it to its legal end.

use std::fs;
use std::time::Instant;

use qspace::demo::q_client::QClient;
use serde_json::Value as Json;

use super::support::bundles::{failing, release, upload};
use super::support::installation::{End, Installation};
use super::support::wait_for;

/// More steps than this would mean a deployment that never ends.
const STEPS_MAX: u64 = 60;
const TRIO: &str = "trio";
const SOLO: &str = "solo";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Code {
    Good,
    FailingScript,
}

/// Two clusters, one of which is deployed to while the other must not notice anything.
struct Walk {
    installation: Installation,
    cluster: &'static str,
    strategy: &'static str,
    code: Code,
    /// Code configurations of release 1 and 2, and of one that fails.
    releases: [Json; 2],
    failing: Json,
    /// Which of the two releases runs.
    present: usize,
    nodes: Vec<String>,
    bystander_nodes: Vec<String>,
    /// An open handle to the other cluster, older than every crash.
    bystander: QClient,
}

impl Walk {
    async fn prepare(cluster: &'static str, strategy: &'static str, code: Code) -> Walk {
        let installation = Installation::start().await;
        let world = installation.world();
        let releases = [
            upload(world, "1.zip", &release(1)).await,
            upload(world, "2.zip", &release(2)).await,
        ];
        let failing = upload(world, "failing.zip", &failing()).await;
        installation.create(TRIO, "GATEWAY", 3, &releases[0]).await;
        installation.create(SOLO, "GP", 1, &releases[0]).await;
        let other = if cluster == TRIO { SOLO } else { TRIO };
        let nodes = installation.node_ids(cluster).await;
        let bystander_nodes = installation.node_ids(other).await;
        let mut bystander = installation.connect(other).await;
        bystander.ask("kept:42").expect("an answer");
        Walk {
            installation,
            cluster,
            strategy,
            code,
            releases,
            failing,
            present: 0,
            nodes,
            bystander_nodes,
            bystander,
        }
    }

    fn all_nodes(&self) -> Vec<String> {
        self.nodes
            .iter()
            .chain(&self.bystander_nodes)
            .cloned()
            .collect()
    }

    /// Deploys under servers that crash at step 1, 2, 3, ... until one does not.
    async fn run_all_steps(mut self) {
        let start = Instant::now();
        for step in 1..=STEPS_MAX {
            if !self.deploy_and_crash_at(step).await {
                let crashes = step - 1;
                println!(
                    "{} {}: {crashes} crashes, each followed by the legal end, in {:.1} s",
                    self.strategy,
                    match self.code {
                        Code::Good => "with good code",
                        Code::FailingScript => "with a failing script",
                    },
                    start.elapsed().as_secs_f64()
                );
                assert!(crashes >= 4, "a deployment has more steps than that");
                self.installation.delete(&[TRIO, SOLO]).await;
                return;
            }
        }
        panic!("a deployment took more than {STEPS_MAX} steps");
    }

    /// One deployment with a server that means to crash at a step; whether it came to that.
    async fn deploy_and_crash_at(&mut self, step: u64) -> bool {
        let before = self.installation.last_deployment(self.cluster).await;
        let held = self.hold_handles().await;
        self.installation.kill_server();
        self.installation.start_server(Some(step)).await;
        let code = match self.code {
            Code::Good => &self.releases[1 - self.present],
            Code::FailingScript => &self.failing,
        };
        let accepted = self
            .installation
            .update(self.cluster, code, self.strategy)
            .await;
        self.wait_for_the_end_or_the_crash().await;
        // In order, the server finishes what it is at; a crash that was due has come by then.
        let end = self.installation.end_server();
        assert!(accepted || end == End::Crashed, "refused");
        self.installation.start_server(None).await;

        let cluster = self.installation.running(self.cluster).await;
        let last = self.installation.last_deployment(self.cluster).await;
        let story = || {
            format!(
                "step {step}: {last:?}\n{}",
                self.installation.everything_said()
            )
        };
        assert_eq!(
            last.deployment,
            before.deployment + 1,
            "not accepted; {}",
            story()
        );
        let legal = match self.code {
            Code::Good => "DONE",
            Code::FailingScript => "ROLLED_BACK",
        };
        assert_eq!(last.state, legal, "{}", story());
        match self.code {
            Code::Good => {
                self.present = 1 - self.present;
                assert_eq!(cluster["statusReason"], Json::Null);
            }
            Code::FailingScript => {
                let reason = cluster["statusReason"].as_str().unwrap_or_default();
                assert!(
                    reason.contains("rolled back") && reason.contains("type"),
                    "{reason}"
                );
            }
        }
        self.check_nodes(held).await;
        end == End::Crashed
    }

    async fn wait_for_the_end_or_the_crash(&mut self) {
        let cluster = self.cluster;
        let installation = &mut self.installation;
        wait_for("the end of the deployment or the crash", async || {
            if installation.server_has_ended() {
                return Some(());
            }
            let found = installation.world().api.cluster(cluster).await;
            found
                .is_ok_and(|found| found["status"] == "RUNNING")
                .then_some(())
        })
        .await;
    }

    /// A handle to every node of the cluster, each with its own mark.
    async fn hold_handles(&self) -> Vec<QClient> {
        let mut held = Vec::new();
        for node in &self.nodes {
            let target = self.installation.node_target(self.cluster, node).await;
            let mut handle = QClient::connect(&target).expect("admitted");
            handle.ask("kept:1").expect("an answer");
            held.push(handle);
        }
        held
    }

    /// No node lost, no process too many, one revision everywhere, queries answered, handles kept where they can be.
    async fn check_nodes(&mut self, held: Vec<QClient>) {
        let installation = &self.installation;
        assert_eq!(installation.node_ids(self.cluster).await, self.nodes);
        let processes = installation.settled(&self.all_nodes()).await;
        let current = installation.world().api.deployments(self.cluster, 1).await;
        let (revision, _) = current.expect("a history");
        let version = i64::try_from(self.present).expect("small") + 1;
        for node in &self.nodes {
            assert_eq!(
                installation.installed_revision(node),
                Some(revision),
                "{node}"
            );
            let target = installation.node_target(self.cluster, node).await;
            let mut q = QClient::connect(&target).expect("admitted");
            let pid = q.ask_long(".z.i").expect("an answer");
            assert_eq!(Some(pid), processes.q_of(node).map(i64::from), "{node}");
            let file = installation
                .data()
                .join("nodes")
                .join(node)
                .join("app/code/init.q");
            let text = fs::read_to_string(file).expect("the script");
            assert!(text.contains(&format!("version:{version}\n")), "{text}");
            // Files changed in place are for the next start; q goes on with what it has loaded.
            if self.strategy != "NO_RESTART" {
                assert_eq!(q.ask_long("version").expect("an answer"), version);
            }
            assert_eq!(q.ask_long("count t").expect("an answer"), 1000);
        }
        let mut at_cluster_port = installation.connect(self.cluster).await;
        assert_eq!(
            at_cluster_port.ask_long("count t").expect("an answer"),
            1000
        );

        let kept = held
            .into_iter()
            .filter_map(|mut handle| handle.ask_long("kept").ok())
            .count();
        let at_least = match (self.strategy, self.code) {
            ("NO_RESTART", _) => self.nodes.len(),
            // The first node fails and no other is ever touched.
            ("ROLLING", Code::FailingScript) => self.nodes.len() - 1,
            _ => 0,
        };
        assert!(kept >= at_least, "only {kept} handles survived");
        assert_eq!(
            self.bystander.ask_long("kept").expect("the handle lives"),
            42
        );
    }
}

#[tokio::test]
async fn rolling_ends_well_whenever_the_server_dies() {
    let walk = Walk::prepare(TRIO, "ROLLING", Code::Good).await;
    walk.run_all_steps().await;
}

#[tokio::test]
async fn a_rolling_update_that_fails_is_taken_back_whenever_the_server_dies() {
    let walk = Walk::prepare(TRIO, "ROLLING", Code::FailingScript).await;
    walk.run_all_steps().await;
}

#[tokio::test]
async fn force_ends_well_whenever_the_server_dies() {
    let walk = Walk::prepare(TRIO, "FORCE", Code::Good).await;
    walk.run_all_steps().await;
}

#[tokio::test]
async fn a_forced_update_that_fails_is_taken_back_whenever_the_server_dies() {
    let walk = Walk::prepare(TRIO, "FORCE", Code::FailingScript).await;
    walk.run_all_steps().await;
}

#[tokio::test]
async fn no_restart_ends_well_whenever_the_server_dies() {
    let walk = Walk::prepare(SOLO, "NO_RESTART", Code::Good).await;
    walk.run_all_steps().await;
}

/// Servers that never live for more than a few steps still get every deployment done.
#[tokio::test]
async fn a_server_that_dies_over_and_over_makes_progress() {
    let mut walk = Walk::prepare(TRIO, "ROLLING", Code::Good).await;
    let before = walk.installation.last_deployment(TRIO).await;
    walk.installation.kill_server();
    walk.installation.start_server(Some(4)).await;
    walk.installation
        .update(TRIO, &walk.releases[1], "ROLLING")
        .await;
    let mut lives: u64 = 1;
    loop {
        walk.wait_for_the_end_or_the_crash().await;
        if walk.installation.end_server() == End::InOrder {
            break;
        }
        lives += 1;
        assert!(lives < STEPS_MAX, "no progress");
        walk.installation.start_server(Some(4)).await;
    }
    println!("a rolling update of three nodes was done by {lives} servers");
    walk.installation.start_server(None).await;
    walk.installation.running(TRIO).await;
    let last = walk.installation.last_deployment(TRIO).await;
    assert_eq!(
        (last.deployment, last.state.as_str()),
        (before.deployment + 1, "DONE")
    );
    walk.present = 1;
    walk.check_nodes(Vec::new()).await;
    walk.installation.delete(&[TRIO, SOLO]).await;
}
