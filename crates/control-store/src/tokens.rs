//! Idempotency tokens: the same token with the same request is answered with the first answer and done once.
//!
//! A token is checked and remembered in the write transaction that does the work, so two requests at the same time
//! and a crash between doing and answering are covered as well.

use sqlx::Row;

use crate::store::{StoreError, WriteTransaction, from_json, from_sql, to_json, to_sql};

/// How long a token is remembered, in milliseconds: 10 minutes.
pub const IDEMPOTENCY_TOKEN_LIFE_MS: u64 = 10 * 60 * 1000;

/// A client's token with what it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyToken {
    pub operation: String,
    pub token: String,
    /// Digest of the request without the token.
    pub request_hash: String,
}

/// What is known of a token.
#[derive(Debug, Clone, PartialEq)]
pub enum Replay {
    /// Not seen within its life: do the work.
    New,
    /// The same request was done; this was its answer.
    Done(serde_json::Value),
    /// The token belongs to another request.
    OtherRequest,
}

impl WriteTransaction {
    pub async fn replay(
        &mut self,
        token: &IdempotencyToken,
        now_ms: u64,
    ) -> Result<Replay, StoreError> {
        let what = "to read an idempotency token";
        let row = sqlx::query(
            "SELECT request_hash, answer_json, created_at_ms FROM idempotency_tokens \
             WHERE operation = $1 AND token = $2",
        )
        .bind(&token.operation)
        .bind(&token.token)
        .fetch_optional(self.connection())
        .await
        .map_err(StoreError::database(what))?;
        let Some(row) = row else {
            return Ok(Replay::New);
        };
        let created: i64 = row
            .try_get("created_at_ms")
            .map_err(StoreError::database(what))?;
        if from_sql("idempotency_tokens", created)?.saturating_add(IDEMPOTENCY_TOKEN_LIFE_MS)
            <= now_ms
        {
            return Ok(Replay::New);
        }
        let hash: String = row
            .try_get("request_hash")
            .map_err(StoreError::database(what))?;
        if hash != token.request_hash {
            return Ok(Replay::OtherRequest);
        }
        let answer: String = row
            .try_get("answer_json")
            .map_err(StoreError::database(what))?;
        Ok(Replay::Done(from_json("idempotency_tokens", &answer)?))
    }

    /// Keeps the answer under the token and forgets tokens whose life is over.
    pub async fn remember(
        &mut self,
        token: &IdempotencyToken,
        answer: &serde_json::Value,
        now_ms: u64,
    ) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM idempotency_tokens WHERE created_at_ms <= $1")
            .bind(to_sql(now_ms.saturating_sub(IDEMPOTENCY_TOKEN_LIFE_MS)))
            .execute(self.connection())
            .await
            .map_err(StoreError::database("to forget idempotency tokens"))?;
        sqlx::query(
            "INSERT INTO idempotency_tokens (operation, token, request_hash, answer_json, created_at_ms) \
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(&token.operation)
        .bind(&token.token)
        .bind(&token.request_hash)
        .bind(to_json("idempotency_tokens", answer)?)
        .bind(to_sql(now_ms))
        .execute(self.connection())
        .await
        .map_err(StoreError::database("an idempotency token"))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Store;

    #[tokio::test]
    async fn a_token_answers_for_ten_minutes_and_for_its_request_only() {
        let store = Store::in_memory().await.unwrap();
        let token = IdempotencyToken {
            operation: "CreateKxUser".into(),
            token: "t".into(),
            request_hash: "h".into(),
        };
        let other = IdempotencyToken {
            request_hash: "x".into(),
            ..token.clone()
        };
        let answer = serde_json::json!({"userName": "u"});
        let mut transaction = store.begin().await.unwrap();
        assert_eq!(transaction.replay(&token, 1000).await.unwrap(), Replay::New);
        transaction.remember(&token, &answer, 1000).await.unwrap();
        transaction.commit().await.unwrap();

        let end = 1000 + IDEMPOTENCY_TOKEN_LIFE_MS;
        let mut transaction = store.begin().await.unwrap();
        assert_eq!(
            transaction.replay(&token, end - 1).await.unwrap(),
            Replay::Done(answer.clone())
        );
        assert_eq!(
            transaction.replay(&other, end - 1).await.unwrap(),
            Replay::OtherRequest
        );
        assert_eq!(transaction.replay(&other, end).await.unwrap(), Replay::New);
        transaction.remember(&other, &answer, end).await.unwrap();
        assert_eq!(
            transaction.replay(&token, end).await.unwrap(),
            Replay::OtherRequest
        );
    }

    #[tokio::test]
    async fn nothing_is_remembered_without_a_commit() {
        let store = Store::in_memory().await.unwrap();
        let token = IdempotencyToken {
            operation: "CreateKxUser".into(),
            token: "t".into(),
            request_hash: "h".into(),
        };
        let mut transaction = store.begin().await.unwrap();
        transaction
            .remember(&token, &serde_json::json!({}), 5)
            .await
            .unwrap();
        drop(transaction);
        let mut transaction = store.begin().await.unwrap();
        assert_eq!(transaction.replay(&token, 6).await.unwrap(), Replay::New);
    }
}
