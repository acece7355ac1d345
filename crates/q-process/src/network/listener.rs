//! Sockets that wait for clients.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::{UnixListener, UnixStream};

use rustix::net::{AddressFamily, SocketType};

use super::address::ListenSpec;

pub(crate) enum Listener {
    Tcp {
        socket: TcpListener,
        /// Given by whoever started the process; `\p` leaves it alone.
        inherited: bool,
    },
    Unix(UnixListener),
}

/// A client just accepted, of which nothing is known but where it is.
pub(crate) struct Accepted {
    pub(crate) socket: AcceptedSocket,
    /// IPv4 address, 0 for Unix sockets and IPv6.
    pub(crate) address: u32,
    /// False for clients on this machine.
    pub(crate) is_far: bool,
}

pub(crate) enum AcceptedSocket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

const BACKLOG: i32 = 4096;

impl Listener {
    /// A socket on the first port of the range that is free. Errors: those of the system, or of resolving the host.
    pub(crate) fn tcp(spec: &ListenSpec) -> io::Result<Listener> {
        let mut port = spec.port;
        loop {
            match Listener::tcp_on(spec, port) {
                Err(error) if error.kind() == io::ErrorKind::AddrInUse && port < spec.last_port => {
                    port += 1;
                }
                result => return result,
            }
        }
    }

    fn tcp_on(spec: &ListenSpec, port: u16) -> io::Result<Listener> {
        let address = if spec.host.is_empty() {
            SocketAddr::from(([0, 0, 0, 0], port))
        } else {
            (spec.host.as_str(), port)
                .to_socket_addrs()?
                .next()
                .ok_or_else(|| io::Error::from(io::ErrorKind::AddrNotAvailable))?
        };
        let family = if address.is_ipv4() {
            AddressFamily::INET
        } else {
            AddressFamily::INET6
        };
        let socket = rustix::net::socket(family, SocketType::STREAM, None)?;
        rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
        rustix::net::sockopt::set_socket_reuseaddr(&socket, true)?;
        if spec.shared {
            rustix::net::sockopt::set_socket_reuseport(&socket, true)?;
        }
        rustix::net::bind(&socket, &address)?;
        rustix::net::listen(&socket, BACKLOG)?;
        let socket = TcpListener::from(socket);
        socket.set_nonblocking(true)?;
        Ok(Listener::Tcp {
            socket,
            inherited: false,
        })
    }

    /// The Unix socket that goes with a port.
    pub(crate) fn unix(port: u16) -> io::Result<Option<Listener>> {
        let Some(socket) = bind_unix(port)? else {
            return Ok(None);
        };
        socket.set_nonblocking(true)?;
        Ok(Some(Listener::Unix(socket)))
    }

    pub(crate) fn is_inherited(&self) -> bool {
        matches!(self, Listener::Tcp { inherited, .. } if *inherited)
    }

    /// 0 for Unix sockets.
    pub(crate) fn port(&self) -> u16 {
        match self {
            Listener::Tcp { socket, .. } => socket.local_addr().map_or(0, |address| address.port()),
            Listener::Unix(_) => 0,
        }
    }

    /// The next client; an error of kind `WouldBlock` when nobody waits.
    pub(crate) fn accept(&self) -> io::Result<Accepted> {
        match self {
            Listener::Tcp { socket, .. } => {
                let (stream, peer) = socket.accept()?;
                stream.set_nonblocking(true)?;
                // a client that is gone already is found out when it is read
                let _ = stream.set_nodelay(true);
                let own = stream.local_addr().map(|address| address.ip());
                let is_near =
                    peer.ip().to_canonical().is_loopback() || own.is_ok_and(|own| own == peer.ip());
                Ok(Accepted {
                    socket: AcceptedSocket::Tcp(stream),
                    address: crate::os::ipv4(&peer).unwrap_or(0),
                    is_far: !is_near,
                })
            }
            Listener::Unix(socket) => {
                let (stream, _) = socket.accept()?;
                stream.set_nonblocking(true)?;
                Ok(Accepted {
                    socket: AcceptedSocket::Unix(stream),
                    address: 0,
                    is_far: false,
                })
            }
        }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Listener::Tcp { socket, .. } => socket.as_fd(),
            Listener::Unix(socket) => socket.as_fd(),
        }
    }
}

/// The sockets of `LISTEN_FDS`: descriptors from 3 on that whoever started the process bound and left open.
///
/// Descriptors that are no TCP listeners are left alone. `LISTEN_PID` must be this process when it is set.
pub(crate) fn inherited() -> Vec<Listener> {
    let number = |name: &str| std::env::var(name).ok()?.parse::<u32>().ok();
    if number("LISTEN_PID").is_some_and(|process| process != std::process::id()) {
        return Vec::new();
    }
    let count = number("LISTEN_FDS").unwrap_or(0).min(64);
    (3..3 + count)
        .filter_map(|descriptor| take_inherited(i32::try_from(descriptor).ok()?))
        .collect()
}

#[expect(
    unsafe_code,
    reason = "an inherited descriptor is a number; there is no safe way to own what it stands for"
)]
fn take_inherited(descriptor: i32) -> Option<Listener> {
    use std::os::fd::{FromRawFd, OwnedFd};
    // SAFETY: called once per number, before this process has opened anything that could have got the number: whoever set
    // LISTEN_FDS left these descriptors for us alone. A number that is not open fails the calls below, and closing it at
    // worst fails too.
    let socket = unsafe { OwnedFd::from_raw_fd(descriptor) };
    let is_listener = rustix::net::sockopt::socket_acceptconn(&socket).unwrap_or(false);
    if !is_listener {
        // not ours: must not be closed
        std::mem::forget(socket);
        return None;
    }
    // inherited sockets come without it, and commands run by the shell must not keep them
    rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC).ok()?;
    let socket = TcpListener::from(socket);
    socket.set_nonblocking(true).ok()?;
    Some(Listener::Tcp {
        socket,
        inherited: true,
    })
}

/// The path of the Unix socket of a port: `QUDSPATH` names the folder, and turns them off when it is empty.
fn unix_path(port: u16) -> Option<String> {
    let folder = std::env::var("QUDSPATH").unwrap_or_else(|_| "/tmp".to_owned());
    (!folder.is_empty()).then(|| format!("{folder}/kx.{port}"))
}

#[cfg(target_os = "linux")]
fn unix_address(port: u16) -> io::Result<Option<std::os::unix::net::SocketAddr>> {
    use std::os::linux::net::SocketAddrExt;
    match unix_path(port) {
        Some(path) => std::os::unix::net::SocketAddr::from_abstract_name(path).map(Some),
        None => Ok(None),
    }
}

#[cfg(not(target_os = "linux"))]
fn unix_address(port: u16) -> io::Result<Option<std::os::unix::net::SocketAddr>> {
    match unix_path(port) {
        Some(path) => std::os::unix::net::SocketAddr::from_pathname(path).map(Some),
        None => Ok(None),
    }
}

fn bind_unix(port: u16) -> io::Result<Option<UnixListener>> {
    let Some(address) = unix_address(port)? else {
        return Ok(None);
    };
    if let Some(path) = address.as_pathname() {
        // a socket file left by a process that is gone; a live one keeps working through its descriptor only
        let _ = std::fs::remove_file(path);
    }
    UnixListener::bind_addr(&address).map(Some)
}

/// Connects to the Unix socket of a port.
pub(crate) fn connect_unix(port: u16) -> io::Result<UnixStream> {
    match unix_address(port)? {
        Some(address) => UnixStream::connect_addr(&address),
        None => Err(io::Error::from(io::ErrorKind::NotFound)),
    }
}
