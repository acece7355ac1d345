//! What parentheses hold: an expression, a list, a table or a dictionary.

use q_value::{Symbol, Value};

use super::Parser;
use super::primary::{Form, Item};
use crate::columns::{implied_name, make_unique};
use crate::error::{SyntaxError, SyntaxResult};
use crate::token::TokenKind;
use crate::tree::{NamedNode, Node, NodeKind, Span};

impl Parser<'_> {
    pub(super) fn parenthesis(&mut self) -> SyntaxResult<Item> {
        let start = self.token().start;
        // no expression starts with a bracket, so blanks between the two are layout (`wp/foreign-keys`)
        if matches!(self.token_after(1).kind, TokenKind::Open(b'[')) {
            return self.table_or_dictionary(start);
        }
        let stops = self.open_bracket()?;
        let mut items = self.items()?;
        let end = self.close(stops)?;
        // what stands before a colon, or inside brackets that may, can be a pattern with filters
        let may_be_pattern = matches!(self.token().kind, TokenKind::Colon)
            || matches!(self.open.last(), Some((b'(' | b'[', _)));
        if !may_be_pattern {
            items = items.into_iter().map(without_return).collect();
        }
        let span = Span::new(start, end);
        let node = match items.len() {
            0 => Node::new(NodeKind::Constant(Value::empty_list()), span),
            1 => match items.pop() {
                Some(only) => only,
                None => self.elided(),
            },
            _ => Node::new(NodeKind::List(items), span),
        };
        Ok(Item::Noun(node, Form::Parenthesised))
    }

    /// `([k:..]c:..)` or `([a:1;b:2])`.
    fn table_or_dictionary(&mut self, start: usize) -> SyntaxResult<Item> {
        let outer = self.open_bracket()?;
        let inner = self.open_bracket()?;
        let mut keys = self.entries()?;
        self.close(inner)?;
        if self.is_close(b')') {
            let end = self.close(outer)?;
            make_unique(&mut [&mut keys]);
            let node = Node::new(NodeKind::DictLiteral(keys), Span::new(start, end));
            return Ok(Item::Noun(node, Form::Parenthesised));
        }
        if self.is_semicolon() {
            self.advance();
        }
        let mut columns = self.entries()?;
        let end = self.close(outer)?;
        if columns.is_empty() {
            let message = "expected columns after `]`";
            return Err(SyntaxError::parse(start, message));
        }
        make_unique(&mut [&mut keys, &mut columns]);
        let kind = NodeKind::TableLiteral { keys, columns };
        let node = Node::new(kind, Span::new(start, end));
        Ok(Item::Noun(node, Form::Parenthesised))
    }

    /// Entries between semicolons up to a closing bracket.
    fn entries(&mut self) -> SyntaxResult<Vec<NamedNode>> {
        let mut entries = Vec::new();
        loop {
            if self.at_stop() && !self.is_semicolon() {
                return Ok(entries);
            }
            if self.is_semicolon() {
                // an empty place matches anything in a pattern and means nothing in a literal
                let name = Symbol::new("x");
                entries.push(NamedNode {
                    name,
                    named: false,
                    colon: self.elided().span.start,
                    value: self.elided(),
                });
            } else {
                entries.push(self.entry()?);
            }
            if !self.is_semicolon() {
                return Ok(entries);
            }
            self.advance();
        }
    }

    fn entry(&mut self) -> SyntaxResult<NamedNode> {
        if let (TokenKind::Name(name), TokenKind::Colon) =
            (&self.token().kind, &self.token_after(1).kind)
        {
            let name = *name;
            self.advance();
            let colon = self.token().start as u32;
            self.advance();
            let value = self.expression()?;
            return Ok(NamedNode {
                name,
                named: true,
                colon,
                value,
            });
        }
        if let (TokenKind::Name(_), TokenKind::ColonColon) =
            (&self.token().kind, &self.token_after(1).kind)
        {
            let position = self.token_after(1).start;
            let message = "a column is named with one colon";
            return Err(SyntaxError::parse(position, message));
        }
        let value = self.expression()?;
        Ok(NamedNode {
            name: implied_name(&value),
            named: false,
            colon: value.span.start,
            value,
        })
    }
}

/// `(:x)` is no return: the value itself.
fn without_return(node: Node) -> Node {
    match node.kind {
        NodeKind::Return(value) => *value,
        _ => node,
    }
}
