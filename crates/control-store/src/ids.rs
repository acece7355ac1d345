//! Random identifiers in the forms that the service used.

use rand::Rng;
use rand::distr::{Alphanumeric, SampleString};

const LOWER_ALPHANUMERIC: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const BASE32_UPPER: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

fn pick(alphabet: &[u8], length: usize) -> String {
    let mut random = rand::rng();
    (0..length)
        .map(|_| char::from(alphabet[random.random_range(0..alphabet.len())]))
        .collect()
}

/// 26 lower-case letters and digits, beginning with a letter.
pub fn environment_id() -> String {
    format!(
        "{}{}",
        pick(&LOWER_ALPHANUMERIC[..26], 1),
        pick(LOWER_ALPHANUMERIC, 25)
    )
}

/// 32 hexadecimal digits.
pub fn node_id() -> String {
    pick(b"0123456789abcdef", 32)
}

/// An access key id: the four-letter prefix (`AKIA` for lasting, `ASIA` for temporary keys) and 16 characters.
pub fn access_key_id(prefix: &str) -> String {
    format!("{prefix}{}", pick(BASE32_UPPER, 16))
}

/// 40 letters and digits (about 238 bits).
pub fn secret_access_key() -> String {
    Alphanumeric.sample_string(&mut rand::rng(), 40)
}

/// 200 letters and digits that a request with temporary keys has to carry.
pub fn session_token() -> String {
    Alphanumeric.sample_string(&mut rand::rng(), 200)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_have_the_forms_of_the_service() {
        let environment = environment_id();
        assert_eq!(environment.len(), 26);
        assert!(environment.starts_with(|c: char| c.is_ascii_lowercase()));
        assert!(
            environment
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        );
        let node = node_id();
        assert_eq!(node.len(), 32);
        assert!(
            node.chars()
                .all(|c| c.is_ascii_hexdigit() && !c.is_ascii_uppercase())
        );
        assert_eq!(access_key_id("ASIA").len(), 20);
        assert_ne!(secret_access_key(), secret_access_key());
    }
}
