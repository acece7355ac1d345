//! A text while it is being typed: what colour each part has, which brackets belong together, whether more has to follow.
//!
//! Everything here takes any text and leaves nothing behind, as it runs with every key.

use crate::lexer::tokens_so_far;
use crate::script::{StatementKind, statement_kind};
use crate::token::TokenKind;
use crate::words::{is_keyword, is_reserved};
use q_value::Value;

/// What a part of a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// A system command, or a line for another language.
    Command,
    Comment,
    Keyword,
    /// A name that begins with a dot and a single letter, such as `.Q.fmt`.
    Library,
    Name,
    Number,
    Text,
    Symbol,
    Operator,
    Iterator,
    Bracket,
    /// From here on the text cannot be read.
    Wrong,
}

/// A part of a text; what lies between two parts is white space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    pub class: Class,
    pub start: usize,
    pub end: usize,
}

/// Bytes of a prefix such as `k)`, and true when the rest is not q: a command, a comment, another language.
fn prefix_of(text: &[u8]) -> (usize, bool) {
    if text.first() == Some(&b'/') {
        return (0, true);
    }
    match statement_kind(text) {
        (StatementKind::System | StatementKind::Foreign(_), _) => (0, true),
        (StatementKind::K, _) => (2, false),
        (StatementKind::Q, prefix) => (prefix, false),
    }
}

/// The parts of a statement in order.
pub fn parts(text: &[u8]) -> Vec<Part> {
    let (prefix, is_foreign) = prefix_of(text);
    if is_foreign {
        let class = if text.first() == Some(&b'/') {
            Class::Comment
        } else {
            Class::Command
        };
        return vec![Part {
            class,
            start: 0,
            end: text.len(),
        }];
    }
    let mut parts = Vec::new();
    if prefix > 0 {
        parts.push(Part {
            class: Class::Command,
            start: 0,
            end: prefix,
        });
    }
    let mut at = prefix;
    let (tokens, error) = tokens_so_far(&text[prefix..]);
    for token in tokens {
        let (start, end) = (token.start + prefix, token.end + prefix);
        comments(text, at, start, &mut parts);
        parts.push(Part {
            class: class_of(&token.kind, &text[start..end]),
            start,
            end,
        });
        at = end;
    }
    match error {
        None => comments(text, at, text.len(), &mut parts),
        Some(error) => {
            let start = (error.position + prefix).max(at);
            comments(text, at, start, &mut parts);
            let class = if is_open_text(&error) {
                Class::Text
            } else {
                Class::Wrong
            };
            parts.push(Part {
                class,
                start,
                end: text.len(),
            });
        }
    }
    parts
}

/// Adds the comments that stand between two tokens.
fn comments(text: &[u8], from: usize, to: usize, parts: &mut Vec<Part>) {
    let mut at = from;
    while let Some(found) = text[at..to].iter().position(|byte| *byte == b'/') {
        let start = at + found;
        let length = text[start..to].iter().position(|byte| *byte == b'\n');
        let end = length.map_or(to, |length| start + length);
        parts.push(Part {
            class: Class::Comment,
            start,
            end,
        });
        at = end;
    }
}

fn class_of(kind: &TokenKind, text: &[u8]) -> Class {
    match kind {
        TokenKind::Constant(Value::Char(_) | Value::Chars(_)) => Class::Text,
        TokenKind::Constant(Value::Symbol(_) | Value::Symbols(_)) => Class::Symbol,
        TokenKind::Constant(_) => Class::Number,
        TokenKind::Name(_) => match text {
            [b'.', letter, b'.', ..] if letter.is_ascii_alphabetic() => Class::Library,
            _ if is_keyword(text)
                || is_reserved(text, false)
                || matches!(text, b"from" | b"by") =>
            {
                Class::Keyword
            }
            _ => Class::Name,
        },
        TokenKind::Operator(_) | TokenKind::Colon | TokenKind::ColonColon => Class::Operator,
        TokenKind::Iterator(_) => Class::Iterator,
        TokenKind::Open(_) | TokenKind::Close(_) | TokenKind::Semicolon => Class::Bracket,
        TokenKind::End => Class::Comment,
    }
}

fn is_open_text(error: &crate::SyntaxError) -> bool {
    matches!(error.opened, Some(('"', _)))
}

fn closer(opener: u8) -> u8 {
    match opener {
        b'(' => b')',
        b'[' => b']',
        _ => b'}',
    }
}

/// True when a bracket, brace or string is still open, so that the statement goes on in the next line. A text that is
/// wrong already is finished: the sooner its error is shown the better.
pub fn is_unfinished(text: &[u8]) -> bool {
    let (prefix, is_foreign) = prefix_of(text);
    if is_foreign {
        return false;
    }
    let (tokens, error) = tokens_so_far(&text[prefix..]);
    let mut open = Vec::new();
    for token in &tokens {
        match token.kind {
            TokenKind::Open(byte) => open.push(closer(byte)),
            TokenKind::Close(byte) if open.pop() != Some(byte) => return false,
            _ => {}
        }
    }
    match error {
        Some(error) => is_open_text(&error),
        None => !open.is_empty(),
    }
}

/// The places of the bracket at or before `cursor` and of its partner.
pub fn matching_brackets(text: &[u8], cursor: usize) -> Option<(usize, usize)> {
    let (prefix, is_foreign) = prefix_of(text);
    if is_foreign {
        return None;
    }
    let (tokens, _) = tokens_so_far(&text[prefix..]);
    let mut open = Vec::new();
    let mut pairs = Vec::new();
    for token in &tokens {
        let at = token.start + prefix;
        match token.kind {
            TokenKind::Open(byte) => open.push((closer(byte), at)),
            TokenKind::Close(byte) => match open.pop() {
                Some((wanted, opened)) if wanted == byte => pairs.push((opened, at)),
                _ => break,
            },
            _ => {}
        }
    }
    let touches = |place: usize| {
        pairs
            .iter()
            .copied()
            .find(|(opened, closed)| *opened == place || *closed == place)
    };
    touches(cursor).or_else(|| touches(cursor.checked_sub(1)?))
}

/// The statements of a text of several lines, as it is pasted or recalled: a line belongs to the one before when that is
/// unfinished or when it begins with a blank, as in a script.
pub fn statements(text: &str) -> Vec<&str> {
    let mut statements = Vec::new();
    let mut start = 0;
    for (at, _) in text.match_indices('\n') {
        let next = text.as_bytes().get(at + 1);
        let continues = next.is_some_and(|byte| matches!(byte, b' ' | b'\t'))
            || is_unfinished(&text.as_bytes()[start..at]);
        if !continues {
            statements.push(&text[start..at]);
            start = at + 1;
        }
    }
    statements.push(&text[start..]);
    statements
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        parts(text.as_bytes())
            .iter()
            .map(|part| format!("{:?}:{}", part.class, &text[part.start..part.end]))
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn each_part_has_its_class() {
        assert_eq!(
            shown("f:{x+til 10} /sum"),
            "Name:f Operator:: Bracket:{ Name:x Operator:+ Keyword:til Number:10 Bracket:} Comment:/sum"
        );
        assert_eq!(
            shown("select from .Q.pt where `a=\"b c\""),
            "Keyword:select Keyword:from Library:.Q.pt Keyword:where Symbol:`a Operator:= Text:\"b c\""
        );
        assert_eq!(shown("\\l a.q"), "Command:\\l a.q");
        assert_eq!(shown("k)+/x"), "Command:k) Operator:+ Iterator:/ Name:x");
        assert_eq!(shown("a /x\n b"), "Name:a Comment:/x Name:b");
    }

    #[test]
    fn what_cannot_be_read_is_shown_as_such() {
        assert_eq!(shown("1+\"ab"), "Number:1 Operator:+ Text:\"ab");
        assert_eq!(shown("a 1z3q b"), "Name:a Wrong:1z3q b");
    }

    #[test]
    fn open_brackets_and_strings_go_on() {
        for text in ["f:{", "(1;2", "x[1", "\"abc", "f:{ /}", "k){x", "f:{\"}\""] {
            assert!(is_unfinished(text.as_bytes()), "{text}");
        }
        for text in [
            "f:{x}",
            "1)",
            "(1;2]",
            "\\l (",
            "/ {",
            "p){",
            "",
            "{1zz}",
            "\"a\\\"b\"",
        ] {
            assert!(!is_unfinished(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn brackets_find_their_partner() {
        let text = b"f[(1;2)]";
        assert_eq!(matching_brackets(text, 1), Some((1, 7)));
        assert_eq!(matching_brackets(text, 8), Some((1, 7)));
        assert_eq!(matching_brackets(text, 6), Some((2, 6)));
        assert_eq!(matching_brackets(text, 4), None);
        assert_eq!(matching_brackets(b"\"(\")", 4), None);
    }

    #[test]
    fn pasted_lines_become_statements() {
        assert_eq!(
            statements("a:1\nf:{\nx\n}\ng:{\n x\n }\nb"),
            ["a:1", "f:{\nx\n}", "g:{\n x\n }", "b"]
        );
        assert_eq!(statements("a:1\n +2\n"), ["a:1\n +2", ""]);
    }

    #[test]
    fn typing_interns_nothing() {
        parts(b"neverInternedName`neverInternedSymbol");
        let (count, _) = q_value::Symbol::statistics();
        parts(b"neverInternedName2`neverInternedSymbol2");
        assert!(
            q_value::Symbol::statistics().0 <= count + 64,
            "other tests intern a few"
        );
    }
}
