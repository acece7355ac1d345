//! Every kernel against an item-by-item definition, written apart from it: plain, slow and obvious. Arguments are random
//! over all types, nulls, infinities, empty lists, and memory that somebody else holds too.
//!
//! The atomic functions of two arguments (`+ - * % & | ^ = < >= mod`) have theirs in `src/reference.rs`, beside the tables
//! of result types that they need. A kernel without a definition fails [`every_kernel_has_a_definition`].

mod aggregates;
mod arguments;
mod atomic;
mod check;
mod items;
mod lists;
mod tables;
mod texts;

/// Kernels whose definition stands elsewhere, and where.
const ELSEWHERE: &[(&str, &str)] = &[
    (".j.jd", "golden/library/j.md"),
    (
        "md5",
        "src/text/digest.rs: vectors of RFC 1321; the digest itself is a library's",
    ),
    (
        ".Q.sha1",
        "src/text/digest.rs: vectors of RFC 3174; the digest itself is a library's",
    ),
    (
        ".Q.s1",
        "q-value/tests/console.rs and the fuzz target display",
    ),
    (".Q.fmt", "golden/library/Q.md"),
    (".Q.atob", "texts.rs, as what takes .Q.btoa back"),
    (".Q.j10", "texts.rs, as what takes .Q.x10 back"),
    (".Q.j12", "texts.rs, as what takes .Q.x12 back"),
    (
        ".j.k",
        "texts.rs, as what takes .j.j back; src/text/json/read.rs",
    ),
];

#[test]
fn every_kernel_has_a_definition() {
    let defined: Vec<&str> = atomic::names()
        .chain(aggregates::names())
        .chain(lists::names())
        .chain(texts::names())
        .chain(tables::NAMES)
        .chain(ELSEWHERE.iter().map(|(name, _)| *name))
        .collect();
    let missing: Vec<&str> = q_kernels::keywords()
        .map(|keyword| keyword.name)
        .filter(|name| !defined.contains(name))
        .collect();
    assert!(missing.is_empty(), "without a definition: {missing:?}");
    for (name, place) in ELSEWHERE {
        assert!(
            q_kernels::keywords().any(|keyword| keyword.name == *name),
            "{name} ({place}) is no kernel"
        );
    }
}
