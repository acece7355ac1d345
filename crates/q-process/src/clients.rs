//! Logins, messages and the end of connections, as `.z.pw .z.po .z.pg .z.ps .z.pc` see them.

use std::time::Duration;

use q_engine::system::StandardStream;
use q_engine::{Caller, ErrorMode, Interpreter};
use q_value::{QError, QResult, Symbol, Value};
use q_wire::{Login, MessageKind, decode_message};

use crate::network::Work;
use crate::os::{Shared, write_standard};
use crate::passwords::Passwords;
use crate::signals::Signals;
use crate::time_limit::TimeLimit;

/// A running q process.
pub(crate) struct Process {
    pub(crate) interpreter: Interpreter,
    pub(crate) shared: Shared,
    pub(crate) signals: Signals,
    passwords: Passwords,
    time_limit: TimeLimit,
    /// True when the script of the command line ended with an error.
    pub(crate) has_script_failed: bool,
}

impl Process {
    pub(crate) fn new(
        interpreter: Interpreter,
        shared: Shared,
        signals: Signals,
        passwords: Passwords,
    ) -> Process {
        let time_limit = TimeLimit::new(interpreter.interrupt());
        Process {
            interpreter,
            shared,
            signals,
            passwords,
            time_limit,
            has_script_failed: false,
        }
    }

    /// Shows the error a script ended with.
    pub(crate) fn after_script(&mut self, loaded: QResult<()>, script: &[u8]) {
        if let Err(error) = loaded {
            self.has_script_failed = true;
            self.show_error(&error, &String::from_utf8_lossy(script));
        }
    }

    /// An error that nobody awaits, on standard error with its backtrace.
    pub(crate) fn show_error(&self, error: &QError, whole: &str) {
        let mut text = vec![b'\''];
        text.extend_from_slice(error.text());
        text.push(b'\n');
        let frames = self.interpreter.backtrace_of(error);
        if frames.is_empty() {
            text.extend_from_slice(format!("  [0]  {whole}\n").as_bytes());
        } else {
            text.extend_from_slice(frames.as_bytes());
        }
        write_standard(StandardStream::Error, &text);
    }

    /// Runs `work` as the caller, under the time limit of clients.
    pub(crate) fn as_caller<T>(
        &mut self,
        caller: Caller,
        work: impl FnOnce(&mut Interpreter) -> T,
    ) -> T {
        let before = self.interpreter.set_caller(caller);
        let seconds = u64::try_from(self.interpreter.settings().time_limit).unwrap_or(0);
        let limit = (seconds > 0).then(|| Duration::from_secs(seconds));
        self.shared.restrict(self.interpreter.settings().restricted);
        let interpreter = &mut self.interpreter;
        let result = self.time_limit.run(limit, || work(interpreter));
        self.shared.restrict(false);
        self.interpreter.set_caller(before);
        result
    }

    pub(crate) fn work(&mut self, work: Work) {
        match work {
            Work::Login { handle, login } => self.login(handle, &login),
            Work::Message {
                handle,
                kind,
                message,
            } => self.message(handle, kind, &message),
            Work::Http { handle, request } => self.http(handle, &request),
            Work::Web {
                handle,
                is_text,
                bytes,
            } => self.web_message(handle, is_text, bytes),
            Work::Closed {
                handle,
                is_web,
                user,
                address,
            } => self.closed(handle, is_web, user, address),
        }
    }

    /// True when a password file or `.z.pw` decides who may come in.
    pub(crate) fn has_guard(&mut self) -> bool {
        self.passwords.are_required() || self.interpreter.get_global(".z.pw").is_some()
    }

    /// True when the password file and `.z.pw`, as far as they are there, let this user in.
    pub(crate) fn is_welcome(&mut self, handle: i32, user: &[u8], password: &[u8]) -> bool {
        if !self.passwords.accept(user, password) {
            return false;
        }
        let Some(judge) = self.interpreter.get_global(".z.pw") else {
            return true;
        };
        let user = Symbol::new(user);
        let (_, address) = self.shared.network().peer(handle);
        let caller = Caller {
            handle,
            user,
            address,
        };
        let arguments = vec![Value::Symbol(user), Value::string(password)];
        let judged = self.as_caller(caller, |interpreter| interpreter.apply(&judge, arguments));
        match judged {
            Ok(verdict) => verdict.as_i64().is_some_and(|verdict| verdict != 0),
            Err(error) => {
                self.show_error(&error, ".z.pw");
                false
            }
        }
    }

    fn login(&mut self, handle: i32, login: &Login) {
        let welcome = self.is_welcome(handle, &login.user, &login.password);
        self.shared.network().judge(handle, login, welcome);
        if !welcome {
            return;
        }
        let caller = self.caller_of(handle);
        self.notify(".z.po", handle, caller);
    }

    pub(crate) fn caller_of(&self, handle: i32) -> Caller {
        let (user, address) = self.shared.network().peer(handle);
        Caller {
            handle,
            user,
            address,
        }
    }

    /// Calls a callback with a handle, when it is set.
    pub(crate) fn notify(&mut self, callback: &str, handle: i32, caller: Caller) {
        let Some(function) = self.interpreter.get_global(callback) else {
            return;
        };
        let result = self.as_caller(caller, |interpreter| {
            interpreter.apply_one(&function, Value::Int(handle))
        });
        if let Err(error) = result {
            self.show_error(&error, callback);
        }
    }

    fn closed(&mut self, handle: i32, is_web: bool, user: Symbol, address: u32) {
        let caller = Caller {
            handle: 0,
            user,
            address,
        };
        let callback = if is_web { ".z.wc" } else { ".z.pc" };
        self.notify(callback, handle, caller);
    }

    fn message(&mut self, handle: i32, kind: MessageKind, message: &[u8]) {
        let callback = match kind {
            MessageKind::Sync => ".z.pg",
            MessageKind::Async => ".z.ps",
            // an answer to a question nobody asks any more: its evaluation was interrupted
            MessageKind::Response => return,
        };
        let caller = self.caller_of(handle);
        let is_blocked = self.interpreter.settings().blocked;
        let result = self.as_caller(caller, |interpreter| {
            let decoded = decode_message(message, interpreter)?;
            let before = interpreter.set_read_only(is_blocked);
            let mode = interpreter.set_error_mode(match kind {
                MessageKind::Async => interpreter.settings().callback_error_mode(),
                _ => ErrorMode::Abort,
            });
            let result = decoded
                .payload
                .and_then(|message| interpreter.run_message(callback, message));
            interpreter.set_error_mode(mode);
            interpreter.set_read_only(before);
            result
        });
        if kind == MessageKind::Async {
            if let Err(error) = &result {
                self.show_error(error, callback);
            }
            return;
        }
        let mut network = self.shared.network();
        if !network.is_deferred(handle) {
            // the connection may be gone by now, which its own event tells
            let _ = network.reply(handle, &result);
        }
    }
}
