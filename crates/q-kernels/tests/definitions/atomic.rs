//! Functions of one atom, applied to lists item by item, to dictionaries by value.

use q_value::{Type, Value};

use crate::arguments::Domain;
use crate::check::{Expected, Row, check, row};
use crate::items::{by, is_flat, list_like, number};

/// Applies the definition to each atom of a list at any depth.
fn each(x: &Value, of_atom: &dyn Fn(&Value) -> Option<Value>) -> Option<Value> {
    if x.is_list() {
        if x.count() == 0 {
            // of nothing the types are left to the tables of types
            return None;
        }
        let items: Option<Vec<Value>> = x.items().iter().map(|item| each(item, of_atom)).collect();
        return items.map(Value::from_items);
    }
    of_atom(x)
}

fn atomic(x: &[Value], of_atom: &dyn Fn(&Value) -> Option<Value>) -> Expected {
    match each(&x[0], of_atom) {
        Some(value) => Expected::Is(value),
        None => Expected::Open,
    }
}

/// A function of floats: null of null; the result is a float, of reals too.
fn of_floats(x: &[Value], function: fn(f64) -> f64) -> Expected {
    atomic(x, &|x| {
        let ty = x.basic_type()?;
        if ty.is_temporal() || matches!(ty, Type::Char | Type::Symbol | Type::Guid) {
            return None;
        }
        Some(Value::Float(number(x).map_or(f64::NAN, function)))
    })
}

/// An atom of the type of `like` with this number.
fn with_number(like: &Value, x: f64) -> Option<Value> {
    Some(match like {
        Value::Boolean(_) => Value::Int(x as i32),
        Value::Short(_) => Value::Short(x as i16),
        Value::Real(_) => Value::Real(x as f32),
        Value::Long(_) | Value::Timestamp(_) | Value::Timespan(_) => {
            Value::from_i64(like.basic_type()?, x as i64)
        }
        Value::Float(_) | Value::Datetime(_) => Value::from_f64(like.basic_type()?, x),
        Value::Byte(_) | Value::Char(_) | Value::Symbol(_) | Value::Guid(_) => return None,
        other => Value::from_i32(other.basic_type()?, x as i32),
    })
}

fn signed(x: &[Value], function: fn(f64) -> f64) -> Expected {
    atomic(x, &|x| match number(x) {
        _ if matches!(
            x,
            Value::Byte(_) | Value::Char(_) | Value::Symbol(_) | Value::Guid(_)
        ) =>
        {
            None
        }
        None => Some(x.clone()),
        Some(number) => with_number(x, function(number)),
    })
}

static ROWS: &[Row] = &[
    row("neg", &[Domain::Anything], |x| signed(x, |x| -x)),
    row("abs", &[Domain::Anything], |x| signed(x, f64::abs)),
    row("signum", &[Domain::Anything], |x| {
        atomic(x, &|x| {
            let ty = x.basic_type()?;
            if matches!(ty, Type::Symbol | Type::Guid | Type::Char | Type::Byte) {
                return None;
            }
            let sign = number(x).map_or(-1, |x| {
                if x > 0.0 {
                    1
                } else if x < 0.0 {
                    -1
                } else {
                    0
                }
            });
            Some(Value::Int(sign))
        })
    }),
    row("not", &[Domain::Anything], |x| {
        atomic(x, &|x| {
            if matches!(x, Value::Symbol(_) | Value::Guid(_)) {
                return None;
            }
            let zero = match x {
                Value::Char(x) => *x == 0,
                x => number(x) == Some(0.0),
            };
            Some(Value::Boolean(zero))
        })
    }),
    row("null", &[Domain::Anything], |x| {
        atomic(x, &|x| Some(Value::Boolean(x.is_null_atom())))
    }),
    row("sqrt", &[Domain::Anything], |x| of_floats(x, f64::sqrt)),
    row("exp", &[Domain::Anything], |x| of_floats(x, f64::exp)),
    row("log", &[Domain::Anything], |x| of_floats(x, f64::ln)),
    row("sin", &[Domain::Anything], |x| of_floats(x, f64::sin)),
    row("cos", &[Domain::Anything], |x| of_floats(x, f64::cos)),
    row("tan", &[Domain::Anything], |x| of_floats(x, f64::tan)),
    row("asin", &[Domain::Anything], |x| of_floats(x, f64::asin)),
    row("acos", &[Domain::Anything], |x| of_floats(x, f64::acos)),
    row("atan", &[Domain::Anything], |x| of_floats(x, f64::atan)),
    row("reciprocal", &[Domain::Anything], |x| {
        of_floats(x, f64::recip)
    }),
    row("floor", &[Domain::Numbers], |x| whole(x, f64::floor)),
    row("ceiling", &[Domain::Numbers], |x| whole(x, f64::ceil)),
    row("lower", &[Domain::Text], |x| {
        letters(x, |x| x.to_ascii_lowercase())
    }),
    row("upper", &[Domain::Text], |x| {
        letters(x, |x| x.to_ascii_uppercase())
    }),
    row("string", &[Domain::Anything], |x| {
        atomic(x, &|x| {
            Some(Value::string(match x {
                Value::Boolean(x) => if *x { "1" } else { "0" }.to_owned(),
                Value::Char(x) => return Some(Value::string([*x])),
                Value::Symbol(x) => x.text(),
                Value::Byte(x) => format!("{x:02x}"),
                Value::Short(_) | Value::Int(_) | Value::Long(_) => match number(x) {
                    None => String::new(),
                    Some(x) if x.abs() >= 32767.0 => return None,
                    Some(x) => format!("{x}"),
                },
                _ => return None,
            }))
        })
    }),
    row("xexp", &[Domain::Finite, Domain::Finite], |x| {
        pairs(x, |x, y| Some(Value::Float(x.powf(y))))
    }),
    row("xlog", &[Domain::Finite, Domain::Finite], |x| {
        pairs(x, |x, y| Some(Value::Float(y.ln() / x.ln())))
    }),
    row("div", &[Domain::Finite, Domain::Finite], |x| {
        if x.iter().any(|x| x.basic_type() == Some(Type::Float)) {
            return Expected::Open;
        }
        pairs(x, |x, y| {
            (y != 0.0).then(|| Value::Long((x / y).floor() as i64))
        })
    }),
    row("mod", &[Domain::Finite, Domain::Finite], |x| {
        if x.iter().any(|x| x.basic_type() == Some(Type::Float)) {
            return Expected::Open;
        }
        pairs(x, |x, y| {
            (y != 0.0).then(|| Value::Long((x - y * (x / y).floor()) as i64))
        })
    }),
    row("xbar", &[Domain::Positive, Domain::Ordered], |x| {
        let width = number(&x[0]).expect("a number");
        atomic(&x[1..], &|y| match number(y) {
            _ if matches!(
                y,
                Value::Short(_) | Value::Int(_) | Value::Datetime(_) | Value::Real(_)
            ) =>
            {
                None
            }
            None => Some(y.clone()),
            Some(y) if y.is_infinite() => None,
            Some(number) => with_number(y, (number / width).floor() * width),
        })
    }),
];

fn whole(x: &[Value], function: fn(f64) -> f64) -> Expected {
    atomic(x, &|x| match x {
        Value::Float(_) | Value::Real(_) => match number(x) {
            None => Some(Value::null_of(Type::Long)),
            Some(x) if x.is_infinite() => None,
            Some(x) => Some(Value::Long(function(x) as i64)),
        },
        Value::Short(_) | Value::Int(_) | Value::Long(_) => Some(x.clone()),
        _ => None,
    })
}

fn letters(x: &[Value], function: fn(u8) -> u8) -> Expected {
    let Value::Chars(text) = &x[0] else {
        return Expected::Open;
    };
    Expected::Is(Value::Chars(
        text.iter().map(|letter| function(*letter)).collect(),
    ))
}

/// A function of two numbers, item by item.
fn pairs(x: &[Value], function: fn(f64, f64) -> Option<Value>) -> Expected {
    let [x, y] = x else { return Expected::Open };
    let count = match (x.is_list(), y.is_list()) {
        (true, true) if x.count() != y.count() => return Expected::Fails,
        (true, _) => x.count(),
        (_, true) => y.count(),
        _ => return Expected::Open,
    };
    let at = |value: &Value, place: usize| {
        number(&value.item(place).unwrap_or_else(|| value.clone())).expect("no nulls")
    };
    let items: Option<Vec<Value>> = (0..count)
        .map(|place| function(at(x, place), at(y, place)))
        .collect();
    items.map_or(Expected::Open, |items| Expected::Is(list_like(items, x)))
}

#[test]
fn functions_of_atoms_equal_their_definitions() {
    check(ROWS);
}

#[test]
fn functions_of_atoms_go_into_dictionaries() {
    for row in ROWS.iter().filter(|row| row.arguments.len() == 1) {
        let values = Value::Longs(vec![3, -1, i64::MIN].into());
        let Expected::Is(expected) = by(row.name, std::slice::from_ref(&values)) else {
            continue;
        };
        assert!(is_flat(&expected) || row.name == "string", "{}", row.name);
        let keys = Value::symbols(["a", "b", "c"]);
        let found = crate::check::call(row.name, vec![Value::dict(keys.clone(), values)]);
        let found = found.unwrap_or_else(|error| panic!("{}: {error:?}", row.name));
        assert!(
            found.is_identical(&Value::dict(keys, expected.clone())),
            "{}: {found:?}",
            row.name
        );
    }
}

pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    ROWS.iter().map(|row| row.name)
}
