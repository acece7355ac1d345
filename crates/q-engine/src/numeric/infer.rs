//! What each register of a lambda holds before each instruction, given what its arguments are.

use std::sync::Arc;

use q_value::{Binary, Lambda, Unary, Value};

use super::{Kind, Signature, kind_in};
use crate::code::{Code, Instruction};
use crate::compile::fuse::LAST_USE;
use crate::globals::GlobalId;
use crate::interpreter::Interpreter;

/// What stands on the stack of the bytecode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    Number(Kind),
    /// The generic null that a control word leaves; it can only be dropped.
    Nothing,
    /// The lambda itself.
    Own,
}

/// Locals (`None`: not set, or not always of one kind) and stack before an instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct State {
    pub(super) locals: Vec<Option<Kind>>,
    pub(super) stack: Vec<Entry>,
}

impl State {
    fn pop(&mut self) -> Option<Entry> {
        self.stack.pop()
    }

    fn number(&mut self) -> Option<Kind> {
        match self.stack.pop()? {
            Entry::Number(kind) => Some(kind),
            Entry::Nothing | Entry::Own => None,
        }
    }

    fn push(&mut self, kind: Kind) {
        self.stack.push(Entry::Number(kind));
    }

    fn local(&self, slot: u16) -> Option<Kind> {
        self.locals[usize::from(slot & !LAST_USE)]
    }
}

/// States by instruction (`None`: never reached), and what the code needs from outside.
pub(super) struct Types {
    pub(super) states: Vec<Option<State>>,
    pub(super) result: Kind,
    pub(super) loaded: Vec<(GlobalId, Kind)>,
    pub(super) own: Vec<GlobalId>,
}

/// True for constants that numeric code may have.
pub(super) fn is_known(value: &Value) -> bool {
    matches!(value, Value::Identity) || Kind::of(value).is_some()
}

/// The types in a lambda called with arguments of these kinds; `None` when something in it is not certain to be numeric.
pub(super) fn infer(
    interpreter: &Interpreter,
    code: &Code,
    lambda: &Arc<Lambda>,
    signature: Signature,
) -> Option<Types> {
    // recursion needs the kind of the result before it is known: the right guess confirms itself
    [Kind::Long, Kind::Float, Kind::Boolean]
        .into_iter()
        .find_map(|result| {
            Inference {
                interpreter,
                code,
                lambda,
                signature,
                types: Types {
                    states: vec![None; code.instructions.len()],
                    result,
                    loaded: Vec::new(),
                    own: Vec::new(),
                },
            }
            .run()
        })
}

struct Inference<'i> {
    interpreter: &'i Interpreter,
    code: &'i Code,
    lambda: &'i Arc<Lambda>,
    signature: Signature,
    types: Types,
}

impl Inference<'_> {
    fn run(mut self) -> Option<Types> {
        let mut pending = vec![0usize];
        self.types.states[0] = Some(self.on_entry());
        while let Some(at) = pending.pop() {
            let state = self.types.states[at].clone()?;
            for (to, after) in self.step(at, state)?.into_iter().flatten() {
                if self.merge(to, after)? {
                    pending.push(to);
                }
            }
        }
        Some(self.types)
    }

    fn on_entry(&self) -> State {
        let locals = (0..self.code.locals.len()).map(|slot| {
            if slot < self.code.parameters {
                kind_in(self.signature, slot)
            } else {
                None
            }
        });
        State {
            locals: locals.collect(),
            stack: Vec::new(),
        }
    }

    /// Brings what a path knows together with what is known before an instruction; true when that knows less now.
    fn merge(&mut self, to: usize, new: State) -> Option<bool> {
        let Some(known) = self.types.states.get_mut(to)? else {
            self.types.states[to] = Some(new);
            return Some(true);
        };
        if known.stack != new.stack {
            return None;
        }
        let mut changed = false;
        for (known, new) in known.locals.iter_mut().zip(new.locals) {
            if *known != new && known.is_some() {
                *known = None;
                changed = true;
            }
        }
        Some(changed)
    }

    /// What follows an instruction: up to two places with their states. `None` when it is not numeric.
    fn step(&mut self, at: usize, mut state: State) -> Option<[Option<(usize, State)>; 2]> {
        let next = at + 1;
        match self.code.instructions[at] {
            Instruction::Constant(constant) => {
                let entry = match &self.code.constants[constant as usize] {
                    Value::Identity => Entry::Nothing,
                    value => Entry::Number(Kind::of(value)?.0),
                };
                state.stack.push(entry);
            }
            Instruction::Local(slot) | Instruction::TakeLocal(slot) => {
                let kind = state.local(slot)?;
                state.push(kind);
            }
            Instruction::SetLocal(slot) => {
                let kind = state.number()?;
                state.locals[usize::from(slot)] = Some(kind);
                state.push(kind);
            }
            Instruction::StoreLocal(slot) => {
                let kind = state.number()?;
                state.locals[usize::from(slot)] = Some(kind);
            }
            Instruction::Global(id) => {
                let entry = self.global(id)?;
                state.stack.push(entry);
            }
            Instruction::Own => state.stack.push(Entry::Own),
            Instruction::Pop => {
                state.pop()?;
            }
            Instruction::Unary(op) => {
                let kind = unary_kind(op, state.number()?)?;
                state.push(kind);
            }
            Instruction::Binary(op) => {
                let (x, y) = (state.number()?, state.number()?);
                state.push(binary_kind(op, x, y)?);
            }
            Instruction::Word(_) => {
                if (state.number()?, state.number()?) != (Kind::Long, Kind::Long) {
                    return None;
                }
                state.push(Kind::Long);
            }
            Instruction::LocalConstant(op, slot, constant) => {
                let kind = binary_kind(op, state.local(slot)?, self.constant(constant)?)?;
                state.push(kind);
            }
            Instruction::LocalLocal(op, left, right) => {
                let kind = binary_kind(op, state.local(left)?, state.local(right)?)?;
                state.push(kind);
            }
            Instruction::ThroughLocal(slot, op) => {
                let y = state.number()?;
                let kind = binary_kind(op, state.local(slot)?, y)?;
                state.locals[usize::from(slot)] = Some(kind);
                state.push(kind);
            }
            Instruction::ThroughLocalDrop(slot, op) => {
                let y = state.number()?;
                let kind = binary_kind(op, state.local(slot)?, y)?;
                state.locals[usize::from(slot)] = Some(kind);
            }
            Instruction::ThroughLocalConstant(slot, op, constant) => {
                let kind = binary_kind(op, state.local(slot)?, self.constant(constant)?)?;
                state.locals[usize::from(slot)] = Some(kind);
            }
            Instruction::Apply(count) => {
                if state.pop()? != Entry::Own {
                    return None;
                }
                self.call(&mut state, count)?;
            }
            Instruction::CallOwn(count) => self.call(&mut state, count)?,
            Instruction::TailOwn(count) => {
                self.call(&mut state, count)?;
                return Some([Some((0, self.on_entry())), None]);
            }
            Instruction::Jump(to) => return Some([Some((to as usize, state)), None]),
            Instruction::JumpUnless(to) => {
                if state.number()? == Kind::Float {
                    return None;
                }
                return Some([Some((to as usize, state.clone())), Some((next, state))]);
            }
            Instruction::Counter => {
                if state.stack.last() != Some(&Entry::Number(Kind::Long)) {
                    return None;
                }
            }
            Instruction::CountDown(to) => {
                let within = state.clone();
                if state.number()? != Kind::Long {
                    return None;
                }
                return Some([Some((to as usize, state)), Some((next, within))]);
            }
            Instruction::Return => {
                return (state.number()? == self.types.result).then_some([None, None]);
            }
            _ => return None,
        }
        Some([Some((next, state)), None])
    }

    fn constant(&self, at: u16) -> Option<Kind> {
        Some(Kind::of(&self.code.constants[usize::from(at)])?.0)
    }

    /// A global that holds the lambda itself or a number.
    fn global(&mut self, id: GlobalId) -> Option<Entry> {
        match self.interpreter.globals.get(id)? {
            Value::Lambda(held) if Arc::ptr_eq(held, self.lambda) => {
                if !self.types.own.contains(&id) {
                    self.types.own.push(id);
                }
                Some(Entry::Own)
            }
            value => {
                let (kind, _) = Kind::of(value)?;
                if !self.types.loaded.contains(&(id, kind)) {
                    self.types.loaded.push((id, kind));
                }
                Some(Entry::Number(kind))
            }
        }
    }

    /// A call of the lambda itself with arguments of the same kinds.
    fn call(&self, state: &mut State, count: u8) -> Option<()> {
        if usize::from(count) != self.code.parameters {
            return None;
        }
        for at in 0..self.code.parameters {
            if Some(state.number()?) != kind_in(self.signature, at) {
                return None;
            }
        }
        state.push(self.types.result);
        Some(())
    }
}

fn unary_kind(op: Unary, x: Kind) -> Option<Kind> {
    match (op, x) {
        (Unary::Neg, Kind::Long | Kind::Float) => Some(x),
        (Unary::Not, Kind::Boolean | Kind::Long) => Some(Kind::Boolean),
        _ => None,
    }
}

/// The kind of a binary primitive's result; `None` where it is not a register's, or not plain 64-bit arithmetic.
pub(super) fn binary_kind(op: Binary, x: Kind, y: Kind) -> Option<Kind> {
    let has_float = x == Kind::Float || y == Kind::Float;
    let has_long = x == Kind::Long || y == Kind::Long;
    match op {
        // two booleans make an int
        Binary::Add | Binary::Subtract | Binary::Multiply if has_float => Some(Kind::Float),
        Binary::Add | Binary::Subtract | Binary::Multiply if has_long => Some(Kind::Long),
        Binary::Divide if has_float || has_long => Some(Kind::Float),
        Binary::Less
        | Binary::Greater
        | Binary::LessEqual
        | Binary::GreaterEqual
        | Binary::Equal
        | Binary::NotEqual => Some(Kind::Boolean),
        Binary::Match if x == Kind::Long && y == Kind::Long => Some(Kind::Boolean),
        Binary::And | Binary::Or if x == y && !has_float => Some(x),
        _ => None,
    }
}
