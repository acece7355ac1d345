//! Where the standard streams go.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use q_engine::system::StandardStream;

/// Sends a stream to a file from now on, also that of commands run by the shell.
pub(crate) fn redirect(stream: StandardStream, path: &Path) -> io::Result<()> {
    io::stdout().lock().flush()?;
    let file = OpenOptions::new().append(true).create(true).open(path)?;
    match stream {
        StandardStream::Output => rustix::stdio::dup2_stdout(&file)?,
        StandardStream::Error => rustix::stdio::dup2_stderr(&file)?,
    }
    Ok(())
}
