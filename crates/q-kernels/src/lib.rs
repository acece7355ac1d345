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

pub mod aggregate;
pub mod arithmetic;
pub mod attribute_index;
pub mod bins;
mod collect;
pub mod compare;
pub mod convert;
pub mod division;
pub mod enumeration;
mod fold;
pub mod gather;
pub mod group;
pub mod grouped;
pub mod interrupt;
mod keys;
mod keyword;
mod lanes;
mod loops;
pub mod matching;
pub mod maths;
pub mod matrix;
pub mod memory;
pub mod moving;
pub mod order;
mod parallel;
mod partitioned_group;
mod pervade;
pub mod positions;
#[cfg(target_arch = "x86_64")]
mod quick_sort;
mod radix;
#[cfg(test)]
mod reference;
mod result_types;
pub mod running;
mod scan;
pub mod search;
mod shares;
pub mod sort;
pub mod statistics;
mod streaming;
pub mod structure;
pub mod temporal;
pub mod text;
#[cfg(test)]
mod type_tests;

pub use keyword::{Kernel, Keyword};
pub use parallel::{set_threads, threads};

use std::sync::LazyLock;

use q_value::{Binary, QError, QResult, Unary, Value};

/// All keywords implemented here, each once.
pub fn keywords() -> impl Iterator<Item = &'static Keyword> {
    [
        maths::TABLE,
        division::TABLE,
        group::TABLE,
        search::TABLE,
        aggregate::TABLE,
        statistics::TABLE,
        running::TABLE,
        moving::TABLE,
        sort::TABLE,
        positions::TABLE,
        bins::TABLE,
        matrix::TABLE,
        text::TABLE,
        structure::TABLE,
    ]
    .into_iter()
    .flatten()
}

/// Applies a unary primitive that needs no evaluator; `'nyi` for those that do.
pub fn unary(op: Unary, x: Value) -> QResult<Value> {
    match UNARY[op.code() as usize] {
        Some(kernel) => interrupt::guard(|| kernel(x)),
        None => Err(QError::nyi()),
    }
}

/// Applies a binary primitive that needs no evaluator; `'nyi` for those that do.
pub fn binary(op: Binary, x: Value, y: Value) -> QResult<Value> {
    match BINARY[op.code() as usize] {
        Some(kernel) => interrupt::guard(|| kernel(x, y)),
        None => Err(QError::nyi()),
    }
}

/// The kernel of a numbered primitive, for callers that keep it.
pub fn binary_kernel(op: Binary) -> Option<BinaryKernel> {
    BINARY[op.code() as usize]
}

/// The kernel of a numbered primitive, for callers that keep it.
pub fn unary_kernel(op: Unary) -> Option<UnaryKernel> {
    UNARY[op.code() as usize]
}

/// `x$y`: the product when `x` is a float vector or matrix, else cast, tok or padding.
fn dollar(x: Value, y: Value) -> QResult<Value> {
    let is_matrix = match &x {
        Value::Floats(_) => matches!(y, Value::Floats(_) | Value::List(_)),
        Value::List(rows) => matches!(rows.first(), Some(Value::Floats(_))),
        _ => false,
    };
    if is_matrix {
        matrix::mmu(x, y)
    } else {
        text::cast::cast(x, y)
    }
}

/// A kernel of one argument.
pub type UnaryKernel = fn(Value) -> QResult<Value>;
/// A kernel of two arguments.
pub type BinaryKernel = fn(Value, Value) -> QResult<Value>;

/// Kernels of the unary primitives by code, from the keyword tables.
static UNARY: LazyLock<[Option<UnaryKernel>; 256]> = LazyLock::new(|| {
    let mut kernels = [None; 256];
    for op in Unary::ALL {
        kernels[op.code() as usize] = keywords().find_map(|row| match row.kernel {
            Kernel::One(kernel) if row.name == op.keyword() => Some(kernel),
            _ => None,
        });
    }
    kernels
});

/// Kernels of the binary primitives by code: the glyphs by module, the words from the keyword tables.
static BINARY: LazyLock<[Option<BinaryKernel>; 256]> = LazyLock::new(|| {
    let mut kernels = [None; 256];
    for op in Binary::ALL {
        kernels[op.code() as usize] = compare::of(*op)
            .or_else(|| arithmetic::of(*op))
            .or(match op {
                Binary::Match => Some(matching::matches as BinaryKernel),
                Binary::Query => Some(search::find),
                Binary::Cast => Some(dollar),
                Binary::Join => Some(structure::join::join),
                Binary::Take => Some(structure::take::take),
                Binary::Drop => Some(structure::drop::drop),
                Binary::Bang => Some(structure::keyed::bang),
                _ => None,
            })
            .or_else(|| {
                // rows are named by the word, or by the glyph where there is none
                keywords().find_map(|row| match row.kernel {
                    Kernel::Two(kernel) if row.name == op.keyword() || row.name == op.text() => {
                        Some(kernel)
                    }
                    _ => None,
                })
            });
    }
    kernels
});
