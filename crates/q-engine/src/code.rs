//! What the compiler makes of a lambda or a line: instructions for a stack machine.

use std::any::Any;
use std::sync::Arc;

use q_value::{Binary, Iterator, LambdaCode, Symbol, Unary, Value};

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
    /// Pushes the running lambda.
    Own,
    Pop,
    Unary(Unary),
    Binary(Binary),
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

/// Compiled code with what it refers to.
pub(crate) struct Code {
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
    /// The text that positions point into.
    pub source: Arc<str>,
    /// Where `source` begins in the text it was parsed from; positions count from its own start.
    pub offset: u32,
    /// The namespace names are resolved in, without its dot.
    pub namespace: Symbol,
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
