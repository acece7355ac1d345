//! Terms: a noun or verb with the brackets and iterators after it.

use q_value::{Binary, Iterator};

use super::Parser;
use super::expression::unary_of;
use crate::error::{SyntaxError, SyntaxResult};
use crate::token::TokenKind;
use crate::tree::{Node, NodeKind, QueryKind, Span};
use crate::words;

/// How a noun was written, which decides whether it can be assigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Plain,
    Parenthesised,
    /// `[...]` was the last thing.
    Bracketed,
}

/// A term and its part of speech.
pub(super) enum Item {
    Noun(Node, Form),
    Verb(Node),
}

impl Parser<'_> {
    /// The term that stands here; `None` where none can begin.
    pub(super) fn term(&mut self) -> SyntaxResult<Option<Item>> {
        let Some(mut item) = self.primary()? else {
            return Ok(None);
        };
        loop {
            let token = self.token();
            match token.kind {
                TokenKind::Open(b'[') => item = self.bracket_application(item)?,
                TokenKind::Iterator(iterator) => {
                    let end = self.advance().end;
                    let (Item::Noun(function, _) | Item::Verb(function)) = item;
                    let span = Span::new(function.span.start as usize, end);
                    self.enter(1)?;
                    let kind = NodeKind::Derived {
                        iterator,
                        function: Box::new(function),
                    };
                    item = Item::Verb(Node::new(kind, span));
                }
                _ => return Ok(Some(item)),
            }
        }
    }

    fn bracket_application(&mut self, item: Item) -> SyntaxResult<Item> {
        let (Item::Noun(function, _) | Item::Verb(function)) = item;
        let start = function.span.start as usize;
        self.enter(1)?;
        let stops = self.open_bracket()?;
        let arguments = self.items()?;
        let end = self.close(stops)?;
        let span = Span::new(start, end);
        let kind = match function.kind {
            NodeKind::Operator(Binary::Cast) if arguments.len() >= 3 => {
                NodeKind::Conditional(arguments)
            }
            NodeKind::Operator(Binary::Assign) if arguments.len() >= 3 => {
                self.pattern_conditional(arguments)?
            }
            _ => NodeKind::Apply {
                function: Box::new(function),
                arguments,
            },
        };
        Ok(Item::Noun(Node::new(kind, span), Form::Bracketed))
    }

    fn primary(&mut self) -> SyntaxResult<Option<Item>> {
        let token = self.token();
        let (start, end) = (token.start, token.end);
        let span = Span::new(start, end);
        let plain = |kind| Item::Noun(Node::new(kind, span), Form::Plain);
        Ok(Some(match token.kind.clone() {
            TokenKind::Constant(value) => {
                self.advance();
                plain(NodeKind::Constant(value))
            }
            TokenKind::Name(name) => return self.word(name, span),
            TokenKind::Operator(operator) => {
                self.advance();
                let colon = self.token();
                if matches!(colon.kind, TokenKind::Colon)
                    && !colon.spaced
                    && let Some(unary) = unary_of(operator)
                {
                    let end = self.advance().end;
                    let kind = NodeKind::UnaryOperator(unary);
                    return Ok(Some(Item::Verb(Node::new(kind, Span::new(start, end)))));
                }
                Item::Verb(Node::new(NodeKind::Operator(operator), span))
            }
            TokenKind::Colon => {
                self.advance();
                Item::Verb(Node::new(NodeKind::Operator(Binary::Assign), span))
            }
            TokenKind::ColonColon => {
                self.advance();
                plain(NodeKind::Identity)
            }
            TokenKind::Iterator(iterator) => {
                self.advance();
                self.lone_iterator(iterator, span)?
            }
            TokenKind::Open(b'(') => self.parenthesis()?,
            TokenKind::Open(b'{') => self.lambda()?,
            TokenKind::Open(_) => {
                let stops = self.open_bracket()?;
                let statements = self.statements(Some(b']'))?;
                let end = self.close(stops)?;
                let kind = NodeKind::Sequence(statements);
                Item::Noun(Node::new(kind, Span::new(start, end)), Form::Plain)
            }
            TokenKind::Close(_) | TokenKind::Semicolon | TokenKind::End => return Ok(None),
        }))
    }

    /// An iterator where a value is expected: `(/)`, `'[f;g]`, `/[+]`.
    fn lone_iterator(&mut self, iterator: Iterator, span: Span) -> SyntaxResult<Item> {
        let node = Node::new(NodeKind::Iterator(iterator), span);
        if self.is_open(b'[') || self.at_stop() {
            return Ok(Item::Noun(node, Form::Plain));
        }
        Err(SyntaxError::parse(
            span.start as usize,
            format!(
                "the iterator `{}` needs a function directly before it",
                iterator.text()
            ),
        ))
    }

    /// A name, a keyword between its arguments, a control word or a query.
    fn word(&mut self, name: q_value::Symbol, span: Span) -> SyntaxResult<Option<Item>> {
        let text = name.as_bytes();
        if !self.in_k {
            let kind = match text {
                b"select" => Some(QueryKind::Select),
                b"exec" => Some(QueryKind::Exec),
                b"update" => Some(QueryKind::Update),
                b"delete" => Some(QueryKind::Delete),
                _ => None,
            };
            if let Some(kind) = kind {
                return self.query(kind).map(Some);
            }
            if self.stops.phrase_words && matches!(text, b"from" | b"by") {
                return Ok(None);
            }
        }
        if matches!(text, b"if" | b"do" | b"while") {
            return self.control(text, span).map(Some);
        }
        self.advance();
        let node = Node::new(NodeKind::Name(name), span);
        let is_infix = words::is_infix(text, self.in_k) || (!self.in_k && (self.is_infix)(name));
        // before a colon it is the target of an assignment, to be refused as such
        if is_infix && !matches!(self.token().kind, TokenKind::Colon) {
            return Ok(Some(Item::Verb(node)));
        }
        Ok(Some(Item::Noun(node, Form::Plain)))
    }

    fn control(&mut self, word: &[u8], span: Span) -> SyntaxResult<Item> {
        self.advance();
        let shown = String::from_utf8_lossy(word).into_owned();
        if !self.is_open(b'[') {
            let message = format!("expected `[` after `{shown}`");
            return Err(SyntaxError::parse(self.token().start, message));
        }
        let stops = self.open_bracket()?;
        let parts = self.items()?;
        let end = self.close(stops)?;
        if parts.is_empty() || parts[0].is_elided() {
            let message = format!("`{shown}` needs a condition or a count");
            return Err(SyntaxError::new("cond", span.start as usize, message));
        }
        let kind = match word {
            b"if" => NodeKind::If(parts),
            b"do" => NodeKind::Do(parts),
            _ => NodeKind::While(parts),
        };
        let span = Span::new(span.start as usize, end);
        Ok(Item::Noun(Node::new(kind, span), Form::Plain))
    }
}
