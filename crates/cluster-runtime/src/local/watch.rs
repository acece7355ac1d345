//! Notice of changes: one task per agent that listens for them, one place where the reconciler waits.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::client::AgentClient;
use super::layout::NodeDirectory;
use super::protocol::{Response, read_frame};

const RECONNECT_FIRST: Duration = Duration::from_millis(20);
const RECONNECT_LONGEST: Duration = Duration::from_secs(1);

/// The watchers of all nodes this process has met.
#[derive(Debug, Default)]
pub(super) struct Watchers {
    changed: Arc<Notify>,
    tasks: Mutex<BTreeMap<String, JoinHandle<()>>>,
}

impl Watchers {
    /// Watches the node from now on until its directory is gone. Idempotent.
    pub(super) fn watch(&self, node_id: &str, directory: &NodeDirectory, client: &AgentClient) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.retain(|_, task| !task.is_finished());
        tasks.entry(node_id.to_owned()).or_insert_with(|| {
            tokio::spawn(follow(
                directory.clone(),
                client.clone(),
                Arc::clone(&self.changed),
            ))
        });
    }

    /// Watches a node whose agent was just started: whoever waits to try again later need not.
    pub(super) fn watch_anew(
        &self,
        node_id: &str,
        directory: &NodeDirectory,
        client: &AgentClient,
    ) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(former) = tasks.remove(node_id) {
            former.abort();
        }
        drop(tasks);
        self.watch(node_id, directory, client);
    }

    /// Returns at the next change, at once if one happened since the last return.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    pub(super) fn tell(&self) {
        tell(&self.changed);
    }
}

impl Drop for Watchers {
    fn drop(&mut self) {
        let tasks = self.tasks.get_mut().unwrap_or_else(PoisonError::into_inner);
        for task in std::mem::take(tasks).into_values() {
            task.abort();
        }
    }
}

/// Wakes all who wait and, if nobody does, the next who will.
fn tell(changed: &Notify) {
    changed.notify_waiters();
    changed.notify_one();
}

async fn follow(directory: NodeDirectory, client: AgentClient, changed: Arc<Notify>) {
    let mut pause = RECONNECT_FIRST;
    while directory.identity_file().exists() {
        if let Ok(mut stream) = client.watch().await {
            while let Ok(Some(Response::Changed)) = read_frame::<Response>(&mut stream).await {
                pause = RECONNECT_FIRST;
                tell(&changed);
            }
            // The agent ended: that is a change too.
            tell(&changed);
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(RECONNECT_LONGEST);
    }
    tell(&changed);
}
