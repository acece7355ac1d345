//! What is wrong with a text: the name q signals, the place, and words for people.

use std::borrow::Cow;

use q_value::QError;

/// A text that does not parse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// What q signals (`inventory.md` section 10): the bracket, `assign`, `parse`, `params`, ...
    pub name: Cow<'static, str>,
    /// Byte offset in the source where the caret goes.
    pub position: usize,
    /// What was expected or is not allowed, as a sentence without a full stop.
    pub message: String,
    /// The bracket or quote that is still open, and where it stands.
    pub opened: Option<(char, usize)>,
}

pub type SyntaxResult<T> = Result<T, SyntaxError>;

impl SyntaxError {
    pub fn new(
        name: impl Into<Cow<'static, str>>,
        position: usize,
        message: impl Into<String>,
    ) -> SyntaxError {
        SyntaxError {
            name: name.into(),
            position,
            message: message.into(),
            opened: None,
        }
    }

    pub(crate) fn parse(position: usize, message: impl Into<String>) -> SyntaxError {
        SyntaxError::new("parse", position, message)
    }

    /// An opening bracket or quote without its partner; q's name for it is the bracket itself.
    pub(crate) fn unclosed(opener: char, opened_at: usize, message: String) -> SyntaxError {
        SyntaxError {
            name: Cow::Owned(opener.to_string()),
            position: opened_at,
            message,
            opened: Some((opener, opened_at)),
        }
    }
}

impl From<SyntaxError> for QError {
    fn from(error: SyntaxError) -> QError {
        QError::signal(error.name.as_bytes().to_vec()).at(error.position)
    }
}
