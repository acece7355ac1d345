//! Hashes and the signing key.

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::authorization::CredentialScope;
use super::{ALGORITHM, TERMINATOR};

/// Lower-case hexadecimal SHA-256 of the bytes.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key).expect("HMAC takes any key length");
    mac.update(message);
    mac.finalize().into_bytes().into()
}

/// The text that is signed for a canonical request.
pub(super) fn string_to_sign(
    amz_date: &str,
    scope: &CredentialScope,
    canonical_request: &str,
) -> String {
    let hash = sha256_hex(canonical_request.as_bytes());
    format!("{ALGORITHM}\n{amz_date}\n{scope}\n{hash}")
}

/// The signature of a text under a secret key and scope.
pub(super) fn signature(secret: &str, scope: &CredentialScope, string_to_sign: &str) -> [u8; 32] {
    let seed = Zeroizing::new(format!("AWS4{secret}"));
    let date_key = Zeroizing::new(hmac_sha256(seed.as_bytes(), scope.date.as_bytes()));
    let region_key = Zeroizing::new(hmac_sha256(&*date_key, scope.region.as_bytes()));
    let service_key = Zeroizing::new(hmac_sha256(&*region_key, scope.service.as_bytes()));
    let signing_key = Zeroizing::new(hmac_sha256(&*service_key, TERMINATOR.as_bytes()));
    hmac_sha256(&*signing_key, string_to_sign.as_bytes())
}
