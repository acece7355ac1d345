//! Bytes over TCP, Unix sockets and TLS, all without waiting.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use rustls::{ServerConfig, ServerConnection};

pub(crate) enum Transport {
    Tcp(TcpStream),
    Unix(UnixStream),
    Tls(Box<Tls>),
}

/// A TLS session over its socket.
pub(crate) struct Tls {
    pub(crate) session: rustls::Connection,
    pub(crate) socket: TcpStream,
}

/// How a read ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReadEnd {
    /// Nothing more for now.
    Drained,
    /// There may be more; enough for one turn.
    Enough,
    /// The other side is gone.
    Closed,
}

/// Read at most this much before others get their turn.
const TURN_BYTES: usize = 8 << 20;

impl Transport {
    pub(crate) fn descriptor(&self) -> i32 {
        match self {
            Transport::Tcp(socket) => socket.as_raw_fd(),
            Transport::Unix(socket) => socket.as_raw_fd(),
            Transport::Tls(tls) => tls.socket.as_raw_fd(),
        }
    }

    /// True when the session itself has bytes to send.
    pub(crate) fn wants_write(&self) -> bool {
        matches!(self, Transport::Tls(tls) if tls.session.wants_write())
    }

    /// A TLS session as the server of a client that has begun one.
    pub(crate) fn tls_server(
        socket: TcpStream,
        config: Arc<ServerConfig>,
    ) -> Result<Transport, rustls::Error> {
        let session = ServerConnection::new(config)?;
        Ok(Transport::Tls(Box::new(Tls {
            session: session.into(),
            socket,
        })))
    }

    /// Appends what has arrived to `input`.
    pub(crate) fn read(&mut self, input: &mut Vec<u8>, scratch: &mut [u8]) -> ReadEnd {
        match self {
            Transport::Tcp(socket) => read_plain(socket, input, scratch),
            Transport::Unix(socket) => read_plain(socket, input, scratch),
            Transport::Tls(tls) => tls.read(input, scratch),
        }
    }

    /// Writes some of `bytes`; how many were taken. 0 when the other side must read first.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = match self {
            Transport::Tcp(socket) => socket.write(bytes),
            Transport::Unix(socket) => socket.write(bytes),
            Transport::Tls(tls) => return tls.write(bytes),
        };
        match written {
            Ok(count) => Ok(count),
            Err(error) if is_later(&error) => Ok(0),
            Err(error) => Err(error),
        }
    }

    /// Tells the other side, where the protocol can, that nothing more will come.
    pub(crate) fn finish(&mut self) {
        if let Transport::Tls(tls) = self {
            tls.session.send_close_notify();
            // best effort on a connection that ends anyway
            let _ = tls.send_pending();
        }
    }
}

impl AsFd for Transport {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Transport::Tcp(socket) => socket.as_fd(),
            Transport::Unix(socket) => socket.as_fd(),
            Transport::Tls(tls) => tls.socket.as_fd(),
        }
    }
}

/// True for errors that mean "try again when the socket is ready".
fn is_later(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

fn read_plain(socket: &mut impl Read, input: &mut Vec<u8>, scratch: &mut [u8]) -> ReadEnd {
    let mut total = 0;
    loop {
        match socket.read(scratch) {
            Ok(0) => return ReadEnd::Closed,
            Ok(count) => {
                input.extend_from_slice(&scratch[..count]);
                total += count;
                if count < scratch.len() {
                    return ReadEnd::Drained;
                }
                if total >= TURN_BYTES {
                    return ReadEnd::Enough;
                }
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return ReadEnd::Drained,
            Err(_) => return ReadEnd::Closed,
        }
    }
}

impl Tls {
    fn send_pending(&mut self) -> io::Result<()> {
        while self.session.wants_write() {
            match self.session.write_tls(&mut self.socket) {
                Ok(_) => {}
                Err(error) if is_later(&error) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn read(&mut self, input: &mut Vec<u8>, scratch: &mut [u8]) -> ReadEnd {
        let mut total = 0;
        loop {
            let arrived = match self.session.read_tls(&mut self.socket) {
                Ok(0) => ReadEnd::Closed,
                Ok(_) => ReadEnd::Enough,
                Err(error) if is_later(&error) => ReadEnd::Drained,
                Err(_) => ReadEnd::Closed,
            };
            if self.session.process_new_packets().is_err() {
                // the alert that says why is pending in the session
                let _ = self.send_pending();
                return ReadEnd::Closed;
            }
            if self.send_pending().is_err() {
                return ReadEnd::Closed;
            }
            loop {
                match self.session.reader().read(scratch) {
                    Ok(0) => return ReadEnd::Closed,
                    Ok(count) => {
                        input.extend_from_slice(&scratch[..count]);
                        total += count;
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(_) => return ReadEnd::Closed,
                }
            }
            if arrived != ReadEnd::Enough || total >= TURN_BYTES {
                return arrived;
            }
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.send_pending()?;
        if self.session.wants_write() {
            return Ok(0);
        }
        let count = match self.session.writer().write(bytes) {
            Ok(count) => count,
            Err(error) if is_later(&error) => 0,
            Err(error) => return Err(error),
        };
        self.send_pending()?;
        Ok(count)
    }
}
