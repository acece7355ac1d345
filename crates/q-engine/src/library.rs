//! The part of the language that is written in q, and the native functions with dotted names.

use q_value::{Symbol, Value};

use crate::interpreter::Interpreter;
use crate::primitives;

/// Scripts of the library in the order they are run.
const SCRIPTS: &[(&str, &str)] = &[
    ("Q.q", include_str!("library/Q.q")),
    ("database.q", include_str!("library/database.q")),
    ("h.q", include_str!("library/h.q")),
];

/// Gives a new interpreter its library.
pub(crate) fn install(interpreter: &mut Interpreter) {
    for entry in primitives::entries() {
        if entry.native.name.starts_with('.') {
            let id = interpreter.globals.slot(Symbol::new(entry.native.name));
            interpreter.globals.set(id, Value::Native(&entry.native));
        }
    }
    for (word, value) in primitives::keywords_of_q() {
        let id = interpreter
            .globals
            .slot(Symbol::new([b".q.", word.as_bytes()].concat()));
        interpreter.globals.set(id, value);
    }
    interpreter.shows_scripts = false;
    for (name, text) in SCRIPTS {
        if let Err(error) = interpreter.run_script(text.as_bytes(), name) {
            // a library that does not load is a bug of this crate; a test keeps it from happening
            let text = format!("{name}: {error}\n{}", interpreter.backtrace_of(&error));
            interpreter
                .world
                .write_standard(crate::system::StandardStream::Error, text.as_bytes());
        }
    }
    interpreter.shows_scripts = true;
    interpreter.has_added_words = false;
    interpreter.namespace = Symbol::NULL;
}
