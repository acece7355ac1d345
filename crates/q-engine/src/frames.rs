//! The calls under way: what backtraces, the debugger and `.Q.bt` look at.
//!
//! A frame is three small numbers, so that a call stays cheap; the code it runs is found by its number in a registry that
//! keeps no code alive.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use q_value::{Lambda, Symbol};

use crate::code::Code;

/// What runs in a frame.
#[derive(Debug, Clone, Copy)]
pub(crate) enum FrameKind {
    /// Compiled code, by its number.
    Code(u32),
    /// A function of the library without a text of its own, such as `.Q.trp`.
    Hidden(Symbol),
    /// A system command, with its backslash.
    Command(Symbol),
}

/// A call under way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame {
    pub kind: FrameKind,
    /// Where its locals begin on the stack.
    pub base: usize,
    /// The instruction after the one with which its caller called it.
    pub caller_at: u32,
}

/// The number of a piece of code; given back when the code goes.
#[derive(Debug)]
pub(crate) struct CodeNumber(u32);

struct Registry {
    entries: Vec<Entry>,
    free: Vec<u32>,
}

#[derive(Default, Clone)]
struct Entry {
    code: Weak<Code>,
    lambda: Weak<Lambda>,
}

static REGISTRY: Mutex<Registry> = Mutex::new(Registry {
    entries: Vec::new(),
    free: Vec::new(),
});

fn registry() -> MutexGuard<'static, Registry> {
    // the registry is whole between any two statements that change it
    REGISTRY.lock().unwrap_or_else(PoisonError::into_inner)
}

impl CodeNumber {
    /// A number that no other code has.
    pub(crate) fn new() -> CodeNumber {
        let mut registry = registry();
        let number = registry.free.pop().unwrap_or_else(|| {
            registry.entries.push(Entry::default());
            registry.entries.len() as u32 - 1
        });
        CodeNumber(number)
    }

    pub(crate) fn get(&self) -> u32 {
        self.0
    }
}

impl Drop for CodeNumber {
    fn drop(&mut self) {
        let mut registry = registry();
        registry.entries[self.0 as usize] = Entry::default();
        registry.free.push(self.0);
    }
}

/// Makes code findable by its number.
pub(crate) fn register(code: &Arc<Code>) {
    registry().entries[code.number.get() as usize].code = Arc::downgrade(code);
}

/// Makes the lambda that runs a piece of code findable by the code's number.
pub(crate) fn register_lambda(code: &Arc<Code>, lambda: &Arc<Lambda>) {
    let mut registry = registry();
    let entry = &mut registry.entries[code.number.get() as usize];
    entry.code = Arc::downgrade(code);
    entry.lambda = Arc::downgrade(lambda);
}

/// The code with a number; `None` when it is gone.
pub(crate) fn code_with_number(number: u32) -> Option<Arc<Code>> {
    let code = registry().entries.get(number as usize)?.code.clone();
    code.upgrade()
}

/// The lambda that runs the code with a number; `None` for lines and for what is gone.
pub(crate) fn lambda_with_number(number: u32) -> Option<Arc<Lambda>> {
    let lambda = registry().entries.get(number as usize)?.lambda.clone();
    lambda.upgrade()
}
