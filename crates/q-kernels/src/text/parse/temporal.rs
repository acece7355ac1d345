//! Dates and times from text, in the many ways they are written.
//!
//! Dates: `yyyy?mm?dd` with any separator, `yyyymmdd`, `yymmdd`, a month by its English name in any place, and two
//! numbers before the year by `\z`. Times: `hh:mm[:ss[.f]]`, `hhmm`, `hhmmss[f]`. Points in time: a date and a time, or
//! seconds since 1970 in nine to eleven digits.

use q_value::calendar::{
    DAY_NANOSECONDS, MILLISECOND_NANOSECONDS, MINUTE_NANOSECONDS, SECOND_NANOSECONDS,
    UNIX_EPOCH_DAYS, days_from_date, month_from_days, nanoseconds_to_datetime,
};
use q_value::format::settings::DateOrder;

use super::trimmed;

const MONTH_NAMES: [&[u8; 3]; 12] = [
    b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec",
];

/// A date, as days since 2000.01.01; null when the text is none. Of a date with a time the date.
pub fn date(text: &[u8], order: DateOrder) -> i32 {
    let text = trimmed(text);
    match date_days(text, order) {
        Some(days) => days,
        None => date_and_time(text, order).map_or(i32::MIN, |point| point.days),
    }
}

/// A month, as months since 2000.01; null when the text is none. Of a date its month.
pub fn month(text: &[u8], order: DateOrder) -> i32 {
    let text = trimmed(text);
    let text = text.strip_suffix(b"m").unwrap_or(text);
    let year_and_month = match text {
        [year @ .., b'.' | b'-' | b'/', month] if year.len() == 4 => {
            Some((year, std::slice::from_ref(month)))
        }
        [year @ .., b'.' | b'-' | b'/', _, _] if year.len() == 4 => Some((year, &text[5..])),
        _ if text.len() == 6 => Some(text.split_at(4)),
        _ => None,
    };
    if let Some((year, month)) = year_and_month
        && let (Some(year @ 1..), Some(month @ 1..=12)) = (digits(year), digits(month))
    {
        return (year as i32 - 2000) * 12 + month as i32 - 1;
    }
    match date(text, order) {
        i32::MIN => i32::MIN,
        days => month_from_days(days),
    }
}

/// A timestamp, as nanoseconds since 2000.01.01; null when the text is none.
pub fn timestamp(text: &[u8], order: DateOrder) -> i64 {
    point_in_time(trimmed(text), order).unwrap_or(i64::MIN)
}

/// A datetime, as days since 2000.01.01; null when the text is none.
pub fn datetime(text: &[u8], order: DateOrder) -> f64 {
    point_in_time(trimmed(text), order).map_or(f64::NAN, nanoseconds_to_datetime)
}

/// A timespan, as nanoseconds; null when the text is none. Days stand before a `D`.
pub fn timespan(text: &[u8]) -> i64 {
    signed(trimmed(text), |text| {
        let (days, clock) = match text.iter().position(|c| *c == b'D') {
            Some(at) => (digits(&text[..at])?, &text[at + 1..]),
            None => (0, text),
        };
        let clock = if clock.is_empty() && text.len() > 1 {
            0
        } else {
            clock_nanoseconds(clock)?
        };
        days.checked_mul(DAY_NANOSECONDS)?.checked_add(clock)
    })
    .unwrap_or(i64::MIN)
}

/// A time, as milliseconds; null when the text is none.
pub fn time(text: &[u8]) -> i32 {
    time_of_day(text, MILLISECOND_NANOSECONDS)
}

/// A second, as seconds; null when the text is none.
pub fn second(text: &[u8]) -> i32 {
    time_of_day(text, SECOND_NANOSECONDS)
}

/// A minute, as minutes; null when the text is none.
pub fn minute(text: &[u8]) -> i32 {
    time_of_day(text, MINUTE_NANOSECONDS)
}

fn time_of_day(text: &[u8], unit: i64) -> i32 {
    signed(trimmed(text), |text| {
        clock_nanoseconds(text).map(|clock| clock / unit)
    })
    .and_then(|x| i32::try_from(x).ok())
    .unwrap_or(i32::MIN)
}

fn signed(text: &[u8], read: impl Fn(&[u8]) -> Option<i64>) -> Option<i64> {
    match text {
        [b'-', rest @ ..] => read(rest).map(|x| -x),
        [b'+', rest @ ..] => read(rest),
        text => read(text),
    }
}

/// The number of one to eighteen digits.
fn digits(text: &[u8]) -> Option<i64> {
    if text.is_empty() || text.len() > 18 {
        return None;
    }
    text.iter().try_fold(0i64, |x, c| {
        let digit = c.wrapping_sub(b'0');
        (digit <= 9).then_some(x * 10 + i64::from(digit))
    })
}

/// Digits after a point as nanoseconds; what is below one is dropped.
fn fraction(text: &[u8]) -> Option<i64> {
    let mut nanoseconds = 0;
    let mut unit = SECOND_NANOSECONDS;
    for c in text {
        let digit = c.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        unit /= 10;
        nanoseconds += unit * i64::from(digit);
    }
    Some(nanoseconds)
}

fn clock(hours: i64, minutes: i64, seconds: i64, fraction: i64) -> Option<i64> {
    let is_valid = hours < 2_000_000 && minutes < 60 && seconds < 60;
    is_valid.then(|| (hours * 3600 + minutes * 60 + seconds) * SECOND_NANOSECONDS + fraction)
}

/// Nanoseconds of a time of day without a sign.
fn clock_nanoseconds(text: &[u8]) -> Option<i64> {
    let (whole, decimals) = match text.iter().position(|c| *c == b'.' || *c == b',') {
        Some(at) => (&text[..at], fraction(&text[at + 1..])?),
        None => (text, 0),
    };
    if whole.contains(&b':') {
        let mut parts = whole.split(|c| *c == b':');
        let hours = digits(parts.next()?)?;
        let mut next = |default: Option<i64>| match parts.next() {
            Some(part) if part.len() <= 2 => digits(part),
            Some(_) => None,
            None => default,
        };
        let minutes = next(None)?;
        let seconds = next(Some(0))?;
        return match parts.next() {
            None => clock(hours, minutes, seconds, decimals),
            Some(_) => None,
        };
    }
    match whole.len() {
        1 | 2 => clock(digits(whole)?, 0, 0, decimals),
        3 | 4 => {
            let x = digits(whole)?;
            clock(x / 100, x % 100, 0, decimals)
        }
        5 | 6 => {
            let x = digits(whole)?;
            clock(x / 10_000, x / 100 % 100, x % 100, decimals)
        }
        7.. if decimals == 0 => {
            let x = digits(&whole[..6])?;
            let decimals = fraction(&whole[6..])?;
            clock(x / 10_000, x / 100 % 100, x % 100, decimals)
        }
        _ => None,
    }
}

struct PointInTime {
    days: i32,
    nanoseconds: i64,
}

fn date_and_time(text: &[u8], order: DateOrder) -> Option<PointInTime> {
    let text = text.strip_suffix(b"Z").unwrap_or(text);
    // the usual places first, then every place where a time might begin
    let usual = [10, 8].into_iter();
    let others = 6..text.len();
    for at in usual.chain(others) {
        let Some((head, [separator, tail @ ..])) = text.split_at_checked(at) else {
            continue;
        };
        if !matches!(separator, b'D' | b'T' | b't' | b' ' | b'-' | b':' | b'_') {
            continue;
        }
        let tail = trimmed(tail);
        if let Some(days) = date_days(head, order) {
            if tail.is_empty() {
                return Some(PointInTime {
                    days,
                    nanoseconds: 0,
                });
            }
            if let Some(nanoseconds) = clock_nanoseconds(tail) {
                return Some(PointInTime { days, nanoseconds });
            }
        }
    }
    None
}

/// Nanoseconds since 2000.01.01.
fn point_in_time(text: &[u8], order: DateOrder) -> Option<i64> {
    let whole = |days: i32, nanoseconds: i64| {
        i64::from(days)
            .checked_mul(DAY_NANOSECONDS)?
            .checked_add(nanoseconds)
    };
    let digit_count = text.iter().take_while(|c| c.is_ascii_digit()).count();
    let rest = &text[digit_count..];
    if matches!(rest, [] | [b'.', ..]) && text.len() >= 9 {
        match digit_count {
            9..=11 => {
                let seconds = digits(&text[..digit_count])?;
                let decimals = fraction(rest.strip_prefix(b".").unwrap_or(rest))?;
                let epoch = i64::from(UNIX_EPOCH_DAYS) * DAY_NANOSECONDS / SECOND_NANOSECONDS;
                return (seconds - epoch)
                    .checked_mul(SECOND_NANOSECONDS)?
                    .checked_add(decimals);
            }
            14.. => {
                let days = date_days(&text[..8], order)?;
                return whole(days, clock_nanoseconds(&text[8..])?);
            }
            _ => {}
        }
    }
    if let Some(days) = date_days(text, order) {
        return whole(days, 0);
    }
    let point = date_and_time(text, order)?;
    whole(point.days, point.nanoseconds)
}

/// Days since 2000.01.01 of a date and nothing else.
fn date_days(text: &[u8], order: DateOrder) -> Option<i32> {
    if let [y1, y2, y3, y4, a, m1, m2, b, d1, d2] = text
        && !a.is_ascii_alphanumeric()
        && !b.is_ascii_alphanumeric()
        && [y1, y2, y3, y4, m1, m2, d1, d2]
            .iter()
            .all(|c| c.is_ascii_digit())
    {
        return valid(
            digits(&text[..4])?,
            digits(&text[5..7])?,
            digits(&text[8..])?,
        );
    }
    if text.iter().all(u8::is_ascii_digit) {
        let x = digits(text)?;
        return match text.len() {
            8 => valid(x / 10_000, x / 100 % 100, x % 100),
            6 => valid(full_year(x / 10_000), x / 100 % 100, x % 100),
            _ => None,
        };
    }
    let [first, second, third] = parts(text)?;
    match (first, second, third) {
        (Part::Number(year, 4), Part::Number(month, _), Part::Number(day, _))
        | (Part::Number(year, 4), Part::Month(month), Part::Number(day, _)) => {
            valid(year, month, day)
        }
        (Part::Number(day, _), Part::Month(month), Part::Number(year, width))
        | (Part::Month(month), Part::Number(day, _), Part::Number(year, width)) => {
            valid(year_of_width(year, width)?, month, day)
        }
        (Part::Number(a, _), Part::Number(b, _), Part::Number(year, width)) => {
            let year = year_of_width(year, width)?;
            match order {
                DateOrder::MonthFirst => valid(year, a, b),
                DateOrder::DayFirst => valid(year, b, a),
            }
        }
        _ => None,
    }
}

fn valid(year: i64, month: i64, day: i64) -> Option<i32> {
    // years are displayed from 0001 on
    if year < 1 {
        return None;
    }
    days_from_date(
        i32::try_from(year).ok()?,
        u32::try_from(month).ok()?,
        u32::try_from(day).ok()?,
    )
}

/// Two digits stand for 1950 to 2049.
fn full_year(year: i64) -> i64 {
    if year < 50 { 2000 + year } else { 1900 + year }
}

fn year_of_width(year: i64, width: usize) -> Option<i64> {
    match width {
        4 => Some(year),
        2 => Some(full_year(year)),
        _ => None,
    }
}

/// A part of a date: a number with its digit count, or a month by name.
#[derive(Clone, Copy)]
enum Part {
    Number(i64, usize),
    Month(i64),
}

/// Three parts with at most one separator between each two; only a change between digits and letters needs none.
fn parts(text: &[u8]) -> Option<[Part; 3]> {
    let mut found = [Part::Number(0, 0); 3];
    let mut rest = text;
    for (at, part) in found.iter_mut().enumerate() {
        if at > 0 && rest.first().is_some_and(|c| !c.is_ascii_alphanumeric()) {
            rest = &rest[1..];
        }
        let first = rest.first()?;
        let is_number = first.is_ascii_digit();
        let length = rest
            .iter()
            .take_while(|c| c.is_ascii_digit() == is_number && c.is_ascii_alphanumeric())
            .count();
        let (token, others) = rest.split_at(length);
        rest = others;
        *part = if is_number {
            Part::Number(digits(token)?, length)
        } else {
            let name = token.get(..3)?.to_ascii_lowercase();
            let month = MONTH_NAMES.iter().position(|month| month[..] == name)?;
            Part::Month(month as i64 + 1)
        };
    }
    rest.is_empty().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use q_value::format::{push_date, push_timestamp};

    fn date_text(text: &str, order: DateOrder) -> String {
        let days = date(text.as_bytes(), order);
        let mut out = Vec::new();
        if days != i32::MIN {
            push_date(&mut out, days.into());
        }
        String::from_utf8(out).expect("ascii")
    }

    #[test]
    fn dates_in_many_forms() {
        for text in [
            "2024.01.31",
            "2024-01-31",
            "2024/01/31",
            "20240131",
            "240131",
            "31jan2024",
            "31Jan24",
            "31-JAN-2024",
            "2024/Jan/31",
            "Jan/31/2024",
            "jan 31 2024",
            "01/31/2024",
            "1/31/24",
            "2024-1-31",
            "2024.01.31D10:00:00",
            "2024-01-31T10:00:00Z",
        ] {
            assert_eq!(
                date_text(text, DateOrder::MonthFirst),
                "2024.01.31",
                "{text}"
            );
        }
        assert_eq!(date_text("31/01/2024", DateOrder::DayFirst), "2024.01.31");
        assert_eq!(date_text("1/2/24", DateOrder::DayFirst), "2024.02.01");
        for text in [
            "31/01/2024",
            "2147483648",
            "2024.02.30",
            "24",
            "x",
            "2024.1",
        ] {
            assert_eq!(date_text(text, DateOrder::MonthFirst), "", "{text}");
        }
    }

    #[test]
    fn times_of_day() {
        assert_eq!(minute(b"12:13:14"), 733);
        assert_eq!(minute(b"09:30"), 570);
        assert_eq!(minute(b"0930"), 570);
        assert_eq!(time(b"123456789"), 45_296_789);
        assert_eq!(time(b"123456123987654"), 45_296_123);
        assert_eq!(time(b"12:34:56.7891"), 45_296_789);
        assert_eq!(time(b"-00:00:01"), -1000);
        assert_eq!(second(b"1:2:3"), 3723);
        assert_eq!(second(b"123456"), 45_296);
        assert_eq!(timespan(b"123456123987654"), 45_296_123_987_654);
        assert_eq!(timespan(b"1D02:00"), 93_600_000_000_000);
        assert_eq!(timespan(b"0D"), 0);
        for junk in ["12:60", "12:", "a:b", "1:2:3:4", "99999999999:00"] {
            assert_eq!(time(junk.as_bytes()), i32::MIN, "{junk}");
        }
    }

    #[test]
    fn months() {
        for text in ["2024.02", "2024-02", "202402", "2024.02m", "2024.02.29"] {
            assert_eq!(month(text.as_bytes(), DateOrder::MonthFirst), 289, "{text}");
        }
        assert_eq!(month(b"2024.13", DateOrder::MonthFirst), i32::MIN);
        assert_eq!(month(b"000002", DateOrder::MonthFirst), i32::MIN);
        assert_eq!(month(b"0000.02.01", DateOrder::MonthFirst), i32::MIN);
    }

    #[test]
    fn points_in_time() {
        for (text, expected) in [
            ("2015-10-28D03:55:58.6542", "2015.10.28D03:55:58.654200000"),
            ("2015-10-28T03:55:58Z", "2015.10.28D03:55:58.000000000"),
            ("2015.10.28", "2015.10.28D00:00:00.000000000"),
            ("20191122-11:11:11.123", "2019.11.22D11:11:11.123000000"),
            ("20191122111111123", "2019.11.22D11:11:11.123000000"),
            ("28 Oct 2015 03:55", "2015.10.28D03:55:00.000000000"),
            ("10129708800", "2290.12.31D00:00:00.000000000"),
            ("00000000000", "1970.01.01D00:00:00.000000000"),
            ("00000000000.123456789", "1970.01.01D00:00:00.123456789"),
            ("10129708800.123456789", "2290.12.31D00:00:00.123456789"),
        ] {
            let mut out = Vec::new();
            push_timestamp(&mut out, timestamp(text.as_bytes(), DateOrder::MonthFirst));
            assert_eq!(out, expected.as_bytes(), "{text}");
        }
        assert_eq!(timestamp(b"tomorrow", DateOrder::MonthFirst), i64::MIN);
        assert_eq!(datetime(b"2000.01.02T12:00", DateOrder::MonthFirst), 1.5);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(text: Vec<u8>) {
            for order in [DateOrder::MonthFirst, DateOrder::DayFirst] {
                date(&text, order);
                month(&text, order);
                timestamp(&text, order);
            }
            timespan(&text);
            time(&text);
        }
    }
}
