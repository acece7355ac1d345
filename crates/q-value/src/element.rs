//! What the items of vectors have in common: nulls in band.

use crate::{Symbol, Value};

/// Sixteen bytes in textual order.
pub type Guid = [u8; 16];

/// An item of a vector.
pub trait Element: Clone + Send + Sync + 'static {
    /// The null of the storage type; of `u8` it is zero (chars use a blank, see [`Value::null_of`]).
    fn null() -> Self;
    fn is_null(&self) -> bool;
}

macro_rules! element {
    ($type:ty, $null:expr, $x:ident => $is_null:expr) => {
        impl Element for $type {
            fn null() -> Self {
                $null
            }
            fn is_null(&self) -> bool {
                let $x = self;
                $is_null
            }
        }
    };
}

element!(bool, false, _x => false);
element!(u8, 0, _x => false);
element!(i16, i16::MIN, x => *x == i16::MIN);
element!(i32, i32::MIN, x => *x == i32::MIN);
element!(i64, i64::MIN, x => *x == i64::MIN);
element!(f32, f32::NAN, x => x.is_nan());
element!(f64, f64::NAN, x => x.is_nan());
element!(Guid, [0; 16], x => *x == [0; 16]);
element!(Symbol, Symbol::NULL, x => Symbol::is_null(*x));
element!(Value, Value::Identity, x => matches!(x, Value::Identity));
