//! Text of single items: what `string` gives, what stands in the cells of tables and in CSV.
//!
//! Everything appends to a byte buffer, so that whole columns are formatted without an allocation per item. The literal
//! form with types and quotes is in [`crate::display`].

mod number;
mod plain;
mod quoted;
pub mod settings;
mod temporal;

pub use number::{push_float, push_float_fixed, push_i64, push_real};
pub use plain::{EnumItems, is_blank_item, push_guid, push_plain_atom, push_plain_item};
pub use quoted::{push_escaped, push_quoted};
pub use temporal::{
    push_date, push_datetime, push_minute, push_month, push_second, push_time, push_timespan,
    push_timestamp,
};
