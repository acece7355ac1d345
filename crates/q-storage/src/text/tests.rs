//! Text and records through the public functions, in k form.

use super::*;
use q_value::Symbol;
use q_value::display::k_text;

fn shown(result: QResult<Value>) -> String {
    match result {
        Ok(value) => String::from_utf8(k_text(&value, 7)).expect("ascii"),
        Err(error) => error.to_string(),
    }
}

fn text(text: &str) -> Value {
    Value::string(text)
}

fn longs(items: &[i64]) -> Value {
    Value::Longs(items.to_vec().into())
}

fn load(format: Value, y: Value) -> String {
    shown(TextFormat::from_value(&format).and_then(|format| format.parse(&y)))
}

fn with_header(types: &str) -> Value {
    Value::list(vec![text(types), text(",")])
}

fn without_header(types: &str) -> Value {
    Value::list(vec![text(types), Value::Char(b',')])
}

fn lines(lines: &[&str]) -> Value {
    Value::list(lines.iter().map(Value::string).collect())
}

#[test]
fn delimited_with_a_header_is_a_table() {
    assert_eq!(
        load(
            with_header("SF*"),
            lines(&["sym,price,note", "a,1.5,hello", "b,,\"x, \"\"y\"\"\""])
        ),
        "+`sym`price`note!(`a`b;1.5 0n;(\"hello\";\"x, \\\"y\\\"\"))"
    );
    assert_eq!(
        load(with_header("S J"), text("a,b,c\nx,skipped,3\n")),
        "+`a`c!(,`x;,3)"
    );
    assert_eq!(
        load(with_header("S"), lines(&["a,b", "x,y"])),
        "+(,`a)!,,`x"
    );
    assert_eq!(load(with_header("SJ"), lines(&["a"])), "'length");
    assert_eq!(
        load(with_header("SJ"), text("a,b\n")),
        "+`a`b!(`symbol$();`long$())"
    );
}

#[test]
fn delimited_without_a_header_is_a_list_of_columns() {
    assert_eq!(
        load(without_header("IC"), lines(&["1,a", "x,", "3"])),
        "(1 0N 3i;\"a  \")"
    );
    assert_eq!(
        load(without_header("DT"), text("20130315,185540686")),
        "(2013.03.15;18:55:40.686)"
    );
    assert_eq!(load(without_header("J"), text("1\r\n2\r\n")), ",1 2");
    assert_eq!(
        load(
            without_header("DPB"),
            lines(&["2024-01-31,2024-01-31D10:00:00.5,1"])
        ),
        "(,2024.01.31;,2024.01.31D10:00:00.500000000;,1b)"
    );
    assert_eq!(load(without_header("?"), text("1")), "'type");
}

#[test]
fn line_ends_inside_quotes_when_asked_for() {
    let format = Value::list(vec![text("*J"), Value::Char(b','), Value::Long(1)]);
    assert_eq!(
        load(format, text("\"two\nlines\",1\nx,2\n")),
        "((\"two\\nlines\";,\"x\");1 2)"
    );
}

#[test]
fn large_texts_are_split_without_loss() {
    let rows = 300_000i64;
    let mut body = Vec::from(&b"n,s\n"[..]);
    for row in 0..rows {
        body.extend_from_slice(format!("{row},s{}\n", row % 7).as_bytes());
    }
    let format = TextFormat::from_value(&with_header("JS")).expect("a format");
    let Ok(Value::Table(table)) = format.parse_file(&body) else {
        panic!("a table");
    };
    assert!(table.columns[0].is_identical(&Value::Longs((0..rows).collect())));
    let last = Symbol::new(format!("s{}", (rows - 1) % 7));
    assert!(matches!(&table.columns[1], Value::Symbols(s) if s.last() == Some(&last)));
}

#[test]
fn fixed_widths() {
    let format = Value::list(vec![text("S J*"), longs(&[3, 1, 2, 4])]);
    assert_eq!(
        load(format.clone(), lines(&["abc|12 x y", "d  |3"])),
        "(`abc`d;12 3;(\" x y\";\"\"))"
    );
    assert_eq!(load(format, text("abc|12 x y")), "(`abc;12;\" x y\")");
    let bad = Value::list(vec![text("SJ"), longs(&[3])]);
    assert_eq!(load(bad, text("abc")), "'length");
}

#[test]
fn key_value_pairs() {
    assert_eq!(
        load(text("S=;"), text("one=1;two=a=b;three")),
        "(`one`two`three;(,\"1\";\"a=b\";\"\"))"
    );
    assert_eq!(
        load(text("I=;"), text("1=x;2=y;")),
        "(1 2i;(,\"x\";,\"y\"))"
    );
    assert_eq!(
        load(text("S=*;"), text("a=\"x;y\";b=z")),
        "(`a`b;(\"x;y\";,\"z\"))"
    );
    assert_eq!(load(text("S"), text("a=1")), "'length");
}

#[test]
fn tables_become_lines() {
    let names = ["a", "b", "d", "s"].iter().map(Symbol::new).collect();
    let table = Value::table(
        names,
        vec![
            longs(&[1, i64::MIN]),
            Value::symbols(["x", "y,z"]),
            Value::Dates(vec![2467, i32::MIN].into()),
            Value::list(vec![text("say \"hi\""), text("")]),
        ],
    );
    assert_eq!(
        shown(prepare(b',', &table)),
        "(\"a,b,d,s\";\"1,x,2006-10-03,say \\\"hi\\\"\";\",\\\"y,z\\\",,\")"
    );
    let columns = Value::list(vec![Value::symbols(["a", "b"]), text("xy")]);
    assert_eq!(shown(prepare(b'\t', &columns)), "(\"a\\tx\";\"b\\ty\")");
    let ragged = Value::list(vec![Value::symbols(["a", "b"]), text("x")]);
    assert_eq!(shown(prepare(b',', &ragged)), "'length");
    let bytes = lines_to_bytes(&prepare(b',', &columns).expect("lines")).expect("strings");
    assert_eq!(bytes, b"a,x\nb,y\n");
}

#[test]
fn what_is_written_reads_back() {
    let names: q_value::Vector<Symbol> =
        ["j", "f", "s", "p", "c"].iter().map(Symbol::new).collect();
    let table = Value::table(
        names,
        vec![
            longs(&[1, i64::MIN, -3]),
            Value::Floats(vec![1.5, f64::NAN, -2.25].into()),
            Value::symbols(["a", "b\"c", ""]),
            Value::Timestamps(vec![0, 1, i64::MIN].into()),
            text("x,\""),
        ],
    );
    let lines = prepare(b',', &table).expect("lines");
    let format = TextFormat::from_value(&with_header("JFSPC")).expect("a format");
    assert!(format.parse(&lines).expect("a table").is_identical(&table));
}

#[test]
fn binary_records() {
    let read = |format: Value, bytes: &[u8]| {
        shown(RecordFormat::from_value(&format).and_then(|format| parse_records(&format, bytes)))
    };
    let of = |types: &str, widths: &[i64]| Value::list(vec![text(types), longs(widths)]);
    assert_eq!(
        read(
            of("ich", &[4, 1, 2]),
            &[0, 0, 0, 0, 0x41, 0, 0, 0xff, 0, 0, 0, 0x42, 0xff, 0xff]
        ),
        "(0 255i;\"AB\";0 -1h)"
    );
    assert_eq!(read(of("i", &[4]), &[1, 0, 0, 0]), ",,1i");
    let big = Value::list(vec![longs(&[4]), text("i")]);
    assert_eq!(read(big, &[1, 0, 0, 0]), ",,16777216i");
    assert_eq!(
        read(of("ich", &[4, 1, 2]), b"arthur!"),
        "(,1752461921i;,\"u\";,8562h)"
    );
    assert_eq!(
        read(of("**", &[4, 4]), b"abcd\"ef\""),
        "(,\"abcd\";,\"\\\"ef\\\"\")"
    );
    assert_eq!(read(of("i", &[4]), &[1, 0]), "'length");
    assert_eq!(read(of("i", &[8]), &[1, 0]), "'length");
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes: Vec<u8>, embedded: bool) {
        for format in [
            Value::list(vec![text("SJ*D"), Value::Char(b','), Value::Boolean(embedded)]),
            Value::list(vec![text("SJ"), text(","), Value::Boolean(embedded)]),
            Value::list(vec![text("S*"), longs(&[2, 3])]),
            text("S=*;"),
        ] {
            let format = TextFormat::from_value(&format).expect("a format");
            let _ = format.parse(&Value::string(&bytes));
            let _ = format.parse_file(&bytes);
        }
    }
}
