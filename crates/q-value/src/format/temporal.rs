//! Temporal items to text. Nulls and infinities are the callers' business: here every number is a time.

use super::number::{push_digits, push_i64};
use crate::calendar::{
    DAY_MILLISECONDS, DAY_NANOSECONDS, SECOND_NANOSECONDS, date_from_days, datetime_to_nanoseconds,
};

/// Appends `yyyy.mm.dd`; `0000.00.00` outside the years 1 to 9999, as q does.
pub fn push_date(out: &mut Vec<u8>, days: i64) {
    let (year, month, day) = i32::try_from(days).map_or((0, 0, 0), date_from_days);
    if !(1..=9999).contains(&year) {
        out.extend_from_slice(b"0000.00.00");
        return;
    }
    push_digits(out, year as u64, 4);
    out.push(b'.');
    push_digits(out, u64::from(month), 2);
    out.push(b'.');
    push_digits(out, u64::from(day), 2);
}

/// Appends `yyyy.mm` without the letter.
pub fn push_month(out: &mut Vec<u8>, months: i64) {
    let year = 2000 + months.div_euclid(12);
    if !(1..=9999).contains(&year) {
        out.extend_from_slice(b"0000.00");
        return;
    }
    push_digits(out, year as u64, 4);
    out.push(b'.');
    push_digits(out, months.rem_euclid(12) as u64 + 1, 2);
}

/// At least two digits of hours.
fn push_hours(out: &mut Vec<u8>, hours: u64) {
    if hours < 100 {
        push_digits(out, hours, 2);
    } else {
        push_i64(out, hours as i64);
    }
}

fn push_clock(out: &mut Vec<u8>, seconds: u64) {
    push_hours(out, seconds / 3600);
    out.push(b':');
    push_digits(out, seconds / 60 % 60, 2);
    out.push(b':');
    push_digits(out, seconds % 60, 2);
}

/// Appends the sign and returns the magnitude.
fn push_sign(out: &mut Vec<u8>, x: i64) -> u64 {
    if x < 0 {
        out.push(b'-');
    }
    x.unsigned_abs()
}

/// Appends `hh:mm` of minutes.
pub fn push_minute(out: &mut Vec<u8>, minutes: i64) {
    let minutes = push_sign(out, minutes);
    push_hours(out, minutes / 60);
    out.push(b':');
    push_digits(out, minutes % 60, 2);
}

/// Appends `hh:mm:ss` of seconds.
pub fn push_second(out: &mut Vec<u8>, seconds: i64) {
    let seconds = push_sign(out, seconds);
    push_clock(out, seconds);
}

/// Appends `hh:mm:ss.mmm` of milliseconds.
pub fn push_time(out: &mut Vec<u8>, milliseconds: i64) {
    let milliseconds = push_sign(out, milliseconds);
    push_clock(out, milliseconds / 1000);
    out.push(b'.');
    push_digits(out, milliseconds % 1000, 3);
}

/// Appends `dDhh:mm:ss.nnnnnnnnn` of nanoseconds.
pub fn push_timespan(out: &mut Vec<u8>, nanoseconds: i64) {
    let nanoseconds = push_sign(out, nanoseconds);
    let day = DAY_NANOSECONDS as u64;
    push_i64(out, (nanoseconds / day) as i64);
    out.push(b'D');
    push_clock(out, nanoseconds % day / SECOND_NANOSECONDS as u64);
    out.push(b'.');
    push_digits(out, nanoseconds % SECOND_NANOSECONDS as u64, 9);
}

/// Appends `yyyy.mm.ddDhh:mm:ss.nnnnnnnnn` of nanoseconds since 2000.01.01.
pub fn push_timestamp(out: &mut Vec<u8>, nanoseconds: i64) {
    push_date(out, nanoseconds.div_euclid(DAY_NANOSECONDS));
    let rest = nanoseconds.rem_euclid(DAY_NANOSECONDS) as u64;
    out.push(b'D');
    push_clock(out, rest / SECOND_NANOSECONDS as u64);
    out.push(b'.');
    push_digits(out, rest % SECOND_NANOSECONDS as u64, 9);
}

/// Appends `yyyy.mm.ddThh:mm:ss.mmm` of a float of days.
pub fn push_datetime(out: &mut Vec<u8>, days: f64) {
    let milliseconds = if days.abs() < 100_000.0 {
        datetime_to_nanoseconds(days) / 1_000_000
    } else {
        (days * f64::from(DAY_MILLISECONDS)).round() as i64
    };
    push_date(out, milliseconds.div_euclid(i64::from(DAY_MILLISECONDS)));
    let rest = milliseconds.rem_euclid(i64::from(DAY_MILLISECONDS)) as u64;
    out.push(b'T');
    push_clock(out, rest / 1000);
    out.push(b'.');
    push_digits(out, rest % 1000, 3);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).expect("ascii")
    }

    #[test]
    fn every_temporal_type() {
        assert_eq!(text(|o| push_date(o, 8796)), "2024.01.31");
        assert_eq!(text(|o| push_date(o, -1)), "1999.12.31");
        assert_eq!(text(|o| push_date(o, 3_000_000)), "0000.00.00");
        assert_eq!(text(|o| push_month(o, -1)), "1999.12");
        assert_eq!(text(|o| push_minute(o, 570)), "09:30");
        assert_eq!(text(|o| push_minute(o, -1)), "-00:01");
        assert_eq!(text(|o| push_minute(o, 6000)), "100:00");
        assert_eq!(text(|o| push_second(o, 34_200)), "09:30:00");
        assert_eq!(text(|o| push_time(o, 34_200_001)), "09:30:00.001");
        assert_eq!(text(|o| push_timespan(o, -1)), "-0D00:00:00.000000001");
        assert_eq!(
            text(|o| push_timestamp(o, 28_435_196_654_200_000)),
            "2000.11.25D02:39:56.654200000"
        );
        assert_eq!(text(|o| push_datetime(o, 0.5)), "2000.01.01T12:00:00.000");
        assert_eq!(text(|o| push_datetime(o, -0.25)), "1999.12.31T18:00:00.000");
    }
}
