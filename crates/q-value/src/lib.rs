//! Every q value: its memory, symbols, nulls, attributes and console display.
//!
//! [`Value`] is 16 bytes: atoms stand in it, everything else is behind one shared pointer. Values are passed *by value*;
//! whoever holds the last reference writes in place ([`Vector::make_mut`]), everybody else copies. Nulls and infinities
//! are bit patterns in band, as in q ([`Element`]).
//!
//! Invariants: this crate knows no evaluator, no clock and no file; `unsafe` stands only in `vector.rs` and `symbol.rs`,
//! where columns of mapped files and interned text are lent out without copying, and in `push.rs`, where numbers are
//! written straight to a stack.

#![expect(
    unsafe_code,
    reason = "mapped columns and the symbol table lend memory without copying, numbers are pushed in place; see vector.rs, symbol.rs, push.rs"
)]

pub mod calendar;
pub mod display;
pub mod domain;
mod element;
mod error;
pub mod format;
mod function;
mod identity;
mod primitive;
mod push;
mod symbol;
mod table;
mod types;
mod value;
mod vector;

pub use element::{Element, Guid};
pub use error::{QError, QResult};
pub use function::{Derived, Iterator, Lambda, LambdaCode, Native, Projection};
pub use primitive::{Binary, Unary};
pub use push::{push_boolean, push_float, push_long};
pub use symbol::Symbol;
pub use table::{Dict, EnumAtom, EnumVector, Partitioned, Table};
pub use types::{Attribute, Type};
pub use value::{AtomStorage, Value, VectorStorage};
pub use vector::{Bytes, PlainItem, Vector};
