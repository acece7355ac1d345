//! The numbered primitives: overloads that need the evaluator or the world are sorted out here, the rest are kernels.

use q_kernels::interrupt::guard;
use q_value::{Binary, QError, QResult, Symbol, Type, Unary, Value, Vector};

use crate::interpreter::Interpreter;
use crate::machine::scalar_unary;
use crate::{enumerate, files, internal, natives};

/// `x~y`, tolerant on floats as the language is.
pub(crate) fn is_match(x: &Value, y: &Value) -> bool {
    if x.is_identical(y) {
        return true;
    }
    matches!(
        q_kernels::binary(Binary::Match, x.clone(), y.clone()),
        Ok(Value::Boolean(true))
    )
}

/// True for `` `g#y `` of a list that has not that attribute yet: only the main thread may give it (`basics/errors`).
fn sets_grouped(x: &Value, y: &Value) -> bool {
    matches!(x, Value::Symbol(name) if name.as_bytes() == b"g")
        && y.is_list()
        && y.attribute() != q_value::Attribute::Grouped
}

impl Interpreter {
    /// Applies a unary primitive.
    #[inline]
    pub(crate) fn unary(&mut self, op: Unary, x: Value) -> QResult<Value> {
        if let Some(result) = scalar_unary(op, &x) {
            return Ok(result);
        }
        guard(|| self.unguarded_unary(op, x))
    }

    fn unguarded_unary(&mut self, op: Unary, x: Value) -> QResult<Value> {
        match op {
            Unary::Type => Ok(Value::Short(x.type_number())),
            Unary::Enlist | Unary::EnlistOne => Ok(x.enlist()),
            Unary::Value => natives::evaluate::value(self, x),
            Unary::Key => natives::tables::key(self, x),
            Unary::Exit => natives::process::exit(self, x),
            Unary::Getenv => natives::process::getenv(self, x),
            Unary::Hopen => crate::handles::hopen(self, x),
            Unary::Read0 => files::read0(self, x),
            Unary::Read1 => files::read1(self, x),
            Unary::Load2 => Err(QError::nyi()),
            Unary::Flip if let Some((names, place)) = names_of_place(&x) => {
                crate::database::flip_of_names(self, &names, place)
            }
            Unary::Count if matches!(x, Value::Partitioned(_)) => crate::database::count(self, &x),
            Unary::First | Unary::Last | Unary::Reverse if matches!(x, Value::Partitioned(_)) => {
                Err(QError::new("par"))
            }
            Unary::First | Unary::Last | Unary::Reverse if x.is_function() => Ok(x),
            _ => match q_kernels::unary_kernel(op) {
                Some(kernel) => kernel(x),
                None => Err(QError::nyi()),
            },
        }
    }

    /// Applies a binary primitive.
    pub(crate) fn binary(&mut self, op: Binary, x: Value, y: Value) -> QResult<Value> {
        guard(|| self.unguarded_binary(op, x, y))
    }

    fn unguarded_binary(&mut self, op: Binary, x: Value, y: Value) -> QResult<Value> {
        match op {
            Binary::Assign => Ok(y),
            Binary::At => self.apply_one(&x, y),
            Binary::Dot => self.apply_list(&x, y),
            Binary::Bang => self.bang(x, y),
            Binary::Query => self.query(x, y),
            Binary::Cast => self.cast(x, y),
            Binary::Text => files::text(self, x, y),
            Binary::Binary => files::binary(self, x, y),
            Binary::Load => Err(QError::nyi()),
            Binary::Take if self.is_secondary && sets_grouped(&x, &y) => {
                Err(QError::signal("no `g#"))
            }
            Binary::Take | Binary::Drop | Binary::Join
                if matches!(x, Value::Partitioned(_)) || matches!(y, Value::Partitioned(_)) =>
            {
                Err(QError::new("par"))
            }
            Binary::Insert => crate::upsert::insert(self, x, y),
            Binary::Setenv => natives::process::setenv(self, x, y),
            Binary::Join if matches!(x, Value::Table(_)) || x.is_keyed_table() => {
                self.join_tables(x, y)
            }
            _ => match q_kernels::binary_kernel(op) {
                Some(kernel) => kernel(x, y),
                None => Err(QError::nyi()),
            },
        }
    }

    /// `t,row` and `kt,row`: rows as dictionaries and keyed upserts go through the same path as `upsert`.
    fn join_tables(&mut self, x: Value, y: Value) -> QResult<Value> {
        match (&x, &y) {
            (Value::Table(_), Value::Dict(_)) if !y.is_keyed_table() => {
                let mut x = x;
                crate::upsert::upsert_value(self, &mut x, y)?;
                Ok(x)
            }
            _ => q_kernels::binary(Binary::Join, x, y),
        }
    }

    /// `x!y`: internal functions, enumerations and links, keys of tables, dictionaries.
    fn bang(&mut self, x: Value, y: Value) -> QResult<Value> {
        match &x {
            Value::Long(_) | Value::Int(_) | Value::Short(_) => {
                let number = x.as_i64().unwrap_or(0);
                let is_table = matches!(y, Value::Table(_)) || y.is_keyed_table();
                if number < 0 || x.is_null_atom() {
                    return internal::call(self, number, y);
                }
                if let Value::Symbol(name) = y
                    && !name.as_bytes().starts_with(b":")
                {
                    // n!`t keys the variable
                    let table = self.read_symbol(name)?;
                    let keyed = q_kernels::binary(Binary::Bang, x, table)?;
                    let full = crate::globals::qualify(self.namespace, name);
                    self.write_name(full, keyed)?;
                    return Ok(Value::Symbol(name));
                }
                if is_table {
                    return q_kernels::binary(Binary::Bang, x, y);
                }
                Err(QError::type_error())
            }
            Value::Symbol(domain) if is_indices(&y) => enumerate::from_indices(self, *domain, y),
            Value::Symbol(_) if is_splayed_path(&y) => crate::database::flip_of_path(self, x, y),
            Value::Symbols(_) if matches!(y, Value::Symbol(_)) => {
                crate::database::flip_of_path(self, x, y)
            }
            _ => q_kernels::binary(Binary::Bang, x, y),
        }
    }

    /// `x?y`: find, random, enumerate and extend.
    fn query(&mut self, x: Value, y: Value) -> QResult<Value> {
        match &x {
            Value::Symbol(name) => enumerate::extend(self, *name, y),
            Value::Partitioned(_) => Err(QError::nyi()),
            x if x.is_atom() => crate::random::roll(self, x, &y),
            _ => q_kernels::binary(Binary::Query, x, y),
        }
    }

    /// `x$y`: enumerate against a variable, else cast, tok, pad or multiply matrices.
    fn cast(&mut self, x: Value, y: Value) -> QResult<Value> {
        match &x {
            Value::Symbol(name) if is_variable(*name) => enumerate::enumerate(self, *name, y),
            Value::Symbols(names) if names.iter().any(|name| is_variable(*name)) => {
                self.cast_each(names, &y)
            }
            _ => q_kernels::binary(Binary::Cast, x, y),
        }
    }

    /// `` `d`e$y ``: each name with its item of `y`, or with the whole atom.
    fn cast_each(&mut self, names: &[Symbol], y: &Value) -> QResult<Value> {
        if y.is_list() && y.count() != names.len() {
            return Err(QError::length());
        }
        let mut parts = Vec::with_capacity(names.len());
        for (at, name) in names.iter().enumerate() {
            let item = if y.is_list() { y.item(at) } else { None };
            parts.push(self.cast(Value::Symbol(*name), item.unwrap_or_else(|| y.clone()))?);
        }
        Ok(Value::from_items(parts))
    }
}

/// True for a name that `$` takes for a variable to enumerate against: neither a type nor a part of a temporal value.
fn is_variable(name: Symbol) -> bool {
    !name.is_null() && Type::from_name(name.as_bytes()).is_none() && !is_cast_name(name)
}

/// Names that `$` casts to although they are no types: the parts of temporal values. Letters are types only as chars.
fn is_cast_name(name: Symbol) -> bool {
    matches!(
        name.as_bytes(),
        b"year" | b"mm" | b"dd" | b"hh" | b"uu" | b"ss" | b"week" | b"ww"
    )
}

fn is_indices(y: &Value) -> bool {
    matches!(
        y,
        Value::Long(_) | Value::Longs(_) | Value::Int(_) | Value::Ints(_)
    )
}

/// Columns and the place of a table, as `names!place` has them.
fn names_of_place(x: &Value) -> Option<(Vector<Symbol>, Symbol)> {
    match x {
        Value::Dict(dict) => match (&dict.keys, &dict.values) {
            (Value::Symbols(names), Value::Symbol(place)) => Some((names.clone(), *place)),
            _ => None,
        },
        _ => None,
    }
}

fn is_splayed_path(y: &Value) -> bool {
    matches!(y, Value::Symbol(name) if name.as_bytes().starts_with(b":") || name.as_bytes().ends_with(b"/"))
}
