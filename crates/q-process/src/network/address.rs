//! What `\p` and `-p` may say.

/// A port to listen on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ListenSpec {
    /// Empty for every address of this machine.
    pub(crate) host: String,
    /// 0 for any free one; the lowest that is wanted.
    pub(crate) port: u16,
    /// The highest that is wanted: with `2000/2010` the first free one from 2000 on is taken.
    pub(crate) last_port: u16,
    /// `rp,`: other processes may listen on the same port.
    pub(crate) shared: bool,
    /// Negative: multithreaded in kdb+; shown with its sign, served like any other.
    pub(crate) negative: bool,
}

/// Reads `5001`, `-5001`, `0W`, `host:5001`, `rp,5001`, `rp,host:0W`, `2000/2010`, and the name of a service in place of a
/// number. `Some(None)` for `0`, which ends listening; `None` for anything else.
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
    let (port, last_port) = match port.split_once('/') {
        Some((first, last)) => (first.parse::<u16>().ok()?, last.parse::<u16>().ok()?),
        None => {
            let port = match port.trim_end_matches(['i', 'j', 'h']) {
                "0W" => 0,
                "0" => return Some(None),
                number => number.parse::<u16>().ok().or_else(|| service_port(port))?,
            };
            (port, port)
        }
    };
    (port <= last_port).then_some(Some(ListenSpec {
        host: host.to_owned(),
        port,
        last_port,
        shared,
        negative,
    }))
}

/// Where the system keeps the ports of services by name.
const SERVICES: &str = "/etc/services";

/// The TCP port of a service (`releases/ChangesIn2.6`).
pub(crate) fn service_port(name: &str) -> Option<u16> {
    service_in(&std::fs::read_to_string(SERVICES).ok()?, name)
}

fn service_in(table: &str, name: &str) -> Option<u16> {
    table.lines().find_map(|line| {
        let mut words = line.split('#').next()?.split_whitespace();
        let service = words.next()?;
        let port = words.next()?.strip_suffix("/tcp")?;
        (service == name || words.any(|alias| alias == name))
            .then(|| port.parse().ok())
            .flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(host: &str, port: u16, shared: bool, negative: bool) -> Option<Option<ListenSpec>> {
        Some(Some(ListenSpec {
            host: host.to_owned(),
            port,
            last_port: port,
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
    }

    #[test]
    fn a_range_of_ports_has_two_ends() {
        let range = parse_listen("-2000/2010").flatten().unwrap();
        assert_eq!((range.port, range.last_port), (2000, 2010));
        assert!(range.negative);
        assert_eq!(parse_listen("2010/2000"), None);
        assert_eq!(parse_listen("2000/"), None);
    }

    #[test]
    fn services_are_found_by_name_and_alias() {
        let table = "# comment\nkdb 5000/udp\nkdb\t5001/tcp tick # q\n";
        assert_eq!(service_in(table, "kdb"), Some(5001));
        assert_eq!(service_in(table, "tick"), Some(5001));
        assert_eq!(service_in(table, "q"), None);
    }
}
