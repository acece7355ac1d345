//! What a query asks for, whichever way it was written.

use q_value::{QError, QResult, Symbol, Value, Vector};

/// Named parse trees.
pub(crate) type Columns = Vec<(Symbol, Value)>;

/// The by-clause.
#[derive(Clone)]
pub(crate) enum By {
    None,
    /// `select distinct`, `1b`.
    Distinct,
    Columns(Columns),
    /// `exec .. by g`: one tree without a name.
    Single(Value),
}

/// The columns asked for.
#[derive(Clone)]
pub(crate) enum Wanted {
    /// All columns as they are.
    All,
    Columns(Columns),
    /// `exec c`: one tree without a name.
    Single(Value),
}

/// A select or exec.
#[derive(Clone)]
pub(crate) struct Plan {
    pub is_exec: bool,
    pub conditions: Vec<Value>,
    pub by: By,
    pub wanted: Wanted,
    /// `n` or `m n` of `select[..]`.
    pub limit: Option<Value>,
    /// Ascending, and what to order by.
    pub order: Option<(bool, Value)>,
}

/// Named trees of a dictionary whose keys are symbols.
pub(crate) fn columns_of(dict: &Value) -> QResult<Columns> {
    let Value::Dict(dict) = dict else {
        return Err(QError::type_error());
    };
    let names: Vector<Symbol> = match &dict.keys {
        Value::Symbols(names) => names.clone(),
        keys if keys.count() == 0 => Vector::default(),
        _ => return Err(QError::type_error()),
    };
    Ok(names
        .iter()
        .enumerate()
        .map(|(at, name)| (*name, dict.values.item(at).unwrap_or(Value::Identity)))
        .collect())
}
