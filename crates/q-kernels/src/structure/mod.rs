//! Kernels that rearrange: take, drop, join, flip, and the algebra of dictionaries, tables and keyed tables.

use crate::Keyword;

/// The keywords of this folder.
pub static TABLE: &[Keyword] = &[];
