//! Who may sign requests: access keys, their secrets and the principals behind them.

use std::fmt;

use zeroize::Zeroizing;

/// A secret access key. Prints a placeholder; wiped when dropped.
#[derive(Clone)]
pub struct SecretKey(Zeroizing<String>);

impl SecretKey {
    pub fn new(text: String) -> Self {
        SecretKey(Zeroizing::new(text))
    }

    /// The key itself, for signing and for the credentials file only.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

/// Whom an access key stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// The owner of the installation: `arn:aws:iam::<account>:root`.
    Root,
    /// Temporary keys of a role, made by AssumeRole: `arn:aws:sts::<account>:assumed-role/<role name>/<session>`.
    AssumedRole {
        role_arn: String,
        session_name: String,
    },
    /// A cluster node acting with its execution role, or for itself when it has none.
    Node {
        environment_id: String,
        cluster_name: String,
        execution_role: Option<String>,
    },
}

/// One access key as stored.
#[derive(Debug, Clone)]
pub struct Credential {
    pub access_key_id: String,
    pub secret: SecretKey,
    /// Present for temporary keys: the request must carry exactly this `X-Amz-Security-Token`.
    pub session_token: Option<SecretKey>,
    /// Seconds since the Unix epoch; `None` for keys that do not end.
    pub expires_at: Option<i64>,
    pub principal: Principal,
}

/// Where access keys are looked up. Kept by the control store; the edge and the S3 endpoint only read.
#[async_trait::async_trait]
pub trait CredentialSource: Send + Sync {
    /// The credential of an access key id, expired ones included (the caller says so in its error), `None` if unknown.
    async fn credential(&self, access_key_id: &str) -> Result<Option<Credential>, CredentialError>;
}

/// The look-up itself failed (not: the key is unknown).
#[derive(Debug, thiserror::Error)]
#[error("cannot look up credentials: {reason}")]
pub struct CredentialError {
    pub reason: String,
}
