//! Keywords and system functions that need the evaluator or the world, by theme. Each module declares its rows.

pub(crate) mod control;
pub(crate) mod environment;
pub(crate) mod evaluate;
pub(crate) mod http;
pub(crate) mod inspect;
pub(crate) mod process;
pub(crate) mod tables;
pub(crate) mod windows;

use crate::primitives::Row;

/// All rows of this crate.
pub(crate) static TABLES: &[&[Row]] = &[
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
