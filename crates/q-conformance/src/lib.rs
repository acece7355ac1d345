//! Golden transcripts: Markdown files in which ```` ```q ```` blocks hold prompts and what the console answers.
//!
//! Each heading starts a fresh interpreter with an empty world in memory; blocks under one heading share it. A line that
//! starts with `q)` is input, lines after it up to the next prompt are its output (standard output, standard error and the
//! shown value together). Lines of the debugger (`q))`) belong to the answer of the line that ran into it; a file with such
//! lines runs with a debugger. The heading's comment names where the behaviour is known from:
//! `<!-- source: documented, reference page "sum" -->`.

use q_engine::fake::FakeWorld;
use q_engine::{Interpreter, Outcome};

const PROMPT: &str = "q)";
/// Lines that begin so, after a namespace or the blanks of k, are typed into the debugger.
const DEBUGGER: &str = "))";
const BLOCK_START: &str = "```q";
const SOURCE: &str = "<!-- source:";
const BLOCK_END: &str = "```";
/// 2024.01.01D12:00 in nanoseconds since 2000: the clock of every transcript.
const NOW: i64 = 757_425_600_000_000_000;

/// What a transcript became when it was run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The whole file with the answers that came.
    pub text: String,
    /// Inputs answered otherwise than the file says: heading, input, expected, got.
    pub differences: Vec<Difference>,
    /// How many inputs were run.
    pub inputs: usize,
    /// Headings whose blocks have no source named.
    pub without_source: Vec<String>,
}

/// An input whose answer is another one than written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub heading: String,
    pub input: String,
    pub expected: String,
    pub got: String,
}

/// A console over a world in memory.
struct Session {
    interpreter: Interpreter,
    typed: Option<std::sync::Arc<std::sync::Mutex<std::collections::VecDeque<Vec<u8>>>>>,
    recorded: std::sync::Arc<std::sync::Mutex<q_engine::fake::Recorded>>,
}

impl Session {
    fn new(has_debugger: bool) -> Session {
        let mut world = FakeWorld::new();
        world.set_now(NOW);
        let typed = has_debugger.then(|| world.with_debugger());
        let recorded = world.recorded();
        Session {
            interpreter: Interpreter::new(Box::new(world)),
            typed,
            recorded,
        }
    }

    /// Everything the console shows for a line, blanks at line ends and the last line end removed; the debugger reads its
    /// lines from what is expected.
    fn answer(&mut self, line: &str, expected: &[&str]) -> String {
        if let Some(typed) = &self.typed {
            let lines = expected.iter().filter_map(|line| debugger_input(line));
            *typed.lock().expect("one thread") = lines.collect();
        }
        let outcome = self.interpreter.run_line(line.as_bytes());
        let mut bytes = {
            let mut recorded = self.recorded.lock().expect("one thread");
            let mut bytes = std::mem::take(&mut recorded.error);
            bytes.append(&mut recorded.output);
            bytes
        };
        match outcome {
            Outcome::Nothing => {}
            Outcome::Value(_, shown) | Outcome::Error(_, shown) => bytes.extend_from_slice(&shown),
        }
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        lines.join("\n").trim_end_matches('\n').to_owned()
    }
}

/// Runs a transcript. Call it on a thread with a large stack ([`q_engine::on_large_stack`]).
pub fn run(markdown: &str) -> Run {
    let mut text = String::with_capacity(markdown.len());
    let mut differences = Vec::new();
    let mut without_source: Vec<String> = Vec::new();
    let (mut heading, mut has_source, mut inputs) = (String::new(), false, 0);
    let mut session: Option<Session> = None;
    let has_debugger = markdown.lines().any(|line| debugger_input(line).is_some());
    let mut lines = markdown.lines().peekable();
    while let Some(line) = lines.next() {
        text.push_str(line);
        text.push('\n');
        if let Some(title) = line.strip_prefix('#') {
            let title = title.trim_start_matches('#');
            let end = title.find(SOURCE).unwrap_or(title.len());
            title[..end].trim().clone_into(&mut heading);
            has_source = end < title.len();
            session = None;
        }
        if line.trim_end() != BLOCK_START {
            continue;
        }
        if !has_source && !without_source.contains(&heading) {
            without_source.push(heading.clone());
        }
        let session = session.get_or_insert_with(|| Session::new(has_debugger));
        while let Some(line) = lines.next_if(|line| line.trim_end() != BLOCK_END) {
            let Some(input) = console_input(line) else {
                // text before the first prompt of a block stays as it is
                text.push_str(line);
                text.push('\n');
                continue;
            };
            let mut expected = Vec::new();
            while let Some(line) =
                lines.next_if(|line| console_input(line).is_none() && line.trim_end() != BLOCK_END)
            {
                expected.push(line.trim_end());
            }
            let got = session.answer(input, &expected);
            let expected = expected.join("\n");
            inputs += 1;
            text.push_str(line);
            text.push('\n');
            if !got.is_empty() {
                text.push_str(&got);
                text.push('\n');
            }
            if got != expected.trim_end_matches('\n') {
                differences.push(Difference {
                    heading: heading.clone(),
                    input: input.to_owned(),
                    expected,
                    got,
                });
            }
        }
    }
    Run {
        text,
        differences,
        inputs,
        without_source,
    }
}

/// What is typed at the prompt of the console; `None` for other lines.
fn console_input(line: &str) -> Option<&str> {
    line.strip_prefix(PROMPT)
        .filter(|_| debugger_input(line).is_none())
}

/// What is typed at a prompt of the debugger: `q))`, `q.space))`; `None` for other lines.
fn debugger_input(line: &str) -> Option<Vec<u8>> {
    let rest = line.strip_prefix('q')?;
    let at = rest.find(|c: char| !(c.is_alphanumeric() || c == '.' || c == '_'))?;
    let parens = rest[at..].strip_prefix(DEBUGGER)?;
    Some(parens.trim_start_matches(')').as_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_starts_anew_and_answers_are_compared() {
        let markdown = "## a <!-- source: inferred -->\n```q\nq)x:1\nq)x+1\n3\n```\n## b <!-- source: inferred -->\n```q\nq)x\n'x\n```\n";
        let run = run(markdown);
        assert_eq!(run.inputs, 3);
        let first = run.differences.first().expect("the wrong sum");
        assert_eq!((first.input.as_str(), first.got.as_str()), ("x+1", "2"));
        assert!(
            run.differences
                .iter()
                .all(|difference| difference.input != "x:1")
        );
        assert!(run.text.contains("q)x+1\n2\n"));
        assert!(run.without_source.is_empty());
    }

    #[test]
    fn a_missing_source_is_noticed() {
        assert_eq!(run("# t\n```q\nq)1\n1\n```\n").without_source, ["t"]);
    }
}
