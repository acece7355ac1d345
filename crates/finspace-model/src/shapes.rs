//! Requests and answers as Rust types: member names in camelCase, absent members left out.
//!
//! Strings here are plain because [`crate::decode_request`] has already checked them. A member that the live service
//! left out when it had no value is an `Option`, or a list that is not written while empty; lists that clients expect
//! even when empty (`volumes`, the items of a list answer) are always written.

mod cluster;
mod cluster_parts;
mod code_update;
mod connection;
mod environment;
mod node;
mod tags;
mod user;

pub use cluster::*;
pub use cluster_parts::*;
pub use code_update::*;
pub use connection::*;
pub use environment::*;
pub use node::*;
pub use tags::*;
pub use user::*;

use serde::{Deserialize, Serialize};

/// The answer `{}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct EmptyResponse {}

/// Declares an enumeration of the contract with its wire names.
macro_rules! wire_enum {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $(#[serde(rename = $text)] $variant,)*
        }

        impl $name {
            /// The name on the wire.
            pub fn as_str(self) -> &'static str {
                match self {
                    $($name::$variant => $text,)*
                }
            }

            /// The value of that wire name.
            pub fn from_wire(text: &str) -> Option<Self> {
                match text {
                    $($text => Some($name::$variant),)*
                    _ => None,
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use wire_enum;

#[cfg(test)]
mod tests;
