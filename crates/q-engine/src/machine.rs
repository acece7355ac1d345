//! The loop that runs bytecode.
//!
//! The instructions that most code consists of are handled in the loop itself; the others, and everything that needs many
//! registers, stand in [`steps`], so that a call of a small lambda stays cheap.

mod globals;
mod scalar;
mod steps;

use std::sync::Arc;

use q_kernels::interrupt;
use q_value::{Lambda, QError, QResult, Value, push_boolean, push_float, push_long};

use crate::code::{Code, Instruction, LambdaBody};
use crate::compile::fuse::LAST_USE;
use crate::frames::{Frame, FrameKind};
use crate::interpreter::{CALLS_MAX, Interpreter};
use scalar::{Scalar, amend_scalar, scalar, through_scalar};

pub(crate) use scalar::scalar_unary;

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

/// Arguments of primitives longer than this are not kept for the debugger.
const NOTED_ITEMS_MAX: usize = 4096;

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
        self.enter(code, lambda)?;
        Ok(self.pop())
    }

    /// Runs the code of a lambda on the arguments on top of the stack, and leaves its result in their place.
    #[inline]
    pub(crate) fn enter(&mut self, code: &Code, lambda: &Arc<Lambda>) -> QResult<()> {
        if code.is_numeric
            && let Some(result) = self.enter_numeric(code, lambda)
        {
            return result;
        }
        let base = self.stack.len() - code.parameters;
        for _ in code.parameters..code.locals.len() {
            self.stack.push(Value::Elided);
        }
        self.push_frame(code, base);
        self.calls += 1;
        let result = if self.calls < CALLS_MAX {
            self.execute(code, base, Some(lambda))
        } else {
            Err(QError::stack())
        };
        self.calls -= 1;
        self.pop_frame();
        if result.is_err() {
            self.stack.truncate(base);
        }
        result
    }

    #[inline]
    fn push_frame(&mut self, code: &Code, base: usize) {
        self.frames.push(Frame {
            kind: FrameKind::Code(code.number.get()),
            base,
            caller_at: self.at,
        });
    }

    #[inline]
    fn pop_frame(&mut self) {
        if let Some(frame) = self.frames.pop() {
            self.at = frame.caller_at;
        }
    }

    /// Runs the code of a debugger's line: copies of the locals it sees are on top of the stack.
    pub(crate) fn run_in_frame(
        &mut self,
        code: &Code,
        lambda: Option<&Arc<Lambda>>,
    ) -> QResult<Value> {
        let base = self.stack.len() - code.locals.len();
        self.push_frame(code, base);
        let result = self.execute(code, base, lambda);
        self.pop_frame();
        result.map(|()| self.pop())
    }

    /// Runs code that has no parameters: a line or a view.
    pub(crate) fn run_code(&mut self, code: &Arc<Code>) -> QResult<Value> {
        self.check_limits()?;
        interrupt::watch(Some(self.interrupt()), !self.is_secondary);
        let base = self.stack.len();
        for _ in 0..code.locals.len() {
            self.stack.push(Value::Elided);
        }
        let (calls, scopes, frames) = (self.calls, self.scopes.len(), self.frames.len());
        self.push_frame(code, base);
        let result = interrupt::guard(|| self.execute(code, base, None));
        // a kernel that was left without a guard of its own passed by those who put these back
        self.calls = calls;
        self.scopes.truncate(scopes);
        self.frames.truncate(frames + 1);
        self.pop_frame();
        match result {
            Ok(()) => Ok(self.pop()),
            Err(error) => {
                self.stack.truncate(base);
                Err(error)
            }
        }
    }

    /// Runs code in the frame at `base` until it returns; the frame is then replaced by the result.
    ///
    /// Atoms are moved field by field: a value written as tag and payload and read back whole would stall the processor.
    fn execute(&mut self, code: &Code, base: usize, own: Option<&Arc<Lambda>>) -> QResult<()> {
        let instructions = code.instructions.as_slice();
        let mut next = 0usize;
        /// Leaves with an error placed at the instruction that failed, unless a debugger gives a result for it.
        macro_rules! check {
            ($result:expr) => {
                check!($result, None)
            };
            ($result:expr, $function:expr) => {
                match $result {
                    Ok(value) => value,
                    Err(error) => {
                        next = self.fail(error, code, base, next, $function)?;
                        continue;
                    }
                }
            };
        }
        /// Pushes the result of a primitive on atoms; a boolean that a jump takes at once is not pushed. `$slow` is a
        /// value for everything else.
        macro_rules! push_scalar {
            ($scalar:expr, $slow:expr) => {
                match $scalar {
                    Scalar::Long(x) => push_long(&mut self.stack, x),
                    Scalar::Float(x) => push_float(&mut self.stack, x),
                    Scalar::Boolean(holds) => match instructions.get(next) {
                        Some(Instruction::JumpUnless(to)) => {
                            next = if holds { next + 1 } else { *to as usize };
                        }
                        _ => push_boolean(&mut self.stack, holds),
                    },
                    Scalar::Other => {
                        self.at = next as u32;
                        let result = check!($slow);
                        self.stack.push(result);
                    }
                }
            };
        }
        loop {
            let instruction = instructions[next];
            next += 1;
            match instruction {
                Instruction::Constant(index) => match &code.constants[index as usize] {
                    Value::Long(x) => push_long(&mut self.stack, *x),
                    value => self.stack.push(value.clone()),
                },
                Instruction::Local(slot) => match &self.stack[base + usize::from(slot)] {
                    Value::Long(x) => {
                        let x = *x;
                        push_long(&mut self.stack, x);
                    }
                    Value::Elided => self.stack.push(Value::empty_list()),
                    value => {
                        let value = value.clone();
                        self.stack.push(value);
                    }
                },
                Instruction::TakeLocal(slot) => match &self.stack[base + usize::from(slot)] {
                    Value::Long(x) => {
                        let x = *x;
                        push_long(&mut self.stack, x);
                    }
                    _ => {
                        let value = self.take_place(base + usize::from(slot));
                        self.stack.push(value);
                    }
                },
                Instruction::StoreLocal(slot) => {
                    let place = base + usize::from(slot);
                    if let Some(Value::Long(x)) = self.stack.last() {
                        let x = *x;
                        self.stack.pop();
                        match &mut self.stack[place] {
                            Value::Long(old) => *old = x,
                            slot => *slot = Value::Long(x),
                        }
                    } else {
                        let value = self.pop();
                        self.stack[place] = value;
                    }
                }
                Instruction::LocalConstant(op, slot, index) => {
                    let y = &code.constants[usize::from(index)];
                    let x = &self.stack[base + usize::from(slot & !LAST_USE)];
                    push_scalar!(
                        scalar(op, x, y),
                        self.local_constant(code, base, op, slot, index)
                    );
                }
                Instruction::LocalLocal(op, left, right) => {
                    let x = &self.stack[base + usize::from(left & !LAST_USE)];
                    let y = &self.stack[base + usize::from(right & !LAST_USE)];
                    push_scalar!(scalar(op, x, y), self.local_local(base, op, left, right));
                }
                Instruction::Binary(op) => {
                    let top = self.stack.len();
                    let result = match &self.stack[top - 2..] {
                        [y, x] => scalar(op, x, y),
                        _ => Scalar::Other,
                    };
                    if let Scalar::Other = result {
                        self.at = next as u32;
                        let (x, y) = (self.pop(), self.pop());
                        if self.is_debuggable {
                            self.note_arguments(&[&x, &y]);
                        }
                        let result = check!(self.binary(op, x, y));
                        self.stack.push(result);
                    } else {
                        self.stack.truncate(top - 2);
                        push_scalar!(result, Err(QError::nyi()));
                    }
                }
                Instruction::Word(word) => {
                    let top = self.stack.len() - 1;
                    if let [Value::Long(y), Value::Long(x)] = &mut self.stack[top - 1..] {
                        *y = word.of_longs(*x, *y);
                        self.stack.truncate(top);
                    } else {
                        self.at = next as u32;
                        let (x, y) = (self.pop(), self.pop());
                        if self.is_debuggable {
                            self.note_arguments(&[&x, &y]);
                        }
                        let result = check!(word.of_values(x, y));
                        self.stack.push(result);
                    }
                }
                Instruction::AmendLocalDrop(slot, op) => {
                    let value = self.stack.len() - 2;
                    let (below, above) = self.stack.split_at_mut(value);
                    if amend_scalar(
                        op,
                        &mut below[base + usize::from(slot)],
                        &above[1],
                        &above[0],
                    ) {
                        self.stack.truncate(value);
                    } else {
                        self.at = next as u32;
                        check!(self.step(instruction, code, base, own));
                    }
                }
                Instruction::ThroughLocalConstant(slot, op, index) => {
                    let place = base + usize::from(slot);
                    let y = &code.constants[usize::from(index)];
                    if !through_scalar(op, &mut self.stack[place], y) {
                        self.at = next as u32;
                        check!(self.through_place(place, op, y.clone()));
                    }
                }
                Instruction::ThroughLocalDrop(slot, op) => {
                    let y = self.pop();
                    let place = base + usize::from(slot);
                    if !through_scalar(op, &mut self.stack[place], &y) {
                        self.at = next as u32;
                        check!(self.through_place(place, op, y));
                    }
                }
                Instruction::CallOwn(count) => {
                    let Some(lambda) = own else {
                        return Err(QError::signal(".z.s"));
                    };
                    self.at = next as u32;
                    check!(self.check_limits());
                    if count > 1 {
                        let start = self.stack.len() - usize::from(count);
                        self.stack[start..].reverse();
                    }
                    check!(self.enter(code, lambda));
                }
                Instruction::Apply(count) => {
                    self.at = next as u32;
                    let function = self.pop();
                    check!(
                        self.apply_top(&function, usize::from(count)),
                        Some(&function)
                    );
                }
                Instruction::Jump(to) => {
                    let to = to as usize;
                    if to < next {
                        check!(self.check_limits());
                    }
                    next = to;
                }
                Instruction::JumpUnless(to) => {
                    let condition = self.pop();
                    if !check!(is_true(&condition)) {
                        next = to as usize;
                    }
                }
                Instruction::CountDown(to) => {
                    let top = self.stack.len() - 1;
                    match &mut self.stack[top] {
                        Value::Long(count) if *count > 0 => *count -= 1,
                        _ => {
                            self.stack.pop();
                            next = to as usize;
                        }
                    }
                }
                Instruction::Pop => {
                    self.stack.pop();
                }
                Instruction::Return => {
                    self.leave(base);
                    return Ok(());
                }
                instruction => {
                    self.at = next as u32;
                    if let Some(to) = check!(self.step(instruction, code, base, own)) {
                        next = to;
                    }
                }
            }
        }
    }

    /// Replaces the frame at `base` by the value on top of it.
    #[inline]
    fn leave(&mut self, base: usize) {
        let top = self.stack.len() - 1;
        if top > base {
            if let Value::Long(x) = &self.stack[top] {
                let x = *x;
                match &mut self.stack[base] {
                    Value::Long(old) => *old = x,
                    slot => *slot = Value::Long(x),
                }
            } else {
                self.stack.swap(base, top);
            }
            self.stack.truncate(base + 1);
        }
    }

    /// Keeps the arguments of a primitive for `.z.ey`; of long ones not even a copy of the reference, so that they can be
    /// written in place.
    #[cold]
    pub(crate) fn note_arguments(&mut self, arguments: &[&Value]) {
        self.failed_arguments = arguments
            .iter()
            .map(|argument| match argument {
                argument if argument.is_atom() || argument.count() <= NOTED_ITEMS_MAX => {
                    (*argument).clone()
                }
                _ => Value::Identity,
            })
            .collect();
    }

    /// A copy of a local; one that was never assigned is the empty list.
    #[inline]
    fn local(&self, base: usize, slot: u16) -> Value {
        match &self.stack[base + usize::from(slot)] {
            Value::Elided => Value::empty_list(),
            value => value.clone(),
        }
    }

    /// Moves a local out of its place for writing.
    pub(crate) fn take_place(&mut self, place: usize) -> Value {
        match std::mem::replace(&mut self.stack[place], Value::Elided) {
            Value::Elided => Value::empty_list(),
            value => value,
        }
    }

    /// Applies a function to the arguments on top of the stack (the first one on top) and leaves the result in their place.
    fn apply_top(&mut self, function: &Value, count: usize) -> QResult<()> {
        if let Value::Lambda(lambda) = function
            && lambda.parameters.len() == count
        {
            let start = self.stack.len() - count;
            if !self.stack[start..]
                .iter()
                .any(|argument| matches!(argument, Value::Elided))
            {
                if count > 1 {
                    self.stack[start..].reverse();
                }
                self.check_limits()?;
                let code = code_of(lambda)?;
                return self.enter(code, lambda);
            }
        }
        if self.is_debuggable {
            let top = self.stack.len();
            let arguments: Vec<Value> = self.stack[top - count..].iter().rev().cloned().collect();
            self.note_arguments(&arguments.iter().collect::<Vec<_>>());
        }
        let result = self.apply_popped(function, count)?;
        self.stack.push(result);
        Ok(())
    }

    fn apply_popped(&mut self, function: &Value, count: usize) -> QResult<Value> {
        match function {
            function if count == 1 => {
                let x = self.pop();
                self.apply_one(function, x)
            }
            Value::Native(native) if count == 2 && native.rank == 2 => {
                let (x, y) = (self.pop(), self.pop());
                if matches!(x, Value::Elided) || matches!(y, Value::Elided) {
                    return self.apply(function, vec![x, y]);
                }
                crate::primitives::call_two(self, native, x, y)
            }
            function => {
                let arguments = self.pop_arguments(count);
                self.apply(function, arguments)
            }
        }
    }
}

/// The error that `'x` makes.
pub(crate) fn signalled(value: &Value) -> QError {
    match value {
        Value::Symbol(text) => QError::signal(text.as_bytes().to_vec()),
        Value::Chars(text) => QError::signal(text.to_vec()),
        _ => QError::stype(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::FakeWorld;

    /// The memory that the items of a global stand in; of a table those of its first column.
    fn place_of(interpreter: &mut Interpreter, name: &str) -> *const i64 {
        let mut value = interpreter.get_global(name).expect("a global");
        loop {
            value = match &value {
                Value::Longs(items) => return items.as_ptr(),
                Value::Dict(dict) => dict.values.clone(),
                Value::Table(table) => table.columns[0].clone(),
                _ => panic!("a list, dictionary or table of longs"),
            };
        }
    }

    fn run(interpreter: &mut Interpreter, line: &str) {
        if let crate::Outcome::Error(error, _) = interpreter.run_line(line.as_bytes()) {
            panic!("{line}: {error}");
        }
    }

    #[test]
    fn variables_are_changed_where_they_stand() {
        let mut interpreter = Interpreter::new(Box::new(FakeWorld::new()));
        interpreter.set_stack_size(1_800_000);
        // room for twice as many after the first append
        run(
            &mut interpreter,
            "v:1000#0;v,:1;d:(til 100)!til 100;t:([]a:1000#0);t,:enlist 1;\
             k:([a:til 1000]b:til 1000);k,:(-1;-1);r:enlist[`a]!enlist 1",
        );
        for (name, line) in [
            ("v", "do[900;v,:7]"),
            ("v", "do[100;v[3]+:1]"),
            ("v", "i:0;while[i<100;v[i]:i;i+:1]"),
            ("v", "v+:1"),
            ("d", "do[100;d[50]+:1]"),
            ("d", "d[60]:5"),
            ("d", "{do[x;d[51]+:1]}100"),
            ("t", "do[300;.[`t;();,;r]]"),
            ("t", "do[300;@[`.;`t;,;r]]"),
            ("t", "do[300;@[`.;`t;,;([]a:1#2)]]"),
            ("k", "i:1000;do[900;.[`k;();,;`a`b!(i;0)];i+:1]"),
        ] {
            let before = place_of(&mut interpreter, name);
            run(&mut interpreter, line);
            assert_eq!(place_of(&mut interpreter, name), before, "{line}");
        }
        run(&mut interpreter, "w:v");
        let before = place_of(&mut interpreter, "v");
        run(&mut interpreter, "v,:1;w[0]:-1");
        assert_ne!(place_of(&mut interpreter, "v"), before);
        assert_ne!(
            place_of(&mut interpreter, "v"),
            place_of(&mut interpreter, "w")
        );
    }
}
