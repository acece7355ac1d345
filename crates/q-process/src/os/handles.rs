//! Handles to files and pipes; their numbers are the descriptors.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::path::Path;

use q_engine::system::HandleKind;
use q_value::{QError, QResult};

/// Files and pipes opened by `hopen`.
#[derive(Default)]
pub(crate) struct OpenFiles {
    files: BTreeMap<i32, (HandleKind, File)>,
}

/// An error of the operating system in q's form: what could not be done, then the system's words.
pub(crate) fn system_error(what: &str, error: &std::io::Error) -> QError {
    QError::signal(format!("{what}. OS reports: {}", system_text(error)))
}

/// The system's words for an error, without the number that the standard library adds.
pub(crate) fn system_text(error: &std::io::Error) -> String {
    let text = error.to_string();
    match text.rfind(" (os error ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

impl OpenFiles {
    pub(crate) fn open_for_appending(&mut self, path: &Path) -> QResult<i32> {
        if let Some(parent) = path.parent()
            && !parent.as_os_str().is_empty()
        {
            std::fs::create_dir_all(parent)
                .map_err(|error| system_error(&path.to_string_lossy(), &error))?;
        }
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .open(path)
            .map_err(|error| system_error(&path.to_string_lossy(), &error))?;
        Ok(self.add(HandleKind::File, file))
    }

    pub(crate) fn open_pipe(&mut self, path: &Path) -> QResult<i32> {
        let file =
            File::open(path).map_err(|error| system_error(&path.to_string_lossy(), &error))?;
        Ok(self.add(HandleKind::Pipe, file))
    }

    fn add(&mut self, kind: HandleKind, file: File) -> i32 {
        let handle = file.as_raw_fd();
        self.files.insert(handle, (kind, file));
        handle
    }

    /// True when the handle was one of these.
    pub(crate) fn close(&mut self, handle: i32) -> bool {
        self.files.remove(&handle).is_some()
    }

    pub(crate) fn kind(&self, handle: i32) -> Option<HandleKind> {
        self.files.get(&handle).map(|(kind, _)| *kind)
    }

    pub(crate) fn write(&mut self, handle: i32, bytes: &[u8]) -> QResult<()> {
        let what = format!("Cannot write to handle {handle}");
        match self.files.get_mut(&handle) {
            Some((HandleKind::File, file)) => file
                .write_all(bytes)
                .map_err(|error| system_error(&what, &error)),
            _ => Err(QError::signal(format!(
                "{what}. OS reports: Bad file descriptor"
            ))),
        }
    }

    /// Up to `length` bytes, waiting for them; fewer only at the end.
    pub(crate) fn read(&mut self, handle: i32, length: usize) -> QResult<Vec<u8>> {
        let what = format!("Cannot read from handle {handle}");
        let Some((_, file)) = self.files.get_mut(&handle) else {
            return Err(QError::signal(format!(
                "{what}. OS reports: Bad file descriptor"
            )));
        };
        let mut bytes = Vec::new();
        file.take(length as u64)
            .read_to_end(&mut bytes)
            .map_err(|error| system_error(&what, &error))?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_to_a_file_appends_until_it_is_closed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("deep/log");
        let mut files = OpenFiles::default();
        let handle = files.open_for_appending(&path).expect("opened");
        assert!(handle > 2);
        files.write(handle, b"one").expect("written");
        files.write(handle, b"two").expect("written");
        assert!(files.close(handle));
        assert!(!files.close(handle));
        let error = files.write(handle, b"three").expect_err("closed");
        assert!(error.text().ends_with(b"Bad file descriptor"));
        assert_eq!(std::fs::read(path).expect("read"), b"onetwo");
    }
}
