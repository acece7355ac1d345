//! Databases in folders: splayed and partitioned tables (`kb/partition`).

use std::path::{Path, PathBuf};

use q_storage::{DatabaseLayout, Partition};
use q_value::{QError, QResult, Symbol, Value};

use crate::interpreter::Interpreter;
use crate::query::plan::Plan;

/// A loaded partitioned database.
pub struct Database {
    pub layout: DatabaseLayout,
    pub root: PathBuf,
    /// The partitions queries see, which `.Q.view` may restrict.
    pub partitions: Vec<Partition>,
}

pub(crate) fn load_folder(interpreter: &mut Interpreter, path: &Path) -> QResult<()> {
    let _ = (interpreter, path);
    Err(QError::nyi())
}

pub(crate) fn index(_interpreter: &mut Interpreter, _table: &Value, _i: &Value) -> QResult<Value> {
    Err(QError::new("par"))
}

pub(crate) fn count(_interpreter: &mut Interpreter, _table: &Value) -> QResult<Value> {
    Err(QError::new("par"))
}

pub(crate) fn column(_interpreter: &mut Interpreter, _table: &Value, _name: Symbol) -> QResult<Value> {
    Err(QError::new("par"))
}

pub(crate) fn schema(_interpreter: &mut Interpreter, _table: &Value) -> QResult<Value> {
    Err(QError::new("par"))
}

pub(crate) fn select(_interpreter: &mut Interpreter, _table: &Value, _plan: Plan) -> QResult<Value> {
    Err(QError::new("par"))
}

pub(crate) fn flip_of_path(_interpreter: &mut Interpreter, names: Value, path: Value) -> QResult<Value> {
    Ok(Value::dict(names, path))
}

pub(crate) fn display(_interpreter: &Interpreter, _table: &Value) -> Vec<u8> {
    Vec::new()
}
