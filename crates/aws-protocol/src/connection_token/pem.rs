//! PEM files of Ed25519 keys: fixed DER prefixes around 32 bytes (RFC 8410).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// SubjectPublicKeyInfo up to the key.
const PUBLIC_PREFIX: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];
/// PKCS#8 PrivateKeyInfo, version 0, up to the seed.
const PRIVATE_PREFIX: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

pub(super) fn public_key(key: &[u8; 32]) -> String {
    let der = [&PUBLIC_PREFIX[..], key].concat();
    format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        STANDARD.encode(der)
    )
}

pub(super) fn parse_public_key(text: &str) -> Option<[u8; 32]> {
    let der = der_of(text, "PUBLIC KEY")?;
    der.strip_prefix(&PUBLIC_PREFIX[..])?.try_into().ok()
}

pub(super) fn private_key(seed: &[u8; 32]) -> Zeroizing<String> {
    let der = Zeroizing::new([&PRIVATE_PREFIX[..], seed].concat());
    let base64 = Zeroizing::new(STANDARD.encode(&*der));
    Zeroizing::new(format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        *base64
    ))
}

pub(super) fn parse_private_key(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let der = der_of(text, "PRIVATE KEY")?;
    let seed: [u8; 32] = der.strip_prefix(&PRIVATE_PREFIX[..])?.try_into().ok()?;
    Some(Zeroizing::new(seed))
}

fn der_of(text: &str, label: &str) -> Option<Zeroizing<Vec<u8>>> {
    let (begin, end) = (
        format!("-----BEGIN {label}-----"),
        format!("-----END {label}-----"),
    );
    let body = text.trim().strip_prefix(&begin)?.strip_suffix(&end)?;
    let base64: Zeroizing<String> =
        Zeroizing::new(body.split_ascii_whitespace().collect::<Vec<_>>().concat());
    STANDARD.decode(&*base64).ok().map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::SigningKey;

    /// RFC 8410, section 10: the example key pair.
    #[test]
    fn the_example_of_the_standard_is_read_and_written() {
        let private = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
        let public = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";
        let seed = parse_private_key(private).unwrap();
        assert_eq!(*private_key(&seed), private);
        let key = SigningKey::from_bytes(&seed).verifying_key();
        assert_eq!(public_key(key.as_bytes()), public);
        assert_eq!(parse_public_key(public).unwrap(), *key.as_bytes());
        assert!(parse_public_key(private).is_none());
        assert!(parse_public_key("").is_none());
    }
}
