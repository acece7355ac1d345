//! Interned symbols: a 32-bit id for a run of bytes, the same id for the same bytes, for the life of the process.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering as MemoryOrdering};
use std::sync::{LazyLock, Mutex};

/// An interned symbol. Equality and hash are those of the id; order is that of the text, bytewise.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(transparent)]
pub struct Symbol(u32);

/// Blocks double in size: block `b` holds `FIRST_BLOCK << b` entries, so that an entry never moves once written.
const FIRST_BLOCK: usize = 1024;
const BLOCKS: usize = 22;

type Text = &'static [u8];

struct SymbolTable {
    ids: Mutex<SymbolIds>,
    blocks: [AtomicPtr<Text>; BLOCKS],
    count: AtomicUsize,
}

struct SymbolIds {
    by_text: HashMap<Text, u32, BuildHasherDefault<TextHasher>>,
    bytes: usize,
}

/// FNV-1a over eight-byte words: symbols are short and come from trusted or bounded input.
#[derive(Default)]
struct TextHasher(u64);

impl Hasher for TextHasher {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 29)
    }
    fn write(&mut self, bytes: &[u8]) {
        let mut hash = self.0 ^ 0xcbf2_9ce4_8422_2325;
        for chunk in bytes.chunks(8) {
            let mut word = [0u8; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            hash = (hash ^ u64::from_le_bytes(word)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            hash ^= hash >> 32;
        }
        self.0 = hash;
    }
}

static TABLE: LazyLock<SymbolTable> = LazyLock::new(|| {
    let table = SymbolTable {
        ids: Mutex::new(SymbolIds {
            by_text: HashMap::default(),
            bytes: 0,
        }),
        blocks: [const { AtomicPtr::new(std::ptr::null_mut()) }; BLOCKS],
        count: AtomicUsize::new(0),
    };
    table.intern(b"");
    table
});

/// Block and place within it of an id.
fn place(id: u32) -> (usize, usize) {
    let position = id as usize + FIRST_BLOCK;
    let block = (usize::BITS - 1 - position.leading_zeros()) as usize
        - FIRST_BLOCK.trailing_zeros() as usize;
    (block, position - (FIRST_BLOCK << block))
}

impl SymbolTable {
    fn intern(&self, text: &[u8]) -> u32 {
        let mut ids = self
            .ids
            .lock()
            .expect("the symbol table is never left half written");
        if let Some(id) = ids.by_text.get(text) {
            return *id;
        }
        let count = self.count.load(MemoryOrdering::Relaxed);
        let id = u32::try_from(count).expect("fewer than 2^32 symbols fit in memory");
        let kept: Text = Box::leak(text.to_vec().into_boxed_slice());
        let (block, at) = place(id);
        let mut start = self.blocks[block].load(MemoryOrdering::Relaxed);
        if start.is_null() {
            let empty: Box<[Text]> = vec![&[] as Text; FIRST_BLOCK << block].into_boxed_slice();
            start = Box::leak(empty).as_mut_ptr();
            self.blocks[block].store(start, MemoryOrdering::Release);
        }
        // SAFETY: `start` heads a leaked block of FIRST_BLOCK << block entries and `at` is below that; only the holder of
        // the lock writes, and readers only read entries whose id was handed out after the release store below.
        unsafe { *start.add(at) = kept };
        self.count.store(count + 1, MemoryOrdering::Release);
        ids.bytes += kept.len();
        ids.by_text.insert(kept, id);
        id
    }

    fn text(&self, id: u32) -> Text {
        let (block, at) = place(id);
        let start = self.blocks[block].load(MemoryOrdering::Acquire);
        // SAFETY: an id exists only after `intern` wrote its entry into this leaked block, and whoever got the id got it
        // through the lock or another synchronising hand-over; entries are never changed again.
        unsafe { *start.add(at) }
    }
}

impl Symbol {
    /// The empty symbol, which is the null.
    pub const NULL: Symbol = Symbol(0);

    pub fn new(text: impl AsRef<[u8]>) -> Symbol {
        if text.as_ref().is_empty() {
            return Symbol::NULL;
        }
        Symbol(TABLE.intern(text.as_ref()))
    }

    pub fn as_bytes(self) -> &'static [u8] {
        if self.0 == 0 { b"" } else { TABLE.text(self.0) }
    }

    /// The text, with bytes that are not UTF-8 replaced; for messages and paths.
    pub fn text(self) -> String {
        String::from_utf8_lossy(self.as_bytes()).into_owned()
    }

    pub fn is_null(self) -> bool {
        self.0 == 0
    }

    /// The dense id, below [`Symbol::count`]; for tables indexed by symbol.
    pub fn id(self) -> u32 {
        self.0
    }

    /// How many symbols exist, and the bytes of their text (`.Q.w` shows both).
    pub fn statistics() -> (usize, usize) {
        let bytes = TABLE
            .ids
            .lock()
            .expect("the symbol table is never left half written")
            .bytes;
        (TABLE.count.load(MemoryOrdering::Acquire), bytes)
    }
}

impl PartialOrd for Symbol {
    fn partial_cmp(&self, other: &Symbol) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Symbol {
    fn cmp(&self, other: &Symbol) -> Ordering {
        if self.0 == other.0 {
            Ordering::Equal
        } else {
            self.as_bytes().cmp(other.as_bytes())
        }
    }
}

impl fmt::Debug for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}", self.text())
    }
}

impl From<&str> for Symbol {
    fn from(text: &str) -> Symbol {
        Symbol::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_text_has_the_same_id_across_blocks() {
        let symbols: Vec<Symbol> = (0..5000).map(|i| Symbol::new(format!("sym{i}"))).collect();
        for (i, symbol) in symbols.iter().enumerate() {
            assert_eq!(symbol.as_bytes(), format!("sym{i}").as_bytes());
            assert_eq!(*symbol, Symbol::new(format!("sym{i}")));
        }
        assert_eq!(Symbol::new(""), Symbol::NULL);
    }

    #[test]
    fn order_is_that_of_the_text() {
        let (zebra, apple) = (Symbol::new("zebra"), Symbol::new("apple"));
        assert!(apple < zebra && Symbol::NULL < apple);
    }

    #[test]
    fn blocks_cover_all_ids() {
        assert_eq!(place(0), (0, 0));
        assert_eq!(place(1023), (0, 1023));
        assert_eq!(place(1024), (1, 0));
        assert_eq!(place(u32::MAX - 1024).0, BLOCKS - 1);
    }
}
