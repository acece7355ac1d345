//! The temporal pieces of numeric literals: dates, clock times, timestamps, datetimes.

use q_value::calendar::{DAY_NANOSECONDS, days_from_date};

/// How a clock time was written, which decides its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ClockShape {
    Minute,
    Second,
    /// Up to three digits of a second.
    Time,
    /// More than three.
    Timespan,
}

/// `yyyy.mm.dd` as days since 2000.01.01.
pub(crate) fn parse_date(text: &[u8]) -> Option<i32> {
    let mut parts = text.split(|byte| *byte == b'.');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 || month.len() > 2 || day.len() > 2 {
        return None;
    }
    days_from_date(
        digits(year)? as i32,
        digits(month)? as u32,
        digits(day)? as u32,
    )
}

/// `yyyy.mm` as months since 2000.01.
pub(crate) fn parse_month(text: &[u8]) -> Option<i32> {
    let dot = text.iter().position(|byte| *byte == b'.')?;
    let (year, month) = (&text[..dot], &text[dot + 1..]);
    if year.len() != 4 || month.len() > 2 {
        return None;
    }
    let month = digits(month)?;
    (1..=12)
        .contains(&month)
        .then_some(((digits(year)? - 2000) * 12 + month - 1) as i32)
}

/// `h:mm`, `h:mm:ss`, `h:mm:ss.fff` with up to nine digits (a colon may stand for the point), as nanoseconds.
pub(crate) fn parse_clock(text: &[u8]) -> Option<(i64, ClockShape)> {
    let mut parts = text.split(|byte| *byte == b':');
    let hours = digits(parts.next()?)?;
    let minutes = two_digits(parts.next()?)?;
    let mut nanoseconds = (hours.checked_mul(60)? + minutes).checked_mul(60_000_000_000)?;
    let Some(seconds) = parts.next() else {
        return Some((nanoseconds, ClockShape::Minute));
    };
    let (whole, fraction) = match (seconds.iter().position(|byte| *byte == b'.'), parts.next()) {
        (Some(_), Some(_)) => return None,
        (Some(dot), None) => (&seconds[..dot], Some(&seconds[dot + 1..])),
        (None, fraction) => (seconds, fraction),
    };
    if parts.next().is_some() {
        return None;
    }
    nanoseconds = nanoseconds.checked_add(two_digits(whole)? * 1_000_000_000)?;
    let Some(fraction) = fraction else {
        return Some((nanoseconds, ClockShape::Second));
    };
    if fraction.len() > 9 {
        return None;
    }
    let mut part = if fraction.is_empty() {
        0
    } else {
        digits(fraction)?
    };
    for _ in fraction.len()..9 {
        part *= 10;
    }
    let shape = if fraction.len() <= 3 {
        ClockShape::Time
    } else {
        ClockShape::Timespan
    };
    Some((nanoseconds.checked_add(part)?, shape))
}

/// The part after the `D` or `T` of a timestamp: nothing, hours, or a clock time; nanoseconds.
pub(crate) fn parse_time_of_day(text: &[u8]) -> Option<i64> {
    match text {
        [] => Some(0),
        text if text.contains(&b':') => Some(parse_clock(text)?.0),
        text => digits(text)?.checked_mul(3_600_000_000_000),
    }
}

/// A date and a time of day as nanoseconds since 2000.01.01; `None` outside 1707 to 2292.
pub(crate) fn timestamp(days: i64, nanoseconds: i64) -> Option<i64> {
    days.checked_mul(DAY_NANOSECONDS)?.checked_add(nanoseconds)
}

fn two_digits(text: &[u8]) -> Option<i64> {
    let value = digits(text)?;
    (text.len() == 2 && value < 60).then_some(value)
}

/// A run of one to eighteen decimal digits.
pub(crate) fn digits(text: &[u8]) -> Option<i64> {
    if text.is_empty() || text.len() > 18 {
        return None;
    }
    text.iter().try_fold(0i64, |total, byte| {
        byte.is_ascii_digit()
            .then(|| total * 10 + i64::from(byte - b'0'))
    })
}
