//! The contract's patterns, written for another regular expression dialect, made to run on the `regex` crate.

use regex::Regex;

/// A pattern of the contract. Matches whole strings, as the service did, whether or not the pattern has anchors.
#[derive(Debug)]
pub(crate) struct Pattern {
    accept: Regex,
    /// From a leading `(?!..)`: strings that begin so are refused.
    refuse_prefix: Option<Regex>,
}

impl Pattern {
    /// Compiles a pattern. Errors when it uses what neither the crate nor the translation below knows.
    pub(crate) fn compile(source: &str) -> Result<Self, regex::Error> {
        let (refused, accepted) = split_leading_refusal(source);
        Ok(Pattern {
            accept: Regex::new(&format!(r"\A(?:{})\z", ascii_classes(&accepted)))?,
            refuse_prefix: refused
                .map(|refused| Regex::new(&format!(r"\A(?:{})", ascii_classes(refused))))
                .transpose()?,
        })
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        self.accept.is_match(text)
            && !self
                .refuse_prefix
                .as_ref()
                .is_some_and(|refused| refused.is_match(text))
    }
}

/// Splits `^(?!x)y` into `x` and `^y`; the crate has no look-ahead and the contract uses it at the start only.
fn split_leading_refusal(source: &str) -> (Option<&str>, String) {
    match source.strip_prefix("^(?!").and_then(|rest| {
        let end = rest.find(')')?;
        Some((&rest[..end], &rest[end + 1..]))
    }) {
        Some((refused, rest)) => (Some(refused), format!("^{rest}")),
        None => (None, source.to_owned()),
    }
}

/// Writes `\d \w \s \S` out as ASCII sets, their meaning in the original dialect, and escapes a hyphen that follows one
/// inside brackets (`[\w-/]`), which the crate would take for a range.
fn ascii_classes(source: &str) -> String {
    let mut out = String::with_capacity(source.len() + 32);
    let mut characters = source.chars().peekable();
    let mut in_brackets = false;
    while let Some(character) = characters.next() {
        match character {
            '\\' => {
                let Some(escaped) = characters.next() else {
                    out.push('\\');
                    break;
                };
                let set = match escaped {
                    'd' => "0-9",
                    'w' => "a-zA-Z0-9_",
                    's' => r" \t\n\x0B\x0C\r",
                    'S' if !in_brackets => {
                        out.push_str(r"[^ \t\n\x0B\x0C\r]");
                        continue;
                    }
                    other => {
                        out.push('\\');
                        out.push(other);
                        continue;
                    }
                };
                if in_brackets {
                    out.push_str(set);
                    if characters.peek() == Some(&'-') {
                        characters.next();
                        out.push_str(r"\-");
                    }
                } else {
                    out.push('[');
                    out.push_str(set);
                    out.push(']');
                }
            }
            '[' if !in_brackets => {
                in_brackets = true;
                out.push('[');
            }
            ']' if in_brackets => {
                in_brackets = false;
                out.push(']');
            }
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Pattern::compile(pattern).unwrap().matches(text)
    }

    #[test]
    fn whole_strings_match_even_without_anchors() {
        assert!(matches("^[a-zA-Z0-9._]+", "kx.sg.large"));
        assert!(!matches("^[a-zA-Z0-9._]+", "kx.sg large"));
        assert!(matches("^-1|[0-9]+$", "-1"));
        assert!(!matches("^-1|[0-9]+$", "-12x"));
        assert!(matches(r".*\S.*", " a "));
        assert!(!matches(r".*\S.*", "  "));
    }

    #[test]
    fn leading_refusals_and_ascii_classes_keep_their_meaning() {
        let tag_key = r"^(?!aws:)[a-zA-Z+-=._:/]+$";
        assert!(matches(tag_key, "team:desk"));
        assert!(!matches(tag_key, "aws:team"));
        let role = r"^arn:aws[a-z0-9-]*:iam::\d{12}:role\/[\w-\/.@+=,]{1,1017}$";
        assert!(matches(role, "arn:aws:iam::123456789012:role/a-b/c_d"));
        assert!(!matches(role, "arn:aws:iam::١٢٣456789012:role/x"));
        assert!(!matches(role, "arn:aws:iam::123456789012:role/é"));
    }

    proptest! {
        #[test]
        fn translating_never_panics(source in any::<String>()) {
            let _ = Pattern::compile(&source);
        }
    }
}
