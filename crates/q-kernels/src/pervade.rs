//! Atomic functions on everything: lists conform level by level, dictionaries go by keys, tables by columns.

use std::sync::Arc;

use q_value::{Dict, QError, QResult, Symbol, Table, Value, Vector};

use crate::{gather, search};

/// Applies an atomic function of one argument: `leaf` sees atoms and vectors only.
pub(crate) fn one(x: Value, leaf: &dyn Fn(Value) -> QResult<Value>) -> QResult<Value> {
    match x {
        Value::List(items) => {
            let items: QResult<Vec<Value>> = items
                .into_vec()
                .into_iter()
                .map(|item| one(item, leaf))
                .collect();
            Ok(Value::from_items(items?))
        }
        Value::Dict(dict) => {
            let Dict { keys, values, .. } = Arc::unwrap_or_clone(dict);
            Ok(Value::dict(keys, one(values, leaf)?))
        }
        Value::Table(table) => {
            let Table { names, columns, .. } = Arc::unwrap_or_clone(table);
            let columns: QResult<Vec<Value>> = columns
                .into_iter()
                .map(|column| one(column, leaf))
                .collect();
            Ok(Value::table(names, columns?))
        }
        x => leaf(x),
    }
}

/// What a dictionary's entry becomes when the other dictionary has no such key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// The entry stays as it is: the missing side counts as nothing.
    Keep,
    /// As `Keep` on the left; on the right the function is applied with zero on the left.
    KeepWithZero,
    /// The function is applied with a null on the other side.
    Null,
}

/// An atomic function of two arguments.
pub(crate) struct Pairwise<'a> {
    /// Sees atoms and vectors only.
    pub leaf: &'a dyn Fn(Value, Value) -> QResult<Value>,
    pub missing: Missing,
}

impl Pairwise<'_> {
    /// Applies the function at any depth.
    ///
    /// Errors: `'length` when lists or tables differ in count, what the leaf signals.
    pub(crate) fn apply(&self, x: Value, y: Value) -> QResult<Value> {
        match (x, y) {
            (Value::Dict(x), Value::Dict(y)) => {
                self.dictionaries(Arc::unwrap_or_clone(x), Arc::unwrap_or_clone(y))
            }
            (Value::Dict(x), y) => {
                let Dict { keys, values, .. } = Arc::unwrap_or_clone(x);
                if let (false, Value::Table(table)) = (matches!(values, Value::Table(_)), &y) {
                    return self.dictionary_and_table(&keys, &values, table, false);
                }
                Ok(Value::dict(keys, self.apply(values, y)?))
            }
            (x, Value::Dict(y)) => {
                let Dict { keys, values, .. } = Arc::unwrap_or_clone(y);
                if let (Value::Table(table), false) = (&x, matches!(values, Value::Table(_))) {
                    return self.dictionary_and_table(&keys, &values, table, true);
                }
                Ok(Value::dict(keys, self.apply(x, values)?))
            }
            (Value::Table(x), Value::Table(y)) => {
                self.tables(Arc::unwrap_or_clone(x), Arc::unwrap_or_clone(y))
            }
            (Value::Table(x), y) => {
                let Table { names, columns, .. } = Arc::unwrap_or_clone(x);
                let columns: QResult<Vec<Value>> = columns
                    .into_iter()
                    .map(|column| self.apply(column, y.clone()))
                    .collect();
                Ok(Value::table(names, columns?))
            }
            (x, Value::Table(y)) => {
                let Table { names, columns, .. } = Arc::unwrap_or_clone(y);
                let columns: QResult<Vec<Value>> = columns
                    .into_iter()
                    .map(|column| self.apply(x.clone(), column))
                    .collect();
                Ok(Value::table(names, columns?))
            }
            (Value::List(x), y) => self.left_list(x, y),
            (x, Value::List(y)) => self.right_list(x, y),
            (x, y) => (self.leaf)(x, y),
        }
    }

    fn left_list(&self, x: Vector<Value>, y: Value) -> QResult<Value> {
        let items: QResult<Vec<Value>> = if y.is_list() {
            if x.len() != y.count() {
                return Err(QError::length());
            }
            match y {
                Value::List(y) => x
                    .into_vec()
                    .into_iter()
                    .zip(y.into_vec())
                    .map(|(x, y)| self.apply(x, y))
                    .collect(),
                y => x
                    .into_vec()
                    .into_iter()
                    .enumerate()
                    .map(|(at, x)| self.apply(x, gather::item_at(&y, at)))
                    .collect(),
            }
        } else {
            x.into_vec()
                .into_iter()
                .map(|x| self.apply(x, y.clone()))
                .collect()
        };
        Ok(Value::from_items(items?))
    }

    fn right_list(&self, x: Value, y: Vector<Value>) -> QResult<Value> {
        let items: QResult<Vec<Value>> = if x.is_list() {
            if x.count() != y.len() {
                return Err(QError::length());
            }
            y.into_vec()
                .into_iter()
                .enumerate()
                .map(|(at, y)| self.apply(gather::item_at(&x, at), y))
                .collect()
        } else {
            y.into_vec()
                .into_iter()
                .map(|y| self.apply(x.clone(), y))
                .collect()
        };
        Ok(Value::from_items(items?))
    }

    fn only_left(&self, x: Value) -> QResult<Value> {
        match self.missing {
            Missing::Keep | Missing::KeepWithZero => Ok(x),
            Missing::Null => {
                let null = deep_null(&x);
                self.apply(x, null)
            }
        }
    }

    fn only_right(&self, y: Value) -> QResult<Value> {
        match self.missing {
            Missing::Keep => Ok(y),
            Missing::KeepWithZero => self.apply(Value::Boolean(false), y),
            Missing::Null => {
                let null = deep_null(&y);
                self.apply(null, y)
            }
        }
    }

    fn dictionaries(&self, x: Dict, y: Dict) -> QResult<Value> {
        if x.keys.is_identical(&y.keys) {
            return Ok(Value::dict(x.keys, self.apply(x.values, y.values)?));
        }
        let in_x = search::positions(&x.keys, &y.keys)?;
        let count = x.keys.count();
        let mut partner = vec![None; count];
        let mut extra = Vec::new();
        for (at, place) in in_x.iter().enumerate() {
            if *place < count {
                partner[*place] = Some(at);
            } else {
                extra.push(at as i64);
            }
        }
        let mut items = Vec::with_capacity(count + extra.len());
        for (at, partner) in partner.into_iter().enumerate() {
            let left = gather::item_at(&x.values, at);
            items.push(match partner {
                Some(other) => self.apply(left, gather::item_at(&y.values, other))?,
                None => self.only_left(left)?,
            });
        }
        for at in &extra {
            items.push(self.only_right(gather::item_at(&y.values, *at as usize))?);
        }
        let keys = if extra.is_empty() {
            x.keys
        } else {
            let mut keys = x.keys.items();
            keys.extend(gather::at(&y.keys, &extra).items());
            Value::from_items(keys)
        };
        Ok(Value::dict(keys, Value::from_items(items)))
    }

    fn tables(&self, x: Table, y: Table) -> QResult<Value> {
        if x.row_count() != y.row_count() {
            return Err(QError::length());
        }
        let mut names: Vec<Symbol> = x.names.to_vec();
        let mut columns = Vec::with_capacity(names.len());
        for (name, column) in x.names.iter().zip(x.columns) {
            columns.push(match y.column(*name) {
                Some(other) => self.apply(column, other.clone())?,
                None => self.only_left(column)?,
            });
        }
        for (name, column) in y.names.iter().zip(y.columns) {
            if !x.names.contains(name) {
                names.push(*name);
                columns.push(self.only_right(column)?);
            }
        }
        Ok(Value::table(names.into(), columns))
    }

    /// A dictionary with a table: with each row, that is, by column.
    fn dictionary_and_table(
        &self,
        keys: &Value,
        values: &Value,
        table: &Table,
        table_left: bool,
    ) -> QResult<Value> {
        let Value::Symbols(keys) = keys else {
            return Err(QError::type_error());
        };
        let mut names: Vec<Symbol> = table.names.to_vec();
        let mut columns = Vec::with_capacity(names.len());
        for (name, column) in table.names.iter().zip(&table.columns) {
            let entry = keys.iter().position(|key| key == name);
            columns.push(match entry.map(|at| gather::item_at(values, at)) {
                Some(entry) if table_left => self.apply(column.clone(), entry)?,
                Some(entry) => self.apply(entry, column.clone())?,
                None if table_left => self.only_left(column.clone())?,
                None => self.only_right(column.clone())?,
            });
        }
        for (at, key) in keys.iter().enumerate() {
            if !table.names.contains(key) {
                let entry = gather::item_at(values, at);
                let entry = if table_left {
                    self.only_right(entry)?
                } else {
                    self.only_left(entry)?
                };
                names.push(*key);
                columns.push(Value::from_items(vec![entry; table.row_count()]));
            }
        }
        Ok(Value::table(names.into(), columns))
    }
}

/// The null atom of a value's type, for a side that is missing.
fn deep_null(value: &Value) -> Value {
    match value {
        Value::List(items) => items.first().map_or(Value::Long(i64::MIN), deep_null),
        Value::Dict(dict) => deep_null(&dict.values),
        Value::Table(table) => table
            .columns
            .first()
            .map_or(Value::Long(i64::MIN), deep_null),
        value => value
            .basic_type()
            .map_or(Value::Long(i64::MIN), Value::null_of),
    }
}
