//! The table of keywords that have no number on the wire: name, rank and function, one row each.
//!
//! Rows come from q-kernels (pure functions of values) and from the modules of this crate that need the evaluator or
//! the world. Names without a dot are keywords; the others (`.Q.s1`) become globals when an interpreter starts.

use std::collections::HashMap;
use std::sync::LazyLock;

use q_kernels::Kernel;
use q_kernels::interrupt::guard;
use q_value::{Binary, Native, QError, QResult, Symbol, Unary, Value};

use crate::interpreter::Interpreter;

/// What a native function runs.
#[derive(Clone, Copy)]
pub enum Implementation {
    Kernel(Kernel),
    One(fn(&mut Interpreter, Value) -> QResult<Value>),
    Two(fn(&mut Interpreter, Value, Value) -> QResult<Value>),
    Three(fn(&mut Interpreter, Value, Value, Value) -> QResult<Value>),
    Four(fn(&mut Interpreter, Value, Value, Value, Value) -> QResult<Value>),
    /// Any number of arguments.
    Many(fn(&mut Interpreter, Vec<Value>) -> QResult<Value>),
}

/// A row as a module declares it.
pub struct Row {
    pub name: &'static str,
    pub implementation: Implementation,
}

impl Row {
    pub const fn one(name: &'static str, f: fn(&mut Interpreter, Value) -> QResult<Value>) -> Row {
        Row {
            name,
            implementation: Implementation::One(f),
        }
    }
    pub const fn two(
        name: &'static str,
        f: fn(&mut Interpreter, Value, Value) -> QResult<Value>,
    ) -> Row {
        Row {
            name,
            implementation: Implementation::Two(f),
        }
    }
    pub const fn three(
        name: &'static str,
        f: fn(&mut Interpreter, Value, Value, Value) -> QResult<Value>,
    ) -> Row {
        Row {
            name,
            implementation: Implementation::Three(f),
        }
    }
    pub const fn four(
        name: &'static str,
        f: fn(&mut Interpreter, Value, Value, Value, Value) -> QResult<Value>,
    ) -> Row {
        Row {
            name,
            implementation: Implementation::Four(f),
        }
    }
    pub const fn many(
        name: &'static str,
        f: fn(&mut Interpreter, Vec<Value>) -> QResult<Value>,
    ) -> Row {
        Row {
            name,
            implementation: Implementation::Many(f),
        }
    }
}

/// A native function with what it runs.
pub struct Entry {
    pub native: Native,
    pub implementation: Implementation,
}

static ENTRIES: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let own = crate::natives::TABLES
        .iter()
        .flat_map(|table| table.iter())
        .map(|row| (row.name, row.implementation));
    let kernels =
        q_kernels::keywords().map(|keyword| (keyword.name, Implementation::Kernel(keyword.kernel)));
    let mut seen = std::collections::HashSet::new();
    // a row of this crate stands before a kernel of the same name, which it calls where it can
    own.chain(kernels)
        .filter(|(name, _)| seen.insert(*name) && primitive_of(name).is_none())
        .zip(0u16..)
        .map(|((name, implementation), id)| Entry {
            native: Native {
                name,
                rank: rank_of(implementation),
                id,
            },
            implementation,
        })
        .collect()
});

static KEYWORDS: LazyLock<HashMap<Symbol, Value>> = LazyLock::new(|| {
    let mut words = HashMap::new();
    for op in Unary::ALL {
        if !op.keyword().is_empty() {
            words.insert(Symbol::new(op.keyword()), Value::Unary(*op));
        }
    }
    for op in Binary::ALL {
        if !op.keyword().is_empty() {
            words.insert(Symbol::new(op.keyword()), Value::Binary(*op));
        }
    }
    words.insert(Symbol::new("get"), Value::Unary(Unary::Value));
    words.insert(Symbol::new("csv"), Value::Char(b','));
    for entry in ENTRIES.iter() {
        if !entry.native.name.starts_with('.') {
            words.insert(Symbol::new(entry.native.name), Value::Native(&entry.native));
        }
    }
    words
});

fn primitive_of(name: &str) -> Option<Value> {
    if let Some(op) = Unary::ALL.iter().find(|op| op.keyword() == name) {
        return Some(Value::Unary(*op));
    }
    let op = Binary::ALL.iter().find(|op| op.keyword() == name)?;
    Some(Value::Binary(*op))
}

fn rank_of(implementation: Implementation) -> u8 {
    match implementation {
        Implementation::Kernel(kernel) => kernel
            .rank()
            .map_or(255, |rank| u8::try_from(rank).unwrap_or(255)),
        Implementation::One(_) => 1,
        Implementation::Two(_) => 2,
        Implementation::Three(_) => 3,
        Implementation::Four(_) => 4,
        Implementation::Many(_) => 255,
    }
}

/// What a keyword means; `None` for other names.
pub fn keyword(name: Symbol) -> Option<Value> {
    KEYWORDS.get(&name).cloned()
}

/// The native function of this name (with or without a dot).
pub fn native(name: &str) -> Option<&'static Native> {
    ENTRIES
        .iter()
        .map(|entry| &entry.native)
        .find(|native| native.name == name)
}

/// All native functions.
pub fn entries() -> &'static [Entry] {
    &ENTRIES
}

/// All keywords, sorted.
pub fn keyword_names() -> Vec<Symbol> {
    let mut names: Vec<Symbol> = KEYWORDS.keys().copied().collect();
    names.sort();
    names
}

/// The keywords that q adds to the words of k, sorted: what `` key`.q `` shows.
pub fn keywords_of_q() -> Vec<(Symbol, Value)> {
    let mut words: Vec<(Symbol, Value)> = KEYWORDS
        .iter()
        .filter(|(word, value)| match value {
            Value::Unary(op) => op.text().as_bytes() != word.as_bytes(),
            Value::Binary(op) => op.text().as_bytes() != word.as_bytes(),
            _ => true,
        })
        .map(|(word, value)| (*word, value.clone()))
        .collect();
    words.sort_by_key(|(word, _)| *word);
    words
}

/// Runs a native function of two arguments.
pub(crate) fn call_two(
    interpreter: &mut Interpreter,
    native: &Native,
    x: Value,
    y: Value,
) -> QResult<Value> {
    match ENTRIES[usize::from(native.id)].implementation {
        Implementation::Kernel(Kernel::Two(f)) => guard(|| f(x, y)),
        Implementation::Two(f) => guard(|| f(interpreter, x, y)),
        _ => call(interpreter, native, vec![x, y]),
    }
}

/// Runs a native function on exactly its number of arguments.
pub fn call(
    interpreter: &mut Interpreter,
    native: &Native,
    arguments: Vec<Value>,
) -> QResult<Value> {
    guard(|| call_unguarded(interpreter, native, arguments))
}

fn call_unguarded(
    interpreter: &mut Interpreter,
    native: &Native,
    arguments: Vec<Value>,
) -> QResult<Value> {
    let implementation = ENTRIES[usize::from(native.id)].implementation;
    let mut arguments = arguments;
    let count = arguments.len();
    let mut take = |at: usize| std::mem::replace(&mut arguments[at], Value::Identity);
    match implementation {
        Implementation::Kernel(Kernel::One(f)) if count == 1 => f(take(0)),
        Implementation::Kernel(Kernel::Two(f)) if count == 2 => f(take(0), take(1)),
        Implementation::Kernel(Kernel::Three(f)) if count == 3 => f(take(0), take(1), take(2)),
        Implementation::Kernel(Kernel::Many(f)) => f(arguments),
        Implementation::One(f) if count == 1 => f(interpreter, take(0)),
        Implementation::Two(f) if count == 2 => f(interpreter, take(0), take(1)),
        Implementation::Three(f) if count == 3 => f(interpreter, take(0), take(1), take(2)),
        Implementation::Four(f) if count == 4 => f(interpreter, take(0), take(1), take(2), take(3)),
        Implementation::Many(f) => f(interpreter, arguments),
        _ => Err(QError::rank()),
    }
}
