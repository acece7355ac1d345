//! UpdateKxClusterCodeConfiguration and the return to an earlier revision.
//!
//! Everything that can be refused is refused before anything changes; with the answer the cluster is UPDATING and the
//! deployment is on disk. The reconciler does the rest.

use control_store::{
    ClusterState, DeploymentKind, DeploymentRecord, DeploymentState, RevisionRecord, Strategy,
    WriteTransaction,
};
use finspace_model::ApiError;
use finspace_model::shapes::{
    CodeDeploymentConfiguration, CodeDeploymentStrategy, UpdateKxClusterCodeConfigurationRequest,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::cluster_rules::check_arguments;
use super::clusters::waiting_steps;
use super::environments::live_environment;
use super::{nothing, read};
use crate::desired::ClusterDesired;
use crate::errors::{cluster_not_found, from_store, wrong_status};
use crate::idempotency::{Begun, Once};
use crate::phase::{Event, Phase};
use crate::plane::ControlPlane;
use crate::planner::begin_return_by_request;
use crate::steps::Step;

/// RollbackKxCluster. Without `to_revision`: a deployment under way is turned round; else the revision before the
/// current one is deployed.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RollbackRequest {
    environment_id: String,
    cluster_name: String,
    to_revision: Option<u64>,
    deployment_configuration: Option<CodeDeploymentConfiguration>,
}

impl ControlPlane {
    pub(super) async fn update_code(&self, input: Value) -> Result<Value, ApiError> {
        let request: UpdateKxClusterCodeConfigurationRequest = read(&input)?;
        let once = Once::of("UpdateKxClusterCodeConfiguration", &input);
        if let Some(first) = once.answered(&self.store, self.now_ms()).await? {
            return Ok(first);
        }
        let updated = self.update_code_anew(request, &once).await;
        once.or_answered(updated, &self.store, self.now_ms()).await
    }

    async fn update_code_anew(
        &self,
        request: UpdateKxClusterCodeConfigurationRequest,
        once: &Once,
    ) -> Result<Value, ApiError> {
        let (environment_id, name) = (&request.environment_id, &request.cluster_name);
        let state = self.cluster_state(environment_id, name).await?;
        require_running(&state)?;
        let strategy = strategy_of(request.strategy());
        let in_place = strategy == Strategy::NoRestart;
        require_strategy(&state, strategy)?;
        if in_place {
            let given = [
                (
                    "initializationScript",
                    request.initialization_script.is_some(),
                ),
                (
                    "commandLineArguments",
                    request.command_line_arguments.is_some(),
                ),
            ];
            if let Some((member, _)) = given.iter().find(|(_, given)| *given) {
                return Err(ApiError::validation(format!(
                    "{member} cannot be updated with deploymentStrategy NO_RESTART: q is not started anew. Leave it out, or use ROLLING or FORCE"
                )));
            }
        }
        let arguments = check_arguments(
            request
                .command_line_arguments
                .as_deref()
                .unwrap_or_default(),
        )?;
        let (script, arguments) = match in_place {
            false => (request.initialization_script.clone(), arguments),
            true => self.running_start(&state).await?,
        };
        let code = self.code.admit(&request.code, script.as_deref()).await?;

        let now = self.now_ms();
        let mut transaction = match once.begin(&self.store, now).await? {
            Begun::Answered(first) => return Ok(first),
            Begun::New(transaction) => transaction,
        };
        let state = self
            .running_cluster(&mut transaction, environment_id, name)
            .await?;
        let newest = transaction
            .newest_revision(environment_id, name)
            .await
            .map_err(from_store)?;
        let revision = RevisionRecord {
            number: newest + 1,
            code: Some(code),
            initialization_script: script,
            command_line_arguments: arguments,
            created_at_ms: now,
        };
        transaction
            .insert_revision(environment_id, name, &revision)
            .await
            .map_err(from_store)?;
        let next = deploy(
            state,
            DeploymentKind::Update,
            strategy,
            revision.number,
            now,
        )?;
        transaction
            .replace_cluster_state(&next)
            .await
            .map_err(from_store)?;
        let first = once.finish(transaction, nothing(), now).await?;
        self.steps.reached(Step::Accepted);
        self.wake();
        Ok(first)
    }

    /// Script and arguments that stay because q is not started anew.
    async fn running_start(
        &self,
        state: &ClusterState,
    ) -> Result<(Option<String>, Vec<(String, String)>), ApiError> {
        let cluster = &state.cluster;
        let revision = self
            .store
            .revision(
                &cluster.environment_id,
                &cluster.cluster_name,
                cluster.current_revision,
            )
            .await
            .map_err(from_store)?
            // both go together: the cluster was deleted after its state was read
            .ok_or_else(|| cluster_not_found(&cluster.cluster_name))?;
        Ok((
            revision.initialization_script,
            revision.command_line_arguments,
        ))
    }

    /// The state as of the write, refused unless the cluster can take a deployment.
    async fn running_cluster(
        &self,
        transaction: &mut WriteTransaction,
        environment_id: &str,
        name: &str,
    ) -> Result<ClusterState, ApiError> {
        live_environment(transaction, environment_id).await?;
        let state = transaction
            .cluster_state(environment_id, name)
            .await
            .map_err(from_store)?;
        let state = state.ok_or_else(|| cluster_not_found(name))?;
        require_running(&state)?;
        Ok(state)
    }

    pub(super) async fn rollback(&self, input: Value) -> Result<Value, ApiError> {
        let request: RollbackRequest = read(&input)?;
        let (once, now) = (Once::of("RollbackKxCluster", &input), self.now_ms());
        let (environment_id, name) = (&request.environment_id, &request.cluster_name);
        let history = self
            .store
            .deployments(environment_id, name)
            .await
            .map_err(from_store)?;
        let mut transaction = match once.begin(&self.store, now).await? {
            Begun::Answered(first) => return Ok(first),
            Begun::New(transaction) => transaction,
        };
        live_environment(&mut transaction, environment_id).await?;
        let state = transaction
            .cluster_state(environment_id, name)
            .await
            .map_err(from_store)?;
        let state = state.ok_or_else(|| cluster_not_found(name))?;
        let (next, answer) = match phase_of(&state)? {
            Phase::Updating => turn_round(state, request.to_revision, now)?,
            Phase::Running { .. } => {
                let strategy = request
                    .deployment_configuration
                    .map_or(Strategy::Rolling, |given| {
                        strategy_of(given.deployment_strategy)
                    });
                let from = state.cluster.current_revision;
                let to = match request.to_revision {
                    Some(to) => to,
                    None => before_current(&history, from, name)?,
                };
                if to == from {
                    return Err(ApiError::validation(format!(
                        "Cluster {name} runs revision {to} already"
                    )));
                }
                let revision = transaction
                    .revision(environment_id, name, to)
                    .await
                    .map_err(from_store)?;
                let revision = revision.ok_or_else(|| {
                    ApiError::not_found(format!("Cluster {name} has no revision {to}"))
                })?;
                let current = transaction
                    .revision(environment_id, name, from)
                    .await
                    .map_err(from_store)?;
                self.require_reachable(&state, strategy, &revision, current.as_ref())?;
                let number = state.deployment.number + 1;
                let next = deploy(state, DeploymentKind::Rollback, strategy, to, now)?;
                let answer = json!({"deployment": number, "fromRevision": from, "toRevision": to});
                (next, answer)
            }
            other => return Err(wrong_status(name, other.status(), "RUNNING or UPDATING")),
        };
        transaction
            .replace_cluster_state(&next)
            .await
            .map_err(from_store)?;
        let first = once.finish(transaction, answer, now).await?;
        self.wake();
        Ok(first)
    }

    fn require_reachable(
        &self,
        state: &ClusterState,
        strategy: Strategy,
        to: &RevisionRecord,
        from: Option<&RevisionRecord>,
    ) -> Result<(), ApiError> {
        require_strategy(state, strategy)?;
        let same_start = from.is_some_and(|from| {
            from.initialization_script == to.initialization_script
                && from.command_line_arguments == to.command_line_arguments
        });
        if strategy == Strategy::NoRestart && !(same_start && to.code.is_some()) {
            return Err(ApiError::validation(format!(
                "Revision {} starts q in another way, which NO_RESTART cannot do. Use ROLLING or FORCE",
                to.number
            )));
        }
        match &to.code {
            Some(code) if !self.code.artifact(&code.sha256).is_file() => {
                Err(ApiError::internal(format!(
                    "the zip of revision {} is missing from the data directory",
                    to.number
                )))
            }
            _ => Ok(()),
        }
    }
}

fn strategy_of(asked: CodeDeploymentStrategy) -> Strategy {
    match asked {
        CodeDeploymentStrategy::Rolling => Strategy::Rolling,
        CodeDeploymentStrategy::Force => Strategy::Force,
        CodeDeploymentStrategy::NoRestart => Strategy::NoRestart,
    }
}

fn phase_of(state: &ClusterState) -> Result<Phase, ApiError> {
    serde_json::from_value(state.cluster.phase.clone()).map_err(ApiError::internal)
}

fn require_running(state: &ClusterState) -> Result<(), ApiError> {
    match phase_of(state)? {
        Phase::Running { .. } => Ok(()),
        other => Err(wrong_status(
            &state.cluster.cluster_name,
            other.status(),
            "RUNNING",
        )),
    }
}

fn require_strategy(state: &ClusterState, strategy: Strategy) -> Result<(), ApiError> {
    let kind = &state.cluster.cluster_type;
    if strategy == Strategy::NoRestart && kind != "GP" {
        return Err(ApiError::validation(format!(
            "deploymentStrategy NO_RESTART is for GP clusters only; {} is of type {kind}. Use ROLLING or FORCE",
            state.cluster.cluster_name
        )));
    }
    Ok(())
}

/// The state of a running cluster with a new deployment under way.
fn deploy(
    state: ClusterState,
    kind: DeploymentKind,
    strategy: Strategy,
    to_revision: u64,
    now: u64,
) -> Result<ClusterState, ApiError> {
    let mut desired = ClusterDesired::from_state(state).map_err(from_store)?;
    desired
        .apply(Event::DeploymentStarted)
        .map_err(ApiError::internal)?;
    let steps = waiting_steps(desired.active_nodes());
    let state = &mut desired.state;
    state.deployment = DeploymentRecord {
        number: state.deployment.number + 1,
        kind,
        strategy,
        from_revision: Some(state.cluster.current_revision),
        to_revision,
        state: DeploymentState::Moving,
        reason: None,
        steps,
        started_at_ms: now,
        ended_at_ms: None,
    };
    state.cluster.modified_at_ms = now;
    Ok(desired.into_state())
}

/// Stops the deployment under way and sends the changed nodes back.
fn turn_round(
    state: ClusterState,
    asked: Option<u64>,
    now: u64,
) -> Result<(ClusterState, Value), ApiError> {
    let name = state.cluster.cluster_name.clone();
    let mut desired = ClusterDesired::from_state(state).map_err(from_store)?;
    let deployment = &desired.state.deployment;
    let (number, from, to) = (
        deployment.number,
        deployment.from_revision,
        deployment.to_revision,
    );
    if deployment.state != DeploymentState::Moving {
        return Err(wrong_status(
            &name,
            "UPDATING (on its way back already)",
            "RUNNING",
        ));
    }
    if asked.is_some() && asked != from {
        let back = from.map_or_else(|| "nothing".to_owned(), |from| format!("revision {from}"));
        return Err(wrong_status(
            &name,
            &format!("UPDATING (its deployment can return to {back} only)"),
            "RUNNING",
        ));
    }
    begin_return_by_request(&mut desired, now);
    let answer =
        json!({"deployment": number, "fromRevision": to, "toRevision": from, "givesUp": true});
    Ok((desired.into_state(), answer))
}

/// The revision that ran before the current one: from which its deployment came. `history` is newest first.
fn before_current(history: &[DeploymentRecord], current: u64, name: &str) -> Result<u64, ApiError> {
    history
        .iter()
        .find(|one| one.state == DeploymentState::Done && one.to_revision == current)
        .and_then(|one| one.from_revision)
        .ok_or_else(|| {
            ApiError::validation(format!(
                "Cluster {name} has had no revision before the current one"
            ))
        })
}
