//! Kernels on text: strings, symbols, patterns, parsing and casts to and from text.

use crate::Keyword;

/// The keywords of this folder.
pub static TABLE: &[Keyword] = &[];
