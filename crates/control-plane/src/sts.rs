//! The two calls of the security token service that clients of FinSpace need.

use aws_protocol::credentials::{Credential, Principal};
use control_store::KeyMaterial;
use finspace_model::ApiError;

use crate::caller::{Caller, acts_as};
use crate::errors::from_store;
use crate::plane::ControlPlane;

/// Life of assumed keys when the request names none: an hour.
pub const ASSUMED_SECONDS_DEFAULT: u32 = 3_600;
const ASSUMED_SECONDS_MIN: u32 = 900;
const ASSUMED_SECONDS_MAX: u32 = 43_200;
/// Ended keys are kept this long, so that their use is answered with "expired" and not with "unknown".
const EXPIRED_KEPT_SECONDS: i64 = 86_400;

/// AssumeRole as asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssumeRoleRequest {
    pub role_arn: String,
    pub session_name: String,
    pub duration_seconds: Option<u32>,
}

/// Keys of a role. `credential.session_token` and `.expires_at` are set.
#[derive(Debug, Clone)]
pub struct AssumedRole {
    pub credential: Credential,
    /// `arn:aws:sts::<account>:assumed-role/<role name>/<session>`.
    pub assumed_role_arn: String,
    /// `<role id>:<session>`.
    pub assumed_role_id: String,
}

/// GetCallerIdentity's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallerIdentity {
    pub account: String,
    pub arn: String,
    pub user_id: String,
}

impl ControlPlane {
    /// Makes temporary keys of a role.
    ///
    /// # Errors
    /// ValidationException for a malformed ARN, session name or duration; AccessDeniedException when the caller may not
    /// take the role (see [`crate::caller`]).
    pub async fn assume_role(
        &self,
        caller: &Caller,
        request: &AssumeRoleRequest,
    ) -> Result<AssumedRole, ApiError> {
        let role_name = role_name_of(&request.role_arn).ok_or_else(|| {
            ApiError::validation(format!("{} is not the ARN of a role", request.role_arn))
        })?;
        let session = &request.session_name;
        let legal = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
        if !(2..=64).contains(&session.len()) || !session.chars().all(legal) {
            return Err(ApiError::validation(
                "roleSessionName must have 2 to 64 of letters, digits and _+=,.@-",
            ));
        }
        let seconds = request.duration_seconds.unwrap_or(ASSUMED_SECONDS_DEFAULT);
        if !(ASSUMED_SECONDS_MIN..=ASSUMED_SECONDS_MAX).contains(&seconds) {
            return Err(ApiError::validation(format!(
                "durationSeconds must be {ASSUMED_SECONDS_MIN} to {ASSUMED_SECONDS_MAX}"
            )));
        }
        if caller.principal != Principal::Root && !acts_as(caller, &request.role_arn) {
            return Err(ApiError::access_denied(format!(
                "User: {} is not authorized to perform: sts:AssumeRole on resource: {}",
                self.principal_arn(caller),
                request.role_arn
            )));
        }
        let now_ms = self.now_ms();
        let now = i64::try_from(now_ms / 1000).unwrap_or(i64::MAX);
        let principal = Principal::AssumedRole {
            role_arn: request.role_arn.clone(),
            session_name: session.clone(),
        };
        let credential = KeyMaterial::temporary(principal, now.saturating_add(i64::from(seconds)));
        let mut transaction = self.store.begin().await.map_err(from_store)?;
        transaction
            .delete_expired_credentials(now.saturating_sub(EXPIRED_KEPT_SECONDS))
            .await
            .map_err(from_store)?;
        transaction
            .insert_credential(&credential, now_ms)
            .await
            .map_err(from_store)?;
        transaction.commit().await.map_err(from_store)?;
        Ok(AssumedRole {
            assumed_role_arn: self.session_arn(role_name, session),
            assumed_role_id: format!("{}:{session}", role_id(&request.role_arn)),
            credential,
        })
    }

    /// Who the caller is.
    pub fn get_caller_identity(&self, caller: &Caller) -> CallerIdentity {
        let account = self.names.account_id().to_owned();
        let user_id = match &caller.principal {
            Principal::Root => account.clone(),
            Principal::AssumedRole {
                role_arn,
                session_name,
            } => {
                format!("{}:{session_name}", role_id(role_arn))
            }
            Principal::Node { cluster_name, .. } => {
                format!("{}:{cluster_name}", caller.access_key_id)
            }
        };
        CallerIdentity {
            account,
            arn: self.principal_arn(caller),
            user_id,
        }
    }

    fn principal_arn(&self, caller: &Caller) -> String {
        let account = self.names.account_id();
        match &caller.principal {
            Principal::Root => format!("arn:aws:iam::{account}:root"),
            Principal::AssumedRole {
                role_arn,
                session_name,
            } => self.session_arn(role_name_of(role_arn).unwrap_or(role_arn), session_name),
            Principal::Node {
                environment_id,
                cluster_name,
                execution_role,
            } => match execution_role.as_deref().and_then(role_name_of) {
                Some(role) => self.session_arn(role, cluster_name),
                None => self.names.cluster_arn(environment_id, cluster_name),
            },
        }
    }

    fn session_arn(&self, role_name: &str, session_name: &str) -> String {
        let account = self.names.account_id();
        format!("arn:aws:sts::{account}:assumed-role/{role_name}/{session_name}")
    }
}

/// The last part of `arn:aws:iam::<account>:role/<path>/<name>`.
fn role_name_of(role_arn: &str) -> Option<&str> {
    let parts: Vec<&str> = role_arn.splitn(6, ':').collect();
    let ["arn", _, "iam", _, account, resource] = parts.as_slice() else {
        return None;
    };
    let digits = account.len() == 12 && account.chars().all(|c| c.is_ascii_digit());
    let name = resource.strip_prefix("role/")?.rsplit('/').next()?;
    (digits && !name.is_empty()).then_some(name)
}

/// A stable id in the form of IAM's: `AROA` and 17 characters, made of the ARN.
fn role_id(role_arn: &str) -> String {
    use sha2::{Digest, Sha256};
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let digest = Sha256::digest(role_arn);
    let tail: String = digest
        .iter()
        .take(17)
        .map(|byte| char::from(ALPHABET[usize::from(byte % 32)]))
        .collect();
    format!("AROA{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn role_names_come_from_well_formed_arns_only() {
        assert_eq!(
            role_name_of("arn:aws:iam::000000000000:role/kdb-user"),
            Some("kdb-user")
        );
        assert_eq!(
            role_name_of("arn:aws:iam::000000000000:role/team/kdb"),
            Some("kdb")
        );
        assert_eq!(role_name_of("arn:aws:iam::000000000000:user/kdb"), None);
        assert_eq!(role_name_of("arn:aws:iam::12:role/kdb"), None);
        assert_eq!(role_name_of("kdb"), None);
        assert_eq!(role_id("a").len(), 21);
        assert_eq!(role_id("a"), role_id("a"));
    }
}
