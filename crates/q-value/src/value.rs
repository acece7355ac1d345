//! The value itself: one enum of 16 bytes.

use std::sync::Arc;

use crate::{
    Attribute, Binary, Derived, Dict, Element, EnumAtom, EnumVector, Guid, Iterator, Lambda,
    Native, Partitioned, Projection, Symbol, Table, Type, Unary, Vector,
};

/// Any q value. Atoms and vectors have one variant per basic type; temporal types share storage with `i32`, `i64` and
/// `f64` ([`Value::storage`] and the `from_*` constructors treat them alike).
#[derive(Clone)]
pub enum Value {
    Boolean(bool),
    Guid(Arc<Guid>),
    Byte(u8),
    Short(i16),
    Int(i32),
    Long(i64),
    Real(f32),
    Float(f64),
    Char(u8),
    Symbol(Symbol),
    Timestamp(i64),
    Month(i32),
    Date(i32),
    Datetime(f64),
    Timespan(i64),
    Minute(i32),
    Second(i32),
    Time(i32),
    /// An item of an enumeration.
    Enum(Arc<EnumAtom>),
    Booleans(Vector<bool>),
    Guids(Vector<Guid>),
    Bytes(Vector<u8>),
    Shorts(Vector<i16>),
    Ints(Vector<i32>),
    Longs(Vector<i64>),
    Reals(Vector<f32>),
    Floats(Vector<f64>),
    Chars(Vector<u8>),
    Symbols(Vector<Symbol>),
    Timestamps(Vector<i64>),
    Months(Vector<i32>),
    Dates(Vector<i32>),
    Datetimes(Vector<f64>),
    Timespans(Vector<i64>),
    Minutes(Vector<i32>),
    Seconds(Vector<i32>),
    Times(Vector<i32>),
    Enums(Arc<EnumVector>),
    /// A general list (type 0).
    List(Vector<Value>),
    Table(Arc<Table>),
    /// A table of a partitioned database, read only when queried.
    Partitioned(Arc<Partitioned>),
    Dict(Arc<Dict>),
    Lambda(Arc<Lambda>),
    /// The generic null `::`.
    Identity,
    /// An argument left out: `f[;1]`.
    Elided,
    Unary(Unary),
    Binary(Binary),
    Iterator(Iterator),
    Projection(Arc<Projection>),
    /// Functions applied right to left; at least two, the last one may take several arguments.
    Composition(Arc<Vec<Value>>),
    Derived(Arc<Derived>),
    Native(&'static Native),
}

const _: () = assert!(size_of::<Value>() == 16);

/// Runs `$body` with `$v` bound to the `Vector<_>` of a vector value, whatever its type (enumerations excepted).
#[macro_export]
macro_rules! with_vector {
    ($value:expr, $v:ident => $body:expr, else $other:expr) => {
        match $value {
            $crate::Value::Booleans($v) => $body,
            $crate::Value::Guids($v) => $body,
            $crate::Value::Bytes($v) => $body,
            $crate::Value::Shorts($v) => $body,
            $crate::Value::Ints($v) => $body,
            $crate::Value::Longs($v) => $body,
            $crate::Value::Reals($v) => $body,
            $crate::Value::Floats($v) => $body,
            $crate::Value::Chars($v) => $body,
            $crate::Value::Symbols($v) => $body,
            $crate::Value::Timestamps($v) => $body,
            $crate::Value::Months($v) => $body,
            $crate::Value::Dates($v) => $body,
            $crate::Value::Datetimes($v) => $body,
            $crate::Value::Timespans($v) => $body,
            $crate::Value::Minutes($v) => $body,
            $crate::Value::Seconds($v) => $body,
            $crate::Value::Times($v) => $body,
            $crate::Value::List($v) => $body,
            _ => $other,
        }
    };
}

/// The storage of an atom, types that share one alike.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum AtomStorage {
    Bool(bool),
    U8(u8),
    I16(i16),
    I32(i32),
    I64(i64),
    F32(f32),
    F64(f64),
    Guid(Guid),
    Symbol(Symbol),
}

/// The storage of a vector, types that share one alike.
#[derive(Clone)]
pub enum VectorStorage {
    Bool(Vector<bool>),
    U8(Vector<u8>),
    I16(Vector<i16>),
    I32(Vector<i32>),
    I64(Vector<i64>),
    F32(Vector<f32>),
    F64(Vector<f64>),
    Guid(Vector<Guid>),
    Symbol(Vector<Symbol>),
}

impl Value {
    /// A char vector.
    pub fn string(text: impl AsRef<[u8]>) -> Value {
        Value::Chars(Vector::new(text.as_ref().to_vec()))
    }

    pub fn symbol(text: impl AsRef<[u8]>) -> Value {
        Value::Symbol(Symbol::new(text))
    }

    pub fn symbols<S: AsRef<[u8]>>(texts: impl IntoIterator<Item = S>) -> Value {
        Value::Symbols(texts.into_iter().map(Symbol::new).collect())
    }

    pub fn list(items: Vec<Value>) -> Value {
        Value::List(Vector::new(items))
    }

    /// The empty general list `()`.
    pub fn empty_list() -> Value {
        Value::list(Vec::new())
    }

    pub fn dict(keys: Value, values: Value) -> Value {
        Value::Dict(Arc::new(Dict {
            keys,
            values,
            step: false,
        }))
    }

    pub fn table(names: Vector<Symbol>, columns: Vec<Value>) -> Value {
        Value::Table(Arc::new(Table::new(names, columns)))
    }

    pub fn enums(domain: Symbol, indices: Vector<i64>) -> Value {
        Value::Enums(Arc::new(EnumVector { domain, indices }))
    }

    pub fn derived(iterator: Iterator, function: Value) -> Value {
        Value::Derived(Arc::new(Derived { iterator, function }))
    }

    pub fn projection(function: Value, arguments: Vec<Option<Value>>) -> Value {
        Value::Projection(Arc::new(Projection {
            function,
            arguments,
        }))
    }

    /// What `type` gives: negative for atoms, 0 for general lists, positive for everything else.
    pub fn type_number(&self) -> i16 {
        match self {
            Value::Boolean(_) => -(Type::Boolean as i16),
            Value::Guid(_) => -(Type::Guid as i16),
            Value::Byte(_) => -(Type::Byte as i16),
            Value::Short(_) => -(Type::Short as i16),
            Value::Int(_) => -(Type::Int as i16),
            Value::Long(_) => -(Type::Long as i16),
            Value::Real(_) => -(Type::Real as i16),
            Value::Float(_) => -(Type::Float as i16),
            Value::Char(_) => -(Type::Char as i16),
            Value::Symbol(_) => -(Type::Symbol as i16),
            Value::Timestamp(_) => -(Type::Timestamp as i16),
            Value::Month(_) => -(Type::Month as i16),
            Value::Date(_) => -(Type::Date as i16),
            Value::Datetime(_) => -(Type::Datetime as i16),
            Value::Timespan(_) => -(Type::Timespan as i16),
            Value::Minute(_) => -(Type::Minute as i16),
            Value::Second(_) => -(Type::Second as i16),
            Value::Time(_) => -(Type::Time as i16),
            Value::Enum(_) => -20,
            Value::Booleans(_) => Type::Boolean as i16,
            Value::Guids(_) => Type::Guid as i16,
            Value::Bytes(_) => Type::Byte as i16,
            Value::Shorts(_) => Type::Short as i16,
            Value::Ints(_) => Type::Int as i16,
            Value::Longs(_) => Type::Long as i16,
            Value::Reals(_) => Type::Real as i16,
            Value::Floats(_) => Type::Float as i16,
            Value::Chars(_) => Type::Char as i16,
            Value::Symbols(_) => Type::Symbol as i16,
            Value::Timestamps(_) => Type::Timestamp as i16,
            Value::Months(_) => Type::Month as i16,
            Value::Dates(_) => Type::Date as i16,
            Value::Datetimes(_) => Type::Datetime as i16,
            Value::Timespans(_) => Type::Timespan as i16,
            Value::Minutes(_) => Type::Minute as i16,
            Value::Seconds(_) => Type::Second as i16,
            Value::Times(_) => Type::Time as i16,
            Value::Enums(_) => 20,
            Value::List(_) => 0,
            Value::Table(_) | Value::Partitioned(_) => 98,
            Value::Dict(_) => 99,
            Value::Lambda(_) => 100,
            Value::Native(native) => native.derivation().map_or(100, |it| it.type_number()),
            Value::Identity | Value::Elided | Value::Unary(_) => 101,
            Value::Binary(operator) if operator.composition().is_some() => 105,
            Value::Binary(_) => 102,
            Value::Iterator(_) => 103,
            Value::Projection(_) => 104,
            Value::Composition(_) => 105,
            Value::Derived(derived) => 106 + derived.iterator as i16,
        }
    }

    /// The basic type of an atom or vector; of enumerations symbol; `None` for everything else.
    pub fn basic_type(&self) -> Option<Type> {
        match self.type_number().unsigned_abs() {
            20 => Some(Type::Symbol),
            number => u8::try_from(number).ok().and_then(Type::from_number),
        }
    }

    pub fn is_atom(&self) -> bool {
        self.type_number() < 0
    }

    /// A vector, enumeration or general list.
    pub fn is_list(&self) -> bool {
        (0..=20).contains(&self.type_number())
    }

    /// A vector of a basic type or an enumeration.
    pub fn is_vector(&self) -> bool {
        (1..=20).contains(&self.type_number())
    }

    /// Anything that is applied rather than indexed.
    pub fn is_function(&self) -> bool {
        self.type_number() >= 100
    }

    /// A dictionary of two tables.
    pub fn is_keyed_table(&self) -> bool {
        matches!(self, Value::Dict(dict) if matches!((&dict.keys, &dict.values), (Value::Table(_), Value::Table(_))))
    }

    /// What `count` gives: items, rows or keys; 1 for atoms and functions.
    pub fn count(&self) -> usize {
        match self {
            Value::Enums(vector) => vector.indices.len(),
            Value::Table(table) => table.row_count(),
            Value::Dict(dict) => dict.keys.count(),
            value => with_vector!(value, v => v.len(), else 1),
        }
    }

    /// The attribute of a vector, a sorted table or a step dictionary.
    pub fn attribute(&self) -> Attribute {
        match self {
            Value::Enums(vector) => vector.indices.attribute(),
            Value::Table(table) if table.sorted => Attribute::Sorted,
            Value::Dict(dict) if dict.step => Attribute::Sorted,
            value => with_vector!(value, v => v.attribute(), else Attribute::None),
        }
    }

    /// The same vector with another attribute, unchecked; other values come back as they are.
    pub fn with_attribute(self, attribute: Attribute) -> Value {
        match self {
            Value::Booleans(v) => Value::Booleans(v.with_attribute(attribute)),
            Value::Guids(v) => Value::Guids(v.with_attribute(attribute)),
            Value::Bytes(v) => Value::Bytes(v.with_attribute(attribute)),
            Value::Shorts(v) => Value::Shorts(v.with_attribute(attribute)),
            Value::Ints(v) => Value::Ints(v.with_attribute(attribute)),
            Value::Longs(v) => Value::Longs(v.with_attribute(attribute)),
            Value::Reals(v) => Value::Reals(v.with_attribute(attribute)),
            Value::Floats(v) => Value::Floats(v.with_attribute(attribute)),
            Value::Chars(v) => Value::Chars(v.with_attribute(attribute)),
            Value::Symbols(v) => Value::Symbols(v.with_attribute(attribute)),
            Value::Timestamps(v) => Value::Timestamps(v.with_attribute(attribute)),
            Value::Months(v) => Value::Months(v.with_attribute(attribute)),
            Value::Dates(v) => Value::Dates(v.with_attribute(attribute)),
            Value::Datetimes(v) => Value::Datetimes(v.with_attribute(attribute)),
            Value::Timespans(v) => Value::Timespans(v.with_attribute(attribute)),
            Value::Minutes(v) => Value::Minutes(v.with_attribute(attribute)),
            Value::Seconds(v) => Value::Seconds(v.with_attribute(attribute)),
            Value::Times(v) => Value::Times(v.with_attribute(attribute)),
            Value::List(v) => Value::List(v.with_attribute(attribute)),
            Value::Enums(v) => {
                let EnumVector { domain, indices } = Arc::unwrap_or_clone(v);
                Value::enums(domain, indices.with_attribute(attribute))
            }
            other => other,
        }
    }

    /// The item of a list, the row of a table or the value of a dictionary at a position; `None` beyond the end.
    /// Atoms and functions have none.
    pub fn item(&self, at: usize) -> Option<Value> {
        Some(match self {
            Value::Booleans(v) => Value::Boolean(*v.get(at)?),
            Value::Guids(v) => Value::Guid(Arc::new(*v.get(at)?)),
            Value::Bytes(v) => Value::Byte(*v.get(at)?),
            Value::Shorts(v) => Value::Short(*v.get(at)?),
            Value::Ints(v) => Value::Int(*v.get(at)?),
            Value::Longs(v) => Value::Long(*v.get(at)?),
            Value::Reals(v) => Value::Real(*v.get(at)?),
            Value::Floats(v) => Value::Float(*v.get(at)?),
            Value::Chars(v) => Value::Char(*v.get(at)?),
            Value::Symbols(v) => Value::Symbol(*v.get(at)?),
            Value::Timestamps(v) => Value::Timestamp(*v.get(at)?),
            Value::Months(v) => Value::Month(*v.get(at)?),
            Value::Dates(v) => Value::Date(*v.get(at)?),
            Value::Datetimes(v) => Value::Datetime(*v.get(at)?),
            Value::Timespans(v) => Value::Timespan(*v.get(at)?),
            Value::Minutes(v) => Value::Minute(*v.get(at)?),
            Value::Seconds(v) => Value::Second(*v.get(at)?),
            Value::Times(v) => Value::Time(*v.get(at)?),
            Value::List(v) => v.get(at)?.clone(),
            Value::Enums(v) => Value::Enum(Arc::new(EnumAtom {
                domain: v.domain,
                index: *v.indices.get(at)?,
            })),
            Value::Table(table) => {
                let keys = Value::Symbols(table.names.clone());
                if let [values @ Value::Table(nested)] = &table.columns[..]
                    && (at, nested.row_count(), nested.sorted) == (0, 1, false)
                {
                    // as in `from_items`
                    return Some(Value::dict(keys, values.clone()));
                }
                let row: Option<Vec<Value>> =
                    table.columns.iter().map(|column| column.item(at)).collect();
                Value::dict(keys, Value::from_items(row?))
            }
            Value::Dict(dict) => dict.values.item(at)?,
            _ => return None,
        })
    }

    /// The items of a list, the rows of a table, the values of a dictionary; of anything else itself once.
    pub fn items(&self) -> Vec<Value> {
        match self {
            Value::List(items) => items.to_vec(),
            Value::Dict(dict) => dict.values.items(),
            value if value.is_list() || matches!(value, Value::Table(_)) => {
                (0..value.count()).filter_map(|at| value.item(at)).collect()
            }
            value => vec![value.clone()],
        }
    }

    /// A list of these items as q collapses it: a vector when all are atoms of one type (enumerations of one domain),
    /// a table when all are dictionaries with the same symbol keys, else a general list. Of nothing: `()`.
    pub fn from_items(items: Vec<Value>) -> Value {
        let Some(first) = items.first() else {
            return Value::empty_list();
        };
        let number = first.type_number();
        if number < 0 && items.iter().all(|item| item.type_number() == number) {
            return Value::vector_of_atoms(items);
        }
        if let Value::Dict(row) = first
            && let Value::Symbols(names) = &row.keys
            && !names.is_empty()
            && items.iter().all(|item| {
                matches!(item, Value::Dict(other) if matches!(&other.keys, Value::Symbols(keys) if keys[..] == names[..]))
            })
        {
            // the one value of a dictionary in a dictionary is a table already: taking its row out and making a table of
            // that again would double the work with each level
            if let ([_], [_], Value::Table(nested)) = (&items[..], &names[..], &row.values)
                && !nested.sorted
            {
                let columns = vec![row.values.clone()];
                return Value::table(names.clone().with_attribute(Attribute::None), columns);
            }
            let columns = (0..names.len())
                .map(|at| {
                    let cells = items.iter().filter_map(|item| match item {
                        Value::Dict(row) => row.values.item(at),
                        _ => None,
                    });
                    Value::from_items(cells.collect())
                })
                .collect();
            return Value::table(names.clone().with_attribute(Attribute::None), columns);
        }
        Value::list(items)
    }

    fn vector_of_atoms(items: Vec<Value>) -> Value {
        macro_rules! collect {
            ($atom:ident, $vector:ident) => {
                Value::$vector(
                    items
                        .iter()
                        .map(|item| {
                            if let Value::$atom(x) = item {
                                *x
                            } else {
                                unreachable!("one type")
                            }
                        })
                        .collect(),
                )
            };
        }
        match &items[0] {
            Value::Boolean(_) => collect!(Boolean, Booleans),
            Value::Guid(_) => Value::Guids(
                items
                    .iter()
                    .map(|item| {
                        if let Value::Guid(x) = item {
                            **x
                        } else {
                            unreachable!("one type")
                        }
                    })
                    .collect(),
            ),
            Value::Byte(_) => collect!(Byte, Bytes),
            Value::Short(_) => collect!(Short, Shorts),
            Value::Int(_) => collect!(Int, Ints),
            Value::Long(_) => collect!(Long, Longs),
            Value::Real(_) => collect!(Real, Reals),
            Value::Float(_) => collect!(Float, Floats),
            Value::Char(_) => collect!(Char, Chars),
            Value::Symbol(_) => collect!(Symbol, Symbols),
            Value::Timestamp(_) => collect!(Timestamp, Timestamps),
            Value::Month(_) => collect!(Month, Months),
            Value::Date(_) => collect!(Date, Dates),
            Value::Datetime(_) => collect!(Datetime, Datetimes),
            Value::Timespan(_) => collect!(Timespan, Timespans),
            Value::Minute(_) => collect!(Minute, Minutes),
            Value::Second(_) => collect!(Second, Seconds),
            Value::Time(_) => collect!(Time, Times),
            Value::Enum(first) => {
                let domain = first.domain;
                let indices: Option<Vector<i64>> = items
                    .iter()
                    .map(|item| match item {
                        Value::Enum(atom) if atom.domain == domain => Some(atom.index),
                        _ => None,
                    })
                    .collect();
                match indices {
                    Some(indices) => Value::enums(domain, indices),
                    None => Value::list(items),
                }
            }
            _ => Value::list(items),
        }
    }

    /// A list of this one item: a one-item vector of an atom, a one-row table of a dictionary with symbol keys.
    pub fn enlist(self) -> Value {
        Value::from_items(vec![self])
    }

    /// The null atom of a type.
    pub fn null_of(ty: Type) -> Value {
        match ty {
            Type::Boolean => Value::Boolean(false),
            Type::Guid => Value::Guid(Arc::new(Guid::null())),
            Type::Byte => Value::Byte(0),
            Type::Short => Value::Short(i16::null()),
            Type::Real => Value::Real(f32::null()),
            Type::Char => Value::Char(b' '),
            Type::Symbol => Value::Symbol(Symbol::NULL),
            Type::Int | Type::Month | Type::Date | Type::Minute | Type::Second | Type::Time => {
                Value::from_i32(ty, i32::null())
            }
            Type::Long | Type::Timestamp | Type::Timespan => Value::from_i64(ty, i64::null()),
            Type::Float | Type::Datetime => Value::from_f64(ty, f64::null()),
        }
    }

    /// An empty vector of a type.
    pub fn empty_of(ty: Type) -> Value {
        match ty {
            Type::Boolean => Value::Booleans(Vector::default()),
            Type::Guid => Value::Guids(Vector::default()),
            Type::Byte => Value::Bytes(Vector::default()),
            Type::Short => Value::Shorts(Vector::default()),
            Type::Int => Value::Ints(Vector::default()),
            Type::Long => Value::Longs(Vector::default()),
            Type::Real => Value::Reals(Vector::default()),
            Type::Float => Value::Floats(Vector::default()),
            Type::Char => Value::Chars(Vector::default()),
            Type::Symbol => Value::Symbols(Vector::default()),
            Type::Timestamp => Value::Timestamps(Vector::default()),
            Type::Month => Value::Months(Vector::default()),
            Type::Date => Value::Dates(Vector::default()),
            Type::Datetime => Value::Datetimes(Vector::default()),
            Type::Timespan => Value::Timespans(Vector::default()),
            Type::Minute => Value::Minutes(Vector::default()),
            Type::Second => Value::Seconds(Vector::default()),
            Type::Time => Value::Times(Vector::default()),
        }
    }

    /// True for the null atom of any type (blank char and empty symbol included) and for `::`.
    pub fn is_null_atom(&self) -> bool {
        match self {
            Value::Char(x) => *x == b' ',
            Value::Short(x) => x.is_null(),
            Value::Real(x) => x.is_null(),
            Value::Symbol(x) => x.is_null(),
            Value::Guid(x) => x.is_null(),
            Value::Int(x)
            | Value::Month(x)
            | Value::Date(x)
            | Value::Minute(x)
            | Value::Second(x)
            | Value::Time(x) => x.is_null(),
            Value::Long(x) | Value::Timestamp(x) | Value::Timespan(x) => x.is_null(),
            Value::Float(x) | Value::Datetime(x) => x.is_null(),
            Value::Enum(atom) => atom.index.is_null(),
            Value::Identity => true,
            _ => false,
        }
    }

    /// An atom of one of the types stored as `i64` (long, timestamp, timespan).
    ///
    /// # Panics
    /// For other types: the caller chose the storage.
    pub fn from_i64(ty: Type, x: i64) -> Value {
        match ty {
            Type::Long => Value::Long(x),
            Type::Timestamp => Value::Timestamp(x),
            Type::Timespan => Value::Timespan(x),
            _ => unreachable!("{ty:?} is not stored as i64"),
        }
    }

    /// An atom of one of the types stored as `i32` (int, month, date, minute, second, time); panics for others.
    pub fn from_i32(ty: Type, x: i32) -> Value {
        match ty {
            Type::Int => Value::Int(x),
            Type::Month => Value::Month(x),
            Type::Date => Value::Date(x),
            Type::Minute => Value::Minute(x),
            Type::Second => Value::Second(x),
            Type::Time => Value::Time(x),
            _ => unreachable!("{ty:?} is not stored as i32"),
        }
    }

    /// An atom of one of the types stored as `f64` (float, datetime); panics for others.
    pub fn from_f64(ty: Type, x: f64) -> Value {
        match ty {
            Type::Float => Value::Float(x),
            Type::Datetime => Value::Datetime(x),
            _ => unreachable!("{ty:?} is not stored as f64"),
        }
    }

    /// As [`Value::from_i64`], of a vector.
    pub fn from_i64s(ty: Type, v: Vector<i64>) -> Value {
        match ty {
            Type::Long => Value::Longs(v),
            Type::Timestamp => Value::Timestamps(v),
            Type::Timespan => Value::Timespans(v),
            _ => unreachable!("{ty:?} is not stored as i64"),
        }
    }

    /// As [`Value::from_i32`], of a vector.
    pub fn from_i32s(ty: Type, v: Vector<i32>) -> Value {
        match ty {
            Type::Int => Value::Ints(v),
            Type::Month => Value::Months(v),
            Type::Date => Value::Dates(v),
            Type::Minute => Value::Minutes(v),
            Type::Second => Value::Seconds(v),
            Type::Time => Value::Times(v),
            _ => unreachable!("{ty:?} is not stored as i32"),
        }
    }

    /// As [`Value::from_f64`], of a vector.
    pub fn from_f64s(ty: Type, v: Vector<f64>) -> Value {
        match ty {
            Type::Float => Value::Floats(v),
            Type::Datetime => Value::Datetimes(v),
            _ => unreachable!("{ty:?} is not stored as f64"),
        }
    }

    /// The storage of an atom; `None` for enumerations and everything that is no atom.
    pub fn atom_storage(&self) -> Option<AtomStorage> {
        Some(match self {
            Value::Boolean(x) => AtomStorage::Bool(*x),
            Value::Guid(x) => AtomStorage::Guid(**x),
            Value::Byte(x) | Value::Char(x) => AtomStorage::U8(*x),
            Value::Short(x) => AtomStorage::I16(*x),
            Value::Int(x)
            | Value::Month(x)
            | Value::Date(x)
            | Value::Minute(x)
            | Value::Second(x)
            | Value::Time(x) => AtomStorage::I32(*x),
            Value::Long(x) | Value::Timestamp(x) | Value::Timespan(x) => AtomStorage::I64(*x),
            Value::Real(x) => AtomStorage::F32(*x),
            Value::Float(x) | Value::Datetime(x) => AtomStorage::F64(*x),
            Value::Symbol(x) => AtomStorage::Symbol(*x),
            _ => return None,
        })
    }

    /// The storage of a vector, shared; `None` for enumerations, general lists and everything that is no vector.
    pub fn storage(&self) -> Option<VectorStorage> {
        Some(match self {
            Value::Booleans(v) => VectorStorage::Bool(v.clone()),
            Value::Guids(v) => VectorStorage::Guid(v.clone()),
            Value::Bytes(v) | Value::Chars(v) => VectorStorage::U8(v.clone()),
            Value::Shorts(v) => VectorStorage::I16(v.clone()),
            Value::Ints(v)
            | Value::Months(v)
            | Value::Dates(v)
            | Value::Minutes(v)
            | Value::Seconds(v)
            | Value::Times(v) => VectorStorage::I32(v.clone()),
            Value::Longs(v) | Value::Timestamps(v) | Value::Timespans(v) => {
                VectorStorage::I64(v.clone())
            }
            Value::Reals(v) => VectorStorage::F32(v.clone()),
            Value::Floats(v) | Value::Datetimes(v) => VectorStorage::F64(v.clone()),
            Value::Symbols(v) => VectorStorage::Symbol(v.clone()),
            _ => return None,
        })
    }

    /// The vector of a type over a storage; panics when they do not belong together.
    pub fn from_storage(ty: Type, storage: VectorStorage) -> Value {
        match (ty, storage) {
            (Type::Boolean, VectorStorage::Bool(v)) => Value::Booleans(v),
            (Type::Guid, VectorStorage::Guid(v)) => Value::Guids(v),
            (Type::Byte, VectorStorage::U8(v)) => Value::Bytes(v),
            (Type::Char, VectorStorage::U8(v)) => Value::Chars(v),
            (Type::Short, VectorStorage::I16(v)) => Value::Shorts(v),
            (Type::Real, VectorStorage::F32(v)) => Value::Reals(v),
            (Type::Symbol, VectorStorage::Symbol(v)) => Value::Symbols(v),
            (_, VectorStorage::I32(v)) => Value::from_i32s(ty, v),
            (_, VectorStorage::I64(v)) => Value::from_i64s(ty, v),
            (_, VectorStorage::F64(v)) => Value::from_f64s(ty, v),
            _ => unreachable!("{ty:?} is not kept in this storage"),
        }
    }

    /// The bytes of a char vector or a char atom, as text arguments are given.
    pub fn as_text(&self) -> Option<&[u8]> {
        match self {
            Value::Chars(text) => Some(text),
            Value::Char(one) => Some(std::slice::from_ref(one)),
            _ => None,
        }
    }

    /// An integer atom of any width (boolean and byte included) as `i64`, nulls widened.
    pub fn as_i64(&self) -> Option<i64> {
        let widened = |null: bool, x: i64| if null { i64::null() } else { x };
        Some(match self {
            Value::Boolean(x) => i64::from(*x),
            Value::Byte(x) => i64::from(*x),
            Value::Short(x) => widened(x.is_null(), i64::from(*x)),
            Value::Int(x) => widened(x.is_null(), i64::from(*x)),
            Value::Long(x) => *x,
            _ => return None,
        })
    }

    /// True when both are the same value by `~`: structure, type and items; attributes do not matter. Floats compare
    /// exactly here (nulls equal); the tolerant comparison of the language is in q-kernels.
    pub fn is_identical(&self, other: &Value) -> bool {
        crate::identity::is_identical(self, other)
    }
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Value::Enum(atom) => write!(f, "{}${}", atom.domain.text(), atom.index),
            Value::Enums(vector) => write!(f, "{}${:?}", vector.domain.text(), vector.indices),
            Value::Table(table) => write!(
                f,
                "table{:?}",
                table.names.iter().zip(&table.columns).collect::<Vec<_>>()
            ),
            Value::Dict(dict) => write!(f, "{:?}!{:?}", dict.keys, dict.values),
            Value::Lambda(lambda) => f.write_str(&lambda.source),
            Value::Identity => f.write_str("::"),
            Value::Chars(text) => write!(f, "{:?}", String::from_utf8_lossy(text)),
            value => match value.atom_storage() {
                Some(atom) => write!(f, "{atom:?}"),
                None => {
                    with_vector!(value, v => write!(f, "{v:?}"), else write!(f, "type {}", value.type_number()))
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_of_one_type_collapse() {
        let longs = Value::from_items(vec![Value::Long(1), Value::Long(2)]);
        assert!(matches!(&longs, Value::Longs(v) if v[..] == [1, 2]));
        assert_eq!(
            Value::from_items(vec![Value::Long(1), Value::Float(2.0)]).type_number(),
            0
        );
        let row = |x| {
            Value::dict(
                Value::symbols(["a", "b"]),
                Value::list(vec![Value::Long(x), Value::symbol("s")]),
            )
        };
        let table = Value::from_items(vec![row(1), row(2)]);
        assert_eq!((table.type_number(), table.count()), (98, 2));
        assert!(
            table
                .item(1)
                .is_some_and(|second| second.is_identical(&row(2)))
        );
    }

    #[test]
    fn nested_dictionaries_cost_no_more_with_each_level() {
        let mut nested = Value::Long(1);
        for _ in 0..100 {
            nested = Value::dict(Value::symbols(["a"]), nested.enlist());
        }
        let mut levels = 0;
        while let Value::Dict(dict) = nested {
            levels += 1;
            nested = dict.values.item(0).expect("one value");
        }
        assert_eq!(levels, 100);
        assert!(nested.is_identical(&Value::Long(1)));
    }

    #[test]
    fn types_round_trip_by_letter_name_and_number() {
        for ty in Type::ALL {
            assert_eq!(Type::from_letter(ty.letter()), Some(ty));
            assert_eq!(Type::from_name(ty.name().as_bytes()), Some(ty));
            assert_eq!(Type::from_number(ty as u8), Some(ty));
            assert_eq!(Value::empty_of(ty).type_number(), ty as i16);
            assert_eq!(Value::null_of(ty).type_number(), -(ty as i16));
        }
    }
}
