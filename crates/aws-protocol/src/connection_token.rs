//! Connection strings: what GetKxConnectionString gives out and the node verifies without calling back.
//!
//! The password looks as the service's did, a presigned query (`Host=..&Port=..&User=..&Action=..&X-Amz-..`), but is
//! signed by an Ed25519 key, of which nodes hold the public half only. It names environment and cluster, so that a
//! string for one cluster opens no other. No colon and no blank is in it: users split the whole string at colons.

use std::fmt;

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use zeroize::Zeroizing;

use crate::{amz_time, percent};

mod pem;

/// How long a connection string may be used to connect, in seconds. A live connection goes on.
pub const TOKEN_SECONDS: i64 = 900;
/// The longest life a node accepts, whoever signed.
const TOKEN_SECONDS_MAX: i64 = 3_600;
/// How far the clocks of server and node may differ.
const CLOCK_SKEW_SECONDS: i64 = 300;
/// The model's limit for a whole connection string.
const PASSWORD_BYTES_MAX: usize = 2_048;

const ACTION: &str = "finspace:ConnectKxCluster";
const ALGORITHM: &str = "QSPACE-ED25519";
const SIGNING_NAME: &str = "finspace-apricot";
const SIGNATURE_PART: &str = "&X-Amz-Signature=";
/// Keeps these signatures apart from any other use of the key.
const DOMAIN: &[u8] = b"qspace connection token 1\n";

/// What a connection string is asked for.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionRequest<'a> {
    /// Name or address of the cluster, as clients reach it.
    pub host: &'a str,
    pub port: u16,
    /// Name of the kx user, or of the calling cluster for connections between nodes.
    pub user: &'a str,
    pub environment_id: &'a str,
    pub cluster_name: &'a str,
    pub region: &'a str,
    /// Access key id of the caller, for the node's log.
    pub access_key_id: &'a str,
}

/// Signs connection strings. Kept by the control plane only.
pub struct ConnectionTokenSigner {
    key: SigningKey,
}

impl fmt::Debug for ConnectionTokenSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConnectionTokenSigner(..)")
    }
}

/// A PEM text that does not hold an Ed25519 key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a PEM file of an Ed25519 {expected} key")]
pub struct InvalidKey {
    expected: &'static str,
}

impl ConnectionTokenSigner {
    /// A new random key.
    pub fn generate() -> Self {
        let seed = Zeroizing::new(rand::random::<[u8; 32]>());
        ConnectionTokenSigner {
            key: SigningKey::from_bytes(&seed),
        }
    }

    /// The private key as PKCS#8 PEM.
    pub fn to_pem(&self) -> Zeroizing<String> {
        pem::private_key(self.key.as_bytes())
    }

    pub fn from_pem(text: &str) -> Result<Self, InvalidKey> {
        let seed = pem::parse_private_key(text).ok_or(InvalidKey {
            expected: "private",
        })?;
        Ok(ConnectionTokenSigner {
            key: SigningKey::from_bytes(&seed),
        })
    }

    /// The public key as SubjectPublicKeyInfo PEM, for nodes.
    pub fn public_key_pem(&self) -> String {
        pem::public_key(self.key.verifying_key().as_bytes())
    }

    /// The whole string for hopen: `:tcps://<host>:<port>:<user>:<password>`.
    pub fn connection_string(&self, request: &ConnectionRequest<'_>, now: i64) -> String {
        format!(
            ":tcps://{}:{}:{}:{}",
            request.host,
            request.port,
            request.user,
            self.password(request, now)
        )
    }

    /// The password alone, valid for [`TOKEN_SECONDS`] from `now` (seconds since the Unix epoch).
    pub fn password(&self, request: &ConnectionRequest<'_>, now: i64) -> String {
        let amz_date = amz_time::format(now);
        let credential = format!(
            "{}/{}/{}/{SIGNING_NAME}/aws4_request",
            request.access_key_id,
            &amz_date[..8],
            request.region
        );
        let mut text = String::with_capacity(512);
        for (name, value) in [
            ("Host", request.host),
            ("Port", &request.port.to_string()),
            ("User", request.user),
            ("Action", ACTION),
            ("Environment", request.environment_id),
            ("Cluster", request.cluster_name),
            ("X-Amz-Algorithm", ALGORITHM),
            ("X-Amz-Date", &amz_date),
            ("X-Amz-SignedHeaders", "host"),
            ("X-Amz-Expires", &TOKEN_SECONDS.to_string()),
            ("X-Amz-Credential", &credential),
        ] {
            if !text.is_empty() {
                text.push('&');
            }
            text.push_str(name);
            text.push('=');
            text.push_str(&percent::encode(value));
        }
        let signature = self.key.sign(&signed_bytes(&text));
        text.push_str(SIGNATURE_PART);
        text.push_str(&hex::encode(signature.to_bytes()));
        text
    }
}

fn signed_bytes(text: &str) -> Vec<u8> {
    [DOMAIN, text.as_bytes()].concat()
}

/// What a valid token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    pub environment_id: String,
    pub cluster_name: String,
    pub user: String,
    /// Access key id of whoever asked for the string.
    pub access_key_id: String,
    /// Seconds since the Unix epoch.
    pub issued_at: i64,
    pub expires_at: i64,
}

/// Why a connection is refused. The text is for the node's log; the client sees q's `'access`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("the public key is not an Ed25519 key in PEM")]
    PublicKey,
    #[error(
        "the password is not a connection token; get one by GetKxConnectionString and use its last part whole"
    )]
    Malformed,
    #[error(
        "the connection token's signature is wrong: it is not from this installation, or was changed"
    )]
    Signature,
    #[error("the connection token is for {environment_id}/{cluster_name}, not for this cluster")]
    OtherCluster {
        environment_id: String,
        cluster_name: String,
    },
    #[error("the connection token is for the user {token_user}, not for {given_user}")]
    OtherUser {
        token_user: String,
        given_user: String,
    },
    #[error("the connection token begins at {begins_at}; set the clocks")]
    NotYetValid { begins_at: String },
    #[error("the connection token ended at {ended_at}; get a new one by GetKxConnectionString")]
    Expired { ended_at: String },
}

/// Verifies the password of a connection. `now` is in seconds since the Unix epoch; the end is exclusive.
///
/// Errors: the first thing wrong, the signature before anything it covers.
pub fn verify(
    password: &str,
    public_key_pem: &str,
    environment_id: &str,
    cluster_name: &str,
    user: &str,
    now: i64,
) -> Result<Claims, TokenError> {
    let key = pem::parse_public_key(public_key_pem)
        .and_then(|bytes| VerifyingKey::from_bytes(&bytes).ok())
        .ok_or(TokenError::PublicKey)?;
    let claims = claims_of(password, &key)?;
    if claims.environment_id != environment_id || claims.cluster_name != cluster_name {
        return Err(TokenError::OtherCluster {
            environment_id: claims.environment_id,
            cluster_name: claims.cluster_name,
        });
    }
    if claims.user != user {
        return Err(TokenError::OtherUser {
            token_user: claims.user,
            given_user: user.to_owned(),
        });
    }
    if claims.issued_at > now + CLOCK_SKEW_SECONDS {
        return Err(TokenError::NotYetValid {
            begins_at: amz_time::format(claims.issued_at),
        });
    }
    if now >= claims.expires_at {
        return Err(TokenError::Expired {
            ended_at: amz_time::format(claims.expires_at),
        });
    }
    Ok(claims)
}

/// The claims of a password whose signature is right.
fn claims_of(password: &str, key: &VerifyingKey) -> Result<Claims, TokenError> {
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(TokenError::Malformed);
    }
    let (text, signature) = password
        .rsplit_once(SIGNATURE_PART)
        .ok_or(TokenError::Malformed)?;
    let mut bytes = [0; 64];
    hex::decode_to_slice(signature, &mut bytes).map_err(|_| TokenError::Malformed)?;
    key.verify_strict(&signed_bytes(text), &Signature::from_bytes(&bytes))
        .map_err(|_| TokenError::Signature)?;
    // Signed by us, so well-formed; still nothing is assumed.
    parse_claims(text).ok_or(TokenError::Malformed)
}

fn parse_claims(text: &str) -> Option<Claims> {
    let value = |name: &str| {
        text.split('&')
            .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
            .and_then(percent::decode)
    };
    if value("Action")? != ACTION || value("X-Amz-Algorithm")? != ALGORITHM {
        return None;
    }
    let issued_at = amz_time::parse(&value("X-Amz-Date")?)?;
    let seconds = value("X-Amz-Expires")?
        .parse::<i64>()
        .ok()
        .filter(|seconds| (1..=TOKEN_SECONDS_MAX).contains(seconds))?;
    let credential = value("X-Amz-Credential")?;
    Some(Claims {
        environment_id: value("Environment")?,
        cluster_name: value("Cluster")?,
        user: value("User")?,
        access_key_id: credential.split('/').next()?.to_owned(),
        issued_at,
        expires_at: issued_at + seconds,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: i64 = 1_790_000_000;

    fn request() -> ConnectionRequest<'static> {
        ConnectionRequest {
            host: "127.0.0.1",
            port: 5443,
            user: "desk-user",
            environment_id: "jlcenjvtkgzrdek2qqv7ic",
            cluster_name: "tick_rdb",
            region: "us-east-1",
            access_key_id: "ASIAEXAMPLE",
        }
    }

    fn check(
        signer: &ConnectionTokenSigner,
        password: &str,
        now: i64,
    ) -> Result<Claims, TokenError> {
        verify(
            password,
            &signer.public_key_pem(),
            "jlcenjvtkgzrdek2qqv7ic",
            "tick_rdb",
            "desk-user",
            now,
        )
    }

    #[test]
    fn the_string_splits_at_colons_as_the_samples_do() {
        let text = ConnectionTokenSigner::generate().connection_string(&request(), NOW);
        let parts: Vec<&str> = text.split(':').collect();
        assert_eq!(parts.len(), 6, "{text}");
        assert_eq!(
            &parts[..5],
            ["", "tcps", "//127.0.0.1", "5443", "desk-user"]
        );
        assert!(parts[5].starts_with(
            "Host=127.0.0.1&Port=5443&User=desk-user&Action=finspace%3AConnectKxCluster&"
        ));
        assert!(!text.contains(char::is_whitespace));
        assert!(text.len() <= 2_048);
    }

    #[test]
    fn a_token_is_for_its_cluster_user_and_time_only() {
        let signer = ConnectionTokenSigner::generate();
        let password = signer.password(&request(), NOW);
        let claims = check(&signer, &password, NOW + 899).unwrap();
        assert_eq!(
            (
                claims.issued_at,
                claims.expires_at,
                claims.access_key_id.as_str()
            ),
            (NOW, NOW + 900, "ASIAEXAMPLE")
        );
        assert!(matches!(
            check(&signer, &password, NOW + 900),
            Err(TokenError::Expired { .. })
        ));
        assert!(check(&signer, &password, NOW - 300).is_ok());
        assert!(matches!(
            check(&signer, &password, NOW - 301),
            Err(TokenError::NotYetValid { .. })
        ));
        let other = |environment, cluster, user| {
            verify(
                &password,
                &signer.public_key_pem(),
                environment,
                cluster,
                user,
                NOW,
            )
        };
        assert!(matches!(
            other("jlcenjvtkgzrdek2qqv7ic", "other", "desk-user"),
            Err(TokenError::OtherCluster { .. })
        ));
        assert!(matches!(
            other("another", "tick_rdb", "desk-user"),
            Err(TokenError::OtherCluster { .. })
        ));
        assert!(matches!(
            other("jlcenjvtkgzrdek2qqv7ic", "tick_rdb", "root"),
            Err(TokenError::OtherUser { .. })
        ));
        assert_eq!(
            check(&ConnectionTokenSigner::generate(), &password, NOW),
            Err(TokenError::Signature)
        );
        assert_eq!(check(&signer, "password", NOW), Err(TokenError::Malformed));
        assert_eq!(
            verify(&password, "no key", "e", "c", "u", NOW),
            Err(TokenError::PublicKey)
        );
    }

    #[test]
    fn keys_survive_their_pem() {
        let signer = ConnectionTokenSigner::generate();
        let again = ConnectionTokenSigner::from_pem(&signer.to_pem()).unwrap();
        assert_eq!(again.public_key_pem(), signer.public_key_pem());
        assert!(ConnectionTokenSigner::from_pem(&signer.public_key_pem()).is_err());
    }

    proptest! {
        #[test]
        fn a_changed_password_is_refused(index in 0usize..400, with in "[ -~]") {
            let signer = ConnectionTokenSigner::from_pem(&ConnectionTokenSigner::generate().to_pem()).unwrap();
            let password = signer.password(&request(), NOW);
            let index = index % password.len();
            let mut changed = password.clone();
            changed.replace_range(index..=index, &with);
            // The signature's own hexadecimal digits may change case without changing it.
            if !changed.eq_ignore_ascii_case(&password) {
                prop_assert!(check(&signer, &changed, NOW).is_err());
            }
        }

        #[test]
        fn no_password_panics(password in any::<String>()) {
            let signer = ConnectionTokenSigner::generate();
            let _ = check(&signer, &password, NOW);
            let _ = parse_claims(&password);
        }
    }
}
