//! Compares a kernel with its definition over random arguments, shared and not.

use proptest::test_runner::{Config, TestCaseError, TestRunner};
use q_kernels::Kernel;
use q_value::{QResult, Value};

use crate::arguments::{Domain, strategy};

/// What a definition says of some arguments.
pub(crate) enum Expected {
    /// The answer; floats may differ in their last digits, since sums are taken in another order.
    Is(Value),
    /// An error.
    Fails,
    /// Nothing: the definition covers a part of the domain only.
    Open,
}

/// A kernel's name, what its arguments are drawn from, and its definition.
pub(crate) struct Row {
    pub name: &'static str,
    pub arguments: &'static [Domain],
    pub definition: fn(&[Value]) -> Expected,
}

pub(crate) const fn row(
    name: &'static str,
    arguments: &'static [Domain],
    definition: fn(&[Value]) -> Expected,
) -> Row {
    Row {
        name,
        arguments,
        definition,
    }
}

/// A kernel by its keyword, or by the glyph of its primitive.
pub(crate) fn call(name: &str, arguments: Vec<Value>) -> QResult<Value> {
    let [x, rest @ ..] = &arguments[..] else {
        panic!("{name} without arguments")
    };
    if let Some(keyword) = q_kernels::keywords().find(|keyword| keyword.name == name) {
        return match (keyword.kernel, rest) {
            (Kernel::One(kernel), []) => {
                let [x] = into(arguments);
                kernel(x)
            }
            (Kernel::Two(kernel), [_]) => {
                let [x, y] = into(arguments);
                kernel(x, y)
            }
            (Kernel::Three(kernel), [_, _]) => {
                let [x, y, z] = into(arguments);
                kernel(x, y, z)
            }
            (Kernel::Many(kernel), _) => kernel(arguments),
            (kernel, _) => panic!("{name} takes {:?} arguments", kernel.rank()),
        };
    }
    let glyph = q_value::Binary::ALL
        .iter()
        .find(|op| op.text() == name)
        .unwrap_or_else(|| panic!("{name} is no kernel"));
    let _ = x;
    let [x, y] = into(arguments);
    q_kernels::binary(*glyph, x, y)
}

fn into<const N: usize>(arguments: Vec<Value>) -> [Value; N] {
    arguments.try_into().expect("as many as the kernel takes")
}

/// Equal in structure, type and items; floats to 1e-9 of their size. The type of an empty list is left open.
pub(crate) fn agree(found: &Value, expected: &Value) -> bool {
    let near = |x: f64, y: f64, tolerance: f64| {
        x == y
            || x.is_nan() && y.is_nan()
            || (x - y).abs() <= tolerance * (1.0 + x.abs().max(y.abs()))
    };
    match (found, expected) {
        (Value::Float(x), Value::Float(y)) | (Value::Datetime(x), Value::Datetime(y)) => {
            near(*x, *y, 1e-9)
        }
        (Value::Real(x), Value::Real(y)) => near(f64::from(*x), f64::from(*y), 1e-4),
        (Value::Dict(x), Value::Dict(y)) => agree(&x.keys, &y.keys) && agree(&x.values, &y.values),
        (Value::Table(x), Value::Table(y)) => {
            x.names[..] == y.names[..] && x.columns.iter().zip(&y.columns).all(|(x, y)| agree(x, y))
        }
        (x, y) if x.is_list() && y.is_list() => {
            x.count() == y.count()
                && (x.count() == 0 || x.type_number() == y.type_number())
                && x.items().iter().zip(y.items()).all(|(x, y)| agree(x, &y))
        }
        (x, y) => x.is_identical(y),
    }
}

/// An own copy of a list, so that nobody else holds its memory.
fn unshared(value: &Value) -> Value {
    match value {
        Value::List(items) => Value::list(items.iter().map(unshared).collect()),
        value if value.is_list() && value.count() > 0 => Value::from_items(value.items()),
        value => value.clone(),
    }
}

fn check_once(
    row: &Row,
    arguments: &[Value],
    answered: &std::cell::Cell<u32>,
) -> Result<(), TestCaseError> {
    let expected = (row.definition)(arguments);
    if !matches!(expected, Expected::Open) {
        answered.set(answered.get() + 1);
    }
    for keeps in [true, false] {
        let own: Vec<Value> = arguments.iter().map(unshared).collect();
        let kept = keeps.then(|| own.clone());
        let found = call(row.name, own);
        match (&expected, &found) {
            (Expected::Open, _) | (Expected::Fails, Err(_)) => (),
            (Expected::Is(expected), Ok(found)) if agree(found, expected) => (),
            (Expected::Is(expected), found) => {
                return Err(TestCaseError::fail(format!(
                    "{} of {arguments:?} (shared: {keeps}): {found:?} is not {expected:?}",
                    row.name
                )));
            }
            (Expected::Fails, Ok(found)) => {
                return Err(TestCaseError::fail(format!(
                    "{} of {arguments:?} should fail: {found:?}",
                    row.name
                )));
            }
        }
        for (kept, before) in kept.iter().flatten().zip(arguments) {
            if !kept.is_identical(before) {
                return Err(TestCaseError::fail(format!(
                    "{} changed a shared argument: {before:?} became {kept:?}",
                    row.name
                )));
            }
        }
    }
    Ok(())
}

/// Random cases for each kernel.
const CASES: u32 = 400;
/// A definition that leaves almost everything open would show nothing.
const ANSWERED_MIN: u32 = 15;

/// Runs every row of a table; all kernels that differ are named.
pub(crate) fn check(rows: &[Row]) {
    let mut report = String::new();
    for row in rows {
        let arguments: Vec<_> = row
            .arguments
            .iter()
            .map(|domain| strategy(*domain))
            .collect();
        let mut runner = TestRunner::new(Config {
            cases: CASES,
            failure_persistence: None,
            ..Config::default()
        });
        let answered = std::cell::Cell::new(0);
        let run = runner.run(&arguments, |arguments| {
            check_once(row, &arguments, &answered)
        });
        if let Err(error) = run {
            report.push_str(&format!("{}: {error}\n", row.name));
        } else if answered.get() < ANSWERED_MIN {
            report.push_str(&format!(
                "{}: the definition answers only {} of {CASES} cases\n",
                row.name,
                answered.get()
            ));
        }
    }
    assert!(report.is_empty(), "\n{report}");
}
