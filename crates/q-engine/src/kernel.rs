//! Kernels by keyword, for natives that only prepare the arguments.

use std::collections::HashMap;
use std::sync::LazyLock;

use q_kernels::Kernel;
use q_kernels::interrupt::guard;
use q_value::{QError, QResult, Value};

static KERNELS: LazyLock<HashMap<&'static str, Kernel>> = LazyLock::new(|| {
    q_kernels::keywords()
        .map(|row| (row.name, row.kernel))
        .collect()
});

fn find(name: &str) -> QResult<Kernel> {
    KERNELS.get(name).copied().ok_or_else(QError::nyi)
}

pub(crate) fn one(name: &str, x: Value) -> QResult<Value> {
    match find(name)? {
        Kernel::One(kernel) => guard(|| kernel(x)),
        Kernel::Many(kernel) => kernel(vec![x]),
        _ => Err(QError::rank()),
    }
}

pub(crate) fn two(name: &str, x: Value, y: Value) -> QResult<Value> {
    match find(name)? {
        Kernel::Two(kernel) => guard(|| kernel(x, y)),
        Kernel::Many(kernel) => kernel(vec![x, y]),
        _ => Err(QError::rank()),
    }
}

pub(crate) fn three(name: &str, x: Value, y: Value, z: Value) -> QResult<Value> {
    match find(name)? {
        Kernel::Three(kernel) => guard(|| kernel(x, y, z)),
        Kernel::Many(kernel) => kernel(vec![x, y, z]),
        _ => Err(QError::rank()),
    }
}
