//! Any bytes as a zip of code: refused, or every name inside the tree and the sizes within the limits.
#![no_main]

use code_bundle::{Bundle, EntryKind, Limits};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let limits = Limits {
        unpacked_bytes_max: 1 << 20,
        entries_max: 100,
        ..Limits::default()
    };
    let Ok(bundle) = Bundle::open(bytes.to_vec(), &limits) else {
        return;
    };
    let mut total = 0;
    for (name, entry) in bundle.entries() {
        assert!(
            !name.as_str().starts_with('/')
                && name
                    .as_str()
                    .split('/')
                    .all(|part| part != ".." && !part.is_empty())
        );
        if let EntryKind::File { bytes, .. } = entry.kind {
            total += bytes;
        }
    }
    assert!(total <= limits.unpacked_bytes_max);
    let _ = bundle.check(Some("init.q"));
});
