//! Values to JSON.

use q_value::format::{EnumItems, is_blank_item, push_plain_atom, push_plain_item, settings};
use q_value::{Table, Type, Value};

/// How values become JSON.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JsonOptions {
    /// Infinities as `null` in place of `inf` and `-inf`, which are no JSON.
    pub infinities_as_null: bool,
}

/// Appends the JSON text of a value: numbers by `\P`, nulls of numbers as `null`, times and symbols as strings, tables as
/// lists of objects, dictionaries as objects, functions as their text.
pub fn push_json(out: &mut Vec<u8>, value: &Value, options: JsonOptions) {
    Writer {
        out,
        options,
        precision: settings::precision(),
    }
    .value(value);
}

struct Writer<'a> {
    out: &'a mut Vec<u8>,
    options: JsonOptions,
    precision: u8,
}

impl Writer<'_> {
    fn value(&mut self, value: &Value) {
        match value {
            Value::Identity => self.out.extend_from_slice(b"null"),
            Value::Chars(text) => push_string(self.out, text),
            Value::List(items) => {
                self.array(b",", items.len(), |writer, at| writer.value(&items[at]));
            }
            Value::Table(table) => self.rows(table.row_count(), &[table]),
            Value::Dict(dict) => match (&dict.keys, &dict.values) {
                (Value::Table(keys), Value::Table(values)) => {
                    self.rows(keys.row_count(), &[keys, values]);
                }
                (keys, values) => self.object(keys, values),
            },
            Value::Enums(vector) => {
                let items = EnumItems::of(vector.domain);
                self.array(b",", vector.indices.len(), |writer, at| {
                    match items.get(vector.indices[at]) {
                        Some(value) => writer.value(&value),
                        None => writer.value(&Value::Long(vector.indices[at])),
                    }
                });
            }
            Value::Enum(atom) => match EnumItems::of(atom.domain).get(atom.index) {
                Some(value) => self.value(&value),
                None => self.value(&Value::Long(atom.index)),
            },
            vector if vector.is_vector() => {
                let ty = vector.basic_type();
                self.array(b",", vector.count(), |writer, at| {
                    writer.item(ty, vector, at);
                });
            }
            atom if atom.is_atom() => {
                let mut text = Vec::new();
                push_plain_atom(&mut text, atom, self.precision);
                let is_null = atom.is_null_atom();
                self.scalar(atom.basic_type(), &text, is_null);
            }
            function => {
                let text = q_value::display::function_text(function, self.precision);
                push_string(self.out, &text);
            }
        }
    }

    fn array(&mut self, separator: &[u8], count: usize, mut item: impl FnMut(&mut Self, usize)) {
        self.out.push(b'[');
        for at in 0..count {
            if at > 0 {
                self.out.extend_from_slice(separator);
            }
            item(self, at);
        }
        self.out.push(b']');
    }

    fn item(&mut self, ty: Option<Type>, vector: &Value, at: usize) {
        let mut text = Vec::new();
        push_plain_item(&mut text, vector, at, self.precision);
        self.scalar(ty, &text, is_blank_item(vector, at));
    }

    /// One atom from its plain text.
    fn scalar(&mut self, ty: Option<Type>, text: &[u8], is_null: bool) {
        match ty {
            Some(Type::Boolean) => {
                self.out
                    .extend_from_slice(if text == b"1" { b"true" } else { b"false" })
            }
            Some(Type::Short | Type::Int | Type::Long | Type::Real | Type::Float) => {
                self.number(text, is_null);
            }
            Some(Type::Timestamp | Type::Month | Type::Date | Type::Datetime) => {
                let mut text = text.to_vec();
                for c in text.iter_mut().take(8).filter(|c| **c == b'.') {
                    *c = b'-';
                }
                push_string(self.out, &text);
            }
            _ => push_string(self.out, text),
        }
    }

    fn number(&mut self, text: &[u8], is_null: bool) {
        let text: &[u8] = match text {
            _ if is_null => b"null",
            b"0w" | b"0W" | b"-0w" | b"-0W" if self.options.infinities_as_null => b"null",
            b"0w" | b"0W" => b"inf",
            b"-0w" | b"-0W" => b"-inf",
            text => text,
        };
        self.out.extend_from_slice(text);
    }

    /// An array of one object per row of tables that stand side by side.
    fn rows(&mut self, count: usize, tables: &[&Table]) {
        let columns: Vec<(Vec<u8>, &Value, Option<Type>)> = tables
            .iter()
            .flat_map(|table| table.names.iter().zip(&table.columns))
            .map(|(name, column)| {
                let mut label = Vec::new();
                push_string(&mut label, name.as_bytes());
                label.push(b':');
                (label, column, column.basic_type())
            })
            .collect();
        // rows begin on lines of their own
        self.array(b",\n ", count, |writer, row| {
            writer.out.push(b'{');
            for (at, (label, column, ty)) in columns.iter().enumerate() {
                if at > 0 {
                    writer.out.push(b',');
                }
                writer.out.extend_from_slice(label);
                match column {
                    Value::List(items) => writer.value(&items[row]),
                    Value::Enums(_) | Value::Table(_) | Value::Dict(_) => {
                        let item = column.item(row).unwrap_or(Value::Identity);
                        writer.value(&item);
                    }
                    column => writer.item(*ty, column, row),
                }
            }
            writer.out.push(b'}');
        });
    }

    fn object(&mut self, keys: &Value, values: &Value) {
        self.out.push(b'{');
        for at in 0..keys.count() {
            if at > 0 {
                self.out.push(b',');
            }
            let key = keys.item(at).unwrap_or(Value::Identity);
            let mut text = Vec::new();
            match &key {
                Value::Chars(chars) => text.extend_from_slice(chars),
                key if key.is_atom() => push_plain_atom(&mut text, key, self.precision),
                key => text = q_value::display::k_text(key, self.precision),
            }
            push_string(self.out, &text);
            self.out.push(b':');
            let value = values.item(at).unwrap_or(Value::Identity);
            self.value(&value);
        }
        self.out.push(b'}');
    }
}

/// Appends a JSON string; bytes that are not UTF-8 become the replacement character.
fn push_string(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    let text = String::from_utf8_lossy(text);
    for c in text.bytes() {
        match c {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            8 => out.extend_from_slice(b"\\b"),
            12 => out.extend_from_slice(b"\\f"),
            0..32 => out.extend_from_slice(format!("\\u{c:04x}").as_bytes()),
            c => out.push(c),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::super::{j, jd};
    use super::*;
    use q_value::{QResult, Symbol};

    fn text(result: QResult<Value>) -> String {
        let value = result.expect("JSON of anything");
        String::from_utf8(value.as_text().expect("a string").to_vec()).expect("utf-8")
    }

    fn floats(items: &[f64]) -> Value {
        Value::Floats(items.to_vec().into())
    }

    #[test]
    fn scalars() {
        for (value, expected) in [
            (Value::Boolean(true), "true"),
            (Value::Long(1), "1"),
            (Value::Long(i64::MIN), "null"),
            (Value::Float(1.0), "1"),
            (Value::Float(1.0 / 3.0), "0.3333333"),
            (Value::Char(b'a'), "\"a\""),
            (Value::symbol("x"), "\"x\""),
            (Value::Date(0), "\"2000-01-01\""),
            (Value::Timestamp(0), "\"2000-01-01D00:00:00.000000000\""),
            (Value::Time(0), "\"00:00:00.000\""),
            (Value::Identity, "null"),
            (Value::string("a\"\\\n\u{1}é"), "\"a\\\"\\\\\\n\\u0001é\""),
        ] {
            assert_eq!(text(j(value)), expected);
        }
    }

    #[test]
    fn containers() {
        let infinities = floats(&[f64::NEG_INFINITY, 0.0, f64::INFINITY, f64::NAN]);
        assert_eq!(text(j(infinities.clone())), "[-inf,0,inf,null]");
        let options = Value::dict(
            Value::symbols(["null0w"]),
            Value::Booleans(vec![true].into()),
        );
        assert_eq!(
            text(jd(Value::list(vec![infinities, options]))),
            "[null,0,null,null]"
        );
        let dict = Value::dict(
            Value::symbols(["a", "b"]),
            Value::list(vec![
                Value::Longs(vec![0, 1].into()),
                Value::list(vec![Value::string("hello"), Value::string("world")]),
            ]),
        );
        assert_eq!(text(j(dict)), "{\"a\":[0,1],\"b\":[\"hello\",\"world\"]}");
        let names = |names: &[&str]| names.iter().map(Symbol::new).collect();
        let table = Value::table(
            names(&["a", "b"]),
            vec![
                Value::Longs(vec![1, 2].into()),
                Value::symbols(["Greetings", "Earthlings"]),
            ],
        );
        let expected = "[{\"a\":1,\"b\":\"Greetings\"},\n {\"a\":2,\"b\":\"Earthlings\"}]";
        assert_eq!(text(j(table)), expected);
        let keyed = Value::dict(
            Value::table(names(&["a"]), vec![Value::Longs(vec![1, 2].into())]),
            Value::table(
                names(&["b"]),
                vec![Value::symbols(["Greetings", "Earthlings"])],
            ),
        );
        assert_eq!(text(j(keyed)), expected);
        assert_eq!(text(j(Value::empty_list())), "[]");
    }
}
