//! What a bundle must satisfy before a cluster is touched: the script exists, every q file parses.

use std::fmt;

use crate::{Bundle, BundleError, EntryKind, EntryName};

/// One reason not to deploy. Lines and columns count from 1; 0 when the problem has no place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub file: String,
    pub line: usize,
    pub column: usize,
    pub message: String,
    /// The line of source, for showing with a caret.
    pub source_line: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.message),
            line => write!(f, "{}:{line}:{}: {}", self.file, self.column, self.message),
        }
    }
}

impl Bundle {
    /// Every problem found, in order of file names, the initialization script's absence first.
    pub fn check(&self, initialization_script: Option<&str>) -> Vec<Problem> {
        let mut problems = Vec::new();
        if let Some(script) = initialization_script {
            problems.extend(self.script_problem(script));
        }
        let parsed = self.for_each_file(|name, _, content| {
            if name.as_str().ends_with(".q") {
                let mut text = Vec::new();
                content
                    .read_to_end(&mut text)
                    .map_err(|error| BundleError::Corrupt {
                        entry: name.to_string(),
                        reason: error.to_string(),
                    })?;
                problems.extend(syntax_problem(name.as_str(), &text));
            }
            Ok::<(), BundleError>(())
        });
        if let Err(error) = parsed {
            problems.push(without_place("(zip)", error.to_string()));
        }
        problems
    }

    fn script_problem(&self, script: &str) -> Option<Problem> {
        let name = match EntryName::parse(script.as_bytes()) {
            Ok(name) => name,
            Err(problem) => {
                return Some(without_place(
                    script,
                    format!("the initialization script has {problem}"),
                ));
            }
        };
        if matches!(
            self.entry(&name).map(|entry| &entry.kind),
            Some(EntryKind::File { .. } | EntryKind::Link { .. })
        ) {
            return None;
        }
        let file_name = name.as_str().rsplit('/').next().unwrap_or_default();
        let near = self
            .entries()
            .map(|(name, _)| name.as_str())
            .find(|other| other.rsplit('/').next() == Some(file_name));
        let hint = near
            .map(|near| format!("; did you mean '{near}'?"))
            .unwrap_or_default();
        Some(without_place(
            script,
            format!("the initialization script is not in the zip{hint}"),
        ))
    }
}

fn without_place(file: &str, message: String) -> Problem {
    Problem {
        file: file.into(),
        line: 0,
        column: 0,
        message,
        source_line: String::new(),
    }
}

fn syntax_problem(file: &str, text: &[u8]) -> Option<Problem> {
    let problem = q_syntax::check::check_source(file, text).err()?;
    Some(Problem {
        file: file.into(),
        line: problem.place.line,
        column: problem.place.column,
        message: problem.message,
        source_line: problem.source_line,
    })
}

#[cfg(test)]
mod tests {
    use crate::bundle::tests::zip_of;
    use crate::{Bundle, Limits};

    fn problems(files: &[(&str, &str)], script: Option<&str>) -> Vec<String> {
        let bundle = Bundle::open(zip_of(files), &Limits::default()).expect("harmless");
        bundle
            .check(script)
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn a_missing_script_is_named_with_a_hint() {
        assert_eq!(
            problems(&[("app/init.q", "a:1")], Some("app/init.q")),
            Vec::<String>::new()
        );
        let found = problems(&[("app/init.q", "a:1")], Some("init.q"));
        assert_eq!(
            found,
            ["init.q: the initialization script is not in the zip; did you mean 'app/init.q'?"]
        );
    }

    #[test]
    fn a_file_that_does_not_parse_is_named_with_its_line() {
        let found = problems(
            &[
                ("ok.q", "f:{x+y}\n"),
                ("lib/bad.q", "a:1\nf:{x+(y}\n"),
                ("note.txt", "(((("),
            ],
            None,
        );
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("lib/bad.q:2:"), "{found:?}");
    }
}
