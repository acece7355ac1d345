//! The error a q program sees: a name such as `type`, or whatever was signalled.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

pub type QResult<T> = Result<T, QError>;

/// A q error. The text is the contract (`inventory.md` section 10): programs trap and compare it.
#[derive(Clone)]
pub struct QError(Box<Inner>);

#[derive(Clone)]
struct Inner {
    text: Cow<'static, [u8]>,
    /// Byte offset into the source that was being read or evaluated, filled in by whoever knows it.
    position: Option<usize>,
    /// The backtrace, which the evaluator collects where the error happens; opaque here.
    trace: Option<Arc<dyn Any + Send + Sync>>,
}

impl PartialEq for QError {
    /// Backtraces do not count.
    fn eq(&self, other: &QError) -> bool {
        self.0.text == other.0.text && self.0.position == other.0.position
    }
}

impl Eq for QError {}

macro_rules! named {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        impl QError {
            $($(#[$doc])* pub fn $name() -> QError { QError::new($text) })*
        }
    };
}

named! {
    /// Wrong type of an argument.
    type_error = "type";
    /// Arguments do not conform.
    length = "length";
    /// Too many arguments.
    rank = "rank";
    /// Argument outside the domain.
    domain = "domain";
    /// Index out of range in an amend.
    index = "index";
    /// Not implemented for these arguments.
    nyi = "nyi";
    /// A keyword or constant cannot be assigned.
    assign = "assign";
    /// Value not in the enumeration.
    cast = "cast";
    /// Columns differ.
    mismatch = "mismatch";
    /// Recursion too deep.
    stack = "stack";
    /// Out of memory or over the limit of `-w`.
    wsfull = "wsfull";
    /// Interrupted or over the time of `-T`.
    stop = "stop";
    /// Something too long or too many.
    limit = "limit";
    /// Write where none is allowed.
    noupdate = "noupdate";
    /// Key exists already.
    insert = "insert";
    /// Signal of something that is neither symbol nor string.
    stype = "stype";
}

impl QError {
    pub fn new(text: &'static str) -> QError {
        QError(Box::new(Inner {
            text: Cow::Borrowed(text.as_bytes()),
            position: None,
            trace: None,
        }))
    }

    /// An error with a text made at run time: a signal, an undefined name, an operating-system message.
    pub fn signal(text: impl Into<Vec<u8>>) -> QError {
        QError(Box::new(Inner {
            text: Cow::Owned(text.into()),
            position: None,
            trace: None,
        }))
    }

    /// The text after the quote.
    pub fn text(&self) -> &[u8] {
        &self.0.text
    }

    pub fn position(&self) -> Option<usize> {
        self.0.position
    }

    /// Sets the position unless an inner one is known already.
    pub fn at(mut self, position: usize) -> QError {
        self.0.position.get_or_insert(position);
        self
    }

    /// The backtrace given with [`QError::with_trace`].
    pub fn trace(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        self.0.trace.clone()
    }

    pub fn has_trace(&self) -> bool {
        self.0.trace.is_some()
    }

    /// The error with a backtrace in the place of the one it has.
    pub fn with_trace(mut self, trace: Arc<dyn Any + Send + Sync>) -> QError {
        self.0.trace = Some(trace);
        self
    }
}

impl fmt::Display for QError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}", String::from_utf8_lossy(&self.0.text))
    }
}

impl fmt::Debug for QError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for QError {}
