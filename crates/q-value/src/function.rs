//! Functions as values: lambdas, projections, derived functions and the keywords implemented natively.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use crate::{Binary, Symbol, Unary, Value};

/// What the evaluator keeps with a lambda; opaque here.
pub trait LambdaCode: Any + Send + Sync {
    fn as_any(&self) -> &(dyn Any + Send + Sync);
}

/// A lambda: its text is its identity (`semantics.md` 137), the code is what the evaluator made of it.
pub struct Lambda {
    /// The text as written, braces included; of a k lambda it starts with `k)`.
    pub source: Arc<str>,
    /// The namespace it was defined in, without the leading dot; empty for the root.
    pub namespace: Symbol,
    pub parameters: Vec<Symbol>,
    pub code: Arc<dyn LambdaCode>,
}

/// A function with some arguments given; `None` is a hole.
#[derive(Clone)]
pub struct Projection {
    pub function: Value,
    pub arguments: Vec<Option<Value>>,
}

/// An iterator; the number is its code on the wire, plus 106 the type of the derived function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Iterator {
    /// `'`
    Each = 0,
    /// `/`
    Over = 1,
    /// `\`
    Scan = 2,
    /// `':`
    Prior = 3,
    /// `/:`
    EachRight = 4,
    /// `\:`
    EachLeft = 5,
}

impl Iterator {
    pub const ALL: [Iterator; 6] = [
        Iterator::Each,
        Iterator::Over,
        Iterator::Scan,
        Iterator::Prior,
        Iterator::EachRight,
        Iterator::EachLeft,
    ];

    pub fn text(self) -> &'static str {
        match self {
            Iterator::Each => "'",
            Iterator::Over => "/",
            Iterator::Scan => "\\",
            Iterator::Prior => "':",
            Iterator::EachRight => "/:",
            Iterator::EachLeft => "\\:",
        }
    }
}

/// A function, list or dictionary with an iterator: types 106 to 111.
#[derive(Clone)]
pub struct Derived {
    pub iterator: Iterator,
    pub function: Value,
}

/// A keyword implemented by the evaluator that has no number on the wire: one static entry of its table.
pub struct Native {
    /// The q name, such as `mavg` or `.Q.en`.
    pub name: &'static str,
    /// How many arguments it takes at most; 1 also for those that take any single one.
    pub rank: u8,
    /// Index into the evaluator's table.
    pub id: u16,
}

impl Native {
    /// The function from which kdb+ derives the keyword: its display, type and parts are those of the keyword (reference
    /// pages "variadic syntax" and "value").
    pub fn derivation(&self) -> Option<Value> {
        let (iterator, function) = match self.name {
            "sums" => (Iterator::Scan, Binary::Add),
            "prds" => (Iterator::Scan, Binary::Multiply),
            "maxs" => (Iterator::Scan, Binary::Or),
            "mins" => (Iterator::Scan, Binary::And),
            "fills" => (Iterator::Scan, Binary::Fill),
            "raze" => (Iterator::Over, Binary::Join),
            "deltas" => (Iterator::Prior, Binary::Subtract),
            "ratios" => (Iterator::Prior, Binary::Divide),
            "prev" => (Iterator::Prior, Binary::Assign),
            "differ" => return Some(differ()),
            _ => return None,
        };
        Some(Value::derived(iterator, Value::Binary(function)))
    }
}

/// Not matching the item before, as boolean.
fn differ() -> Value {
    let as_boolean = Value::projection(Value::Binary(Binary::Cast), vec![Some(Value::Char(b'b'))]);
    let matches = Value::derived(Iterator::Prior, Value::Binary(Binary::Match));
    let differs = Value::Composition(Arc::new(vec![Value::Unary(Unary::Not), matches]));
    Value::Composition(Arc::new(vec![as_boolean, differs]))
}

impl Binary {
    /// `<>`, `<=` and `>=` are compositions of `not` and another comparison in kdb+; here each is one primitive.
    pub fn composition(self) -> Option<[Value; 2]> {
        let negated = match self {
            Binary::NotEqual => Binary::Equal,
            Binary::LessEqual => Binary::Greater,
            Binary::GreaterEqual => Binary::Less,
            _ => return None,
        };
        Some([Value::Unary(Unary::Not), Value::Binary(negated)])
    }
}

impl fmt::Debug for Native {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
