//! Names and facts of the machine and the user.

use std::ffi::OsStr;
use std::io::Read;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

pub(crate) fn variable(name: &[u8]) -> Option<Vec<u8>> {
    // such names would make the standard library panic
    if name.is_empty() || name.contains(&b'=') || name.contains(&0) {
        return None;
    }
    std::env::var_os(OsStr::from_bytes(name)).map(OsStringExt::into_vec)
}

pub(crate) fn host_name() -> String {
    rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned()
}

/// The name of the user that runs the process: of the account, else of the environment, else the number.
pub(crate) fn user_name() -> String {
    let id = rustix::process::getuid().as_raw().to_string();
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    accounts
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .find(|fields| fields.get(2) == Some(&id.as_str()))
        .and_then(|fields| fields.first().map(|name| (*name).to_owned()))
        .or_else(|| std::env::var("USER").ok())
        .unwrap_or(id)
}

/// The first IPv4 address of a host, most significant byte first.
pub(crate) fn resolve_host(name: &str) -> Option<u32> {
    (name, 0)
        .to_socket_addrs()
        .ok()?
        .find_map(|address| ipv4(&address))
}

/// The IPv4 address of a socket's end, also of a mapped IPv6 address.
pub(crate) fn ipv4(address: &SocketAddr) -> Option<u32> {
    match address.ip() {
        IpAddr::V4(ip) => Some(ip.to_bits()),
        IpAddr::V6(ip) => ip.to_ipv4().map(std::net::Ipv4Addr::to_bits),
    }
}

/// The name of an address in the hosts file; the resolver of the system offers no safe way to ask it the other way round.
pub(crate) fn host_of_address(address: u32) -> Option<String> {
    let text = std::net::Ipv4Addr::from_bits(address).to_string();
    let hosts = std::fs::read_to_string("/etc/hosts").ok()?;
    hosts.lines().find_map(|line| {
        let mut words = line.split('#').next()?.split_whitespace();
        (words.next()? == text)
            .then(|| words.next().map(str::to_owned))
            .flatten()
    })
}

/// Fills `bytes` from the system's generator.
pub(crate) fn entropy(bytes: &mut [u8]) {
    let filled = std::fs::File::open("/dev/urandom").and_then(|mut file| file.read_exact(bytes));
    if filled.is_err() {
        // without the device: what the standard library draws for its hash maps
        use std::hash::{BuildHasher, Hasher};
        for chunk in bytes.chunks_mut(8) {
            let drawn = std::collections::hash_map::RandomState::new()
                .build_hasher()
                .finish()
                .to_le_bytes();
            chunk.copy_from_slice(&drawn[..chunk.len()]);
        }
    }
}
