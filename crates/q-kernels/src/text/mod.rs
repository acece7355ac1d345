//! Kernels on text: strings, symbols, patterns, parsing and casts to and from text.

mod bits;
pub mod case;
pub mod cast;
pub mod csv;
pub mod digest;
pub mod encoding;
pub mod fixed;
mod join;
pub mod json;
mod like;
pub mod parse;
pub mod pattern;
mod radix;
mod split;
mod string;

pub use join::sv;
pub use like::{like, ss, ssr};
pub use split::{lines, vs};
pub use string::string;

use q_value::display::k_text;
use q_value::format::settings;
use q_value::{QResult, Value};

use crate::Keyword;

/// The keywords of this folder. `$` is not a keyword: it is [`cast::cast`].
pub static TABLE: &[Keyword] = &[
    Keyword::one("string", string),
    Keyword::two("like", like),
    Keyword::two("ss", ss),
    Keyword::three("ssr", ssr),
    Keyword::two("sv", sv),
    Keyword::two("vs", vs),
    Keyword::one("lower", case::lower),
    Keyword::one("upper", case::upper),
    Keyword::one("trim", case::trim),
    Keyword::one("ltrim", case::ltrim),
    Keyword::one("rtrim", case::rtrim),
    Keyword::one("md5", digest::md5),
    Keyword::one(".Q.sha1", digest::sha1),
    Keyword::one(".Q.s1", s1),
    Keyword::two(".Q.f", fixed::decimals),
    Keyword::three(".Q.fmt", fixed::padded_decimals),
    Keyword::one(".Q.btoa", encoding::to_base64),
    Keyword::one(".Q.atob", encoding::from_base64),
    Keyword::one(".Q.j10", encoding::long_of_ten),
    Keyword::one(".Q.x10", encoding::ten_of_long),
    Keyword::one(".Q.j12", encoding::long_of_twelve),
    Keyword::one(".Q.x12", encoding::twelve_of_long),
    Keyword::one(".j.j", json::j),
    Keyword::one(".j.jd", json::jd),
    Keyword::one(".j.k", json::k),
];

/// `.Q.s1 x`, `-3!x`: the k form of a value as a string.
pub fn s1(x: Value) -> QResult<Value> {
    Ok(Value::Chars(k_text(&x, settings::precision()).into()))
}
