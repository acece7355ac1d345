//! Padding strings to a width.

use q_value::{QError, QResult, Value};

use crate::{interrupt, pervade};

/// Strings at any depth, each with exactly `width` chars: blanks or a cut at the end, for a negative width at the start.
///
/// Errors: `'type` for what is no string.
pub fn pad(width: i64, y: Value) -> QResult<Value> {
    pervade::one(y, &|leaf| {
        let text = leaf.as_text().ok_or_else(QError::type_error)?;
        padded(width, text)
    })
}

fn padded(width: i64, text: &[u8]) -> QResult<Value> {
    let size = usize::try_from(width.unsigned_abs()).map_err(|_| QError::limit())?;
    if size > u32::MAX as usize {
        return Err(QError::limit());
    }
    interrupt::expect_room(size);
    let kept = text.len().min(size);
    let mut out = Vec::with_capacity(size);
    if width >= 0 {
        out.extend_from_slice(&text[..kept]);
        out.resize(size, b' ');
    } else {
        out.resize(size - kept, b' ');
        out.extend_from_slice(&text[text.len() - kept..]);
    }
    Ok(Value::Chars(out.into()))
}
