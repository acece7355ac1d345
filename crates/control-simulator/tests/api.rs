//! The operations, as a client sees them.

use aws_protocol::credentials::{CredentialSource, Principal};
use cluster_runtime::fake::{Behaviour, Outcome};
use control_plane::{AssumeRoleRequest, Caller};
use control_simulator::Simulation;
use finspace_model::{ApiError, ErrorCode};
use serde_json::{Value, json};

const ROLE: &str = "arn:aws:iam::000000000000:role/kdb-user";

async fn simulation() -> Simulation {
    let simulation = Simulation::new().await.unwrap();
    simulation.plane.pass().await.unwrap();
    for key in ["one", "two", "three"] {
        simulation.publish(key, Behaviour::default());
    }
    simulation
}

fn code_of(result: Result<Value, ApiError>) -> ErrorCode {
    result.unwrap_err().code()
}

#[tokio::test]
async fn an_environment_is_created_found_changed_and_deleted() {
    let simulation = simulation().await;
    let id = simulation.environment_id.clone();
    let input = json!({"environmentId": id});
    let got = simulation
        .call("GetKxEnvironment", input.clone())
        .await
        .unwrap();
    assert_eq!(got["status"], "CREATED");
    assert_eq!(got["availabilityZoneIds"][0], "use1-az1");
    assert_eq!(got["tgwStatus"], "NONE");
    let listed = simulation
        .call("ListKxEnvironments", json!({}))
        .await
        .unwrap();
    assert_eq!(listed["environments"].as_array().unwrap().len(), 1);
    assert!(listed.get("nextToken").is_none());
    let second = simulation
        .call(
            "CreateKxEnvironment",
            json!({"name": "other", "kmsKeyId": "k"}),
        )
        .await;
    assert_eq!(code_of(second), ErrorCode::ServiceQuotaExceeded);
    let changed = json!({"environmentId": id, "name": "renamed", "description": "d"});
    let changed = simulation
        .call("UpdateKxEnvironment", changed)
        .await
        .unwrap();
    assert_eq!(
        (&changed["name"], &changed["description"]),
        (&json!("renamed"), &json!("d"))
    );
    assert_eq!(
        simulation
            .call("DeleteKxEnvironment", input.clone())
            .await
            .unwrap(),
        json!({})
    );
    simulation.plane.pass().await.unwrap();
    assert_eq!(
        code_of(simulation.call("GetKxEnvironment", input).await),
        ErrorCode::ResourceNotFound
    );
}

#[tokio::test]
async fn an_environment_goes_only_after_its_clusters() {
    let simulation = simulation().await;
    simulation.create("c", "GP", 1, "one").await.unwrap();
    simulation.run_until("c", &["RUNNING"]).await.unwrap();
    let input = json!({"environmentId": simulation.environment_id});
    let refused = simulation
        .call("DeleteKxEnvironment", input.clone())
        .await
        .unwrap_err();
    assert_eq!(refused.code(), ErrorCode::Validation);
    assert!(
        refused
            .message()
            .contains("it still contains active clusters")
    );
    simulation
        .call_cluster("DeleteKxCluster", "c", json!({}))
        .await
        .unwrap();
    simulation
        .call("DeleteKxEnvironment", input.clone())
        .await
        .unwrap();
    assert_eq!(
        simulation
            .call("GetKxEnvironment", input.clone())
            .await
            .unwrap()["status"],
        "DELETING"
    );
    simulation.settle().await.unwrap();
    assert_eq!(
        code_of(simulation.call("GetKxEnvironment", input).await),
        ErrorCode::ResourceNotFound
    );
    assert_eq!(simulation.setup.world.node_count(), 0);
}

#[tokio::test]
async fn users_have_the_errors_of_the_service() {
    let simulation = simulation().await;
    let user = json!({"environmentId": simulation.environment_id, "userName": "u"});
    let with_role =
        json!({"environmentId": simulation.environment_id, "userName": "u", "iamRole": ROLE});
    let missing = simulation
        .call("GetKxUser", user.clone())
        .await
        .unwrap_err();
    assert_eq!(missing.message(), "No user found for the id [u]");
    let made = simulation
        .call("CreateKxUser", with_role.clone())
        .await
        .unwrap();
    assert!(made["userArn"].as_str().unwrap().ends_with("/kxUser/u"));
    let again = simulation.call("CreateKxUser", with_role.clone()).await;
    assert_eq!(code_of(again), ErrorCode::ResourceAlreadyExists);
    let listed = simulation.call("ListKxUsers", user.clone()).await.unwrap();
    assert_eq!(listed["users"][0]["iamRole"], ROLE);
    simulation.call("DeleteKxUser", user.clone()).await.unwrap();
    assert_eq!(
        code_of(simulation.call("DeleteKxUser", user).await),
        ErrorCode::ResourceNotFound
    );
}

#[tokio::test]
async fn a_cluster_answers_as_the_service_did() {
    let simulation = simulation().await;
    let made = simulation.create("c", "HDB", 3, "one").await.unwrap();
    assert_eq!(made["status"], "PENDING");
    assert_eq!(made["volumes"], json!([]));
    assert_eq!(made["environmentId"], simulation.environment_id);
    assert!(made.get("databases").is_none() && made.get("scalingGroupConfiguration").is_none());
    let again = simulation.create("c", "HDB", 3, "one").await.unwrap_err();
    assert_eq!(again.code(), ErrorCode::Conflict);
    assert_eq!(again.message(), "Cluster already exists with alias: c");
    assert_eq!(again.reason(), Some("Cluster already exists with alias: c"));
    simulation.run_until("c", &["RUNNING"]).await.unwrap();
    let got = simulation
        .call_cluster("GetKxCluster", "c", json!({}))
        .await
        .unwrap();
    assert_eq!(got["code"], json!({"s3Bucket": "code", "s3Key": "one"}));
    assert_eq!(got["initializationScript"], "init.q");
    assert!(got.get("statusReason").is_none());
    let nodes = simulation
        .call_cluster("ListKxClusterNodes", "c", json!({}))
        .await
        .unwrap();
    let nodes = nodes["nodes"].as_array().unwrap().clone();
    assert_eq!(nodes.len(), 3);
    assert!(nodes.iter().all(|node| node["status"] == "RUNNING" && node["nodeId"].as_str().unwrap().len() == 32));
    let input = json!({"environmentId": simulation.environment_id, "clusterType": "GP"});
    let listed = simulation.call("ListKxClusters", input).await.unwrap();
    assert_eq!(listed["kxClusterSummaries"], json!([]));
    let unknown = simulation
        .call_cluster("GetKxCluster", "x", json!({}))
        .await
        .unwrap_err();
    assert_eq!(unknown.code(), ErrorCode::ResourceNotFound);
    assert!(unknown.message().starts_with("Unable to find cluster"));
}

#[tokio::test]
async fn lists_come_in_pages() {
    let simulation = simulation().await;
    for name in ["a", "b", "c"] {
        simulation.create(name, "GP", 1, "one").await.unwrap();
    }
    let mut names = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let mut input = json!({"environmentId": simulation.environment_id, "maxResults": 2});
        if let Some(token) = &token {
            input["nextToken"] = json!(token);
        }
        let page = simulation.call("ListKxClusters", input).await.unwrap();
        for item in page["kxClusterSummaries"].as_array().unwrap() {
            names.push(item["clusterName"].as_str().unwrap().to_owned());
        }
        match page.get("nextToken") {
            Some(next) => token = Some(next.as_str().unwrap().to_owned()),
            None => break,
        }
    }
    assert_eq!(names, ["a", "b", "c"]);
}

#[tokio::test]
async fn a_client_token_is_answered_once_and_done_once() {
    let simulation = simulation().await;
    let input = |name: &str| json!({"environmentId": simulation.environment_id, "userName": name, "iamRole": ROLE, "clientToken": "t1"});
    let first = simulation.call("CreateKxUser", input("u")).await.unwrap();
    assert_eq!(
        simulation.call("CreateKxUser", input("u")).await.unwrap(),
        first
    );
    assert_eq!(
        code_of(simulation.call("CreateKxUser", input("v")).await),
        ErrorCode::Conflict
    );
    simulation.setup.world.advance(10 * 60 * 1000);
    assert_eq!(
        code_of(simulation.call("CreateKxUser", input("u")).await),
        ErrorCode::ResourceAlreadyExists
    );

    simulation.create("c", "GP", 1, "one").await.unwrap();
    simulation.run_until("c", &["RUNNING"]).await.unwrap();
    let update = json!({"code": {"s3Bucket": "code", "s3Key": "two"}, "clientToken": "t2"});
    let operation = "UpdateKxClusterCodeConfiguration";
    simulation
        .call_cluster(operation, "c", update.clone())
        .await
        .unwrap();
    // The same token again while UPDATING and after: the first answer, not ConflictException, and no second deployment.
    assert_eq!(
        simulation
            .call_cluster(operation, "c", update.clone())
            .await
            .unwrap(),
        json!({})
    );
    simulation.run_until("c", &["RUNNING"]).await.unwrap();
    assert_eq!(
        simulation
            .call_cluster(operation, "c", update)
            .await
            .unwrap(),
        json!({})
    );
    assert_eq!(simulation.deployments("c").await.unwrap().len(), 2);
}

#[tokio::test]
async fn the_same_token_at_the_same_time_is_done_once() {
    let simulation = simulation().await;
    let input = json!({
        "environmentId": simulation.environment_id, "clusterName": "c", "clusterType": "GP", "releaseLabel": "1.0",
        "vpcConfiguration": {}, "azMode": "SINGLE", "availabilityZoneId": "use1-az1", "clientToken": "same",
        "capacityConfiguration": {"nodeType": "kx.s.large", "nodeCount": 1},
    });
    let calls = (0..4).map(|_| simulation.call("CreateKxCluster", input.clone()));
    let answers: Vec<_> = futures::future::join_all(calls)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert!(answers.iter().all(|answer| *answer == answers[0]));
}

#[tokio::test]
async fn an_update_shows_updating_at_once_and_the_new_values_at_the_end() {
    let simulation = simulation().await;
    simulation.create("c", "GP", 1, "one").await.unwrap();
    let early = simulation.update("c", "two", "FORCE").await.unwrap_err();
    assert_eq!(early.code(), ErrorCode::Conflict);
    assert!(early.message().contains("PENDING"), "{early}");
    simulation.run_until("c", &["RUNNING"]).await.unwrap();
    let arguments = json!([{"key": "g", "value": "1"}, {"key": "s", "value": "2"}, {"key": "a1", "value": "x"}]);
    let update =
        json!({"code": {"s3Bucket": "code", "s3Key": "two"}, "commandLineArguments": arguments});
    simulation
        .call_cluster("UpdateKxClusterCodeConfiguration", "c", update)
        .await
        .unwrap();
    let during = simulation
        .call_cluster("GetKxCluster", "c", json!({}))
        .await
        .unwrap();
    assert_eq!(
        (&during["status"], &during["code"]["s3Key"]),
        (&json!("UPDATING"), &json!("one"))
    );
    let second = simulation.update("c", "three", "FORCE").await.unwrap_err();
    assert!(second.message().contains("UPDATING"));
    simulation.run_until("c", &["RUNNING"]).await.unwrap();
    let after = simulation
        .call_cluster("GetKxCluster", "c", json!({}))
        .await
        .unwrap();
    assert_eq!(after["code"]["s3Key"], "two");
    // Left out of the request: gone.
    assert!(after.get("initializationScript").is_none());
    let keys: Vec<_> = after["commandLineArguments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pair| pair["key"].clone())
        .collect();
    assert_eq!(keys, ["s", "a1", "g"]);
}

#[tokio::test]
async fn an_update_is_refused_before_anything_changes() {
    let simulation = simulation().await;
    simulation
        .setup
        .objects
        .put("bad", "zip that does not parse");
    simulation.create("gp", "GP", 1, "one").await.unwrap();
    simulation.create("hdb", "HDB", 2, "one").await.unwrap();
    simulation.run_until("hdb", &["RUNNING"]).await.unwrap();
    simulation.run_until("gp", &["RUNNING"]).await.unwrap();
    let pids = simulation.setup.world.q_pids(&simulation.key("gp"));
    let refused = simulation.update("gp", "bad", "ROLLING").await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::Validation);
    assert!(refused.message().contains("lib/bad.q:3:7"), "{refused}");
    assert!(
        simulation
            .update("gp", "nowhere", "ROLLING")
            .await
            .unwrap_err()
            .message()
            .contains("no such key")
    );
    let in_place = simulation
        .update("hdb", "two", "NO_RESTART")
        .await
        .unwrap_err();
    assert!(in_place.message().contains("GP clusters only"));
    let with_script = json!({
        "code": {"s3Bucket": "code", "s3Key": "two"}, "initializationScript": "init.q",
        "deploymentConfiguration": {"deploymentStrategy": "NO_RESTART"},
    });
    let with_script = simulation
        .call_cluster("UpdateKxClusterCodeConfiguration", "gp", with_script)
        .await;
    assert_eq!(code_of(with_script), ErrorCode::Validation);
    assert_eq!(simulation.status("gp").await.as_deref(), Some("RUNNING"));
    assert_eq!(simulation.setup.world.q_pids(&simulation.key("gp")), pids);
    assert_eq!(simulation.deployments("gp").await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_connection_string_needs_the_role_of_the_user() {
    let simulation = simulation().await;
    simulation.create("c", "GP", 1, "one").await.unwrap();
    simulation.run_until("c", &["RUNNING"]).await.unwrap();
    let user =
        json!({"environmentId": simulation.environment_id, "userName": "u", "iamRole": ROLE});
    let user = simulation.call("CreateKxUser", user).await.unwrap();
    let input = json!({"environmentId": simulation.environment_id, "clusterName": "c", "userArn": user["userArn"]});
    let by_root = simulation
        .call("GetKxConnectionString", input.clone())
        .await
        .unwrap_err();
    assert_eq!(
        (by_root.code(), by_root.message()),
        (ErrorCode::AccessDenied, "")
    );

    let root = Caller {
        principal: Principal::Root,
        access_key_id: "AKIAROOT".into(),
    };
    let request = AssumeRoleRequest {
        role_arn: ROLE.into(),
        session_name: "Connect-to-kdb-cluster".into(),
        duration_seconds: None,
    };
    let assumed = simulation.plane.assume_role(&root, &request).await.unwrap();
    let stored = simulation
        .store()
        .credential(&assumed.credential.access_key_id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(stored.expires_at.unwrap(), 1_767_225_600 + 3600);
    let session = Caller {
        principal: stored.principal,
        access_key_id: assumed.credential.access_key_id.clone(),
    };
    let identity = simulation.plane.get_caller_identity(&session);
    assert_eq!(
        identity.arn,
        "arn:aws:sts::000000000000:assumed-role/kdb-user/Connect-to-kdb-cluster"
    );
    let answer = simulation
        .plane
        .call(&session, "GetKxConnectionString", input)
        .await
        .unwrap();
    let string = answer["signedConnectionString"].as_str().unwrap();
    let parts: Vec<&str> = string.split(':').collect();
    assert_eq!(
        (parts.len(), parts[1], parts[4]),
        (6, "tcps", "u"),
        "{string}"
    );
    let other = AssumeRoleRequest {
        role_arn: "arn:aws:iam::000000000000:role/other".into(),
        ..request
    };
    let refused = simulation
        .plane
        .assume_role(&session, &other)
        .await
        .unwrap_err();
    assert_eq!(refused.code(), ErrorCode::AccessDenied);
}

#[tokio::test]
async fn nodes_have_an_identity_of_their_own() {
    let simulation = simulation().await;
    simulation.create("c", "HDB", 2, "one").await.unwrap();
    simulation.run_until("c", &["RUNNING"]).await.unwrap();
    let credential = simulation
        .store()
        .node_credential(&simulation.environment_id, "c")
        .await
        .unwrap()
        .unwrap();
    let node = Caller {
        principal: credential.principal,
        access_key_id: credential.access_key_id,
    };
    let input = json!({"environmentId": simulation.environment_id, "clusterName": "c"});
    assert!(
        simulation
            .plane
            .call(&node, "GetKxCluster", input.clone())
            .await
            .is_ok()
    );
    let nodes = simulation
        .plane
        .call(&node, "ListKxClusterNodes", input.clone())
        .await
        .unwrap();
    let mut one = input.clone();
    one["nodeId"] = nodes["nodes"][1]["nodeId"].clone();
    let string = simulation
        .plane
        .call(&node, "GetKxNodeConnectionString", one.clone())
        .await
        .unwrap();
    assert!(
        string["signedConnectionString"]
            .as_str()
            .unwrap()
            .contains(":c:Host=")
    );
    assert_eq!(
        code_of(simulation.call("GetKxNodeConnectionString", one).await),
        ErrorCode::AccessDenied
    );
    let update =
        json!({"environmentId": simulation.environment_id, "clusterName": "c", "code": {}});
    let refused = simulation
        .plane
        .call(&node, "UpdateKxClusterCodeConfiguration", update)
        .await;
    assert_eq!(code_of(refused), ErrorCode::AccessDenied);
    // Gone with the cluster.
    simulation
        .call_cluster("DeleteKxCluster", "c", json!({}))
        .await
        .unwrap();
    simulation.settle().await.unwrap();
    assert!(
        simulation
            .store()
            .credential(&node.access_key_id)
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn tags_belong_to_resources_that_exist() {
    let simulation = simulation().await;
    simulation.create("c", "GP", 1, "one").await.unwrap();
    let arn = format!(
        "arn:aws:finspace:us-east-1:000000000000:kxEnvironment/{}/kxCluster/c",
        simulation.environment_id
    );
    let tag = json!({"resourceArn": arn, "tags": {"a": "1", "b": "2"}});
    simulation.call("TagResource", tag).await.unwrap();
    simulation
        .call(
            "UntagResource",
            json!({"resourceArn": arn, "tagKeys": ["a"]}),
        )
        .await
        .unwrap();
    let tags = simulation
        .call("ListTagsForResource", json!({"resourceArn": arn}))
        .await
        .unwrap();
    assert_eq!(tags, json!({"tags": {"b": "2"}}));
    let unknown = json!({"resourceArn": format!("{arn}x")});
    assert_eq!(
        code_of(simulation.call("ListTagsForResource", unknown).await),
        ErrorCode::ResourceNotFound
    );
    let many: serde_json::Map<String, Value> = (0..51)
        .map(|number| (format!("k{number}"), json!("v")))
        .collect();
    let many = simulation
        .call("TagResource", json!({"resourceArn": arn, "tags": many}))
        .await;
    assert_eq!(code_of(many), ErrorCode::InvalidRequest);
}

#[tokio::test]
async fn a_deleted_node_is_replaced() {
    let simulation = simulation().await;
    simulation.create("c", "HDB", 3, "one").await.unwrap();
    simulation.run_until("c", &["RUNNING"]).await.unwrap();
    let key = simulation.key("c");
    let before = simulation.setup.world.node_ids(&key);
    let gone = json!({"nodeId": before[0]});
    simulation
        .call_cluster("DeleteKxClusterNode", "c", gone.clone())
        .await
        .unwrap();
    simulation.settle().await.unwrap();
    let after = simulation.setup.world.node_ids(&key);
    assert_eq!(after.len(), 3);
    assert!(!after.contains(&before[0]));
    assert_eq!(simulation.setup.world.serving(&key), 3);
    let again = simulation
        .call_cluster("DeleteKxClusterNode", "c", gone)
        .await;
    assert_eq!(code_of(again), ErrorCode::ResourceNotFound);
}

#[tokio::test]
async fn history_rollback_and_logs() {
    let simulation = simulation().await;
    simulation.create("c", "GP", 1, "one").await.unwrap();
    simulation.run_until("c", &["RUNNING"]).await.unwrap();
    assert_eq!(
        code_of(
            simulation
                .call_cluster("RollbackKxCluster", "c", json!({}))
                .await
        ),
        ErrorCode::Validation
    );
    simulation.update("c", "two", "ROLLING").await.unwrap();
    simulation.run_until("c", &["RUNNING"]).await.unwrap();
    let first = simulation
        .call_cluster("GetKxClusterNodeLogs", "c", json!({"lines": "1"}))
        .await
        .unwrap();
    assert_eq!(first["nodes"][0]["lines"], json!(["revision 2 starts"]));
    let answer = simulation
        .call_cluster("RollbackKxCluster", "c", json!({}))
        .await
        .unwrap();
    assert_eq!(
        answer,
        json!({"deployment": 3, "fromRevision": 2, "toRevision": 1})
    );
    simulation.run_until("c", &["RUNNING"]).await.unwrap();
    let since = json!({"cursor": first["cursor"]});
    let since = simulation
        .call_cluster("GetKxClusterNodeLogs", "c", since)
        .await
        .unwrap();
    assert_eq!(since["nodes"][0]["lines"], json!(["revision 1 starts"]));
    let got = simulation
        .call_cluster("GetKxCluster", "c", json!({}))
        .await
        .unwrap();
    assert_eq!(
        (&got["code"]["s3Key"], &got["initializationScript"]),
        (&json!("one"), &json!("init.q"))
    );
    let history = simulation
        .call_cluster("ListKxClusterDeployments", "c", json!({"maxResults": "2"}))
        .await
        .unwrap();
    let kinds: Vec<_> = history["deployments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["kind"].clone())
        .collect();
    assert_eq!(kinds, ["ROLLBACK", "UPDATE"]);
    assert!(history.get("nextToken").is_some());
    let newest = &history["deployments"][0];
    assert_eq!(
        (&newest["state"], &newest["toRevision"]),
        (&json!("DONE"), &json!(1))
    );
    assert_eq!(newest["sha256"].as_str().unwrap().len(), 64);
    assert!(newest["nodes"][0]["durationMs"].is_u64());
}

#[tokio::test]
async fn a_failed_creation_says_why_and_keeps_its_logs() {
    let simulation = simulation().await;
    let fails = Outcome::InitializationFails("'type in init.q".into());
    simulation.publish(
        "fails",
        Behaviour {
            initialization_ms: 5,
            outcome: fails,
        },
    );
    let stops = Outcome::StopsCreation("no licence here".into());
    simulation.publish(
        "stops",
        Behaviour {
            initialization_ms: 5,
            outcome: stops,
        },
    );
    simulation.create("c", "HDB", 2, "fails").await.unwrap();
    simulation.create("d", "GP", 1, "stops").await.unwrap();
    simulation.run_until("c", &["CREATE_FAILED"]).await.unwrap();
    simulation.run_until("d", &["CREATE_FAILED"]).await.unwrap();
    assert!(
        simulation
            .status_reason("c")
            .await
            .unwrap()
            .ends_with("type in init.q")
    );
    assert_eq!(
        simulation.status_reason("d").await.unwrap(),
        "no licence here"
    );
    simulation.settle().await.unwrap();
    assert_eq!(simulation.setup.world.node_count(), 0);
    assert_eq!(
        code_of(simulation.update("c", "one", "FORCE").await),
        ErrorCode::Conflict
    );
    simulation
        .call_cluster("DeleteKxCluster", "c", json!({}))
        .await
        .unwrap();
    simulation.run_until("c", &["GONE"]).await.unwrap();
}

#[tokio::test]
async fn what_is_not_there_yet_says_so() {
    let simulation = simulation().await;
    assert_eq!(
        code_of(simulation.call("CreateKxDatabase", json!({})).await),
        ErrorCode::NotImplemented
    );
}
