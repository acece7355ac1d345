//! Whatever is written is read back; whatever is compressed comes back; nothing read can panic.

use proptest::prelude::*;
use q_value::{Attribute, Binary, Iterator, Symbol, Type, Unary, Value};
use q_wire::{
    Compile, Dialect, MessageKind, TextOnly, compress, decode_message, decode_object, decompress,
    encode_message, object_length,
};

fn symbol() -> impl Strategy<Value = Symbol> {
    "[a-z.:]{0,6}".prop_map(Symbol::new)
}

fn atom_or_vector() -> impl Strategy<Value = Value> {
    let attribute = (0u8..5).prop_map(|n| Attribute::from_number(n).expect("0 to 4"));
    let vector = prop_oneof![
        proptest::collection::vec(any::<bool>(), 0..20).prop_map(|v| Value::Booleans(v.into())),
        proptest::collection::vec(any::<[u8; 16]>(), 0..5).prop_map(|v| Value::Guids(v.into())),
        proptest::collection::vec(any::<u8>(), 0..20).prop_map(|v| Value::Bytes(v.into())),
        proptest::collection::vec(any::<u8>(), 0..20).prop_map(|v| Value::Chars(v.into())),
        proptest::collection::vec(any::<i16>(), 0..20).prop_map(|v| Value::Shorts(v.into())),
        (0usize..6, proptest::collection::vec(any::<i32>(), 0..20)).prop_map(|(at, v)| {
            let types = [
                Type::Int,
                Type::Month,
                Type::Date,
                Type::Minute,
                Type::Second,
                Type::Time,
            ];
            Value::from_i32s(types[at], v.into())
        }),
        (0usize..3, proptest::collection::vec(any::<i64>(), 0..20)).prop_map(|(at, v)| {
            Value::from_i64s([Type::Long, Type::Timestamp, Type::Timespan][at], v.into())
        }),
        proptest::collection::vec(any::<f32>(), 0..20).prop_map(|v| Value::Reals(v.into())),
        proptest::collection::vec(any::<f64>(), 0..20).prop_map(|v| Value::Floats(v.into())),
        proptest::collection::vec(symbol(), 0..20).prop_map(|v| Value::Symbols(v.into())),
    ];
    (vector, attribute, any::<bool>()).prop_map(|(vector, attribute, first)| match vector.item(0) {
        Some(item) if first => item,
        _ => vector.with_attribute(attribute),
    })
}

fn function() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Identity),
        (0..Unary::ALL.len()).prop_map(|at| Value::Unary(Unary::ALL[at])),
        (0..Binary::ALL.len()).prop_map(|at| Value::Binary(Binary::ALL[at])),
        (0usize..6).prop_map(|at| Value::Iterator(Iterator::ALL[at])),
        "\\{[a-z+]{0,8}\\}".prop_map(|text| TextOnly
            .lambda(Symbol::new("ns"), text.as_bytes())
            .expect("kept")),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![4 => atom_or_vector(), 1 => function()];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::list),
            proptest::collection::vec((symbol(), inner.clone()), 0..5).prop_map(|pairs| {
                let (keys, values): (Vec<Symbol>, Vec<Value>) = pairs.into_iter().unzip();
                Value::dict(Value::Symbols(keys.into()), Value::list(values))
            }),
            (
                proptest::collection::vec(inner.clone(), 3),
                any::<[i64; 3]>()
            )
                .prop_map(|(cells, numbers)| {
                    Value::table(
                        ["a", "b"].into_iter().map(Symbol::new).collect(),
                        vec![Value::list(cells), Value::Longs(numbers.to_vec().into())],
                    )
                }),
            (
                function(),
                proptest::option::of(inner.clone()),
                inner.clone()
            )
                .prop_map(|(f, x, y)| Value::projection(f, vec![x, Some(y)])),
            (0usize..6, inner).prop_map(|(at, f)| Value::derived(Iterator::ALL[at], f)),
        ]
    })
}

proptest! {
    #[test]
    fn values_come_back_with_their_attributes(value in value()) {
        let message = encode_message(MessageKind::Response, &value, 6).expect("encodes");
        prop_assert_eq!(message.len(), object_length(&value) + 8);
        let decoded = decode_message(&message, &mut TextOnly).expect("decodes");
        let again = decoded.payload.expect("a value");
        prop_assert!(again.is_identical(&value), "{:?} became {:?}", value, again);
        prop_assert_eq!(again.attribute(), value.attribute());
        prop_assert_eq!(encode_message(MessageKind::Response, &again, 6).expect("encodes"), message);
    }

    #[test]
    fn compressed_messages_come_back(
        seed in proptest::collection::vec(any::<u8>(), 1..60),
        noise in proptest::collection::vec(any::<u8>(), 0..300),
        repeats in 1usize..200,
    ) {
        let mut bytes = seed.repeat(repeats);
        bytes.extend(noise);
        let message = encode_message(MessageKind::Async, &Value::Bytes(bytes.into()), 6).expect("encodes");
        if let Some(small) = compress(&message) {
            prop_assert!(small.len() <= message.len() / 2);
            prop_assert_eq!(decompress(&small).expect("decompresses"), message);
        }
    }

    #[test]
    fn noise_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200), little in any::<bool>()) {
        for dialect in [Dialect::Wire, Dialect::File] {
            let _ = decode_object(&bytes, little, dialect, &mut TextOnly).map(|object| object.length);
        }
        let mut message = vec![1, 0, bytes.first().map_or(0, |x| x % 3), 0];
        message.extend((bytes.len() as u32 + 8).to_le_bytes());
        message.extend(&bytes);
        let _ = decode_message(&message, &mut TextOnly).map(|message| message.kind);
    }
}
