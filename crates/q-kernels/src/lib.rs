//! Loops over buffers: arithmetic, comparison, casts, sorting, grouping, search, aggregates, joins.
//!
//! Kernels are pure functions of values, taken by value: whoever holds the last reference is written in place. They know
//! no evaluator, no clock and no file. [`unary`] and [`binary`] run the numbered primitives; every other keyword is a row
//! of a table in the module that implements it ([`keywords`] lists them all).
//!
//! Result types come from tables (`result_types.rs`), both sides are brought to one lane (`lanes.rs`), and one generic
//! loop serves every type (`loops.rs`).

#![expect(
    unsafe_code,
    reason = "loops compiled for the machine's instruction set and written into fresh memory; see loops.rs"
)]

pub mod arithmetic;
pub mod compare;
pub mod convert;
pub mod division;
pub mod enumeration;
pub mod gather;
pub mod group;
mod keys;
mod keyword;
mod lanes;
mod loops;
pub mod matching;
pub mod maths;
pub mod order;
mod parallel;
mod pervade;
mod result_types;
pub mod search;
pub mod structure;
pub mod temporal;
pub mod text;

pub use keyword::{Kernel, Keyword};
pub use parallel::{set_threads, threads};

use q_value::{Binary, QError, QResult, Unary, Value};

/// All keywords implemented here, each once.
pub fn keywords() -> impl Iterator<Item = &'static Keyword> {
    [
        maths::TABLE,
        division::TABLE,
        group::TABLE,
        search::TABLE,
        text::TABLE,
        structure::TABLE,
    ]
    .into_iter()
    .flatten()
}

/// Applies a unary primitive that needs no evaluator; `'nyi` for those that do.
pub fn unary(op: Unary, x: Value) -> QResult<Value> {
    keyword_one(op.keyword(), x)
}

/// Applies a binary primitive that needs no evaluator; `'nyi` for those that do.
pub fn binary(op: Binary, x: Value, y: Value) -> QResult<Value> {
    if let Some(comparison) = compare::Comparison::of(op) {
        return compare::compare(comparison, x, y);
    }
    if let Some(kernel) = arithmetic::of(op) {
        return kernel(x, y);
    }
    match op {
        Binary::Match => matching::matches(x, y),
        _ => keyword_two(op.keyword(), x, y),
    }
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
