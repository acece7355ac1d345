//! Lines and scripts: what a console, a pipe and `\l` feed the interpreter with.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

use q_syntax::script::{StatementKind, split_script};
use q_syntax::tree::{LambdaTree, NodeKind, Program};
use q_value::display::DisplaySettings;
use q_value::{QError, QResult, Symbol, Value};

use crate::backtrace::TracedFrame;
use crate::code::{Code, ScriptPlace};
use crate::errors;
use crate::failure::ErrorMode;
use crate::frames::FrameKind;
use crate::globals::GlobalId;
use crate::interpreter::Interpreter;
use crate::system::StandardStream;

/// What a console line came to.
#[derive(Debug)]
pub enum Outcome {
    /// Nothing to show: an assignment, a statement that ends with `;`, `::`.
    Nothing,
    /// A value to show, and its console text.
    Value(Value, Vec<u8>),
    /// An error, and the text the console shows for it.
    Error(QError, Vec<u8>),
}

/// True for statements whose value the console does not show.
pub(crate) fn is_silent(program: &Program) -> bool {
    match program.statements.last().map(|node| &node.kind) {
        None | Some(NodeKind::Elided) => true,
        Some(NodeKind::Assign { .. }) => true,
        Some(_) => false,
    }
}

/// True for `system"..."`: a shell command that prints nothing shows nothing (`kb/named-pipes`), although its value is an
/// empty list.
fn is_system_call(program: &Program) -> bool {
    let Some(NodeKind::Apply { function, .. }) = program.statements.last().map(|node| &node.kind)
    else {
        return false;
    };
    matches!(function.kind, NodeKind::Name(name) if name.as_bytes() == b"system")
}

impl Interpreter {
    /// The console text of a value, line ends included; of `::` nothing.
    pub fn display(&self, value: &Value) -> Vec<u8> {
        if let Value::Partitioned(_) = value {
            return crate::database::display(self, value);
        }
        let settings = DisplaySettings {
            rows: self.settings.console.0,
            columns: self.settings.console.1,
            precision: self.settings.precision,
        };
        let shown = q_kernels::interrupt::guard(|| Ok(q_value::display::console(value, &settings)));
        let mut text = shown.unwrap_or_else(|error| format!("'{error}").into_bytes());
        if text.last().is_some_and(|last| *last != b'\n') {
            text.push(b'\n');
        }
        text
    }

    /// Parses a text of statements.
    pub(crate) fn parse_text(&self, text: &[u8], in_k: bool) -> QResult<Program> {
        let is_infix = |name| {
            self.added_word(name)
                .and_then(|id| self.globals.get(id))
                .and_then(crate::apply::rank)
                .is_some_and(|rank| rank > 1)
        };
        q_syntax::parse_with_words(text, in_k, &is_infix).map_err(QError::from)
    }

    /// The global of a word that a program has added to the language by assigning it in the namespace `.q`.
    pub(crate) fn added_word(&self, name: Symbol) -> Option<GlobalId> {
        if !self.has_added_words || name.as_bytes().contains(&b'.') {
            return None;
        }
        let id = self
            .globals
            .find(Symbol::new([b".q.", name.as_bytes()].concat()))?;
        self.globals.get(id).map(|_| id)
    }

    /// Compiles a text to code that runs in the current namespace.
    pub(crate) fn compile_text(&mut self, text: &[u8]) -> QResult<Arc<Code>> {
        self.parse_and_compile(text).map(|(_, code)| code)
    }

    /// Parses and compiles a text; an error has a frame of its own for it.
    fn parse_and_compile(&mut self, text: &[u8]) -> QResult<(Program, Arc<Code>)> {
        let result = self.parse_text(text, self.k_mode).and_then(|program| {
            let code = self.compile_program(&program, text)?;
            Ok((program, code))
        });
        result.map_err(|error| {
            let position = error.position().unwrap_or(0);
            self.fail_text(error, |number| {
                let mut frame = TracedFrame::of_text(number, text, position);
                if let Some((place, _)) = &self.place {
                    frame.origin.file = Arc::clone(&place.file);
                    frame.origin.line = Some(place.line);
                }
                frame
            })
        })
    }

    /// Compiles a line of the debugger, which sees the locals of a frame.
    pub(crate) fn compile_in_frame(
        &mut self,
        text: &[u8],
        frame: &Code,
        base: usize,
    ) -> QResult<Arc<Code>> {
        let source: Arc<str> = Arc::from(String::from_utf8_lossy(text).as_ref());
        let result = self.parse_text(text, self.k_mode).and_then(|program| {
            let statements = &program.statements;
            crate::compile::compile_in_frame(self, statements, &source, frame, base)
        });
        result.map_err(|error| {
            let position = error.position().unwrap_or(0);
            self.fail_text(error, |number| TracedFrame::of_text(number, text, position))
        })
    }

    fn compile_program(&mut self, program: &Program, text: &[u8]) -> QResult<Arc<Code>> {
        let source: Arc<str> = Arc::from(String::from_utf8_lossy(text).as_ref());
        crate::compile::compile_line(self, &program.statements, &source)
    }

    /// A lambda from its text, as messages and files carry it.
    pub(crate) fn compile_source(&mut self, namespace: Symbol, source: &[u8]) -> QResult<Value> {
        let program = self.parse_text(source, false)?;
        let tree: &Arc<LambdaTree> = match program.statements.as_slice() {
            [node] => match &node.kind {
                NodeKind::Lambda(tree) => tree,
                _ => return Err(QError::new("bad lambda")),
            },
            _ => return Err(QError::new("bad lambda")),
        };
        crate::compile::compile_lambda(self, tree, namespace)
    }

    /// Evaluates a text as `value` does: its last statement's value, `::` of an assignment (`h"a:5"` shows nothing:
    /// `basics/ipc`). A leading backslash makes it a system command.
    pub fn evaluate_bytes(&mut self, text: &[u8]) -> QResult<Value> {
        let trimmed = text.trim_ascii();
        if let Some(command) = trimmed.strip_prefix(b"\\") {
            return crate::commands::run(self, command).map(|result| result.value);
        }
        if let Some((letter, text)) = other_language(trimmed) {
            return self.foreign(letter, text);
        }
        let (program, code) = self.parse_and_compile(text)?;
        let silent = is_silent(&program);
        let value = self.run_code(&code)?;
        Ok(if silent { Value::Identity } else { value })
    }

    /// As [`Interpreter::evaluate_bytes`], of a `str`.
    pub fn evaluate_text(&mut self, text: &str) -> QResult<Value> {
        self.evaluate_bytes(text.as_bytes())
    }

    /// Runs a console line. A value is shown by the caller, see [`Outcome`].
    pub fn run_line(&mut self, line: &[u8]) -> Outcome {
        let text = line.trim_ascii_end();
        let (depth, scopes) = (self.stack.len(), self.scopes.len());
        self.error_mode = ErrorMode::Suspend;
        let result = self.console_line(text);
        self.stack.truncate(depth);
        self.scopes.truncate(scopes);
        if std::mem::take(&mut self.aborting) {
            return Outcome::Nothing;
        }
        match result {
            Ok(None | Some(Value::Identity)) => Outcome::Nothing,
            Ok(Some(value)) => {
                let shown = self.display(&value);
                Outcome::Value(value, shown)
            }
            Err(error) => {
                let shown = errors::console_text(&error, &String::from_utf8_lossy(text));
                Outcome::Error(error, shown)
            }
        }
    }

    fn console_line(&mut self, text: &[u8]) -> QResult<Option<Value>> {
        let trimmed = text.trim_ascii_start();
        if trimmed.is_empty() || trimmed.starts_with(b"/") {
            return Ok(None);
        }
        if let Some(command) = trimmed.strip_prefix(b"\\") {
            if command.is_empty() {
                self.k_mode = !self.k_mode;
                return Ok(None);
            }
            let command = command.trim_ascii();
            let is_load = command.starts_with(b"l ");
            let result = if is_load {
                let line = FrameKind::Command(Symbol::new(trimmed));
                self.in_frame(line, |interpreter| {
                    crate::commands::run(interpreter, command)
                })?
            } else {
                crate::commands::run(self, command)?
            };
            if !result.is_output {
                // what the shell printed; nothing when it printed nothing
                let is_empty = matches!(&result.value, Value::List(lines) if lines.is_empty());
                return Ok((!is_empty).then_some(result.value));
            }
            let mut out = Vec::new();
            for line in result.value.items() {
                out.extend_from_slice(line.as_text().unwrap_or_default());
                out.push(b'\n');
            }
            self.world.write_standard(StandardStream::Output, &out);
            return Ok(None);
        }
        if let Some((letter, text)) = other_language(trimmed) {
            return self.foreign(letter, text).map(Some);
        }
        let (program, code) = self.parse_and_compile(text)?;
        let silent = is_silent(&program);
        let value = self.run_code(&code)?;
        let silent = silent
            || matches!(&value, Value::List(lines) if lines.is_empty() && is_system_call(&program));
        Ok(if silent { None } else { Some(value) })
    }

    /// Runs the script of the command line. Its frames are those of `\l` at the console; where no debugger can run, an error
    /// shows all of them.
    pub fn load_at_start(&mut self, command: &[u8], path: &Path) -> QResult<()> {
        let mode = if self.is_debuggable {
            ErrorMode::Suspend
        } else {
            ErrorMode::Trace
        };
        let mode = self.set_error_mode(mode);
        let line = FrameKind::Command(Symbol::new(command));
        let result = self.in_frame(line, |interpreter| {
            interpreter.in_frame(line, |interpreter| interpreter.load_script(path))
        });
        self.error_mode = mode;
        if std::mem::take(&mut self.aborting) {
            return Ok(());
        }
        result
    }

    /// Runs a script file; the current namespace is restored afterwards. The statements of a file `name.x`, `x` a letter
    /// other than `k` and `q`, go to the function `.x.e` (as `p` and `t` files of embedPy and its users do).
    ///
    /// Errors: the first one; its frames say where it was.
    pub fn load_script(&mut self, path: &Path) -> QResult<()> {
        let bytes = self
            .world
            .read(path)
            .map_err(|error| crate::files::failed(path, &error))?;
        let namespace = self.namespace;
        let k_mode = self.k_mode;
        let language = match path.extension().map(OsStr::as_bytes) {
            Some([letter]) if letter.is_ascii_lowercase() => *letter,
            _ => b'q',
        };
        self.k_mode = language == b'k';
        let name = self.full_path(path);
        let result = self.run_statements(&bytes, &name, language);
        self.namespace = namespace;
        self.k_mode = k_mode;
        result
    }

    /// A path as backtraces show it: from the root.
    fn full_path(&self, path: &Path) -> String {
        let full = match self.world.working_directory() {
            Ok(folder) => folder.join(path),
            Err(_) => path.to_path_buf(),
        };
        full.to_string_lossy().into_owned()
    }

    /// Runs the statements of a q script's text.
    pub fn run_script(&mut self, script: &[u8], name: &str) -> QResult<()> {
        self.run_statements(script, name, b'q')
    }

    fn run_statements(&mut self, script: &[u8], name: &str, language: u8) -> QResult<()> {
        let file: Arc<str> = Arc::from(name);
        for statement in split_script(script) {
            let result = match statement.kind {
                StatementKind::System => crate::commands::run(self, statement.text.trim_ascii())
                    .map(|result| {
                        if result.is_output {
                            for line in result.value.items() {
                                let mut out = line.as_text().unwrap_or_default().to_vec();
                                out.push(b'\n');
                                self.world.write_standard(StandardStream::Output, &out);
                            }
                        }
                    }),
                StatementKind::Q if !matches!(language, b'q' | b'k') => {
                    self.foreign(language, &statement.text).map(|_| ())
                }
                StatementKind::Q | StatementKind::K => {
                    let place = ScriptPlace {
                        file: Arc::clone(&file),
                        line: statement.line,
                    };
                    self.script_statement(&statement.text, place)
                }
                StatementKind::Foreign(letter) => self
                    .foreign(letter, &statement.text)
                    .map(|value| self.show_line(&value)),
            };
            result?;
        }
        Ok(())
    }

    /// A statement of a script; its value is shown as one line of k text, cut to the console (`basics/joins`).
    fn script_statement(&mut self, text: &[u8], place: ScriptPlace) -> QResult<()> {
        let outer = self.place.replace((place, text.to_vec()));
        let compiled = self.parse_and_compile(text);
        self.place = outer;
        let (program, code) = compiled?;
        let value = self.run_code(&code)?;
        if !is_silent(&program) {
            self.show_line(&value);
        }
        Ok(())
    }

    fn show_line(&mut self, value: &Value) {
        if matches!(value, Value::Identity) || !self.shows_scripts {
            return;
        }
        let mut shown = q_value::display::k_text(value, self.settings.precision);
        let width = self.settings.console.1.saturating_sub(1);
        if shown.len() > width {
            shown.truncate(width.saturating_sub(2));
            shown.extend_from_slice(b"..");
        }
        shown.push(b'\n');
        self.world.write_standard(StandardStream::Output, &shown);
    }

    /// `p)text`: handed to `.p.e`, and so for the other letters (`wp/query-interface`).
    fn foreign(&mut self, letter: u8, text: &[u8]) -> QResult<Value> {
        let function = self.read_name(Symbol::new([b'.', letter, b'.', b'e']))?;
        self.apply_one(&function, Value::string(text))
    }
}

/// The letter and the rest of a text such as `p)import os`; `None` for q and k.
fn other_language(text: &[u8]) -> Option<(u8, &[u8])> {
    match text {
        [b'q' | b'k', b')', ..] => None,
        [letter, b')', rest @ ..] if letter.is_ascii_alphabetic() => Some((*letter, rest)),
        _ => None,
    }
}
