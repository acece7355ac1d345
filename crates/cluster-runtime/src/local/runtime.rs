//! The runtime itself: directories, agents and the shared sockets put together.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures::future::join_all;
use tokio::task::spawn_blocking;

use super::client::{AgentClient, ClientError};
use super::launch::{AGENT_READY_TIMEOUT, LaunchReply, launch_agent};
use super::layout::{DataLayout, NodeDirectory, NodeIdentity};
use super::leftovers::kill_leftovers;
use super::listener::{bind_cluster_listener, reserve_port, start_listening};
use super::log_tail::tail_of_log;
use super::pid_lock::{Acquired, PidLock};
use super::watch::Watchers;
use crate::{ClusterKey, ClusterRuntime, NodeSpec, Observed, RuntimeError};

/// Where and how nodes are run on this machine.
#[derive(Debug, Clone)]
pub struct LocalConfig {
    /// The installation's data directory; nodes live in `nodes/`, their logs in `logs/`.
    pub data_dir: PathBuf,
    /// The program that is an agent when called with `agent_command`.
    pub executable: PathBuf,
    /// First arguments of the agent, `node` for the product's own executable.
    pub agent_command: Vec<String>,
    /// How long one agent may take to answer a question.
    pub answer_timeout: Duration,
    /// How long q may take to end by itself once it was asked to.
    pub drain_timeout: Duration,
    /// A node's log is closed and a new one begun at this size.
    pub log_bytes_max: u64,
    /// How many closed parts of a node's log are kept.
    pub log_parts_max: u32,
}

impl LocalConfig {
    /// The usual limits: 1 s per question, 5 s to drain, five log parts of 10 MiB.
    pub fn new(data_dir: impl Into<PathBuf>, executable: impl Into<PathBuf>) -> Self {
        LocalConfig {
            data_dir: data_dir.into(),
            executable: executable.into(),
            agent_command: vec!["node".to_owned()],
            answer_timeout: Duration::from_secs(1),
            drain_timeout: Duration::from_secs(5),
            log_bytes_max: 10 * 1024 * 1024,
            log_parts_max: 5,
        }
    }
}

/// Runs nodes as detached processes of this machine.
#[derive(Debug)]
pub struct LocalRuntime {
    config: LocalConfig,
    layout: DataLayout,
    /// Listening sockets of clusters, kept so that the next node gets the same one.
    listeners: tokio::sync::Mutex<BTreeMap<ClusterKey, OwnedFd>>,
    /// Ports given out by [`ClusterRuntime::allocate_cluster_port`] that no node uses yet.
    reserved: Mutex<BTreeMap<(IpAddr, u16), OwnedFd>>,
    /// One change at a time per node.
    turns: Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<()>>>>,
    watchers: Watchers,
}

impl LocalRuntime {
    /// A runtime over the data directory. Nodes that are there already are adopted by the first observation.
    ///
    /// # Errors
    /// The data directory cannot be made absolute or cleaned of what a crash left half done.
    pub fn new(mut config: LocalConfig) -> Result<Self, RuntimeError> {
        config.data_dir = std::path::absolute(&config.data_dir).map_err(|error| {
            other(format!(
                "the data directory {} cannot be used: {error}",
                config.data_dir.display()
            ))
        })?;
        let layout = DataLayout::new(&config.data_dir);
        layout.remove_debris().map_err(|error| {
            other(format!(
                "cannot clean {}: {error}; it must be writable",
                layout.nodes().display()
            ))
        })?;
        Ok(LocalRuntime {
            config,
            layout,
            listeners: tokio::sync::Mutex::default(),
            reserved: Mutex::default(),
            turns: Mutex::default(),
            watchers: Watchers::default(),
        })
    }

    /// The paths of this installation.
    pub fn layout(&self) -> &DataLayout {
        &self.layout
    }

    fn client(&self, directory: &NodeDirectory) -> AgentClient {
        AgentClient::new(directory, self.config.answer_timeout)
    }

    fn turn(&self, node_id: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = lock(&self.turns);
        // Nobody else holds an entry that is referred to once: it can go.
        turns.retain(|_, turn| Arc::strong_count(turn) > 1);
        Arc::clone(turns.entry(node_id.to_owned()).or_default())
    }

    fn directory(&self, node_id: &str) -> Result<NodeDirectory, RuntimeError> {
        self.layout
            .node(node_id)
            .map_err(|error| other(error.to_string()))
    }

    fn directories(&self) -> Result<Vec<NodeDirectory>, RuntimeError> {
        self.layout.node_directories().map_err(|error| {
            other(format!(
                "cannot list {}: {error}",
                self.layout.nodes().display()
            ))
        })
    }

    async fn observe_node(&self, directory: NodeDirectory) -> Option<Observed> {
        let client = self.client(&directory);
        let status = client.status().await;
        // Read afterwards: a directory that was removed meanwhile is no node.
        let identity = directory.identity()?;
        self.watchers.watch(&identity.node_id, &directory, &client);
        Some(match status {
            Ok(status) => Observed::Alive(status),
            Err(_) => Observed::Dead {
                starting: PidLock::is_held(&directory.pid_file()),
                cluster: identity.cluster,
                node_id: identity.node_id,
            },
        })
    }

    /// The shared socket of the cluster: our own copy, else a living agent's, else a new one.
    async fn cluster_listener(&self, spec: &NodeSpec) -> Result<OwnedFd, RuntimeError> {
        let address: IpAddr = spec.listen_address.parse().map_err(|_| {
            other(format!(
                "listen address {:?} is not an IP address",
                spec.listen_address
            ))
        })?;
        let mut listeners = self.listeners.lock().await;
        if let Some(known) = listeners.get(&spec.cluster) {
            if listens_on(known, address, spec.cluster_port) {
                return duplicate(known);
            }
            listeners.remove(&spec.cluster);
        }
        let reserved = lock(&self.reserved).remove(&(address, spec.cluster_port));
        let socket = match reserved {
            Some(reserved) => start_listening(&reserved)
                .map(|()| reserved)
                .map_err(|error| port_failure(spec, &error.to_string()))?,
            None => match self.adopt_listener(spec, address).await? {
                Some(adopted) => adopted,
                None => self.bind_listener(spec, address)?,
            },
        };
        let copy = duplicate(&socket)?;
        listeners.insert(spec.cluster.clone(), socket);
        Ok(copy)
    }

    async fn adopt_listener(
        &self,
        spec: &NodeSpec,
        address: IpAddr,
    ) -> Result<Option<OwnedFd>, RuntimeError> {
        for directory in self.directories()? {
            let same = directory
                .identity()
                .is_some_and(|identity| identity.cluster == spec.cluster);
            if !same || directory.path().ends_with(&spec.node_id) {
                continue;
            }
            if let Ok(Some(found)) = self.client(&directory).cluster_listener().await
                && listens_on(&found, address, spec.cluster_port)
            {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn bind_listener(&self, spec: &NodeSpec, address: IpAddr) -> Result<OwnedFd, RuntimeError> {
        let first = match bind_cluster_listener(address, spec.cluster_port, false) {
            Ok(socket) => return Ok(socket),
            Err(error) => error,
        };
        if first.kind() != std::io::ErrorKind::AddrInUse {
            return Err(port_failure(spec, &first.to_string()));
        }
        for directory in self.directories()? {
            if let Some(identity) = directory.identity()
                && identity.cluster != spec.cluster
                && identity.cluster_port == spec.cluster_port
            {
                return Err(port_failure(
                    spec,
                    &format!("cluster {} uses it", identity.cluster.cluster_name),
                ));
            }
        }
        // Something that outlived its agent may still hold the former socket. Joining it is allowed for sockets of
        // our own user only; for anybody else's the kernel refuses.
        tracing::warn!(
            port = spec.cluster_port,
            "the cluster port is held by a process of an earlier life"
        );
        bind_cluster_listener(address, spec.cluster_port, true).map_err(|_| {
            port_failure(
                spec,
                "another program listens on it; end that program or recreate the cluster",
            )
        })
    }

    async fn launch(&self, spec: &NodeSpec) -> Result<(), RuntimeError> {
        let listener = self.cluster_listener(spec).await?;
        let directory = self
            .layout
            .create_node(&NodeIdentity::of(spec))
            .map_err(|error| {
                launch_failed(
                    spec,
                    format!(
                        "cannot create its directory below {}: {error}; check space and permissions",
                        self.layout.nodes().display()
                    ),
                )
            })?;
        let reply = launch_agent(&self.config, &directory, spec, &listener)
            .await
            .map_err(|error| launch_failed(spec, error.to_string()))?;
        self.watchers
            .watch_anew(&spec.node_id, &directory, &self.client(&directory));
        match reply {
            LaunchReply::Ready => Ok(()),
            LaunchReply::Stale { given, seen } => Err(RuntimeError::StaleGeneration {
                node_id: spec.node_id.clone(),
                given,
                seen,
            }),
            LaunchReply::Failed { reason } => Err(launch_failed(spec, reason)),
            LaunchReply::AlreadyOwned => self.put_to_starting_agent(spec, &directory).await,
        }
    }

    /// Somebody else's agent owns the node but did not listen yet when we asked.
    async fn put_to_starting_agent(
        &self,
        spec: &NodeSpec,
        directory: &NodeDirectory,
    ) -> Result<(), RuntimeError> {
        let client = self.client(directory);
        let deadline = Instant::now() + AGENT_READY_TIMEOUT;
        loop {
            match client.put(spec).await {
                Ok(()) => return Ok(()),
                Err(ClientError::Stale { given, seen }) => {
                    return Err(RuntimeError::StaleGeneration {
                        node_id: spec.node_id.clone(),
                        given,
                        seen,
                    });
                }
                Err(_) if Instant::now() < deadline => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                Err(error) => {
                    // It owns the node and does not speak: no use to anybody. The next pass starts another.
                    kill_holder(directory).await?;
                    return Err(unreachable(&spec.node_id, error.to_string()));
                }
            }
        }
    }

    /// Removes a node whose agent does not answer.
    async fn remove_dead(
        &self,
        directory: &NodeDirectory,
        node_id: &str,
        generation: u64,
    ) -> Result<(), RuntimeError> {
        refuse_stale(directory, node_id, generation)?;
        kill_holder(directory).await?;
        let directory = directory.clone();
        let name = node_id.to_owned();
        let clean = move || -> Result<(), RuntimeError> {
            let failed = |error: std::io::Error| {
                other(format!(
                    "cannot remove node {name} in {}: {error}",
                    directory.path().display()
                ))
            };
            let _owner = match PidLock::acquire(&directory.pid_file(), Duration::from_secs(1)) {
                Ok(Acquired::Held(lock)) => lock,
                Ok(Acquired::Busy(_)) => {
                    return Err(unreachable(&name, "its agent is just starting".to_owned()));
                }
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
                Err(error) => return Err(failed(error)),
            };
            refuse_stale(&directory, &name, generation)?;
            kill_leftovers(directory.path()).map_err(failed)?;
            directory.remove().map_err(failed)
        };
        spawn_blocking(clean)
            .await
            .map_err(|error| other(format!("removing a node was interrupted: {error}")))?
    }

    async fn forget_listener_of_last_node(&self, cluster: &ClusterKey) -> Result<(), RuntimeError> {
        let mut listeners = self.listeners.lock().await;
        let others = self
            .directories()?
            .iter()
            .filter_map(NodeDirectory::identity)
            .any(|identity| identity.cluster == *cluster);
        if !others {
            listeners.remove(cluster);
        }
        Ok(())
    }
}

#[async_trait::async_trait]
impl ClusterRuntime for LocalRuntime {
    async fn observe(&self) -> Result<Vec<Observed>, RuntimeError> {
        let all = self.directories()?;
        let found = join_all(all.into_iter().map(|one| self.observe_node(one))).await;
        Ok(found.into_iter().flatten().collect())
    }

    async fn ensure_node(&self, spec: &NodeSpec) -> Result<(), RuntimeError> {
        let turn = self.turn(&spec.node_id);
        let _turn = turn.lock().await;
        let directory = self.directory(&spec.node_id)?;
        // A cluster or environment name that cannot be a path is refused before anything exists.
        self.layout
            .node_log(&spec.cluster, &spec.node_id)
            .map_err(|error| other(error.to_string()))?;
        match self.client(&directory).put(spec).await {
            Ok(()) => {
                self.watchers
                    .watch(&spec.node_id, &directory, &self.client(&directory));
                Ok(())
            }
            Err(ClientError::Absent { .. }) => self.launch(spec).await,
            Err(ClientError::Stale { given, seen }) => Err(RuntimeError::StaleGeneration {
                node_id: spec.node_id.clone(),
                given,
                seen,
            }),
            // The connection broke: the agent died just now. The lock tells whether another may start.
            Err(ClientError::Io(_)) if !PidLock::is_held(&directory.pid_file()) => {
                self.launch(spec).await
            }
            Err(error) => Err(unreachable(&spec.node_id, error.to_string())),
        }
    }

    async fn remove_node(
        &self,
        cluster: &ClusterKey,
        node_id: &str,
        generation: u64,
    ) -> Result<(), RuntimeError> {
        let turn = self.turn(node_id);
        let _turn = turn.lock().await;
        let directory = self.directory(node_id)?;
        if directory.path().exists() {
            // Draining, then the kill, then the end of the agent itself.
            let patience = self.config.drain_timeout + Duration::from_secs(5);
            let answer = self.client(&directory).remove(generation, patience).await;
            match answer {
                Ok(()) => {}
                Err(ClientError::Stale { given, seen }) => {
                    return Err(RuntimeError::StaleGeneration {
                        node_id: node_id.to_owned(),
                        given,
                        seen,
                    });
                }
                Err(_) => self.remove_dead(&directory, node_id, generation).await?,
            }
        }
        self.forget_listener_of_last_node(cluster).await?;
        self.watchers.tell();
        Ok(())
    }

    async fn log_tail(
        &self,
        cluster: &ClusterKey,
        node_id: &str,
        lines: Option<usize>,
    ) -> Result<Vec<String>, RuntimeError> {
        let path = self
            .layout
            .node_log(cluster, node_id)
            .map_err(|error| other(error.to_string()))?;
        spawn_blocking(move || {
            tail_of_log(&path, lines)
                .map_err(|error| other(format!("cannot read {}: {error}", path.display())))
        })
        .await
        .map_err(|error| other(format!("reading a log was interrupted: {error}")))?
    }

    async fn allocate_cluster_port(&self, listen_address: &str) -> Result<u16, RuntimeError> {
        let address: IpAddr = listen_address.parse().map_err(|_| {
            other(format!(
                "listen address {listen_address:?} is not an IP address"
            ))
        })?;
        let (socket, port) = reserve_port(address)
            .map_err(|error| other(format!("no free port on {listen_address}: {error}")))?;
        lock(&self.reserved).insert((address, port), socket);
        Ok(port)
    }

    async fn changed(&self) {
        self.watchers.changed().await;
    }
}

/// The fence of a node without a living agent: its last specification. One that cannot be read fences nobody.
fn refuse_stale(directory: &NodeDirectory, node_id: &str, given: u64) -> Result<(), RuntimeError> {
    match directory.spec() {
        Ok(Some(spec)) if given < spec.generation => Err(RuntimeError::StaleGeneration {
            node_id: node_id.to_owned(),
            given,
            seen: spec.generation,
        }),
        _ => Ok(()),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn duplicate(socket: &OwnedFd) -> Result<OwnedFd, RuntimeError> {
    socket
        .try_clone()
        .map_err(|error| other(format!("cannot duplicate a socket: {error}")))
}

fn listens_on(socket: &OwnedFd, address: IpAddr, port: u16) -> bool {
    rustix::net::getsockname(socket)
        .ok()
        .and_then(|name| SocketAddr::try_from(name).ok())
        .is_some_and(|name| name == SocketAddr::new(address, port))
}

async fn kill_holder(directory: &NodeDirectory) -> Result<(), RuntimeError> {
    let pid_file = directory.pid_file();
    spawn_blocking(move || PidLock::kill_holder(&pid_file, Duration::from_secs(2)))
        .await
        .map_err(|error| other(format!("ending an agent was interrupted: {error}")))?
        .map_err(|error| other(format!("cannot end an agent that does not answer: {error}")))
}

fn other(reason: String) -> RuntimeError {
    RuntimeError::Other { reason }
}

fn unreachable(node_id: &str, reason: String) -> RuntimeError {
    RuntimeError::Unreachable {
        node_id: node_id.to_owned(),
        reason,
    }
}

fn launch_failed(spec: &NodeSpec, reason: String) -> RuntimeError {
    RuntimeError::LaunchFailed {
        node_id: spec.node_id.clone(),
        reason,
    }
}

fn port_failure(spec: &NodeSpec, reason: &str) -> RuntimeError {
    launch_failed(
        spec,
        format!(
            "port {}:{} of cluster {} cannot be opened: {reason}",
            spec.listen_address, spec.cluster_port, spec.cluster.cluster_name
        ),
    )
}
