//! What `\p` and `-p` may say.

/// A port to listen on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ListenSpec {
    /// Empty for every address of this machine.
    pub(crate) host: String,
    /// 0 for any free one; the lowest that is wanted.
    pub(crate) port: u16,
    /// The last port of a range, else `port`: any free one of these.
    pub(crate) last: u16,
    /// `rp,`: other processes may listen on the same port.
    pub(crate) shared: bool,
    /// Negative: multithreaded in kdb+; shown with its sign, served like any other.
    pub(crate) negative: bool,
}

/// Reads `5001`, `-5001`, `0W`, `host:5001`, `rp,5001`, `rp,host:0W`, `5000/5010`, and names of services. `Some(None)` for `0`, which ends listening; `None` for
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
    let (port, last) = match port.trim_end_matches(['i', 'j', 'h']) {
        "0W" => (0, 0),
        "0" => return Some(None),
        _ => match port.split_once('/') {
            Some((first, last)) => (port_of(first)?, port_of(last)?),
            None => (port_of(port)?, port_of(port)?),
        },
    };
    if last < port {
        return None;
    }
    Some(Some(ListenSpec {
        host: host.to_owned(),
        port,
        last,
        shared,
        negative,
    }))
}

/// A port by its number or by the name of its service.
fn port_of(text: &str) -> Option<u16> {
    match text.trim_end_matches(['i', 'j', 'h']).parse() {
        Ok(number) => Some(number),
        Err(_) if text.starts_with(|c: char| c.is_ascii_digit()) => None,
        Err(_) => service_port(&std::fs::read_to_string("/etc/services").ok()?, text),
    }
}

/// The TCP port of a service in the text of `/etc/services`: lines of a name, `port/protocol` and other names.
fn service_port(services: &str, wanted: &str) -> Option<u16> {
    services.lines().find_map(|line| {
        let mut words = line.split('#').next()?.split_whitespace();
        let name = words.next()?;
        let (port, protocol) = words.next()?.split_once('/')?;
        let is_wanted = name == wanted || words.any(|alias| alias == wanted);
        (is_wanted && protocol == "tcp").then(|| port.parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(host: &str, port: u16, shared: bool, negative: bool) -> Option<Option<ListenSpec>> {
        Some(Some(ListenSpec {
            host: host.to_owned(),
            port,
            last: port,
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
        assert_eq!(parse_listen("no-such-service"), None);
        assert_eq!(parse_listen("9/8"), None);
        let Some(Some(range)) = parse_listen("-2000/2010") else {
            panic!("a range")
        };
        assert_eq!((range.port, range.last, range.negative), (2000, 2010, true));
    }

    #[test]
    fn services_have_names_and_aliases() {
        let services = "# name\nhttp\t80/tcp\twww # web\nhttp 80/udp\nmain 5000/tcp\n";
        assert_eq!(service_port(services, "www"), Some(80));
        assert_eq!(service_port(services, "main"), Some(5000));
        assert_eq!(service_port(services, "other"), None);
    }
}
