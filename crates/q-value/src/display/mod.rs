//! Values as people read them: the one-line k form and the layout of the console.
//!
//! [`k_text`] is the text of `-3!`, `.Q.s1` and `0N!`: it reads back as the same value for data. [`console`] is what the
//! prompt, `show` and `.Q.s` print: lists item by item, matrices, dictionaries and tables in aligned columns, cut to the
//! size of the console.

mod cells;
mod layout;
mod literal;

pub use layout::console;
pub use literal::{function_text, k_text, push_k_text};

use crate::format::settings;

/// The size of the console and the precision of floats: `\c` and `\P`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DisplaySettings {
    /// Lines of the console; three fewer are used, and one more says `..` when that was not all.
    pub rows: usize,
    /// Characters of a line; one fewer is used.
    pub columns: usize,
    /// Significant digits of floats, 0 for 17.
    pub precision: u8,
}

impl Default for DisplaySettings {
    fn default() -> DisplaySettings {
        DisplaySettings {
            rows: 25,
            columns: 80,
            precision: settings::DEFAULT_PRECISION,
        }
    }
}

impl DisplaySettings {
    /// Lines shown before `..`.
    fn lines_shown(&self) -> usize {
        self.rows.saturating_sub(3).max(1)
    }

    /// Characters of the longest line.
    fn line_width(&self) -> usize {
        self.columns.saturating_sub(1).max(2)
    }
}
