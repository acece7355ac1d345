//! What a name means inside a query: a column, a local of the surrounding lambda, a global, a keyword.

use std::collections::HashMap;
use std::sync::Arc;

use q_value::{QError, QResult, Symbol, Table, Value, Vector};

use crate::globals::qualify;
use crate::interpreter::Interpreter;
use crate::{dot, index, primitives};

/// One level of names.
pub(crate) struct Scope {
    columns: Option<Selection>,
    locals: Arc<Vec<(Symbol, Value)>>,
    namespace: Symbol,
}

/// A table narrowed to some of its rows.
#[derive(Clone)]
pub(crate) struct Selection {
    pub table: Arc<Table>,
    /// Positions of the rows in order; `None` for all.
    pub rows: Option<Vector<i64>>,
    /// Columns read so far, narrowed.
    cache: HashMap<Symbol, Value>,
}

impl Selection {
    pub(crate) fn new(table: Arc<Table>) -> Selection {
        Selection {
            table,
            rows: None,
            cache: HashMap::new(),
        }
    }

    pub(crate) fn with_rows(table: Arc<Table>, rows: Vector<i64>) -> Selection {
        Selection {
            table,
            rows: Some(rows),
            cache: HashMap::new(),
        }
    }

    pub(crate) fn count(&self) -> usize {
        match &self.rows {
            Some(rows) => rows.len(),
            None => self.table.row_count(),
        }
    }

    /// Keeps only the rows at these places of the present selection.
    pub(crate) fn narrow(&mut self, places: &[i64]) {
        let rows = match &self.rows {
            Some(rows) => places.iter().map(|at| rows[*at as usize]).collect(),
            None => places.to_vec().into(),
        };
        self.rows = Some(rows);
        self.cache.clear();
    }

    /// Row numbers in the whole table.
    pub(crate) fn row_numbers(&self) -> Vector<i64> {
        match &self.rows {
            Some(rows) => rows.clone(),
            None => (0..self.table.row_count() as i64).collect(),
        }
    }

    /// A column, narrowed; `i` is the row number when no column is called so.
    pub(crate) fn column(&mut self, name: Symbol) -> Option<Value> {
        if let Some(column) = self.cache.get(&name) {
            return Some(column.clone());
        }
        let column = match self.table.column(name) {
            Some(column) => match &self.rows {
                Some(rows) => index::gather_rows(column, rows),
                None => return Some(column.clone()),
            },
            None if name.as_bytes() == b"i" => Value::Longs(self.row_numbers()),
            None => return None,
        };
        self.cache.insert(name, column.clone());
        Some(column)
    }

    /// The narrowed table with all columns.
    pub(crate) fn whole(&self) -> Value {
        let table = Value::Table(Arc::clone(&self.table));
        match &self.rows {
            Some(rows) => index::gather_rows(&table, rows),
            None => table,
        }
    }
}

impl Scope {
    pub(crate) fn of_locals(locals: Vec<(Symbol, Value)>, namespace: Symbol) -> Scope {
        Scope {
            columns: None,
            locals: Arc::new(locals),
            namespace,
        }
    }

    /// A level that hides everything outside: what `eval` runs in.
    pub(crate) fn barrier(namespace: Symbol) -> Scope {
        Scope::of_locals(Vec::new(), namespace)
    }
}

impl Interpreter {
    /// Runs `work` with the columns of a selection visible, with the locals visible now; gives the selection back.
    pub(crate) fn with_selection<T>(
        &mut self,
        selection: Selection,
        work: impl FnOnce(&mut Interpreter) -> QResult<T>,
    ) -> QResult<(T, Selection)> {
        let (locals, namespace) = match self.scopes.last() {
            Some(scope) => (Arc::clone(&scope.locals), scope.namespace),
            None => (Arc::default(), self.namespace),
        };
        self.scopes.push(Scope {
            columns: Some(selection),
            locals,
            namespace,
        });
        let depth = self.scopes.len();
        let result = work(self);
        self.scopes.truncate(depth);
        let selection = self.scopes.pop().and_then(|scope| scope.columns);
        let result = result?;
        Ok((result, selection.ok_or_else(QError::type_error)?))
    }

    /// The namespace names are seen from in the innermost scope.
    pub(crate) fn scope_namespace(&self) -> Symbol {
        self.scopes
            .last()
            .map_or(self.namespace, |scope| scope.namespace)
    }

    /// True while the expressions of a query are evaluated.
    pub(crate) fn is_in_query(&self) -> bool {
        self.scopes
            .last()
            .is_some_and(|scope| scope.columns.is_some())
    }

    /// True when a column or local has this name, so that it is no control word.
    pub(crate) fn is_hidden(&self, name: Symbol) -> bool {
        self.scopes.last().is_some_and(|scope| {
            scope
                .columns
                .as_ref()
                .is_some_and(|columns| columns.table.column(name).is_some())
                || scope.locals.iter().any(|(local, _)| *local == name)
        })
    }

    /// The value of a name in the innermost scope.
    pub(crate) fn scoped(&mut self, name: Symbol) -> QResult<Value> {
        let Some(scope) = self.scopes.last_mut() else {
            return self.read_symbol(name);
        };
        let namespace = scope.namespace;
        if let Some(columns) = &mut scope.columns {
            if let Some(column) = columns.column(name) {
                return Ok(column);
            }
            if let Some(column) = dotted_column(columns, name) {
                return column;
            }
        }
        if let Some((_, value)) = scope.locals.iter().find(|(local, _)| *local == name) {
            return Ok(value.clone());
        }
        let full = qualify(namespace, name);
        match self.read_name(full) {
            Ok(value) => Ok(value),
            Err(error) => match self.added_word(name) {
                Some(id) => self.read_global(id),
                None => primitives::keyword(name).ok_or(error),
            },
        }
    }
}

/// `c.member` of a column `c`: through a foreign key or link, or a part of a temporal column.
fn dotted_column(columns: &mut Selection, name: Symbol) -> Option<QResult<Value>> {
    let text = name.as_bytes();
    if text.starts_with(b".") {
        return None;
    }
    let mut parts = text.split(|byte| *byte == b'.');
    let first = Symbol::new(parts.next()?);
    let mut value = columns.column(first)?;
    let mut any = false;
    for part in parts {
        any = true;
        value = match dot::part_of_column(&value, Symbol::new(part)) {
            Ok(value) => value,
            Err(error) => return Some(Err(error)),
        };
    }
    any.then_some(Ok(value))
}
