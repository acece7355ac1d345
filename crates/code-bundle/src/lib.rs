//! Zips of q code: safe reading, checking, packing, unpacking, replacing under a running process.
//!
//! A [`Bundle`] exists only after every entry of the zip was read once within the [`Limits`]: names stay inside the
//! tree, sizes are the real ones, checksums are right. Everything after that (checking, unpacking) trusts it.
//!
//! Invariants: nothing is written while a zip is judged; nothing is ever written outside the directory that the caller
//! names, also when links stand in the way; a file is replaced by write-new-then-rename, so a reader sees the old or the
//! new content and never a part.

mod bundle;
mod check;
mod install;
mod limits;
mod manifest;
mod name;
mod pack;

pub use bundle::{Bundle, BundleError, Entry, EntryKind};
pub use check::Problem;
pub use install::InstallError;
pub use limits::Limits;
pub use manifest::Manifest;
pub use name::{EntryName, NameProblem};
pub use pack::{PackError, pack_directory};
