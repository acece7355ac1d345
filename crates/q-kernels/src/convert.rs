//! Conversion of one item between the storage types, nulls kept.

/// The item as another storage type. Null becomes null; infinities of integers widen to their plain number
/// (`0Wi+5` is 2147483652); floats round to the nearest integer, halves upwards, and saturate.
pub trait Convert<T> {
    fn convert(self) -> T;
}

macro_rules! same {
    ($($t:ty)*) => { $(impl Convert<$t> for $t {
        #[inline(always)]
        fn convert(self) -> $t { self }
    })* };
}
same!(bool u8 i16 i32 i64 f32 f64);

/// From types without a null.
macro_rules! from_plain {
    ($from:ty => $($to:ty)*) => { $(impl Convert<$to> for $from {
        #[inline(always)]
        fn convert(self) -> $to { self as u8 as $to }
    })* };
}
from_plain!(bool => u8 i16 i32 i64 f32 f64);
from_plain!(u8 => i16 i32 i64 f32 f64);

macro_rules! integers {
    ($($from:ty => $($to:ty)*;)*) => { $($(impl Convert<$to> for $from {
        #[inline(always)]
        fn convert(self) -> $to { if self == <$from>::MIN { <$to>::MIN } else { self as $to } }
    })*)* };
}
integers! {
    i16 => i32 i64;
    i32 => i16 i64;
    i64 => i16 i32;
}

macro_rules! integer_to_float {
    ($($from:ty)*) => { $(
        impl Convert<f32> for $from {
            #[inline(always)]
            fn convert(self) -> f32 { if self == <$from>::MIN { f32::NAN } else { self as f32 } }
        }
        impl Convert<f64> for $from {
            #[inline(always)]
            fn convert(self) -> f64 { if self == <$from>::MIN { f64::NAN } else { self as f64 } }
        }
        impl Convert<bool> for $from {
            #[inline(always)]
            fn convert(self) -> bool { self != 0 }
        }
        impl Convert<u8> for $from {
            #[inline(always)]
            fn convert(self) -> u8 { self as u8 }
        }
    )* };
}
integer_to_float!(i16 i32 i64);

impl Convert<bool> for u8 {
    #[inline(always)]
    fn convert(self) -> bool {
        self != 0
    }
}

/// A whole float as the integer it is: null as null, what is too big as infinity.
pub(crate) trait Whole<T> {
    fn whole(self) -> T;
}

macro_rules! float_to_integer {
    ($from:ty => $($to:ty)*) => { $(
        impl Whole<$to> for $from {
            #[inline(always)]
            fn whole(self) -> $to {
                // the size of the lowest integer, which is null, is the first that does not fit
                let limit = -(<$to>::MIN as $from);
                let (is_below, is_above) = (self < limit, self > -limit);
                let inside = if is_below & is_above { self } else { 0.0 };
                // SAFETY: what does not fit was replaced. The cast that checks for itself is not made of vectors.
                let whole: $to = unsafe { inside.to_int_unchecked() };
                let whole = if is_below { whole } else { <$to>::MAX };
                let lowest = if is_below { -<$to>::MAX } else { <$to>::MIN };
                if is_above { whole } else { lowest }
            }
        }
        /// Rounded to the nearest, halves upwards.
        impl Convert<$to> for $from {
            #[inline(always)]
            fn convert(self) -> $to {
                (self + 0.5).floor().whole()
            }
        }
    )* };
}
float_to_integer!(f32 => i16 i32 i64);
float_to_integer!(f64 => i16 i32 i64);

macro_rules! float_to_small {
    ($($from:ty)*) => { $(
        impl Convert<bool> for $from {
            #[inline(always)]
            fn convert(self) -> bool { self != 0.0 }
        }
        impl Convert<u8> for $from {
            #[inline(always)]
            fn convert(self) -> u8 {
                // through the long it is: minus infinity is the lowest that is not null, null is zero
                let long: i64 = self.convert();
                long as u8
            }
        }
    )* };
}
float_to_small!(f32 f64);

impl Convert<f64> for f32 {
    #[inline(always)]
    fn convert(self) -> f64 {
        f64::from(self)
    }
}
impl Convert<f32> for f64 {
    #[inline(always)]
    fn convert(self) -> f32 {
        self as f32
    }
}
