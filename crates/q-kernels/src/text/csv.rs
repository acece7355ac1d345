//! Fields of delimited text.

/// Appends a field, between quotes when it has the delimiter or a line end, or begins with a quote and
/// would not read back; quotes inside are then doubled (`ref/file-text`, "Prepare Text").
pub fn push_field(out: &mut Vec<u8>, field: &[u8], delimiter: u8) {
    let needs_quotes = field.first() == Some(&b'"')
        || field
            .iter()
            .any(|c| *c == delimiter || matches!(c, b'\n' | b'\r'));
    if !needs_quotes {
        out.extend_from_slice(field);
        return;
    }
    out.push(b'"');
    for c in field {
        if *c == b'"' {
            out.push(b'"');
        }
        out.push(*c);
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_when_they_must_be() {
        for (field, expected) in [
            ("plain text", "plain text"),
            ("a,b", "\"a,b\""),
            ("say \"x\"", "say \"x\""),
            ("\"x\" said", "\"\"\"x\"\" said\""),
            ("say, \"x\"", "\"say, \"\"x\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            ("", ""),
        ] {
            let mut out = Vec::new();
            push_field(&mut out, field.as_bytes(), b',');
            assert_eq!(out, expected.as_bytes());
        }
    }
}
