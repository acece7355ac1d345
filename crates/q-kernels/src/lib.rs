//! Loops over buffers: arithmetic, comparison, casts, sorting, grouping, search, aggregates, joins.
//!
//! Kernels are pure functions of values, taken by value: whoever holds the last reference is written in place. They know
//! no evaluator, no clock and no file. [`unary`] and [`binary`] run the numbered primitives; every other keyword is a row
//! of a table in the module that implements it ([`keywords`] lists them all).

mod keyword;
pub mod structure;
pub mod text;

pub use keyword::{Kernel, Keyword};

use q_value::{Binary, QError, QResult, Unary, Value};

/// All keywords implemented here, each once.
pub fn keywords() -> impl Iterator<Item = &'static Keyword> {
    [text::TABLE, structure::TABLE].into_iter().flatten()
}

/// Applies a unary primitive that needs no evaluator; `'nyi` for those that do.
pub fn unary(op: Unary, x: Value) -> QResult<Value> {
    keyword_one(op.keyword(), x)
}

/// Applies a binary primitive that needs no evaluator; `'nyi` for those that do.
pub fn binary(op: Binary, x: Value, y: Value) -> QResult<Value> {
    keyword_two(op.keyword(), x, y)
}

fn keyword_one(name: &str, x: Value) -> QResult<Value> {
    match keywords()
        .find(|row| row.name == name)
        .map(|row| row.kernel)
    {
        Some(Kernel::One(kernel)) => kernel(x),
        _ => Err(QError::nyi()),
    }
}

fn keyword_two(name: &str, x: Value, y: Value) -> QResult<Value> {
    match keywords()
        .find(|row| row.name == name)
        .map(|row| row.kernel)
    {
        Some(Kernel::Two(kernel)) => kernel(x, y),
        _ => Err(QError::nyi()),
    }
}
