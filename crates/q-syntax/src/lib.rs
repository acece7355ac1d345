//! Text to parse tree with positions; never evaluates, never panics.

pub mod tree;
