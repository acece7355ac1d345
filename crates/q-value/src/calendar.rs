//! The calendar of q's temporal types: counts from 2000.01.01, the proleptic Gregorian calendar.

/// Nanoseconds of a day.
pub const DAY_NANOSECONDS: i64 = 86_400_000_000_000;
/// Nanoseconds of a minute.
pub const MINUTE_NANOSECONDS: i64 = 60_000_000_000;
/// Nanoseconds of a second.
pub const SECOND_NANOSECONDS: i64 = 1_000_000_000;
/// Nanoseconds of a millisecond.
pub const MILLISECOND_NANOSECONDS: i64 = 1_000_000;
/// Milliseconds of a day.
pub const DAY_MILLISECONDS: i32 = 86_400_000;
/// Days from 1970.01.01 to 2000.01.01.
pub const UNIX_EPOCH_DAYS: i32 = 10_957;

/// Days since 2000.01.01 of a date in years 0 to 9999; `None` when there is no such date.
pub fn days_from_date(year: i32, month: u32, day: u32) -> Option<i32> {
    if !(0..=9999).contains(&year) || !(1..=12).contains(&month) {
        return None;
    }
    if day == 0 || day > days_in_month(year, month) {
        return None;
    }
    Some(civil_days(year, month, day))
}

/// The arithmetic of [`days_from_date`] without checks: years begin in March, eras have 400 years.
fn civil_days(year: i32, month: u32, day: u32) -> i32 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (month as i32 + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day as i32 - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 730_425
}

/// Year, month (1 to 12) and day (1 to 31) of a count of days since 2000.01.01.
pub fn date_from_days(days: i32) -> (i32, u32, u32) {
    let shifted = i64::from(days) + 730_425;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year as i32, month as u32, day as u32)
}

/// Days of a month; 0 for a month out of 1 to 12.
pub fn days_in_month(year: i32, month: u32) -> u32 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if is_leap_year(year) => 29,
        2 => 28,
        _ => 0,
    }
}

pub fn is_leap_year(year: i32) -> bool {
    year.rem_euclid(4) == 0 && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0)
}

/// Months since 2000.01 of a count of days.
pub fn month_from_days(days: i32) -> i32 {
    let (year, month, _) = date_from_days(days);
    (year - 2000) * 12 + month as i32 - 1
}

/// Days since 2000.01.01 of the first day of a month counted from 2000.01.
pub fn days_from_month(months: i32) -> i32 {
    let months = i64::from(months);
    let year = (2000 + months.div_euclid(12)) as i32;
    civil_days(year, months.rem_euclid(12) as u32 + 1, 1)
}

/// The Monday of the week of a day; 2000.01.01 was a Saturday.
pub fn monday_of(days: i32) -> i32 {
    days.saturating_sub(days.wrapping_add(5).rem_euclid(7))
}

/// Nanoseconds since 2000.01.01 of a datetime (a float of days), to the nearest millisecond as the console shows it;
/// null and infinities become those of the result.
pub fn datetime_to_nanoseconds(days: f64) -> i64 {
    if days.is_nan() {
        return i64::MIN;
    }
    let milliseconds = (days * f64::from(DAY_MILLISECONDS)).round();
    let nanoseconds = milliseconds * MILLISECOND_NANOSECONDS as f64;
    if nanoseconds >= i64::MAX as f64 {
        i64::MAX
    } else if nanoseconds <= -(i64::MAX as f64) {
        -i64::MAX
    } else {
        milliseconds as i64 * MILLISECOND_NANOSECONDS
    }
}

/// The datetime (a float of days) of a timestamp; null and infinities become those of the result.
pub fn nanoseconds_to_datetime(nanoseconds: i64) -> f64 {
    match nanoseconds {
        i64::MIN => f64::NAN,
        i64::MAX => f64::INFINITY,
        x if x == -i64::MAX => f64::NEG_INFINITY,
        x => {
            let days = x.div_euclid(DAY_NANOSECONDS);
            let rest = x.rem_euclid(DAY_NANOSECONDS);
            days as f64 + rest as f64 / DAY_NANOSECONDS as f64
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_dates() {
        assert_eq!(days_from_date(2000, 1, 1), Some(0));
        assert_eq!(days_from_date(2010, 1, 1), Some(3653));
        assert_eq!(days_from_date(1970, 1, 1), Some(-UNIX_EPOCH_DAYS));
        assert_eq!(days_from_date(2023, 2, 29), None);
        assert_eq!(days_from_date(2000, 2, 29), Some(59));
        assert_eq!(date_from_days(-1), (1999, 12, 31));
        assert_eq!(month_from_days(-1), -1);
        assert_eq!(days_from_month(-1), -31);
    }

    #[test]
    fn every_day_of_ten_thousand_years_round_trips() {
        let first = days_from_date(1, 1, 1).expect("a date");
        let last = days_from_date(9999, 12, 31).expect("a date");
        for days in (first..=last).step_by(7).chain([last]) {
            let (year, month, day) = date_from_days(days);
            assert_eq!(days_from_date(year, month, day), Some(days));
        }
    }

    #[test]
    fn weeks_begin_on_monday() {
        assert_eq!((monday_of(0), monday_of(2), monday_of(8)), (-5, 2, 2));
    }

    #[test]
    fn datetimes_are_rounded_to_milliseconds() {
        let x = 1.0 + 1000.0 / 86_400.0 - 1e-13;
        assert_eq!(
            datetime_to_nanoseconds(x),
            DAY_NANOSECONDS + 1000 * SECOND_NANOSECONDS
        );
        assert_eq!(datetime_to_nanoseconds(f64::NAN), i64::MIN);
        assert_eq!(datetime_to_nanoseconds(f64::NEG_INFINITY), -i64::MAX);
        assert_eq!(nanoseconds_to_datetime(DAY_NANOSECONDS / 2), 0.5);
    }
}
