//! Window joins: `wj`, `wj1` (`ref/wj`).

use q_value::{QError, QResult, Symbol, Table, Value};

use crate::index;
use crate::interpreter::Interpreter;
use crate::primitives::Row;

pub(crate) static TABLE: &[Row] = &[Row::four("wj", wj), Row::four("wj1", wj1)];

fn wj(
    interpreter: &mut Interpreter,
    windows: Value,
    columns: Value,
    t: Value,
    spec: Value,
) -> QResult<Value> {
    super::tables::changed(interpreter, t, |interpreter, t| {
        join(interpreter, &windows, &columns, &t, &spec, true)
    })
}

fn wj1(
    interpreter: &mut Interpreter,
    windows: Value,
    columns: Value,
    t: Value,
    spec: Value,
) -> QResult<Value> {
    super::tables::changed(interpreter, t, |interpreter, t| {
        join(interpreter, &windows, &columns, &t, &spec, false)
    })
}

/// For each row of `t` the aggregates of the rows of `q` that match on all but the last column and lie in the window on
/// the last one; with `prevailing` the last row before the window counts too.
fn join(
    interpreter: &mut Interpreter,
    windows: &Value,
    columns: &Value,
    t: &Value,
    spec: &Value,
    prevailing: bool,
) -> QResult<Value> {
    let Value::Symbols(columns) = columns else {
        return Err(QError::type_error());
    };
    let (Some(starts), Some(ends), 2) = (windows.item(0), windows.item(1), windows.count()) else {
        return Err(QError::length());
    };
    let (Value::Table(left), Some(Value::Table(right))) = (t, spec.item(0)) else {
        return Err(QError::type_error());
    };
    let (time, equal) = columns.split_last().ok_or_else(QError::length)?;
    let rows = left.row_count();
    if starts.count() != rows || ends.count() != rows {
        return Err(QError::length());
    }
    let times = right.column(*time).cloned().ok_or_else(|| missing(*time))?;
    let groups = right_groups(&right, equal)?;
    let aggregates = aggregates(spec, &right)?;
    let mut results: Vec<Vec<Value>> = vec![Vec::with_capacity(rows); aggregates.len()];
    for row in 0..rows {
        let places = matching_rows(&groups, left, equal, row)?;
        let inside = window(&times, &places, &starts, &ends, row, prevailing)?;
        for ((function, arguments, _), cells) in aggregates.iter().zip(&mut results) {
            let arguments = arguments
                .iter()
                .map(|column| index::gather_rows(column, &inside))
                .collect();
            cells.push(interpreter.apply(function, arguments)?);
        }
    }
    let mut table = (**left).clone();
    for ((_, _, name), cells) in aggregates.iter().zip(results) {
        let column = Value::from_items(cells);
        // two aggregates of one column make two columns of its name
        match left.names.iter().position(|other| other == name) {
            Some(at) => table.columns[at] = column,
            None => {
                table.names.make_mut().push(*name);
                table.columns.push(column);
            }
        }
    }
    Ok(Value::Table(table.into()))
}

fn missing(name: Symbol) -> QError {
    QError::signal(name.as_bytes().to_vec())
}

/// Rows of the right table by their values in the equal columns; `None` when there are no such columns.
fn right_groups(right: &Table, equal: &[Symbol]) -> QResult<Option<Value>> {
    if equal.is_empty() {
        return Ok(None);
    }
    let columns: Option<Vec<Value>> = equal
        .iter()
        .map(|name| right.column(*name).cloned())
        .collect();
    let columns = columns.ok_or_else(QError::type_error)?;
    let keys = Value::table(equal.to_vec().into(), columns);
    q_kernels::unary(q_value::Unary::Group, keys).map(Some)
}

fn matching_rows(
    groups: &Option<Value>,
    left: &Table,
    equal: &[Symbol],
    row: usize,
) -> QResult<Option<Value>> {
    let Some(Value::Dict(groups)) = groups else {
        return Ok(None);
    };
    let cells: Option<Vec<Value>> = equal
        .iter()
        .map(|name| left.column(*name).and_then(|column| column.item(row)))
        .collect();
    let cells = cells.ok_or_else(QError::type_error)?;
    let key = Value::dict(
        Value::Symbols(equal.to_vec().into()),
        Value::from_items(cells),
    );
    let found = q_kernels::binary(q_value::Binary::Query, groups.keys.clone(), key)?;
    let places = found
        .as_i64()
        .and_then(|at| groups.values.item(usize::try_from(at).ok()?))
        .unwrap_or_else(|| Value::empty_of(q_value::Type::Long));
    Ok(Some(places))
}

/// The rows whose time lies in the window of `row`.
fn window(
    times: &Value,
    places: &Option<Value>,
    starts: &Value,
    ends: &Value,
    row: usize,
    prevailing: bool,
) -> QResult<Vec<i64>> {
    let part = match places {
        Some(places) => index::index(times, places)?,
        None => times.clone(),
    };
    let (start, end) = match (starts.item(row), ends.item(row)) {
        (Some(start), Some(end)) => (start, end),
        _ => return Err(QError::length()),
    };
    let position = |op, bound: Value| -> QResult<i64> {
        q_kernels::binary(op, part.clone(), bound)?
            .as_i64()
            .ok_or_else(QError::type_error)
    };
    let last = position(q_value::Binary::Bin, end)?;
    let first = position(q_value::Binary::Binr, start.clone())?;
    let first = if prevailing {
        // a row at the very start of the window is the prevailing one itself
        let before = position(q_value::Binary::Bin, start)?;
        first.min(before.max(0))
    } else {
        first
    };
    let all = first..=last;
    match places {
        Some(places) => {
            let places = index::as_longs(places).ok_or_else(QError::type_error)?;
            Ok(all
                .filter_map(|at| places.get(at as usize).copied())
                .collect())
        }
        None => Ok(all.collect()),
    }
}

/// What to compute: function, columns of the right table, name of the result.
type Aggregate = (Value, Vec<Value>, Symbol);

fn aggregates(spec: &Value, right: &Table) -> QResult<Vec<Aggregate>> {
    spec.items()
        .into_iter()
        .skip(1)
        .map(|part| {
            let items = part.items();
            let (function, names) = items.split_first().ok_or_else(QError::length)?;
            let mut columns = Vec::with_capacity(names.len());
            let mut last = Symbol::NULL;
            for name in names {
                let Value::Symbol(name) = name else {
                    return Err(QError::type_error());
                };
                columns.push(right.column(*name).cloned().ok_or_else(|| missing(*name))?);
                last = *name;
            }
            Ok((function.clone(), columns, last))
        })
        .collect()
}
