//! Kernels that rearrange: take, drop, join, flip, and the algebra of dictionaries, tables and keyed tables.

pub mod asof;
pub mod attribute;
pub mod drop;
pub mod equi;
pub mod join;
pub mod keyed;
pub mod meta;
mod pairs;
pub mod rearrange;
mod scatter;
pub mod sorting;
pub mod take;
pub mod union_join;
pub mod window;

use q_value::Value;

use crate::{Keyword, gather};

/// The keywords of this folder; the glyphs `,` `#` `_` `!` are [`join::join`], [`take::take`], [`drop::drop`] and
/// [`keyed::bang`].
pub static TABLE: &[Keyword] = &[
    Keyword::one("raze", join::raze),
    Keyword::two("cut", drop::cut),
    Keyword::one("reverse", rearrange::reverse),
    Keyword::two("rotate", rearrange::rotate),
    Keyword::two("sublist", rearrange::sublist),
    Keyword::two("cross", rearrange::cross),
    Keyword::one("flip", rearrange::flip),
    Keyword::two("xkey", keyed::xkey),
    Keyword::two("xcol", keyed::xcol),
    Keyword::two("xcols", keyed::xcols),
    Keyword::one("cols", keyed::cols),
    Keyword::one("keys", keyed::keys),
    Keyword::one("meta", meta::meta),
    Keyword::one("fkeys", meta::fkeys),
    Keyword::two("xasc", sorting::xasc),
    Keyword::two("xdesc", sorting::xdesc),
    Keyword::two("xgroup", sorting::xgroup),
    Keyword::one("ungroup", sorting::ungroup),
    Keyword::three("aj", asof::aj),
    Keyword::three("aj0", asof::aj0),
    Keyword::three("ajf", asof::ajf),
    Keyword::three("ajf0", asof::ajf0),
    Keyword::two("asof", asof::asof),
    Keyword::three("ej", equi::ej),
    Keyword::two("ij", equi::ij),
    Keyword::two("ijf", equi::ijf),
    Keyword::two("lj", equi::lj),
    Keyword::two("ljf", equi::ljf),
    Keyword::two("pj", equi::pj),
    Keyword::two("uj", union_join::uj),
    Keyword::two("ujf", union_join::ujf),
];

/// Collections as they are, atoms and functions as a list of themselves.
fn as_collection(value: Value) -> Value {
    if gather::is_collection(&value) {
        value
    } else {
        value.enlist()
    }
}

#[cfg(test)]
mod tests;
