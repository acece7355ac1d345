//! JSON answers of the API as q values, shaped as `.j.k` shapes them: strings are char vectors, numbers floats, objects
//! dictionaries, equal objects a table.

use q_value::{Symbol, Value, Vector};
use serde_json::{Map, Value as Json};

/// Days from 1970-01-01, where the API counts from, to 2000-01-01, where q does, in seconds.
const EPOCH_SHIFT_SECONDS: f64 = 946_684_800.0;

/// The value of a JSON text.
pub(crate) fn from_json(json: &Json) -> Value {
    match json {
        Json::Null => Value::Float(f64::NAN),
        Json::Bool(flag) => Value::Boolean(*flag),
        Json::Number(number) => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        Json::String(text) => Value::string(text),
        Json::Array(items) => from_items(items),
        Json::Object(members) => from_object(members),
    }
}

fn from_object(members: &Map<String, Json>) -> Value {
    let keys = Value::symbols(members.keys());
    Value::dict(keys, collapse(members.values().map(from_json).collect()))
}

fn from_items(items: &[Json]) -> Value {
    let objects: Option<Vec<&Map<String, Json>>> = items.iter().map(Json::as_object).collect();
    if let Some(rows) = objects
        && let Some(first) = rows.first()
        && rows.iter().all(|row| row.keys().eq(first.keys()))
        && !first.is_empty()
    {
        let columns = first
            .keys()
            .map(|name| {
                collapse(
                    rows.iter()
                        .filter_map(|row| row.get(name))
                        .map(from_json)
                        .collect(),
                )
            })
            .collect();
        return Value::table(first.keys().map(Symbol::new).collect(), columns);
    }
    collapse(items.iter().map(from_json).collect())
}

/// A list of float atoms is a float vector, one of booleans a boolean vector, as q itself collapses them.
fn collapse(items: Vec<Value>) -> Value {
    if items.is_empty() {
        return Value::empty_list();
    }
    let floats: Option<Vec<f64>> = items
        .iter()
        .map(|item| match item {
            Value::Float(number) => Some(*number),
            _ => None,
        })
        .collect();
    if let Some(floats) = floats {
        return Value::Floats(Vector::new(floats));
    }
    let flags: Option<Vec<bool>> = items
        .iter()
        .map(|item| match item {
            Value::Boolean(flag) => Some(*flag),
            _ => None,
        })
        .collect();
    flags.map_or_else(
        || Value::list(items),
        |flags| Value::Booleans(Vector::new(flags)),
    )
}

/// A table of strings: one column per name, each cell a string; an absent member is `""`.
pub(crate) fn table_of_strings(rows: &[Json], columns: &[(&str, &str)]) -> Value {
    let values = columns
        .iter()
        .map(|(_, member)| Value::list(rows.iter().map(|row| text_of(row, member)).collect()))
        .collect();
    Value::table(
        columns.iter().map(|(name, _)| Symbol::new(name)).collect(),
        values,
    )
}

/// The string of a member, `""` when it is absent.
pub(crate) fn text_of(row: &Json, member: &str) -> Value {
    Value::string(row.get(member).and_then(Json::as_str).unwrap_or_default())
}

/// Seconds since 1970 as q counts time: nanoseconds since 2000; null for an absent member.
pub(crate) fn timestamp_of(row: &Json, member: &str) -> i64 {
    row.get(member)
        .and_then(Json::as_f64)
        // A float of today's seconds is exact to less than a microsecond, and to no more.
        .map_or(i64::MIN, |seconds| {
            ((seconds - EPOCH_SHIFT_SECONDS) * 1e6).round() as i64 * 1000
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn answers_look_as_the_json_reader_of_q_makes_them() {
        let value = from_json(
            &json!({"status": "RUNNING", "capacityConfiguration": {"nodeCount": 3}, "ok": true}),
        );
        let Value::Dict(dict) = &value else {
            panic!("a dictionary");
        };
        let names = Value::symbols(["status", "capacityConfiguration", "ok"]);
        assert!(dict.keys.is_identical(&names) || dict.keys.type_number() == 11);
        let counts = from_json(&json!({"nodeCount": 3}));
        let Value::Dict(counts) = &counts else {
            panic!("a dictionary");
        };
        assert!(
            counts
                .values
                .is_identical(&Value::Floats(Vector::new(vec![3.0])))
        );
        assert!(from_json(&json!([{"a": "x"}, {"a": "y"}])).type_number() == 98);
        assert!(
            from_json(&json!([1, 2])).is_identical(&Value::Floats(Vector::new(vec![1.0, 2.0])))
        );
        assert!(from_json(&json!([])).is_identical(&Value::empty_list()));
    }

    #[test]
    fn times_move_to_the_epoch_of_q() {
        assert_eq!(
            timestamp_of(&json!({"at": 1_795_209_548.492}), "at"),
            848_524_748_492_000_000
        );
        assert_eq!(timestamp_of(&json!({}), "at"), i64::MIN);
    }
}
