//! Applying anything to anything: functions, projections, lists, dictionaries, handles, names.

use std::sync::Arc;

use q_kernels::interrupt::guard;
use q_value::{Binary, Lambda, Projection, QError, QResult, Symbol, Unary, Value};

use crate::amend::{self, Bounds};
use crate::failure::ErrorMode;
use crate::index;
use crate::interpreter::{CALLS_MAX, Interpreter};
use crate::primitives;

/// The left function after the right one.
pub(crate) fn compose(left: Value, right: Value) -> Value {
    let mut parts = Vec::new();
    for part in [left, right] {
        match part {
            Value::Composition(inner) => parts.extend(inner.iter().cloned()),
            part => parts.push(part),
        }
    }
    Value::Composition(Arc::new(parts))
}

/// How many arguments a function waits for; `None` when that depends on the call.
pub(crate) fn rank(function: &Value) -> Option<usize> {
    Some(match function {
        Value::Lambda(lambda) => lambda.parameters.len(),
        Value::Unary(Unary::Enlist) => return None,
        Value::Unary(_) | Value::Identity => 1,
        Value::Binary(_) => 2,
        Value::Native(native) if native.rank == 255 => return None,
        Value::Native(native) => usize::from(native.rank),
        Value::Projection(projection) => {
            let holes = projection
                .arguments
                .iter()
                .filter(|argument| argument.is_none())
                .count();
            let missing = rank(&projection.function)
                .map_or(0, |rank| rank.saturating_sub(projection.arguments.len()));
            holes + missing
        }
        Value::Composition(parts) => return rank(parts.last()?),
        Value::Derived(derived) => match derived.iterator {
            q_value::Iterator::EachLeft | q_value::Iterator::EachRight => 2,
            q_value::Iterator::Each => return rank(&derived.function),
            _ => return None,
        },
        Value::Iterator(_) => 1,
        _ => 1,
    })
}

impl Interpreter {
    /// Applies a function to arguments, or indexes a list, dictionary or table with them. Elided arguments make a
    /// projection.
    pub fn apply(&mut self, function: &Value, arguments: Vec<Value>) -> QResult<Value> {
        if arguments
            .iter()
            .any(|argument| matches!(argument, Value::Elided))
            && let Some(result) = self.project(function, &arguments)?
        {
            return Ok(result);
        }
        let count = arguments.len();
        if count == 1 {
            let mut arguments = arguments;
            let x = arguments.pop().unwrap_or(Value::Identity);
            return self.apply_one(function, x);
        }
        match function {
            Value::Lambda(lambda) => self.apply_lambda(function, lambda, arguments),
            Value::Unary(Unary::Enlist) => Ok(Value::from_items(arguments)),
            Value::Unary(op) => self.seeded(op.keyword(), arguments),
            Value::Identity => Err(QError::rank()),
            Value::Binary(op) => self.apply_binary(function, *op, arguments),
            Value::Native(native) => {
                let rank = usize::from(native.rank);
                if native.rank == 255 || count == rank {
                    primitives::call(self, native, arguments)
                } else if count < rank {
                    Ok(partial(function, arguments))
                } else {
                    self.seeded(native.name, arguments)
                }
            }
            Value::Projection(projection) => self.apply_projection(projection, arguments),
            Value::Composition(parts) => self.apply_composition(parts, arguments),
            Value::Derived(derived) => self.iterate(derived, arguments),
            Value::Iterator(iterator) => {
                // '[f;g] composes
                let [left, right] =
                    <[Value; 2]>::try_from(arguments).map_err(|_| QError::rank())?;
                match iterator {
                    q_value::Iterator::Each => Ok(compose(left, right)),
                    _ => Err(QError::rank()),
                }
            }
            Value::Symbol(name) => {
                let function = self.read_symbol(*name)?;
                self.one_deeper(|interpreter| interpreter.apply(&function, arguments))
            }
            Value::Int(_) | Value::Long(_) | Value::Short(_) => {
                self.call_handle(function, Value::list(arguments))
            }
            data => guard(|| self.index_or_apply(data, arguments)),
        }
    }

    /// Applies to one argument.
    pub fn apply_one(&mut self, function: &Value, x: Value) -> QResult<Value> {
        match function {
            Value::Lambda(lambda) if lambda.parameters.len() == 1 => {
                if matches!(x, Value::Elided) {
                    return Ok(partial(function, vec![x]));
                }
                self.stack.push(x);
                self.call_lambda(lambda)
            }
            Value::Lambda(lambda) if lambda.parameters.is_empty() => self.call_lambda(lambda),
            Value::Lambda(_) | Value::Binary(_) => Ok(partial(function, vec![x])),
            Value::Unary(Unary::Enlist) => Ok(x.enlist()),
            Value::Unary(op) => self.unary(*op, x),
            Value::Identity => Ok(x),
            Value::Native(native) => {
                if native.rank == 1 || native.rank == 255 {
                    primitives::call(self, native, vec![x])
                } else {
                    Ok(partial(function, vec![x]))
                }
            }
            Value::Projection(projection) => self.apply_projection(projection, vec![x]),
            Value::Composition(parts) => self.apply_composition(parts, vec![x]),
            Value::Derived(derived) => self.iterate(derived, vec![x]),
            Value::Iterator(iterator) => Ok(Value::derived(*iterator, x)),
            Value::Symbol(name) => self.apply_symbol(*name, x),
            Value::Int(_) | Value::Long(_) | Value::Short(_) => self.call_handle(function, x),
            Value::Elided => Ok(x),
            Value::Partitioned(_) => crate::database::index(self, function, &x),
            data if data.is_list() || matches!(data, Value::Dict(_) | Value::Table(_)) => {
                guard(|| index::index(data, &x))
            }
            _ => Err(QError::type_error()),
        }
    }

    /// Applies to two arguments.
    pub fn apply_two(&mut self, function: &Value, x: Value, y: Value) -> QResult<Value> {
        match function {
            Value::Binary(op) if !matches!(x, Value::Elided) && !matches!(y, Value::Elided) => {
                self.binary(*op, x, y)
            }
            Value::Lambda(lambda) if lambda.parameters.len() == 2 => {
                if matches!(x, Value::Elided) || matches!(y, Value::Elided) {
                    return Ok(partial(function, vec![x, y]));
                }
                self.stack.push(x);
                self.stack.push(y);
                self.call_lambda(lambda)
            }
            _ => self.apply(function, vec![x, y]),
        }
    }

    /// `deltas[x;y]`, `sum[x;y]`: the iterators that these keywords are made of, with the seed `x`
    /// (`basics/exposed-infrastructure`, "Variadic keywords").
    fn seeded(&mut self, name: &str, arguments: Vec<Value>) -> QResult<Value> {
        use q_value::Iterator::{Over, Prior, Scan};
        let (iterator, op) = match name {
            "deltas" => (Prior, Binary::Subtract),
            "ratios" => (Prior, Binary::Divide),
            "differ" => (Prior, Binary::Match),
            "sum" => (Over, Binary::Add),
            "prd" => (Over, Binary::Multiply),
            "max" => (Over, Binary::Or),
            "min" => (Over, Binary::And),
            "sums" => (Scan, Binary::Add),
            "prds" => (Scan, Binary::Multiply),
            "maxs" => (Scan, Binary::Or),
            "mins" => (Scan, Binary::And),
            _ => return Err(QError::rank()),
        };
        let [seed, list] = <[Value; 2]>::try_from(arguments).map_err(|_| QError::rank())?;
        let (op, seed) = (Value::Binary(op), Some(seed));
        let result = match iterator {
            Over => self.fold(&op, seed, &list),
            Scan => self.scan(&op, seed, &list),
            _ => self.prior(&op, seed, &list),
        }?;
        match name {
            "differ" => self.unary(Unary::Not, result),
            _ => Ok(result),
        }
    }

    fn apply_lambda(
        &mut self,
        function: &Value,
        lambda: &Arc<Lambda>,
        arguments: Vec<Value>,
    ) -> QResult<Value> {
        let rank = lambda.parameters.len();
        if arguments.len() < rank {
            return Ok(partial(function, arguments));
        }
        if arguments.len() > rank {
            return Err(QError::rank());
        }
        self.stack.extend(arguments);
        self.call_lambda(lambda)
    }

    fn apply_binary(
        &mut self,
        function: &Value,
        op: Binary,
        arguments: Vec<Value>,
    ) -> QResult<Value> {
        let count = arguments.len();
        if count == 2 {
            let [x, y] = <[Value; 2]>::try_from(arguments).map_err(|_| QError::rank())?;
            return self.binary(op, x, y);
        }
        match (op, count) {
            (_, 0) => Ok(partial(function, arguments)),
            (Binary::At, 3 | 4) => self.at(arguments),
            (Binary::Dot, 3 | 4) => self.dot(arguments),
            (Binary::Query, 3) => crate::query::functional::conditional_or_exec(self, arguments),
            (Binary::Query, 4..=6) => crate::query::functional::select(self, arguments),
            (Binary::Bang, 4) => crate::query::functional::update(self, arguments),
            (Binary::Cast, count) if count > 2 => conditional_value(&arguments),
            (Binary::Query | Binary::Bang, _) => Err(QError::rank()),
            _ => Err(QError::rank()),
        }
    }

    /// A projection when the function is one that elided arguments make wait; `None` for data, where an elided index
    /// means all.
    fn project(&mut self, function: &Value, arguments: &[Value]) -> QResult<Option<Value>> {
        Ok(match function {
            Value::Unary(Unary::Enlist) => Some(partial(function, arguments.to_vec())),
            Value::Unary(_) | Value::Identity if arguments.len() > 1 => return Err(QError::rank()),
            Value::Lambda(lambda) if arguments.len() > lambda.parameters.len() => {
                return Err(QError::rank());
            }
            Value::Projection(projection) => Some(fill(projection, arguments.to_vec())),
            function if function.is_function() => Some(partial(function, arguments.to_vec())),
            _ => None,
        })
    }

    fn apply_projection(
        &mut self,
        projection: &Arc<Projection>,
        arguments: Vec<Value>,
    ) -> QResult<Value> {
        let holes = projection
            .arguments
            .iter()
            .filter(|argument| argument.is_none())
            .count();
        if arguments.len() < holes {
            return Ok(fill(projection, arguments));
        }
        if let Some(rank) = rank(&projection.function)
            && projection.arguments.len() + arguments.len() - holes > rank
            && !matches!(
                projection.function,
                Value::Binary(Binary::At | Binary::Dot | Binary::Query | Binary::Bang)
                    | Value::Iterator(_)
            )
            && projection.function.is_function()
        {
            return Err(QError::rank());
        }
        let mut given = arguments.into_iter();
        let mut all = Vec::with_capacity(projection.arguments.len() + given.len());
        for argument in &projection.arguments {
            match argument {
                Some(value) => all.push(value.clone()),
                None => all.push(given.next().unwrap_or(Value::Elided)),
            }
        }
        all.extend(given);
        self.apply(&projection.function, all)
    }

    fn apply_composition(
        &mut self,
        parts: &Arc<Vec<Value>>,
        arguments: Vec<Value>,
    ) -> QResult<Value> {
        let Some((last, others)) = parts.split_last() else {
            return Err(QError::type_error());
        };
        if let Some(rank) = rank(last)
            && arguments.len() < rank
        {
            return Ok(partial(&Value::Composition(Arc::clone(parts)), arguments));
        }
        let mut value = self.apply(last, arguments)?;
        for function in others.iter().rev() {
            value = self.apply_one(function, value)?;
        }
        Ok(value)
    }

    /// `d[i;j;..]`: indexes, and applies what is found when it is a function.
    fn index_or_apply(&mut self, data: &Value, arguments: Vec<Value>) -> QResult<Value> {
        match data {
            Value::Dict(_) | Value::List(_) => {
                let (first, rest) = arguments.split_first().ok_or_else(QError::rank)?;
                if first.is_atom() && !matches!(first, Value::Elided) {
                    let item = index::index(data, first)?;
                    if item.is_function() {
                        return self.apply(&item, rest.to_vec());
                    }
                    if rest.len() > 1 {
                        return self.apply(&item, rest.to_vec());
                    }
                }
                index::index_deep(data, &arguments)
            }
            Value::Table(_) => index::index_deep(data, &arguments),
            data if data.is_list() => Err(QError::rank()),
            _ => Err(QError::type_error()),
        }
    }

    /// `` `name x``: a file or process by its symbol, else the variable of that name.
    fn apply_symbol(&mut self, name: Symbol, x: Value) -> QResult<Value> {
        if name.as_bytes().starts_with(b":") {
            return crate::handles::one_shot(self, name, x);
        }
        let function = self.read_symbol(name)?;
        self.one_deeper(|interpreter| interpreter.apply_one(&function, x))
    }

    /// Runs `work` as a call inside the running ones: a variable may name itself. Errors: `'stack` when they are too many.
    fn one_deeper(&mut self, work: impl FnOnce(&mut Self) -> QResult<Value>) -> QResult<Value> {
        if self.calls + 1 >= CALLS_MAX {
            return Err(QError::stack());
        }
        self.calls += 1;
        let result = work(self);
        self.calls -= 1;
        result
    }

    /// The variable (or keyword) a symbol names, seen from the current namespace.
    pub(crate) fn read_symbol(&mut self, name: Symbol) -> QResult<Value> {
        let full = crate::globals::qualify(self.namespace, name);
        match self.read_name(full) {
            Ok(value) => Ok(value),
            Err(error) => match primitives::keyword(name) {
                Some(value) => Ok(value),
                None => Err(error),
            },
        }
    }

    /// `@[x;y;z]` and `@[x;y;f;z]`.
    fn at(&mut self, arguments: Vec<Value>) -> QResult<Value> {
        // an atom that names no variable has nothing to amend
        let is_plain_atom =
            |value: &Value| value.is_atom() && !matches!(value, Value::Symbol(_) | Value::Enum(_));
        if arguments.len() == 3 && (is_applicable(&arguments[0]) || is_plain_atom(&arguments[0])) {
            let [function, x, handler] =
                <[Value; 3]>::try_from(arguments).map_err(|_| QError::rank())?;
            return self.trap(&handler, |interpreter| interpreter.apply_one(&function, x));
        }
        let mut arguments = arguments.into_iter();
        let (Some(target), Some(i), Some(function)) =
            (arguments.next(), arguments.next(), arguments.next())
        else {
            return Err(QError::rank());
        };
        self.amend_value(target, vec![i], &function, arguments.next())
    }

    /// `.[x;y;z]` and `.[x;y;f;z]`.
    fn dot(&mut self, arguments: Vec<Value>) -> QResult<Value> {
        if arguments.len() == 3 && is_applicable(&arguments[0]) {
            let [function, x, handler] =
                <[Value; 3]>::try_from(arguments).map_err(|_| QError::rank())?;
            return self.trap(&handler, |interpreter| interpreter.apply_list(&function, x));
        }
        let mut arguments = arguments.into_iter();
        let (Some(target), Some(path), Some(function)) =
            (arguments.next(), arguments.next(), arguments.next())
        else {
            return Err(QError::rank());
        };
        let path = match path {
            path if path.is_list() => path.items(),
            Value::Identity => Vec::new(),
            path => vec![path],
        };
        self.amend_value(target, path, &function, arguments.next())
    }

    /// Amends data, a variable by its name, or a file by its symbol.
    fn amend_value(
        &mut self,
        target: Value,
        path: Vec<Value>,
        function: &Value,
        y: Option<Value>,
    ) -> QResult<Value> {
        if let Value::Symbol(name) = target {
            if name.as_bytes().starts_with(b":") {
                return crate::files::amend(self, name, &path, function, y);
            }
            return self.amend_name(name, path, function, y);
        }
        let mut target = target;
        amend::apply(self, &mut target, &path, function, y, Bounds::Index)?;
        Ok(target)
    }

    fn amend_name(
        &mut self,
        name: Symbol,
        path: Vec<Value>,
        function: &Value,
        y: Option<Value>,
    ) -> QResult<Value> {
        let full = crate::globals::qualify(self.namespace, name);
        if full.as_bytes() == b"." || self.globals.is_namespace(full) {
            return self.amend_namespace(full, name, path, function, y);
        }
        let id = self.globals.slot(full);
        if path.is_empty()
            && matches!(function, Value::Binary(Binary::Assign))
            && let Some(y) = y
        {
            self.write_global(id, y)?;
            return Ok(Value::Symbol(name));
        }
        self.amend_global(id, &path, function, y, Bounds::Index)?;
        Ok(Value::Symbol(name))
    }

    /// `` @[`.;`x;f;y]``: members of a namespace are changed as variables.
    fn amend_namespace(
        &mut self,
        space: Symbol,
        name: Symbol,
        path: Vec<Value>,
        function: &Value,
        y: Option<Value>,
    ) -> QResult<Value> {
        let Some((first, rest)) = path.split_first() else {
            let whole = self.read_name(space)?;
            let mut whole = whole;
            amend::apply(self, &mut whole, &[], function, y, Bounds::Index)?;
            self.write_name(space, whole)?;
            return Ok(Value::Symbol(name));
        };
        let members: Vec<Symbol> = match first {
            Value::Symbol(member) => vec![*member],
            Value::Symbols(members) => members.to_vec(),
            Value::Identity | Value::Elided => self
                .globals
                .members(space)
                .into_iter()
                .map(|id| crate::globals::split_name(self.globals.name(id)).1)
                .collect(),
            first if first.is_list() && first.count() == 0 => Vec::new(),
            _ => return Err(QError::type_error()),
        };
        let is_many = !matches!(first, Value::Symbol(_));
        for (at, member) in members.into_iter().enumerate() {
            let mut text = if space.as_bytes() == b"." {
                Vec::new()
            } else {
                space.as_bytes().to_vec()
            };
            if !text.is_empty() {
                text.push(b'.');
            }
            text.extend_from_slice(member.as_bytes());
            let full = Symbol::new(text);
            let part = match &y {
                Some(y) if is_many => Some(amend::item_or_whole(y, at)),
                y => y.clone(),
            };
            let id = self.globals.slot(full);
            if rest.is_empty()
                && matches!(function, Value::Binary(Binary::Assign))
                && part.is_some()
            {
                self.write_global(id, part.unwrap_or(Value::Identity))?;
            } else {
                self.amend_global(id, rest, function, part, Bounds::Index)?;
            }
        }
        Ok(Value::Symbol(name))
    }

    /// `f . args`.
    pub(crate) fn apply_list(&mut self, function: &Value, arguments: Value) -> QResult<Value> {
        if let Value::Symbol(name) = function
            && !name.as_bytes().starts_with(b":")
        {
            let function = self.read_symbol(*name)?;
            return self.apply_list(&function, arguments);
        }
        let list = match &arguments {
            // rows of a table are its items
            list if list.is_list() || matches!(list, Value::Table(_)) => arguments.items(),
            Value::Identity => return Ok(function.clone()),
            Value::Dict(_) => return Err(QError::type_error()),
            atom => vec![(*atom).clone()],
        };
        match list.len() {
            0 if function.is_function() => self.apply_one(function, Value::Identity),
            0 => Ok(function.clone()),
            _ if !function.is_function() => {
                if list.len() == 1 {
                    return self.apply_one(function, list[0].clone());
                }
                let path: Vec<Value> = list;
                self.apply(function, path)
            }
            _ => {
                // an explicit :: in the list is a value here, not a hole
                self.apply(function, list)
            }
        }
    }

    /// Runs `work`; on an error the handler gets its text, or is the result when it is no function.
    pub(crate) fn trap(
        &mut self,
        handler: &Value,
        work: impl FnOnce(&mut Interpreter) -> QResult<Value>,
    ) -> QResult<Value> {
        let (depth, scopes) = (self.stack.len(), self.scopes.len());
        let mode = self.set_error_mode(ErrorMode::Abort);
        let result = work(self);
        self.error_mode = mode;
        match result {
            Ok(value) => Ok(value),
            Err(error) if self.is_unwinding() => Err(error),
            Err(error) => {
                self.stack.truncate(depth);
                self.scopes.truncate(scopes);
                if handler.is_function() {
                    self.apply_one(handler, Value::string(error.text()))
                } else {
                    Ok(handler.clone())
                }
            }
        }
    }

    /// Handle numbers: sends to a process, writes to a file or stream.
    fn call_handle(&mut self, handle: &Value, message: Value) -> QResult<Value> {
        let number = handle.as_i64().ok_or_else(QError::type_error)?;
        let number = i32::try_from(number).map_err(|_| QError::domain())?;
        crate::handles::call(self, number, message, handle)
    }
}

/// True for what `@[f;x;e]` traps rather than amends: functions and handles of processes.
fn is_applicable(function: &Value) -> bool {
    function.is_function() || matches!(function, Value::Int(_) | Value::Long(_) | Value::Short(_))
}

/// A projection with elided arguments as holes.
fn partial(function: &Value, arguments: Vec<Value>) -> Value {
    let arguments = arguments
        .into_iter()
        .map(|argument| match argument {
            Value::Elided => None,
            value => Some(value),
        })
        .collect();
    Value::projection(function.clone(), arguments)
}

/// A projection with some of its holes filled.
fn fill(projection: &Projection, arguments: Vec<Value>) -> Value {
    let mut given = arguments.into_iter();
    let mut all: Vec<Option<Value>> = projection
        .arguments
        .iter()
        .map(|argument| match argument {
            Some(value) => Some(value.clone()),
            None => match given.next() {
                Some(Value::Elided) | None => None,
                Some(value) => Some(value),
            },
        })
        .collect();
    all.extend(given.map(|argument| match argument {
        Value::Elided => None,
        value => Some(value),
    }));
    Value::projection(projection.function.clone(), all)
}

/// `$[c;a;b]` with all parts evaluated already, as a projection of `$` makes it.
fn conditional_value(arguments: &[Value]) -> QResult<Value> {
    let mut rest = arguments;
    loop {
        match rest {
            [] => return Ok(Value::Identity),
            [otherwise] => return Ok(otherwise.clone()),
            [condition, result, others @ ..] => {
                if crate::machine::is_true(condition)? {
                    return Ok(result.clone());
                }
                rest = others;
            }
        }
    }
}
