//! The headers of files (`formats.md` section 6).

use q_value::{Attribute, QError, QResult};

/// Bytes of a page header; data of page files begins here.
pub(crate) const PAGE: usize = 4096;
/// Where the object header of a page file stands: directly before its data.
pub(crate) const PAGE_HEADER: usize = PAGE - HEADER;
/// Bytes of an object header.
pub(crate) const HEADER: usize = 16;

/// Type byte of a mapped list of mixed items.
pub(crate) const ANYMAP: u8 = 77;
/// Type byte of an enumerated vector.
pub(crate) const ENUMERATED: u8 = 20;

/// The error of a file that is no q object, or a broken one.
pub(crate) fn bad_file() -> QError {
    QError::new("bad meta data in file")
}

/// The image of an object in memory that precedes its data in files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ObjectHeader {
    pub(crate) memory: u8,
    pub(crate) mark: u8,
    pub(crate) type_number: u8,
    pub(crate) attribute: u8,
    pub(crate) references: u32,
    pub(crate) count: i64,
}

impl ObjectHeader {
    pub(crate) fn parse(bytes: &[u8], at: usize) -> QResult<ObjectHeader> {
        let part = bytes
            .get(at..)
            .and_then(|rest| rest.first_chunk::<HEADER>())
            .ok_or_else(bad_file)?;
        let [
            memory,
            mark,
            type_number,
            attribute,
            r0,
            r1,
            r2,
            r3,
            count @ ..,
        ] = *part;
        Ok(ObjectHeader {
            memory,
            mark,
            type_number,
            attribute,
            references: u32::from_le_bytes([r0, r1, r2, r3]),
            count: i64::from_le_bytes(count),
        })
    }

    pub(crate) fn to_bytes(self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        bytes[..4].copy_from_slice(&[self.memory, self.mark, self.type_number, self.attribute]);
        bytes[4..8].copy_from_slice(&self.references.to_le_bytes());
        bytes[8..].copy_from_slice(&self.count.to_le_bytes());
        bytes
    }

    pub(crate) fn attribute(&self) -> QResult<Attribute> {
        Attribute::from_number(self.attribute).ok_or_else(bad_file)
    }

    /// How many items of `width` bytes the data has, of which `available` bytes follow: the count is advisory unless index
    /// data follows the items.
    pub(crate) fn rows(&self, available: usize, width: usize) -> QResult<usize> {
        if self.attribute <= Attribute::Sorted as u8 {
            return Ok(available / width);
        }
        match usize::try_from(self.count) {
            Ok(count) if count <= available / width => Ok(count),
            _ => Err(bad_file()),
        }
    }
}

/// The header of a vector in a file of its own.
pub(crate) fn file_header(
    memory: u8,
    mark: u8,
    type_number: u8,
    attribute: Attribute,
    count: usize,
) -> ObjectHeader {
    ObjectHeader {
        memory,
        mark,
        type_number,
        attribute: attribute as u8,
        references: 0,
        count: i64::try_from(count).unwrap_or(i64::MAX),
    }
}

/// A number of eight bytes.
pub(crate) fn long_at(bytes: &[u8], at: usize) -> QResult<i64> {
    bytes
        .get(at..)
        .and_then(|rest| rest.first_chunk::<8>())
        .map(|whole| i64::from_le_bytes(*whole))
        .ok_or_else(bad_file)
}

/// A number of four bytes.
pub(crate) fn int_at(bytes: &[u8], at: usize) -> QResult<i32> {
    bytes
        .get(at..)
        .and_then(|rest| rest.first_chunk::<4>())
        .map(|whole| i32::from_le_bytes(*whole))
        .ok_or_else(bad_file)
}
