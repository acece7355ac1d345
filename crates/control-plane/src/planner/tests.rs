//! Scripted plans: a state and an observation in, the decision out as text.

use cluster_runtime::{ClusterKey, NodePhase, NodeStatus, Observed};
use control_store::{
    ApplyRecord, ClusterRecord, ClusterState, DeploymentKind, DeploymentRecord, DeploymentState,
    NodeRecord, Strategy,
};
use proptest::prelude::{Just, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::strategy::Strategy as _;

use super::*;

const NOW: u64 = 1_000_000;

fn key() -> ClusterKey {
    ClusterKey {
        environment_id: "e".into(),
        cluster_name: "c".into(),
    }
}

/// A cluster in `phase` whose nodes `a`, `b`, .. have the revisions given as targets; the generation is 10.
fn cluster(
    phase: Phase,
    strategy: Strategy,
    state: DeploymentState,
    targets: &[u64],
) -> ClusterDesired {
    let nodes: Vec<NodeRecord> = targets
        .iter()
        .enumerate()
        .map(|(index, revision)| NodeRecord {
            node_id: char::from(b'a' + u8::try_from(index).unwrap()).to_string(),
            ordinal: u32::try_from(index).unwrap(),
            availability_zone_id: "z".into(),
            target_revision: *revision,
            target_apply: match strategy {
                Strategy::Rolling => ApplyRecord::Drain,
                Strategy::Force => ApplyRecord::Kill,
                Strategy::NoRestart => ApplyRecord::InPlace,
            },
            target_generation: 10,
            launch_attempts: 0,
            next_launch_at_ms: 0,
            launch_error: None,
            created_at_ms: 0,
            retired_at_ms: None,
        })
        .collect();
    let steps = nodes
        .iter()
        .map(|node| NodeStep {
            node_id: node.node_id.clone(),
            state: match node.target_revision {
                2 => NodeStepState::Moving,
                _ => NodeStepState::Waiting,
            },
            started_at_ms: None,
            ended_at_ms: None,
            reason: None,
            timings_ms: Vec::new(),
        })
        .collect();
    let state = ClusterState {
        cluster: ClusterRecord {
            environment_id: "e".into(),
            cluster_name: "c".into(),
            cluster_type: "HDB".into(),
            specification: serde_json::Value::Null,
            node_count: u32::try_from(targets.len()).unwrap(),
            cluster_port: Some(5000),
            phase: serde_json::Value::Null,
            generation: 10,
            version: 1,
            current_revision: 1,
            created_at_ms: 0,
            modified_at_ms: 0,
        },
        nodes,
        deployment: DeploymentRecord {
            number: 2,
            kind: DeploymentKind::Update,
            strategy,
            from_revision: Some(1),
            to_revision: 2,
            state,
            reason: (state == DeploymentState::Returning).then(|| "why".to_owned()),
            steps,
            started_at_ms: 0,
            ended_at_ms: None,
        },
    };
    ClusterDesired { phase, state }
}

fn alive(node_id: &str, generation: u64, revision: u64, phase: NodePhase) -> Observed {
    Observed::Alive(NodeStatus {
        cluster: key(),
        node_id: node_id.into(),
        generation,
        revision,
        phase,
        q_pid: Some(1),
        agent_pid: 2,
        node_port: 3,
        launched_at_ms: 4,
        restarts: 1,
        timings_ms: Vec::new(),
    })
}

fn dead(node_id: &str, starting: bool) -> Observed {
    Observed::Dead {
        cluster: key(),
        node_id: node_id.into(),
        starting,
    }
}

fn failed(reason: &str) -> NodePhase {
    NodePhase::InitFailed {
        reason: reason.into(),
        creation_stopped: false,
    }
}

/// The decision: phase and deployment when they change, targets that change, actions.
fn decide(desired: &ClusterDesired, observed: &[Observed]) -> String {
    let plan = plan(desired, &Observation::new(observed, []), NOW);
    let mut text = Vec::new();
    if let Some(next) = &plan.next {
        if next.phase != desired.phase {
            text.push(format!("{:?}", next.phase));
        }
        let (before, after) = (&desired.state.deployment, &next.state.deployment);
        if before.state != after.state {
            text.push(format!(
                "{:?} {}",
                after.state,
                after.reason.as_deref().unwrap_or_default()
            ));
        }
        for (before, after) in desired.state.nodes.iter().zip(&next.state.nodes) {
            if before.target_generation != after.target_generation {
                text.push(format!(
                    "{}->{} {:?} g{}",
                    after.node_id,
                    after.target_revision,
                    after.target_apply,
                    after.target_generation
                ));
            }
        }
    }
    for action in &plan.actions {
        text.push(match action {
            Action::AllocatePort => "port".into(),
            Action::EnsureNode {
                node_id,
                launch: true,
            } => format!("launch {node_id}"),
            Action::EnsureNode {
                node_id,
                launch: false,
            } => format!("tell {node_id}"),
            Action::RemoveNode {
                node_id,
                generation,
            } => format!("remove {node_id} g{generation}"),
        });
    }
    text.join("; ")
}

fn updating(strategy: Strategy, targets: &[u64]) -> ClusterDesired {
    cluster(Phase::Updating, strategy, DeploymentState::Moving, targets)
}

#[test]
fn rolling_begins_with_the_first_node_and_waits_for_it() {
    let healthy = |id: &str| alive(id, 10, 1, NodePhase::Healthy);
    let start = updating(Strategy::Rolling, &[1, 1, 1]);
    let all = [healthy("a"), healthy("b"), healthy("c")];
    assert_eq!(decide(&start, &all), "a->2 Drain g11; tell a");

    let first = updating(Strategy::Rolling, &[2, 1, 1]);
    let loading = NodePhase::Initializing { started: false };
    assert_eq!(
        decide(
            &first,
            &[alive("a", 10, 2, loading), healthy("b"), healthy("c")]
        ),
        ""
    );
    let waiting_for_itself = NodePhase::Initializing { started: true };
    assert_eq!(
        decide(
            &first,
            &[
                alive("a", 10, 2, waiting_for_itself),
                healthy("b"),
                healthy("c")
            ]
        ),
        "b->2 Drain g11; tell b"
    );
    // Old files, new generation: not there yet.
    assert_eq!(
        decide(&first, &[healthy("a"), healthy("b"), healthy("c")]),
        ""
    );
}

#[test]
fn rolling_takes_a_node_first_that_does_not_serve_anyhow() {
    let start = updating(Strategy::Rolling, &[1, 1, 1]);
    let down = NodePhase::BackOff {
        reason: "r".into(),
        retry_at_ms: NOW,
    };
    let observed = [
        alive("a", 10, 1, NodePhase::Healthy),
        alive("b", 10, 1, down),
        alive("c", 10, 1, NodePhase::Healthy),
    ];
    assert_eq!(decide(&start, &observed), "b->2 Drain g11; tell b");
}

#[test]
fn rolling_ends_when_all_serve() {
    let all = updating(Strategy::Rolling, &[2, 2]);
    let healthy = |id: &str| alive(id, 10, 2, NodePhase::Healthy);
    assert_eq!(
        decide(&all, &[healthy("a"), healthy("b")]),
        "Running { notice: None }; Done "
    );
}

#[test]
fn a_failure_turns_a_rolling_round_and_serving_nodes_go_back_one_by_one() {
    let mut third = updating(Strategy::Rolling, &[2, 2, 2]);
    third.state.deployment.steps[0].state = NodeStepState::Reached;
    third.state.deployment.steps[1].state = NodeStepState::Reached;
    let healthy = |id: &str| alive(id, 10, 2, NodePhase::Healthy);
    let observed = [
        healthy("a"),
        healthy("b"),
        alive("c", 10, 2, failed("'type")),
    ];
    assert_eq!(
        decide(&third, &observed),
        "Returning node c: 'type; c->1 Kill g11; tell c"
    );

    let mut returning = cluster(
        Phase::Updating,
        Strategy::Rolling,
        DeploymentState::Returning,
        &[2, 2, 1],
    );
    returning.state.deployment.steps[0].state = NodeStepState::Reached;
    returning.state.deployment.steps[1].state = NodeStepState::Reached;
    returning.state.deployment.steps[2].state = NodeStepState::Returning;
    let loading = NodePhase::Initializing { started: false };
    assert_eq!(
        decide(
            &returning,
            &[healthy("a"), healthy("b"), alive("c", 10, 1, loading)]
        ),
        ""
    );
    let observed = [
        healthy("a"),
        healthy("b"),
        alive("c", 10, 1, NodePhase::Healthy),
    ];
    assert_eq!(decide(&returning, &observed), "a->1 Drain g11; tell a");
}

#[test]
fn a_return_begins_with_the_node_that_may_be_moving_just_now() {
    let mut returning = cluster(
        Phase::Updating,
        Strategy::Rolling,
        DeploymentState::Returning,
        &[2, 2, 1],
    );
    returning.state.deployment.steps[0].state = NodeStepState::Reached;
    // `b` was told to move, but it is not known whether that arrived: it still answers with its old revision.
    let observed = [
        alive("a", 10, 2, NodePhase::Healthy),
        alive("b", 9, 1, NodePhase::Healthy),
        alive("c", 10, 1, NodePhase::Healthy),
    ];
    assert_eq!(decide(&returning, &observed), "b->1 Drain g11; tell b");
}

#[test]
fn a_return_ends_even_when_the_old_revision_fails_too() {
    let mut returning = cluster(
        Phase::Updating,
        Strategy::Rolling,
        DeploymentState::Returning,
        &[1, 1],
    );
    returning.state.deployment.steps[0].state = NodeStepState::Returning;
    let observed = [
        alive("a", 10, 1, failed("disk")),
        alive("b", 10, 1, NodePhase::Healthy),
    ];
    // The cluster is RUNNING again, and the node that does not start is tried again from then on.
    assert_eq!(
        decide(&returning, &observed),
        "Running { notice: Some(\"update to revision 2 was rolled back to revision 1. why; \
         node a does not come back either: disk\") }; \
         RolledBack why; node a does not come back either: disk; a->1 Kill g11; launch a"
    );
}

#[test]
fn force_moves_all_at_once_and_returns_all_at_once() {
    let start = updating(Strategy::Force, &[1, 1]);
    let healthy = |id: &str| alive(id, 10, 1, NodePhase::Healthy);
    assert_eq!(
        decide(&start, &[healthy("a"), healthy("b")]),
        "a->2 Kill g11; b->2 Kill g11; tell a; tell b"
    );
    let moved = updating(Strategy::Force, &[2, 2]);
    let observed = [
        alive("a", 10, 2, NodePhase::Healthy),
        alive("b", 10, 2, failed("'nyi")),
    ];
    assert_eq!(
        decide(&moved, &observed),
        "Returning node b: 'nyi; a->1 Kill g11; b->1 Kill g11; tell a; tell b"
    );
}

#[test]
fn no_restart_is_done_with_the_files_whatever_q_does() {
    let moved = updating(Strategy::NoRestart, &[2]);
    let down = NodePhase::BackOff {
        reason: "r".into(),
        retry_at_ms: NOW,
    };
    assert_eq!(
        decide(&moved, &[alive("a", 10, 2, down)]),
        "Running { notice: None }; Done "
    );
    let broken = NodePhase::Failed {
        reason: "no space".into(),
    };
    assert_eq!(
        decide(&moved, &[alive("a", 10, 1, broken)]),
        "Returning node a: no space; a->1 InPlace g11; tell a"
    );
}

#[test]
fn running_clusters_are_kept_running() {
    let running = |targets: &[u64]| {
        cluster(
            Phase::Running { notice: None },
            Strategy::Rolling,
            DeploymentState::Done,
            targets,
        )
    };
    assert_eq!(
        decide(&running(&[1, 1]), &[dead("a", false)]),
        "launch a; launch b"
    );
    assert_eq!(decide(&running(&[1]), &[dead("a", true)]), "");
    assert_eq!(
        decide(&running(&[1]), &[alive("a", 9, 1, NodePhase::Healthy)]),
        "tell a"
    );
    assert_eq!(
        decide(&running(&[1]), &[alive("a", 10, 1, failed("'x"))]),
        "a->1 Kill g11; launch a"
    );
    let strangers = [
        alive("a", 10, 1, NodePhase::Healthy),
        alive("x", 3, 1, NodePhase::Healthy),
    ];
    assert_eq!(decide(&running(&[1]), &strangers), "remove x g10");
    let mut tried = running(&[1]);
    tried.state.nodes[0].next_launch_at_ms = NOW + 1;
    assert_eq!(decide(&tried, &[]), "");
}

#[test]
fn a_call_under_way_is_not_repeated() {
    let start = cluster(
        Phase::Running { notice: None },
        Strategy::Rolling,
        DeploymentState::Done,
        &[1, 1],
    );
    let observed = [alive("a", 9, 1, NodePhase::Healthy)];
    let plan = plan(&start, &Observation::new(&observed, ["a", "b"]), NOW);
    assert_eq!(
        plan,
        Plan {
            next: None,
            actions: Vec::new()
        }
    );
}

#[test]
fn deletion_waits_for_the_last_trace() {
    let mut deleting = cluster(
        Phase::Deleting,
        Strategy::Rolling,
        DeploymentState::Done,
        &[1, 1],
    );
    deleting.retire_all(NOW);
    let observed = [alive("a", 10, 1, NodePhase::Healthy), dead("b", false)];
    assert_eq!(decide(&deleting, &observed), "remove a g10; remove b g10");
    assert_eq!(decide(&deleting, &[]), "Deleted");
}

#[test]
fn a_creation_that_cannot_launch_gives_up() {
    let mut creating = cluster(
        Phase::Creating,
        Strategy::Force,
        DeploymentState::Moving,
        &[1],
    );
    creating.state.nodes[0].launch_attempts = LAUNCH_ATTEMPTS_MAX;
    creating.state.nodes[0].launch_error = Some("no room".into());
    assert_eq!(
        decide(&creating, &[]),
        "CreateFailed { reason: \"node a: cannot be started: no room\" }; \
         Failed node a: cannot be started: no room"
    );
}

/// The name `Strategy` belongs to deployments here.
fn any_phase() -> impl proptest::strategy::Strategy<Value = NodePhase> {
    prop_oneof![
        Just(NodePhase::Preparing),
        any::<bool>().prop_map(|started| NodePhase::Initializing { started }),
        Just(NodePhase::Healthy),
        any::<bool>().prop_map(|creation_stopped| NodePhase::InitFailed {
            reason: "r".into(),
            creation_stopped
        }),
        Just(NodePhase::BackOff {
            reason: "r".into(),
            retry_at_ms: NOW
        }),
        Just(NodePhase::Failed { reason: "r".into() }),
    ]
}

proptest! {
    /// Whatever is seen: a plan is stable (planning its result again changes nothing and asks for the same calls but
    /// launches, which are noted), generations do not fall, and a rolling update takes at most one serving node.
    #[test]
    fn plans_are_stable_and_careful(
        kind in 0usize..3,
        returning in any::<bool>(),
        nodes in proptest::collection::vec((1u64..3, any_phase(), 8u64..11, 1u64..3, 0u8..8), 1..5),
    ) {
        let strategy = [Strategy::Rolling, Strategy::Force, Strategy::NoRestart][kind];
        let state = if returning { DeploymentState::Returning } else { DeploymentState::Moving };
        let targets: Vec<u64> = nodes.iter().map(|node| node.0).collect();
        let desired = cluster(Phase::Updating, strategy, state, &targets);
        let observed: Vec<Observed> = nodes
            .iter()
            .enumerate()
            .filter_map(|(index, (_, phase, generation, revision, presence))| {
                let id = char::from(b'a' + u8::try_from(index).unwrap()).to_string();
                match presence {
                    0 => None,
                    1 => Some(dead(&id, false)),
                    2 => Some(dead(&id, true)),
                    _ => Some(alive(&id, *generation, *revision, phase.clone())),
                }
            })
            .collect();
        let observation = Observation::new(&observed, []);
        let first = plan(&desired, &observation, NOW);
        let next = first.next.clone().unwrap_or_else(|| desired.clone());
        prop_assert!(next.state.cluster.generation >= desired.state.cluster.generation);
        let second = plan(&next, &observation, NOW);
        prop_assert_eq!(&second.next, &None);
        let repeated = |plan: &Plan| -> Vec<Action> {
            plan.actions
                .iter()
                .filter(|action| !matches!(action, Action::EnsureNode { launch: true, .. }))
                .cloned()
                .collect()
        };
        prop_assert_eq!(repeated(&first), repeated(&second));
        let taken = desired
            .state
            .nodes
            .iter()
            .zip(&next.state.nodes)
            .filter(|(before, after)| before.target_revision != after.target_revision)
            .filter(|(before, _)| observation.answers(&before.node_id))
            .count();
        prop_assert!(strategy != Strategy::Rolling || taken <= 1, "{taken} serving nodes are taken");
    }
}
