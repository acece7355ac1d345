//! Expressions: names, applications, lists, control words, literals of tables, queries.

use q_syntax::tree::{NamedNode, Node, NodeKind, Query, QueryOrder};
use q_value::{Binary, Iterator, QError, QResult, Symbol, Unary, Value};

use super::{Compiler, compile_lambda};
use crate::code::{Instruction, TableShape, Word};
use crate::globals::qualify;
use crate::primitives;
use crate::query::template;

impl Compiler<'_> {
    /// Code that leaves the value of an expression on the stack.
    pub(super) fn expression(&mut self, node: &Node) -> QResult<()> {
        self.place(node);
        match &node.kind {
            NodeKind::Constant(value) => self.constant(value.clone()),
            NodeKind::Name(name) => self.name(*name),
            NodeKind::Operator(op) => self.constant(Value::Binary(*op)),
            NodeKind::UnaryOperator(op) => self.constant(Value::Unary(*op)),
            NodeKind::Iterator(iterator) => self.constant(Value::Iterator(*iterator)),
            NodeKind::Identity => self.constant(Value::Identity),
            NodeKind::Elided => self.constant(Value::Elided),
            NodeKind::Derived { iterator, function } => {
                self.expression(function)?;
                self.derive(*iterator);
            }
            NodeKind::Apply {
                function,
                arguments,
            } => self.apply(node, function, arguments)?,
            NodeKind::Compose(left, right) => {
                self.expression(right)?;
                self.expression(left)?;
                self.emit(Instruction::Compose);
            }
            NodeKind::List(items) => self.list(node, items)?,
            NodeKind::Assign {
                target,
                through,
                global,
                value,
            } => {
                self.assign(node, target, *through, *global, value)?;
            }
            NodeKind::Conditional(parts) => self.conditional(parts, false)?,
            NodeKind::PatternConditional {
                value,
                cases,
                otherwise,
            } => {
                self.expression(value)?;
                let mut ends = Vec::new();
                for (pattern, result) in cases {
                    let bound = self.pattern(pattern)?;
                    let next = self.jump(Instruction::BindOrJump(bound, 0));
                    self.emit(Instruction::Pop);
                    self.expression(result)?;
                    ends.push(self.jump(Instruction::Jump(0)));
                    self.aim(next);
                }
                self.emit(Instruction::Pop);
                match otherwise {
                    Some(otherwise) => self.expression(otherwise)?,
                    None => self.constant(Value::Identity),
                }
                for end in ends {
                    self.aim(end);
                }
            }
            NodeKind::If(parts) => {
                let (condition, body) = parts.split_first().ok_or_else(QError::rank)?;
                self.expression(condition)?;
                let end = self.jump(Instruction::JumpUnless(0));
                for statement in body {
                    self.statement(statement)?;
                }
                self.aim(end);
                self.constant(Value::Identity);
            }
            NodeKind::While(parts) => {
                let (condition, body) = parts.split_first().ok_or_else(QError::rank)?;
                let start = self.here();
                self.expression(condition)?;
                let end = self.jump(Instruction::JumpUnless(0));
                for statement in body {
                    self.statement(statement)?;
                }
                self.emit(Instruction::Jump(start));
                self.aim(end);
                self.constant(Value::Identity);
            }
            NodeKind::Do(parts) => {
                let (count, body) = parts.split_first().ok_or_else(QError::rank)?;
                self.expression(count)?;
                self.emit(Instruction::Counter);
                let start = self.here();
                let end = self.jump(Instruction::CountDown(0));
                for statement in body {
                    self.statement(statement)?;
                }
                self.emit(Instruction::Jump(start));
                self.aim(end);
                self.constant(Value::Identity);
            }
            NodeKind::Sequence(statements) => {
                let (last, others) = statements.split_last().ok_or_else(QError::rank)?;
                for statement in others {
                    self.statement(statement)?;
                }
                if last.is_elided() {
                    self.constant(Value::Identity);
                } else {
                    self.expression(last)?;
                }
            }
            NodeKind::Lambda(tree) => {
                let lambda = compile_lambda(self.interpreter, tree, self.code.namespace)?;
                self.constant(lambda);
            }
            NodeKind::Return(value) => {
                self.expression(value)?;
                self.place(node);
                self.emit(Instruction::Return);
                // what follows is never reached, but the stack must look as if a value were there
                self.constant(Value::Identity);
            }
            NodeKind::Signal(value) => {
                self.expression(value)?;
                self.place(node);
                self.emit(Instruction::Signal);
                self.constant(Value::Identity);
            }
            NodeKind::TableLiteral { keys, columns } => self.table_literal(keys, columns)?,
            NodeKind::DictLiteral(entries) => self.dict_literal(entries)?,
            NodeKind::Query(query) => self.query(node, query)?,
        }
        Ok(())
    }

    fn name(&mut self, name: Symbol) {
        if let Some(slot) = self.local(name) {
            self.emit(Instruction::Local(slot));
        } else if name.as_bytes() == b".z.s" {
            self.emit(Instruction::Own);
        } else if let Some(value) = self.keyword(name) {
            self.constant(value);
        } else if let Some(word) = self.interpreter.added_word(name) {
            self.emit(Instruction::Global(word));
        } else {
            let global = self.global(name);
            self.emit(Instruction::Global(global));
        }
    }

    /// The keyword a name is. In k the words of q are names like others: a global that has one hides it.
    fn keyword(&self, name: Symbol) -> Option<Value> {
        let value = primitives::keyword(name)?;
        let full = qualify(self.code.namespace, name);
        let is_hidden = self.code.is_k
            && !q_syntax::words::is_reserved(name.as_bytes(), true)
            && self.interpreter.is_defined(full);
        (!is_hidden).then_some(value)
    }

    /// True for a word added to `.q`, which names nothing else any more; in `.q` itself it may be defined anew.
    pub(super) fn is_added_word(&self, name: Symbol) -> bool {
        self.local(name).is_none()
            && self.code.namespace.as_bytes() != b"q"
            && self.interpreter.added_word(name).is_some()
    }

    /// Derives the function on top; of a constant the derived function is a constant too.
    fn derive(&mut self, iterator: Iterator) {
        if let Some(Instruction::Constant(at)) = self.code.instructions.last().copied()
            && at as usize + 1 == self.code.constants.len()
        {
            let function =
                std::mem::replace(&mut self.code.constants[at as usize], Value::Identity);
            self.code.constants[at as usize] = Value::derived(iterator, function);
            return;
        }
        self.emit(Instruction::Derive(iterator));
    }

    /// The primitive or keyword a function node stands for, when no local hides it.
    fn known_function(&self, function: &Node) -> Option<Value> {
        match &function.kind {
            NodeKind::Operator(op) => Some(Value::Binary(*op)),
            NodeKind::UnaryOperator(op) => Some(Value::Unary(*op)),
            NodeKind::Name(name) if self.local(*name).is_none() => self.keyword(*name),
            _ => None,
        }
    }

    fn apply(&mut self, node: &Node, function: &Node, arguments: &[Node]) -> QResult<()> {
        let has_hole = arguments.iter().any(Node::is_elided);
        for argument in arguments.iter().rev() {
            self.expression(argument)?;
        }
        if arguments.is_empty() {
            self.constant(Value::Identity);
        }
        if !has_hole {
            match (self.known_function(function), arguments.len()) {
                (Some(Value::Unary(op)), 1) if op != Unary::Enlist => {
                    self.place(node);
                    self.emit(Instruction::Unary(op));
                    return Ok(());
                }
                (Some(Value::Binary(op)), 2) => {
                    self.place(node);
                    self.emit(match op {
                        Binary::Div => Instruction::Word(Word::Quotient),
                        op => Instruction::Binary(op),
                    });
                    return Ok(());
                }
                (Some(Value::Native(native)), 2) if let Some(word) = Word::of(native.name) => {
                    self.place(node);
                    self.emit(Instruction::Word(word));
                    return Ok(());
                }
                _ => (),
            }
        }
        self.expression(function)?;
        self.place(node);
        let count = u8::try_from(arguments.len().max(1)).map_err(|_| QError::limit())?;
        self.emit(Instruction::Apply(count));
        Ok(())
    }

    fn list(&mut self, node: &Node, items: &[Node]) -> QResult<()> {
        for item in items.iter().rev() {
            self.expression(item)?;
        }
        self.place(node);
        if items.iter().any(Node::is_elided) {
            self.constant(Value::Unary(Unary::Enlist));
            let count = u8::try_from(items.len()).map_err(|_| QError::limit())?;
            self.emit(Instruction::Apply(count));
        } else {
            self.emit(Instruction::List(items.len() as u32));
        }
        Ok(())
    }

    /// `$[c;a;..;b]`; in tail position its branches are too.
    pub(super) fn conditional(&mut self, parts: &[Node], tail: bool) -> QResult<()> {
        let mut ends = Vec::new();
        let mut rest = parts;
        loop {
            match rest {
                [] => {
                    self.constant(Value::Identity);
                    break;
                }
                [otherwise] => {
                    self.branch(otherwise, tail)?;
                    break;
                }
                [condition, result, others @ ..] => {
                    self.expression(condition)?;
                    self.place(condition);
                    let next = self.jump(Instruction::JumpUnless(0));
                    self.branch(result, tail)?;
                    ends.push(self.jump(Instruction::Jump(0)));
                    self.aim(next);
                    rest = others;
                }
            }
        }
        for end in ends {
            self.aim(end);
        }
        Ok(())
    }

    fn branch(&mut self, node: &Node, tail: bool) -> QResult<()> {
        if node.is_elided() {
            self.constant(Value::Identity);
            Ok(())
        } else if tail {
            self.tail(node)
        } else {
            self.expression(node)
        }
    }

    fn table_literal(&mut self, keys: &[NamedNode], columns: &[NamedNode]) -> QResult<()> {
        for entry in keys.iter().chain(columns).rev() {
            self.expression(&entry.value)?;
        }
        self.shape(TableShape {
            keys: keys.iter().map(|entry| entry.name).collect(),
            columns: columns.iter().map(|entry| entry.name).collect(),
            is_table: true,
        });
        Ok(())
    }

    fn dict_literal(&mut self, entries: &[NamedNode]) -> QResult<()> {
        for entry in entries.iter().rev() {
            self.expression(&entry.value)?;
        }
        self.shape(TableShape {
            keys: Vec::new(),
            columns: entries.iter().map(|entry| entry.name).collect(),
            is_table: false,
        });
        Ok(())
    }

    fn shape(&mut self, shape: TableShape) {
        let at = self.code.tables.len() as u32;
        self.code.tables.push(shape);
        self.emit(Instruction::Table(at));
    }

    fn query(&mut self, node: &Node, query: &Query) -> QResult<()> {
        if let Some(limit) = &query.limit {
            self.expression(limit)?;
        }
        self.expression(&query.from)?;
        let namespace = self.code.namespace;
        let locals = self.code.locals.clone();
        let order = query
            .order
            .as_ref()
            .map(|(order, column)| (*order == QueryOrder::Ascending, column));
        let built = template::build(self.interpreter, query, order, namespace, &locals)?;
        let at = self.code.queries.len() as u32;
        self.code.queries.push(built);
        self.place(node);
        self.emit(Instruction::Query(at));
        Ok(())
    }
}
