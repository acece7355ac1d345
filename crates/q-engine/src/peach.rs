//! `f peach x` and `f':x` of a function of one argument.
//!
//! Items are shared out among secondary threads (`\s`), each with an interpreter of its own over the same globals, which
//! nobody can change meanwhile (`noupdate`, `semantics.md` 151). Without secondary threads it is each.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use q_kernels::interrupt::guard;
use q_value::{QError, QResult, Value};

use crate::interpreter::Interpreter;

/// Stack of a secondary thread in bytes.
const THREAD_STACK: usize = 256 << 20;

/// Applies `f` to each item.
pub(crate) fn peach(interpreter: &mut Interpreter, f: &Value, x: &Value) -> QResult<Value> {
    let wanted = usize::try_from(interpreter.settings.secondary_threads).unwrap_or(0);
    let threads = wanted.min(x.count());
    // one item is left to the main thread, which may write globals (`basics/peach`)
    if threads < 2
        || interpreter.is_secondary
        || !(x.is_list() || matches!(x, Value::Table(_) | Value::Dict(_)))
    {
        return interpreter.each(f, x);
    }
    let mut workers = Vec::with_capacity(threads);
    for _ in 0..threads {
        match interpreter.for_thread() {
            Some(worker) => workers.push(worker),
            None => return serial(interpreter, f, x),
        }
    }
    let items = x.items();
    let results = shared_out(workers, f, &items);
    if matches!(&results, Err(error) if *error == QError::stop()) {
        return Err(interpreter.stopped());
    }
    let results = results?;
    let results = Value::from_items(results);
    Ok(match x {
        Value::Dict(dict) => Value::dict(dict.keys.clone(), results),
        _ => results,
    })
}

/// As threads would, in a world that has none.
fn serial(interpreter: &mut Interpreter, f: &Value, x: &Value) -> QResult<Value> {
    let before = (interpreter.read_only, interpreter.is_secondary);
    (interpreter.read_only, interpreter.is_secondary) = (true, true);
    // guarded, so that a kernel left by an interrupt does not leave the flags set
    let result = guard(|| interpreter.each(f, x));
    (interpreter.read_only, interpreter.is_secondary) = before;
    result
}

/// Each worker takes the next item until none is left or one has failed; the error of the first failing item counts.
fn shared_out(workers: Vec<Interpreter>, f: &Value, items: &[Value]) -> QResult<Vec<Value>> {
    let next = AtomicUsize::new(0);
    let failed = AtomicBool::new(false);
    let work = |mut worker: Interpreter| {
        worker.set_stack_size(THREAD_STACK);
        q_kernels::interrupt::watch(Some(worker.interrupt()), false);
        let mut done = Vec::new();
        while !failed.load(Ordering::Relaxed) {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(at) else {
                break;
            };
            let result = worker.apply_one(f, item.clone());
            if result.is_err() {
                failed.store(true, Ordering::Relaxed);
            }
            done.push((at, result));
        }
        done
    };
    let work = &work;
    let parts = std::thread::scope(|scope| -> QResult<Vec<(usize, QResult<Value>)>> {
        let mut handles = Vec::with_capacity(workers.len());
        for worker in workers {
            let handle = std::thread::Builder::new()
                .name("q peach".to_owned())
                .stack_size(THREAD_STACK)
                .spawn_scoped(scope, move || work(worker))
                .map_err(|error| QError::signal(error.to_string()))?;
            handles.push(handle);
        }
        let mut parts = Vec::with_capacity(items.len());
        for handle in handles {
            match handle.join() {
                Ok(part) => parts.extend(part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        Ok(parts)
    })?;
    let mut parts = parts;
    parts.sort_by_key(|(at, _)| *at);
    parts.into_iter().map(|(_, result)| result).collect()
}
