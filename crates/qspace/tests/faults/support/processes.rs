//! The processes of one installation, found by its data directory, which is in their arguments or their environment.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use cluster_runtime::local::NODE_DIRECTORY_VARIABLE;
use rustix::process::{Pid, Signal, kill_process};

/// Everything that runs for an installation, without its server.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Processes {
    /// Process ids of agents by the name of their node's directory.
    pub agents: BTreeMap<String, Vec<u32>>,
    /// Process ids of q and all that q started, likewise.
    pub qs: BTreeMap<String, Vec<u32>>,
    /// Other processes that name the data directory: id and command line.
    pub others: Vec<(u32, String)>,
}

impl Processes {
    /// What runs just now.
    pub(crate) fn of(data: &Path) -> Processes {
        let mut found = Processes::default();
        for entry in fs::read_dir("/proc").expect("/proc").flatten() {
            let name = entry.file_name();
            let Some(pid) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else {
                continue;
            };
            // A process that has ended meanwhile has neither.
            let words = |file: &str| -> Vec<String> {
                let bytes = fs::read(entry.path().join(file)).unwrap_or_default();
                bytes
                    .split(|byte| *byte == 0)
                    .map(|word| String::from_utf8_lossy(word).into_owned())
                    .collect()
            };
            let (command, environment) = (words("cmdline"), words("environ"));
            found.place(data, pid, &command, &environment);
        }
        found
    }

    fn place(&mut self, data: &Path, pid: u32, command: &[String], environment: &[String]) {
        let mark = format!("{NODE_DIRECTORY_VARIABLE}=");
        let of_node = environment
            .iter()
            .filter_map(|entry| entry.strip_prefix(&mark))
            .find_map(|directory| node_below(data, directory));
        if let Some(node) = of_node {
            self.qs.entry(node).or_default().push(pid);
            return;
        }
        let after = |option: &str| {
            let at = command.iter().position(|word| word == option)?;
            command.get(at + 1)
        };
        let kind = command.get(1).map(String::as_str).unwrap_or_default();
        let agent_of = after("--dir").and_then(|directory| node_below(data, directory));
        match (kind, agent_of) {
            ("node", Some(node)) => self.agents.entry(node).or_default().push(pid),
            ("serve", _) => {}
            _ => {
                let text = data.to_string_lossy();
                let mut all = command.iter().chain(environment);
                if all.any(|word| word.contains(text.as_ref())) {
                    self.others.push((pid, command.join(" ")));
                }
            }
        }
    }

    /// `kill -9` of all of them; some may have ended with others of them.
    pub(crate) fn kill_all(&self) {
        for pid in self.agents.values().chain(self.qs.values()).flatten() {
            let pid = i32::try_from(*pid).ok().and_then(Pid::from_raw);
            let _ = kill_process(pid.expect("a process id"), Signal::KILL);
        }
    }

    /// The one q of a node, `None` when there is none or more than one.
    pub(crate) fn q_of(&self, node: &str) -> Option<u32> {
        match self.qs.get(node)?.as_slice() {
            [one] => Some(*one),
            _ => None,
        }
    }

    pub(crate) fn agent_of(&self, node: &str) -> Option<u32> {
        match self.agents.get(node)?.as_slice() {
            [one] => Some(*one),
            _ => None,
        }
    }

    /// True when these nodes have one agent and one q each, and nothing else runs.
    pub(crate) fn are_exactly(&self, nodes: &[String]) -> bool {
        self.others.is_empty()
            && self.agents.len() == nodes.len()
            && self.qs.len() == nodes.len()
            && nodes
                .iter()
                .all(|node| self.q_of(node).is_some() && self.agent_of(node).is_some())
    }
}

/// The node's name when a path is a node's directory of this installation.
fn node_below(data: &Path, directory: &str) -> Option<String> {
    let directory = PathBuf::from(directory);
    let below = directory.strip_prefix(data.join("nodes")).ok()?;
    Some(below.to_str()?.to_owned())
}

/// `kill -9`.
pub(crate) fn kill(pid: u32) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    kill_process(pid.expect("a process id"), Signal::KILL).expect("the process is there");
}
