//! Typed names and identifiers, and the ARNs made of them.
//!
//! Wire shapes carry plain strings that [`crate::decode_request`] has checked; these types are for code that stores,
//! compares or builds paths of names, where mixing two of them up must not compile.

use std::fmt;
use std::str::FromStr;

use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::contract::contract;
use crate::validate::pattern_accepts;

/// The account of an installation that names none.
pub const DEFAULT_ACCOUNT_ID: &str = "000000000000";

/// Length of generated environment ids; the service used 22 to 26.
const ENVIRONMENT_ID_LENGTH: usize = 22;
/// Length of node ids: hexadecimal digits.
const NODE_ID_LENGTH: usize = 32;

/// A text that is not a legal name of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is not a legal {kind}")]
pub struct InvalidId {
    kind: &'static str,
    text: String,
}

macro_rules! typed_ids {
    ($($(#[$doc:meta])* $name:ident of $shape:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::try_from(text.to_owned())
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                if is_legal($shape, &text) {
                    Ok($name(text))
                } else {
                    Err(InvalidId { kind: stringify!($name), text })
                }
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

typed_ids! {
    /// Lower-case letters and digits; the service's were 22 to 26 long.
    EnvironmentId of "KxEnvironmentId";
    ClusterName of "KxClusterName";
    UserName of "KxUserNameString";
    /// 32 hexadecimal digits.
    NodeId of "KxClusterNodeIdString";
    VolumeName of "KxVolumeName";
    ScalingGroupName of "KxScalingGroupName";
    DatabaseName of "DatabaseName";
    DataviewName of "KxDataviewName";
    /// `arn:aws:iam::<account>:role/<path and name>`.
    RoleArn of "RoleArn";
}

fn is_legal(shape: &str, text: &str) -> bool {
    let shape = contract().shape(shape);
    let length = text.chars().count() as f64;
    shape.min.is_none_or(|min| length >= min)
        && shape.max.is_none_or(|max| length <= max)
        && pattern_accepts(shape, text)
}

impl EnvironmentId {
    /// A new random id.
    pub fn generate() -> Self {
        EnvironmentId(random_text(
            b"abcdefghijklmnopqrstuvwxyz0123456789",
            ENVIRONMENT_ID_LENGTH,
        ))
    }
}

impl NodeId {
    /// A new random id.
    pub fn generate() -> Self {
        NodeId(random_text(b"0123456789abcdef", NODE_ID_LENGTH))
    }
}

fn random_text(alphabet: &[u8], length: usize) -> String {
    let mut random = rand::rng();
    (0..length)
        .map(|_| char::from(alphabet[random.random_range(0..alphabet.len())]))
        .collect()
}

impl RoleArn {
    pub fn account_id(&self) -> &str {
        self.0.split(':').nth(4).unwrap_or_default()
    }

    /// The name without its path, as it stands in the ARN of a session.
    pub fn role_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }
}

/// Region and account of an installation: what all its ARNs begin with.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ArnScope {
    pub region: String,
    pub account_id: String,
}

impl ArnScope {
    /// The scope of a region in the default account.
    pub fn of_region(region: impl Into<String>) -> Self {
        ArnScope {
            region: region.into(),
            account_id: DEFAULT_ACCOUNT_ID.to_owned(),
        }
    }

    /// The ARN of a resource: `arn:aws:finspace:<region>:<account>:kxEnvironment/<id>/...`.
    pub fn arn(&self, resource: &Resource) -> String {
        format!(
            "arn:aws:finspace:{}:{}:{resource}",
            self.region, self.account_id
        )
    }
}

/// What an ARN of the service names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resource {
    Environment(EnvironmentId),
    User(EnvironmentId, UserName),
    Cluster(EnvironmentId, ClusterName),
    Volume(EnvironmentId, VolumeName),
    ScalingGroup(EnvironmentId, ScalingGroupName),
    Database(EnvironmentId, DatabaseName),
    Dataview(EnvironmentId, DatabaseName, DataviewName),
}

impl Resource {
    pub fn environment_id(&self) -> &EnvironmentId {
        match self {
            Resource::Environment(environment)
            | Resource::User(environment, _)
            | Resource::Cluster(environment, _)
            | Resource::Volume(environment, _)
            | Resource::ScalingGroup(environment, _)
            | Resource::Database(environment, _)
            | Resource::Dataview(environment, _, _) => environment,
        }
    }

    /// Reads an ARN. The model calls a volume `kxSharedVolume`, the live service `kxVolume`; both are understood.
    pub fn parse_arn(arn: &str) -> Result<(ArnScope, Resource), InvalidArn> {
        parse_arn(arn).ok_or_else(|| InvalidArn {
            arn: arn.chars().take(200).collect(),
        })
    }
}

/// The last part of the ARN.
impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "kxEnvironment/{}", self.environment_id())?;
        match self {
            Resource::Environment(_) => Ok(()),
            Resource::User(_, name) => write!(f, "/kxUser/{name}"),
            Resource::Cluster(_, name) => write!(f, "/kxCluster/{name}"),
            Resource::Volume(_, name) => write!(f, "/kxVolume/{name}"),
            Resource::ScalingGroup(_, name) => write!(f, "/kxScalingGroup/{name}"),
            Resource::Database(_, name) => write!(f, "/kxDatabase/{name}"),
            Resource::Dataview(_, database, name) => {
                write!(f, "/kxDatabase/{database}/kxDataview/{name}")
            }
        }
    }
}

/// A text that is not the ARN of anything this service has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{arn}' is not an ARN of FinSpace with Managed kdb Insights, such as arn:aws:finspace:<region>:<account>:kxEnvironment/<id>/kxCluster/<name>"
)]
pub struct InvalidArn {
    arn: String,
}

fn parse_arn(arn: &str) -> Option<(ArnScope, Resource)> {
    let rest = arn.strip_prefix("arn:aws:finspace:")?;
    let (region, rest) = rest.split_once(':')?;
    let (account_id, path) = rest.split_once(':')?;
    if account_id.is_empty() || !account_id.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let parts: Vec<&str> = path.split('/').collect();
    let resource = match parts.as_slice() {
        ["kxEnvironment", id] => Resource::Environment(id.parse().ok()?),
        ["kxEnvironment", id, kind, name] => {
            let environment = id.parse().ok()?;
            match *kind {
                "kxUser" => Resource::User(environment, name.parse().ok()?),
                "kxCluster" => Resource::Cluster(environment, name.parse().ok()?),
                "kxVolume" | "kxSharedVolume" => Resource::Volume(environment, name.parse().ok()?),
                "kxScalingGroup" => Resource::ScalingGroup(environment, name.parse().ok()?),
                "kxDatabase" => Resource::Database(environment, name.parse().ok()?),
                _ => return None,
            }
        }
        [
            "kxEnvironment",
            id,
            "kxDatabase",
            database,
            "kxDataview",
            name,
        ] => Resource::Dataview(id.parse().ok()?, database.parse().ok()?, name.parse().ok()?),
        _ => return None,
    };
    let scope = ArnScope {
        region: region.to_owned(),
        account_id: account_id.to_owned(),
    };
    Some((scope, resource))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn generated_ids_are_legal_and_differ() {
        let (first, second) = (EnvironmentId::generate(), EnvironmentId::generate());
        assert_ne!(first, second);
        assert_eq!(first.as_str().parse::<EnvironmentId>().unwrap(), first);
        let node = NodeId::generate();
        assert_eq!(node.as_str().len(), 32);
        assert!(node.as_str().parse::<NodeId>().is_ok());
    }

    #[test]
    fn names_are_checked_also_when_deserialized() {
        assert!("ab".parse::<ClusterName>().is_err());
        assert!("../etc".parse::<ClusterName>().is_err());
        assert!(serde_json::from_str::<ClusterName>("\"tick-rdb\"").is_ok());
        assert!(serde_json::from_str::<ClusterName>("\"-rdb\"").is_err());
    }

    #[test]
    fn a_role_tells_its_account_and_name() {
        let role: RoleArn = "arn:aws:iam::123456789012:role/desk/rates-q"
            .parse()
            .unwrap();
        assert_eq!(
            (role.account_id(), role.role_name()),
            ("123456789012", "rates-q")
        );
        assert!("arn:aws:iam::1:user/x".parse::<RoleArn>().is_err());
    }

    #[test]
    fn arns_are_read_back_as_written() {
        let scope = ArnScope::of_region("eu-west-1");
        let environment = EnvironmentId::generate();
        let name = "abc_d-e";
        for resource in [
            Resource::Environment(environment.clone()),
            Resource::User(environment.clone(), name.parse().unwrap()),
            Resource::Cluster(environment.clone(), name.parse().unwrap()),
            Resource::Volume(environment.clone(), name.parse().unwrap()),
            Resource::ScalingGroup(environment.clone(), name.parse().unwrap()),
            Resource::Database(environment.clone(), name.parse().unwrap()),
            Resource::Dataview(
                environment.clone(),
                name.parse().unwrap(),
                name.parse().unwrap(),
            ),
        ] {
            let arn = scope.arn(&resource);
            assert!(
                is_legal("FinSpaceTaggableArn", &arn),
                "{arn} must be taggable"
            );
            assert_eq!(
                Resource::parse_arn(&arn).unwrap(),
                (scope.clone(), resource)
            );
        }
        assert!(Resource::parse_arn("arn:aws:s3:::bucket").is_err());
    }

    proptest! {
        #[test]
        fn no_text_panics(text in any::<String>()) {
            let _ = Resource::parse_arn(&text);
            let _ = Resource::parse_arn(&format!("arn:aws:finspace:{text}"));
        }
    }
}
