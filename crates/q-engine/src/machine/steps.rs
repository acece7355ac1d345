//! The instructions that are rarer or do more: one call each.

use std::sync::Arc;

use q_kernels::interrupt::guard;
use q_value::{Binary, Lambda, QError, QResult, Value};

use super::scalar::amend_scalar;
use super::signalled;
use crate::amend::{self, Bounds};
use crate::code::{Code, Instruction};
use crate::compile::fuse::{LAST_USE, VALUE_USED};
use crate::interpreter::Interpreter;
use crate::pattern::Unbound;

impl Interpreter {
    /// Runs one instruction; where to go on when that is not the next one.
    #[inline(never)]
    pub(super) fn step(
        &mut self,
        instruction: Instruction,
        code: &Code,
        base: usize,
        own: Option<&Arc<Lambda>>,
    ) -> QResult<Option<usize>> {
        match instruction {
            Instruction::SetLocal(slot) => {
                let value = self.stack[self.stack.len() - 1].clone();
                self.stack[base + usize::from(slot)] = value;
            }
            Instruction::Global(id) => match self.globals.get(id) {
                Some(value) => {
                    let value = value.clone();
                    self.stack.push(value);
                }
                None => {
                    let value = self.read_global(id)?;
                    self.stack.push(value);
                }
            },
            Instruction::SetGlobal(id) => {
                let value = self.stack[self.stack.len() - 1].clone();
                self.write_global(id, value)?;
            }
            Instruction::View(id, constant) => {
                crate::view::define(self, id, &code.constants[constant as usize])?;
                self.stack.push(Value::Identity);
            }
            Instruction::Own => {
                let value = self.own(own)?;
                self.stack.push(value);
            }
            Instruction::WriteBack(slot, place) => {
                let value = self.stack[base + usize::from(slot)].clone();
                self.stack[place as usize] = value;
            }
            Instruction::Unary(op) => {
                let x = self.pop();
                if self.is_debuggable {
                    self.note_arguments(&[&x]);
                }
                let result = self.unary(op, x)?;
                self.stack.push(result);
            }
            Instruction::TailOwn(count) => {
                self.check_limits()?;
                let arguments = self.pop_arguments(usize::from(count));
                self.stack.truncate(base);
                self.stack.extend(arguments);
                for _ in code.parameters..code.locals.len() {
                    self.stack.push(Value::Elided);
                }
                return Ok(Some(0));
            }
            Instruction::List(count) => {
                let items = self.pop_arguments(count as usize);
                self.stack.push(Value::from_items(items));
            }
            Instruction::Derive(iterator) => {
                let function = self.pop();
                self.stack.push(Value::derived(iterator, function));
            }
            Instruction::Compose => {
                let left = self.pop();
                let right = self.pop();
                self.stack.push(crate::apply::compose(left, right));
            }
            Instruction::Counter => {
                let count = self.pop();
                let count = count.as_i64().ok_or_else(QError::type_error)?;
                self.stack.push(Value::Long(count));
            }
            Instruction::AmendLocal(slot, count) => {
                self.amend_local(base + usize::from(slot), count, Binary::Assign)?;
            }
            Instruction::AmendLocalDrop(slot, op) => {
                self.amend_local(base + usize::from(slot), 1, op)?;
                self.stack.pop();
            }
            Instruction::AmendGlobal(id, count) => {
                let path = self.pop_arguments(usize::from(count));
                let value = self.stack[self.stack.len() - 1].clone();
                self.assign_global_at(id, &path, value)?;
            }
            Instruction::AmendLocalWith(slot, count, op) => {
                let is_used = count & VALUE_USED != 0;
                let place = base + usize::from(slot);
                if is_used {
                    self.amend_local_used(place, count & !VALUE_USED, op)?;
                } else {
                    self.amend_local(place, count, op)?;
                }
            }
            Instruction::AmendGlobalWith(id, count, op) => {
                let path = self.pop_arguments(usize::from(count & !VALUE_USED));
                let value = self.stack[self.stack.len() - 1].clone();
                self.amend_global(id, &path, &Value::Binary(op), Some(value), Bounds::Length)?;
                if count & VALUE_USED != 0 {
                    let whole = self.read_global(id)?;
                    let item = crate::index::index_deep(&whole, &path)?;
                    self.pop();
                    self.stack.push(item);
                }
            }
            Instruction::ThroughLocal(slot, op) => {
                let y = self.pop();
                let place = base + usize::from(slot);
                let mut target = self.take_place(place);
                let result = amend::through(self, &mut target, op, y);
                self.stack[place] = target.clone();
                result?;
                self.stack.push(target);
            }
            Instruction::ThroughGlobal(id, op) => {
                let y = self.pop();
                let result = self.through_global(id, op, y, true)?;
                self.stack.push(result);
            }
            Instruction::Bind(index) => {
                self.bind_top(&code.patterns[usize::from(index)], base)?;
            }
            Instruction::BindOrJump(index, to) => {
                match self.bind_top(&code.patterns[usize::from(index)], base) {
                    Err(Unbound::Mismatch(_)) => return Ok(Some(to as usize)),
                    result => result?,
                }
            }
            Instruction::Query(index) => {
                let result = guard(|| self.run_query(&code.queries[index as usize], base))?;
                self.stack.push(result);
            }
            Instruction::Table(index) => {
                let shape = &code.tables[index as usize];
                let items = self.pop_arguments(shape.keys.len() + shape.columns.len());
                let result = crate::literal::build(self, shape, items)?;
                self.stack.push(result);
            }
            Instruction::Signal => {
                let value = self.pop();
                return Err(signalled(&value));
            }
            Instruction::ThroughGlobalDrop(id, op) => {
                let y = self.pop();
                self.through_global(id, op, y, false)?;
            }
            Instruction::Constant(_)
            | Instruction::Local(_)
            | Instruction::TakeLocal(_)
            | Instruction::StoreLocal(_)
            | Instruction::LocalConstant(..)
            | Instruction::LocalLocal(..)
            | Instruction::Binary(_)
            | Instruction::Word(_)
            | Instruction::ThroughLocalConstant(..)
            | Instruction::ThroughLocalDrop(..)
            | Instruction::CallOwn(_)
            | Instruction::Apply(_)
            | Instruction::Jump(_)
            | Instruction::JumpUnless(_)
            | Instruction::CountDown(_)
            | Instruction::Pop
            | Instruction::Return => unreachable!("handled in the loop"),
        }
        Ok(None)
    }

    /// `x[i;..]op:v` on a local: that many indices on top, the value below; the value stays.
    fn amend_local(&mut self, place: usize, count: u8, op: Binary) -> QResult<()> {
        if count == 1 {
            let value = self.stack.len() - 2;
            let (below, above) = self.stack.split_at_mut(value);
            if amend_scalar(op, &mut below[place], &above[1], &above[0]) {
                self.stack.pop();
                return Ok(());
            }
        }
        let path = self.pop_arguments(usize::from(count));
        self.amend_place(place, &path, op)
    }

    /// As [`Interpreter::amend_local`], where the item's new value is wanted: it takes the place of the value.
    fn amend_local_used(&mut self, place: usize, count: u8, op: Binary) -> QResult<()> {
        let path = self.pop_arguments(usize::from(count));
        self.amend_place(place, &path, op)?;
        let item = crate::index::index_deep(&self.stack[place], &path)?;
        self.pop();
        self.stack.push(item);
        Ok(())
    }

    /// Amends the value at a place of the stack at a path, with the value on top.
    fn amend_place(&mut self, place: usize, path: &[Value], op: Binary) -> QResult<()> {
        let value = self.stack[self.stack.len() - 1].clone();
        let mut target = self.take_place(place);
        let function = Value::Binary(op);
        let bounds = Bounds::Length;
        let result = amend::apply(self, &mut target, path, &function, Some(value), bounds);
        self.stack[place] = target;
        result
    }

    /// A binary primitive on a local and a constant that are no plain atoms.
    #[inline(never)]
    pub(super) fn local_constant(
        &mut self,
        code: &Code,
        base: usize,
        op: Binary,
        slot: u16,
        index: u16,
    ) -> QResult<Value> {
        let x = self.fused_operand(base, slot);
        if self.is_debuggable {
            self.note_arguments(&[&x, &code.constants[usize::from(index)]]);
        }
        self.binary(op, x, code.constants[usize::from(index)].clone())
    }

    /// A binary primitive on two locals that are no plain atoms.
    #[inline(never)]
    pub(super) fn local_local(
        &mut self,
        base: usize,
        op: Binary,
        left: u16,
        right: u16,
    ) -> QResult<Value> {
        // the right one is read first, as written
        let y = self.fused_operand(base, right);
        let x = self.fused_operand(base, left);
        if self.is_debuggable {
            self.note_arguments(&[&x, &y]);
        }
        self.binary(op, x, y)
    }

    /// `local op:y` where the two are no plain atoms.
    #[inline(never)]
    pub(super) fn through_place(&mut self, place: usize, op: Binary, y: Value) -> QResult<()> {
        let mut target = self.take_place(place);
        let result = amend::through(self, &mut target, op, y);
        self.stack[place] = target;
        result
    }

    /// Binds a pattern to the value below its operands, which are removed.
    fn bind_top(
        &mut self,
        pattern: &crate::pattern::PatternCode,
        base: usize,
    ) -> Result<(), Unbound> {
        let operands = self.pop_arguments(pattern.operands);
        let value = self.stack[self.stack.len() - 1].clone();
        let value = self.bind(pattern, &operands, value, base)?;
        let top = self.stack.len() - 1;
        self.stack[top] = value;
        Ok(())
    }

    /// A local of a fused instruction: moved when this is its last use.
    fn fused_operand(&mut self, base: usize, slot: u16) -> Value {
        if slot & LAST_USE == 0 {
            self.local(base, slot)
        } else {
            self.take_place(base + usize::from(slot & !LAST_USE))
        }
    }

    fn own(&mut self, own: Option<&Arc<Lambda>>) -> QResult<Value> {
        match own {
            Some(lambda) => Ok(Value::Lambda(Arc::clone(lambda))),
            None => Err(QError::signal(".z.s")),
        }
    }
}
