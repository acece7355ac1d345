//! Tags of resources, by their ARN.

use std::collections::BTreeMap;

use sqlx::Row;
use sqlx::sqlite::SqliteConnection;

use crate::store::{Store, StoreError, WriteTransaction};

impl Store {
    pub async fn tags(&self, resource_arn: &str) -> Result<BTreeMap<String, String>, StoreError> {
        read_tags(&mut *self.snapshot().await?, resource_arn).await
    }
}

impl WriteTransaction {
    pub async fn tags(
        &mut self,
        resource_arn: &str,
    ) -> Result<BTreeMap<String, String>, StoreError> {
        read_tags(self.connection(), resource_arn).await
    }

    /// Adds tags, replacing the values of keys that exist.
    pub async fn put_tags(
        &mut self,
        resource_arn: &str,
        tags: &BTreeMap<String, String>,
    ) -> Result<(), StoreError> {
        for (key, value) in tags {
            sqlx::query(
                "INSERT INTO tags (resource_arn, tag_key, tag_value) VALUES ($1, $2, $3) \
                 ON CONFLICT (resource_arn, tag_key) DO UPDATE SET tag_value = excluded.tag_value",
            )
            .bind(resource_arn)
            .bind(key)
            .bind(value)
            .execute(self.connection())
            .await
            .map_err(StoreError::database("a tag"))?;
        }
        Ok(())
    }

    pub async fn delete_tag(&mut self, resource_arn: &str, key: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM tags WHERE resource_arn = $1 AND tag_key = $2")
            .bind(resource_arn)
            .bind(key)
            .execute(self.connection())
            .await
            .map_err(StoreError::database("to delete a tag"))?;
        Ok(())
    }

    /// Removes the tags of a resource and of everything below it.
    pub async fn delete_tags_below(&mut self, resource_arn: &str) -> Result<(), StoreError> {
        sqlx::query(
            "DELETE FROM tags WHERE resource_arn = $1 \
             OR substr(resource_arn, 1, length($1) + 1) = $1 || '/'",
        )
        .bind(resource_arn)
        .execute(self.connection())
        .await
        .map_err(StoreError::database("to delete tags"))?;
        Ok(())
    }
}

async fn read_tags(
    connection: &mut SqliteConnection,
    resource_arn: &str,
) -> Result<BTreeMap<String, String>, StoreError> {
    let rows = sqlx::query("SELECT tag_key, tag_value FROM tags WHERE resource_arn = $1")
        .bind(resource_arn)
        .fetch_all(connection)
        .await
        .map_err(StoreError::database("to read tags"))?;
    rows.iter()
        .map(|row| Ok((row.try_get("tag_key")?, row.try_get("tag_value")?)))
        .collect::<Result<_, sqlx::Error>>()
        .map_err(StoreError::database("to read tags"))
}
