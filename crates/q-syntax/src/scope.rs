//! Which names a lambda uses and which it makes its own.

use std::collections::HashSet;

use q_value::Symbol;

use crate::tree::{LambdaTree, NamedNode, Node, NodeKind, Pattern, Target};

/// How a name occurs in a body. Names inside nested lambdas are not seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occurrence {
    Read,
    /// `a:1` and pattern names: makes the name local.
    AssignedLocally,
    /// `a[i]:1`, `a+:1`: changes whatever there is.
    Amended,
    /// `a::1`
    AssignedGlobally,
}

/// What a name is seen in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Expression,
    /// The columns, groups and conditions of a query, where columns hide variables.
    QueryPhrase,
}

/// Calls `visit` for every name in these nodes, outside nested lambdas, with the offset of the node it belongs to.
pub fn visit_names(nodes: &[Node], visit: &mut dyn FnMut(Symbol, Occurrence, Place, usize)) {
    let mut walker = Walker {
        visit,
        place: Place::Expression,
        position: 0,
    };
    walker.nodes(nodes);
}

/// `x`, `x y` or `x y z`: the parameters of a lambda without signature.
pub(crate) fn implicit_parameters(body: &[Node]) -> &'static [&'static str] {
    let mut count = 1;
    visit_names(body, &mut |name, _, place, _| {
        if place == Place::Expression {
            match name.as_bytes() {
                b"y" => count = count.max(2),
                b"z" => count = 3,
                _ => {}
            }
        }
    });
    &["x", "y", "z"][..count]
}

/// The locals of a lambda, parameters apart, in the order of their first assignment.
pub fn locals(lambda: &LambdaTree) -> Vec<Symbol> {
    let mut known: HashSet<Symbol> = lambda.parameters.iter().map(|p| p.name).collect();
    let mut locals = Vec::new();
    for parameter in &lambda.parameters {
        if let Some(pattern) = &parameter.pattern {
            let mut names = Vec::new();
            pattern.names(&mut names);
            locals.extend(names.into_iter().filter(|name| known.insert(*name)));
        }
    }
    visit_names(&lambda.body, &mut |name, occurrence, _, _| {
        if occurrence == Occurrence::AssignedLocally
            && !name.as_bytes().contains(&b'.')
            && known.insert(name)
        {
            locals.push(name);
        }
    });
    locals
}

/// A name that is assigned as a global before it is made local, with the place where that happens: q refuses it.
pub(crate) fn global_made_local(parameters: &[Symbol], body: &[Node]) -> Option<(Symbol, usize)> {
    let mut locals: HashSet<Symbol> = parameters.iter().copied().collect();
    let mut globals: HashSet<Symbol> = HashSet::new();
    let mut found = None;
    visit_names(
        body,
        &mut |name, occurrence, _, position| match occurrence {
            Occurrence::AssignedGlobally if !locals.contains(&name) => {
                globals.insert(name);
            }
            Occurrence::AssignedLocally if globals.contains(&name) => {
                found = found.or(Some((name, position)));
            }
            Occurrence::AssignedLocally => {
                locals.insert(name);
            }
            _ => {}
        },
    );
    found
}

/// The globals a lambda names, keywords and the names in phrases of queries (which may be columns) apart, in the order of
/// their first use.
pub fn globals(lambda: &LambdaTree) -> Vec<Symbol> {
    let mut known: HashSet<Symbol> = locals(lambda).into_iter().collect();
    known.extend(lambda.parameters.iter().map(|parameter| parameter.name));
    let mut globals = Vec::new();
    visit_names(&lambda.body, &mut |name, _, place, _| {
        if place == Place::Expression
            && !crate::words::is_keyword(name.as_bytes())
            && known.insert(name)
        {
            globals.push(name);
        }
    });
    globals
}

struct Walker<'a> {
    visit: &'a mut dyn FnMut(Symbol, Occurrence, Place, usize),
    place: Place,
    position: usize,
}

impl Walker<'_> {
    fn nodes(&mut self, nodes: &[Node]) {
        nodes.iter().for_each(|node| self.node(node));
    }

    fn named(&mut self, entries: &[NamedNode]) {
        entries.iter().for_each(|entry| self.node(&entry.value));
    }

    fn name(&mut self, name: Symbol, occurrence: Occurrence) {
        (self.visit)(name, occurrence, self.place, self.position);
    }

    fn node(&mut self, node: &Node) {
        self.position = node.span.start as usize;
        match &node.kind {
            NodeKind::Name(name) => self.name(*name, Occurrence::Read),
            NodeKind::Constant(_)
            | NodeKind::Operator(_)
            | NodeKind::UnaryOperator(_)
            | NodeKind::Iterator(_)
            | NodeKind::Identity
            | NodeKind::Elided
            | NodeKind::Lambda(_) => {}
            NodeKind::Derived { function, .. } => self.node(function),
            NodeKind::Apply {
                function,
                arguments,
            } => {
                self.node(function);
                self.nodes(arguments);
            }
            NodeKind::Compose(outer, inner) => {
                self.node(outer);
                self.node(inner);
            }
            NodeKind::List(items)
            | NodeKind::Conditional(items)
            | NodeKind::If(items)
            | NodeKind::Do(items)
            | NodeKind::While(items)
            | NodeKind::Sequence(items) => self.nodes(items),
            NodeKind::Assign {
                target,
                through,
                global,
                value,
            } => {
                match target {
                    Target::Name(name) if *global => {
                        self.name(*name, Occurrence::AssignedGlobally);
                    }
                    Target::Name(name) if through.is_some() => {
                        self.name(*name, Occurrence::Amended);
                    }
                    Target::Name(name) => self.name(*name, Occurrence::AssignedLocally),
                    Target::Indexed { name, indices } => {
                        self.name(*name, Occurrence::Amended);
                        self.nodes(indices);
                    }
                    Target::Pattern(pattern) => self.pattern(pattern),
                }
                self.node(value);
            }
            NodeKind::PatternConditional {
                value,
                cases,
                otherwise,
            } => {
                self.node(value);
                for (pattern, result) in cases {
                    self.pattern(pattern);
                    self.node(result);
                }
                if let Some(otherwise) = otherwise {
                    self.node(otherwise);
                }
            }
            NodeKind::Return(value) | NodeKind::Signal(value) => self.node(value),
            NodeKind::TableLiteral { keys, columns } => {
                self.named(keys);
                self.named(columns);
            }
            NodeKind::DictLiteral(entries) => self.named(entries),
            NodeKind::Query(query) => {
                self.node(&query.from);
                if let Some(limit) = &query.limit {
                    self.node(limit);
                }
                let outside = std::mem::replace(&mut self.place, Place::QueryPhrase);
                if let Some((_, column)) = &query.order {
                    self.node(column);
                }
                self.named(&query.columns);
                if let Some(by) = &query.by {
                    self.named(by);
                }
                self.nodes(&query.conditions);
                self.place = outside;
            }
        }
    }

    fn pattern(&mut self, pattern: &Pattern) {
        match pattern {
            Pattern::Any | Pattern::Constant(_) => {}
            Pattern::Name(name) => self.name(*name, Occurrence::AssignedLocally),
            Pattern::Filtered {
                pattern, filter, ..
            } => {
                self.node(filter);
                self.pattern(pattern);
            }
            Pattern::Indexed { name, indices } => {
                self.name(*name, Occurrence::Amended);
                self.nodes(indices);
            }
            Pattern::List(items, _) => items.iter().for_each(|(item, _)| self.pattern(item)),
            Pattern::Dict(entries, _) => entries.iter().for_each(|(_, item)| self.pattern(item)),
            Pattern::Table { keys, columns } => keys
                .iter()
                .chain(columns)
                .for_each(|(_, item)| self.pattern(item)),
            Pattern::Bang(keys, values) => {
                self.pattern(keys);
                self.pattern(values);
            }
            Pattern::Flip(columns) => self.pattern(columns),
        }
    }
}
