//! Zipping a directory of code, the same bytes for the same files.

use std::fs;
use std::io::{self, Cursor, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use zip::DateTime;
use zip::write::SimpleFileOptions;

use crate::Limits;

/// Why a directory could not be packed.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    #[error("cannot read {}", path.display())]
    Read {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{} is not a directory", path.display())]
    NotADirectory { path: PathBuf },
    #[error("{} contains no files", path.display())]
    Empty { path: PathBuf },
    #[error("{} holds more than {limit} bytes", path.display())]
    TooLarge { path: PathBuf, limit: u64 },
    #[error("{} holds more than {limit} files, or links in a circle", path.display())]
    TooMany { path: PathBuf, limit: u64 },
    #[error("cannot write the zip: {reason}")]
    Write { reason: String },
}

/// Directories that version control and editors keep beside code.
const LEFT_OUT: [&str; 4] = [".git", ".hg", ".svn", ".idea"];

/// The zip of everything in a directory, in order of names and without times; links are followed, as `zip -r` does.
///
/// # Errors
/// [`PackError`] naming the path; limits are those of unpacking.
pub fn pack_directory(directory: &Path, limits: &Limits) -> Result<Vec<u8>, PackError> {
    if !directory.is_dir() {
        return Err(PackError::NotADirectory {
            path: directory.into(),
        });
    }
    let files = files_below(directory, limits)?;
    if files.is_empty() {
        return Err(PackError::Empty {
            path: directory.into(),
        });
    }
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let write_error = |error: &dyn std::fmt::Display| PackError::Write {
        reason: error.to_string(),
    };
    let mut bytes = 0u64;
    for (name, path) in files {
        let read = |source| PackError::Read {
            path: path.clone(),
            source,
        };
        let content = fs::read(&path).map_err(read)?;
        bytes += content.len() as u64;
        if bytes > limits.unpacked_bytes_max {
            return Err(PackError::TooLarge {
                path: directory.into(),
                limit: limits.unpacked_bytes_max,
            });
        }
        let mode = fs::metadata(&path).map_err(read)?.permissions().mode();
        let options = SimpleFileOptions::default()
            .last_modified_time(DateTime::default())
            .unix_permissions(if mode & 0o111 == 0 { 0o644 } else { 0o755 });
        writer
            .start_file(name, options)
            .map_err(|error| write_error(&error))?;
        writer
            .write_all(&content)
            .map_err(|error| write_error(&error))?;
    }
    Ok(writer
        .finish()
        .map_err(|error| write_error(&error))?
        .into_inner())
}

/// Relative names and paths of all files, in order of names.
fn files_below(directory: &Path, limits: &Limits) -> Result<Vec<(String, PathBuf)>, PackError> {
    let mut files = Vec::new();
    let mut open = vec![(String::new(), directory.to_path_buf(), 0usize)];
    while let Some((prefix, path, depth)) = open.pop() {
        let read = |source| PackError::Read {
            path: path.clone(),
            source,
        };
        for entry in fs::read_dir(&path).map_err(read)? {
            let entry = entry.map_err(read)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let relative = if prefix.is_empty() {
                name.clone()
            } else {
                format!("{prefix}/{name}")
            };
            let kind = fs::metadata(entry.path()).map_err(|source| PackError::Read {
                path: entry.path(),
                source,
            })?;
            if files.len() as u64 + open.len() as u64 >= limits.entries_max || depth > 100 {
                return Err(PackError::TooMany {
                    path: directory.into(),
                    limit: limits.entries_max,
                });
            }
            if !kind.is_dir() {
                files.push((relative, entry.path()));
            } else if !LEFT_OUT.contains(&name.as_str()) {
                open.push((relative, entry.path(), depth + 1));
            }
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::Bundle;

    #[test]
    fn the_same_files_give_the_same_zip_and_unpack_to_themselves() {
        let temporary = tempfile::tempdir().expect("a temporary directory");
        let code = temporary.path().join("app");
        fs::create_dir_all(code.join("lib")).expect("writable");
        fs::create_dir_all(code.join(".git")).expect("writable");
        fs::write(code.join("init.q"), "\\l lib/u.q\n").expect("writable");
        fs::write(code.join("lib/u.q"), "a:1\n").expect("writable");
        fs::write(code.join(".git/config"), "secret").expect("writable");
        let first = pack_directory(&code, &Limits::default()).expect("packs");
        assert_eq!(
            first,
            pack_directory(&code, &Limits::default()).expect("packs")
        );
        let bundle = Bundle::open(first, &Limits::default()).expect("harmless");
        let names: Vec<&str> = bundle.entries().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["init.q", "lib/u.q"]);
        assert!(matches!(
            pack_directory(&code.join("nothing"), &Limits::default()),
            Err(PackError::NotADirectory { .. })
        ));
    }
}
