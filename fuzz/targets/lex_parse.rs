//! Any bytes as a q script: a tree or a problem with a place, never a panic or a deep stack.
#![no_main]

libfuzzer_sys::fuzz_target!(|source: &[u8]| {
    if let Err(problem) = q_syntax::check::check_source("fuzz.q", source) {
        let lines = source.split(|byte| *byte == b'\n').count();
        assert!(
            problem.place.line >= 1 && problem.place.line <= lines,
            "line {} of {lines}",
            problem.place.line
        );
    }
});
