//! The one listening socket that all nodes of a cluster share.
//!
//! A connection waits in the accept queue of a socket, not of a process: with one socket held by every agent, a node
//! that stops leaves the connections that nobody accepted yet to the others.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;

use rustix::net::sockopt::{set_socket_reuseaddr, set_socket_reuseport};
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, getsockname, listen, socket_with};

/// Connections that may wait for a node to accept them.
const BACKLOG: i32 = 4096;

/// Takes a free port of an address for oneself: bound, not listening, and refused to everybody else.
///
/// The socket can begin to listen later, or stand in for a program that binds beside it: see [`let_bind_beside`].
pub fn reserve_port(address: IpAddr) -> io::Result<(OwnedFd, u16)> {
    let socket = new_socket(address)?;
    // No address reuse before the bind: only then does the kernel keep the port from others.
    bind(&socket, &SocketAddr::new(address, 0))?;
    let port = SocketAddr::try_from(getsockname(&socket)?)?.port();
    Ok((socket, port))
}

/// Takes this very port for oneself, bound and not listening, as [`reserve_port`] does; fails when it is in use.
pub fn reserve_this_port(address: IpAddr, port: u16) -> io::Result<OwnedFd> {
    let socket = new_socket(address)?;
    set_socket_reuseaddr(&socket, true)?;
    bind(&socket, &SocketAddr::new(address, port))?;
    Ok(socket)
}

/// Lets a program of this machine bind the port of a reserved, not listening socket beside it.
pub fn let_bind_beside(reserved: &OwnedFd) -> io::Result<()> {
    Ok(set_socket_reuseaddr(reserved, true)?)
}

/// Makes a reserved socket accept connections; from then on the port can be bound again beside it.
pub(super) fn start_listening(reserved: &OwnedFd) -> io::Result<()> {
    set_socket_reuseaddr(reserved, true)?;
    set_socket_reuseport(reserved, true)?;
    Ok(listen(reserved, BACKLOG)?)
}

/// A new listening socket on the port.
///
/// `join` allows a port on which another socket of this user still listens (a process that outlived its agent): a
/// rebind then never fails. The caller must have made sure that no other cluster owns the port.
pub fn bind_cluster_listener(address: IpAddr, port: u16, join: bool) -> io::Result<OwnedFd> {
    let socket = new_socket(address)?;
    set_socket_reuseaddr(&socket, true)?;
    if join {
        set_socket_reuseport(&socket, true)?;
    }
    bind(&socket, &SocketAddr::new(address, port))?;
    start_listening(&socket)?;
    Ok(socket)
}

fn new_socket(address: IpAddr) -> io::Result<OwnedFd> {
    let family = if address.is_ipv4() {
        AddressFamily::INET
    } else {
        AddressFamily::INET6
    };
    Ok(socket_with(
        family,
        SocketType::STREAM,
        SocketFlags::CLOEXEC,
        None,
    )?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::{Ipv4Addr, TcpListener, TcpStream};

    const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn a_reserved_port_is_refused_to_others_until_it_listens() {
        let (socket, port) = reserve_port(LOCAL).expect("reserve");
        assert!(TcpListener::bind((LOCAL, port)).is_err());
        assert!(TcpStream::connect((LOCAL, port)).is_err());
        start_listening(&socket).expect("listen");
        TcpStream::connect((LOCAL, port)).expect("connect");
        assert!(bind_cluster_listener(LOCAL, port, false).is_err());
        bind_cluster_listener(LOCAL, port, true).expect("a rebind never fails");
    }

    #[test]
    fn a_program_can_listen_beside_a_reservation() {
        let (socket, port) = reserve_port(LOCAL).expect("reserve");
        let_bind_beside(&socket).expect("allow");
        // The standard library sets address reuse, as q does.
        let listener = TcpListener::bind((LOCAL, port)).expect("bind beside");
        TcpStream::connect((LOCAL, port)).expect("connect");
        listener.accept().expect("the program gets the connection");
        drop(listener);
        assert!(
            TcpStream::connect((LOCAL, port)).is_err(),
            "refused, not queued"
        );
        TcpListener::bind((LOCAL, port)).expect("and again");
    }

    #[test]
    fn a_queued_connection_survives_the_end_of_one_holder() {
        let (socket, port) = reserve_port(LOCAL).expect("reserve");
        start_listening(&socket).expect("listen");
        let other = TcpListener::from(socket.try_clone().expect("second holder"));
        let mut client = TcpStream::connect((LOCAL, port)).expect("connect");
        client.write_all(b"q").expect("send");
        drop(socket);
        let (mut accepted, _) = other.accept().expect("accept");
        let mut byte = [0];
        accepted.read_exact(&mut byte).expect("read");
        assert_eq!(&byte, b"q");
    }
}
