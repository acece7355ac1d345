//! What happens where an error arises: the backtrace is collected, the debugger may take over, or the error goes on
//! outwards (`basics/debug`, section "Error trap modes"; `ref/signal`, section "Debugger break location").

use std::sync::Arc;

use q_value::{QError, QResult, Symbol, Value};

use crate::backtrace::{self, Backtrace, Origin, TracedFrame};
use crate::code::{Code, Instruction};
use crate::compile::fuse::VALUE_USED;
use crate::frames::{Frame, FrameKind, lambda_with_number};
use crate::interpreter::Interpreter;

/// The error-trap mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorMode {
    /// Errors go straight to the trap that waits for them: `@[f;x;e]`, messages of clients.
    Abort,
    /// Errors suspend and run the debugger where there is one; elsewhere the frame that would be suspended is shown.
    Suspend,
    /// Errors carry the whole backtrace: `.Q.trp`, scripts without a console.
    Trace,
}

/// Keywords that kdb+ defines as functions in its library: they have a frame of their own.
const LIBRARY_FUNCTIONS: &[&str] = &[
    "aj", "aj0", "ajf", "ajf0", "asc", "asof", "cols", "cor", "cross", "cut", "deltas", "desc",
    "dev", "dsave", "each", "ej", "ema", "except", "fby", "fkeys", "ij", "ijf", "insert", "inter",
    "keys", "lj", "ljf", "load", "ltrim", "mavg", "mcount", "mdev", "med", "meta", "mmax", "mmin",
    "mod", "msum", "next", "over", "parse", "peach", "pj", "prev", "prior", "rand", "rank",
    "ratios", "rload", "rotate", "rsave", "rtrim", "save", "scan", "scov", "sdev", "show",
    "signum", "ssr", "sublist", "sv", "svar", "tables", "til", "trim", "uj", "ujf", "ungroup",
    "union", "upsert", "view", "vs", "wj", "wj1", "xasc", "xbar", "xcol", "xcols", "xdesc",
    "xgroup", "xkey", "xlog", "xprev", "xrank",
];

/// The library function that a function value stands for in kdb+.
fn library_name(function: &Value) -> Option<String> {
    let name = match function {
        Value::Native(native) => native.name,
        Value::Unary(op) => op.keyword(),
        Value::Binary(op) => op.keyword(),
        _ => return None,
    };
    LIBRARY_FUNCTIONS
        .contains(&name)
        .then(|| format!(".q.{name}"))
}

/// The primitive an instruction runs, when it is not one that applies a value.
fn primitive_of(instruction: Instruction) -> Option<Value> {
    Some(match instruction {
        Instruction::Unary(op) => Value::Unary(op),
        Instruction::Binary(op)
        | Instruction::LocalConstant(op, ..)
        | Instruction::LocalLocal(op, ..)
        | Instruction::ThroughLocal(_, op)
        | Instruction::ThroughGlobal(_, op)
        | Instruction::ThroughLocalDrop(_, op)
        | Instruction::ThroughGlobalDrop(_, op)
        | Instruction::ThroughLocalConstant(_, op, _) => Value::Binary(op),
        _ => return None,
    })
}

impl Interpreter {
    /// The number of the frame that a console or debugger line runs in.
    fn root(&self) -> usize {
        self.roots.last().copied().unwrap_or(0)
    }

    /// True while nothing may trap an error: the process ends or the debugger was left.
    pub(crate) fn is_unwinding(&self) -> bool {
        self.exiting || self.aborting
    }

    /// Deals with the error of the instruction before `next` in the innermost frame: the instruction to go on with when a
    /// debugger gave a result for it, else the error with its position and, where one is wanted, the backtrace.
    #[cold]
    #[inline(never)]
    pub(crate) fn fail(
        &mut self,
        error: QError,
        code: &Code,
        base: usize,
        next: usize,
        function: Option<&Value>,
    ) -> QResult<usize> {
        let at = next.saturating_sub(1);
        let inner = error.position();
        let error = error.at(code.positions[at] as usize);
        if self.error_mode == ErrorMode::Abort || self.is_unwinding() {
            return Err(error);
        }
        let instruction = code.instructions[at];
        let failed = function.cloned().or_else(|| primitive_of(instruction));
        let number = self.frames.len().saturating_sub(1);
        let mut trace = match backtrace::of_error(&error) {
            Some(trace) if trace.is_broken => return Err(error),
            Some(trace) => Backtrace::clone(&trace),
            None => {
                let mut frames = self.traced_frames(next);
                if let (Instruction::Bind(_), Some(position)) = (instruction, inner)
                    && let Some(frame) = frames.last_mut()
                {
                    frame.position = position;
                }
                if let Some(name) = failed.as_ref().and_then(library_name) {
                    frames.push(hidden(frames.len(), name));
                }
                Backtrace::of_frames(frames)
            }
        };
        let is_root = number == self.root();
        let is_signal =
            matches!(instruction, Instruction::Signal) && trace.frames.len() == number + 1;
        if !is_root && (is_signal || code.is_hidden) {
            return Err(error.with_trace(Arc::new(trace)));
        }
        trace.break_at(number, is_root);
        let error = error.with_trace(Arc::new(trace));
        if is_root || !self.can_suspend(&error) {
            return Err(error);
        }
        self.at = next as u32;
        let arguments = std::mem::take(&mut self.failed_arguments);
        let value = self.suspend(&error, failed.map(|function| (function, arguments)))?;
        Ok(self.resume(code, base, at, value))
    }

    /// Deals with an error of the innermost frame when that is no code: a system command.
    pub(crate) fn fail_command(&mut self, error: QError) -> QResult<Value> {
        if self.error_mode == ErrorMode::Abort || self.is_unwinding() || error.has_trace() {
            return Err(error);
        }
        let number = self.frames.len().saturating_sub(1);
        let is_root = number <= self.root();
        let mut trace = Backtrace::of_frames(self.traced_frames(0));
        trace.break_at(number, is_root);
        let error = error.with_trace(Arc::new(trace));
        if is_root || !self.can_suspend(&error) {
            return Err(error);
        }
        self.suspend(&error, None)
    }

    /// An error of a text that does not parse or compile, with a frame of its own.
    pub(crate) fn fail_text(
        &self,
        error: QError,
        frame: impl FnOnce(usize) -> TracedFrame,
    ) -> QError {
        if self.error_mode == ErrorMode::Abort || error.has_trace() {
            return error;
        }
        let mut frames = self.traced_frames(self.at as usize);
        let number = frames.len();
        frames.push(frame(number));
        let mut trace = Backtrace::of_frames(frames);
        trace.break_at(number, false);
        error.with_trace(Arc::new(trace))
    }

    /// The error with a backtrace of the frames under way, for errors that no code raised.
    pub(crate) fn traced(&self, error: QError, function: &Value) -> QError {
        if error.has_trace() {
            return error;
        }
        let mut frames = self.traced_frames(self.at as usize);
        if let Some(name) = library_name(function) {
            frames.push(hidden(frames.len(), name));
        }
        error.with_trace(Arc::new(Backtrace::of_frames(frames)))
    }

    fn can_suspend(&self, error: &QError) -> bool {
        self.error_mode == ErrorMode::Suspend
            && self.is_debuggable
            // the debugger needs the resources that are used up
            && !matches!(error.text(), b"stack" | b"wsfull")
    }

    /// Puts the result of a failed instruction where its own would be; the instruction to go on with.
    fn resume(&mut self, code: &Code, base: usize, at: usize, value: Value) -> usize {
        let (pops, pushes) = effect(code, code.instructions[at]);
        let depth = base + code.locals.len() + depth_before(code, at).saturating_sub(pops);
        self.stack.truncate(depth);
        if let Instruction::JumpUnless(_) = code.instructions[at] {
            self.stack.push(value);
            return at;
        }
        if pushes > 0 {
            self.stack.push(value);
        }
        at + 1
    }

    /// Runs `work` in a frame of its own.
    pub(crate) fn in_frame<T>(
        &mut self,
        kind: FrameKind,
        work: impl FnOnce(&mut Interpreter) -> T,
    ) -> T {
        let depth = self.frames.len();
        let at = self.at;
        self.frames.push(Frame {
            kind,
            base: self.stack.len(),
            caller_at: at,
        });
        self.at = 0;
        let result = work(self);
        self.frames.truncate(depth);
        self.at = at;
        result
    }

    /// Runs `work` in the frame of a library function.
    pub(crate) fn in_library_frame<T>(
        &mut self,
        name: &str,
        work: impl FnOnce(&mut Interpreter) -> T,
    ) -> T {
        self.in_frame(FrameKind::Hidden(Symbol::new(name)), work)
    }

    /// The function that runs in a frame, for `.z.s` in the debugger.
    pub(crate) fn lambda_of_frame(&self, number: usize) -> Option<Arc<q_value::Lambda>> {
        match self.frames.get(number)?.kind {
            FrameKind::Code(code) => lambda_with_number(code),
            _ => None,
        }
    }
}

fn hidden(number: usize, name: String) -> TracedFrame {
    TracedFrame {
        number,
        origin: Origin {
            name,
            is_hidden: true,
            ..Origin::default()
        },
        source: Arc::from(""),
        position: 0,
    }
}

/// How many values an instruction takes from the stack and how many it leaves.
fn effect(code: &Code, instruction: Instruction) -> (usize, usize) {
    match instruction {
        Instruction::Constant(_)
        | Instruction::Local(_)
        | Instruction::TakeLocal(_)
        | Instruction::Global(_)
        | Instruction::View(..)
        | Instruction::Own
        | Instruction::LocalConstant(..)
        | Instruction::LocalLocal(..) => (0, 1),
        Instruction::SetLocal(_)
        | Instruction::SetGlobal(_)
        | Instruction::Unary(_)
        | Instruction::Derive(_)
        | Instruction::Counter
        | Instruction::ThroughLocal(..)
        | Instruction::ThroughGlobal(..) => (1, 1),
        Instruction::StoreLocal(_)
        | Instruction::Pop
        | Instruction::JumpUnless(_)
        | Instruction::ThroughLocalDrop(..)
        | Instruction::ThroughGlobalDrop(..)
        | Instruction::Return
        | Instruction::Signal => (1, 0),
        Instruction::Binary(_) | Instruction::Word(_) | Instruction::Compose => (2, 1),
        Instruction::AmendLocalDrop(..) => (2, 0),
        Instruction::Apply(count) => (usize::from(count) + 1, 1),
        Instruction::CallOwn(count) | Instruction::TailOwn(count) => (usize::from(count), 1),
        Instruction::List(count) => (count as usize, 1),
        Instruction::Jump(_)
        | Instruction::CountDown(_)
        | Instruction::ThroughLocalConstant(..)
        | Instruction::WriteBack(..) => (0, 0),
        Instruction::AmendLocal(_, count)
        | Instruction::AmendGlobal(_, count)
        | Instruction::AmendLocalWith(_, count, _)
        | Instruction::AmendGlobalWith(_, count, _) => (usize::from(count & !VALUE_USED) + 1, 1),
        Instruction::Bind(index) | Instruction::BindOrJump(index, _) => {
            (code.patterns[usize::from(index)].operands + 1, 1)
        }
        Instruction::Query(index) => (1 + usize::from(code.queries[index as usize].has_limit), 1),
        Instruction::Table(index) => {
            let shape = &code.tables[index as usize];
            (shape.keys.len() + shape.columns.len(), 1)
        }
    }
}

/// How many operands stand above the locals before an instruction.
fn depth_before(code: &Code, wanted: usize) -> usize {
    let mut depths: Vec<Option<usize>> = vec![None; code.instructions.len() + 1];
    let mut open = vec![(0usize, 0usize)];
    while let Some((at, depth)) = open.pop() {
        if at == wanted {
            return depth;
        }
        if at >= code.instructions.len() || depths[at].is_some() {
            continue;
        }
        depths[at] = Some(depth);
        let (pops, pushes) = effect(code, code.instructions[at]);
        let after = depth.saturating_sub(pops) + pushes;
        match code.instructions[at] {
            Instruction::Jump(to) => open.push((to as usize, after)),
            Instruction::JumpUnless(to) | Instruction::BindOrJump(_, to) => {
                open.push((to as usize, after));
                open.push((at + 1, after));
            }
            Instruction::CountDown(to) => {
                open.push((to as usize, after.saturating_sub(1)));
                open.push((at + 1, after));
            }
            // what follows is compiled as if a value were there
            _ => open.push((at + 1, after)),
        }
    }
    0
}
