//! What must hold after every step.

use std::collections::BTreeMap;

use cluster_runtime::ClusterKey;
use control_store::{ClusterState, DeploymentState, Strategy};

use crate::simulation::{Simulation, SimulationError};

/// Something that must never be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation(pub String);

/// Remembers what it has seen of one cluster and compares.
#[derive(Debug)]
pub struct Watch {
    key: ClusterKey,
    generation: u64,
    ended: BTreeMap<u64, DeploymentState>,
    /// Set when something outside took nodes down, so that the count of serving nodes is no longer the deployment's.
    disturbed: bool,
    was_whole: bool,
}

impl Watch {
    pub fn new(key: ClusterKey) -> Self {
        Watch {
            key,
            generation: 0,
            ended: BTreeMap::new(),
            disturbed: false,
            was_whole: false,
        }
    }

    /// From now on nodes may be down for reasons that are not the deployment's.
    pub fn disturb(&mut self) {
        self.disturbed = true;
        self.was_whole = false;
    }

    /// Checks the present moment.
    pub async fn check(
        &mut self,
        simulation: &Simulation,
    ) -> Result<Result<(), Violation>, SimulationError> {
        let store = simulation.store();
        let state = store
            .cluster_state(&self.key.environment_id, &self.key.cluster_name)
            .await?;
        let Some(state) = state else {
            return Ok(Ok(()));
        };
        let history = store
            .deployments(&self.key.environment_id, &self.key.cluster_name)
            .await?;
        for one in &history {
            if let Some(end) = self.ended.get(&one.number)
                && *end != one.state
            {
                let text = format!(
                    "deployment {} went from {end:?} to {:?}",
                    one.number, one.state
                );
                return Ok(Err(Violation(text)));
            }
            if one.state.is_ended() {
                self.ended.insert(one.number, one.state);
            }
            let legal = one.number == 1 || one.state != DeploymentState::Failed;
            if !legal {
                return Ok(Err(Violation(format!(
                    "deployment {} has failed",
                    one.number
                ))));
            }
        }
        Ok(self.check_state(&state, simulation))
    }

    fn check_state(
        &mut self,
        state: &ClusterState,
        simulation: &Simulation,
    ) -> Result<(), Violation> {
        let refuse = |text: String| Err(Violation(text));
        let generation = state.cluster.generation;
        if generation < self.generation {
            return refuse(format!(
                "generation fell from {} to {generation}",
                self.generation
            ));
        }
        self.generation = generation;
        let active = state
            .nodes
            .iter()
            .filter(|node| node.retired_at_ms.is_none());
        let active: Vec<_> = active.collect();
        if active
            .iter()
            .any(|node| node.target_generation > generation)
        {
            return refuse("a node is ahead of its cluster".into());
        }
        let phase = state.cluster.phase["phase"].as_str().unwrap_or_default();
        let expected = usize::try_from(state.cluster.node_count).unwrap_or(usize::MAX);
        if matches!(phase, "RUNNING" | "UPDATING" | "CREATING") && active.len() != expected {
            return refuse(format!(
                "{} nodes are wanted, {expected} were ordered",
                active.len()
            ));
        }
        let serving = simulation.setup.world.serving(&self.key);
        self.was_whole |= serving == expected && phase == "RUNNING";
        let rolling = phase == "UPDATING" && state.deployment.strategy == Strategy::Rolling;
        if rolling && self.was_whole && !self.disturbed && serving + 1 < expected {
            return refuse(format!(
                "{serving} of {expected} nodes serve during ROLLING"
            ));
        }
        Ok(())
    }
}
