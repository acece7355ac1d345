//! Tok: strings at any depth parsed into a type.

use q_value::format::settings;
use q_value::{QError, QResult, Type, Value};

use crate::parallel;
use crate::text::parse;

/// Texts below which one thread parses all; each takes some 20 ns.
const TEXTS_PER_THREAD_MIN: usize = 1 << 15;

/// `"T"$y`: a string as one atom of the type, a list of strings as a vector. Text that means nothing is null. Strings stay
/// as they are for the type char.
///
/// Errors: `'type` for what is no string.
pub fn tok(ty: Type, y: Value) -> QResult<Value> {
    let order = settings::date_order();
    match y {
        Value::Chars(text) if ty == Type::Char => Ok(Value::Chars(text)),
        Value::Chars(text) => Ok(parse::atom(ty, &text, order)),
        Value::Char(c) => Ok(parse::atom(ty, &[c], order)),
        Value::Symbol(_) | Value::Symbols(_) | Value::Enum(_) | Value::Enums(_)
            if ty == Type::Symbol =>
        {
            super::to_symbols(y)
        }
        Value::List(items) if items.is_empty() => Ok(Value::empty_of(ty)),
        Value::List(items)
            if ty != Type::Char && items.iter().all(|item| item.as_text().is_some()) =>
        {
            Ok(tok_list(ty, &items))
        }
        Value::List(items) => {
            let items: QResult<Vec<Value>> = items
                .into_vec()
                .into_iter()
                .map(|item| tok(ty, item))
                .collect();
            Ok(Value::from_items(items?))
        }
        y @ (Value::Dict(_) | Value::Table(_)) => super::by_parts(y, &|part| tok(ty, part)),
        _ => Err(QError::type_error()),
    }
}

fn tok_list(ty: Type, items: &[Value]) -> Value {
    let order = settings::date_order();
    let mut parts = parallel::over(items.len(), TEXTS_PER_THREAD_MIN, |range| {
        let texts = items[range].iter().filter_map(Value::as_text);
        parse::vector(ty, texts, order)
    });
    if parts.len() == 1 {
        return parts.pop().unwrap_or_else(|| Value::empty_of(ty));
    }
    parse::concatenate(ty, &parts)
}
