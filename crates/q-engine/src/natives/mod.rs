//! Keywords and system functions that need the evaluator or the world, by theme. Each module declares its rows.

pub mod control;
pub mod environment;
pub mod evaluate;
pub mod http;
pub mod inspect;
pub mod process;
pub mod tables;
pub mod windows;

use crate::primitives::Row;

/// All rows of this crate.
pub static TABLES: &[&[Row]] = &[
    control::TABLE,
    crate::database::TABLE,
    environment::TABLE,
    evaluate::TABLE,
    http::TABLE,
    inspect::TABLE,
    process::TABLE,
    tables::TABLE,
    windows::TABLE,
];
