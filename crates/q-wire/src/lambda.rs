//! Lambdas travel as text; these are the two ends of that.

use std::any::Any;
use std::sync::Arc;

use q_value::{Lambda, LambdaCode, Native, QResult, Symbol, Value};

/// What becomes of a lambda that arrives: an evaluator compiles it, others keep the text.
pub trait Compile {
    /// The function with this text (braces included, or starting with `k)`), defined in a namespace (without the leading
    /// dot, empty for the root). Errors are those of the compiler.
    fn lambda(&mut self, namespace: Symbol, source: &[u8]) -> QResult<Value>;
}

/// Keeps lambdas as values that can be shown and sent on, but not run.
pub struct TextOnly;

/// The code of a lambda that nobody compiled.
pub struct UncompiledLambda;

impl LambdaCode for UncompiledLambda {
    fn as_any(&self) -> &(dyn Any + Send + Sync) {
        self
    }
}

impl Compile for TextOnly {
    fn lambda(&mut self, namespace: Symbol, source: &[u8]) -> QResult<Value> {
        Ok(Value::Lambda(Arc::new(Lambda {
            source: String::from_utf8_lossy(source).into(),
            namespace,
            parameters: Vec::new(),
            code: Arc::new(UncompiledLambda),
        })))
    }
}

/// The text sent in place of a keyword that has no number on the wire: a lambda that calls it by name, which any q
/// understands.
pub fn native_text(native: &Native) -> String {
    let parameters: Vec<&str> = ["x", "y", "z", "a", "b", "c", "d", "e"]
        .into_iter()
        .take(usize::from(native.rank.clamp(1, 8)))
        .collect();
    let list = parameters.join(";");
    format!("{{[{list}]{}[{list}]}}", native.name)
}
