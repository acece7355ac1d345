//! `?[t;c;b;a]`, `![t;c;b;a]`, `?[t;i;p]` and `?[b;x;y]`.

use q_value::{QError, QResult, Symbol, Unary, Value};

use super::plan::{By, Plan, Wanted, columns_of};
use super::{delete, select as run_select, update as run_update};
use crate::index;
use crate::interpreter::Interpreter;

/// The trees of a where-clause given as a list.
fn conditions(value: &Value) -> QResult<Vec<Value>> {
    match value {
        Value::Identity => Ok(Vec::new()),
        value if value.is_list() => Ok(value.items()),
        _ => Err(QError::type_error()),
    }
}

fn is_empty_list(value: &Value) -> bool {
    value.is_list() && value.count() == 0
}

/// `?[t;c;b;a]` with limit and order as fifth and sixth argument.
pub(crate) fn select(interpreter: &mut Interpreter, arguments: Vec<Value>) -> QResult<Value> {
    let mut arguments = arguments.into_iter();
    let (Some(table), Some(clauses), Some(by), Some(wanted)) = (
        arguments.next(),
        arguments.next(),
        arguments.next(),
        arguments.next(),
    ) else {
        return Err(QError::rank());
    };
    let limit = arguments.next();
    let order = match arguments.next() {
        None => None,
        Some(order) => Some(order_of(&order)?),
    };
    // () as by-clause asks for exec
    let is_exec_form = is_empty_list(&by);
    let by = match &by {
        Value::Boolean(false) => By::None,
        Value::Boolean(true) => By::Distinct,
        Value::Dict(_) => By::Columns(columns_of(&by)?),
        by if is_empty_list(by) => By::None,
        by => By::Single(by.clone()),
    };
    let exec_by_shape = matches!(&by, By::Single(_));
    let (wanted, single) = match wanted {
        Value::Dict(_) => {
            let columns = columns_of(&wanted)?;
            (
                if columns.is_empty() {
                    Wanted::All
                } else {
                    Wanted::Columns(columns)
                },
                false,
            )
        }
        wanted if is_empty_list(&wanted) => (Wanted::All, false),
        tree => (Wanted::Single(tree), true),
    };
    let is_exec = exec_by_shape || single || is_exec_form;
    let plan = Plan {
        is_exec,
        conditions: conditions(&clauses)?,
        by,
        wanted,
        limit: limit.filter(|limit| !matches!(limit, Value::Long(i64::MAX))),
        order,
    };
    run_select::run(interpreter, table, plan)
}

/// `(<:;tree)` or `(>:;tree)`, possibly enlisted once.
fn order_of(order: &Value) -> QResult<(bool, Value)> {
    let Value::List(items) = order else {
        return Err(QError::type_error());
    };
    match &items[..] {
        [Value::Unary(Unary::Iasc), tree] => Ok((true, tree.clone())),
        [Value::Unary(Unary::Idesc), tree] => Ok((false, tree.clone())),
        [inner] => order_of(inner),
        _ => Err(QError::type_error()),
    }
}

/// `![t;c;b;a]`: update for a dictionary of columns, delete for a list of names.
pub(crate) fn update(interpreter: &mut Interpreter, arguments: Vec<Value>) -> QResult<Value> {
    let [table, clauses, by, wanted] =
        <[Value; 4]>::try_from(arguments).map_err(|_| QError::rank())?;
    let conditions = conditions(&clauses)?;
    match &wanted {
        Value::Dict(_) => {
            let by = match &by {
                Value::Dict(_) => By::Columns(columns_of(&by)?),
                _ => By::None,
            };
            let plan = Plan {
                is_exec: false,
                conditions,
                by,
                wanted: Wanted::Columns(columns_of(&wanted)?),
                limit: None,
                order: None,
            };
            run_update::run(interpreter, table, &plan)
        }
        Value::Symbols(names) => {
            let names: Vec<Symbol> = names.to_vec();
            delete::run(interpreter, table, &conditions, &names)
        }
        Value::Symbol(name) => delete::run(interpreter, table, &conditions, &[*name]),
        wanted if is_empty_list(wanted) => delete::run(interpreter, table, &conditions, &[]),
        _ => Err(QError::type_error()),
    }
}

/// `?[b;x;y]` on booleans, `?[t;i;p]` on tables.
pub(crate) fn conditional_or_exec(
    interpreter: &mut Interpreter,
    arguments: Vec<Value>,
) -> QResult<Value> {
    let [first, x, y] = <[Value; 3]>::try_from(arguments).map_err(|_| QError::rank())?;
    match &first {
        Value::Boolean(holds) => Ok(if *holds { x } else { y }),
        Value::Booleans(flags) => vector_conditional(flags, &x, &y),
        first => {
            let table = run_select::source(interpreter, first.clone())?;
            simple_exec(interpreter, &table, &x, &y)
        }
    }
}

/// Item by item from `x` where the flag holds, else from `y`; atoms extend.
fn vector_conditional(flags: &[bool], x: &Value, y: &Value) -> QResult<Value> {
    for side in [x, y] {
        if side.is_list() && side.count() != flags.len() {
            return Err(QError::length());
        }
    }
    macro_rules! choose {
        ($($vector:ident $atom:ident)*) => {
            match (x, y) {
                $((Value::$vector(x), Value::$vector(y)) => {
                    return Ok(Value::$vector(flags.iter().zip(x.iter().zip(y.iter())).map(|(flag, (x, y))| if *flag { *x } else { *y }).collect()));
                }
                (Value::$vector(x), Value::$atom(y)) => {
                    return Ok(Value::$vector(flags.iter().zip(x.iter()).map(|(flag, x)| if *flag { *x } else { *y }).collect()));
                }
                (Value::$atom(x), Value::$vector(y)) => {
                    return Ok(Value::$vector(flags.iter().zip(y.iter()).map(|(flag, y)| if *flag { *x } else { *y }).collect()));
                }
                (Value::$atom(x), Value::$atom(y)) => {
                    return Ok(Value::$vector(flags.iter().map(|flag| if *flag { *x } else { *y }).collect()));
                })*
                _ => (),
            }
        };
    }
    choose!(Booleans Boolean Bytes Byte Shorts Short Ints Int Longs Long Reals Real Floats Float Chars Char Symbols Symbol
        Timestamps Timestamp Months Month Dates Date Datetimes Datetime Timespans Timespan Minutes Minute Seconds Second Times Time);
    let part = |side: &Value, at: usize| crate::amend::item_or_whole(side, at);
    let items: Vec<Value> = flags
        .iter()
        .enumerate()
        .map(|(at, flag)| part(if *flag { x } else { y }, at))
        .collect();
    if items.is_empty() {
        return Ok(index::gather_longs(if x.is_list() { x } else { y }, &[]));
    }
    Ok(Value::from_items(items))
}

/// `?[t;i;p]`: the tree `p` over the rows `i`.
fn simple_exec(
    interpreter: &mut Interpreter,
    table: &Value,
    rows: &Value,
    tree: &Value,
) -> QResult<Value> {
    let source = run_select::flatten(table)?;
    let rows = index::as_longs(rows).ok_or_else(QError::type_error)?;
    let selection = super::scope::Selection::with_rows(source.table, rows);
    let (value, _) = interpreter.with_selection(selection, |interpreter| interpreter.eval(tree))?;
    Ok(value)
}
