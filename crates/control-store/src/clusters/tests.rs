//! Clusters survive storage, are replaced by compare-and-set only, and go as a whole.

use super::*;
use crate::records::{
    ApplyRecord, CodeRecord, DeploymentKind, DeploymentState, EnvironmentRecord, NodeStep,
    NodeStepState, Strategy,
};

fn state() -> ClusterState {
    let node = |id: &str, ordinal| NodeRecord {
        node_id: id.into(),
        ordinal,
        availability_zone_id: "use1-az1".into(),
        target_revision: 1,
        target_apply: ApplyRecord::InPlace,
        target_generation: 1,
        launch_attempts: 2,
        next_launch_at_ms: 7,
        launch_error: Some("no room".into()),
        created_at_ms: 5,
        retired_at_ms: None,
    };
    ClusterState {
        cluster: ClusterRecord {
            environment_id: "e".into(),
            cluster_name: "c".into(),
            cluster_type: "HDB".into(),
            specification: serde_json::json!({"azMode": "SINGLE"}),
            node_count: 2,
            cluster_port: None,
            phase: serde_json::json!({"phase": "PENDING"}),
            generation: 1,
            version: 1,
            current_revision: 1,
            created_at_ms: 5,
            modified_at_ms: 5,
        },
        nodes: vec![node("n1", 0), node("n2", 1)],
        deployment: DeploymentRecord {
            number: 1,
            kind: DeploymentKind::Create,
            strategy: Strategy::NoRestart,
            from_revision: None,
            to_revision: 1,
            state: DeploymentState::Moving,
            reason: None,
            steps: vec![NodeStep {
                node_id: "n1".into(),
                state: NodeStepState::Returned,
                started_at_ms: Some(1),
                ended_at_ms: None,
                reason: Some("r".into()),
                timings_ms: vec![("swap".into(), 3)],
            }],
            started_at_ms: 5,
            ended_at_ms: None,
        },
    }
}

fn revision(number: u64) -> RevisionRecord {
    RevisionRecord {
        number,
        code: Some(CodeRecord {
            s3_bucket: "b".into(),
            s3_key: "k".into(),
            s3_object_version: None,
            sha256: format!("d{number}"),
            size_bytes: 9,
        }),
        initialization_script: Some("init.q".into()),
        command_line_arguments: vec![("s".into(), "2".into()), ("g".into(), "1".into())],
        created_at_ms: 5,
    }
}

async fn store_with_cluster() -> Store {
    let store = Store::in_memory().await.unwrap();
    let mut transaction = store.begin().await.unwrap();
    let environment = EnvironmentRecord {
        environment_id: "e".into(),
        name: "n".into(),
        description: None,
        kms_key_id: "k".into(),
        phase: serde_json::json!({}),
        created_at_ms: 1,
        modified_at_ms: 1,
    };
    transaction.put_environment(&environment).await.unwrap();
    transaction
        .insert_cluster(&state(), &revision(1))
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    store
}

#[tokio::test]
async fn a_cluster_is_read_as_it_was_written() {
    let store = store_with_cluster().await;
    assert_eq!(
        store.cluster_state("e", "c").await.unwrap().unwrap(),
        state()
    );
    assert_eq!(
        store.revision("e", "c", 1).await.unwrap().unwrap(),
        revision(1)
    );
    assert_eq!(
        store.cluster_keys().await.unwrap(),
        [("e".to_owned(), "c".to_owned())]
    );
    assert_eq!(store.code_digests_in_use().await.unwrap(), ["d1"]);
    assert!(store.cluster_state("e", "other").await.unwrap().is_none());
    let mut transaction = store.begin().await.unwrap();
    let again = transaction.insert_cluster(&state(), &revision(1)).await;
    assert!(matches!(
        again,
        Err(StoreError::Exists {
            what: "a cluster of this name"
        })
    ));
}

#[tokio::test]
async fn only_the_newest_reader_may_write() {
    let store = store_with_cluster().await;
    let mut changed = state();
    changed.cluster.cluster_port = Some(5000);
    changed.cluster.generation = 2;
    changed.nodes[1].retired_at_ms = Some(6);
    changed.deployment.state = DeploymentState::Done;
    let mut transaction = store.begin().await.unwrap();
    transaction.replace_cluster_state(&changed).await.unwrap();
    transaction.commit().await.unwrap();
    let mut expected = changed.clone();
    expected.cluster.version = 2;
    assert_eq!(
        store.cluster_state("e", "c").await.unwrap().unwrap(),
        expected
    );

    let mut transaction = store.begin().await.unwrap();
    let stale = transaction.replace_cluster_state(&changed).await;
    assert!(matches!(stale, Err(StoreError::Stale { .. })));
    let stale = transaction.delete_cluster(&changed.cluster).await;
    assert!(matches!(stale, Err(StoreError::Stale { .. })));
    drop(transaction);
    assert_eq!(
        store.cluster_state("e", "c").await.unwrap().unwrap(),
        expected
    );
}

#[tokio::test]
async fn a_revision_number_is_given_once_and_all_goes_with_the_cluster() {
    let store = store_with_cluster().await;
    let mut transaction = store.begin().await.unwrap();
    assert_eq!(transaction.newest_revision("e", "c").await.unwrap(), 1);
    transaction
        .insert_revision("e", "c", &revision(2))
        .await
        .unwrap();
    let twice = transaction.insert_revision("e", "c", &revision(2)).await;
    assert!(matches!(twice, Err(StoreError::Exists { .. })));
    transaction.delete_cluster(&state().cluster).await.unwrap();
    transaction.commit().await.unwrap();
    assert!(store.revisions("e", "c").await.unwrap().is_empty());
    assert!(store.deployments("e", "c").await.unwrap().is_empty());
    assert!(store.code_digests_in_use().await.unwrap().is_empty());
}
