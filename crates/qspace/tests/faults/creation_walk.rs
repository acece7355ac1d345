//! `kill -9` of the server at every step of the creation of a cluster, and of its deletion.

use std::fs;

use serde_json::Value as Json;

use super::support::bundles::{release, upload};
use super::support::installation::{End, Installation};
use super::support::wait_for;

/// More steps than this would mean a creation or deletion that never ends.
const STEPS_MAX: u64 = 60;
const CLUSTER: &str = "trio";
const BYSTANDER: &str = "solo";

/// Replaces the server by one that means to crash at a step.
async fn doom(installation: &mut Installation, step: u64) {
    installation.kill_server();
    installation.start_server(Some(step)).await;
}

/// Waits until the cluster is as wanted or the server has crashed; a healthy server looks after it then.
async fn survive(
    installation: &mut Installation,
    what: &str,
    is_there_yet: impl Fn(Option<&Json>) -> bool,
) -> End {
    wait_for(what, async || {
        if installation.server_has_ended() {
            return Some(());
        }
        let found = cluster(installation).await?;
        is_there_yet(found.as_ref()).then_some(())
    })
    .await;
    let end = installation.end_server();
    installation.start_server(None).await;
    end
}

/// The cluster, `Some(None)` when the service says that there is none, `None` when it does not answer.
async fn cluster(installation: &Installation) -> Option<Option<Json>> {
    match installation.world().api.cluster(CLUSTER).await {
        Ok(found) => Some(Some(found)),
        Err(error) => error
            .to_string()
            .contains("ResourceNotFound")
            .then_some(None),
    }
}

async fn created_under_crash_at(
    installation: &mut Installation,
    step: u64,
    code: &Json,
    others: &[String],
) -> End {
    doom(installation, step).await;
    let asked = installation
        .world()
        .create_cluster(CLUSTER, "GATEWAY", 3, code)
        .await;
    let end = survive(installation, "the cluster or the crash", |found| {
        found.is_some_and(|found| found["status"] == "RUNNING")
    })
    .await;
    assert!(asked.is_ok() || end == End::Crashed, "{asked:?}");
    installation.running(CLUSTER).await;
    let mut nodes = installation.node_ids(CLUSTER).await;
    assert_eq!(nodes.len(), 3, "step {step}");
    nodes.extend(others.iter().cloned());
    installation.settled(&nodes).await;
    let mut q = installation.connect(CLUSTER).await;
    assert_eq!(q.ask_long("count t").expect("an answer"), 1000);
    end
}

async fn deleted_under_crash_at(
    installation: &mut Installation,
    step: u64,
    others: &[String],
) -> End {
    doom(installation, step).await;
    let asked = installation.world().delete(&[CLUSTER]).await;
    let end = survive(
        installation,
        "the end of the cluster or the crash",
        |found| found.is_none(),
    )
    .await;
    assert!(asked.is_ok() || end == End::Crashed, "{asked:?}");
    wait_for("the end of the cluster", async || {
        cluster(installation).await?.is_none().then_some(())
    })
    .await;
    installation.settled(others).await;
    let left = fs::read_dir(installation.data().join("nodes")).expect("the nodes' directory");
    assert_eq!(
        left.count(),
        others.len(),
        "step {step}: directories of nodes stay"
    );
    end
}

#[tokio::test]
async fn clusters_come_and_go_whole_whenever_the_server_dies() {
    let mut installation = Installation::start().await;
    let code = upload(installation.world(), "1.zip", &release(1)).await;
    installation.create(BYSTANDER, "GP", 1, &code).await;
    let others = installation.node_ids(BYSTANDER).await;
    let mut bystander = installation.connect(BYSTANDER).await;
    let mut crashes = (0, 0);
    for step in 1..=STEPS_MAX {
        let creation = created_under_crash_at(&mut installation, step, &code, &others).await;
        let deletion = deleted_under_crash_at(&mut installation, step, &others).await;
        bystander.ask("1").expect("the handle lives");
        crashes.0 += u64::from(creation == End::Crashed);
        crashes.1 += u64::from(deletion == End::Crashed);
        if creation == End::InOrder && deletion == End::InOrder {
            println!(
                "{} crashes while creating, {} while deleting",
                crashes.0, crashes.1
            );
            assert!(
                crashes.0 >= 6 && crashes.1 >= 4,
                "both have more steps than that"
            );
            return;
        }
    }
    panic!("a creation or a deletion took more than {STEPS_MAX} steps");
}
