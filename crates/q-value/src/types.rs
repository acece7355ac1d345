//! The types of q values and the attributes of vectors.

/// A basic type: the number of its vector, as on the wire (`formats.md` section 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Type {
    Boolean = 1,
    Guid = 2,
    Byte = 4,
    Short = 5,
    Int = 6,
    Long = 7,
    Real = 8,
    Float = 9,
    Char = 10,
    Symbol = 11,
    Timestamp = 12,
    Month = 13,
    Date = 14,
    Datetime = 15,
    Timespan = 16,
    Minute = 17,
    Second = 18,
    Time = 19,
}

impl Type {
    pub const ALL: [Type; 18] = [
        Type::Boolean,
        Type::Guid,
        Type::Byte,
        Type::Short,
        Type::Int,
        Type::Long,
        Type::Real,
        Type::Float,
        Type::Char,
        Type::Symbol,
        Type::Timestamp,
        Type::Month,
        Type::Date,
        Type::Datetime,
        Type::Timespan,
        Type::Minute,
        Type::Second,
        Type::Time,
    ];

    /// The type with this number (1 to 19, without 3).
    pub fn from_number(number: u8) -> Option<Type> {
        Type::ALL.into_iter().find(|ty| *ty as u8 == number)
    }

    /// The type with this lower-case letter.
    pub fn from_letter(letter: u8) -> Option<Type> {
        Type::ALL.into_iter().find(|ty| ty.letter() == letter)
    }

    /// The type with this name as a cast takes it (`` `int ``).
    pub fn from_name(name: &[u8]) -> Option<Type> {
        Type::ALL
            .into_iter()
            .find(|ty| ty.name().as_bytes() == name)
    }

    /// Lower-case letter: `b g x h i j e f c s p m d z n u v t`.
    pub fn letter(self) -> u8 {
        match self {
            Type::Boolean => b'b',
            Type::Guid => b'g',
            Type::Byte => b'x',
            Type::Short => b'h',
            Type::Int => b'i',
            Type::Long => b'j',
            Type::Real => b'e',
            Type::Float => b'f',
            Type::Char => b'c',
            Type::Symbol => b's',
            Type::Timestamp => b'p',
            Type::Month => b'm',
            Type::Date => b'd',
            Type::Datetime => b'z',
            Type::Timespan => b'n',
            Type::Minute => b'u',
            Type::Second => b'v',
            Type::Time => b't',
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Type::Boolean => "boolean",
            Type::Guid => "guid",
            Type::Byte => "byte",
            Type::Short => "short",
            Type::Int => "int",
            Type::Long => "long",
            Type::Real => "real",
            Type::Float => "float",
            Type::Char => "char",
            Type::Symbol => "symbol",
            Type::Timestamp => "timestamp",
            Type::Month => "month",
            Type::Date => "date",
            Type::Datetime => "datetime",
            Type::Timespan => "timespan",
            Type::Minute => "minute",
            Type::Second => "second",
            Type::Time => "time",
        }
    }

    /// Bytes of one item on disk and on the wire; `None` for symbols, which vary.
    pub fn width(self) -> Option<usize> {
        match self {
            Type::Boolean | Type::Byte | Type::Char => Some(1),
            Type::Short => Some(2),
            Type::Int
            | Type::Real
            | Type::Month
            | Type::Date
            | Type::Minute
            | Type::Second
            | Type::Time => Some(4),
            Type::Long | Type::Float | Type::Timestamp | Type::Datetime | Type::Timespan => Some(8),
            Type::Guid => Some(16),
            Type::Symbol => None,
        }
    }

    /// True for the eight types that count time.
    pub fn is_temporal(self) -> bool {
        self as u8 >= Type::Timestamp as u8
    }
}

/// What is known of a vector's order or repetition; the number is the attribute byte on the wire and on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(u8)]
pub enum Attribute {
    #[default]
    None = 0,
    /// `s#`: ascending.
    Sorted = 1,
    /// `u#`: no item repeats.
    Unique = 2,
    /// `p#`: equal items stand together.
    Parted = 3,
    /// `g#`: an index of positions by value is kept.
    Grouped = 4,
}

impl Attribute {
    pub fn from_number(number: u8) -> Option<Attribute> {
        Some(match number {
            0 => Attribute::None,
            1 => Attribute::Sorted,
            2 => Attribute::Unique,
            3 => Attribute::Parted,
            4 => Attribute::Grouped,
            _ => return None,
        })
    }

    /// The symbol that `attr` gives: empty, `s`, `u`, `p` or `g`.
    pub fn name(self) -> &'static str {
        match self {
            Attribute::None => "",
            Attribute::Sorted => "s",
            Attribute::Unique => "u",
            Attribute::Parted => "p",
            Attribute::Grouped => "g",
        }
    }

    pub fn from_name(name: &[u8]) -> Option<Attribute> {
        (0..5)
            .filter_map(Attribute::from_number)
            .find(|attribute| attribute.name().as_bytes() == name)
    }
}
