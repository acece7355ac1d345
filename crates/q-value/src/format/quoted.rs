//! Strings between quotes, with the escapes of q literals.

/// Appends a string in quotes: `\n \t \r \\ \"` by name, every other byte that is not printable ASCII as three octal
/// digits.
pub fn push_quoted(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    push_escaped(out, text);
    out.push(b'"');
}

/// As [`push_quoted`] without the quotes.
pub fn push_escaped(out: &mut Vec<u8>, text: &[u8]) {
    for byte in text {
        match byte {
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'"' => out.extend_from_slice(b"\\\""),
            b' '..=b'~' => out.push(*byte),
            _ => {
                out.push(b'\\');
                out.push(b'0' + (byte >> 6));
                out.push(b'0' + (byte >> 3 & 7));
                out.push(b'0' + (byte & 7));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes() {
        let mut out = Vec::new();
        push_quoted(&mut out, b"a\"\\\n\t\r\0\xff~");
        assert_eq!(out, br#""a\"\\\n\t\r\000\377~""#);
    }
}
