//! Assignments: plain, through an operator, indexed, by pattern, and views.

use std::sync::Arc;

use q_syntax::tree::{Node, NodeKind, Pattern, Target};
use q_value::{Binary, QError, QResult, Symbol, Value};

use super::Compiler;
use crate::code::Instruction;
use crate::pattern::{BoundPattern, PatternCode, Place};
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
                let is_word = primitives::keyword(*name).is_some() || self.is_added_word(*name);
                if !self.code.is_k && is_word {
                    return Err(QError::assign().at(node.span.start as usize));
                }
                if global && !self.in_lambda && !self.in_view && through.is_none() {
                    return self.view(node, *name, value, &[]);
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

    /// `v::expression` at top level: the rest of the line belongs to the view.
    pub(super) fn view(
        &mut self,
        node: &Node,
        name: Symbol,
        value: &Node,
        rest: &[Node],
    ) -> QResult<()> {
        let (start, _) = extent(value);
        let statement = Arc::clone(&self.code.source);
        // parentheses around the first operand belong to no node
        let before = statement.get(..start as usize).unwrap_or_default();
        let start = before.rfind("::").map_or(0, |at| at + 2);
        let source = statement.get(start..).unwrap_or_default();
        let source = without_comment(source).trim().to_owned();
        let mut body = vec![value.clone()];
        body.extend_from_slice(rest);
        let global = self.global(name);
        let view = crate::view::compile(self.interpreter, &body, &statement, &source)?;
        let at = self.code.constants.len() as u32;
        self.code.constants.push(view);
        self.place(node);
        self.emit(Instruction::View(global, at));
        Ok(())
    }

    /// Code that computes the operands of a pattern, the first one last, and the index to [`Instruction::Bind`] it with.
    pub(super) fn pattern(&mut self, pattern: &Pattern) -> QResult<u16> {
        let mut operands = Vec::new();
        let bound = self.bound(pattern, &mut operands)?;
        for operand in operands.iter().rev() {
            self.expression(operand)?;
        }
        let at = u16::try_from(self.code.patterns.len()).map_err(|_| QError::limit())?;
        self.code.patterns.push(PatternCode {
            pattern: bound,
            operands: operands.len(),
        });
        Ok(at)
    }

    fn bound<'n>(
        &mut self,
        pattern: &'n Pattern,
        operands: &mut Vec<&'n Node>,
    ) -> QResult<BoundPattern> {
        let operand = |node: &'n Node, operands: &mut Vec<&'n Node>| {
            operands.push(node);
            operands.len() - 1
        };
        Ok(match pattern {
            Pattern::Any => BoundPattern::Any,
            Pattern::Name(name) => BoundPattern::Place(self.binding(*name)),
            Pattern::Filtered {
                pattern,
                filter,
                position,
            } => {
                let filter = operand(filter, operands);
                BoundPattern::Filtered {
                    pattern: Box::new(self.bound(pattern, operands)?),
                    filter,
                    position: self.in_source(*position),
                }
            }
            Pattern::Indexed { name, indices } => BoundPattern::Indexed {
                place: self.binding(*name),
                indices: indices
                    .iter()
                    .map(|index| operand(index, operands))
                    .collect(),
            },
            Pattern::Constant(node) => BoundPattern::Constant(operand(node, operands)),
            Pattern::List(items, position) => {
                let mut parts = Vec::with_capacity(items.len());
                for (item, position) in items {
                    parts.push((self.bound(item, operands)?, self.in_source(*position)));
                }
                BoundPattern::List(parts, self.in_source(*position))
            }
            Pattern::Dict(items, positions) => BoundPattern::Dict(
                self.bound_entries(items, operands)?,
                positions
                    .iter()
                    .map(|position| self.in_source(*position))
                    .collect(),
            ),
            Pattern::Table { keys, columns } => BoundPattern::Table {
                keys: self.bound_entries(keys, operands)?,
                columns: self.bound_entries(columns, operands)?,
            },
            Pattern::Bang(keys, values) => BoundPattern::Bang(
                Box::new(self.bound(keys, operands)?),
                Box::new(self.bound(values, operands)?),
            ),
            Pattern::Flip(columns) => BoundPattern::Flip(Box::new(self.bound(columns, operands)?)),
        })
    }

    fn bound_entries<'n>(
        &mut self,
        entries: &'n [(Symbol, Pattern)],
        operands: &mut Vec<&'n Node>,
    ) -> QResult<Vec<(Symbol, BoundPattern)>> {
        let mut bound = Vec::with_capacity(entries.len());
        for (name, pattern) in entries {
            bound.push((*name, self.bound(pattern, operands)?));
        }
        Ok(bound)
    }

    /// A position of the parsed text as one of the code's source.
    fn in_source(&self, position: u32) -> usize {
        position.saturating_sub(self.code.offset) as usize
    }

    fn binding(&mut self, name: Symbol) -> Place {
        match self.local(name) {
            Some(slot) => Place::Local(slot),
            None => Place::Global(self.global(name)),
        }
    }
}

/// A line's text up to a comment at its end.
fn without_comment(line: &str) -> &str {
    let mut in_string = false;
    let mut before = ' ';
    let mut escaped = false;
    for (at, c) in line.char_indices() {
        match c {
            '"' if !escaped => in_string = !in_string,
            '/' if !in_string && before.is_whitespace() && at > 0 => return &line[..at],
            _ => (),
        }
        escaped = c == '\\' && in_string && !escaped;
        before = c;
    }
    line
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
        NodeKind::Apply {
            function,
            arguments,
        } => {
            widen(function);
            arguments
                .iter()
                .filter(|argument| !argument.is_elided())
                .for_each(&mut widen);
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
