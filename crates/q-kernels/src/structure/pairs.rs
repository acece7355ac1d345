//! Two vectors of one type, whichever it is.

/// Runs `$body` with `$a` and `$b` the `Vector`s of two vector values of one type and wraps its result in that type;
/// enumerations, general lists and unlike pairs go to `$other`.
macro_rules! same_vectors {
    ($x:expr, $y:expr, ($a:ident, $b:ident) => $body:expr, else ($p:ident, $q:ident) => $other:expr) => {{
        use q_value::Value;
        match ($x, $y) {
            (Value::Booleans($a), Value::Booleans($b)) => Value::Booleans($body),
            (Value::Guids($a), Value::Guids($b)) => Value::Guids($body),
            (Value::Bytes($a), Value::Bytes($b)) => Value::Bytes($body),
            (Value::Shorts($a), Value::Shorts($b)) => Value::Shorts($body),
            (Value::Ints($a), Value::Ints($b)) => Value::Ints($body),
            (Value::Longs($a), Value::Longs($b)) => Value::Longs($body),
            (Value::Reals($a), Value::Reals($b)) => Value::Reals($body),
            (Value::Floats($a), Value::Floats($b)) => Value::Floats($body),
            (Value::Chars($a), Value::Chars($b)) => Value::Chars($body),
            (Value::Symbols($a), Value::Symbols($b)) => Value::Symbols($body),
            (Value::Timestamps($a), Value::Timestamps($b)) => Value::Timestamps($body),
            (Value::Months($a), Value::Months($b)) => Value::Months($body),
            (Value::Dates($a), Value::Dates($b)) => Value::Dates($body),
            (Value::Datetimes($a), Value::Datetimes($b)) => Value::Datetimes($body),
            (Value::Timespans($a), Value::Timespans($b)) => Value::Timespans($body),
            (Value::Minutes($a), Value::Minutes($b)) => Value::Minutes($body),
            (Value::Seconds($a), Value::Seconds($b)) => Value::Seconds($body),
            (Value::Times($a), Value::Times($b)) => Value::Times($body),
            ($p, $q) => $other,
        }
    }};
}
pub(crate) use same_vectors;

/// Changes the `Vector` inside a vector value by `$body` and wraps it again; enumerations by their indices. Everything
/// else goes to `$other`.
macro_rules! map_vector {
    ($x:expr, $v:ident => $body:expr, else $name:ident => $other:expr) => {{
        use q_value::Value;
        match $x {
            Value::Booleans($v) => Value::Booleans($body),
            Value::Guids($v) => Value::Guids($body),
            Value::Bytes($v) => Value::Bytes($body),
            Value::Shorts($v) => Value::Shorts($body),
            Value::Ints($v) => Value::Ints($body),
            Value::Longs($v) => Value::Longs($body),
            Value::Reals($v) => Value::Reals($body),
            Value::Floats($v) => Value::Floats($body),
            Value::Chars($v) => Value::Chars($body),
            Value::Symbols($v) => Value::Symbols($body),
            Value::Timestamps($v) => Value::Timestamps($body),
            Value::Months($v) => Value::Months($body),
            Value::Dates($v) => Value::Dates($body),
            Value::Datetimes($v) => Value::Datetimes($body),
            Value::Timespans($v) => Value::Timespans($body),
            Value::Minutes($v) => Value::Minutes($body),
            Value::Seconds($v) => Value::Seconds($body),
            Value::Times($v) => Value::Times($body),
            Value::List($v) => Value::List($body),
            Value::Enums(enumeration) => {
                let domain = enumeration.domain;
                let $v = std::sync::Arc::unwrap_or_clone(enumeration).indices;
                Value::enums(domain, $body)
            }
            $name => $other,
        }
    }};
}
pub(crate) use map_vector;
