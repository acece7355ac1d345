//! Compile and evaluate q: bytecode, primitives that call functions, iterators, qSQL, namespaces.
//!
//! The world (clock, files, handles, streams) is behind one trait, [`system::System`].

pub mod fake;
pub mod system;
