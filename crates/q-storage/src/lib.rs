//! Column files, splayed, partitioned and segmented tables, sym files, compressed files, logs: everything kdb+ has written
//! is read, and what is written kdb+ 4.x reads.
//!
//! [`read_object`] and [`write_object`] turn bytes into values and back; [`get`], [`set`], [`append`] and their kin do so with
//! paths, through the [`Files`] that the evaluator's world gives. [`scan_database`] tells what lies in a folder, without
//! opening columns.
//!
//! Invariants: broken or hostile files are errors, never panics; vectors of fixed width are views of mapped files, so
//! that a query pays only for what it touches; files are replaced by renaming or appended to, never shortened.

#![expect(
    unsafe_code,
    reason = "columns are mapped files; the one call that maps is in mapping.rs"
)]

mod anymap;
mod compressed;
mod files;
mod index_data;
mod layout;
mod log;
mod mapping;
mod partitions;
mod read;
mod store;
pub mod text;
mod write;

pub use compressed::{
    Algorithm, CompressionSettings, CompressionStatistics, compress_file, compression_statistics,
    decompress_file, is_compressed,
};
pub use files::{Files, file_error};
pub use log::{EMPTY_LOG, LogReader, LogStatus, is_log, log_status};
pub use mapping::map_file;
pub use partitions::{
    DatabaseLayout, Partition, PartitionKind, SEGMENTS_FILE, parse_partition, partition_name,
    partition_values, read_segments, scan_database, segment_of,
};
pub use read::{Companion, ReadCompanion, count_of, read_object};
pub use store::{
    COLUMNS_FILE, Join, append, append_splayed, column_names, extend_domain, get, get_column,
    get_splayed, is_splayed, set, set_splayed,
};
pub use write::{FileSet, write_object, write_symbols};
