//! The loop that runs bytecode.

use std::sync::Arc;

use q_value::{Binary, Lambda, QError, QResult, Symbol, Unary, Value};

use crate::amend::{self, Bounds};
use crate::code::{Code, Instruction, LambdaBody};
use crate::compile::fuse::LAST_USE;
use crate::interpreter::Interpreter;

/// The code of a lambda made by this crate's compiler.
pub(crate) fn code_of(lambda: &Lambda) -> QResult<&Arc<Code>> {
    match lambda.code.as_any().downcast_ref::<LambdaBody>() {
        Some(body) => Ok(&body.0),
        None => Err(QError::new("bad lambda")),
    }
}

/// What a condition counts as: an atom that is not zero; null is true.
pub(crate) fn is_true(value: &Value) -> QResult<bool> {
    Ok(match value {
        Value::Boolean(x) => *x,
        Value::Long(x) | Value::Timestamp(x) | Value::Timespan(x) => *x != 0,
        Value::Int(x)
        | Value::Month(x)
        | Value::Date(x)
        | Value::Minute(x)
        | Value::Second(x)
        | Value::Time(x) => *x != 0,
        Value::Byte(x) | Value::Char(x) => *x != 0,
        Value::Short(x) => *x != 0,
        Value::Float(x) | Value::Datetime(x) => *x != 0.0,
        Value::Real(x) => *x != 0.0,
        _ => return Err(QError::type_error()),
    })
}

impl Interpreter {
    #[inline]
    pub(crate) fn pop(&mut self) -> Value {
        self.stack.pop().unwrap_or(Value::Identity)
    }

    /// Moves the arguments of a call off the stack, the first one first.
    fn pop_arguments(&mut self, count: usize) -> Vec<Value> {
        let start = self.stack.len() - count;
        let mut arguments: Vec<Value> = self.stack.drain(start..).collect();
        arguments.reverse();
        arguments
    }

    /// Calls a lambda whose arguments, as many as it has parameters, are the top of the stack in order.
    pub(crate) fn call_lambda(&mut self, lambda: &Arc<Lambda>) -> QResult<Value> {
        self.check_limits()?;
        let code = code_of(lambda)?;
        let base = self.stack.len() - code.parameters;
        for _ in code.parameters..code.locals.len() {
            self.stack.push(Value::Elided);
        }
        let result = self.execute(code, base, Some(lambda));
        self.stack.truncate(base);
        result.map_err(|error| self.trace(error, lambda))
    }

    /// Runs code that has no parameters: a line or a view.
    pub(crate) fn run_code(&mut self, code: &Arc<Code>) -> QResult<Value> {
        self.check_limits()?;
        let base = self.stack.len();
        for _ in 0..code.locals.len() {
            self.stack.push(Value::Elided);
        }
        let result = self.execute(code, base, None);
        self.stack.truncate(base);
        result
    }

    /// Adds the frame of a lambda to an error on its way out.
    #[cold]
    fn trace(&self, error: QError, lambda: &Arc<Lambda>) -> QError {
        if !self.tracing || error.trace().len() > 64 {
            return error;
        }
        crate::errors::add_frame(self, error, lambda)
    }

    fn execute(&mut self, code: &Code, base: usize, own: Option<&Arc<Lambda>>) -> QResult<Value> {
        let mut at = 0usize;
        self.step_until_end(code, base, own, &mut at)
            .map_err(|error| {
                let position = code.positions[at.saturating_sub(1)];
                error.at(position as usize)
            })
    }

    fn step_until_end(
        &mut self,
        code: &Code,
        base: usize,
        own: Option<&Arc<Lambda>>,
        next: &mut usize,
    ) -> QResult<Value> {
        let instructions = code.instructions.as_slice();
        loop {
            let at = *next;
            *next = at + 1;
            match instructions[at] {
                Instruction::Constant(index) => {
                    self.stack.push(code.constants[index as usize].clone());
                }
                Instruction::Local(slot) => {
                    let value = self.local(base, slot);
                    self.stack.push(value);
                }
                Instruction::TakeLocal(slot) => {
                    let value =
                        std::mem::replace(&mut self.stack[base + usize::from(slot)], Value::Elided);
                    self.stack.push(match value {
                        Value::Elided => Value::empty_list(),
                        value => value,
                    });
                }
                Instruction::SetLocal(slot) => {
                    let value = self.stack[self.stack.len() - 1].clone();
                    self.stack[base + usize::from(slot)] = value;
                }
                Instruction::StoreLocal(slot) => {
                    let value = self.pop();
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
                Instruction::Pop => {
                    self.stack.pop();
                }
                Instruction::Unary(op) => {
                    let x = self.pop();
                    let result = self.unary(op, x)?;
                    self.stack.push(result);
                }
                Instruction::Binary(op) => {
                    let x = self.pop();
                    let y = self.pop();
                    let result = match scalar(op, &x, &y) {
                        Some(result) => result,
                        None => self.binary(op, x, y)?,
                    };
                    self.stack.push(result);
                }
                Instruction::LocalConstant(op, slot, index) => {
                    let y = &code.constants[usize::from(index)];
                    let x = &self.stack[base + usize::from(slot & !LAST_USE)];
                    let result = match scalar(op, x, y) {
                        Some(result) => result,
                        None => {
                            let x = self.fused_operand(base, slot);
                            self.binary(op, x, y.clone())?
                        }
                    };
                    self.stack.push(result);
                }
                Instruction::LocalLocal(op, left, right) => {
                    let x = &self.stack[base + usize::from(left & !LAST_USE)];
                    let y = &self.stack[base + usize::from(right & !LAST_USE)];
                    let result = match scalar(op, x, y) {
                        Some(result) => result,
                        None => {
                            // the right one is read first, as written
                            let y = self.fused_operand(base, right);
                            let x = self.fused_operand(base, left);
                            self.binary(op, x, y)?
                        }
                    };
                    self.stack.push(result);
                }
                Instruction::CallOwn(count) => {
                    let Some(lambda) = own else {
                        return Err(QError::signal(".z.s"));
                    };
                    if count > 1 {
                        let start = self.stack.len() - usize::from(count);
                        self.stack[start..].reverse();
                    }
                    let result = self.call_lambda(lambda)?;
                    self.stack.push(result);
                }
                Instruction::Apply(count) => {
                    let function = self.pop();
                    let result = self.apply_top(&function, usize::from(count))?;
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
                    *next = 0;
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
                Instruction::Jump(to) => {
                    if (to as usize) <= at {
                        self.check_limits()?;
                    }
                    *next = to as usize;
                }
                Instruction::JumpUnless(to) => {
                    let condition = self.pop();
                    if !is_true(&condition)? {
                        *next = to as usize;
                    }
                }
                Instruction::Counter => {
                    let count = self.pop();
                    let count = count.as_i64().ok_or_else(QError::type_error)?;
                    self.stack.push(Value::Long(count));
                }
                Instruction::CountDown(to) => {
                    let top = self.stack.len() - 1;
                    match &mut self.stack[top] {
                        Value::Long(count) if *count > 0 => *count -= 1,
                        _ => {
                            self.stack.pop();
                            *next = to as usize;
                        }
                    }
                }
                Instruction::AmendLocal(slot, count) => {
                    let path = self.pop_arguments(usize::from(count));
                    let value = self.stack[self.stack.len() - 1].clone();
                    let place = base + usize::from(slot);
                    let mut target = self.take_place(place);
                    let result = amend::assign(&mut target, &path, value, Bounds::Length);
                    self.stack[place] = target;
                    result?;
                }
                Instruction::AmendGlobal(id, count) => {
                    let path = self.pop_arguments(usize::from(count));
                    let value = self.stack[self.stack.len() - 1].clone();
                    self.assign_global_at(id, &path, value)?;
                }
                Instruction::AmendLocalWith(slot, count, op) => {
                    let path = self.pop_arguments(usize::from(count));
                    let value = self.stack[self.stack.len() - 1].clone();
                    let place = base + usize::from(slot);
                    let mut target = self.take_place(place);
                    let function = Value::Binary(op);
                    let result = amend::apply(
                        self,
                        &mut target,
                        &path,
                        &function,
                        Some(value),
                        Bounds::Length,
                    );
                    self.stack[place] = target;
                    result?;
                }
                Instruction::AmendGlobalWith(id, count, op) => {
                    let path = self.pop_arguments(usize::from(count));
                    let value = self.stack[self.stack.len() - 1].clone();
                    self.amend_global(id, &path, &Value::Binary(op), Some(value), Bounds::Length)?;
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
                    let result = self.through_global(id, op, y)?;
                    self.stack.push(result);
                }
                Instruction::Bind(index) => {
                    if !self.bind_top(&code.patterns[usize::from(index)], base)? {
                        return Err(QError::new("match"));
                    }
                }
                Instruction::BindOrJump(index, to) => {
                    if !self.bind_top(&code.patterns[usize::from(index)], base)? {
                        *next = to as usize;
                    }
                }
                Instruction::Query(index) => {
                    let result = self.run_query(&code.queries[index as usize], base)?;
                    self.stack.push(result);
                }
                Instruction::Table(index) => {
                    let shape = &code.tables[index as usize];
                    let items = self.pop_arguments(shape.keys.len() + shape.columns.len());
                    let result = crate::literal::build(self, shape, items)?;
                    self.stack.push(result);
                }
                Instruction::Return => return Ok(self.pop()),
                Instruction::Signal => {
                    let value = self.pop();
                    return Err(signalled(&value));
                }
            }
        }
    }

    /// Binds a pattern to the value below its operands, which are removed; false when it does not match.
    fn bind_top(&mut self, pattern: &crate::pattern::PatternCode, base: usize) -> QResult<bool> {
        let operands = self.pop_arguments(pattern.operands);
        let value = self.stack[self.stack.len() - 1].clone();
        let Some(value) = self.bind(pattern, &operands, value, base)? else {
            return Ok(false);
        };
        let top = self.stack.len() - 1;
        self.stack[top] = value;
        Ok(true)
    }

    /// A copy of a local; one that was never assigned is the empty list.
    #[inline]
    fn local(&self, base: usize, slot: u16) -> Value {
        match &self.stack[base + usize::from(slot)] {
            Value::Elided => Value::empty_list(),
            value => value.clone(),
        }
    }

    /// A local of a fused instruction: moved when this is its last use.
    fn fused_operand(&mut self, base: usize, slot: u16) -> Value {
        if slot & LAST_USE == 0 {
            self.local(base, slot)
        } else {
            self.take_place(base + usize::from(slot & !LAST_USE))
        }
    }

    /// Moves a local out of its place for writing.
    pub(crate) fn take_place(&mut self, place: usize) -> Value {
        match std::mem::replace(&mut self.stack[place], Value::Elided) {
            Value::Elided => Value::empty_list(),
            value => value,
        }
    }

    fn own(&mut self, own: Option<&Arc<Lambda>>) -> QResult<Value> {
        match own {
            Some(lambda) => Ok(Value::Lambda(Arc::clone(lambda))),
            None => Err(QError::signal(".z.s")),
        }
    }

    /// Applies a function to the arguments on top of the stack (the first one on top) and removes them.
    pub(crate) fn apply_top(&mut self, function: &Value, count: usize) -> QResult<Value> {
        match function {
            Value::Lambda(lambda) if lambda.parameters.len() == count => {
                let start = self.stack.len() - count;
                if self.stack[start..]
                    .iter()
                    .any(|argument| matches!(argument, Value::Elided))
                {
                    let arguments = self.pop_arguments(count);
                    return self.apply(function, arguments);
                }
                if count > 1 {
                    self.stack[start..].reverse();
                }
                self.call_lambda(lambda)
            }
            function if count == 1 => {
                let x = self.pop();
                self.apply_one(function, x)
            }
            function => {
                let arguments = self.pop_arguments(count);
                self.apply(function, arguments)
            }
        }
    }

    /// `name[path]:value` on a global; an undefined one is an error.
    fn assign_global_at(&mut self, id: u32, path: &[Value], value: Value) -> QResult<()> {
        if self.read_only {
            return Err(QError::noupdate());
        }
        let Some(mut target) = self.take_global(id)? else {
            // a name inside a namespace's dictionary, or the namespace itself
            let name = self.globals.name(id);
            return self.assign_missing(name, path, value);
        };
        let result = amend::assign(&mut target, path, value, Bounds::Length);
        self.globals.store(id, target);
        result
    }

    /// `name[path]:value` where the name has no slot of its own: `.a[`b]:1`, `d.k[0]:1`.
    fn assign_missing(&mut self, name: Symbol, path: &[Value], value: Value) -> QResult<()> {
        if self.globals.is_namespace(name)
            && let [Value::Symbol(member), rest @ ..] = path
        {
            let mut text = name.as_bytes().to_vec();
            text.push(b'.');
            text.extend_from_slice(member.as_bytes());
            let full = Symbol::new(text);
            if rest.is_empty() {
                return self.write_name(full, value);
            }
            let id = self.globals.slot(full);
            return self.assign_global_at(id, rest, value);
        }
        let mut target = self.read_name(name)?;
        amend::assign(&mut target, path, value, Bounds::Length)?;
        self.write_name(name, target)
    }

    /// Takes a global's value out for writing; views are computed first and stop being views.
    pub(crate) fn take_global(&mut self, id: u32) -> QResult<Option<Value>> {
        if self.globals.view(id).is_some() {
            let value = self.read_global(id)?;
            self.globals.set(id, value);
        }
        Ok(self.globals.take(id))
    }

    /// `.[name;path;function;value]` on a global by slot.
    pub(crate) fn amend_global(
        &mut self,
        id: u32,
        path: &[Value],
        function: &Value,
        value: Option<Value>,
        bounds: Bounds,
    ) -> QResult<()> {
        if self.read_only {
            return Err(QError::noupdate());
        }
        if !matches!(
            function,
            Value::Binary(_) | Value::Unary(_) | Value::Native(_)
        ) {
            // the function may look at the variable: it sees the value as it was
            let mut target = self.read_global(id)?;
            amend::apply(self, &mut target, path, function, value, bounds)?;
            return self.write_global(id, target);
        }
        let Some(mut target) = self.take_global(id)? else {
            let name = self.globals.name(id);
            let mut target = self.read_name(name)?;
            amend::apply(self, &mut target, path, function, value, bounds)?;
            return self.write_name(name, target);
        };
        let result = amend::apply(self, &mut target, path, function, value, bounds);
        self.globals.store(id, target);
        result
    }

    /// `name op:y` on a global; returns the new value.
    fn through_global(&mut self, id: u32, op: Binary, y: Value) -> QResult<Value> {
        if self.read_only {
            return Err(QError::noupdate());
        }
        match self.take_global(id)? {
            Some(mut target) => {
                let result = amend::through(self, &mut target, op, y);
                self.globals.store(id, target.clone());
                result?;
                Ok(target)
            }
            None => {
                let name = self.globals.name(id);
                let mut target = match self.read_name(name) {
                    Ok(target) => target,
                    Err(_) if op == Binary::Join => Value::empty_list(),
                    Err(error) => return Err(error),
                };
                amend::through(self, &mut target, op, y)?;
                self.write_name(name, target.clone())?;
                Ok(target)
            }
        }
    }
}

/// The error that `'x` makes.
pub(crate) fn signalled(value: &Value) -> QError {
    match value {
        Value::Symbol(text) => QError::signal(text.as_bytes().to_vec()),
        Value::Chars(text) => QError::signal(text.to_vec()),
        Value::Char(text) => QError::signal(vec![*text]),
        _ => QError::stype(),
    }
}

/// Binary primitives on two atoms of the commonest types; `None` leaves it to the kernels.
#[inline(always)]
fn scalar(op: Binary, x: &Value, y: &Value) -> Option<Value> {
    match (x, y) {
        (Value::Long(x), Value::Long(y)) => scalar_long(op, *x, *y),
        (Value::Float(x), Value::Float(y)) => scalar_float(op, *x, *y),
        _ => None,
    }
}

#[inline(always)]
fn scalar_long(op: Binary, x: i64, y: i64) -> Option<Value> {
    const NULL: i64 = i64::MIN;
    let null = x == NULL || y == NULL;
    Some(match op {
        Binary::Add => Value::Long(if null { NULL } else { x.wrapping_add(y) }),
        Binary::Subtract => Value::Long(if null { NULL } else { x.wrapping_sub(y) }),
        Binary::Multiply => Value::Long(if null { NULL } else { x.wrapping_mul(y) }),
        Binary::Less => Value::Boolean(x < y),
        Binary::Greater => Value::Boolean(x > y),
        Binary::LessEqual => Value::Boolean(x <= y),
        Binary::GreaterEqual => Value::Boolean(x >= y),
        Binary::Equal | Binary::Match => Value::Boolean(x == y),
        Binary::NotEqual => Value::Boolean(x != y),
        Binary::And => Value::Long(x.min(y)),
        Binary::Or => Value::Long(x.max(y)),
        _ => return None,
    })
}

#[inline(always)]
fn scalar_float(op: Binary, x: f64, y: f64) -> Option<Value> {
    Some(match op {
        Binary::Add => Value::Float(x + y),
        Binary::Subtract => Value::Float(x - y),
        Binary::Multiply => Value::Float(x * y),
        Binary::Divide => Value::Float(x / y),
        _ => return None,
    })
}

/// A unary primitive on an atom where that is trivial.
#[inline]
pub(crate) fn scalar_unary(op: Unary, x: &Value) -> Option<Value> {
    Some(match (op, x) {
        (Unary::Not, Value::Boolean(x)) => Value::Boolean(!x),
        (Unary::Not, Value::Long(x)) => Value::Boolean(*x == 0),
        (Unary::Neg, Value::Long(x)) => Value::Long(x.wrapping_neg()),
        (Unary::Neg, Value::Float(x)) => Value::Float(-x),
        (Unary::Count, x) if !matches!(x, Value::Partitioned(_)) => Value::Long(x.count() as i64),
        (Unary::Type, x) => Value::Short(x.type_number()),
        _ => return None,
    })
}
