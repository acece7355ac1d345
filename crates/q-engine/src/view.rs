//! Views: `v::expression` at top level, computed when read and kept until something it depends on changes.

use std::any::Any;
use std::sync::Arc;

use q_syntax::tree::Node;
use q_value::{Lambda, LambdaCode, QError, QResult, Symbol, Value};

use crate::code::Code;
use crate::globals::GlobalId;
use crate::interpreter::Interpreter;

/// The code of a view with its text.
pub(crate) struct View {
    pub code: Arc<Code>,
    pub source: Arc<str>,
}

/// A view as a constant of the code that defines it.
struct ViewBody(Arc<View>);

impl LambdaCode for ViewBody {
    fn as_any(&self) -> &(dyn Any + Send + Sync) {
        self
    }
}

/// Compiles the right side of `v::..`, several statements when more follow on the line; `statement` is the whole line, `source`
/// its right side.
pub(crate) fn compile(
    interpreter: &mut Interpreter,
    body: &[Node],
    statement: &Arc<str>,
    source: &str,
) -> QResult<Value> {
    let source: Arc<str> = Arc::from(source);
    let code = crate::compile::compile_view(interpreter, body, statement)?;
    let namespace = interpreter.namespace;
    let view = Arc::new(View { code, source });
    Ok(as_value(&view, namespace))
}

/// A view as `` `. `v `` gives it: its text.
pub(crate) fn as_value(view: &Arc<View>, namespace: q_value::Symbol) -> Value {
    Value::Lambda(Arc::new(Lambda {
        source: Arc::clone(&view.source),
        namespace,
        parameters: Vec::new(),
        code: Arc::new(ViewBody(Arc::clone(view))),
    }))
}

/// What `value` tells of a view: its value if that is computed, its parse tree, the names it depends on, its text
/// (`ref/value`). `None` for a lambda that is no view.
pub(crate) fn parts(interpreter: &mut Interpreter, lambda: &Lambda) -> Option<QResult<Value>> {
    let view = &lambda.code.as_any().downcast_ref::<ViewBody>()?.0;
    let cached = interpreter
        .globals
        .views()
        .into_iter()
        .find(|(_, id)| {
            let held = interpreter.globals.view(*id);
            held.is_some_and(|held| Arc::ptr_eq(held, view))
        })
        .and_then(|(_, id)| interpreter.globals.get(id).cloned());
    let tree = interpreter.parse_tree(view.source.as_bytes());
    Some(tree.map(|tree| {
        Value::list(vec![
            cached.unwrap_or(Value::Identity),
            tree,
            Value::Symbols(in_order_of_text(&view.code.globals, &view.source).into()),
            Value::string(&*view.source),
        ])
    }))
}

/// Names in the order in which they stand in a text (`learn/views`).
fn in_order_of_text(names: &[Symbol], text: &str) -> Vec<Symbol> {
    let part_of_name = |c: char| c.is_ascii_alphanumeric() || "._".contains(c);
    let place = |name: &Symbol| {
        let name = name.text();
        let mut words = text.split(|c| !part_of_name(c));
        // in a namespace the text has the last part of the name
        words.position(|word| {
            let prefix = name.strip_suffix(word);
            prefix.is_some_and(|prefix| {
                prefix.is_empty() || !word.is_empty() && prefix.ends_with('.')
            })
        })
    };
    let mut names = names.to_vec();
    names.sort_by_key(|name| place(name).unwrap_or(usize::MAX));
    names
}

/// Makes a global the view that [`compile`] made.
pub(crate) fn define(interpreter: &mut Interpreter, id: GlobalId, view: &Value) -> QResult<()> {
    if interpreter.read_only {
        return Err(QError::noupdate());
    }
    let Value::Lambda(lambda) = view else {
        return Err(QError::type_error());
    };
    let body = lambda
        .code
        .as_any()
        .downcast_ref::<ViewBody>()
        .ok_or_else(QError::type_error)?;
    interpreter.own_values.remove(&id);
    let mut dependencies = Vec::new();
    for name in &body.0.code.globals {
        dependencies.push(interpreter.globals.slot(*name));
    }
    interpreter
        .globals
        .set_view(id, Arc::clone(&body.0), &dependencies);
    Ok(())
}

impl Interpreter {
    /// Computes a view and keeps its value.
    pub(crate) fn compute_view(&mut self, id: GlobalId, view: &Arc<View>) -> QResult<Value> {
        if self.computing.contains(&id) {
            // a view that needs its own value goes on from the one it had
            let previous = self.own_values.get(&id).cloned();
            return previous.ok_or_else(|| QError::new("loop"));
        }
        self.computing.push(id);
        let result = self.run_code(&view.code);
        self.computing.pop();
        let value = result?;
        if view.code.globals.contains(&self.globals.name(id)) {
            self.own_values.insert(id, value.clone());
        }
        // storing the value must not look like a change to the views that depend on this one: they were stale already
        self.globals.store(id, value.clone());
        Ok(value)
    }
}
