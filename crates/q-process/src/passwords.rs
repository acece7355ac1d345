//! The password file of `-u` and `-U`.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use md5::{Digest, Md5};

use crate::os::PathMap;

/// Users and their passwords, as text or as the hexadecimal MD5 of it.
#[derive(Default)]
pub(crate) struct Passwords {
    /// `None` lets everybody in.
    users: Option<HashMap<Vec<u8>, Vec<u8>>>,
}

impl Passwords {
    /// Reads lines of `user:password`; others are left out. Errors: those of reading the file.
    pub(crate) fn load(file: Option<&[u8]>, paths: &PathMap) -> io::Result<Passwords> {
        let Some(file) = file else {
            return Ok(Passwords::default());
        };
        let path = paths.real(Path::new(OsStr::from_bytes(file)));
        Ok(Passwords::parse(&std::fs::read(path)?))
    }

    fn parse(text: &[u8]) -> Passwords {
        let users = text
            .split(|byte| *byte == b'\n')
            .map(<[u8]>::trim_ascii)
            .filter_map(|line| {
                let colon = line.iter().position(|byte| *byte == b':')?;
                Some((line[..colon].to_vec(), line[colon + 1..].to_vec()))
            })
            .collect();
        Passwords { users: Some(users) }
    }

    pub(crate) fn are_required(&self) -> bool {
        self.users.is_some()
    }

    /// True when the file has this user with this password, or when there is no file.
    pub(crate) fn accept(&self, user: &[u8], password: &[u8]) -> bool {
        let Some(users) = &self.users else {
            return true;
        };
        let Some(expected) = users.get(user) else {
            return false;
        };
        let digest = hex::encode(Md5::digest(password));
        is_same(expected, password) || is_same(&expected.to_ascii_lowercase(), digest.as_bytes())
    }
}

/// Compares without telling by the time it takes where the first difference is.
fn is_same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_text_or_digest() {
        let passwords = Passwords::parse(b"ann:plain:text\nbob:5F4DCC3B5AA765D61D8327DEB882CF99\n");
        assert!(passwords.accept(b"ann", b"plain:text"));
        assert!(passwords.accept(b"bob", b"password"));
        assert!(!passwords.accept(b"ann", b"plain"));
        assert!(!passwords.accept(b"eve", b""));
        assert!(Passwords::default().accept(b"anyone", b""));
    }
}
