//! A small q client: connects, asks, and says which of the two failed.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use q_value::Value;
use q_wire::{CAPABILITY, Login, MessageKind, TextOnly, decode_message, encode_message};

/// No answer takes longer in the demonstration; a longer silence is a failure to report.
const TIMEOUT: Duration = Duration::from_secs(10);

/// An open handle to a q process.
#[derive(Debug)]
pub struct QClient {
    stream: TcpStream,
}

/// The parts of a connection string that GetKxConnectionString gives out.
#[derive(Debug, Clone)]
pub struct Target {
    pub host: String,
    pub port: u16,
    pub user: String,
    pub password: String,
}

impl Target {
    /// Reads `:tcps://host:port:user:password`.
    pub fn parse(text: &str) -> anyhow::Result<Target> {
        let parts: Vec<&str> = text.split(':').collect();
        let [_, _, host, port, user, password] = parts.as_slice() else {
            anyhow::bail!(
                "the connection string {text:?} has not the form :tcps://host:port:user:password"
            );
        };
        Ok(Target {
            host: host.trim_start_matches('/').to_owned(),
            port: port.parse()?,
            user: (*user).to_owned(),
            password: (*password).to_owned(),
        })
    }
}

impl QClient {
    /// Connects and logs in.
    ///
    /// Errors: those of the network; `PermissionDenied` when the login is refused.
    pub fn connect(target: &Target) -> io::Result<QClient> {
        let address = (target.host.as_str(), target.port)
            .to_socket_addrs()?
            .next()
            .ok_or_else(|| {
                io::Error::new(
                    io::ErrorKind::NotFound,
                    format!("no address for {}", target.host),
                )
            })?;
        let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        let login = Login {
            user: target.user.clone().into_bytes(),
            password: target.password.clone().into_bytes(),
            capability: Some(CAPABILITY),
        };
        stream.write_all(&login.to_bytes())?;
        let mut capability = [0];
        match stream.read(&mut capability)? {
            1 => Ok(QClient { stream }),
            _ => Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "the login was refused",
            )),
        }
    }

    /// Evaluates text on the other side and waits for the value.
    ///
    /// Errors: those of the network; `Other` with q's error text.
    pub fn ask(&mut self, query: &str) -> io::Result<Value> {
        let message =
            encode_message(MessageKind::Sync, &Value::string(query), CAPABILITY).map_err(as_io)?;
        self.stream.write_all(&message)?;
        let mut header = [0; 8];
        self.stream.read_exact(&mut header)?;
        let length = q_wire::Header::parse(&header).map_err(as_io)?.length;
        let mut answer = header.to_vec();
        (&mut self.stream)
            .take(length.saturating_sub(8))
            .read_to_end(&mut answer)?;
        decode_message(&answer, &mut TextOnly)
            .and_then(|decoded| decoded.payload)
            .map_err(as_io)
    }

    /// As [`QClient::ask`], of a query that gives a long.
    pub fn ask_long(&mut self, query: &str) -> io::Result<i64> {
        let answer = self.ask(query)?;
        answer
            .as_i64()
            .ok_or_else(|| io::Error::other(format!("{query} gave {answer:?}, not a number")))
    }
}

fn as_io(error: q_value::QError) -> io::Error {
    io::Error::other(error.to_string())
}
