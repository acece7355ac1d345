//! Views: `v::expression` at top level, computed when read and kept until something it depends on changes.

use std::any::Any;
use std::sync::Arc;

use q_syntax::tree::Node;
use q_value::{Lambda, LambdaCode, QError, QResult, Symbol, Value};

use crate::code::Code;
use crate::globals::GlobalId;
use crate::interpreter::Interpreter;

/// The code of a view with its text.
pub struct View {
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

/// Compiles the right side of `v::..`; a view that names itself is `'loop`.
pub(crate) fn compile(
    interpreter: &mut Interpreter,
    node: &Node,
    source: &str,
    own: GlobalId,
) -> QResult<Value> {
    let source: Arc<str> = Arc::from(source);
    let code = crate::compile::compile_line(interpreter, std::slice::from_ref(node), &source)?;
    let own = interpreter.globals.name(own);
    if code.globals.contains(&own) {
        return Err(QError::new("loop"));
    }
    let view = Arc::new(View {
        code: Arc::new(code),
        source: Arc::clone(&source),
    });
    Ok(Value::Lambda(Arc::new(Lambda {
        source,
        namespace: interpreter.namespace,
        parameters: Vec::new(),
        code: Arc::new(ViewBody(view)),
    })))
}

/// Makes a global the view that [`compile`] made.
pub(crate) fn define(interpreter: &mut Interpreter, id: GlobalId, view: &Value) -> QResult<()> {
    if interpreter.read_only {
        return Err(QError::noupdate());
    }
    let Value::Lambda(lambda) = view else {
        return Err(QError::type_error());
    };
    let body = lambda.code.as_any().downcast_ref::<ViewBody>().ok_or_else(QError::type_error)?;
    let own = interpreter.globals.name(id);
    let mut dependencies = Vec::new();
    for name in &body.0.code.globals {
        if depends_on(interpreter, *name, own, 0) {
            return Err(QError::new("loop"));
        }
        dependencies.push(interpreter.globals.slot(*name));
    }
    interpreter.globals.set_view(id, Arc::clone(&body.0), &dependencies);
    Ok(())
}

/// True when `name` is a view that reads `wanted`, directly or through others.
fn depends_on(interpreter: &Interpreter, name: Symbol, wanted: Symbol, depth: usize) -> bool {
    if name == wanted || depth > 100 {
        return true;
    }
    let Some(view) = interpreter.globals.find(name).and_then(|id| interpreter.globals.view(id)) else {
        return false;
    };
    view.code.globals.iter().any(|inner| depends_on(interpreter, *inner, wanted, depth + 1))
}

impl Interpreter {
    /// Computes a view and keeps its value.
    pub(crate) fn compute_view(&mut self, id: GlobalId, view: &Arc<View>) -> QResult<Value> {
        let value = self.run_code(&view.code)?;
        // storing the value must not look like a change to the views that depend on this one: they were stale already
        self.globals.store(id, value.clone());
        Ok(value)
    }
}
