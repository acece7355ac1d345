//! Casts between numbers, chars, times and symbols: one loop per pair of storage types.

use q_value::{AtomStorage, QError, QResult, Type, Value, Vector, VectorStorage};

use crate::convert::Convert as _;
use crate::text::parse;
use crate::{enumeration, loops, pervade, temporal};

/// A value as another type, at any depth: numbers and chars by their number, times in another unit, symbols as they are.
/// Integers that do not fit become infinite, floats are rounded to the nearest integer, nulls stay null.
///
/// Errors: `'type` when there is no such conversion (symbols to numbers, numbers to symbols or guids).
pub fn cast_to(ty: Type, y: Value) -> QResult<Value> {
    if let Value::List(items) = &y
        && items.is_empty()
    {
        return Ok(Value::empty_of(ty));
    }
    if ty == Type::Symbol {
        return to_symbols(y);
    }
    pervade::one(y, &|leaf| cast_leaf(ty, leaf))
}

fn cast_leaf(ty: Type, y: Value) -> QResult<Value> {
    let y = match y {
        Value::Enum(atom) => Value::Long(atom.index),
        Value::Enums(vector) => Value::Longs(vector.indices.clone()),
        y => y,
    };
    let from = y.basic_type().ok_or_else(QError::type_error)?;
    if from == ty {
        return Ok(y);
    }
    if from.is_temporal() && ty.is_temporal() {
        return Ok(temporal::convert_unit(y, ty));
    }
    if let Some(atom) = y.atom_storage() {
        return cast_atom(ty, atom);
    }
    match y.storage() {
        Some(VectorStorage::Bool(v)) => cast_vector(ty, &v),
        Some(VectorStorage::U8(v)) => cast_vector(ty, &v),
        Some(VectorStorage::I16(v)) => cast_vector(ty, &v),
        Some(VectorStorage::I32(v)) => cast_vector(ty, &v),
        Some(VectorStorage::I64(v)) => cast_vector(ty, &v),
        Some(VectorStorage::F32(v)) => cast_vector(ty, &v),
        Some(VectorStorage::F64(v)) => cast_vector(ty, &v),
        Some(VectorStorage::Guid(_) | VectorStorage::Symbol(_)) | None => Err(QError::type_error()),
    }
}

/// A number that any other kind of number can be made of.
trait Number: Copy + Send + Sync {
    fn to_bool(self) -> bool;
    fn to_u8(self) -> u8;
    fn to_i16(self) -> i16;
    fn to_i32(self) -> i32;
    fn to_i64(self) -> i64;
    fn to_f32(self) -> f32;
    fn to_f64(self) -> f64;
}

macro_rules! plain_number {
    ($($t:ty)*) => { $(impl Number for $t {
        #[inline(always)]
        fn to_bool(self) -> bool { self as u8 != 0 }
        #[inline(always)]
        fn to_u8(self) -> u8 { self as u8 }
        #[inline(always)]
        fn to_i16(self) -> i16 { i16::from(self) }
        #[inline(always)]
        fn to_i32(self) -> i32 { i32::from(self) }
        #[inline(always)]
        fn to_i64(self) -> i64 { i64::from(self) }
        #[inline(always)]
        fn to_f32(self) -> f32 { f32::from(self as u8) }
        #[inline(always)]
        fn to_f64(self) -> f64 { f64::from(self as u8) }
    })* };
}
plain_number!(bool u8);

/// An integer with a null as a narrower or wider one: null to null, too big to infinity.
macro_rules! narrowed {
    ($x:expr, $from:ty, $to:ty) => {{
        let x = i64::from($x);
        let limit = i64::from(<$to>::MAX);
        if $x == <$from>::MIN {
            <$to>::MIN
        } else {
            x.clamp(-limit, limit) as $to
        }
    }};
}

macro_rules! integer {
    ($($t:ty)*) => { $(impl Number for $t {
        #[inline(always)]
        fn to_bool(self) -> bool { self != 0 }
        #[inline(always)]
        fn to_u8(self) -> u8 {
            // by way of the int, whose infinity holds everything above it (reference page "cast")
            if i64::from(self) > i64::from(i32::MAX) { 0xff } else { self as u8 }
        }
        #[inline(always)]
        fn to_i16(self) -> i16 { narrowed!(self, $t, i16) }
        #[inline(always)]
        fn to_i32(self) -> i32 { narrowed!(self, $t, i32) }
        #[inline(always)]
        fn to_i64(self) -> i64 { narrowed!(self, $t, i64) }
        #[inline(always)]
        fn to_f32(self) -> f32 { if self == <$t>::MIN { f32::NAN } else { self as f32 } }
        #[inline(always)]
        fn to_f64(self) -> f64 { if self == <$t>::MIN { f64::NAN } else { self as f64 } }
    })* };
}
integer!(i16 i32 i64);

macro_rules! floating {
    ($($t:ty)*) => { $(impl Number for $t {
        #[inline(always)]
        fn to_bool(self) -> bool { self != 0.0 }
        #[inline(always)]
        fn to_u8(self) -> u8 { self.convert() }
        #[inline(always)]
        fn to_i16(self) -> i16 { self.convert() }
        #[inline(always)]
        fn to_i32(self) -> i32 { self.convert() }
        #[inline(always)]
        fn to_i64(self) -> i64 { self.convert() }
        #[inline(always)]
        fn to_f32(self) -> f32 { self as f32 }
        #[inline(always)]
        fn to_f64(self) -> f64 { f64::from(self) }
    })* };
}
floating!(f32 f64);

fn cast_vector<T: Number>(ty: Type, items: &[T]) -> QResult<Value> {
    Ok(match ty {
        Type::Boolean => Value::Booleans(Vector::new(loops::map(items, T::to_bool))),
        Type::Byte => Value::Bytes(Vector::new(loops::map(items, T::to_u8))),
        Type::Char => Value::Chars(Vector::new(loops::map(items, T::to_u8))),
        Type::Short => Value::Shorts(Vector::new(loops::map(items, T::to_i16))),
        Type::Real => Value::Reals(Vector::new(loops::map(items, T::to_f32))),
        Type::Int | Type::Month | Type::Date | Type::Minute | Type::Second | Type::Time => {
            Value::from_i32s(ty, Vector::new(loops::map(items, T::to_i32)))
        }
        Type::Long | Type::Timestamp | Type::Timespan => {
            Value::from_i64s(ty, Vector::new(loops::map(items, T::to_i64)))
        }
        Type::Float | Type::Datetime => {
            Value::from_f64s(ty, Vector::new(loops::map(items, T::to_f64)))
        }
        Type::Guid | Type::Symbol => return Err(QError::type_error()),
    })
}

fn cast_atom(ty: Type, atom: AtomStorage) -> QResult<Value> {
    match atom {
        AtomStorage::Bool(x) => cast_number(ty, x),
        AtomStorage::U8(x) => cast_number(ty, x),
        AtomStorage::I16(x) => cast_number(ty, x),
        AtomStorage::I32(x) => cast_number(ty, x),
        AtomStorage::I64(x) => cast_number(ty, x),
        AtomStorage::F32(x) => cast_number(ty, x),
        AtomStorage::F64(x) => cast_number(ty, x),
        AtomStorage::Guid(_) | AtomStorage::Symbol(_) => Err(QError::type_error()),
    }
}

fn cast_number<T: Number>(ty: Type, x: T) -> QResult<Value> {
    Ok(match ty {
        Type::Boolean => Value::Boolean(x.to_bool()),
        Type::Byte => Value::Byte(x.to_u8()),
        Type::Char => Value::Char(x.to_u8()),
        Type::Short => Value::Short(x.to_i16()),
        Type::Real => Value::Real(x.to_f32()),
        Type::Int | Type::Month | Type::Date | Type::Minute | Type::Second | Type::Time => {
            Value::from_i32(ty, x.to_i32())
        }
        Type::Long | Type::Timestamp | Type::Timespan => Value::from_i64(ty, x.to_i64()),
        Type::Float | Type::Datetime => Value::from_f64(ty, x.to_f64()),
        Type::Guid | Type::Symbol => return Err(QError::type_error()),
    })
}

/// `` `$y ``: strings become symbols, without the blanks around them; enumerations the symbols they stand for.
///
/// Errors: `'type` for anything else.
pub fn to_symbols(y: Value) -> QResult<Value> {
    match y {
        Value::Char(c) => Ok(Value::Symbol(parse::symbol(&[c]))),
        Value::Chars(text) => Ok(Value::Symbol(parse::symbol(&text))),
        Value::Symbol(_) | Value::Symbols(_) => Ok(y),
        Value::Enum(_) | Value::Enums(_) => Ok(enumeration::resolve(y)),
        Value::List(items) => {
            if items.is_empty() {
                return Ok(Value::empty_of(Type::Symbol));
            }
            if items.iter().all(|item| matches!(item, Value::Chars(_))) {
                let texts = items.iter().filter_map(Value::as_text);
                return Ok(parse::vector(Type::Symbol, texts, Default::default()));
            }
            let symbols: QResult<Vec<Value>> =
                items.into_vec().into_iter().map(to_symbols).collect();
            Ok(Value::from_items(symbols?))
        }
        Value::Dict(_) | Value::Table(_) => by_parts(y, &to_symbols),
        _ => Err(QError::type_error()),
    }
}

/// Dictionaries go by values, tables by columns.
///
/// Errors: `'length` when a text in one became one item.
pub(super) fn by_parts(y: Value, f: &dyn Fn(Value) -> QResult<Value>) -> QResult<Value> {
    let part = |whole: &Value| {
        let part = f(whole.clone())?;
        if part.is_list() && part.count() == whole.count() {
            Ok(part)
        } else {
            Err(QError::length())
        }
    };
    match y {
        Value::Dict(dict) if matches!(dict.values, Value::Table(_)) => {
            Ok(Value::dict(dict.keys.clone(), f(dict.values.clone())?))
        }
        Value::Dict(dict) => Ok(Value::dict(dict.keys.clone(), part(&dict.values)?)),
        Value::Table(table) => {
            let columns: QResult<Vec<Value>> = table.columns.iter().map(part).collect();
            Ok(Value::table(table.names.clone(), columns?))
        }
        _ => Err(QError::type_error()),
    }
}
