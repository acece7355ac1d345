//! All sockets of the process: listeners, clients, and the processes it has opened.
//!
//! Nothing here waits but [`Network::poll`] and the calls that q code makes to wait (`receive`, `flush`, `connect`).
//! Messages are taken from connections in turn, one each, so that none starves the others.

mod address;
mod client;
mod connection;
mod http;
mod http_client;
mod listener;
mod tls;
mod transport;
mod web_client;
mod web_socket;

use std::collections::{BTreeMap, VecDeque};
use std::io::ErrorKind;
use std::net::TcpStream;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use q_engine::system::{ConnectionState, Incoming};
use q_value::{QError, QResult, Symbol, Value};
use q_wire::{CAPABILITY, Login, MessageKind, agreed_capability, encode_answer, encode_message};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustls::ServerConfig;

use crate::os::system_error;
use address::parse_listen;
use connection::{Arrived, Connection, Stage};
pub(crate) use http::{HttpRequest, response as http_response};
use listener::{Accepted, AcceptedSocket, Listener};
pub(crate) use tls::TlsMode;
use transport::Transport;
pub(crate) use web_socket::ACCEPT_SUFFIX;

/// Something for the process to do, found by [`Network::next_work`].
pub(crate) enum Work {
    /// Judge it, then call [`Network::judge`].
    Login { handle: i32, login: Login },
    /// Run it; of a synchronous one send the answer, unless it was deferred.
    Message {
        handle: i32,
        kind: MessageKind,
        message: Vec<u8>,
    },
    /// Answer with [`Network::answer_http`].
    Http { handle: i32, request: HttpRequest },
    /// A message of WebSocket, for `.z.ws`.
    Web {
        handle: i32,
        is_text: bool,
        bytes: Vec<u8>,
    },
    /// The connection is gone already.
    Closed {
        handle: i32,
        is_web: bool,
        user: Symbol,
        address: u32,
    },
}

/// What [`Network::poll`] found besides sockets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Ready {
    /// Standard input can be read.
    pub(crate) input: bool,
    /// Any socket, input or signal was ready.
    pub(crate) any: bool,
}

/// A client of which nothing has been read.
struct Fresh {
    socket: TcpStream,
    address: u32,
    is_far: bool,
}

pub(crate) struct Network {
    listeners: Vec<Listener>,
    /// As `\p` shows it.
    port: i32,
    fresh: Vec<Fresh>,
    connections: BTreeMap<i32, Connection>,
    /// Handles that may have something to do.
    ready: VecDeque<i32>,
    tls_mode: TlsMode,
    tls: Option<Arc<ServerConfig>>,
    /// Out of descriptors: no accepting before this.
    accept_after: Option<Instant>,
    interrupt: Arc<AtomicBool>,
    scratch: Vec<u8>,
}

/// Bytes read from a socket in one call.
const SCRATCH_BYTES: usize = 256 * 1024;
/// Queues beyond this are sent before the next event, so that a publisher in a loop does not fill the memory.
const QUEUE_BYTES_EAGER: usize = 1 << 20;
/// While a reply is awaited, how often an interrupt from another thread is looked for.
const INTERRUPT_PERIOD: Duration = Duration::from_millis(50);
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long messages may take to leave when their connection or the process ends.
const LAST_FLUSH: Duration = Duration::from_millis(1000);

fn not_open(handle: i32, what: &str) -> QError {
    QError::signal(format!(
        "Cannot {what} handle {handle}. OS reports: Bad file descriptor"
    ))
}

impl Network {
    pub(crate) fn new() -> Network {
        Network {
            listeners: Vec::new(),
            port: 0,
            fresh: Vec::new(),
            connections: BTreeMap::new(),
            ready: VecDeque::new(),
            tls_mode: TlsMode::Plain,
            tls: None,
            accept_after: None,
            interrupt: Arc::default(),
            scratch: vec![0; SCRATCH_BYTES],
        }
    }

    /// The flag that ends waiting with `stop`.
    pub(crate) fn set_interrupt(&mut self, interrupt: Arc<AtomicBool>) {
        self.interrupt = interrupt;
    }

    /// Says which protocols clients may use from now on. Errors: a certificate that cannot be used.
    pub(crate) fn set_tls_mode(&mut self, mode: TlsMode) -> std::io::Result<()> {
        if mode != TlsMode::Plain && self.tls.is_none() {
            self.tls = Some(tls::server_config()?);
        }
        self.tls_mode = mode;
        Ok(())
    }

    /// Takes over the sockets of `LISTEN_FDS`; the port of the first is the port of the process. To be called once, before
    /// anything is opened.
    pub(crate) fn adopt_inherited(&mut self) {
        self.listeners.extend(listener::inherited());
        if let Some(first) = self.listeners.first() {
            self.port = i32::from(first.port());
        }
    }

    /// Listens as `\p` says; sockets inherited from whoever started the process stay. Errors: the text itself when it is no
    /// port, else the system's.
    pub(crate) fn listen(&mut self, specification: &str) -> QResult<()> {
        let spec = parse_listen(specification).ok_or_else(|| QError::signal(specification))?;
        let Some(spec) = spec else {
            self.listeners.retain(Listener::is_inherited);
            self.port = self
                .listeners
                .first()
                .map_or(0, |first| i32::from(first.port()));
            return Ok(());
        };
        if spec.port != 0 && i32::from(spec.port) == self.port.abs() && !self.listeners.is_empty() {
            return Ok(());
        }
        let socket = Listener::free_of(&spec)
            .map_err(|error| system_error(&format!("{}", spec.port), &error))?;
        let port = socket.port();
        self.listeners.retain(Listener::is_inherited);
        self.listeners.push(socket);
        // shared ports have one Unix socket among them, and some systems none at all: TCP is what was asked for
        if let Ok(Some(unix)) = Listener::unix(port) {
            self.listeners.push(unix);
        }
        self.port = if spec.negative {
            -i32::from(port)
        } else {
            i32::from(port)
        };
        Ok(())
    }

    pub(crate) fn listening_port(&self) -> i32 {
        self.port
    }

    pub(crate) fn is_listening(&self) -> bool {
        !self.listeners.is_empty()
    }

    /// True when anything may still arrive.
    pub(crate) fn is_connected(&self) -> bool {
        self.is_listening() || !self.fresh.is_empty() || !self.connections.is_empty()
    }

    /// Takes whoever waits already, then listens no more. Those who wait at an inherited socket are left to the processes
    /// that share it or come after this one: there they may stay.
    pub(crate) fn stop_listening(&mut self) {
        self.listeners.retain(|listener| !listener.is_inherited());
        self.accept_all();
        self.listeners.clear();
        self.port = 0;
    }

    pub(crate) fn is_open(&self, handle: i32) -> bool {
        self.connections
            .get(&handle)
            .is_some_and(|connection| connection.is_open() && !connection.has_ended)
    }

    /// User and address of the other side.
    pub(crate) fn peer(&self, handle: i32) -> (Symbol, u32) {
        self.connections
            .get(&handle)
            .map_or((Symbol::NULL, 0), |connection| {
                (connection.user, connection.address)
            })
    }

    /// Open handles with the sizes of the messages that wait to be sent.
    pub(crate) fn queues(&self) -> Vec<(i32, Vec<i64>)> {
        self.connections
            .iter()
            .filter(|(_, connection)| connection.is_open())
            .map(|(handle, connection)| (*handle, connection.queue()))
            .collect()
    }

    pub(crate) fn state(&self, handle: i32) -> Option<ConnectionState> {
        let connection = self
            .connections
            .get(&handle)
            .filter(|_| self.is_open(handle))?;
        let queue = connection.queue();
        Some(ConnectionState {
            protocol: if connection.stage == Stage::Web {
                b'w'
            } else {
                b'q'
            },
            family: connection.family(),
            compresses: connection.compresses,
            unsent_messages: queue.len() as i64,
            unsent_bytes: queue.iter().sum(),
        })
    }

    pub(crate) fn set_compression(&mut self, handle: i32, is_on: bool) -> QResult<()> {
        let connection = self
            .connections
            .get_mut(&handle)
            .ok_or_else(QError::domain)?;
        connection.compresses = is_on;
        Ok(())
    }

    fn insert(&mut self, connection: Connection) -> i32 {
        let handle = connection.handle();
        self.connections.insert(handle, connection);
        self.ready.push_back(handle);
        handle
    }

    // -- waiting ---------------------------------------------------------------------------------------------------

    /// Sends what can be sent, waits until something is ready or the time is up (`None`: for ever), and takes what has
    /// arrived. `signals` wakes it up as well.
    pub(crate) fn poll(
        &mut self,
        input: bool,
        signals: &impl AsFd,
        timeout: Option<Duration>,
    ) -> Ready {
        self.drain_all();
        let now = Instant::now();
        let accepts = self.accept_after.is_none_or(|at| at <= now);
        let timeout = match self.accept_after {
            Some(at) if !accepts => {
                let pause = at - now;
                Some(timeout.map_or(pause, |timeout| timeout.min(pause)))
            }
            _ => timeout,
        };
        let standard_input = rustix::stdio::stdin();
        let mut polled = vec![PollFd::new(signals, PollFlags::IN)];
        if input {
            polled.push(PollFd::new(&standard_input, PollFlags::IN));
        }
        let first_listener = polled.len();
        if accepts {
            polled.extend(
                self.listeners
                    .iter()
                    .map(|listener| PollFd::new(listener, PollFlags::IN)),
            );
        }
        let first_fresh = polled.len();
        polled.extend(
            self.fresh
                .iter()
                .map(|fresh| PollFd::new(&fresh.socket, PollFlags::IN)),
        );
        let first_connection = polled.len();
        let mut handles = Vec::with_capacity(self.connections.len());
        for (handle, connection) in &self.connections {
            if connection.has_ended {
                continue;
            }
            handles.push(*handle);
            polled.push(PollFd::new(connection, interest(connection)));
        }
        let timeout = if self.ready.is_empty() {
            timeout
        } else {
            Some(Duration::ZERO)
        };
        if !wait(&mut polled, timeout) {
            return Ready::default();
        }
        let is_ready = |polled: &PollFd<'_>| !polled.revents().is_empty();
        let ready = Ready {
            input: input && polled.get(1).is_some_and(is_ready),
            any: true,
        };
        let accept = polled[first_listener..first_fresh].iter().any(is_ready);
        let fresh: Vec<bool> = polled[first_fresh..first_connection]
            .iter()
            .map(is_ready)
            .collect();
        let events: Vec<(i32, PollFlags)> = handles
            .iter()
            .zip(&polled[first_connection..])
            .filter(|(_, polled)| is_ready(polled))
            .map(|(handle, polled)| (*handle, polled.revents()))
            .collect();
        drop(polled);
        for (handle, flags) in events {
            self.serve(handle, flags);
        }
        self.look_at_fresh(&fresh);
        if accept {
            self.accept_all();
        }
        ready
    }

    fn drain_all(&mut self) {
        for (handle, connection) in &mut self.connections {
            if connection.has_output() || connection.closes {
                connection.drain();
                if connection.has_ended {
                    self.ready.push_back(*handle);
                }
            }
        }
    }

    fn serve(&mut self, handle: i32, flags: PollFlags) {
        let Some(connection) = self.connections.get_mut(&handle) else {
            return;
        };
        if flags.contains(PollFlags::OUT) {
            connection.drain();
        }
        if flags.intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
            connection.fill(&mut self.scratch);
        }
        self.ready.push_back(handle);
    }

    fn accept_all(&mut self) {
        let mut accepted: Vec<Accepted> = Vec::new();
        for listener in &self.listeners {
            loop {
                match listener.accept() {
                    Ok(client) => accepted.push(client),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(error)
                        if matches!(
                            error.kind(),
                            ErrorKind::Interrupted | ErrorKind::ConnectionAborted
                        ) => {}
                    Err(_) => {
                        // out of descriptors or memory: those who wait are served when others have left
                        self.accept_after = Some(Instant::now() + ACCEPT_PAUSE);
                        break;
                    }
                }
            }
        }
        for client in accepted {
            match client.socket {
                AcceptedSocket::Tcp(socket) => self.fresh.push(Fresh {
                    socket,
                    address: client.address,
                    is_far: client.is_far,
                }),
                AcceptedSocket::Unix(socket) => {
                    let connection = Connection::new(Transport::Unix(socket), Stage::Login);
                    self.insert(connection);
                }
            }
        }
    }

    /// Tells TLS from plain by the first byte; `ready` says for which of the fresh clients it has arrived.
    fn look_at_fresh(&mut self, ready: &[bool]) {
        let fresh = std::mem::take(&mut self.fresh);
        for (at, client) in fresh.into_iter().enumerate() {
            if !ready.get(at).copied().unwrap_or(false) {
                self.fresh.push(client);
                continue;
            }
            let mut first = [0u8];
            match client.socket.peek(&mut first) {
                Ok(0) => continue,
                Ok(_) => {}
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) =>
                {
                    self.fresh.push(client);
                    continue;
                }
                Err(_) => continue,
            }
            let is_tls = first == [0x16];
            let transport = match (&self.tls, self.tls_mode) {
                (Some(config), TlsMode::PlainAndTls | TlsMode::TlsOnly) if is_tls => {
                    match Transport::tls_server(client.socket, Arc::clone(config)) {
                        Ok(transport) => transport,
                        Err(_) => continue,
                    }
                }
                (_, TlsMode::TlsOnly) => continue,
                _ => Transport::Tcp(client.socket),
            };
            let mut connection = Connection::new(transport, Stage::Login);
            connection.address = client.address;
            connection.compresses = client.is_far;
            connection.fill(&mut self.scratch);
            self.insert(connection);
        }
    }

    // -- work ------------------------------------------------------------------------------------------------------

    /// The next thing to do; connections take turns. `None` when all that has arrived is done.
    pub(crate) fn next_work(&mut self) -> Option<Work> {
        while let Some(handle) = self.ready.pop_front() {
            let Some(connection) = self.connections.get_mut(&handle) else {
                continue;
            };
            match connection.next() {
                Some(arrived) => {
                    self.ready.push_back(handle);
                    return Some(match arrived {
                        Arrived::Login(login) => Work::Login { handle, login },
                        Arrived::Message(kind, message) => Work::Message {
                            handle,
                            kind,
                            message,
                        },
                        Arrived::Http(request) => Work::Http { handle, request },
                        Arrived::Web { is_text, bytes } => Work::Web {
                            handle,
                            is_text,
                            bytes,
                        },
                    });
                }
                None if connection.has_ended => {
                    let connection = self.connections.remove(&handle)?;
                    if connection.is_open() {
                        return Some(Work::Closed {
                            handle,
                            is_web: connection.stage == Stage::Web,
                            user: connection.user,
                            address: connection.address,
                        });
                    }
                }
                None => {}
            }
        }
        None
    }

    /// Lets a client in, or closes the door without a word.
    pub(crate) fn judge(&mut self, handle: i32, login: &Login, accepted: bool) {
        let Some(connection) = self.connections.get_mut(&handle) else {
            return;
        };
        if !accepted {
            self.connections.remove(&handle);
            return;
        }
        connection.capability = agreed_capability(login.capability);
        connection.user = Symbol::new(&login.user);
        connection.stage = Stage::Open;
        connection.queue_bytes(vec![connection.capability]);
        connection.drain();
        self.ready.push_back(handle);
    }

    /// True when the answer to the message being handled will come later.
    pub(crate) fn is_deferred(&mut self, handle: i32) -> bool {
        self.connections
            .get_mut(&handle)
            .is_some_and(|connection| std::mem::take(&mut connection.is_deferred))
    }

    /// Answers the wish of an HTTP request to speak WebSocket; messages come and go from now on.
    pub(crate) fn upgrade(&mut self, handle: i32, user: Symbol, response: Vec<u8>) {
        if let Some(connection) = self.connections.get_mut(&handle) {
            connection.user = user;
            connection.queue_bytes(response);
            connection.become_web(false);
            connection.drain();
            self.ready.push_back(handle);
        }
    }

    pub(crate) fn answer_http(&mut self, handle: i32, response: Vec<u8>) {
        if let Some(connection) = self.connections.get_mut(&handle) {
            connection.queue_bytes(response);
            connection.closes = true;
            connection.drain();
            self.ready.push_back(handle);
        }
    }

    // -- what q code does with handles -----------------------------------------------------------------------------

    fn open_connection(&mut self, handle: i32, what: &str) -> QResult<&mut Connection> {
        match self.connections.get_mut(&handle) {
            Some(connection) if connection.is_open() && !connection.has_ended => Ok(connection),
            _ => Err(not_open(handle, what)),
        }
    }

    pub(crate) fn send_async(&mut self, handle: i32, message: &Value) -> QResult<()> {
        self.send(handle, MessageKind::Async, message)
    }

    pub(crate) fn send_sync(&mut self, handle: i32, message: &Value) -> QResult<()> {
        self.send(handle, MessageKind::Sync, message)
    }

    fn send(&mut self, handle: i32, kind: MessageKind, message: &Value) -> QResult<()> {
        let connection = self.open_connection(handle, "write to")?;
        if connection.stage == Stage::Web {
            // texts and bytes go as they are, and nothing is waited for
            match (kind, message) {
                (MessageKind::Async, Value::Bytes(bytes)) => {
                    connection.queue_frame(web_socket::BINARY, bytes);
                }
                (MessageKind::Async, message) => {
                    let text = message.as_text().ok_or_else(QError::type_error)?;
                    connection.queue_frame(web_socket::TEXT, text);
                }
                _ => return Err(QError::type_error()),
            }
        } else {
            let message = encode_message(kind, message, connection.capability)?;
            connection.queue_message(message);
        }
        let queued: i64 = connection.queue().iter().sum();
        if usize::try_from(queued).is_ok_and(|queued| queued > QUEUE_BYTES_EAGER) {
            connection.drain();
        }
        Ok(())
    }

    /// Waits until everything queued for the handle has been taken by the system.
    pub(crate) fn flush(&mut self, handle: i32) -> QResult<()> {
        loop {
            let connection = self.open_connection(handle, "write to")?;
            connection.drain();
            if connection.has_ended {
                return Err(QError::new("close"));
            }
            if !connection.has_output() {
                return Ok(());
            }
            self.check_interrupt()?;
            self.wait_for(handle, PollFlags::OUT, INTERRUPT_PERIOD);
        }
    }

    fn check_interrupt(&self) -> QResult<()> {
        if self.interrupt.swap(false, Ordering::Relaxed) {
            return Err(QError::stop());
        }
        Ok(())
    }

    /// Waits for one handle, while others may send what is queued for them.
    fn wait_for(&mut self, handle: i32, flags: PollFlags, timeout: Duration) {
        let mut handles = Vec::new();
        let mut polled = Vec::new();
        for (other, connection) in &self.connections {
            let mut wanted = if *other == handle {
                flags
            } else {
                PollFlags::empty()
            };
            if connection.has_output() {
                wanted |= PollFlags::OUT;
            }
            if !connection.has_ended && !wanted.is_empty() {
                handles.push(*other);
                polled.push(PollFd::new(connection, wanted));
            }
        }
        if !wait(&mut polled, Some(timeout)) {
            return;
        }
        let events: Vec<(i32, PollFlags)> = handles
            .iter()
            .zip(&polled)
            .map(|(handle, polled)| (*handle, polled.revents()))
            .filter(|(_, flags)| !flags.is_empty())
            .collect();
        drop(polled);
        for (other, flags) in events {
            self.serve(other, flags);
        }
    }

    /// Waits for the next message on a handle.
    pub(crate) fn receive(&mut self, handle: i32) -> QResult<Incoming> {
        self.drain_all();
        loop {
            let Some(connection) = self.connections.get_mut(&handle) else {
                return Err(not_open(handle, "read from"));
            };
            match connection.next() {
                Some(Arrived::Message(kind, message)) => {
                    // what came with it is looked at when the process is idle
                    self.ready.push_back(handle);
                    return Ok(Incoming { kind, message });
                }
                Some(_) => return Err(not_open(handle, "read from")),
                None if connection.has_ended => {
                    // the event loop tells `.z.pc`
                    self.ready.push_back(handle);
                    return Err(QError::new("close"));
                }
                None => {}
            }
            self.check_interrupt()?;
            self.wait_for(handle, PollFlags::IN, INTERRUPT_PERIOD);
        }
    }

    pub(crate) fn reply(&mut self, handle: i32, answer: &QResult<Value>) -> QResult<()> {
        let connection = self
            .connections
            .get_mut(&handle)
            .ok_or_else(QError::domain)?;
        connection.settle()?;
        let message = encode_answer(answer, connection.capability);
        connection.queue_message(message);
        connection.drain();
        if connection.has_ended {
            self.ready.push_back(handle);
        }
        Ok(())
    }

    pub(crate) fn defer(&mut self, handle: i32) -> QResult<()> {
        let connection = self.open_connection(handle, "defer on")?;
        connection.is_deferred = true;
        Ok(())
    }

    /// Closes a handle after sending what is queued for it. `.z.pc` is not called for handles closed by q code itself.
    pub(crate) fn close(&mut self, handle: i32) -> QResult<()> {
        if !self
            .connections
            .get(&handle)
            .is_some_and(Connection::is_open)
        {
            return Err(not_open(handle, "close"));
        }
        if let Some(connection) = self.connections.get_mut(&handle)
            && connection.stage == Stage::Web
        {
            connection.queue_frame(web_socket::CLOSE, &[]);
        }
        self.flush_until(handle, Instant::now() + LAST_FLUSH);
        if let Some(mut connection) = self.connections.remove(&handle) {
            connection.finish();
        }
        Ok(())
    }

    fn flush_until(&mut self, handle: i32, deadline: Instant) {
        while let Some(connection) = self.connections.get_mut(&handle)
            && !connection.has_ended
            && connection.has_output()
        {
            connection.drain();
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || !connection.has_output() {
                return;
            }
            self.wait_for(handle, PollFlags::OUT, left);
        }
    }

    /// Gives messages that are queued a last chance to leave.
    pub(crate) fn flush_before_exit(&mut self) {
        let deadline = Instant::now() + LAST_FLUSH;
        let handles: Vec<i32> = self.connections.keys().copied().collect();
        for handle in handles {
            self.flush_until(handle, deadline);
            if let Some(connection) = self.connections.get_mut(&handle) {
                connection.finish();
            }
        }
    }

    /// Takes over a connection that the process has made and logged in on.
    fn add_opened(&mut self, transport: Transport, capability: u8, is_far: bool) -> i32 {
        let mut connection = Connection::new(transport, Stage::Open);
        connection.capability = capability.min(CAPABILITY);
        connection.compresses = is_far;
        // what came with the answer to the login may be inside the TLS session already
        connection.fill(&mut self.scratch);
        self.insert(connection)
    }
}

fn interest(connection: &Connection) -> PollFlags {
    if connection.has_output() {
        PollFlags::IN | PollFlags::OUT
    } else {
        PollFlags::IN
    }
}

/// False when the time is up or a signal came in between.
fn wait(polled: &mut [PollFd<'_>], timeout: Option<Duration>) -> bool {
    let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
    matches!(rustix::event::poll(polled, timeout.as_ref()), Ok(count) if count > 0)
}
