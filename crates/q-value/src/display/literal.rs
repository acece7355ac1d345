//! The k form: one line of text that says value and type.

use crate::format::{EnumItems, push_guid, push_plain_atom, push_plain_item, push_quoted};
use crate::{
    Attribute, Dict, Element, EnumVector, Partitioned, Projection, Table, Type, Unary, Value,
    Vector,
};

/// The text of `-3!x`, with floats of so many digits.
pub fn k_text(value: &Value, precision: u8) -> Vec<u8> {
    let mut out = Vec::new();
    push_k_text(&mut out, value, precision);
    out
}

/// Appends the text of `-3!x`.
pub fn push_k_text(out: &mut Vec<u8>, value: &Value, precision: u8) {
    push_k_text_until(out, value, precision, usize::MAX);
}

/// Appends the k form and may stop when it has grown longer than `limit` bytes: for lines that are cut anyway.
pub(super) fn push_k_text_until(out: &mut Vec<u8>, value: &Value, precision: u8, limit: usize) {
    let stop = out.len().saturating_add(limit);
    Writer {
        out,
        precision,
        stop,
    }
    .value(value);
}

/// The text of a function as `string` gives it: the source of a lambda, the glyph of an operator, parts of the rest in
/// k form.
pub fn function_text(function: &Value, precision: u8) -> Vec<u8> {
    k_text(function, precision)
}

struct Writer<'a> {
    out: &'a mut Vec<u8>,
    precision: u8,
    /// Length of the buffer after which nothing more is needed.
    stop: usize,
}

impl Writer<'_> {
    fn is_full(&self) -> bool {
        self.out.len() > self.stop
    }

    fn text(&mut self, text: impl AsRef<[u8]>) {
        self.out.extend_from_slice(text.as_ref());
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::List(items) => self.list(items),
            Value::Table(table) => self.table(table),
            Value::Partitioned(table) => self.partitioned(table),
            Value::Dict(dict) => self.dict(dict),
            Value::Enums(vector) => self.enumeration(vector),
            Value::Lambda(lambda) => self.text(lambda.source.as_bytes()),
            Value::Identity => self.text("::"),
            Value::Elided => {}
            Value::Unary(unary) => self.text(unary.text()),
            Value::Binary(binary) => match binary.composition() {
                Some(parts) => self.composition(&parts),
                None => self.text(binary.text()),
            },
            Value::Iterator(iterator) => self.text(iterator.text()),
            Value::Projection(projection) => self.projection(projection),
            Value::Composition(parts) => self.composition(parts),
            Value::Derived(derived) => {
                if matches!(derived.function, Value::Composition(_)) {
                    self.parenthesised(&derived.function);
                } else {
                    self.value(&derived.function);
                }
                self.text(derived.iterator.text());
            }
            Value::Native(native) => match native.derivation() {
                Some(function) => self.value(&function),
                None => self.text(native.name),
            },
            atom if atom.is_atom() => self.atom(atom),
            vector => self.vector(vector),
        }
    }

    fn parenthesised(&mut self, value: &Value) {
        self.text("(");
        self.value(value);
        self.text(")");
    }

    fn atom(&mut self, atom: &Value) {
        match atom {
            Value::Boolean(x) => self.text(if *x { "1b" } else { "0b" }),
            Value::Guid(x) => push_guid(self.out, x),
            Value::Byte(_) => {
                self.text("0x");
                push_plain_atom(self.out, atom, self.precision);
            }
            Value::Char(x) => push_quoted(self.out, &[*x]),
            Value::Symbol(x) => {
                self.text("`");
                self.text(x.as_bytes());
            }
            Value::Enum(x) => {
                let items = EnumItems::of(x.domain);
                self.enumeration_head(x.domain, &items);
                self.enumeration_item(&items, x.index);
            }
            _ => {
                let Some(ty) = atom.basic_type() else { return };
                let start = self.out.len();
                if atom.is_null_atom() {
                    self.null(ty);
                } else {
                    push_plain_atom(self.out, atom, self.precision);
                }
                self.type_letter(ty, self.is_whole_since(start));
            }
        }
    }

    /// The null of a number or time without the letter that ends a whole vector, but with the one of each item.
    fn null(&mut self, ty: Type) {
        match ty {
            Type::Float => self.text("0n"),
            Type::Date
            | Type::Timestamp
            | Type::Datetime
            | Type::Timespan
            | Type::Minute
            | Type::Second
            | Type::Time => {
                self.text("0N");
                self.out.push(ty.letter());
            }
            _ => self.text("0N"),
        }
    }

    /// True when the text since `start` looks like integers, so that a float needs its letter.
    fn is_whole_since(&self, start: usize) -> bool {
        self.out[start..]
            .iter()
            .all(|c| c.is_ascii_digit() || matches!(c, b'-' | b' ' | b','))
    }

    /// The letter after the last item, for types that have one.
    fn type_letter(&mut self, ty: Type, is_whole: bool) {
        match ty {
            Type::Short | Type::Int | Type::Real => self.out.push(ty.letter()),
            Type::Month if self.out.last() != Some(&b'm') => self.out.push(b'm'),
            Type::Float if is_whole => self.out.push(b'f'),
            _ => {}
        }
    }

    fn attribute(&mut self, attribute: Attribute) {
        if attribute != Attribute::None {
            self.text("`");
            self.text(attribute.name());
            self.text("#");
        }
    }

    fn vector(&mut self, vector: &Value) {
        let Some(ty) = vector.basic_type() else {
            return;
        };
        self.attribute(vector.attribute());
        let count = vector.count();
        if count == 0 && ty != Type::Char {
            self.text("`");
            self.text(ty.name());
            self.text("$()");
            return;
        }
        if count == 1 {
            self.text(",");
        }
        match vector {
            Value::Booleans(v) => {
                let room = self.room().min(v.len());
                self.out
                    .extend(v[..room].iter().map(|x| b'0' + u8::from(*x)));
                self.text("b");
            }
            Value::Bytes(v) => {
                self.text("0x");
                let room = self.room().min(v.len());
                for at in 0..room {
                    push_plain_item(self.out, vector, at, self.precision);
                }
            }
            Value::Chars(v) => {
                let room = self.room().min(v.len());
                push_quoted(self.out, &v[..room]);
            }
            Value::Symbols(v) => {
                for symbol in v.iter() {
                    self.text("`");
                    self.text(symbol.as_bytes());
                    if self.is_full() {
                        return;
                    }
                }
            }
            _ => self.spaced(vector, ty, count),
        }
    }

    /// Bytes that may still be written before the text is long enough; for items of at least one byte.
    fn room(&self) -> usize {
        self.stop.saturating_sub(self.out.len()).saturating_add(1)
    }

    fn spaced(&mut self, vector: &Value, ty: Type, count: usize) {
        let start = self.out.len();
        for at in 0..count {
            if at > 0 {
                self.text(" ");
            }
            if is_null_item(vector, at) {
                self.null(ty);
            } else {
                push_plain_item(self.out, vector, at, self.precision);
                if ty == Type::Month && self.out.last() == Some(&b'm') {
                    self.out.pop(); // an infinity: the letter comes once, at the end
                }
            }
            if self.is_full() {
                return;
            }
        }
        self.type_letter(ty, ty == Type::Float && self.is_whole_since(start));
    }

    fn enumeration_head(&mut self, domain: crate::Symbol, items: &EnumItems) {
        self.text("`");
        self.text(domain.as_bytes());
        self.text(if items.is_unresolved() { "!" } else { "$" });
    }

    fn enumeration_item(&mut self, items: &EnumItems, index: i64) {
        match items.get(index) {
            Some(value) => self.value(&value),
            None if index.is_null() => self.text("0N"),
            None => push_plain_atom(self.out, &Value::Long(index), self.precision),
        }
    }

    fn enumeration(&mut self, vector: &EnumVector) {
        self.attribute(vector.indices.attribute());
        let items = EnumItems::of(vector.domain);
        self.enumeration_head(vector.domain, &items);
        // enough of the items for what is shown: each takes at least one byte
        let shown = self.room().min(vector.indices.len());
        let indices = &vector.indices[..shown];
        if items.is_unresolved() {
            self.value(&Value::Longs(indices.to_vec().into()));
            return;
        }
        let resolved: Vec<Value> = indices.iter().filter_map(|at| items.get(*at)).collect();
        if resolved.is_empty() {
            self.text("`symbol$()");
        } else {
            self.value(&Value::from_items(resolved));
        }
    }

    fn list(&mut self, items: &Vector<Value>) {
        match items.as_slice() {
            [] => self.text("()"),
            [one] => {
                self.text(",");
                self.value(one);
            }
            many => {
                self.text("(");
                for (at, item) in many.iter().enumerate() {
                    if at > 0 {
                        self.text(";");
                    }
                    self.value(item);
                    if self.is_full() {
                        return;
                    }
                }
                self.text(")");
            }
        }
    }

    fn table(&mut self, table: &Table) {
        if table.sorted {
            self.attribute(Attribute::Sorted);
        }
        self.text("+");
        self.keys(&Value::Symbols(table.names.clone()));
        self.text("!");
        match table.columns.as_slice() {
            [one] => {
                self.text(",");
                self.value(one);
            }
            columns => {
                self.text("(");
                for (at, column) in columns.iter().enumerate() {
                    if at > 0 {
                        self.text(";");
                    }
                    self.value(column);
                    if self.is_full() {
                        return;
                    }
                }
                self.text(")");
            }
        }
    }

    fn partitioned(&mut self, table: &Partitioned) {
        self.text("+");
        let stored = table.names.iter().skip(1).copied().collect();
        self.keys(&Value::Symbols(stored));
        self.text("!`");
        self.text(table.name.as_bytes());
    }

    fn keys(&mut self, keys: &Value) {
        let is_simple = match keys {
            Value::List(items) => items.len() != 1,
            Value::Chars(text) => text.len() != 1 && keys.attribute() == Attribute::None,
            Value::Enums(_) | Value::Table(_) | Value::Dict(_) => false,
            vector => vector.count() > 1 && vector.attribute() == Attribute::None,
        };
        if is_simple {
            self.value(keys);
        } else {
            self.parenthesised(keys);
        }
    }

    fn dict(&mut self, dict: &Dict) {
        if dict.step {
            self.attribute(Attribute::Sorted);
        }
        self.keys(&dict.keys);
        self.text("!");
        self.value(&dict.values);
    }

    /// Functions one after the other; `~` needs no colon before another function (reference page "value").
    fn composition(&mut self, parts: &[Value]) {
        for (at, part) in parts.iter().enumerate() {
            match part {
                Value::Unary(Unary::Not) if at + 1 < parts.len() => self.text("~"),
                part => self.value(part),
            }
        }
    }

    fn projection(&mut self, projection: &Projection) {
        if matches!(projection.function, Value::Composition(_)) {
            self.parenthesised(&projection.function);
        } else {
            self.value(&projection.function);
        }
        self.text("[");
        for (at, argument) in projection.arguments.iter().enumerate() {
            if at > 0 {
                self.text(";");
            }
            if let Some(argument) = argument {
                self.value(argument);
            }
        }
        self.text("]");
    }
}

fn is_null_item(vector: &Value, at: usize) -> bool {
    crate::format::is_blank_item(vector, at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Binary, Iterator, Symbol, domain};

    fn text(value: &Value) -> String {
        String::from_utf8(k_text(value, 7)).expect("ascii")
    }

    fn longs(items: &[i64]) -> Value {
        Value::Longs(items.to_vec().into())
    }

    fn floats(items: &[f64]) -> Value {
        Value::Floats(items.to_vec().into())
    }

    #[test]
    fn atoms() {
        for (value, expected) in [
            (Value::Boolean(true), "1b"),
            (Value::Byte(255), "0xff"),
            (Value::Short(3), "3h"),
            (Value::Short(i16::MIN), "0Nh"),
            (Value::Int(i32::MAX), "0Wi"),
            (Value::Long(i64::MIN), "0N"),
            (Value::Long(-i64::MAX), "-0W"),
            (Value::Real(4.25), "4.25e"),
            (Value::Real(10.0), "10e"),
            (Value::Real(f32::NAN), "0Ne"),
            (Value::Float(2.0), "2f"),
            (Value::Float(1e10), "1e+10"),
            (Value::Float(f64::NAN), "0n"),
            (Value::Float(f64::NEG_INFINITY), "-0w"),
            (Value::Char(b'\n'), "\"\\n\""),
            (Value::symbol("a b"), "`a b"),
            (Value::Month(0), "2000.01m"),
            (Value::Month(i32::MIN), "0Nm"),
            (Value::Month(i32::MAX), "0Wm"),
            (Value::Date(i32::MIN), "0Nd"),
            (Value::Time(i32::MAX), "0Wt"),
            (Value::Timespan(0), "0D00:00:00.000000000"),
            (Value::Datetime(f64::NAN), "0Nz"),
            (Value::Identity, "::"),
        ] {
            assert_eq!(text(&value), expected);
        }
    }

    #[test]
    fn vectors() {
        for (value, expected) in [
            (longs(&[1, i64::MIN, 3]), "1 0N 3"),
            (longs(&[1]), ",1"),
            (longs(&[]), "`long$()"),
            (floats(&[1.0, 2.0]), "1 2f"),
            (floats(&[1.0, 2.5]), "1 2.5"),
            (floats(&[f64::NAN, 3.0]), "0n 3"),
            (floats(&[1.0]), ",1f"),
            (Value::Reals(vec![1.0, 2.34, 789.0].into()), "1 2.34 789e"),
            (Value::Ints(vec![i32::MIN, 2].into()), "0N 2i"),
            (Value::Months(vec![208, 212].into()), "2017.05 2017.09m"),
            (Value::Dates(vec![0, i32::MIN].into()), "2000.01.01 0Nd"),
            (Value::Booleans(vec![true, false].into()), "10b"),
            (Value::Booleans(vec![true].into()), ",1b"),
            (Value::Bytes(vec![1, 0xab].into()), "0x01ab"),
            (Value::Bytes(vec![1].into()), ",0x01"),
            (Value::string("a"), ",\"a\""),
            (Value::string(""), "\"\""),
            (Value::symbols(["a", "", "b"]), "`a``b"),
            (Value::symbols(["a"]), ",`a"),
            (Value::symbols::<&str>([]), "`symbol$()"),
            (longs(&[1, 2]).with_attribute(Attribute::Sorted), "`s#1 2"),
            (Value::empty_list(), "()"),
            (longs(&[1, 2]).enlist(), ",1 2"),
            (floats(&[4.141593]).enlist(), ",,4.141593"),
        ] {
            assert_eq!(text(&value), expected);
        }
    }

    #[test]
    fn nested_lists_dictionaries_and_tables() {
        let ab = Value::symbols(["a", "b"]);
        assert_eq!(
            text(&Value::list(vec![
                Value::Long(1),
                Value::symbol("a"),
                Value::string("x")
            ])),
            "(1;`a;,\"x\")"
        );
        assert_eq!(text(&Value::dict(ab.clone(), longs(&[1, 2]))), "`a`b!1 2");
        assert_eq!(
            text(&Value::dict(
                Value::symbols(["foo"]),
                Value::string("bar").enlist()
            )),
            "(,`foo)!,\"bar\""
        );
        let table = Value::table(
            vec![Symbol::new("a"), Symbol::new("b")].into(),
            vec![longs(&[1, 2, 3]), longs(&[11, 22, 33])],
        );
        assert_eq!(text(&table), "+`a`b!(1 2 3;11 22 33)");
        let keys = Value::table(vec![Symbol::new("color")].into(), vec![longs(&[7, 8, 9])]);
        assert_eq!(
            text(&Value::dict(keys, table)),
            "(+(,`color)!,7 8 9)!+`a`b!(1 2 3;11 22 33)"
        );
    }

    #[test]
    fn functions() {
        let plus = Value::Binary(Binary::Add);
        let over = Value::derived(Iterator::Over, plus.clone());
        assert_eq!(text(&over), "+/");
        assert_eq!(
            text(&Value::projection(plus.clone(), vec![Some(Value::Long(1))])),
            "+[1]"
        );
        assert_eq!(
            text(&Value::projection(plus, vec![None, Some(Value::Long(2))])),
            "+[;2]"
        );
        assert_eq!(
            text(&Value::Composition(
                vec![over, Value::Unary(Unary::Count)].into()
            )),
            "+/#:"
        );
    }

    #[test]
    fn compositions_show_their_parts() {
        let not_equal = Value::Binary(Binary::NotEqual);
        assert_eq!(text(&not_equal), "~=");
        assert_eq!(not_equal.type_number(), 105);
        let differ = Value::Native(&crate::Native {
            name: "differ",
            rank: 1,
            id: 0,
        });
        assert_eq!(text(&differ), "$[\"b\"]~~':");
        assert_eq!(differ.type_number(), 105);
    }

    #[test]
    fn enumerations_show_what_the_domain_holds_now() {
        let name = Symbol::new("literal_test_domain");
        let e = Value::enums(name, vec![1, 0].into());
        assert_eq!(text(&e), "`literal_test_domain!1 0");
        domain::bind(name, Value::symbols(["x", "y"]));
        assert_eq!(text(&e), "`literal_test_domain$`y`x");
        assert_eq!(
            text(&Value::enums(name, vec![1].into())),
            "`literal_test_domain$,`y"
        );
        assert_eq!(
            text(&e.item(1).expect("two items")),
            "`literal_test_domain$`x"
        );
    }

    #[test]
    fn a_limit_stops_long_vectors() {
        let mut out = Vec::new();
        push_k_text_until(&mut out, &longs(&vec![7; 1_000_000]), 7, 80);
        assert!(out.len() > 80 && out.len() < 120);
    }
}
