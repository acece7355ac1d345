//! Parse trees as q values: made by `parse`, run by `eval` and by queries (`semantics.md` 171, `basics/parsetrees`).
//!
//! A list is a function with its arguments, a symbol is a variable, a list of one item stands for that item itself.

use std::cell::RefCell;
use std::sync::Arc;

use q_syntax::parse_tree::{self, ParseTreeValues};
use q_syntax::tree::{LambdaTree, Node};
use q_value::{Binary, Iterator, QError, QResult, Symbol, Unary, Value};

use crate::amend::Bounds;
use crate::globals::qualify;
use crate::interpreter::Interpreter;
use crate::machine::{is_true, signalled};
use crate::primitives;

/// Gives the builder of parse trees keywords and compiled lambdas.
struct TreeValues<'a> {
    interpreter: RefCell<&'a mut Interpreter>,
    namespace: Symbol,
}

impl ParseTreeValues for TreeValues<'_> {
    fn keyword(&self, name: Symbol) -> Option<Value> {
        primitives::keyword(name)
    }

    fn lambda(&self, tree: &Arc<LambdaTree>) -> QResult<Value> {
        let mut interpreter = self.interpreter.borrow_mut();
        crate::compile::compile_lambda(&mut interpreter, tree, self.namespace)
    }
}

/// The parse tree of a syntax tree, its names seen from `namespace`.
pub(crate) fn from_node(
    interpreter: &mut Interpreter,
    node: &Node,
    namespace: Symbol,
) -> QResult<Value> {
    let values = TreeValues {
        interpreter: RefCell::new(interpreter),
        namespace,
    };
    parse_tree::node_tree(node, &values)
}

fn through_operator(head: &Value) -> Option<Binary> {
    let Value::Unary(unary) = head else {
        return None;
    };
    let glyph = unary.text().strip_suffix(':')?;
    Binary::ALL.iter().copied().find(|op| op.text() == glyph)
}

impl Interpreter {
    /// Evaluates a parse tree in the innermost scope.
    pub(crate) fn eval(&mut self, tree: &Value) -> QResult<Value> {
        match tree {
            Value::Symbol(name) => self.scoped(*name),
            Value::Symbols(names) => match names.len() {
                0 => Ok(tree.clone()),
                1 => Ok(Value::Symbol(names[0])),
                _ => self.eval_list(&tree.items()),
            },
            Value::List(items) => match items.len() {
                0 => Ok(tree.clone()),
                1 => Ok(items[0].clone()),
                _ => {
                    let items = items.clone();
                    self.eval_list(&items)
                }
            },
            value => Ok(value.clone()),
        }
    }

    fn eval_list(&mut self, items: &[Value]) -> QResult<Value> {
        self.check_limits()?;
        let (head, arguments) = (&items[0], &items[1..]);
        match (head, arguments.len()) {
            (Value::Char(b';'), _) => return self.eval_sequence(arguments),
            (Value::Chars(text), _) if text[..] == *b";" => return self.eval_sequence(arguments),
            (Value::Symbol(name), _) if !self.is_hidden(*name) => match name.as_bytes() {
                b"if" => {
                    if is_true(&self.eval(&arguments[0])?)? {
                        self.eval_sequence(&arguments[1..])?;
                    }
                    return Ok(Value::Identity);
                }
                b"while" => {
                    while is_true(&self.eval(&arguments[0])?)? {
                        self.check_limits()?;
                        self.eval_sequence(&arguments[1..])?;
                    }
                    return Ok(Value::Identity);
                }
                b"do" => {
                    let count = self
                        .eval(&arguments[0])?
                        .as_i64()
                        .ok_or_else(QError::type_error)?;
                    for _ in 0..count {
                        self.check_limits()?;
                        self.eval_sequence(&arguments[1..])?;
                    }
                    return Ok(Value::Identity);
                }
                _ => (),
            },
            (Value::Binary(Binary::Cast), 3..) if self.is_in_query() => return Err(QError::rank()),
            (Value::Binary(Binary::Cast), 3..) => return self.eval_conditional(arguments),
            (Value::Binary(Binary::Assign), 2) => {
                return self.eval_assign(&arguments[0], &arguments[1]);
            }
            (Value::Binary(Binary::Assign), 1) => return self.eval(&arguments[0]),
            (Value::Identity, 2) => return self.eval_assign(&arguments[0], &arguments[1]),
            (Value::Iterator(Iterator::Each), 1) => {
                let value = self.eval(&arguments[0])?;
                if !is_iterable(&value) {
                    return Err(signalled(&value));
                }
                return self.apply(head, vec![value]);
            }
            (Value::Unary(_), 2) => {
                if let Some(op) = through_operator(head) {
                    return self.eval_through(op, &arguments[0], &arguments[1]);
                }
            }
            _ => (),
        }
        let mut values = Vec::with_capacity(arguments.len());
        for argument in arguments.iter().rev() {
            values.push(match argument {
                Value::Elided => Value::Elided,
                argument => self.eval(argument)?,
            });
        }
        values.reverse();
        let function = match head {
            Value::Symbol(_) | Value::List(_) | Value::Symbols(_) => self.eval(head)?,
            head => head.clone(),
        };
        if let Value::Symbol(name) = function
            && !matches!(head, Value::Symbol(_))
            && !name.as_bytes().starts_with(b":")
        {
            let function = self.scoped(name)?;
            return self.apply(&function, values);
        }
        match (&function, values.len()) {
            (Value::Unary(Unary::Enlist), _)
                if !values.iter().any(|value| matches!(value, Value::Elided)) =>
            {
                Ok(Value::from_items(values))
            }
            _ => self.apply(&function, values),
        }
    }

    fn eval_sequence(&mut self, statements: &[Value]) -> QResult<Value> {
        let mut last = Value::Identity;
        for statement in statements {
            last = self.eval(statement)?;
        }
        Ok(last)
    }

    fn eval_conditional(&mut self, parts: &[Value]) -> QResult<Value> {
        let mut rest = parts;
        loop {
            match rest {
                [] => return Ok(Value::Identity),
                [otherwise] => return self.eval(otherwise),
                [condition, result, others @ ..] => {
                    if is_true(&self.eval(condition)?)? {
                        return self.eval(result);
                    }
                    rest = others;
                }
            }
        }
    }

    fn eval_assign(&mut self, target: &Value, value: &Value) -> QResult<Value> {
        let value = self.eval(value)?;
        match target {
            Value::Symbol(name) => {
                let full = qualify(self.scope_namespace(), *name);
                self.write_name(full, value.clone())?;
            }
            Value::List(_) | Value::Symbols(_) => {
                let items = target.items();
                let Some(Value::Symbol(name)) = items.first() else {
                    return Err(QError::type_error());
                };
                let path: Vec<Value> = items[1..]
                    .iter()
                    .map(|index| self.eval(index))
                    .collect::<QResult<_>>()?;
                let full = qualify(self.scope_namespace(), *name);
                let id = self.globals.slot(full);
                let assign = Value::Binary(Binary::Assign);
                self.amend_global(id, &path, &assign, Some(value.clone()), Bounds::Length)?;
            }
            _ => return Err(QError::type_error()),
        }
        Ok(value)
    }

    fn eval_through(&mut self, op: Binary, target: &Value, value: &Value) -> QResult<Value> {
        let value = self.eval(value)?;
        let items = target.items();
        let Some(Value::Symbol(name)) = items.first() else {
            return Err(QError::type_error());
        };
        let path: Vec<Value> = match target {
            Value::Symbol(_) => Vec::new(),
            _ => items[1..]
                .iter()
                .map(|index| self.eval(index))
                .collect::<QResult<_>>()?,
        };
        let full = qualify(self.scope_namespace(), *name);
        let id = self.globals.slot(full);
        self.amend_global(id, &path, &Value::Binary(op), Some(value), Bounds::Length)?;
        self.read_global(id)
    }

    /// The parse tree of a text: one statement's, or a sequence.
    pub(crate) fn parse_tree(&mut self, text: &[u8]) -> QResult<Value> {
        let program = self.parse_text(text, self.k_mode).map_err(|error| {
            let position = error.position().unwrap_or(0);
            self.fail_text(error, |number| {
                crate::backtrace::TracedFrame::of_text(number, text, position)
            })
        })?;
        let namespace = self.namespace;
        let values = TreeValues {
            interpreter: RefCell::new(self),
            namespace,
        };
        parse_tree::program_tree(&program, &values)
    }
}

/// True for a value `'` makes a function of: a function, dictionary or list that is no text. Others it signals.
fn is_iterable(value: &Value) -> bool {
    match value {
        Value::Chars(_) => false,
        Value::Dict(_) => true,
        value => value.is_function() || value.is_list(),
    }
}
