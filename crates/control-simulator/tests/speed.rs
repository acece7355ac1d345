//! Deployments are driven by notices: none of their steps waits for a tick.

use std::sync::Arc;
use std::time::Duration;

use aws_protocol::credentials::Principal;
use cluster_runtime::ClusterRuntime;
use cluster_runtime::fake::Behaviour;
use control_plane::{Caller, Handle, Ticks};
use control_simulator::{Setup, Simulation};
use serde_json::{Value, json};

/// Far beyond the test's patience: a step that needs a tick fails it.
const NEVER: Duration = Duration::from_secs(100_000);
const PATIENCE: Duration = Duration::from_secs(60);

async fn call(handle: &Handle, operation: &str, environment_id: &str, mut input: Value) -> Value {
    input["environmentId"] = json!(environment_id);
    input["clusterName"] = json!("c");
    let root = Caller {
        principal: Principal::Root,
        access_key_id: "AKIAROOT".into(),
    };
    handle.plane().call(&root, operation, input).await.unwrap()
}

async fn until_running(handle: &Handle, environment_id: &str) {
    loop {
        let answer = call(handle, "GetKxCluster", environment_id, json!({})).await;
        if answer["status"] == "RUNNING" {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deployment_needs_no_tick() {
    let mut setup = Setup::new().await.unwrap();
    setup.ticks = Ticks {
        busy: NEVER,
        steady: NEVER,
    };
    let world = setup.world.clone();
    let runtime: Arc<dyn ClusterRuntime> = Arc::new(world.clone());
    let simulation = Simulation::through(setup, runtime).await.unwrap();
    simulation.publish("one", Behaviour::default());
    simulation.publish("two", Behaviour::default());
    let environment_id = simulation.environment_id.clone();
    let (plane, _setup) = (simulation.plane, simulation.setup);
    let handle = plane.run().await;
    let time = tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_millis(1)).await;
            world.advance(1);
        }
    });
    let story = async {
        let code = |key: &str| json!({"s3Bucket": "code", "s3Key": key});
        let input = json!({
            "clusterType": "HDB", "releaseLabel": "1.0", "vpcConfiguration": {}, "azMode": "SINGLE",
            "availabilityZoneId": "use1-az1", "code": code("one"),
            "capacityConfiguration": {"nodeType": "kx.s.large", "nodeCount": 3},
        });
        call(&handle, "CreateKxCluster", &environment_id, input).await;
        until_running(&handle, &environment_id).await;
        for (key, strategy) in [("two", "ROLLING"), ("one", "FORCE")] {
            let input = json!({
                "code": code(key), "deploymentConfiguration": {"deploymentStrategy": strategy},
            });
            call(
                &handle,
                "UpdateKxClusterCodeConfiguration",
                &environment_id,
                input,
            )
            .await;
            until_running(&handle, &environment_id).await;
        }
        call(&handle, "DeleteKxCluster", &environment_id, json!({})).await;
        let root = Caller {
            principal: Principal::Root,
            access_key_id: "AKIAROOT".into(),
        };
        let listing = json!({"environmentId": environment_id});
        loop {
            let left = handle
                .plane()
                .call(&root, "ListKxClusters", listing.clone())
                .await
                .unwrap();
            if left["kxClusterSummaries"] == json!([]) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(PATIENCE, story)
        .await
        .expect("a step waited for a tick");
    time.abort();
    handle.shutdown().await;
}
