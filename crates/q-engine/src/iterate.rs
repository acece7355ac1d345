//! The iterators: each, over, scan, prior, each left, each right, and what they become for functions of other ranks.

use q_value::{Binary, Derived, Dict, Element, Iterator, QError, QResult, Table, Unary, Value};

use crate::apply::rank;
use crate::index;
use crate::interpreter::Interpreter;
use crate::machine::{code_of, is_true};
use crate::numeric::Words;

/// The items an iterator goes through: of a list its items, of a dictionary its values, of a table its rows; an atom
/// counts as one that repeats.
enum Items<'a> {
    Whole(&'a Value),
    List(&'a Value, usize),
}

impl<'a> Items<'a> {
    fn of(value: &'a Value) -> Items<'a> {
        match value {
            Value::Dict(dict) if value.is_keyed_table() => {
                Items::List(&dict.values, dict.values.count())
            }
            Value::Dict(dict) => Items::of(&dict.values),
            Value::Table(_) => Items::List(value, value.count()),
            list if list.is_list() => Items::List(list, list.count()),
            atom => Items::Whole(atom),
        }
    }

    fn get(&self, at: usize) -> Value {
        match self {
            Items::Whole(value) => (*value).clone(),
            Items::List(Value::Longs(items), _) => Value::Long(items[at]),
            Items::List(list, _) => list.item(at).unwrap_or(Value::Identity),
        }
    }

    /// The items as numbers for register code.
    fn words(&self) -> Option<Words<'_>> {
        match self {
            Items::Whole(value) | Items::List(value, _) => Words::of(value),
        }
    }

    fn count(&self) -> Option<usize> {
        match self {
            Items::Whole(_) => None,
            Items::List(_, count) => Some(*count),
        }
    }
}

/// Results of an iteration over something with keys get its keys.
fn rekey(like: &Value, results: Value) -> Value {
    match like {
        Value::Dict(dict) => Value::dict(dict.keys.clone(), results),
        _ => results,
    }
}

fn keyed<'a>(values: impl IntoIterator<Item = &'a Value>) -> Option<&'a Dict> {
    values.into_iter().find_map(|value| match value {
        Value::Dict(dict) => Some(&**dict),
        _ => None,
    })
}

impl Interpreter {
    /// Applies a derived function.
    pub(crate) fn iterate(&mut self, derived: &Derived, arguments: Vec<Value>) -> QResult<Value> {
        self.check_limits()?;
        let f = &derived.function;
        match (derived.iterator, arguments.len()) {
            (Iterator::Each, 1) => self.each(f, &arguments[0]),
            (Iterator::Each, _) => self.each_both(f, &arguments),
            (Iterator::EachLeft, 2) => self.each_left(f, &arguments[0], &arguments[1]),
            (Iterator::EachRight, 2) => self.each_right(f, &arguments[0], &arguments[1]),
            (Iterator::EachLeft, 1) if is_separator(f) => {
                let [x] = <[Value; 1]>::try_from(arguments).map_err(|_| QError::rank())?;
                crate::kernel::two("vs", f.clone(), x)
            }
            (Iterator::EachRight, 1) if is_separator(f) => {
                let [x] = <[Value; 1]>::try_from(arguments).map_err(|_| QError::rank())?;
                crate::kernel::two("sv", f.clone(), x)
            }
            (Iterator::EachLeft | Iterator::EachRight, 1) => {
                let derived = Value::derived(derived.iterator, f.clone());
                Ok(Value::projection(
                    derived,
                    arguments.into_iter().map(Some).collect(),
                ))
            }
            (Iterator::EachLeft | Iterator::EachRight, _) => Err(QError::rank()),
            (Iterator::Prior, 1) if is_unary(f) => crate::peach::peach(self, f, &arguments[0]),
            (Iterator::Prior, 1) => self.prior(f, None, &arguments[0]),
            (Iterator::Prior, 2) => {
                let [seed, list] = <[Value; 2]>::try_from(arguments).map_err(|_| QError::rank())?;
                self.prior(f, Some(seed), &list)
            }
            (Iterator::Prior, _) => Err(QError::rank()),
            (Iterator::Over, 1) if is_unary(f) => self.converge(f, &arguments[0], false),
            (Iterator::Scan, 1) if is_unary(f) => self.converge(f, &arguments[0], true),
            (Iterator::Over, 1) => self.fold(f, None, &arguments[0]),
            (Iterator::Scan, 1) => self.scan(f, None, &arguments[0]),
            (Iterator::Scan, 2) if matches!(f, Value::Float(_) | Value::Floats(_)) => {
                recurrence(&arguments[0], f, &arguments[1])
            }
            (Iterator::Over | Iterator::Scan, 2) if repeats(f, &arguments[0]) => {
                let [control, x] = <[Value; 2]>::try_from(arguments).map_err(|_| QError::rank())?;
                self.repeat(f, &control, x, derived.iterator == Iterator::Scan)
            }
            (Iterator::Over, 2) => {
                let [seed, list] = <[Value; 2]>::try_from(arguments).map_err(|_| QError::rank())?;
                self.fold(f, Some(seed), &list)
            }
            (Iterator::Scan, 2) => {
                let [seed, list] = <[Value; 2]>::try_from(arguments).map_err(|_| QError::rank())?;
                self.scan(f, Some(seed), &list)
            }
            (Iterator::Over, _) => self.fold_many(f, &arguments, false),
            (Iterator::Scan, _) => self.fold_many(f, &arguments, true),
        }
    }

    /// `f'x`.
    pub(crate) fn each(&mut self, f: &Value, x: &Value) -> QResult<Value> {
        let items = Items::of(x);
        let Some(count) = items.count() else {
            return self.apply_one(f, x.clone());
        };
        if let Value::Lambda(lambda) = f
            && let Some(words) = items.words()
            && let Some(results) = self.each_numeric(lambda, &[words], count)
        {
            return Ok(rekey(x, results?));
        }
        let mut results = Vec::with_capacity(count);
        if let Value::Lambda(lambda) = f
            && lambda.parameters.len() == 1
        {
            let code = code_of(lambda)?;
            for at in 0..count {
                self.check_limits()?;
                self.stack.push(items.get(at));
                self.enter(code, lambda)?;
                results.push(self.pop());
            }
            return Ok(rekey(x, collected(results, f, &items)));
        }
        for at in 0..count {
            results.push(self.apply_one(f, items.get(at))?);
        }
        Ok(rekey(x, collected(results, f, &items)))
    }

    /// `x f'y`, `f'[x;y;z]`: all lists have one length; `i'[a;b]` with integers picks items.
    fn each_both(&mut self, f: &Value, arguments: &[Value]) -> QResult<Value> {
        if let Some(choice) = index::as_longs(f) {
            return case(&choice, arguments);
        }
        if let (Value::Binary(Binary::Join), [Value::Table(x), Value::Table(y)]) = (f, arguments) {
            return columns_joined(x, y);
        }
        let lists: Vec<Items> = arguments.iter().map(Items::of).collect();
        let mut count = None;
        for list in &lists {
            match (count, list.count()) {
                (None, found) => count = found,
                (Some(count), Some(found)) if count != found => return Err(QError::length()),
                _ => (),
            }
        }
        let Some(count) = count else {
            return self.apply(f, arguments.to_vec());
        };
        if let Some(first) = keyed(arguments)
            && arguments.iter().any(|other| matches!(other, Value::Dict(other) if !other.keys.is_identical(&first.keys)))
        {
            return self.each_key(f, arguments);
        }
        if let Value::Lambda(lambda) = f
            && let Some(words) = lists.iter().map(Items::words).collect::<Option<Vec<_>>>()
            && let Some(results) = self.each_numeric(lambda, &words, count)
        {
            let results = results?;
            return Ok(match keyed(arguments) {
                Some(dict) => Value::dict(dict.keys.clone(), results),
                None => results,
            });
        }
        let mut results = Vec::with_capacity(count);
        if let (Value::Lambda(lambda), [x, y]) = (f, lists.as_slice())
            && lambda.parameters.len() == 2
        {
            let code = code_of(lambda)?;
            for at in 0..count {
                self.check_limits()?;
                self.stack.push(x.get(at));
                self.stack.push(y.get(at));
                self.enter(code, lambda)?;
                results.push(self.pop());
            }
            let results = Value::from_items(results);
            return Ok(match keyed(arguments) {
                Some(dict) => Value::dict(dict.keys.clone(), results),
                None => results,
            });
        }
        for at in 0..count {
            let result = match lists.as_slice() {
                [x, y] => self.apply_two(f, x.get(at), y.get(at))?,
                lists => self.apply(f, lists.iter().map(|list| list.get(at)).collect())?,
            };
            results.push(result);
        }
        let results = Value::from_items(results);
        Ok(match keyed(arguments) {
            Some(dict) => Value::dict(dict.keys.clone(), results),
            None => results,
        })
    }

    /// Each-both of dictionaries with different keys goes by the keys of the first.
    fn each_key(&mut self, f: &Value, arguments: &[Value]) -> QResult<Value> {
        let keys = match keyed(arguments) {
            Some(dict) => dict.keys.clone(),
            None => return Err(QError::type_error()),
        };
        let mut results = Vec::new();
        for key in keys.items() {
            let mut row = Vec::with_capacity(arguments.len());
            for argument in arguments {
                row.push(match argument {
                    Value::Dict(_) => index::index(argument, &key)?,
                    other => other.clone(),
                });
            }
            results.push(self.apply(f, row)?);
        }
        Ok(Value::dict(keys, Value::from_items(results)))
    }

    /// `x f\:y`.
    fn each_left(&mut self, f: &Value, x: &Value, y: &Value) -> QResult<Value> {
        let items = Items::of(x);
        let Some(count) = items.count() else {
            return self.apply_two(f, x.clone(), y.clone());
        };
        let mut results = Vec::with_capacity(count);
        for at in 0..count {
            results.push(self.apply_two(f, items.get(at), y.clone())?);
        }
        Ok(rekey(x, Value::from_items(results)))
    }

    /// `x f/:y`.
    fn each_right(&mut self, f: &Value, x: &Value, y: &Value) -> QResult<Value> {
        let items = Items::of(y);
        let Some(count) = items.count() else {
            return self.apply_two(f, x.clone(), y.clone());
        };
        let mut results = Vec::with_capacity(count);
        for at in 0..count {
            results.push(self.apply_two(f, x.clone(), items.get(at))?);
        }
        Ok(rekey(y, Value::from_items(results)))
    }

    /// `f':x`, `seed f':x`: the current item on the left, the one before on the right.
    pub(crate) fn prior(&mut self, f: &Value, seed: Option<Value>, x: &Value) -> QResult<Value> {
        let items = Items::of(x);
        let Some(count) = items.count() else {
            return match seed {
                Some(seed) => self.apply_two(f, x.clone(), seed),
                None => Ok(x.clone()),
            };
        };
        let mut results = Vec::with_capacity(count);
        let is_extreme = matches!(f, Value::Binary(Binary::And | Binary::Or));
        let mut before = match seed {
            // the identities, the greatest and the least value, leave the first item as it is
            None if is_extreme && count > 0 => {
                results.push(items.get(0));
                items.get(0)
            }
            Some(seed) => seed,
            None => prior_identity(f, x),
        };
        for at in results.len()..count {
            let item = items.get(at);
            results.push(self.apply_two(f, item.clone(), before)?);
            before = item;
        }
        Ok(rekey(x, Value::from_items(results)))
    }

    /// `f/x` of a function of one argument: until nothing changes or the start comes again.
    fn converge(&mut self, f: &Value, x: &Value, keep: bool) -> QResult<Value> {
        let mut kept = vec![x.clone()];
        let mut last = x.clone();
        loop {
            self.check_limits()?;
            let next = self.apply_one(f, last.clone())?;
            if crate::dispatch::is_match(&next, &last) || crate::dispatch::is_match(&next, x) {
                return Ok(if keep { Value::from_items(kept) } else { last });
            }
            if keep {
                kept.push(next.clone());
            }
            last = next;
        }
    }

    /// `n f/x` and `p f/x`.
    fn repeat(&mut self, f: &Value, control: &Value, x: Value, keep: bool) -> QResult<Value> {
        let mut kept = Vec::new();
        let mut value = x;
        if let Some(times) = control.as_i64() {
            for _ in 0..times {
                self.check_limits()?;
                if keep {
                    kept.push(value.clone());
                }
                value = self.apply_one(f, value)?;
            }
        } else {
            loop {
                self.check_limits()?;
                let holds = self.apply_one(control, value.clone())?;
                if !is_true(&holds)? {
                    break;
                }
                if keep {
                    kept.push(value.clone());
                }
                value = self.apply_one(f, value)?;
            }
        }
        if !keep {
            return Ok(value);
        }
        kept.push(value);
        Ok(Value::from_items(kept))
    }

    /// `f/x`, `seed f/x`.
    pub(crate) fn fold(&mut self, f: &Value, seed: Option<Value>, x: &Value) -> QResult<Value> {
        if seed.is_none() && matches!(f, Value::Binary(Binary::Join)) {
            // `raze` is this very function, down to an atom, of which it makes a list
            return crate::kernel::one("raze", x.clone());
        }
        let items = Items::of(x);
        let Some(count) = items.count() else {
            return match seed {
                Some(seed) => self.apply_two(f, seed, x.clone()),
                None => Ok(x.clone()),
            };
        };
        if let Value::Binary(op) = f
            && let Some(result) = crate::reduce::fold(*op, seed.as_ref(), x)
        {
            return Ok(result);
        }
        let mut start = 0;
        let mut value = match seed {
            Some(seed) => seed,
            None if count == 0 => return Ok(fold_identity(f, x)),
            None => {
                start = 1;
                items.get(0)
            }
        };
        if let Value::Lambda(lambda) = f
            && lambda.parameters.len() == 2
        {
            if let Some(words) = items.words() {
                // the first result may be of another kind than the start
                for _ in 0..2 {
                    let rest = start..count;
                    if let Some(result) = self.fold_numeric(lambda, &value, &words, rest, None) {
                        return result;
                    }
                    if start < count {
                        value = self.apply_two(f, value, items.get(start))?;
                        start += 1;
                    }
                }
            }
            let code = code_of(lambda)?;
            self.stack.push(value);
            for at in start..count {
                self.check_limits()?;
                self.stack.push(items.get(at));
                // the result stands where the next call wants its first argument
                self.enter(code, lambda)?;
            }
            return Ok(self.pop());
        }
        for at in start..count {
            value = self.apply_two(f, value, items.get(at))?;
        }
        Ok(value)
    }

    /// `f\x`, `seed f\x`: the seed is not in the result.
    pub(crate) fn scan(&mut self, f: &Value, seed: Option<Value>, x: &Value) -> QResult<Value> {
        let items = Items::of(x);
        let Some(count) = items.count() else {
            return match seed {
                Some(seed) => self.apply_two(f, seed, x.clone()),
                None => Ok(x.clone()),
            };
        };
        if count == 0 {
            return Ok(scan_of_nothing(f, seed.is_some(), x));
        }
        let mut results = Vec::with_capacity(count);
        let seed = match f {
            Value::Binary(Binary::Join) if seed.is_none() => Some(Value::empty_list()),
            _ => seed,
        };
        let mut value = match seed {
            Some(seed) => self.apply_two(f, seed, items.get(0))?,
            None => items.get(0),
        };
        if let Value::Lambda(lambda) = f
            && let Some(words) = items.words()
            && let Some(results) = self.scan_numeric(lambda, &value, &words, count)
        {
            return Ok(rekey(x, results?));
        }
        for at in 1..count {
            self.check_limits()?;
            let next = self.apply_two(f, value.clone(), items.get(at))?;
            results.push(std::mem::replace(&mut value, next));
        }
        results.push(value);
        Ok(rekey(x, Value::from_items(results)))
    }

    /// `f/[x;y;z]`: folds over `y` and `z` together, `x` is the seed.
    fn fold_many(&mut self, f: &Value, arguments: &[Value], keep: bool) -> QResult<Value> {
        let (seed, others) = arguments.split_first().ok_or_else(QError::rank)?;
        let lists: Vec<Items> = others.iter().map(Items::of).collect();
        let mut count = None;
        for list in &lists {
            match (count, list.count()) {
                (None, found) => count = found,
                (Some(count), Some(found)) if count != found => return Err(QError::length()),
                _ => (),
            }
        }
        let is_atomic = count.is_none();
        let mut value = seed.clone();
        let mut kept = Vec::new();
        for at in 0..count.unwrap_or(1) {
            let mut row = Vec::with_capacity(arguments.len());
            row.push(value);
            row.extend(lists.iter().map(|list| list.get(at)));
            value = self.apply(f, row)?;
            if keep {
                kept.push(value.clone());
            }
        }
        if !keep || is_atomic {
            return Ok(value);
        }
        Ok(Value::from_items(kept))
    }
}

/// `t,'u`: the columns of two tables side by side; those of the second replace columns of the first.
fn columns_joined(x: &Table, y: &Table) -> QResult<Value> {
    if x.row_count() != y.row_count() {
        return Err(QError::length());
    }
    let (mut names, mut columns) = (x.names.to_vec(), x.columns.clone());
    for (name, column) in y.names.iter().zip(&y.columns) {
        match names.iter().position(|other| other == name) {
            Some(at) => columns[at] = column.clone(),
            None => {
                names.push(*name);
                columns.push(column.clone());
            }
        }
    }
    Ok(Value::table(names.into(), columns))
}

/// Collapses the results of an each; of nothing the type is known only where the function gives it.
fn collected(results: Vec<Value>, f: &Value, items: &Items) -> Value {
    if results.is_empty()
        && let Items::List(list, _) = items
    {
        return match f {
            Value::Unary(Unary::Count) => Value::empty_of(q_value::Type::Long),
            Value::Unary(Unary::Type) => Value::empty_of(q_value::Type::Short),
            Value::Identity => (*list).clone(),
            _ => Value::empty_list(),
        };
    }
    Value::from_items(results)
}

/// True for functions that an over, scan or prior applies to one argument.
fn is_unary(f: &Value) -> bool {
    match f {
        Value::Dict(_) | Value::Table(_) => true,
        Value::Derived(derived) => match derived.iterator {
            Iterator::Each => is_unary(&derived.function),
            Iterator::EachLeft | Iterator::EachRight => false,
            _ => true,
        },
        Value::List(items) => !is_matrix(items),
        Value::Symbol(_) => true,
        f if f.is_function() => rank(f) == Some(1) || matches!(f, Value::Unary(Unary::Enlist)),
        _ => true,
    }
}

/// True when the two arguments of an over or scan are a control and a start, not a seed and a list.
fn repeats(f: &Value, control: &Value) -> bool {
    if control.is_function() && matches!(f, Value::List(_)) {
        return true;
    }
    if !is_unary(f) {
        return false;
    }
    if f.is_function() {
        return true;
    }
    match f {
        Value::Dict(dict) => dict.values.type_number() != 0 || control.is_function(),
        _ => true,
    }
}

/// A list of lists is a function of two arguments.
fn is_matrix(items: &[Value]) -> bool {
    !items.is_empty()
        && items
            .iter()
            .all(|item| item.is_list() || matches!(item, Value::Dict(_)) || item.is_function())
}

/// What each-prior puts before the first item: the identity of a known operator, else a null.
fn prior_identity(f: &Value, x: &Value) -> Value {
    let zero = |x: &Value| {
        let first = x.item(0).unwrap_or(Value::Long(0));
        let first = if first.is_atom() {
            first
        } else {
            first.item(0).unwrap_or(Value::Long(0))
        };
        match first.basic_type() {
            Some(q_value::Type::Float | q_value::Type::Real) => Value::Float(0.0),
            _ => Value::Long(0),
        }
    };
    match f {
        Value::Binary(Binary::Add | Binary::Subtract) => zero(x),
        Value::Binary(Binary::Multiply | Binary::Divide) => Value::Long(1),
        Value::Binary(Binary::Join) => Value::empty_list(),
        _ => index::missing_item(x),
    }
}

/// The fold of nothing: what the operator starts with, else the empty list itself.
fn fold_identity(f: &Value, x: &Value) -> Value {
    match f {
        Value::Binary(Binary::Add) => Value::Long(0),
        Value::Binary(Binary::Multiply) => Value::Long(1),
        Value::Binary(Binary::And) => Value::Long(i64::MAX),
        Value::Binary(Binary::Or) => Value::Long(-i64::MAX),
        Value::Binary(Binary::Join) => Value::empty_list(),
        f if f.is_function() || matches!(f, Value::List(_)) => Value::empty_list(),
        _ => match x {
            Value::List(_) => Value::empty_list(),
            other => other.clone(),
        },
    }
}

/// The scan of nothing: of operators with a known identity nothing of the same type, but one for a product; of other
/// functions the general empty list (`ref/accumulators`, "Empty lists").
fn scan_of_nothing(f: &Value, is_seeded: bool, x: &Value) -> Value {
    match f {
        Value::Binary(Binary::Multiply) if !is_seeded && x.is_list() => Value::Long(1),
        f if f.is_function() && !matches!(f, Value::Binary(_) | Value::Native(_)) => {
            rekey(x, Value::empty_list())
        }
        _ => x.clone(),
    }
}

/// True for what `vs` and `sv` take on the left: with `\\:` and `/:` it splits and joins.
fn is_separator(f: &Value) -> bool {
    match f {
        Value::Symbol(name) => name.is_null(),
        f => matches!(
            f.basic_type(),
            Some(
                q_value::Type::Boolean
                    | q_value::Type::Byte
                    | q_value::Type::Short
                    | q_value::Type::Int
                    | q_value::Type::Long
                    | q_value::Type::Char
            )
        ),
    }
}

/// `x y\z` with floats: each item is that of `z` plus the one before times that of `y`; `x` is before the first.
fn recurrence(x: &Value, y: &Value, z: &Value) -> QResult<Value> {
    let number = |value: &Value| match value {
        Value::Float(x) => Ok(*x),
        value => match value.as_i64() {
            Some(x) if x.is_null() => Ok(f64::NAN),
            Some(x) => Ok(x as f64),
            None => Err(QError::type_error()),
        },
    };
    let mut before = number(x)?;
    if z.is_atom() {
        return Ok(Value::Float(number(z)? + before * number(y)?));
    }
    let factors = match y {
        Value::Floats(items) if items.len() != z.count() => return Err(QError::length()),
        Value::Floats(items) => Some(items),
        _ => None,
    };
    let factor = if factors.is_none() { number(y)? } else { 0.0 };
    let mut results = Vec::with_capacity(z.count());
    for (at, addend) in z.items().iter().enumerate() {
        before = number(addend)? + before * factors.map_or(factor, |items| items[at]);
        results.push(before);
    }
    Ok(rekey(z, Value::Floats(results.into())))
}

/// `i'[a;b;c]`: item by item the one that the integer picks.
fn case(choice: &[i64], arguments: &[Value]) -> QResult<Value> {
    let mut counts = arguments
        .iter()
        .filter_map(|argument| Items::of(argument).count());
    if let Some(count) = counts.next()
        && counts.any(|other| other != count)
    {
        return Err(QError::length());
    }
    if let Some(first) = keyed(arguments)
        && arguments.iter().any(
            |other| matches!(other, Value::Dict(other) if !other.keys.is_identical(&first.keys)),
        )
    {
        return Err(QError::domain());
    }
    let mut results = Vec::with_capacity(choice.len());
    for (at, pick) in choice.iter().enumerate() {
        let argument = usize::try_from(*pick)
            .ok()
            .and_then(|pick| arguments.get(pick))
            .ok_or_else(QError::length)?;
        results.push(match Items::of(argument) {
            Items::Whole(value) => value.clone(),
            Items::List(list, _) => list.item(at).ok_or_else(QError::length)?,
        });
    }
    Ok(Value::from_items(results))
}
