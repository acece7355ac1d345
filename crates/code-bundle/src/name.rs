//! Names of zip entries: relative paths that stay inside the tree.

use std::fmt;

/// Longest path of an entry in bytes, and longest part of it; what Linux file systems take below a deep directory.
const PATH_BYTES_MAX: usize = 1024;
const PART_BYTES_MAX: usize = 255;

/// A relative path with `/` between parts, none of which is empty, `.` or `..`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntryName(String);

/// Why a name is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameProblem {
    Empty,
    Absolute,
    ParentDirectory,
    ForbiddenCharacter,
    TooLong,
    NotUtf8,
}

impl fmt::Display for NameProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NameProblem::Empty => "an empty path",
            NameProblem::Absolute => {
                "an absolute path; paths must be relative to the code directory"
            }
            NameProblem::ParentDirectory => {
                "'..' in the path; entries must stay inside the code directory"
            }
            NameProblem::ForbiddenCharacter => {
                "a backslash or control character in the path; use '/' between directories"
            }
            NameProblem::TooLong => "a path that is too long",
            NameProblem::NotUtf8 => "a path that is not UTF-8",
        })
    }
}

impl EntryName {
    /// Reads the name of an entry; a trailing slash (a directory) is dropped, `.` parts are skipped.
    pub fn parse(raw: &[u8]) -> Result<EntryName, NameProblem> {
        let text = std::str::from_utf8(raw).map_err(|_| NameProblem::NotUtf8)?;
        if text.len() > PATH_BYTES_MAX {
            return Err(NameProblem::TooLong);
        }
        if text.starts_with('/') {
            return Err(NameProblem::Absolute);
        }
        if text.chars().any(|c| c == '\\' || c.is_control()) {
            return Err(NameProblem::ForbiddenCharacter);
        }
        let mut parts = Vec::new();
        for part in text.split('/') {
            match part {
                "" | "." => {}
                ".." => return Err(NameProblem::ParentDirectory),
                part if part.len() > PART_BYTES_MAX => return Err(NameProblem::TooLong),
                part => parts.push(part),
            }
        }
        if parts.is_empty() {
            Err(NameProblem::Empty)
        } else {
            Ok(EntryName(parts.join("/")))
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The directories above it, outermost first: `a/b/c` gives `a`, `a/b`.
    pub fn parents(&self) -> impl Iterator<Item = &str> {
        self.0.match_indices('/').map(|(at, _)| &self.0[..at])
    }

    /// Where a link at this place leads, as a path inside the tree; `None` when it leads out of it.
    pub(crate) fn resolve_link(&self, target: &str) -> Option<EntryName> {
        if target.starts_with('/') || target.contains('\\') || target.chars().any(char::is_control)
        {
            return None;
        }
        let mut parts: Vec<&str> = self.0.split('/').collect();
        parts.pop();
        for part in target.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop()?;
                }
                part => parts.push(part),
            }
        }
        EntryName::parse(parts.join("/").as_bytes()).ok()
    }
}

impl fmt::Display for EntryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Result<String, NameProblem> {
        EntryName::parse(text.as_bytes()).map(|name| name.0)
    }

    #[test]
    fn only_paths_inside_the_tree_are_names() {
        assert_eq!(parse("a/./b//c.q"), Ok("a/b/c.q".into()));
        assert_eq!(parse("dir/"), Ok("dir".into()));
        assert_eq!(parse("/etc/passwd"), Err(NameProblem::Absolute));
        assert_eq!(parse("a/../../b"), Err(NameProblem::ParentDirectory));
        assert_eq!(parse("a\\..\\b"), Err(NameProblem::ForbiddenCharacter));
        assert_eq!(parse("./"), Err(NameProblem::Empty));
        assert_eq!(parse(&"x".repeat(300)), Err(NameProblem::TooLong));
        assert_eq!(EntryName::parse(b"\xff"), Err(NameProblem::NotUtf8));
    }

    #[test]
    fn links_resolve_inside_the_tree_or_not_at_all() {
        let link = EntryName::parse(b"lib/current").expect("valid");
        assert_eq!(
            link.resolve_link("../v2/lib").map(|to| to.0),
            Some("v2/lib".into())
        );
        assert_eq!(link.resolve_link("../../etc"), None);
        assert_eq!(link.resolve_link("/etc"), None);
    }

    proptest! {
        #[test]
        fn a_name_never_leaves_the_tree(raw in proptest::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(name) = EntryName::parse(&raw) {
                prop_assert!(!name.as_str().starts_with('/'));
                prop_assert!(name.as_str().split('/').all(|part| !part.is_empty() && part != "." && part != ".."));
            }
        }
    }
}
