//! Atomic functions of one number, and powers and logarithms of two.

use q_value::{QError, QResult, Symbol, Type, Value, Vector};

use crate::arithmetic::{pair_type, pervade, with_number};
use crate::convert::Whole as _;
use crate::lanes::{self, Operand, with_lane};
use crate::pervade::{self, Missing};
use crate::result_types::{self, UnaryTable};
use crate::{Keyword, enumeration, loops};

pub(crate) static TABLE: &[Keyword] = &[
    Keyword::one("abs", abs),
    Keyword::one("neg", neg),
    Keyword::one("signum", signum),
    Keyword::one("reciprocal", reciprocal),
    Keyword::one("sqrt", sqrt),
    Keyword::one("exp", exp),
    Keyword::one("log", log),
    Keyword::one("sin", sin),
    Keyword::one("cos", cos),
    Keyword::one("tan", tan),
    Keyword::one("asin", asin),
    Keyword::one("acos", acos),
    Keyword::one("atan", atan),
    Keyword::one("floor", floor),
    Keyword::one("ceiling", ceiling),
    Keyword::one("not", not),
    Keyword::one("null", null),
    Keyword::two("xexp", xexp),
    Keyword::two("xlog", xlog),
];

/// The result type of one argument by its table.
fn type_of(table: UnaryTable, x: &Value) -> QResult<Type> {
    x.basic_type()
        .and_then(|ty| result_types::of_one(table, ty))
        .ok_or_else(QError::type_error)
}

/// Through floats, into the type of the table.
fn through_floats(
    table: UnaryTable,
    x: Value,
    f: impl Fn(f64) -> f64 + Copy + Sync,
) -> QResult<Value> {
    pervade::one(x, &|x| {
        let ty = type_of(table, &x)?;
        let floats = lanes::raw::<f64>(x)?.map_same(f);
        if matches!(ty, Type::Float | Type::Datetime) {
            return Ok(floats.wrap(ty));
        }
        let floats = floats.wrap(Type::Float);
        with_lane!(ty, T => Ok(lanes::raw::<T>(floats)?.wrap(ty)), else Err(QError::type_error()))
    })
}

macro_rules! real_functions {
    ($($(#[$doc:meta])* $name:ident = $f:expr;)*) => { $(
        $(#[$doc])*
        pub fn $name(x: Value) -> QResult<Value> {
            through_floats(result_types::REAL_FUNCTION, x, $f)
        }
    )* };
}

real_functions! {
    /// Square root; of negative numbers null.
    sqrt = f64::sqrt;
    /// e to the power of x.
    exp = f64::exp;
    /// Natural logarithm; of negative numbers null, of zero minus infinity.
    log = f64::ln;
    /// Sine of radians.
    sin = f64::sin;
    /// Cosine of radians.
    cos = f64::cos;
    /// Tangent of radians.
    tan = f64::tan;
    /// Arc sine in radians.
    asin = f64::asin;
    /// Arc cosine in radians.
    acos = f64::acos;
    /// Arc tangent in radians.
    atan = f64::atan;
}

/// One divided by x.
pub fn reciprocal(x: Value) -> QResult<Value> {
    through_floats(result_types::RECIPROCAL, x, |x| 1.0 / x)
}

/// x with the sign dropped; the null of integers stays.
pub fn abs(x: Value) -> QResult<Value> {
    pervade::one(x, &|x| {
        let ty = type_of(result_types::ABS, &x)?;
        match ty {
            Type::Short => Ok(lanes::raw::<i16>(x)?.map_same(i16::wrapping_abs).wrap(ty)),
            Type::Real => Ok(lanes::raw::<f32>(x)?.map_same(f32::abs).wrap(ty)),
            Type::Float | Type::Datetime => Ok(lanes::raw::<f64>(x)?.map_same(f64::abs).wrap(ty)),
            Type::Long | Type::Timestamp | Type::Timespan => {
                Ok(lanes::raw::<i64>(x)?.map_same(i64::wrapping_abs).wrap(ty))
            }
            _ => Ok(lanes::raw::<i32>(x)?.map_same(i32::wrapping_abs).wrap(ty)),
        }
    })
}

/// x with the other sign; the null of integers stays.
pub fn neg(x: Value) -> QResult<Value> {
    pervade::one(x, &|x| {
        let ty = type_of(result_types::NEG, &x)?;
        match ty {
            Type::Short => Ok(lanes::raw::<i16>(x)?.map_same(i16::wrapping_neg).wrap(ty)),
            Type::Real => Ok(lanes::raw::<f32>(x)?.map_same(|x| -x).wrap(ty)),
            Type::Float | Type::Datetime => Ok(lanes::raw::<f64>(x)?.map_same(|x| -x).wrap(ty)),
            Type::Long | Type::Timestamp | Type::Timespan => {
                Ok(lanes::raw::<i64>(x)?.map_same(i64::wrapping_neg).wrap(ty))
            }
            _ => Ok(lanes::raw::<i32>(x)?.map_same(i32::wrapping_neg).wrap(ty)),
        }
    })
}

/// -1, 0 or 1 as int; of nulls -1.
pub fn signum(x: Value) -> QResult<Value> {
    pervade::one(x, &|x| {
        let ty = type_of(result_types::SIGNUM, &x)?;
        let source = x.basic_type().ok_or_else(QError::type_error)?;
        let sign = |x: f64| {
            if x > 0.0 {
                1
            } else if x == 0.0 {
                0
            } else {
                -1
            }
        };
        let signs: Operand<i32> = match source {
            Type::Real | Type::Float | Type::Datetime => lanes::raw::<f64>(x)?.map(sign),
            _ => lanes::raw::<i64>(x)?.map(|x| x.signum() as i32),
        };
        Ok(signs.wrap(ty))
    })
}

/// The whole number not above x, exactly (`ref/floor`: tolerant before V3.0 only); chars and symbols in lower case.
pub fn floor(x: Value) -> QResult<Value> {
    pervade::one(x, &|x| {
        let ty = type_of(result_types::FLOOR, &x)?;
        match (ty, enumeration::resolve(x)) {
            (Type::Char, Value::Char(x)) => Ok(Value::Char(x.to_ascii_lowercase())),
            (Type::Char, Value::Chars(x)) => Ok(Value::Chars(
                loops::map(&x, |x: u8| x.to_ascii_lowercase()).into(),
            )),
            (_, Value::Symbol(x)) => Ok(Value::Symbol(lower_symbol(x))),
            (_, Value::Symbols(x)) => Ok(Value::Symbols(
                x.iter()
                    .map(|x| lower_symbol(*x))
                    .collect::<Vector<Symbol>>(),
            )),
            (
                Type::Long,
                x @ (Value::Real(_) | Value::Reals(_) | Value::Float(_) | Value::Floats(_)),
            ) => Ok(lanes::raw::<f64>(x)?
                .map(|x| -> i64 { x.floor().whole() })
                .wrap(ty)),
            (_, x) => Ok(x),
        }
    })
}

fn lower_symbol(x: Symbol) -> Symbol {
    Symbol::new(x.as_bytes().to_ascii_lowercase())
}

/// The whole number not below x, exactly (`ref/ceiling`).
pub fn ceiling(x: Value) -> QResult<Value> {
    pervade::one(x, &|x| {
        let ty = type_of(result_types::CEILING, &x)?;
        match x {
            x @ (Value::Real(_) | Value::Reals(_) | Value::Float(_) | Value::Floats(_)) => {
                Ok(lanes::raw::<f64>(x)?
                    .map(|x| -> i64 { x.ceil().whole() })
                    .wrap(ty))
            }
            x if ty == Type::Short => Ok(x),
            x => with_number!(ty, T => Ok(lanes::raw::<T>(x)?.wrap(ty))),
        }
    })
}

/// True where x is zero.
///
/// Errors: `'type` for symbols and guids.
pub fn not(x: Value) -> QResult<Value> {
    if let Value::Boolean(x) = x {
        return Ok(Value::Boolean(!x));
    }
    pervade::one(x, &|x| {
        let ty = x.basic_type().ok_or_else(QError::type_error)?;
        match x {
            x @ (Value::Boolean(_) | Value::Booleans(_)) => {
                Ok(lanes::raw::<bool>(x)?.map_same(|x| !x).wrap(ty))
            }
            x => with_lane!(ty, T => {
                let zero: T = Default::default();
                Ok(lanes::raw::<T>(x)?.map(move |x| x == zero).wrap(Type::Boolean))
            }, else Err(QError::type_error())),
        }
    })
}

/// True where x is null; never for booleans and bytes.
pub fn null(x: Value) -> QResult<Value> {
    pervade::one(x, &|x| {
        use q_value::Element;
        Ok(match x {
            Value::Booleans(v) => Value::Booleans(vec![false; v.len()].into()),
            Value::Bytes(v) => Value::Booleans(vec![false; v.len()].into()),
            Value::Chars(v) => Value::Booleans(loops::map(&v, |x| x == b' ').into()),
            Value::Symbols(v) => Value::Booleans(loops::map(&v, |x: Symbol| x.is_null()).into()),
            Value::Guids(v) => {
                Value::Booleans(loops::map(&v, |x: q_value::Guid| x == [0; 16]).into())
            }
            // not what the index stands for counts, but whether it stands for anything (`ref/null`)
            Value::Enums(v) => Value::Booleans(loops::map(&v.indices, |x| x.is_null()).into()),
            Value::Enum(atom) => Value::Boolean(atom.index.is_null()),
            x if x.is_vector() => {
                let ty = x.basic_type().ok_or_else(QError::type_error)?;
                return with_lane!(ty, T => {
                    Ok(lanes::raw::<T>(x)?.map(|x| x.is_null()).wrap(Type::Boolean))
                }, else Err(QError::type_error()));
            }
            atom => Value::Boolean(atom.is_null_atom()),
        })
    })
}

/// x to the power of y, as float; null where either is, and for a negative base with a fraction.
pub fn xexp(x: Value, y: Value) -> QResult<Value> {
    pervade(x, y, Missing::Keep, &|x, y| {
        let ty = pair_type(&result_types::DIVIDE, &x, &y)?;
        let (x, y) = (lanes::raw::<f64>(x)?, lanes::raw::<f64>(y)?);
        let power = |x: f64, y: f64| {
            if x.is_nan() || y.is_nan() {
                f64::NAN
            } else {
                x.powf(y)
            }
        };
        Ok(lanes::zip_same(x, y, power)?.wrap(ty))
    })
}

/// The logarithm of y to the base x.
pub fn xlog(x: Value, y: Value) -> QResult<Value> {
    pervade(x, y, Missing::Keep, &|x, y| {
        let ty = pair_type(&result_types::DIVIDE, &x, &y)?;
        let (x, y) = (lanes::raw::<f64>(x)?, lanes::raw::<f64>(y)?);
        Ok(lanes::zip_same(x, y, |x, y| y.ln() / x.ln())?.wrap(ty))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floor_and_ceiling_are_exact() {
        assert!(
            floor(Value::Float(3.0 - 1e-14))
                .expect("float")
                .is_identical(&Value::Long(2))
        );
        assert!(
            ceiling(Value::Float(3.0 + 1e-14))
                .expect("float")
                .is_identical(&Value::Long(4))
        );
        assert!(
            ceiling(Value::Float(-2.5))
                .expect("float")
                .is_identical(&Value::Long(-2))
        );
        assert!(
            floor(Value::Float(f64::NAN))
                .expect("float")
                .is_identical(&Value::Long(i64::MIN))
        );
        assert!(
            floor(Value::string("ABc"))
                .expect("text")
                .is_identical(&Value::string("abc"))
        );
    }

    #[test]
    fn signs_of_nulls_are_negative() {
        for null in [
            Value::Long(i64::MIN),
            Value::Float(f64::NAN),
            Value::Short(i16::MIN),
        ] {
            assert!(signum(null).expect("number").is_identical(&Value::Int(-1)));
        }
    }
}
