//! Shell commands of `system` and `\`.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStdout, Command, Stdio};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::{Errno, ioctl_fionbio};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

/// Runs a command and gives its standard output and exit status (128 plus the signal that ended it). Standard error goes
/// to that of the process; standard input is the terminal, or empty when there is none: input through a pipe is q code.
pub(crate) fn run(
    command: &[u8],
    environment: &HashMap<Vec<u8>, Vec<u8>>,
) -> io::Result<(Vec<u8>, i32)> {
    let input = if rustix::termios::isatty(rustix::stdio::stdin()) {
        Stdio::inherit()
    } else {
        Stdio::null()
    };
    let variables = environment
        .iter()
        .filter(|(name, value)| !name.contains(&0) && !value.contains(&0) && !name.is_empty())
        .map(|(name, value)| (OsStr::from_bytes(name), OsStr::from_bytes(value)));
    let mut shell = Command::new("/bin/sh")
        .arg("-c")
        .arg(OsStr::from_bytes(command))
        .envs(variables)
        .stdin(input)
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()?;
    let mut text = Vec::new();
    if let Some(pipe) = shell.stdout.take() {
        read_while_it_runs(&shell, pipe, &mut text)?;
    }
    let status = shell.wait()?;
    let status = status
        .code()
        .unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
    Ok((text, status))
}

/// Reads what a shell prints until it ends. What it left in the background may hold the pipe for ever: that is not waited for.
fn read_while_it_runs(shell: &Child, mut pipe: ChildStdout, text: &mut Vec<u8>) -> io::Result<()> {
    let ending = pidfd_open(Pid::from_child(shell), PidfdFlags::empty())?;
    ioctl_fionbio(&pipe, true)?;
    loop {
        let mut watched = [
            PollFd::new(&pipe, PollFlags::IN),
            PollFd::new(&ending, PollFlags::IN),
        ];
        match poll(&mut watched, None) {
            Err(Errno::INTR) => continue,
            result => result?,
        };
        let has_ended = !watched[1].revents().is_empty();
        // reads all that there is: what the shell wrote before its end, too
        match pipe.read_to_end(text) {
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        if has_ended {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_status_and_variables_come_and_go() {
        let variables = HashMap::from([(b"GREETING".to_vec(), b"hello".to_vec())]);
        assert_eq!(
            run(b"echo $GREETING; exit 3", &variables).expect("a shell"),
            (b"hello\n".to_vec(), 3)
        );
        assert_eq!(run(b"kill -9 $$", &variables).expect("a shell").1, 128 + 9);
        let (text, _) = run(b"seq 100000; echo end > /dev/stdout", &variables).expect("a shell");
        assert!(text.starts_with(b"1\n2\n") && text.ends_with(b"100000\nend\n"));
        // what goes on in the background is not waited for
        let (text, _) = run(b"echo begun; sleep 60 & echo $!", &variables).expect("a shell");
        let text = String::from_utf8(text).expect("text");
        let (_, child) = text.trim().split_once('\n').expect("two lines");
        let killed = run(format!("kill {child}").as_bytes(), &variables).expect("a shell");
        assert_eq!(killed.1, 0, "it runs still");
    }
}
