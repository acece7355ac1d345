//! Text to parse tree with positions; never evaluates, never panics.
//!
//! [`parse`] reads a text of one or more statements; [`tree`] is what it makes. [`scope`] says which names a lambda
//! owns.
//!
//! Invariant: any bytes give a tree or a [`SyntaxError`], in time and stack bounded by their length.

pub mod check;
mod clock;
pub mod columns;
mod error;
mod lexer;
mod number;
pub mod parse_tree;
mod parser;
pub mod scope;
pub mod script;
mod token;
pub mod tree;
pub mod typing;
pub mod words;

pub use error::{SyntaxError, SyntaxResult};
pub use lexer::token_texts;
pub use parser::{parse, parse_with_words};
