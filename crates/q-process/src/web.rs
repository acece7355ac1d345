//! Requests of browsers: `.z.ac`, `.z.ph`, `.z.pp`, `.z.pm`, and a plain answer where they are not set; and WebSocket: `.z.wo`,
//! `.z.ws`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use q_engine::Caller;
use q_value::{QError, QResult, Symbol, Value};

use crate::clients::Process;
use crate::network::{ACCEPT_SUFFIX, HttpRequest, http_response};

/// User and password of a request, as `Authorization: Basic` carries them.
fn credentials(request: &HttpRequest) -> Option<(Vec<u8>, Vec<u8>)> {
    let value = request.header("authorization")?;
    let encoded = value
        .strip_prefix(b"Basic ")
        .or_else(|| value.strip_prefix(b"basic "))?;
    let text = STANDARD.decode(encoded.trim_ascii()).ok()?;
    let colon = text.iter().position(|byte| *byte == b':')?;
    Some((text[..colon].to_vec(), text[colon + 1..].to_vec()))
}

/// The text of a target with `%41` and `+` decoded.
fn decoded(text: &[u8]) -> Vec<u8> {
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let mut result = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        match (byte, digit(text.get(at + 1)), digit(text.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                result.push(u8::try_from(16 * high + low).unwrap_or(b'?'));
                at += 3;
            }
            (b'+', ..) => {
                result.push(b' ');
                at += 1;
            }
            (byte, ..) => {
                result.push(*byte);
                at += 1;
            }
        }
    }
    result
}

fn headers(request: &HttpRequest) -> Value {
    let names = request.headers.iter().map(|(name, _)| name.as_str());
    let values = request
        .headers
        .iter()
        .map(|(_, value)| Value::string(value))
        .collect();
    Value::dict(Value::symbols(names), Value::list(values))
}

/// The key of a request that wants to go on as WebSocket.
fn web_socket_key(request: &HttpRequest) -> Option<&[u8]> {
    let wants = request
        .header("upgrade")?
        .eq_ignore_ascii_case(b"websocket");
    (wants && request.method == "GET").then_some(())?;
    request.header("sec-websocket-key")
}

impl Process {
    /// The user who sends a request, or the response that refuses it: by `.z.ac`, and where that does not decide by user and
    /// password (`ref/dotz`, `.z.ac`).
    fn authorised(&mut self, handle: i32, request: &HttpRequest) -> Result<Vec<u8>, Vec<u8>> {
        let (user, password) = credentials(request).unwrap_or_default();
        if let Some(judge) = self.interpreter.get_global(".z.ac") {
            let (_, address) = self.shared.network().peer(handle);
            let caller = Caller {
                handle,
                user: Symbol::NULL,
                address,
            };
            let argument = vec![Value::string(&request.target), headers(request)];
            let verdict = self.as_caller(caller, |interpreter| {
                interpreter.apply_one(&judge, Value::list(argument))
            });
            let judged = verdict.and_then(|verdict| {
                let number = verdict.item(0).and_then(|item| item.as_i64());
                let text = verdict.item(1).unwrap_or(Value::Identity);
                match number {
                    Some(0) => Ok(Some(Err(refusal()))),
                    Some(1) => Ok(Some(Ok(text_of(&text)?))),
                    Some(2) => Ok(Some(Err(text_of(&text)?))),
                    Some(4) => Ok(None),
                    _ => Err(QError::type_error()),
                }
            });
            match judged {
                Ok(Some(decided)) => return decided,
                Ok(None) => {}
                Err(error) => {
                    self.show_error(&error, ".z.ac");
                    return Err(refusal());
                }
            }
        }
        if self.has_guard() && !self.is_welcome(handle, &user, &password) {
            return Err(refusal());
        }
        Ok(user)
    }

    /// Goes on as WebSocket with a client that may come in.
    fn open_web_socket(&mut self, handle: i32, request: &HttpRequest, key: &[u8]) {
        let user = match self.authorised(handle, request) {
            Ok(user) => user,
            Err(refusal) => return self.shared.network().answer_http(handle, refusal),
        };
        let seed = [key, ACCEPT_SUFFIX.as_bytes()].concat();
        let Ok(Value::Bytes(digest)) = self.interpreter.sha1(&seed) else {
            let response = http_response("400 Bad Request", "text/plain", b"");
            self.shared.network().answer_http(handle, response);
            return;
        };
        let response = format!(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {}\r\n\r\n",
            STANDARD.encode(&digest[..])
        );
        let user = Symbol::new(user);
        self.shared
            .network()
            .upgrade(handle, user, response.into_bytes());
        let caller = self.caller_of(handle);
        self.notify(".z.wo", handle, caller);
    }

    /// A message of WebSocket; without `.z.ws` it is told what it came to: nothing.
    pub(crate) fn web_message(&mut self, handle: i32, is_text: bool, bytes: Vec<u8>) {
        let message = if is_text {
            Value::string(bytes)
        } else {
            Value::Bytes(bytes.into())
        };
        let Some(function) = self.interpreter.get_global(".z.ws") else {
            return;
        };
        let caller = self.caller_of(handle);
        let is_blocked = self.interpreter.settings().blocked;
        let result = self.as_caller(caller, |interpreter| {
            let before = interpreter.set_read_only(is_blocked);
            let result = interpreter.apply_one(&function, message);
            interpreter.set_read_only(before);
            result
        });
        if let Err(error) = result {
            self.show_error(&error, ".z.ws");
        }
    }

    pub(crate) fn http(&mut self, handle: i32, request: &HttpRequest) {
        if let Some(key) = web_socket_key(request) {
            return self.open_web_socket(handle, request, key);
        }
        let is_blocked = self.interpreter.settings().blocked;
        let before = self.interpreter.set_read_only(is_blocked);
        let mode = self.interpreter.settings().callback_error_mode();
        let mode = self.interpreter.set_error_mode(mode);
        let response = self.http_response(handle, request);
        self.interpreter.set_error_mode(mode);
        self.interpreter.set_read_only(before);
        self.shared.network().answer_http(handle, response);
    }

    fn http_response(&mut self, handle: i32, request: &HttpRequest) -> Vec<u8> {
        let user = match self.authorised(handle, request) {
            Ok(user) => user,
            Err(refusal) => return refusal,
        };
        let (_, address) = self.shared.network().peer(handle);
        let caller = Caller {
            handle,
            user: Symbol::new(user),
            address,
        };
        let (callback, argument) = match request.method.as_str() {
            "GET" => (
                ".z.ph",
                vec![Value::string(&request.target), headers(request)],
            ),
            "POST" => {
                let text = [request.target.as_slice(), b" ", &request.body].concat();
                (".z.pp", vec![Value::string(text), headers(request)])
            }
            method => (
                ".z.pm",
                vec![
                    Value::symbol(method),
                    Value::string(&request.target),
                    headers(request),
                ],
            ),
        };
        let Some(function) = self.interpreter.get_global(callback) else {
            return self.plain_response(caller, request);
        };
        let result = self.as_caller(caller, |interpreter| {
            interpreter.apply_one(&function, Value::list(argument))
        });
        match result.and_then(|value| text_of(&value)) {
            Ok(response) => response,
            Err(error) => {
                let trace = self.interpreter.backtrace_of(&error);
                error_response(&error, &trace)
            }
        }
    }

    /// What follows the question mark is evaluated and shown as the console would.
    fn plain_response(&mut self, caller: Caller, request: &HttpRequest) -> Vec<u8> {
        if request.method != "GET" && request.method != "HEAD" {
            return http_response("405 Method Not Allowed", "text/plain", b"");
        }
        let query = request
            .target
            .iter()
            .position(|byte| *byte == b'?')
            .map(|at| decoded(&request.target[at + 1..]));
        let expression = match query {
            Some(expression) if !expression.is_empty() => expression,
            _ if request.target.is_empty() => b"tables[]".to_vec(),
            _ => return http_response("404 Not Found", "text/plain", b"not found\n"),
        };
        let result = self.as_caller(caller, |interpreter| {
            let value = interpreter.evaluate_bytes(&expression)?;
            Ok(interpreter.display(&value))
        });
        match result {
            Ok(text) => http_response("200 OK", "text/plain; charset=utf-8", &text),
            Err(error) => error_response(&error, &self.interpreter.backtrace_of(&error)),
        }
    }
}

/// Asks for a password.
fn refusal() -> Vec<u8> {
    let refusal = http_response("401 Unauthorized", "text/plain", b"who are you?\n");
    let challenge = b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"q\"\r\n";
    let rest = refusal
        .iter()
        .position(|byte| *byte == b'\n')
        .map_or(&[][..], |end| &refusal[end + 1..]);
    [challenge.as_slice(), rest].concat()
}

fn text_of(value: &Value) -> QResult<Vec<u8>> {
    value
        .as_text()
        .map(<[u8]>::to_vec)
        .ok_or_else(QError::type_error)
}

/// The error with its backtrace, when `\e` asked for one.
fn error_response(error: &QError, trace: &str) -> Vec<u8> {
    let text = format!("{error}\n{trace}");
    http_response(
        "400 Bad Request",
        "text/plain; charset=utf-8",
        text.as_bytes(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_decoded() {
        assert_eq!(decoded(b"1%2B1+%zz%4"), b"1+1 %zz%4");
    }

    #[test]
    fn credentials_are_found() {
        let request = HttpRequest {
            method: "GET".to_owned(),
            target: Vec::new(),
            headers: vec![("Authorization".to_owned(), b"Basic dTpwOnE=".to_vec())],
            body: Vec::new(),
        };
        assert_eq!(
            credentials(&request),
            Some((b"u".to_vec(), b"p:q".to_vec()))
        );
    }
}
