//! The two settings of a q process that change how text is written and read: `\P` and `\z`.
//!
//! They are process-wide in q; kernels are pure functions of values, so they read them here.

use std::sync::atomic::{AtomicU8, Ordering};

/// What `\P` is until it is set.
pub const DEFAULT_PRECISION: u8 = 7;

static PRECISION: AtomicU8 = AtomicU8::new(DEFAULT_PRECISION);
static DATE_ORDER: AtomicU8 = AtomicU8::new(0);

/// How `"D"$"01/02/2024"` is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DateOrder {
    /// `\z 0`: mm/dd/yyyy.
    #[default]
    MonthFirst,
    /// `\z 1`: dd/mm/yyyy.
    DayFirst,
}

/// Significant digits of floats (`\P`); 0 means 17.
pub fn precision() -> u8 {
    PRECISION.load(Ordering::Relaxed)
}

pub fn set_precision(digits: u8) {
    PRECISION.store(digits, Ordering::Relaxed);
}

/// The order of day and month in dates with slashes (`\z`).
pub fn date_order() -> DateOrder {
    match DATE_ORDER.load(Ordering::Relaxed) {
        0 => DateOrder::MonthFirst,
        _ => DateOrder::DayFirst,
    }
}

pub fn set_date_order(order: DateOrder) {
    DATE_ORDER.store(u8::from(order == DateOrder::DayFirst), Ordering::Relaxed);
}
