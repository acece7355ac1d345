//! Compressed files, `kxzipped` (`formats.md` section 8).

use std::io::{Read, Write};
use std::sync::Arc;

use flate2::Compression as ZlibLevel;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use q_value::{Bytes, QError, QResult};
use ruzstd::decoding::StreamingDecoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use crate::layout::{bad_file, int_at, long_at};

const MAGIC: &[u8; 8] = b"kxzipped";
const TRAILER: usize = 32;
/// Blocks may be this large: `lbs` 12 to 20.
const LOGICAL_BLOCK_SIZES: std::ops::RangeInclusive<u8> = 12..=20;
/// A block never holds more than this many times its stored bytes, whatever its algorithm but zstd.
const RATIO_MAX: usize = 1200;
/// The same of zstd, which writes 128 kilobytes of one byte in a few.
const RATIO_MAX_ZSTD: usize = 1 << 16;
/// The largest window of a zstd frame: what decoding one may take, beyond any block.
const WINDOW_MAX: u64 = 8 << 20;

/// How a file is to be compressed: `(lbs;alg;level)` of `set`, `.z.zd` and `-19!`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompressionSettings {
    /// Logarithm of the size of a block: 12 to 20.
    pub logical_block_size: u8,
    pub algorithm: Algorithm,
    /// Negative levels are zstd's fast ones.
    pub level: i8,
}

/// Compression algorithms by their number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Algorithm {
    None = 0,
    /// That of messages.
    Ipc = 1,
    Gzip = 2,
    Snappy = 3,
    Lz4 = 4,
    /// Since 4.1. Every level is written like level 1; whatever level others wrote is read.
    Zstd = 5,
}

impl Algorithm {
    pub fn from_number(number: i64) -> Option<Algorithm> {
        Some(match number {
            0 => Algorithm::None,
            1 => Algorithm::Ipc,
            2 => Algorithm::Gzip,
            3 => Algorithm::Snappy,
            4 => Algorithm::Lz4,
            5 => Algorithm::Zstd,
            _ => return None,
        })
    }
}

impl CompressionSettings {
    /// `None` for numbers that name no compression: block size outside 12 to 20, unknown algorithm, level outside 0 to 9
    /// (to 16 for lz4, -7 to 22 for zstd; `kb/file-compression`).
    pub fn new(logical_block_size: i64, algorithm: i64, level: i64) -> Option<CompressionSettings> {
        let logical_block_size = u8::try_from(logical_block_size).ok()?;
        let algorithm = Algorithm::from_number(algorithm)?;
        let level = i8::try_from(level).ok()?;
        let levels = match algorithm {
            Algorithm::Gzip => 0..=9,
            Algorithm::Lz4 => 0..=16,
            Algorithm::Zstd => -7..=22,
            Algorithm::None | Algorithm::Ipc | Algorithm::Snappy => 0..=0,
        };
        (LOGICAL_BLOCK_SIZES.contains(&logical_block_size) || algorithm == Algorithm::None)
            .then_some(())?;
        levels.contains(&level).then_some(CompressionSettings {
            logical_block_size,
            algorithm,
            level,
        })
    }
}

/// What `-21!` tells of a compressed file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompressionStatistics {
    pub compressed_length: i64,
    pub uncompressed_length: i64,
    pub algorithm: u8,
    pub logical_block_size: u8,
    pub level: i8,
}

struct Trailer {
    statistics: CompressionStatistics,
    block_bytes: usize,
    /// Stored length and algorithm of each block.
    blocks: Vec<(usize, i32)>,
}

pub fn is_compressed(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

fn trailer(bytes: &[u8]) -> QResult<Trailer> {
    let size = |number: i64| usize::try_from(number).map_err(|_| bad_file());
    let end = bytes.len().checked_sub(8).ok_or_else(bad_file)?;
    let count = size(long_at(bytes, end)?)?;
    let table = count
        .checked_mul(8)
        .and_then(|length| end.checked_sub(length))
        .ok_or_else(bad_file)?;
    let start = table.checked_sub(TRAILER).ok_or_else(bad_file)?;
    let part = bytes.get(start..).ok_or_else(bad_file)?;
    let block_bytes = size(long_at(part, 24)?)?;
    if !block_bytes.is_power_of_two() || block_bytes > 1 << 30 {
        return Err(bad_file());
    }
    let blocks = (0..count)
        .map(|block| {
            let length = int_at(bytes, table + 8 * block)?;
            let length = usize::try_from(length).map_err(|_| bad_file())?;
            Ok((length, int_at(bytes, table + 8 * block + 4)?))
        })
        .collect::<QResult<Vec<_>>>()?;
    Ok(Trailer {
        statistics: CompressionStatistics {
            uncompressed_length: long_at(part, 8)?,
            compressed_length: i64::try_from(bytes.len()).unwrap_or(i64::MAX),
            algorithm: part[4],
            level: part[5].cast_signed(),
            logical_block_size: u8::try_from(block_bytes.trailing_zeros()).unwrap_or(0),
        },
        block_bytes,
        blocks,
    })
}

/// What `-21!` tells; `None` of files that are not compressed. Errors: a broken trailer.
pub fn compression_statistics(bytes: &[u8]) -> QResult<Option<CompressionStatistics>> {
    if !is_compressed(bytes) {
        return Ok(None);
    }
    Ok(Some(trailer(bytes)?.statistics))
}

/// The bytes themselves, or what they were before compression.
pub(crate) fn plain_bytes(bytes: Bytes) -> QResult<Bytes> {
    if !is_compressed((*bytes).as_ref()) {
        if (*bytes).as_ref().starts_with(b"kxzippEd") {
            return Err(QError::new("encryption lib unavailable"));
        }
        return Ok(bytes);
    }
    Ok(Arc::new(decompress_file((*bytes).as_ref())?))
}

/// The plain bytes of a compressed file.
///
/// Errors: `bad meta data in file` for a broken trailer, `decompression error at block [b]` for a broken block, `nyi` for
/// an unknown algorithm.
pub fn decompress_file(bytes: &[u8]) -> QResult<Vec<u8>> {
    let trailer = trailer(bytes)?;
    let total = usize::try_from(trailer.statistics.uncompressed_length).map_err(|_| bad_file())?;
    let ratio_max = match Algorithm::from_number(i64::from(trailer.statistics.algorithm)) {
        Some(Algorithm::Zstd) => RATIO_MAX_ZSTD,
        _ => RATIO_MAX,
    };
    if total / ratio_max > bytes.len() || total > trailer.blocks.len() * trailer.block_bytes {
        return Err(bad_file());
    }
    let mut plain = Vec::with_capacity(total.min(bytes.len().saturating_mul(RATIO_MAX)));
    let mut at = MAGIC.len();
    for (block, (length, algorithm)) in trailer.blocks.iter().enumerate() {
        let stored = bytes
            .get(at..at.checked_add(*length).ok_or_else(bad_file)?)
            .ok_or_else(bad_file)?;
        at += length;
        let expected = trailer.block_bytes.min(total - plain.len());
        let broken = || QError::signal(format!("decompression error at block {block}"));
        match algorithm {
            0 => plain.extend_from_slice(stored),
            1 => {
                let message = q_wire::decompress(stored).map_err(|_| broken())?;
                plain.extend_from_slice(message.get(8..).ok_or_else(broken)?);
            }
            2 => {
                let mut decoder = ZlibDecoder::new(stored).take(expected as u64 + 1);
                decoder.read_to_end(&mut plain).map_err(|_| broken())?;
            }
            3 => {
                if snap::raw::decompress_len(stored).map_err(|_| broken())? != expected {
                    return Err(broken());
                }
                let block = snap::raw::Decoder::new()
                    .decompress_vec(stored)
                    .map_err(|_| broken())?;
                plain.extend_from_slice(&block);
            }
            4 => {
                let block = lz4_flex::block::decompress(stored, expected).map_err(|_| broken())?;
                plain.extend_from_slice(&block);
            }
            5 => {
                let decoder = StreamingDecoder::new_with_max_window_size(stored, WINDOW_MAX)
                    .map_err(|_| broken())?;
                let mut decoder = decoder.take(expected as u64 + 1);
                decoder.read_to_end(&mut plain).map_err(|_| broken())?;
            }
            _ => return Err(QError::nyi()),
        }
        let filled = (block + 1).saturating_mul(trailer.block_bytes).min(total);
        if plain.len() != filled {
            return Err(broken());
        }
    }
    if plain.len() != total {
        return Err(bad_file());
    }
    Ok(plain)
}

/// The stored form of a block and its algorithm; raw when it does not shrink.
fn compress_block(plain: &[u8], settings: CompressionSettings) -> (Vec<u8>, i32) {
    let raw = || (plain.to_vec(), 0);
    let stored = match settings.algorithm {
        Algorithm::None => return raw(),
        Algorithm::Ipc => {
            let mut message = vec![1, 0, 0, 0];
            let total = u32::try_from(plain.len() + 8).unwrap_or(u32::MAX);
            message.extend_from_slice(&total.to_le_bytes());
            message.extend_from_slice(plain);
            q_wire::compress(&message)
        }
        Algorithm::Gzip => {
            let mut encoder = ZlibEncoder::new(
                Vec::new(),
                ZlibLevel::new(u32::from(settings.level.unsigned_abs())),
            );
            encoder
                .write_all(plain)
                .and_then(|()| encoder.finish())
                .ok()
        }
        Algorithm::Snappy => snap::raw::Encoder::new().compress_vec(plain).ok(),
        Algorithm::Lz4 => Some(lz4_flex::block::compress(plain)),
        Algorithm::Zstd => Some(compress_to_vec(plain, CompressionLevel::Fastest)),
    };
    match stored {
        Some(stored) if stored.len() < plain.len() => (stored, settings.algorithm as i32),
        _ => raw(),
    }
}

/// A file's bytes, compressed.
pub fn compress_file(plain: &[u8], settings: CompressionSettings) -> Vec<u8> {
    if settings.algorithm == Algorithm::None {
        return plain.to_vec();
    }
    let block_bytes = 1usize << settings.logical_block_size;
    let mut bytes = MAGIC.to_vec();
    let mut table = Vec::new();
    let mut count = 0i64;
    for block in plain.chunks(block_bytes) {
        let (stored, algorithm) = compress_block(block, settings);
        let length = i32::try_from(stored.len()).unwrap_or(i32::MAX);
        table.extend_from_slice(&length.to_le_bytes());
        table.extend_from_slice(&algorithm.to_le_bytes());
        bytes.extend_from_slice(&stored);
        count += 1;
    }
    let compressed = bytes.len() as i64;
    bytes.extend_from_slice(&3i32.to_le_bytes());
    bytes.extend_from_slice(&[
        settings.algorithm as u8,
        settings.level.cast_unsigned(),
        0,
        0,
    ]);
    bytes.extend_from_slice(&(plain.len() as i64).to_le_bytes());
    bytes.extend_from_slice(&compressed.to_le_bytes());
    bytes.extend_from_slice(&(block_bytes as i64).to_le_bytes());
    bytes.extend_from_slice(&table);
    bytes.extend_from_slice(&count.to_le_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn settings(algorithm: i64, level: i64) -> CompressionSettings {
        CompressionSettings::new(12, algorithm, level).expect("legal")
    }

    proptest! {
        #[test]
        fn what_is_compressed_comes_back(
            seed in proptest::collection::vec(any::<u8>(), 1..100),
            repeats in 1usize..300,
            algorithm in 1i64..6,
        ) {
            let plain = seed.repeat(repeats);
            let level = if algorithm == 2 { 6 } else { 0 };
            let file = compress_file(&plain, settings(algorithm, level));
            prop_assert_eq!(decompress_file(&file).expect("reads"), plain);
        }

        #[test]
        fn damage_is_an_error_and_no_more(at in 0usize..400, byte in any::<u8>()) {
            let mut file = compress_file(&b"some text ".repeat(500), settings(2, 6));
            let place = at % file.len();
            file[place] = byte;
            let _ = decompress_file(&file).map(|plain| plain.len());
        }
    }

    #[test]
    fn a_frame_that_the_zstd_program_wrote_is_read() {
        // zstd -19 --no-check
        let frame: &[u8] = &[
            0x28, 0xb5, 0x2f, 0xfd, 0x60, 0x00, 0x0f, 0x1d, 0x01, 0x00, 0x92, 0x42, 0x06, 0x09,
            0xb0, 0xeb, 0x24, 0x49, 0x42, 0x78, 0x2b, 0xc9, 0x3c, 0x53, 0x9f, 0x2e, 0x3d, 0x3a,
            0xf4, 0x76, 0xf6, 0xdb, 0xae, 0xe9, 0x59, 0x8e, 0xe1, 0xce, 0x01, 0x00, 0xa1, 0x3e,
            0xf3, 0x55, 0x19, 0x93,
        ];
        let mut file = MAGIC.to_vec();
        file.extend_from_slice(frame);
        let compressed = file.len() as i64;
        file.extend_from_slice(&[3, 0, 0, 0, 5, 19, 0, 0]);
        for word in [4096, compressed, 4096, frame.len() as i64 | 5 << 32, 1] {
            file.extend_from_slice(&word.to_le_bytes());
        }
        let plain = decompress_file(&file).expect("reads");
        let text: String = (0..4000).map(|at| format!("{},", at % 17)).collect();
        assert_eq!(plain, text.as_bytes()[..4096]);
    }

    #[test]
    fn statistics_tell_what_was_asked_for() {
        let plain = vec![7u8; 10_000];
        let file = compress_file(&plain, settings(2, 9));
        let statistics = compression_statistics(&file)
            .expect("reads")
            .expect("compressed");
        assert_eq!(statistics.uncompressed_length, 10_000);
        assert_eq!(
            (
                statistics.algorithm,
                statistics.level,
                statistics.logical_block_size
            ),
            (2, 9, 12)
        );
        assert_eq!(compression_statistics(&plain), Ok(None));
        assert!(CompressionSettings::new(11, 2, 6).is_none());
        assert!(CompressionSettings::new(17, 5, -7).is_some());
        assert!(CompressionSettings::new(17, 5, 23).is_none());
        assert!(CompressionSettings::new(17, 6, 6).is_none());
    }
}
