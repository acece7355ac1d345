//! Random arguments: atoms, vectors and lists of every type, with nulls, infinities, empties and repeats.

use std::sync::Arc;

use proptest::prelude::*;
use q_value::{Guid, Type, Value};

/// What an argument is drawn from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Domain {
    /// An atom, vector or list of vectors of any type.
    Anything,
    /// A vector of any type, or a general list of atoms.
    List,
    /// A vector of any type, never a general list.
    Vector,
    /// A vector of numbers: boolean to float, no temporal types.
    Numbers,
    /// A vector of shorts, ints, longs, reals, floats or temporal values.
    Ordered,
    /// An atom or vector of floats or longs without infinities.
    Finite,
    /// Two vectors of numbers are often combined: this one has twelve floats without nulls.
    TwelveFloats,
    /// A boolean vector.
    Flags,
    /// Up to six longs, some null.
    FewLongs,
    /// Ascending longs, with repeats and perhaps a null in front.
    Ascending,
    /// Two longs.
    Bounds,
    /// A long atom from -4 to 8.
    Small,
    /// A long atom from 1 to 6.
    Positive,
    /// Ascending longs from 0 to 7, perhaps none.
    Cuts,
    /// A string over few letters.
    Text,
    /// A list of strings.
    Texts,
    /// A pattern of `like` over few letters.
    Pattern,
    /// A string of two different letters, for searching.
    Needle,
    /// A list of vectors of one length.
    Rows,
    /// A square matrix of floats, three by three, diagonally dominant.
    Square,
    /// A float atom between 0 and 1.
    Portion,
}

/// The basic types with a number inside.
const NUMBERS: [Type; 7] = [
    Type::Boolean,
    Type::Byte,
    Type::Short,
    Type::Int,
    Type::Long,
    Type::Real,
    Type::Float,
];
const ORDERED: [Type; 13] = [
    Type::Short,
    Type::Int,
    Type::Long,
    Type::Real,
    Type::Float,
    Type::Timestamp,
    Type::Month,
    Type::Date,
    Type::Timespan,
    Type::Minute,
    Type::Second,
    Type::Time,
    Type::Datetime,
];

type Seed = (u8, i16);

/// An atom of a type from a seed: mostly small numbers that repeat, some nulls, some infinities.
pub(crate) fn atom(ty: Type, (kind, number): Seed) -> Value {
    let number = i64::from(number % 50);
    let infinite = kind % 8 == 1;
    match ty {
        Type::Boolean => Value::Boolean(number % 2 == 0),
        Type::Byte => Value::Byte(number.unsigned_abs() as u8),
        Type::Char => Value::Char(b'a' + number.unsigned_abs() as u8 % 6),
        Type::Symbol if kind % 8 == 0 => Value::symbol(""),
        Type::Symbol => Value::symbol(format!("s{}", number % 6)),
        Type::Guid => {
            let mut bytes = [0; 16];
            bytes[15] = number.unsigned_abs() as u8 % 5;
            Value::Guid(Arc::new(Guid::from(bytes)))
        }
        ty if kind % 8 == 0 => Value::null_of(ty),
        Type::Short if infinite => Value::Short(i16::MAX * number.signum() as i16),
        Type::Short => Value::Short(number as i16),
        Type::Real if infinite => Value::Real(f32::INFINITY * (number as f32 + 0.5).signum()),
        Type::Real => Value::Real(number as f32 / 4.0),
        Type::Float | Type::Datetime if infinite => {
            Value::from_f64(ty, f64::INFINITY * (number as f64 + 0.5).signum())
        }
        Type::Float | Type::Datetime => Value::from_f64(ty, number as f64 / 4.0),
        Type::Long | Type::Timestamp | Type::Timespan => Value::from_i64(ty, number),
        ty => Value::from_i32(ty, number as i32),
    }
}

fn seeds(most: usize) -> impl Strategy<Value = Vec<Seed>> {
    proptest::collection::vec(any::<Seed>(), 0..=most)
}

fn vector_of(types: &'static [Type]) -> BoxedStrategy<Value> {
    (0..types.len(), seeds(14))
        .prop_map(move |(ty, seeds)| vector(types[ty], &seeds))
        .boxed()
}

pub(crate) fn vector(ty: Type, seeds: &[Seed]) -> Value {
    if seeds.is_empty() {
        return Value::empty_of(ty);
    }
    Value::from_items(seeds.iter().map(|seed| atom(ty, *seed)).collect())
}

fn text(letters: &'static [u8], most: usize) -> BoxedStrategy<Value> {
    proptest::collection::vec(0..letters.len(), 0..=most)
        .prop_map(move |places| {
            Value::string(places.iter().map(|at| letters[*at]).collect::<Vec<u8>>())
        })
        .boxed()
}

/// Values of a domain.
pub(crate) fn strategy(domain: Domain) -> BoxedStrategy<Value> {
    static ALL: [Type; 18] = Type::ALL;
    match domain {
        Domain::Anything => prop_oneof![
            (0..ALL.len(), any::<Seed>()).prop_map(|(ty, seed)| atom(ALL[ty], seed)),
            vector_of(&ALL),
            proptest::collection::vec(vector_of(&ALL), 1..4).prop_map(Value::list),
        ]
        .boxed(),
        Domain::List => prop_oneof![
            4 => vector_of(&ALL),
            1 => proptest::collection::vec((0..ALL.len(), any::<Seed>()), 1..8)
                .prop_map(|items| Value::from_items(
                    items.into_iter().map(|(ty, seed)| atom(ALL[ty], seed)).collect()
                )),
        ]
        .boxed(),
        // longs often, so that two vectors are often of one type
        Domain::Vector => prop_oneof![
            2 => vector_of(&ALL),
            1 => vector_of(&[Type::Long]),
        ]
        .boxed(),
        Domain::Numbers => vector_of(&NUMBERS),
        Domain::Ordered => vector_of(&ORDERED),
        Domain::Finite => prop_oneof![
            (2u8..8, any::<i16>()).prop_map(|(_, number)| atom(Type::Long, (3, number))),
            proptest::collection::vec(any::<i16>(), 1..12).prop_map(|numbers| Value::from_items(
                numbers
                    .into_iter()
                    .map(|number| atom(Type::Float, (3, number)))
                    .collect()
            )),
            proptest::collection::vec(any::<i16>(), 1..12).prop_map(|numbers| Value::from_items(
                numbers
                    .into_iter()
                    .map(|number| atom(Type::Long, (3, number)))
                    .collect()
            )),
        ]
        .boxed(),
        Domain::TwelveFloats => proptest::collection::vec(any::<i16>(), 12)
            .prop_map(|numbers| {
                Value::from_items(
                    numbers
                        .into_iter()
                        .map(|number| atom(Type::Float, (3, number)))
                        .collect(),
                )
            })
            .boxed(),
        Domain::Flags => seeds(20)
            .prop_map(|seeds| vector(Type::Boolean, &seeds))
            .boxed(),
        Domain::FewLongs => seeds(6)
            .prop_map(|seeds| vector(Type::Long, &seeds))
            .boxed(),
        Domain::Ascending => seeds(10)
            .prop_map(|seeds| {
                let mut items = vector(Type::Long, &seeds).items();
                items.sort_by(crate::items::order);
                if items.is_empty() {
                    Value::empty_of(Type::Long)
                } else {
                    Value::from_items(items)
                }
            })
            .boxed(),
        Domain::Bounds => any::<[Seed; 2]>()
            .prop_map(|seeds| vector(Type::Long, &seeds))
            .boxed(),
        Domain::Small => (-4i64..=8).prop_map(Value::Long).boxed(),
        Domain::Positive => (1i64..=6).prop_map(Value::Long).boxed(),
        Domain::Cuts => proptest::collection::btree_set(0i64..8, 1..5)
            .prop_map(|places| Value::from_items(places.into_iter().map(Value::Long).collect()))
            .boxed(),
        Domain::Text => text(b"abAB ,.", 12),
        Domain::Texts => proptest::collection::vec(text(b"abc", 5), 1..5)
            .prop_map(Value::list)
            .boxed(),
        Domain::Pattern => text(b"abAB?*", 5),
        Domain::Needle => prop_oneof![
            Just(Value::string("ab")),
            Just(Value::string("bA")),
            Just(Value::string("a,")),
            Just(Value::string("B. ")),
        ]
        .boxed(),
        Domain::Rows => (1usize..5, 1usize..6)
            .prop_flat_map(|(rows, columns)| {
                proptest::collection::vec(
                    (
                        0..ALL.len(),
                        proptest::collection::vec(any::<Seed>(), columns),
                    ),
                    rows,
                )
            })
            .prop_map(|rows| {
                Value::list(
                    rows.iter()
                        .map(|(ty, seeds)| vector(ALL[*ty], seeds))
                        .collect(),
                )
            })
            .boxed(),
        Domain::Square => proptest::collection::vec(-20i8..20, 9)
            .prop_map(|numbers| {
                Value::list(
                    numbers
                        .chunks(3)
                        .enumerate()
                        .map(|(row, chunk)| {
                            Value::from_items(
                                chunk
                                    .iter()
                                    .enumerate()
                                    .map(|(column, number)| {
                                        let diagonal = if row == column { 64.0 } else { 0.0 };
                                        Value::Float(f64::from(*number) + diagonal)
                                    })
                                    .collect(),
                            )
                        })
                        .collect(),
                )
            })
            .boxed(),
        Domain::Portion => (1u8..100)
            .prop_map(|percent| Value::Float(f64::from(percent) / 100.0))
            .boxed(),
    }
}
