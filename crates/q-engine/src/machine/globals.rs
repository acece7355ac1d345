//! Writing globals: `name[i]:v`, `name op:v`, `.[name;path;f;v]`.

use q_value::{Binary, QResult, Symbol, Value};

use super::scalar::{amend_scalar, through_scalar};
use crate::amend::{self, Bounds};
use crate::interpreter::Interpreter;

impl Interpreter {
    /// `name[path]:value` on a global; an undefined one is an error.
    pub(super) fn assign_global_at(
        &mut self,
        id: u32,
        path: &[Value],
        value: Value,
    ) -> QResult<()> {
        self.check_write(id)?;
        let Some(mut target) = self.take_global(id)? else {
            // a name inside a namespace's dictionary, or the namespace itself
            let name = self.globals.name(id);
            return self.assign_missing(name, path, value);
        };
        let result = amend::assign(&mut target, path, value, Bounds::Length);
        self.globals.store(id, target);
        result?;
        self.after_write(id, path)
    }

    /// `name[path]:value` where the name has no slot of its own: `.a[`b]:1`, `d.k[0]:1`.
    fn assign_missing(&mut self, name: Symbol, path: &[Value], value: Value) -> QResult<()> {
        if self.globals.is_namespace(name)
            && let [Value::Symbol(member), rest @ ..] = path
        {
            let mut text = name.as_bytes().to_vec();
            text.push(b'.');
            text.extend_from_slice(member.as_bytes());
            let full = Symbol::new(text);
            if rest.is_empty() {
                return self.write_name(full, value);
            }
            let id = self.globals.slot(full);
            return self.assign_global_at(id, rest, value);
        }
        let mut target = self.read_name(name)?;
        amend::assign(&mut target, path, value, Bounds::Length)?;
        self.write_name(name, target)
    }

    /// Takes a global's value out for writing; views are computed first and stop being views.
    pub(crate) fn take_global(&mut self, id: u32) -> QResult<Option<Value>> {
        if self.globals.view(id).is_some() {
            let value = self.read_global(id)?;
            self.globals.set(id, value);
        }
        Ok(self.globals.take(id))
    }

    /// `.[name;path;function;value]` on a global by slot.
    pub(crate) fn amend_global(
        &mut self,
        id: u32,
        path: &[Value],
        function: &Value,
        value: Option<Value>,
        bounds: Bounds,
    ) -> QResult<()> {
        self.check_write(id)?;
        if let ([index], Value::Binary(op), Some(y)) = (path, function, &value)
            && let Some(target) = self.globals.plain_mut(id)
            && amend_scalar(*op, target, index, y)
        {
            return Ok(());
        }
        if !matches!(
            function,
            Value::Binary(_) | Value::Unary(_) | Value::Native(_)
        ) {
            // the function may look at the variable: it sees the value as it was
            let mut target = self.read_global(id)?;
            self.while_amending(|this| {
                amend::apply(this, &mut target, path, function, value, bounds)
            })?;
            return self.write_global(id, target);
        }
        let Some(mut target) = self.take_global(id)? else {
            let name = self.globals.name(id);
            let mut target = self.read_name(name)?;
            amend::apply(self, &mut target, path, function, value, bounds)?;
            return self.write_name(name, target);
        };
        let result = amend::apply(self, &mut target, path, function, value, bounds);
        self.globals.store(id, target);
        result?;
        self.after_write(id, path)
    }

    /// `name op:y` on a global; returns the new value when it is needed.
    pub(super) fn through_global(
        &mut self,
        id: u32,
        op: Binary,
        y: Value,
        is_needed: bool,
    ) -> QResult<Value> {
        self.check_write(id)?;
        if !is_needed
            && let Some(target) = self.globals.plain_mut(id)
            && through_scalar(op, target, &y)
        {
            return Ok(Value::Identity);
        }
        match self.take_global(id)? {
            Some(mut target) => {
                let result = amend::through(self, &mut target, op, y);
                let shown = if is_needed {
                    target.clone()
                } else {
                    Value::Identity
                };
                self.globals.store(id, target);
                result?;
                self.after_write(id, &[])?;
                Ok(shown)
            }
            None => {
                let name = self.globals.name(id);
                let mut target = match self.read_name(name) {
                    Ok(target) => target,
                    Err(error) => identity_of(op).ok_or(error)?,
                };
                amend::through(self, &mut target, op, y)?;
                self.write_name(name, target.clone())?;
                Ok(target)
            }
        }
    }
}

/// What an undefined variable counts as before `op:` (`ref/assign`, "Assign through operator").
fn identity_of(op: Binary) -> Option<Value> {
    match op {
        Binary::Join => Some(Value::empty_list()),
        Binary::Add | Binary::Subtract => Some(Value::Long(0)),
        Binary::Multiply | Binary::Divide => Some(Value::Long(1)),
        Binary::And => Some(Value::Long(i64::MAX)),
        Binary::Or => Some(Value::Long(-i64::MAX)),
        _ => None,
    }
}
