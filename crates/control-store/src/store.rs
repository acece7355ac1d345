//! Opening the database, write transactions, settings.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Row, Sqlite, SqlitePool, Transaction};
use tokio::sync::{Mutex, OwnedMutexGuard};

/// Connections for reading beside the one writer.
const POOL_CONNECTIONS_MAX: u32 = 5;
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Failures of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("cannot open the database {path}")]
    Open {
        path: String,
        #[source]
        source: sqlx::Error,
    },
    #[error("cannot bring the database to this version's schema")]
    Migrate {
        #[source]
        source: sqlx::migrate::MigrateError,
    },
    #[error("the database refused {what}")]
    Database {
        what: &'static str,
        #[source]
        source: sqlx::Error,
    },
    /// Somebody else has written in between; read again.
    #[error("cluster {cluster_name} has changed since it was read")]
    Stale { cluster_name: String },
    /// A row that must be unique exists already.
    #[error("{what} exists already")]
    Exists { what: &'static str },
    #[error("the database holds something unreadable in {what}: {reason}")]
    Corrupt { what: &'static str, reason: String },
}

impl StoreError {
    pub(crate) fn database(what: &'static str) -> impl FnOnce(sqlx::Error) -> StoreError {
        move |source| match &source {
            sqlx::Error::Database(database) if database.is_unique_violation() => {
                StoreError::Exists { what }
            }
            _ => StoreError::Database { what, source },
        }
    }

    pub(crate) fn corrupt(what: &'static str, reason: impl std::fmt::Display) -> StoreError {
        StoreError::Corrupt {
            what,
            reason: reason.to_string(),
        }
    }
}

/// The open database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    pool: SqlitePool,
    writer: Arc<Mutex<()>>,
}

/// The one writer. Dropped without [`WriteTransaction::commit`] it changes nothing.
pub struct WriteTransaction {
    inner: Transaction<'static, Sqlite>,
    // Declared after the transaction, so that it is released after the rollback was queued.
    _writer: OwnedMutexGuard<()>,
}

impl Store {
    /// Opens (and makes, mode 0600) the database file and brings its schema to this version.
    ///
    /// # Errors
    /// [`StoreError::Open`] or [`StoreError::Migrate`], also when a newer version has written it.
    pub async fn open(path: &Path) -> Result<Store, StoreError> {
        let opening = |source| StoreError::Open {
            path: path.display().to_string(),
            source,
        };
        make_private_file(path).map_err(|error| opening(sqlx::Error::Io(error)))?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT)
            .foreign_keys(true);
        let pool = SqlitePoolOptions::new()
            .max_connections(POOL_CONNECTIONS_MAX)
            .connect_with(options)
            .await
            .map_err(opening)?;
        Store::migrated(pool).await
    }

    /// A database that lives in memory as long as this value, for simulations and tests.
    pub async fn in_memory() -> Result<Store, StoreError> {
        let options = SqliteConnectOptions::new()
            .in_memory(true)
            .foreign_keys(true);
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .min_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options)
            .await
            .map_err(|source| StoreError::Open {
                path: ":memory:".into(),
                source,
            })?;
        Store::migrated(pool).await
    }

    async fn migrated(pool: SqlitePool) -> Result<Store, StoreError> {
        sqlx::migrate!("./migrations")
            .run(&pool)
            .await
            .map_err(|source| StoreError::Migrate { source })?;
        Ok(Store {
            pool,
            writer: Arc::new(Mutex::new(())),
        })
    }

    /// Waits for its turn and begins the one write transaction.
    pub async fn begin(&self) -> Result<WriteTransaction, StoreError> {
        let writer = Arc::clone(&self.writer).lock_owned().await;
        let inner = self
            .pool
            .begin_with("BEGIN IMMEDIATE")
            .await
            .map_err(StoreError::database("to begin a write"))?;
        Ok(WriteTransaction {
            inner,
            _writer: writer,
        })
    }

    /// A read-only view of one moment.
    pub(crate) async fn snapshot(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        self.pool
            .begin()
            .await
            .map_err(StoreError::database("to begin a read"))
    }

    /// Closes all connections after what they are doing.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// The value of a setting.
    pub async fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        let mut view = self.snapshot().await?;
        read_setting(&mut view, name).await
    }

    /// The value of a setting; `fresh` is stored and returned when there is none yet.
    pub async fn setting_or_insert(
        &self,
        name: &str,
        fresh: impl FnOnce() -> String + Send,
    ) -> Result<String, StoreError> {
        let mut transaction = self.begin().await?;
        if let Some(value) = read_setting(transaction.connection(), name).await? {
            return Ok(value);
        }
        let value = fresh();
        sqlx::query("INSERT INTO settings (name, value) VALUES ($1, $2)")
            .bind(name)
            .bind(&value)
            .execute(transaction.connection())
            .await
            .map_err(StoreError::database("a setting"))?;
        transaction.commit().await?;
        Ok(value)
    }
}

impl WriteTransaction {
    pub(crate) fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.inner
    }

    /// Makes everything of this transaction durable.
    pub async fn commit(self) -> Result<(), StoreError> {
        self.inner
            .commit()
            .await
            .map_err(StoreError::database("to commit"))
    }
}

async fn read_setting(
    connection: &mut SqliteConnection,
    name: &str,
) -> Result<Option<String>, StoreError> {
    let row = sqlx::query("SELECT value FROM settings WHERE name = $1")
        .bind(name)
        .fetch_optional(connection)
        .await
        .map_err(StoreError::database("to read a setting"))?;
    row.map(|row| {
        row.try_get("value")
            .map_err(StoreError::database("to read a setting"))
    })
    .transpose()
}

/// Makes the file with mode 0600 before SQLite does with the process's mask: it will hold secrets.
fn make_private_file(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
        .map(|_| ())
}

/// SQL integers are signed; all our counts and times fit.
pub(crate) fn to_sql(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(crate) fn from_sql(what: &'static str, number: i64) -> Result<u64, StoreError> {
    u64::try_from(number)
        .map_err(|_| StoreError::corrupt(what, format!("negative number {number}")))
}

pub(crate) fn to_json<T: serde::Serialize>(
    what: &'static str,
    value: &T,
) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::corrupt(what, error))
}

pub(crate) fn from_json<T: serde::de::DeserializeOwned>(
    what: &'static str,
    text: &str,
) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::corrupt(what, error))
}

/// Enumerations without data are stored as their serialised name.
pub(crate) fn to_name<T: serde::Serialize>(
    what: &'static str,
    value: &T,
) -> Result<String, StoreError> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => Ok(name),
        other => Err(StoreError::corrupt(what, format!("not a name: {other:?}"))),
    }
}

pub(crate) fn from_name<T: serde::de::DeserializeOwned>(
    what: &'static str,
    name: String,
) -> Result<T, StoreError> {
    serde_json::from_value(serde_json::Value::String(name))
        .map_err(|error| StoreError::corrupt(what, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_setting_is_made_once_and_survives_reopening() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("control.db");
        let store = Store::open(&path).await.unwrap();
        assert_eq!(store.setting("key").await.unwrap(), None);
        assert_eq!(
            store
                .setting_or_insert("key", || "one".into())
                .await
                .unwrap(),
            "one"
        );
        assert_eq!(
            store
                .setting_or_insert("key", || "two".into())
                .await
                .unwrap(),
            "one"
        );
        store.close().await;
        let again = Store::open(&path).await.unwrap();
        assert_eq!(again.setting("key").await.unwrap().as_deref(), Some("one"));
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
