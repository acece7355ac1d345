//! The agent alone as a program, with a q that follows a script of commands instead of evaluating q.
//!
//! The tests of this crate run it, so that every way in which a q can behave or misbehave can be had at will, without an
//! engine. Called as `node ...` it is the agent, as `node-exec ...` the stage before q, as `q ...` the scripted q.

#![expect(
    unsafe_code,
    reason = "an inherited listening socket is known by its number only"
)]

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{FromRawFd, OwnedFd};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use node_agent::{ExecStage, NodeOptions};
use q_value::Value;
use q_wire::{CAPABILITY, Header, Login, MessageKind, TextOnly, decode_message, encode_message};

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let outcome = match arguments
        .next()
        .and_then(|name| name.into_string().ok())
        .as_deref()
    {
        Some("node") => agent(Options::of(arguments)),
        Some("node-exec") => Err(stage(arguments).run().into()),
        Some("q") => scripted_q(arguments),
        _ => Err("node, node-exec or q".into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// `--name value` pairs and flags, as the launcher writes them.
struct Options(Vec<OsString>);

impl Options {
    fn of(arguments: impl Iterator<Item = OsString>) -> Self {
        Options(arguments.collect())
    }

    fn value(&self, name: &str) -> Option<OsString> {
        let at = self.0.iter().position(|argument| argument == name)?;
        self.0.get(at + 1).cloned()
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.value(name)?.to_str()?.parse().ok()
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|argument| argument == name)
    }
}

fn agent(given: Options) -> Outcome {
    let mut options = NodeOptions::new(given.value("--dir").ok_or("--dir")?)?;
    options.data_directory = given.value("--data").map(Into::into);
    options.launch_channel = given.has("--launch-channel");
    if let Some(milliseconds) = given.number("--drain-timeout-ms") {
        options.drain_timeout = Duration::from_millis(milliseconds);
    }
    Ok(node_agent::run(options)?)
}

fn stage(arguments: impl Iterator<Item = OsString>) -> ExecStage {
    let all: Vec<OsString> = arguments.collect();
    let split = all
        .iter()
        .position(|argument| argument == "--")
        .unwrap_or(all.len());
    let given = Options(all[..split].to_vec());
    ExecStage {
        agent_pid: u32::try_from(given.number("--agent-pid").unwrap_or(0)).unwrap_or(0),
        app_directory: given.value("--app").unwrap_or_default().into(),
        working_directory: given
            .value("--working-directory")
            .unwrap_or_default()
            .into(),
        listener: given.has("--listener"),
        command: all.get(split + 1..).unwrap_or_default().to_vec(),
    }
}

/// The handle to the agent.
struct Link(TcpStream);

impl Link {
    fn open() -> Result<Self, Box<dyn std::error::Error>> {
        let mut stream = TcpStream::connect(std::env::var("QSPACE_AGENT")?)?;
        let login = Login {
            user: b"node".to_vec(),
            password: std::env::var("QSPACE_AGENT_SECRET")?.into_bytes(),
            capability: Some(CAPABILITY),
        };
        stream.write_all(&login.to_bytes())?;
        stream.read_exact(&mut [0])?;
        Ok(Link(stream))
    }

    fn ask(&mut self, request: &Value) -> Result<Value, Box<dyn std::error::Error>> {
        let message = encode_message(MessageKind::Sync, request, CAPABILITY).map_err(text)?;
        self.0.write_all(&message)?;
        let mut answer = vec![0; Header::LENGTH];
        self.0.read_exact(&mut answer)?;
        let length = Header::parse(&answer).map_err(text)?.length;
        answer.resize(usize::try_from(length)?, 0);
        self.0.read_exact(&mut answer[Header::LENGTH..])?;
        Ok(decode_message(&answer, &mut TextOnly)
            .map_err(text)?
            .payload
            .map_err(text)?)
    }

    fn tell(&mut self, name: &str, texts: &[&str]) -> Outcome {
        let mut items = vec![Value::symbol(name)];
        items.extend(texts.iter().map(Value::string));
        self.ask(&Value::list(items)).map(|_| ())
    }

    fn call(
        &mut self,
        function: &str,
        argument: &str,
    ) -> Result<Value, Box<dyn std::error::Error>> {
        self.ask(&Value::list(vec![
            Value::symbol("call"),
            Value::symbol(function),
            Value::list(vec![Value::string(argument)]),
        ]))
    }
}

fn text(error: q_value::QError) -> String {
    String::from_utf8_lossy(error.text()).into_owned()
}

/// Does what the lines of the initialization script say, then serves until it is ended.
fn scripted_q(arguments: impl Iterator<Item = OsString>) -> Outcome {
    let arguments = Options::of(arguments);
    let mut link = Link::open()?;
    let config = link.ask(&Value::symbol("config"))?;
    link.tell("library_loaded", &[])?;
    let mut ends_after_start = None;
    if let Some(script) = script_of(&config) {
        for line in std::fs::read_to_string(real_path(&script))?.lines() {
            let (command, rest) = line.split_once(' ').unwrap_or((line, ""));
            match command {
                "print" => println!("{rest}"),
                "error" => eprintln!("{rest}"),
                "exit" => std::process::exit(rest.parse()?),
                "exit-after-start" => ends_after_start = Some(rest.parse()?),
                "hang" => std::thread::park(),
                "background" => {
                    Command::new("sleep")
                        .arg(rest)
                        .stdin(Stdio::null())
                        .spawn()?;
                }
                "ask-status" => println!("{:?}", link.call("get_kx_cluster", rest)?),
                "stop-creation" => {
                    link.call("stop_current_kx_cluster_creation", rest)?;
                    std::process::exit(1);
                }
                "fail" => {
                    link.tell("init_failed", &[rest, ""])?;
                    std::process::exit(1);
                }
                _ => {}
            }
        }
    }
    link.tell("init_ok", &[])?;
    if let Some(code) = ends_after_start {
        std::process::exit(code);
    }
    serve(&arguments)
}

fn script_of(config: &Value) -> Option<String> {
    let Value::Dict(dict) = config else {
        return None;
    };
    let Value::List(values) = &dict.values else {
        return None;
    };
    let script = String::from_utf8_lossy(values.first()?.as_text()?).into_owned();
    (!script.is_empty()).then_some(script)
}

/// The place of a path below `/opt/kx/app` on a host that permits no mounts.
fn real_path(path: &str) -> String {
    let map = std::env::var("QSPACE_PATH_MAP").unwrap_or_default();
    match map.split_once('=') {
        Some((prefix, place)) => path.replacen(prefix, place, 1),
        None => path.to_owned(),
    }
}

/// Answers every connection with its process id and the content of `lib.txt` in the working directory.
fn serve(arguments: &Options) -> Outcome {
    let port = arguments
        .value("-p")
        .and_then(|port| port.into_string().ok())
        .ok_or("-p")?;
    let own = TcpListener::bind(port)?;
    let mut threads = vec![std::thread::spawn(move || answer_all(&own))];
    if std::env::var("LISTEN_FDS").is_ok() {
        // SAFETY: the stage before us placed the cluster's socket there and nobody else knows it.
        let shared = TcpListener::from(unsafe { OwnedFd::from_raw_fd(3) });
        threads.push(std::thread::spawn(move || answer_all(&shared)));
    }
    for thread in threads {
        thread.join().map_err(|_| "a thread failed")?;
    }
    Ok(())
}

fn answer_all(listener: &TcpListener) {
    while let Ok((mut stream, _)) = listener.accept() {
        let lib = std::fs::read_to_string(Path::new("lib.txt")).unwrap_or_default();
        let greeting = format!("{} {}\n", std::process::id(), lib.trim());
        std::thread::spawn(move || {
            let _ = stream.write_all(greeting.as_bytes());
            // Stays open until the client leaves.
            let _ = BufReader::new(stream).read_line(&mut String::new());
        });
    }
}
