//! `x?y` with a number on the left: roll, deal and permute.

use q_value::{Binary, Element, QError, QResult, Symbol, Type, Unary, Value, Vector};

use crate::interpreter::Interpreter;

/// The generator: xoshiro256** (Blackman and Vigna, public domain algorithm), seeded by splitmix64.
#[derive(Debug, Clone)]
pub(crate) struct Random {
    state: [u64; 4],
}

impl Default for Random {
    fn default() -> Random {
        Random::from_seed(-314_159)
    }
}

impl Random {
    pub(crate) fn from_seed(seed: i64) -> Random {
        let mut mixed = seed as u64;
        let state = std::array::from_fn(|_| {
            mixed = mixed.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = mixed;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        });
        Random { state }
    }

    pub(crate) fn next_u64(&mut self) -> u64 {
        let [s0, s1, s2, s3] = &mut self.state;
        let result = s1.wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let t = *s1 << 17;
        *s2 ^= *s0;
        *s3 ^= *s1;
        *s1 ^= *s2;
        *s0 ^= *s3;
        *s2 ^= t;
        *s3 = s3.rotate_left(45);
        result
    }

    /// A number that [`Random::from_seed`] takes to go on from here (`\S 0N`): the generator starts anew from it now.
    pub(crate) fn resume_seed(&mut self) -> i64 {
        // half the range: `\S` takes any number but zero
        let seed = (self.next_u64() >> 1).cast_signed().max(1);
        *self = Random::from_seed(seed);
        seed
    }

    /// A float from 0 up to but not including 1.
    pub(crate) fn next_float(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// An integer below `bound`, without bias that could be seen (multiply-shift).
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next_u64()) * u128::from(bound)) >> 64) as u64
    }
}

/// `x?y` where `x` is an atom: that many random items of a list, or numbers below `y`; negative without repetition;
/// `0N?` permutes.
pub(crate) fn roll(interpreter: &mut Interpreter, x: &Value, y: &Value) -> QResult<Value> {
    if !matches!(
        x,
        Value::Long(_) | Value::Int(_) | Value::Short(_) | Value::Boolean(_) | Value::Byte(_)
    ) {
        return Err(QError::type_error());
    }
    let count = x.as_i64().ok_or_else(QError::type_error)?;
    let random = &mut interpreter.random;
    if count.is_null() {
        let range = pool(y)?;
        expect_room(range)?;
        let order = shuffle(random, range, range);
        return draw(y, &order);
    }
    if count < 0 {
        let wanted = count.unsigned_abs();
        if matches!(y, Value::Guid(_)) {
            return guids(interpreter, wanted);
        }
        let range = pool(y)?;
        if wanted > range {
            return Err(QError::length());
        }
        expect_room(wanted)?;
        let order = shuffle(random, range, wanted);
        return draw(y, &order);
    }
    expect_room(count.unsigned_abs())?;
    let count = usize::try_from(count).map_err(|_| QError::domain())?;
    roll_many(interpreter, count, y)
}

/// Errors: `'limit` for more items than any vector has, `'wsfull` (by leaving) for more than memory has room for.
fn expect_room(count: u64) -> QResult<()> {
    if count > 1 << 40 {
        return Err(QError::limit());
    }
    q_kernels::interrupt::expect_room(usize::try_from(count * 8).unwrap_or(usize::MAX));
    Ok(())
}

/// How many different values a deal draws from.
fn pool(y: &Value) -> QResult<u64> {
    if y.is_list() || matches!(y, Value::Table(_) | Value::Dict(_)) {
        return Ok(y.count() as u64);
    }
    if let Value::Symbol(name) = y {
        let letters = symbol_length(*name)?;
        return 16u64.checked_pow(letters).ok_or_else(QError::domain);
    }
    match y.as_i64() {
        Some(bound) if bound >= 0 => Ok(bound as u64),
        _ => Err(QError::type_error()),
    }
}

/// The values that positions in the pool stand for.
fn draw(y: &Value, positions: &[i64]) -> QResult<Value> {
    if y.is_list() || matches!(y, Value::Table(_) | Value::Dict(_)) {
        let source = match y {
            Value::Dict(dict) if !y.is_keyed_table() => &dict.values,
            y => y,
        };
        return Ok(crate::index::gather_longs(source, positions));
    }
    if let Value::Symbol(name) = y {
        let letters = symbol_length(*name)?;
        return Ok(Value::Symbols(
            positions
                .iter()
                .map(|at| letters_symbol(*at as u64, letters))
                .collect(),
        ));
    }
    let longs = Value::Longs(positions.to_vec().into());
    match y.basic_type() {
        Some(Type::Long) | None => Ok(longs),
        Some(ty) => q_kernels::binary(Binary::Cast, Value::Char(ty.letter()), longs),
    }
}

/// `wanted` different numbers below `range` in random order (Floyd's method when few of many are wanted).
fn shuffle(random: &mut Random, range: u64, wanted: u64) -> Vec<i64> {
    if wanted.saturating_mul(4) < range {
        let mut seen = std::collections::HashSet::with_capacity(wanted as usize);
        let mut order = Vec::with_capacity(wanted as usize);
        while (order.len() as u64) < wanted {
            let candidate = random.below(range) as i64;
            if seen.insert(candidate) {
                order.push(candidate);
            }
        }
        return order;
    }
    let mut all: Vec<i64> = (0..range as i64).collect();
    for at in 0..wanted as usize {
        let other = at + random.below(range - at as u64) as usize;
        all.swap(at, other);
    }
    all.truncate(wanted as usize);
    all
}

fn guids(interpreter: &mut Interpreter, count: u64) -> QResult<Value> {
    let mut guids = Vec::with_capacity(count as usize);
    for _ in 0..count {
        let mut guid = [0u8; 16];
        interpreter.world.entropy(&mut guid);
        guids.push(guid_of(guid));
    }
    Ok(Value::Guids(guids.into()))
}

/// Marks random bytes as a version 4 guid.
fn guid_of(mut bytes: [u8; 16]) -> [u8; 16] {
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    bytes
}

fn symbol_length(name: Symbol) -> QResult<u32> {
    let text = name.text();
    text.parse::<u32>()
        .ok()
        .filter(|length| (1..=8).contains(length))
        .ok_or_else(QError::type_error)
}

fn letters_symbol(number: u64, length: u32) -> Symbol {
    let mut text = vec![b'a'; length as usize];
    let mut rest = number;
    for letter in text.iter_mut().rev() {
        *letter = b'a' + (rest % 16) as u8;
        rest /= 16;
    }
    Symbol::new(text)
}

/// Zero stands for a day of times (`learn/brief-introduction`).
fn or_day<T: Default + PartialEq>(bound: T, day: T) -> T {
    if bound == T::default() { day } else { bound }
}

fn roll_many(interpreter: &mut Interpreter, count: usize, y: &Value) -> QResult<Value> {
    let random = &mut interpreter.random;
    let rows = || (0..count).inspect(|row| q_kernels::interrupt::at_row(*row));
    macro_rules! integers {
        ($bound:expr, $type:ty, $full:expr) => {{
            let bound = $bound;
            if bound < 0 {
                return Err(QError::domain());
            }
            if bound == 0 {
                rows()
                    .map(|_| random.next_u64() as $type)
                    .collect::<Vector<$type>>()
            } else {
                rows()
                    .map(|_| random.below(bound as u64) as $type)
                    .collect::<Vector<$type>>()
            }
        }};
    }
    Ok(match y {
        Value::Boolean(_) => Value::Booleans(rows().map(|_| random.below(2) == 1).collect()),
        Value::Byte(bound) => Value::Bytes(integers!(*bound as i16, u8, 256)),
        Value::Short(bound) => Value::Shorts(integers!(*bound, i16, 0)),
        Value::Int(bound) | Value::Month(bound) | Value::Date(bound) => {
            let ty = y.basic_type().ok_or_else(QError::type_error)?;
            Value::from_i32s(ty, integers!(*bound, i32, 0))
        }
        Value::Minute(bound) | Value::Second(bound) | Value::Time(bound) => {
            let (ty, day) = match y {
                Value::Minute(_) => (Type::Minute, 1440),
                Value::Second(_) => (Type::Second, 86_400),
                _ => (Type::Time, 86_400_000),
            };
            Value::from_i32s(ty, integers!(or_day(*bound, day), i32, 0))
        }
        Value::Timespan(bound) => {
            let day = 86_400_000_000_000;
            Value::from_i64s(Type::Timespan, integers!(or_day(*bound, day), i64, 0))
        }
        Value::Long(bound) | Value::Timestamp(bound) => {
            let ty = y.basic_type().ok_or_else(QError::type_error)?;
            Value::from_i64s(ty, integers!(*bound, i64, 0))
        }
        Value::Real(bound) => {
            Value::Reals(rows().map(|_| random.next_float() as f32 * bound).collect())
        }
        Value::Float(bound) => {
            let bound = if *bound == 0.0 { 1.0 } else { *bound };
            Value::Floats(rows().map(|_| random.next_float() * bound).collect())
        }
        Value::Datetime(bound) => {
            Value::Datetimes(rows().map(|_| random.next_float() * bound).collect())
        }
        Value::Char(_) => {
            const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz";
            Value::Chars(rows().map(|_| LETTERS[random.below(26) as usize]).collect())
        }
        Value::Symbol(name) => {
            let length = symbol_length(*name)?;
            let bound = 16u64.checked_pow(length).ok_or_else(QError::domain)?;
            Value::Symbols(
                rows()
                    .map(|_| letters_symbol(random.below(bound), length))
                    .collect(),
            )
        }
        Value::Guid(_) => Value::Guids(
            rows()
                .map(|_| {
                    let mut bytes = [0u8; 16];
                    bytes[..8].copy_from_slice(&random.next_u64().to_le_bytes());
                    bytes[8..].copy_from_slice(&random.next_u64().to_le_bytes());
                    guid_of(bytes)
                })
                .collect(),
        ),
        y if y.is_list() || matches!(y, Value::Table(_) | Value::Dict(_)) => {
            let range = y.count() as u64;
            if range == 0 {
                return Ok(crate::index::gather_longs(y, &vec![i64::null(); count]));
            }
            let positions: Vec<i64> = rows().map(|_| random.below(range) as i64).collect();
            return draw(y, &positions);
        }
        _ => return Err(QError::type_error()),
    })
}

/// `rand x`: one random item.
pub(crate) fn rand(interpreter: &mut Interpreter, y: Value) -> QResult<Value> {
    let one = roll_many(interpreter, 1, &y)?;
    q_kernels::unary(Unary::First, one)
}
