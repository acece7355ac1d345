//! Names for columns that have none.

use std::collections::{HashMap, HashSet};

use q_value::{Binary, Symbol, Value};

use crate::tree::{NamedNode, Node, NodeKind, Target};
use crate::words::is_keyword;

/// The name of an unnamed column: that of the column it is made from, else `x`.
///
/// An operator glyph passes the name of its left argument (`c2+c3` is `c2`, `2*c2` is `x`); every other function that of
/// its last (`size wavg price` is `price`), and so do a cast by a symbol and a list. Of a dotted name it is the last part.
/// The row number `i` has no name.
pub fn implied_name(node: &Node) -> Symbol {
    let mut node = node;
    loop {
        node = match &node.kind {
            NodeKind::Name(name) => return column_name(*name),
            NodeKind::Apply {
                function,
                arguments,
            } => {
                let next = match function.kind {
                    NodeKind::Operator(_) if arguments.first().is_some_and(is_symbol) => {
                        arguments.get(1)
                    }
                    // what is drawn from, or the last choice
                    NodeKind::Operator(Binary::Query) => arguments.last(),
                    NodeKind::Operator(_) => arguments.first(),
                    _ => arguments.last(),
                };
                match next {
                    Some(next) => next,
                    None => return Symbol::new("x"),
                }
            }
            NodeKind::List(items) => match items.last() {
                Some(last) => last,
                None => return Symbol::new("x"),
            },
            NodeKind::Assign {
                target: Target::Name(name),
                ..
            } => return column_name(*name),
            _ => return Symbol::new("x"),
        };
    }
}

/// True for a symbol constant, such as the type of a cast: it names nothing.
fn is_symbol(node: &Node) -> bool {
    matches!(
        node.kind,
        NodeKind::Constant(Value::Symbol(_) | Value::Symbols(_))
    )
}

fn column_name(name: Symbol) -> Symbol {
    let text = name.as_bytes();
    let last = text.rsplit(|byte| *byte == b'.').next().unwrap_or(text);
    if text == b"i" || is_keyword(text) || last.is_empty() {
        return Symbol::new("x");
    }
    Symbol::new(last)
}

/// Gives repeated names a number, in order: `c1`, `c11`, `x`, `x1`.
pub fn make_unique(groups: &mut [&mut Vec<NamedNode>]) {
    let mut used: HashSet<Symbol> = HashSet::new();
    // where to go on counting, so that many repeats take no longer than few
    let mut numbers: HashMap<Symbol, usize> = HashMap::new();
    for entry in groups.iter_mut().flat_map(|group| group.iter_mut()) {
        if !used.insert(entry.name) {
            let base = entry.name;
            let number = numbers.entry(base).or_insert(1);
            loop {
                entry.name = Symbol::new(format!("{}{number}", base.text()));
                *number += 1;
                if used.insert(entry.name) {
                    break;
                }
            }
        }
    }
}
