//! Joins, keys, sorting and grouping of tables, by rows.

use proptest::prelude::*;
use q_value::{Dict, Table, Type, Value};

use crate::arguments::atom;
use crate::check::{agree, call};
use crate::items::order;

/// Names of every kernel that this file defines.
pub(crate) const NAMES: [&str; 24] = [
    "lj", "ljf", "ij", "ijf", "ej", "pj", "uj", "ujf", "aj", "aj0", "ajf", "ajf0", "asof", "xasc",
    "xdesc", "xkey", "xcol", "xcols", "xgroup", "ungroup", "cols", "keys", "meta", "fkeys",
];

type Row = Vec<(&'static str, Value)>;

/// A table from rows that have the same columns in the same order; a schema says the columns when there is no row.
fn table(schema: &[(&'static str, Type)], rows: &[Row]) -> Value {
    let columns = schema
        .iter()
        .enumerate()
        .map(|(at, (_, ty))| {
            if rows.is_empty() {
                Value::empty_of(*ty)
            } else {
                Value::from_items(rows.iter().map(|row| row[at].1.clone()).collect())
            }
        })
        .collect();
    let names: Vec<&str> = schema.iter().map(|(name, _)| *name).collect();
    let Value::Symbols(names) = Value::symbols(names) else {
        unreachable!("symbols")
    };
    Value::table(names, columns)
}

fn keyed(value: &Value, keys: usize) -> Value {
    let Value::Table(table) = value else {
        unreachable!("a table")
    };
    let part = |from: usize, to: usize| {
        Value::table(
            table.names[from..to].to_vec().into(),
            table.columns[from..to].to_vec(),
        )
    };
    Value::dict(part(0, keys), part(keys, table.columns.len()))
}

fn cell<'a>(row: &'a Row, name: &str) -> Option<&'a Value> {
    row.iter()
        .find(|(column, _)| *column == name)
        .map(|(_, value)| value)
}

fn set(row: &mut Row, name: &'static str, value: Value) {
    match row.iter_mut().find(|(column, _)| *column == name) {
        Some((_, old)) => *old = value,
        None => row.push((name, value)),
    }
}

const LEFT: [(&str, Type); 3] = [("k", Type::Symbol), ("t", Type::Long), ("v", Type::Long)];
const RIGHT: [(&str, Type); 3] = [("k", Type::Symbol), ("v", Type::Long), ("w", Type::Float)];
const QUOTES: [(&str, Type); 4] = [
    ("k", Type::Symbol),
    ("t", Type::Long),
    ("v", Type::Long),
    ("w", Type::Float),
];

fn rows(schema: &'static [(&'static str, Type)], most: usize) -> impl Strategy<Value = Vec<Row>> {
    proptest::collection::vec(
        proptest::collection::vec(any::<(u8, i16)>(), schema.len()),
        0..=most,
    )
    .prop_map(move |rows| {
        rows.into_iter()
            .map(|seeds| {
                schema
                    .iter()
                    .zip(seeds)
                    .map(|((name, ty), seed)| {
                        // few keys, so that rows meet; times without nulls
                        let seed = match *name {
                            "k" => (3, seed.1 % 4),
                            "t" => (3, seed.1.rem_euclid(12)),
                            _ => (seed.0, seed.1),
                        };
                        (*name, atom(*ty, seed))
                    })
                    .collect()
            })
            .collect()
    })
}

/// `left` with the columns of `other` written over; those named in `keeps` only where `other` has no null.
fn over(left: &Row, other: &Row, fills: bool) -> Row {
    let mut answer = left.clone();
    for (name, value) in other {
        if fills && value.is_null_atom() && cell(left, name).is_some() {
            continue;
        }
        set(&mut answer, name, value.clone());
    }
    answer
}

fn nulls(schema: &[(&'static str, Type)]) -> Row {
    schema
        .iter()
        .map(|(name, ty)| (*name, Value::null_of(*ty)))
        .collect()
}

fn expect(name: &str, arguments: &[&Value], expected: &Value) -> Result<(), TestCaseError> {
    let found = call(
        name,
        arguments.iter().map(|value| (*value).clone()).collect(),
    );
    match found {
        Ok(found) if agree(&found, expected) => Ok(()),
        found => Err(TestCaseError::fail(format!(
            "{name} of {arguments:?}: {found:?} is not {expected:?}"
        ))),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn joins_by_key_equal_their_definitions(left in rows(&LEFT, 9), right in rows(&RIGHT, 7)) {
        // a keyed table has each key once
        let mut unique: Vec<Row> = Vec::new();
        for row in &right {
            if !unique.iter().any(|other| other[0].1.is_identical(&row[0].1)) {
                unique.push(row.clone());
            }
        }
        let found = |row: &Row| unique.iter().find(|other| other[0].1.is_identical(&row[0].1));
        let (x, y) = (table(&LEFT, &left), keyed(&table(&RIGHT, &unique), 1));
        let joined = [LEFT[0], LEFT[1], LEFT[2], RIGHT[2]];
        for (name, fills) in [("lj", false), ("ljf", true)] {
            let answers: Vec<Row> = left
                .iter()
                .map(|row| match found(row) {
                    Some(other) => over(row, other, fills),
                    None => over(row, &vec![("w", Value::Float(f64::NAN))], false),
                })
                .collect();
            expect(name, &[&x, &y], &table(&joined, &answers))?;
        }
        for (name, fills) in [("ij", false), ("ijf", true)] {
            let answers: Vec<Row> =
                left.iter().filter_map(|row| Some(over(row, found(row)?, fills))).collect();
            expect(name, &[&x, &y], &table(&joined, &answers))?;
        }
        let mut pairs: Vec<Row> = Vec::new();
        for row in &left {
            pairs.extend(right.iter().filter(|other| other[0].1.is_identical(&row[0].1)).map(|other| over(row, other, false)));
        }
        expect("ej", &[&Value::symbol("k"), &x, &table(&RIGHT, &right)], &table(&joined, &pairs))?;
        let sums: Vec<Row> = left
            .iter()
            .map(|row| {
                let other = found(row);
                let plus = |name: &str, old: Value| match other.and_then(|other| cell(other, name)) {
                    // what is missing or null counts as nothing
                    Some(value) if !value.is_null_atom() => call("+", vec![old, value.clone()]).expect("numbers"),
                    _ => old,
                };
                let v = plus("v", row[2].1.clone());
                let w = plus("w", Value::Float(0.0));
                over(row, &vec![("v", v), ("w", w)], false)
            })
            .collect();
        expect("pj", &[&x, &y], &table(&joined, &sums))?;
    }

    #[test]
    fn unions_of_tables_equal_their_definitions(left in rows(&LEFT, 6), right in rows(&RIGHT, 6)) {
        let joined = [LEFT[0], LEFT[1], LEFT[2], RIGHT[2]];
        let mut answers: Vec<Row> = Vec::new();
        for row in left.iter().chain(&right) {
            answers.push(over(&nulls(&joined), row, false));
        }
        let (x, y) = (table(&LEFT, &left), table(&RIGHT, &right));
        expect("uj", &[&x, &y], &table(&joined, &answers))?;
        expect("ujf", &[&x, &y], &table(&joined, &answers))?;
    }

    #[test]
    fn joins_as_of_equal_their_definitions(left in rows(&LEFT, 9), right in rows(&QUOTES, 12)) {
        let mut quotes = right;
        quotes.sort_by(|x, y| order(&x[0].1, &y[0].1).then(order(&x[1].1, &y[1].1)));
        let last = |row: &Row| {
            quotes
                .iter()
                .rev()
                .find(|quote| quote[0].1.is_identical(&row[0].1) && order(&quote[1].1, &row[1].1).is_le())
        };
        let joined = [LEFT[0], LEFT[1], LEFT[2], QUOTES[3]];
        let (names, x, y) = (Value::symbols(["k", "t"]), table(&LEFT, &left), table(&QUOTES, &quotes));
        for (name, keeps_time, fills) in
            [("aj", true, false), ("aj0", false, false), ("ajf", true, true), ("ajf0", false, true)]
        {
            let answers: Vec<Row> = left
                .iter()
                .map(|row| match last(row) {
                    Some(quote) => {
                        let mut answer = over(row, quote, fills);
                        if keeps_time {
                            set(&mut answer, "t", row[1].1.clone());
                        }
                        answer
                    }
                    // a row without a quote keeps what it has
                    None => over(row, &vec![("w", Value::Float(f64::NAN))], false),
                })
                .collect();
            expect(name, &[&names, &x, &y], &table(&joined, &answers))?;
        }
        // the values of the quote that holds at each row, nulls where there is none
        let answers: Vec<Row> = left
            .iter()
            .map(|row| last(row).map_or_else(|| nulls(&QUOTES[2..]), |quote| quote[2..].to_vec()))
            .collect();
        let probes: Vec<Row> = left.iter().map(|row| row[..2].to_vec()).collect();
        if !probes.is_empty() {
            expect("asof", &[&y, &table(&LEFT[..2], &probes)], &table(&QUOTES[2..], &answers))?;
        }
    }

    #[test]
    fn tables_are_rearranged_as_defined(rows in rows(&QUOTES, 9)) {
        let x = table(&QUOTES, &rows);
        for (name, descending) in [("xasc", false), ("xdesc", true)] {
            let mut sorted = rows.clone();
            sorted.sort_by(|x, y| {
                let order = order(&x[2].1, &y[2].1).then(order(&x[0].1, &y[0].1));
                if descending { order.reverse() } else { order }
            });
            expect(name, &[&Value::symbols(["v", "k"]), &x], &table(&QUOTES, &sorted))?;
        }
        expect("xkey", &[&Value::symbols(["k", "t"]), &x], &keyed(&x, 2))?;
        expect("keys", &[&keyed(&x, 2)], &Value::symbols(["k", "t"]))?;
        expect("cols", &[&x], &Value::symbols(["k", "t", "v", "w"]))?;
        let renamed = [("a", Type::Symbol), ("b", Type::Long), QUOTES[2], QUOTES[3]];
        expect("xcol", &[&Value::symbols(["a", "b"]), &x], &table(&renamed, &rows))?;
        let order = [QUOTES[3], QUOTES[1], QUOTES[0], QUOTES[2]];
        let moved: Vec<Row> = rows
            .iter()
            .map(|row| order.iter().map(|(name, _)| (*name, cell(row, name).expect("a column").clone())).collect())
            .collect();
        expect("xcols", &[&Value::symbols(["w", "t"]), &x], &table(&order, &moved))?;
        let Ok(meta) = call("meta", vec![x.clone()]) else {
            return Err(TestCaseError::fail("meta of a table"));
        };
        let Value::Dict(meta) = meta else { return Err(TestCaseError::fail("meta is a keyed table")) };
        let Dict { values: Value::Table(meta), .. } = &*meta else { return Err(TestCaseError::fail("meta is a keyed table")) };
        prop_assert!(meta.columns[0].is_identical(&Value::string("sjjf")));
        prop_assert_eq!(call("fkeys", vec![x]).expect("a dictionary").count(), 0);
    }

    #[test]
    fn groups_of_rows_come_apart_again(rows in rows(&QUOTES, 9)) {
        let x = table(&QUOTES, &rows);
        let grouped = call("xgroup", vec![Value::symbol("k"), x]).expect("a keyed table");
        let mut keys: Vec<Value> = Vec::new();
        for row in &rows {
            if !keys.iter().any(|key| key.is_identical(&row[0].1)) {
                keys.push(row[0].1.clone());
            }
        }
        prop_assert_eq!(grouped.count(), keys.len());
        if rows.is_empty() {
            return Ok(());
        }
        // rows of one key together, keys in the order of their first row
        let mut together = Vec::new();
        for key in &keys {
            together.extend(rows.iter().filter(|row| row[0].1.is_identical(key)).cloned());
        }
        let apart = call("ungroup", vec![grouped.clone()]).expect("a table");
        prop_assert!(agree(&apart, &table(&QUOTES, &together)), "{:?} is not {:?}", apart, together);
        let Value::Dict(grouped) = &grouped else { return Err(TestCaseError::fail("a keyed table")) };
        let Value::Table(keys) = &grouped.keys else { return Err(TestCaseError::fail("a keyed table")) };
        let Table { columns, .. } = &**keys;
        prop_assert_eq!(columns.len(), 1);
    }
}
