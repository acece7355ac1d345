//! Environments and their users.

use sqlx::Row;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use crate::records::{EnvironmentRecord, UserRecord};
use crate::store::{Store, StoreError, WriteTransaction, from_json, from_sql, to_json, to_sql};

const READ_ENVIRONMENT: &str = "to read an environment";
const READ_USER: &str = "to read a user";

impl Store {
    /// All environments, oldest first.
    pub async fn environments(&self) -> Result<Vec<EnvironmentRecord>, StoreError> {
        let mut view = self.snapshot().await?;
        sqlx::query("SELECT * FROM environments ORDER BY created_at_ms, environment_id")
            .fetch_all(&mut *view)
            .await
            .map_err(StoreError::database(READ_ENVIRONMENT))?
            .iter()
            .map(environment_of)
            .collect()
    }

    pub async fn environment(&self, id: &str) -> Result<Option<EnvironmentRecord>, StoreError> {
        read_environment(&mut *self.snapshot().await?, id).await
    }

    /// The users of an environment by name.
    pub async fn users(&self, environment_id: &str) -> Result<Vec<UserRecord>, StoreError> {
        let mut view = self.snapshot().await?;
        sqlx::query("SELECT * FROM users WHERE environment_id = $1 ORDER BY user_name")
            .bind(environment_id)
            .fetch_all(&mut *view)
            .await
            .map_err(StoreError::database(READ_USER))?
            .iter()
            .map(user_of)
            .collect()
    }

    pub async fn user(
        &self,
        environment_id: &str,
        user_name: &str,
    ) -> Result<Option<UserRecord>, StoreError> {
        read_user(&mut *self.snapshot().await?, environment_id, user_name).await
    }
}

impl WriteTransaction {
    pub async fn environment(&mut self, id: &str) -> Result<Option<EnvironmentRecord>, StoreError> {
        read_environment(self.connection(), id).await
    }

    /// How many environments there are.
    pub async fn environment_count(&mut self) -> Result<u64, StoreError> {
        let row = sqlx::query("SELECT COUNT(*) AS total FROM environments")
            .fetch_one(self.connection())
            .await
            .map_err(StoreError::database(READ_ENVIRONMENT))?;
        count_of(&row)
    }

    /// Inserts an environment or replaces it.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when another environment has the name.
    pub async fn put_environment(&mut self, record: &EnvironmentRecord) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO environments (environment_id, name, description, kms_key_id, phase_json, \
             created_at_ms, modified_at_ms) VALUES ($1, $2, $3, $4, $5, $6, $7) \
             ON CONFLICT (environment_id) DO UPDATE SET name = excluded.name, \
             description = excluded.description, phase_json = excluded.phase_json, \
             modified_at_ms = excluded.modified_at_ms",
        )
        .bind(&record.environment_id)
        .bind(&record.name)
        .bind(&record.description)
        .bind(&record.kms_key_id)
        .bind(to_json("environments", &record.phase)?)
        .bind(to_sql(record.created_at_ms))
        .bind(to_sql(record.modified_at_ms))
        .execute(self.connection())
        .await
        .map_err(StoreError::database("an environment of this name"))?;
        Ok(())
    }

    /// Removes an environment and its users. Its clusters must be gone.
    pub async fn delete_environment(&mut self, id: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM environments WHERE environment_id = $1")
            .bind(id)
            .execute(self.connection())
            .await
            .map_err(StoreError::database("to delete an environment"))?;
        Ok(())
    }

    pub async fn user(
        &mut self,
        environment_id: &str,
        user_name: &str,
    ) -> Result<Option<UserRecord>, StoreError> {
        read_user(self.connection(), environment_id, user_name).await
    }

    pub async fn user_count(&mut self, environment_id: &str) -> Result<u64, StoreError> {
        let row = sqlx::query("SELECT COUNT(*) AS total FROM users WHERE environment_id = $1")
            .bind(environment_id)
            .fetch_one(self.connection())
            .await
            .map_err(StoreError::database(READ_USER))?;
        count_of(&row)
    }

    /// Inserts a user or changes its role.
    pub async fn put_user(&mut self, record: &UserRecord) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO users (environment_id, user_name, iam_role, created_at_ms, modified_at_ms) \
             VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (environment_id, user_name) DO UPDATE SET iam_role = excluded.iam_role, \
             modified_at_ms = excluded.modified_at_ms",
        )
        .bind(&record.environment_id)
        .bind(&record.user_name)
        .bind(&record.iam_role)
        .bind(to_sql(record.created_at_ms))
        .bind(to_sql(record.modified_at_ms))
        .execute(self.connection())
        .await
        .map_err(StoreError::database("a user"))?;
        Ok(())
    }

    pub async fn delete_user(
        &mut self,
        environment_id: &str,
        user_name: &str,
    ) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM users WHERE environment_id = $1 AND user_name = $2")
            .bind(environment_id)
            .bind(user_name)
            .execute(self.connection())
            .await
            .map_err(StoreError::database("to delete a user"))?;
        Ok(())
    }
}

pub(crate) fn count_of(row: &SqliteRow) -> Result<u64, StoreError> {
    from_sql(
        "a count",
        row.try_get("total")
            .map_err(StoreError::database("to count"))?,
    )
}

async fn read_environment(
    connection: &mut SqliteConnection,
    id: &str,
) -> Result<Option<EnvironmentRecord>, StoreError> {
    sqlx::query("SELECT * FROM environments WHERE environment_id = $1")
        .bind(id)
        .fetch_optional(connection)
        .await
        .map_err(StoreError::database(READ_ENVIRONMENT))?
        .as_ref()
        .map(environment_of)
        .transpose()
}

fn environment_of(row: &SqliteRow) -> Result<EnvironmentRecord, StoreError> {
    let read = || -> Result<_, sqlx::Error> {
        Ok((
            row.try_get("environment_id")?,
            row.try_get("name")?,
            row.try_get("description")?,
            row.try_get("kms_key_id")?,
            row.try_get::<String, _>("phase_json")?,
            row.try_get::<i64, _>("created_at_ms")?,
            row.try_get::<i64, _>("modified_at_ms")?,
        ))
    };
    let (environment_id, name, description, kms_key_id, phase, created, modified) =
        read().map_err(StoreError::database(READ_ENVIRONMENT))?;
    Ok(EnvironmentRecord {
        environment_id,
        name,
        description,
        kms_key_id,
        phase: from_json("environments", &phase)?,
        created_at_ms: from_sql("environments", created)?,
        modified_at_ms: from_sql("environments", modified)?,
    })
}

async fn read_user(
    connection: &mut SqliteConnection,
    environment_id: &str,
    user_name: &str,
) -> Result<Option<UserRecord>, StoreError> {
    sqlx::query("SELECT * FROM users WHERE environment_id = $1 AND user_name = $2")
        .bind(environment_id)
        .bind(user_name)
        .fetch_optional(connection)
        .await
        .map_err(StoreError::database(READ_USER))?
        .as_ref()
        .map(user_of)
        .transpose()
}

fn user_of(row: &SqliteRow) -> Result<UserRecord, StoreError> {
    let read = || -> Result<_, sqlx::Error> {
        Ok((
            row.try_get("environment_id")?,
            row.try_get("user_name")?,
            row.try_get("iam_role")?,
            row.try_get::<i64, _>("created_at_ms")?,
            row.try_get::<i64, _>("modified_at_ms")?,
        ))
    };
    let (environment_id, user_name, iam_role, created, modified) =
        read().map_err(StoreError::database(READ_USER))?;
    Ok(UserRecord {
        environment_id,
        user_name,
        iam_role,
        created_at_ms: from_sql("users", created)?,
        modified_at_ms: from_sql("users", modified)?,
    })
}
