//! How long the bytes of a value will be, without making them.

use q_value::{Binary, EnumVector, Value, Vector, VectorStorage};

use crate::enumerated_symbols;
use crate::lambda::native_text;

const VECTOR_HEAD: usize = 6;

/// The bytes the object takes in a message, header not included; `-22!` adds the 8 of the header. Of values that cannot be
/// sent: 0.
pub fn object_length(value: &Value) -> usize {
    if let Some(ty) = value.basic_type()
        && value.is_atom()
    {
        return match value {
            Value::Symbol(symbol) => 2 + symbol.as_bytes().len(),
            Value::Enum(atom) => {
                let one = EnumVector {
                    domain: atom.domain,
                    indices: Vector::new(vec![atom.index]),
                };
                enumerated_symbols(&one)
                    .item(0)
                    .map_or(0, |item| object_length(&item))
            }
            _ => 1 + ty.width().unwrap_or(0),
        };
    }
    match value.storage() {
        Some(VectorStorage::Symbol(symbols)) => {
            return VECTOR_HEAD
                + symbols
                    .iter()
                    .map(|symbol| symbol.as_bytes().len() + 1)
                    .sum::<usize>();
        }
        Some(_) => {
            let width = value.basic_type().and_then(|ty| ty.width()).unwrap_or(0);
            return VECTOR_HEAD + width * value.count();
        }
        None => {}
    }
    match value {
        Value::List(items) => VECTOR_HEAD + items.iter().map(object_length).sum::<usize>(),
        Value::Enums(vector) => object_length(&enumerated_symbols(vector)),
        Value::Table(table) => {
            3 + object_length(&Value::Symbols(table.names.clone()))
                + VECTOR_HEAD
                + table.columns.iter().map(object_length).sum::<usize>()
        }
        Value::Dict(dict) => 1 + object_length(&dict.keys) + object_length(&dict.values),
        Value::Lambda(lambda) => {
            2 + lambda.namespace.as_bytes().len() + VECTOR_HEAD + lambda.source.len()
        }
        Value::Native(native) => 2 + VECTOR_HEAD + native_text(native).len(),
        Value::Binary(Binary::NotEqual | Binary::LessEqual | Binary::GreaterEqual) => 9,
        Value::Identity
        | Value::Elided
        | Value::Unary(_)
        | Value::Binary(_)
        | Value::Iterator(_) => 2,
        Value::Projection(projection) => {
            5 + object_length(&projection.function)
                + projection
                    .arguments
                    .iter()
                    .map(|argument| argument.as_ref().map_or(2, object_length))
                    .sum::<usize>()
        }
        Value::Composition(functions) => 5 + functions.iter().map(object_length).sum::<usize>(),
        Value::Derived(derived) => 1 + object_length(&derived.function),
        _ => 0,
    }
}
