//! Files as `System` promises them.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use q_engine::system::{FileKind, FileStatus};
use q_value::QResult;

pub(crate) fn status(path: &Path) -> io::Result<FileStatus> {
    let metadata = std::fs::metadata(path)?;
    let kind = if metadata.is_dir() {
        FileKind::Directory
    } else if metadata.is_file() {
        FileKind::File
    } else {
        FileKind::Other
    };
    Ok(FileStatus {
        kind,
        size: metadata.len(),
    })
}

pub(crate) fn read_range(path: &Path, offset: u64, length: usize) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = Vec::new();
    file.take(length as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn create_parents(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => std::fs::create_dir_all(parent),
        _ => Ok(()),
    }
}

/// Writes beside the file and renames, so that readers and mappings see the old bytes or the new, never a mixture.
/// Devices and pipes are written as they are.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if status(path).is_ok_and(|status| status.kind == FileKind::Other) {
        return OpenOptions::new().write(true).open(path)?.write_all(bytes);
    }
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let Some(name) = path.file_name() else {
        return Err(io::Error::from(io::ErrorKind::IsADirectory));
    };
    create_parents(path)?;
    let mut beside = std::ffi::OsString::from(".");
    beside.push(name);
    let count = COUNTER.fetch_add(1, Ordering::Relaxed);
    beside.push(format!(".{}.{count}", std::process::id()));
    // a link is followed, so that what it points to is replaced
    let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let beside = target.with_file_name(beside);
    let written = std::fs::write(&beside, bytes)
        .and_then(|()| match std::fs::metadata(&target) {
            Ok(former) => std::fs::set_permissions(&beside, former.permissions()),
            Err(_) => Ok(()),
        })
        .and_then(|()| std::fs::rename(&beside, &target));
    if written.is_err() {
        // best effort: the error that matters is the first one
        let _ = std::fs::remove_file(&beside);
    }
    written
}

pub(crate) fn append(path: &Path, bytes: &[u8]) -> io::Result<()> {
    create_parents(path)?;
    OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)?
        .write_all(bytes)
}

/// Locks the whole file for writing as `lockf` does, gives its bytes to `more` and appends what that returns.
pub(crate) fn append_locked(
    path: &Path,
    more: &mut dyn FnMut(&[u8]) -> QResult<Vec<u8>>,
) -> QResult<()> {
    let failed = |error: io::Error| q_storage::file_error(path, &error);
    create_parents(path).map_err(failed)?;
    let mut file = OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .open(path)
        .map_err(failed)?;
    // file systems without locks are used as they are, as kdb+ does
    let _ = rustix::fs::fcntl_lock(&file, rustix::fs::FlockOperation::LockExclusive);
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(failed)?;
    let added = more(&bytes)?;
    // closing the file unlocks it
    file.write_all(&added).map_err(failed)
}

pub(crate) fn write_at(path: &Path, offset: u64, bytes: &[u8]) -> io::Result<()> {
    OpenOptions::new()
        .write(true)
        .open(path)?
        .write_all_at(bytes, offset)
}

pub(crate) fn list(path: &Path) -> io::Result<Vec<Vec<u8>>> {
    let mut names = std::fs::read_dir(path)?
        .map(|entry| Ok(entry?.file_name().into_vec()))
        .collect::<io::Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

pub(crate) fn remove(path: &Path) -> io::Result<()> {
    if std::fs::symlink_metadata(path)?.is_dir() {
        std::fs::remove_dir(path)
    } else {
        std::fs::remove_file(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_replaces_the_file_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("new/deep/file");
        write(&path, b"first").expect("written");
        let open = File::open(&path).expect("open");
        write(&path, b"second").expect("written again");
        let mut old = String::new();
        (&open).read_to_string(&mut old).expect("read");
        assert_eq!(old, "first");
        assert_eq!(std::fs::read(&path).expect("read"), b"second");
        let names = list(path.parent().expect("has one")).expect("listed");
        assert_eq!(names, vec![b"file".to_vec()]);
    }

    #[test]
    fn ranges_end_where_the_file_does() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        append(&path, b"abc").expect("created");
        append(&path, b"def").expect("appended");
        write_at(&path, 1, b"X").expect("overwritten");
        assert_eq!(read_range(&path, 0, 3).expect("read"), b"aXc");
        assert_eq!(read_range(&path, 4, 100).expect("read"), b"ef");
        assert_eq!(status(&path).expect("there").size, 6);
    }
}
