//! Every Rust shape is compared with the contract: an example with all members must survive a round trip unchanged.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::*;
use crate::contract::{ShapeType, contract};

/// A value of a shape with every member present.
fn example(shape: &str) -> Value {
    let shape = contract().shape(shape);
    match shape.kind {
        ShapeType::Structure => Value::Object(
            shape
                .members
                .iter()
                .map(|(name, member)| (name.clone(), example(&member.shape)))
                .collect::<Map<_, _>>(),
        ),
        ShapeType::List => json!([example(shape.member.as_deref().unwrap())]),
        ShapeType::Map => json!({"key": example(shape.value.as_deref().unwrap())}),
        ShapeType::String => match &shape.values {
            Some(values) => json!(values[0]),
            None => json!("text"),
        },
        ShapeType::Integer | ShapeType::Long => json!(7),
        ShapeType::Double => json!(2.5),
        ShapeType::Boolean => json!(true),
        ShapeType::Timestamp => json!(1_700_000_000.125),
    }
}

fn assert_round_trip<T: Serialize + DeserializeOwned>(shape: &str) {
    let example = example(shape);
    let typed: T = serde_json::from_value(example.clone())
        .unwrap_or_else(|error| panic!("{shape} does not read its example: {error}"));
    assert_eq!(serde_json::to_value(&typed).unwrap(), example, "{shape}");
    // Required members alone must be readable too.
    let required: Map<String, Value> = match example {
        Value::Object(members) => members
            .into_iter()
            .filter(|(name, _)| {
                let shape = contract().shape(shape);
                !shape.name.ends_with("Request") || shape.required.contains(name)
            })
            .collect(),
        other => panic!("{shape} is not a structure: {other}"),
    };
    serde_json::from_value::<T>(Value::Object(required))
        .unwrap_or_else(|error| panic!("{shape} does not read its required members: {error}"));
}

macro_rules! assert_round_trips {
    ($($type:ty => $($shape:literal),+;)*) => {
        $($(assert_round_trip::<$type>($shape);)+)*
    };
}

#[test]
fn every_shape_carries_exactly_the_members_of_the_contract() {
    assert_round_trips! {
        CreateKxEnvironmentRequest => "CreateKxEnvironmentRequest";
        CreateKxEnvironmentResponse => "CreateKxEnvironmentResponse";
        GetKxEnvironmentRequest => "GetKxEnvironmentRequest";
        KxEnvironment => "GetKxEnvironmentResponse", "UpdateKxEnvironmentResponse", "KxEnvironment";
        ListKxEnvironmentsRequest => "ListKxEnvironmentsRequest";
        ListKxEnvironmentsResponse => "ListKxEnvironmentsResponse";
        UpdateKxEnvironmentRequest => "UpdateKxEnvironmentRequest";
        DeleteKxEnvironmentRequest => "DeleteKxEnvironmentRequest";
        EmptyResponse => "DeleteKxEnvironmentResponse", "DeleteKxUserResponse", "DeleteKxClusterResponse",
            "DeleteKxClusterNodeResponse", "UpdateKxClusterCodeConfigurationResponse", "TagResourceResponse",
            "UntagResourceResponse";
        CreateKxUserRequest => "CreateKxUserRequest";
        KxUserResponse => "CreateKxUserResponse", "GetKxUserResponse", "UpdateKxUserResponse";
        GetKxUserRequest => "GetKxUserRequest";
        ListKxUsersRequest => "ListKxUsersRequest";
        ListKxUsersResponse => "ListKxUsersResponse";
        UpdateKxUserRequest => "UpdateKxUserRequest";
        DeleteKxUserRequest => "DeleteKxUserRequest";
        CreateKxClusterRequest => "CreateKxClusterRequest";
        KxClusterResponse => "CreateKxClusterResponse", "GetKxClusterResponse";
        GetKxClusterRequest => "GetKxClusterRequest";
        ListKxClustersRequest => "ListKxClustersRequest";
        ListKxClustersResponse => "ListKxClustersResponse";
        DeleteKxClusterRequest => "DeleteKxClusterRequest";
        ListKxClusterNodesRequest => "ListKxClusterNodesRequest";
        ListKxClusterNodesResponse => "ListKxClusterNodesResponse";
        DeleteKxClusterNodeRequest => "DeleteKxClusterNodeRequest";
        UpdateKxClusterCodeConfigurationRequest => "UpdateKxClusterCodeConfigurationRequest";
        GetKxConnectionStringRequest => "GetKxConnectionStringRequest";
        GetKxConnectionStringResponse => "GetKxConnectionStringResponse";
        TagResourceRequest => "TagResourceRequest";
        UntagResourceRequest => "UntagResourceRequest";
        ListTagsForResourceRequest => "ListTagsForResourceRequest";
        ListTagsForResourceResponse => "ListTagsForResourceResponse";
    }
}

#[test]
fn enumerations_have_the_values_of_the_contract() {
    fn assert_values<T: DeserializeOwned + Serialize>(shape: &str) {
        for value in contract().shape(shape).values.as_ref().unwrap() {
            let typed: T = serde_json::from_value(json!(value))
                .unwrap_or_else(|error| panic!("{shape} lacks {value}: {error}"));
            assert_eq!(serde_json::to_value(typed).unwrap(), json!(value));
        }
    }
    assert_values::<EnvironmentStatus>("EnvironmentStatus");
    assert_values::<NetworkStatus>("tgwStatus");
    assert_values::<NetworkStatus>("dnsStatus");
    assert_values::<ClusterStatus>("KxClusterStatus");
    assert_values::<ClusterType>("KxClusterType");
    assert_values::<AzMode>("KxAzMode");
    assert_values::<NodeStatus>("KxNodeStatus");
    assert_values::<CodeDeploymentStrategy>("KxClusterCodeDeploymentStrategy");
    assert_eq!(ClusterType::from_wire("GP"), Some(ClusterType::Gp));
    assert_eq!(ClusterType::from_wire("gp"), None);
}

#[test]
fn what_has_no_value_is_left_out_but_volumes_stay() {
    let cluster: KxClusterResponse = serde_json::from_value(json!({
        "status": "PENDING", "clusterName": "rdb", "clusterType": "RDB", "releaseLabel": "1.0", "azMode": "SINGLE",
        "vpcConfiguration": {}, "createdTimestamp": 1.0, "lastModifiedTimestamp": 1.0, "volumes": [], "databases": []
    }))
    .unwrap();
    let written = serde_json::to_value(cluster).unwrap();
    assert_eq!(written["volumes"], json!([]));
    for absent in [
        "databases",
        "statusReason",
        "commandLineArguments",
        "environmentId",
        "code",
    ] {
        assert!(written.get(absent).is_none(), "{absent} must be left out");
    }
}
