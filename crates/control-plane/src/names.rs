//! ARNs and availability zones of an installation.

use finspace_model::ApiError;

/// Region and account that every ARN of the installation names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Names {
    region: String,
    account_id: String,
}

/// A resource that can carry tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Resource {
    Environment {
        environment_id: String,
    },
    User {
        environment_id: String,
        user_name: String,
    },
    Cluster {
        environment_id: String,
        cluster_name: String,
    },
    /// Well-formed, of a kind that this version does not keep (volumes, scaling groups, databases, dataviews).
    Other,
}

impl Names {
    pub(crate) fn new(region: &str, account_id: &str) -> Self {
        Names {
            region: region.to_owned(),
            account_id: account_id.to_owned(),
        }
    }

    pub(crate) fn region(&self) -> &str {
        &self.region
    }

    pub(crate) fn account_id(&self) -> &str {
        &self.account_id
    }

    /// `arn:aws:finspace:<region>:<account>:kxEnvironment/<id>`.
    pub(crate) fn environment_arn(&self, environment_id: &str) -> String {
        format!(
            "arn:aws:finspace:{}:{}:kxEnvironment/{environment_id}",
            self.region, self.account_id
        )
    }

    pub(crate) fn user_arn(&self, environment_id: &str, user_name: &str) -> String {
        format!(
            "{}/kxUser/{user_name}",
            self.environment_arn(environment_id)
        )
    }

    pub(crate) fn cluster_arn(&self, environment_id: &str, cluster_name: &str) -> String {
        format!(
            "{}/kxCluster/{cluster_name}",
            self.environment_arn(environment_id)
        )
    }

    /// The resource an ARN names.
    ///
    /// # Errors
    /// ResourceNotFoundException when it names another region or account or no resource of ours.
    pub(crate) fn parse(&self, arn: &str) -> Result<Resource, ApiError> {
        let unknown = || ApiError::not_found(format!("Resource {arn} not found"));
        let prefix = format!(
            "arn:aws:finspace:{}:{}:kxEnvironment/",
            self.region, self.account_id
        );
        let path = arn.strip_prefix(&prefix).ok_or_else(unknown)?;
        let parts: Vec<&str> = path.split('/').collect();
        match parts.as_slice() {
            [environment_id] => Ok(Resource::Environment {
                environment_id: (*environment_id).into(),
            }),
            [environment_id, "kxUser", user_name] => Ok(Resource::User {
                environment_id: (*environment_id).into(),
                user_name: (*user_name).into(),
            }),
            [environment_id, "kxCluster", cluster_name] => Ok(Resource::Cluster {
                environment_id: (*environment_id).into(),
                cluster_name: (*cluster_name).into(),
            }),
            [_, "kxVolume" | "kxScalingGroup" | "kxDatabase", ..] => Ok(Resource::Other),
            _ => Err(unknown()),
        }
    }

    /// The three zone ids of the region in AWS's short form: `use1-az1` for us-east-1.
    pub(crate) fn availability_zone_ids(&self) -> Vec<String> {
        let short = short_region(&self.region);
        (1..=3)
            .map(|number| format!("{short}-az{number}"))
            .collect()
    }
}

/// `us-east-1` is `use1`, `ap-southeast-2` is `apse2`, anything else keeps its letters and digits.
fn short_region(region: &str) -> String {
    let mut short = String::new();
    for (index, part) in region.split('-').enumerate() {
        match (index, part) {
            (0, country) => short.push_str(country),
            (_, "northeast") => short.push_str("ne"),
            (_, "northwest") => short.push_str("nw"),
            (_, "southeast") => short.push_str("se"),
            (_, "southwest") => short.push_str("sw"),
            (_, "north" | "south" | "east" | "west" | "central") => short.push_str(&part[..1]),
            (_, other) => short.push_str(other),
        }
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_named_as_aws_names_them() {
        assert_eq!(
            Names::new("us-east-1", "1").availability_zone_ids()[0],
            "use1-az1"
        );
        assert_eq!(
            Names::new("ap-southeast-2", "1").availability_zone_ids()[2],
            "apse2-az3"
        );
        assert_eq!(
            Names::new("eu-west-1", "1").availability_zone_ids()[1],
            "euw1-az2"
        );
    }

    #[test]
    fn arns_are_read_back() {
        let names = Names::new("us-east-1", "000000000000");
        let user = Resource::User {
            environment_id: "e1".into(),
            user_name: "u".into(),
        };
        assert_eq!(names.parse(&names.user_arn("e1", "u")).unwrap(), user);
        let cluster = Resource::Cluster {
            environment_id: "e1".into(),
            cluster_name: "c".into(),
        };
        assert_eq!(names.parse(&names.cluster_arn("e1", "c")).unwrap(), cluster);
        assert!(
            names
                .parse("arn:aws:finspace:eu-west-1:000000000000:kxEnvironment/e1")
                .is_err()
        );
        assert!(
            names
                .parse("arn:aws:finspace:us-east-1:000000000000:kxEnvironment/e1/x/y")
                .is_err()
        );
    }
}
