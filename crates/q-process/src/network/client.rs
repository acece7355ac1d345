//! Opening other processes: `hopen`.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use q_engine::system::{Address, Transport as Protocol};
use q_value::{QError, QResult};
use q_wire::{CAPABILITY, Login};
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};

use super::transport::{Tls, Transport};
use super::{Network, listener, tls};
use crate::os::system_text;

/// Without a timeout of its own an attempt ends when the system gives up; this bounds hosts that never answer the login.
const TIMEOUT_MAX: Duration = Duration::from_secs(3600);

/// An attempt that failed, as q names it.
fn hop(error: &io::Error) -> QError {
    match error.kind() {
        ErrorKind::TimedOut | ErrorKind::WouldBlock => QError::new("timeout"),
        _ => QError::signal(format!("hop. OS reports: {}", system_text(error))),
    }
}

/// The time left of an attempt; an error when there is none.
fn left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(io::Error::from(ErrorKind::TimedOut));
    }
    Ok(left)
}

/// Connects over TCP to the first address of a host that answers, with timeouts set on the socket.
pub(super) fn connect_tcp(host: &str, port: u16, deadline: Instant) -> io::Result<TcpStream> {
    let host = if host.is_empty() { "localhost" } else { host };
    let mut last = io::Error::from(ErrorKind::AddrNotAvailable);
    for address in (host, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, left(deadline)?) {
            Ok(socket) => {
                socket.set_nodelay(true)?;
                set_timeouts(&socket, deadline)?;
                return Ok(socket);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn set_timeouts(socket: &TcpStream, deadline: Instant) -> io::Result<()> {
    let left = left(deadline)?;
    socket.set_read_timeout(Some(left))?;
    socket.set_write_timeout(Some(left))
}

/// A TLS stream as the client, its handshake done.
pub(super) fn start_tls(
    mut socket: TcpStream,
    host: &str,
    deadline: Instant,
) -> io::Result<StreamOwned<ClientConnection, TcpStream>> {
    let name = if host.is_empty() { "localhost" } else { host };
    let name = ServerName::try_from(name.to_owned())
        .map_err(|_| io::Error::new(ErrorKind::InvalidInput, "not a host name"))?;
    let mut session =
        ClientConnection::new(tls::client_config()?, name).map_err(io::Error::other)?;
    while session.is_handshaking() {
        set_timeouts(&socket, deadline)?;
        session.complete_io(&mut socket)?;
    }
    Ok(StreamOwned::new(session, socket))
}

/// Sends the login and reads the one byte that answers it; `None` when the door was closed instead.
fn log_in(stream: &mut (impl Read + Write), login: &Login) -> io::Result<Option<u8>> {
    stream.write_all(&login.to_bytes())?;
    stream.flush()?;
    let mut answer = [0u8];
    loop {
        match stream.read(&mut answer) {
            Ok(0) => return Ok(None),
            Ok(_) => return Ok(Some(answer[0])),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof
                ) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(error),
        }
    }
}

impl Network {
    /// Connects and logs in; the handle. Errors: `hop` with the system's words, `timeout`, `access`.
    pub(crate) fn connect(&mut self, address: &Address, timeout: Option<Duration>) -> QResult<i32> {
        let timeout = timeout.filter(|timeout| !timeout.is_zero());
        let deadline = Instant::now() + timeout.unwrap_or(TIMEOUT_MAX);
        let login = Login {
            user: if address.user.is_empty() {
                crate::os::user_name().into_bytes()
            } else {
                address.user.clone()
            },
            password: address.password.clone(),
            capability: Some(CAPABILITY),
        };
        let (transport, answer, is_far) =
            attempt(address, &login, deadline).map_err(|error| hop(&error))?;
        match answer {
            Some(capability) => Ok(self.add_opened(transport, capability, is_far)),
            None => Err(QError::new("access")),
        }
    }
}

fn attempt(
    address: &Address,
    login: &Login,
    deadline: Instant,
) -> io::Result<(Transport, Option<u8>, bool)> {
    if address.transport == Protocol::Unix {
        let mut socket = listener::connect_unix(address.port)?;
        socket.set_read_timeout(Some(left(deadline)?))?;
        let answer = log_in(&mut socket, login)?;
        socket.set_nonblocking(true)?;
        return Ok((Transport::Unix(socket), answer, false));
    }
    let mut socket = connect_tcp(&address.host, address.port, deadline)?;
    let is_far = match (socket.peer_addr(), socket.local_addr()) {
        (Ok(peer), Ok(own)) => !peer.ip().to_canonical().is_loopback() && peer.ip() != own.ip(),
        _ => true,
    };
    if address.transport == Protocol::Tls {
        let mut stream = start_tls(socket, &address.host, deadline)?;
        set_timeouts(&stream.sock, deadline)?;
        let answer = log_in(&mut stream, login)?;
        stream.sock.set_nonblocking(true)?;
        let tls = Tls {
            session: stream.conn.into(),
            socket: stream.sock,
        };
        return Ok((Transport::Tls(Box::new(tls)), answer, is_far));
    }
    let answer = log_in(&mut socket, login)?;
    socket.set_nonblocking(true)?;
    Ok((Transport::Tcp(socket), answer, is_far))
}

/// A stream that is only read and written until it ends: what the HTTP client needs.
pub(super) trait Conversation: Read + Write {}
impl<T: Read + Write> Conversation for T {}

/// Connects without a login, for other protocols than q's.
pub(super) fn converse(
    host: &str,
    port: u16,
    is_tls: bool,
    deadline: Instant,
) -> io::Result<Box<dyn Conversation>> {
    let socket = connect_tcp(host, port, deadline)?;
    if !is_tls {
        return Ok(Box::new(socket));
    }
    Ok(Box::new(start_tls(socket, host, deadline)?))
}
