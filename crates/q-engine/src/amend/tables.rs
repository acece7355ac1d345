//! Writing rows, columns and cells of tables.

use std::sync::Arc;

use q_value::{Binary, QError, QResult, Symbol, Table, Value};

use super::{Change, column_of, item_or_whole, with_first};
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
                if let [i] = rest {
                    self.check_cells(shared, &parts, i)?;
                }
                // whole columns are made anew one by one: holding the former ones costs nothing
                let before = rest.is_empty().then(|| Arc::clone(shared));
                let table = Arc::make_mut(shared);
                let result = parts
                    .into_iter()
                    .try_for_each(|(name, part)| self.walk_column(table, name, rest, part));
                if let (Err(_), Some(before)) = (&result, before) {
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
            if deeper.is_empty() {
                self.check_cells(shared, &parts, i)?;
            }
            let table = Arc::make_mut(shared);
            return parts
                .into_iter()
                .try_for_each(|(name, part)| self.walk_column(table, name, &path, part));
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
        if self.function.is_some() {
            for name in table.names.clone().iter().copied() {
                let part = y.as_ref().and_then(|y| row_part(y, name, 0));
                self.walk_column(table, name, std::slice::from_ref(i), part)?;
            }
            return Ok(());
        }
        let y = y.ok_or_else(QError::rank)?;
        let names = table.names.iter().enumerate();
        let parts: Vec<(Symbol, Option<Value>)> = names
            .filter_map(|(at, name)| Some((*name, Some(row_part(&y, *name, at)?))))
            .collect();
        self.check_cells(table, &parts, i)?;
        parts.into_iter().try_for_each(|(name, part)| {
            self.walk_column(table, name, std::slice::from_ref(i), part)
        })
    }

    /// Errors when cells assigned to rows `i` of several columns do not fit one of them, before any is written.
    fn check_cells(
        &self,
        table: &Table,
        parts: &[(Symbol, Option<Value>)],
        i: &Value,
    ) -> QResult<()> {
        if self.function.is_some() {
            return Ok(());
        }
        let rows = match i {
            Value::Identity | Value::Elided => Some(table.row_count()),
            i => i.is_list().then(|| i.count()),
        };
        for (name, part) in parts {
            let (Some(column), Some(part)) = (table.column(*name), part) else {
                continue;
            };
            if !column.is_vector() {
                continue;
            }
            let fits = match rows {
                Some(rows) if part.is_list() => {
                    if part.count() != rows {
                        return Err(QError::length());
                    }
                    append::column_accepts(column, part)
                }
                _ => append::accepts(column, part),
            };
            if !fits {
                return Err(append::cast_or_type(column));
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
