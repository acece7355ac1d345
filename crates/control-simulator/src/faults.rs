//! Random faults from a seed, and a whole random life under them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use cluster_runtime::fake::{Behaviour, FakeRuntime, Outcome as CodeOutcome};
use cluster_runtime::{ClusterKey, ClusterRuntime, NodeSpec, Observed, RuntimeError};
use control_store::DeploymentState;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::json;

use crate::simulation::{Setup, Simulation, SimulationError};
use crate::watch::{Violation, Watch};

const CLUSTER: &str = "c";

/// How likely what is, in percent per step.
#[derive(Debug, Clone, Copy)]
pub struct Faults {
    pub lose_call: u32,
    pub crash_control_plane: u32,
    pub crash_agent: u32,
    pub kill_q: u32,
    pub steps: u32,
}

impl Faults {
    /// Crashes of the control plane and lost calls, nothing that takes nodes down.
    pub fn of_control() -> Self {
        Faults {
            lose_call: 10,
            crash_control_plane: 10,
            crash_agent: 0,
            kill_q: 0,
            steps: 150,
        }
    }

    /// Everything.
    pub fn of_everything() -> Self {
        Faults {
            lose_call: 8,
            crash_control_plane: 8,
            crash_agent: 3,
            kill_q: 3,
            steps: 200,
        }
    }
}

/// How a life ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Updates that ended, by how.
    pub done: usize,
    pub rolled_back: usize,
}

/// Loses requests and replies at random while it is switched on.
struct Lossy {
    inner: FakeRuntime,
    random: Mutex<StdRng>,
    percent: u32,
    on: AtomicBool,
}

impl Lossy {
    fn loses(&self) -> bool {
        self.on.load(Ordering::SeqCst)
            && self
                .random
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .random_range(0..100)
                < self.percent
    }

    async fn pass<T>(
        &self,
        call: impl Future<Output = Result<T, RuntimeError>>,
    ) -> Result<T, RuntimeError> {
        let lost = |half: &str| {
            Err(RuntimeError::Other {
                reason: format!("{half} lost"),
            })
        };
        if self.loses() {
            return lost("request");
        }
        let answer = call.await?;
        match self.loses() {
            true => lost("reply"),
            false => Ok(answer),
        }
    }
}

#[async_trait::async_trait]
impl ClusterRuntime for Lossy {
    async fn observe(&self) -> Result<Vec<Observed>, RuntimeError> {
        self.pass(self.inner.observe()).await
    }

    async fn ensure_node(&self, spec: &NodeSpec) -> Result<(), RuntimeError> {
        self.pass(self.inner.ensure_node(spec)).await
    }

    async fn remove_node(
        &self,
        cluster: &ClusterKey,
        node_id: &str,
        generation: u64,
    ) -> Result<(), RuntimeError> {
        self.pass(self.inner.remove_node(cluster, node_id, generation))
            .await
    }

    async fn log_tail(
        &self,
        cluster: &ClusterKey,
        node_id: &str,
        lines: Option<usize>,
    ) -> Result<Vec<String>, RuntimeError> {
        self.inner.log_tail(cluster, node_id, lines).await
    }

    async fn allocate_cluster_port(&self, listen_address: &str) -> Result<u16, RuntimeError> {
        self.pass(self.inner.allocate_cluster_port(listen_address))
            .await
    }

    async fn changed(&self) {
        self.inner.changed().await;
    }
}

impl Faults {
    /// A life from creation to deletion with random updates under random faults; then the faults stop, everything must
    /// come to its end and nothing may be left over.
    pub async fn live(&self, seed: u64) -> Result<Result<Outcome, Violation>, SimulationError> {
        let setup = Setup::new().await?;
        let lossy = Arc::new(Lossy {
            inner: setup.world.clone(),
            random: Mutex::new(StdRng::seed_from_u64(seed ^ 0x5eed)),
            percent: self.lose_call,
            on: AtomicBool::new(false),
        });
        let mut simulation =
            Simulation::through(setup, Arc::clone(&lossy) as Arc<dyn ClusterRuntime>).await?;
        let mut random = StdRng::seed_from_u64(seed);
        let nodes = random.random_range(1..=5);
        let kind = if nodes == 1 { "GP" } else { "RDB" };
        publish_all(&simulation);
        if let Err(error) = simulation.create(CLUSTER, kind, nodes, "good0").await {
            return Ok(Err(Violation(format!("creation refused: {error}"))));
        }
        simulation.run_until(CLUSTER, &["RUNNING"]).await?;
        let mut watch = Watch::new(simulation.key(CLUSTER));
        if self.crash_agent + self.kill_q > 0 {
            watch.disturb();
        }
        lossy.on.store(true, Ordering::SeqCst);
        for _ in 0..self.steps {
            self.step(&mut simulation, &mut random).await?;
            if let Err(violation) = watch.check(&simulation).await? {
                return Ok(Err(violation));
            }
        }
        lossy.on.store(false, Ordering::SeqCst);
        simulation.run_until(CLUSTER, &["RUNNING"]).await?;
        // The last revision may be one that does not start any more (bad files put in place under a running q, and q
        // started anew since): such nodes are tried for ever. A good update must heal whatever there is.
        if let Err(error) = simulation.update(CLUSTER, "good0", "FORCE").await {
            return Ok(Err(Violation(format!(
                "the healing update is refused: {error}"
            ))));
        }
        simulation.run_until(CLUSTER, &["RUNNING"]).await?;
        let newest = simulation.deployments(CLUSTER).await?.into_iter().next();
        if newest.is_none_or(|newest| newest.state != DeploymentState::Done) {
            return Ok(Err(Violation("the healing update did not heal".into())));
        }
        self.end(&simulation).await
    }

    async fn step(
        &self,
        simulation: &mut Simulation,
        random: &mut StdRng,
    ) -> Result<(), SimulationError> {
        if random.random_range(0..100) < 12 {
            // Code that dies by itself takes nodes down without any deployment: only where that is expected.
            let codes = if self.kill_q > 0 {
                &CODES[..]
            } else {
                &CODES[1..]
            };
            let code = codes[random.random_range(0..codes.len())];
            let strategy = ["ROLLING", "FORCE", "NO_RESTART"][random.random_range(0..3)];
            // Refused while another one is under way: that is an answer too.
            let _ = simulation.update(CLUSTER, code, strategy).await;
        }
        if random.random_range(0..100) < 3 {
            let _ = simulation
                .call_cluster("RollbackKxCluster", CLUSTER, json!({}))
                .await;
        }
        let key = simulation.key(CLUSTER);
        let ids = simulation.setup.world.node_ids(&key);
        if let Some(id) = ids.get(random.random_range(0..8)) {
            if random.random_range(0..100) < self.crash_agent {
                simulation.setup.world.crash_agent(&key, id);
            }
            if random.random_range(0..100) < self.kill_q {
                simulation.setup.world.kill_q(&key, id);
            }
        }
        if let Ok(round) = simulation.plane.reconciler().decide().await {
            for work in &round.work {
                if random.random_range(0..100) < self.crash_control_plane {
                    simulation.crash().await?;
                    break;
                }
                simulation.plane.reconciler().act(work).await;
            }
        }
        if random.random_range(0..100) < self.crash_control_plane {
            simulation.crash().await?;
        }
        if random.random_range(0..2) == 0 {
            simulation.wait();
        }
        Ok(())
    }

    /// After the faults: all deployments ended, the wanted nodes are the present ones, deletion leaves nothing.
    async fn end(
        &self,
        simulation: &Simulation,
    ) -> Result<Result<Outcome, Violation>, SimulationError> {
        let refuse = |text: String| Ok(Err(Violation(text)));
        simulation.settle().await?;
        let history = simulation.deployments(CLUSTER).await?;
        if let Some(open) = history.iter().find(|one| !one.state.is_ended()) {
            return refuse(format!("deployment {} has not ended", open.number));
        }
        let key = simulation.key(CLUSTER);
        let state = simulation
            .store()
            .cluster_state(&key.environment_id, CLUSTER)
            .await?;
        let Some(state) = state else {
            return refuse("the cluster is lost".into());
        };
        let mut wanted: Vec<String> = state
            .nodes
            .iter()
            .filter(|node| node.retired_at_ms.is_none())
            .map(|node| node.node_id.clone())
            .collect();
        wanted.sort();
        let present = simulation.setup.world.node_ids(&key);
        if wanted != present {
            return refuse(format!("wanted {wanted:?}, present {present:?}"));
        }
        let count = |end| {
            history
                .iter()
                .filter(|one| one.number > 1 && one.state == end)
                .count()
        };
        let outcome = Outcome {
            done: count(DeploymentState::Done),
            rolled_back: count(DeploymentState::RolledBack),
        };
        if let Err(error) = simulation
            .call_cluster("DeleteKxCluster", CLUSTER, json!({}))
            .await
        {
            return refuse(format!("deletion refused: {error}"));
        }
        simulation.run_until(CLUSTER, &["GONE"]).await?;
        simulation.settle().await?;
        match simulation.setup.world.node_count() {
            0 => Ok(Ok(outcome)),
            left => refuse(format!("{left} nodes are left after the deletion")),
        }
    }
}

const CODES: [&str; 7] = [
    "dies",
    "good0",
    "good1",
    "slow",
    "fails",
    "impossible",
    "waits",
];

fn publish_all(simulation: &Simulation) {
    let code = |initialization_ms, outcome| Behaviour {
        initialization_ms,
        outcome,
    };
    simulation.publish("good0", code(15, CodeOutcome::Serves));
    simulation.publish("good1", code(5, CodeOutcome::Serves));
    simulation.publish("slow", code(700, CodeOutcome::Serves));
    simulation.publish(
        "fails",
        code(5, CodeOutcome::InitializationFails("'type".into())),
    );
    let dies = CodeOutcome::DiesAfter {
        ms: 40,
        reason: "wsfull".into(),
    };
    simulation.publish("dies", code(5, dies));
    simulation.publish(
        "impossible",
        code(5, CodeOutcome::Impossible("no space".into())),
    );
    simulation.publish("waits", code(5, CodeOutcome::WaitsForItself));
}
