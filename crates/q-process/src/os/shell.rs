//! Shell commands of `system` and `\`.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use rustix::fs::MemfdFlags;

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
    // not a pipe: one would not end before all do that the command leaves in the background
    let mut output = File::from(rustix::fs::memfd_create("output", MemfdFlags::CLOEXEC)?);
    let status = Command::new("/bin/sh")
        .arg("-c")
        .arg(OsStr::from_bytes(command))
        .envs(variables)
        .stdin(input)
        .stdout(output.try_clone()?)
        .stderr(Stdio::inherit())
        .status()?;
    let mut text = Vec::new();
    output.seek(SeekFrom::Start(0))?;
    output.read_to_end(&mut text)?;
    let status = status
        .code()
        .unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
    Ok((text, status))
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
        // what goes on in the background is not waited for
        let begun = std::time::Instant::now();
        let (text, _) = run(b"echo begun; sleep 60 & echo $!", &variables).expect("a shell");
        let text = String::from_utf8(text).expect("text");
        let (_, child) = text.trim().split_once('\n').expect("two lines");
        run(format!("kill {child}").as_bytes(), &variables).expect("a shell");
        assert!(begun.elapsed().as_secs() < 30);
    }
}
