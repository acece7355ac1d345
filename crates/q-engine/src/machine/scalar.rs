//! Primitives on atoms of the commonest types, and items of the commonest lists, without kernels.

use std::sync::Arc;

use q_value::{Attribute, Binary, Unary, Value};

use crate::key_index::position;

/// What a primitive gives for two atoms of the commonest types; `Other` leaves it to the kernels.
pub(super) enum Scalar {
    Long(i64),
    Float(f64),
    Boolean(bool),
    Other,
}

/// Binary primitives on two atoms.
#[inline(always)]
pub(super) fn scalar(op: Binary, x: &Value, y: &Value) -> Scalar {
    match (x, y) {
        (Value::Long(x), Value::Long(y)) => scalar_long(op, *x, *y),
        (Value::Float(x), Value::Float(y)) => scalar_float(op, *x, *y),
        _ => Scalar::Other,
    }
}

#[inline(always)]
fn scalar_long(op: Binary, x: i64, y: i64) -> Scalar {
    const NULL: i64 = i64::MIN;
    let null = x == NULL || y == NULL;
    match op {
        Binary::Add => Scalar::Long(if null { NULL } else { x.wrapping_add(y) }),
        Binary::Subtract => Scalar::Long(if null { NULL } else { x.wrapping_sub(y) }),
        Binary::Multiply => Scalar::Long(if null { NULL } else { x.wrapping_mul(y) }),
        Binary::Less => Scalar::Boolean(x < y),
        Binary::Greater => Scalar::Boolean(x > y),
        Binary::LessEqual => Scalar::Boolean(x <= y),
        Binary::GreaterEqual => Scalar::Boolean(x >= y),
        Binary::Equal | Binary::Match => Scalar::Boolean(x == y),
        Binary::NotEqual => Scalar::Boolean(x != y),
        Binary::And => Scalar::Long(x.min(y)),
        Binary::Or => Scalar::Long(x.max(y)),
        Binary::Divide if !null => Scalar::Float(x as f64 / y as f64),
        _ => Scalar::Other,
    }
}

#[inline(always)]
fn scalar_float(op: Binary, x: f64, y: f64) -> Scalar {
    match op {
        Binary::Add => Scalar::Float(x + y),
        Binary::Subtract => Scalar::Float(x - y),
        Binary::Multiply => Scalar::Float(x * y),
        Binary::Divide => Scalar::Float(x / y),
        _ => Scalar::Other,
    }
}

/// A unary primitive on an atom where that is trivial.
#[inline]
pub(crate) fn scalar_unary(op: Unary, x: &Value) -> Option<Value> {
    Some(match (op, x) {
        (Unary::Not, Value::Boolean(x)) => Value::Boolean(!x),
        (Unary::Not, Value::Long(x)) => Value::Boolean(*x == 0),
        (Unary::Neg, Value::Long(x)) => Value::Long(x.wrapping_neg()),
        (Unary::Neg, Value::Float(x)) => Value::Float(-x),
        (Unary::Count, x) if !matches!(x, Value::Partitioned(_)) => Value::Long(x.count() as i64),
        (Unary::Type, x) => Value::Short(x.type_number()),
        _ => return None,
    })
}

/// `target op:y` in place for atoms, and `,:` of an atom onto an unshared vector of its type; false leaves it to the
/// general way.
#[inline(always)]
pub(super) fn through_scalar(op: Binary, target: &mut Value, y: &Value) -> bool {
    match (scalar(op, target, y), &mut *target) {
        (Scalar::Long(x), Value::Long(old)) => {
            *old = x;
            return true;
        }
        (Scalar::Long(x), _) => {
            *target = Value::Long(x);
            return true;
        }
        (Scalar::Float(x), _) => {
            *target = Value::Float(x);
            return true;
        }
        (Scalar::Boolean(x), _) => {
            *target = Value::Boolean(x);
            return true;
        }
        (Scalar::Other, _) => (),
    }
    if op != Binary::Join {
        return false;
    }
    match (target, y) {
        (Value::Longs(items), Value::Long(y)) if items.attribute() == Attribute::None => {
            items.make_mut().push(*y);
        }
        (Value::Floats(items), Value::Float(y)) if items.attribute() == Attribute::None => {
            items.make_mut().push(*y);
        }
        (Value::Chars(items), Value::Char(y)) if items.attribute() == Attribute::None => {
            items.make_mut().push(*y);
        }
        (Value::Symbols(items), Value::Symbol(y)) if items.attribute() == Attribute::None => {
            items.make_mut().push(*y);
        }
        _ => return false,
    }
    true
}

/// `target[index]op:y`, with `:` as operator `target[index]:y`, for an integer index of a plain vector, or a key that a
/// plain dictionary has; false leaves it to the general way.
#[inline]
pub(super) fn amend_scalar(op: Binary, target: &mut Value, index: &Value, y: &Value) -> bool {
    match (place_of(target, index), y) {
        (Some(Place::Long(item)), Value::Long(y)) if op == Binary::Assign => {
            *item = *y;
            true
        }
        (Some(Place::Float(item)), Value::Float(y)) if op == Binary::Assign => {
            *item = *y;
            true
        }
        (Some(Place::Long(item)), Value::Long(y)) => match scalar_long(op, *item, *y) {
            Scalar::Long(result) => {
                *item = result;
                true
            }
            _ => false,
        },
        (Some(Place::Float(item)), Value::Float(y)) => match scalar_float(op, *item, *y) {
            Scalar::Float(result) => {
                *item = result;
                true
            }
            _ => false,
        },
        _ => false,
    }
}

/// An item of a vector, for writing.
enum Place<'a> {
    Long(&'a mut i64),
    Float(&'a mut f64),
}

fn place_of<'a>(target: &'a mut Value, index: &Value) -> Option<Place<'a>> {
    match target {
        Value::Longs(_) | Value::Floats(_) => {
            let Value::Long(index) = index else {
                return None;
            };
            item_of(target, usize::try_from(*index).ok()?)
        }
        Value::Dict(dict) if !dict.step => {
            let at = match (&dict.keys, index) {
                (Value::Longs(keys), Value::Long(key)) => position(keys, *key)?,
                (Value::Symbols(keys), Value::Symbol(key)) => position(keys, *key)?,
                _ => return None,
            };
            if !matches!(dict.values, Value::Longs(_) | Value::Floats(_)) {
                return None;
            }
            item_of(&mut Arc::make_mut(dict).values, at)
        }
        _ => None,
    }
}

fn item_of(list: &mut Value, at: usize) -> Option<Place<'_>> {
    match list {
        Value::Longs(items) if at < items.len() => Some(Place::Long(&mut items.make_mut()[at])),
        Value::Floats(items) if at < items.len() => Some(Place::Float(&mut items.make_mut()[at])),
        _ => None,
    }
}
