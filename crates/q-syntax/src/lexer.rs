//! Text to tokens.

use q_value::{Binary, Iterator, Symbol, Value, Vector};

use crate::error::{SyntaxError, SyntaxResult};
use crate::number::{Piece, bytes_of, value_of};
use crate::token::{Token, TokenKind};

/// Texts above this many bytes are refused, so that positions fit 32 bits.
const SOURCE_BYTES_MAX: usize = u32::MAX as usize / 2;

/// The tokens of a text, an [`TokenKind::End`] last.
pub(crate) fn tokens_of(source: &[u8], in_k: bool) -> SyntaxResult<Vec<Token>> {
    if source.len() > SOURCE_BYTES_MAX {
        return Err(SyntaxError::new("limit", 0, "the text is longer than 2 GB"));
    }
    let mut lexer = Lexer {
        source,
        in_k,
        at: 0,
        tokens: Vec::with_capacity(source.len() / 3 + 1),
        interns: true,
    };
    lexer.run()?;
    Ok(lexer.tokens)
}

/// The tokens of a text that is still being typed, up to the first error if there is one, without an end. Names in it
/// are not interned: half a name should leave nothing behind.
pub(crate) fn tokens_so_far(source: &[u8]) -> (Vec<Token>, Option<SyntaxError>) {
    if source.len() > SOURCE_BYTES_MAX {
        return (Vec::new(), None);
    }
    let mut lexer = Lexer {
        source,
        in_k: false,
        at: 0,
        tokens: Vec::new(),
        interns: false,
    };
    let error = lexer.run().err();
    if error.is_none() {
        lexer.tokens.pop();
    }
    (lexer.tokens, error)
}

/// The texts of the tokens, and the runs of blanks between them, in order; together they are the source (`-4!`).
///
/// Errors: bytes that are no token.
pub fn token_texts(source: &[u8]) -> SyntaxResult<Vec<&[u8]>> {
    let mut texts = Vec::new();
    let mut at = 0;
    for token in tokens_of(source, false)? {
        if token.start > at {
            texts.push(&source[at..token.start]);
        }
        if token.end > token.start {
            texts.push(&source[token.start..token.end]);
        }
        at = token.end.max(at);
    }
    Ok(texts)
}

struct Lexer<'a> {
    source: &'a [u8],
    /// In k an underscore is drop, wherever it stands; names of q may have it.
    in_k: bool,
    at: usize,
    tokens: Vec<Token>,
    /// False when the tokens' shapes are all that is wanted: names and symbols are null then.
    interns: bool,
}

impl Lexer<'_> {
    fn run(&mut self) -> SyntaxResult<()> {
        loop {
            let spaced = self.skip_blanks() || self.at == 0;
            let start = self.at;
            let kind = match self.peek(0) {
                None => TokenKind::End,
                Some(byte) => self.token(byte, spaced)?,
            };
            let end = kind_is_end(&kind);
            self.tokens.push(Token {
                kind,
                start,
                end: self.at,
                spaced,
            });
            if end {
                return Ok(());
            }
        }
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.source.get(self.at + ahead).copied()
    }

    fn is_digit(&self, ahead: usize) -> bool {
        self.peek(ahead).is_some_and(|byte| byte.is_ascii_digit())
    }

    /// Moves over white space and comments; true when there was any.
    fn skip_blanks(&mut self) -> bool {
        let start = self.at;
        while let Some(byte) = self.peek(0) {
            if byte.is_ascii_whitespace() || byte == 0x0b {
                self.at += 1;
            } else if byte == b'/' && self.follows_blank() {
                while self.peek(0).is_some_and(|byte| byte != b'\n') {
                    self.at += 1;
                }
            } else {
                break;
            }
        }
        self.at > start
    }

    fn follows_blank(&self) -> bool {
        self.at == 0 || self.source[self.at - 1].is_ascii_whitespace()
    }

    /// True when a noun ends directly before this place, so that `-` and `.` are operators.
    fn follows_noun(&self, spaced: bool) -> bool {
        !spaced
            && matches!(
                self.tokens.last().map(|token| &token.kind),
                Some(TokenKind::Constant(_) | TokenKind::Name(_) | TokenKind::Close(_))
            )
    }

    fn token(&mut self, byte: u8, spaced: bool) -> SyntaxResult<TokenKind> {
        match byte {
            // directly after a noun this is no time of day: `","0:10 10#til 100`
            b'0'..=b'2' if self.peek(1) == Some(b':') && self.follows_noun(spaced) => {
                let operator = match byte {
                    b'0' => Binary::Text,
                    b'1' => Binary::Binary,
                    _ => Binary::Load,
                };
                Ok(self.many(2, TokenKind::Operator(operator)))
            }
            b'0'..=b'9' => self.number(),
            b'.' if self.is_digit(1) && !self.follows_noun(spaced) => self.number(),
            b'-' if !self.follows_noun(spaced) && self.starts_number(1) => self.number(),
            b'a'..=b'z' | b'A'..=b'Z' => Ok(self.name()),
            b'.' if self.peek(1).is_some_and(|next| next.is_ascii_alphabetic()) => Ok(self.name()),
            b'"' => self.string(),
            b'`' => Ok(self.symbols()),
            b'(' | b'[' | b'{' => Ok(self.one(TokenKind::Open(byte))),
            b')' | b']' | b'}' => Ok(self.one(TokenKind::Close(byte))),
            b';' => Ok(self.one(TokenKind::Semicolon)),
            b':' if self.peek(1) == Some(b':') => Ok(self.many(2, TokenKind::ColonColon)),
            b':' => Ok(self.one(TokenKind::Colon)),
            b'\'' | b'/' | b'\\' => Ok(self.iterator(byte)),
            _ => self.operator(byte),
        }
    }

    fn one(&mut self, kind: TokenKind) -> TokenKind {
        self.many(1, kind)
    }

    fn many(&mut self, bytes: usize, kind: TokenKind) -> TokenKind {
        self.at += bytes;
        kind
    }

    fn iterator(&mut self, byte: u8) -> TokenKind {
        let colon = self.peek(1) == Some(b':');
        let iterator = match (byte, colon) {
            (b'\'', false) => Iterator::Each,
            (b'\'', true) => Iterator::Prior,
            (b'/', false) => Iterator::Over,
            (b'/', true) => Iterator::EachRight,
            (_, false) => Iterator::Scan,
            (_, true) => Iterator::EachLeft,
        };
        self.many(1 + usize::from(colon), TokenKind::Iterator(iterator))
    }

    fn operator(&mut self, byte: u8) -> SyntaxResult<TokenKind> {
        let pair = match (byte, self.peek(1)) {
            (b'<', Some(b'>')) => Some(Binary::NotEqual),
            (b'<', Some(b'=')) => Some(Binary::LessEqual),
            (b'>', Some(b'=')) => Some(Binary::GreaterEqual),
            _ => None,
        };
        if let Some(operator) = pair {
            return Ok(self.many(2, TokenKind::Operator(operator)));
        }
        let operator = match byte {
            b'+' => Binary::Add,
            b'-' => Binary::Subtract,
            b'*' => Binary::Multiply,
            b'%' => Binary::Divide,
            b'&' => Binary::And,
            b'|' => Binary::Or,
            b'^' => Binary::Fill,
            b'=' => Binary::Equal,
            b'<' => Binary::Less,
            b'>' => Binary::Greater,
            b'$' => Binary::Cast,
            b',' => Binary::Join,
            b'#' => Binary::Take,
            b'_' => Binary::Drop,
            b'~' => Binary::Match,
            b'!' => Binary::Bang,
            b'?' => Binary::Query,
            b'@' => Binary::At,
            b'.' => Binary::Dot,
            _ => {
                let shown = match byte {
                    0x20..=0x7e => format!("`{}`", char::from(byte)),
                    _ => format!("the byte 0x{byte:02x}"),
                };
                return Err(SyntaxError::new(
                    "char",
                    self.at,
                    format!("{shown} has no meaning outside a string"),
                ));
            }
        };
        Ok(self.one(TokenKind::Operator(operator)))
    }

    fn name(&mut self) -> TokenKind {
        let start = self.at;
        self.at += 1;
        while let Some(byte) = self.peek(0) {
            let part = byte.is_ascii_alphanumeric()
                || byte == b'_' && !self.in_k
                || byte == b'.' && self.peek(1).is_some_and(|next| next.is_ascii_alphabetic())
                || byte == b'.' && self.assigns_after_dot();
            if !part {
                break;
            }
            self.at += 1;
        }
        TokenKind::Name(self.symbol(start))
    }

    /// The symbol from `start` to here.
    fn symbol(&self, start: usize) -> Symbol {
        if self.interns {
            Symbol::new(&self.source[start..self.at])
        } else {
            Symbol::NULL
        }
    }

    /// `a.:x` assigns the member of `a` with the empty name.
    fn assigns_after_dot(&self) -> bool {
        self.peek(1) == Some(b':') && !matches!(self.peek(2), Some(b':' | b'\'' | b'/' | b'\\'))
    }

    fn symbols(&mut self) -> TokenKind {
        let mut symbols = Vec::new();
        while self.peek(0) == Some(b'`') {
            self.at += 1;
            let start = self.at;
            let mut after_colon = false;
            while let Some(byte) = self.peek(0) {
                let part = byte.is_ascii_alphanumeric()
                    || matches!(byte, b'.' | b':')
                    || byte == b'_' && self.at > start
                    || byte == b'/' && after_colon;
                if !part {
                    break;
                }
                after_colon |= byte == b':';
                self.at += 1;
            }
            symbols.push(self.symbol(start));
        }
        TokenKind::Constant(match symbols[..] {
            [symbol] => Value::Symbol(symbol),
            _ => Value::Symbols(Vector::new(symbols)),
        })
    }

    fn string(&mut self) -> SyntaxResult<TokenKind> {
        let opened = self.at;
        self.at += 1;
        let mut text = Vec::new();
        loop {
            let Some(byte) = self.peek(0) else {
                return Err(SyntaxError::unclosed(
                    '"',
                    opened,
                    "this string is not closed: expected `\"`".to_owned(),
                ));
            };
            self.at += 1;
            match byte {
                b'"' => break,
                b'\\' => {
                    let Some(escaped) = self.peek(0) else {
                        continue;
                    };
                    self.at += 1;
                    text.push(match escaped {
                        b'n' => b'\n',
                        b't' => b'\t',
                        b'r' => b'\r',
                        b'0'..=b'7' => self.octal(escaped),
                        other => other,
                    });
                }
                byte => text.push(byte),
            }
        }
        Ok(TokenKind::Constant(match text[..] {
            [byte] => Value::Char(byte),
            _ => Value::Chars(Vector::new(text)),
        }))
    }

    /// The byte of an octal escape, whose first digit is read already.
    fn octal(&mut self, first: u8) -> u8 {
        let mut value = u32::from(first - b'0');
        for _ in 0..2 {
            match self.peek(0) {
                Some(digit @ b'0'..=b'7') => {
                    value = value * 8 + u32::from(digit - b'0');
                    self.at += 1;
                }
                _ => break,
            }
        }
        value as u8
    }

    /// True when a digit, or a point and a digit, stands `ahead` bytes from here.
    fn starts_number(&self, ahead: usize) -> bool {
        self.is_digit(ahead) || self.peek(ahead) == Some(b'.') && self.is_digit(ahead + 1)
    }

    /// `0:`, `1:`, `2:`, unless two digits follow and make it a clock time.
    fn file_operator(&self) -> Option<Binary> {
        let operator = match self.peek(0)? {
            b'0' => Binary::Text,
            b'1' => Binary::Binary,
            b'2' => Binary::Load,
            _ => return None,
        };
        let is_clock = self.is_digit(2)
            && self.is_digit(3)
            && !self.is_digit(4)
            && !self.peek(4).is_some_and(|byte| byte.is_ascii_uppercase());
        (self.peek(1) == Some(b':') && !is_clock).then_some(operator)
    }

    fn number(&mut self) -> SyntaxResult<TokenKind> {
        if let Some(operator) = self.file_operator() {
            return Ok(self.many(2, TokenKind::Operator(operator)));
        }
        if self.peek(0) == Some(b'0') && self.peek(1) == Some(b'x') {
            return Ok(self.bytes());
        }
        let start = self.at;
        let mut pieces = Vec::new();
        loop {
            pieces.push(self.piece()?);
            let end = self.at;
            if !self.skip_blanks() || !self.continues_vector() {
                self.at = end;
                break;
            }
        }
        match value_of(&pieces) {
            Some(value) => Ok(TokenKind::Constant(value)),
            None => {
                let text = String::from_utf8_lossy(&self.source[start..self.at]).into_owned();
                let message = format!("`{text}` mixes types or has an item out of its range");
                Err(SyntaxError::new(text, start, message))
            }
        }
    }

    /// True when the number that stands here belongs to the vector before it.
    fn continues_vector(&self) -> bool {
        let signed = usize::from(self.peek(0) == Some(b'-'));
        self.starts_number(signed)
            && !(self.peek(signed) == Some(b'0') && self.peek(signed + 1) == Some(b'x'))
            && (signed == 1 || self.file_operator().is_none())
    }

    fn piece(&mut self) -> SyntaxResult<Piece> {
        let start = self.at;
        let negative = self.peek(0) == Some(b'-');
        self.at += usize::from(negative);
        let body = self.at;
        while let Some(byte) = self.peek(0) {
            let sign_of_exponent = matches!(byte, b'+' | b'-')
                && self.is_digit(1)
                && matches!(self.source[self.at - 1], b'e' | b'E')
                && self.at - 1 > body;
            let part = byte.is_ascii_alphanumeric()
                || byte == b'.'
                || byte == b':' && self.is_digit(1)
                || sign_of_exponent;
            if !part {
                break;
            }
            self.at += 1;
        }
        Piece::parse(&self.source[body..self.at], negative).ok_or_else(|| {
            let text = String::from_utf8_lossy(&self.source[start..self.at]).into_owned();
            let message = format!("`{text}` is no number, date or time");
            SyntaxError::new(text, start, message)
        })
    }

    fn bytes(&mut self) -> TokenKind {
        self.at += 2;
        let start = self.at;
        while self.peek(0).is_some_and(|byte| byte.is_ascii_hexdigit()) {
            self.at += 1;
        }
        let value = bytes_of(&self.source[start..self.at]);
        TokenKind::Constant(value.unwrap_or(Value::Bytes(Vector::default())))
    }
}

fn kind_is_end(kind: &TokenKind) -> bool {
    matches!(kind, TokenKind::End)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let tokens = match tokens_of(text.as_bytes(), false) {
            Ok(tokens) => tokens,
            Err(error) => return format!("error {} at {}", error.name, error.position),
        };
        let parts: Vec<String> = tokens
            .iter()
            .filter_map(|token| {
                Some(match &token.kind {
                    TokenKind::Constant(value) => {
                        format!("{}h", value.type_number())
                    }
                    TokenKind::Name(name) => name.text(),
                    TokenKind::Operator(operator) => operator.text().to_owned(),
                    TokenKind::Colon => ":".to_owned(),
                    TokenKind::ColonColon => "::".to_owned(),
                    TokenKind::Iterator(iterator) => format!("i{}", iterator.text()),
                    TokenKind::Open(byte) | TokenKind::Close(byte) => char::from(*byte).to_string(),
                    TokenKind::Semicolon => ";".to_owned(),
                    TokenKind::End => return None,
                })
            })
            .collect();
        parts.join(" ")
    }

    #[test]
    fn minus_belongs_to_a_number_unless_a_noun_ends_before_it() {
        assert_eq!(shown("x-1"), "x - -7h");
        assert_eq!(shown("x -1"), "x -7h");
        assert_eq!(shown("3.5-1"), "-9h - -7h");
        assert_eq!(shown("3.5 -1"), "9h");
        assert_eq!(shown("x[1]-1"), "x [ -7h ] - -7h");
        assert_eq!(shown("(a)- 1"), "( a ) - -7h");
        assert_eq!(shown("a:-1"), "a : -7h");
        assert_eq!(shown("2*-.5"), "-7h * -9h");
    }

    #[test]
    fn a_slash_comments_only_after_white_space() {
        assert_eq!(shown("2+2 /x"), "-7h + -7h");
        assert_eq!(shown("/all"), "");
        assert_eq!(shown("+/x"), "+ i/ x");
        assert_eq!(shown("\"2/3\" / c\n 1"), "10h -7h");
        assert_eq!(shown("x\\:y':z"), "x i\\: y i': z");
    }

    #[test]
    fn names_symbols_and_file_operators() {
        assert_eq!(shown("a_b _ .z.p x.y"), "a_b _ .z.p x.y");
        let in_k = tokens_of(b"a_b", true).expect("three tokens and the end");
        assert_eq!(in_k.len(), 4);
        assert_eq!(shown("`a`b `c"), "11h -11h");
        assert_eq!(shown("`:dir/file`x/y"), "11h i/ y");
        assert_eq!(shown("`_x"), "-11h _ x");
        assert_eq!(shown("f 0:g"), "f 0: g");
        assert_eq!(shown("(\"I\";1)0: 2"), "( -10h ; -7h ) 0: -7h");
        assert_eq!(shown("0:30 1:00"), "17h");
        assert_eq!(shown("1 2 0x0a"), "7h -4h");
        assert_eq!(shown("a<>b<=c"), "a <> b <= c");
        assert_eq!(shown("a::b::"), "a :: b ::");
    }

    #[test]
    fn strings_with_escapes() {
        let text = br#""a\tb\\\"\101\n""#;
        let tokens = tokens_of(text, false).expect("a string");
        assert!(
            matches!(&tokens[0].kind, TokenKind::Constant(Value::Chars(v)) if v[..] == *b"a\tb\\\"A\n")
        );
        assert_eq!(shown("\"ab"), "error \" at 0");
        assert_eq!(shown("\"a\"\"\""), "-10h 10h");
    }

    #[test]
    fn what_is_refused() {
        assert_eq!(shown("a \u{a7}"), "error char at 2");
        assert_eq!(shown("1 2x"), "error 2x at 2");
        assert_eq!(shown("1 40000h"), "error 1 40000h at 0");
    }
}
