//! One installation: a data directory, its server as a child process, and the calls to it.

use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};

use cluster_runtime::local::NodeDirectory;
use qspace::client::Deployment;
use qspace::demo::q_client::{QClient, Target};
use qspace::demo::world::{World, update_body};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value as Json;

use super::processes::Processes;
use super::wait_for;

/// Ends every process that names the data directory and removes it, once nobody holds its input open any more.
///
/// A process of its own, so that it also does its work when the test itself is killed.
const SWEEPER: &str = r#"
read -r data; cat >/dev/null
for again in 1 2 3; do
  for found in $(grep -lsaF -- "$data" /proc/[0-9]*/cmdline /proc/[0-9]*/environ); do
    pid=${found#/proc/}; kill -9 "${pid%%/*}" 2>/dev/null
  done
done
rm -rf -- "$data"
"#;

/// A server with everything it runs. All of it ends when this is dropped or its test dies.
pub(crate) struct Installation {
    data: PathBuf,
    server: Option<Child>,
    world: Option<World>,
    /// The sweeper and its input, in this order of closing.
    sweeper: (Option<ChildStdin>, Child),
}

/// How a server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    InOrder,
    /// By SIGKILL, its own.
    Crashed,
}

impl Installation {
    /// A server over a new data directory with an environment, a user and a bucket.
    pub(crate) async fn start() -> Installation {
        let data = tempfile::Builder::new()
            .prefix("qspace-faults-")
            .tempdir()
            .expect("a temporary directory")
            .keep();
        let mut sweeper = Command::new("sh")
            .args(["-c", SWEEPER])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Out of reach of whoever kills the test and its group.
            .process_group(0)
            .spawn()
            .expect("sh");
        let mut input = sweeper.stdin.take().expect("piped");
        writeln!(input, "{}", data.display()).expect("sh reads");
        let mut installation = Installation {
            data,
            server: None,
            world: None,
            sweeper: (Some(input), sweeper),
        };
        installation.spawn_server(None);
        let world = World::create(&installation.data).await;
        installation.world = Some(world.expect("an environment"));
        installation
    }

    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    pub(crate) fn world(&self) -> &World {
        self.world.as_ref().expect("made at the start")
    }

    fn spawn_server(&mut self, crash_at_step: Option<u64>) {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.data.join("serve.log"))
            .expect("a log");
        let mut command = Command::new(env!("CARGO_BIN_EXE_qspace"));
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(&self.data)
            .env("QSPACE_LOG", "info")
            .env_remove("QSPACE_CRASH_AT_STEP")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log);
        if let Some(step) = crash_at_step {
            command.env("QSPACE_CRASH_AT_STEP", step.to_string());
        }
        let mut server = command.spawn().expect("the server starts");
        let mut line = String::new();
        BufReader::new(server.stdout.take().expect("piped"))
            .read_line(&mut line)
            .expect("the server's output");
        self.server = Some(server);
        assert!(
            line.starts_with("qspace ready endpoint="),
            "{line:?}\n{}",
            self.server_log()
        );
    }

    /// Starts the server again, which has ended; optionally one that kills itself at a step.
    pub(crate) async fn start_server(&mut self, crash_at_step: Option<u64>) {
        assert!(self.server.is_none(), "one server at a time");
        self.spawn_server(crash_at_step);
        let world = self.world.take().expect("made at the start");
        self.world = Some(
            world
                .reopened(&self.data)
                .await
                .expect("the server answers"),
        );
    }

    /// Asks the server to end, if it has not ended already, and says how it did.
    pub(crate) fn end_server(&mut self) -> End {
        let mut server = self.server.take().expect("a server");
        // It may have killed itself already; until it is waited for, the number is its own.
        let _ = kill_process(Pid::from_child(&server), Signal::TERM);
        let status: ExitStatus = server.wait().expect("wait");
        match (status.success(), status.signal()) {
            (true, _) => End::InOrder,
            (false, Some(9)) => End::Crashed,
            _ => panic!("the server ended with {status}\n{}", self.server_log()),
        }
    }

    /// `kill -9` of the server.
    pub(crate) fn kill_server(&mut self) {
        let mut server = self.server.take().expect("a server");
        server.kill().expect("kill");
        server.wait().expect("wait");
    }

    pub(crate) fn server_has_ended(&mut self) -> bool {
        let server = self.server.as_mut().expect("a server");
        server.try_wait().expect("wait").is_some()
    }

    pub(crate) fn server_log(&self) -> String {
        fs::read_to_string(self.data.join("serve.log")).unwrap_or_default()
    }

    /// Creates a cluster and waits until it runs.
    pub(crate) async fn create(&self, cluster: &str, kind: &str, nodes: u32, code: &Json) {
        let made = self.world().create_cluster(cluster, kind, nodes, code);
        made.await.expect("accepted");
        self.running(cluster).await;
    }

    /// Waits until a cluster is RUNNING and all its nodes serve; the cluster then.
    pub(crate) async fn running(&self, cluster: &str) -> Json {
        let (found, _) = self.world().running(cluster).await.unwrap_or_else(|error| {
            panic!("{error:#}\n{}", self.everything_said());
        });
        found
    }

    /// Starts an update; true when the service answered that it has accepted it.
    pub(crate) async fn update(&self, cluster: &str, code: &Json, strategy: &str) -> bool {
        let body = update_body(cluster, code, strategy);
        self.world().api.update_code(cluster, &body).await.is_ok()
    }

    /// An update to its end, which must be good.
    pub(crate) async fn updated(&self, cluster: &str, code: &Json, strategy: &str) -> Json {
        assert!(self.update(cluster, code, strategy).await, "refused");
        let found = self.running(cluster).await;
        let last = self.last_deployment(cluster).await;
        assert_eq!(last.state, "DONE", "{last:?}\n{}", self.everything_said());
        found
    }

    /// The newest deployment of a cluster.
    pub(crate) async fn last_deployment(&self, cluster: &str) -> Deployment {
        let (_, deployments) = self
            .world()
            .api
            .deployments(cluster, 1)
            .await
            .expect("a history");
        deployments.into_iter().next().expect("a deployment")
    }

    /// The ids of a cluster's nodes, sorted.
    pub(crate) async fn node_ids(&self, cluster: &str) -> Vec<String> {
        let nodes = self.world().nodes(cluster).await.expect("a list of nodes");
        let mut ids: Vec<String> = nodes.into_iter().map(|(id, _)| id).collect();
        ids.sort();
        ids
    }

    /// Where clients connect to a cluster, with a fresh token.
    pub(crate) async fn target(&self, cluster: &str) -> Target {
        self.world()
            .target(cluster)
            .await
            .expect("a connection string")
    }

    /// An open handle to a cluster.
    pub(crate) async fn connect(&self, cluster: &str) -> QClient {
        QClient::connect(&self.target(cluster).await).expect("admitted")
    }

    /// Where clients connect to one node, with a fresh token.
    pub(crate) async fn node_target(&self, cluster: &str, node: &str) -> Target {
        let state = self.node_state(node);
        let port = state["node_port"].as_u64().expect("a port");
        Target {
            port: u16::try_from(port).expect("a port"),
            ..self.target(cluster).await
        }
    }

    /// The revision whose files a node has.
    pub(crate) fn installed_revision(&self, node: &str) -> Option<u64> {
        self.node_state(node)["installed"]["revision"].as_u64()
    }

    fn node_state(&self, node: &str) -> Json {
        let directory = NodeDirectory::at(self.data.join("nodes").join(node));
        let text = fs::read(directory.state_file()).expect("the node's state");
        serde_json::from_slice(&text).expect("the node's state")
    }

    /// What runs now.
    pub(crate) fn processes(&self) -> Processes {
        Processes::of(&self.data)
    }

    /// Waits until exactly these nodes run, each as one agent with one q.
    pub(crate) async fn settled(&self, nodes: &[String]) -> Processes {
        wait_for(
            &format!("one agent and one q for each of {nodes:?}"),
            async || {
                let found = self.processes();
                found.are_exactly(nodes).then_some(found)
            },
        )
        .await
    }

    /// Deletes clusters and demands that nothing of them stays.
    pub(crate) async fn delete(&self, clusters: &[&str]) {
        let gone = self.world().delete(clusters).await;
        gone.unwrap_or_else(|error| panic!("{error:#}\n{}", self.everything_said()));
        wait_for("the end of all processes", async || {
            (self.processes() == Processes::default()).then_some(())
        })
        .await;
        let left = fs::read_dir(self.data.join("nodes")).into_iter().flatten();
        assert_eq!(left.count(), 0, "directories of nodes stay");
    }

    /// A command of the product with this installation's directory; to its end.
    pub(crate) fn command(&self, arguments: &[&str]) -> std::process::Output {
        Command::new(env!("CARGO_BIN_EXE_qspace"))
            .args(arguments)
            .arg("--data")
            .arg(&self.data)
            .stdin(Stdio::null())
            .output()
            .expect("the command runs")
    }

    /// The logs of the server and of all nodes, for failures.
    pub(crate) fn everything_said(&self) -> String {
        let mut text = format!("--- server\n{}", self.server_log());
        let mut directories = vec![self.data.join("logs"), self.data.join("nodes")];
        while let Some(directory) = directories.pop() {
            for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    directories.push(path);
                } else if path.extension().is_some_and(|ending| ending == "log") {
                    let content = fs::read_to_string(&path).unwrap_or_default();
                    text.push_str(&format!("--- {}\n{content}", path.display()));
                }
            }
        }
        text
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.everything_said());
        }
        if let Some(mut server) = self.server.take() {
            let _ = server.kill(); // it may have ended already
            let _ = server.wait();
        }
        drop(self.sweeper.0.take());
        let _ = self.sweeper.1.wait();
    }
}
