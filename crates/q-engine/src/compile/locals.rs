//! Which names of a lambda are local: its parameters and every name that a plain assignment in its body sets.

use q_syntax::tree::{LambdaTree, NamedNode, Node, NodeKind, Target};
use q_value::Symbol;

/// Parameters in order, then locals in the order of their first assignment.
pub(super) fn of_lambda(tree: &LambdaTree) -> Vec<Symbol> {
    let mut names: Vec<Symbol> = tree
        .parameters
        .iter()
        .map(|parameter| parameter.name)
        .collect();
    let mut found = Vec::new();
    for parameter in &tree.parameters {
        if let Some(pattern) = &parameter.pattern {
            pattern.names(&mut found);
        }
    }
    for node in &tree.body {
        collect(node, &mut found);
    }
    for name in found {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn collect_all(nodes: &[Node], into: &mut Vec<Symbol>) {
    for node in nodes {
        collect(node, into);
    }
}

fn collect_named(nodes: &[NamedNode], into: &mut Vec<Symbol>) {
    for node in nodes {
        collect(&node.value, into);
    }
}

fn collect(node: &Node, into: &mut Vec<Symbol>) {
    match &node.kind {
        NodeKind::Constant(_)
        | NodeKind::Name(_)
        | NodeKind::Operator(_)
        | NodeKind::UnaryOperator(_)
        | NodeKind::Iterator(_)
        | NodeKind::Identity
        | NodeKind::Elided
        | NodeKind::Lambda(_) => (),
        NodeKind::Derived { function, .. } => collect(function, into),
        NodeKind::Apply {
            function,
            arguments,
        } => {
            collect(function, into);
            collect_all(arguments, into);
        }
        NodeKind::Compose(left, right) => {
            collect(left, into);
            collect(right, into);
        }
        NodeKind::List(items)
        | NodeKind::Conditional(items)
        | NodeKind::If(items)
        | NodeKind::Do(items)
        | NodeKind::While(items)
        | NodeKind::Sequence(items) => collect_all(items, into),
        NodeKind::Assign {
            target,
            through,
            global,
            value,
        } => {
            match target {
                Target::Name(name) => {
                    if through.is_none() && !global && !name.as_bytes().contains(&b'.') {
                        into.push(*name);
                    }
                }
                Target::Indexed { indices, .. } => collect_all(indices, into),
                Target::Pattern(pattern) => {
                    if !global {
                        pattern.names(into);
                    }
                }
            }
            collect(value, into);
        }
        NodeKind::PatternConditional {
            value,
            cases,
            otherwise,
        } => {
            collect(value, into);
            for (pattern, result) in cases {
                pattern.names(into);
                collect(result, into);
            }
            if let Some(otherwise) = otherwise {
                collect(otherwise, into);
            }
        }
        NodeKind::Return(inner) | NodeKind::Signal(inner) => collect(inner, into),
        NodeKind::TableLiteral { keys, columns } => {
            collect_named(keys, into);
            collect_named(columns, into);
        }
        NodeKind::DictLiteral(entries) => collect_named(entries, into),
        NodeKind::Query(query) => {
            collect(&query.from, into);
            if let Some(limit) = &query.limit {
                collect(limit, into);
            }
            collect_all(&query.conditions, into);
            collect_named(&query.columns, into);
            if let Some(by) = &query.by {
                collect_named(by, into);
            }
        }
    }
}
