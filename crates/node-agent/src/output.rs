//! Reading what q writes: into the log line by line, with the last errors remembered for reasons.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Child;
use tokio::task::JoinHandle;

use crate::node_log::{NodeLog, Source};

/// A line longer than this is cut in two.
const LINE_BYTES_MAX: usize = 64 * 1024;
const REMEMBERED_LINES: usize = 20;
/// How long after q's end its last output is waited for: a child of q may still hold the pipe.
const LAST_OUTPUT_TIMEOUT: Duration = Duration::from_millis(300);

/// The last lines q wrote that tell of an error.
#[derive(Debug, Clone, Default)]
pub(crate) struct ErrorTail {
    lines: Arc<Mutex<VecDeque<String>>>,
}

impl ErrorTail {
    fn remember(&self, source: Source, line: &[u8]) {
        let text = String::from_utf8_lossy(line);
        let text = text.trim_end();
        // q shows an error as a line that begins with a quote, wherever it writes it.
        if text.is_empty() || (source == Source::Out && !text.starts_with('\'')) {
            return;
        }
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == REMEMBERED_LINES {
            lines.pop_front();
        }
        lines.push_back(text.chars().take(500).collect());
    }

    /// The last line that shows an error, else the last line of standard error; `None` if q wrote neither.
    pub(crate) fn last_error(&self) -> Option<String> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines
            .iter()
            .rev()
            .find(|line| line.starts_with('\''))
            .or_else(|| lines.back())
            .cloned()
    }
}

/// The readers of one q's output.
#[derive(Debug)]
pub(crate) struct Output {
    pub errors: ErrorTail,
    readers: Vec<JoinHandle<()>>,
}

impl Output {
    /// Takes the output pipes of a process just started.
    pub(crate) fn follow(child: &mut Child, log: &NodeLog) -> Self {
        let errors = ErrorTail::default();
        let mut readers = Vec::new();
        if let Some(pipe) = child.stdout.take() {
            readers.push(tokio::spawn(read(
                pipe,
                Source::Out,
                log.clone(),
                errors.clone(),
            )));
        }
        if let Some(pipe) = child.stderr.take() {
            readers.push(tokio::spawn(read(
                pipe,
                Source::Err,
                log.clone(),
                errors.clone(),
            )));
        }
        Output { errors, readers }
    }

    /// Waits until everything was read, for a bounded time.
    pub(crate) async fn finish(self) -> ErrorTail {
        for mut reader in self.readers {
            if tokio::time::timeout(LAST_OUTPUT_TIMEOUT, &mut reader)
                .await
                .is_err()
            {
                reader.abort();
            }
        }
        self.errors
    }
}

async fn read(mut pipe: impl AsyncRead + Unpin, source: Source, log: NodeLog, errors: ErrorTail) {
    let mut buffer = vec![0; LINE_BYTES_MAX];
    let mut pending: Vec<u8> = Vec::new();
    let emit = |line: &[u8]| {
        log.line(source, line);
        errors.remember(source, line);
    };
    while let Ok(count @ 1..) = pipe.read(&mut buffer).await {
        for piece in buffer[..count].split_inclusive(|byte| *byte == b'\n') {
            match piece.strip_suffix(b"\n") {
                Some(end) => {
                    pending.extend_from_slice(end);
                    emit(&pending);
                    pending.clear();
                }
                None => pending.extend_from_slice(piece),
            }
            while pending.len() > LINE_BYTES_MAX {
                let rest = pending.split_off(LINE_BYTES_MAX);
                emit(&pending);
                pending = rest;
            }
        }
    }
    if !pending.is_empty() {
        emit(&pending);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cluster_runtime::local::tail_of_log;

    #[tokio::test]
    async fn lines_are_logged_whole_and_the_error_is_remembered() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("node.log");
        let log = NodeLog::open(&path, 1 << 20, 1).expect("open");
        let errors = ErrorTail::default();
        let (mut writer, reader) = tokio::io::duplex(16);
        let text = format!(
            "first\n'type\n  [0]  1+`a\n{}",
            "x".repeat(LINE_BYTES_MAX + 5)
        );
        let write = async move {
            use tokio::io::AsyncWriteExt;
            writer.write_all(text.as_bytes()).await.expect("write");
        };
        tokio::join!(write, read(reader, Source::Err, log, errors.clone()));
        let lines = tail_of_log(&path, None).expect("tail");
        assert_eq!(lines.len(), 5);
        assert!(lines[0].ends_with(" err  first"));
        assert!(lines[4].ends_with(" err  xxxxx"));
        assert_eq!(errors.last_error().as_deref(), Some("'type"));
    }

    #[test]
    fn ordinary_output_is_no_error() {
        let errors = ErrorTail::default();
        errors.remember(Source::Out, b"loaded");
        assert_eq!(errors.last_error(), None);
        errors.remember(Source::Out, b"'nyi");
        errors.remember(Source::Err, b"");
        assert_eq!(errors.last_error().as_deref(), Some("'nyi"));
    }
}
