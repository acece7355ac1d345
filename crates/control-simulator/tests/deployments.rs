//! Code updates under every single fault, one at a time, and under many at random.

use std::sync::Arc;

use cluster_runtime::ClusterRuntime;
use cluster_runtime::fake::{Behaviour, LosesOneCall, Lost, Outcome};
use control_simulator::{Faults, Setup, Simulation, Watch};
use control_store::DeploymentState;
use proptest::prelude::*;
use serde_json::json;

fn publish(simulation: &Simulation) {
    let code = |initialization_ms, outcome| Behaviour {
        initialization_ms,
        outcome,
    };
    simulation.publish("one", code(15, Outcome::Serves));
    simulation.publish("two", code(15, Outcome::Serves));
    simulation.publish(
        "fails",
        code(15, Outcome::InitializationFails("'type\n init.q:1".into())),
    );
    simulation.publish(
        "dies",
        code(
            5,
            Outcome::DiesAfter {
                ms: 5,
                reason: "wsfull".into(),
            },
        ),
    );
    simulation.publish(
        "impossible",
        code(5, Outcome::Impossible("no space".into())),
    );
    simulation.publish("hangs", code(5, Outcome::Hangs));
    simulation.publish("waits", code(5, Outcome::WaitsForItself));
}

async fn running(kind: &str, nodes: u32) -> Simulation {
    let simulation = Simulation::new().await.unwrap();
    publish(&simulation);
    simulation.create("c", kind, nodes, "one").await.unwrap();
    simulation.run_until("c", &["RUNNING"]).await.unwrap();
    simulation
}

async fn newest(simulation: &Simulation) -> control_store::DeploymentRecord {
    simulation.deployments("c").await.unwrap().remove(0)
}

#[tokio::test]
async fn rolling_replaces_every_process_and_keeps_all_but_one_serving() {
    let simulation = running("HDB", 3).await;
    let key = simulation.key("c");
    let before = simulation.setup.world.q_pids(&key);
    simulation.update("c", "two", "ROLLING").await.unwrap();
    let mut watch = Watch::new(key.clone());
    let mut lowest = 3;
    while simulation.status("c").await.as_deref() != Some("RUNNING") {
        simulation.plane.pass().await.unwrap();
        watch.check(&simulation).await.unwrap().unwrap();
        lowest = lowest.min(simulation.setup.world.serving(&key));
        simulation.setup.world.advance(1);
    }
    assert_eq!(lowest, 2);
    let after = simulation.setup.world.q_pids(&key);
    assert!(before.iter().all(|(node, pid)| after[node] != *pid));
    let deployment = newest(&simulation).await;
    assert_eq!(deployment.state, DeploymentState::Done);
    assert!(
        deployment
            .steps
            .iter()
            .all(|step| step.ended_at_ms > step.started_at_ms)
    );
}

#[tokio::test]
async fn force_starts_all_at_once_and_no_restart_keeps_the_process() {
    let simulation = running("HDB", 3).await;
    let key = simulation.key("c");
    simulation.update("c", "two", "FORCE").await.unwrap();
    simulation.plane.pass().await.unwrap();
    assert_eq!(simulation.setup.world.serving(&key), 0);
    let started = simulation.setup.world.now_ms();
    simulation.run_until("c", &["RUNNING"]).await.unwrap();
    assert!(simulation.setup.world.now_ms() - started < 30);

    let simulation = running("GP", 1).await;
    let key = simulation.key("c");
    let before = simulation.setup.world.q_pids(&key);
    simulation.update("c", "two", "NO_RESTART").await.unwrap();
    simulation.run_until("c", &["RUNNING"]).await.unwrap();
    assert_eq!(simulation.setup.world.q_pids(&key), before);
    assert_eq!(newest(&simulation).await.state, DeploymentState::Done);
}

#[tokio::test]
async fn bad_code_is_taken_back_and_the_status_says_why() {
    for (code, word) in [
        ("fails", "type"),
        ("dies", "wsfull"),
        ("impossible", "no space"),
    ] {
        for (kind, nodes, strategy) in [
            ("HDB", 3, "ROLLING"),
            ("HDB", 3, "FORCE"),
            ("GP", 1, "ROLLING"),
            ("GP", 1, "NO_RESTART"),
        ] {
            // Files exchanged under a running q do not run; and q that dies later has come up first.
            let in_place = strategy == "NO_RESTART" && code != "impossible";
            let later = code == "dies" && (nodes, strategy) != (3, "ROLLING");
            if in_place || later {
                continue;
            }
            let simulation = running(kind, nodes).await;
            let key = simulation.key("c");
            simulation.update("c", code, strategy).await.unwrap();
            simulation.run_until("c", &["RUNNING"]).await.unwrap();
            let case = format!("{code} by {strategy} on {nodes}");
            assert_eq!(
                simulation.setup.world.serving(&key),
                nodes as usize,
                "{case}"
            );
            let deployment = newest(&simulation).await;
            assert_eq!(deployment.state, DeploymentState::RolledBack, "{case}");
            let reason = simulation.status_reason("c").await.unwrap();
            assert!(
                reason.contains(word) && reason.contains("rolled back to revision 1"),
                "{case}: {reason}"
            );
            let got = simulation
                .call_cluster("GetKxCluster", "c", json!({}))
                .await
                .unwrap();
            assert_eq!(got["code"]["s3Key"], "one", "{case}");
            // And the next good update clears it.
            simulation.update("c", "two", strategy).await.unwrap();
            simulation.run_until("c", &["RUNNING"]).await.unwrap();
            assert_eq!(simulation.status_reason("c").await, None, "{case}");
        }
    }
}

#[tokio::test]
async fn a_failing_rolling_update_touches_one_node_only() {
    let simulation = running("HDB", 3).await;
    let key = simulation.key("c");
    let before = simulation.setup.world.q_pids(&key);
    simulation.update("c", "fails", "ROLLING").await.unwrap();
    simulation.run_until("c", &["RUNNING"]).await.unwrap();
    let after = simulation.setup.world.q_pids(&key);
    assert_eq!(
        before
            .iter()
            .filter(|(node, pid)| after[*node] != **pid)
            .count(),
        1
    );
}

#[tokio::test]
async fn a_script_that_waits_for_its_own_cluster_is_not_locked_out() {
    let simulation = Simulation::new().await.unwrap();
    publish(&simulation);
    simulation.create("c", "HDB", 2, "waits").await.unwrap();
    simulation.run_until("c", &["RUNNING"]).await.unwrap();
}

#[tokio::test]
async fn an_update_that_hangs_is_turned_round_on_request() {
    let simulation = running("HDB", 2).await;
    simulation.update("c", "hangs", "ROLLING").await.unwrap();
    for _ in 0..100 {
        simulation.plane.pass().await.unwrap();
        simulation.wait();
    }
    assert_eq!(simulation.status("c").await.as_deref(), Some("UPDATING"));
    simulation
        .call_cluster("RollbackKxCluster", "c", json!({}))
        .await
        .unwrap();
    simulation.run_until("c", &["RUNNING"]).await.unwrap();
    assert_eq!(newest(&simulation).await.state, DeploymentState::RolledBack);
    assert_eq!(simulation.setup.world.serving(&simulation.key("c")), 2);
}

#[tokio::test]
async fn a_cluster_is_deleted_in_the_middle_of_an_update() {
    let simulation = running("HDB", 3).await;
    simulation.update("c", "hangs", "FORCE").await.unwrap();
    simulation.plane.pass().await.unwrap();
    simulation
        .call_cluster("DeleteKxCluster", "c", json!({}))
        .await
        .unwrap();
    simulation.run_until("c", &["GONE"]).await.unwrap();
    assert_eq!(simulation.setup.world.node_count(), 0);
}

#[tokio::test]
async fn dead_processes_come_back_and_the_status_says_so_meanwhile() {
    let simulation = running("HDB", 3).await;
    let key = simulation.key("c");
    let ids = simulation.setup.world.node_ids(&key);
    simulation.setup.world.kill_q(&key, &ids[0]);
    simulation.plane.pass().await.unwrap();
    let reason = simulation.status_reason("c").await.unwrap();
    assert!(
        reason.contains("1 of 3 nodes not serving") && reason.contains("signal 9"),
        "{reason}"
    );
    assert_eq!(simulation.status("c").await.as_deref(), Some("RUNNING"));
    simulation.setup.world.crash_agent(&key, &ids[1]);
    simulation.settle().await.unwrap();
    assert_eq!(simulation.setup.world.serving(&key), 3);
    assert_eq!(simulation.status_reason("c").await, None);
    assert_eq!(simulation.setup.world.node_ids(&key), ids);
}

#[tokio::test]
async fn a_node_that_cannot_be_launched_fails_the_creation_after_some_tries() {
    let simulation = Simulation::new().await.unwrap();
    publish(&simulation);
    simulation.setup.world.refuse_launches(3);
    simulation.create("c", "GP", 1, "one").await.unwrap();
    simulation.run_until("c", &["RUNNING"]).await.unwrap();
    simulation.setup.world.refuse_launches(u32::MAX);
    simulation.create("d", "GP", 1, "one").await.unwrap();
    simulation.run_until("d", &["CREATE_FAILED"]).await.unwrap();
    assert!(
        simulation
            .status_reason("d")
            .await
            .unwrap()
            .contains("no room for another process")
    );
}

#[tokio::test]
async fn nodes_of_clusters_that_are_gone_are_removed() {
    let simulation = running("HDB", 2).await;
    let lost = Simulation::new().await.unwrap();
    // A node of another life in the same world.
    let mut spec_of_other = None;
    publish(&lost);
    lost.create("other", "GP", 1, "one").await.unwrap();
    lost.run_until("other", &["RUNNING"]).await.unwrap();
    let round = simulation.plane.reconciler().decide().await.unwrap();
    assert!(round.work.is_empty());
    for observed in lost.setup.world.observe().await.unwrap() {
        if let cluster_runtime::Observed::Alive(status) = observed {
            spec_of_other = Some(status);
        }
    }
    let status = spec_of_other.unwrap();
    let spec = cluster_runtime::NodeSpec {
        cluster: status.cluster.clone(),
        node_id: status.node_id.clone(),
        generation: 7,
        cluster_type: "GP".into(),
        cluster_port: 1,
        listen_address: "127.0.0.1".into(),
        revision: cluster_runtime::RevisionSpec {
            number: 1,
            code: None,
            initialization_script: None,
            command_line_arguments: Vec::new(),
        },
        apply: cluster_runtime::Apply::Kill,
        token_public_key: String::new(),
        tls: None,
        environment: std::collections::BTreeMap::new(),
        q_command: Vec::new(),
    };
    simulation.setup.world.ensure_node(&spec).await.unwrap();
    assert_eq!(simulation.setup.world.node_count(), 3);
    simulation.settle().await.unwrap();
    assert_eq!(simulation.setup.world.node_count(), 2);
}

/// The whole life with one call lost, for every call and both halves.
#[tokio::test]
async fn converges_whichever_call_is_lost() {
    for code in ["two", "fails"] {
        for lost in [Lost::Request, Lost::Reply] {
            for nth in 0.. {
                let setup = Setup::new().await.unwrap();
                let world = setup.world.clone();
                let flaky = Arc::new(LosesOneCall::new(world.clone(), nth, lost));
                let runtime = Arc::clone(&flaky) as Arc<dyn ClusterRuntime>;
                let simulation = Simulation::through(setup, runtime).await.unwrap();
                publish(&simulation);
                let key = simulation.key("c");
                let case = format!("call {nth}, {lost:?}, {code}");
                simulation.create("c", "HDB", 3, "one").await.unwrap();
                simulation.run_until("c", &["RUNNING"]).await.expect(&case);
                simulation.update("c", code, "ROLLING").await.unwrap();
                simulation.run_until("c", &["RUNNING"]).await.expect(&case);
                simulation.settle().await.expect(&case);
                assert_eq!(world.serving(&key), 3, "{case}");
                assert_eq!(world.node_ids(&key).len(), 3, "{case}");
                let expected = if code == "two" {
                    DeploymentState::Done
                } else {
                    DeploymentState::RolledBack
                };
                assert_eq!(newest(&simulation).await.state, expected, "{case}");
                if let Ok(actions) = simulation.plane.pass().await {
                    assert_eq!(actions, 0, "{case}: settled means no work left");
                }
                simulation
                    .call_cluster("DeleteKxCluster", "c", json!({}))
                    .await
                    .unwrap();
                simulation.run_until("c", &["GONE"]).await.expect(&case);
                simulation.settle().await.expect(&case);
                assert_eq!(world.node_count(), 0, "{case}");
                if !flaky.fired() {
                    break;
                }
            }
        }
    }
}

/// The control plane dies between any two of its steps - a decision recorded, an action done - and another goes on.
#[tokio::test]
async fn a_crash_between_any_two_steps_is_survived() {
    for (code, strategy) in [
        ("two", "ROLLING"),
        ("fails", "ROLLING"),
        ("two", "FORCE"),
        ("dies", "ROLLING"),
        ("fails", "FORCE"),
    ] {
        for crash_at in 0.. {
            let mut simulation = Simulation::new().await.unwrap();
            publish(&simulation);
            let key = simulation.key("c");
            let case = format!("crash at step {crash_at} of {code} by {strategy}");
            simulation.create("c", "HDB", 3, "one").await.unwrap();
            simulation.run_until("c", &["RUNNING"]).await.unwrap();
            let before = simulation.setup.world.launches();
            simulation.update("c", code, strategy).await.unwrap();
            let mut watch = Watch::new(key.clone());
            let mut step = 0;
            while simulation.status("c").await.as_deref() == Some("UPDATING") {
                let round = simulation.plane.reconciler().decide().await.unwrap();
                let mut crashed = step == crash_at;
                step += 1;
                for work in round.work.iter().filter(|_| !crashed) {
                    simulation.plane.reconciler().act(work).await;
                    if step == crash_at {
                        crashed = true;
                        step += 1;
                        break;
                    }
                    step += 1;
                }
                if crashed {
                    simulation.crash().await.unwrap();
                }
                watch.check(&simulation).await.unwrap().expect(&case);
                simulation.wait();
            }
            let expected = if code == "two" {
                DeploymentState::Done
            } else {
                DeploymentState::RolledBack
            };
            assert_eq!(newest(&simulation).await.state, expected, "{case}");
            simulation.settle().await.unwrap();
            assert_eq!(simulation.setup.world.serving(&key), 3, "{case}");
            assert_eq!(
                simulation.setup.world.launches(),
                before,
                "{case}: agents live on"
            );
            if crash_at > step {
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_restored_backup_goes_above_the_generations_of_its_nodes() {
    let simulation = running("HDB", 2).await;
    simulation.update("c", "two", "FORCE").await.unwrap();
    simulation.run_until("c", &["RUNNING"]).await.unwrap();
    // The store forgets: the generations fall back below what the nodes have seen.
    let mut transaction = simulation.store().begin().await.unwrap();
    let mut state = transaction
        .cluster_state(&simulation.environment_id, "c")
        .await
        .unwrap()
        .unwrap();
    state.cluster.generation = 1;
    for node in &mut state.nodes {
        node.target_generation = 1;
        node.target_revision = 1;
    }
    state.cluster.current_revision = 1;
    transaction.replace_cluster_state(&state).await.unwrap();
    transaction.commit().await.unwrap();
    simulation.update("c", "two", "ROLLING").await.unwrap();
    simulation.run_until("c", &["RUNNING"]).await.unwrap();
    assert_eq!(newest(&simulation).await.state, DeploymentState::Done);
    assert_eq!(simulation.setup.world.serving(&simulation.key("c")), 2);
}

/// Seeds per property; `PROPTEST_CASES` asks for more.
fn cases() -> u32 {
    let asked = std::env::var("PROPTEST_CASES").ok();
    asked.and_then(|text| text.parse().ok()).unwrap_or(24)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 0, failure_persistence: None, ..ProptestConfig::default() })]

    /// Lost calls and crashes of the control plane never take more than one node down in ROLLING, and end.
    #[test]
    fn control_faults_cost_no_availability(seed in any::<u64>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let outcome = runtime.block_on(Faults::of_control().live(seed)).unwrap();
        prop_assert!(outcome.is_ok(), "seed {seed}: {outcome:?}");
    }

    /// Whatever dies, everything ends in a legal end and nothing is left over.
    #[test]
    fn everything_ends_whatever_dies(seed in any::<u64>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let outcome = runtime.block_on(Faults::of_everything().live(seed)).unwrap();
        prop_assert!(outcome.is_ok(), "seed {seed}: {outcome:?}");
    }
}
