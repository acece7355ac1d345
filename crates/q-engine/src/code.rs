//! What the compiler makes of a lambda or a line: instructions for a stack machine.

use std::any::Any;
use std::sync::{Arc, OnceLock};

use q_kernels::division;
use q_value::{Binary, Iterator, LambdaCode, QResult, Symbol, Unary, Value};

use crate::backtrace::Origin;
use crate::frames::CodeNumber;
use crate::globals::GlobalId;

/// One step. Operands stand on the stack in the order they were computed, which is right to left: the first argument
/// is on top, a function above its arguments.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Instruction {
    /// Pushes a constant.
    Constant(u32),
    /// Pushes a copy of a local.
    Local(u16),
    /// Moves a local onto the stack: its last use.
    TakeLocal(u16),
    /// Copies the top into a local and leaves it.
    SetLocal(u16),
    /// Moves the top into a local.
    StoreLocal(u16),
    /// Pushes the value of a global.
    Global(GlobalId),
    /// Copies the top into a global and leaves it.
    SetGlobal(GlobalId),
    /// Defines a global as a view of the code in this constant.
    View(GlobalId, u32),
    /// Copies a local to a place of the stack: a debugger's line changes the suspended frame.
    WriteBack(u16, u32),
    /// Pushes the running lambda.
    Own,
    Pop,
    Unary(Unary),
    Binary(Binary),
    /// A keyword of two arguments that loops are full of.
    Word(Word),
    /// Binary with a local on the left and a constant on the right; the slot may carry the mark of a last use.
    LocalConstant(Binary, u16, u16),
    /// Binary with two locals, left and right.
    LocalLocal(Binary, u16, u16),
    /// Applies the function on top to the arguments below it.
    Apply(u8),
    /// Calls the running lambda with as many arguments as it has parameters.
    CallOwn(u8),
    /// Calls the running lambda again in the place of the current call.
    TailOwn(u8),
    /// Makes a list of that many items.
    List(u32),
    /// Makes a derived function of the top.
    Derive(Iterator),
    /// Makes a composition of the two on top.
    Compose,
    Jump(u32),
    /// Takes the top; jumps when it is false.
    JumpUnless(u32),
    /// Takes the top, the count of a `do`, and keeps it as a counter.
    Counter,
    /// Counts down; jumps when it was zero, removing the counter.
    CountDown(u32),
    /// `x[i;..]:v`: that many indices, the first on top, then the value. The value stays as the result.
    AmendLocal(u16, u8),
    AmendGlobal(GlobalId, u8),
    /// `x[i]op:v` (with `:` as operator `x[i]:v`) as a statement: nothing stays.
    AmendLocalDrop(u16, Binary),
    /// `x[i;..]op:v`: the same with an operator; the value stays as the result.
    AmendLocalWith(u16, u8, Binary),
    AmendGlobalWith(GlobalId, u8, Binary),
    /// `x op:v`: the value on top; the new value of the variable stays as the result.
    ThroughLocal(u16, Binary),
    ThroughGlobal(GlobalId, Binary),
    /// `x op:v` as a statement: nothing stays.
    ThroughLocalDrop(u16, Binary),
    ThroughGlobalDrop(GlobalId, Binary),
    /// The same with a constant.
    ThroughLocalConstant(u16, Binary, u16),
    /// Takes the value below a pattern's operands apart along it (4.1), binding its names; the value stays, as filters
    /// left it.
    Bind(u16),
    /// `:[v;p;r;..]`: jumps when the value below the operands does not match the pattern.
    BindOrJump(u16, u32),
    /// Runs a query on the table on top, above limit and order where there are some.
    Query(u32),
    /// A table or dictionary literal from the columns on the stack: index of its shape.
    Table(u32),
    Return,
    Signal,
}

/// Keywords with an instruction of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    /// `div`
    Quotient,
    /// `mod`
    Remainder,
}

/// Compiled code with what it refers to.
pub(crate) struct Code {
    pub number: CodeNumber,
    /// The full name of the first global the function was assigned to, `..f` in the root, with `@` for inner functions.
    pub name: OnceLock<Symbol>,
    /// The script the code was read from, and the line on which its source begins.
    pub place: Option<ScriptPlace>,
    /// True for the library, whose frames show no text.
    pub is_hidden: bool,
    pub is_k: bool,
    pub instructions: Vec<Instruction>,
    /// Byte offset into `source` of each instruction, for the caret.
    pub positions: Vec<u32>,
    pub constants: Vec<Value>,
    /// Parameters first.
    pub locals: Vec<Symbol>,
    pub parameters: usize,
    pub globals: Vec<Symbol>,
    pub tables: Vec<TableShape>,
    pub queries: Vec<crate::query::template::QueryTemplate>,
    pub patterns: Vec<crate::pattern::PatternCode>,
    /// True when it may run as register code for numbers.
    pub is_numeric: bool,
    pub numeric: crate::numeric::Cache,
    /// The text that positions point into.
    pub source: Arc<str>,
    /// Where `source` begins in the text it was parsed from; positions count from its own start.
    pub offset: u32,
    /// The namespace names are resolved in, without its dot.
    pub namespace: Symbol,
}

/// Where in a script a text begins.
#[derive(Debug, Clone)]
pub(crate) struct ScriptPlace {
    pub file: Arc<str>,
    /// From 1.
    pub line: usize,
}

impl Code {
    /// Where the code is from, as frames show it.
    pub(crate) fn origin(&self) -> Origin {
        Origin {
            name: self.name.get().map_or_else(String::new, |name| name.text()),
            file: match &self.place {
                Some(place) => Arc::clone(&place.file),
                None => Arc::default(),
            },
            line: self.place.as_ref().map(|place| place.line),
            is_hidden: self.is_hidden,
        }
    }

    /// Names the function and its inner functions, unless they have names.
    pub(crate) fn name_function(&self, name: Symbol) {
        if self.name.set(name).is_ok() {
            let inner = Symbol::new([name.as_bytes(), b"@"].concat());
            for constant in &self.constants {
                name_functions(constant, inner);
            }
        }
    }
}

/// Names the functions in a constant.
fn name_functions(constant: &Value, name: Symbol) {
    match constant {
        Value::Lambda(lambda) => {
            if let Some(body) = lambda.code.as_any().downcast_ref::<LambdaBody>() {
                body.0.name_function(name);
            }
        }
        Value::Derived(derived) => name_functions(&derived.function, name),
        _ => (),
    }
}

/// The names of a table or dictionary literal.
#[derive(Debug, Clone)]
pub(crate) struct TableShape {
    pub keys: Vec<Symbol>,
    pub columns: Vec<Symbol>,
    /// `([] ..)` or `([k:..] ..)` as a table; otherwise a dictionary literal.
    pub is_table: bool,
}

/// Code as a lambda value holds it.
pub(crate) struct LambdaBody(pub Arc<Code>);

impl LambdaCode for LambdaBody {
    fn as_any(&self) -> &(dyn Any + Send + Sync) {
        self
    }
}

impl Word {
    /// The keyword with this name, if it is one of these.
    pub(crate) fn of(name: &str) -> Option<Word> {
        match name {
            "div" => Some(Word::Quotient),
            "mod" => Some(Word::Remainder),
            _ => None,
        }
    }

    /// What it gives for two longs.
    #[inline]
    pub(crate) fn of_longs(self, x: i64, y: i64) -> i64 {
        match self {
            Word::Quotient => division::floor_divide(x, y),
            Word::Remainder => division::floor_remainder(x, y),
        }
    }

    /// What it gives for anything.
    pub(crate) fn of_values(self, x: Value, y: Value) -> QResult<Value> {
        q_kernels::interrupt::guard(|| match self {
            Word::Quotient => division::div(x, y),
            Word::Remainder => division::modulo(x, y),
        })
    }
}
