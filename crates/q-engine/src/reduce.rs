//! Folds of plain operators over plain vectors, without boxing each item.

use q_value::{Binary, Value};

const NULL: i64 = i64::MIN;

/// `op/x` of longs, floats or booleans; `None` leaves it to the general loop. Nulls are kept, as the operators do.
pub(crate) fn fold(op: Binary, seed: Option<&Value>, x: &Value) -> Option<Value> {
    match x {
        Value::Longs(items) if !items.is_empty() => {
            let (start, rest) = match seed {
                None => (items[0], &items[1..]),
                Some(Value::Long(seed)) => (*seed, &items[..]),
                Some(_) => return None,
            };
            let add = |x: i64, y: &i64| {
                if x == NULL || *y == NULL {
                    NULL
                } else {
                    x.wrapping_add(*y)
                }
            };
            let multiply = |x: i64, y: &i64| {
                if x == NULL || *y == NULL {
                    NULL
                } else {
                    x.wrapping_mul(*y)
                }
            };
            let subtract = |x: i64, y: &i64| {
                if x == NULL || *y == NULL {
                    NULL
                } else {
                    x.wrapping_sub(*y)
                }
            };
            Some(Value::Long(match op {
                Binary::Add => rest.iter().fold(start, add),
                Binary::Multiply => rest.iter().fold(start, multiply),
                Binary::Subtract => rest.iter().fold(start, subtract),
                Binary::And => rest.iter().fold(start, |x, y| x.min(*y)),
                Binary::Or => rest.iter().fold(start, |x, y| x.max(*y)),
                _ => return None,
            }))
        }
        Value::Floats(items) if !items.is_empty() => {
            let (start, rest) = match seed {
                None => (items[0], &items[1..]),
                Some(Value::Float(seed)) => (*seed, &items[..]),
                Some(_) => return None,
            };
            Some(Value::Float(match op {
                Binary::Add => rest.iter().fold(start, |x, y| x + y),
                Binary::Multiply => rest.iter().fold(start, |x, y| x * y),
                Binary::Subtract => rest.iter().fold(start, |x, y| x - y),
                _ => return None,
            }))
        }
        _ => None,
    }
}
