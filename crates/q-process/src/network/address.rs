//! What `\p` and `-p` may say.

/// A port to listen on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ListenSpec {
    /// Empty for every address of this machine.
    pub(crate) host: String,
    /// 0 for any free one.
    pub(crate) port: u16,
    /// `rp,`: other processes may listen on the same port.
    pub(crate) shared: bool,
    /// Negative: multithreaded in kdb+; shown with its sign, served like any other.
    pub(crate) negative: bool,
}

/// Reads `5001`, `-5001`, `0W`, `host:5001`, `rp,5001`, `rp,host:0W`. `Some(None)` for `0`, which ends listening; `None` for
/// anything else.
pub(crate) fn parse_listen(text: &str) -> Option<Option<ListenSpec>> {
    let text = text.trim();
    let (text, shared) = match text.strip_prefix("rp,") {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) => (host.trim_matches(['[', ']']), port),
        None => ("", text),
    };
    let (port, negative) = match port.strip_prefix('-') {
        Some(rest) => (rest, true),
        None => (port, false),
    };
    let port = match port.trim_end_matches(['i', 'j', 'h']) {
        "0W" => 0,
        "0" => return Some(None),
        number => number.parse::<u16>().ok()?,
    };
    Some(Some(ListenSpec {
        host: host.to_owned(),
        port,
        shared,
        negative,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(host: &str, port: u16, shared: bool, negative: bool) -> Option<Option<ListenSpec>> {
        Some(Some(ListenSpec {
            host: host.to_owned(),
            port,
            shared,
            negative,
        }))
    }

    #[test]
    fn every_form_of_a_port_is_read() {
        assert_eq!(parse_listen("5001"), spec("", 5001, false, false));
        assert_eq!(parse_listen("-5001"), spec("", 5001, false, true));
        assert_eq!(parse_listen("0W"), spec("", 0, false, false));
        assert_eq!(
            parse_listen("rp,127.0.0.1:0W"),
            spec("127.0.0.1", 0, true, false)
        );
        assert_eq!(parse_listen("[::1]:80"), spec("::1", 80, false, false));
        assert_eq!(parse_listen("0"), Some(None));
        assert_eq!(parse_listen("65536"), None);
        assert_eq!(parse_listen("port"), None);
    }
}
