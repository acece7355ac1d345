//! `,`: lists, dictionaries, tables and keyed tables put together.
//!
//! Lists of one type stay vectors, everything else becomes a general list; nothing is promoted (`semantics.md` 29).
//! Dictionaries and keyed tables are upserts: the right side wins, new keys go to the end (73).

use std::sync::Arc;

use q_value::{Dict, EnumVector, QError, QResult, Symbol, Table, Value, Vector};

use super::pairs::same_vectors;
use super::scatter::scatter;
use crate::{enumeration, gather, group, interrupt, search};

/// `x,y`.
///
/// # Errors
/// `'mismatch` when the columns of two tables differ, `'type` for a dictionary with an atom or vector.
pub fn join(x: Value, y: Value) -> QResult<Value> {
    match (x, y) {
        (Value::Dict(x), Value::Dict(y)) => {
            upsert(Arc::unwrap_or_clone(x), Arc::unwrap_or_clone(y))
        }
        (Value::Table(x), Value::Table(y)) => join_tables(Arc::unwrap_or_clone(x), &y),
        (Value::Table(x), Value::Dict(y)) if is_row(&y) => {
            let row = row_table(&y)?;
            join_tables(Arc::unwrap_or_clone(x), &row)
        }
        (Value::Dict(x), Value::Table(y)) if is_row(&x) => {
            let row = row_table(&x)?;
            join_tables(row, &y)
        }
        (Value::Dict(x), Value::Table(y)) if is_keyed(&x) => {
            let keys = match &x.keys {
                Value::Table(keys) => keys.names.len(),
                _ => 0,
            };
            let y = super::keyed::enkey(keys, Value::Table(y))?;
            join(Value::Dict(x), y)
        }
        (Value::Dict(x), Value::List(y)) if y.is_empty() => Ok(Value::Dict(x)),
        (x, Value::Dict(y)) if !is_keyed(&y) && is_simple(&x) => Err(QError::type_error()),
        (Value::Dict(x), y) if !is_keyed(&x) && is_simple(&y) => Err(QError::type_error()),
        (x, y) => Ok(join_lists(x, y)),
    }
}

/// An atom, or a vector with items: these do not go with a dictionary (`ref/raze`).
fn is_simple(x: &Value) -> bool {
    x.is_atom() || x.is_vector() && x.count() > 0
}

fn is_keyed(dict: &Dict) -> bool {
    matches!(
        (&dict.keys, &dict.values),
        (Value::Table(_), Value::Table(_))
    )
}

/// A dictionary that can be a row of a table: symbols to anything.
fn is_row(dict: &Dict) -> bool {
    matches!(dict.keys, Value::Symbols(_))
}

/// The table of this one row.
fn row_table(dict: &Dict) -> QResult<Table> {
    let Value::Symbols(names) = &dict.keys else {
        return Err(QError::type_error());
    };
    let columns = dict.values.items().into_iter().map(Value::enlist).collect();
    Ok(Table::new(names.clone(), columns))
}

/// The table with the columns of these names in front, in their order; as it is when it lacks one.
fn keys_first(names: &Vector<Symbol>, table: Table) -> Table {
    if names.iter().any(|name| table.column(*name).is_none()) {
        return table;
    }
    let others = table.names.iter().filter(|name| !names.contains(name));
    let order: Vector<Symbol> = names.iter().chain(others).copied().collect();
    let columns = order.iter().filter_map(|name| table.column(*name).cloned());
    let columns = columns.collect();
    Table::new(order, columns)
}

/// Puts the rows of `y` after those of `x`; the columns of `y` may stand in another order.
fn join_tables(x: Table, y: &Table) -> QResult<Value> {
    if x.names.len() != y.names.len() {
        return Err(QError::mismatch());
    }
    let mut columns = Vec::with_capacity(x.columns.len());
    for (name, column) in x.names.iter().zip(x.columns) {
        let other = y.column(*name).ok_or_else(QError::mismatch)?;
        columns.push(join_columns(column, other.clone()));
    }
    Ok(Value::table(x.names, columns))
}

/// As [`join_lists`] of two columns: a general list stays one.
pub(crate) fn join_columns(x: Value, y: Value) -> Value {
    match (x, y) {
        (Value::List(x), y) if !x.is_empty() => append_items(x, y),
        (x, Value::List(none)) if none.is_empty() => x,
        (x, y) => join_lists(x, y),
    }
}

/// `x,y` of atoms and lists.
pub fn join_lists(x: Value, y: Value) -> Value {
    let (x, y) = match plain_symbols(x, y) {
        Ok(joined) => return joined,
        Err(pair) => pair,
    };
    if x.is_list() && y.is_list() {
        if is_untyped_empty(&x) {
            return without_attribute(y);
        }
        if is_untyped_empty(&y) {
            return without_attribute(x);
        }
    }
    // `()` takes the type of what joins it; a table is a list of its rows already
    if is_untyped_empty(&x) && !y.is_list() {
        return match y {
            Value::Table(_) => y,
            y => y.enlist(),
        };
    }
    if is_untyped_empty(&y) && !x.is_list() {
        return x.enlist();
    }
    if x.type_number() < 0 && x.type_number() == y.type_number() {
        return Value::from_items(vec![x, y]);
    }
    let x = as_list(x);
    let y = as_list(y);
    same_vectors!(x, y, (a, b) => extend(a, &b), else (x, y) => join_unlike(x, y))
}

/// True for the general list `()`.
fn is_untyped_empty(value: &Value) -> bool {
    matches!(value, Value::List(items) if items.is_empty())
}

fn without_attribute(value: Value) -> Value {
    value.with_attribute(q_value::Attribute::None)
}

/// Joins where an enumeration is involved; gives the pair back when none is.
fn plain_symbols(x: Value, y: Value) -> Result<Value, (Value, Value)> {
    match (&x, &y) {
        (Value::Enums(a), Value::Enums(b)) if a.domain == b.domain => {
            let more = b.indices.clone();
            let domain = a.domain;
            drop(y);
            let Value::Enums(a) = x else {
                return Err((x, Value::enums(domain, more)));
            };
            let EnumVector { indices, .. } = Arc::unwrap_or_clone(a);
            Ok(Value::enums(domain, extend(indices, &more)))
        }
        (Value::Enums(a), Value::Enum(b)) if a.domain == b.domain => {
            let (domain, index) = (a.domain, b.index);
            let Value::Enums(a) = x else {
                return Err((x, y));
            };
            let EnumVector { mut indices, .. } = Arc::unwrap_or_clone(a);
            indices.make_mut().push(index);
            Ok(Value::enums(domain, indices))
        }
        (Value::Enum(a), Value::Enums(b)) if a.domain == b.domain => {
            let mut indices = Vec::with_capacity(b.indices.len() + 1);
            indices.push(a.index);
            indices.extend_from_slice(&b.indices);
            Ok(Value::enums(a.domain, indices.into()))
        }
        (
            Value::Enums(_),
            Value::Enums(_) | Value::Enum(_) | Value::Symbols(_) | Value::Symbol(_),
        )
        | (Value::Symbols(_), Value::Enums(_) | Value::Enum(_))
        | (Value::Enum(_), Value::Enums(_) | Value::Symbols(_))
        | (Value::Symbol(_), Value::Enums(_)) => {
            Err((enumeration::resolve(x), enumeration::resolve(y)))
        }
        _ => Err((x, y)),
    }
}

fn extend<T: Clone>(mut a: Vector<T>, b: &Vector<T>) -> Vector<T> {
    if a.is_unshared() {
        a.make_mut().extend_from_slice(b);
        return a;
    }
    interrupt::expect_room((a.len() + b.len()).saturating_mul(size_of::<T>()));
    // one allocation of the right size instead of a copy that grows
    let mut items = Vec::with_capacity(a.len() + b.len());
    items.extend_from_slice(&a);
    items.extend_from_slice(b);
    items.into()
}

/// Lists as they are, anything else as a list of itself.
fn as_list(value: Value) -> Value {
    if value.is_list() || matches!(value, Value::Table(_)) {
        value
    } else {
        match value {
            Value::Dict(_) => Value::list(vec![value]),
            value => value.enlist(),
        }
    }
}

fn join_unlike(x: Value, y: Value) -> Value {
    if x.count() == 0 && x.is_list() {
        return without_attribute(y);
    }
    if y.count() == 0 && y.is_list() {
        return without_attribute(x);
    }
    match x {
        Value::List(items) => append_items(items, y),
        x => {
            let mut items = x.items();
            items.extend(y.items());
            Value::list(items)
        }
    }
}

fn append_items(mut items: Vector<Value>, y: Value) -> Value {
    let target = items.make_mut();
    match y {
        Value::List(more) => target.extend_from_slice(&more),
        y if y.is_list() || matches!(y, Value::Table(_)) => target.extend(y.items()),
        y => target.push(y),
    }
    Value::List(items)
}

/// The items of many lists in one: what folding [`join`] gives, in one pass where types allow.
///
/// # Errors
/// Those of [`join`].
pub fn concat(parts: Vec<Value>) -> QResult<Value> {
    let Some(first) = parts.first() else {
        return Ok(Value::empty_list());
    };
    let number = first.type_number();
    let total: usize = parts.iter().map(Value::count).sum();
    if first.is_vector() && parts.iter().all(|part| part.type_number() == number) {
        return concat_vectors(parts, total);
    }
    if let Value::Table(table) = first {
        let names = &table.names;
        let fits =
            |part: &Value| matches!(part, Value::Table(other) if other.names[..] == names[..]);
        if parts.iter().all(fits) {
            let names = names.clone();
            let columns: QResult<Vec<Value>> = (0..names.len())
                .map(|at| {
                    let column = parts.iter().filter_map(|part| match part {
                        Value::Table(table) => table.columns.get(at).cloned(),
                        _ => None,
                    });
                    concat_columns(column.collect())
                })
                .collect();
            return Ok(Value::table(names, columns?));
        }
    }
    if parts.iter().all(Value::is_atom) {
        return Ok(Value::from_items(parts));
    }
    let mut parts = parts.into_iter();
    let first = parts.next().unwrap_or_else(Value::empty_list);
    let first = if first.is_atom() {
        first.enlist()
    } else {
        first
    };
    parts.try_fold(first, join)
}

fn concat_columns(parts: Vec<Value>) -> QResult<Value> {
    if parts.iter().any(|part| matches!(part, Value::List(_))) {
        let mut parts = parts.into_iter();
        let first = parts.next().unwrap_or_else(Value::empty_list);
        return Ok(parts.fold(first, join_columns));
    }
    concat(parts)
}

fn concat_vectors(parts: Vec<Value>, total: usize) -> QResult<Value> {
    let mut parts = parts.into_iter();
    let Some(first) = parts.next() else {
        return Ok(Value::empty_list());
    };
    let reserved = reserve(first, total);
    parts.try_fold(reserved, |sum, part| Ok(join_lists(sum, part)))
}

/// The same vector in memory of its own with room for `total` items.
fn reserve(value: Value, total: usize) -> Value {
    fn roomy<T: Clone>(v: Vector<T>, total: usize) -> Vector<T> {
        let mut items = Vec::with_capacity(total.max(v.len()));
        items.extend_from_slice(&v);
        items.into()
    }
    super::pairs::map_vector!(value, v => roomy(v, total), else other => other)
}

/// `x,y` of dictionaries and keyed tables: values of keys that are there are replaced, the others appended.
///
/// # Errors
/// `'mismatch` when key columns differ, or `y` has a column that `x` has not; `'type` when keyed tables differ in the type
/// of a column.
fn upsert(x: Dict, y: Dict) -> QResult<Value> {
    if is_keyed(&x) != is_keyed(&y) {
        if is_keyed(&x) && is_row(&y) {
            let (Value::Table(keys), false) = (&x.keys, x.step) else {
                return Err(QError::type_error());
            };
            let width = keys.names.len();
            let row = keys_first(&keys.names, row_table(&y)?);
            let row = super::keyed::enkey(width, Value::Table(Arc::new(row)))?;
            return join(Value::Dict(Arc::new(x)), row);
        }
        return Err(QError::type_error());
    }
    if x.step {
        return Err(QError::new("step"));
    }
    let y = match (&x.keys, &y.keys) {
        (Value::Table(ours), Value::Table(theirs)) => aligned(ours, theirs, &x, &y)?,
        _ => y,
    };
    if is_keyed(&x) && y.keys.count() > 0 {
        check_types(&x.keys, &y.keys)?;
        check_types(&x.values, &y.values)?;
    }
    let count = x.keys.count();
    let more = y.keys.count();
    let places = if count == 0 {
        vec![0; more]
    } else {
        search::positions(&x.keys, &y.keys).unwrap_or_else(|_| vec![count; more])
    };
    let is_new = |at: usize| at >= count;
    let new_rows: Vec<usize> = (0..more).filter(|row| is_new(places[*row])).collect();
    let mut targets = places.clone();
    let (mut keys, mut values) = (x.keys, x.values);
    if !new_rows.is_empty() {
        let new_keys = gather::at_keeping_lists(&y.keys, &new_rows);
        let groups = group::groups_of(&new_keys)?;
        // the last of repeated new keys is the one that stays
        let mut last_rows = vec![0usize; groups.count];
        for (at, id) in groups.ids.iter().enumerate() {
            last_rows[*id as usize] = new_rows[at];
            targets[new_rows[at]] = count + *id as usize;
        }
        let first_rows: Vec<usize> = groups
            .first_rows
            .iter()
            .map(|row| new_rows[*row as usize])
            .collect();
        keys = join_keeping_kind(keys, gather::at_keeping_lists(&y.keys, &first_rows))?;
        values = join_values(values, &y.values, &last_rows)?;
    }
    let old_rows: Vec<usize> = (0..more).filter(|row| !is_new(places[*row])).collect();
    if !old_rows.is_empty() {
        let positions: Vec<usize> = old_rows.iter().map(|row| targets[*row]).collect();
        let source = gather::at_keeping_lists(&y.values, &old_rows);
        values = scatter(values, &positions, &source)?;
    }
    Ok(Value::dict(keys, values))
}

/// Errors: `'type` where a column of `theirs` has not the type of the column of its name (`ref/join`, "Tables").
/// A column that is a general list takes anything, an enumeration and symbols go together.
fn check_types(ours: &Value, theirs: &Value) -> QResult<()> {
    let (Value::Table(ours), Value::Table(theirs)) = (ours, theirs) else {
        return Ok(());
    };
    let is_symbolic = |column: &Value| matches!(column, Value::Symbols(_) | Value::Enums(_));
    for (name, column) in ours.names.iter().zip(&ours.columns) {
        let Some(other) = theirs.column(*name) else {
            continue;
        };
        let is_alike = !column.is_vector()
            || column.type_number() == other.type_number()
            || is_symbolic(column) && is_symbolic(other);
        if !is_alike {
            return Err(QError::type_error());
        }
    }
    Ok(())
}

fn join_keeping_kind(x: Value, y: Value) -> QResult<Value> {
    match (x, y) {
        (Value::Table(x), Value::Table(y)) => join_tables(Arc::unwrap_or_clone(x), &y),
        (x, y) => Ok(join_columns(x, y)),
    }
}

/// Appends rows of `more`; columns that it does not have get nulls.
fn join_values(values: Value, more: &Value, rows: &[usize]) -> QResult<Value> {
    let (values, more) = match (values, more) {
        (Value::Table(values), Value::Table(more)) => (values, more),
        (values, more) => {
            let more = gather::at_keeping_lists(more, rows);
            return Ok(join_columns(values, more));
        }
    };
    let values = Arc::unwrap_or_clone(values);
    let columns = values
        .names
        .iter()
        .zip(values.columns)
        .map(|(name, column)| {
            let added = match more.column(*name) {
                Some(other) => gather::at_keeping_lists(other, rows),
                None => gather::at_keeping_lists(&column, &vec![usize::MAX; rows.len()]),
            };
            join_columns(column, added)
        })
        .collect();
    Ok(Value::table(values.names, columns))
}

/// `y` with its key columns in the order of `x`, checked.
fn aligned(ours: &Table, theirs: &Table, x: &Dict, y: &Dict) -> QResult<Dict> {
    let keys = in_order(&ours.names, theirs)?;
    if let (Value::Table(ours), Value::Table(theirs)) = (&x.values, &y.values)
        && theirs.names.iter().any(|name| ours.column(*name).is_none())
    {
        return Err(QError::mismatch());
    }
    Ok(Dict {
        keys,
        values: y.values.clone(),
        step: false,
    })
}

fn in_order(names: &Vector<Symbol>, table: &Table) -> QResult<Value> {
    if names.len() != table.names.len() {
        return Err(QError::mismatch());
    }
    let columns: QResult<Vec<Value>> = names
        .iter()
        .map(|name| table.column(*name).cloned().ok_or_else(QError::mismatch))
        .collect();
    Ok(Value::table(names.clone(), columns?))
}

/// `raze x`: the items of the items; of an atom a list of it, of a dictionary its values razed.
///
/// # Errors
/// Those of [`join`].
pub fn raze(x: Value) -> QResult<Value> {
    match x {
        Value::List(items) => {
            if let [only] = &items[..] {
                let is_single = only.is_atom() || only.is_function();
                return Ok(if is_single {
                    Value::List(items)
                } else {
                    only.clone()
                });
            }
            concat(items.into_vec())
        }
        Value::Dict(dict) => match &dict.values {
            Value::Table(_) => Ok(Value::Dict(dict)),
            values => raze(values.clone()),
        },
        // the rows of a table are dictionaries of the same keys, of which the last stays
        Value::Table(table) if table.row_count() > 0 => {
            let last = table.row_count() - 1;
            Value::Table(table).item(last).ok_or_else(QError::index)
        }
        x if x.is_atom() || x.is_function() => Ok(x.enlist()),
        x => Ok(x),
    }
}
