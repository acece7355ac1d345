//! The table of help is complete, names nothing that is not there, and its examples print what they say.

use std::collections::HashSet;
use std::sync::Arc;

use q_syntax::words::{INFIX, PREFIX, SPECIAL};
use q_value::{Binary, Symbol};

use super::{Entry, TABLE, is_called, lines};
use crate::Outcome;
use crate::commands::is_known;
use crate::complete::SYSTEM_NAMES;
use crate::fake::FakeWorld;
use crate::interpreter::Interpreter;

/// Members of the library that its own definitions use and users do not.
const INNER_NAMES: &[&str] = &[
    ".Q.cleanname",
    ".Q.cleannames",
    ".Q.lines",
    ".Q.rp",
    ".Q.ld",
    ".Q.symcols",
    ".Q.segments",
    ".Q.partfolders",
    ".Q.mappable",
    ".Q.writesplay",
    ".h.attribute",
    ".h.endlines",
    ".h.escapes",
    ".h.entities",
    ".h.plaincell",
    ".h.plain",
    ".h.cell",
    ".h.xmlns",
    ".h.spaces",
    ".h.booktype",
    ".h.sheetcell",
    ".h.sheet",
    ".h.workbook",
    ".h.mime",
    ".h.tablelines",
];
/// Variables that only a partitioned database has.
const DATABASE_NAMES: &[&str] = &[
    ".Q.D", ".Q.P", ".Q.PD", ".Q.PV", ".Q.pd", ".Q.pf", ".Q.pn", ".Q.pt", ".Q.pv", ".Q.u", ".Q.vp",
    ".Q.x",
];

fn entries() -> impl Iterator<Item = &'static Entry> {
    TABLE.iter().flat_map(|topic| &topic.entries)
}

fn interpreter() -> (Interpreter, Arc<std::sync::Mutex<crate::fake::Recorded>>) {
    let world = FakeWorld::default();
    let recorded = world.recorded();
    let mut interpreter = Interpreter::new(Box::new(world));
    interpreter.set_stack_size(3 << 19);
    (interpreter, recorded)
}

#[test]
fn every_word_operator_and_library_name_has_an_entry() {
    let (interpreter, _) = interpreter();
    let mut wanted: Vec<String> = [INFIX, PREFIX, SPECIAL]
        .concat()
        .into_iter()
        .map(str::to_owned)
        .collect();
    wanted.extend(Binary::ALL.iter().map(|op| op.text().to_owned()));
    wanted.extend(
        [
            "'", "/", "\\", "':", "/:", "\\:", ":", "::", "(", ")", "[", "{", "`",
        ]
        .map(str::to_owned),
    );
    wanted.extend(SYSTEM_NAMES.iter().map(|name| format!(".z.{name}")));
    for space in [".Q", ".h", ".j"] {
        let members = interpreter.globals.members(Symbol::new(space));
        wanted.extend(
            members
                .into_iter()
                .map(|id| interpreter.globals.name(id).text()),
        );
    }
    wanted.extend(DATABASE_NAMES.iter().map(|name| (*name).to_owned()));
    let missing: Vec<&String> = wanted
        .iter()
        .filter(|name| !INNER_NAMES.contains(&name.as_str()))
        .filter(|name| !entries().any(|entry| is_called(entry, name)))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_entry_names_something_once() {
    let (interpreter, _) = interpreter();
    let words = [INFIX, PREFIX, SPECIAL, &["from", "by"]].concat();
    let mut seen = HashSet::new();
    for entry in entries() {
        let name = entry.name;
        assert!(seen.insert(name), "{name} stands twice");
        assert!(
            !entry.summary.is_empty() && !entry.forms.is_empty(),
            "{name}"
        );
        assert!(
            !entry.summary.starts_with("> ") && !entry.forms.starts_with("> "),
            "{name}"
        );
        let is_something = words.contains(&name)
            || name.strip_prefix('\\').is_some_and(|command| {
                is_known(command) || matches!(command, "" | ":" | "t" | "ts" | "?")
            })
            || name
                .strip_prefix(".z.")
                .is_some_and(|name| SYSTEM_NAMES.contains(&name))
            || interpreter.is_defined(Symbol::new(name))
            || DATABASE_NAMES.contains(&name)
            || q_syntax::typing::parts(name.as_bytes()).iter().all(|part| {
                !matches!(
                    part.class,
                    q_syntax::typing::Class::Name
                        | q_syntax::typing::Class::Wrong
                        | q_syntax::typing::Class::Library
                )
            });
        assert!(is_something, "{name} is nothing");
    }
}

#[test]
fn words_and_operators_are_shown_at_work() {
    for topic in TABLE
        .iter()
        .filter(|topic| !topic.word.starts_with('.') && topic.word != "commands")
    {
        for entry in &topic.entries {
            let is_shown = entry
                .examples
                .last()
                .is_some_and(|(_, output)| !output.is_empty());
            let cannot = matches!(entry.name, "exit" | "2:" | "hclose");
            assert!(is_shown || cannot, "{} has no example", entry.name);
        }
    }
}

#[test]
fn examples_print_what_the_table_says() {
    let mut wrong = String::new();
    let mut shared = interpreter();
    for entry in entries() {
        // one line that changes nothing needs no interpreter of its own
        let is_simple = entry.examples.len() == 1 && !entry.examples[0].0.contains(['\\', ':']);
        let mut own = None;
        let (interpreter, recorded) = if is_simple {
            &mut shared
        } else {
            own.insert(interpreter())
        };
        for (input, wanted) in &entry.examples {
            let outcome = interpreter.run_line(input.as_bytes());
            let mut printed = std::mem::take(&mut recorded.lock().expect("one thread").output);
            match outcome {
                Outcome::Nothing => {}
                Outcome::Value(_, text) | Outcome::Error(_, text) => printed.extend(text),
            }
            let printed = String::from_utf8_lossy(&printed).into_owned();
            if printed.lines().collect::<Vec<_>>() != *wanted {
                wrong += &format!(
                    "{}: {input}\n{printed}instead of\n{}\n",
                    entry.name,
                    wanted.join("\n")
                );
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn names_topics_and_neighbours_are_found() {
    let shown = |word: &str| lines(word).expect(word).join("\n");
    assert!(shown("").contains("joins       Joins"));
    assert!(shown("joins").contains("\naj    as-of join"));
    assert!(
        shown("til")
            .starts_with("til: the longs from 0 up to x, x left out\n  til x\nq)til 5\n0 1 2 3 4")
    );
    assert!(shown("[").starts_with("[ ]:"));
    assert!(shown("dpf").starts_with("Similar names\n.Q.dpft"));
    assert!(lines("nonsense").is_err());
}

#[test]
fn the_command_prints_and_system_gives_lines() {
    let (mut interpreter, recorded) = interpreter();
    for line in ["\\? +", "\\?+", "\\? /", "\\? \\t"] {
        assert!(
            matches!(interpreter.run_line(line.as_bytes()), Outcome::Nothing),
            "{line}"
        );
        let printed = std::mem::take(&mut recorded.lock().expect("one thread").output);
        assert!(
            printed.starts_with(&line.as_bytes()[2..].trim_ascii()[..1]),
            "{line}"
        );
    }
    let lines = interpreter.evaluate_text("system\"? til\"").expect("help");
    assert_eq!(lines.count(), 4);
    assert!(matches!(
        interpreter.run_line(b"\\? nonsense"),
        Outcome::Error(..)
    ));
}
