//! The layout of the console. Expected texts are those of the KX documentation (code.kx.com, CC BY 4.0) where a value of
//! it is shown; blanks at line ends are not compared, as people do not see them.

use q_value::display::{DisplaySettings, console};
use q_value::{Attribute, Binary, Symbol, Value, Vector, domain};

fn longs(items: &[i64]) -> Value {
    Value::Longs(items.to_vec().into())
}

fn floats(items: &[f64]) -> Value {
    Value::Floats(items.to_vec().into())
}

fn strings(items: &[&str]) -> Value {
    Value::list(items.iter().map(Value::string).collect())
}

fn names(items: &[&str]) -> Vector<Symbol> {
    items.iter().map(Symbol::new).collect()
}

fn table(columns: &[(&str, Value)]) -> Value {
    let names = columns.iter().map(|(name, _)| Symbol::new(name)).collect();
    Value::table(names, columns.iter().map(|(_, c)| c.clone()).collect())
}

/// The console text with blanks at line ends removed.
fn show_with(value: &Value, settings: DisplaySettings) -> String {
    let text = String::from_utf8(console(value, &settings)).expect("utf-8");
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n")
}

fn show(value: &Value) -> String {
    show_with(value, DisplaySettings::default())
}

#[test]
fn general_lists_show_an_item_per_line() {
    let list = Value::list(vec![
        Value::Boolean(true),
        Value::Long(0),
        Value::Char(b'a'),
        Value::Date(3288),
        Value::Identity,
        Value::symbols(["a", "b"]),
        Value::list(vec![longs(&[5, 6]), longs(&[7, 8, 9])]),
        longs(&[9]),
    ]);
    assert_eq!(
        show(&list),
        "1b\n0\n\"a\"\n2009.01.01\n::\n`a`b\n(5 6;7 8 9)\n,9"
    );
    assert_eq!(
        show(&Value::list(vec![Value::Long(3), Value::empty_list()])),
        "3\n()"
    );
}

#[test]
fn rows_of_one_count_are_a_matrix() {
    let rows = |rows: &[Value]| Value::list(rows.to_vec());
    assert_eq!(
        show(&rows(&[longs(&[2, 3, -4]), longs(&[-3, -3, 4])])),
        "2  3  -4\n-3 -3 4"
    );
    assert_eq!(
        show(&rows(&[
            floats(&[-0.45121951, 0.63414634]),
            floats(&[0.2560976, 7.0])
        ])),
        "-0.4512195 0.6341463\n0.2560976  7"
    );
    // symbols and chars of vectors stand bare, nulls are blank
    assert_eq!(
        show(&rows(&[longs(&[1, 2, 3]), Value::symbols(["x", "y", "z"])])),
        "1 2 3\nx y z"
    );
    assert_eq!(
        show(&rows(&[
            Value::Ints(vec![0, 255].into()),
            Value::string("AB"),
            Value::Shorts(vec![0, -1].into())
        ])),
        "0 255\nA B\n0 -1"
    );
    assert_eq!(
        show(&rows(&[longs(&[i64::MIN, 0]), longs(&[0, 1])])),
        "  0\n0 1"
    );
    // rows of general lists show their items in k form
    let row = |x, c| Value::list(vec![Value::Long(x), Value::Long(10), Value::Char(c)]);
    assert_eq!(
        show(&rows(&[row(2, b'a'), row(13, b'b')])),
        "2  10 \"a\"\n13 10 \"b\""
    );
    assert_eq!(
        show(&rows(&[
            strings(&["Now", "is", "the"]),
            strings(&["for", "all", "good"])
        ])),
        "\"Now\" \"is\"  \"the\"\n\"for\" \"all\" \"good\""
    );
    let deep = |x: i64| rows(&[longs(&[x, 1]), longs(&[2, 3])]);
    assert_eq!(show(&rows(&[deep(0), deep(4)])), "0 1 2 3\n4 1 2 3");
    assert_eq!(show(&rows(&[floats(&[4.141593])])), "4.141593");
}

#[test]
fn strings_booleans_and_bytes_stay_whole() {
    assert_eq!(show(&strings(&["abc", "def"])), "\"abc\"\n\"def\"");
    assert_eq!(
        show(&Value::list(vec![
            Value::Booleans(vec![true, false].into()),
            Value::Booleans(vec![false, true].into())
        ])),
        "10b\n01b"
    );
    assert_eq!(
        show(&Value::list(vec![
            Value::Bytes(vec![1].into()),
            Value::Bytes(vec![2].into())
        ])),
        ",0x01\n,0x02"
    );
    assert_eq!(show(&strings(&["", ""])), "\"\"\n\"\"");
}

#[test]
fn dictionaries() {
    let keys = Value::symbols(["tom", "dick", "harry"]);
    assert_eq!(
        show(&Value::dict(keys, longs(&[1040, 59, 27]))),
        "tom  | 1040\ndick | 59\nharry| 27"
    );
    let ab = Value::symbols(["a", "b"]);
    assert_eq!(
        show(&Value::dict(
            ab.clone(),
            Value::list(vec![longs(&[1, 2, 3]), Value::string("xyz")])
        )),
        "a| 1 2 3\nb| x y z"
    );
    assert_eq!(
        show(&Value::dict(
            ab.clone(),
            Value::list(vec![floats(&[0.0, 1.0]), strings(&["hello", "world"])])
        )),
        "a| 0       1\nb| \"hello\" \"world\""
    );
    assert_eq!(
        show(&Value::dict(ab.clone(), Value::symbols(["London", ""]))),
        "a| London\nb|"
    );
    assert_eq!(
        show(&Value::dict(
            Value::symbols(["name", "dob"]),
            Value::list(vec![Value::symbol(""), Value::Date(i32::MIN)])
        )),
        "name| `\ndob | 0Nd"
    );
    assert_eq!(
        show(&Value::dict(
            ab.clone(),
            Value::list(vec![longs(&[200]), longs(&[1, 2])])
        )),
        "a| ,200\nb| 1 2"
    );
    assert_eq!(
        show(&Value::dict(floats(&[1.0, 0.5]), longs(&[0, 1]))),
        "1  | 0\n0.5| 1"
    );
    assert_eq!(
        show(&Value::dict(Value::empty_list(), Value::empty_list())),
        ""
    );
    let rows = table(&[("a", longs(&[1, 2])), ("b", longs(&[3, 4]))]);
    assert_eq!(
        show(&Value::dict(ab, rows.clone())),
        " | a b\n-| ---\na| 1 3\nb| 2 4"
    );
    assert_eq!(
        show(&Value::dict(rows, longs(&[10, 20]))),
        "a b|\n---| --\n1 3| 10\n2 4| 20"
    );
}

#[test]
fn tables() {
    let t = table(&[
        ("sym", Value::symbols(["IBM", "", "AAPL"])),
        ("price", floats(&[0.7029677, f64::NAN, 30.0])),
        ("c", Value::string("xy ")),
        ("s", strings(&["ibm", "a", "goog"])),
        (
            "n",
            Value::list(vec![
                longs(&[1, 2]),
                longs(&[200]),
                Value::symbols(["u", "v"]),
            ]),
        ),
        ("b", Value::Booleans(vec![true, false, true].into())),
        ("m", Value::Months(vec![208, i32::MIN, 0].into())),
    ]);
    assert_eq!(
        show(&t),
        "sym  price     c s      n    b m\n\
         --------------------------------------\n\
         IBM  0.7029677 x \"ibm\"  1 2  1 2017.05\n     \
              y ,\"a\"   ,200 0\n\
         AAPL 30          \"goog\" `u`v 1 2000.01"
            .replace("     y ,", "               y ,")
    );
    let empty = table(&[
        ("time", Value::empty_list()),
        ("sym", Value::symbols::<&str>([])),
    ]);
    assert_eq!(show(&empty), "time sym\n--------");
}

#[test]
fn keyed_tables() {
    let keys = table(&[
        ("name", Value::symbols(["Tom", "Jo", "Tom"])),
        ("city", Value::symbols(["NYC", "LA", "Lagos"])),
    ]);
    let values = table(&[
        ("eye", Value::symbols(["green", "blue", "brown"])),
        ("sex", Value::symbols(["m", "f", "m"])),
    ]);
    assert_eq!(
        show(&Value::dict(keys, values)),
        "name city | eye   sex\n\
         ----------| ---------\n\
         Tom  NYC  | green m\n\
         Jo   LA   | blue  f\n\
         Tom  Lagos| brown m"
    );
}

#[test]
fn enumerations_in_cells_are_bare_but_nested_ones_are_not() {
    let name = Symbol::new("console_domain");
    domain::bind(name, Value::symbols(["s1", "s2"]));
    let enumeration = |indices: &[i64]| Value::enums(name, indices.to_vec().into());
    let t = table(&[
        ("s", enumeration(&[1, i64::MIN])),
        (
            "n",
            Value::list(vec![enumeration(&[0, 1]), enumeration(&[0])]),
        ),
    ]);
    assert_eq!(
        show(&t),
        "s  n\n-------------------------\ns2 `console_domain$`s1`s2\n   `console_domain$,`s1"
    );
}

#[test]
fn long_lines_and_many_rows_are_cut() {
    let line = show(&longs(&(0..100).collect::<Vec<_>>()));
    assert_eq!(line.len(), 79);
    assert!(line.ends_with("27 28 .."), "{line}");
    let rows: Vec<i64> = (0..30).collect();
    let t = show(&table(&[("a", longs(&rows))]));
    assert_eq!(t.lines().count(), 23);
    assert!(t.starts_with("a\n--\n0\n") && t.ends_with("\n19\n.."));
    let list = Value::list((0..30).map(|x| longs(&[x, x])).collect());
    assert!(show(&list).ends_with("21 21\n.."));
    // widths are those of the rows shown
    let wide = table(&[("a", longs(&[vec![1; 20], vec![1_000_000]].concat()))]);
    assert!(show(&wide).starts_with("a\n-\n1\n"));
    // a table wider than the console is cut in every line
    let words = "x".repeat(100);
    let t = show(&table(&[("w", strings(&["a", &words]))]));
    assert!(
        t.lines()
            .all(|line| line.len() == 79 && line.ends_with("..")),
        "{t}"
    );
    let small = DisplaySettings {
        rows: 10,
        columns: 20,
        precision: 7,
    };
    assert_eq!(
        show_with(&strings(&["abcdefghijkmlnopqrstuvwxyz"; 2]), small),
        "\"abcdefghijkmlnop..\n\"abcdefghijkmlnop.."
    );
}

#[test]
fn single_values() {
    assert_eq!(show(&Value::Identity), "");
    assert_eq!(
        show(&longs(&[]).with_attribute(Attribute::Sorted)),
        "`s#`long$()"
    );
    assert_eq!(show(&Value::empty_list()), "()");
    assert_eq!(show(&Value::string("a\"b")), "\"a\\\"b\"");
    assert_eq!(show(&Value::Binary(Binary::Add)), "+");
    assert_eq!(show(&longs(&[1, 2]).enlist()), "1 2");
    assert_eq!(names(&["a"]).len(), 1);
}

#[test]
fn precision() {
    let settings = DisplaySettings {
        precision: 0,
        ..DisplaySettings::default()
    };
    assert_eq!(
        show_with(&floats(&[1.0 / 3.0, 2.0]), settings),
        "0.33333333333333331 2"
    );
}
