//! Assignments: plain, through an operator, indexed, by pattern, and views.

use q_syntax::tree::{Node, NodeKind, Pattern, Target};
use q_value::{Binary, QError, QResult, Symbol, Value};

use super::Compiler;
use crate::code::Instruction;
use crate::pattern::{BoundPattern, Place};
use crate::primitives;

impl Compiler<'_> {
    pub(super) fn assign(
        &mut self,
        node: &Node,
        target: &Target,
        through: Option<Binary>,
        global: bool,
        value: &Node,
    ) -> QResult<()> {
        match target {
            Target::Name(name) => {
                if primitives::keyword(*name).is_some() {
                    return Err(QError::assign().at(node.span.start as usize));
                }
                if global && !self.in_lambda && through.is_none() {
                    return self.view(node, *name, value);
                }
                self.expression(value)?;
                self.place(node);
                self.assign_name(*name, through);
                Ok(())
            }
            Target::Indexed { name, indices } => {
                self.expression(value)?;
                for index in indices.iter().rev() {
                    self.expression(index)?;
                }
                let mut count = u8::try_from(indices.len()).map_err(|_| QError::limit())?;
                if count == 0 {
                    self.constant(Value::Elided);
                    count = 1;
                }
                self.place(node);
                let instruction = match (self.local(*name), through) {
                    (Some(slot), None) => Instruction::AmendLocal(slot, count),
                    (Some(slot), Some(op)) => Instruction::AmendLocalWith(slot, count, op),
                    (None, None) => Instruction::AmendGlobal(self.global(*name), count),
                    (None, Some(op)) => Instruction::AmendGlobalWith(self.global(*name), count, op),
                };
                self.emit(instruction);
                Ok(())
            }
            Target::Pattern(pattern) => {
                self.expression(value)?;
                let bound = self.pattern(pattern)?;
                self.place(node);
                self.emit(Instruction::Bind(bound));
                Ok(())
            }
        }
    }

    fn assign_name(&mut self, name: Symbol, through: Option<Binary>) {
        let instruction = match (self.local(name), through) {
            (Some(slot), None) => Instruction::SetLocal(slot),
            (Some(slot), Some(op)) => Instruction::ThroughLocal(slot, op),
            (None, None) => Instruction::SetGlobal(self.global(name)),
            (None, Some(op)) => Instruction::ThroughGlobal(self.global(name), op),
        };
        self.emit(instruction);
    }

    /// `v::expression` at top level.
    fn view(&mut self, node: &Node, name: Symbol, value: &Node) -> QResult<()> {
        let (start, end) = extent(value);
        let source = self
            .code
            .source
            .get(start as usize..end as usize)
            .unwrap_or_default()
            .trim()
            .to_owned();
        let global = self.global(name);
        let view = crate::view::compile(self.interpreter, value, &source, global)?;
        let at = self.code.constants.len() as u32;
        self.code.constants.push(view);
        self.place(node);
        self.emit(Instruction::View(global, at));
        Ok(())
    }

    /// A pattern with its names resolved; the index to [`Instruction::Bind`] it with.
    pub(super) fn pattern(&mut self, pattern: &Pattern) -> QResult<u16> {
        let bound = self.bound(pattern)?;
        let at = u16::try_from(self.code.patterns.len()).map_err(|_| QError::limit())?;
        self.code.patterns.push(bound);
        Ok(at)
    }

    fn bound(&mut self, pattern: &Pattern) -> QResult<BoundPattern> {
        let entries = |compiler: &mut Self, entries: &[(Symbol, Pattern)]| -> QResult<Vec<(Symbol, BoundPattern)>> {
            entries
                .iter()
                .map(|(name, pattern)| Ok((*name, compiler.bound(pattern)?)))
                .collect()
        };
        Ok(match pattern {
            Pattern::Any => BoundPattern::Any,
            Pattern::Name(name) => BoundPattern::Place(self.binding(*name)),
            Pattern::Filtered { pattern, filter } => BoundPattern::Filtered {
                pattern: Box::new(self.bound(pattern)?),
                filter: self.delayed(filter)?,
            },
            Pattern::Indexed { name, indices } => BoundPattern::Indexed {
                place: self.binding(*name),
                indices: indices.iter().map(|index| self.delayed(index)).collect::<QResult<_>>()?,
            },
            Pattern::Constant(node) => BoundPattern::Constant(self.delayed(node)?),
            Pattern::List(items) => {
                BoundPattern::List(items.iter().map(|item| self.bound(item)).collect::<QResult<_>>()?)
            }
            Pattern::Dict(items) => BoundPattern::Dict(entries(self, items)?),
            Pattern::Table { keys, columns } => BoundPattern::Table {
                keys: entries(self, keys)?,
                columns: entries(self, columns)?,
            },
            Pattern::Bang(keys, values) => {
                BoundPattern::Bang(Box::new(self.bound(keys)?), Box::new(self.bound(values)?))
            }
            Pattern::Flip(columns) => BoundPattern::Flip(Box::new(self.bound(columns)?)),
        })
    }

    fn binding(&mut self, name: Symbol) -> Place {
        match self.local(name) {
            Some(slot) => Place::Local(slot),
            None => Place::Global(self.global(name)),
        }
    }

    /// A filter or index inside a pattern: a parse tree evaluated when the pattern is reached.
    fn delayed(&mut self, node: &Node) -> QResult<Value> {
        if let NodeKind::Constant(value) = &node.kind {
            return Ok(crate::tree::quoted(value.clone()));
        }
        crate::tree::from_node(self.interpreter, node, self.code.namespace)
    }
}

/// The first and last byte of a whole expression: a span starts at its operator.
fn extent(node: &Node) -> (u32, u32) {
    let mut start = node.span.start;
    let mut end = node.span.end;
    let mut widen = |inner: &Node| {
        let (inner_start, inner_end) = extent(inner);
        start = start.min(inner_start);
        end = end.max(inner_end);
    };
    match &node.kind {
        NodeKind::Apply { function, arguments } => {
            widen(function);
            arguments.iter().filter(|argument| !argument.is_elided()).for_each(&mut widen);
        }
        NodeKind::Assign { value, .. } => widen(value),
        NodeKind::Compose(left, right) => {
            widen(left);
            widen(right);
        }
        NodeKind::Derived { function, .. } => widen(function),
        _ => (),
    }
    (start, end)
}
