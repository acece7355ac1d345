//! Writing items: `x[i;j]:v`, `x[i]op:v`, `@[x;i;f;y]`, `.[x;path;f;y]`.
//!
//! The target is changed in place where nobody else holds it. Places and types are checked before anything is written where
//! they can be; else lists and rows of tables get their items back when a later one fails. An error below the items of a
//! list, or by a function over several keys, may leave earlier ones changed, but never loses the target, and never leaves a
//! table whose columns differ in length.

use std::sync::Arc;

use q_value::{Attribute, Binary, Dict, Element, QError, QResult, Value, Vector, with_vector};

use crate::index::{as_longs, missing_item};
use crate::interpreter::Interpreter;
use crate::{append, index};

mod tables;

/// Which error an index beyond the end is: assignment says `length`, functional amend `index`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bounds {
    Length,
    Index,
}

impl Bounds {
    fn error(self) -> QError {
        match self {
            Bounds::Length => QError::length(),
            Bounds::Index => QError::index(),
        }
    }
}

/// `target[path]:value`.
pub(crate) fn assign(
    target: &mut Value,
    path: &[Value],
    value: Value,
    bounds: Bounds,
) -> QResult<()> {
    let mut change = Change {
        interpreter: None,
        function: None,
        bounds,
    };
    change.walk(target, path, Some(value))
}

/// `.[target;path;function;value]`, or with a function of one argument when there is no value.
pub(crate) fn apply(
    interpreter: &mut Interpreter,
    target: &mut Value,
    path: &[Value],
    function: &Value,
    value: Option<Value>,
    bounds: Bounds,
) -> QResult<()> {
    let assigns = matches!(function, Value::Binary(Binary::Assign)) && value.is_some();
    let mut change = Change {
        interpreter: Some(interpreter),
        function: if assigns { None } else { Some(function) },
        bounds,
    };
    change.walk(target, path, value)
}

/// `target op:y` for a whole variable. `,:` appends in place and checks the type (`semantics.md` 32).
pub(crate) fn through(
    interpreter: &mut Interpreter,
    target: &mut Value,
    op: Binary,
    y: Value,
) -> QResult<()> {
    if op == Binary::Join {
        return append::append(interpreter, target, y);
    }
    if op == Binary::Assign {
        *target = y;
        return Ok(());
    }
    // moving is safe only where the primitive works in place and cannot fail, not even for lack of memory; it brings
    // something only where nobody else holds the target
    let moves = matches!(
        op,
        Binary::Add | Binary::Subtract | Binary::Multiply | Binary::And | Binary::Or
    ) && is_plain_number(target)
        && target.type_number().abs() == y.type_number().abs()
        && (y.is_atom() || y.count() == target.count())
        && is_unshared(target);
    let old = if moves {
        std::mem::replace(target, Value::Identity)
    } else {
        target.clone()
    };
    *target = interpreter.binary(op, old, y)?;
    Ok(())
}

fn is_unshared(value: &Value) -> bool {
    with_vector!(value, items => items.is_unshared(), else true)
}

/// Long, int, float or real, atom or vector: arithmetic among these never fails but by length.
fn is_plain_number(value: &Value) -> bool {
    matches!(value.type_number().abs(), 6..=9)
}

struct Change<'a> {
    interpreter: Option<&'a mut Interpreter>,
    /// `None` assigns.
    function: Option<&'a Value>,
    bounds: Bounds,
}

impl Change<'_> {
    /// Changes one whole value.
    fn leaf(&mut self, target: &mut Value, y: Option<Value>) -> QResult<()> {
        let Some(function) = self.function else {
            *target = y.ok_or_else(QError::rank)?;
            return Ok(());
        };
        let interpreter = self.interpreter.as_mut().ok_or_else(QError::nyi)?;
        // `upsert` is `.[;();,;]` (`ref/upsert`): rows go to the end of a table in place
        if let (Value::Binary(Binary::Join), Some(y)) = (function, &y)
            && crate::upsert::grows_in_place(target, y)
        {
            return crate::upsert::upsert_plain(target, y.clone());
        }
        // `,` onto a list fails for dictionaries only, so the list is moved and grows in place
        let moves = matches!(function, Value::Binary(Binary::Join))
            && target.is_list()
            && !matches!(y, Some(Value::Dict(_)));
        let old = if moves {
            std::mem::replace(target, Value::Identity)
        } else {
            target.clone()
        };
        *target = match y {
            Some(y) => interpreter.apply_two(function, old, y)?,
            None => interpreter.apply_one(function, old)?,
        };
        Ok(())
    }

    fn walk(&mut self, target: &mut Value, path: &[Value], y: Option<Value>) -> QResult<()> {
        let Some((i, rest)) = path.split_first() else {
            return self.leaf(target, y);
        };
        match target {
            Value::Table(_) => self.walk_table(target, i, rest, y),
            Value::Dict(_) => self.walk_dict(target, i, rest, y),
            list if !list.is_list() => Err(QError::type_error()),
            _ => self.walk_list(target, i, rest, y),
        }
    }

    /// Goes through the items of an index (or all of the target) with the matching items of `y`.
    fn each_index(
        &mut self,
        target: &mut Value,
        indices: &Value,
        rest: &[Value],
        y: Option<Value>,
    ) -> QResult<()> {
        let count = indices.count();
        if let Some(y) = &y
            && (y.is_list() || matches!(y, Value::Table(_)))
            && y.count() != count
        {
            return Err(QError::length());
        }
        let places = as_longs(indices).filter(|_| target.is_list());
        if let Some(places) = &places {
            self.check_all(places, target.count())?;
        }
        if let (None, [], Some(y), Value::Dict(dict)) = (self.function, rest, &y, &*target) {
            check_entries(dict, indices, y)?;
        }
        // deeper changes are made inside of items, which must not be held twice
        let before = places
            .filter(|_| rest.is_empty())
            .and_then(|places| Before::of(target, places));
        let mut path = Vec::with_capacity(rest.len() + 1);
        for at in 0..count {
            let part = y.as_ref().map(|y| item_or_whole(y, at));
            path.clear();
            path.push(indices.item(at).ok_or_else(QError::index)?);
            path.extend_from_slice(rest);
            if let Err(error) = self.walk(target, &path, part) {
                if let (Some(before), 1..) = (before, at) {
                    before.put_back(target)?;
                }
                return Err(error);
            }
        }
        Ok(())
    }

    fn walk_list(
        &mut self,
        target: &mut Value,
        i: &Value,
        rest: &[Value],
        y: Option<Value>,
    ) -> QResult<()> {
        if let Some(at) = i.as_i64() {
            return self.walk_item(target, at, rest, y);
        }
        if matches!(i, Value::Identity | Value::Elided) {
            let all = Value::Longs((0..target.count() as i64).collect());
            return self.each_index(target, &all, rest, y);
        }
        if let Some(indices) = as_longs(i)
            && rest.is_empty()
            && self.function.is_none()
            && let Some(value) = &y
            && self.scatter(target, &indices, &append::narrowed(target, value.clone()))?
        {
            return Ok(());
        }
        if let (Some(places), None, [], Some(y)) = (as_longs(i), self.function, rest, &y)
            && matches!(target, Value::List(_))
        {
            return self.set_items(target, &places, y);
        }
        if i.is_list() {
            return self.each_index(target, i, rest, y);
        }
        Err(QError::type_error())
    }

    /// Writes the items of `y`, or all of it to each place, into a general list, which is one until all are written.
    fn set_items(&self, target: &mut Value, places: &[i64], y: &Value) -> QResult<()> {
        if (y.is_list() || matches!(y, Value::Table(_))) && y.count() != places.len() {
            return Err(QError::length());
        }
        self.check_all(places, target.count())?;
        if let Value::List(items) = target {
            let items = items.make_mut();
            for (at, place) in places.iter().enumerate() {
                items[*place as usize] = item_or_whole(y, at);
            }
        }
        if let Some(last) = places.last() {
            collapse(target, *last as usize);
        }
        Ok(())
    }

    /// Writes a vector (or one atom) to many places at once; false when types need the general way.
    fn scatter(&self, target: &mut Value, indices: &[i64], value: &Value) -> QResult<bool> {
        macro_rules! scatter {
            ($($vector:ident $atom:ident)*) => {
                match (&mut *target, value) {
                    $((Value::$vector(items), Value::$vector(values)) => {
                        if values.len() != indices.len() {
                            return Err(QError::length());
                        }
                        self.check_all(indices, items.len())?;
                        let items = items.make_mut();
                        for (at, value) in indices.iter().zip(values.iter()) {
                            items[*at as usize] = value.clone();
                        }
                        Ok(true)
                    }
                    (Value::$vector(items), Value::$atom(value)) => {
                        self.check_all(indices, items.len())?;
                        let items = items.make_mut();
                        for at in indices {
                            items[*at as usize] = value.clone();
                        }
                        Ok(true)
                    })*
                    _ => Ok(false),
                }
            };
        }
        scatter!(Booleans Boolean Bytes Byte Shorts Short Ints Int Longs Long Reals Real Floats Float Chars Char Symbols Symbol
            Timestamps Timestamp Months Month Dates Date Datetimes Datetime Timespans Timespan Minutes Minute Seconds Second Times Time)
    }

    fn check_all(&self, indices: &[i64], count: usize) -> QResult<()> {
        if indices
            .iter()
            .all(|at| usize::try_from(*at).is_ok_and(|at| at < count))
        {
            Ok(())
        } else {
            Err(self.bounds.error())
        }
    }

    fn walk_item(
        &mut self,
        target: &mut Value,
        at: i64,
        rest: &[Value],
        y: Option<Value>,
    ) -> QResult<()> {
        let at = usize::try_from(at).map_err(|_| self.bounds.error())?;
        if at >= target.count() {
            return Err(self.bounds.error());
        }
        if let Value::List(items) = target {
            // the item leaves the list while it is changed, so that it is not shared
            let items_mut = items.make_mut();
            let mut item = std::mem::replace(&mut items_mut[at], Value::Identity);
            let result = self.walk(&mut item, rest, y);
            items_mut[at] = item;
            result?;
            collapse(target, at);
            return Ok(());
        }
        if !rest.is_empty() {
            return Err(QError::type_error());
        }
        let new = match (self.function, y) {
            (None, Some(y)) => y,
            (_, y) => {
                let mut item = target.item(at).ok_or_else(|| self.bounds.error())?;
                self.leaf(&mut item, y)?;
                item
            }
        };
        set_item(target, at, new)
    }

    fn walk_dict(
        &mut self,
        target: &mut Value,
        i: &Value,
        rest: &[Value],
        y: Option<Value>,
    ) -> QResult<()> {
        let Value::Dict(shared) = target else {
            return Err(QError::type_error());
        };
        if shared.step {
            return Err(QError::new("step"));
        }
        if matches!(i, Value::Identity | Value::Elided) {
            if rest.is_empty() && self.function.is_none() && self.bounds == Bounds::Length {
                // `d[::]:y` is not defined
                return Err(QError::new("adict"));
            }
            let keys = shared.keys.clone();
            return self.each_index(target, &keys, rest, y);
        }
        if target.is_keyed_table() {
            return self.walk_keyed(target, i, rest, y);
        }
        let Value::Dict(shared) = target else {
            return Err(QError::type_error());
        };
        let one_key = !i.is_list()
            || shared.keys.type_number() == 0
                && shared.keys.count() > 0
                && !key_is_atom(&shared.keys);
        if !one_key {
            let keys = i.clone();
            return self.each_index(target, &keys, rest, y);
        }
        let found = key_position(&shared.keys, i)?;
        let dict = Arc::make_mut(shared);
        match found {
            Some(at) => self.walk(
                &mut dict.values,
                &with_first(Value::Long(at as i64), rest),
                y,
            ),
            None => {
                let value = self.missing_entry(&dict.values, rest, y)?;
                insert_entry(dict, i.clone(), value)
            }
        }
    }

    /// What a new key of a dictionary gets: arithmetic starts from the operator's identity, as for an undefined name; all
    /// else from the null that a look-up of the key gives.
    fn missing_entry(
        &mut self,
        values: &Value,
        rest: &[Value],
        y: Option<Value>,
    ) -> QResult<Value> {
        if rest.is_empty()
            && let Some(y) = &y
            && (self.function.is_none() || !matches!(values, Value::Table(_)))
        {
            match self.function {
                None => return Ok(y.clone()),
                Some(Value::Binary(op)) => {
                    if let Some(value) = from_identity(*op, y) {
                        return value;
                    }
                }
                Some(_) => {}
            }
        }
        let mut value = missing_item(values);
        self.walk(&mut value, rest, y)?;
        Ok(value)
    }

    /// `kt[key]:row`, `kt[key;column]:value`.
    fn walk_keyed(
        &mut self,
        target: &mut Value,
        i: &Value,
        rest: &[Value],
        y: Option<Value>,
    ) -> QResult<()> {
        let Value::Dict(shared) = target else {
            return Err(QError::type_error());
        };
        let Value::Table(keys) = &shared.keys else {
            return Err(QError::type_error());
        };
        if let Value::Symbol(name) = i
            && keys.column(*name).is_none()
            && keys.columns.len() != 1
        {
            return Err(QError::type_error());
        }
        let row = match i {
            Value::Dict(_) => i.clone(),
            Value::Table(_) => {
                let keys = i.clone();
                if rest.is_empty() {
                    self.check_rows(shared, &keys, y.as_ref())?;
                }
                return self.each_index(target, &keys, rest, y);
            }
            i if keys.columns.len() == 1 && i.is_list() && i.count() != 1 => {
                let keys = i.clone();
                if rest.is_empty() {
                    self.check_rows(shared, &keys, y.as_ref())?;
                }
                return self.each_index(target, &keys, rest, y);
            }
            i if i.is_list() && i.count() == keys.columns.len() => {
                Value::dict(Value::Symbols(keys.names.clone()), i.clone())
            }
            i if keys.columns.len() == 1 => {
                Value::dict(Value::Symbols(keys.names.clone()), i.clone().enlist())
            }
            _ => return Err(QError::length()),
        };
        let found = key_position(&shared.keys, &row)?;
        let dict = Arc::make_mut(shared);
        match found {
            Some(at) => self.walk(
                &mut dict.values,
                &with_first(Value::Long(at as i64), rest),
                y,
            ),
            None => {
                append::check_row(&dict.keys, &row)?;
                let values = self.missing_entry(&dict.values, rest, y)?;
                append::append_row(&mut dict.values, &values)?;
                append::append_row(&mut dict.keys, &row)
            }
        }
    }
}

/// Errors when keys or values assigned to a dictionary do not fit, before any is written.
fn check_entries(dict: &Dict, keys: &Value, y: &Value) -> QResult<()> {
    for at in 0..keys.count() {
        let key = keys.item(at).ok_or_else(QError::index)?;
        if dict.values.is_vector() && !append::accepts(&dict.values, &item_or_whole(y, at)) {
            return Err(append::cast_or_type(&dict.values));
        }
        if dict.keys.is_vector()
            && !append::accepts(&dict.keys, &key)
            && key_position(&dict.keys, &key)?.is_none()
        {
            return Err(QError::type_error());
        }
    }
    Ok(())
}

/// Items of a list as they were, for an amend that fails after it has written some.
struct Before {
    places: Vector<i64>,
    items: Value,
    is_general: bool,
    attribute: Attribute,
}

impl Before {
    /// `None` of what is no list.
    fn of(target: &Value, places: Vector<i64>) -> Option<Before> {
        target.is_list().then(|| Before {
            items: index::gather_longs(target, &places),
            places,
            is_general: matches!(target, Value::List(_)),
            attribute: target.attribute(),
        })
    }

    fn put_back(self, target: &mut Value) -> QResult<()> {
        let count = target.count();
        if self.is_general && target.is_vector() {
            // its items had become atoms of one type
            *target = Value::list(target.items());
        }
        for (at, place) in self.places.iter().enumerate() {
            let place = usize::try_from(*place).ok().filter(|place| *place < count);
            let (Some(place), Some(item)) = (place, self.items.item(at)) else {
                continue;
            };
            match target {
                Value::List(items) => items.make_mut()[place] = item,
                _ => set_item(target, place, item)?,
            }
        }
        if !self.is_general {
            let whole = std::mem::replace(target, Value::Identity);
            *target = whole.with_attribute(self.attribute);
        }
        Ok(())
    }
}

/// The operator's identity with a value on its right, in the value's own type; `None` of operators whose identity is no
/// number.
fn from_identity(op: Binary, y: &Value) -> Option<QResult<Value>> {
    match op {
        Binary::Add | Binary::Multiply | Binary::And | Binary::Or => Some(Ok(y.clone())),
        Binary::Subtract => {
            let zero = q_kernels::binary(Binary::Subtract, y.clone(), y.clone());
            Some(zero.and_then(|zero| q_kernels::binary(Binary::Subtract, zero, y.clone())))
        }
        _ => None,
    }
}

/// A value as a column of that many rows; atoms extend.
pub(crate) fn column_of(value: Value, rows: usize) -> QResult<Value> {
    if value.is_list() {
        if value.count() != rows {
            return Err(QError::length());
        }
        return Ok(value);
    }
    q_kernels::binary(Binary::Take, Value::Long(rows as i64), value)
}

fn with_first(first: Value, rest: &[Value]) -> Vec<Value> {
    let mut path = Vec::with_capacity(rest.len() + 1);
    path.push(first);
    path.extend_from_slice(rest);
    path
}

/// The item of a list at a position, the row of a table; anything else as a whole.
pub(crate) fn item_or_whole(value: &Value, at: usize) -> Value {
    if value.is_list() || matches!(value, Value::Table(_)) {
        value.item(at).unwrap_or(Value::Identity)
    } else {
        value.clone()
    }
}

/// True when the keys are a general list that starts with an atom.
fn key_is_atom(keys: &Value) -> bool {
    matches!(keys, Value::List(items) if items.first().is_some_and(Value::is_atom))
}

/// Where a key stands, the whole of `key` being one key.
pub(crate) fn key_position(keys: &Value, key: &Value) -> QResult<Option<usize>> {
    let count = keys.count();
    let key = &append::narrowed_key(keys, key);
    let found = match (keys, key) {
        (Value::Symbols(keys), Value::Symbol(name)) => crate::key_index::position(keys, *name),
        (Value::Longs(keys), Value::Long(number)) => crate::key_index::position(keys, *number),
        (Value::List(keys), key) => keys.iter().position(|other| other.is_identical(key)),
        (keys, key) => {
            let found = q_kernels::binary(Binary::Query, keys.clone(), key.clone())?;
            found
                .as_i64()
                .and_then(|at| usize::try_from(at).ok())
                .filter(|at| *at < count)
        }
    };
    Ok(found)
}

/// Adds a key and its value at the end of a dictionary.
fn insert_entry(dict: &mut Dict, key: Value, value: Value) -> QResult<()> {
    if !append::accepts(&dict.keys, &key) || !append::accepts(&dict.values, &value) {
        return Err(QError::type_error());
    }
    append::push(&mut dict.keys, key);
    append::push(&mut dict.values, value);
    Ok(())
}

/// Sets one item; `'type` when a vector cannot hold it.
pub(crate) fn set_item(target: &mut Value, at: usize, value: Value) -> QResult<()> {
    let value = append::narrowed(target, value);
    macro_rules! set {
        ($($vector:ident $atom:ident)*) => {
            match (target, value) {
                $((Value::$vector(items), Value::$atom(value)) => {
                    items.make_mut()[at] = value;
                    Ok(())
                })*
                (Value::Guids(items), Value::Guid(value)) => {
                    items.make_mut()[at] = *value;
                    Ok(())
                }
                (Value::Enums(vector), value) => {
                    let index = append::enum_index(vector.domain, &value)?;
                    Arc::make_mut(vector).indices.make_mut()[at] = index;
                    Ok(())
                }
                (target @ Value::List(_), value) => {
                    if let Value::List(items) = target {
                        items.make_mut()[at] = value;
                    }
                    collapse(target, at);
                    Ok(())
                }
                _ => Err(QError::type_error()),
            }
        };
    }
    set!(Booleans Boolean Bytes Byte Shorts Short Ints Int Longs Long Reals Real Floats Float Chars Char Symbols Symbol
        Timestamps Timestamp Months Month Dates Date Datetimes Datetime Timespans Timespan Minutes Minute Seconds Second Times Time)
}

/// A general list of which item `at` was just set becomes a vector when all its items are atoms of one type.
fn collapse(target: &mut Value, at: usize) {
    let Value::List(items) = target else {
        return;
    };
    let number = items[at].type_number();
    if number >= 0 || items.iter().any(|item| item.type_number() != number) {
        return;
    }
    let items = std::mem::take(items);
    *target = Value::from_items(items.into_vec());
}

/// A vector of nulls as long as `list`.
pub(crate) fn nulls_like(list: &Value, count: usize) -> Value {
    index::gather_longs(list, &vec![i64::null(); count])
}
