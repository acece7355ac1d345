//! Column files, splayed, partitioned and segmented tables, sym files, compressed files, logs.

#![expect(
    unsafe_code,
    reason = "columns are mapped files; the one call that maps is in mapping.rs"
)]

mod mapping;

pub use mapping::map_file;
