//! Pattern assignment of 4.1: taking values apart.

use q_value::{Dict, QError, QResult, Symbol, Type, Value};

use crate::amend::Bounds;
use crate::globals::GlobalId;
use crate::index;
use crate::interpreter::Interpreter;

/// Where a name of a pattern lives.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place {
    Local(u16),
    Global(GlobalId),
}

/// A pattern with its names resolved. Filters, indices and constants are operands: numbers of values that were computed
/// before the pattern is bound.
#[derive(Debug)]
pub(crate) enum BoundPattern {
    Any,
    Place(Place),
    Filtered {
        pattern: Box<BoundPattern>,
        filter: usize,
    },
    Indexed {
        place: Place,
        indices: Vec<usize>,
    },
    Constant(usize),
    List(Vec<BoundPattern>),
    Dict(Vec<(Symbol, BoundPattern)>),
    Table {
        keys: Vec<(Symbol, BoundPattern)>,
        columns: Vec<(Symbol, BoundPattern)>,
    },
    Bang(Box<BoundPattern>, Box<BoundPattern>),
    Flip(Box<BoundPattern>),
}

/// A whole pattern with the number of its operands.
#[derive(Debug)]
pub(crate) struct PatternCode {
    pub pattern: BoundPattern,
    pub operands: usize,
}

/// What is to be written once the whole pattern matches.
enum Write {
    Name(Place, Value),
    Item(Place, Vec<Value>, Value),
}

struct Binding<'a> {
    operands: &'a [Value],
    writes: Vec<Write>,
}

impl Interpreter {
    /// Binds the names of a pattern to the parts of a value, in the frame at `base`; nothing is bound when it does not
    /// match. Returns the value as the filters left it, or `None`.
    pub(crate) fn bind(
        &mut self,
        code: &PatternCode,
        operands: &[Value],
        value: Value,
        base: usize,
    ) -> QResult<Option<Value>> {
        let mut binding = Binding {
            operands,
            writes: Vec::new(),
        };
        let Some(value) = self.match_pattern(&mut binding, &code.pattern, value)? else {
            return Ok(None);
        };
        for write in binding.writes {
            match write {
                Write::Name(place, value) => self.set_place(place, value, base)?,
                Write::Item(place, path, value) => {
                    let mut target = match place {
                        Place::Local(slot) => self.take_place(base + usize::from(slot)),
                        Place::Global(id) => self.read_global(id)?,
                    };
                    let result = crate::amend::assign(&mut target, &path, value, Bounds::Length);
                    self.set_place(place, target, base)?;
                    result?;
                }
            }
        }
        Ok(Some(value))
    }

    fn match_pattern(
        &mut self,
        binding: &mut Binding<'_>,
        pattern: &BoundPattern,
        value: Value,
    ) -> QResult<Option<Value>> {
        match pattern {
            BoundPattern::Any => Ok(Some(value)),
            BoundPattern::Place(place) => {
                binding.writes.push(Write::Name(*place, value.clone()));
                Ok(Some(value))
            }
            BoundPattern::Filtered { pattern, filter } => {
                let filter = binding.operands[*filter].clone();
                if let Value::Symbol(name) = &filter {
                    if !has_type(&value, *name)? {
                        return Err(QError::type_error());
                    }
                    return self.match_pattern(binding, pattern, value);
                }
                let filtered = self.apply_one(&filter, value)?;
                self.match_pattern(binding, pattern, filtered)
            }
            BoundPattern::Indexed { place, indices } => {
                let path = indices
                    .iter()
                    .map(|index| binding.operands[*index].clone())
                    .collect();
                binding
                    .writes
                    .push(Write::Item(*place, path, value.clone()));
                Ok(Some(value))
            }
            BoundPattern::Constant(constant) => {
                let matches = crate::dispatch::is_match(&binding.operands[*constant], &value);
                Ok(matches.then_some(value))
            }
            BoundPattern::List(items) => {
                if !(value.is_list() || matches!(value, Value::Table(_)))
                    || value.count() != items.len()
                {
                    return Ok(None);
                }
                let mut parts = Vec::with_capacity(items.len());
                for (at, item) in items.iter().enumerate() {
                    let part = value.item(at).ok_or_else(QError::length)?;
                    match self.match_pattern(binding, item, part)? {
                        Some(part) => parts.push(part),
                        None => return Ok(None),
                    }
                }
                Ok(Some(if parts.is_empty() {
                    value
                } else {
                    Value::from_items(parts)
                }))
            }
            BoundPattern::Dict(entries) => {
                let Value::Dict(dict) = &value else {
                    return Ok(None);
                };
                let mut changed = value.clone();
                for (name, pattern) in entries {
                    let Some(part) = index::dict_entry(dict, *name) else {
                        return Ok(None);
                    };
                    let Some(part) = self.match_pattern(binding, pattern, part)? else {
                        return Ok(None);
                    };
                    crate::amend::assign(
                        &mut changed,
                        &[Value::Symbol(*name)],
                        part,
                        Bounds::Length,
                    )?;
                }
                Ok(Some(changed))
            }
            BoundPattern::Table { keys, columns } => {
                let (key_part, value_part) = match &value {
                    Value::Table(_) if keys.is_empty() => (None, value.clone()),
                    Value::Dict(dict) if value.is_keyed_table() && !keys.is_empty() => {
                        (Some(dict.keys.clone()), dict.values.clone())
                    }
                    _ => return Ok(None),
                };
                let key_part = match key_part {
                    None => None,
                    Some(part) => match self.match_columns(binding, keys, part)? {
                        Some(part) => Some(part),
                        None => return Ok(None),
                    },
                };
                let Some(values) = self.match_columns(binding, columns, value_part)? else {
                    return Ok(None);
                };
                Ok(Some(match key_part {
                    Some(keys) => Value::dict(keys, values),
                    None => values,
                }))
            }
            BoundPattern::Bang(keys, values) => {
                let Value::Dict(dict) = &value else {
                    return Ok(None);
                };
                let Dict {
                    keys: own_keys,
                    values: own_values,
                    ..
                } = &**dict;
                if let BoundPattern::Constant(wanted) = &**keys {
                    let part = index::index(&value, &binding.operands[*wanted])?;
                    return Ok(self.match_pattern(binding, values, part)?.map(|_| value));
                }
                let Some(new_keys) = self.match_pattern(binding, keys, own_keys.clone())? else {
                    return Ok(None);
                };
                let new_values = self.match_pattern(binding, values, own_values.clone())?;
                Ok(new_values.map(|new_values| Value::dict(new_keys, new_values)))
            }
            BoundPattern::Flip(columns) => {
                if !matches!(value, Value::Table(_)) {
                    return Ok(None);
                }
                let flipped = q_kernels::unary(q_value::Unary::Flip, value.clone())?;
                Ok(self
                    .match_pattern(binding, columns, flipped)?
                    .map(|_| value))
            }
        }
    }

    fn match_columns(
        &mut self,
        binding: &mut Binding<'_>,
        columns: &[(Symbol, BoundPattern)],
        part: Value,
    ) -> QResult<Option<Value>> {
        let Value::Table(table) = &part else {
            return Ok(None);
        };
        let mut changed = part.clone();
        for (name, pattern) in columns {
            let Some(column) = table.column(*name).cloned() else {
                return Ok(None);
            };
            let Some(column) = self.match_pattern(binding, pattern, column)? else {
                return Ok(None);
            };
            crate::amend::assign(
                &mut changed,
                &[Value::Symbol(*name)],
                column,
                Bounds::Length,
            )?;
        }
        Ok(Some(changed))
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
    Ok(value.type_number()
        == if letter.is_ascii_uppercase() {
            number
        } else {
            -number
        })
}
