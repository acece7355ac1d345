//! What lies in the folder of a database: partitions, segments, splayed tables, variables, scripts.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use q_value::{QError, QResult, Symbol, Type, Value, calendar};

use crate::files::{Files, file_error};
use crate::store::is_splayed;

/// The file that lists segments.
pub const SEGMENTS_FILE: &str = "par.txt";

/// What partitions are named by; the name of the virtual column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PartitionKind {
    Date,
    Month,
    Year,
    Int,
}

impl PartitionKind {
    pub fn column(self) -> &'static str {
        match self {
            PartitionKind::Date => "date",
            PartitionKind::Month => "month",
            PartitionKind::Year => "year",
            PartitionKind::Int => "int",
        }
    }

    /// The type of the virtual column. Years and integers are ints up to 32 bits, else longs.
    pub fn value_type(self) -> Type {
        match self {
            PartitionKind::Date => Type::Date,
            PartitionKind::Month => Type::Month,
            PartitionKind::Year | PartitionKind::Int => Type::Int,
        }
    }
}

/// One partition: a value and where it lies. The same value may lie in several segments.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Partition {
    pub value: i64,
    pub folder: PathBuf,
}

/// A database folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DatabaseLayout {
    /// `None` without partitions.
    pub kind: Option<PartitionKind>,
    /// In the order of their values, then of their segments.
    pub partitions: Vec<Partition>,
    /// Folders of `par.txt`; empty without one.
    pub segments: Vec<PathBuf>,
    /// Partitioned tables: the folders of the last partition.
    pub tables: Vec<Symbol>,
    /// Splayed tables in the root.
    pub splayed: Vec<Symbol>,
    /// Other q objects in the root, `sym` among them.
    pub objects: Vec<Symbol>,
    /// Scripts in the root, to be run last.
    pub scripts: Vec<Vec<u8>>,
}

/// The kind and value of a partition's folder name: `2024.01.31`, `2024.01`, `2024` (1000 to 9999), or an integer.
pub fn parse_partition(name: &[u8]) -> Option<(PartitionKind, i64)> {
    let text = std::str::from_utf8(name).ok()?;
    let digits = |text: &str, length: usize| -> Option<i64> {
        (text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| text.parse().ok())
            .flatten()
    };
    let parts: Vec<&str> = text.split('.').collect();
    match parts.as_slice() {
        [year, month, day] => {
            let year = i32::try_from(digits(year, 4)?).ok()?;
            let month = u32::try_from(digits(month, 2)?).ok()?;
            let day = u32::try_from(digits(day, 2)?).ok()?;
            let days = calendar::days_from_date(year, month, day)?;
            Some((PartitionKind::Date, i64::from(days)))
        }
        [year, month] => {
            let (year, month) = (digits(year, 4)?, digits(month, 2)?);
            (1..=12)
                .contains(&month)
                .then_some((PartitionKind::Month, (year - 2000) * 12 + month - 1))
        }
        [number] if number.len() == 4 => Some((PartitionKind::Year, digits(number, 4)?)),
        [number] => Some((PartitionKind::Int, digits(number, number.len())?)),
        _ => None,
    }
}

/// The folder name of a partition.
pub fn partition_name(kind: PartitionKind, value: i64) -> String {
    match kind {
        PartitionKind::Date => {
            let (year, month, day) =
                calendar::date_from_days(i32::try_from(value).unwrap_or(i32::MIN));
            format!("{year:04}.{month:02}.{day:02}")
        }
        PartitionKind::Month => {
            format!(
                "{:04}.{:02}",
                2000 + value.div_euclid(12),
                value.rem_euclid(12) + 1
            )
        }
        PartitionKind::Year | PartitionKind::Int => value.to_string(),
    }
}

/// The values of partitions as the vector of the virtual column.
pub fn partition_values(kind: PartitionKind, values: &[i64]) -> Value {
    let narrow: Option<Vec<i32>> = values
        .iter()
        .map(|value| i32::try_from(*value).ok())
        .collect();
    match narrow {
        Some(narrow) => Value::from_i32s(kind.value_type(), narrow.into()),
        None => Value::Longs(values.to_vec().into()),
    }
}

fn joined(folder: &Path, name: &[u8]) -> PathBuf {
    folder.join(OsStr::from_bytes(name))
}

/// The partitions directly in a folder.
fn partitions_in(files: &dyn Files, folder: &Path) -> QResult<Vec<(PartitionKind, Partition)>> {
    let names = files
        .list(folder)
        .map_err(|error| file_error(folder, &error))?;
    Ok(names
        .iter()
        .filter_map(|name| {
            let (kind, value) = parse_partition(name)?;
            let folder = joined(folder, name);
            matches!(files.is_folder(&folder), Ok(true))
                .then_some((kind, Partition { value, folder }))
        })
        .collect())
}

/// The segments of `par.txt`, absolute or relative to the root.
pub fn read_segments(files: &dyn Files, root: &Path) -> QResult<Vec<PathBuf>> {
    let path = root.join(SEGMENTS_FILE);
    let bytes = files
        .map(&path)
        .map_err(|error| file_error(&path, &error))?;
    Ok((*bytes)
        .as_ref()
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::trim_ascii)
        .filter(|line| !line.is_empty())
        .map(|line| {
            let line = line.strip_prefix(b":").unwrap_or(line);
            joined(root, line)
        })
        .collect())
}

/// Reads what lies in the folder of a database, without opening any column.
///
/// Errors: `part` when partitions are named by different kinds of values; `empty` when `par.txt` leads to none; what the
/// system says of folders that cannot be listed. Source: pages "segmented databases" and "load"; `formats.md` 7.10.
pub fn scan_database(files: &dyn Files, root: &Path) -> QResult<DatabaseLayout> {
    let mut layout = DatabaseLayout::default();
    let names = files.list(root).map_err(|error| file_error(root, &error))?;
    let mut found = Vec::new();
    if names.iter().any(|name| name == SEGMENTS_FILE.as_bytes()) {
        layout.segments = read_segments(files, root)?;
        let mut unreadable = None;
        for segment in &layout.segments {
            match partitions_in(files, segment) {
                Ok(partitions) => found.extend(partitions),
                Err(error) => unreadable = unreadable.or(Some(error)),
            }
        }
        if found.is_empty() {
            return Err(QError::new("empty"));
        }
        // a segment that is lost must not pass for one without partitions
        if let Some(error) = unreadable {
            return Err(error);
        }
    } else {
        found = partitions_in(files, root)?;
    }
    for name in &names {
        let path = joined(root, name);
        let text = name.as_slice();
        if text.starts_with(b".") || text.ends_with(b"#") || text.ends_with(b"$") {
            continue;
        }
        match files.is_folder(&path) {
            Ok(true) if parse_partition(name).is_some() => {}
            Ok(true) => {
                if is_splayed(files, &path) {
                    layout.splayed.push(Symbol::new(name));
                }
            }
            Ok(false) if text.ends_with(b".q") || text.ends_with(b".k") => {
                layout.scripts.push(name.clone());
            }
            Ok(false) if text == SEGMENTS_FILE.as_bytes() => {}
            Ok(false) => {
                if starts_like_an_object(files, &path) {
                    layout.objects.push(Symbol::new(name));
                }
            }
            Err(_) => {}
        }
    }
    let Some(kind) = found.first().map(|(kind, _)| *kind) else {
        return Ok(layout);
    };
    if found.iter().any(|(other, _)| *other != kind) {
        return Err(QError::new("part"));
    }
    layout.kind = Some(kind);
    layout.partitions = found.into_iter().map(|(_, partition)| partition).collect();
    // stable: partitions of one value stay in the order of their segments
    layout.partitions.sort_by_key(|partition| partition.value);
    layout.tables = tables_in(files, &layout.partitions)?;
    Ok(layout)
}

/// The tables of the last partition, in all its segments.
fn tables_in(files: &dyn Files, partitions: &[Partition]) -> QResult<Vec<Symbol>> {
    let Some(last) = partitions.last() else {
        return Ok(Vec::new());
    };
    let mut tables = Vec::new();
    for partition in partitions
        .iter()
        .filter(|partition| partition.value == last.value)
    {
        let names = files
            .list(&partition.folder)
            .map_err(|error| file_error(&partition.folder, &error))?;
        for name in names {
            let is_table = !name.starts_with(b".")
                && matches!(files.is_folder(&joined(&partition.folder, &name)), Ok(true));
            let symbol = Symbol::new(&name);
            if is_table && !tables.contains(&symbol) {
                tables.push(symbol);
            }
        }
    }
    tables.sort();
    Ok(tables)
}

/// True for files that begin as q objects do; others in a database folder are left alone.
fn starts_like_an_object(files: &dyn Files, path: &Path) -> bool {
    let Ok(bytes) = files.map(path) else {
        return false;
    };
    let slice = (*bytes).as_ref();
    slice.starts_with(b"kxzipped") || matches!(slice.first(), Some(0xfd..=0xff))
}

/// The segment that `.Q.par` puts a new partition into: the value modulo the number of segments.
pub fn segment_of(segments: &[PathBuf], value: i64) -> Option<&PathBuf> {
    let count = i64::try_from(segments.len())
        .ok()
        .filter(|count| *count > 0)?;
    segments.get(usize::try_from(value.rem_euclid(count)).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partition_names_are_read_and_written_back() {
        for (name, kind) in [
            ("2024.01.31", PartitionKind::Date),
            ("1999.12", PartitionKind::Month),
            ("2024", PartitionKind::Year),
            ("451440000000000000", PartitionKind::Int),
            ("7", PartitionKind::Int),
        ] {
            let (found, value) = parse_partition(name.as_bytes()).expect(name);
            assert_eq!(found, kind, "{name}");
            assert_eq!(partition_name(kind, value), name);
        }
        for name in [
            "2024.13.01",
            "2024.1.1",
            "table",
            "2024.01.31.1",
            "",
            "20x4",
        ] {
            assert_eq!(parse_partition(name.as_bytes()), None, "{name}");
        }
    }

    #[test]
    fn segments_take_turns() {
        let segments = [PathBuf::from("/0"), PathBuf::from("/1")];
        assert_eq!(segment_of(&segments, 8), Some(&segments[0]));
        assert_eq!(segment_of(&segments, -1), Some(&segments[1]));
        assert_eq!(segment_of(&[], 8), None);
    }
}
