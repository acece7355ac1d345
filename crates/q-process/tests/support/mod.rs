//! A q process under test and a client of it.
#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "each test program uses its own part of this"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

pub(crate) mod terminal;

use q_value::{QResult, Value};
use q_wire::{Header, Login, MessageKind, TextOnly, decode_message, encode_message};

/// No answer takes longer, however slow the machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn q() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_q"));
    command.env_remove("QSPACE_TLS").env("TZ", "UTC");
    command
}

/// What `q -q` with these arguments makes of lines on its input.
pub(crate) fn run(arguments: &[&str], input: &str, folder: &Path) -> Output {
    let mut child = q()
        .arg("-q")
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("q starts");
    let mut stdin = child.stdin.take().expect("piped");
    let input = input.to_owned();
    let writer = std::thread::spawn(move || {
        // a process that ends early does not read the rest
        let _ = stdin.write_all(input.as_bytes());
    });
    let output = child.wait_with_output().expect("q ends");
    writer.join().expect("written");
    output
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A q process that listens on a port of its own; ended when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) port: u16,
    output: BufReader<std::process::ChildStdout>,
    pub(crate) folder: tempfile::TempDir,
}

impl Server {
    /// Starts q on a script and any free port.
    pub(crate) fn start(script: &str, arguments: &[&str]) -> Server {
        Server::start_with(q(), script, &[&["-p", "0W"], arguments].concat())
    }

    /// Starts a command on a script that tells its port first.
    pub(crate) fn start_with(mut command: Command, script: &str, arguments: &[&str]) -> Server {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("script.q");
        let script = format!("-1 string system\"p\";\n{script}\n-1 \"ready\";\n");
        std::fs::write(&path, script).expect("written");
        let mut child = command
            .arg(&path)
            .arg("-q")
            .args(arguments)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("q starts");
        let output = BufReader::new(child.stdout.take().expect("piped"));
        let mut server = Server {
            child,
            port: 0,
            output,
            folder,
        };
        server.port = server.line().parse().expect("a port");
        while server.line() != "ready" {}
        server
    }

    /// The next line of its output.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        let count = self.output.read_line(&mut line).expect("read");
        assert!(count > 0, "q ended early");
        line.trim_end().to_owned()
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let id = i32::try_from(self.child.id()).expect("small");
        let process = rustix::process::Pid::from_raw(id).expect("not zero");
        rustix::process::kill_process(process, signal).expect("signalled");
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("a child of ours").is_none()
    }

    /// Waits for its end; the status and the rest of its output.
    pub(crate) fn wait(mut self) -> (Option<i32>, String) {
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).expect("read");
        let status = self.child.wait().expect("ends");
        (status.code(), rest)
    }

    pub(crate) fn connect(&self) -> Client {
        Client::log_in(self.port, "user", "").expect("let in")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // gone already is fine
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A client that shares no code with the process but the wire format.
pub(crate) struct Client {
    pub(crate) stream: TcpStream,
}

impl Client {
    /// `None` when the door is closed.
    pub(crate) fn log_in(port: u16, user: &str, password: &str) -> Option<Client> {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).expect("set");
        let login = Login {
            user: user.into(),
            password: password.into(),
            capability: Some(q_wire::CAPABILITY),
        };
        stream.write_all(&login.to_bytes()).ok()?;
        let mut answer = [0];
        stream.read_exact(&mut answer).ok()?;
        assert_eq!(answer, [q_wire::CAPABILITY]);
        Some(Client { stream })
    }

    pub(crate) fn send(&mut self, kind: MessageKind, message: &Value) {
        let bytes = encode_message(kind, message, 6).expect("encodes");
        self.stream.write_all(&bytes).expect("sent");
    }

    /// The next message; `None` at the end of the connection.
    pub(crate) fn receive(&mut self) -> Option<(MessageKind, QResult<Value>)> {
        let mut message = vec![0; Header::LENGTH];
        self.stream.read_exact(&mut message).ok()?;
        let header = Header::parse(&message).expect("a header");
        let length = usize::try_from(header.length).expect("fits");
        message.resize(length, 0);
        self.stream
            .read_exact(&mut message[Header::LENGTH..])
            .ok()?;
        let decoded = decode_message(&message, &mut TextOnly).expect("decodes");
        Some((decoded.kind, decoded.payload))
    }

    pub(crate) fn ask(&mut self, text: &str) -> QResult<Value> {
        self.send(MessageKind::Sync, &Value::string(text));
        let (kind, payload) = self.receive().expect("answered");
        assert_eq!(kind, MessageKind::Response);
        payload
    }

    /// As [`Client::ask`], the error's text.
    pub(crate) fn error(&mut self, text: &str) -> String {
        match self.ask(text) {
            Ok(value) => panic!("{text} gave {value:?}"),
            Err(error) => self::text(error.text()),
        }
    }

    #[track_caller]
    pub(crate) fn expect(&mut self, text: &str, expected: &Value) {
        match self.ask(text) {
            Ok(value) => assert!(value.is_identical(expected), "{text} gave {value:?}"),
            Err(error) => panic!("{text} signalled {error}"),
        }
    }

    pub(crate) fn long(&mut self, text: &str) -> i64 {
        match self.ask(text).expect("a value").as_i64() {
            Some(number) => number,
            None => panic!("{text} gave no number"),
        }
    }
}
