//! Parts of dates and times: `` `hh$t ``, `t.year`.

use q_value::calendar::{date_from_days, monday_of};
use q_value::{Element, QError, QResult, Type, Value};

use crate::{pervade, temporal};

/// A part of a point in time that a cast by name extracts; the types' own names are casts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TemporalPart {
    Year,
    /// `mm`: the month of what has a date, else the minute.
    MonthOrMinute,
    Day,
    Hour,
    Minute,
    Second,
    /// The Monday of the week.
    Week,
}

impl TemporalPart {
    /// By the q name: `year mm dd hh uu ss week`.
    pub fn from_name(name: &[u8]) -> Option<TemporalPart> {
        Some(match name {
            b"year" => TemporalPart::Year,
            b"mm" => TemporalPart::MonthOrMinute,
            b"dd" => TemporalPart::Day,
            b"hh" => TemporalPart::Hour,
            b"uu" => TemporalPart::Minute,
            b"ss" => TemporalPart::Second,
            b"week" => TemporalPart::Week,
            _ => return None,
        })
    }
}

/// The part of temporal values at any depth, as ints; the week as a date. Null of null.
///
/// Errors: `'type` for values that are not temporal.
pub fn temporal_part(part: TemporalPart, y: Value) -> QResult<Value> {
    pervade::one(y, &|leaf| part_of_leaf(part, leaf))
}

fn part_of_leaf(part: TemporalPart, y: Value) -> QResult<Value> {
    let ty = y
        .basic_type()
        .filter(|ty| ty.is_temporal())
        .ok_or_else(QError::type_error)?;
    if y.is_atom() {
        let one = part_of_leaf(part, y.enlist())?;
        return one.item(0).ok_or_else(QError::type_error);
    }
    let has_date = matches!(
        ty,
        Type::Timestamp | Type::Month | Type::Date | Type::Datetime
    );
    Ok(match part {
        TemporalPart::Year => of_days(y, |days| date_from_days(days).0),
        TemporalPart::Day => of_days(y, |days| date_from_days(days).2 as i32),
        TemporalPart::MonthOrMinute if has_date => of_days(y, |days| date_from_days(days).1 as i32),
        TemporalPart::Week => match of_days(y, monday_of) {
            Value::Ints(days) => Value::Dates(days),
            other => other,
        },
        TemporalPart::Hour => of_seconds(y, |seconds| seconds / 3600),
        TemporalPart::Minute | TemporalPart::MonthOrMinute => {
            of_seconds(y, |seconds| seconds / 60 % 60)
        }
        TemporalPart::Second => of_seconds(y, |seconds| seconds % 60),
    })
}

fn of_days(y: Value, part: impl Fn(i32) -> i32) -> Value {
    match temporal::convert_unit(y, Type::Date) {
        Value::Dates(days) => Value::Ints(mapped(&days, part)),
        other => other,
    }
}

fn of_seconds(y: Value, part: impl Fn(i32) -> i32) -> Value {
    match temporal::convert_unit(y, Type::Second) {
        Value::Seconds(seconds) => Value::Ints(mapped(&seconds, part)),
        other => other,
    }
}

fn mapped(items: &[i32], part: impl Fn(i32) -> i32) -> q_value::Vector<i32> {
    items
        .iter()
        .map(|x| {
            if x.unsigned_abs() >= i32::MAX as u32 {
                i32::null()
            } else {
                part(*x)
            }
        })
        .collect()
}
