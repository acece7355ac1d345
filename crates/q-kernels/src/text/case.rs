//! `lower`, `upper` and the three trims.

use std::sync::Arc;

use q_value::{QError, QResult, Symbol, Value};

use crate::{enumeration, gather, pervade};

/// `lower x`: ASCII letters of strings and symbols at any depth in lower case.
///
/// Errors: `'type` for anything else.
pub fn lower(x: Value) -> QResult<Value> {
    recase(x, <[u8]>::make_ascii_lowercase)
}

/// `upper x`: ASCII letters of strings and symbols at any depth in upper case.
///
/// Errors: `'type` for anything else.
pub fn upper(x: Value) -> QResult<Value> {
    recase(x, <[u8]>::make_ascii_uppercase)
}

fn recase(x: Value, change: fn(&mut [u8])) -> QResult<Value> {
    pervade::one(x, &|leaf| match leaf {
        Value::Char(mut c) => {
            change(std::slice::from_mut(&mut c));
            Ok(Value::Char(c))
        }
        Value::Chars(mut text) => {
            change(text.make_mut());
            Ok(Value::Chars(text))
        }
        Value::Symbol(symbol) => Ok(Value::Symbol(changed(symbol, change))),
        Value::Symbols(mut symbols) => {
            let mut last = (Symbol::NULL, Symbol::NULL);
            for symbol in symbols.make_mut() {
                if *symbol != last.0 {
                    last = (*symbol, changed(*symbol, change));
                }
                *symbol = last.1;
            }
            Ok(Value::Symbols(symbols))
        }
        Value::Enum(_) | Value::Enums(_) => recase(enumeration::resolve(leaf), change),
        _ => Err(QError::type_error()),
    })
}

fn changed(symbol: Symbol, change: fn(&mut [u8])) -> Symbol {
    let mut text = symbol.as_bytes().to_vec();
    change(&mut text);
    Symbol::new(text)
}

/// `trim x`: strings, or other vectors, without the nulls (blanks) at both ends.
pub fn trim(x: Value) -> QResult<Value> {
    cut(x, true, true)
}

/// `ltrim x`: without the nulls (blanks) at the start.
pub fn ltrim(x: Value) -> QResult<Value> {
    cut(x, true, false)
}

/// `rtrim x`: without the nulls (blanks) at the end.
pub fn rtrim(x: Value) -> QResult<Value> {
    cut(x, false, true)
}

fn cut(x: Value, at_start: bool, at_end: bool) -> QResult<Value> {
    match x {
        Value::List(items) => {
            let items: QResult<Vec<Value>> = items
                .into_vec()
                .into_iter()
                .map(|item| cut(item, at_start, at_end))
                .collect();
            Ok(Value::from_items(items?))
        }
        Value::Dict(dict) => {
            let dict = Arc::unwrap_or_clone(dict);
            Ok(Value::dict(dict.keys, cut(dict.values, at_start, at_end)?))
        }
        Value::Table(table) => {
            let table = Arc::unwrap_or_clone(table);
            let columns: QResult<Vec<Value>> = table
                .columns
                .into_iter()
                .map(|column| cut(column, at_start, at_end))
                .collect();
            Ok(Value::table(table.names, columns?))
        }
        vector if vector.is_vector() => {
            let count = vector.count();
            let is_null = |at: &usize| match &vector {
                Value::Chars(text) => text[*at] == b' ',
                vector => vector.item(*at).is_some_and(|item| item.is_null_atom()),
            };
            let start = if at_start {
                (0..count).find(|at| !is_null(at)).unwrap_or(count)
            } else {
                0
            };
            let end = if at_end {
                (start..count)
                    .rev()
                    .find(|at| !is_null(at))
                    .map_or(start, |at| at + 1)
            } else {
                count
            };
            if (start, end) == (0, count) {
                return Ok(vector);
            }
            Ok(gather::slice(&vector, start, end - start))
        }
        atom if atom.is_atom() => Ok(atom),
        _ => Err(QError::type_error()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use q_value::display::k_text;

    fn shown(result: QResult<Value>) -> String {
        match result {
            Ok(value) => String::from_utf8(k_text(&value, 7)).expect("ascii"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn cases() {
        let nested = Value::list(vec![Value::string("quick"), Value::Char(b'x')]);
        assert_eq!(shown(upper(nested)), "(\"QUICK\";\"X\")");
        assert_eq!(
            shown(lower(Value::symbols(["IBM", "IBM", "a"]))),
            "`ibm`ibm`a"
        );
        assert_eq!(shown(lower(Value::Long(1))), "'type");
        assert_eq!(shown(upper(Value::empty_list())), "()");
    }

    #[test]
    fn trims() {
        let text = Value::string("  a b ");
        assert_eq!(shown(trim(text.clone())), "\"a b\"");
        assert_eq!(shown(ltrim(text.clone())), "\"a b \"");
        assert_eq!(shown(rtrim(text.clone())), "\"  a b\"");
        assert_eq!(shown(trim(Value::string("   "))), "\"\"");
        assert_eq!(
            shown(trim(Value::list(vec![text, Value::string("x")]))),
            "(\"a b\";,\"x\")"
        );
        let longs = Value::Longs(vec![i64::MIN, 1, i64::MIN, 2, i64::MIN].into());
        assert_eq!(shown(trim(longs)), "1 0N 2");
    }
}
