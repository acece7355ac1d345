//! The server of the demonstration: a child process with a data directory of its own, ended with all its nodes.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};

/// How long the server may take to be ready, and processes to end.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running server.
#[derive(Debug)]
pub(crate) struct Stage {
    pub data: PathBuf,
    pub endpoint: String,
    server: Child,
    /// Ends everything when dropped, unless it is to be kept.
    keep: bool,
}

impl Stage {
    /// Starts `qspace serve` on a free port of the loopback.
    pub(crate) fn start(data: &Path) -> anyhow::Result<Stage> {
        fs::create_dir_all(data).with_context(|| format!("cannot make {}", data.display()))?;
        let log =
            fs::File::create(data.join("serve.log")).context("cannot make the server's log")?;
        let executable = std::env::current_exe().context("cannot find this program")?;
        let mut server = Command::new(executable)
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .context("cannot start the server")?;
        let stdout = server.stdout.take().context("the server has an output")?;
        let mut line = String::new();
        BufReader::new(stdout)
            .read_line(&mut line)
            .context("cannot read the server's output")?;
        let Some(endpoint) = line.trim().strip_prefix("qspace ready endpoint=") else {
            let log = fs::read_to_string(data.join("serve.log")).unwrap_or_default();
            bail!(
                "the server did not start: {}",
                log.lines().last().unwrap_or("it said nothing")
            );
        };
        Ok(Stage {
            data: data.to_path_buf(),
            endpoint: endpoint.to_owned(),
            server,
            keep: false,
        })
    }

    pub(crate) fn server_pid(&self) -> u32 {
        self.server.id()
    }

    /// Leaves server and nodes running.
    pub(crate) fn keep(mut self) {
        self.keep = true;
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if !self.keep {
            end_process(self.server.id());
            let _ = self.server.wait(); // it has ended by now, however
            end_installation(&self.data);
        }
    }
}

/// Ends the server (if any) and every node of a data directory and removes the directory.
pub(crate) fn end_installation(data: &Path) {
    if let Some(server) = read_pid(&data.join("lock")) {
        end_process(server);
    }
    let nodes = fs::read_dir(data.join("nodes"))
        .into_iter()
        .flatten()
        .flatten();
    let agents: Vec<u32> = nodes
        .filter_map(|node| read_pid(&node.path().join("agent.pid")))
        .collect();
    for agent in &agents {
        signal(*agent, Signal::TERM);
    }
    for agent in agents {
        end_process(agent);
    }
    if let Err(error) = fs::remove_dir_all(data) {
        eprintln!("qspace: {} could not be removed: {error}", data.display());
    }
}

fn read_pid(path: &Path) -> Option<u32> {
    fs::read_to_string(path)
        .ok()?
        .split_whitespace()
        .next()?
        .parse()
        .ok()
}

fn signal(pid: u32, signal: Signal) -> bool {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    pid.is_some_and(|pid| kill_process(pid, signal).is_ok())
}

/// Asks a process to end and, when it does not in time, ends it.
fn end_process(pid: u32) {
    if !is_qspace(pid) || !signal(pid, Signal::TERM) {
        return;
    }
    let start = Instant::now();
    while is_qspace(pid) && start.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(5));
    }
    if is_qspace(pid) {
        signal(pid, Signal::KILL);
    }
}

/// True while the process lives and runs this program; a number may have been given to another one.
fn is_qspace(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let is_zombie = status
        .rsplit(')')
        .next()
        .is_some_and(|rest| rest.trim_start().starts_with('Z'));
    let ours = std::env::current_exe().ok();
    !is_zombie && ours.is_some() && fs::read_link(format!("/proc/{pid}/exe")).ok() == ours
}
