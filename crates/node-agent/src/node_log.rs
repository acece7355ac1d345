//! The node's log: every line of q with its time, in files that rotate by size and outlive the node.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use time::OffsetDateTime;
use time::macros::format_description;

/// Who wrote a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// Standard output of q.
    Out,
    /// Standard error of q.
    Err,
    /// The agent.
    Node,
}

impl Source {
    fn mark(self) -> &'static str {
        match self {
            Source::Out => "out ",
            Source::Err => "err ",
            Source::Node => "node",
        }
    }
}

/// Handle to the one log of this agent.
#[derive(Debug, Clone)]
pub(crate) struct NodeLog {
    file: Arc<Mutex<RotatingFile>>,
}

impl NodeLog {
    /// Opens the log for appending and makes the directories above it.
    pub(crate) fn open(path: &Path, bytes_max: u64, parts_max: u32) -> io::Result<Self> {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        Ok(NodeLog {
            file: Arc::new(Mutex::new(RotatingFile::open(path, bytes_max, parts_max)?)),
        })
    }

    /// Writes one line (without its line end). A line that cannot be written is lost: q must go on.
    pub(crate) fn line(&self, source: Source, text: &[u8]) {
        let format = format_description!(
            "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z"
        );
        let now = OffsetDateTime::now_utc().format(format).unwrap_or_default();
        let mut bytes = Vec::with_capacity(text.len() + 32);
        bytes.extend_from_slice(now.as_bytes());
        bytes.push(b' ');
        bytes.extend_from_slice(source.mark().as_bytes());
        bytes.push(b' ');
        bytes.extend_from_slice(text);
        bytes.push(b'\n');
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = file.write(&bytes) {
            tracing::warn!(%error, "a line of the node's log is lost");
        }
    }

    /// A remark of the agent, for the reader of q's log.
    pub(crate) fn remark(&self, text: &str) {
        tracing::debug!("{text}");
        self.line(Source::Node, text.as_bytes());
    }
}

#[derive(Debug)]
struct RotatingFile {
    path: PathBuf,
    file: File,
    bytes: u64,
    bytes_max: u64,
    parts_max: u32,
}

impl RotatingFile {
    fn open(path: &Path, bytes_max: u64, parts_max: u32) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create(true).open(path)?;
        let bytes = file.metadata()?.len();
        Ok(RotatingFile {
            path: path.to_owned(),
            file,
            bytes,
            bytes_max,
            parts_max,
        })
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let length = bytes.len() as u64;
        if self.bytes > 0 && self.bytes + length > self.bytes_max {
            self.rotate()?;
        }
        self.file.write_all(bytes)?;
        self.bytes += length;
        Ok(())
    }

    /// Moves every part one number up, drops the oldest, begins a new file.
    fn rotate(&mut self) -> io::Result<()> {
        if self.parts_max == 0 {
            self.file.set_len(0)?;
            self.bytes = 0;
            return Ok(());
        }
        for number in (1..self.parts_max).rev() {
            let from = self.part(number);
            if from.exists() {
                fs::rename(&from, self.part(number + 1))?;
            }
        }
        fs::rename(&self.path, self.part(1))?;
        *self = RotatingFile::open(&self.path, self.bytes_max, self.parts_max)?;
        Ok(())
    }

    fn part(&self, number: u32) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(format!(".{number}"));
        PathBuf::from(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cluster_runtime::local::tail_of_log;

    #[test]
    fn a_log_rotates_by_size_keeps_so_many_parts_and_goes_on_after_a_restart() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("environment").join("node.log");
        for round in 0..4 {
            let log = NodeLog::open(&path, 1_000, 2).expect("open");
            for line in 0..25 {
                log.line(
                    Source::Out,
                    format!("round {round} line {line:02}").as_bytes(),
                );
            }
        }
        let files = fs::read_dir(path.parent().expect("parent")).expect("list");
        let sizes: Vec<u64> = files
            .map(|file| file.and_then(|file| file.metadata()).expect("file").len())
            .collect();
        assert_eq!(sizes.len(), 3, "the log and two parts");
        assert!(sizes.iter().all(|size| *size <= 1_000), "{sizes:?}");
        let lines = tail_of_log(&path, Some(30)).expect("tail");
        assert_eq!(lines.len(), 30);
        assert!(
            lines[29].ends_with(" out  round 3 line 24"),
            "{}",
            lines[29]
        );
        assert!(lines[0].ends_with(" out  round 2 line 20"), "{}", lines[0]);
    }
}
