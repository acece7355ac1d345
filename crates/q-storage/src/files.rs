//! What this crate needs of a file system; the evaluator's world gives it.

use std::io;
use std::path::Path;

use q_value::{Bytes, QError, QResult};

/// Files and folders by path.
pub trait Files {
    /// True for a folder, false for anything else that is there.
    fn is_folder(&self, path: &Path) -> io::Result<bool>;
    fn map(&self, path: &Path) -> io::Result<Bytes>;
    /// Replaces the file as a whole, creating folders on the way.
    fn write(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()>;
    /// Adds to the end, creating file and folders on the way.
    fn append(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()>;
    /// Overwrites in place.
    fn write_at(&mut self, path: &Path, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Names in a folder, sorted bytewise.
    fn list(&self, path: &Path) -> io::Result<Vec<Vec<u8>>>;
    fn remove(&mut self, path: &Path) -> io::Result<()>;
    /// Locks the file (made empty when missing) against other processes that do the same, gives its bytes to `more`, and
    /// appends what that returns before unlocking.
    fn append_locked(
        &mut self,
        path: &Path,
        more: &mut dyn FnMut(&[u8]) -> QResult<Vec<u8>>,
    ) -> QResult<()>;
}

/// An error of the system in q's form: the path, then the system's words.
pub fn file_error(path: &Path, error: &io::Error) -> QError {
    // a refusal of our own, not of the operating system
    if error.kind() == io::ErrorKind::PermissionDenied && error.raw_os_error().is_none() {
        return QError::signal(format!("access: {}", path.display()));
    }
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    QError::signal(format!("{}. OS reports: {text}", path.display()))
}
