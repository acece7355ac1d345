//! Expressions: everything to the right is the right argument.

use q_value::{Binary, Unary};

use super::Parser;
use super::primary::{Form, Item};
use crate::error::{SyntaxError, SyntaxResult};
use crate::token::TokenKind;
use crate::tree::{Node, NodeKind, Span, Target};

/// Something that waits for what stands to its right.
enum Link {
    /// `f x`
    Prefix(Node),
    /// `+x` in k, `#:x`, and a derived function without left argument.
    PrefixVerb(Node),
    /// `x + y`
    Infix {
        left: Node,
        verb: Node,
    },
    Assign {
        target: Target,
        through: Option<Binary>,
        global: bool,
        start: usize,
    },
    Return(usize),
    Signal(usize),
}

/// What stands to the right of a link.
enum Right {
    Empty,
    /// An expression that ends in a verb: applied to it, a function composes.
    Verbal(Node),
    Value(Node),
}

impl Parser<'_> {
    /// One expression, Elided when nothing stands here.
    pub(super) fn expression(&mut self) -> SyntaxResult<Node> {
        let depth = self.depth;
        let mut links = Vec::new();
        let right = self.links(&mut links)?;
        self.depth = depth;
        let end = self.tokens[self.at.saturating_sub(1)].end;
        self.fold(links, right, end)
    }

    fn links(&mut self, links: &mut Vec<Link>) -> SyntaxResult<Right> {
        self.enter(1)?;
        let mut item = match self.statement_start(links)? {
            Some(item) => item,
            None => return Ok(Right::Empty),
        };
        loop {
            self.enter(1)?;
            let noun = match item {
                Item::Verb(verb) => {
                    if self.at_stop() {
                        return Ok(match links.is_empty() {
                            true => Right::Value(verb),
                            false => Right::Verbal(verb),
                        });
                    }
                    links.push(Link::PrefixVerb(verb));
                    match self.term()? {
                        Some(next) => item = next,
                        None => return Err(self.unexpected()),
                    }
                    continue;
                }
                Item::Noun(noun, form) => {
                    if self.at_stop() {
                        return Ok(Right::Value(noun));
                    }
                    if self.takes_last_identity() {
                        return Ok(Right::Verbal(noun));
                    }
                    if let Some(link) = self.assignment(&noun, form)? {
                        links.push(link);
                        if self.at_stop() {
                            let message = "expected a value after the assignment";
                            return Err(SyntaxError::parse(self.token().start, message));
                        }
                        match self.term()? {
                            Some(next) => item = next,
                            None => return Err(self.unexpected()),
                        }
                        continue;
                    }
                    noun
                }
            };
            item = match self.term()? {
                Some(Item::Verb(verb)) => {
                    links.push(Link::Infix { left: noun, verb });
                    if self.at_stop() {
                        return Ok(Right::Empty);
                    }
                    match self.term()? {
                        Some(next) => next,
                        None => return Err(self.unexpected()),
                    }
                }
                Some(next) => {
                    links.push(Link::Prefix(noun));
                    next
                }
                None => return Err(self.unexpected()),
            };
        }
    }

    /// Takes `:` and `'` at the start of an expression, then the first item.
    fn statement_start(&mut self, links: &mut Vec<Link>) -> SyntaxResult<Option<Item>> {
        loop {
            let token = self.token();
            let start = token.start;
            match token.kind {
                TokenKind::Colon => {
                    let next = self.token_after(1);
                    let alone = match next.kind {
                        TokenKind::Open(b'[') => !next.spaced,
                        TokenKind::Iterator(_) => !next.spaced && self.follows_colon_as_verb(),
                        TokenKind::Semicolon | TokenKind::Close(_) | TokenKind::End => true,
                        _ => false,
                    };
                    if alone {
                        return self.term();
                    }
                    self.advance();
                    links.push(Link::Return(start));
                }
                TokenKind::Iterator(q_value::Iterator::Each) => {
                    let next = self.token_after(1);
                    let alone = matches!(
                        next.kind,
                        TokenKind::Open(b'[')
                            | TokenKind::Semicolon
                            | TokenKind::Close(_)
                            | TokenKind::End
                    );
                    if alone {
                        return self.term();
                    }
                    self.advance();
                    links.push(Link::Signal(start));
                }
                _ => break,
            }
            self.enter(1)?;
        }
        if self.at_stop() {
            return Ok(None);
        }
        match self.term()? {
            Some(item) => Ok(Some(item)),
            None => Err(self.unexpected()),
        }
    }

    /// Takes a `::` that ends the expression: what stands before it is composed, as `f g::` is `f g@`.
    fn takes_last_identity(&mut self) -> bool {
        let ends = matches!(self.token().kind, TokenKind::ColonColon) && self.ends_after(1);
        if ends {
            self.advance();
        }
        ends
    }

    /// After `:` stands an iterator: true when that derives from assign (`:'`), false when it begins `:'signal`.
    fn follows_colon_as_verb(&self) -> bool {
        matches!(
            self.token_after(2).kind,
            TokenKind::Semicolon | TokenKind::Close(_) | TokenKind::End | TokenKind::Open(b'[')
        )
    }

    /// Takes `:`, `::` or `op:` when `noun` stands before one, with the target checked.
    fn assignment(&mut self, noun: &Node, form: Form) -> SyntaxResult<Option<Link>> {
        let token = self.token();
        let start = token.start;
        let mut global = false;
        let through = match token.kind {
            TokenKind::Colon => None,
            TokenKind::ColonColon => {
                let target = self.target(noun, form, true, start)?;
                self.advance();
                return Ok(Some(Link::Assign {
                    target,
                    through: None,
                    global: true,
                    start,
                }));
            }
            TokenKind::Operator(operator) => {
                let next = self.token_after(1);
                let is_amend = match next.kind {
                    TokenKind::Colon => true,
                    // `x,::y` amends the global; without `y` it is `x,` and the identity
                    TokenKind::ColonColon => {
                        global = matches!(noun.kind, NodeKind::Name(_) | NodeKind::Apply { .. })
                            && !self.ends_after(2);
                        global
                    }
                    _ => false,
                };
                if !is_amend || next.spaced {
                    return Ok(None);
                }
                Some(operator)
            }
            _ => return Ok(None),
        };
        let target = self.target(noun, form, through.is_some(), start)?;
        if through.is_some() {
            self.advance();
        }
        self.advance();
        Ok(Some(Link::Assign {
            target,
            through,
            global,
            start,
        }))
    }

    /// True when the token so many after this one ends the expression.
    fn ends_after(&self, count: usize) -> bool {
        matches!(
            self.token_after(count).kind,
            TokenKind::Semicolon | TokenKind::Close(_) | TokenKind::End
        )
    }

    fn target(
        &self,
        noun: &Node,
        form: Form,
        only_names: bool,
        position: usize,
    ) -> SyntaxResult<Target> {
        if form == Form::Parenthesised && !only_names {
            let pattern = self.pattern_of(noun)?;
            return Ok(Target::Pattern(Box::new(pattern)));
        }
        match &noun.kind {
            NodeKind::Name(name) => {
                self.check_assignable(*name, noun.span.start as usize)?;
                Ok(Target::Name(*name))
            }
            // `(a`b),:x` is `a[`b],:x`
            NodeKind::Apply { .. } if form != Form::Plain => match self.indexed_target(noun) {
                Some((name, indices)) => {
                    self.check_assignable(name, noun.span.start as usize)?;
                    Ok(Target::Indexed { name, indices })
                }
                None => Err(SyntaxError::new(
                    "assign",
                    position,
                    "only a variable, or a variable with indexes, can be assigned",
                )),
            },
            _ => Err(SyntaxError::new(
                "assign",
                position,
                "only a variable, or a variable with indexes, can be assigned",
            )),
        }
    }

    fn check_assignable(&self, name: q_value::Symbol, position: usize) -> SyntaxResult<()> {
        if crate::words::is_reserved(name.as_bytes(), self.in_k) {
            return Err(SyntaxError::new(
                "assign",
                position,
                format!(
                    "`{}` is a word of the language and cannot be assigned",
                    name.text()
                ),
            ));
        }
        Ok(())
    }

    /// Name and all indexes of `a[i][j]`.
    pub(super) fn indexed_target(&self, node: &Node) -> Option<(q_value::Symbol, Vec<Node>)> {
        match &node.kind {
            NodeKind::Name(name) => Some((*name, Vec::new())),
            NodeKind::Apply {
                function,
                arguments,
            } => {
                let (name, mut indices) = self.indexed_target(function)?;
                indices.extend(arguments.iter().cloned());
                Some((name, indices))
            }
            _ => None,
        }
    }

    fn fold(&self, links: Vec<Link>, right: Right, end: usize) -> SyntaxResult<Node> {
        let mut right = right;
        for link in links.into_iter().rev() {
            right = self.attach(link, right, end)?;
        }
        Ok(match right {
            Right::Empty => self.elided(),
            Right::Verbal(node) | Right::Value(node) => node,
        })
    }

    fn attach(&self, link: Link, right: Right, end: usize) -> SyntaxResult<Right> {
        Ok(match link {
            Link::Prefix(function) => {
                let start = function.span.start as usize;
                match right {
                    Right::Verbal(inner) => Right::Verbal(compose(function, inner, start, end)),
                    Right::Value(argument) => {
                        let function = prefix_form(function);
                        Right::Value(apply(function, vec![argument], start, end))
                    }
                    Right::Empty => Right::Value(function),
                }
            }
            Link::PrefixVerb(verb) => {
                let start = verb.span.start as usize;
                let verb = self.prefix_verb(verb)?;
                match right {
                    Right::Verbal(inner) => Right::Verbal(compose(verb, inner, start, end)),
                    Right::Value(argument) => Right::Value(apply(verb, vec![argument], start, end)),
                    Right::Empty => Right::Verbal(verb),
                }
            }
            Link::Infix { left, verb } => {
                let start = verb.span.start as usize;
                let is_apply = matches!(verb.kind, NodeKind::Operator(Binary::At));
                match right {
                    Right::Value(argument) => {
                        Right::Value(apply(verb, vec![left, argument], start, end))
                    }
                    Right::Empty => {
                        let hole = Node::new(NodeKind::Elided, Span::new(end, end));
                        Right::Verbal(apply(verb, vec![left, hole], start, end))
                    }
                    Right::Verbal(inner) if is_apply => {
                        Right::Verbal(compose(left, inner, start, end))
                    }
                    Right::Verbal(inner) => {
                        let hole = Node::new(NodeKind::Elided, Span::new(end, end));
                        let half = apply(verb, vec![left, hole], start, end);
                        Right::Verbal(compose(half, inner, start, end))
                    }
                }
            }
            Link::Assign {
                target,
                through,
                global,
                start,
            } => {
                let value = Box::new(self.operand(right));
                Right::Value(Node::new(
                    NodeKind::Assign {
                        target,
                        through,
                        global,
                        value,
                    },
                    Span::new(start, end),
                ))
            }
            Link::Return(start) => {
                let value = Box::new(self.operand(right));
                Right::Value(Node::new(NodeKind::Return(value), Span::new(start, end)))
            }
            Link::Signal(start) => {
                let value = Box::new(self.operand(right));
                Right::Value(Node::new(NodeKind::Signal(value), Span::new(start, end)))
            }
        })
    }

    fn operand(&self, right: Right) -> Node {
        match right {
            Right::Empty => self.elided(),
            Right::Verbal(node) | Right::Value(node) => node,
        }
    }

    /// A verb without left argument: its unary form in k, an error for a bare operator in q.
    fn prefix_verb(&self, verb: Node) -> SyntaxResult<Node> {
        let NodeKind::Operator(operator) = verb.kind else {
            return Ok(verb);
        };
        match unary_of(operator) {
            Some(unary) if self.in_k => Ok(Node::new(NodeKind::UnaryOperator(unary), verb.span)),
            _ => {
                let glyph = operator.text();
                Err(SyntaxError::new(
                    glyph,
                    verb.span.start as usize,
                    format!(
                        "`{glyph}` needs something on its left: write `({glyph})` for the function"
                    ),
                ))
            }
        }
    }
}

/// A parenthesised operator in prefix position is its unary form.
fn prefix_form(function: Node) -> Node {
    match function.kind {
        NodeKind::Operator(operator) => match unary_of(operator) {
            Some(unary) => Node::new(NodeKind::UnaryOperator(unary), function.span),
            None => function,
        },
        _ => function,
    }
}

fn apply(function: Node, arguments: Vec<Node>, start: usize, end: usize) -> Node {
    Node::new(
        NodeKind::Apply {
            function: Box::new(function),
            arguments,
        },
        Span::new(start, end),
    )
}

fn compose(outer: Node, inner: Node, start: usize, end: usize) -> Node {
    Node::new(
        NodeKind::Compose(Box::new(prefix_form(outer)), Box::new(inner)),
        Span::new(start, end),
    )
}

/// The unary primitive with the glyph of a binary one.
pub(crate) fn unary_of(operator: Binary) -> Option<Unary> {
    Some(match operator {
        Binary::Add => Unary::Flip,
        Binary::Subtract => Unary::Neg,
        Binary::Multiply => Unary::First,
        Binary::Divide => Unary::Reciprocal,
        Binary::And => Unary::Where,
        Binary::Or => Unary::Reverse,
        Binary::Fill => Unary::Null,
        Binary::Equal => Unary::Group,
        Binary::Less => Unary::Iasc,
        Binary::Greater => Unary::Idesc,
        Binary::Cast => Unary::String,
        Binary::Join => Unary::EnlistOne,
        Binary::Take => Unary::Count,
        Binary::Drop => Unary::Floor,
        Binary::Match => Unary::Not,
        Binary::Bang => Unary::Key,
        Binary::Query => Unary::Distinct,
        Binary::At => Unary::Type,
        Binary::Dot => Unary::Value,
        Binary::Text => Unary::Read0,
        Binary::Binary => Unary::Read1,
        Binary::Load => Unary::Load2,
        _ => return None,
    })
}
