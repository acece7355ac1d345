//! Plain loops over memory, for comparison: answers lines `read|copy THREADS BYTES` with the nanoseconds it took.
//!
//! `cargo xtask bench kernels` asks it between the rows it measures.

use std::io::{BufRead, Write};
use std::time::Instant;

#[global_allocator]
static ALLOCATOR: q_kernels::memory::Allocator = q_kernels::memory::Allocator;

fn sum(words: &[u64]) -> u64 {
    words.iter().fold(0, |sum, word| sum.wrapping_add(*word))
}

fn main() {
    let mut from: Vec<u64> = Vec::new();
    let mut to: Vec<u64> = Vec::new();
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("a line of text");
        let words: Vec<&str> = line.split(' ').collect();
        let [kind, threads, bytes] = words[..] else {
            panic!("read|copy THREADS BYTES");
        };
        let threads: usize = threads.parse().expect("a number of threads");
        let count = bytes.parse::<usize>().expect("a number of bytes") / 8;
        from.resize(count.max(from.len()), 1);
        to.resize(count.max(to.len()), 2);
        let step = count.div_ceil(threads);
        let start = Instant::now();
        std::thread::scope(|scope| {
            let parts = from[..count].chunks(step).zip(to[..count].chunks_mut(step));
            for (from, to) in parts {
                match kind {
                    "read" => {
                        scope.spawn(|| assert_ne!(std::hint::black_box(sum(from)), 3));
                    }
                    "copy" => {
                        scope.spawn(|| to.copy_from_slice(from));
                    }
                    _ => panic!("read or copy"),
                }
            }
        });
        println!("{}", start.elapsed().as_nanos());
        std::io::stdout().flush().expect("somebody listens");
    }
}
