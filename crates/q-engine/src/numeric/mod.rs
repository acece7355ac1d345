//! Lambdas of numbers as register code.
//!
//! A lambda whose arguments are booleans, longs and floats, and which does nothing but arithmetic, comparisons, choices,
//! loops and calls of itself, runs without values: its types are inferred once per kinds of arguments ([`infer`]), its
//! bytecode becomes register code ([`emit`]), and that runs on plain 64-bit words ([`run`]). It gives what the bytecode
//! gives; whatever is not certain to do so is left to the bytecode. Such code changes nothing outside its frame, so the
//! globals it reads are looked at once, on entry.

mod emit;
mod infer;
mod run;

use std::sync::{Arc, OnceLock};

use q_value::{Lambda, QResult, Value, Vector};

use crate::code::{Code, Instruction};
use crate::globals::GlobalId;
use crate::interpreter::Interpreter;
use run::Op;

/// What a register holds, as 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Boolean = 1,
    Long = 2,
    Float = 3,
}

impl Kind {
    /// The kind of an atom and its bits; `None` for what registers do not hold.
    #[inline]
    fn of(value: &Value) -> Option<(Kind, i64)> {
        match value {
            Value::Long(x) => Some((Kind::Long, *x)),
            Value::Float(x) => Some((Kind::Float, x.to_bits().cast_signed())),
            Value::Boolean(x) => Some((Kind::Boolean, i64::from(*x))),
            _ => None,
        }
    }

    #[inline]
    fn value(self, bits: i64) -> Value {
        match self {
            Kind::Boolean => Value::Boolean(bits != 0),
            Kind::Long => Value::Long(bits),
            Kind::Float => Value::Float(f64::from_bits(bits.cast_unsigned())),
        }
    }

    fn vector(self, bits: Vec<i64>) -> Value {
        match self {
            Kind::Boolean => Value::Booleans(bits.into_iter().map(|bits| bits != 0).collect()),
            Kind::Long => Value::Longs(Vector::new(bits)),
            Kind::Float => Value::Floats(
                bits.into_iter()
                    .map(|bits| f64::from_bits(bits.cast_unsigned()))
                    .collect(),
            ),
        }
    }
}

/// Kinds of the arguments, two bits each; 0 for an argument that registers do not hold.
pub(crate) type Signature = u16;

fn signature(kinds: impl Iterator<Item = Option<Kind>>) -> Signature {
    kinds.enumerate().fold(0, |signature, (at, kind)| {
        signature | kind.map_or(0, |kind| kind as u16) << (2 * at)
    })
}

fn kind_in(signature: Signature, at: usize) -> Option<Kind> {
    match signature >> (2 * at) & 3 {
        1 => Some(Kind::Boolean),
        2 => Some(Kind::Long),
        3 => Some(Kind::Float),
        _ => None,
    }
}

/// A lambda as register code for one signature.
pub(crate) struct Numeric {
    ops: Vec<Op>,
    constants: Vec<i64>,
    /// Globals whose value on entry is read, with the kind it must have.
    loaded: Vec<(GlobalId, Kind)>,
    /// Globals that must hold the lambda itself.
    own: Vec<GlobalId>,
    result: Kind,
}

/// Register code of a lambda for the first few signatures it is called with.
#[derive(Default)]
pub(crate) struct Cache([OnceLock<(Signature, Option<Box<Numeric>>)>; 4]);

/// Registers of a frame; their numbers are bytes.
const FRAME: usize = 256;

/// What register code works on, kept between calls.
#[derive(Default)]
pub(crate) struct Registers {
    words: Vec<i64>,
    returns: Vec<(u32, u32)>,
    loaded: Vec<i64>,
}

/// True for code that may have a numeric form: a cheap look at its instructions.
pub(crate) fn is_candidate(code: &Code) -> bool {
    code.parameters > 0
        && code.parameters <= 8
        && code
            .instructions
            .iter()
            .all(|instruction| match instruction {
                Instruction::Constant(at) => infer::is_known(&code.constants[*at as usize]),
                Instruction::LocalConstant(_, _, at)
                | Instruction::ThroughLocalConstant(_, _, at) => {
                    Kind::of(&code.constants[usize::from(*at)]).is_some()
                }
                Instruction::Local(_)
                | Instruction::TakeLocal(_)
                | Instruction::SetLocal(_)
                | Instruction::StoreLocal(_)
                | Instruction::Global(_)
                | Instruction::Own
                | Instruction::Pop
                | Instruction::Unary(_)
                | Instruction::Binary(_)
                | Instruction::Word(_)
                | Instruction::LocalLocal(..)
                | Instruction::Apply(_)
                | Instruction::CallOwn(_)
                | Instruction::TailOwn(_)
                | Instruction::Jump(_)
                | Instruction::JumpUnless(_)
                | Instruction::Counter
                | Instruction::CountDown(_)
                | Instruction::ThroughLocal(..)
                | Instruction::ThroughLocalDrop(..)
                | Instruction::Return => true,
                Instruction::SetGlobal(_)
                | Instruction::WriteBack(..)
                | Instruction::View(..)
                | Instruction::List(_)
                | Instruction::Derive(_)
                | Instruction::Compose
                | Instruction::AmendLocal(..)
                | Instruction::AmendGlobal(..)
                | Instruction::AmendLocalWith(..)
                | Instruction::AmendLocalDrop(..)
                | Instruction::AmendGlobalWith(..)
                | Instruction::ThroughGlobal(..)
                | Instruction::ThroughGlobalDrop(..)
                | Instruction::Bind(_)
                | Instruction::BindOrJump(..)
                | Instruction::Query(_)
                | Instruction::Table(_)
                | Instruction::Signal => false,
            })
}

/// A list, or an atom that stands for any number of items, as the words of its items.
pub(crate) enum Words<'a> {
    Atom(Kind, i64),
    Booleans(&'a [bool]),
    Longs(&'a [i64]),
    Floats(&'a [f64]),
}

impl<'a> Words<'a> {
    pub(crate) fn of(value: &'a Value) -> Option<Words<'a>> {
        Some(match value {
            Value::Booleans(items) => Words::Booleans(items),
            Value::Longs(items) => Words::Longs(items),
            Value::Floats(items) => Words::Floats(items),
            atom => {
                let (kind, bits) = Kind::of(atom)?;
                Words::Atom(kind, bits)
            }
        })
    }

    fn kind(&self) -> Kind {
        match self {
            Words::Atom(kind, _) => *kind,
            Words::Booleans(_) => Kind::Boolean,
            Words::Longs(_) => Kind::Long,
            Words::Floats(_) => Kind::Float,
        }
    }

    #[inline]
    fn get(&self, at: usize) -> i64 {
        match self {
            Words::Atom(_, bits) => *bits,
            Words::Booleans(items) => i64::from(items[at]),
            Words::Longs(items) => items[at],
            Words::Floats(items) => items[at].to_bits().cast_signed(),
        }
    }
}

impl Interpreter {
    /// The register code of a lambda for a signature, with what it reads from outside loaded; `None` when it has none now.
    fn numeric<'c>(
        &mut self,
        code: &'c Code,
        lambda: &Arc<Lambda>,
        signature: Signature,
    ) -> Option<&'c Numeric> {
        for cell in &code.numeric.0 {
            let (held, numeric) = cell.get_or_init(|| {
                let numeric = infer::infer(self, code, lambda, signature)
                    .and_then(|types| emit::emit(code, &types));
                (signature, numeric.map(Box::new))
            });
            if *held == signature {
                let numeric = numeric.as_deref()?;
                return self.load(numeric, lambda).then_some(numeric);
            }
        }
        None
    }

    /// Reads the globals of register code; false when they are not as it needs them.
    #[inline]
    fn load(&mut self, numeric: &Numeric, lambda: &Arc<Lambda>) -> bool {
        self.registers.loaded.clear();
        for (id, wanted) in &numeric.loaded {
            match self.globals.get(*id).and_then(Kind::of) {
                Some((kind, bits)) if kind == *wanted => self.registers.loaded.push(bits),
                _ => return false,
            }
        }
        numeric.own.iter().all(|id| {
            matches!(self.globals.get(*id), Some(Value::Lambda(held)) if Arc::ptr_eq(held, lambda))
        })
    }

    /// Calls a lambda whose arguments are the top of the stack as register code, and leaves the result in their place;
    /// `None`, with nothing changed, when it has none for them.
    #[inline]
    pub(crate) fn enter_numeric(
        &mut self,
        code: &Code,
        lambda: &Arc<Lambda>,
    ) -> Option<QResult<()>> {
        let base = self.stack.len() - code.parameters;
        let arguments = self.stack[base..].iter().map(Kind::of);
        let signature = signature(arguments.map(|held| held.map(|(kind, _)| kind)));
        if signature == 0 {
            return None;
        }
        let numeric = self.numeric(code, lambda, signature)?;
        self.registers.reserve();
        for (at, argument) in self.stack[base..].iter().enumerate() {
            self.registers.words[at] = Kind::of(argument).map_or(0, |(_, bits)| bits);
        }
        let result = self.run_numeric(numeric);
        self.stack.truncate(base);
        Some(match result {
            Ok(bits) => {
                self.stack.push(numeric.result.value(bits));
                Ok(())
            }
            Err(error) => Err(error),
        })
    }

    /// `f'[x;y;..]` of lists of one count; `None` when the lambda has no register code for such items.
    pub(crate) fn each_numeric(
        &mut self,
        lambda: &Arc<Lambda>,
        lists: &[Words<'_>],
        count: usize,
    ) -> Option<QResult<Value>> {
        let code = crate::machine::code_of(lambda).ok()?;
        if !code.is_numeric || count == 0 || lists.len() != code.parameters {
            return None;
        }
        let numeric = self.numeric(code, lambda, signature_of(lists))?;
        self.registers.reserve();
        let mut results = Vec::with_capacity(count);
        for at in 0..count {
            for (register, list) in lists.iter().enumerate() {
                self.registers.words[register] = list.get(at);
            }
            match self.run_item(numeric, at) {
                Ok(bits) => results.push(bits),
                Err(error) => return Some(Err(error)),
            }
        }
        Some(Ok(numeric.result.vector(results)))
    }

    /// `f/` or `f\` from `start` through the items from number `from` on; `None` when the lambda has no register code for
    /// them or its result is of another kind than `start`.
    pub(crate) fn fold_numeric(
        &mut self,
        lambda: &Arc<Lambda>,
        start: &Value,
        items: &Words<'_>,
        numbers: std::ops::Range<usize>,
        kept: Option<&mut Vec<i64>>,
    ) -> Option<QResult<Value>> {
        let code = crate::machine::code_of(lambda).ok()?;
        let (kind, bits) = Kind::of(start)?;
        if !code.is_numeric || code.parameters != 2 {
            return None;
        }
        let signature = signature([Some(kind), Some(items.kind())].into_iter());
        let numeric = self.numeric(code, lambda, signature)?;
        if numeric.result != kind {
            return None;
        }
        self.registers.reserve();
        let mut kept = kept;
        let mut value = bits;
        for at in numbers {
            self.registers.words[0] = value;
            self.registers.words[1] = items.get(at);
            value = match self.run_item(numeric, at) {
                Ok(bits) => bits,
                Err(error) => return Some(Err(error)),
            };
            if let Some(kept) = &mut kept {
                kept.push(value);
            }
        }
        Some(Ok(kind.value(value)))
    }

    /// `f\` from `start`, the first result, through the items after the first; `None` as for [`Interpreter::fold_numeric`].
    pub(crate) fn scan_numeric(
        &mut self,
        lambda: &Arc<Lambda>,
        start: &Value,
        items: &Words<'_>,
        count: usize,
    ) -> Option<QResult<Value>> {
        let (kind, bits) = Kind::of(start)?;
        let mut kept = Vec::with_capacity(count);
        kept.push(bits);
        let last = self.fold_numeric(lambda, start, items, 1..count, Some(&mut kept))?;
        Some(last.map(|_| kind.vector(kept)))
    }

    /// One item of an iteration; limits are looked at now and then.
    #[inline]
    fn run_item(&mut self, numeric: &Numeric, at: usize) -> QResult<i64> {
        if at.is_multiple_of(1024) {
            self.check_limits()?;
        }
        self.run_numeric(numeric)
    }
}

fn signature_of(lists: &[Words<'_>]) -> Signature {
    signature(lists.iter().map(|list| Some(list.kind())))
}

impl Registers {
    /// Makes room for the first frame.
    #[inline]
    fn reserve(&mut self) {
        if self.words.len() < FRAME {
            self.words.resize(FRAME, 0);
        }
    }
}

#[cfg(test)]
mod tests;
