//! The operating system as the evaluator sees it.

mod clock;
mod environment;
mod files;
mod handles;
mod memory;
mod paths;
mod shell;
mod streams;

use std::collections::HashMap;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use q_engine::system::{
    ConnectionState, FileStatus, HandleKind, Incoming, MemoryStatistics, OpenSpec, StandardStream,
    System,
};
use q_value::{Bytes, QResult, Value};

use crate::console::{Console, write_standard};
use crate::network::Network;
pub(crate) use environment::{entropy, host_name, ipv4, user_name};
use handles::OpenFiles;
pub(crate) use handles::{system_error, system_text};
use memory::MemoryLimit;
pub(crate) use paths::{PATH_MAP_VARIABLE, PathMap};

/// Set, errors in functions suspend although nobody sits at a terminal: for tests and tools.
const DEBUGGER_VARIABLE: &str = "QSPACE_DEBUGGER";

fn is_debugger_forced() -> bool {
    std::env::var_os(DEBUGGER_VARIABLE).is_some_and(|value| !value.is_empty())
}

/// What the evaluator's world shares with the event loop. Both run on one thread; the locks are never contended.
#[derive(Clone)]
pub(crate) struct Shared {
    network: Arc<Mutex<Network>>,
    console: Arc<Mutex<Console>>,
    /// Milliseconds between two ticks, 0 for none.
    timer: Arc<AtomicI32>,
    /// True while a client is served that may not leave the working directory (`-u`).
    restricted: Arc<AtomicBool>,
    /// True while something runs that is not a line of the console, which may be edited meanwhile.
    busy: Arc<AtomicBool>,
}

impl Shared {
    pub(crate) fn new(network: Network) -> Shared {
        Shared {
            network: Arc::new(Mutex::new(network)),
            console: Arc::default(),
            timer: Arc::default(),
            restricted: Arc::default(),
            busy: Arc::default(),
        }
    }

    pub(crate) fn busy(&self) -> &Arc<AtomicBool> {
        &self.busy
    }

    pub(crate) fn network(&self) -> MutexGuard<'_, Network> {
        self.network.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn console(&self) -> MutexGuard<'_, Console> {
        self.console.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says whether files outside the working directory, and the shell, are refused from now on.
    pub(crate) fn restrict(&self, restricted: bool) {
        self.restricted.store(restricted, Ordering::Relaxed);
    }

    pub(crate) fn timer(&self) -> i32 {
        self.timer.load(Ordering::Relaxed)
    }
}

/// The world of a q process.
pub(crate) struct Os {
    shared: Shared,
    paths: PathMap,
    /// Variables set by `setenv`; the process's own environment is left alone, as other threads may read it.
    environment: HashMap<Vec<u8>, Vec<u8>>,
    started: Instant,
    files: OpenFiles,
    memory_limit: MemoryLimit,
}

impl Os {
    pub(crate) fn new(shared: Shared, paths: PathMap) -> Os {
        Os {
            shared,
            paths,
            environment: HashMap::new(),
            started: Instant::now(),
            files: OpenFiles::default(),
            memory_limit: MemoryLimit::default(),
        }
    }

    /// Where a path of q code really is. Errors: `PermissionDenied` for a restricted client and a path that leaves the working
    /// directory.
    fn real(&self, path: &Path) -> io::Result<PathBuf> {
        let is_inside = || {
            path.components()
                .all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
        };
        if self.shared.restricted.load(Ordering::Relaxed) && !is_inside() {
            return Err(io::Error::from(io::ErrorKind::PermissionDenied));
        }
        Ok(self.paths.real(path))
    }
}

impl System for Os {
    fn for_thread(&self) -> Option<Box<dyn System>> {
        Some(Box::new(Os {
            shared: self.shared.clone(),
            paths: self.paths.clone(),
            environment: self.environment.clone(),
            started: self.started,
            files: OpenFiles::default(),
            memory_limit: MemoryLimit::default(),
        }))
    }

    fn now(&self) -> i64 {
        clock::now()
    }
    fn monotonic(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
    fn local_offset(&self, at: i64) -> i64 {
        clock::local_offset(at)
    }

    fn environment(&self, name: &[u8]) -> Option<Vec<u8>> {
        self.environment
            .get(name)
            .cloned()
            .or_else(|| environment::variable(name))
    }
    fn set_environment(&mut self, name: &[u8], value: &[u8]) {
        self.environment.insert(name.to_vec(), value.to_vec());
    }
    fn working_directory(&self) -> io::Result<PathBuf> {
        Ok(self.paths.shown(&std::env::current_dir()?))
    }
    fn change_directory(&mut self, path: &Path) -> io::Result<()> {
        std::env::set_current_dir(self.real(path)?)
    }
    fn process_id(&self) -> i32 {
        i32::try_from(std::process::id()).unwrap_or(i32::MAX)
    }
    fn host_name(&self) -> String {
        environment::host_name()
    }
    fn user_name(&self) -> String {
        environment::user_name()
    }
    fn host_address(&self) -> u32 {
        environment::resolve_host(&environment::host_name()).unwrap_or(0x7f00_0001)
    }
    fn resolve_host(&self, name: &str) -> Option<u32> {
        environment::resolve_host(name)
    }
    fn host_of_address(&self, address: u32) -> Option<String> {
        environment::host_of_address(address)
    }
    fn core_count(&self) -> usize {
        std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
    }
    fn memory(&self) -> MemoryStatistics {
        memory::statistics(self.memory_limit.bytes())
    }
    fn collect_garbage(&mut self) -> i64 {
        i64::try_from(q_engine::memory::release()).unwrap_or(i64::MAX)
    }
    fn memory_limit(&mut self, set: Option<i64>) -> i64 {
        if let Some(bytes) = set {
            self.memory_limit.set(bytes);
        }
        self.memory_limit.bytes()
    }
    fn entropy(&mut self, bytes: &mut [u8]) {
        environment::entropy(bytes);
    }

    fn status(&self, path: &Path) -> io::Result<FileStatus> {
        files::status(&self.real(path)?)
    }
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(self.real(path)?)
    }
    fn read_range(&self, path: &Path, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        files::read_range(&self.real(path)?, offset, length)
    }
    fn map(&self, path: &Path) -> io::Result<Bytes> {
        q_storage::map_file(&self.real(path)?)
    }
    fn write(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        files::write(&self.real(path)?, bytes)
    }
    fn append(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        files::append(&self.real(path)?, bytes)
    }
    fn append_locked(
        &mut self,
        path: &Path,
        more: &mut dyn FnMut(&[u8]) -> QResult<Vec<u8>>,
    ) -> QResult<()> {
        let real = self
            .real(path)
            .map_err(|error| q_storage::file_error(path, &error))?;
        files::append_locked(&real, more)
    }
    fn write_at(&mut self, path: &Path, offset: u64, bytes: &[u8]) -> io::Result<()> {
        files::write_at(&self.real(path)?, offset, bytes)
    }
    fn list(&self, path: &Path) -> io::Result<Vec<Vec<u8>>> {
        files::list(&self.real(path)?)
    }
    fn create_directories(&mut self, path: &Path) -> io::Result<()> {
        std::fs::create_dir_all(self.real(path)?)
    }
    fn remove(&mut self, path: &Path) -> io::Result<()> {
        files::remove(&self.real(path)?)
    }
    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(self.real(from)?, self.real(to)?)
    }

    fn write_standard(&mut self, stream: StandardStream, bytes: &[u8]) {
        write_standard(stream, bytes);
    }
    fn restrict_files(&mut self, restricted: bool) -> bool {
        self.shared.restricted.swap(restricted, Ordering::Relaxed)
    }
    fn has_debugger(&self) -> bool {
        self.shared.console().is_terminal() || is_debugger_forced()
    }
    fn debug_line(&mut self, prompt: &str) -> Option<Vec<u8>> {
        self.shared.console().wait_for_line(prompt)
    }
    fn read_line(&mut self) -> Option<Vec<u8>> {
        self.shared.console().wait_for_line("")
    }
    fn redirect(&mut self, stream: StandardStream, path: &Path) -> io::Result<()> {
        streams::redirect(stream, &self.real(path)?)
    }
    fn shell(&mut self, command: &[u8]) -> io::Result<(Vec<u8>, i32)> {
        if self.shared.restricted.load(Ordering::Relaxed) {
            return Err(io::Error::from(io::ErrorKind::PermissionDenied));
        }
        let (output, status) = shell::run(&self.paths.real_text(command), &self.environment)?;
        Ok((self.paths.shown_text(&output), status))
    }
    fn exit(&mut self, status: i32) {
        self.shared.network().flush_before_exit();
        crate::console::restore();
        std::process::exit(status);
    }

    fn open(&mut self, spec: &OpenSpec, timeout: Option<Duration>) -> QResult<i32> {
        match spec {
            OpenSpec::File(path) | OpenSpec::Pipe(path) => {
                let real = self
                    .real(path)
                    .map_err(|error| system_error(&path.to_string_lossy(), &error))?;
                match spec {
                    OpenSpec::Pipe(_) => self.files.open_pipe(&real),
                    _ => self.files.open_for_appending(&real),
                }
            }
            OpenSpec::Process(address) => self.shared.network().connect(address, timeout),
        }
    }
    fn close(&mut self, handle: i32) -> QResult<()> {
        if self.files.close(handle) {
            return Ok(());
        }
        self.shared.network().close(handle)
    }
    fn handle_kind(&self, handle: i32) -> Option<HandleKind> {
        self.files.kind(handle).or_else(|| {
            self.shared
                .network()
                .is_open(handle)
                .then_some(HandleKind::Process)
        })
    }
    fn write_handle(&mut self, handle: i32, bytes: &[u8]) -> QResult<()> {
        self.files.write(handle, bytes)
    }
    fn read_handle(&mut self, handle: i32, length: usize) -> QResult<Vec<u8>> {
        self.files.read(handle, length)
    }
    fn send_async(&mut self, handle: i32, message: &Value) -> QResult<()> {
        self.shared.network().send_async(handle, message)
    }
    fn flush(&mut self, handle: i32) -> QResult<()> {
        self.shared.network().flush(handle)
    }
    fn send_sync(&mut self, handle: i32, message: &Value) -> QResult<()> {
        self.shared.network().send_sync(handle, message)
    }
    fn receive(&mut self, handle: i32) -> QResult<Incoming> {
        self.shared.network().receive(handle)
    }
    fn reply(&mut self, handle: i32, answer: &QResult<Value>) -> QResult<()> {
        self.shared.network().reply(handle, answer)
    }
    fn defer(&mut self, handle: i32) -> QResult<()> {
        self.shared.network().defer(handle)
    }
    fn queues(&self) -> Vec<(i32, Vec<i64>)> {
        self.shared.network().queues()
    }
    fn connection(&self, handle: i32) -> Option<ConnectionState> {
        self.shared.network().state(handle)
    }
    fn set_compression(&mut self, handle: i32, is_on: bool) -> QResult<()> {
        self.shared.network().set_compression(handle, is_on)
    }

    fn listening_port(&self) -> i32 {
        self.shared.network().listening_port()
    }
    fn listen(&mut self, specification: &str) -> QResult<()> {
        self.shared.network().listen(specification)
    }
    fn timer(&self) -> i32 {
        self.shared.timer()
    }
    fn set_timer(&mut self, milliseconds: i32) {
        self.shared
            .timer
            .store(milliseconds.max(0), Ordering::Relaxed);
    }
    fn http(&mut self, url: &[u8], request: &[u8]) -> QResult<Vec<u8>> {
        self.shared.network().http(url, request)
    }
    fn open_web_socket(&mut self, url: &[u8], request: &[u8]) -> QResult<(Option<i32>, Vec<u8>)> {
        self.shared.network().open_web_socket(url, request)
    }
}
