//! Opening a WebSocket of another process: `` `:ws://host:port "GET / HTTP/1.1.." `` (`kb/websockets`).

use std::io::{self, ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use q_value::{QError, QResult};

use super::Network;
use super::client::{connect_tcp, start_tls};
use super::connection::{Connection, Stage};
use super::transport::{Tls, Transport};
use super::web_socket::random_bytes;
use crate::os::system_text;

const TIMEOUT: Duration = Duration::from_secs(60);
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// Where a URL such as `ws://user:pw@host:8080` leads.
#[derive(Debug, PartialEq, Eq)]
struct Target {
    is_tls: bool,
    host: String,
    port: u16,
    login: Option<String>,
}

fn target_of(url: &str) -> Option<Target> {
    let (scheme, rest) = url.strip_prefix(':').unwrap_or(url).split_once("://")?;
    let is_tls = match scheme {
        "ws" => false,
        "wss" => true,
        _ => return None,
    };
    let authority = rest.split(['/', '?', '#']).next()?;
    let (login, place) = match authority.rsplit_once('@') {
        Some((login, place)) => (Some(login.to_owned()), place),
        None => (None, authority),
    };
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port.parse().ok()?),
        _ => (place, if is_tls { 443 } else { 80 }),
    };
    let host = host.trim_matches(['[', ']']);
    (!host.is_empty()).then(|| Target {
        is_tls,
        host: host.to_owned(),
        port,
        login,
    })
}

/// The request with the headers that ask for WebSocket after its first line.
fn with_upgrade(request: &[u8], login: Option<&str>) -> Vec<u8> {
    let end = request
        .windows(2)
        .position(|window| window == b"\r\n")
        .map_or(request.len(), |at| at + 2);
    let key = STANDARD.encode(random_bytes::<16>());
    let mut headers = format!(
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
    );
    if let Some(login) = login {
        headers.push_str(&format!(
            "Authorization: Basic {}\r\n",
            STANDARD.encode(login)
        ));
    }
    [&request[..end], headers.as_bytes(), &request[end..]].concat()
}

/// The head of the answer, and not a byte of what follows it.
fn read_head(stream: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    let mut byte = [0u8];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(0) => break,
            Ok(_) => head.push(byte[0]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        if head.len() > HEAD_BYTES_MAX {
            return Err(io::Error::from(ErrorKind::InvalidData));
        }
    }
    Ok(head)
}

fn is_accepted(head: &[u8]) -> bool {
    head.starts_with(b"HTTP/1.1 101")
}

fn attempt(target: &Target, request: &[u8]) -> io::Result<(Option<Transport>, Vec<u8>)> {
    let deadline = Instant::now() + TIMEOUT;
    let mut socket = connect_tcp(&target.host, target.port, deadline)?;
    let request = with_upgrade(request, target.login.as_deref());
    if target.is_tls {
        let mut stream = start_tls(socket, &target.host, deadline)?;
        stream.write_all(&request)?;
        stream.flush()?;
        let head = read_head(&mut stream)?;
        stream.sock.set_nonblocking(true)?;
        let tls = Tls {
            session: stream.conn.into(),
            socket: stream.sock,
        };
        let transport = Transport::Tls(Box::new(tls));
        return Ok((is_accepted(&head).then_some(transport), head));
    }
    socket.write_all(&request)?;
    let head = read_head(&mut socket)?;
    socket.set_nonblocking(true)?;
    let transport = Transport::Tcp(socket);
    Ok((is_accepted(&head).then_some(transport), head))
}

impl Network {
    /// Asks for a WebSocket: its handle, if the other side agrees, and the head of the answer. Errors: those of the system.
    pub(crate) fn open_web_socket(
        &mut self,
        url: &[u8],
        request: &[u8],
    ) -> QResult<(Option<i32>, Vec<u8>)> {
        let url = String::from_utf8_lossy(url);
        let target = target_of(&url).ok_or_else(QError::domain)?;
        let (transport, head) = attempt(&target, request)
            .map_err(|error| QError::signal(format!("{}: {}", target.host, system_text(&error))))?;
        let handle = transport.map(|transport| {
            let mut connection = Connection::new(transport, Stage::Open);
            connection.become_web(true);
            // what came with the answer may be inside the TLS session already
            connection.fill(&mut self.scratch);
            self.insert(connection)
        });
        Ok((handle, head))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart() {
        let target = target_of(":wss://u:p@a.b/c").expect("a URL");
        assert_eq!((target.host.as_str(), target.port), ("a.b", 443));
        assert_eq!(target.login.as_deref(), Some("u:p"));
        assert_eq!(
            target_of("ws://[::1]:81").map(|target| target.port),
            Some(81)
        );
        assert_eq!(target_of("http://a.b"), None);
    }

    #[test]
    fn the_request_asks_for_the_upgrade() {
        let request = with_upgrade(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", Some("u:p"));
        let text = String::from_utf8(request).expect("text");
        assert!(text.starts_with("GET / HTTP/1.1\r\nUpgrade: websocket\r\n"));
        assert!(text.contains("Authorization: Basic dTpw\r\n"));
        assert!(text.ends_with("Host: a\r\n\r\n"));
    }

    #[test]
    fn nothing_is_read_past_the_head() {
        let mut bytes = &b"HTTP/1.1 101 x\r\n\r\nrest"[..];
        let head = read_head(&mut bytes).expect("read");
        assert!(is_accepted(&head));
        assert_eq!(bytes, b"rest");
    }
}
