//! The compression of messages, giving the same bytes as kdb+ (`formats.md` section 5).

use q_value::QResult;

use crate::message::{Compression, HEADER_BYTES, Header};
use crate::reader::bad_message;

/// The longest run one element can stand for: two bytes and 255 more.
const RUN_MAX: usize = 257;
/// An element of two bytes and its bit of the flag byte yield at most [`RUN_MAX`], so this bounds what hostile input can ask for.
const RATIO_MAX: usize = 128;

/// The compressed form of a whole plain message, or `None` when it does not shrink below half.
///
/// Messages that fit get the 32-bit length field, longer ones the 64-bit form.
pub fn compress(message: &[u8]) -> Option<Vec<u8>> {
    let total = message.len();
    let wide = u32::try_from(total).is_err();
    let start = if wide { 16 } else { 12 };
    let limit = total / 2;
    let mut out = vec![0u8; limit.max(start)];
    out[..2].copy_from_slice(message.get(..2)?);
    let (mut flags_at, mut at) = (start, start);
    let mut flags = 0u8;
    let mut bit = 0u8;
    let mut table = [0usize; 256];
    let mut pending: Option<(usize, usize)> = None;
    let mut source = HEADER_BYTES;
    let mut hash = 0;
    while source < total {
        if bit == 0 {
            if at + 17 > limit {
                return None;
            }
            out[flags_at] = flags;
            flags_at = at;
            at += 1;
            flags = 0;
        }
        let mut earlier = 0;
        let mut literal = source + 3 > total;
        if !literal {
            hash = usize::from(message[source] ^ message[source + 1]);
            earlier = table[hash];
            literal = earlier == 0 || message[source] != message[earlier];
        }
        if let Some((hash, position)) = pending.take() {
            table[hash] = position;
        }
        if literal {
            pending = Some((hash, source));
            out[at] = message[source];
            at += 1;
            source += 1;
        } else {
            table[hash] = source;
            flags |= 1 << bit;
            earlier += 2;
            source += 2;
            let begin = source;
            let stop = (source + RUN_MAX - 2).min(total);
            while source < stop && message[earlier] == message[source] {
                source += 1;
                earlier += 1;
            }
            out[at] = u8::try_from(hash).expect("xor of two bytes");
            out[at + 1] = u8::try_from(source - begin).expect("at most 255");
            at += 2;
        }
        bit = (bit + 1) % 8;
    }
    out[flags_at] = flags;
    out.truncate(at);
    let length = u64::try_from(at).expect("fits");
    out[2] = if wide { 2 } else { 1 };
    out[3] = (length >> 32) as u8;
    out[4..8].copy_from_slice(&(length as u32).to_le_bytes());
    if wide {
        out[8..16].copy_from_slice(&(total as u64).to_le_bytes());
    } else {
        out[8..12].copy_from_slice(&(total as u32).to_le_bytes());
    }
    Some(out)
}

/// The plain form of a compressed message, header included.
///
/// Errors: `badmsg` when the stream does not yield exactly what it promises. Memory: at most [`RATIO_MAX`] times the input.
pub fn decompress(message: &[u8]) -> QResult<Vec<u8>> {
    let header = Header::parse(message)?;
    let (total, mut at) = match header.compression {
        Compression::None => return Ok(message.to_vec()),
        Compression::Narrow => {
            let bytes = message.get(8..12).ok_or_else(bad_message)?;
            (u64::from(header.read_u32(bytes)), 12)
        }
        Compression::Wide => {
            let bytes = message.get(8..16).ok_or_else(bad_message)?;
            (header.read_u64(bytes), 16)
        }
    };
    let total = usize::try_from(total).map_err(|_| bad_message())?;
    if total < HEADER_BYTES || (total - HEADER_BYTES) / RATIO_MAX > message.len() {
        return Err(bad_message());
    }
    let mut out = vec![0u8; total];
    let plain = Header {
        compression: Compression::None,
        length: total as u64,
        ..header
    };
    out[..HEADER_BYTES].copy_from_slice(&plain.to_bytes());
    let mut next_byte = || {
        let byte = message.get(at).copied().ok_or_else(bad_message);
        at += 1;
        byte
    };
    let mut table = [0usize; 256];
    let (mut target, mut entered) = (HEADER_BYTES, HEADER_BYTES);
    let (mut flags, mut bit) = (0u8, 0u8);
    while target < total {
        if bit == 0 {
            flags = next_byte()?;
        }
        let mut run = 0;
        let is_run = flags & (1 << bit) != 0;
        if is_run {
            let earlier = table[usize::from(next_byte()?)];
            run = usize::from(next_byte()?);
            // before two bytes are written no position has been entered, so `earlier` is always behind `target`
            if earlier < HEADER_BYTES || target + 2 + run > total {
                return Err(bad_message());
            }
            out[target] = out[earlier];
            out[target + 1] = out[earlier + 1];
            target += 2;
            copy_run(&mut out, earlier + 2, target, run);
        } else {
            out[target] = next_byte()?;
            target += 1;
        }
        while entered + 1 < target {
            table[usize::from(out[entered] ^ out[entered + 1])] = entered;
            entered += 1;
        }
        if is_run {
            target += run;
            entered = target;
        }
        bit = (bit + 1) % 8;
    }
    Ok(out)
}

/// Copies `length` bytes forward, one after the other when they overlap.
fn copy_run(out: &mut [u8], source: usize, target: usize, length: usize) {
    if source + length <= target {
        out.copy_within(source..source + length, target);
    } else {
        for at in 0..length {
            out[target + at] = out[source + at];
        }
    }
}
