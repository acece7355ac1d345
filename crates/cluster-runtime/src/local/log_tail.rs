//! The end of a rotated log: `<name>.log` is the newest part, `<name>.log.1` the one before, and so on.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// The last `lines` lines of a log over all its parts, oldest first; all of them with `None`.
///
/// A log that does not exist is empty. Bytes that are not UTF-8 are replaced.
pub fn tail_of_log(path: &Path, lines: Option<usize>) -> io::Result<Vec<String>> {
    let wanted = lines.unwrap_or(usize::MAX);
    let mut newest_first: Vec<String> = Vec::new();
    for part in 0.. {
        if newest_first.len() >= wanted {
            break;
        }
        let Some(found) = tail_of_part(&part_path(path, part), wanted - newest_first.len())? else {
            break;
        };
        newest_first.extend(found.into_iter().rev());
    }
    newest_first.reverse();
    Ok(newest_first)
}

/// Path of a part of a rotated log: 0 is the one being written, 1 the one before.
fn part_path(path: &Path, part: u32) -> PathBuf {
    if part == 0 {
        return path.to_owned();
    }
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{part}"));
    PathBuf::from(name)
}

/// The last `wanted` lines of one file in order, `None` when there is no such file. Reads from the end, in blocks.
fn tail_of_part(path: &Path, wanted: usize) -> io::Result<Option<Vec<String>>> {
    const BLOCK_BYTES: u64 = 64 * 1024;
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut start = file.metadata()?.len();
    let mut bytes: Vec<u8> = Vec::new();
    while start > 0 && bytes.iter().filter(|byte| **byte == b'\n').count() <= wanted {
        let from = start.saturating_sub(BLOCK_BYTES);
        let mut block = vec![0; usize::try_from(start - from).unwrap_or(0)];
        file.seek(SeekFrom::Start(from))?;
        file.read_exact(&mut block)?;
        block.extend_from_slice(&bytes);
        bytes = block;
        start = from;
    }
    let text = String::from_utf8_lossy(&bytes);
    let all: Vec<&str> = text.lines().collect();
    // The first line of a block in the middle of the file is only a part of a line.
    let whole = if start > 0 { 1 } else { 0 };
    let from = all.len().saturating_sub(wanted).max(whole);
    Ok(Some(
        all.get(from..)
            .unwrap_or_default()
            .iter()
            .map(|line| (*line).to_owned())
            .collect(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn lines_are_counted_over_parts() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("node.log");
        assert_eq!(
            tail_of_log(&path, Some(3)).expect("read"),
            Vec::<String>::new()
        );
        fs::write(&path, "e\nf\n").expect("write");
        fs::write(part_path(&path, 1), "c\nd\n").expect("write");
        fs::write(part_path(&path, 2), "a\nb\n").expect("write");
        assert_eq!(tail_of_log(&path, Some(1)).expect("read"), ["f"]);
        assert_eq!(tail_of_log(&path, Some(3)).expect("read"), ["d", "e", "f"]);
        assert_eq!(
            tail_of_log(&path, None).expect("read"),
            ["a", "b", "c", "d", "e", "f"]
        );
    }

    #[test]
    fn a_long_log_is_read_from_its_end() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("node.log");
        let text: String = (0..40_000).map(|line| format!("line {line}\n")).collect();
        fs::write(&path, text).expect("write");
        let tail = tail_of_log(&path, Some(20_000)).expect("read");
        assert_eq!(tail.len(), 20_000);
        assert_eq!(tail.first().map(String::as_str), Some("line 20000"));
        assert_eq!(tail.last().map(String::as_str), Some("line 39999"));
    }
}
