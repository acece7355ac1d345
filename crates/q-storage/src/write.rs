//! Values to files (`formats.md` section 7).

use q_value::{Attribute, EnumVector, QError, QResult, Symbol, Value, Vector};
use q_wire::{Dialect, encode_object};

use crate::anymap::{AnymapWriter, is_writable, page_header};
use crate::index_data::{index_data, unique_file_data};
use crate::layout::{ANYMAP, ENUMERATED, HEADER, PAGE, PAGE_HEADER, file_header};

/// The bytes of a value's file and, for mixed lists, of its companions.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct FileSet {
    pub main: Vec<u8>,
    /// `name#`.
    pub items: Option<Vec<u8>>,
    /// `name##`.
    pub symbols: Option<Vec<u8>>,
}

/// The files kdb+ 4.x would write for a value: vectors of fixed width and enumerations as columns that can be mapped, mixed
/// lists as anymaps, everything else serialised.
///
/// Errors: those of [`encode_object`].
pub fn write_object(value: &Value) -> QResult<FileSet> {
    match value {
        Value::Enums(vector) => Ok(FileSet {
            main: enumerated(vector)?,
            ..FileSet::default()
        }),
        Value::Symbols(_) => serialised(value),
        Value::List(items) if !items.is_empty() && is_writable(value) => {
            let mut writer = AnymapWriter::new(0, &[]);
            items.iter().try_for_each(|item| writer.push(item))?;
            let written = writer.finish();
            let mut main = page_header(ANYMAP, items.len());
            main.extend_from_slice(&written.words);
            let mut pool = page_header(4, 0);
            pool.extend_from_slice(&written.items);
            let symbols = if written.new_symbols.is_empty() {
                None
            } else {
                Some(serialised(&Value::Symbols(written.new_symbols.into()))?.main)
            };
            Ok(FileSet {
                main,
                items: Some(pool),
                symbols,
            })
        }
        Value::List(_) => serialised(value),
        vector if vector.is_vector() => simple(vector),
        other => serialised(other),
    }
}

fn serialised(value: &Value) -> QResult<FileSet> {
    let mut main = vec![0xff, 0x01];
    encode_object(value, Dialect::File, &mut main)?;
    Ok(FileSet {
        main,
        ..FileSet::default()
    })
}

/// The items of a vector as they stand in files.
pub(crate) fn raw_items(vector: &Value) -> QResult<Vec<u8>> {
    let mut object = Vec::new();
    encode_object(vector, Dialect::File, &mut object)?;
    // type, attribute and count precede them
    object.drain(..6);
    Ok(object)
}

fn simple(vector: &Value) -> QResult<FileSet> {
    let ty = vector.basic_type().ok_or_else(QError::type_error)?;
    // `u#`, `p#` and `g#` of plain vectors come with index data of a form nobody has described; readers that map it would
    // stumble, so such a column is written without
    let attribute = match vector.attribute() {
        Attribute::Sorted => Attribute::Sorted,
        _ => Attribute::None,
    };
    let header = file_header(0xfe, 0x20, ty as u8, attribute, vector.count());
    let mut main = header.to_bytes().to_vec();
    main.extend_from_slice(&raw_items(vector)?);
    debug_assert!(main.len() >= HEADER);
    Ok(FileSet {
        main,
        ..FileSet::default()
    })
}

fn enumerated(vector: &EnumVector) -> QResult<Vec<u8>> {
    let name = vector.domain.as_bytes();
    if name.len() >= PAGE_HEADER - HEADER {
        return Err(QError::limit());
    }
    let indices: &Vector<i64> = &vector.indices;
    let header = file_header(0xfd, 0, ENUMERATED, indices.attribute(), indices.len());
    let mut main = vec![0; PAGE];
    main[..2].copy_from_slice(&[0xfd, 0x20]);
    main[HEADER..HEADER + name.len()].copy_from_slice(name);
    main[PAGE_HEADER..].copy_from_slice(&header.to_bytes());
    if indices.attribute() == Attribute::Unique {
        main.extend_from_slice(&unique_file_data(indices));
    } else {
        main.extend_from_slice(indices.as_raw_bytes());
        main.extend_from_slice(&index_data(indices));
    }
    Ok(main)
}

/// The bytes of a file of symbols: a domain or `.d`.
pub fn write_symbols(symbols: &[Symbol]) -> Vec<u8> {
    let mut bytes = vec![0xff, 0x01, 11, 0];
    let count = u32::try_from(symbols.len()).unwrap_or(0);
    bytes.extend_from_slice(&count.to_le_bytes());
    append_symbols(&mut bytes, symbols);
    bytes
}

/// Names as they are appended to a file of symbols.
pub(crate) fn append_symbols(bytes: &mut Vec<u8>, symbols: &[Symbol]) {
    for symbol in symbols {
        bytes.extend_from_slice(symbol.as_bytes());
        bytes.push(0);
    }
}
