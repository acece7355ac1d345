//! The history file: one statement a line, readable by its owner alone, shared by all consoles of a user.

use std::collections::HashSet;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Statements kept.
pub(super) const ENTRIES_MAX: usize = 10_000;
/// A file with more lines than this is written anew at the start of a console.
const LINES_MAX: usize = ENTRIES_MAX + ENTRIES_MAX / 2;
/// Statements above this many bytes are not worth recalling.
const ENTRY_BYTES_MAX: usize = 64 * 1024;

/// Where the file is: `QSPACE_HISTORY` (empty for none), else `qspace/history` in the folder for state.
pub(super) fn path_from(variable: impl Fn(&str) -> Option<std::ffi::OsString>) -> Option<PathBuf> {
    if let Some(path) = variable("QSPACE_HISTORY") {
        return (!path.is_empty()).then(|| PathBuf::from(path));
    }
    let folder = variable("XDG_STATE_HOME")
        .map(PathBuf::from)
        .filter(|folder| folder.is_absolute())
        .or_else(|| Some(PathBuf::from(variable("HOME")?).join(".local/state")))?;
    Some(folder.join("qspace/history"))
}

/// The statements of the file, oldest first, each once. A file that cannot be read is empty.
pub(super) fn load(path: &Path) -> Vec<String> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|mut file| file.read_to_end(&mut bytes));
    if read.is_err() {
        return Vec::new();
    }
    let text = String::from_utf8_lossy(&bytes);
    let lines = text.lines().count();
    let entries = latest(text.lines().map(unescape));
    if lines > LINES_MAX {
        // the next start tries again
        let _ = rewrite(path, &entries);
    }
    entries
}

/// Each entry once, at its last place; the newest [`ENTRIES_MAX`] of them.
pub(super) fn latest(entries: impl DoubleEndedIterator<Item = String>) -> Vec<String> {
    let mut seen = HashSet::new();
    let mut kept: Vec<String> = entries
        .rev()
        .filter(|entry| !entry.is_empty() && seen.insert(entry.clone()))
        .take(ENTRIES_MAX)
        .collect();
    kept.reverse();
    kept
}

/// Adds a statement at the end of the file, making it and its folder when missing.
///
/// Errors: those of the file system.
pub(super) fn append(path: &Path, entry: &str) -> io::Result<()> {
    if entry.len() > ENTRY_BYTES_MAX {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
    }
    let mut file = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)?;
    file.lock()?;
    file.write_all(format!("{}\n", escape(entry)).as_bytes())
}

fn rewrite(path: &Path, entries: &[String]) -> io::Result<()> {
    let beside = path.with_extension("new");
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&beside)?;
    let mut text = String::new();
    for entry in entries {
        text.push_str(&escape(entry));
        text.push('\n');
    }
    file.write_all(text.as_bytes())?;
    std::fs::rename(&beside, path)
}

fn escape(entry: &str) -> String {
    entry.replace('\\', "\\\\").replace('\n', "\\n")
}

fn unescape(line: &str) -> String {
    let mut entry = String::with_capacity(line.len());
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some('n') => entry.push('\n'),
                Some(other) => entry.push(other),
                None => {}
            },
            letter => entry.push(letter),
        }
    }
    entry
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_environment_says_where_it_is() {
        let path = |pairs: &[(&str, &str)]| {
            let pairs: Vec<(String, String)> = pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect();
            path_from(move |name| {
                let found = pairs.iter().find(|(other, _)| other == name)?;
                Some(found.1.clone().into())
            })
        };
        assert_eq!(path(&[("QSPACE_HISTORY", "")]), None);
        assert_eq!(path(&[("QSPACE_HISTORY", "h")]), Some("h".into()));
        assert_eq!(
            path(&[("HOME", "/a"), ("XDG_STATE_HOME", "/s")]),
            Some("/s/qspace/history".into())
        );
        assert_eq!(
            path(&[("HOME", "/a"), ("XDG_STATE_HOME", "relative")]),
            Some("/a/.local/state/qspace/history".into())
        );
        assert_eq!(path(&[]), None);
    }

    #[test]
    fn what_was_appended_comes_back_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("deep/history");
        for entry in ["a\\b", "f:{\n x}", "1+1", "a\\b"] {
            append(&path, entry).expect("written");
        }
        assert_eq!(load(&path), ["f:{\n x}", "1+1", "a\\b"]);
        let mode = std::fs::metadata(&path)
            .expect("there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_long_file_is_cut_to_its_newest_part() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("history");
        let mut text = String::new();
        for number in 0..=LINES_MAX {
            text.push_str(&format!("{number}\n"));
        }
        std::fs::write(&path, text).expect("written");
        let entries = load(&path);
        assert_eq!(entries.len(), ENTRIES_MAX);
        assert_eq!(entries.last(), Some(&LINES_MAX.to_string()));
        let kept = std::fs::read_to_string(&path).expect("there");
        assert_eq!(kept.lines().count(), ENTRIES_MAX);
        assert_eq!(load(&path), entries);
    }
}
