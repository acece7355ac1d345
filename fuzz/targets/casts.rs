//! Any text parsed as every type, and any value from a message cast to every type: never a panic; a parsed atom prints and
//! parses back as itself.
#![no_main]

use q_kernels::text::{cast, string};
use q_value::{Symbol, Type, Value};
use q_wire::{Dialect, TextOnly, decode_object};

/// Bytes of symbols from which on no more are made: they live as long as the process, so that each new text adds one.
const SYMBOL_BYTES_MAX: usize = 64 << 20;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let may_intern = Symbol::statistics().1 < SYMBOL_BYTES_MAX;
    let types = || Type::ALL.into_iter().filter(|ty| may_intern || *ty != Type::Symbol);
    let text = Value::string(bytes);
    for ty in types() {
        let Ok(parsed) = cast::tok(ty, text.clone()) else {
            continue;
        };
        // floats and reals are written with the digits of `\P` only; days far from ours have no text of their own
        if ty.is_temporal() || matches!(ty, Type::Float | Type::Real | Type::Char) {
            continue;
        }
        let written = string(parsed.clone()).expect("atoms have a text");
        let again = cast::tok(ty, written).expect("what we write we read");
        assert!(again.is_identical(&parsed), "{ty:?}: {parsed:?} became {again:?}");
    }
    let Ok(decoded) = decode_object(bytes, true, Dialect::Wire, &mut TextOnly) else {
        return;
    };
    let Ok(value) = decoded.payload else { return };
    for ty in types() {
        // a text is one symbol
        let is_one = ty == Type::Symbol && matches!(value, Value::Chars(_));
        if let Ok(cast) = cast::cast_to(ty, value.clone())
            && value.is_vector()
            && !is_one
        {
            assert_eq!(cast.count(), value.count(), "a cast to {ty:?} keeps the count");
        }
        let _ = cast::tok(ty, value.clone());
    }
    for name in ["year", "mm", "dd", "hh", "uu", "ss", "week", "date", "time"] {
        let _ = cast::cast(Value::symbol(name), value.clone());
    }
    let _ = string(value);
});
