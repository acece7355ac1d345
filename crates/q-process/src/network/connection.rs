//! One connection: what it has sent, what it has yet to get, and how far its conversation is.

use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd};

use q_value::{QError, QResult, Symbol};
use q_wire::{Header, LOGIN_BYTES_MAX, Login, MessageKind, compress};

use super::http::{HttpRequest, RequestState, looks_like_http, parse_request};
use super::transport::{ReadEnd, Transport};
use super::web_socket::{self, Event, FrameState, WebSocket, parse_frame};

/// Messages up to this many bytes are never compressed.
const PLAIN_BYTES_MAX: usize = 2000;

/// How far a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// A login (or a request of HTTP) is arriving.
    Login,
    /// The login is being judged.
    Judged,
    /// Messages come and go.
    Open,
    /// An HTTP request is being answered.
    Answering,
    /// Frames of WebSocket come and go.
    Web,
}

/// What a connection has for the process to do.
pub(crate) enum Arrived {
    Login(Login),
    Message(MessageKind, Vec<u8>),
    Http(HttpRequest),
    /// A message of WebSocket: text or bytes.
    Web {
        is_text: bool,
        bytes: Vec<u8>,
    },
}

pub(crate) struct Connection {
    transport: Transport,
    pub(crate) stage: Stage,
    input: Vec<u8>,
    /// Bytes of `input` that are done with.
    consumed: usize,
    output: VecDeque<Vec<u8>>,
    /// Bytes of the first of `output` that are gone.
    sent: usize,
    pub(crate) user: Symbol,
    pub(crate) address: u32,
    pub(crate) capability: u8,
    pub(crate) is_far: bool,
    /// Synchronous messages not answered yet.
    pub(crate) owed: usize,
    /// The one being handled will be answered later.
    pub(crate) is_deferred: bool,
    /// The other side is gone, or broke the protocol.
    pub(crate) has_ended: bool,
    /// To be closed as soon as everything is sent.
    pub(crate) closes: bool,
    web: WebSocket,
}

impl Connection {
    pub(crate) fn new(transport: Transport, stage: Stage) -> Connection {
        Connection {
            transport,
            stage,
            input: Vec::new(),
            consumed: 0,
            output: VecDeque::new(),
            sent: 0,
            user: Symbol::NULL,
            address: 0,
            capability: 0,
            is_far: false,
            owed: 0,
            is_deferred: false,
            has_ended: false,
            closes: false,
            web: WebSocket::default(),
        }
    }

    /// True when messages may come and go.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.stage, Stage::Open | Stage::Web)
    }

    /// From now on frames of WebSocket come and go.
    pub(crate) fn become_web(&mut self, is_client: bool) {
        self.stage = Stage::Web;
        self.web.is_client = is_client;
    }

    /// The handle: the number of the descriptor.
    pub(crate) fn handle(&self) -> i32 {
        self.transport.descriptor()
    }

    pub(crate) fn has_output(&self) -> bool {
        !self.output.is_empty() || self.transport.wants_write()
    }

    /// Sizes in bytes of the messages that wait to be sent.
    pub(crate) fn queue(&self) -> Vec<i64> {
        self.output
            .iter()
            .enumerate()
            .map(|(at, message)| {
                let left = message.len() - if at == 0 { self.sent } else { 0 };
                i64::try_from(left).unwrap_or(i64::MAX)
            })
            .collect()
    }

    /// Takes what has arrived.
    pub(crate) fn fill(&mut self, scratch: &mut [u8]) {
        if self.transport.read(&mut self.input, scratch) == ReadEnd::Closed {
            self.has_ended = true;
        }
    }

    fn unread(&self) -> &[u8] {
        &self.input[self.consumed..]
    }

    /// The next `length` bytes, which are there.
    fn take(&mut self, length: usize) -> Vec<u8> {
        let message = if self.consumed == 0 && self.input.len() == length {
            std::mem::take(&mut self.input)
        } else {
            let message = self.input[self.consumed..self.consumed + length].to_vec();
            self.consumed += length;
            message
        };
        if self.consumed == self.input.len() {
            self.input.clear();
            self.consumed = 0;
        } else if self.consumed > 1 << 20 && self.consumed > self.input.len() / 2 {
            self.input.drain(..self.consumed);
            self.consumed = 0;
        }
        message
    }

    /// The next thing to do, if all of it has arrived. Bytes that break the protocol end the connection.
    pub(crate) fn next(&mut self) -> Option<Arrived> {
        match self.stage {
            Stage::Judged | Stage::Answering => None,
            Stage::Login => self.next_login(),
            Stage::Open => self.next_message(),
            Stage::Web => self.next_web_message(),
        }
    }

    /// Pings are answered, and so is the wish to close, on the way to the next message.
    fn next_web_message(&mut self) -> Option<Arrived> {
        while !self.closes {
            let (frame, length) = match parse_frame(self.unread()) {
                FrameState::Partial => return None,
                FrameState::Complete(frame, length) => (frame, length),
                FrameState::Broken => {
                    self.has_ended = true;
                    return None;
                }
            };
            self.take(length);
            match self.web.take(frame) {
                Some(Event::Message { is_text, bytes }) => {
                    return Some(Arrived::Web { is_text, bytes });
                }
                Some(Event::Ping(bytes)) => self.queue_frame(web_socket::PONG, &bytes),
                Some(Event::Close) => {
                    self.queue_frame(web_socket::CLOSE, &[]);
                    self.closes = true;
                    self.drain();
                }
                Some(Event::Nothing) => {}
                None => self.has_ended = true,
            }
            if self.has_ended {
                return None;
            }
        }
        None
    }

    /// Queues a message of WebSocket.
    pub(crate) fn queue_frame(&mut self, opcode: u8, payload: &[u8]) {
        let frame = self.web.frame(opcode, payload);
        self.queue_bytes(frame);
    }

    /// `t` for TCP (and TLS over it), `u` for Unix sockets.
    pub(crate) fn family(&self) -> u8 {
        match self.transport {
            Transport::Unix(_) => b'u',
            _ => b't',
        }
    }

    fn next_login(&mut self) -> Option<Arrived> {
        if looks_like_http(self.unread()) {
            return match parse_request(self.unread()) {
                RequestState::Partial => None,
                RequestState::Complete(request, length) => {
                    self.take(length);
                    self.stage = Stage::Answering;
                    Some(Arrived::Http(request))
                }
                RequestState::Broken => {
                    self.has_ended = true;
                    None
                }
            };
        }
        match Login::parse(self.unread()) {
            Some((login, length)) => {
                self.take(length);
                self.stage = Stage::Judged;
                Some(Arrived::Login(login))
            }
            None => {
                if self.unread().len() > LOGIN_BYTES_MAX {
                    self.has_ended = true;
                }
                None
            }
        }
    }

    fn next_message(&mut self) -> Option<Arrived> {
        if self.unread().len() < Header::LENGTH {
            return None;
        }
        let Ok(header) = Header::parse(self.unread()) else {
            self.has_ended = true;
            self.input.clear();
            self.consumed = 0;
            return None;
        };
        let length = usize::try_from(header.length).ok()?;
        if self.unread().len() < length {
            return None;
        }
        if header.kind == MessageKind::Sync {
            self.owed += 1;
        }
        Some(Arrived::Message(header.kind, self.take(length)))
    }

    /// Queues bytes as they are.
    pub(crate) fn queue_bytes(&mut self, bytes: Vec<u8>) {
        if !bytes.is_empty() && !self.has_ended {
            self.output.push_back(bytes);
        }
    }

    /// Queues a message, compressed when it is long and goes far.
    pub(crate) fn queue_message(&mut self, message: Vec<u8>) {
        let compressed = if self.is_far && self.capability > 0 && message.len() > PLAIN_BYTES_MAX {
            compress(&message)
        } else {
            None
        };
        self.queue_bytes(compressed.unwrap_or(message));
    }

    /// Sends what the other side takes now.
    pub(crate) fn drain(&mut self) {
        while let Some(first) = self.output.front() {
            match self.transport.write(&first[self.sent..]) {
                Ok(0) => return,
                Ok(count) => {
                    self.sent += count;
                    if self.sent == first.len() {
                        self.output.pop_front();
                        self.sent = 0;
                    }
                }
                Err(_) => {
                    self.has_ended = true;
                    self.output.clear();
                    self.sent = 0;
                    return;
                }
            }
        }
        // TLS may hold back records of its own
        if self.transport.wants_write() && self.transport.write(&[]).is_err() {
            self.has_ended = true;
        }
        if self.closes && !self.has_output() {
            self.transport.finish();
            self.has_ended = true;
        }
    }

    /// Takes an answer off the count of those owed. Errors when none is.
    pub(crate) fn settle(&mut self) -> QResult<()> {
        if self.owed == 0 {
            return Err(QError::signal(format!(
                "Handle {} was not expecting a response msg",
                self.handle()
            )));
        }
        self.owed -= 1;
        self.is_deferred = false;
        Ok(())
    }

    pub(crate) fn finish(&mut self) {
        self.transport.finish();
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.transport.as_fd()
    }
}
