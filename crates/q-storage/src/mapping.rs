//! Files as memory: read only, and only what is touched.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use q_value::Bytes;

/// The bytes of a file without reading them now; they stay readable after the file was replaced or removed.
///
/// Whoever truncates a file that is mapped breaks its readers, so files are replaced by renaming or appended to, never
/// shortened (`System::write` does so). Errors: those of opening and mapping; an empty file gives no bytes.
pub fn map_file(path: &Path) -> io::Result<Bytes> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory));
    }
    if metadata.len() == 0 {
        return Ok(Arc::new(Vec::new()));
    }
    // JUSTIFICATION: reading whole columns would make a query pay for rows it never looks at.
    // SAFETY: the mapping is private and read only; files are replaced by renaming, never shortened, by this program.
    let map = unsafe { memmap2::MmapOptions::new().map_copy_read_only(&file) }?;
    Ok(Arc::new(map))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapped_file_outlives_its_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("bytes");
        std::fs::write(&path, b"abc").expect("written");
        let bytes = map_file(&path).expect("mapped");
        std::fs::remove_file(&path).expect("removed");
        assert_eq!((*bytes).as_ref(), b"abc");
        std::fs::write(&path, b"").expect("written");
        assert!((*map_file(&path).expect("mapped")).as_ref().is_empty());
        assert!(map_file(folder.path()).is_err());
    }
}
