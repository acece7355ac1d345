//! Client tokens: same token and same request, first answer; same token and another request, ConflictException.

use control_store::{IdempotencyToken, Replay, Store, WriteTransaction};
use finspace_model::ApiError;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::errors::from_store;

/// A write that is done at most once per client token.
pub(crate) struct Once {
    token: Option<IdempotencyToken>,
}

/// Whether the work is to be done.
pub(crate) enum Begun {
    New(WriteTransaction),
    Answered(Value),
}

impl Once {
    /// The token of a request, if it has one. Its hash covers everything else in the request.
    pub(crate) fn of(operation: &str, input: &Value) -> Once {
        let token = input
            .get("clientToken")
            .and_then(Value::as_str)
            .map(|token| {
                let mut text = String::new();
                write_canonical(input, &mut text, true);
                IdempotencyToken {
                    operation: operation.to_owned(),
                    token: token.to_owned(),
                    request_hash: hex::encode(Sha256::digest(text)),
                }
            });
        Once { token }
    }

    /// The first answer when the request was done before.
    pub(crate) async fn answered(
        &self,
        store: &Store,
        now_ms: u64,
    ) -> Result<Option<Value>, ApiError> {
        if self.token.is_none() {
            return Ok(None);
        }
        match self.begin(store, now_ms).await? {
            Begun::New(_) => Ok(None),
            Begun::Answered(answer) => Ok(Some(answer)),
        }
    }

    /// The outcome; a refusal gives way to the first answer when the same request was done meanwhile by somebody else,
    /// for it may be that very deed for which this one was refused.
    pub(crate) async fn or_answered(
        &self,
        outcome: Result<Value, ApiError>,
        store: &Store,
        now_ms: u64,
    ) -> Result<Value, ApiError> {
        match outcome {
            Ok(answer) => Ok(answer),
            Err(refusal) => match self.answered(store, now_ms).await {
                Ok(Some(first)) => Ok(first),
                Ok(None) | Err(_) => Err(refusal),
            },
        }
    }

    /// Begins the write, unless it was done before.
    pub(crate) async fn begin(&self, store: &Store, now_ms: u64) -> Result<Begun, ApiError> {
        let mut transaction = store.begin().await.map_err(from_store)?;
        let Some(token) = &self.token else {
            return Ok(Begun::New(transaction));
        };
        match transaction
            .replay(token, now_ms)
            .await
            .map_err(from_store)?
        {
            Replay::New => Ok(Begun::New(transaction)),
            Replay::Done(answer) => Ok(Begun::Answered(answer)),
            Replay::OtherRequest => {
                let text = format!(
                    "The clientToken {} was used for another {} request within the last 10 minutes. Use a new token for a new request",
                    token.token, token.operation
                );
                Err(ApiError::conflict(text.clone(), text))
            }
        }
    }

    /// Keeps the answer under the token and makes the whole write durable.
    pub(crate) async fn finish(
        &self,
        mut transaction: WriteTransaction,
        answer: Value,
        now_ms: u64,
    ) -> Result<Value, ApiError> {
        if let Some(token) = &self.token {
            transaction
                .remember(token, &answer, now_ms)
                .await
                .map_err(from_store)?;
        }
        transaction.commit().await.map_err(from_store)?;
        Ok(answer)
    }
}

/// JSON with sorted keys, so that equal requests have equal texts; the token itself is left out at the top.
fn write_canonical(value: &Value, text: &mut String, top: bool) {
    match value {
        Value::Object(members) => {
            let mut keys: Vec<&String> = members.keys().collect();
            keys.sort();
            text.push('{');
            for key in keys
                .into_iter()
                .filter(|key| !(top && *key == "clientToken"))
            {
                text.push_str(&Value::String(key.clone()).to_string());
                text.push(':');
                write_canonical(&members[key], text, false);
                text.push(',');
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for item in items {
                write_canonical(item, text, false);
                text.push(',');
            }
            text.push(']');
        }
        atom => text.push_str(&atom.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_hash_covers_everything_but_the_token_and_the_order() {
        let hash = |value: Value| Once::of("Op", &value).token.unwrap().request_hash;
        let first = hash(json!({"clientToken": "t", "a": 1, "b": {"x": [1, 2], "y": null}}));
        assert_eq!(
            first,
            hash(json!({"b": {"y": null, "x": [1, 2]}, "a": 1, "clientToken": "u"}))
        );
        assert_ne!(
            first,
            hash(json!({"clientToken": "t", "a": 1, "b": {"x": [2, 1], "y": null}}))
        );
        assert_ne!(
            first,
            hash(json!({"clientToken": "t", "a": 2, "b": {"x": [1, 2], "y": null}}))
        );
        assert!(Once::of("Op", &json!({"a": 1})).token.is_none());
    }
}
