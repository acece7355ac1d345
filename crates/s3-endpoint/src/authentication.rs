//! Who may use the S3 endpoint: the same access keys as everywhere, session tokens included.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_protocol::credentials::{Credential, CredentialSource};
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{S3Auth, SecretKey};
use s3s::{S3Result, s3_error};
use subtle::ConstantTimeEq;

/// Looks keys up; `s3s` verifies the signatures with them.
pub(crate) struct KnownKeys(pub(crate) Arc<dyn CredentialSource>);

async fn look_up(source: &dyn CredentialSource, access_key: &str) -> S3Result<Credential> {
    let found = source.credential(access_key).await.map_err(|error| {
        tracing::error!(%error, "credential look-up failed");
        s3_error!(
            InternalError,
            "credentials cannot be looked up now; try again"
        )
    })?;
    let credential = found.ok_or_else(|| {
        s3_error!(
            InvalidAccessKeyId,
            "The access key is not known here; `qspace env` prints the ones that are."
        )
    })?;
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    if credential
        .expires_at
        .is_some_and(|end| u64::try_from(end).unwrap_or(0) <= now)
    {
        return Err(s3_error!(
            ExpiredToken,
            "The temporary credentials have expired; assume the role again."
        ));
    }
    Ok(credential)
}

#[async_trait::async_trait]
impl S3Auth for KnownKeys {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        let credential = look_up(self.0.as_ref(), access_key).await?;
        Ok(SecretKey::from(credential.secret.expose().to_owned()))
    }
}

/// After the signature: temporary keys must come with their session token, unsigned requests are refused.
pub(crate) struct SignedOnly(pub(crate) Arc<dyn CredentialSource>);

#[async_trait::async_trait]
impl S3Access for SignedOnly {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        let Some(signer) = context.credentials() else {
            return Err(s3_error!(AccessDenied, "Requests must be signed."));
        };
        let credential = look_up(self.0.as_ref(), &signer.access_key).await?;
        let Some(expected) = &credential.session_token else {
            return Ok(());
        };
        let given = context
            .headers()
            .get("x-amz-security-token")
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
            .or_else(|| token_of_query(context.uri().query().unwrap_or_default()));
        match given {
            Some(given) if bool::from(given.as_bytes().ct_eq(expected.expose().as_bytes())) => {
                Ok(())
            }
            _ => Err(s3_error!(
                InvalidToken,
                "The session token of these temporary credentials is missing or wrong."
            )),
        }
    }
}

fn token_of_query(query: &str) -> Option<String> {
    query.split('&').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.eq_ignore_ascii_case("X-Amz-Security-Token").then(|| {
            percent_encoding::percent_decode_str(value)
                .decode_utf8_lossy()
                .into_owned()
        })
    })
}
