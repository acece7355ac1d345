//! The login with which a connection begins (`formats.md` section 2).

/// The highest capability, which is ours: messages over 2 GB with vectors over two billion items.
pub const CAPABILITY: u8 = 6;

/// More bytes than any login has; presigned tokens as passwords take one or two thousand.
pub const LOGIN_BYTES_MAX: usize = 64 * 1024;

/// What a client sends first.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Login {
    pub user: Vec<u8>,
    pub password: Vec<u8>,
    /// `None` of clients older than capabilities.
    pub capability: Option<u8>,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login")
            .field("user", &String::from_utf8_lossy(&self.user))
            .field("password", &"...")
            .field("capability", &self.capability)
            .finish()
    }
}

impl Login {
    /// Reads a login and how many bytes it takes from the start of `bytes`; `None` while its NUL has not arrived.
    ///
    /// The user goes up to the first colon, all of it when there is none; the password may contain colons. A control
    /// character before the NUL is the capability.
    pub fn parse(bytes: &[u8]) -> Option<(Login, usize)> {
        let end = bytes.iter().position(|byte| *byte == 0)?;
        let mut text = &bytes[..end];
        let mut capability = None;
        if let Some((last, rest)) = text.split_last()
            && *last < b' '
        {
            capability = Some(*last);
            text = rest;
        }
        let colon = text.iter().position(|byte| *byte == b':');
        let (user, password) = match colon {
            Some(at) => (&text[..at], &text[at + 1..]),
            None => (text, &[][..]),
        };
        let login = Login {
            user: user.to_vec(),
            password: password.to_vec(),
            capability,
        };
        Some((login, end + 1))
    }

    /// The bytes a client sends.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.user.clone();
        bytes.push(b':');
        bytes.extend_from_slice(&self.password);
        bytes.extend(self.capability);
        bytes.push(0);
        bytes
    }
}

/// The capability both sides have, which is the server's one-byte answer to a login it accepts.
pub fn agreed_capability(client: Option<u8>) -> u8 {
    client.unwrap_or(0).min(CAPABILITY)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(bytes: &[u8]) -> (String, String, Option<u8>) {
        let (login, length) = Login::parse(bytes).expect("complete");
        assert_eq!(length, bytes.len());
        (
            String::from_utf8(login.user).expect("text"),
            String::from_utf8(login.password).expect("text"),
            login.capability,
        )
    }

    #[test]
    fn logins_of_real_clients_are_read() {
        let owned = |a: &str, b: &str, c| (a.to_owned(), b.to_owned(), c);
        assert_eq!(parsed(b":\x06\0"), owned("", "", Some(6)));
        assert_eq!(parsed(b"unknown:\x06\0"), owned("unknown", "", Some(6)));
        assert_eq!(parsed(b"anonymous\x03\0"), owned("anonymous", "", Some(3)));
        assert_eq!(parsed(b"user:pa:ss\x03\0"), owned("user", "pa:ss", Some(3)));
        assert_eq!(parsed(b"reject:x\0"), owned("reject", "x", None));
        assert_eq!(parsed(b"\0"), owned("", "", None));
        assert!(Login::parse(b"user:half").is_none());
    }

    #[test]
    fn the_answer_is_never_more_than_was_asked() {
        assert_eq!(agreed_capability(None), 0);
        assert_eq!(agreed_capability(Some(3)), 3);
        assert_eq!(agreed_capability(Some(9)), CAPABILITY);
    }

    #[test]
    fn a_login_written_is_read_back() {
        let login = Login {
            user: b"u".to_vec(),
            password: b"p:q".to_vec(),
            capability: Some(CAPABILITY),
        };
        assert_eq!(
            Login::parse(&login.to_bytes()).map(|(login, _)| login),
            Some(login)
        );
    }
}
