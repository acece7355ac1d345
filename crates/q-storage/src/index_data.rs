//! What follows the indices of enumerated columns with `u#`, `p#` or `g#` (`formats.md` 7.6).

use std::collections::HashMap;

use q_value::Attribute;
use q_value::Vector;

use crate::layout::{ENUMERATED, HEADER, ObjectHeader};

/// Multiplier of the hash of an index.
const HASH: u32 = 0x9e37_79b1;

/// The hash table of distinct values: twice the capacity of slots with positions, -1 where empty.
fn hash_table(values: &[i64], capacity: usize) -> Vec<i64> {
    let slots = 2 * capacity;
    let mut table = vec![-1i64; slots];
    for (value, position) in values.iter().zip(0i64..) {
        let mut slot = ((*value as u32).wrapping_mul(HASH) >> 11) as usize & (slots - 1);
        while table[slot] >= 0 {
            slot = (slot + 1) & (slots - 1);
        }
        table[slot] = position;
    }
    table
}

/// The smallest power of two that makes 16 bytes shifted by it hold a block.
fn size_class(bytes: usize) -> u8 {
    (0u8..60)
        .find(|class| HEADER << class >= bytes)
        .unwrap_or(60)
}

fn push_longs(bytes: &mut Vec<u8>, numbers: &[i64]) {
    for number in numbers {
        bytes.extend_from_slice(&number.to_le_bytes());
    }
}

/// The values of a `u#` vector padded to the capacity of its hash table, then the table.
fn unique_block(values: &[i64]) -> Vec<u8> {
    let capacity = values.len().max(1).next_power_of_two();
    let mut bytes = Vec::with_capacity(8 * (3 * capacity + 1));
    push_longs(&mut bytes, values);
    bytes.resize(8 * capacity + 8, 0);
    push_longs(&mut bytes, &hash_table(values, capacity));
    bytes
}

fn block(
    type_number: u8,
    attribute: Attribute,
    references: u32,
    count: usize,
    payload: &[u8],
) -> Vec<u8> {
    let header = ObjectHeader {
        memory: size_class(HEADER + payload.len()),
        mark: 0,
        type_number,
        attribute: attribute as u8,
        references,
        count: count as i64,
    };
    let mut bytes = header.to_bytes().to_vec();
    bytes.extend_from_slice(payload);
    bytes
}

fn long_block(numbers: &[i64]) -> Vec<u8> {
    let mut payload = Vec::with_capacity(8 * numbers.len());
    push_longs(&mut payload, numbers);
    block(7, Attribute::None, 0, numbers.len(), &payload)
}

/// The data of a column with `u#`: the indices are part of the block.
pub(crate) fn unique_file_data(indices: &Vector<i64>) -> Vec<u8> {
    unique_block(indices)
}

/// What follows the indices: nothing without an index, else distinct values, starts and (for `g#`) rows.
pub(crate) fn index_data(indices: &Vector<i64>) -> Vec<u8> {
    match indices.attribute() {
        Attribute::Parted => {
            let (mut values, mut starts) = (Vec::new(), Vec::new());
            for (index, row) in indices.iter().zip(0i64..) {
                if values.last() != Some(index) {
                    values.push(*index);
                    starts.push(row);
                }
            }
            starts.push(indices.len() as i64);
            let mut bytes = vec![0; 8];
            let unique = unique_block(&values);
            bytes.extend(block(
                ENUMERATED,
                Attribute::Unique,
                0,
                values.len(),
                &unique,
            ));
            bytes.extend(long_block(&starts));
            bytes
        }
        Attribute::Grouped => {
            let mut places: HashMap<i64, usize> = HashMap::new();
            let (mut values, mut groups): (Vec<i64>, Vec<Vec<i64>>) = (Vec::new(), Vec::new());
            for (index, row) in indices.iter().zip(0i64..) {
                let place = *places.entry(*index).or_insert_with(|| {
                    values.push(*index);
                    groups.push(Vec::new());
                    values.len() - 1
                });
                groups[place].push(row);
            }
            let mut offsets = vec![0i64];
            let mut total = 0;
            for group in &groups {
                total += group.len() as i64;
                offsets.push(total);
            }
            let rows: Vec<i64> = groups.into_iter().flatten().collect();
            let mut bytes = vec![0; 8];
            let unique = unique_block(&values);
            bytes.extend(block(
                ENUMERATED,
                Attribute::Unique,
                1,
                values.len(),
                &unique,
            ));
            bytes.extend(long_block(&offsets));
            bytes.extend(long_block(&rows));
            bytes
        }
        Attribute::None | Attribute::Sorted | Attribute::Unique => Vec::new(),
    }
}
