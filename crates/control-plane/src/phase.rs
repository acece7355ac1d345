//! Where a cluster is in its life, and the one function that moves it on.
//!
//! ```text
//! Pending --Admitted--> Creating --NodesServing--> Running <--DeploymentDone/RolledBack-- Updating
//!    |                     |                          |  \--------DeploymentStarted--------->/
//!    |                     +--CreationFailed--> CreateFailed
//!    +---------------------+---------DeleteRequested (from everywhere)--> Deleting --NodesGone--> Deleted
//! ```
//!
//! What clients see as status is derived from the phase and stored nowhere.

use serde::{Deserialize, Serialize};

/// Stored as JSON with the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Phase {
    /// Accepted; has no port yet.
    Pending,
    /// Its nodes are starting for the first time.
    Creating,
    CreateFailed {
        reason: String,
    },
    /// `notice` says in full what became of the last update, when that is worth saying.
    Running {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        notice: Option<String>,
    },
    /// The newest deployment is under way.
    Updating,
    Deleting,
    /// The row is removed when this is reached.
    Deleted,
}

/// What happens to a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    Admitted,
    NodesServing,
    CreationFailed { reason: String },
    DeploymentStarted,
    DeploymentDone,
    DeploymentRolledBack { reason: String },
    DeleteRequested,
    NodesGone,
}

/// An event that a phase does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a cluster that is {status} cannot take {event:?}")]
pub struct IllegalTransition {
    pub status: &'static str,
    pub event: Event,
}

impl Phase {
    /// The phase after an event.
    pub fn on(self, event: Event) -> Result<Phase, IllegalTransition> {
        Ok(match (self, event) {
            (Phase::Pending, Event::Admitted) => Phase::Creating,
            (Phase::Creating, Event::NodesServing) => Phase::Running { notice: None },
            (Phase::Creating, Event::CreationFailed { reason }) => Phase::CreateFailed { reason },
            (Phase::Running { .. }, Event::DeploymentStarted) => Phase::Updating,
            (Phase::Updating, Event::DeploymentDone) => Phase::Running { notice: None },
            (Phase::Updating, Event::DeploymentRolledBack { reason }) => Phase::Running {
                notice: Some(reason),
            },
            (
                Phase::Pending
                | Phase::Creating
                | Phase::CreateFailed { .. }
                | Phase::Running { .. }
                | Phase::Updating
                | Phase::Deleting,
                Event::DeleteRequested,
            ) => Phase::Deleting,
            (Phase::Deleting, Event::NodesGone) => Phase::Deleted,
            (phase, event) => {
                return Err(IllegalTransition {
                    status: phase.status(),
                    event,
                });
            }
        })
    }

    /// The status of the API.
    pub fn status(&self) -> &'static str {
        match self {
            Phase::Pending => "PENDING",
            Phase::Creating => "CREATING",
            Phase::CreateFailed { .. } => "CREATE_FAILED",
            Phase::Running { .. } => "RUNNING",
            Phase::Updating => "UPDATING",
            Phase::Deleting => "DELETING",
            Phase::Deleted => "DELETED",
        }
    }

    /// True when nothing is going to happen without a cause from outside.
    pub fn is_steady(&self) -> bool {
        matches!(self, Phase::Running { .. } | Phase::CreateFailed { .. })
    }
}

/// Where an environment is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum EnvironmentPhase {
    Creating,
    Created,
    /// Goes when its last cluster is gone.
    Deleting,
}

impl EnvironmentPhase {
    pub fn status(self) -> &'static str {
        match self {
            EnvironmentPhase::Creating => "CREATING",
            EnvironmentPhase::Created => "CREATED",
            EnvironmentPhase::Deleting => "DELETING",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_is_either_named_or_refused() {
        let phases = [
            Phase::Pending,
            Phase::Creating,
            Phase::CreateFailed { reason: "r".into() },
            Phase::Running { notice: None },
            Phase::Updating,
            Phase::Deleting,
            Phase::Deleted,
        ];
        let events = [
            Event::Admitted,
            Event::NodesServing,
            Event::CreationFailed { reason: "r".into() },
            Event::DeploymentStarted,
            Event::DeploymentDone,
            Event::DeploymentRolledBack { reason: "r".into() },
            Event::DeleteRequested,
            Event::NodesGone,
        ];
        let mut table = String::new();
        for phase in &phases {
            for event in &events {
                if let Ok(next) = phase.clone().on(event.clone()) {
                    let name = format!("{event:?}");
                    let name = name.split(' ').next().unwrap_or_default();
                    table.push_str(&format!("{} {name} {}\n", phase.status(), next.status()));
                }
            }
        }
        assert_eq!(
            table,
            "PENDING Admitted CREATING\n\
             PENDING DeleteRequested DELETING\n\
             CREATING NodesServing RUNNING\n\
             CREATING CreationFailed CREATE_FAILED\n\
             CREATING DeleteRequested DELETING\n\
             CREATE_FAILED DeleteRequested DELETING\n\
             RUNNING DeploymentStarted UPDATING\n\
             RUNNING DeleteRequested DELETING\n\
             UPDATING DeploymentDone RUNNING\n\
             UPDATING DeploymentRolledBack RUNNING\n\
             UPDATING DeleteRequested DELETING\n\
             DELETING DeleteRequested DELETING\n\
             DELETING NodesGone DELETED\n"
        );
    }

    #[test]
    fn a_phase_survives_storage() {
        let phase = Phase::Running {
            notice: Some("why".into()),
        };
        let text = serde_json::to_value(&phase).unwrap();
        assert_eq!(
            text,
            serde_json::json!({"phase": "RUNNING", "notice": "why"})
        );
        assert_eq!(serde_json::from_value::<Phase>(text).unwrap(), phase);
    }
}
