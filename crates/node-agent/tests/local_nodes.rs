//! Nodes on the local runtime, with real agents and a q that follows a script.

mod fixture;

use std::time::Duration;

use cluster_runtime::local::{LocalRuntime, PidLock};
use cluster_runtime::{Apply, ClusterRuntime, NodePhase, Observed, RuntimeError};
use fixture::{Fixture, is_alive};

fn healthy(phase: &NodePhase) -> bool {
    *phase == NodePhase::Healthy
}

#[tokio::test]
async fn a_node_is_made_served_adopted_and_removed_without_a_trace() {
    let mut fixture = Fixture::new().await;
    let spec = fixture.spec(1, &[("init.q", "print hello"), ("lib.txt", "one")]);
    fixture.runtime.ensure_node(&spec).await.expect("ensure");
    let status = fixture.wait(&spec, healthy).await;
    fixture
        .runtime
        .ensure_node(&spec)
        .await
        .expect("idempotent");
    assert_eq!(status.revision, 1);
    assert_eq!(status.q_pid, fixture.wait(&spec, healthy).await.q_pid);
    let q_pid = status.q_pid.expect("q runs");
    assert_eq!(fixture.greeting(spec.cluster_port), format!("{q_pid} one"));
    assert_eq!(fixture.greeting(status.node_port), format!("{q_pid} one"));

    // Another server over the same directory finds the node as it is.
    fixture.restart_server();
    let adopted = fixture.wait(&spec, healthy).await;
    assert_eq!(adopted, status);

    let log = fixture.log(&spec).await;
    assert!(
        log.iter().any(|line| line.ends_with(" out  hello")),
        "{log:?}"
    );
    for _ in 0..2 {
        fixture
            .runtime
            .remove_node(&spec.cluster, &spec.node_id, 1)
            .await
            .expect("remove");
    }
    assert_eq!(fixture.runtime.observe().await.expect("observe"), []);
    assert!(!is_alive(q_pid));
    fixture.wait_gone(status.agent_pid).await;
    assert!(
        !fixture.log(&spec).await.is_empty(),
        "the log outlives the node"
    );
}

#[tokio::test]
async fn a_killed_q_is_restarted_with_its_revision() {
    let mut fixture = Fixture::new().await;
    let spec = fixture.spec(1, &[("init.q", "error 'last words"), ("lib.txt", "one")]);
    fixture.runtime.ensure_node(&spec).await.expect("ensure");
    let first = fixture.wait(&spec, healthy).await;
    fixture::kill(first.q_pid.expect("q runs"));
    let down = fixture
        .wait(&spec, |phase| matches!(phase, NodePhase::BackOff { .. }))
        .await;
    let NodePhase::BackOff { reason, .. } = down.phase else {
        panic!("waited for");
    };
    assert!(
        reason.contains("signal 9") && reason.contains("'last words"),
        "{reason}"
    );
    let second = fixture.wait(&spec, healthy).await;
    assert_eq!((second.restarts, second.revision), (1, 1));
    assert_eq!(
        second.node_port, first.node_port,
        "clients of the node find it again"
    );
    assert_ne!(second.q_pid, first.q_pid);
}

#[tokio::test]
async fn a_q_that_keeps_dying_is_started_ever_more_slowly() {
    let mut fixture = Fixture::new().await;
    let spec = fixture.spec(1, &[("init.q", "exit-after-start 3")]);
    fixture.runtime.ensure_node(&spec).await.expect("ensure");
    let status = fixture.wait_for(&spec, |status| status.restarts >= 3).await;
    assert!(
        matches!(&status.phase, NodePhase::BackOff { reason, .. } if reason.contains("exit code 3"))
    );
    let log = fixture.log(&spec).await;
    for pause in ["100 ms", "200 ms", "400 ms"] {
        let line = format!("q is started again in {pause}");
        assert!(
            log.iter().any(|logged| logged.ends_with(&line)),
            "{pause}: {log:?}"
        );
    }
}

#[tokio::test]
async fn q_and_its_children_end_with_a_killed_agent_and_the_node_comes_back() {
    let mut fixture = Fixture::new().await;
    let spec = fixture.spec(1, &[("init.q", "background 600")]);
    fixture.runtime.ensure_node(&spec).await.expect("ensure");
    let first = fixture.wait(&spec, healthy).await;
    fixture::kill(first.agent_pid);
    let dead = fixture.wait_dead(&spec).await;
    assert!(matches!(dead, Observed::Dead { .. }));
    fixture.wait_gone(first.q_pid.expect("q ran")).await;

    fixture.runtime.ensure_node(&spec).await.expect("relaunch");
    let second = fixture.wait(&spec, healthy).await;
    assert_ne!(second.agent_pid, first.agent_pid);
    assert_eq!((second.revision, second.node_port), (1, first.node_port));
    // What the former q had started in the background was ended; the new one has its own.
    fixture.wait_process_count(&spec, 2).await;
}

#[tokio::test]
async fn a_dead_node_can_be_removed_and_leaves_no_process() {
    let mut fixture = Fixture::new().await;
    let spec = fixture.spec(5, &[("init.q", "background 600")]);
    fixture.runtime.ensure_node(&spec).await.expect("ensure");
    let status = fixture.wait(&spec, healthy).await;
    fixture::kill(status.agent_pid);
    fixture.wait_dead(&spec).await;
    let stale = fixture
        .runtime
        .remove_node(&spec.cluster, &spec.node_id, 4)
        .await;
    assert!(
        matches!(stale, Err(RuntimeError::StaleGeneration { seen: 5, .. })),
        "{stale:?}"
    );
    fixture
        .runtime
        .remove_node(&spec.cluster, &spec.node_id, 5)
        .await
        .expect("remove");
    assert_eq!(fixture.runtime.observe().await.expect("observe"), []);
    assert_eq!(fixture.processes_of(&spec), Vec::<u32>::new());
}

#[tokio::test]
async fn a_lower_generation_changes_nothing() {
    let mut fixture = Fixture::new().await;
    let new = fixture.spec(7, &[("init.q", ""), ("lib.txt", "new")]);
    fixture.runtime.ensure_node(&new).await.expect("ensure");
    fixture.wait(&new, healthy).await;
    let mut old = fixture.revise(&new, 2, Apply::Kill, &[("init.q", ""), ("lib.txt", "old")]);
    old.generation = 6;
    for _ in 0..2 {
        let refused = fixture.runtime.ensure_node(&old).await;
        assert!(
            matches!(
                refused,
                Err(RuntimeError::StaleGeneration {
                    given: 6,
                    seen: 7,
                    ..
                })
            ),
            "{refused:?}"
        );
        let refused = fixture
            .runtime
            .remove_node(&old.cluster, &old.node_id, 6)
            .await;
        assert!(
            matches!(refused, Err(RuntimeError::StaleGeneration { .. })),
            "{refused:?}"
        );
        assert_eq!(fixture.wait(&new, healthy).await.revision, 1);
        // The second round asks the fence of a dead agent.
        let agent = fixture.wait(&new, healthy).await.agent_pid;
        fixture::kill(agent);
        fixture.wait_dead(&new).await;
        let refused = fixture.runtime.ensure_node(&old).await;
        assert!(
            matches!(refused, Err(RuntimeError::StaleGeneration { .. })),
            "{refused:?}"
        );
        fixture.runtime.ensure_node(&new).await.expect("relaunch");
        fixture.wait(&new, healthy).await;
    }
}

#[tokio::test]
async fn files_change_in_place_under_a_running_q() {
    let mut fixture = Fixture::new().await;
    let one = fixture.spec(1, &[("init.q", ""), ("lib.txt", "one"), ("old.txt", "")]);
    fixture.runtime.ensure_node(&one).await.expect("ensure");
    let before = fixture.wait(&one, healthy).await;
    let code = fixture.node_directory(&one).code();
    std::fs::write(code.join("mine.txt"), "kept").expect("write");
    let two = fixture.revise(
        &one,
        2,
        Apply::InPlace,
        &[("init.q", ""), ("lib.txt", "two")],
    );
    fixture.runtime.ensure_node(&two).await.expect("ensure");
    let after = fixture.wait_for(&two, |status| status.revision == 2).await;
    assert_eq!(after.phase, NodePhase::Healthy);
    assert_eq!(
        (after.q_pid, after.launched_at_ms),
        (before.q_pid, before.launched_at_ms)
    );
    assert!(fixture.greeting(two.cluster_port).ends_with(" two"));
    assert!(code.join("mine.txt").exists() && !code.join("old.txt").exists());
    assert!(after.timings_ms.iter().any(|(step, _)| step == "replace"));

    // q dies: it comes back with the files as they are now.
    fixture::kill(after.q_pid.expect("q runs"));
    let again = fixture
        .wait_for(&two, |status| {
            status.restarts == 1 && healthy(&status.phase)
        })
        .await;
    assert_eq!(again.revision, 2);
    assert!(fixture.greeting(two.cluster_port).ends_with(" two"));
}

#[tokio::test]
async fn restarting_updates_drain_or_kill_and_clean_the_code_directory() {
    let mut fixture = Fixture::new().await;
    let mut spec = fixture.spec(1, &[("init.q", ""), ("lib.txt", "1")]);
    fixture.runtime.ensure_node(&spec).await.expect("ensure");
    let mut before = fixture.wait(&spec, healthy).await;
    for (number, apply) in [(2, Apply::Drain), (3, Apply::Kill)] {
        let mine = fixture.node_directory(&spec).code().join("mine.txt");
        std::fs::write(&mine, "gone after a restart").expect("write");
        let lib = number.to_string();
        spec = fixture.revise(&spec, number, apply, &[("init.q", ""), ("lib.txt", &lib)]);
        fixture.runtime.ensure_node(&spec).await.expect("ensure");
        let after = fixture
            .wait_for(&spec, |status| {
                status.revision == number && healthy(&status.phase)
            })
            .await;
        assert_ne!(after.q_pid, before.q_pid);
        assert_eq!((after.agent_pid, after.restarts), (before.agent_pid, 0));
        assert!(
            fixture
                .greeting(spec.cluster_port)
                .ends_with(&format!(" {number}"))
        );
        assert!(!mine.exists());
        for step in ["stage", "stop", "swap", "start", "healthy", "total"] {
            assert!(
                after.timings_ms.iter().any(|(name, _)| name == step),
                "{step}: {after:?}"
            );
        }
        before = after;
    }
}

#[tokio::test]
async fn a_failing_script_halts_the_node_until_it_is_told_what_to_do() {
    let mut fixture = Fixture::new().await;
    let good = fixture.spec(1, &[("init.q", "")]);
    fixture.runtime.ensure_node(&good).await.expect("ensure");
    fixture.wait(&good, healthy).await;
    let scripts = [
        (2, "fail type", "'type", false),
        (3, "exit 0", "exit code 0", false),
        (4, "error 'out of cheese\nexit 9", "'out of cheese", false),
        (5, "stop-creation no licence", "no licence", true),
    ];
    for (number, script, expected, stopped) in scripts {
        let bad = fixture.revise(&good, number, Apply::Drain, &[("init.q", script)]);
        fixture.runtime.ensure_node(&bad).await.expect("ensure");
        let status = fixture
            .wait(&bad, |phase| matches!(phase, NodePhase::InitFailed { .. }))
            .await;
        let NodePhase::InitFailed {
            reason,
            creation_stopped,
        } = &status.phase
        else {
            panic!("waited for");
        };
        assert!(reason.contains(expected), "{script}: {reason}");
        assert_eq!(*creation_stopped, stopped, "{script}");
        assert_eq!(status.q_pid, None);
        fixture.runtime.ensure_node(&bad).await.expect("repeated");
        assert_eq!(
            fixture.wait(&bad, |_| true).await.phase,
            status.phase,
            "no retry by itself"
        );
        let back = fixture.revise(&good, 1, Apply::Drain, &[("init.q", "")]);
        fixture.runtime.ensure_node(&back).await.expect("back");
        let status = fixture.wait(&back, healthy).await;
        assert_eq!(status.revision, 1);
    }
}

#[tokio::test]
async fn a_script_that_waits_for_its_own_cluster_counts_as_started() {
    let mut fixture = Fixture::new().await;
    let spec = fixture.spec(1, &[("init.q", "ask-status cluster\nhang")]);
    fixture.runtime.ensure_node(&spec).await.expect("ensure");
    let status = fixture
        .wait(&spec, |phase| {
            *phase == NodePhase::Initializing { started: true }
        })
        .await;
    assert!(status.phase.is_serving());
    // The server is down: q gets an error dictionary, not a signal.
    fixture.wait_logged(&spec, "finspace_error_code").await;
    // A busy q is replaced when told so, within bounds.
    let next = fixture.revise(&spec, 2, Apply::Drain, &[("init.q", "")]);
    fixture.runtime.ensure_node(&next).await.expect("ensure");
    fixture
        .wait_for(&next, |status| {
            status.revision == 2 && healthy(&status.phase)
        })
        .await;
}

#[tokio::test]
async fn code_that_cannot_be_unpacked_leaves_the_former_q_running() {
    let mut fixture = Fixture::new().await;
    let good = fixture.spec(1, &[("init.q", ""), ("lib.txt", "good")]);
    fixture.runtime.ensure_node(&good).await.expect("ensure");
    let before = fixture.wait(&good, healthy).await;
    let bad = fixture.revise(&good, 2, Apply::Kill, &[("init.q", "")]);
    let artifact = bad.revision.code.clone().expect("code");
    std::fs::remove_file(&artifact.path).expect("remove");
    fixture.runtime.ensure_node(&bad).await.expect("ensure");
    let status = fixture
        .wait(&bad, |phase| matches!(phase, NodePhase::Failed { .. }))
        .await;
    let NodePhase::Failed { reason } = &status.phase else {
        panic!("waited for");
    };
    assert!(reason.contains(&artifact.path), "{reason}");
    assert_eq!((status.q_pid, status.revision), (before.q_pid, 1));
    assert!(fixture.greeting(good.cluster_port).ends_with(" good"));
    let back = fixture.revise(
        &good,
        1,
        Apply::Drain,
        &[("init.q", ""), ("lib.txt", "good")],
    );
    fixture.runtime.ensure_node(&back).await.expect("back");
    assert_eq!(
        fixture.wait(&back, healthy).await.q_pid,
        before.q_pid,
        "q was never touched"
    );
}

#[tokio::test]
async fn racing_servers_make_one_agent() {
    let mut fixture = Fixture::new().await;
    let spec = fixture.spec(1, &[("init.q", "")]);
    let others: Vec<LocalRuntime> = (0..3).map(|_| fixture.another_server()).collect();
    // Whoever has the reserved port goes first, so that the others find the socket; then all at once.
    let mut sibling = spec.clone();
    sibling.node_id = "ff".repeat(16);
    fixture
        .runtime
        .ensure_node(&sibling)
        .await
        .expect("sibling");
    let (one, two, three) = tokio::join!(
        others[0].ensure_node(&spec),
        others[1].ensure_node(&spec),
        others[2].ensure_node(&spec)
    );
    for result in [one, two, three] {
        result.expect("ensure");
    }
    fixture.wait(&spec, healthy).await;
    fixture.wait(&sibling, healthy).await;
    assert_eq!(fixture.processes_of(&spec).len(), 1, "one q");
    assert!(PidLock::is_held(&fixture.node_directory(&spec).pid_file()));
    assert_eq!(
        fixture.listening_sockets(spec.cluster_port),
        1,
        "one accept queue"
    );
}

#[tokio::test]
async fn a_queued_connection_is_answered_by_the_next_q() {
    let mut fixture = Fixture::new().await;
    let one = fixture.spec(1, &[("init.q", ""), ("lib.txt", "one")]);
    fixture.runtime.ensure_node(&one).await.expect("ensure");
    fixture.wait(&one, healthy).await;
    // A new server, which must take the socket over from the living agent.
    fixture.restart_server();
    let two = fixture.revise(&one, 2, Apply::Drain, &[("init.q", ""), ("lib.txt", "two")]);
    fixture.runtime.ensure_node(&two).await.expect("ensure");
    let mut greetings = Vec::new();
    while !greetings
        .iter()
        .any(|greeting: &String| greeting.ends_with(" two"))
    {
        // Never refused: it waits in the queue while no q runs. A q that is ended after it accepted closes it.
        greetings.push(fixture.greeting(two.cluster_port));
        tokio::time::timeout(Duration::from_millis(1), fixture.runtime.changed())
            .await
            .ok();
    }
    assert_eq!(fixture.listening_sockets(two.cluster_port), 1);
}
