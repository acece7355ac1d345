//! Exact identity of values.

use crate::value::VectorStorage;
use crate::{Dict, Element, Table, Value};

fn same_f64(x: f64, y: f64) -> bool {
    x == y || x.is_null() && y.is_null()
}

pub(crate) fn is_identical(x: &Value, y: &Value) -> bool {
    if x.type_number() != y.type_number() {
        return false;
    }
    match (x, y) {
        (Value::List(a), Value::List(b)) => {
            a.is_same(b)
                || a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| is_identical(a, b))
        }
        (Value::Enum(a), Value::Enum(b)) => a == b,
        (Value::Enums(a), Value::Enums(b)) => {
            a.domain == b.domain && a.indices[..] == b.indices[..]
        }
        (Value::Table(a), Value::Table(b)) => same_table(a, b),
        (Value::Partitioned(a), Value::Partitioned(b)) => a.name == b.name,
        (Value::Dict(a), Value::Dict(b)) => same_dict(a, b),
        (Value::Lambda(a), Value::Lambda(b)) => a.source == b.source && a.namespace == b.namespace,
        (Value::Identity, Value::Identity) | (Value::Elided, Value::Elided) => true,
        (Value::Unary(a), Value::Unary(b)) => a == b,
        (Value::Binary(a), Value::Binary(b)) => a == b,
        (Value::Iterator(a), Value::Iterator(b)) => a == b,
        (Value::Projection(a), Value::Projection(b)) => {
            is_identical(&a.function, &b.function)
                && a.arguments.len() == b.arguments.len()
                && a.arguments.iter().zip(&b.arguments).all(|pair| match pair {
                    (Some(a), Some(b)) => is_identical(a, b),
                    (None, None) => true,
                    _ => false,
                })
        }
        (Value::Composition(a), Value::Composition(b)) => {
            a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| is_identical(a, b))
        }
        (Value::Derived(a), Value::Derived(b)) => {
            a.iterator == b.iterator && is_identical(&a.function, &b.function)
        }
        (Value::Native(a), Value::Native(b)) => std::ptr::eq(*a, *b),
        (Value::Float(a), Value::Float(b)) | (Value::Datetime(a), Value::Datetime(b)) => {
            same_f64(*a, *b)
        }
        (Value::Real(a), Value::Real(b)) => same_f64(f64::from(*a), f64::from(*b)),
        (x, y) => match (x.atom_storage(), y.atom_storage()) {
            (Some(a), Some(b)) => a == b,
            _ => same_vectors(x, y),
        },
    }
}

fn same_vectors(x: &Value, y: &Value) -> bool {
    match (x.storage(), y.storage()) {
        (Some(VectorStorage::Bool(a)), Some(VectorStorage::Bool(b))) => a[..] == b[..],
        (Some(VectorStorage::U8(a)), Some(VectorStorage::U8(b))) => a[..] == b[..],
        (Some(VectorStorage::I16(a)), Some(VectorStorage::I16(b))) => a[..] == b[..],
        (Some(VectorStorage::I32(a)), Some(VectorStorage::I32(b))) => a[..] == b[..],
        (Some(VectorStorage::I64(a)), Some(VectorStorage::I64(b))) => a[..] == b[..],
        (Some(VectorStorage::Guid(a)), Some(VectorStorage::Guid(b))) => a[..] == b[..],
        (Some(VectorStorage::Symbol(a)), Some(VectorStorage::Symbol(b))) => a[..] == b[..],
        (Some(VectorStorage::F32(a)), Some(VectorStorage::F32(b))) => {
            a.len() == b.len()
                && a.iter()
                    .zip(b.iter())
                    .all(|(a, b)| same_f64(f64::from(*a), f64::from(*b)))
        }
        (Some(VectorStorage::F64(a)), Some(VectorStorage::F64(b))) => {
            a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| same_f64(*a, *b))
        }
        _ => false,
    }
}

fn same_table(a: &Table, b: &Table) -> bool {
    a.names[..] == b.names[..]
        && a.columns
            .iter()
            .zip(&b.columns)
            .all(|(a, b)| is_identical(a, b))
}

fn same_dict(a: &Dict, b: &Dict) -> bool {
    is_identical(&a.keys, &b.keys) && is_identical(&a.values, &b.values)
}
