//! The last step before q: a single-threaded stage of this executable that prepares the process and becomes q.
//!
//! It binds q's life to the agent's, hands over the cluster's listening socket by the systemd convention (descriptor 3
//! and `LISTEN_FDS=1`; `LISTEN_PID` is not set), and makes the node's directory appear as `/opt/kx/app`: by a private
//! mount namespace where the host permits it, else by `QSPACE_PATH_MAP=/opt/kx/app=<directory>`, which our engine
//! honours.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::mem::forget;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::io::{FdFlags, fcntl_dupfd_cloexec, fcntl_setfd};
use rustix::mount::{MountPropagationFlags, mount_bind, mount_change};
use rustix::process::Signal;
use rustix::thread::UnshareFlags;

use crate::APP_PATH;

/// What q's process needs before it is q.
#[derive(Debug, Clone)]
pub struct ExecStage {
    /// Process id of the agent: when it is not our parent any more, there is nobody to serve.
    pub agent_pid: u32,
    /// The directory that q shall see as `/opt/kx/app`.
    pub app_directory: PathBuf,
    /// Where q starts, relative to `/opt/kx/app`; empty for that directory itself.
    pub working_directory: PathBuf,
    /// Standard input is the cluster's listening socket.
    pub listener: bool,
    /// The program and its arguments.
    pub command: Vec<OsString>,
}

/// Why q could not be started; printed on standard error, where the agent finds it as q's last words.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {source}")]
pub struct ExecStageError {
    what: String,
    source: io::Error,
}

impl ExecStage {
    /// Becomes q. Must be called while this process has one thread; returns only when it failed.
    pub fn run(self) -> ExecStageError {
        match self.prepare_and_exec() {
            Ok(never) => match never {},
            Err(error) => error,
        }
    }

    fn prepare_and_exec(self) -> Result<std::convert::Infallible, ExecStageError> {
        // q and what it starts form a session of their own; a terminal's Ctrl-C does not reach them.
        // Fails only for a group leader, which is as good.
        let _ = rustix::process::setsid();
        if self.listener {
            place_listener().map_err(failed("cannot pass on the cluster's socket"))?;
        }
        let nothing = fs::File::open("/dev/null").map_err(failed("cannot open /dev/null"))?;
        rustix::stdio::dup2_stdin(nothing)
            .map_err(|error| failed("cannot close standard input")(error.into()))?;
        let mapped = bind_app_directory(&self.app_directory).is_err();
        let root = if mapped {
            self.app_directory.clone()
        } else {
            PathBuf::from(APP_PATH)
        };
        let (program, arguments) = self.command.split_first().ok_or_else(|| {
            failed("no program to start")(io::Error::from(io::ErrorKind::InvalidInput))
        })?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(root.join(&self.working_directory));
        if mapped {
            let mut map = OsString::from(APP_PATH);
            map.push("=");
            map.push(&self.app_directory);
            command.env("QSPACE_PATH_MAP", map);
        }
        // Last, because a change of credentials above would undo it.
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
            .map_err(|error| failed("cannot bind to the agent")(error.into()))?;
        let parent = rustix::process::getppid().map(|pid| pid.as_raw_nonzero().get());
        if parent.and_then(|pid| u32::try_from(pid).ok()) != Some(self.agent_pid) {
            return Err(failed("the agent has ended")(io::Error::from(
                io::ErrorKind::NotConnected,
            )));
        }
        let error = command.exec();
        Err(failed(format!(
            "cannot start {}",
            Path::new(program).display()
        ))(error))
    }
}

fn failed(what: impl Into<String>) -> impl FnOnce(io::Error) -> ExecStageError {
    let what = what.into();
    move |source| ExecStageError { what, source }
}

/// Makes standard input descriptor 3 of the program to come.
fn place_listener() -> io::Result<()> {
    let mut copy = fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?;
    if copy.as_raw_fd() == 3 {
        fcntl_setfd(&copy, FdFlags::empty())?;
        // It stays open for the program.
        forget(copy);
        return Ok(());
    }
    // JUSTIFICATION: descriptor 3 leaked into this process from whoever started the server, and the convention leaves
    // no choice of another number. The safe interface cannot name a descriptor that nobody owns.
    // SAFETY: this process has just begun and has one thread; nothing in it owns descriptor 3, so taking it cannot pull
    // it from under anybody. It is forgotten below, not closed.
    #[expect(unsafe_code, reason = "see the justification above")]
    let mut three = unsafe { OwnedFd::from_raw_fd(3) };
    // `dup2` clears close-on-exec.
    let result = rustix::io::dup2(&mut copy, &mut three);
    forget(three);
    Ok(result?)
}

/// Mounts the directory on `/opt/kx/app` for this process and its children only.
fn bind_app_directory(app_directory: &Path) -> io::Result<()> {
    let mount_point = Path::new(APP_PATH);
    // Where we may not make it, somebody else may have.
    if !mount_point.is_dir() {
        fs::create_dir_all(mount_point)?;
    }
    unshare_mounts()?;
    // Mounts made on the host later are still seen here; ours are not seen there.
    mount_change(
        "/",
        MountPropagationFlags::DOWNSTREAM | MountPropagationFlags::REC,
    )?;
    mount_bind(app_directory, mount_point)?;
    Ok(())
}

fn unshare_mounts() -> io::Result<()> {
    if unshare(UnshareFlags::NEWNS).is_ok() {
        return Ok(());
    }
    let user = rustix::process::getuid().as_raw();
    let group = rustix::process::getgid().as_raw();
    unshare(UnshareFlags::NEWUSER | UnshareFlags::NEWNS)?;
    // The kernel demands this before an unprivileged process may map its group.
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/uid_map", format!("{user} {user} 1"))?;
    fs::write("/proc/self/gid_map", format!("{group} {group} 1"))
}

#[expect(
    deprecated,
    reason = "its successor is unsafe for UnshareFlags::FILES, which is not used here"
)]
fn unshare(flags: UnshareFlags) -> io::Result<()> {
    Ok(rustix::thread::unshare(flags)?)
}
