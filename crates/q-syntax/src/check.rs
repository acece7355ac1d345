//! Whole scripts checked without running them, with words for people.

use std::fmt;

use crate::error::SyntaxError;
use crate::parser::parse;
use crate::script::{Statement, StatementKind, split_script};

/// A place in a file: line and column from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub line: usize,
    pub column: usize,
}

/// The first thing in a script that does not parse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxProblem {
    pub file: String,
    pub place: Place,
    /// What q would signal, without the quote.
    pub name: String,
    /// What was expected or is not allowed, and what to do.
    pub message: String,
    /// The bracket or quote still open, and where it was opened.
    pub opened: Option<(char, Place)>,
    /// The text of the line.
    pub source_line: String,
}

impl fmt::Display for SyntaxProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { line, column } = self.place;
        write!(f, "{}:{line}:{column}: {}", self.file, self.message)?;
        if let Some((bracket, opened)) = self.opened
            && opened != self.place
        {
            let Place { line, column } = opened;
            write!(
                f,
                " (`{bracket}` was opened at line {line}, column {column})"
            )?;
        }
        let shown = self.source_line.trim_end();
        write!(f, "\n  {shown}\n  ")?;
        for character in shown.chars().take(column.saturating_sub(1)) {
            f.write_str(if character == '\t' { "\t" } else { " " })?;
        }
        f.write_str("^")
    }
}

impl std::error::Error for SyntaxProblem {}

/// Checks that every q and k statement of a script parses; a file called `*.k` is k.
///
/// # Errors
/// The first problem, with file, line, column, what was expected and the line itself.
pub fn check_source(file: &str, script: &[u8]) -> Result<(), Box<SyntaxProblem>> {
    let statements = split_script(script);
    let in_k = file.ends_with(".k");
    for (at, statement) in statements.iter().enumerate() {
        if !matches!(statement.kind, StatementKind::Q | StatementKind::K) {
            continue;
        }
        if let Err(error) = parse(&statement.text, in_k) {
            let next = statements.get(at + 1);
            return Err(Box::new(problem(file, script, statement, next, error)));
        }
    }
    Ok(())
}

fn problem(
    file: &str,
    script: &[u8],
    statement: &Statement<'_>,
    next: Option<&Statement<'_>>,
    error: SyntaxError,
) -> SyntaxProblem {
    let mut message = error.message;
    // the usual mistake: the closing brace, or the rest of a body, stands at the margin
    if let (Some((bracket, _)), Some(next)) = (error.opened, next)
        && matches!(bracket, '(' | '[' | '{')
        && message.contains("end of the text")
    {
        message.push_str(&format!(
            "; line {} begins at the margin and so starts a new statement: indent it if it belongs here",
            next.line
        ));
    }
    let position = statement.offset + error.position;
    SyntaxProblem {
        file: file.to_owned(),
        place: place_of(script, position),
        name: error.name.into_owned(),
        message,
        opened: error
            .opened
            .map(|(bracket, at)| (bracket, place_of(script, statement.offset + at))),
        source_line: line_at(script, position),
    }
}

fn line_bounds(script: &[u8], position: usize) -> (usize, usize) {
    let position = position.min(script.len());
    let start = script[..position]
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    let end = script[position..]
        .iter()
        .position(|byte| *byte == b'\n')
        .map_or(script.len(), |at| position + at);
    (start, end)
}

fn place_of(script: &[u8], position: usize) -> Place {
    let position = position.min(script.len());
    let (start, _) = line_bounds(script, position);
    Place {
        line: script[..start]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count()
            + 1,
        column: String::from_utf8_lossy(&script[start..position])
            .chars()
            .count()
            + 1,
    }
}

fn line_at(script: &[u8], position: usize) -> String {
    let (start, end) = line_bounds(script, position);
    String::from_utf8_lossy(&script[start..end]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_good_script() {
        let script = b"\\d .a\nf:{[x;y]\n  x+y\n  }\np)def f():\nk)g:{#x}\n";
        assert_eq!(check_source("a.q", script), Ok(()));
    }

    #[test]
    fn what_was_expected_and_where_it_was_opened() {
        let script = b"a:1\nf:{[x]\n  (x;1 2\n  }\n";
        let problem = check_source("lib/a.q", script).expect_err("a parenthesis is open");
        assert_eq!(problem.place, Place { line: 4, column: 3 });
        assert_eq!(problem.opened, Some(('(', Place { line: 3, column: 3 })));
        assert_eq!(
            problem.to_string(),
            "lib/a.q:4:3: expected `;` or `)`, found `}` (`(` was opened at line 3, column 3)\n    }\n    ^"
        );
    }

    #[test]
    fn a_brace_at_the_margin_is_explained() {
        let problem = check_source("a.q", b"f:{\n  x\n}\n").expect_err("the brace is a statement");
        assert_eq!(problem.name, "{");
        assert!(
            problem.message.contains("line 3 begins at the margin"),
            "{problem}"
        );
    }

    #[test]
    fn names_of_errors() {
        for (script, name) in [
            ("cos:12", "assign"),
            ("\"abc", "\""),
            ("1+)", ")"),
            ("{[a;b;c;d;e;f;g;h;i]a}", "params"),
            ("select a t", "from"),
            ("a:$42", "$"),
            ("1 2 3x", "3x"),
        ] {
            let problem = check_source("a.q", script.as_bytes()).expect_err(script);
            assert_eq!(problem.name, name, "{script}");
        }
    }
}
