//! Casts as the reference shows them: inputs and outputs in k form.

use super::*;
use q_value::display::k_text;
use q_value::{Dict, Vector};

fn longs(items: &[i64]) -> Value {
    Value::Longs(items.to_vec().into())
}

fn strings(items: &[&str]) -> Value {
    Value::list(items.iter().map(Value::string).collect())
}

fn shown(result: QResult<Value>) -> String {
    match result {
        Ok(value) => String::from_utf8(k_text(&value, 7)).expect("ascii"),
        Err(error) => error.to_string(),
    }
}

fn c(letter: char, y: Value) -> String {
    shown(cast(Value::Char(letter as u8), y))
}

fn s(name: &str, y: Value) -> String {
    shown(cast(Value::symbol(name), y))
}

#[test]
fn numbers() {
    assert_eq!(c('i', Value::string("12")), "49 50i");
    assert_eq!(s("int", Value::Float(6.6)), "7i");
    assert_eq!(s("float", Value::Short(i16::MAX)), "32767f");
    assert_eq!(s("short", Value::Long(100_000)), "0Wh");
    assert_eq!(s("int", Value::Long(i64::MIN)), "0Ni");
    assert_eq!(s("int", Value::Long(-i64::MAX)), "-0Wi");
    assert_eq!(
        c(
            'j',
            Value::Floats(vec![f64::NAN, 1.5, -1.2, f64::INFINITY].into())
        ),
        "0N 2 -1 0W"
    );
    assert_eq!(c('b', longs(&[0, 5, i64::MIN])), "011b");
    assert_eq!(c('x', longs(&[0, 255, 256, 1])), "0x00ff0001");
    // beyond the infinity of the int
    assert_eq!(
        c('x', longs(&[i64::from(i32::MAX), 1 << 31, 1 << 40])),
        "0xffffff"
    );
    assert_eq!(c('c', longs(&[50, 43, 51])), "\"2+3\"");
    assert_eq!(
        shown(cast(Value::Short(9), strings(&["fox"]))),
        ",102 111 120f"
    );
    assert_eq!(shown(cast(Value::Short(8), Value::Byte(0xab))), "171e");
    assert_eq!(s("int", Value::symbol("a")), "'type");
    assert_eq!(s("int", Value::empty_list()), "`int$()");
    assert_eq!(
        c(
            'j',
            Value::list(vec![Value::Int(1), Value::Ints(vec![2, 3].into())])
        ),
        "(1;2 3)"
    );
}

#[test]
fn times() {
    let timestamp = Value::Timestamp(8796 * 86_400_000_000_000 + 34_200_500_000_000);
    assert_eq!(s("date", timestamp.clone()), "2024.01.31");
    assert_eq!(s("minute", timestamp.clone()), "09:30");
    assert_eq!(s("time", timestamp.clone()), "09:30:00.500");
    assert_eq!(s("month", timestamp.clone()), "2024.01m");
    assert_eq!(s("hh", timestamp.clone()), "9i");
    assert_eq!(s("mm", timestamp.clone()), "1i");
    assert_eq!(s("uu", timestamp.clone()), "30i");
    assert_eq!(s("dd", timestamp.clone()), "31i");
    assert_eq!(s("year", timestamp.clone()), "2024i");
    assert_eq!(s("week", timestamp.clone()), "2024.01.29");
    assert_eq!(s("ss", timestamp), "0i");
    assert_eq!(s("mm", Value::Time(3_720_000)), "2i");
    assert_eq!(s("hh", Value::Minutes(vec![570, i32::MIN].into())), "9 0Ni");
    assert_eq!(c('j', Value::Dates(vec![-365, 365].into())), "-365 365");
    assert_eq!(c('i', Value::Date(3653)), "3653i");
    assert_eq!(c('d', Value::Long(10)), "2000.01.11");
    assert_eq!(s("hh", Value::Long(1)), "'type");
}

#[test]
fn symbols() {
    assert_eq!(s("", Value::string("   IBM   ")), "`IBM");
    assert_eq!(s("", strings(&["a", "b c"])), "`a`b c");
    assert_eq!(s("", Value::empty_list()), "`symbol$()");
    assert_eq!(s("", Value::Long(1)), "'type");
    assert_eq!(s("symbol", Value::symbols(["a"])), ",`a");
}

#[test]
fn tok_of_every_type() {
    assert_eq!(c('I', Value::string("12")), "12i");
    assert_eq!(c('E', Value::string("4.25")), "4.25e");
    assert_eq!(
        shown(cast(Value::Short(-8), Value::string("4.25"))),
        "4.25e"
    );
    assert_eq!(c('D', Value::string("2000-12-12")), "2000.12.12");
    assert_eq!(c('U', Value::string("12:13:14")), "12:13");
    assert_eq!(c('T', Value::string("123456789")), "12:34:56.789");
    assert_eq!(c('H', Value::string("32768")), "0Nh");
    assert_eq!(c('D', Value::string("2147483648")), "0Nd");
    assert_eq!(c('B', strings(&[" Y ", "    N "])), "10b");
    assert_eq!(c('S', Value::string("hello")), "`hello");
    assert_eq!(c('*', Value::string("hello")), "\"hello\"");
    assert_eq!(c('J', strings(&["1", "x", "3"])), "1 0N 3");
    assert_eq!(c('J', Value::Char(b'7')), "7");
    assert_eq!(
        c(
            'J',
            Value::list(vec![strings(&["1", "2"]), Value::string("3")])
        ),
        "(1 2;3)"
    );
    assert_eq!(c('J', Value::Long(1)), "'type");
    assert_eq!(
        shown(cast(Value::string("BXH"), strings(&["42", "42", "42"]))),
        "(0b;0x42;42h)"
    );
    let letters = Value::list(vec![Value::Char(b'B'), Value::string("XHI")]);
    let texts = Value::list(vec![Value::string("42"), strings(&["42", "42", "42"])]);
    assert_eq!(shown(cast(letters, texts)), "(0b;(0x42;42h;42i))");
    assert_eq!(
        shown(cast(
            Value::string("PZ"),
            Value::list(vec![Value::string("20191122-11:11:11.123"); 2])
        )),
        "(2019.11.22D11:11:11.123000000;2019.11.22T11:11:11.123)"
    );
    assert_eq!(shown(cast(Value::string("IJ"), strings(&["1"]))), "'length");
}

#[test]
fn many_texts_are_split_without_loss() {
    let texts: Vec<Value> = (0..100_000)
        .map(|x: i32| Value::string(x.to_string()))
        .collect();
    let read = cast(Value::Char(b'J'), Value::list(texts)).expect("numbers");
    assert!(read.is_identical(&Value::Longs((0..100_000).collect())));
}

#[test]
fn padding() {
    assert_eq!(
        shown(cast(Value::Long(9), Value::string("foo"))),
        "\"foo      \""
    );
    assert_eq!(
        shown(cast(Value::Long(-9), Value::string("foo"))),
        "\"      foo\""
    );
    assert_eq!(shown(cast(Value::Long(2), Value::string("foo"))), "\"fo\"");
    assert_eq!(shown(cast(Value::Long(-2), Value::string("foo"))), "\"oo\"");
    assert_eq!(
        shown(cast(
            Value::Int(5),
            Value::list(vec![Value::string("The"), strings(&["a", "dog"])])
        )),
        "(\"The  \";(\"a    \";\"dog  \"))"
    );
    assert_eq!(
        shown(cast(longs(&[2, 3]), strings(&["a", "b"]))),
        "(\"a \";\"b  \")"
    );
    assert_eq!(shown(cast(Value::Long(2), longs(&[1]))), "'type");
}

#[test]
fn enumerations() {
    let name = Symbol::new("cast_test_domain");
    domain::bind(name, Value::symbols(["a", "b"]));
    assert_eq!(
        s("cast_test_domain", Value::symbols(["b", "a", ""])),
        "`cast_test_domain$`b`a`"
    );
    assert_eq!(
        s("cast_test_domain", Value::symbol("b")),
        "`cast_test_domain$`b"
    );
    assert_eq!(s("cast_test_domain", Value::symbol("c")), "'cast");
    assert_eq!(
        s("cast_test_no_domain", Value::symbol("c")),
        "'cast_test_no_domain"
    );
    let e = cast(
        Value::symbol("cast_test_domain"),
        Value::symbols(["b", "a"]),
    )
    .expect("known");
    assert_eq!(c('i', e.clone()), "1 0i");
    assert_eq!(s("symbol", e), "`b`a");
    // a foreign key: the key column of a keyed table
    let key = Symbol::new("cast_test_table");
    let names: Vector<Symbol> = vec![Symbol::new("id")].into();
    let keys = Value::table(names.clone(), vec![longs(&[1001, 1002])]);
    let values = Value::table(names, vec![longs(&[1, 2])]);
    domain::bind(
        key,
        Value::Dict(
            Dict {
                keys,
                values,
                step: false,
            }
            .into(),
        ),
    );
    assert_eq!(
        s("cast_test_table", longs(&[1002])),
        "`cast_test_table$,1002"
    );
}
