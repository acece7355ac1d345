//! Processes that a dead agent left behind.
//!
//! q is bound to its agent by the kernel (parent-death signal), but not what q itself started in the background. All of
//! them carry the node's directory in their environment, which is how they are told from strangers.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::pid_lock::kill_and_wait;

/// Environment variable of q and of everything below it: the path of the node's directory.
pub const NODE_DIRECTORY_VARIABLE: &str = "QSPACE_NODE_DIR";

const END_TIMEOUT: Duration = Duration::from_secs(2);

/// Kills every process that belongs to the node's directory and returns how many there were.
///
/// To be called by the holder of the directory's pid lock only: then no living agent owns any of them.
pub fn kill_leftovers(node_directory: &Path) -> io::Result<usize> {
    let mut mark = format!("{NODE_DIRECTORY_VARIABLE}=").into_bytes();
    mark.extend_from_slice(node_directory.as_os_str().as_encoded_bytes());
    let mut killed = 0;
    for entry in fs::read_dir("/proc")? {
        let Some(pid) = entry?
            .file_name()
            .to_str()
            .and_then(|name| name.parse::<i32>().ok())
            .and_then(Pid::from_raw)
        else {
            continue;
        };
        if pid == rustix::process::getpid() || !carries(pid, &mark) {
            continue;
        }
        // The descriptor is taken before the second look, so that a number used again is never hit.
        let Ok(process) = pidfd_open(pid, PidfdFlags::empty()) else {
            continue;
        };
        if carries(pid, &mark) {
            kill_and_wait(&process, END_TIMEOUT)?;
            killed += 1;
        }
    }
    Ok(killed)
}

fn carries(pid: Pid, mark: &[u8]) -> bool {
    let environment = fs::read(format!("/proc/{}/environ", pid.as_raw_nonzero()));
    environment.is_ok_and(|bytes| bytes.split(|byte| *byte == 0).any(|entry| entry == mark))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::process::{Command, Stdio};

    #[test]
    fn only_processes_of_the_directory_are_killed() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let start = |path: &Path| {
            // Waits for input that never comes; says when it runs, because a process that is just being started has no
            // environment yet.
            let mut process = Command::new("sh")
                .args(["-c", "echo ready; read line"])
                .env(NODE_DIRECTORY_VARIABLE, path)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .expect("sh starts");
            let mut ready = [0; 6];
            let output = process.stdout.as_mut().expect("piped");
            output.read_exact(&mut ready).expect("ready");
            process
        };
        let mut ours = start(directory.path());
        let mut other = start(&directory.path().join("other"));
        assert_eq!(kill_leftovers(directory.path()).expect("kill"), 1);
        assert!(!ours.wait().expect("wait").success());
        assert!(other.try_wait().expect("wait").is_none(), "the other lives");
        other.kill().expect("kill");
        other.wait().expect("wait");
    }
}
