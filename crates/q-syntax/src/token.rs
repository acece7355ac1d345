//! What the lexer hands to the parser.

use q_value::{Binary, Iterator, Symbol, Value};

#[derive(Debug, Clone)]
pub(crate) enum TokenKind {
    Constant(Value),
    Name(Symbol),
    /// An operator glyph, `<=` and `0:` included; never `:`.
    Operator(Binary),
    Colon,
    /// `::`
    ColonColon,
    Iterator(Iterator),
    /// `(`, `[` or `{`.
    Open(u8),
    /// `)`, `]` or `}`.
    Close(u8),
    Semicolon,
    End,
}

#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub kind: TokenKind,
    pub start: usize,
    pub end: usize,
    /// White space, a comment or the start of the text stands before it.
    pub spaced: bool,
}

impl Token {
    /// What a message calls it.
    pub(crate) fn describe(&self, source: &[u8]) -> String {
        match &self.kind {
            TokenKind::End => "the end of the text".to_owned(),
            _ => {
                let text = source.get(self.start..self.end).unwrap_or_default();
                let text = String::from_utf8_lossy(text);
                let mut shown: String = text.chars().take(20).collect();
                if shown.len() < text.len() {
                    shown.push_str("..");
                }
                format!("`{shown}`")
            }
        }
    }
}
