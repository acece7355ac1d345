//! `~`: the same structure, types and items, floats within the tolerance.

use q_value::{Dict, QResult, Table, Value};

use crate::compare::floats_equal;

/// `x~y`. Attributes do not matter; an enumeration does not match symbols.
pub fn matches(x: Value, y: Value) -> QResult<Value> {
    Ok(Value::Boolean(is_match(&x, &y)))
}

/// True when `~` holds.
pub fn is_match(x: &Value, y: &Value) -> bool {
    if x.type_number() != y.type_number() {
        return false;
    }
    match (x, y) {
        (Value::Float(x), Value::Float(y)) | (Value::Datetime(x), Value::Datetime(y)) => {
            floats_equal(*x, *y)
        }
        (Value::Real(x), Value::Real(y)) => floats_equal(f64::from(*x), f64::from(*y)),
        (Value::Floats(x), Value::Floats(y)) | (Value::Datetimes(x), Value::Datetimes(y)) => {
            x.is_same(y)
                || x.len() == y.len() && x.iter().zip(y.iter()).all(|(x, y)| floats_equal(*x, *y))
        }
        (Value::Reals(x), Value::Reals(y)) => {
            x.len() == y.len()
                && x.iter()
                    .zip(y.iter())
                    .all(|(x, y)| floats_equal(f64::from(*x), f64::from(*y)))
        }
        (Value::List(x), Value::List(y)) => {
            x.is_same(y)
                || x.len() == y.len() && x.iter().zip(y.iter()).all(|(x, y)| is_match(x, y))
        }
        (Value::Table(x), Value::Table(y)) => tables_match(x, y),
        (Value::Dict(x), Value::Dict(y)) => dictionaries_match(x, y),
        (x, y) => x.is_identical(y),
    }
}

fn tables_match(x: &Table, y: &Table) -> bool {
    x.names[..] == y.names[..]
        && x.columns
            .iter()
            .zip(&y.columns)
            .all(|(x, y)| is_match(x, y))
}

fn dictionaries_match(x: &Dict, y: &Dict) -> bool {
    is_match(&x.keys, &y.keys) && is_match(&x.values, &y.values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_matter_and_last_digits_do_not() {
        assert!(!is_match(&Value::Long(1), &Value::Short(1)));
        assert!(is_match(&Value::Float(1.0), &Value::Float(1.0 + 1e-14)));
        let nested = |x: f64| {
            Value::list(vec![
                Value::Floats(vec![x, f64::NAN].into()),
                Value::string("a"),
            ])
        };
        assert!(is_match(&nested(0.1 + 0.2), &nested(0.3)));
        assert!(!is_match(&nested(0.3), &nested(0.31)));
    }
}
