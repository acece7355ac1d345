//! Requests of browsers: `.z.ph`, `.z.pp`, `.z.pm`, and a plain answer where they are not set.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use q_engine::Caller;
use q_value::{QError, QResult, Symbol, Value};

use crate::clients::Process;
use crate::network::{HttpRequest, http_response};

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

impl Process {
    pub(crate) fn http(&mut self, handle: i32, request: &HttpRequest) {
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
        let (user, password) = credentials(request).unwrap_or_default();
        if self.has_guard() && !self.is_welcome(handle, &user, &password) {
            let refusal = http_response("401 Unauthorized", "text/plain", b"who are you?\n");
            let challenge = b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"q\"\r\n";
            let rest = refusal
                .iter()
                .position(|byte| *byte == b'\n')
                .map_or(&[][..], |end| &refusal[end + 1..]);
            return [challenge.as_slice(), rest].concat();
        }
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
