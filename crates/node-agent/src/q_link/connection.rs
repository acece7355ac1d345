//! One connection of q to its agent: login, messages, answers.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use q_value::{QError, Symbol, Value};
use q_wire::{
    Header, LOGIN_BYTES_MAX, Login, MessageKind, TextOnly, agreed_capability, decode_message,
    encode_answer,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::session::Session;
use super::{LinkEventKind, LinkShared, calls};

const LOGIN_TIMEOUT: Duration = Duration::from_secs(10);
/// Requests are names and short texts. q code that sends to every handle it finds sends to this one too.
const MESSAGE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// How long `accept` rests when the process has run out of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

pub(super) async fn accept(listener: TcpListener, shared: Arc<LinkShared>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let shared = Arc::clone(&shared);
                tokio::spawn(async move {
                    if let Err(error) = serve(stream, shared).await {
                        tracing::debug!(%error, "a connection of q ended");
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept q");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn serve(mut stream: TcpStream, shared: Arc<LinkShared>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (session, capability) = match timeout(LOGIN_TIMEOUT, log_in(&mut stream, &shared)).await {
        Ok(Ok(Some(admitted))) => admitted,
        // Refusing is closing, as q does.
        Ok(Ok(None)) | Err(_) => return Ok(()),
        Ok(Err(error)) => return Err(error),
    };
    while let Some(message) = read_message(&mut stream).await? {
        let Ok(decoded) = decode_message(&message, &mut TextOnly) else {
            return Ok(());
        };
        let answer = match decoded.payload {
            Ok(request) => answer(&shared, &session, &request).await,
            Err(error) => Err(error),
        };
        if decoded.kind == MessageKind::Sync {
            stream
                .write_all(&encode_answer(&answer, capability))
                .await?;
        }
    }
    Ok(())
}

async fn log_in(
    stream: &mut TcpStream,
    shared: &LinkShared,
) -> io::Result<Option<(Arc<Session>, u8)>> {
    let mut bytes = Vec::new();
    let login = loop {
        if let Some((login, _)) = Login::parse(&bytes) {
            break login;
        }
        if bytes.len() > LOGIN_BYTES_MAX || stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    };
    let session = shared
        .session()
        .filter(|session| session.admits(&login.password));
    let Some(session) = session else {
        tracing::debug!("somebody without the secret tried to speak as q");
        return Ok(None);
    };
    let capability = agreed_capability(login.capability);
    stream.write_all(&[capability]).await?;
    Ok(Some((session, capability)))
}

/// One whole message, `None` at the end of the connection.
async fn read_message(stream: &mut TcpStream) -> io::Result<Option<Vec<u8>>> {
    let mut message = vec![0; Header::LENGTH];
    if stream.read(&mut message[..1]).await? == 0 {
        return Ok(None);
    }
    stream.read_exact(&mut message[1..]).await?;
    let invalid = || io::Error::new(io::ErrorKind::InvalidData, "no message of q");
    let header = Header::parse(&message).map_err(|_| invalid())?;
    if header.length > MESSAGE_BYTES_MAX {
        return Err(invalid());
    }
    let length = usize::try_from(header.length).map_err(|_| invalid())?;
    message.resize(length, 0);
    stream.read_exact(&mut message[Header::LENGTH..]).await?;
    Ok(Some(message))
}

async fn answer(shared: &LinkShared, session: &Session, request: &Value) -> Result<Value, QError> {
    let (name, arguments) = parts(request)?;
    let text_at = |at: usize| arguments.get(at).map(text).unwrap_or_default();
    match name.as_bytes() {
        b"config" => Ok(session.config.to_value()),
        b"library_loaded" => {
            shared.tell(session.id, LinkEventKind::LibraryLoaded).await;
            Ok(Value::Identity)
        }
        b"init_ok" => {
            shared.tell(session.id, LinkEventKind::InitOk).await;
            Ok(Value::Identity)
        }
        b"init_failed" => {
            let reason = init_failure(&text_at(0), &text_at(1));
            shared
                .tell(session.id, LinkEventKind::InitFailed { reason })
                .await;
            Ok(Value::Identity)
        }
        b"pw" => Ok(Value::Boolean(calls::admits_client(
            shared,
            &text_at(0),
            &text_at(1),
        ))),
        b"call" => {
            let function = arguments.first().and_then(symbol).unwrap_or_default();
            let given: Vec<String> = match arguments.get(1) {
                Some(Value::List(items)) => items.iter().map(text).collect(),
                Some(other) => vec![text(other)],
                None => Vec::new(),
            };
            Ok(calls::call(shared, session, function.as_bytes(), &given).await)
        }
        _ => Err(QError::signal(
            "the agent of this node takes no such request",
        )),
    }
}

/// Name and arguments of a request: a symbol alone, symbols, or a list that begins with one.
fn parts(request: &Value) -> Result<(Symbol, &[Value]), QError> {
    match request {
        Value::Symbol(name) => Ok((*name, &[])),
        Value::Symbols(names) if names.len() == 1 => Ok((names.get_or_null(0), &[])),
        Value::List(items) => match items.split_first() {
            Some((Value::Symbol(name), arguments)) => Ok((*name, arguments)),
            _ => Err(QError::type_error()),
        },
        _ => Err(QError::type_error()),
    }
}

fn symbol(value: &Value) -> Option<Symbol> {
    match value {
        Value::Symbol(name) => Some(*name),
        _ => None,
    }
}

/// The text of a string or symbol; empty for anything else.
fn text(value: &Value) -> String {
    match value {
        Value::Symbol(name) => name.text(),
        other => other
            .as_text()
            .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
            .unwrap_or_default(),
    }
}

/// The reason for people: the error, and the innermost place in a file that the trace names.
fn init_failure(error: &str, trace: &str) -> String {
    match trace.lines().find_map(place_of) {
        Some(place) => format!("'{error} at {place}"),
        None => format!("'{error}"),
    }
}

/// `lib/a.q:12: f[]` of a frame `  [2]  lib/a.q:12: f[]`; `None` for a frame that is no line of a file.
fn place_of(frame: &str) -> Option<&str> {
    let (_, place) = frame.trim().strip_prefix('[')?.split_once(']')?;
    let place = place.trim_start();
    let (path, line) = place.split_once(": ")?.0.rsplit_once(':')?;
    let is_path = !path.is_empty() && !path.contains(['{', '"', ';', '[']);
    (is_path && line.parse::<u64>().is_ok()).then_some(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_an_error_is_taken_from_the_trace() {
        let trace = concat!(
            "  [1]  f:{a:3: x+`a}\n              ^\n",
            "  [0]  lib/a.q:12: f[]\n",
            "  [0]  /opt/kx/app/code/init.q:1: \\l lib/a.q\n",
        );
        assert_eq!(init_failure("type", trace), "'type at lib/a.q:12: f[]");
        assert_eq!(init_failure("nyi", ""), "'nyi");
    }

    #[test]
    fn requests_are_taken_apart_however_q_collapses_them() {
        let name = |value: &Value| parts(value).map(|(name, rest)| (name.text(), rest.len()));
        assert_eq!(
            name(&Value::symbol("config")).ok(),
            Some(("config".into(), 0))
        );
        assert_eq!(
            name(&Value::symbols(["config"])).ok(),
            Some(("config".into(), 0))
        );
        let call = Value::list(vec![
            Value::symbol("pw"),
            Value::symbol("me"),
            Value::string("x"),
        ]);
        assert_eq!(name(&call).ok(), Some(("pw".into(), 2)));
        assert!(parts(&Value::string("1+1")).is_err());
        assert!(parts(&Value::empty_list()).is_err());
    }
}
