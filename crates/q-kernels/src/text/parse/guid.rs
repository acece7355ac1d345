//! Guids from text: 32 hexadecimal digits with or without dashes, and IP addresses of both kinds.

use q_value::Guid;

use super::number::{hex_digit, ip_address};
use super::trimmed;

/// A guid; the null guid when the text is none. IPv4 addresses are mapped into IPv6 (`::ffff:a.b.c.d`).
pub fn guid(text: &[u8]) -> Guid {
    let text = trimmed(text);
    hexadecimal(text)
        .or_else(|| ip_address(text).map(mapped))
        .or_else(|| ip_v6(text))
        .unwrap_or([0; 16])
}

fn mapped(address: [u8; 4]) -> Guid {
    let mut guid = [0; 16];
    guid[10..12].fill(0xff);
    guid[12..].copy_from_slice(&address);
    guid
}

fn hexadecimal(text: &[u8]) -> Option<Guid> {
    let dashed = text.len() == 36;
    if !dashed && text.len() != 32 {
        return None;
    }
    let mut guid = [0; 16];
    let mut at = 0;
    for (place, byte) in guid.iter_mut().enumerate() {
        if dashed && matches!(place, 4 | 6 | 8 | 10) {
            if text[at] != b'-' {
                return None;
            }
            at += 1;
        }
        *byte = hex_digit(text[at])? << 4 | hex_digit(text[at + 1])?;
        at += 2;
    }
    Some(guid)
}

fn ip_v6(text: &[u8]) -> Option<Guid> {
    let address: std::net::Ipv6Addr = std::str::from_utf8(text).ok()?.parse().ok()?;
    Some(address.octets())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(source: &str) -> String {
        let mut out = Vec::new();
        q_value::format::push_guid(&mut out, &guid(source.as_bytes()));
        String::from_utf8(out).expect("ascii")
    }

    #[test]
    fn guids_and_addresses() {
        for (source, expected) in [
            (
                "8c6b8b64-6815-6084-0a3e-178401251b68",
                "8c6b8b64-6815-6084-0a3e-178401251b68",
            ),
            (
                "8c6b8b64681560840a3e178401251b68",
                "8c6b8b64-6815-6084-0a3e-178401251b68",
            ),
            ("192.0.2.1", "00000000-0000-0000-0000-ffffc0000201"),
            (
                "2001:0DB8:85A3::8A2E:0370:7334",
                "20010db8-85a3-0000-0000-8a2e03707334",
            ),
            ("::FFFF:192.0.2.1", "00000000-0000-0000-0000-ffffc0000201"),
            ("::FFFF:c000:201", "00000000-0000-0000-0000-ffffc0000201"),
            ("nothing", "00000000-0000-0000-0000-000000000000"),
        ] {
            assert_eq!(text(source), expected);
        }
    }
}
