//! `string`: the text of anything, item by item.

use std::sync::Arc;

use q_value::display::function_text;
use q_value::format::{EnumItems, push_plain_atom, push_plain_item, settings};
use q_value::{Dict, QResult, Table, Value};

use crate::collect::collect;

/// Items below which one thread makes all strings; each costs an allocation or two, some 50 ns.
const STRINGS_PER_THREAD_MIN: usize = 1 << 14;

/// The text of an atom as a string, of each item of a list, of each value of a dictionary, of each item of a table's
/// columns; of functions their source.
pub fn string(x: Value) -> QResult<Value> {
    Ok(text_of(x, settings::precision()))
}

fn text_of(x: Value, precision: u8) -> Value {
    match x {
        Value::List(items) => Value::list(
            items
                .into_vec()
                .into_iter()
                .map(|item| text_of(item, precision))
                .collect(),
        ),
        Value::Dict(dict) => {
            let Dict { keys, values, .. } = Arc::unwrap_or_clone(dict);
            Value::dict(keys, text_of(values, precision))
        }
        Value::Table(table) => {
            let Table { names, columns, .. } = Arc::unwrap_or_clone(table);
            let columns = columns
                .into_iter()
                .map(|column| text_of(column, precision))
                .collect();
            Value::table(names, columns)
        }
        vector if vector.is_vector() => Value::list(strings(&vector, precision)),
        atom if atom.is_atom() => {
            let mut text = Vec::new();
            push_plain_atom(&mut text, &atom, precision);
            Value::Chars(text.into())
        }
        function => Value::Chars(function_text(&function, precision).into()),
    }
}

fn strings(vector: &Value, precision: u8) -> Vec<Value> {
    let items = match vector {
        Value::Enums(enumeration) => Some((EnumItems::of(enumeration.domain), enumeration)),
        _ => None,
    };
    collect(vector.count(), STRINGS_PER_THREAD_MIN, || {
        let (mut buffer, items) = (Vec::with_capacity(40), &items);
        move |at| {
            buffer.clear();
            match items {
                Some((items, enumeration)) => {
                    items.push_plain(&mut buffer, enumeration.indices[at], precision);
                }
                None => push_plain_item(&mut buffer, vector, at, precision),
            }
            Value::string(&buffer)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use q_value::display::k_text;

    fn shown(x: Value) -> String {
        let text = string(x).expect("string fails on nothing");
        String::from_utf8(k_text(&text, 7)).expect("ascii")
    }

    #[test]
    fn strings_of_everything() {
        assert_eq!(shown(Value::symbol("ibm")), "\"ibm\"");
        assert_eq!(shown(Value::Long(2)), ",\"2\"");
        assert_eq!(shown(Value::Long(i64::MIN)), "\"\"");
        assert_eq!(shown(Value::Float(2.5)), "\"2.5\"");
        assert_eq!(shown(Value::string("cat")), "(,\"c\";,\"a\";,\"t\")");
        assert_eq!(
            shown(Value::list(vec![
                Value::Longs(vec![2, 3].into()),
                Value::string("ab")
            ])),
            "((,\"2\";,\"3\");(,\"a\";,\"b\"))"
        );
        assert_eq!(shown(Value::Longs(vec![].into())), "()");
        assert_eq!(
            shown(Value::derived(
                q_value::Iterator::Over,
                Value::Binary(q_value::Binary::Add)
            )),
            "\"+/\""
        );
        assert_eq!(
            shown(Value::dict(
                Value::symbols(["a", "b"]),
                Value::Longs(vec![2002, 2010].into())
            )),
            "`a`b!(\"2002\";\"2010\")"
        );
    }

    #[test]
    fn long_vectors_are_split_without_loss() {
        let count = 5 * STRINGS_PER_THREAD_MIN as i64;
        let Value::List(texts) = string(Value::Longs((0..count).collect())).expect("strings")
        else {
            panic!("a list of strings");
        };
        assert_eq!(texts.len() as i64, count);
        for (at, text) in texts.iter().enumerate() {
            assert_eq!(text.as_text(), Some(at.to_string().as_bytes()));
        }
    }
}
