//! Shell commands of `system` and `\`.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

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
    let output = Command::new("/bin/sh")
        .arg("-c")
        .arg(OsStr::from_bytes(command))
        .envs(variables)
        .stdin(input)
        .stderr(Stdio::inherit())
        .output()?;
    let status = output
        .status
        .code()
        .unwrap_or_else(|| 128 + output.status.signal().unwrap_or(0));
    Ok((output.stdout, status))
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
    }
}
