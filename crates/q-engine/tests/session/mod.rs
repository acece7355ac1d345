//! Sessions in a world in memory: what is typed, and what the console shows.

use q_engine::fake::FakeWorld;
use q_engine::{Interpreter, Outcome};

/// Stack of the threads that tests run on, less than the two megabytes they have.
const TEST_STACK: usize = 1_800_000;

pub(crate) fn interpreter() -> Interpreter {
    let mut interpreter = Interpreter::new(Box::new(FakeWorld::new()));
    interpreter.set_stack_size(TEST_STACK);
    interpreter
}

/// What the console shows for a line; of an error its first line.
pub(crate) fn show(interpreter: &mut Interpreter, line: &str) -> String {
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
pub(crate) fn session(lines: &[(&str, &str)]) {
    let mut interpreter = interpreter();
    for (line, expected) in lines {
        assert_eq!(show(&mut interpreter, line), *expected, "{line}");
    }
}
