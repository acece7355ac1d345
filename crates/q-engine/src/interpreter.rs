//! The interpreter: everything a q process knows between two lines.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use q_kernels::memory;
use q_value::{QError, QResult, Symbol, Value, Vector};

use crate::code::ScriptPlace;
use crate::debugger::Suspension;
use crate::failure::ErrorMode;
use crate::frames::Frame;
use crate::globals::{GlobalId, Globals, qualify, split_name};
use crate::random::Random;
use crate::settings::Settings;
use crate::system::System;

/// Who sent the message being handled; handle 0 is the process itself.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    pub handle: i32,
    pub user: Symbol,
    /// IPv4 address, most significant byte first.
    pub address: u32,
}

/// How the process was started: `.z.f .z.x .z.X .z.q`.
#[derive(Debug, Clone, Default)]
pub struct CommandLine {
    pub script: Option<Vec<u8>>,
    /// Arguments that are not options of q.
    pub arguments: Vec<Vec<u8>>,
    /// Everything, the executable first.
    pub raw: Vec<Vec<u8>>,
    pub quiet: bool,
}

/// A q interpreter. One thread evaluates; others may hold [`Interpreter::interrupt`].
pub struct Interpreter {
    pub(crate) stack: Vec<Value>,
    pub(crate) globals: Globals,
    pub(crate) settings: Settings,
    pub(crate) random: Random,
    pub(crate) world: Box<dyn System>,
    /// Current namespace without its dot; empty for the root.
    pub(crate) namespace: Symbol,
    pub(crate) caller: Caller,
    pub(crate) command_line: CommandLine,
    pub(crate) interrupt: Arc<AtomicBool>,
    /// Calls of lambdas running inside each other.
    pub(crate) calls: usize,
    pub(crate) registers: crate::numeric::Registers,
    /// Lowest address the native stack may reach.
    stack_limit: usize,
    /// The calls under way, outermost first.
    pub(crate) frames: Vec<Frame>,
    /// The instruction after the one that the innermost frame runs; set before whatever may call.
    pub(crate) at: u32,
    /// Numbers of the frames in which the lines of debuggers run, innermost last.
    pub(crate) roots: Vec<usize>,
    pub(crate) error_mode: ErrorMode,
    /// True where a debugger can run: code keeps its locals until it returns.
    pub(crate) is_debuggable: bool,
    /// Executions suspended in the debugger, innermost last.
    pub(crate) suspensions: Vec<Suspension>,
    /// The arguments of the primitive that runs, where a debugger may ask for them.
    pub(crate) failed_arguments: Vec<Value>,
    /// Set while a debugger is left: nothing catches errors up to the line that ran into it.
    pub(crate) aborting: bool,
    /// Where the statement that is being compiled stands in its script, and its text.
    pub(crate) place: Option<(ScriptPlace, Vec<u8>)>,
    /// True while the library is read.
    pub(crate) is_installing: bool,
    /// Set by `exit`: nothing catches errors any more.
    pub(crate) exiting: bool,
    /// True in `reval` and in threads: globals cannot be written.
    pub(crate) read_only: bool,
    /// True while a function changes a global by name: it may not change any global itself.
    pub(crate) is_amending: bool,
    /// True in `reval`: system commands and files elsewhere are refused as well.
    pub(crate) is_restricted: bool,
    /// True in a thread of `peach`, which starts no threads itself.
    pub(crate) is_secondary: bool,
    /// True in `k)` mode, toggled by `\`.
    pub(crate) k_mode: bool,
    /// Columns and locals that a query under evaluation sees, innermost last.
    pub(crate) scopes: Vec<crate::query::scope::Scope>,
    /// State of a partitioned database, when one is loaded.
    pub(crate) database: Option<Arc<crate::database::Database>>,
    /// The splayed tables read from their folders, as they are: `.Q.qp` tells them from others.
    pub(crate) splayed: Vec<std::sync::Weak<q_value::Table>>,
    /// Views being computed, to find those that need themselves.
    pub(crate) computing: Vec<GlobalId>,
    /// What views that need themselves came to last.
    pub(crate) own_values: HashMap<GlobalId, Value>,
    /// True when values of script statements are shown, as on the console.
    pub(crate) shows_scripts: bool,
    /// Set when something is assigned in `.q` beyond the language's own words.
    pub(crate) has_added_words: bool,
}

/// How many calls of lambdas may run inside each other; one more is `'stack`. The native stack has room for many times
/// that, and iterators and keywords on the way down are held to its end.
pub(crate) const CALLS_MAX: usize = 20_000;

/// Bytes of native stack that evaluation expects; run it on a thread made with [`on_large_stack`].
pub const STACK_SIZE: usize = 1 << 30;
/// Kept free below the limit for kernels and error paths.
const STACK_RESERVE: usize = 1 << 20;

/// Runs `work` on a thread whose stack suits deep recursion, and waits for it.
pub fn on_large_stack<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> std::io::Result<T> {
    let thread = std::thread::Builder::new()
        .name("q".to_owned())
        .stack_size(STACK_SIZE)
        .spawn(work)?;
    match thread.join() {
        Ok(result) => Ok(result),
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

#[inline(never)]
fn stack_address() -> usize {
    let here = 0u8;
    std::ptr::from_ref(&here) as usize
}

impl Interpreter {
    /// An interpreter on this thread, which should have a stack of [`STACK_SIZE`] (see [`on_large_stack`]); use
    /// [`Interpreter::set_stack_size`] when it has less.
    pub fn new(world: Box<dyn System>) -> Interpreter {
        let mut interpreter = Interpreter {
            stack: Vec::with_capacity(4096),
            globals: Globals::default(),
            settings: Settings::default(),
            random: Random::default(),
            world,
            namespace: Symbol::NULL,
            caller: Caller::default(),
            command_line: CommandLine::default(),
            interrupt: Arc::default(),
            calls: 0,
            registers: Default::default(),
            stack_limit: 0,
            frames: Vec::with_capacity(64),
            at: 0,
            roots: Vec::new(),
            error_mode: ErrorMode::Suspend,
            is_debuggable: false,
            suspensions: Vec::new(),
            failed_arguments: Vec::new(),
            aborting: false,
            place: None,
            is_installing: true,
            exiting: false,
            read_only: false,
            is_amending: false,
            is_restricted: false,
            is_secondary: false,
            k_mode: false,
            scopes: Vec::new(),
            database: None,
            splayed: Vec::new(),
            shows_scripts: true,
            has_added_words: false,
            computing: Vec::new(),
            own_values: HashMap::new(),
        };
        interpreter.set_stack_size(STACK_SIZE);
        interpreter.caller.user = Symbol::new(interpreter.world.user_name());
        interpreter.caller.address = interpreter.world.host_address();
        crate::library::install(&mut interpreter);
        interpreter.is_installing = false;
        interpreter.is_debuggable = interpreter.world.has_debugger();
        interpreter
    }

    /// An interpreter for a secondary thread: the same globals and settings, which it cannot change; `None` when the world
    /// allows no other thread. The thread must call [`Interpreter::set_stack_size`].
    pub(crate) fn for_thread(&mut self) -> Option<Interpreter> {
        let world = self.world.for_thread()?;
        let seed = self.random.next_u64();
        Some(Interpreter {
            stack: Vec::with_capacity(256),
            globals: self.globals.clone(),
            settings: self.settings.clone(),
            random: Random::from_seed(seed.cast_signed()),
            world,
            namespace: self.namespace,
            caller: self.caller.clone(),
            command_line: self.command_line.clone(),
            interrupt: Arc::clone(&self.interrupt),
            calls: 0,
            registers: Default::default(),
            stack_limit: 0,
            frames: Vec::new(),
            at: 0,
            roots: Vec::new(),
            error_mode: self.error_mode,
            is_debuggable: false,
            suspensions: Vec::new(),
            failed_arguments: Vec::new(),
            aborting: false,
            place: None,
            is_installing: false,
            exiting: false,
            read_only: true,
            is_amending: false,
            is_restricted: self.is_restricted,
            is_secondary: true,
            k_mode: self.k_mode,
            scopes: Vec::new(),
            database: self.database.clone(),
            splayed: self.splayed.clone(),
            computing: Vec::new(),
            own_values: HashMap::new(),
            shows_scripts: self.shows_scripts,
            has_added_words: self.has_added_words,
        })
    }

    /// Tells how many bytes of native stack there are below the caller.
    pub fn set_stack_size(&mut self, bytes: usize) {
        self.stack_limit = stack_address().saturating_sub(bytes.saturating_sub(STACK_RESERVE));
    }

    /// The flag that makes evaluation end with `'stop` at the next call or loop; settable from any thread.
    pub fn interrupt(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.interrupt)
    }

    pub fn world(&mut self) -> &mut dyn System {
        self.world.as_mut()
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    pub fn settings_mut(&mut self) -> &mut Settings {
        &mut self.settings
    }

    pub fn set_caller(&mut self, caller: Caller) -> Caller {
        std::mem::replace(&mut self.caller, caller)
    }

    /// Says what happens with errors from now on; what was said before.
    pub fn set_error_mode(&mut self, mode: ErrorMode) -> ErrorMode {
        std::mem::replace(&mut self.error_mode, mode)
    }

    pub fn set_command_line(&mut self, command_line: CommandLine) {
        self.command_line = command_line;
    }

    /// Says whether globals may be written from now on, as for the clients of a process started with `-b`; what was said
    /// before.
    pub fn set_read_only(&mut self, read_only: bool) -> bool {
        std::mem::replace(&mut self.read_only, read_only)
    }

    /// True after `exit`: the process should end.
    pub fn is_exiting(&self) -> bool {
        self.exiting
    }

    /// The current namespace without its dot; empty for the root.
    pub fn namespace(&self) -> Symbol {
        self.namespace
    }

    /// Puts the generator of `?` at a seed, as `\S` does.
    pub fn seed(&mut self, seed: i64) {
        self.settings.seed = seed;
        self.random = Random::from_seed(seed);
    }

    /// Errors with `'stack` when the native stack is nearly used up, with `'stop` on an interrupt and with `'wsfull` over
    /// the limit of memory.
    #[inline]
    pub(crate) fn check_limits(&self) -> QResult<()> {
        let here = 0u8;
        if (std::ptr::from_ref(&here) as usize) < self.stack_limit {
            return Err(QError::stack());
        }
        if self.interrupt.load(Ordering::Relaxed) {
            return Err(self.stopped());
        }
        if memory::is_over() {
            return Err(QError::wsfull());
        }
        Ok(())
    }

    /// The error of an interrupt, which is over with it. In a secondary thread it lasts, for the others to see.
    #[cold]
    pub(crate) fn stopped(&self) -> QError {
        if !self.is_secondary {
            self.interrupt.store(false, Ordering::Relaxed);
        }
        QError::stop()
    }

    /// The value of a global by its name, relative to the current namespace; `None` when there is none.
    pub fn get_global(&mut self, name: &str) -> Option<Value> {
        let name = qualify(self.namespace, Symbol::new(name));
        self.read_name(name).ok()
    }

    /// Sets a global by its name, relative to the current namespace.
    pub fn set_global(&mut self, name: &str, value: Value) -> QResult<()> {
        let name = qualify(self.namespace, Symbol::new(name));
        self.write_name(name, value)
    }

    /// Reads a global by its full name: a value, a view, a namespace, a system name or an item of one of these.
    pub(crate) fn read_name(&mut self, name: Symbol) -> QResult<Value> {
        match self.globals.find(name) {
            Some(id) => self.read_global(id),
            None => self.read_missing(name),
        }
    }

    #[inline]
    pub(crate) fn read_global(&mut self, id: GlobalId) -> QResult<Value> {
        match self.globals.get(id) {
            Some(value) => Ok(value.clone()),
            None => self.read_missing(self.globals.name(id)),
        }
    }

    /// What a name stands for that has no value in its slot.
    fn read_missing(&mut self, name: Symbol) -> QResult<Value> {
        if let Some(id) = self.globals.find(name)
            && let Some(view) = self.globals.view(id).cloned()
        {
            return self.compute_view(id, &view);
        }
        if self.globals.is_namespace(name) {
            return Ok(self.globals.as_dictionary(name));
        }
        if name.as_bytes() == b"." {
            return Ok(self.globals.as_dictionary(Symbol::NULL));
        }
        if name.as_bytes().starts_with(b".z.")
            && let Some(value) = crate::system_names::read(self, name)?
        {
            return Ok(value);
        }
        let (space, member) = split_name(name);
        if !space.is_null() && !self.globals.is_namespace(space) {
            let whole = self
                .read_name(space)
                .map_err(|_| QError::signal(name.as_bytes().to_vec()))?;
            return crate::dot::member(self, &whole, member)
                .ok_or_else(|| QError::signal(name.as_bytes().to_vec()));
        }
        Err(QError::signal(name.as_bytes().to_vec()))
    }

    /// True when the name has a value, is a view, or is a namespace.
    pub(crate) fn is_defined(&self, name: Symbol) -> bool {
        self.globals.is_namespace(name)
            || self
                .globals
                .find(name)
                .is_some_and(|id| self.globals.get(id).is_some() || self.globals.view(id).is_some())
    }

    /// Sets a global by its full name. A dictionary that starts with `::` under the empty name becomes a namespace; a
    /// name inside a dictionary changes that dictionary.
    pub(crate) fn write_name(&mut self, name: Symbol, value: Value) -> QResult<()> {
        let id = self.globals.slot(name);
        self.write_global(id, value)
    }

    pub(crate) fn write_global(&mut self, id: GlobalId, value: Value) -> QResult<()> {
        self.check_write(id)?;
        if let Value::Lambda(lambda) = &value {
            self.name_function(id, lambda);
        }
        if self.globals.get(id).is_some() && self.globals.view(id).is_none() {
            self.globals.store(id, value);
            return self.after_write(id, &[]);
        }
        let name = self.globals.name(id);
        if name.as_bytes().contains(&b'.') {
            self.has_added_words |= name.as_bytes().starts_with(b".q.");
            if let Value::Dict(dict) = &value
                && name.as_bytes().starts_with(b".")
                && let Value::Symbols(keys) = &dict.keys
                && keys.first().is_some_and(|key| key.is_null())
                && matches!(dict.values.item(0), Some(Value::Identity))
            {
                self.globals.remove(id);
                self.globals.create_namespace(name);
                for (at, key) in keys.iter().enumerate().skip(1) {
                    let mut text = name.as_bytes().to_vec();
                    text.push(b'.');
                    text.extend_from_slice(key.as_bytes());
                    let item = dict.values.item(at).unwrap_or(Value::Identity);
                    self.write_name(Symbol::new(text), item)?;
                }
                return Ok(());
            }
            let (space, member) = split_name(name);
            if !space.is_null()
                && let Some(parent) = self.globals.find(space)
                && matches!(
                    self.globals.get(parent),
                    Some(Value::Dict(_) | Value::Table(_))
                )
            {
                return self.amend_global_value(parent, &[Value::Symbol(member)], value);
            }
        }
        if self.globals.is_namespace(name) {
            self.globals.remove(id);
        }
        self.globals.set(id, value);
        self.after_write(id, &[])
    }

    /// A function is called by the first global it is assigned to, `..f` in the root.
    #[cold]
    fn name_function(&self, id: GlobalId, lambda: &q_value::Lambda) {
        let Ok(code) = crate::machine::code_of(lambda) else {
            return;
        };
        let name = self.globals.name(id);
        if name.as_bytes().starts_with(b".") {
            code.name_function(name);
        } else {
            code.name_function(Symbol::new([b"..", name.as_bytes()].concat()));
        }
    }

    /// Runs `.z.vs` when it is set, with the name of a variable of the root and the index that was written.
    #[inline]
    pub(crate) fn after_write(&mut self, id: GlobalId, path: &[Value]) -> QResult<()> {
        match self.globals.write_hook() {
            None => Ok(()),
            Some(hook) => {
                let hook = hook.clone();
                self.run_write_hook(id, path, &hook)
            }
        }
    }

    #[cold]
    fn run_write_hook(&mut self, id: GlobalId, path: &[Value], hook: &Value) -> QResult<()> {
        if self.globals.name(id).as_bytes().starts_with(b".") {
            return Ok(());
        }
        let name = Value::Symbol(self.globals.name(id));
        let path = Value::from_items(path.to_vec());
        self.apply(hook, vec![name, path])?;
        Ok(())
    }

    /// `name[path]:value` on a global.
    pub(crate) fn amend_global_value(
        &mut self,
        id: GlobalId,
        path: &[Value],
        value: Value,
    ) -> QResult<()> {
        let mut target = self.globals.take(id).unwrap_or_else(Value::empty_list);
        let result = crate::amend::assign(&mut target, path, value, crate::amend::Bounds::Length);
        self.globals.store(id, target);
        result
    }

    /// A vector of symbols as a value.
    pub(crate) fn symbols(names: Vec<Symbol>) -> Value {
        Value::Symbols(Vector::new(names))
    }
}
