//! Patterns of `like` and `ss`: `?` any char, `[..]` one of a set, `*` any run of chars.

use std::ops::Range;

use memchr::memmem::Finder;
use q_value::{QError, QResult};

/// One place of a pattern.
#[derive(Debug, Clone)]
enum Item {
    Byte(u8),
    Any,
    /// One bit per byte value.
    Set(Box<[u64; 4]>),
    Star,
}

impl Item {
    fn accepts(&self, byte: u8) -> bool {
        match self {
            Item::Byte(wanted) => *wanted == byte,
            Item::Any => true,
            Item::Set(bits) => bits[usize::from(byte >> 6)] >> (byte & 63) & 1 == 1,
            Item::Star => false,
        }
    }
}

fn accept(items: &[Item], text: &[u8]) -> bool {
    items
        .iter()
        .zip(text)
        .all(|(item, byte)| item.accepts(*byte))
}

fn items_of(pattern: &[u8]) -> Vec<Item> {
    let mut items = Vec::with_capacity(pattern.len());
    let mut at = 0;
    while at < pattern.len() {
        match pattern[at] {
            b'*' => items.push(Item::Star),
            b'?' => items.push(Item::Any),
            b'[' => match set_of(&pattern[at + 1..]) {
                Some((set, length)) => {
                    items.push(set);
                    at += length;
                }
                None => items.push(Item::Byte(b'[')),
            },
            byte => items.push(Item::Byte(byte)),
        }
        at += 1;
    }
    items
}

/// The set after an opening bracket and its length with the closing one; `None` when it is not closed. `^` at its start
/// negates, `]` at its start is a member, `a-z` a range.
fn set_of(text: &[u8]) -> Option<(Item, usize)> {
    let negated = text.first() == Some(&b'^');
    let start = usize::from(negated);
    let close = start + 1 + text.get(start + 1..)?.iter().position(|c| *c == b']')?;
    let members = &text[start..close];
    let mut bits = [0u64; 4];
    let mut insert = |byte: u8| bits[usize::from(byte >> 6)] |= 1 << (byte & 63);
    let mut at = 0;
    while at < members.len() {
        match members[at..] {
            [low, b'-', high, ..] => {
                (low..=high).for_each(&mut insert);
                at += 3;
            }
            _ => {
                insert(members[at]);
                at += 1;
            }
        }
    }
    if negated {
        bits = bits.map(|word| !word);
    }
    Some((Item::Set(Box::new(bits)), close + 1))
}

/// The text of items that are plain bytes all.
fn literal(items: &[Item]) -> Option<Vec<u8>> {
    items
        .iter()
        .map(|item| match item {
            Item::Byte(byte) => Some(*byte),
            _ => None,
        })
        .collect()
}

/// A run of items without a star, and a fast finder when it is plain text.
struct Run {
    items: Vec<Item>,
    finder: Option<Finder<'static>>,
}

impl Run {
    fn new(items: &[Item]) -> Run {
        Run {
            items: items.to_vec(),
            finder: literal(items).map(|text| Finder::new(&text).into_owned()),
        }
    }

    /// Where it first stands in the text.
    fn find(&self, text: &[u8]) -> Option<usize> {
        match &self.finder {
            Some(finder) => finder.find(text),
            None => {
                let last = text.len().checked_sub(self.items.len())?;
                (0..=last).find(|at| accept(&self.items, &text[*at..]))
            }
        }
    }
}

/// A compiled pattern of `like`.
pub struct Pattern {
    prefix: Vec<Item>,
    tail: Tail,
}

enum Tail {
    /// Nothing after the prefix.
    End,
    /// `*` and these at the end.
    Suffix(Vec<Item>),
    /// `*`, this somewhere, `*`.
    Contains(Box<Run>),
}

impl Pattern {
    /// Compiles a pattern.
    ///
    /// Errors: `'nyi` for patterns with a second star that is not their last char, or right after the first, as in q.
    pub fn new(pattern: &[u8]) -> QResult<Pattern> {
        let items = items_of(pattern);
        let star = |items: &[Item]| items.iter().position(|item| matches!(item, Item::Star));
        let Some(first) = star(&items) else {
            return Ok(Pattern {
                prefix: items,
                tail: Tail::End,
            });
        };
        let rest = &items[first + 1..];
        let tail = match star(rest) {
            None => Tail::Suffix(rest.to_vec()),
            Some(second) if second > 0 && second + 1 == rest.len() => {
                Tail::Contains(Box::new(Run::new(&rest[..second])))
            }
            Some(_) => return Err(QError::nyi()),
        };
        Ok(Pattern {
            prefix: items[..first].to_vec(),
            tail,
        })
    }

    /// True when the whole text is of the pattern.
    pub fn matches(&self, text: &[u8]) -> bool {
        let Some((head, rest)) = text.split_at_checked(self.prefix.len()) else {
            return false;
        };
        if !accept(&self.prefix, head) {
            return false;
        }
        match &self.tail {
            Tail::End => rest.is_empty(),
            Tail::Suffix(suffix) => rest
                .len()
                .checked_sub(suffix.len())
                .is_some_and(|at| accept(suffix, &rest[at..])),
            Tail::Contains(run) => run.find(rest).is_some(),
        }
    }
}

/// Where a pattern stands in a text, from the left without overlap: what `ss` counts and `ssr` replaces.
///
/// Errors: `'length` for an empty pattern and for one with `*`.
pub fn find_all(text: &[u8], pattern: &[u8]) -> QResult<Vec<Range<usize>>> {
    let items = items_of(pattern);
    if items.is_empty() || items.iter().any(|item| matches!(item, Item::Star)) {
        return Err(QError::length());
    }
    let run = Run::new(&items);
    let mut found = Vec::new();
    let mut start = 0;
    while let Some(at) = run.find(&text[start..]) {
        let at = start + at;
        start = at + items.len();
        found.push(at..start);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn like(text: &str, pattern: &str) -> bool {
        Pattern::new(pattern.as_bytes())
            .expect("a pattern")
            .matches(text.as_bytes())
    }

    #[test]
    fn patterns_of_the_reference() {
        for (text, pattern, expected) in [
            ("brown", "[bf]rown", true),
            ("brown", "[^cf]rown", true),
            ("br^wn", "br[&^]wn", true),
            ("brAwn", "br[A-Z]wn", true),
            ("br0wn", "br[0-3]wn", true),
            ("br0wn", "br[3-6]wn", false),
            ("br0wn", "br[^3-6]wn", true),
            ("brown", "br?*wn", true),
            ("brown", "br[?*]wn", false),
            ("br*wn", "br[*]wn", true),
            ("br]wn", "[bf]r[]]wn", true),
            ("a[c", "a[[]c", true),
            ("brown", "br*wn", true),
            ("broom of your own", "br*wn", true),
            ("brwn", "br*wn", true),
            ("brn", "br*wn", false),
            ("the time", "*the*", true),
            ("a-1", "a[-x]1", true),
            ("", "", true),
            ("", "*", true),
            ("a", "", false),
            ("quick", "?uick", true),
            ("uick", "?uick", false),
            ("xay", "x*a*", true),
            ("x", "x*a*", false),
        ] {
            assert_eq!(like(text, pattern), expected, "{text} like {pattern}");
        }
        for pattern in ["*the*the*", "*the*the", "**", "a**b", "a*b*c"] {
            assert_eq!(
                Pattern::new(pattern.as_bytes()).err(),
                Some(QError::nyi()),
                "{pattern}"
            );
        }
    }

    #[test]
    fn search_goes_from_the_left_without_overlap() {
        let starts = |text: &str, pattern: &str| -> Vec<usize> {
            find_all(text.as_bytes(), pattern.as_bytes())
                .expect("a pattern")
                .into_iter()
                .map(|range| range.start)
                .collect()
        };
        assert_eq!(starts("We the people of the United States", "the"), [3, 17]);
        assert_eq!(starts("toronto ontario", "[ir]o"), [2, 13]);
        assert_eq!(starts("toronto ontario", "t?r"), [0, 10]);
        assert_eq!(starts("aaaa", "aa"), [0, 2]);
        assert_eq!(starts("abc", "abcd"), [0usize; 0]);
        assert_eq!(find_all(b"abc", b"").err(), Some(QError::length()));
        assert_eq!(find_all(b"abc", b"a*c").err(), Some(QError::length()));
    }

    /// The slow definition of matching, for patterns that have at most one star.
    fn slow(text: &[u8], items: &[Item]) -> bool {
        match items {
            [] => text.is_empty(),
            [Item::Star, rest @ ..] => (0..=text.len()).any(|at| slow(&text[at..], rest)),
            [item, rest @ ..] => match text {
                [first, text @ ..] => item.accepts(*first) && slow(text, rest),
                [] => false,
            },
        }
    }

    proptest::proptest! {
        #[test]
        fn agrees_with_the_slow_definition(text in "[ab]{0,8}", pattern in "[ab?*]{0,6}") {
            if let Ok(compiled) = Pattern::new(pattern.as_bytes()) {
                proptest::prop_assert_eq!(
                    compiled.matches(text.as_bytes()),
                    slow(text.as_bytes(), &items_of(pattern.as_bytes()))
                );
            }
        }

        #[test]
        fn any_bytes_compile_without_panic(pattern: Vec<u8>, text: Vec<u8>) {
            if let Ok(compiled) = Pattern::new(&pattern) {
                compiled.matches(&text);
            }
            let _ = find_all(&text, &pattern);
        }
    }
}
