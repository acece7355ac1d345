//! Temporal values from one unit to another.
//!
//! Points in time count from 2000.01.01: timestamps nanoseconds, dates days, months months, datetimes fractional days.
//! Durations and times of day: timespan nanoseconds, time milliseconds, second, minute. From a point in time to a time of
//! day the day is dropped; to a coarser unit the value is floored. Nulls and infinities are kept.

use q_value::{Type, Value, Vector};

use crate::division::{Divisor, float_of_small, small_of_float};
use crate::loops;

pub(crate) const DAY_NS: i64 = 86_400_000_000_000;
const DAY_MS: f64 = 86_400_000.0;

/// Days from 2000.01.01 to the first day of a month counted from 2000.01.
pub fn month_to_day(month: i64) -> i64 {
    let (year, month) = (2000 + month.div_euclid(12), month.rem_euclid(12) + 1);
    // days from civil, with March as the first month (H. Hinnant, "chrono-compatible low-level date algorithms")
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year - era * 400;
    let shifted = (month + 9) % 12;
    let day_of_year = (153 * shifted + 2) / 5;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 730_425
}

/// The month, counted from 2000.01, of a day counted from 2000.01.01.
pub fn day_to_month(day: i64) -> i64 {
    let (year, month, _) = civil(day);
    (year - 2000) * 12 + month - 1
}

/// Year, month 1 to 12, and day of the month 1 to 31 of a day counted from 2000.01.01.
pub fn civil(day: i64) -> (i64, i64, i64) {
    let shifted = day + 730_425;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// Nanoseconds in one unit of a type that counts a fixed length of time; `None` for month and datetime.
pub(crate) fn unit_ns(ty: Type) -> Option<i64> {
    Some(match ty {
        Type::Timestamp | Type::Timespan => 1,
        Type::Date => DAY_NS,
        Type::Minute => 60_000_000_000,
        Type::Second => 1_000_000_000,
        Type::Time => 1_000_000,
        _ => return None,
    })
}

fn is_time_of_day(ty: Type) -> bool {
    matches!(
        ty,
        Type::Timespan | Type::Minute | Type::Second | Type::Time
    )
}

/// How a value gets from one unit to another, between integer units.
#[derive(Debug, Clone, Copy)]
enum Step {
    Same,
    Scale(i64),
    FloorDivide(i64),
    /// Drop the day, then floor to so many nanoseconds.
    TimeOfDay(i64),
    Zero,
    /// Month to day, then scale.
    MonthThenScale(i64),
    /// Floor to days, then the month.
    MonthOf(i64),
}

fn step(from: Type, to: Type) -> Option<Step> {
    use Type::{Date, Month, Timestamp};
    if from == to {
        return Some(Step::Same);
    }
    Some(match (from, to) {
        (Timestamp, to) if is_time_of_day(to) => Step::TimeOfDay(unit_ns(to)?),
        (Date | Month, to) if is_time_of_day(to) => Step::Zero,
        (Month, to) => Step::MonthThenScale(DAY_NS / unit_ns(to)?),
        (from, Month) => Step::MonthOf(DAY_NS / unit_ns(from)?),
        (from, to) => {
            let (from, to) = (unit_ns(from)?, unit_ns(to)?);
            if from == to {
                Step::Same
            } else if from > to {
                Step::Scale(from / to)
            } else {
                Step::FloorDivide(to / from)
            }
        }
    })
}

/// Integers as temporal values are stored, seen as `i64` while they change unit.
trait Ticks: Copy + Send + Sync {
    const NULL: Self;
    const INFINITY: Self;
    const NEGATIVE_INFINITY: Self;
    fn ticks(self) -> i64;
    /// The value, infinite when it does not fit.
    fn of(ticks: i64) -> Self;
}

macro_rules! ticks {
    ($t:ty) => {
        impl Ticks for $t {
            const NULL: $t = <$t>::MIN;
            const INFINITY: $t = <$t>::MAX;
            const NEGATIVE_INFINITY: $t = -<$t>::MAX;
            #[inline(always)]
            fn ticks(self) -> i64 {
                i64::from(self)
            }
            #[inline(always)]
            fn of(ticks: i64) -> $t {
                ticks.clamp(i64::from(-<$t>::MAX), i64::from(<$t>::MAX)) as $t
            }
        }
    };
}
ticks!(i32);
ticks!(i64);

/// `f` of the ticks; null and infinities are kept. `f` is taken of these too, so that vectors need no branch.
#[inline(always)]
fn with_limits<A: Ticks + PartialEq, B: Ticks>(x: A, f: impl Fn(i64) -> i64) -> B {
    let y = B::of(f(x.ticks()));
    let y = if x == A::NEGATIVE_INFINITY {
        B::NEGATIVE_INFINITY
    } else {
        y
    };
    let y = if x == A::INFINITY { B::INFINITY } else { y };
    if x == A::NULL { B::NULL } else { y }
}

fn divisor(unit: i64) -> Divisor {
    Divisor::new(unit).expect("units are positive")
}

fn apply_step<A: Ticks + PartialEq, B: Ticks>(step: Step, items: &[A]) -> Vec<B> {
    match step {
        Step::Same => loops::map(items, |x| with_limits(x, |x| x)),
        Step::Scale(by) => loops::map(items, move |x| with_limits(x, |x| x.saturating_mul(by))),
        Step::FloorDivide(by) => {
            let by = divisor(by);
            loops::map(items, move |x| with_limits(x, |x| by.floor(x)))
        }
        Step::TimeOfDay(1) => {
            let day = divisor(DAY_NS);
            // the multiple below the lowest longs wraps, and the difference wraps back
            loops::map(items, move |x| {
                with_limits(x, |x| x.wrapping_sub(day.multiple_below(x)))
            })
        }
        Step::TimeOfDay(unit) => {
            let per_day = (DAY_NS / unit) as f64;
            let (unit, days_per_unit) = (divisor(unit), 1.0 / per_day);
            loops::map(items, move |x| {
                with_limits(x, |x| {
                    // units since 2000 are small enough for exact floats; half a unit is more than the product is rounded
                    // by, and never reaches the next day
                    let units = float_of_small(unit.floor(x));
                    let day = ((units + 0.5) * days_per_unit).floor();
                    small_of_float(units - day * per_day)
                })
            })
        }
        Step::Zero => loops::map(items, |x| with_limits(x, |_| 0)),
        Step::MonthThenScale(by) => loops::map(items, move |x| {
            with_limits(x, |x| month_to_day(x).saturating_mul(by))
        }),
        Step::MonthOf(by) => loops::map(items, move |x| {
            with_limits(x, |x| day_to_month(x.div_euclid(by)))
        }),
    }
}

/// Datetime (days) to another unit.
fn from_datetime(x: f64, to: Type) -> i64 {
    if x.is_nan() {
        return i64::MIN;
    }
    if x.is_infinite() {
        return if x > 0.0 { i64::MAX } else { -i64::MAX };
    }
    let milliseconds = (x * DAY_MS).round() as i64;
    match to {
        Type::Timestamp => milliseconds.saturating_mul(1_000_000),
        Type::Date => x.floor() as i64,
        // no date is further away, and the calendar's sums have room
        Type::Month => {
            day_to_month((x.floor() as i64).clamp(i64::from(-i32::MAX), i64::from(i32::MAX)))
        }
        _ => {
            let of_day = milliseconds.rem_euclid(86_400_000);
            let unit = unit_ns(to).unwrap_or(1);
            (i128::from(of_day) * 1_000_000 / i128::from(unit)) as i64
        }
    }
}

/// Another unit to datetime (days).
fn to_datetime(x: i64, from: Type) -> f64 {
    match from {
        Type::Month => month_to_day(x) as f64,
        Type::Timestamp => {
            // day and time apart: the sum loses less than dividing nanoseconds by a day
            x.div_euclid(DAY_NS) as f64 + x.rem_euclid(DAY_NS) as f64 / DAY_NS as f64
        }
        from => x as f64 / (DAY_NS / unit_ns(from).unwrap_or(1)) as f64,
    }
}

fn limited_to_datetime<A: Ticks + PartialEq>(x: A, from: Type) -> f64 {
    if x == A::NULL {
        f64::NAN
    } else if x == A::INFINITY {
        f64::INFINITY
    } else if x == A::NEGATIVE_INFINITY {
        f64::NEG_INFINITY
    } else {
        to_datetime(x.ticks(), from)
    }
}

/// A temporal atom or vector in another temporal unit; other values come back unchanged.
pub fn convert_unit(value: Value, to: Type) -> Value {
    let Some(from) = value.basic_type() else {
        return value;
    };
    if from == to || !from.is_temporal() || !to.is_temporal() {
        return value;
    }
    if value.is_atom() {
        let one = convert_unit(value.enlist(), to);
        return one.item(0).unwrap_or(one);
    }
    match &value {
        Value::Datetimes(v) => match to {
            Type::Timestamp | Type::Timespan => Value::from_i64s(
                to,
                Vector::new(loops::map(v, move |x| from_datetime(x, to))),
            ),
            _ => Value::from_i32s(
                to,
                Vector::new(loops::map(v, move |x| {
                    let x = from_datetime(x, to);
                    if x == i64::MIN { i32::MIN } else { i32::of(x) }
                })),
            ),
        },
        Value::Timestamps(v) | Value::Timespans(v) => integers(v, from, to),
        Value::Months(v)
        | Value::Dates(v)
        | Value::Minutes(v)
        | Value::Seconds(v)
        | Value::Times(v) => integers(v, from, to),
        _ => value,
    }
}

fn integers<A: Ticks + PartialEq>(v: &[A], from: Type, to: Type) -> Value {
    let Some(step) = step(from, to) else {
        return Value::Datetimes(Vector::new(loops::map(v, move |x| {
            limited_to_datetime(x, from)
        })));
    };
    match to {
        Type::Timestamp | Type::Timespan => Value::from_i64s(to, apply_step(step, v).into()),
        _ => Value::from_i32s(to, apply_step(step, v).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_and_days_agree_over_four_centuries() {
        for month in -4800..4800 {
            let day = month_to_day(month);
            assert_eq!(day_to_month(day), month);
            assert_eq!(day_to_month(day - 1), month - 1);
            assert_eq!(civil(day).2, 1);
        }
        assert_eq!(month_to_day(0), 0);
        assert_eq!(civil(8796), (2024, 1, 31));
    }

    #[test]
    fn the_time_of_day_is_exact_beside_every_border() {
        for (ty, unit) in [
            (Type::Time, 1_000_000),
            (Type::Second, 1_000_000_000),
            (Type::Minute, 60_000_000_000),
        ] {
            let days = [i64::MIN / DAY_NS + 1, -1, 0, 8796, i64::MAX / DAY_NS - 1];
            for ns in days.iter().flat_map(|day| {
                [0, 1, 719, 1439, DAY_NS / unit - 1, DAY_NS / unit]
                    .map(|units| day * DAY_NS + units * unit)
            }) {
                for ns in [ns - 1, ns, ns + 1] {
                    let expected = (ns.rem_euclid(DAY_NS) / unit) as i32;
                    let found = convert_unit(Value::Timestamps(vec![ns].into()), ty);
                    assert!(
                        found.is_identical(&Value::from_i32s(ty, vec![expected].into())),
                        "{ns} as {ty:?} is {expected}, not {found:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn units_convert_with_nulls_and_infinities() {
        let timestamp = Value::Timestamp(8796 * DAY_NS + 34_200_500_000_000);
        let to = |ty| convert_unit(timestamp.clone(), ty);
        assert!(to(Type::Date).is_identical(&Value::Date(8796)));
        assert!(to(Type::Minute).is_identical(&Value::Minute(570)));
        assert!(to(Type::Time).is_identical(&Value::Time(34_200_500)));
        assert!(to(Type::Month).is_identical(&Value::Month(288)));
        assert!(
            convert_unit(Value::Date(i32::MIN), Type::Timestamp)
                .is_identical(&Value::Timestamp(i64::MIN))
        );
        assert!(
            convert_unit(Value::Date(i32::MAX), Type::Timestamp)
                .is_identical(&Value::Timestamp(i64::MAX))
        );
        assert!(
            convert_unit(Value::Datetime(8796.5), Type::Timespan)
                .is_identical(&Value::Timespan(DAY_NS / 2))
        );
        let lowest = convert_unit(Value::Timestamp(i64::MIN + 2), Type::Timespan);
        assert!(
            lowest.is_identical(&Value::Timespan((i64::MIN + 2).rem_euclid(DAY_NS))),
            "{lowest:?}"
        );
        for days in [1e18, -1e18, 1e300] {
            let far = convert_unit(Value::Datetime(days), Type::Month);
            assert!(
                matches!(far, Value::Month(month) if month.signum() == days.signum() as i32),
                "{far:?}"
            );
        }
        assert!(
            convert_unit(Value::Time(43_200_000), Type::Datetime)
                .is_identical(&Value::Datetime(0.5))
        );
    }
}
