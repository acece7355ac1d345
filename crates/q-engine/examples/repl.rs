//! A console on standard input with a world that has output, an environment and files, for running example sessions
//! against the evaluator alone.

use std::io::{BufRead, Write};

use q_engine::fake::FakeWorld;
use q_engine::{Interpreter, Outcome, on_large_stack};

fn main() -> std::io::Result<()> {
    on_large_stack(run)
}

fn run() {
    let mut world = FakeWorld::new();
    // 2024.01.01D12:00 and a home, so that clocks and paths give something
    world.set_now(757_425_600_000_000_000);
    for name in std::env::args().skip(1) {
        if let Ok(bytes) = std::fs::read(&name) {
            world.add_file(format!("/{name}"), bytes);
        }
    }
    if let Ok(files) = std::fs::read_dir(".") {
        for file in files.flatten() {
            if let Ok(bytes) = std::fs::read(file.path()) {
                world.add_file(format!("/{}", file.file_name().to_string_lossy()), bytes);
            }
        }
    }
    let recorded = world.recorded();
    let mut interpreter = Interpreter::new(Box::new(world));
    let mut out = std::io::stdout();
    let flush = |out: &mut std::io::Stdout| {
        let mut recorded = recorded.lock().expect("one thread");
        let (output, error) = (
            std::mem::take(&mut recorded.output),
            std::mem::take(&mut recorded.error),
        );
        drop(recorded);
        let written = out
            .write_all(&error)
            .and_then(|()| out.write_all(&output))
            .and_then(|()| out.flush());
        written.is_ok()
    };
    for line in std::io::stdin().lock().split(b'\n').map_while(Result::ok) {
        let outcome = interpreter.run_line(&line);
        if !flush(&mut out) {
            return;
        }
        let shown = match outcome {
            Outcome::Nothing => Vec::new(),
            Outcome::Value(_, shown) | Outcome::Error(_, shown) => shown,
        };
        if out.write_all(&shown).and_then(|()| out.flush()).is_err() || interpreter.is_exiting() {
            return;
        }
    }
}
