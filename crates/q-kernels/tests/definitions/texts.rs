//! Text: searching, splitting, joining, trimming, and encodings that must come back.

use q_value::Value;

use crate::arguments::Domain;
use crate::check::{Expected, Row, call, check, row};
use crate::items::{bytes, longs};

/// `like` by trying every length for a star.
fn matches(text: &[u8], pattern: &[u8]) -> bool {
    match pattern {
        [] => text.is_empty(),
        [b'*', rest @ ..] => (0..=text.len()).any(|skipped| matches(&text[skipped..], rest)),
        [b'?', rest @ ..] => !text.is_empty() && matches(&text[1..], rest),
        [letter, rest @ ..] => text.first() == Some(letter) && matches(&text[1..], rest),
    }
}

/// Where a needle without repeated letters stands.
fn places(text: &[u8], needle: &[u8]) -> Vec<usize> {
    (0..text.len())
        .filter(|at| text[*at..].starts_with(needle))
        .collect()
}

fn replaced(text: &[u8], needle: &[u8], with: &[u8]) -> Vec<u8> {
    let mut answer = Vec::new();
    let mut at = 0;
    while at < text.len() {
        if text[at..].starts_with(needle) {
            answer.extend_from_slice(with);
            at += needle.len();
        } else {
            answer.push(text[at]);
            at += 1;
        }
    }
    answer
}

fn split(text: &[u8], separator: &[u8]) -> Value {
    let mut parts = vec![Vec::new()];
    let mut at = 0;
    while at < text.len() {
        if text[at..].starts_with(separator) {
            parts.push(Vec::new());
            at += separator.len();
        } else {
            parts.last_mut().expect("one part").push(text[at]);
            at += 1;
        }
    }
    Value::list(parts.into_iter().map(Value::string).collect())
}

fn trimmed(text: &[u8], front: bool, back: bool) -> Value {
    let mut text = text;
    while let ([b' ', rest @ ..], true) = (text, front) {
        text = rest;
    }
    while let ([rest @ .., b' '], true) = (text, back) {
        text = rest;
    }
    Value::string(text)
}

/// A function whose answer the other one takes back.
fn comes_back(x: &Value, there: &str, back: &str) -> Expected {
    let Ok(written) = call(there, vec![x.clone()]) else {
        return Expected::Fails;
    };
    match call(back, vec![written.clone()]) {
        Ok(read) if read.is_identical(x) => Expected::Is(written),
        _ => Expected::Fails,
    }
}

static ROWS: &[Row] = &[
    row("like", &[Domain::Text, Domain::Pattern], |x| {
        let pattern = bytes(&x[1]);
        if pattern.iter().filter(|letter| **letter == b'*').count() > 1 {
            return Expected::Open;
        }
        Expected::Is(Value::Boolean(matches(&bytes(&x[0]), &pattern)))
    }),
    row("ss", &[Domain::Text, Domain::Needle], |x| {
        Expected::Is(longs(places(&bytes(&x[0]), &bytes(&x[1]))))
    }),
    row("ssr", &[Domain::Text, Domain::Needle, Domain::Text], |x| {
        Expected::Is(Value::string(replaced(
            &bytes(&x[0]),
            &bytes(&x[1]),
            &bytes(&x[2]),
        )))
    }),
    row("vs", &[Domain::Needle, Domain::Text], |x| {
        Expected::Is(split(&bytes(&x[1]), &bytes(&x[0])))
    }),
    row("sv", &[Domain::Needle, Domain::Texts], |x| {
        let parts: Vec<Vec<u8>> = x[1].items().iter().map(bytes).collect();
        Expected::Is(Value::string(parts.join(&bytes(&x[0])[..])))
    }),
    row("trim", &[Domain::Text], |x| {
        Expected::Is(trimmed(&bytes(&x[0]), true, true))
    }),
    row("ltrim", &[Domain::Text], |x| {
        Expected::Is(trimmed(&bytes(&x[0]), true, false))
    }),
    row("rtrim", &[Domain::Text], |x| {
        Expected::Is(trimmed(&bytes(&x[0]), false, true))
    }),
    row(".Q.btoa", &[Domain::Text], |x| {
        comes_back(&Value::Bytes(bytes(&x[0]).into()), ".Q.btoa", ".Q.atob")
    }),
    row(".Q.x10", &[Domain::Positive], |x| {
        comes_back(&x[0], ".Q.x10", ".Q.j10")
    }),
    row(".Q.x12", &[Domain::Positive], |x| {
        comes_back(&x[0], ".Q.x12", ".Q.j12")
    }),
    row(".j.j", &[Domain::TwelveFloats], |x| {
        comes_back(&x[0], ".j.j", ".j.k")
    }),
    row(".Q.f", &[Domain::Positive, Domain::Positive], |x| {
        let digits = crate::items::long(&x[0]) as usize;
        let number = crate::items::long(&x[1]) as f64;
        Expected::Is(Value::string(format!("{number:.digits$}")))
    }),
];

#[test]
fn functions_of_text_equal_their_definitions() {
    check(ROWS);
}

pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    ROWS.iter().map(|row| row.name)
}
