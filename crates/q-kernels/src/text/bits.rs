//! Numbers as their bytes and bits, the highest first: `0x0 vs`, `0x0 sv`, `0b vs`, `0b sv`.

use q_value::{AtomStorage, Guid, QError, QResult, Value};

/// The bytes of an atom of fixed width, highest first.
pub(super) fn bytes_of(atom: &Value) -> Option<Vec<u8>> {
    Some(match atom.atom_storage()? {
        AtomStorage::Bool(x) => vec![u8::from(x)],
        AtomStorage::U8(x) => vec![x],
        AtomStorage::I16(x) => x.to_be_bytes().to_vec(),
        AtomStorage::I32(x) => x.to_be_bytes().to_vec(),
        AtomStorage::I64(x) => x.to_be_bytes().to_vec(),
        AtomStorage::F32(x) => x.to_be_bytes().to_vec(),
        AtomStorage::F64(x) => x.to_be_bytes().to_vec(),
        AtomStorage::Guid(x) => x.to_vec(),
        AtomStorage::Symbol(_) => return None,
    })
}

/// The bits of an atom of fixed width, highest first.
pub(super) fn bits_of(atom: &Value) -> Option<Vec<bool>> {
    if let Value::Boolean(x) = atom {
        return Some(vec![*x]);
    }
    let bytes = bytes_of(atom)?;
    Some(
        bytes
            .iter()
            .flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1 == 1))
            .collect(),
    )
}

/// The number of 1, 2, 4, 8 or 16 bytes: byte, short, int, long, guid.
///
/// Errors: `'length` for another count.
pub(super) fn number_of_bytes(bytes: &[u8]) -> QResult<Value> {
    Ok(match *bytes {
        [x] => Value::Byte(x),
        [a, b] => Value::Short(i16::from_be_bytes([a, b])),
        [a, b, c, d] => Value::Int(i32::from_be_bytes([a, b, c, d])),
        _ => match (<[u8; 8]>::try_from(bytes), Guid::try_from(bytes)) {
            (Ok(bytes), _) => Value::Long(i64::from_be_bytes(bytes)),
            (_, Ok(guid)) => Value::Guid(guid.into()),
            _ => return Err(QError::length()),
        },
    })
}

/// The number of 8, 16, 32, 64 or 128 bits: byte, short, int, long, guid.
///
/// Errors: `'length` for another count.
pub(super) fn number_of_bits(bits: &[bool]) -> QResult<Value> {
    if !bits.len().is_multiple_of(8) {
        return Err(QError::length());
    }
    let bytes: Vec<u8> = bits
        .chunks_exact(8)
        .map(|bits| bits.iter().fold(0, |byte, bit| byte << 1 | u8::from(*bit)))
        .collect();
    number_of_bytes(&bytes)
}
