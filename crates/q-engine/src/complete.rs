//! How a word being typed could go on: names, columns, keywords, files.

use std::collections::BTreeSet;
use std::path::PathBuf;

use q_syntax::typing::{Class, Part, parts};
use q_syntax::words::{INFIX, PREFIX, SPECIAL};
use q_value::{Symbol, Value};

use crate::globals::{qualify, split_name};
use crate::interpreter::Interpreter;
use crate::system::FileKind;

/// Words offered at most; a longer list helps nobody.
const WORDS_MAX: usize = 1000;
/// Words of a query that are no names.
const PHRASES: &[&str] = &["by", "from"];
/// Names of `.z` that are computed or set by the user, so that no global shows them.
pub(crate) const SYSTEM_NAMES: &[&str] = &[
    "D", "H", "K", "N", "P", "T", "W", "X", "Z", "a", "ac", "b", "bm", "c", "d", "e", "exit", "f",
    "h", "i", "k", "l", "n", "o", "p", "pc", "pd", "pg", "ph", "pi", "pm", "po", "pp", "pq", "ps",
    "pw", "q", "r", "s", "t", "ts", "u", "vs", "w", "wc", "wo", "ws", "x", "z", "zd",
];

/// A sorted set of words that begin in the same way.
struct Found<'a> {
    begins: &'a str,
    words: BTreeSet<String>,
}

impl<'a> Found<'a> {
    fn new(begins: &'a str) -> Found<'a> {
        Found {
            begins,
            words: BTreeSet::new(),
        }
    }

    fn offer(&mut self, word: &str) {
        if word.starts_with(self.begins) && !word.is_empty() {
            self.words.insert(word.to_owned());
        }
    }

    /// With what stands before the word in the replaced part of the text.
    fn after(self, head: &str) -> Vec<String> {
        self.words
            .into_iter()
            .take(WORDS_MAX)
            .map(|word| format!("{head}{word}"))
            .collect()
    }
}

/// Where the word that ends at the end of `text` begins, of bytes that `is_part` accepts.
fn word_start(text: &str, is_part: impl Fn(u8) -> bool) -> usize {
    text.bytes()
        .rposition(|byte| !is_part(byte))
        .map_or(0, |at| at + 1)
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.'
}

fn is_symbol_byte(byte: u8) -> bool {
    is_name_byte(byte) || matches!(byte, b':' | b'/' | b'-')
}

impl Interpreter {
    /// The ways in which the word before byte `at` of a statement could go on: where the word begins, and whole words to
    /// stand there instead of it, sorted. Nothing is evaluated.
    pub fn complete(&self, text: &str, at: usize) -> (usize, Vec<String>) {
        let Some(head) = text.get(..at) else {
            return (at, Vec::new());
        };
        if let Some(command) = head.strip_prefix('\\') {
            return self.complete_command(command, at);
        }
        let parts = parts(head.as_bytes());
        if let Some(last) = parts.last()
            && last.end == at
            && matches!(last.class, Class::Text | Class::Comment)
        {
            return (at, Vec::new());
        }
        let start = word_start(head, is_symbol_byte);
        if let Some(quote) = start.checked_sub(1)
            && head.as_bytes()[quote] == b'`'
        {
            return (
                start,
                self.complete_symbol(text, &head[..quote], &head[start..]),
            );
        }
        let start = word_start(head, is_name_byte);
        (
            start,
            self.complete_name(text, &head[..start], &head[start..]),
        )
    }

    /// A system command, without its backslash.
    fn complete_command(&self, command: &str, at: usize) -> (usize, Vec<String>) {
        let Some((name, rest)) = command.split_once(' ') else {
            return (at, Vec::new());
        };
        let begins = rest.rsplit(' ').next().unwrap_or_default();
        let start = at - begins.len();
        match name {
            "l" | "cd" | "1" | "2" | "r" => (start, self.complete_path(begins, "")),
            "d" | "v" | "f" | "a" | "b" => {
                let mut found = Found::new(begins);
                for space in self.globals.namespaces() {
                    found.offer(&format!(".{}", space.text()));
                }
                (start, found.after(""))
            }
            "?" => {
                let mut found = Found::new(begins);
                for name in crate::help::names() {
                    found.offer(name);
                }
                (start, found.after(""))
            }
            "t" | "ts" => {
                let (start, words) = self.complete(rest, rest.len());
                (at - rest.len() + start, words)
            }
            _ => (at, Vec::new()),
        }
    }

    /// Files and folders; a path in a symbol stands behind `colon`.
    fn complete_path(&self, begins: &str, colon: &str) -> Vec<String> {
        let (folder, name) = match begins.rfind('/') {
            Some(at) => begins.split_at(at + 1),
            None => ("", begins),
        };
        let path = PathBuf::from(if folder.is_empty() { "." } else { folder });
        let mut found = Found::new(name);
        for entry in self.world.list(&path).unwrap_or_default() {
            let Ok(entry) = String::from_utf8(entry) else {
                continue;
            };
            if entry.starts_with('.') && !name.starts_with('.') || !entry.starts_with(name) {
                continue;
            }
            let is_folder = self
                .world
                .status(&path.join(&entry))
                .is_ok_and(|status| status.kind == FileKind::Directory);
            found.offer(&if is_folder { entry + "/" } else { entry });
        }
        found.after(&format!("{colon}{folder}"))
    }

    /// The text after a backquote: a path, a column of what stands before it or of a table of the statement, a global.
    fn complete_symbol(&self, text: &str, before: &str, begins: &str) -> Vec<String> {
        if let Some(path) = begins.strip_prefix(':') {
            return self.complete_path(path, ":");
        }
        let mut found = Found::new(begins);
        let owner = &before[word_start(before, is_name_byte)..];
        let columns = self.columns_of(owner);
        if !columns.is_empty() {
            for column in columns {
                found.offer(&column);
            }
            return found.after("");
        }
        self.offer_columns(text, &mut found);
        if !begins.is_empty() {
            self.offer_globals(begins, &mut found);
        }
        found.after("")
    }

    fn complete_name(&self, text: &str, before: &str, begins: &str) -> Vec<String> {
        let parts = parts(before.as_bytes());
        let follows_from = parts
            .last()
            .is_some_and(|part| is_word(before, *part, "from"));
        let mut found = Found::new(begins);
        if follows_from {
            for name in self.tables() {
                found.offer(&name);
            }
            return found.after("");
        }
        if let Some((owner, member)) = begins.rsplit_once('.')
            && !owner.is_empty()
        {
            let mut members = Found::new(member);
            for name in self.members_of(owner) {
                members.offer(&name);
            }
            return members.after(&format!("{owner}."));
        }
        self.offer_columns(text, &mut found);
        // in a query a column is meant before anything else
        if begins.is_empty() || !found.words.is_empty() {
            return found.after("");
        }
        self.offer_globals(begins, &mut found);
        for word in [INFIX, PREFIX, SPECIAL, PHRASES].concat() {
            found.offer(word);
        }
        found.after("")
    }

    /// Names of the current namespace, and the namespaces.
    fn offer_globals(&self, begins: &str, found: &mut Found<'_>) {
        if begins.starts_with('.') {
            for space in self.globals.namespaces() {
                found.offer(&format!(".{}", space.text()));
            }
            found.offer(".z");
        }
        if let Some((owner, _)) = begins.rsplit_once('.') {
            for name in self.members_of(owner) {
                found.offer(&format!("{owner}.{name}"));
            }
            return;
        }
        let space = match self.namespace {
            root if root.is_null() => Symbol::NULL,
            space => Symbol::new(format!(".{}", space.text())),
        };
        for id in self.globals.members(space) {
            let name = split_name(self.globals.name(id)).1.text();
            if !name.starts_with('.') {
                found.offer(&name);
            }
        }
    }

    /// Names in a namespace, or the columns or keys of a value.
    fn members_of(&self, owner: &str) -> Vec<String> {
        let name = Symbol::new(owner);
        if owner == ".z" {
            return SYSTEM_NAMES.iter().map(|name| (*name).to_owned()).collect();
        }
        if owner.starts_with('.') && self.globals.is_namespace(name) {
            return self
                .globals
                .members(name)
                .into_iter()
                .map(|id| split_name(self.globals.name(id)).1.text())
                .collect();
        }
        self.columns_of(owner)
    }

    fn value_of(&self, name: &str) -> Option<&Value> {
        if name.is_empty() {
            return None;
        }
        let id = self
            .globals
            .find(qualify(self.namespace, Symbol::new(name)))?;
        self.globals.get(id)
    }

    /// Columns of a table, keys of a dictionary; none of anything else.
    fn columns_of(&self, name: &str) -> Vec<String> {
        self.value_of(name).map(columns).unwrap_or_default()
    }

    fn tables(&self) -> Vec<String> {
        let space = match self.namespace {
            root if root.is_null() => Symbol::NULL,
            space => Symbol::new(format!(".{}", space.text())),
        };
        self.globals
            .members(space)
            .into_iter()
            .filter(|id| {
                self.globals.get(*id).is_some_and(|value| {
                    matches!(value, Value::Table(_) | Value::Partitioned(_))
                        || value.is_keyed_table()
                })
            })
            .map(|id| split_name(self.globals.name(id)).1.text())
            .collect()
    }

    /// Columns of the tables that the statement selects from; of every table while none is named yet.
    fn offer_columns(&self, text: &str, found: &mut Found<'_>) {
        let parts = parts(text.as_bytes());
        let has = |word: &str| parts.iter().any(|part| is_word(text, *part, word));
        if !has("from") && ["select", "exec", "update", "delete"].into_iter().any(has) {
            for table in self.tables() {
                for column in self.columns_of(&table) {
                    found.offer(&column);
                }
            }
            return;
        }
        for pair in parts.windows(2) {
            let [word, table] = pair else { continue };
            if !is_word(text, *word, "from") {
                continue;
            }
            let table = text.get(table.start..table.end).unwrap_or_default();
            for column in self.columns_of(table.trim_start_matches('`')) {
                found.offer(&column);
            }
        }
    }
}

fn is_word(text: &str, part: Part, word: &str) -> bool {
    part.class == Class::Keyword && text.get(part.start..part.end) == Some(word)
}

fn columns(value: &Value) -> Vec<String> {
    match value {
        Value::Table(table) => table.names.iter().map(|name| name.text()).collect(),
        Value::Partitioned(table) => table.names.iter().map(|name| name.text()).collect(),
        Value::Dict(dict) => match &dict.keys {
            Value::Table(_) => [columns(&dict.keys), columns(&dict.values)].concat(),
            Value::Symbols(names) => names.iter().map(|name| name.text()).collect(),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use crate::fake::FakeWorld;
    use crate::interpreter::Interpreter;
    use crate::system::System;
    use std::path::Path;

    fn interpreter() -> Interpreter {
        let mut world = FakeWorld::default();
        for path in ["/data/trade.q", "/data/trades/x", "/other"] {
            world.write(Path::new(path), b"1").expect("written");
        }
        let mut interpreter = Interpreter::new(Box::new(world));
        interpreter.set_stack_size(3 << 19);
        for line in [
            "trade:([]sym:`a`b;size:1 2;side:`x`y)",
            "keyed:([k:1 2]v:3 4)",
            "tradeCount:2",
            "conf:`host`port!1 2",
            ".my.alpha:1",
            ".my.beta:2",
        ] {
            interpreter.evaluate_text(line).expect(line);
        }
        interpreter
    }

    /// The text with `|` for the cursor, completed.
    fn words(text: &str) -> (usize, Vec<String>) {
        let at = text.find('|').expect("a cursor");
        interpreter().complete(&text.replace('|', ""), at)
    }

    fn list(text: &str) -> String {
        words(text).1.join(" ")
    }

    #[test]
    fn names_keywords_and_namespaces() {
        assert_eq!(
            words("1+tra|"),
            (2, vec!["trade".into(), "tradeCount".into()])
        );
        assert_eq!(list("xba|"), "xbar");
        assert_eq!(list("sel|"), "select");
        assert_eq!(list(".my.|"), ".my.alpha .my.beta");
        assert_eq!(list(".my.b|"), ".my.beta");
        assert_eq!(list(".m|"), ".my");
        assert!(list(".Q.dp|").contains(".Q.dpft"));
        assert_eq!(
            list(".z.p|"),
            ".z.p .z.pc .z.pd .z.pg .z.ph .z.pi .z.pm .z.po .z.pp .z.pq .z.ps .z.pw"
        );
        assert_eq!(list("1+|"), "");
    }

    #[test]
    fn columns_of_tables() {
        assert_eq!(list("trade.s|"), "trade.side trade.size trade.sym");
        assert_eq!(list("trade`|"), "side size sym");
        assert_eq!(list("conf`p|"), "port");
        assert_eq!(list("keyed.|"), "keyed.k keyed.v");
        assert_eq!(list("select si| from trade"), "side size");
        assert_eq!(list("exec si|"), "side size");
        assert_eq!(list("select from trade where |"), "side size sym");
        assert_eq!(list("select from tr|"), "trade");
        assert_eq!(list("select from |"), "keyed trade");
        assert_eq!(list("?[`tr|"), "trade tradeCount");
    }

    #[test]
    fn files_in_symbols_and_commands() {
        assert_eq!(
            words("get`:/data/tr|"),
            (4, vec![":/data/trade.q".into(), ":/data/trades/".into()])
        );
        assert_eq!(words("\\l /o|"), (3, vec!["/other".into()]));
        assert_eq!(words("\\l da|"), (3, vec!["data/".into()]));
        assert_eq!(list("\\d .m|"), ".my");
        assert_eq!(
            words("\\t sum tra|"),
            (7, vec!["trade".into(), "tradeCount".into()])
        );
    }

    #[test]
    fn strings_and_comments_are_left_alone() {
        assert_eq!(list("\"tra|"), "");
        assert_eq!(list("1 /tra|"), "");
        assert_eq!(list("é|"), "");
    }

    #[test]
    fn the_current_namespace_counts() {
        let mut interpreter = interpreter();
        interpreter.run_line(b"\\d .my");
        assert_eq!(interpreter.complete("al", 2).1, ["all", "alpha"]);
    }
}
