//! Pattern assignment of 4.1: taking values apart.

use q_value::{QError, QResult, Symbol, Type, Value};

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
        position: usize,
    },
    Indexed {
        place: Place,
        indices: Vec<usize>,
    },
    Constant(usize),
    /// Items, each with the place of the caret when it is a constant that differs; and where the list begins.
    List(Vec<(BoundPattern, usize)>, usize),
    /// Entries, and where the colon of each stands.
    Dict(Vec<(Symbol, BoundPattern)>, Vec<usize>),
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

/// Why a value was not bound.
pub(crate) enum Unbound {
    /// It does not match: what an assignment signals. A pattern conditional goes on with its next pattern.
    Mismatch(QError),
    /// Something else went wrong.
    Failed(QError),
}

impl From<QError> for Unbound {
    fn from(error: QError) -> Unbound {
        Unbound::Failed(error)
    }
}

impl From<Unbound> for QError {
    fn from(unbound: Unbound) -> QError {
        match unbound {
            Unbound::Mismatch(error) | Unbound::Failed(error) => error,
        }
    }
}

fn mismatch<T>() -> Result<T, Unbound> {
    Err(Unbound::Mismatch(QError::new("match")))
}

/// A mismatch placed, unless an inner one is.
fn placed(unbound: Unbound, position: usize) -> Unbound {
    match unbound {
        Unbound::Mismatch(error) => Unbound::Mismatch(error.at(position)),
        failed => failed,
    }
}

struct Binding<'a> {
    operands: &'a [Value],
    writes: Vec<Write>,
}

impl Interpreter {
    /// Binds the names of a pattern to the parts of a value, in the frame at `base`; nothing is bound when it does not
    /// match. Returns the value as the filters left it.
    pub(crate) fn bind(
        &mut self,
        code: &PatternCode,
        operands: &[Value],
        value: Value,
        base: usize,
    ) -> Result<Value, Unbound> {
        let mut binding = Binding {
            operands,
            writes: Vec::new(),
        };
        let value = self.match_pattern(&mut binding, &code.pattern, value)?;
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
        Ok(value)
    }

    fn match_pattern(
        &mut self,
        binding: &mut Binding<'_>,
        pattern: &BoundPattern,
        value: Value,
    ) -> Result<Value, Unbound> {
        match pattern {
            BoundPattern::Any => Ok(value),
            BoundPattern::Place(place) => {
                binding.writes.push(Write::Name(*place, value.clone()));
                Ok(value)
            }
            BoundPattern::Filtered {
                pattern,
                filter,
                position,
            } => {
                let filter = binding.operands[*filter].clone();
                if let Value::Symbol(name) = &filter {
                    if !has_type(&value, *name)? {
                        return Err(Unbound::Mismatch(QError::type_error().at(*position)));
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
                Ok(value)
            }
            BoundPattern::Constant(constant) => {
                if crate::dispatch::is_match(&binding.operands[*constant], &value) {
                    Ok(value)
                } else {
                    mismatch()
                }
            }
            BoundPattern::List(items, position) => {
                if !(value.is_list() || matches!(value, Value::Table(_))) {
                    return Err(Unbound::Mismatch(QError::type_error().at(*position)));
                }
                if value.count() != items.len() {
                    return Err(Unbound::Mismatch(QError::length().at(*position)));
                }
                let mut parts = Vec::with_capacity(items.len());
                for (at, (item, position)) in items.iter().enumerate() {
                    let part = value.item(at).ok_or_else(QError::length)?;
                    let part = self.match_pattern(binding, item, part);
                    parts.push(part.map_err(|unbound| placed(unbound, *position))?);
                }
                Ok(if parts.is_empty() {
                    value
                } else {
                    Value::from_items(parts)
                })
            }
            BoundPattern::Dict(entries, positions) => {
                let Value::Dict(dict) = &value else {
                    return mismatch();
                };
                let mut changed = value.clone();
                for ((name, pattern), position) in entries.iter().zip(positions) {
                    let part = match index::dict_entry(dict, *name) {
                        Some(part) => self.match_pattern(binding, pattern, part),
                        None => mismatch(),
                    };
                    let part = part.map_err(|unbound| placed(unbound, *position))?;
                    crate::amend::assign(
                        &mut changed,
                        &[Value::Symbol(*name)],
                        part,
                        Bounds::Length,
                    )?;
                }
                Ok(changed)
            }
            BoundPattern::Table { keys, columns } => {
                let (key_part, value_part) = match &value {
                    Value::Table(_) if keys.is_empty() => (None, value.clone()),
                    Value::Dict(dict) if value.is_keyed_table() && !keys.is_empty() => {
                        (Some(dict.keys.clone()), dict.values.clone())
                    }
                    _ => return mismatch(),
                };
                let key_part = match key_part {
                    None => None,
                    Some(part) => Some(self.match_columns(binding, keys, part)?),
                };
                let values = self.match_columns(binding, columns, value_part)?;
                Ok(match key_part {
                    Some(keys) => Value::dict(keys, values),
                    None => values,
                })
            }
            BoundPattern::Bang(keys, values) => {
                let Value::Dict(dict) = &value else {
                    return mismatch();
                };
                if let BoundPattern::Constant(wanted) = &**keys {
                    let wanted = binding.operands[*wanted].clone();
                    return self.match_entries(binding, &wanted, values, value);
                }
                let new_keys = self.match_pattern(binding, keys, dict.keys.clone())?;
                let new_values = self.match_pattern(binding, values, dict.values.clone())?;
                Ok(Value::dict(new_keys, new_values))
            }
            BoundPattern::Flip(columns) => {
                if !matches!(value, Value::Table(_)) {
                    return mismatch();
                }
                let flipped = q_kernels::unary(q_value::Unary::Flip, value.clone())?;
                self.match_pattern(binding, columns, flipped)?;
                Ok(value)
            }
        }
    }

    /// `keys!values` with constant keys: each must be there, its value matches its own pattern.
    fn match_entries(
        &mut self,
        binding: &mut Binding<'_>,
        keys: &Value,
        values: &BoundPattern,
        value: Value,
    ) -> Result<Value, Unbound> {
        let Value::Dict(dict) = &value else {
            return mismatch();
        };
        let (own, wanted) = (dict.keys.items(), keys.items());
        for (at, key) in wanted.iter().enumerate() {
            if own.iter().any(|own| crate::dispatch::is_match(own, key)) {
                continue;
            }
            // the caret stands below the pattern of the missing key
            let position = match values {
                BoundPattern::List(items, _) => items.get(at).map(|(_, position)| *position),
                _ => None,
            };
            let error = QError::new("match");
            return Err(Unbound::Mismatch(match position {
                Some(position) => error.at(position),
                None => error,
            }));
        }
        let part = index::index(&value, keys)?;
        self.match_pattern(binding, values, part)?;
        Ok(value)
    }

    fn match_columns(
        &mut self,
        binding: &mut Binding<'_>,
        columns: &[(Symbol, BoundPattern)],
        part: Value,
    ) -> Result<Value, Unbound> {
        let Value::Table(table) = &part else {
            return mismatch();
        };
        let mut changed = part.clone();
        for (name, pattern) in columns {
            let Some(column) = table.column(*name).cloned() else {
                return mismatch();
            };
            let column = self.match_pattern(binding, pattern, column)?;
            crate::amend::assign(
                &mut changed,
                &[Value::Symbol(*name)],
                column,
                Bounds::Length,
            )?;
        }
        Ok(changed)
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
