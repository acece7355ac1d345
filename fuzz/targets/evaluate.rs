//! Any text as q, run in a world in memory under limits of time, memory and depth: every ending is a value or an error,
//! never a crash, a hang or memory without bound.
#![no_main]

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

libfuzzer_sys::fuzz_target!(|text: &[u8]| {
    WATCH.call_once(|| {
        q_kernels::set_threads(1);
        std::thread::spawn(interrupt_the_slow);
    });
    let mut interpreter = Interpreter::new(Box::new(FakeWorld::new()));
    interpreter.set_stack_size(STACK_BYTES);
    q_kernels::memory::set_limit(Some(MEMORY_BYTES));
    *RUNNING.lock().expect("no panic while held") = Some((Instant::now(), interpreter.interrupt()));
    for line in text.split(|byte| *byte == b'\n').take(20) {
        let _ = interpreter.run_line(line);
        if interpreter.is_exiting() {
            break;
        }
    }
    *RUNNING.lock().expect("no panic while held") = None;
});
