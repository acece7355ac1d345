//! The pid file of an agent: who holds its lock is the agent of the directory, whatever number stands in it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::fs::{FlockOperation, flock};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// The exclusive lock on a pid file. Given back when dropped or when the process ends, however it ends.
#[derive(Debug)]
pub struct PidLock {
    file: File,
}

/// Result of trying to become the owner of a node directory.
#[derive(Debug)]
pub enum Acquired {
    Held(PidLock),
    /// Another living process holds the lock; its process id as it wrote it.
    Busy(Option<u32>),
}

impl PidLock {
    /// Takes the lock and writes this process's id, or says who has it.
    ///
    /// Probing by others holds the lock for an instant, so `patience` lets it be tried for a while.
    ///
    /// # Errors
    /// The directory is gone or not writable.
    pub fn acquire(path: &Path, patience: Duration) -> io::Result<Acquired> {
        let deadline = Instant::now() + patience;
        loop {
            let mut file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .open(path)?;
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) if same_file(&file, path)? => {
                    file.set_len(0)?;
                    file.rewind()?;
                    writeln!(file, "{}", std::process::id())?;
                    return Ok(Acquired::Held(PidLock { file }));
                }
                // The directory was replaced while we waited: look at what is there now.
                Ok(()) => continue,
                Err(rustix::io::Errno::WOULDBLOCK) if Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(5));
                }
                Err(rustix::io::Errno::WOULDBLOCK) => {
                    return Ok(Acquired::Busy(read_pid(&mut file)));
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// True when a living process holds the lock. An absent file is not held.
    pub fn is_held(path: &Path) -> bool {
        let Ok(file) = File::open(path) else {
            return false;
        };
        // Let go at once: the file is closed on return.
        flock(&file, FlockOperation::NonBlockingLockShared) == Err(rustix::io::Errno::WOULDBLOCK)
    }

    /// Kills the process that holds the lock and waits for its end.
    ///
    /// The number in the file is believed only if that very process has the locked file open, and the signal goes
    /// through a process descriptor taken before that check, so that a number used again is never hit.
    ///
    /// # Errors
    /// The holder cannot be identified, signalled, or does not end within `patience`.
    pub fn kill_holder(path: &Path, patience: Duration) -> io::Result<()> {
        let deadline = Instant::now() + patience;
        while PidLock::is_held(path) {
            match kill_if_holder(path, patience) {
                // A process that is just ending has closed the file, and the kernel has not let go of the lock yet.
                Err(error) if Instant::now() >= deadline => return Err(error),
                Err(_) => std::thread::sleep(Duration::from_millis(5)),
                Ok(()) => return Ok(()),
            }
        }
        Ok(())
    }

    /// The locked file, to be kept open as long as the lock shall last.
    pub fn file(&self) -> &File {
        &self.file
    }
}

/// Kills the process that the file names, if it has the file open.
fn kill_if_holder(path: &Path, patience: Duration) -> io::Result<()> {
    let mut file = File::open(path)?;
    let pid = read_pid(&mut file)
        .and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?))
        .ok_or_else(|| io::Error::other("the pid file names no process"))?;
    let process = pidfd_open(pid, PidfdFlags::empty())?;
    if !has_open(pid, &file)? {
        return Err(io::Error::other(format!(
            "process {} does not hold {}",
            pid.as_raw_nonzero(),
            path.display()
        )));
    }
    kill_and_wait(&process, patience)
}

/// SIGKILL by descriptor, then waits until the process has ended.
pub(super) fn kill_and_wait(process: &OwnedFd, patience: Duration) -> io::Result<()> {
    match pidfd_send_signal(process, Signal::KILL) {
        Ok(()) => {}
        Err(rustix::io::Errno::SRCH) => return Ok(()),
        Err(error) => return Err(error.into()),
    }
    let mut waits = [PollFd::new(process, PollFlags::IN)];
    let timeout = Timespec::try_from(patience).map_err(io::Error::other)?;
    match poll(&mut waits, Some(&timeout))? {
        0 => Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "the process does not end",
        )),
        _ => Ok(()),
    }
}

fn same_file(file: &File, path: &Path) -> io::Result<bool> {
    let open = file.metadata()?;
    match fs::metadata(path) {
        Ok(there) => Ok(open.dev() == there.dev() && open.ino() == there.ino()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn read_pid(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

fn has_open(pid: Pid, file: &File) -> io::Result<bool> {
    let wanted = file.metadata()?;
    for entry in fs::read_dir(format!("/proc/{}/fd", pid.as_raw_nonzero()))? {
        // Descriptors come and go while we look.
        let Ok(found) = fs::metadata(entry?.path()) else {
            continue;
        };
        if found.dev() == wanted.dev() && found.ino() == wanted.ino() {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_many_racing_owners_wins_and_the_next_can_follow() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("agent.pid");
        let barrier = std::sync::Barrier::new(8);
        let held = std::thread::scope(|scope| {
            let tries: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        barrier.wait();
                        PidLock::acquire(&path, Duration::ZERO).expect("acquire")
                    })
                })
                .collect();
            let results: Vec<_> = tries
                .into_iter()
                .map(|one| one.join().expect("thread"))
                .collect();
            results
                .into_iter()
                .filter_map(|result| match result {
                    Acquired::Held(lock) => Some(lock),
                    Acquired::Busy(_) => None,
                })
                .collect::<Vec<_>>()
        });
        assert_eq!(held.len(), 1);
        assert!(PidLock::is_held(&path));
        match PidLock::acquire(&path, Duration::ZERO).expect("acquire") {
            Acquired::Busy(pid) => assert_eq!(pid, Some(std::process::id())),
            Acquired::Held(_) => panic!("two owners"),
        }
        drop(held);
        assert!(!PidLock::is_held(&path));
        assert!(matches!(
            PidLock::acquire(&path, Duration::ZERO).expect("acquire"),
            Acquired::Held(_)
        ));
    }

    #[test]
    fn a_lock_on_a_directory_that_went_away_is_refused() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("gone").join("agent.pid");
        assert!(PidLock::acquire(&path, Duration::ZERO).is_err());
    }

    #[test]
    fn a_process_that_does_not_hold_the_lock_is_not_killed() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("agent.pid");
        let Acquired::Held(lock) = PidLock::acquire(&path, Duration::ZERO).expect("acquire") else {
            panic!("nobody else is there");
        };
        // A number that was used again: process 1 lives, and has nothing to do with this file.
        lock.file().sync_all().expect("the lock is held");
        fs::write(&path, "1\n").expect("write");
        assert!(PidLock::kill_holder(&path, Duration::from_millis(100)).is_err());
    }
}
