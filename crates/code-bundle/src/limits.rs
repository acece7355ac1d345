//! What a zip may cost before it is refused.

use serde::{Deserialize, Serialize};

/// Limits on one zip. The service documented none; these keep a small machine safe and are configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Bytes of the zip itself.
    pub zip_bytes_max: u64,
    /// Bytes of all entries together, unpacked.
    pub unpacked_bytes_max: u64,
    /// Entries, directories included.
    pub entries_max: u64,
    /// Unpacked bytes per zipped byte of one entry, above the first mebibyte: a zip bomb has thousands.
    pub ratio_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            zip_bytes_max: 256 << 20,
            unpacked_bytes_max: 1 << 30,
            entries_max: 50_000,
            ratio_max: 200,
        }
    }
}

/// Entries up to this size are not held against [`Limits::ratio_max`]: repetitive small files are normal.
pub(crate) const RATIO_FREE_BYTES: u64 = 1 << 20;
