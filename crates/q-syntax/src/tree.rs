//! The syntax tree: what a q or k text says, with positions, before any name is looked up.

use std::sync::Arc;

use q_value::{Binary, Iterator, Symbol, Unary, Value};

/// A stretch of the source text in bytes.
///
/// `start` is where a caret belongs when the node fails: the operator of an infix application, the function of any
/// other; for everything else the first byte. `end` is the byte after the last one of the whole node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    pub start: u32,
    pub end: u32,
}

impl Span {
    pub fn new(start: usize, end: usize) -> Span {
        // sources are refused by the lexer above 4 GB
        Span {
            start: start as u32,
            end: end as u32,
        }
    }
}

#[derive(Debug, Clone)]
pub struct Node {
    pub kind: NodeKind,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub enum NodeKind {
    /// A literal: atom, vector, string, symbols, `()`.
    Constant(Value),
    /// A variable or a keyword, dots included.
    Name(Symbol),
    /// An operator as a value or as the function of an [`NodeKind::Apply`].
    Operator(Binary),
    /// `#:` and the like; also what a parenthesised operator means in prefix position (`(#)x`), and every prefix glyph
    /// in k mode.
    UnaryOperator(Unary),
    /// An iterator that stands alone: `(/)`, and `'` in `'[f;g]`.
    Iterator(Iterator),
    /// `::` as a value.
    Identity,
    /// Nothing where something could stand: a hole in brackets or a list, an empty statement. As last statement of a
    /// body or text it means that the result is `::` and that nothing is shown.
    Elided,
    Derived {
        iterator: Iterator,
        function: Box<Node>,
    },
    /// Application or indexing; `f[]` has no arguments, holes are [`NodeKind::Elided`].
    Apply {
        function: Box<Node>,
        arguments: Vec<Node>,
    },
    /// The left function after the right one, as trailing verbs make it: `(neg +)`, `(f g@)`.
    Compose(Box<Node>, Box<Node>),
    /// `(a;b;c)`, at least two items, evaluated from the last to the first; with a hole it is a projection of `enlist`.
    List(Vec<Node>),
    /// `a:1`, `a[i]:1`, `a+:1`, `a[i]+:1`, `a::1`, `(a;b):1 2`.
    Assign {
        target: Target,
        /// The operator of `a+:1`.
        through: Option<Binary>,
        /// Written with `::`.
        global: bool,
        value: Box<Node>,
    },
    /// `$[c;a;b]` with three or more parts.
    Conditional(Vec<Node>),
    /// `:[v;p;r;..;d]`: the result after the first pattern that matches, else the last part, else `::`.
    PatternConditional {
        value: Box<Node>,
        cases: Vec<(Pattern, Node)>,
        otherwise: Option<Box<Node>>,
    },
    /// Condition first.
    If(Vec<Node>),
    /// Count first.
    Do(Vec<Node>),
    /// Condition first.
    While(Vec<Node>),
    /// `[a;b;c]` where an expression begins: evaluated in order, the value is the last one.
    Sequence(Vec<Node>),
    Lambda(Arc<LambdaTree>),
    /// `:x`
    Return(Box<Node>),
    /// `'x`
    Signal(Box<Node>),
    /// `([]a:1 2)`, `([k:1 2]a:3 4)`; names are final ([`crate::columns`] has named the unnamed ones).
    TableLiteral {
        keys: Vec<NamedNode>,
        columns: Vec<NamedNode>,
    },
    /// `([a:1;b:2])`; a value may be [`NodeKind::Elided`], which makes it a projection.
    DictLiteral(Vec<NamedNode>),
    Query(Box<Query>),
}

/// An entry of a table or dictionary literal, or a column of a query.
#[derive(Debug, Clone)]
pub struct NamedNode {
    pub name: Symbol,
    /// False when the name was derived from the expression.
    pub named: bool,
    /// Where the colon after the name stands, or the expression without one.
    pub colon: u32,
    pub value: Node,
}

/// What an assignment writes to.
#[derive(Debug, Clone)]
pub enum Target {
    Name(Symbol),
    /// `a[i;j]:v`; an index may be [`NodeKind::Elided`]; `a[]:v` has none.
    Indexed {
        name: Symbol,
        indices: Vec<Node>,
    },
    /// kdb+ 4.1: `(a;b):v` and everything below.
    Pattern(Box<Pattern>),
}

/// The left side of a 4.1 pattern assignment, and a parameter that is more than a name.
#[derive(Debug, Clone)]
pub enum Pattern {
    /// An empty place, which takes anything.
    Any,
    Name(Symbol),
    /// `a:f`, `:f`: the filter sees the value first. A symbol constant names a type (upper case: vector); anything
    /// else is applied and its result taken.
    Filtered {
        pattern: Box<Pattern>,
        filter: Box<Node>,
        /// Where the colon stands.
        position: u32,
    },
    /// `a[i]` inside a pattern: an indexed assignment, the index is a value.
    Indexed {
        name: Symbol,
        indices: Vec<Node>,
    },
    /// A literal that the value must match.
    Constant(Box<Node>),
    /// Its items with their places, and where it begins.
    List(Vec<(Pattern, u32)>, u32),
    /// Keys that must exist, and where the colon of each stands.
    Dict(Vec<(Symbol, Pattern)>, Vec<u32>),
    Table {
        keys: Vec<(Symbol, Pattern)>,
        columns: Vec<(Symbol, Pattern)>,
    },
    /// `k!v`: constant keys must exist and are looked up, else keys and values match as lists.
    Bang(Box<Pattern>, Box<Pattern>),
    /// `flip p`: the dictionary of columns of a table.
    Flip(Box<Pattern>),
}

impl Pattern {
    /// The names it binds, in order.
    pub fn names(&self, into: &mut Vec<Symbol>) {
        match self {
            Pattern::Any | Pattern::Constant(_) | Pattern::Indexed { .. } => {}
            Pattern::Name(name) => into.push(*name),
            Pattern::Filtered { pattern, .. } => pattern.names(into),
            Pattern::List(items, _) => items.iter().for_each(|(item, _)| item.names(into)),
            Pattern::Dict(entries, _) => entries.iter().for_each(|(_, item)| item.names(into)),
            Pattern::Table { keys, columns } => keys
                .iter()
                .chain(columns)
                .for_each(|(_, item)| item.names(into)),
            Pattern::Bang(keys, values) => {
                keys.names(into);
                values.names(into);
            }
            Pattern::Flip(columns) => columns.names(into),
        }
    }
}

/// A lambda as written.
#[derive(Debug, Clone)]
pub struct LambdaTree {
    /// In order; implicit `x`, `y`, `z` are resolved already.
    pub parameters: Vec<Parameter>,
    /// Written with a signature `[...]`.
    pub explicit: bool,
    /// Statements in order, never empty; a final `;` leaves an [`NodeKind::Elided`] at the end.
    pub body: Vec<Node>,
    /// The text from brace to brace, in front of it `k)` when it is k.
    pub source: Arc<str>,
    /// Where the text stands in the parsed source; spans inside the body count from the start of that source too.
    pub span: Span,
    pub is_k: bool,
}

/// A parameter: a plain name, or a pattern (4.1) with a name nobody can write.
#[derive(Debug, Clone)]
pub struct Parameter {
    pub name: Symbol,
    pub pattern: Option<Pattern>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueryKind {
    Select,
    Exec,
    Update,
    Delete,
}

/// A qSQL template.
#[derive(Debug, Clone)]
pub struct Query {
    pub kind: QueryKind,
    pub distinct: bool,
    /// `n` or `m n` of `select[n]`.
    pub limit: Option<Node>,
    /// `>c` of `select[>c]`.
    pub order: Option<(QueryOrder, Node)>,
    /// Names are final: unnamed columns got theirs by rule, repeats a number.
    pub columns: Vec<NamedNode>,
    /// `None` without `by`; `Some` of nothing for `select by from`.
    pub by: Option<Vec<NamedNode>>,
    pub from: Node,
    pub conditions: Vec<Node>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueryOrder {
    Ascending,
    Descending,
}

/// A parsed text: statements in order. It shows nothing when the last one is [`NodeKind::Elided`].
#[derive(Debug, Clone)]
pub struct Program {
    pub statements: Vec<Node>,
    pub is_k: bool,
}

impl Node {
    pub fn new(kind: NodeKind, span: Span) -> Node {
        Node { kind, span }
    }

    pub fn is_elided(&self) -> bool {
        matches!(self.kind, NodeKind::Elided)
    }
}
