//! `like`, `ss` and `ssr` on values.

use std::sync::Arc;

use q_value::{Dict, EnumVector, QError, QResult, Symbol, Value, Vector};

use crate::text::pattern::{Pattern, find_all};
use crate::{enumeration, interrupt, parallel};

/// Texts below which one thread matches all.
const TEXTS_PER_THREAD_MIN: usize = 1 << 15;

/// `x like y`: whether strings or symbols, alone or in lists or as values of a dictionary, are of the pattern `y`.
///
/// Errors: `'type` when `x` has anything else or `y` is no string; `'nyi` for patterns q has not implemented.
pub fn like(x: Value, y: Value) -> QResult<Value> {
    let pattern = Pattern::new(y.as_text().ok_or_else(QError::type_error)?)?;
    matching(x, &pattern)
}

fn matching(x: Value, pattern: &Pattern) -> QResult<Value> {
    match x {
        Value::Char(c) => Ok(Value::Boolean(pattern.matches(&[c]))),
        Value::Chars(text) => Ok(Value::Boolean(pattern.matches(&text))),
        Value::Symbol(symbol) => Ok(Value::Boolean(pattern.matches(symbol.as_bytes()))),
        Value::Symbols(symbols) => Ok(Value::Booleans(matching_symbols(&symbols, pattern))),
        Value::Enum(_) => matching(enumeration::resolve(x), pattern),
        Value::Enums(vector) => matching_enumeration(&vector, pattern),
        Value::List(items) if items.is_empty() => Ok(Value::Booleans(Vector::default())),
        Value::List(items) if items.iter().all(|item| item.as_text().is_some()) => {
            let parts = parallel::over(items.len(), TEXTS_PER_THREAD_MIN, |range| {
                items[range]
                    .iter()
                    .enumerate()
                    .inspect(|(row, _)| interrupt::at_row(*row))
                    .map(|(_, item)| item.as_text().is_some_and(|text| pattern.matches(text)))
                    .collect::<Vec<bool>>()
            });
            Ok(Value::Booleans(parts.concat().into()))
        }
        // symbols and strings may be mixed, but there is no going deeper (`basics/implicit-iteration`)
        Value::List(items) => items
            .iter()
            .map(|item| match item {
                Value::Symbol(symbol) => Ok(pattern.matches(symbol.as_bytes())),
                item => {
                    let text = item.as_text().ok_or_else(QError::type_error)?;
                    Ok(pattern.matches(text))
                }
            })
            .collect::<QResult<Vec<bool>>>()
            .map(|matched| Value::Booleans(matched.into())),
        Value::Dict(dict) => {
            let Dict { keys, values, .. } = Arc::unwrap_or_clone(dict);
            Ok(Value::dict(keys, matching(values, pattern)?))
        }
        _ => Err(QError::type_error()),
    }
}

fn matching_symbols(symbols: &[Symbol], pattern: &Pattern) -> Vector<bool> {
    parallel::over(symbols.len(), TEXTS_PER_THREAD_MIN, |range| {
        let mut last = (Symbol::NULL, pattern.matches(b""));
        symbols[range]
            .iter()
            .map(|symbol| {
                if *symbol != last.0 {
                    last = (*symbol, pattern.matches(symbol.as_bytes()));
                }
                last.1
            })
            .collect::<Vec<bool>>()
    })
    .concat()
    .into()
}

/// Each item of the domain is matched once, when there are not more of them than items.
fn matching_enumeration(vector: &Arc<EnumVector>, pattern: &Pattern) -> QResult<Value> {
    if let Some(Value::Symbols(domain)) = enumeration::domain_list(vector.domain)
        && domain.len() <= vector.indices.len()
    {
        let of_domain = matching_symbols(&domain, pattern);
        let of_null = pattern.matches(b"");
        let is_match = |index: &i64| {
            usize::try_from(*index)
                .ok()
                .and_then(|at| of_domain.get(at).copied())
                .unwrap_or(of_null)
        };
        return Ok(Value::Booleans(
            vector.indices.iter().map(is_match).collect(),
        ));
    }
    match enumeration::resolve(Value::Enums(Arc::clone(vector))) {
        Value::Symbols(symbols) => Ok(Value::Booleans(matching_symbols(&symbols, pattern))),
        _ => Err(QError::type_error()),
    }
}

/// `x ss y`: where the pattern `y` stands in the string `x`, from the left without overlap.
///
/// Errors: `'type` for what is no string, `'length` for an empty pattern and one with `*`.
pub fn ss(x: Value, y: Value) -> QResult<Value> {
    let text = x.as_text().ok_or_else(QError::type_error)?;
    let found = find_all(text, y.as_text().ok_or_else(QError::type_error)?)?;
    Ok(Value::Longs(
        found.into_iter().map(|range| range.start as i64).collect(),
    ))
}

/// `ssr[x;y;z]` for a string `z`: the string `x` with `z` in the place of each match of the pattern `y`. A function
/// `z` is the evaluator's business, with [`find_all`].
///
/// Errors: as [`ss`].
pub fn ssr(x: Value, y: Value, z: Value) -> QResult<Value> {
    let Value::Chars(text) = &x else {
        return Err(QError::type_error());
    };
    let replacement = z.as_text().ok_or_else(QError::type_error)?;
    let found = find_all(text, y.as_text().ok_or_else(QError::type_error)?)?;
    if found.is_empty() {
        return Ok(x);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut start = 0;
    for range in found {
        out.extend_from_slice(&text[start..range.start]);
        out.extend_from_slice(replacement);
        start = range.end;
    }
    out.extend_from_slice(&text[start..]);
    Ok(Value::Chars(out.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use q_value::{display::k_text, domain};

    fn shown(result: QResult<Value>) -> String {
        match result {
            Ok(value) => String::from_utf8(k_text(&value, 7)).expect("ascii"),
            Err(error) => error.to_string(),
        }
    }

    fn text(text: &str) -> Value {
        Value::string(text)
    }

    #[test]
    fn like_on_every_kind_of_text() {
        let strings = Value::list(vec![text("roam"), text("rome")]);
        assert_eq!(shown(like(strings.clone(), text("r?me"))), "01b");
        assert_eq!(shown(like(text("roam"), text("ro*"))), "1b");
        assert_eq!(
            shown(like(Value::symbols(["ab*c", "abcc"]), text("ab[*]c"))),
            "10b"
        );
        assert_eq!(shown(like(Value::symbol("abc"), text("a*"))), "1b");
        assert_eq!(shown(like(Value::Char(b'a'), text("a"))), "1b");
        assert_eq!(
            shown(like(
                Value::list(vec![strings.clone(), text("rxme")]),
                text("r?me")
            )),
            "'type"
        );
        assert_eq!(
            shown(like(
                Value::dict(Value::symbols(["a", "b"]), strings),
                text("ro?e")
            )),
            "`a`b!01b"
        );
        assert_eq!(shown(like(Value::Long(1), text("a"))), "'type");
        assert_eq!(
            shown(like(
                Value::list(vec![text("a"), Value::Long(1)]),
                text("a")
            )),
            "'type"
        );
        assert_eq!(shown(like(text("a"), text("**"))), "'nyi");
        assert_eq!(shown(like(Value::empty_list(), text("a"))), "`boolean$()");
    }

    #[test]
    fn like_on_enumerations_goes_by_the_domain() {
        let name = Symbol::new("like_test_domain");
        domain::bind(name, Value::symbols(["ab", "b"]));
        let many = Value::enums(name, vec![0, 1, i64::MIN, 0].into());
        assert_eq!(shown(like(many, text("a*"))), "1001b");
        let few = Value::enums(name, vec![1].into());
        assert_eq!(shown(like(few, text("b"))), ",1b");
    }

    #[test]
    fn search_and_replace() {
        assert_eq!(shown(ss(text("toronto ontario"), text("ont"))), "3 8");
        assert_eq!(shown(ss(text("A grown man"), text("rown"))), ",3");
        assert_eq!(shown(ss(text("abc"), text(""))), "'length");
        assert_eq!(
            shown(ssr(text("toronto ontario"), text("ont"), text("x"))),
            "\"torxo xario\""
        );
        assert_eq!(
            shown(ssr(text("hello word."), Value::Char(b'.'), text("!"))),
            "\"hello word!\""
        );
        assert_eq!(shown(ssr(text("abc"), text("x"), text("y"))), "\"abc\"");
        assert_eq!(shown(ssr(text("abc"), text("b"), Value::Long(1))), "'type");
    }
}
