//! Bytecode with known types to register code.
//!
//! Locals have the first registers, then each place of the bytecode's stack has one. A local or a constant on the stack
//! is used where it stands; only where paths meet must everything be in its own register.

use q_value::{Binary, Unary};

use super::infer::{Entry, Types, binary_kind};
use super::run::Op;
use super::{Kind, Numeric};
use crate::code::{Code, Instruction, Word};
use crate::compile::fuse::{LAST_USE, target};

/// Where an entry of the stack is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In the register of its place on the stack, or nowhere because it is no number.
    Stack,
    Local(u8),
    Constant(i64),
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    entry: Entry,
    place: Place,
}

struct Emitter<'c> {
    code: &'c Code,
    types: &'c Types,
    ops: Vec<Op>,
    constants: Vec<i64>,
    stack: Vec<Slot>,
    /// Number of the first op of each instruction.
    starts: Vec<usize>,
    /// Ops that jump, with the instruction they go to.
    jumps: Vec<(usize, usize)>,
    /// The first op of the run without entries from elsewhere.
    block: usize,
}

/// Register code for a lambda; `None` when it needs too many registers.
pub(super) fn emit(code: &Code, types: &Types) -> Option<Numeric> {
    let mut emitter = Emitter {
        code,
        types,
        ops: Vec::new(),
        constants: Vec::new(),
        stack: Vec::new(),
        starts: vec![0; code.instructions.len()],
        jumps: Vec::new(),
        block: 0,
    };
    emitter.all()?;
    emitter.aim()?;
    Some(Numeric {
        ops: emitter.ops,
        constants: emitter.constants,
        loaded: types.loaded.clone(),
        own: types.own.clone(),
        result: types.result,
    })
}

impl Emitter<'_> {
    fn all(&mut self) -> Option<()> {
        let count = self.code.instructions.len();
        let mut is_target = vec![false; count + 1];
        is_target[0] = true;
        for instruction in &self.code.instructions {
            if let Some(to) = target(*instruction) {
                is_target[to as usize] = true;
            }
        }
        let mut falls_in = false;
        let mut at = 0;
        while at < count {
            let Some(state) = &self.types.states[at] else {
                falls_in = false;
                at += 1;
                continue;
            };
            if is_target[at] || !falls_in {
                if falls_in {
                    self.settle(self.stack.len())?;
                }
                self.stack = state
                    .stack
                    .iter()
                    .map(|entry| Slot {
                        entry: *entry,
                        place: Place::Stack,
                    })
                    .collect();
                self.block = self.ops.len();
            }
            self.starts[at] = self.ops.len();
            let jump = match self.code.instructions.get(at + 1) {
                Some(Instruction::JumpUnless(to)) if !is_target[at + 1] => Some(*to as usize),
                _ => None,
            };
            let taken = self.instruction(at, jump)?;
            falls_in = !matches!(
                self.code.instructions[at],
                Instruction::Jump(_) | Instruction::Return | Instruction::TailOwn(_)
            );
            at += taken;
        }
        Some(())
    }

    /// Makes jumps go to ops instead of instructions.
    fn aim(&mut self) -> Option<()> {
        for (at, instruction) in &self.jumps {
            let aim = u16::try_from(self.starts[*instruction]).ok()?;
            match &mut self.ops[*at] {
                Op::Jump { to }
                | Op::Loop { to }
                | Op::JumpIfZero { to, .. }
                | Op::JumpUnlessLess { to, .. }
                | Op::JumpUnlessLessEqual { to, .. }
                | Op::JumpUnlessEqual { to, .. }
                | Op::JumpUnlessNotEqual { to, .. }
                | Op::JumpUnlessLessConstant { to, .. }
                | Op::JumpUnlessGreaterConstant { to, .. }
                | Op::JumpUnlessEqualConstant { to, .. }
                | Op::JumpUnlessNotEqualConstant { to, .. }
                | Op::CountDown { to, .. } => *to = aim,
                _ => return None,
            }
        }
        Some(())
    }

    /// Emits one instruction, or a comparison with the jump behind it; how many were taken.
    fn instruction(&mut self, at: usize, jump: Option<usize>) -> Option<usize> {
        match self.code.instructions[at] {
            Instruction::Constant(constant) => {
                match Kind::of(&self.code.constants[constant as usize]) {
                    Some((kind, bits)) => {
                        self.push(Entry::Number(kind), Place::Constant(bits));
                    }
                    None => self.push(Entry::Nothing, Place::Stack),
                }
            }
            Instruction::Local(slot) | Instruction::TakeLocal(slot) => self.push_local(at, slot)?,
            Instruction::SetLocal(slot) => self.store(slot, true)?,
            Instruction::StoreLocal(slot) => self.store(slot, false)?,
            Instruction::Global(id) => {
                let loaded = &self.types.loaded;
                match loaded.iter().position(|(loaded, _)| *loaded == id) {
                    Some(number) => {
                        let d = self.register(self.stack.len())?;
                        self.ops.push(Op::Loaded {
                            d,
                            at: u16::try_from(number).ok()?,
                        });
                        self.push(Entry::Number(loaded[number].1), Place::Stack);
                    }
                    None => self.push(Entry::Own, Place::Stack),
                }
            }
            Instruction::Own => self.push(Entry::Own, Place::Stack),
            Instruction::Pop => {
                self.stack.pop()?;
            }
            Instruction::Unary(op) => self.unary(op)?,
            Instruction::Binary(op) => return self.binary(op, jump),
            Instruction::Word(word) => {
                let (d, a, b) = self.operands()?;
                self.ops.push(match word {
                    Word::Quotient => Op::Quotient { d, a, b },
                    Word::Remainder => Op::Remainder { d, a, b },
                });
                self.replace_two(Kind::Long);
            }
            Instruction::LocalConstant(op, slot, constant) => {
                self.push_constant(constant)?;
                self.push_local(at, slot)?;
                return self.binary(op, jump);
            }
            Instruction::LocalLocal(op, left, right) => {
                self.push_local(at, right)?;
                self.push_local(at, left)?;
                return self.binary(op, jump);
            }
            Instruction::ThroughLocal(slot, op) => {
                self.push_local(at, slot)?;
                self.binary(op, None)?;
                self.store(slot, true)?;
            }
            Instruction::ThroughLocalDrop(slot, op) => {
                self.push_local(at, slot)?;
                self.binary(op, None)?;
                self.store(slot, false)?;
            }
            Instruction::ThroughLocalConstant(slot, op, constant) => {
                self.push_constant(constant)?;
                self.push_local(at, slot)?;
                self.binary(op, None)?;
                self.store(slot, false)?;
            }
            Instruction::Apply(count) => {
                self.stack.pop()?;
                self.call(usize::from(count))?;
            }
            Instruction::CallOwn(count) => self.call(usize::from(count))?,
            Instruction::TailOwn(count) => self.call_again(usize::from(count))?,
            Instruction::Jump(to) => {
                self.settle(self.stack.len())?;
                let op = if to as usize <= at {
                    Op::Loop { to: 0 }
                } else {
                    Op::Jump { to: 0 }
                };
                self.jump(op, to as usize);
            }
            Instruction::JumpUnless(to) => {
                let top = self.stack.len().checked_sub(1)?;
                let a = self.held(top)?;
                self.settle(top)?;
                self.stack.pop();
                self.jump(Op::JumpIfZero { a, to: 0 }, to as usize);
            }
            Instruction::Counter => {
                let top = self.stack.len().checked_sub(1)?;
                self.settle_at(top)?;
            }
            Instruction::CountDown(to) => {
                let top = self.stack.len().checked_sub(1)?;
                self.settle(self.stack.len())?;
                let a = self.register(top)?;
                self.jump(Op::CountDown { a, to: 0 }, to as usize);
            }
            Instruction::Return => {
                let a = self.held(self.stack.len().checked_sub(1)?)?;
                self.ops.push(Op::Return { a });
            }
            _ => return None,
        }
        Some(1)
    }

    fn push(&mut self, entry: Entry, place: Place) {
        self.stack.push(Slot { entry, place });
    }

    fn push_local(&mut self, at: usize, slot: u16) -> Option<()> {
        let slot = slot & !LAST_USE;
        let kind = self.types.states[at].as_ref()?.locals[usize::from(slot)]?;
        self.push(Entry::Number(kind), Place::Local(u8::try_from(slot).ok()?));
        Some(())
    }

    fn push_constant(&mut self, constant: u16) -> Option<()> {
        let (kind, bits) = Kind::of(&self.code.constants[usize::from(constant)])?;
        self.push(Entry::Number(kind), Place::Constant(bits));
        Some(())
    }

    /// The register of a place on the stack.
    fn register(&self, place: usize) -> Option<u8> {
        u8::try_from(self.code.locals.len() + place).ok()
    }

    /// The register that holds an entry now; a constant is put into its own.
    fn held(&mut self, at: usize) -> Option<u8> {
        match self.stack.get(at)?.place {
            Place::Local(slot) => Some(slot),
            Place::Stack => self.register(at),
            Place::Constant(_) => {
                self.settle_at(at)?;
                self.register(at)
            }
        }
    }

    /// Puts an entry into its own register.
    fn settle_at(&mut self, at: usize) -> Option<()> {
        let d = self.register(at)?;
        match self.stack[at].place {
            Place::Stack => {}
            Place::Local(a) => self.ops.push(Op::Move { d, a }),
            Place::Constant(bits) => self.load(d, bits)?,
        }
        self.stack[at].place = Place::Stack;
        Some(())
    }

    /// Puts the first `count` entries into their own registers.
    fn settle(&mut self, count: usize) -> Option<()> {
        (0..count).try_for_each(|at| self.settle_at(at))
    }

    fn load(&mut self, d: u8, bits: i64) -> Option<()> {
        let at = match self.constants.iter().position(|held| *held == bits) {
            Some(at) => at,
            None => {
                self.constants.push(bits);
                self.constants.len() - 1
            }
        };
        self.ops.push(Op::Constant {
            d,
            at: u16::try_from(at).ok()?,
        });
        Some(())
    }

    fn jump(&mut self, op: Op, instruction: usize) {
        self.jumps.push((self.ops.len(), instruction));
        self.ops.push(op);
    }

    /// Moves the top into a local, and leaves it on the stack when it `stays`.
    fn store(&mut self, slot: u16, stays: bool) -> Option<()> {
        let d = u8::try_from(slot).ok()?;
        let top = self.stack.len().checked_sub(1)?;
        let computed = self.ops.len();
        // what else stands on the stack as this local must keep its value
        for at in 0..top {
            if self.stack[at].place == Place::Local(d) {
                self.settle_at(at)?;
            }
        }
        match self.stack[top].place {
            Place::Local(a) if a == d => {}
            Place::Local(a) => self.ops.push(Op::Move { d, a }),
            Place::Constant(bits) => self.load(d, bits)?,
            Place::Stack => {
                let a = self.register(top)?;
                let is_last = self.ops.len() == computed && computed > self.block;
                match self.ops.last_mut().filter(|_| is_last).and_then(written) {
                    Some(written) if *written == a => *written = d,
                    _ => self.ops.push(Op::Move { d, a }),
                }
            }
        }
        if stays {
            self.stack[top].place = Place::Local(d);
        } else {
            self.stack.pop();
        }
        Some(())
    }

    /// The registers of the two entries on top, the first argument on top, and the one their result goes to.
    fn operands(&mut self) -> Option<(u8, u8, u8)> {
        let (left, right) = self.top_two()?;
        let (a, b) = (self.held(left)?, self.held(right)?);
        Some((self.register(right)?, a, b))
    }

    fn top_two(&self) -> Option<(usize, usize)> {
        let left = self.stack.len().checked_sub(1)?;
        Some((left, left.checked_sub(1)?))
    }

    fn replace_two(&mut self, kind: Kind) {
        self.stack.truncate(self.stack.len() - 2);
        self.push(Entry::Number(kind), Place::Stack);
    }

    fn unary(&mut self, op: Unary) -> Option<()> {
        let top = self.stack.len().checked_sub(1)?;
        let Entry::Number(kind) = self.stack[top].entry else {
            return None;
        };
        let (a, d) = (self.held(top)?, self.register(top)?);
        let (op, kind) = match (op, kind) {
            (Unary::Neg, Kind::Float) => (Op::NegateFloat { d, a }, kind),
            (Unary::Neg, _) => (Op::Negate { d, a }, kind),
            (Unary::Not, _) => (Op::Not { d, a }, Kind::Boolean),
            _ => return None,
        };
        self.ops.push(op);
        self.stack[top] = Slot {
            entry: Entry::Number(kind),
            place: Place::Stack,
        };
        Some(())
    }

    /// A binary primitive on the two on top; a comparison is made one with the jump behind it.
    fn binary(&mut self, op: Binary, jump: Option<usize>) -> Option<usize> {
        let (left, right) = self.top_two()?;
        let (Entry::Number(x), Entry::Number(y)) =
            (self.stack[left].entry, self.stack[right].entry)
        else {
            return None;
        };
        let result = binary_kind(op, x, y)?;
        let works_on_floats = x == Kind::Float || y == Kind::Float || result == Kind::Float;
        if works_on_floats {
            self.float(left, x)?;
            self.float(right, y)?;
            let (d, a, b) = self.operands()?;
            self.ops.push(float_op(op, d, a, b)?);
        } else if result == Kind::Boolean && !matches!(op, Binary::And | Binary::Or) {
            if let Some(to) = jump {
                self.compare_and_jump(op, left, right, to)?;
                return Some(2);
            }
            let (d, a, b) = self.operands()?;
            self.ops.push(match op {
                Binary::Less => Op::Less { d, a, b },
                Binary::Greater => Op::Less { d, a: b, b: a },
                Binary::LessEqual => Op::LessEqual { d, a, b },
                Binary::GreaterEqual => Op::LessEqual { d, a: b, b: a },
                Binary::Equal | Binary::Match => Op::Equal { d, a, b },
                Binary::NotEqual => Op::NotEqual { d, a, b },
                _ => return None,
            });
        } else {
            self.long_arithmetic(op, left, right)?;
        }
        self.replace_two(result);
        Some(1)
    }

    fn long_arithmetic(&mut self, op: Binary, left: usize, right: usize) -> Option<()> {
        let small = |slot: Slot| match slot.place {
            Place::Constant(bits) => i32::try_from(bits).ok(),
            Place::Stack | Place::Local(_) => None,
        };
        let (x, y) = (small(self.stack[left]), small(self.stack[right]));
        let d = self.register(right)?;
        let with_constant = match (op, x, y) {
            (Binary::Add, _, Some(by)) => Some((left, by)),
            (Binary::Add, Some(by), _) => Some((right, by)),
            (Binary::Subtract, _, Some(by)) => by.checked_neg().map(|by| (left, by)),
            _ => None,
        };
        if let Some((at, by)) = with_constant {
            let a = self.held(at)?;
            self.ops.push(Op::AddConstant { d, a, by });
            return Some(());
        }
        let with_constant = match (op, x, y) {
            (Binary::Multiply, _, Some(by)) => Some((left, by)),
            (Binary::Multiply, Some(by), _) => Some((right, by)),
            _ => None,
        };
        if let Some((at, by)) = with_constant {
            let a = self.held(at)?;
            self.ops.push(Op::MultiplyConstant { d, a, by });
            return Some(());
        }
        let (d, a, b) = self.operands()?;
        self.ops.push(match op {
            Binary::Add => Op::Add { d, a, b },
            Binary::Subtract => Op::Subtract { d, a, b },
            Binary::Multiply => Op::Multiply { d, a, b },
            Binary::And => Op::Least { d, a, b },
            Binary::Or => Op::Greatest { d, a, b },
            _ => return None,
        });
        Some(())
    }

    /// Makes an entry a float in some register.
    fn float(&mut self, at: usize, kind: Kind) -> Option<()> {
        if kind == Kind::Float {
            return Some(());
        }
        let a = self.held(at)?;
        let d = self.register(at)?;
        self.ops.push(Op::ToFloat { d, a });
        self.stack[at] = Slot {
            entry: Entry::Number(Kind::Float),
            place: Place::Stack,
        };
        Some(())
    }

    fn compare_and_jump(&mut self, op: Binary, left: usize, right: usize, to: usize) -> Option<()> {
        // a small constant on the left changes sides
        let small = |slot: Slot| match slot.place {
            Place::Constant(bits) => i16::try_from(bits).ok().filter(|by| by.abs() < i16::MAX),
            Place::Stack | Place::Local(_) => None,
        };
        let (op, left, right) = if small(self.stack[left]).is_some() {
            (flipped(op), right, left)
        } else {
            (op, left, right)
        };
        let rest = self.stack.len() - 2;
        let constant = small(self.stack[right]);
        let a = self.held(left)?;
        let jump = match constant {
            Some(by) => match op {
                Binary::Less => Op::JumpUnlessLessConstant { a, by, to: 0 },
                Binary::LessEqual => Op::JumpUnlessLessConstant {
                    a,
                    by: by + 1,
                    to: 0,
                },
                Binary::Greater => Op::JumpUnlessGreaterConstant { a, by, to: 0 },
                Binary::GreaterEqual => Op::JumpUnlessGreaterConstant {
                    a,
                    by: by - 1,
                    to: 0,
                },
                Binary::Equal | Binary::Match => Op::JumpUnlessEqualConstant { a, by, to: 0 },
                Binary::NotEqual => Op::JumpUnlessNotEqualConstant { a, by, to: 0 },
                _ => return None,
            },
            None => {
                let b = self.held(right)?;
                match op {
                    Binary::Less => Op::JumpUnlessLess { a, b, to: 0 },
                    Binary::LessEqual => Op::JumpUnlessLessEqual { a, b, to: 0 },
                    Binary::Greater => Op::JumpUnlessLess { a: b, b: a, to: 0 },
                    Binary::GreaterEqual => Op::JumpUnlessLessEqual { a: b, b: a, to: 0 },
                    Binary::Equal | Binary::Match => Op::JumpUnlessEqual { a, b, to: 0 },
                    Binary::NotEqual => Op::JumpUnlessNotEqual { a, b, to: 0 },
                    _ => return None,
                }
            }
        };
        self.settle(rest)?;
        self.stack.truncate(rest);
        self.jump(jump, to);
        Some(())
    }

    /// A call of the lambda itself: its frame starts at the first argument.
    fn call(&mut self, count: usize) -> Option<()> {
        let first = self.stack.len().checked_sub(count)?;
        let d = self.register(first)?;
        if count == 1 {
            self.settle_at(first)?;
            self.ops.push(Op::Call { window: d });
        } else {
            let window = self.register(self.stack.len())?;
            for argument in 0..count {
                let d = window.checked_add(u8::try_from(argument).ok()?)?;
                let at = self.stack.len() - 1 - argument;
                match self.stack[at].place {
                    Place::Constant(bits) => self.load(d, bits)?,
                    Place::Local(_) | Place::Stack => {
                        let a = self.held(at)?;
                        self.ops.push(Op::Move { d, a });
                    }
                }
            }
            self.ops.push(Op::Call { window });
            self.ops.push(Op::Move { d, a: window });
        }
        self.stack.truncate(first);
        self.push(Entry::Number(self.types.result), Place::Stack);
        Some(())
    }

    /// A call in tail position: new arguments, then from the start.
    fn call_again(&mut self, count: usize) -> Option<()> {
        let first = self.stack.len().checked_sub(count)?;
        let mut moves = Vec::with_capacity(count);
        for argument in 0..count {
            let at = self.stack.len() - 1 - argument;
            let d = u8::try_from(argument).ok()?;
            if self.stack[at].place == Place::Local(d) {
                continue;
            }
            self.settle_at(at)?;
            moves.push(Op::Move {
                d,
                a: self.register(at)?,
            });
        }
        self.ops.extend(moves);
        self.stack.truncate(first);
        self.jump(Op::Loop { to: 0 }, 0);
        Some(())
    }
}

/// The register an op writes, for those whose only effect that is.
fn written(op: &mut Op) -> Option<&mut u8> {
    match op {
        Op::Move { d, .. }
        | Op::Constant { d, .. }
        | Op::Loaded { d, .. }
        | Op::Add { d, .. }
        | Op::Subtract { d, .. }
        | Op::Multiply { d, .. }
        | Op::AddConstant { d, .. }
        | Op::MultiplyConstant { d, .. }
        | Op::Least { d, .. }
        | Op::Greatest { d, .. }
        | Op::Quotient { d, .. }
        | Op::Remainder { d, .. }
        | Op::Negate { d, .. }
        | Op::Not { d, .. }
        | Op::ToFloat { d, .. }
        | Op::AddFloats { d, .. }
        | Op::SubtractFloats { d, .. }
        | Op::MultiplyFloats { d, .. }
        | Op::DivideFloats { d, .. }
        | Op::NegateFloat { d, .. }
        | Op::Less { d, .. }
        | Op::LessEqual { d, .. }
        | Op::Equal { d, .. }
        | Op::NotEqual { d, .. }
        | Op::LessFloats { d, .. }
        | Op::LessEqualFloats { d, .. }
        | Op::EqualFloats { d, .. }
        | Op::NotEqualFloats { d, .. } => Some(d),
        Op::Jump { .. }
        | Op::Loop { .. }
        | Op::JumpIfZero { .. }
        | Op::JumpUnlessLess { .. }
        | Op::JumpUnlessLessEqual { .. }
        | Op::JumpUnlessEqual { .. }
        | Op::JumpUnlessNotEqual { .. }
        | Op::JumpUnlessLessConstant { .. }
        | Op::JumpUnlessGreaterConstant { .. }
        | Op::JumpUnlessEqualConstant { .. }
        | Op::JumpUnlessNotEqualConstant { .. }
        | Op::CountDown { .. }
        | Op::Call { .. }
        | Op::Return { .. } => None,
    }
}

/// The comparison that holds with its sides changed.
fn flipped(op: Binary) -> Binary {
    match op {
        Binary::Less => Binary::Greater,
        Binary::Greater => Binary::Less,
        Binary::LessEqual => Binary::GreaterEqual,
        Binary::GreaterEqual => Binary::LessEqual,
        op => op,
    }
}

fn float_op(op: Binary, d: u8, a: u8, b: u8) -> Option<Op> {
    Some(match op {
        Binary::Add => Op::AddFloats { d, a, b },
        Binary::Subtract => Op::SubtractFloats { d, a, b },
        Binary::Multiply => Op::MultiplyFloats { d, a, b },
        Binary::Divide => Op::DivideFloats { d, a, b },
        Binary::Less => Op::LessFloats { d, a, b },
        Binary::Greater => Op::LessFloats { d, a: b, b: a },
        Binary::LessEqual => Op::LessEqualFloats { d, a, b },
        Binary::GreaterEqual => Op::LessEqualFloats { d, a: b, b: a },
        Binary::Equal => Op::EqualFloats { d, a, b },
        Binary::NotEqual => Op::NotEqualFloats { d, a, b },
        _ => return None,
    })
}
