//! Rows of the keyword tables: a q name and the kernel that answers it.

use q_value::{QResult, Value};

/// A keyword of q that needs neither the evaluator nor the world.
#[derive(Debug, Clone, Copy)]
pub struct Keyword {
    /// The q name, such as `mavg`.
    pub name: &'static str,
    pub kernel: Kernel,
}

/// What a keyword runs, by the number of its arguments. Kernels take their arguments by value: the last owner's memory
/// is written in place.
#[derive(Debug, Clone, Copy)]
pub enum Kernel {
    One(fn(Value) -> QResult<Value>),
    Two(fn(Value, Value) -> QResult<Value>),
    Three(fn(Value, Value, Value) -> QResult<Value>),
    /// Any number of arguments.
    Many(fn(Vec<Value>) -> QResult<Value>),
}

impl Kernel {
    /// How many arguments it takes; `None` for any number.
    pub fn rank(self) -> Option<usize> {
        match self {
            Kernel::One(_) => Some(1),
            Kernel::Two(_) => Some(2),
            Kernel::Three(_) => Some(3),
            Kernel::Many(_) => None,
        }
    }
}

impl Keyword {
    pub const fn one(name: &'static str, kernel: fn(Value) -> QResult<Value>) -> Keyword {
        Keyword {
            name,
            kernel: Kernel::One(kernel),
        }
    }

    pub const fn two(name: &'static str, kernel: fn(Value, Value) -> QResult<Value>) -> Keyword {
        Keyword {
            name,
            kernel: Kernel::Two(kernel),
        }
    }

    pub const fn three(
        name: &'static str,
        kernel: fn(Value, Value, Value) -> QResult<Value>,
    ) -> Keyword {
        Keyword {
            name,
            kernel: Kernel::Three(kernel),
        }
    }
}
