//! Any text as q, run in a world in memory under limits of time, memory and depth: every ending is a value or an error,
//! never a crash, a hang or memory without bound.
#![no_main]

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Once};
use std::time::{Duration, Instant};

use q_engine::Interpreter;
use q_engine::fake::FakeWorld;

// the limit of memory is kept by the allocator that the q process uses
#[global_allocator]
static ALLOCATOR: q_kernels::memory::Allocator = q_kernels::memory::Allocator;

/// Bytes of stack the interpreter may use; libFuzzer's thread has eight mebibytes.
const STACK_BYTES: usize = 4 << 20;
/// Bytes a text may hold.
const MEMORY_BYTES: usize = 256 << 20;
/// A text that runs longer is interrupted, again and again until it ends: a trap may catch the first `'stop`.
const PATIENCE: Duration = Duration::from_millis(300);

/// The interrupt of the text that runs and when it began.
static RUNNING: Mutex<Option<(Instant, Arc<AtomicBool>)>> = Mutex::new(None);
static WATCH: Once = Once::new();

fn interrupt_the_slow() {
    loop {
        std::thread::sleep(PATIENCE / 10);
        if let Some((began, interrupt)) = &*RUNNING.lock().expect("no panic while held")
            && began.elapsed() > PATIENCE
        {
            interrupt.store(true, Ordering::SeqCst);
        }
    }
}

/// Texts that one interpreter runs before the next is made: making one takes longer than most texts.
const TEXTS_PER_INTERPRETER: usize = 50;

/// What the present interpreter has run, for a defect that needs more than the last text.
static RAN: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());

thread_local! {
    static INTERPRETER: RefCell<Option<Interpreter>> = const { RefCell::new(None) };
}

fn new_interpreter() -> Interpreter {
    RAN.lock().expect("no panic while held").clear();
    let mut interpreter = Interpreter::new(Box::new(FakeWorld::new()));
    interpreter.set_stack_size(STACK_BYTES);
    q_kernels::memory::set_limit(Some(MEMORY_BYTES));
    interpreter
}

/// Has a panic tell what was run before.
fn show_history_on_panic() {
    let abort = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        for text in RAN.lock().expect("no panic while held").iter() {
            eprintln!("ran: \"{}\"", text.escape_ascii());
        }
        abort(panic);
    }));
}

libfuzzer_sys::fuzz_target!(|text: &[u8]| {
    WATCH.call_once(|| {
        q_kernels::set_threads(1);
        show_history_on_panic();
        std::thread::spawn(interrupt_the_slow);
    });
    let mut interpreter = INTERPRETER.take().unwrap_or_else(new_interpreter);
    let count = {
        let mut ran = RAN.lock().expect("no panic while held");
        ran.push(text.to_vec());
        ran.len()
    };
    *RUNNING.lock().expect("no panic while held") = Some((Instant::now(), interpreter.interrupt()));
    for line in text.split(|byte| *byte == b'\n').take(20) {
        let _ = interpreter.run_line(line);
        if interpreter.is_exiting() {
            break;
        }
    }
    *RUNNING.lock().expect("no panic while held") = None;
    if !interpreter.is_exiting() && count < TEXTS_PER_INTERPRETER {
        INTERPRETER.set(Some(interpreter));
    }
});
