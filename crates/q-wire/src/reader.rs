//! A cursor over untrusted bytes that knows their byte order.

use q_value::{QError, QResult, Vector};

/// The error of bytes that are no q value.
pub(crate) fn bad_message() -> QError {
    QError::new("badmsg")
}

pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    little: bool,
}

/// A number as it stands in the bytes.
pub(crate) trait Number: Copy {
    const WIDTH: usize;
    fn read(bytes: &[u8], little: bool) -> Self;
}

macro_rules! number {
    ($($type:ty)*) => { $(
        impl Number for $type {
            const WIDTH: usize = size_of::<$type>();
            #[inline]
            fn read(bytes: &[u8], little: bool) -> Self {
                let mut whole = [0u8; size_of::<$type>()];
                whole.copy_from_slice(bytes);
                if little { <$type>::from_le_bytes(whole) } else { <$type>::from_be_bytes(whole) }
            }
        }
    )* };
}
number!(u8 i16 i32 u32 i64 u64 f32 f64);

impl Number for bool {
    const WIDTH: usize = 1;
    fn read(bytes: &[u8], _little: bool) -> bool {
        bytes.first().is_some_and(|byte| *byte != 0)
    }
}

/// Guids are bytes in the order of their text, whatever the byte order.
impl Number for [u8; 16] {
    const WIDTH: usize = 16;
    fn read(bytes: &[u8], _little: bool) -> [u8; 16] {
        let mut whole = [0u8; 16];
        whole.copy_from_slice(bytes);
        whole
    }
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8], little: bool) -> Reader<'a> {
        Reader {
            bytes,
            at: 0,
            little,
        }
    }

    pub(crate) fn position(&self) -> usize {
        self.at
    }

    pub(crate) fn remaining(&self) -> usize {
        self.bytes.len() - self.at
    }

    /// The next `length` bytes, or `badmsg` when fewer remain.
    pub(crate) fn take(&mut self, length: usize) -> QResult<&'a [u8]> {
        let end = self.at.checked_add(length).ok_or_else(bad_message)?;
        let part = self.bytes.get(self.at..end).ok_or_else(bad_message)?;
        self.at = end;
        Ok(part)
    }

    pub(crate) fn number<T: Number>(&mut self) -> QResult<T> {
        let little = self.little;
        Ok(T::read(self.take(T::WIDTH)?, little))
    }

    /// `count` numbers; the bytes are checked to be there before anything is allocated.
    pub(crate) fn numbers<T: Number>(&mut self, count: usize) -> QResult<Vector<T>> {
        let little = self.little;
        let length = count.checked_mul(T::WIDTH).ok_or_else(bad_message)?;
        let part = self.take(length)?;
        // two loops, so that the usual one is a plain copy
        Ok(if little {
            part.chunks_exact(T::WIDTH)
                .map(|item| T::read(item, true))
                .collect()
        } else {
            part.chunks_exact(T::WIDTH)
                .map(|item| T::read(item, false))
                .collect()
        })
    }

    /// The bytes up to a NUL, which is consumed.
    pub(crate) fn text(&mut self) -> QResult<&'a [u8]> {
        let rest = self.bytes.get(self.at..).ok_or_else(bad_message)?;
        let end = rest
            .iter()
            .position(|byte| *byte == 0)
            .ok_or_else(bad_message)?;
        let text = rest.get(..end).ok_or_else(bad_message)?;
        self.at += end + 1;
        Ok(text)
    }
}
