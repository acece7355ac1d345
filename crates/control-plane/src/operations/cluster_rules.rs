//! What a cluster of each type may have: the rules that the model's constraints cannot say.
//!
//! Source: FinSpace user guide (cluster types, create-cluster-step2, command line arguments) and AWS's samples, which
//! are more generous than the guide (an RDB without savedown, `g` as an argument); where they differ the samples count.

use std::collections::BTreeSet;

use finspace_model::ApiError;
use finspace_model::shapes::{
    AzMode, ClusterType, CommandLineArgument, CreateKxClusterRequest, KxDatabaseConfiguration,
};

/// Pairs on one command line; the guide's limit.
const ARGUMENTS_MAX: usize = 50;
/// The one release: kdb Insights core 4.0.3.
const RELEASE_LABEL: &str = "1.0";
const MEMORY_RESERVATION_MIB_MIN: u32 = 6;
const CPU_MIN: f64 = 0.1;
const NODE_TYPES: [&str; 7] = [
    "kx.s.large",
    "kx.s.xlarge",
    "kx.s.2xlarge",
    "kx.s.4xlarge",
    "kx.s.8xlarge",
    "kx.s.16xlarge",
    "kx.s.32xlarge",
];
/// Argument that sets `.z.zd`: block size, algorithm, level.
const ZIP_DEFAULT: &str = "AWS_ZIP_DEFAULT";

fn refuse<T>(message: impl Into<String>) -> Result<T, ApiError> {
    Err(ApiError::validation(message))
}

/// Checks a creation and returns its node count.
pub(super) fn check_creation(
    request: &CreateKxClusterRequest,
    nodes_max: u32,
) -> Result<u32, ApiError> {
    let kind = request.cluster_type;
    if request.release_label != RELEASE_LABEL {
        return refuse(format!("releaseLabel must be {RELEASE_LABEL}"));
    }
    let nodes = check_capacity(request)?;
    let single_node = matches!(kind, ClusterType::Gp | ClusterType::Tickerplant);
    if single_node && nodes != 1 {
        return refuse(format!(
            "A {kind} cluster has exactly 1 node; nodeCount is {nodes}"
        ));
    }
    if nodes > nodes_max {
        return Err(ApiError::limit_exceeded(format!(
            "nodeCount {nodes} is above the quota of {nodes_max} nodes per cluster (quotas.nodes_per_cluster_max in the configuration)"
        )));
    }
    check_zones(request, single_node)?;
    check_storage(request)?;
    if request.auto_scaling_configuration.is_some() {
        return refuse(
            "autoScalingConfiguration is not available in this version of qspace: give a nodeCount",
        );
    }
    if matches!(kind, ClusterType::Gateway | ClusterType::Tickerplant) && request.code.is_none() {
        return refuse(format!("A {kind} cluster needs code"));
    }
    if request.initialization_script.is_some() && request.code.is_none() {
        return refuse("initializationScript is a path within the code zip, and there is no code");
    }
    Ok(nodes)
}

fn check_capacity(request: &CreateKxClusterRequest) -> Result<u32, ApiError> {
    match (
        &request.capacity_configuration,
        &request.scaling_group_configuration,
    ) {
        (Some(dedicated), None) => {
            let node_type = dedicated.node_type.as_deref().unwrap_or_default();
            if !NODE_TYPES.contains(&node_type) {
                return refuse(format!(
                    "capacityConfiguration.nodeType must be one of {}",
                    NODE_TYPES.join(", ")
                ));
            }
            match dedicated.node_count {
                Some(count) if count >= 1 => Ok(count),
                _ => refuse("capacityConfiguration.nodeCount must be at least 1"),
            }
        }
        (None, Some(shared)) => {
            if shared.memory_reservation < MEMORY_RESERVATION_MIB_MIN {
                return refuse(
                    "scalingGroupConfiguration.memoryReservation must be at least 6 MiB",
                );
            }
            if shared
                .memory_limit
                .is_some_and(|limit| limit < shared.memory_reservation)
            {
                return refuse(
                    "scalingGroupConfiguration.memoryLimit must not be below memoryReservation",
                );
            }
            if shared.cpu.is_some_and(|cpu| cpu < CPU_MIN) {
                return refuse("scalingGroupConfiguration.cpu must be at least 0.1");
            }
            match shared.node_count {
                0 => refuse("scalingGroupConfiguration.nodeCount must be at least 1"),
                count => Ok(count),
            }
        }
        _ => refuse(
            "Exactly one of capacityConfiguration and scalingGroupConfiguration must be given",
        ),
    }
}

fn check_zones(request: &CreateKxClusterRequest, single_node: bool) -> Result<(), ApiError> {
    match (request.az_mode, &request.availability_zone_id) {
        (AzMode::Single, None) => refuse("availabilityZoneId is required with azMode SINGLE"),
        (AzMode::Multi, Some(_)) => {
            refuse("availabilityZoneId must not be given with azMode MULTI")
        }
        (AzMode::Multi, None) if single_node => refuse(format!(
            "A {} cluster cannot have azMode MULTI",
            request.cluster_type
        )),
        (AzMode::Multi, None) if request.scaling_group_configuration.is_some() => {
            refuse("A cluster on a scaling group cannot have azMode MULTI")
        }
        (AzMode::Single, Some(_)) | (AzMode::Multi, None) => Ok(()),
    }
}

fn check_storage(request: &CreateKxClusterRequest) -> Result<(), ApiError> {
    let kind = request.cluster_type;
    let dedicated = request.capacity_configuration.is_some();
    let reads_databases = matches!(kind, ClusterType::Gp | ClusterType::Hdb | ClusterType::Rdb);
    if !request.databases.is_empty() && !reads_databases {
        return refuse(format!("A {kind} cluster has no databases"));
    }
    let caches = matches!(kind, ClusterType::Gp | ClusterType::Hdb) && dedicated;
    if !request.cache_storage_configurations.is_empty() && !caches {
        return refuse("cacheStorageConfigurations are for dedicated HDB and GP clusters");
    }
    if let Some(savedown) = &request.savedown_storage_configuration {
        if matches!(kind, ClusterType::Hdb | ClusterType::Gateway) {
            return refuse(format!(
                "A {kind} cluster has no savedownStorageConfiguration"
            ));
        }
        if let Some(volume) = &savedown.volume_name {
            return unknown_volume(volume);
        }
    }
    if let Some(logs) = &request.tickerplant_log_configuration {
        if !matches!(kind, ClusterType::Tickerplant | ClusterType::Rdb) {
            return refuse(format!(
                "A {kind} cluster has no tickerplantLogConfiguration"
            ));
        }
        if let Some(volume) = logs.tickerplant_log_volumes.first() {
            return unknown_volume(volume);
        }
    }
    match request.databases.first() {
        Some(KxDatabaseConfiguration { database_name, .. }) => Err(ApiError::not_found(format!(
            "KX database {database_name} not found"
        ))),
        None => Ok(()),
    }
}

/// Volumes cannot be made by this version, so none that is named exists.
fn unknown_volume(volume: &str) -> Result<(), ApiError> {
    Err(ApiError::not_found(format!("KX volume {volume} not found")))
}

/// Checks arguments and returns them as pairs in the order given.
pub(super) fn check_arguments(
    arguments: &[CommandLineArgument],
) -> Result<Vec<(String, String)>, ApiError> {
    if arguments.len() > ARGUMENTS_MAX {
        return refuse(format!(
            "commandLineArguments has more than {ARGUMENTS_MAX} pairs"
        ));
    }
    let mut keys = BTreeSet::new();
    let mut pairs = Vec::with_capacity(arguments.len());
    for argument in arguments {
        let (Some(key), Some(value)) = (&argument.key, &argument.value) else {
            return refuse("commandLineArguments: every pair needs a key and a value");
        };
        if !keys.insert(key.as_str()) {
            return refuse(format!(
                "commandLineArguments: the key {key} is given twice"
            ));
        }
        if key == ZIP_DEFAULT && !is_zip_default(value) {
            return refuse(
                "commandLineArguments: AWS_ZIP_DEFAULT is block size, algorithm and level, as 17,2,6",
            );
        }
        pairs.push((key.clone(), value.clone()));
    }
    Ok(pairs)
}

/// Three numbers that `.z.zd` takes: logical block size 12 to 20, algorithm 0 to 5, level 0 to 22.
fn is_zip_default(value: &str) -> bool {
    let numbers: Option<Vec<u8>> = value
        .split(',')
        .map(|part| part.trim().parse().ok())
        .collect();
    matches!(
        numbers.as_deref(),
        Some([block, algorithm, level])
            if (12..=20).contains(block) && *algorithm <= 5 && *level <= 22
    )
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn request(change: impl FnOnce(&mut serde_json::Map<String, Value>)) -> CreateKxClusterRequest {
        let mut value = json!({
            "environmentId": "e", "clusterName": "c", "clusterType": "HDB", "releaseLabel": "1.0",
            "vpcConfiguration": {}, "azMode": "SINGLE", "availabilityZoneId": "use1-az1",
            "capacityConfiguration": {"nodeType": "kx.s.large", "nodeCount": 3},
        });
        change(value.as_object_mut().unwrap());
        serde_json::from_value(value).unwrap()
    }

    fn outcome(change: impl FnOnce(&mut serde_json::Map<String, Value>)) -> Result<u32, String> {
        check_creation(&request(change), 5).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn types_have_their_rules() {
        let set = |key: &'static str, value: Value| {
            move |map: &mut serde_json::Map<String, Value>| {
                map.insert(key.into(), value);
            }
        };
        assert_eq!(outcome(|_| {}), Ok(3));
        assert!(
            outcome(set("clusterType", json!("GP")))
                .unwrap_err()
                .contains("exactly 1 node")
        );
        assert!(
            outcome(set("clusterType", json!("GATEWAY")))
                .unwrap_err()
                .contains("needs code")
        );
        assert!(
            outcome(set("azMode", json!("MULTI")))
                .unwrap_err()
                .contains("availabilityZoneId")
        );
        assert!(outcome(set("releaseLabel", json!("2.0"))).is_err());
        assert!(
            outcome(set("initializationScript", json!("i.q")))
                .unwrap_err()
                .contains("no code")
        );
        assert!(
            outcome(set(
                "capacityConfiguration",
                json!({"nodeType": "kx.s.large", "nodeCount": 6})
            ))
            .unwrap_err()
            .contains("quota")
        );
        assert!(outcome(|map| drop(map.remove("capacityConfiguration"))).is_err());
        assert!(
            outcome(set("databases", json!([{"databaseName": "db"}])))
                .unwrap_err()
                .contains("KX database db not found")
        );
        assert!(outcome(set("clusterType", json!("RDB"))).is_ok());
        let shared = json!({"scalingGroupName": "g", "memoryReservation": 6, "nodeCount": 2});
        let on_group = |map: &mut serde_json::Map<String, Value>| {
            map.remove("capacityConfiguration");
            map.insert("scalingGroupConfiguration".into(), shared);
        };
        assert_eq!(outcome(on_group), Ok(2));
    }

    #[test]
    fn arguments_are_pairs_without_repeats() {
        let pair = |key: &str, value: &str| CommandLineArgument {
            key: Some(key.into()),
            value: Some(value.into()),
        };
        assert!(check_arguments(&[pair("g", "1"), pair("AWS_ZIP_DEFAULT", "17,2,6")]).is_ok());
        assert!(check_arguments(&[pair("g", "1"), pair("g", "0")]).is_err());
        assert!(check_arguments(&[pair("AWS_ZIP_DEFAULT", "17,2")]).is_err());
        assert!(
            check_arguments(&[CommandLineArgument {
                key: Some("a".into()),
                value: None
            }])
            .is_err()
        );
        let many: Vec<_> = (0..51)
            .map(|number| pair(&format!("k{number}"), "v"))
            .collect();
        assert!(check_arguments(&many).is_err());
    }
}
