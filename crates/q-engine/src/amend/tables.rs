//! Writing rows, columns and cells of tables.

use std::sync::Arc;

use q_value::{Binary, Dict, QError, QResult, Symbol, Table, Value, Vector};

use super::{Before, Change, column_of, item_or_whole, with_first};
use crate::index::as_longs;
use crate::query::aggregate::is_atomic;
use crate::{append, index};

impl Change<'_> {
    pub(super) fn walk_table(
        &mut self,
        target: &mut Value,
        i: &Value,
        rest: &[Value],
        y: Option<Value>,
    ) -> QResult<()> {
        let Value::Table(shared) = target else {
            return Err(QError::type_error());
        };
        match i {
            Value::Symbol(name) => self.walk_column(Arc::make_mut(shared), *name, rest, y),
            Value::Symbols(names) => {
                let names = names.clone();
                if let Some(y) = &y
                    && y.is_list()
                    && y.count() != names.len()
                {
                    return Err(QError::length());
                }
                let parts = parts_of(&names, y.as_ref());
                if !rest.is_empty() {
                    return self.change_columns(Arc::make_mut(shared), parts, rest);
                }
                // whole columns are made anew one by one: holding the former ones makes no copy
                let before = Arc::clone(shared);
                let table = Arc::make_mut(shared);
                let result = parts
                    .into_iter()
                    .try_for_each(|(name, part)| self.walk_column(table, name, rest, part));
                if result.is_err() {
                    *shared = before;
                }
                result
            }
            i => self.walk_rows(target, i, rest, y),
        }
    }

    fn walk_column(
        &mut self,
        table: &mut Table,
        name: Symbol,
        rest: &[Value],
        y: Option<Value>,
    ) -> QResult<()> {
        let rows = table.row_count();
        let at = table.names.iter().position(|other| *other == name);
        let Some(at) = at else {
            if !rest.is_empty() || self.function.is_some() {
                return Err(QError::type_error());
            }
            let column = column_of(y.ok_or_else(QError::rank)?, rows)?;
            table.names.make_mut().push(name);
            table.columns.push(column);
            return Ok(());
        };
        table.sorted = false;
        if !rest.is_empty() {
            as_rows_for(&mut table.columns[at], rest, y.as_ref());
            return self.walk(&mut table.columns[at], rest, y);
        }
        let mut column = std::mem::replace(&mut table.columns[at], Value::Identity);
        let result = self.leaf(&mut column, y);
        let extended = result.and_then(|()| column_of(column.clone(), rows));
        match extended {
            Ok(extended) => {
                drop(column);
                table.columns[at] = extended;
                Ok(())
            }
            Err(error) => {
                // a column of the wrong length must not stay in the table
                if column.count() != rows || matches!(column, Value::Identity) {
                    column = q_kernels::binary(Binary::Take, Value::Long(rows as i64), column)?;
                }
                table.columns[at] = column;
                Err(error)
            }
        }
    }

    fn walk_rows(
        &mut self,
        target: &mut Value,
        i: &Value,
        rest: &[Value],
        y: Option<Value>,
    ) -> QResult<()> {
        let Value::Table(shared) = target else {
            return Err(QError::type_error());
        };
        if let Some((column, deeper)) = rest.split_first() {
            let names = match column {
                Value::Symbol(name) => {
                    let path = with_first(i.clone(), deeper);
                    return self.walk_column(Arc::make_mut(shared), *name, &path, y);
                }
                Value::Symbols(names) => names.to_vec(),
                Value::Identity | Value::Elided => shared.names.to_vec(),
                _ => return Err(QError::type_error()),
            };
            let path = with_first(i.clone(), deeper);
            let parts = parts_of(&names, y.as_ref());
            return self.change_columns(Arc::make_mut(shared), parts, &path);
        }
        let table = Arc::make_mut(shared);
        if let (Some(_), Some(at)) = (self.function, i.as_i64()) {
            let count = table.row_count();
            let found = usize::try_from(at).ok().filter(|at| *at < count);
            let at = found.ok_or_else(|| self.bounds.error())?;
            let row = Value::Table(Arc::new(table.clone())).item(at);
            let mut row = row.ok_or_else(QError::index)?;
            self.leaf(&mut row, y)?;
            let assigned = Change {
                interpreter: None,
                function: None,
                bounds: self.bounds,
            };
            return { assigned }.walk_rows(target, i, rest, Some(row));
        }
        if let Some(function) = self.function
            && !matches!(function, Value::Binary(op) if is_atomic(*op))
        {
            let every = Value::Longs((0..table.row_count() as i64).collect());
            let is_every = matches!(i, Value::Identity | Value::Elided);
            return self.each_index(target, if is_every { &every } else { i }, rest, y);
        }
        let parts: Vec<(Symbol, Option<Value>)> = if self.function.is_some() {
            let part = |name: &Symbol| y.as_ref().and_then(|y| row_part(y, *name, 0));
            table.names.iter().map(|name| (*name, part(name))).collect()
        } else {
            let y = y.ok_or_else(QError::rank)?;
            let names = table.names.iter().enumerate();
            names
                .filter_map(|(at, name)| Some((*name, Some(row_part(&y, *name, at)?))))
                .collect()
        };
        self.change_columns(table, parts, std::slice::from_ref(i))
    }

    /// Changes the rows `path[0]` of several columns; those changed get their cells back when a later one fails.
    fn change_columns(
        &mut self,
        table: &mut Table,
        parts: Vec<(Symbol, Option<Value>)>,
        path: &[Value],
    ) -> QResult<()> {
        let places: Option<Vector<i64>> = match path {
            [Value::Identity | Value::Elided] => Some((0..table.row_count() as i64).collect()),
            [i] => i
                .as_i64()
                .map_or_else(|| as_longs(i), |at| Some(vec![at].into())),
            _ => None,
        };
        let mut changed: Vec<(usize, Before)> = Vec::with_capacity(parts.len());
        for (name, part) in parts {
            let at = table.names.iter().position(|other| *other == name);
            let before = at
                .zip(places.clone())
                .and_then(|(at, places)| Some((at, Before::of(&table.columns[at], places)?)));
            if let Err(error) = self.walk_column(table, name, path, part) {
                // the last first, should a column be named twice
                for (at, before) in changed.into_iter().rev() {
                    before.put_back(&mut table.columns[at])?;
                }
                return Err(error);
            }
            changed.extend(before);
        }
        Ok(())
    }

    /// Errors when rows assigned to several keys do not fit, before any is written.
    pub(super) fn check_rows(&self, table: &Dict, keys: &Value, y: Option<&Value>) -> QResult<()> {
        let (None, Some(y), Value::Table(values)) = (self.function, y, &table.values) else {
            return Ok(());
        };
        for at in 0..keys.count() {
            let key = keys.item(at).ok_or_else(QError::index)?;
            append::check_row(&table.keys, &key)?;
            let row = item_or_whole(y, at);
            for (number, (name, column)) in values.names.iter().zip(&values.columns).enumerate() {
                let cell = row_part(&row, *name, number);
                if column.is_vector() && cell.is_some_and(|cell| !append::accepts(column, &cell)) {
                    return Err(append::cast_or_type(column));
                }
            }
        }
        Ok(())
    }
}

/// What each of these columns gets of `y`.
fn parts_of(names: &[Symbol], y: Option<&Value>) -> Vec<(Symbol, Option<Value>)> {
    let names = names.iter().copied().enumerate();
    names
        .map(|(at, name)| (name, y.map(|y| item_or_whole(y, at))))
        .collect()
}

/// A column that is a table, because its rows are dictionaries of one shape, is a list of rows again when one of them is
/// about to get another shape.
fn as_rows_for(column: &mut Value, path: &[Value], y: Option<&Value>) {
    let Value::Table(rows) = column else {
        return;
    };
    let changes_shape = match (path, y) {
        ([_, Value::Symbol(name), ..], _) => rows.column(*name).is_none(),
        ([_], Some(Value::Table(more))) => more.names[..] != rows.names[..],
        ([_], Some(Value::Dict(row))) => {
            !matches!(&row.keys, Value::Symbols(names) if names[..] == rows.names[..])
        }
        ([_], Some(_)) => true,
        _ => false,
    };
    if changes_shape {
        let items = (0..rows.row_count()).filter_map(|at| column.item(at));
        *column = Value::list(items.collect());
    }
}

/// What a row (dictionary, table or list) gives for a column.
fn row_part(y: &Value, name: Symbol, at: usize) -> Option<Value> {
    match y {
        Value::Dict(dict) => index::dict_entry(dict, name),
        Value::Table(table) => table.column(name).cloned(),
        y => Some(item_or_whole(y, at)),
    }
}
