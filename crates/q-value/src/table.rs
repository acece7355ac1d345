//! Dictionaries, tables and enumerations.

use crate::{Symbol, Value, Vector};

/// A dictionary: keys and values of the same count, each any list or table. A keyed table has two tables.
#[derive(Clone)]
pub struct Dict {
    pub keys: Value,
    pub values: Value,
    /// `s#`: look-up takes the last key not above (type 127 on the wire).
    pub step: bool,
}

/// A table: columns of one count under distinct names. Invariant: at least one column, all of the same count.
#[derive(Clone)]
pub struct Table {
    pub names: Vector<Symbol>,
    pub columns: Vec<Value>,
    /// True for `s#t`.
    pub sorted: bool,
}

impl Table {
    pub fn new(names: Vector<Symbol>, columns: Vec<Value>) -> Table {
        debug_assert_eq!(names.len(), columns.len());
        Table {
            names,
            columns,
            sorted: false,
        }
    }

    pub fn row_count(&self) -> usize {
        self.columns.first().map_or(0, Value::count)
    }

    pub fn column(&self, name: Symbol) -> Option<&Value> {
        self.names
            .iter()
            .position(|other| *other == name)
            .map(|at| &self.columns[at])
    }
}

/// One item of an enumeration: an index into the list bound to the domain's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnumAtom {
    pub domain: Symbol,
    pub index: i64,
}

/// A vector of an enumeration (type 20): indices into the list bound to the domain's name; links look the same.
#[derive(Debug, Clone)]
pub struct EnumVector {
    pub domain: Symbol,
    pub indices: Vector<i64>,
}

/// A partitioned table, known by the name of its directory in each partition; its columns are read per query.
#[derive(Debug, Clone)]
pub struct Partitioned {
    pub name: Symbol,
    /// The virtual column first.
    pub names: Vector<Symbol>,
}
