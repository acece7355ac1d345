//! Page tokens: opaque to clients, useless for another list, and refused when changed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// The longest token accepted; the model's limit.
const TOKEN_BYTES_MAX: usize = 1_000;
const MAC_BYTES: usize = 16;

/// Makes and reads page tokens under a key of the installation.
pub struct PageTokens {
    key: [u8; 32],
}

/// A token that this installation did not give out for this list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "The nextToken is not one that this list gave out. Start again without nextToken, and use it with the same parameters as the page before"
)]
pub struct InvalidPageToken;

impl PageTokens {
    /// `key` must be random and the same for all servers of an installation.
    pub fn new(key: [u8; 32]) -> Self {
        PageTokens { key }
    }

    /// The token that continues after `position`. `list` names what is listed and by which filter.
    pub fn token(&self, list: &str, position: &str) -> String {
        let mut bytes = self.mac(list, position).to_vec();
        bytes.extend_from_slice(position.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The position of a token given out for the same list.
    pub fn position(&self, list: &str, token: &str) -> Result<String, InvalidPageToken> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(InvalidPageToken);
        }
        let bytes = URL_SAFE_NO_PAD
            .decode(token)
            .map_err(|_| InvalidPageToken)?;
        let (mac, position) = bytes.split_at_checked(MAC_BYTES).ok_or(InvalidPageToken)?;
        let position = std::str::from_utf8(position).map_err(|_| InvalidPageToken)?;
        let expected = self.mac(list, position);
        if bool::from(subtle::ConstantTimeEq::ct_eq(&expected[..], mac)) {
            Ok(position.to_owned())
        } else {
            Err(InvalidPageToken)
        }
    }

    fn mac(&self, list: &str, position: &str) -> [u8; MAC_BYTES] {
        let mut mac =
            <Hmac<Sha256> as Mac>::new_from_slice(&self.key).expect("HMAC takes any key length");
        mac.update(b"qspace page token\0");
        mac.update(&(list.len() as u64).to_be_bytes());
        mac.update(list.as_bytes());
        mac.update(position.as_bytes());
        let full = mac.finalize().into_bytes();
        let mut short = [0; MAC_BYTES];
        short.copy_from_slice(&full[..MAC_BYTES]);
        short
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_token_belongs_to_its_list_and_installation() {
        let tokens = PageTokens::new([7; 32]);
        let token = tokens.token("clusters of abc", "rdb");
        assert_eq!(tokens.position("clusters of abc", &token).unwrap(), "rdb");
        assert!(tokens.position("clusters of other", &token).is_err());
        assert!(
            PageTokens::new([8; 32])
                .position("clusters of abc", &token)
                .is_err()
        );
    }

    proptest! {
        #[test]
        fn changed_tokens_are_refused(position in "[a-z/]{0,20}", change in 0usize..20, with in "[A-Za-z0-9_-]") {
            let tokens = PageTokens::new([7; 32]);
            let token = tokens.token("list", &position);
            prop_assert_eq!(&tokens.position("list", &token).unwrap(), &position);
            let index = change % token.len();
            let mut changed = token.clone();
            changed.replace_range(index..=index, &with);
            if changed != token {
                prop_assert!(tokens.position("list", &changed).is_err());
            }
        }

        #[test]
        fn no_token_panics(token in any::<String>()) {
            let _ = PageTokens::new([7; 32]).position("list", &token);
        }
    }
}
