//! Every cell of the reference's type tables, asserted against what the kernels give.

use q_value::{QResult, Type, Value};

use crate::result_types as tables;
use crate::result_types::{PairTable, UnaryTable};
use crate::{aggregate, arithmetic, compare, division, maths, moving, running, statistics};

/// An atom of each type whose number is one.
fn one_of(ty: Type) -> Value {
    match ty {
        Type::Boolean => Value::Boolean(true),
        Type::Guid => Value::Guid(std::sync::Arc::new([1; 16])),
        Type::Byte => Value::Byte(1),
        Type::Short => Value::Short(1),
        Type::Real => Value::Real(1.0),
        Type::Char => Value::Char(1),
        Type::Symbol => Value::symbol("one"),
        Type::Long | Type::Timestamp | Type::Timespan => Value::from_i64(ty, 1),
        Type::Float | Type::Datetime => Value::from_f64(ty, 1.0),
        _ => Value::from_i32(ty, 1),
    }
}

fn letter(answer: QResult<Value>) -> char {
    match answer {
        Err(error) => {
            assert_eq!(error.text(), b"type");
            '.'
        }
        Ok(value) => char::from(value.basic_type().expect("an atom or vector").letter()),
    }
}

type Two = fn(Value, Value) -> QResult<Value>;
type One = fn(Value) -> QResult<Value>;

#[test]
fn every_cell_of_the_pair_tables() {
    let pairs: [(&str, Two, &PairTable); 15] = [
        ("+", arithmetic::add, &tables::ADD),
        ("-", arithmetic::subtract, &tables::SUBTRACT),
        ("*", arithmetic::multiply, &tables::MULTIPLY),
        ("%", arithmetic::divide, &tables::DIVIDE),
        ("&", arithmetic::lesser, &tables::EXTREME),
        ("|", arithmetic::greater, &tables::EXTREME),
        ("^", arithmetic::fill, &tables::FILL),
        ("mod", division::modulo, &tables::MODULO),
        ("=", compare::equal, &tables::COMPARE),
        ("<>", compare::not_equal, &tables::COMPARE),
        ("<", compare::less, &tables::COMPARE),
        (">", compare::greater, &tables::COMPARE),
        ("<=", compare::less_equal, &tables::COMPARE),
        (">=", compare::greater_equal, &tables::COMPARE),
        ("wsum", statistics::wsum, &tables::MULTIPLY),
    ];
    for (name, kernel, table) in pairs {
        for (row, x) in Type::ALL.into_iter().enumerate() {
            for (column, y) in Type::ALL.into_iter().enumerate() {
                let expected = char::from(table[row].as_bytes()[column]);
                let (x, y) = (one_of(x), one_of(y));
                assert_eq!(
                    letter(kernel(x.clone(), y.clone())),
                    expected,
                    "{x:?} {name} {y:?}"
                );
                if name != "wsum" {
                    let listed = kernel(x.clone().enlist(), y.clone());
                    assert_eq!(letter(listed), expected, "list of {x:?} {name} {y:?}");
                }
            }
        }
    }
}

#[test]
fn every_cell_of_the_unary_tables() {
    // the reference's floor table gives two versions; chars and symbols in lower case as there
    let atomic: [(&str, One, UnaryTable); 17] = [
        ("abs", maths::abs, "i.ihijefi.pmdznuvt"),
        ("neg", maths::neg, "i.ihijefi.pmdznuvt"),
        ("signum", maths::signum, "i.iiiiiii.iiiiiiii"),
        ("ceiling", maths::ceiling, "i.ihijjji........."),
        ("floor", maths::floor, "...hijjjcs........"),
        ("sqrt", maths::sqrt, "f.fffffff.fffzffff"),
        ("exp", maths::exp, "f.fffffff.fffzffff"),
        ("log", maths::log, "f.fffffff.fffzffff"),
        ("sin", maths::sin, "f.fffffff.fffzffff"),
        ("cos", maths::cos, "f.fffffff.fffzffff"),
        ("tan", maths::tan, "f.fffffff.fffzffff"),
        ("asin", maths::asin, "f.fffffff.fffzffff"),
        ("acos", maths::acos, "f.fffffff.fffzffff"),
        ("atan", maths::atan, "f.fffffff.fffzffff"),
        ("reciprocal", maths::reciprocal, "f.fffffff.pffzffff"),
        ("null", maths::null, "bbbbbbbbbbbbbbbbbb"),
        ("not", maths::not, "b.bbbbbbb.bbbbbbbb"),
    ];
    // sums of chars: the table says int, the examples of the same page `'type`
    let of_lists: [(&str, One, UnaryTable); 14] = [
        ("sum", aggregate::sum, "i.iiijef..pmdznuvt"),
        ("prd", aggregate::prd, "i.iiijef..pmdznuvt"),
        ("max", aggregate::max, "b.xhijefc.pmdznuvt"),
        ("min", aggregate::min, "b.xhijefc.pmdznuvt"),
        ("avg", aggregate::avg, "f.fffffff.ffffffff"),
        ("med", statistics::med, "f.fffffff.ffffffff"),
        ("var", statistics::var, "f.fffffff.ffffffff"),
        ("svar", statistics::svar, "f.fffffff.ffffffff"),
        ("dev", statistics::dev, "f.fffffff.ffffffff"),
        ("sums", running::sums, "i.iiijef..pmdznuvt"),
        ("prds", running::prds, "i.iiijef..pmdznuvt"),
        ("maxs", running::maxs, "b.xhijefc.pmdznuvt"),
        ("mins", running::mins, "b.xhijefc.pmdznuvt"),
        ("avgs", running::avgs, "f.fffffff.ffffffff"),
    ];
    for (name, kernel, table) in atomic.into_iter().chain(of_lists) {
        for (at, ty) in Type::ALL.into_iter().enumerate() {
            let expected = char::from(table.as_bytes()[at]);
            assert_eq!(
                letter(kernel(one_of(ty).enlist())),
                expected,
                "{name} of a list of {ty:?}"
            );
        }
    }
    for (name, kernel, table) in atomic {
        for (at, ty) in Type::ALL.into_iter().enumerate() {
            let expected = char::from(table.as_bytes()[at]);
            assert_eq!(letter(kernel(one_of(ty))), expected, "{name} of {ty:?}");
        }
    }
}

#[test]
fn every_cell_of_the_moving_tables() {
    // extremes: the reference's rows also allow guids and symbols, which have no extremes elsewhere
    let moving: [(&str, Two, UnaryTable); 3] = [
        ("msum", moving::msum, "i.iiijef..niifnuvt"),
        ("mmax", moving::mmax, "b.xhijefc.pmdznuvt"),
        ("mmin", moving::mmin, "b.xhijefc.pmdznuvt"),
    ];
    for (name, kernel, table) in moving {
        for width in [
            Type::Boolean,
            Type::Byte,
            Type::Short,
            Type::Int,
            Type::Long,
        ] {
            for (at, ty) in Type::ALL.into_iter().enumerate() {
                let expected = char::from(table.as_bytes()[at]);
                assert_eq!(
                    letter(kernel(one_of(width), one_of(ty).enlist())),
                    expected,
                    "{width:?} {name} {ty:?}"
                );
            }
        }
        for width in [
            Type::Real,
            Type::Float,
            Type::Char,
            Type::Symbol,
            Type::Date,
        ] {
            assert_eq!(
                letter(kernel(one_of(width), Value::Longs(vec![1].into()))),
                '.',
                "{width:?} {name}"
            );
        }
    }
}
