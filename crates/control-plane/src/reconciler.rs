//! Read, plan, record, act. The same pass serves start-up, a wake-up, a lost wake-up and a restart after a crash.
//!
//! There is no retry inside a pass: what failed is seen again by the next one. Within the process no two calls go to
//! one node at the same time; across processes the agents' generations decide.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cluster_runtime::{ClusterKey, ClusterRuntime, NodeSpec, RuntimeError};
use control_store::{Store, StoreError, WriteTransaction};
use tokio::sync::{Notify, watch};

use crate::clock::Clock;
use crate::desired::ClusterDesired;
use crate::names::Names;
use crate::node_specs::SpecMaker;
use crate::observations::Observations;
use crate::phase::{EnvironmentPhase, Event, Phase};
use crate::planner::{Action, Observation, Plan, cluster_of, launch_pause_ms, node_id_of, plan};
use crate::steps::{Step, Steps};

/// The longest pauses between passes. Requests and the runtime's notices usually end a pause long before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticks {
    /// While something is under way.
    pub busy: Duration,
    pub steady: Duration,
}

impl Default for Ticks {
    fn default() -> Self {
        Ticks {
            busy: Duration::from_millis(200),
            steady: Duration::from_secs(1),
        }
    }
}

/// A generation above any that a cluster reaches, for nodes whose cluster is gone.
const LAST_GENERATION: u64 = i64::MAX as u64;

/// Failures of a pass; the next one is the retry.
#[derive(Debug, thiserror::Error)]
pub enum PassError {
    #[error("cannot observe the nodes")]
    Observe(#[source] RuntimeError),
    #[error("cannot use the store")]
    Store(#[from] StoreError),
}

/// An action with all that its call needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Work {
    pub cluster: ClusterKey,
    pub action: Action,
    /// For [`Action::EnsureNode`].
    spec: Option<Box<NodeSpec>>,
}

impl Work {
    /// What must not be worked upon twice at once.
    fn target(&self) -> String {
        match &self.action {
            Action::AllocatePort => {
                format!(
                    "port of {}/{}",
                    self.cluster.environment_id, self.cluster.cluster_name
                )
            }
            Action::EnsureNode { node_id, .. } | Action::RemoveNode { node_id, .. } => {
                node_id.clone()
            }
        }
    }
}

/// What one pass decided.
#[derive(Debug, Default)]
pub struct Round {
    pub work: Vec<Work>,
    /// True when every cluster rests: nothing to do and nothing awaited.
    pub steady: bool,
    /// True when somebody else wrote in between, so that it should be looked at again at once.
    pub again: bool,
}

/// Moves clusters from what is to what shall be.
pub struct Reconciler {
    store: Store,
    runtime: Arc<dyn ClusterRuntime>,
    clock: Arc<dyn Clock>,
    specs: SpecMaker,
    names: Names,
    observations: Arc<Observations>,
    in_flight: Mutex<BTreeMap<String, ClusterKey>>,
    wake: Arc<Notify>,
    ticks: Ticks,
    steps: Steps,
}

impl Reconciler {
    #[expect(
        clippy::too_many_arguments,
        reason = "called once, where the parts are put together"
    )]
    pub(crate) fn new(
        store: Store,
        runtime: Arc<dyn ClusterRuntime>,
        clock: Arc<dyn Clock>,
        specs: SpecMaker,
        names: Names,
        observations: Arc<Observations>,
        wake: Arc<Notify>,
        ticks: Ticks,
        steps: Steps,
    ) -> Self {
        Reconciler {
            store,
            runtime,
            clock,
            specs,
            names,
            observations,
            in_flight: Mutex::new(BTreeMap::new()),
            wake,
            ticks,
            steps,
        }
    }

    /// Observes, plans and records; returns the actions that follow from what is recorded.
    pub async fn decide(&self) -> Result<Round, PassError> {
        // Before observing: a call that ends meanwhile still counts as under way in this pass.
        let in_flight = self.in_flight().clone();
        let observed = self.runtime.observe().await.map_err(PassError::Observe)?;
        let observed = self.observations.replace(observed);
        let mut round = Round {
            steady: in_flight.is_empty(),
            ..Round::default()
        };
        self.move_environments().await?;
        // Read after observing: whatever was observed, its cluster had been written before.
        let keys = self.store.cluster_keys().await?;
        for (environment_id, cluster_name) in &keys {
            let Some(state) = self
                .store
                .cluster_state(environment_id, cluster_name)
                .await?
            else {
                continue;
            };
            let desired = ClusterDesired::from_state(state)?;
            let key = desired.key();
            let under_way = in_flight
                .iter()
                .filter(|(_, of)| **of == key)
                .map(|(target, _)| target.as_str());
            let observation = Observation::of_cluster(&observed, &key, under_way);
            let decided = plan(&desired, &observation, self.clock.now_ms());
            self.carry_on(desired, decided, &in_flight, &mut round)
                .await?;
        }
        for one in observed.iter() {
            let key = cluster_of(one);
            let known = keys.iter().any(|(environment_id, cluster_name)| {
                key.environment_id == *environment_id && key.cluster_name == *cluster_name
            });
            let node_id = node_id_of(one);
            if !known && !in_flight.contains_key(node_id) {
                round.work.push(Work {
                    cluster: key.clone(),
                    action: Action::RemoveNode {
                        node_id: node_id.to_owned(),
                        generation: LAST_GENERATION,
                    },
                    spec: None,
                });
            }
        }
        round.steady &= round.work.is_empty() && !round.again;
        Ok(round)
    }

    /// Records the plan's state and, when that held, adds its actions to the round.
    async fn carry_on(
        &self,
        desired: ClusterDesired,
        decided: Plan,
        in_flight: &BTreeMap<String, ClusterKey>,
        round: &mut Round,
    ) -> Result<(), PassError> {
        let key = desired.key();
        let current = match decided.next {
            None => desired,
            Some(next) => match self.record(&desired, &next).await {
                Ok(()) => {
                    log_transition(&desired, &next);
                    next
                }
                Err(StoreError::Stale { .. }) => {
                    round.again = true;
                    return Ok(());
                }
                Err(other) => return Err(other.into()),
            },
        };
        round.steady &= current.phase.is_steady();
        for action in decided.actions {
            let spec = match &action {
                Action::EnsureNode { node_id, .. } => match self.spec(&current, node_id).await? {
                    Some(spec) => Some(Box::new(spec)),
                    None => continue,
                },
                Action::AllocatePort | Action::RemoveNode { .. } => None,
            };
            let work = Work {
                cluster: key.clone(),
                action,
                spec,
            };
            if !in_flight.contains_key(&work.target()) {
                round.work.push(work);
            }
        }
        Ok(())
    }

    async fn record(
        &self,
        before: &ClusterDesired,
        next: &ClusterDesired,
    ) -> Result<(), StoreError> {
        self.steps.reached(Step::BeforeRecord);
        let mut transaction = self.store.begin().await?;
        if next.phase == Phase::Deleted {
            let cluster = &before.state.cluster;
            let (environment_id, name) = (&cluster.environment_id, &cluster.cluster_name);
            transaction.delete_cluster(cluster).await?;
            transaction
                .delete_node_credentials(environment_id, name)
                .await?;
            transaction
                .delete_tags_below(&self.names.cluster_arn(environment_id, name))
                .await?;
        } else {
            transaction
                .replace_cluster_state(&next.clone().into_state())
                .await?;
        }
        self.commit(transaction).await
    }

    async fn commit(&self, transaction: WriteTransaction) -> Result<(), StoreError> {
        self.steps.reached(Step::BeforeCommit);
        transaction.commit().await?;
        self.steps.reached(Step::AfterRecord);
        Ok(())
    }

    async fn spec(
        &self,
        desired: &ClusterDesired,
        node_id: &str,
    ) -> Result<Option<NodeSpec>, PassError> {
        let cluster = &desired.state.cluster;
        let Some(node) = desired.active_nodes().find(|node| node.node_id == node_id) else {
            return Ok(None);
        };
        let (environment_id, name) = (&cluster.environment_id, &cluster.cluster_name);
        let revision = self
            .store
            .revision(environment_id, name, node.target_revision)
            .await?;
        let credential = self.store.node_credential(environment_id, name).await?;
        Ok(revision.map(|revision| {
            self.specs
                .make(cluster, node, &revision, credential.as_ref())
        }))
    }

    /// New environments are ready at once; deleted ones go with their last cluster.
    async fn move_environments(&self) -> Result<(), PassError> {
        for environment in self.store.environments().await? {
            let phase = environment_phase(&environment.phase)?;
            if phase == EnvironmentPhase::Created {
                continue;
            }
            let mut transaction = self.store.begin().await?;
            let id = &environment.environment_id;
            let Some(mut fresh) = transaction.environment(id).await? else {
                continue;
            };
            match environment_phase(&fresh.phase)? {
                EnvironmentPhase::Created => continue,
                EnvironmentPhase::Creating => {
                    fresh.phase = to_value(EnvironmentPhase::Created);
                    transaction.put_environment(&fresh).await?;
                }
                EnvironmentPhase::Deleting => {
                    if transaction.cluster_count(id).await? > 0 {
                        continue;
                    }
                    transaction.delete_environment(id).await?;
                    transaction
                        .delete_tags_below(&self.names.environment_arn(id))
                        .await?;
                }
            }
            transaction.commit().await?;
        }
        Ok(())
    }

    /// Does one action. A failure is noted where the planner needs to know, and logged.
    pub async fn act(&self, work: &Work) {
        self.steps.reached(Step::BeforeAction);
        if let Err(error) = self.try_act(work).await {
            tracing::warn!(
                cluster = work.cluster.cluster_name,
                action = ?work.action,
                error = &error as &dyn std::error::Error,
                "an action failed; the next pass looks at it again"
            );
        }
        self.steps.reached(Step::AfterAction);
    }

    async fn try_act(&self, work: &Work) -> Result<(), PassError> {
        match &work.action {
            Action::AllocatePort => {
                let listen = self.specs.listen_address();
                let port = match self.runtime.allocate_cluster_port(listen).await {
                    Ok(port) => port,
                    Err(error) => {
                        tracing::warn!(error = &error as &dyn std::error::Error, "no cluster port");
                        return Ok(());
                    }
                };
                self.record_port(&work.cluster, port).await
            }
            Action::EnsureNode { node_id, launch } => {
                let Some(spec) = &work.spec else {
                    return Ok(());
                };
                match self.runtime.ensure_node(spec).await {
                    Ok(()) => Ok(()),
                    Err(RuntimeError::StaleGeneration { seen, .. }) => {
                        self.raise_generation(&work.cluster, Some(node_id), seen)
                            .await
                    }
                    Err(error) => {
                        self.note_failure(&work.cluster, node_id, spec.generation, *launch, &error)
                            .await
                    }
                }
            }
            Action::RemoveNode {
                node_id,
                generation,
            } => {
                match self
                    .runtime
                    .remove_node(&work.cluster, node_id, *generation)
                    .await
                {
                    Ok(()) => Ok(()),
                    Err(RuntimeError::StaleGeneration { seen, .. }) => {
                        self.raise_generation(&work.cluster, None, seen).await
                    }
                    Err(error) => {
                        tracing::warn!(
                            node_id,
                            error = &error as &dyn std::error::Error,
                            "node not removed"
                        );
                        Ok(())
                    }
                }
            }
        }
    }

    /// Changes the stored state of a cluster, if it is still there and `change` says that there is something to do.
    async fn change(
        &self,
        key: &ClusterKey,
        change: impl FnOnce(&mut ClusterDesired) -> bool + Send,
    ) -> Result<(), PassError> {
        let mut transaction = self.store.begin().await?;
        let state = transaction
            .cluster_state(&key.environment_id, &key.cluster_name)
            .await?;
        let Some(state) = state else { return Ok(()) };
        let mut desired = ClusterDesired::from_state(state)?;
        if change(&mut desired) {
            self.steps.reached(Step::BeforeRecord);
            transaction
                .replace_cluster_state(&desired.into_state())
                .await?;
            self.commit(transaction).await?;
        }
        Ok(())
    }

    async fn record_port(&self, key: &ClusterKey, port: u16) -> Result<(), PassError> {
        self.change(key, |desired| {
            let free = desired.state.cluster.cluster_port.is_none();
            let admitted = free && desired.apply(Event::Admitted).is_ok();
            if admitted {
                desired.state.cluster.cluster_port = Some(port);
            }
            admitted
        })
        .await
    }

    /// The nodes know a higher generation than the store (a restored backup): go above it.
    async fn raise_generation(
        &self,
        key: &ClusterKey,
        node_id: Option<&str>,
        seen: u64,
    ) -> Result<(), PassError> {
        self.change(key, |desired| {
            let generation = desired.state.cluster.generation.max(seen) + 1;
            desired.state.cluster.generation = generation;
            if let Some(node) = node_id.and_then(|node_id| desired.node_mut(node_id)) {
                node.target_generation = generation;
            }
            true
        })
        .await
    }

    /// Keeps what a failed call said. A launch was counted before it was tried; any other call counts now.
    async fn note_failure(
        &self,
        key: &ClusterKey,
        node_id: &str,
        generation: u64,
        launch: bool,
        error: &RuntimeError,
    ) -> Result<(), PassError> {
        let (text, now_ms) = (error.to_string(), self.clock.now_ms());
        tracing::warn!(
            node_id,
            error = error as &dyn std::error::Error,
            "node not reached"
        );
        self.change(key, |desired| {
            let Some(node) = desired.node_mut(node_id) else {
                return false;
            };
            if node.target_generation != generation {
                return false;
            }
            node.launch_error = Some(text);
            if !launch {
                node.launch_attempts = node.launch_attempts.saturating_add(1);
                node.next_launch_at_ms = now_ms + launch_pause_ms(node.launch_attempts);
            }
            true
        })
        .await
    }

    /// One pass with its actions one after the other. Returns how many actions there were.
    pub async fn pass(&self) -> Result<usize, PassError> {
        let round = self.decide().await?;
        for work in &round.work {
            self.act(work).await;
        }
        Ok(round.work.len())
    }

    /// Runs until `stop` becomes true: woken by requests, by the runtime's notices and by a tick.
    pub(crate) async fn run(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let notices = tokio::spawn({
            let (runtime, wake) = (Arc::clone(&self.runtime), Arc::clone(&self.wake));
            async move {
                loop {
                    runtime.changed().await;
                    wake.notify_one();
                    tokio::task::yield_now().await;
                }
            }
        });
        while !*stop.borrow() {
            let pause = match self.decide().await {
                Ok(round) => {
                    let pause = if round.steady {
                        self.ticks.steady
                    } else {
                        self.ticks.busy
                    };
                    if round.again {
                        self.wake.notify_one();
                    }
                    round.work.into_iter().for_each(|work| self.spawn(work));
                    pause
                }
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "a pass failed");
                    self.ticks.steady
                }
            };
            tokio::select! {
                () = self.wake.notified() => {}
                () = tokio::time::sleep(pause) => {}
                _ = stop.changed() => {}
            }
        }
        notices.abort();
    }

    /// Acts in the background; the pass goes on meanwhile and is woken at the end.
    fn spawn(self: &Arc<Self>, work: Work) {
        let target = work.target();
        self.in_flight()
            .insert(target.clone(), work.cluster.clone());
        let this = Arc::clone(self);
        tokio::spawn(async move {
            let landing = Landing {
                reconciler: &this,
                target,
            };
            this.act(&work).await;
            drop(landing);
        });
    }

    fn in_flight(&self) -> MutexGuard<'_, BTreeMap<String, ClusterKey>> {
        self.in_flight
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// True while calls are under way.
    pub(crate) fn is_acting(&self) -> bool {
        !self.in_flight().is_empty()
    }
}

/// Takes a target out of the flight list however its action ends, a panic included.
struct Landing<'a> {
    reconciler: &'a Reconciler,
    target: String,
}

impl Drop for Landing<'_> {
    fn drop(&mut self) {
        self.reconciler.in_flight().remove(&self.target);
        self.reconciler.wake.notify_one();
    }
}

pub(crate) fn environment_phase(value: &serde_json::Value) -> Result<EnvironmentPhase, StoreError> {
    serde_json::from_value(value.clone()).map_err(|error| StoreError::Corrupt {
        what: "environments",
        reason: error.to_string(),
    })
}

pub(crate) fn to_value(phase: EnvironmentPhase) -> serde_json::Value {
    serde_json::to_value(phase).unwrap_or_default()
}

fn log_transition(before: &ClusterDesired, next: &ClusterDesired) {
    if before.phase != next.phase {
        tracing::info!(
            cluster = next.state.cluster.cluster_name,
            from = before.phase.status(),
            to = next.phase.status(),
            phase = ?next.phase,
            "cluster moves on"
        );
    }
}
