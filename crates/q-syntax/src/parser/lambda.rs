//! Lambdas and their signatures.

use std::sync::Arc;

use q_value::Symbol;

use super::Parser;
use super::primary::{Form, Item};
use crate::error::{SyntaxError, SyntaxResult};
use crate::scope::{global_made_local, globals, implicit_parameters, locals};
use crate::tree::{LambdaTree, Node, NodeKind, Parameter, Pattern, Span};

/// `'params` above this.
const PARAMETERS_MAX: usize = 8;
/// `'locals` and `'globals` above this.
const NAMES_MAX: usize = 110;

impl Parser<'_> {
    pub(super) fn lambda(&mut self) -> SyntaxResult<Item> {
        let start = self.token().start;
        let stops = self.open_bracket()?;
        let explicit = self.is_open(b'[');
        let mut parameters = Vec::new();
        if explicit {
            parameters = self.signature()?;
        }
        let body = self.statements(Some(b'}'))?;
        let end = self.close(stops)?;
        if !explicit {
            parameters = implicit_parameters(&body)
                .iter()
                .map(|name| Parameter {
                    name: Symbol::new(name),
                    pattern: None,
                })
                .collect();
        }
        let names: Vec<Symbol> = parameters.iter().map(|parameter| parameter.name).collect();
        if let Some((name, position)) = global_made_local(&names, &body) {
            let name = name.text();
            let message = format!("`{name}` is assigned as a global before and as a local here");
            // the node stands at its colon
            let before = self.source[..position].trim_ascii_end();
            let position = before.len().saturating_sub(name.len());
            return Err(SyntaxError::new(name, position, message));
        }
        let text = String::from_utf8_lossy(&self.source[start..end]);
        let source: Arc<str> = if self.in_k {
            format!("k){text}").into()
        } else {
            text.into()
        };
        let span = Span::new(start, end);
        let tree = LambdaTree {
            parameters,
            explicit,
            body,
            source,
            span,
            is_k: self.in_k,
        };
        for (name, count) in [
            ("locals", locals(&tree).len()),
            ("globals", globals(&tree).len()),
        ] {
            if count > NAMES_MAX {
                let message =
                    format!("{count} {name} in one lambda, at most {NAMES_MAX} are allowed");
                return Err(SyntaxError::new(name, start, message));
            }
        }
        let kind = NodeKind::Lambda(Arc::new(tree));
        Ok(Item::Noun(Node::new(kind, span), Form::Plain))
    }

    fn signature(&mut self) -> SyntaxResult<Vec<Parameter>> {
        let start = self.token().start;
        let stops = self.open_bracket()?;
        let items = self.items()?;
        self.close(stops)?;
        if items.len() > PARAMETERS_MAX {
            return Err(SyntaxError::new(
                "params",
                start,
                format!(
                    "{} parameters, at most {PARAMETERS_MAX} are allowed",
                    items.len()
                ),
            ));
        }
        let mut bound = Vec::new();
        let mut parameters = Vec::with_capacity(items.len());
        for (at, item) in items.iter().enumerate() {
            let pattern = self.pattern_of(item)?;
            let before = bound.len();
            pattern.names(&mut bound);
            for (offset, name) in bound[before..].iter().enumerate() {
                let position = item.span.start as usize;
                if crate::words::is_reserved(name.as_bytes(), self.in_k) {
                    let message =
                        format!("`{}` is a word of the language, no parameter", name.text());
                    return Err(SyntaxError::new("assign", position, message));
                }
                if bound[..before + offset].contains(name) {
                    let message = format!("the parameter `{}` stands twice", name.text());
                    return Err(SyntaxError::parse(position, message));
                }
                if name.as_bytes().contains(&b'.') {
                    let message = format!("`{}` has a dot, a parameter cannot", name.text());
                    return Err(SyntaxError::parse(position, message));
                }
            }
            parameters.push(match pattern {
                Pattern::Name(name) => Parameter {
                    name,
                    pattern: None,
                },
                pattern => Parameter {
                    name: match &pattern {
                        Pattern::Filtered { pattern, .. } => match **pattern {
                            Pattern::Name(name) => name,
                            _ => hidden_name(at),
                        },
                        _ => hidden_name(at),
                    },
                    pattern: Some(pattern),
                },
            });
        }
        Ok(parameters)
    }
}

/// The name of a parameter that is a pattern: no text can refer to it.
fn hidden_name(at: usize) -> Symbol {
    Symbol::new(format!("({at})"))
}
