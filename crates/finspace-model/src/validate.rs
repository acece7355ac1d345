//! Checks values against the contract's constraints, with the messages AWS gives.

use std::borrow::Cow;

use serde_json::{Map, Number, Value};

use crate::contract::{Shape, ShapeType, contract};
use crate::decode::json_kind;
use crate::errors::ApiError;
use crate::relaxations::ZIP_DEFAULT_KEY;

/// How many failures one message lists; the count before them is of all.
const FAILURES_SHOWN_MAX: usize = 10;
/// How much of an offending value is repeated in a message.
const SHOWN_CHARACTERS_MAX: usize = 100;

/// The members without nulls and without what the shape does not know, when all constraints hold.
///
/// Errors: SerializationException at the first value of a wrong type, ValidationException listing every constraint
/// that fails.
pub(crate) fn validate_input(
    shape: &Shape,
    members: Map<String, Value>,
) -> Result<Value, ApiError> {
    let mut failures = Failures::default();
    let checked = structure(shape, members, "", &mut failures)?;
    if failures.count == 0 {
        Ok(checked)
    } else {
        Err(ApiError::validation(failures.message()))
    }
}

/// True when a text satisfies the pattern of a shape, or the shape has none.
pub(crate) fn pattern_accepts(shape: &Shape, text: &str) -> bool {
    shape
        .compiled_pattern()
        .is_none_or(|pattern| pattern.matches(text))
        || (shape.name == "KxCommandLineArgumentKey" && text == ZIP_DEFAULT_KEY)
}

#[derive(Default)]
struct Failures {
    count: usize,
    shown: Vec<String>,
}

impl Failures {
    fn add(&mut self, value: &str, path: &str, constraint: &str) {
        self.count += 1;
        if self.shown.len() < FAILURES_SHOWN_MAX {
            self.shown.push(format!(
                "Value {value}at '{path}' failed to satisfy constraint: {constraint}"
            ));
        }
    }

    fn message(&self) -> String {
        let plural = if self.count == 1 { "" } else { "s" };
        format!(
            "{} validation error{plural} detected: {}",
            self.count,
            self.shown.join("; ")
        )
    }
}

fn check(
    shape: &Shape,
    value: Value,
    path: &str,
    failures: &mut Failures,
) -> Result<Value, ApiError> {
    match (shape.kind, value) {
        (ShapeType::Structure, Value::Object(members)) => structure(shape, members, path, failures),
        (ShapeType::List, Value::Array(items)) => list(shape, items, path, failures),
        (ShapeType::Map, Value::Object(entries)) => map(shape, entries, path, failures),
        (ShapeType::String, Value::String(text)) => {
            string_constraints(shape, &text, |constraint| {
                failures.add(&shown(shape, &text), path, &constraint);
            });
            Ok(Value::String(text))
        }
        (ShapeType::Boolean, Value::Bool(flag)) => Ok(Value::Bool(flag)),
        (
            ShapeType::Integer | ShapeType::Long | ShapeType::Double | ShapeType::Timestamp,
            Value::Number(number),
        ) => number_value(shape, number, path, failures),
        (kind, other) => Err(ApiError::serialization(format!(
            "The value at '{path}' must be {}, not {}",
            kind_name(kind),
            json_kind(&other)
        ))),
    }
}

fn structure(
    shape: &Shape,
    mut members: Map<String, Value>,
    path: &str,
    failures: &mut Failures,
) -> Result<Value, ApiError> {
    let mut checked = Map::new();
    for (name, member) in &shape.members {
        match members.remove(name) {
            None | Some(Value::Null) => {
                if shape.required.contains(name) {
                    failures.add("null ", &below(path, name), "Member must not be null");
                }
            }
            Some(value) => {
                let value = check(
                    contract().shape(&member.shape),
                    value,
                    &below(path, name),
                    failures,
                )?;
                checked.insert(name.clone(), value);
            }
        }
    }
    Ok(Value::Object(checked))
}

fn list(
    shape: &Shape,
    items: Vec<Value>,
    path: &str,
    failures: &mut Failures,
) -> Result<Value, ApiError> {
    length_constraints(shape, items.len(), |constraint| {
        failures.add("", path, &constraint);
    });
    let Some(element) = shape.member.as_deref() else {
        return Ok(Value::Array(items));
    };
    let element = contract().shape(element);
    items
        .into_iter()
        .enumerate()
        .map(|(index, item)| {
            check(
                element,
                item,
                &format!("{path}.{}.member", index + 1),
                failures,
            )
        })
        .collect::<Result<Vec<_>, _>>()
        .map(Value::Array)
}

fn map(
    shape: &Shape,
    entries: Map<String, Value>,
    path: &str,
    failures: &mut Failures,
) -> Result<Value, ApiError> {
    length_constraints(shape, entries.len(), |constraint| {
        failures.add("", path, &constraint);
    });
    let mut checked = Map::new();
    for (key, value) in entries {
        if let Some(key_shape) = shape.key.as_deref().map(|name| contract().shape(name)) {
            string_constraints(key_shape, &key, |constraint| {
                let constraint = format!("Map keys must satisfy constraint: [{constraint}]");
                failures.add(&shown(key_shape, &key), path, &constraint);
            });
        }
        let value = match shape.value.as_deref() {
            Some(name) => check(
                contract().shape(name),
                value,
                &format!("{path}.{}.member", shortened(&key)),
                failures,
            )?,
            None => value,
        };
        checked.insert(key, value);
    }
    Ok(Value::Object(checked))
}

fn string_constraints(shape: &Shape, text: &str, mut fail: impl FnMut(String)) {
    length_constraints(shape, text.chars().count(), &mut fail);
    if let Some(values) = &shape.values
        && !values.iter().any(|value| value == text)
    {
        fail(format!(
            "Member must satisfy enum value set: [{}]",
            values.join(", ")
        ));
    }
    if !pattern_accepts(shape, text) {
        fail(format!(
            "Member must satisfy regular expression pattern: {}",
            shape.pattern.as_deref().unwrap_or_default()
        ));
    }
}

fn length_constraints(shape: &Shape, length: usize, mut fail: impl FnMut(String)) {
    let length = length as f64;
    if let Some(min) = shape.min
        && length < min
    {
        fail(format!(
            "Member must have length greater than or equal to {min}"
        ));
    }
    if let Some(max) = shape.max
        && length > max
    {
        fail(format!(
            "Member must have length less than or equal to {max}"
        ));
    }
}

fn number_value(
    shape: &Shape,
    number: Number,
    path: &str,
    failures: &mut Failures,
) -> Result<Value, ApiError> {
    let size = number.as_f64().unwrap_or(f64::NAN);
    let whole = matches!(shape.kind, ShapeType::Integer | ShapeType::Long);
    let limit = if shape.kind == ShapeType::Integer {
        f64::from(i32::MAX)
    } else {
        // The largest whole number below which every one has its own double.
        9_007_199_254_740_992.0
    };
    if whole && (size.fract() != 0.0 || size.abs() > limit) {
        return Err(ApiError::serialization(format!(
            "The number {number} at '{path}' must be {}",
            kind_name(shape.kind)
        )));
    }
    let shown = format!("'{number}' ");
    if let Some(min) = shape.min
        && size < min
    {
        let constraint = format!("Member must have value greater than or equal to {min}");
        failures.add(&shown, path, &constraint);
    }
    if let Some(max) = shape.max
        && size > max
    {
        let constraint = format!("Member must have value less than or equal to {max}");
        failures.add(&shown, path, &constraint);
    }
    // 2.0 is a whole number to the service; handlers read integers.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "whole and within the range checked above"
    )]
    let value = if whole && number.as_i64().is_none() {
        Value::from(size as i64)
    } else {
        Value::Number(number)
    };
    Ok(value)
}

fn below(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

/// The value as a message repeats it, with a blank behind; nothing for secrets.
fn shown(shape: &Shape, text: &str) -> String {
    if shape.sensitive {
        String::new()
    } else {
        format!("'{}' ", shortened(text))
    }
}

fn shortened(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(SHOWN_CHARACTERS_MAX) {
        Some((end, _)) => Cow::Owned(format!("{}...", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

fn kind_name(kind: ShapeType) -> &'static str {
    match kind {
        ShapeType::Structure | ShapeType::Map => "an object",
        ShapeType::List => "a list",
        ShapeType::String => "a string",
        ShapeType::Integer => "a whole number of 32 bits",
        ShapeType::Long => "a whole number",
        ShapeType::Double => "a number",
        ShapeType::Boolean => "true or false",
        ShapeType::Timestamp => "a number of seconds",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn validated(shape: &str, value: Value) -> Result<Value, ApiError> {
        let Value::Object(members) = value else {
            panic!("tests give objects")
        };
        validate_input(contract().shape(shape), members)
    }

    #[test]
    fn numbers_keep_their_bounds_and_whole_floats_become_integers() {
        let group = |reservation: Value| json!({"scalingGroupName": "group", "memoryReservation": reservation, "nodeCount": 1});
        let checked = validated("KxScalingGroupConfiguration", group(json!(6.0))).unwrap();
        assert_eq!(checked["memoryReservation"], json!(6));
        let error = validated("KxScalingGroupConfiguration", group(json!(5))).unwrap_err();
        assert_eq!(
            error.message(),
            "1 validation error detected: Value '5' at 'memoryReservation' failed to satisfy constraint: Member must have value greater than or equal to 6"
        );
        assert_eq!(
            validated("KxScalingGroupConfiguration", group(json!(6.5)))
                .unwrap_err()
                .wire()
                .1,
            "SerializationException"
        );
        assert!(validated("KxScalingGroupConfiguration", group(json!(1e300))).is_err());
    }

    #[test]
    fn maps_check_size_keys_and_values() {
        let tagged = |tags: Value| json!({"resourceArn": "arn:aws:finspace:us-east-1:000000000000:kxEnvironment/abc", "tags": tags});
        assert!(validated("TagResourceRequest", tagged(json!({"desk": "rates"}))).is_ok());
        for (tags, part) in [
            (
                json!({}),
                "at 'tags' failed to satisfy constraint: Member must have length greater",
            ),
            (
                json!({"aws:x": "y"}),
                "Map keys must satisfy constraint: [Member must satisfy regular",
            ),
            (
                json!({"desk": ""}),
                "at 'tags.desk.member' failed to satisfy constraint: Member must have length",
            ),
        ] {
            let error = validated("TagResourceRequest", tagged(tags)).unwrap_err();
            assert!(error.message().contains(part), "{}", error.message());
        }
    }

    #[test]
    fn long_values_and_long_lists_of_failures_are_cut() {
        let key =
            |index: usize| json!({"key": format!("{}{index}", "-".repeat(300)), "value": "v"});
        let error = validated(
            "UpdateKxClusterCodeConfigurationRequest",
            json!({"environmentId": "abc", "clusterName": "rdb", "code": {},
                   "commandLineArguments": (0..1000).map(key).collect::<Vec<_>>()}),
        )
        .unwrap_err();
        assert!(
            error
                .message()
                .starts_with("1000 validation errors detected: ")
        );
        assert!(
            error.message().len() < 5_000,
            "{} bytes",
            error.message().len()
        );
    }
}
