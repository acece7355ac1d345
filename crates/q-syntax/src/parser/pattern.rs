//! Patterns of kdb+ 4.1, made from what was read as an expression.

use q_value::{Binary, Unary};

use super::Parser;
use crate::error::{SyntaxError, SyntaxResult};
use crate::tree::{NamedNode, Node, NodeKind, Pattern, Target};

impl Parser<'_> {
    /// The pattern that an expression means on the left of a colon or among parameters.
    pub(super) fn pattern_of(&self, node: &Node) -> SyntaxResult<Pattern> {
        Ok(match &node.kind {
            NodeKind::Elided => Pattern::Any,
            NodeKind::Name(name) => Pattern::Name(*name),
            NodeKind::Constant(_) => Pattern::Constant(Box::new(node.clone())),
            NodeKind::List(items) => Pattern::List(
                items
                    .iter()
                    .map(|item| Ok((self.pattern_of(item)?, item.span.start)))
                    .collect::<SyntaxResult<_>>()?,
                node.span.start,
            ),
            NodeKind::Assign {
                target,
                through: None,
                global: false,
                value,
            } => {
                let pattern = match target {
                    Target::Name(name) => Pattern::Name(*name),
                    Target::Indexed { name, indices } => Pattern::Indexed {
                        name: *name,
                        indices: indices.clone(),
                    },
                    Target::Pattern(pattern) => (**pattern).clone(),
                };
                Pattern::Filtered {
                    pattern: Box::new(pattern),
                    filter: value.clone(),
                    position: node.span.start,
                }
            }
            NodeKind::Return(filter) => Pattern::Filtered {
                pattern: Box::new(Pattern::Any),
                filter: filter.clone(),
                position: node.span.start,
            },
            NodeKind::DictLiteral(entries) => Pattern::Dict(
                self.entry_patterns(entries)?,
                entries.iter().map(|entry| entry.colon).collect(),
            ),
            NodeKind::TableLiteral { keys, columns } => Pattern::Table {
                keys: self.entry_patterns(keys)?,
                columns: self.entry_patterns(columns)?,
            },
            NodeKind::Apply {
                function,
                arguments,
            } => match (&function.kind, &arguments[..]) {
                (NodeKind::Operator(Binary::Bang), [keys, values]) => Pattern::Bang(
                    Box::new(self.pattern_of(keys)?),
                    Box::new(self.pattern_of(values)?),
                ),
                (NodeKind::UnaryOperator(Unary::Flip), [columns]) => {
                    Pattern::Flip(Box::new(self.pattern_of(columns)?))
                }
                (NodeKind::Name(name), [columns]) if name.as_bytes() == b"flip" => {
                    Pattern::Flip(Box::new(self.pattern_of(columns)?))
                }
                _ => match self.indexed_target(node) {
                    Some((name, indices)) => Pattern::Indexed { name, indices },
                    None => return Err(no_pattern(node)),
                },
            },
            _ => return Err(no_pattern(node)),
        })
    }

    fn entry_patterns(
        &self,
        entries: &[NamedNode],
    ) -> SyntaxResult<Vec<(q_value::Symbol, Pattern)>> {
        entries
            .iter()
            .map(|entry| Ok((entry.name, self.pattern_of(&entry.value)?)))
            .collect()
    }

    /// `:[v;p1;r1;p2;r2;..;d]`.
    pub(super) fn pattern_conditional(&self, parts: Vec<Node>) -> SyntaxResult<NodeKind> {
        let mut parts = parts.into_iter();
        let value = Box::new(parts.next().unwrap_or_else(|| self.elided()));
        let mut cases = Vec::new();
        let mut otherwise = None;
        while let Some(pattern) = parts.next() {
            match parts.next() {
                Some(result) => cases.push((self.pattern_of(&pattern)?, result)),
                None => otherwise = Some(Box::new(pattern)),
            }
        }
        Ok(NodeKind::PatternConditional {
            value,
            cases,
            otherwise,
        })
    }
}

fn no_pattern(node: &Node) -> SyntaxError {
    SyntaxError::parse(
        node.span.start as usize,
        "a pattern is made of names, literals, lists and filters",
    )
}
