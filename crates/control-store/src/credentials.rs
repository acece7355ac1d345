//! Access keys: the root's, temporary ones of roles, those of cluster nodes.

use aws_protocol::credentials::{
    Credential, CredentialError, CredentialSource, Principal, SecretKey,
};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::ids;
use crate::store::{Store, StoreError, WriteTransaction, to_sql};

const READ: &str = "to read a credential";
const ROOT: &str = "ROOT";
const ASSUMED_ROLE: &str = "ASSUMED_ROLE";
const NODE: &str = "NODE";

/// Fresh random keys. The secrets are wiped when dropped.
pub struct KeyMaterial;

impl KeyMaterial {
    /// Keys that do not end.
    pub fn lasting(principal: Principal) -> Credential {
        Credential {
            access_key_id: ids::access_key_id("AKIA"),
            secret: SecretKey::new(ids::secret_access_key()),
            session_token: None,
            expires_at: None,
            principal,
        }
    }

    /// Keys with a session token that end at `expires_at` (seconds since the Unix epoch).
    pub fn temporary(principal: Principal, expires_at: i64) -> Credential {
        Credential {
            access_key_id: ids::access_key_id("ASIA"),
            secret: SecretKey::new(ids::secret_access_key()),
            session_token: Some(SecretKey::new(ids::session_token())),
            expires_at: Some(expires_at),
            principal,
        }
    }
}

impl Store {
    /// The root's keys; made at the first call. The flag is true when this call made them.
    pub async fn root_credential(&self, now_ms: u64) -> Result<(Credential, bool), StoreError> {
        let mut transaction = self.begin().await?;
        let row = sqlx::query("SELECT * FROM credentials WHERE kind = $1 ORDER BY created_at_ms")
            .bind(ROOT)
            .fetch_optional(transaction.connection())
            .await
            .map_err(StoreError::database(READ))?;
        if let Some(row) = row {
            return Ok((credential_of(&row)?, false));
        }
        let fresh = KeyMaterial::lasting(Principal::Root);
        transaction.insert_credential(&fresh, now_ms).await?;
        transaction.commit().await?;
        Ok((fresh, true))
    }

    /// The keys of a cluster's nodes, if it has any.
    pub async fn node_credential(
        &self,
        environment_id: &str,
        cluster_name: &str,
    ) -> Result<Option<Credential>, StoreError> {
        let mut view = self.snapshot().await?;
        let row = sqlx::query(
            "SELECT * FROM credentials WHERE environment_id = $1 AND cluster_name = $2 AND kind = $3",
        )
        .bind(environment_id)
        .bind(cluster_name)
        .bind(NODE)
        .fetch_optional(&mut *view)
        .await
        .map_err(StoreError::database(READ))?;
        row.as_ref().map(credential_of).transpose()
    }
}

#[async_trait::async_trait]
impl CredentialSource for Store {
    async fn credential(&self, access_key_id: &str) -> Result<Option<Credential>, CredentialError> {
        let found = async {
            let mut view = self.snapshot().await?;
            let row = sqlx::query("SELECT * FROM credentials WHERE access_key_id = $1")
                .bind(access_key_id)
                .fetch_optional(&mut *view)
                .await
                .map_err(StoreError::database(READ))?;
            row.as_ref().map(credential_of).transpose()
        };
        found.await.map_err(|error: StoreError| {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "credential look-up failed"
            );
            CredentialError {
                reason: error.to_string(),
            }
        })
    }
}

impl WriteTransaction {
    pub async fn insert_credential(
        &mut self,
        credential: &Credential,
        now_ms: u64,
    ) -> Result<(), StoreError> {
        let (kind, role_arn, session_name, environment_id, cluster_name) =
            match &credential.principal {
                Principal::Root => (ROOT, None, None, None, None),
                Principal::AssumedRole {
                    role_arn,
                    session_name,
                } => (ASSUMED_ROLE, Some(role_arn), Some(session_name), None, None),
                Principal::Node {
                    environment_id,
                    cluster_name,
                    execution_role,
                } => (
                    NODE,
                    execution_role.as_ref(),
                    None,
                    Some(environment_id),
                    Some(cluster_name),
                ),
            };
        sqlx::query(
            "INSERT INTO credentials (access_key_id, secret_access_key, session_token, expires_at, \
             kind, role_arn, session_name, environment_id, cluster_name, created_at_ms) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(&credential.access_key_id)
        .bind(credential.secret.expose())
        .bind(credential.session_token.as_ref().map(SecretKey::expose))
        .bind(credential.expires_at)
        .bind(kind)
        .bind(role_arn)
        .bind(session_name)
        .bind(environment_id)
        .bind(cluster_name)
        .bind(to_sql(now_ms))
        .execute(self.connection())
        .await
        .map_err(StoreError::database("a credential"))?;
        Ok(())
    }

    /// Forgets temporary keys that ended before `before` (seconds since the Unix epoch).
    pub async fn delete_expired_credentials(&mut self, before: i64) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM credentials WHERE expires_at IS NOT NULL AND expires_at < $1")
            .bind(before)
            .execute(self.connection())
            .await
            .map_err(StoreError::database("to delete expired credentials"))?;
        Ok(())
    }

    pub async fn delete_node_credentials(
        &mut self,
        environment_id: &str,
        cluster_name: &str,
    ) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM credentials WHERE environment_id = $1 AND cluster_name = $2")
            .bind(environment_id)
            .bind(cluster_name)
            .execute(self.connection())
            .await
            .map_err(StoreError::database("to delete credentials"))?;
        Ok(())
    }
}

fn credential_of(row: &SqliteRow) -> Result<Credential, StoreError> {
    let text = |name: &str| -> Result<Option<String>, StoreError> {
        row.try_get(name).map_err(StoreError::database(READ))
    };
    let required = |name: &'static str| -> Result<String, StoreError> {
        text(name)?.ok_or_else(|| StoreError::corrupt("credentials", format!("no {name}")))
    };
    let principal = match required("kind")?.as_str() {
        ROOT => Principal::Root,
        ASSUMED_ROLE => Principal::AssumedRole {
            role_arn: required("role_arn")?,
            session_name: required("session_name")?,
        },
        NODE => Principal::Node {
            environment_id: required("environment_id")?,
            cluster_name: required("cluster_name")?,
            execution_role: text("role_arn")?,
        },
        other => return Err(StoreError::corrupt("credentials", format!("kind {other}"))),
    };
    Ok(Credential {
        access_key_id: required("access_key_id")?,
        secret: SecretKey::new(required("secret_access_key")?),
        session_token: text("session_token")?.map(SecretKey::new),
        expires_at: row
            .try_get("expires_at")
            .map_err(StoreError::database(READ))?,
        principal,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn root_keys_are_made_once_and_found_by_their_id() {
        let store = Store::in_memory().await.unwrap();
        let (first, made) = store.root_credential(1).await.unwrap();
        assert!(made);
        let (second, made) = store.root_credential(2).await.unwrap();
        assert!(!made);
        assert_eq!(first.access_key_id, second.access_key_id);
        let found = store
            .credential(&first.access_key_id)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(found.secret.expose(), first.secret.expose());
        assert_eq!(found.principal, Principal::Root);
        assert!(store.credential("AKIAUNKNOWN").await.unwrap().is_none());
    }

    #[tokio::test]
    async fn temporary_and_node_keys_keep_their_principal() {
        let store = Store::in_memory().await.unwrap();
        let role = Principal::AssumedRole {
            role_arn: "arn:aws:iam::000000000000:role/r".into(),
            session_name: "s".into(),
        };
        let node = Principal::Node {
            environment_id: "e".into(),
            cluster_name: "c".into(),
            execution_role: None,
        };
        let temporary = KeyMaterial::temporary(role.clone(), 100);
        let lasting = KeyMaterial::lasting(node.clone());
        let mut transaction = store.begin().await.unwrap();
        transaction.insert_credential(&temporary, 0).await.unwrap();
        transaction.insert_credential(&lasting, 0).await.unwrap();
        transaction.commit().await.unwrap();
        let found = store
            .credential(&temporary.access_key_id)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(found.principal, role);
        assert_eq!(found.expires_at, Some(100));
        assert_eq!(
            found.session_token.unwrap().expose(),
            temporary.session_token.as_ref().unwrap().expose()
        );
        let found = store.node_credential("e", "c").await.unwrap().unwrap();
        assert_eq!(found.principal, node);

        let mut transaction = store.begin().await.unwrap();
        transaction.delete_expired_credentials(101).await.unwrap();
        transaction.delete_node_credentials("e", "c").await.unwrap();
        transaction.commit().await.unwrap();
        assert!(
            store
                .credential(&temporary.access_key_id)
                .await
                .unwrap()
                .is_none()
        );
        assert!(store.node_credential("e", "c").await.unwrap().is_none());
    }
}
