//! Pattern assignment of 4.1: taking values apart.

use q_value::{QError, QResult, Symbol, Type, Value};

use crate::amend::Bounds;
use crate::globals::GlobalId;
use crate::index;
use crate::interpreter::Interpreter;

/// Where a name of a pattern lives.
#[derive(Debug, Clone, Copy)]
pub enum Place {
    Local(u16),
    Global(GlobalId),
}

/// A pattern with its names resolved; filters, indices and constants are parse trees.
pub enum BoundPattern {
    Any,
    Place(Place),
    Filtered { pattern: Box<BoundPattern>, filter: Value },
    Indexed { place: Place, indices: Vec<Value> },
    Constant(Value),
    List(Vec<BoundPattern>),
    Dict(Vec<(Symbol, BoundPattern)>),
    Table { keys: Vec<(Symbol, BoundPattern)>, columns: Vec<(Symbol, BoundPattern)> },
    Bang(Box<BoundPattern>, Box<BoundPattern>),
    Flip(Box<BoundPattern>),
}

impl Interpreter {
    /// Binds the names of a pattern to the parts of a value, in the frame at `base`; false when it does not match.
    pub(crate) fn bind(&mut self, pattern: &BoundPattern, value: &Value, base: usize) -> QResult<bool> {
        match pattern {
            BoundPattern::Any => Ok(true),
            BoundPattern::Place(place) => {
                self.set_place(*place, value.clone(), base)?;
                Ok(true)
            }
            BoundPattern::Filtered { pattern, filter } => {
                let filter = self.eval(filter)?;
                if let Value::Symbol(name) = &filter {
                    if !has_type(value, *name)? {
                        return Err(QError::type_error());
                    }
                    return self.bind(pattern, value, base);
                }
                let filtered = self.apply_one(&filter, value.clone())?;
                self.bind(pattern, &filtered, base)
            }
            BoundPattern::Indexed { place, indices } => {
                let indices: Vec<Value> = indices.iter().map(|index| self.eval(index)).collect::<QResult<_>>()?;
                let mut target = match place {
                    Place::Local(slot) => self.take_place(base + usize::from(*slot)),
                    Place::Global(id) => self.read_global(*id)?,
                };
                let result = crate::amend::assign(&mut target, &indices, value.clone(), Bounds::Length);
                self.set_place(*place, target, base)?;
                result?;
                Ok(true)
            }
            BoundPattern::Constant(constant) => {
                let constant = self.eval(constant)?;
                Ok(crate::dispatch::is_match(&constant, value))
            }
            BoundPattern::List(items) => {
                if !(value.is_list() || matches!(value, Value::Table(_))) || value.count() != items.len() {
                    return Ok(false);
                }
                for (at, item) in items.iter().enumerate() {
                    let part = value.item(at).ok_or_else(QError::length)?;
                    if !self.bind(item, &part, base)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            BoundPattern::Dict(entries) => {
                let Value::Dict(dict) = value else {
                    return Ok(false);
                };
                for (name, pattern) in entries {
                    let Some(part) = index::dict_entry(dict, *name) else {
                        return Ok(false);
                    };
                    if !self.bind(pattern, &part, base)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            BoundPattern::Table { keys, columns } => {
                let (key_part, value_part) = match value {
                    Value::Table(_) if keys.is_empty() => (None, value.clone()),
                    Value::Dict(dict) if value.is_keyed_table() && !keys.is_empty() => {
                        (Some(dict.keys.clone()), dict.values.clone())
                    }
                    _ => return Ok(false),
                };
                if let Some(part) = key_part
                    && !self.bind_columns(keys, &part, base)?
                {
                    return Ok(false);
                }
                self.bind_columns(columns, &value_part, base)
            }
            BoundPattern::Bang(keys, values) => {
                let Value::Dict(dict) = value else {
                    return Ok(false);
                };
                if let BoundPattern::Constant(wanted) = &**keys {
                    let wanted = self.eval(wanted)?;
                    let part = index::index(value, &wanted)?;
                    return self.bind(values, &part, base);
                }
                Ok(self.bind(keys, &dict.keys, base)? && self.bind(values, &dict.values, base)?)
            }
            BoundPattern::Flip(columns) => {
                if !matches!(value, Value::Table(_)) {
                    return Ok(false);
                }
                let flipped = q_kernels::unary(q_value::Unary::Flip, value.clone())?;
                self.bind(columns, &flipped, base)
            }
        }
    }

    fn bind_columns(&mut self, columns: &[(Symbol, BoundPattern)], part: &Value, base: usize) -> QResult<bool> {
        let Value::Table(table) = part else {
            return Ok(false);
        };
        for (name, pattern) in columns {
            let Some(column) = table.column(*name).cloned() else {
                return Ok(false);
            };
            if !self.bind(pattern, &column, base)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn set_place(&mut self, place: Place, value: Value, base: usize) -> QResult<()> {
        match place {
            Place::Local(slot) => {
                self.stack[base + usize::from(slot)] = value;
                Ok(())
            }
            Place::Global(id) => self.write_global(id, value),
        }
    }
}

/// True when the value has the type a filter names: `` `j `` an atom, `` `J `` a vector, names alike.
fn has_type(value: &Value, name: Symbol) -> QResult<bool> {
    let text = name.as_bytes();
    let letter = match text {
        [letter] => *letter,
        text => {
            let ty = Type::from_name(text).ok_or_else(QError::type_error)?;
            ty.letter()
        }
    };
    if letter == b'*' || letter == b' ' {
        return Ok(true);
    }
    let ty = Type::from_letter(letter.to_ascii_lowercase()).ok_or_else(QError::type_error)?;
    let number = ty as i16;
    Ok(value.type_number() == if letter.is_ascii_uppercase() { number } else { -number })
}
