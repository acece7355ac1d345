//! Scripts to statements, as `\l` reads them, and console lines.
//!
//! A line that begins with a blank continues the one before. A line that is only `/` opens a comment up to a line that is
//! only `\`; a lone `\` elsewhere ends the script. Lines that begin with `/` are comments wherever they stand, with `\`
//! system commands, with a letter and `)` another language (`k)`).

use std::borrow::Cow;

/// What a statement is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatementKind {
    /// To be parsed as q.
    Q,
    /// Begins with `k)`; to be parsed as it stands.
    K,
    /// `\...` without the backslash: a system command.
    System,
    /// `p)...` without the prefix: for the function `.p.e`, and so for every other letter.
    Foreign(u8),
}

/// One statement of a script.
#[derive(Debug, Clone)]
pub struct Statement<'a> {
    pub kind: StatementKind,
    /// Continuation lines included, line ends kept, no line end at the end.
    pub text: Cow<'a, [u8]>,
    /// Number of its first line, from 1.
    pub line: usize,
    /// Where `text` begins in the script.
    pub offset: usize,
}

/// The statements of a script in order.
pub fn split_script(script: &[u8]) -> Vec<Statement<'_>> {
    let mut splitter = Splitter {
        script,
        statements: Vec::new(),
        current: None,
    };
    splitter.run();
    splitter.statements
}

struct Current {
    start: usize,
    end: usize,
    line: usize,
    /// Parts to be blanked: comment blocks between continuation lines.
    holes: Vec<(usize, usize)>,
}

struct Splitter<'a> {
    script: &'a [u8],
    statements: Vec<Statement<'a>>,
    current: Option<Current>,
}

impl Splitter<'_> {
    fn run(&mut self) {
        let mut start = 0;
        let mut line = 0;
        let mut comment_from = None;
        while start < self.script.len() {
            line += 1;
            let rest = &self.script[start..];
            let length = rest.iter().position(|byte| *byte == b'\n');
            let end = start + length.unwrap_or(rest.len());
            let text = self.script[start..end].trim_ascii_end();
            if let Some(from) = comment_from {
                if text == b"\\" {
                    comment_from = None;
                    if let Some(current) = &mut self.current {
                        current.holes.push((from, start + text.len()));
                    }
                }
            } else if text == b"\\" {
                break;
            } else if text == b"/" {
                comment_from = Some(start);
            } else if !(line == 1 && text.starts_with(b"#!")) {
                self.line(text, start, line);
            }
            start = end + 1;
        }
        self.finish();
    }

    fn line(&mut self, text: &[u8], start: usize, line: usize) {
        match text.first() {
            None | Some(b'/') => {}
            Some(first) if first.is_ascii_whitespace() => match &mut self.current {
                Some(current) => current.end = start + text.len(),
                None => self.begin(text, start, line),
            },
            Some(_) => {
                self.finish();
                self.begin(text, start, line);
            }
        }
    }

    fn begin(&mut self, text: &[u8], start: usize, line: usize) {
        self.current = Some(Current {
            start,
            end: start + text.len(),
            line,
            holes: Vec::new(),
        });
    }

    fn finish(&mut self) {
        let Some(current) = self.current.take() else {
            return;
        };
        let script = self.script;
        let mut text = Cow::Borrowed(&script[current.start..current.end]);
        for (from, to) in current.holes {
            if to <= current.end {
                let range = from - current.start..to - current.start;
                for byte in &mut text.to_mut()[range] {
                    if *byte != b'\n' {
                        *byte = b' ';
                    }
                }
            }
        }
        let (kind, prefix) = statement_kind(&text);
        let text = match text {
            Cow::Borrowed(text) => Cow::Borrowed(&text[prefix..]),
            Cow::Owned(text) => Cow::Owned(text[prefix..].to_vec()),
        };
        self.statements.push(Statement {
            kind,
            text,
            line: current.line,
            offset: current.start + prefix,
        });
    }
}

/// The kind of a statement and how many bytes of prefix are not part of its text.
pub fn statement_kind(text: &[u8]) -> (StatementKind, usize) {
    match text {
        [b'\\', ..] => (StatementKind::System, 1),
        [b'k', b')', ..] => (StatementKind::K, 0),
        [b'q', b')', ..] => (StatementKind::Q, 2),
        [letter, b')', ..] if letter.is_ascii_alphabetic() => (StatementKind::Foreign(*letter), 2),
        _ => (StatementKind::Q, 0),
    }
}

/// What a line typed at the console (or fed through a pipe) is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConsoleLine<'a> {
    /// Empty, a comment, or inside a comment block.
    Nothing,
    Statement(StatementKind, &'a [u8]),
    /// A lone `\`: leaves the debugger, or switches between q and k.
    Toggle,
    /// `\\`
    Quit,
}

/// Reads console lines one by one; there is no continuation, but comment blocks are known.
#[derive(Debug, Default)]
pub struct ConsoleReader {
    in_comment: bool,
}

impl ConsoleReader {
    pub fn read<'a>(&mut self, line: &'a [u8]) -> ConsoleLine<'a> {
        let text = line.trim_ascii_end();
        if self.in_comment {
            self.in_comment = text != b"\\";
            return ConsoleLine::Nothing;
        }
        match text {
            b"/" => {
                self.in_comment = true;
                ConsoleLine::Nothing
            }
            b"\\" => ConsoleLine::Toggle,
            b"\\\\" => ConsoleLine::Quit,
            [] | [b'/', ..] => ConsoleLine::Nothing,
            text => {
                let (kind, prefix) = statement_kind(text);
                ConsoleLine::Statement(kind, &text[prefix..])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(script: &str) -> Vec<(StatementKind, String, usize)> {
        split_script(script.as_bytes())
            .into_iter()
            .map(|statement| {
                let text = String::from_utf8_lossy(&statement.text).into_owned();
                (statement.kind, text, statement.line)
            })
            .collect()
    }

    #[test]
    fn indented_lines_continue() {
        let script =
            "#!/usr/bin/q\nf:{\n  x\n/ margin comment\n\n  }\ng:1\r\n\\d .a\nk)#x\np)import os\n";
        assert_eq!(
            split(script),
            [
                (
                    StatementKind::Q,
                    "f:{\n  x\n/ margin comment\n\n  }".to_owned(),
                    2
                ),
                (StatementKind::Q, "g:1".to_owned(), 7),
                (StatementKind::System, "d .a".to_owned(), 8),
                (StatementKind::K, "k)#x".to_owned(), 9),
                (StatementKind::Foreign(b'p'), "import os".to_owned(), 10),
            ]
        );
    }

    #[test]
    fn comment_blocks_and_the_end() {
        let script = "a:1\n/\nnot this\n\\\nb:2\n\\\nnever:3\n";
        assert_eq!(
            split(script),
            [
                (StatementKind::Q, "a:1".to_owned(), 1),
                (StatementKind::Q, "b:2".to_owned(), 5),
            ]
        );
        let inside = split("f:{\n x\n/\n}}}\n\\\n }\n");
        assert_eq!(inside.len(), 1);
        assert!(crate::parse(inside[0].1.as_bytes(), false).is_ok());
    }

    #[test]
    fn a_brace_at_the_margin_is_a_statement_of_its_own() {
        assert_eq!(split("f:{\n x\n}\n").len(), 2);
    }

    #[test]
    fn console_lines() {
        let mut reader = ConsoleReader::default();
        assert_eq!(reader.read(b"/"), ConsoleLine::Nothing);
        assert_eq!(reader.read(b"1+1"), ConsoleLine::Nothing);
        assert_eq!(reader.read(b"\\"), ConsoleLine::Nothing);
        assert_eq!(
            reader.read(b"1+1\r"),
            ConsoleLine::Statement(StatementKind::Q, b"1+1")
        );
        assert_eq!(
            reader.read(b"\\l x.q"),
            ConsoleLine::Statement(StatementKind::System, b"l x.q")
        );
        assert_eq!(reader.read(b"\\"), ConsoleLine::Toggle);
        assert_eq!(reader.read(b"\\\\"), ConsoleLine::Quit);
    }
}
