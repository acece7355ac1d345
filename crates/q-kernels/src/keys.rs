//! Vectors as keys: exact equality, hashing and, where the values lie close together, plain table look-up.

use q_value::{Element, Guid, Symbol, Value, Vector};

/// An item that can be looked up exactly: nulls equal, the two zeros equal, no tolerance.
pub(crate) trait Key: Copy + Send + Sync + 'static {
    /// True when [`Key::number`] tells all keys apart.
    const NUMBERED: bool;
    fn hash(self) -> u64;
    fn same(self, other: Self) -> bool;
    /// A number for table look-up; equal exactly for equal keys when `NUMBERED`.
    fn number(self) -> i64;
}

#[inline(always)]
fn mix(word: u64) -> u64 {
    // one round of folded multiplication: good high and low bits
    let product = u128::from(word ^ 0x9e37_79b9_7f4a_7c15) * 0xd6e8_feb8_6659_fd93;
    (product as u64) ^ ((product >> 64) as u64)
}

macro_rules! integer_key {
    ($($t:ty)*) => { $(impl Key for $t {
        const NUMBERED: bool = true;
        #[inline(always)]
        fn hash(self) -> u64 { mix(self as i64 as u64) }
        #[inline(always)]
        fn same(self, other: $t) -> bool { self == other }
        #[inline(always)]
        fn number(self) -> i64 { self as i64 }
    })* };
}
integer_key!(bool u8 i16 i32 i64 u32 u64);

impl Key for Symbol {
    const NUMBERED: bool = true;
    #[inline(always)]
    fn hash(self) -> u64 {
        mix(u64::from(self.id()))
    }
    #[inline(always)]
    fn same(self, other: Symbol) -> bool {
        self == other
    }
    #[inline(always)]
    fn number(self) -> i64 {
        i64::from(self.id())
    }
}

#[inline(always)]
fn float_bits(x: f64) -> u64 {
    if x.is_nan() {
        f64::NAN.to_bits()
    } else {
        // the two zeros have one key
        (x + 0.0).to_bits()
    }
}

macro_rules! float_key {
    ($($t:ty)*) => { $(impl Key for $t {
        const NUMBERED: bool = false;
        #[inline(always)]
        fn hash(self) -> u64 { mix(float_bits(f64::from(self))) }
        #[inline(always)]
        fn same(self, other: $t) -> bool { self == other || (self.is_null() && other.is_null()) }
        #[inline(always)]
        fn number(self) -> i64 { 0 }
    })* };
}
float_key!(f32 f64);

impl Key for Guid {
    const NUMBERED: bool = false;
    #[inline(always)]
    fn hash(self) -> u64 {
        let whole = u128::from_le_bytes(self);
        mix((whole as u64) ^ mix((whole >> 64) as u64))
    }
    #[inline(always)]
    fn same(self, other: Guid) -> bool {
        self == other
    }
    #[inline(always)]
    fn number(self) -> i64 {
        0
    }
}

/// Runs `$body` with `$v` the `Vector` of a vector value (enumerations and general lists go to `$other`).
macro_rules! with_keys {
    ($value:expr, $v:ident => $body:expr, else $other:expr) => {
        match $value {
            q_value::Value::Booleans($v) => $body,
            q_value::Value::Guids($v) => $body,
            q_value::Value::Bytes($v) | q_value::Value::Chars($v) => $body,
            q_value::Value::Shorts($v) => $body,
            q_value::Value::Ints($v)
            | q_value::Value::Months($v)
            | q_value::Value::Dates($v)
            | q_value::Value::Minutes($v)
            | q_value::Value::Seconds($v)
            | q_value::Value::Times($v) => $body,
            q_value::Value::Longs($v)
            | q_value::Value::Timestamps($v)
            | q_value::Value::Timespans($v) => $body,
            q_value::Value::Reals($v) => $body,
            q_value::Value::Floats($v) | q_value::Value::Datetimes($v) => $body,
            q_value::Value::Symbols($v) => $body,
            _ => $other,
        }
    };
}
pub(crate) use with_keys;

/// A vector's items as the key type `K`, when they are kept as that.
pub(crate) fn downcast<K: Key>(value: &Value) -> Option<Vector<K>> {
    use std::any::Any;
    with_keys!(value, v => (v as &dyn Any).downcast_ref::<Vector<K>>().cloned(), else None)
}

/// Smallest and largest number of the keys, when that is a range small enough for a table of `slots_max` slots.
pub(crate) fn small_range<K: Key>(keys: &[K], slots_max: usize) -> Option<(i64, usize)> {
    if !K::NUMBERED || keys.is_empty() {
        return None;
    }
    // a sample tells most hopeless cases without a pass
    let far = |low: i64, high: i64| (high.wrapping_sub(low)) as u64 >= slots_max as u64;
    let sample = keys
        .iter()
        .step_by(keys.len() / 64 + 1)
        .map(|key| key.number());
    let (low, high) = sample.fold((i64::MAX, i64::MIN), |(low, high), x| {
        (low.min(x), high.max(x))
    });
    if far(low, high) {
        return None;
    }
    let (low, high) = number_bounds(keys);
    (!far(low, high)).then(|| (low, (high - low) as usize + 1))
}

crate::loops::vectorised! {
    fn number_bounds[K: Key](keys: &[K]) -> (i64, i64) {
        let (mut low, mut high) = (i64::MAX, i64::MIN);
        for key in keys {
            let number = key.number();
            low = if number < low { number } else { low };
            high = if number > high { number } else { high };
        }
        (low, high)
    }
}

/// How many slots a look-up table over a range may have for so many rows: beyond, hashing touches less memory.
pub(crate) fn slots_for(rows: usize) -> usize {
    (rows * 4).clamp(1 << 12, 1 << 26)
}

/// Where each key stands first: the heart of find, distinct and group.
pub(crate) enum Places {
    /// Row by number less `low`, `NONE` where there is none.
    Ranged { low: i64, rows: Vec<u32> },
    /// Open addressing: rows of the keys, `NONE` where free. The size is a power of two.
    Hashed { rows: Vec<u32>, mask: usize },
}

pub(crate) const NONE: u32 = u32::MAX;

impl Places {
    /// The first row of each key.
    pub(crate) fn new<K: Key>(keys: &[K]) -> Places {
        if let Some((low, slots)) = small_range(keys, slots_for(keys.len())) {
            let mut rows = vec![NONE; slots];
            for (row, key) in keys.iter().enumerate().rev() {
                rows[key.number().wrapping_sub(low) as usize] = row as u32;
            }
            return Places::Ranged { low, rows };
        }
        let mask = (keys.len() * 2).next_power_of_two().max(16) - 1;
        let mut rows = vec![NONE; mask + 1];
        for (row, key) in keys.iter().enumerate() {
            let mut slot = key.hash() as usize & mask;
            loop {
                match rows[slot] {
                    NONE => {
                        rows[slot] = row as u32;
                        break;
                    }
                    other if keys[other as usize].same(*key) => break,
                    _ => slot = (slot + 1) & mask,
                }
            }
        }
        Places::Hashed { rows, mask }
    }

    /// The first row of a key in the same `keys` the table was made of; `NONE` when it is not there.
    #[inline(always)]
    pub(crate) fn find<K: Key>(&self, keys: &[K], wanted: K) -> u32 {
        match self {
            Places::Ranged { low, rows } => {
                let at = wanted.number().wrapping_sub(*low) as u64;
                if at < rows.len() as u64 {
                    rows[at as usize]
                } else {
                    NONE
                }
            }
            Places::Hashed { rows, mask } => {
                let mut slot = wanted.hash() as usize & mask;
                loop {
                    match rows[slot] {
                        NONE => return NONE,
                        row if keys[row as usize].same(wanted) => return row,
                        _ => slot = (slot + 1) & mask,
                    }
                }
            }
        }
    }
}

/// Hash of any value, equal for values that are identical.
pub(crate) fn hash_value(value: &Value) -> u64 {
    let seed = mix(value.type_number() as u64);
    match value {
        Value::Boolean(x) => seed ^ x.hash(),
        Value::Guid(x) => seed ^ x.hash(),
        Value::Byte(x) | Value::Char(x) => seed ^ x.hash(),
        Value::Short(x) => seed ^ x.hash(),
        Value::Int(x)
        | Value::Month(x)
        | Value::Date(x)
        | Value::Minute(x)
        | Value::Second(x)
        | Value::Time(x) => seed ^ x.hash(),
        Value::Long(x) | Value::Timestamp(x) | Value::Timespan(x) => seed ^ x.hash(),
        Value::Real(x) => seed ^ x.hash(),
        Value::Float(x) | Value::Datetime(x) => seed ^ x.hash(),
        Value::Symbol(x) => seed ^ x.hash(),
        Value::Enum(atom) => seed ^ atom.index.hash(),
        Value::Enums(v) => fold(seed, v.indices.iter().map(|index| index.hash())),
        Value::List(items) => fold(seed, items.iter().map(hash_value)),
        Value::Table(table) => fold(seed, table.columns.iter().map(hash_value)),
        Value::Dict(dict) => mix(hash_value(&dict.keys).rotate_left(1) ^ hash_value(&dict.values)),
        value => with_keys!(value, v => fold(seed, v.iter().map(|x| x.hash())), else seed),
    }
}

fn fold(seed: u64, hashes: impl Iterator<Item = u64>) -> u64 {
    hashes.fold(seed, |sum, hash| mix(sum.rotate_left(5) ^ hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_places_are_found_in_both_ways() {
        let close = [5i64, 3, 5, 9, 3];
        let places = Places::new(&close);
        assert!(matches!(places, Places::Ranged { .. }));
        assert_eq!(places.find(&close, 5), 0);
        assert_eq!(places.find(&close, 3), 1);
        assert_eq!(places.find(&close, 4), NONE);
        assert_eq!(places.find(&close, i64::MIN), NONE);
        let wide = [i64::MIN, i64::MAX, 0, i64::MAX];
        let places = Places::new(&wide);
        assert!(matches!(places, Places::Hashed { .. }));
        assert_eq!(places.find(&wide, i64::MAX), 1);
        assert_eq!(places.find(&wide, 7), NONE);
        let floats = [0.0, f64::NAN, -0.0];
        let places = Places::new(&floats);
        assert_eq!(places.find(&floats, -0.0), 0);
        assert_eq!(places.find(&floats, -f64::NAN), 1);
    }

    #[test]
    fn identical_values_hash_alike() {
        let zero = Value::Floats(vec![0.0, f64::NAN].into());
        let minus = Value::Floats(vec![-0.0, -f64::NAN].into());
        assert!(zero.is_identical(&minus));
        assert_eq!(hash_value(&zero), hash_value(&minus));
    }
}
