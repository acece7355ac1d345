//! Syntax trees to bytecode.
//!
//! Names are resolved here, once: parameters and locals to slots of the frame, keywords to constants, everything else to
//! the slot of a global as seen from the namespace of the code (`semantics.md` 130 to 133).

mod assignment;
mod expression;
pub(crate) mod fuse;
mod liveness;
mod locals;

use std::sync::{Arc, OnceLock};

use q_syntax::tree::{LambdaTree, Node, NodeKind, Pattern, Target};
use q_value::{Lambda, QError, QResult, Symbol, Value};

use crate::code::{Code, Instruction, LambdaBody, ScriptPlace};
use crate::frames::CodeNumber;
use crate::globals::qualify;
use crate::interpreter::Interpreter;

/// The most a lambda may have (reference page "function notation", variables and constants): parameters, locals besides
/// them, globals, and constants together with locals and globals.
const PARAMETERS_MAX: usize = 8;
const LOCALS_MAX: usize = 110;
const GLOBALS_MAX: usize = 110;
const CONSTANTS_MAX: usize = 239;
/// The most instructions that a branch may skip (error `branch`).
const BRANCH_MAX: u32 = 65_025;

/// Compiles one body: a lambda's or a line's.
pub(crate) struct Compiler<'a> {
    interpreter: &'a mut Interpreter,
    code: Code,
    /// True in a lambda: names assigned are locals, `::` sets globals, `:x` returns.
    in_lambda: bool,
    /// True in the body of a view: `::` sets globals and makes no further view.
    in_view: bool,
    /// Where the instruction being emitted belongs in the source.
    position: u32,
}

/// Compiles the statements of a line; they run without locals.
pub(crate) fn compile_line(
    interpreter: &mut Interpreter,
    statements: &[Node],
    source: &Arc<str>,
) -> QResult<Arc<Code>> {
    let namespace = interpreter.namespace;
    let mut compiler = Compiler::new(interpreter, Arc::clone(source), 0, namespace, false);
    compiler.code.is_k |= source.starts_with("k)");
    // a view takes the rest of the line
    if let [node, rest @ ..] = statements
        && let NodeKind::Assign {
            target: Target::Name(name),
            through: None,
            global: true,
            value,
        } = &node.kind
    {
        compiler.view(node, *name, value, rest)?;
        return compiler.finish();
    }
    compiler.body(statements)?;
    compiler.finish()
}

/// Compiles the body of a view, which is part of the line `source`.
pub(crate) fn compile_view(
    interpreter: &mut Interpreter,
    body: &[Node],
    source: &Arc<str>,
) -> QResult<Arc<Code>> {
    let namespace = interpreter.namespace;
    let mut compiler = Compiler::new(interpreter, Arc::clone(source), 0, namespace, false);
    compiler.in_view = true;
    compiler.body(body)?;
    compiler.finish()
}

/// Compiles a line of the debugger: it sees the locals of `frame`, which begin at `base` on the stack, as its own, and
/// writes those it changed back.
pub(crate) fn compile_in_frame(
    interpreter: &mut Interpreter,
    statements: &[Node],
    source: &Arc<str>,
    frame: &Code,
    base: usize,
) -> QResult<Arc<Code>> {
    let namespace = interpreter.namespace;
    let mut compiler = Compiler::new(interpreter, Arc::clone(source), 0, namespace, true);
    compiler.code.locals = frame.locals.clone();
    compiler.code.parameters = frame.locals.len();
    compiler.body(statements)?;
    for slot in 0..frame.locals.len() {
        let slot = slot as u16;
        let is_set = compiler.code.instructions.iter().any(|instruction| {
            matches!(instruction,
                Instruction::SetLocal(set)
                | Instruction::StoreLocal(set)
                | Instruction::AmendLocal(set, _)
                | Instruction::AmendLocalWith(set, _, _)
                | Instruction::ThroughLocal(set, _)
                    if *set == slot)
        });
        if is_set {
            compiler.emit(Instruction::WriteBack(
                slot,
                (base + usize::from(slot)) as u32,
            ));
        }
    }
    compiler.finish()
}

/// Compiles a lambda written in `namespace`.
pub(crate) fn compile_lambda(
    interpreter: &mut Interpreter,
    tree: &LambdaTree,
    namespace: Symbol,
) -> QResult<Value> {
    if tree.parameters.len() > PARAMETERS_MAX {
        return Err(QError::new("params").at(tree.span.start as usize));
    }
    let prefix = if tree.is_k && tree.source.starts_with("k)") {
        2
    } else {
        0
    };
    let mut compiler = Compiler::new(
        interpreter,
        Arc::clone(&tree.source),
        tree.span.start.saturating_sub(prefix),
        namespace,
        true,
    );
    compiler.code.is_k = tree.is_k;
    let names = locals::of_lambda(tree);
    if names.len() > LOCALS_MAX + tree.parameters.len() {
        return Err(QError::new("locals").at(tree.span.start as usize));
    }
    compiler.code.parameters = tree.parameters.len();
    compiler.code.locals = names;
    for (slot, parameter) in tree.parameters.iter().enumerate() {
        if let Some(pattern) = &parameter.pattern {
            compiler.bind_parameter(slot, pattern)?;
        }
    }
    compiler.body(&tree.body)?;
    compiler.code.place = place_of_lambda(compiler.interpreter, tree);
    compiler
        .check_limits()
        .map_err(|error| error.at(tree.span.start as usize))?;
    let code = compiler.finish()?;
    let parameters = code.locals[..code.parameters].to_vec();
    let lambda = Arc::new(Lambda {
        source: Arc::clone(&tree.source),
        namespace,
        parameters,
        code: Arc::new(LambdaBody(Arc::clone(&code))),
    });
    crate::frames::register_lambda(&code, &lambda);
    Ok(Value::Lambda(lambda))
}

/// Where in the script that is being read a lambda begins.
fn place_of_lambda(interpreter: &Interpreter, tree: &LambdaTree) -> Option<ScriptPlace> {
    let (place, text) = interpreter.place.as_ref()?;
    let before = text.get(..tree.span.start as usize)?;
    Some(ScriptPlace {
        file: Arc::clone(&place.file),
        line: place.line + before.iter().filter(|byte| **byte == b'\n').count(),
    })
}

impl<'a> Compiler<'a> {
    fn new(
        interpreter: &'a mut Interpreter,
        source: Arc<str>,
        offset: u32,
        namespace: Symbol,
        in_lambda: bool,
    ) -> Compiler<'a> {
        let code = Code {
            number: CodeNumber::new(),
            name: OnceLock::new(),
            place: interpreter.place.as_ref().map(|(place, _)| place.clone()),
            is_hidden: interpreter.is_installing,
            is_k: interpreter.k_mode,
            instructions: Vec::new(),
            positions: Vec::new(),
            constants: Vec::new(),
            locals: Vec::new(),
            parameters: 0,
            globals: Vec::new(),
            tables: Vec::new(),
            queries: Vec::new(),
            patterns: Vec::new(),
            is_numeric: false,
            numeric: Default::default(),
            source,
            offset,
            namespace,
        };
        Compiler {
            interpreter,
            code,
            in_lambda,
            in_view: false,
            position: 0,
        }
    }

    /// The limits of a lambda that show when its body is compiled: `'globals`, `'limit` for constants, `'branch`.
    fn check_limits(&self) -> QResult<()> {
        let globals = self.code.globals.len();
        if globals > GLOBALS_MAX {
            return Err(QError::new("globals"));
        }
        // a constant counts once, functions of the language and what is left out not at all
        let locals = self.code.locals.len() - self.code.parameters;
        let mut constants: Vec<&Value> = Vec::new();
        for constant in &self.code.constants {
            let counts = !constant.is_function() || matches!(constant, Value::Lambda(_));
            if counts && !constants.iter().any(|other| other.is_identical(constant)) {
                constants.push(constant);
                if constants.len() + locals + globals > CONSTANTS_MAX {
                    return Err(QError::limit());
                }
            }
        }
        let skips_too_much = |(at, instruction): (u32, &Instruction)| {
            fuse::target(*instruction).is_some_and(|to| to.abs_diff(at) > BRANCH_MAX)
        };
        if (0..).zip(&self.code.instructions).any(skips_too_much) {
            return Err(QError::new("branch"));
        }
        Ok(())
    }

    fn finish(mut self) -> QResult<Arc<Code>> {
        self.emit(Instruction::Return);
        if !self.interpreter.is_debuggable {
            liveness::mark_last_uses(&mut self.code);
        }
        fuse::fuse(&mut self.code);
        self.code.is_numeric = crate::numeric::is_candidate(&self.code);
        let code = Arc::new(self.code);
        crate::frames::register(&code);
        Ok(code)
    }

    fn bind_parameter(&mut self, slot: usize, pattern: &Pattern) -> QResult<()> {
        self.emit(Instruction::Local(slot as u16));
        let bound = self.pattern(pattern)?;
        self.emit(Instruction::Bind(bound));
        self.emit(Instruction::Pop);
        Ok(())
    }

    /// Statements in order; the value of the last one stays.
    fn body(&mut self, statements: &[Node]) -> QResult<()> {
        let Some((last, others)) = statements.split_last() else {
            self.constant(Value::Identity);
            return Ok(());
        };
        for statement in others {
            self.statement(statement)?;
        }
        if last.is_elided() {
            self.constant(Value::Identity);
            return Ok(());
        }
        self.tail(last)
    }

    /// An expression whose value is the value of the body.
    fn tail(&mut self, node: &Node) -> QResult<()> {
        if self.in_lambda
            && let NodeKind::Apply {
                function,
                arguments,
            } = &node.kind
            && matches!(&function.kind, NodeKind::Name(name) if name.as_bytes() == b".z.s")
            && arguments.len() == self.code.parameters
            && !arguments.iter().any(Node::is_elided)
        {
            for argument in arguments.iter().rev() {
                self.expression(argument)?;
            }
            self.place(node);
            self.emit(Instruction::TailOwn(arguments.len() as u8));
            return Ok(());
        }
        if let NodeKind::Conditional(parts) = &node.kind {
            return self.conditional(parts, true);
        }
        self.expression(node)
    }

    /// An expression whose value is not needed.
    fn statement(&mut self, node: &Node) -> QResult<()> {
        if node.is_elided() {
            return Ok(());
        }
        self.expression(node)?;
        self.drop_top();
        Ok(())
    }

    /// Removes the top; a value that was just stored in a local is moved there instead of copied.
    fn drop_top(&mut self) {
        let last = self.code.instructions.len().checked_sub(1);
        match last.map(|at| self.code.instructions[at]) {
            Some(Instruction::SetLocal(slot)) => {
                self.code.instructions[last.unwrap_or(0)] = Instruction::StoreLocal(slot);
            }
            _ => self.emit(Instruction::Pop),
        }
    }

    fn place(&mut self, node: &Node) {
        self.position = node.span.start.saturating_sub(self.code.offset);
    }

    fn emit(&mut self, instruction: Instruction) {
        self.code.instructions.push(instruction);
        self.code.positions.push(self.position);
    }

    fn here(&self) -> u32 {
        self.code.instructions.len() as u32
    }

    /// Emits a jump to be aimed later with [`Compiler::aim`].
    fn jump(&mut self, instruction: Instruction) -> usize {
        self.emit(instruction);
        self.code.instructions.len() - 1
    }

    /// Makes the jump at `at` go to the next instruction.
    fn aim(&mut self, at: usize) {
        let target = self.here();
        match &mut self.code.instructions[at] {
            Instruction::Jump(to)
            | Instruction::JumpUnless(to)
            | Instruction::CountDown(to)
            | Instruction::BindOrJump(_, to) => *to = target,
            _ => unreachable!("only jumps are aimed"),
        }
    }

    fn constant(&mut self, value: Value) {
        let at = self.code.constants.len() as u32;
        self.code.constants.push(value);
        self.emit(Instruction::Constant(at));
    }

    fn local(&self, name: Symbol) -> Option<u16> {
        if !self.in_lambda {
            return None;
        }
        let at = self.code.locals.iter().position(|local| *local == name)?;
        u16::try_from(at).ok()
    }

    fn global(&mut self, name: Symbol) -> u32 {
        let name = qualify(self.code.namespace, name);
        if !self.code.globals.contains(&name) {
            self.code.globals.push(name);
        }
        self.interpreter.globals.slot(name)
    }
}
