//! `\?`: what each operator, keyword, command and library name does, with examples.
//!
//! The table is the text files beside this one, one a topic. In them `## ` begins a topic, `# ` an entry: a line that says
//! what it does, a line of its forms, and lines for the console (`> `) with what they print. A test runs them all.

use std::sync::LazyLock;

use q_value::{QError, QResult, Value};

/// Topics by the word that calls them.
const TOPICS: &[(&str, &str)] = &[
    ("operators", include_str!("help/operators.txt")),
    ("iterators", include_str!("help/iterators.txt")),
    ("control", include_str!("help/control.txt")),
    ("maths", include_str!("help/maths.txt")),
    ("aggregates", include_str!("help/aggregates.txt")),
    ("lists", include_str!("help/lists.txt")),
    ("text", include_str!("help/text.txt")),
    ("tables", include_str!("help/tables.txt")),
    ("joins", include_str!("help/joins.txt")),
    ("queries", include_str!("help/queries.txt")),
    ("files", include_str!("help/files.txt")),
    ("commands", include_str!("help/commands.txt")),
    (".Q", include_str!("help/Q.txt")),
    (".h", include_str!("help/h.txt")),
    (".j", include_str!("help/j.txt")),
    (".z", include_str!("help/z.txt")),
];
/// Suggestions for a name that is not there.
const SUGGESTIONS_MAX: usize = 20;

/// What one name does.
#[derive(Debug, PartialEq, Eq)]
struct Entry {
    name: &'static str,
    summary: &'static str,
    forms: &'static str,
    /// Console lines and what each prints.
    examples: Vec<(&'static str, Vec<&'static str>)>,
}

struct Topic {
    word: &'static str,
    title: &'static str,
    entries: Vec<Entry>,
}

static TABLE: LazyLock<Vec<Topic>> = LazyLock::new(|| {
    TOPICS
        .iter()
        .map(|(word, text)| read_topic(word, text))
        .collect()
});

fn read_topic(word: &'static str, text: &'static str) -> Topic {
    let mut lines = text.lines();
    let title = lines
        .next()
        .and_then(|line| line.strip_prefix("## "))
        .unwrap_or(word);
    let mut entries: Vec<Entry> = Vec::new();
    while let Some(line) = lines.next() {
        if let Some(name) = line.strip_prefix("# ") {
            entries.push(Entry {
                name,
                summary: lines.next().unwrap_or_default(),
                forms: lines.next().unwrap_or_default(),
                examples: Vec::new(),
            });
            continue;
        }
        let Some(entry) = entries.last_mut() else {
            continue;
        };
        if let Some(input) = line.strip_prefix("> ") {
            entry.examples.push((input, Vec::new()));
        } else if let Some((_, output)) = entry.examples.last_mut() {
            output.push(line);
        }
    }
    for (_, output) in entries.iter_mut().flat_map(|entry| &mut entry.examples) {
        // entries stand apart by an empty line
        if output.last() == Some(&"") {
            output.pop();
        }
    }
    Topic {
        word,
        title,
        entries,
    }
}

/// All names and topics that there is help for.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    TABLE
        .iter()
        .flat_map(|topic| std::iter::once(topic.word).chain(topic.entries.iter().map(|e| e.name)))
}

/// True when an entry goes by this name: `( )` also by each of its brackets.
fn is_called(entry: &Entry, word: &str) -> bool {
    entry.name == word
        || entry.name.contains(' ')
            && (entry.name.split(' ').any(|part| part == word)
                || entry.name.replace(' ', "") == word)
}

/// The lines of `\? word`; without a word the topics. Errors: nothing goes by this or a similar name.
pub(crate) fn lines(word: &str) -> QResult<Vec<String>> {
    if word.is_empty() {
        return Ok(topics());
    }
    let entries = || TABLE.iter().flat_map(|topic| &topic.entries);
    if let Some(entry) = entries().find(|entry| is_called(entry, word)) {
        return Ok(whole(entry));
    }
    if let Some(topic) = TABLE.iter().find(|topic| topic.word == word) {
        return Ok(brief(topic.title, topic.entries.iter()));
    }
    let small = word.to_lowercase();
    let similar: Vec<&Entry> = entries()
        .filter(|entry| entry.name.to_lowercase().contains(&small))
        .take(SUGGESTIONS_MAX)
        .collect();
    if similar.is_empty() {
        return Err(QError::signal(format!("no help for {word}")));
    }
    Ok(brief("Similar names", similar.into_iter()))
}

/// As [`lines`], as a value of q: a list of texts.
pub(crate) fn value(word: &str) -> QResult<Value> {
    let lines = lines(word)?.into_iter().map(Value::string).collect();
    Ok(Value::list(lines))
}

fn topics() -> Vec<String> {
    let mut lines: Vec<String> = TABLE
        .iter()
        .map(|topic| format!("{:<11} {}", topic.word, topic.title))
        .collect();
    lines.push(String::new());
    lines.push(
        "\\? topic lists its names, \\? name tells what it does: \\? joins, \\? aj".to_owned(),
    );
    lines
}

fn brief<'a>(title: &str, entries: impl Iterator<Item = &'a Entry> + Clone) -> Vec<String> {
    let width = entries
        .clone()
        .map(|entry| entry.name.len())
        .max()
        .unwrap_or(0);
    std::iter::once(title.to_owned())
        .chain(entries.map(|entry| format!("{:<width$}  {}", entry.name, entry.summary)))
        .collect()
}

fn whole(entry: &Entry) -> Vec<String> {
    let mut lines = vec![
        format!("{}: {}", entry.name, entry.summary),
        format!("  {}", entry.forms),
    ];
    for (input, output) in &entry.examples {
        lines.push(format!("q){input}"));
        lines.extend(output.iter().map(|line| (*line).to_owned()));
    }
    lines
}

#[cfg(test)]
mod tests;
