//! Clusters with their nodes, revisions and deployments.

use sqlx::Row;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use crate::environments::count_of;
use crate::records::{ClusterRecord, ClusterState, DeploymentRecord, NodeRecord, RevisionRecord};
use crate::store::{
    Store, StoreError, WriteTransaction, from_json, from_name, from_sql, to_json, to_name, to_sql,
};

const READ_CLUSTER: &str = "to read a cluster";
const READ_NODE: &str = "to read a node";
const READ_REVISION: &str = "to read a revision";
const READ_DEPLOYMENT: &str = "to read a deployment";

impl Store {
    /// Environment id and name of every cluster.
    pub async fn cluster_keys(&self) -> Result<Vec<(String, String)>, StoreError> {
        let mut view = self.snapshot().await?;
        sqlx::query("SELECT environment_id, cluster_name FROM clusters ORDER BY environment_id, cluster_name")
            .fetch_all(&mut *view)
            .await
            .map_err(StoreError::database(READ_CLUSTER))?
            .iter()
            .map(|row| Ok((row.try_get("environment_id")?, row.try_get("cluster_name")?)))
            .collect::<Result<_, sqlx::Error>>()
            .map_err(StoreError::database(READ_CLUSTER))
    }

    /// Every cluster of an environment with its state, by name.
    pub async fn cluster_states(
        &self,
        environment_id: &str,
    ) -> Result<Vec<ClusterState>, StoreError> {
        read_states(&mut *self.snapshot().await?, environment_id).await
    }

    pub async fn cluster_state(
        &self,
        environment_id: &str,
        cluster_name: &str,
    ) -> Result<Option<ClusterState>, StoreError> {
        read_state(&mut *self.snapshot().await?, environment_id, cluster_name).await
    }

    pub async fn revision(
        &self,
        environment_id: &str,
        cluster_name: &str,
        number: u64,
    ) -> Result<Option<RevisionRecord>, StoreError> {
        read_revision(
            &mut *self.snapshot().await?,
            environment_id,
            cluster_name,
            number,
        )
        .await
    }

    /// The revisions of a cluster, oldest first.
    pub async fn revisions(
        &self,
        environment_id: &str,
        cluster_name: &str,
    ) -> Result<Vec<RevisionRecord>, StoreError> {
        let mut view = self.snapshot().await?;
        sqlx::query(
            "SELECT * FROM revisions WHERE environment_id = $1 AND cluster_name = $2 ORDER BY number",
        )
        .bind(environment_id)
        .bind(cluster_name)
        .fetch_all(&mut *view)
        .await
        .map_err(StoreError::database(READ_REVISION))?
        .iter()
        .map(revision_of)
        .collect()
    }

    /// The deployments of a cluster, newest first.
    pub async fn deployments(
        &self,
        environment_id: &str,
        cluster_name: &str,
    ) -> Result<Vec<DeploymentRecord>, StoreError> {
        let mut view = self.snapshot().await?;
        sqlx::query(
            "SELECT * FROM deployments WHERE environment_id = $1 AND cluster_name = $2 \
             ORDER BY number DESC",
        )
        .bind(environment_id)
        .bind(cluster_name)
        .fetch_all(&mut *view)
        .await
        .map_err(StoreError::database(READ_DEPLOYMENT))?
        .iter()
        .map(deployment_of)
        .collect()
    }

    /// Digests of all code that some revision needs.
    pub async fn code_digests_in_use(&self) -> Result<Vec<String>, StoreError> {
        let mut view = self.snapshot().await?;
        let rows = sqlx::query("SELECT * FROM revisions WHERE code_json IS NOT NULL")
            .fetch_all(&mut *view)
            .await
            .map_err(StoreError::database(READ_REVISION))?;
        let mut digests = Vec::with_capacity(rows.len());
        for row in &rows {
            digests.extend(revision_of(row)?.code.map(|code| code.sha256));
        }
        digests.sort();
        digests.dedup();
        Ok(digests)
    }
}

impl WriteTransaction {
    /// Every cluster of an environment with its state, by name.
    pub async fn cluster_states(
        &mut self,
        environment_id: &str,
    ) -> Result<Vec<ClusterState>, StoreError> {
        read_states(self.connection(), environment_id).await
    }

    pub async fn cluster_state(
        &mut self,
        environment_id: &str,
        cluster_name: &str,
    ) -> Result<Option<ClusterState>, StoreError> {
        read_state(self.connection(), environment_id, cluster_name).await
    }

    pub async fn cluster_count(&mut self, environment_id: &str) -> Result<u64, StoreError> {
        let row = sqlx::query("SELECT COUNT(*) AS total FROM clusters WHERE environment_id = $1")
            .bind(environment_id)
            .fetch_one(self.connection())
            .await
            .map_err(StoreError::database(READ_CLUSTER))?;
        count_of(&row)
    }

    pub async fn revision(
        &mut self,
        environment_id: &str,
        cluster_name: &str,
        number: u64,
    ) -> Result<Option<RevisionRecord>, StoreError> {
        read_revision(self.connection(), environment_id, cluster_name, number).await
    }

    /// Number of the newest revision, 0 when there is none.
    pub async fn newest_revision(
        &mut self,
        environment_id: &str,
        cluster_name: &str,
    ) -> Result<u64, StoreError> {
        let row = sqlx::query(
            "SELECT COALESCE(MAX(number), 0) AS total FROM revisions \
             WHERE environment_id = $1 AND cluster_name = $2",
        )
        .bind(environment_id)
        .bind(cluster_name)
        .fetch_one(self.connection())
        .await
        .map_err(StoreError::database(READ_REVISION))?;
        count_of(&row)
    }

    /// Inserts a cluster with its first revision, its nodes and the deployment that creates it.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when the environment has a cluster of this name.
    pub async fn insert_cluster(
        &mut self,
        state: &ClusterState,
        revision: &RevisionRecord,
    ) -> Result<(), StoreError> {
        let cluster = &state.cluster;
        sqlx::query(
            "INSERT INTO clusters (environment_id, cluster_name, cluster_type, specification_json, \
             node_count, cluster_port, phase_json, generation, version, current_revision, \
             created_at_ms, modified_at_ms) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        )
        .bind(&cluster.environment_id)
        .bind(&cluster.cluster_name)
        .bind(&cluster.cluster_type)
        .bind(to_json("clusters", &cluster.specification)?)
        .bind(i64::from(cluster.node_count))
        .bind(cluster.cluster_port.map(i64::from))
        .bind(to_json("clusters", &cluster.phase)?)
        .bind(to_sql(cluster.generation))
        .bind(to_sql(cluster.version))
        .bind(to_sql(cluster.current_revision))
        .bind(to_sql(cluster.created_at_ms))
        .bind(to_sql(cluster.modified_at_ms))
        .execute(self.connection())
        .await
        .map_err(StoreError::database("a cluster of this name"))?;
        self.insert_revision(&cluster.environment_id, &cluster.cluster_name, revision)
            .await?;
        self.put_nodes(state).await?;
        self.put_deployment(
            &cluster.environment_id,
            &cluster.cluster_name,
            &state.deployment,
        )
        .await
    }

    pub async fn insert_revision(
        &mut self,
        environment_id: &str,
        cluster_name: &str,
        revision: &RevisionRecord,
    ) -> Result<(), StoreError> {
        let code = revision
            .code
            .as_ref()
            .map(|code| to_json("revisions", code))
            .transpose()?;
        sqlx::query(
            "INSERT INTO revisions (environment_id, cluster_name, number, code_json, \
             initialization_script, command_line_arguments_json, created_at_ms) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(environment_id)
        .bind(cluster_name)
        .bind(to_sql(revision.number))
        .bind(code)
        .bind(&revision.initialization_script)
        .bind(to_json("revisions", &revision.command_line_arguments)?)
        .bind(to_sql(revision.created_at_ms))
        .execute(self.connection())
        .await
        .map_err(StoreError::database("a revision of this number"))?;
        Ok(())
    }

    /// Replaces the state of a cluster that was read at `state.cluster.version`; the stored version is one higher.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when somebody has written in between or the cluster is gone;
    /// [`StoreError::Exists`] when the port belongs to another cluster.
    pub async fn replace_cluster_state(&mut self, state: &ClusterState) -> Result<(), StoreError> {
        let cluster = &state.cluster;
        let changed = sqlx::query(
            "UPDATE clusters SET cluster_port = $1, phase_json = $2, generation = $3, \
             version = version + 1, current_revision = $4, modified_at_ms = $5 \
             WHERE environment_id = $6 AND cluster_name = $7 AND version = $8",
        )
        .bind(cluster.cluster_port.map(i64::from))
        .bind(to_json("clusters", &cluster.phase)?)
        .bind(to_sql(cluster.generation))
        .bind(to_sql(cluster.current_revision))
        .bind(to_sql(cluster.modified_at_ms))
        .bind(&cluster.environment_id)
        .bind(&cluster.cluster_name)
        .bind(to_sql(cluster.version))
        .execute(self.connection())
        .await
        .map_err(StoreError::database("this cluster port"))?
        .rows_affected();
        if changed != 1 {
            return Err(StoreError::Stale {
                cluster_name: cluster.cluster_name.clone(),
            });
        }
        self.put_nodes(state).await?;
        self.put_deployment(
            &cluster.environment_id,
            &cluster.cluster_name,
            &state.deployment,
        )
        .await
    }

    /// Removes a cluster, its nodes, revisions and deployments, if it still has the version that was read.
    ///
    /// # Errors
    /// [`StoreError::Stale`] as for [`WriteTransaction::replace_cluster_state`].
    pub async fn delete_cluster(&mut self, cluster: &ClusterRecord) -> Result<(), StoreError> {
        let changed = sqlx::query(
            "DELETE FROM clusters WHERE environment_id = $1 AND cluster_name = $2 AND version = $3",
        )
        .bind(&cluster.environment_id)
        .bind(&cluster.cluster_name)
        .bind(to_sql(cluster.version))
        .execute(self.connection())
        .await
        .map_err(StoreError::database("to delete a cluster"))?
        .rows_affected();
        if changed == 1 {
            Ok(())
        } else {
            Err(StoreError::Stale {
                cluster_name: cluster.cluster_name.clone(),
            })
        }
    }

    async fn put_nodes(&mut self, state: &ClusterState) -> Result<(), StoreError> {
        for node in &state.nodes {
            sqlx::query(
                "INSERT INTO nodes (node_id, environment_id, cluster_name, ordinal, \
                 availability_zone_id, target_revision, target_apply, target_generation, \
                 launch_attempts, next_launch_at_ms, launch_error, created_at_ms, retired_at_ms) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) \
                 ON CONFLICT (node_id) DO UPDATE SET target_revision = excluded.target_revision, \
                 target_apply = excluded.target_apply, \
                 target_generation = excluded.target_generation, \
                 launch_attempts = excluded.launch_attempts, \
                 next_launch_at_ms = excluded.next_launch_at_ms, \
                 launch_error = excluded.launch_error, retired_at_ms = excluded.retired_at_ms",
            )
            .bind(&node.node_id)
            .bind(&state.cluster.environment_id)
            .bind(&state.cluster.cluster_name)
            .bind(i64::from(node.ordinal))
            .bind(&node.availability_zone_id)
            .bind(to_sql(node.target_revision))
            .bind(to_name("nodes", &node.target_apply)?)
            .bind(to_sql(node.target_generation))
            .bind(i64::from(node.launch_attempts))
            .bind(to_sql(node.next_launch_at_ms))
            .bind(&node.launch_error)
            .bind(to_sql(node.created_at_ms))
            .bind(node.retired_at_ms.map(to_sql))
            .execute(self.connection())
            .await
            .map_err(StoreError::database("a node"))?;
        }
        Ok(())
    }

    async fn put_deployment(
        &mut self,
        environment_id: &str,
        cluster_name: &str,
        deployment: &DeploymentRecord,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO deployments (environment_id, cluster_name, number, kind, strategy, \
             from_revision, to_revision, state, reason, steps_json, started_at_ms, ended_at_ms) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
             ON CONFLICT (environment_id, cluster_name, number) DO UPDATE SET \
             state = excluded.state, reason = excluded.reason, steps_json = excluded.steps_json, \
             ended_at_ms = excluded.ended_at_ms",
        )
        .bind(environment_id)
        .bind(cluster_name)
        .bind(to_sql(deployment.number))
        .bind(to_name("deployments", &deployment.kind)?)
        .bind(to_name("deployments", &deployment.strategy)?)
        .bind(deployment.from_revision.map(to_sql))
        .bind(to_sql(deployment.to_revision))
        .bind(to_name("deployments", &deployment.state)?)
        .bind(&deployment.reason)
        .bind(to_json("deployments", &deployment.steps)?)
        .bind(to_sql(deployment.started_at_ms))
        .bind(deployment.ended_at_ms.map(to_sql))
        .execute(self.connection())
        .await
        .map_err(StoreError::database("a deployment"))?;
        Ok(())
    }
}

async fn read_state(
    connection: &mut SqliteConnection,
    environment_id: &str,
    cluster_name: &str,
) -> Result<Option<ClusterState>, StoreError> {
    let row = sqlx::query("SELECT * FROM clusters WHERE environment_id = $1 AND cluster_name = $2")
        .bind(environment_id)
        .bind(cluster_name)
        .fetch_optional(&mut *connection)
        .await
        .map_err(StoreError::database(READ_CLUSTER))?;
    match row {
        Some(row) => Ok(Some(complete(connection, cluster_of(&row)?).await?)),
        None => Ok(None),
    }
}

async fn read_states(
    connection: &mut SqliteConnection,
    environment_id: &str,
) -> Result<Vec<ClusterState>, StoreError> {
    let rows =
        sqlx::query("SELECT * FROM clusters WHERE environment_id = $1 ORDER BY cluster_name")
            .bind(environment_id)
            .fetch_all(&mut *connection)
            .await
            .map_err(StoreError::database(READ_CLUSTER))?;
    let mut states = Vec::with_capacity(rows.len());
    for row in &rows {
        states.push(complete(connection, cluster_of(row)?).await?);
    }
    Ok(states)
}

/// Adds the nodes and the newest deployment.
async fn complete(
    connection: &mut SqliteConnection,
    cluster: ClusterRecord,
) -> Result<ClusterState, StoreError> {
    let nodes = sqlx::query(
        "SELECT * FROM nodes WHERE environment_id = $1 AND cluster_name = $2 \
         ORDER BY ordinal, created_at_ms, node_id",
    )
    .bind(&cluster.environment_id)
    .bind(&cluster.cluster_name)
    .fetch_all(&mut *connection)
    .await
    .map_err(StoreError::database(READ_NODE))?
    .iter()
    .map(node_of)
    .collect::<Result<Vec<_>, _>>()?;
    let deployment = sqlx::query(
        "SELECT * FROM deployments WHERE environment_id = $1 AND cluster_name = $2 \
         ORDER BY number DESC LIMIT 1",
    )
    .bind(&cluster.environment_id)
    .bind(&cluster.cluster_name)
    .fetch_optional(&mut *connection)
    .await
    .map_err(StoreError::database(READ_DEPLOYMENT))?
    .ok_or_else(|| StoreError::corrupt("deployments", "a cluster without any"))?;
    let deployment = deployment_of(&deployment)?;
    Ok(ClusterState {
        cluster,
        nodes,
        deployment,
    })
}

async fn read_revision(
    connection: &mut SqliteConnection,
    environment_id: &str,
    cluster_name: &str,
    number: u64,
) -> Result<Option<RevisionRecord>, StoreError> {
    sqlx::query(
        "SELECT * FROM revisions WHERE environment_id = $1 AND cluster_name = $2 AND number = $3",
    )
    .bind(environment_id)
    .bind(cluster_name)
    .bind(to_sql(number))
    .fetch_optional(connection)
    .await
    .map_err(StoreError::database(READ_REVISION))?
    .as_ref()
    .map(revision_of)
    .transpose()
}

/// Reads the columns of one row of one table; `what` is for the error.
struct Columns<'r> {
    row: &'r SqliteRow,
    table: &'static str,
}

impl Columns<'_> {
    fn text(&self, name: &str) -> Result<String, StoreError> {
        self.row
            .try_get(name)
            .map_err(StoreError::database("to read a row"))
    }

    fn optional_text(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.row
            .try_get(name)
            .map_err(StoreError::database("to read a row"))
    }

    fn number(&self, name: &str) -> Result<u64, StoreError> {
        from_sql(
            self.table,
            self.row
                .try_get(name)
                .map_err(StoreError::database("to read a row"))?,
        )
    }

    fn optional_number(&self, name: &str) -> Result<Option<u64>, StoreError> {
        let number: Option<i64> = self
            .row
            .try_get(name)
            .map_err(StoreError::database("to read a row"))?;
        number
            .map(|number| from_sql(self.table, number))
            .transpose()
    }

    fn small<T: TryFrom<u64>>(&self, name: &str) -> Result<T, StoreError> {
        T::try_from(self.number(name)?)
            .map_err(|_| StoreError::corrupt(self.table, format!("{name} is too large")))
    }

    fn json<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<T, StoreError> {
        from_json(self.table, &self.text(name)?)
    }

    fn name<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<T, StoreError> {
        from_name(self.table, self.text(name)?)
    }
}

fn cluster_of(row: &SqliteRow) -> Result<ClusterRecord, StoreError> {
    let columns = Columns {
        row,
        table: "clusters",
    };
    Ok(ClusterRecord {
        environment_id: columns.text("environment_id")?,
        cluster_name: columns.text("cluster_name")?,
        cluster_type: columns.text("cluster_type")?,
        specification: columns.json("specification_json")?,
        node_count: columns.small("node_count")?,
        cluster_port: match columns.optional_number("cluster_port")? {
            Some(port) => Some(
                u16::try_from(port)
                    .map_err(|_| StoreError::corrupt("clusters", "port too large"))?,
            ),
            None => None,
        },
        phase: columns.json("phase_json")?,
        generation: columns.number("generation")?,
        version: columns.number("version")?,
        current_revision: columns.number("current_revision")?,
        created_at_ms: columns.number("created_at_ms")?,
        modified_at_ms: columns.number("modified_at_ms")?,
    })
}

fn node_of(row: &SqliteRow) -> Result<NodeRecord, StoreError> {
    let columns = Columns {
        row,
        table: "nodes",
    };
    Ok(NodeRecord {
        node_id: columns.text("node_id")?,
        ordinal: columns.small("ordinal")?,
        availability_zone_id: columns.text("availability_zone_id")?,
        target_revision: columns.number("target_revision")?,
        target_apply: columns.name("target_apply")?,
        target_generation: columns.number("target_generation")?,
        launch_attempts: columns.small("launch_attempts")?,
        next_launch_at_ms: columns.number("next_launch_at_ms")?,
        launch_error: columns.optional_text("launch_error")?,
        created_at_ms: columns.number("created_at_ms")?,
        retired_at_ms: columns.optional_number("retired_at_ms")?,
    })
}

fn revision_of(row: &SqliteRow) -> Result<RevisionRecord, StoreError> {
    let columns = Columns {
        row,
        table: "revisions",
    };
    Ok(RevisionRecord {
        number: columns.number("number")?,
        code: columns
            .optional_text("code_json")?
            .map(|text| from_json("revisions", &text))
            .transpose()?,
        initialization_script: columns.optional_text("initialization_script")?,
        command_line_arguments: columns.json("command_line_arguments_json")?,
        created_at_ms: columns.number("created_at_ms")?,
    })
}

fn deployment_of(row: &SqliteRow) -> Result<DeploymentRecord, StoreError> {
    let columns = Columns {
        row,
        table: "deployments",
    };
    Ok(DeploymentRecord {
        number: columns.number("number")?,
        kind: columns.name("kind")?,
        strategy: columns.name("strategy")?,
        from_revision: columns.optional_number("from_revision")?,
        to_revision: columns.number("to_revision")?,
        state: columns.name("state")?,
        reason: columns.optional_text("reason")?,
        steps: columns.json("steps_json")?,
        started_at_ms: columns.number("started_at_ms")?,
        ended_at_ms: columns.optional_number("ended_at_ms")?,
    })
}

#[cfg(test)]
mod tests;
