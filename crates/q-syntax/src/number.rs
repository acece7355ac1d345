//! Numeric and temporal literals: one piece, and the vector that pieces with blanks between them make.
//!
//! A letter at the end types the whole vector (`semantics.md` 23-27); without one the widest piece does.

use std::sync::Arc;

use q_value::calendar::{DAY_NANOSECONDS, month_from_days};
use q_value::{Type, Value, Vector};

use crate::clock::{
    ClockShape, digits, parse_clock, parse_date, parse_month, parse_time_of_day, timestamp,
};

/// One number as written, its type letter apart.
#[derive(Debug, Clone)]
pub(crate) struct Piece {
    kind: Kind,
    negative: bool,
    suffix: Option<Type>,
}

#[derive(Debug, Clone)]
enum Kind {
    /// `0N` (or `0n`, which makes a float where nothing else decides).
    Null {
        float: bool,
    },
    /// `0W`, `0w`
    Infinity {
        float: bool,
    },
    Integer(u64),
    /// The text too, because `2000.01m` is a month.
    Decimal(f64, Vec<u8>),
    Bits(Vec<bool>),
    Date(i32),
    Clock(i64, ClockShape),
    Timestamp(i64),
    Timespan(i64),
    Datetime(f64),
}

impl Piece {
    /// Reads one piece, without its sign; `None` when it is no number.
    pub(crate) fn parse(text: &[u8], negative: bool) -> Option<Piece> {
        if let [b'0', kind @ (b'N' | b'n' | b'W' | b'w'), rest @ ..] = text {
            let suffix = match rest {
                [] => None,
                [letter] => {
                    Some(numeric_suffix(*letter).or((*letter == b'g').then_some(Type::Guid))?)
                }
                _ => return None,
            };
            let float = kind.is_ascii_lowercase();
            let kind = if kind.eq_ignore_ascii_case(&b'n') {
                Kind::Null { float }
            } else {
                Kind::Infinity { float }
            };
            return Some(Piece {
                kind,
                negative,
                suffix,
            });
        }
        if let [bits @ .., b'b'] = text
            && !bits.is_empty()
            && bits.iter().all(|bit| matches!(bit, b'0' | b'1'))
        {
            return (!negative).then(|| Piece {
                kind: Kind::Bits(bits.iter().map(|bit| *bit == b'1').collect()),
                negative,
                suffix: Some(Type::Boolean),
            });
        }
        let (body, suffix) = match text {
            [body @ .., letter] if letter.is_ascii_lowercase() => {
                (body, Some(numeric_suffix(*letter)?))
            }
            _ => (text, None),
        };
        Some(Piece {
            kind: parse_body(body)?,
            negative,
            suffix,
        })
    }

    /// True for run-together booleans of more than one digit, which are a vector by themselves.
    fn bit_count(&self) -> usize {
        match &self.kind {
            Kind::Bits(bits) => bits.len(),
            _ => 1,
        }
    }

    /// The type it has by itself; `None` for the untyped null and infinity `0N`, `0W`.
    fn own_type(&self) -> Option<Type> {
        self.suffix.or(Some(match self.kind {
            Kind::Null { float: false } | Kind::Infinity { float: false } => return None,
            Kind::Null { float: true } | Kind::Infinity { float: true } | Kind::Decimal(..) => {
                Type::Float
            }
            Kind::Integer(_) => Type::Long,
            Kind::Bits(_) => Type::Boolean,
            Kind::Date(_) => Type::Date,
            Kind::Clock(_, ClockShape::Minute) => Type::Minute,
            Kind::Clock(_, ClockShape::Second) => Type::Second,
            Kind::Clock(_, ClockShape::Time) => Type::Time,
            Kind::Clock(_, ClockShape::Timespan) | Kind::Timespan(_) => Type::Timespan,
            Kind::Timestamp(_) => Type::Timestamp,
            Kind::Datetime(_) => Type::Datetime,
        }))
    }
}

fn numeric_suffix(letter: u8) -> Option<Type> {
    Type::from_letter(letter).filter(|ty| {
        !matches!(
            ty,
            Type::Boolean | Type::Guid | Type::Byte | Type::Char | Type::Symbol
        )
    })
}

fn parse_body(body: &[u8]) -> Option<Kind> {
    if let Some(at) = body.iter().position(|byte| *byte == b'D') {
        let (front, back) = (&body[..at], parse_time_of_day(&body[at + 1..])?);
        if front.contains(&b'.') {
            return Some(Kind::Timestamp(timestamp(
                i64::from(parse_date(front)?),
                back,
            )?));
        }
        return Some(Kind::Timespan(timestamp(digits(front)?, back)?));
    }
    if let Some(at) = body.iter().position(|byte| *byte == b'T') {
        let days = parse_date(&body[..at])?;
        let time = parse_time_of_day(&body[at + 1..])?;
        return Some(Kind::Datetime(
            f64::from(days) + time as f64 / DAY_NANOSECONDS as f64,
        ));
    }
    if body.contains(&b':') {
        let (nanoseconds, shape) = parse_clock(body)?;
        return Some(Kind::Clock(nanoseconds, shape));
    }
    if body.iter().filter(|byte| **byte == b'.').count() == 2 {
        return Some(Kind::Date(parse_date(body)?));
    }
    let text = std::str::from_utf8(body).ok()?;
    if body.iter().all(u8::is_ascii_digit) {
        return Some(Kind::Integer(text.parse().ok()?));
    }
    if !body.iter().any(u8::is_ascii_digit)
        || !body
            .iter()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'))
    {
        return None;
    }
    Some(Kind::Decimal(text.parse().ok()?, body.to_vec()))
}

/// The atom or vector of these pieces; `None` when they have no common type or one is out of its range.
pub(crate) fn value_of(pieces: &[Piece]) -> Option<Value> {
    let ty = common_type(pieces)?;
    if ty == Type::Boolean {
        return booleans(pieces);
    }
    if ty == Type::Guid {
        let null = |piece: &Piece| matches!(piece.kind, Kind::Null { .. });
        return pieces.iter().all(null).then(|| match pieces.len() {
            1 => Value::Guid(Arc::new([0; 16])),
            count => Value::Guids(Vector::new(vec![[0; 16]; count])),
        });
    }
    let items: Option<Vec<Value>> = pieces.iter().map(|piece| convert(piece, ty)).collect();
    let mut items = items?;
    if items.len() == 1 {
        return items.pop();
    }
    Some(Value::from_items(items))
}

fn common_type(pieces: &[Piece]) -> Option<Type> {
    if let Some(ty) = pieces.last()?.suffix {
        return Some(ty);
    }
    let types = || pieces.iter().filter_map(Piece::own_type);
    let has = |ty| types().any(|other| other == ty);
    if has(Type::Timestamp) {
        return Some(Type::Timestamp);
    }
    Some(types().max().unwrap_or(Type::Long))
}

fn booleans(pieces: &[Piece]) -> Option<Value> {
    let mut bits = Vec::new();
    for piece in pieces {
        match &piece.kind {
            Kind::Bits(more) => bits.extend_from_slice(more),
            Kind::Integer(bit @ (0 | 1)) if !piece.negative => bits.push(*bit == 1),
            _ => return None,
        }
    }
    Some(match bits[..] {
        [bit] if pieces.len() == 1 && pieces[0].bit_count() == 1 => Value::Boolean(bit),
        _ => Value::Booleans(Vector::new(bits)),
    })
}

fn convert(piece: &Piece, ty: Type) -> Option<Value> {
    let sign = |x: i64| if piece.negative { -x } else { x };
    Some(match &piece.kind {
        Kind::Null { .. } => Value::null_of(ty),
        Kind::Infinity { .. } => infinity(ty, piece.negative)?,
        Kind::Bits(_) => return None,
        Kind::Integer(magnitude) => integer(*magnitude, piece.negative, ty)?,
        Kind::Decimal(x, text) => {
            let x = if piece.negative { -x } else { *x };
            match ty {
                Type::Float | Type::Datetime => Value::from_f64(ty, x),
                Type::Real => Value::Real(x as f32),
                Type::Month if !piece.negative => Value::Month(parse_month(text)?),
                _ => return None,
            }
        }
        Kind::Date(days) => {
            let days = sign(i64::from(*days));
            match ty {
                Type::Date => Value::Date(days as i32),
                Type::Month => Value::Month(month_from_days(days as i32)),
                Type::Timestamp => Value::Timestamp(timestamp(days, 0)?),
                Type::Datetime => Value::Datetime(days as f64),
                _ => return None,
            }
        }
        Kind::Clock(nanoseconds, _) | Kind::Timespan(nanoseconds) => {
            clock_value(sign(*nanoseconds), ty)?
        }
        Kind::Timestamp(nanoseconds) => {
            let nanoseconds = sign(*nanoseconds);
            let days = nanoseconds.div_euclid(DAY_NANOSECONDS);
            match ty {
                Type::Timestamp => Value::Timestamp(nanoseconds),
                Type::Datetime => Value::Datetime(nanoseconds as f64 / DAY_NANOSECONDS as f64),
                Type::Date => Value::Date(days as i32),
                Type::Month => Value::Month(month_from_days(days as i32)),
                _ => clock_value(nanoseconds.rem_euclid(DAY_NANOSECONDS), ty)?,
            }
        }
        Kind::Datetime(days) => {
            let days = if piece.negative { -days } else { *days };
            match ty {
                Type::Datetime => Value::Datetime(days),
                Type::Timestamp => Value::Timestamp((days * DAY_NANOSECONDS as f64) as i64),
                Type::Date => Value::Date(days.floor() as i32),
                Type::Month => Value::Month(month_from_days(days.floor() as i32)),
                _ => return None,
            }
        }
    })
}

fn clock_value(nanoseconds: i64, ty: Type) -> Option<Value> {
    let narrow = |unit: i64| i32::try_from(nanoseconds / unit).ok();
    Some(match ty {
        Type::Timespan => Value::Timespan(nanoseconds),
        Type::Timestamp => Value::Timestamp(nanoseconds),
        Type::Minute => Value::Minute(narrow(60_000_000_000)?),
        Type::Second => Value::Second(narrow(1_000_000_000)?),
        Type::Time => Value::Time(narrow(1_000_000)?),
        _ => return None,
    })
}

/// An integer in a type: the count the type stores, whatever it counts (`67000d`, `-4u`).
fn integer(magnitude: u64, negative: bool, ty: Type) -> Option<Value> {
    let wide = i128::from(magnitude);
    let wide = if negative { -wide } else { wide };
    Some(match ty {
        Type::Float | Type::Datetime => Value::from_f64(ty, wide as f64),
        Type::Real => Value::Real(wide as f32),
        Type::Short => Value::Short(i16::try_from(wide).ok()?),
        Type::Long | Type::Timestamp | Type::Timespan => {
            Value::from_i64(ty, i64::try_from(wide).ok()?)
        }
        Type::Int | Type::Month | Type::Date | Type::Minute | Type::Second | Type::Time => {
            Value::from_i32(ty, i32::try_from(wide).ok()?)
        }
        _ => return None,
    })
}

fn infinity(ty: Type, negative: bool) -> Option<Value> {
    Some(match ty {
        Type::Short => Value::Short(if negative { -i16::MAX } else { i16::MAX }),
        Type::Real => Value::Real(if negative {
            f32::NEG_INFINITY
        } else {
            f32::INFINITY
        }),
        Type::Float | Type::Datetime => Value::from_f64(
            ty,
            if negative {
                f64::NEG_INFINITY
            } else {
                f64::INFINITY
            },
        ),
        Type::Long | Type::Timestamp | Type::Timespan => {
            Value::from_i64(ty, if negative { -i64::MAX } else { i64::MAX })
        }
        Type::Int | Type::Month | Type::Date | Type::Minute | Type::Second | Type::Time => {
            Value::from_i32(ty, if negative { -i32::MAX } else { i32::MAX })
        }
        _ => return None,
    })
}

/// The bytes of `0x..` (the digits only): one byte for up to two digits, an odd count is padded on the left.
pub(crate) fn bytes_of(hex: &[u8]) -> Option<Value> {
    let nibble = |digit: u8| char::from(digit).to_digit(16).map(|x| x as u8);
    let mut bytes = Vec::with_capacity(hex.len().div_ceil(2));
    let (odd, even) = hex.split_at(hex.len() % 2);
    for digit in odd {
        bytes.push(nibble(*digit)?);
    }
    for pair in even.chunks_exact(2) {
        bytes.push(nibble(pair[0])? << 4 | nibble(pair[1])?);
    }
    Some(match bytes[..] {
        [byte] => Value::Byte(byte),
        _ => Value::Bytes(Vector::new(bytes)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Value> {
        let pieces: Option<Vec<Piece>> = text
            .split(' ')
            .map(|word| match word.strip_prefix('-') {
                Some(rest) => Piece::parse(rest.as_bytes(), true),
                None => Piece::parse(word.as_bytes(), false),
            })
            .collect();
        value_of(&pieces?)
    }

    #[track_caller]
    fn same(text: &str, expected: Value) {
        let value = read(text).unwrap_or_else(|| panic!("{text} does not read"));
        assert!(value.is_identical(&expected), "{text}: {value:?}");
    }

    #[test]
    fn a_letter_types_the_whole_vector() {
        same("1 2 3h", Value::Shorts(Vector::new(vec![1, 2, 3])));
        same("1 2 3.5", Value::Floats(Vector::new(vec![1.0, 2.0, 3.5])));
        same("0n 2 3i", Value::Ints(Vector::new(vec![i32::MIN, 2, 3])));
        same("2000.01 2000.02m", Value::Months(Vector::new(vec![0, 1])));
        same(
            "13:30 20:00t",
            Value::Times(Vector::new(vec![48_600_000, 72_000_000])),
        );
        same("0N 1", Value::Longs(Vector::new(vec![i64::MIN, 1])));
        same(
            "-0W 0W",
            Value::Longs(Vector::new(vec![-i64::MAX, i64::MAX])),
        );
        same(
            "1 0 1b",
            Value::Booleans(Vector::new(vec![true, false, true])),
        );
        same("3", Value::Long(3));
        same("3e", Value::Real(3.0));
        same("3.", Value::Float(3.0));
        same("1e-3", Value::Float(0.001));
        same("-2e3", Value::Float(-2000.0));
    }

    #[test]
    fn temporal_shapes() {
        same("09:30", Value::Minute(570));
        same("09:30:00", Value::Second(34_200));
        same("09:30:00.000", Value::Time(34_200_000));
        same("09:04:59:000", Value::Time(32_699_000));
        same("00:00:00.000000001", Value::Timespan(1));
        same("0D09:30", Value::Timespan(34_200_000_000_000));
        same("1D", Value::Timespan(DAY_NANOSECONDS));
        same("-0D00:01", Value::Timespan(-60_000_000_000));
        same("2024.01.31", Value::Date(8796));
        same("2000.01.02D", Value::Timestamp(DAY_NANOSECONDS));
        same(
            "2000.01.02D01",
            Value::Timestamp(DAY_NANOSECONDS + 3_600_000_000_000),
        );
        same("2000.01.02T12:00", Value::Datetime(1.5));
        same(
            "2000.01.02D 0Np",
            Value::Timestamps(Vector::new(vec![DAY_NANOSECONDS, i64::MIN])),
        );
        same("67000d", Value::Date(67_000));
        same("-4u", Value::Minute(-4));
        same("2001.01m", Value::Month(12));
    }

    #[test]
    fn what_is_no_number() {
        for text in [
            "2024.13.01",
            "1x",
            "09:61",
            "32768h",
            "1.2.3.4",
            "0Nq",
            "2b",
            "1..2",
            "99999999999999999999",
        ] {
            assert!(read(text).is_none(), "{text}");
        }
    }

    #[test]
    fn hexadecimal() {
        assert!(matches!(bytes_of(b"a"), Some(Value::Byte(10))));
        assert!(matches!(bytes_of(b"a0b"), Some(Value::Bytes(v)) if v[..] == [10, 11]));
        assert!(matches!(bytes_of(b""), Some(Value::Bytes(v)) if v.is_empty()));
    }
}
