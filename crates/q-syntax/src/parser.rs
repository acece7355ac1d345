//! Tokens to tree: recursive descent for brackets, an explicit stack for the long right scope of expressions.

mod expression;
mod lambda;
mod literal;
mod pattern;
mod primary;
mod query;
#[cfg(test)]
mod tests;

pub(crate) use expression::unary_of;

use q_value::Symbol;

use crate::error::{SyntaxError, SyntaxResult};
use crate::lexer::tokens_of;
use crate::token::{Token, TokenKind};
use crate::tree::{Node, NodeKind, Program, Span};

/// Bound of the depth of a tree, so that nothing that walks one runs out of stack.
const DEPTH_MAX: usize = 2000;
/// What a bracket counts against [`DEPTH_MAX`]: it costs the parser several frames.
const BRACKET_DEPTH: usize = 10;

/// Parses a text of one or more statements. It is k when `in_k` or when it begins with `k)`.
///
/// # Errors
/// The first thing that is wrong, with its position.
pub fn parse(source: &[u8], in_k: bool) -> SyntaxResult<Program> {
    parse_with_words(source, in_k, &|_| false)
}

/// Parses as [`parse`] does, with words that stand between their arguments beside those of the language.
///
/// # Errors
/// The first thing that is wrong, with its position.
pub fn parse_with_words(
    source: &[u8],
    in_k: bool,
    is_infix: &dyn Fn(Symbol) -> bool,
) -> SyntaxResult<Program> {
    let (prefix, in_k) = match source {
        [b'k', b')', ..] => (2, true),
        [b'q', b')', ..] => (2, false),
        _ => (0, in_k),
    };
    let mut tokens = tokens_of(&source[prefix..], in_k).map_err(|error| shifted(error, prefix))?;
    for token in &mut tokens {
        token.start += prefix;
        token.end += prefix;
    }
    let mut parser = Parser {
        source,
        tokens,
        at: 0,
        in_k,
        is_infix,
        depth: 0,
        stops: Stops::default(),
        open: Vec::new(),
    };
    let statements = parser.statements(None)?;
    Ok(Program {
        statements,
        is_k: in_k,
    })
}

fn shifted(mut error: SyntaxError, by: usize) -> SyntaxError {
    error.position += by;
    if let Some((_, at)) = &mut error.opened {
        *at += by;
    }
    error
}

/// What ends an expression besides closers and semicolons.
#[derive(Debug, Clone, Copy, Default)]
struct Stops {
    /// A comma, in the phrases of a query.
    comma: bool,
    /// The words `by` and `from`, in the columns and groups of a query; elsewhere they are names.
    phrase_words: bool,
    /// The word `where`, after `from`.
    where_word: bool,
}

struct Parser<'a> {
    source: &'a [u8],
    tokens: Vec<Token>,
    at: usize,
    in_k: bool,
    /// Words between their arguments that a program has added.
    is_infix: &'a dyn Fn(Symbol) -> bool,
    depth: usize,
    stops: Stops,
    /// Brackets still open, with their positions.
    open: Vec<(u8, usize)>,
}

impl Parser<'_> {
    fn token(&self) -> &Token {
        // the last token is End and is never passed
        &self.tokens[self.at.min(self.tokens.len() - 1)]
    }

    fn token_after(&self, ahead: usize) -> &Token {
        &self.tokens[(self.at + ahead).min(self.tokens.len() - 1)]
    }

    fn advance(&mut self) -> Token {
        let token = self.token().clone();
        if !matches!(token.kind, TokenKind::End) {
            self.at += 1;
        }
        token
    }

    fn is_open(&self, bracket: u8) -> bool {
        matches!(self.token().kind, TokenKind::Open(byte) if byte == bracket)
    }

    fn is_close(&self, bracket: u8) -> bool {
        matches!(self.token().kind, TokenKind::Close(byte) if byte == bracket)
    }

    fn is_semicolon(&self) -> bool {
        matches!(self.token().kind, TokenKind::Semicolon)
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.token().kind, TokenKind::Name(name) if name.as_bytes() == word.as_bytes())
    }

    /// True where an expression ends.
    fn at_stop(&self) -> bool {
        match &self.token().kind {
            TokenKind::Semicolon | TokenKind::Close(_) | TokenKind::End => true,
            TokenKind::Operator(q_value::Binary::Join) => self.stops.comma,
            TokenKind::Name(name) if !self.in_k => match name.as_bytes() {
                b"from" | b"by" => self.stops.phrase_words,
                b"where" => self.stops.where_word,
                _ => false,
            },
            _ => false,
        }
    }

    /// Counts depth while something nested is read; give the same amount back to [`Parser::leave`].
    fn enter(&mut self, amount: usize) -> SyntaxResult<()> {
        self.depth += amount;
        if self.depth > DEPTH_MAX {
            let message = "nested too deeply: split it into several statements";
            return Err(SyntaxError::new("limit", self.token().start, message));
        }
        Ok(())
    }

    fn leave(&mut self, amount: usize) {
        self.depth -= amount;
    }

    /// Takes an opening bracket; [`Parser::close`] takes its partner.
    fn open_bracket(&mut self) -> SyntaxResult<Stops> {
        self.enter(BRACKET_DEPTH)?;
        let token = self.advance();
        if let TokenKind::Open(bracket) = token.kind {
            self.open.push((bracket, token.start));
        }
        Ok(std::mem::take(&mut self.stops))
    }

    /// Takes the closing bracket that belongs to the innermost open one and returns the offset after it.
    fn close(&mut self, stops: Stops) -> SyntaxResult<usize> {
        let (bracket, opened_at) = self.open.last().copied().unwrap_or((b'(', 0));
        let partner = partner_of(bracket);
        if !self.is_close(partner) {
            return Err(self.unclosed(bracket, opened_at));
        }
        self.open.pop();
        self.stops = stops;
        self.leave(BRACKET_DEPTH);
        Ok(self.advance().end)
    }

    fn unclosed(&self, bracket: u8, opened_at: usize) -> SyntaxError {
        let (bracket, partner) = (char::from(bracket), char::from(partner_of(bracket)));
        let token = self.token();
        let found = token.describe(self.source);
        if matches!(token.kind, TokenKind::End) {
            return SyntaxError::unclosed(
                bracket,
                opened_at,
                format!("expected `{partner}` before {found}"),
            );
        }
        SyntaxError {
            name: match token.kind {
                TokenKind::Close(closer) => char::from(closer).to_string().into(),
                _ => "parse".into(),
            },
            position: token.start,
            message: format!("expected `;` or `{partner}`, found {found}"),
            opened: Some((bracket, opened_at)),
        }
    }

    /// Statements up to the bracket `until` or the end; never empty. An empty last one is kept as Elided, others are kept
    /// in a text, where `parse` shows them, and dropped in brackets.
    fn statements(&mut self, until: Option<u8>) -> SyntaxResult<Vec<Node>> {
        let mut statements = Vec::new();
        loop {
            let statement = self.expression()?;
            let more = self.is_semicolon();
            if until.is_none() || !(more && statement.is_elided()) {
                statements.push(statement);
            }
            if more {
                self.advance();
                continue;
            }
            let token = self.token();
            match (&token.kind, until) {
                (TokenKind::End, None) => return Ok(statements),
                (TokenKind::Close(bracket), Some(until)) if *bracket == until => {
                    return Ok(statements);
                }
                (TokenKind::Close(bracket), None) => {
                    let bracket = char::from(*bracket);
                    return Err(SyntaxError::new(
                        bracket.to_string(),
                        token.start,
                        format!("`{bracket}` closes nothing"),
                    ));
                }
                _ => return Err(self.unexpected()),
            }
        }
    }

    /// The error for a token that fits nowhere.
    fn unexpected(&self) -> SyntaxError {
        if let (Some((bracket, at)), TokenKind::Close(_) | TokenKind::End) =
            (self.open.last(), &self.token().kind)
        {
            return self.unclosed(*bracket, *at);
        }
        let token = self.token();
        let found = token.describe(self.source);
        SyntaxError::parse(token.start, format!("{found} is not expected here"))
    }

    /// Items between semicolons up to the closing bracket, holes as Elided; none at all for empty brackets.
    fn items(&mut self) -> SyntaxResult<Vec<Node>> {
        let mut items = Vec::new();
        loop {
            let item = self.expression()?;
            let more = self.is_semicolon();
            if items.is_empty() && !more && item.is_elided() {
                return Ok(items);
            }
            items.push(item);
            if !more {
                return Ok(items);
            }
            self.advance();
        }
    }

    fn elided(&self) -> Node {
        let at = self.token().start;
        Node::new(NodeKind::Elided, Span::new(at, at))
    }
}

fn partner_of(bracket: u8) -> u8 {
    match bracket {
        b'(' => b')',
        b'[' => b']',
        _ => b'}',
    }
}
