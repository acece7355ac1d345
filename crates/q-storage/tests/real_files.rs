//! Files of real kdb+ against facts computed by another program (`testdata/hdb`). `QSPACE_HDB_FILES` may name a folder with
//! more of them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use q_storage::{
    Companion, compression_statistics, decompress_file, is_compressed, log_status, map_file,
    read_object, write_object,
};
use q_value::{Bytes, QResult, Symbol, Value, VectorStorage};
use q_wire::TextOnly;
use serde_json::Value as Json;

fn folders() -> Vec<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/hdb");
    let more = std::env::var_os("QSPACE_HDB_FILES").map(PathBuf::from);
    std::iter::once(own).chain(more).collect()
}

fn facts() -> Vec<(PathBuf, PathBuf, Json)> {
    let mut all = Vec::new();
    for folder in folders() {
        let text = std::fs::read_to_string(folder.join("facts.json")).expect("facts");
        // numpy's way of saying that a sum is not finite
        let text = text
            .replace("-Infinity", "null")
            .replace("Infinity", "null");
        let facts: serde_json::Map<String, Json> = serde_json::from_str(&text).expect("JSON");
        for (path, fact) in facts {
            all.push((folder.clone(), folder.join(path), fact));
        }
    }
    assert!(all.len() > 350, "{} files", all.len());
    all
}

fn read(path: &Path) -> QResult<Value> {
    let mut companion = |which: Companion| {
        let mut name = path.as_os_str().to_owned();
        name.push(which.suffix());
        map_file(Path::new(&name)).map_err(|error| q_storage::file_error(Path::new(&name), &error))
    };
    read_object(
        map_file(path).expect("there"),
        &mut companion,
        &mut TextOnly,
    )
}

fn type_number(name: &str) -> Option<i16> {
    let names = [
        "boolean",
        "guid",
        "",
        "byte",
        "short",
        "int",
        "long",
        "real",
        "float",
        "char",
        "symbol",
        "timestamp",
        "month",
        "date",
        "datetime",
        "timespan",
        "minute",
        "second",
        "time",
        "enum",
    ];
    let at = names.iter().position(|known| *known == name)?;
    i16::try_from(at + 1).ok()
}

/// Numbers of a vector with nulls left out, and how many nulls there were.
fn numbers(value: &Value) -> (Vec<f64>, usize) {
    let all: Vec<Option<f64>> = match value.storage() {
        Some(VectorStorage::Bool(v)) => v.iter().map(|x| Some(f64::from(u8::from(*x)))).collect(),
        Some(VectorStorage::U8(v)) => v.iter().map(|x| Some(f64::from(*x))).collect(),
        Some(VectorStorage::I16(v)) => v
            .iter()
            .map(|x| (*x != i16::MIN).then_some(f64::from(*x)))
            .collect(),
        Some(VectorStorage::I32(v)) => v
            .iter()
            .map(|x| (*x != i32::MIN).then_some(f64::from(*x)))
            .collect(),
        Some(VectorStorage::I64(v)) => v
            .iter()
            .map(|x| (*x != i64::MIN).then_some(*x as f64))
            .collect(),
        Some(VectorStorage::F32(v)) => v
            .iter()
            .map(|x| (!x.is_nan()).then_some(f64::from(*x)))
            .collect(),
        Some(VectorStorage::F64(v)) => v.iter().map(|x| (!x.is_nan()).then_some(*x)).collect(),
        _ => Vec::new(),
    };
    let count = all.len();
    let known: Vec<f64> = all.into_iter().flatten().collect();
    let nulls = count - known.len();
    (known, nulls)
}

fn close(a: f64, b: f64) -> bool {
    a == b || (a - b).abs() <= 1e-6 * a.abs().max(b.abs())
}

#[track_caller]
fn same_number(fact: &Json, name: &str, actual: f64, path: &Path) {
    if let Some(expected) = fact[name].as_f64() {
        assert!(
            close(expected, actual),
            "{}: {name} {actual}, not {expected}",
            path.display()
        );
    }
}

fn check_numbers(value: &Value, fact: &Json, path: &Path) {
    let (known, nulls) = numbers(value);
    // of chars the null is a blank and of guids all zeros, which the facts count and `numbers` does not
    if !matches!(value, Value::Chars(_) | Value::Guids(_)) {
        same_number(fact, "nulls", nulls as f64, path);
    }
    if known.is_empty() {
        return;
    }
    same_number(
        fact,
        "min",
        known.iter().copied().fold(f64::INFINITY, f64::min),
        path,
    );
    same_number(
        fact,
        "max",
        known.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        path,
    );
    let sum: f64 = match value.storage() {
        Some(VectorStorage::I64(v)) => v
            .iter()
            .filter(|x| **x != i64::MIN)
            .map(|x| i128::from(*x))
            .sum::<i128>() as f64,
        _ => known.iter().sum(),
    };
    same_number(fact, "sum", sum, path);
}

fn check_enumeration(value: &Value, fact: &Json, folder: &Path, path: &Path) {
    let Value::Enums(vector) = value else {
        panic!("{}: an enumeration", path.display())
    };
    assert_eq!(
        vector.domain.text(),
        fact["domain"].as_str().expect("a domain")
    );
    let known = vector.indices.iter().filter(|index| **index >= 0);
    let sum: i64 = known.sum();
    if let Some(expected) = fact["index_sum"].as_i64() {
        assert_eq!(sum, expected, "{}", path.display());
    }
    let Some(domain) = fact["domain_file"].as_str() else {
        return;
    };
    let domain = folder.join(domain);
    if !domain.exists() {
        return;
    }
    let Value::Symbols(names) = read(&domain).expect("a domain") else {
        panic!("symbols")
    };
    assert_eq!(Some(names.len() as u64), fact["domain_size"].as_u64());
    let name = |index: i64| -> Symbol {
        usize::try_from(index)
            .ok()
            .and_then(|at| names.get(at).copied())
            .unwrap_or(Symbol::NULL)
    };
    for (symbol, expected) in fact["counts"].as_object().into_iter().flatten() {
        let wanted = Symbol::new(symbol);
        let count = vector
            .indices
            .iter()
            .filter(|index| name(**index) == wanted)
            .count();
        assert_eq!(
            Some(count as u64),
            expected.as_u64(),
            "{} {symbol}",
            path.display()
        );
    }
    if let (Some(first), Some(index)) = (fact["first"].as_str(), vector.indices.first()) {
        assert_eq!(name(*index).text(), first);
    }
}

fn check_nested(value: &Value, fact: &Json, path: &Path) {
    let Value::List(rows) = value else {
        panic!("{}: a list", path.display())
    };
    if let Some(types) = fact["item_types"].as_object() {
        for (number, expected) in types {
            let count = rows
                .iter()
                .filter(|row| row.type_number().to_string() == *number)
                .count();
            assert_eq!(
                Some(count as u64),
                expected.as_u64(),
                "{} {number}",
                path.display()
            );
        }
    }
    let is_flat = rows.iter().all(|row| row.is_list() || row.is_atom());
    if let Some(total) = fact["total_items"].as_u64().filter(|_| is_flat) {
        // the other program saw a char as a text of one, a number as no list
        let count: usize = rows
            .iter()
            .filter(|row| row.is_list() || matches!(row, Value::Char(_)))
            .map(Value::count)
            .sum();
        assert_eq!(count as u64, total, "{}", path.display());
    }
    if let Some(expected) = fact["items_sum"].as_f64() {
        let sum: f64 = rows.iter().flat_map(|row| numbers(row).0).sum();
        assert!(
            close(sum, expected),
            "{}: {sum}, not {expected}",
            path.display()
        );
    }
}

#[test]
fn every_file_holds_what_another_program_found_in_it() {
    let (mut checked, mut compressed) = (0, 0);
    for (folder, path, fact) in facts() {
        if fact["layout"] == "log" {
            let bytes = std::fs::read(&path).expect("read");
            let status = log_status(&bytes).expect("a log");
            assert_eq!(Some(status.messages as u64), fact["messages"].as_u64());
            assert!(status.is_whole, "{}", path.display());
            checked += 1;
            continue;
        }
        let value = read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        if let Some(count) = fact["count"].as_u64() {
            assert_eq!(value.count() as u64, count, "{}", path.display());
        }
        if let Some(attribute) = fact["attr"].as_u64() {
            assert_eq!(value.attribute() as u64, attribute, "{}", path.display());
        }
        match &fact["type"] {
            Json::String(name) if name == "enum" => {
                check_enumeration(&value, &fact, &folder, &path)
            }
            Json::String(name) if name == "anymap" || name.starts_with("nested") => {
                check_nested(&value, &fact, &path);
            }
            Json::String(name) => {
                assert_eq!(
                    Some(value.type_number()),
                    type_number(name),
                    "{}",
                    path.display()
                );
                check_numbers(&value, &fact, &path);
            }
            Json::Number(number) => {
                assert_eq!(Some(i64::from(value.type_number())), number.as_i64());
            }
            _ => panic!("{}: no type", path.display()),
        }
        if !fact["kxzipped"].is_null() {
            let bytes = std::fs::read(&path).expect("read");
            let statistics = compression_statistics(&bytes)
                .expect("a trailer")
                .expect("compressed");
            let zipped = &fact["kxzipped"];
            assert_eq!(
                Some(u64::from(statistics.algorithm)),
                zipped["alg"].as_u64()
            );
            assert_eq!(
                Some(statistics.uncompressed_length),
                zipped["uncompressed"].as_i64()
            );
            compressed += 1;
        }
        checked += 1;
    }
    assert!(
        checked > 350 && compressed > 20,
        "{checked} files, {compressed} compressed"
    );
}

fn companions(set: &q_storage::FileSet) -> impl FnMut(Companion) -> QResult<Bytes> + '_ {
    |which| {
        let bytes = match which {
            Companion::Items => set.items.clone(),
            Companion::Symbols => set.symbols.clone(),
        };
        bytes
            .map(|bytes| Arc::new(bytes) as Bytes)
            .ok_or_else(q_value::QError::type_error)
    }
}

#[test]
fn what_is_written_is_read_back_and_often_byte_for_byte_the_same() {
    let (mut pages, mut same_pages) = (0, 0);
    for (_, path, fact) in facts() {
        if fact["layout"] == "log" {
            continue;
        }
        let value = read(&path).expect("reads");
        let set =
            write_object(&value).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let again = read_object(
            Arc::new(set.main.clone()),
            &mut companions(&set),
            &mut TextOnly,
        )
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(again.is_identical(&value), "{}", path.display());
        assert_eq!(again.attribute(), value.attribute(), "{}", path.display());
        let bytes = std::fs::read(&path).expect("read");
        let mut original = if is_compressed(&bytes) {
            decompress_file(&bytes).expect("decompresses")
        } else {
            bytes
        };
        match fact["layout"].as_str() {
            // the count of appended columns is stale, that of newer ones zero
            Some("simple") if original[2] <= 19 => {
                original[8..16].copy_from_slice(&set.main[8..16]);
                assert!(original == set.main, "{}", path.display());
            }
            Some("page") if fact["type"] == "enum" => {
                original[4088..4096].copy_from_slice(&set.main[4088..4096]);
                assert_eq!(original.len(), set.main.len(), "{}", path.display());
                pages += 1;
                same_pages += usize::from(original == set.main);
            }
            _ => {}
        }
    }
    // the others differ in padding that kdb+ left uninitialised
    assert!(
        pages > 30 && same_pages * 2 > pages,
        "{same_pages} of {pages}"
    );
}

#[test]
fn a_damaged_file_is_an_error_and_no_more() {
    for (_, path, fact) in facts() {
        let bytes = std::fs::read(&path).expect("read");
        if bytes.len() > 20_000 || fact["layout"] == "log" {
            continue;
        }
        let mut companion = |which: Companion| -> QResult<Bytes> {
            let mut name = path.as_os_str().to_owned();
            name.push(which.suffix());
            let bytes = std::fs::read(&name).map_err(|_| q_value::QError::type_error())?;
            Ok(Arc::new(bytes))
        };
        for step in 0..40 {
            let mut changed = bytes.clone();
            // headers stand at the start and before the first page's end
            let at = match step % 3 {
                0 => step,
                1 => 4080 + step / 3,
                _ => changed.len().saturating_sub(step),
            };
            if let Some(byte) = changed.get_mut(at) {
                *byte ^= 0xff;
            }
            let outcome = read_object(Arc::new(changed), &mut companion, &mut TextOnly);
            drop(outcome);
            let cut = bytes[..bytes.len() * step / 40].to_vec();
            let outcome = read_object(Arc::new(cut), &mut companion, &mut TextOnly);
            drop(outcome);
        }
    }
}
