//! Every cell of the reference's tables of result types (`testdata/typetables/`), asked of the engine.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use q_engine::fake::FakeWorld;
use q_engine::{Interpreter, Outcome};
use serde_json::Value;

/// Type letters in the order of the tables, and an atom of each.
const ATOMS: [(char, &str); 18] = [
    ('b', "1b"),
    ('g', "\"G\"$\"8c6b8b64-6815-6084-0a3e-178401251b68\""),
    ('x', "0x05"),
    ('h', "5h"),
    ('i', "5i"),
    ('j', "5"),
    ('e', "2.5e"),
    ('f', "2.5"),
    ('c', "\"a\""),
    ('s', "`a"),
    ('p', "2020.01.02D03:04:05"),
    ('m', "2020.03m"),
    ('d', "2020.01.05"),
    ('z', "2020.01.02T03:04:05"),
    ('n', "0D01:02:03"),
    ('u', "12:34"),
    ('v', "12:34:56"),
    ('t', "12:34:56.789"),
];

/// Which arguments are given as atoms (`a`) and which as vectors (`v`).
type Forms = &'static [&'static str];
const ATOMIC: Forms = &["a", "v"];
const LISTS: Forms = &["v"];
const ATOMIC_PAIRS: Forms = &["aa", "av", "va", "vv"];
/// The left argument is the count of a window.
const WINDOWS: Forms = &["av"];
/// Of two vectors of whole numbers `wsum` makes floats first, as its page says in words.
const WEIGHTED: Forms = &["aa", "av", "va"];

/// The operators that a table is about: by its line in the file, from 1, since one page has several.
const TABLES: [(usize, &[&str], Forms); 36] = [
    (1, &["abs"], ATOMIC),
    (2, &["+"], ATOMIC_PAIRS),
    (3, &["ceiling"], ATOMIC),
    (4, &["cos", "acos"], ATOMIC),
    (5, &["%"], ATOMIC_PAIRS),
    (6, &["exp"], ATOMIC),
    (7, &["^"], ATOMIC_PAIRS),
    (8, &["floor"], ATOMIC),
    (9, &["floor"], ATOMIC),
    (10, &[">", ">="], ATOMIC_PAIRS),
    (11, &["|", "or"], ATOMIC_PAIRS),
    (12, &["<", "<="], ATOMIC_PAIRS),
    (13, &["&", "and"], ATOMIC_PAIRS),
    (14, &["log"], ATOMIC),
    (15, &["max"], LISTS),
    (16, &["maxs"], LISTS),
    (17, &["mmax"], WINDOWS),
    (18, &["med"], LISTS),
    (19, &["min", "mins"], LISTS),
    (20, &["mmin"], WINDOWS),
    (21, &["mod"], ATOMIC_PAIRS),
    (22, &["*"], ATOMIC_PAIRS),
    (23, &["neg"], ATOMIC),
    (24, &["prd", "prds"], LISTS),
    (25, &["reciprocal"], ATOMIC),
    (26, &["signum"], ATOMIC),
    (27, &["sin", "asin"], ATOMIC),
    (28, &["sqrt"], ATOMIC),
    (29, &["string"], &["a"]),
    (30, &["-"], ATOMIC_PAIRS),
    (31, &["sum", "sums"], LISTS),
    (32, &["msum"], WINDOWS),
    (33, &["wsum"], WEIGHTED),
    (34, &["tan", "atan"], ATOMIC),
    (35, &["trim", "ltrim", "rtrim"], ATOMIC),
    (36, &["svar"], LISTS),
];

fn records(name: &str) -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/typetables");
    let text = std::fs::read_to_string(folder.join(name)).expect("a file of testdata");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("a JSON record"))
        .collect()
}

fn text<'a>(record: &'a Value, field: &str) -> &'a str {
    record[field].as_str().unwrap_or_default()
}

/// Argument types to the result type, of a table of either kind.
fn cells(record: &Value) -> BTreeMap<String, String> {
    let mut cells = BTreeMap::new();
    if let Some(map) = record["map"].as_object() {
        for (ty, answer) in map {
            cells.insert(ty.clone(), answer.as_str().unwrap_or_default().to_owned());
        }
    }
    if let Some(rows) = record["rows"].as_object() {
        for (left, answers) in rows {
            let answers = answers.as_str().unwrap_or_default();
            for (right, answer) in text(record, "cols").chars().zip(answers.chars()) {
                cells.insert(format!("{left}{right}"), answer.to_string());
            }
        }
    }
    cells
}

/// The letter of the result's type; a point for `'type`, what the console shows for anything else.
fn answer(interpreter: &mut Interpreter, operator: &str, types: &str, form: &str) -> String {
    let arguments: Vec<String> = types
        .chars()
        .zip(form.chars())
        .map(|(ty, form)| format!("{}{ty}", form.to_ascii_uppercase()))
        .collect();
    let line = format!("type {operator}[{}]", arguments.join(";"));
    match interpreter.run_line(line.as_bytes()) {
        Outcome::Error(error, _) if error.text() == b"type" => ".".to_owned(),
        Outcome::Error(_, shown) => String::from_utf8_lossy(&shown).into_owned(),
        Outcome::Nothing => String::new(),
        Outcome::Value(_, shown) => {
            let shown = String::from_utf8_lossy(&shown).trim().to_owned();
            let letters = " bg xhijefcspmdznuvt";
            shown
                .trim_end_matches('h')
                .parse::<i8>()
                .ok()
                .and_then(|number| letters.chars().nth(usize::from(number.unsigned_abs())))
                .map_or(shown, |letter| letter.to_string())
        }
    }
}

/// What the engine answers otherwise than the table, by table, operator and argument types.
type Differences = BTreeMap<(usize, String, String), String>;

fn differences(tables: &[Value]) -> Differences {
    let mut interpreter = Interpreter::new(Box::new(FakeWorld::new()));
    for (ty, atom) in ATOMS {
        for definition in [format!("A{ty}:{atom}"), format!("V{ty}:2#A{ty}")] {
            let outcome = interpreter.run_line(definition.as_bytes());
            assert!(matches!(outcome, Outcome::Nothing), "{definition}");
        }
    }
    let mut found = Differences::new();
    for (line, operators, forms) in TABLES {
        for (types, expected) in cells(&tables[line - 1]) {
            for operator in operators {
                for form in forms {
                    let got = answer(&mut interpreter, operator, &types, form);
                    if got != expected {
                        found.insert((line, (*operator).to_owned(), types.clone()), got);
                    }
                }
            }
        }
    }
    found
}

#[test]
fn every_cell_is_as_the_reference_says_or_argued() {
    let tables = records("typetables.jsonl");
    assert_eq!(tables.len(), TABLES.len());
    let found = q_engine::on_large_stack(move || differences(&tables)).expect("a thread");
    let mut argued = BTreeSet::new();
    let mut report = String::new();
    for doubt in records("doubtful.jsonl") {
        let line = doubt["table"].as_u64().unwrap_or_default() as usize;
        let operator = text(&doubt, "operator");
        assert!(!text(&doubt, "why").is_empty(), "a cell without a reason");
        for types in text(&doubt, "cells").split(' ') {
            let cell = (line, operator.to_owned(), types.to_owned());
            match found.get(&cell) {
                Some(got) if got == text(&doubt, "answer") => {}
                Some(got) => drop(writeln!(report, "{cell:?} is argued, but answers {got}")),
                None => drop(writeln!(
                    report,
                    "{cell:?} is argued, but as its table says"
                )),
            }
            argued.insert(cell);
        }
    }
    for (cell, got) in &found {
        if !argued.contains(cell) {
            let _ = writeln!(report, "{cell:?} answers {got}");
        }
    }
    assert!(report.is_empty(), "\n{report}");
}
