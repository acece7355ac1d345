//! What published q programs rely on, each found by running one unchanged: sessions in a world in memory.

use q_engine::fake::FakeWorld;
use q_engine::{Interpreter, Outcome};

/// Stack of the threads that tests run on, less than the two megabytes they have.
const TEST_STACK: usize = 1_800_000;

/// What the console shows for a line; of an error its first line.
fn show(interpreter: &mut Interpreter, line: &str) -> String {
    match interpreter.run_line(line.as_bytes()) {
        Outcome::Nothing => String::new(),
        Outcome::Value(_, text) => {
            let text = String::from_utf8_lossy(&text);
            let lines: Vec<&str> = text.trim_end().lines().map(str::trim_end).collect();
            lines.join("\n")
        }
        Outcome::Error(error, _) => error.to_string(),
    }
}

/// Runs lines in one session and compares what each shows.
fn session(lines: &[(&str, &str)]) {
    let mut interpreter = Interpreter::new(Box::new(FakeWorld::new()));
    interpreter.set_stack_size(TEST_STACK);
    for (line, expected) in lines {
        assert_eq!(show(&mut interpreter, line), *expected, "{line}");
    }
}

// TorQ writes plain longs to int columns (timer, segmented tickerplant, servers); so do k4unit's results
#[test]
fn longs_fit_columns_of_ints_and_shorts() {
    session(&[
        ("t:([]a:`int$();b:`short$())", ""),
        ("`t insert (1;2)", ",0"),
        ("t,:([]a:3 4;b:5 6)", ""),
        ("`t upsert (7;8)", "`t"),
        ("update a:a+1 from `t where b=2", "`t"),
        ("value flip t", "2 3 4 7\n2 5 6 8"),
        ("type each value flip t", "6 5h"),
        ("`t insert (1f;2)", "'type"),
        ("k:([id:`int$()]v:())", ""),
        ("`k upsert (1;`a)", "`k"),
        ("`k upsert (1;`b)", "`k"),
        ("k[2;`v]:`c", ""),
        ("k[2;`v]:`d", ""),
        ("value exec id,v from k", "1 2\nb d"),
        ("d:(`int$())!()", ""),
        ("d[5]:`a", ""),
        ("d", "5| a"),
        ("v:1 2i", ""),
        ("v[0]:3", ""),
        ("v,:4", ""),
        ("v", "3 2 4i"),
        ("w:1 2", ""),
        ("w,:3i", "'type"),
    ]);
}

// k4unit: exec of a function applied to columns
#[test]
fn each_of_a_name_is_no_signal_in_a_parse_tree() {
    session(&[
        ("f:{x+y}", ""),
        ("t:([]a:1 2;b:3 4)", ""),
        ("exec f'[a;b] from t", "4 6"),
        ("exec f'[a;b] from t where a>5", "()"),
        ("eval parse\"f'[1 2;3 4]\"", "4 6"),
        ("eval parse\"'`oops\"", "'oops"),
        ("eval parse\"'3\"", "'stype"),
    ]);
}

// TorQ: the daily adjustment of its time zones is exec'ed from the row that asof gives; ml: nodes of trees and graphs
#[test]
fn entries_of_a_dictionary_are_queried_as_they_are() {
    session(&[
        ("d:`a`b`c!(1;2 3;`x)", ""),
        ("exec a from d", "1"),
        ("exec b,a from d", "b| 2 3\na| 1"),
        ("select n:1+a,b from d", "n| 2\nb| 2 3"),
        ("update a:b,e:neg a from d", "a| 2 3\nb| 2 3\nc| `x\ne| -1"),
    ]);
}

// TorQ's permissions: `@[1b;`.access.enabled;0b]`
#[test]
fn an_atom_is_applied_and_not_amended() {
    session(&[
        ("@[1b;`.access.enabled;0b]", "0b"),
        ("@[2.5;0;`no]", "`no"),
        ("@[1 2 3;0;neg]", "-1 2 3"),
    ]);
}

// TorQ's permissions: `err.:(::)`
#[test]
fn an_assigned_empty_member_makes_a_namespace() {
    session(&[
        ("\\d .pm", ""),
        ("err.:(::)", ""),
        ("err[`f]:{x}", ""),
        ("err", " | ::\nf| {x}"),
        ("key err", "``f"),
    ]);
}

// the unit tests of ml count assignments as passed when `value` of them gives `::`
#[test]
fn the_value_of_an_assignment_text_is_the_identity() {
    session(&[
        ("(::)~value\"a:5\"", "1b"),
        ("(::)~value\"b:2;a+:b\"", "1b"),
        ("a", "7"),
        ("value\"1+a:5\"", "6"),
    ]);
}

// ml: `hp.i.logUniform:xexp[10]hp.i.uniform::`
#[test]
fn a_last_identity_composes() {
    session(&[
        ("f:neg sum::", ""),
        ("f 1 2 3", "-6"),
        ("g:xexp[2]{x+y}::", ""),
        ("g[1;2]", "8f"),
        ("(value::)`a`b!1 2", "1 2"),
        ("x:(::)", ""),
        ("x~::", "1b"),
    ]);
}

// ml: rows of graphs and columns of one-hot encodings
#[test]
fn dictionaries_join_by_name() {
    session(&[
        ("k:([a:1 2]b:3 4;c:5 6)", ""),
        ("last 0!k,`c`b`a!7 8 9", "a| 9\nb| 8\nc| 7"),
        ("raze ([]a:1 2;b:3 4)", "a| 2\nb| 4"),
        ("(`a`b!1 2),raze enlist`c`d!3 4", "a| 1\nb| 2\nc| 3\nd| 4"),
        ("(`a`b!1 2),()", "a| 1\nb| 2"),
    ]);
}

// ml's tests are files `name.t`, embedPy's `name.p`
#[test]
fn a_letter_names_the_function_that_takes_its_lines() {
    session(&[
        (".t.e:{(`t;x)}", ""),
        ("t)1+1", "`t\n\"1+1\""),
        ("value\"t)xy\"", "`t\n\"xy\""),
        ("u)x", "'.u.e"),
    ]);
}
