//! A world in memory, for tests and for tools that must not touch the machine.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use q_value::{Bytes, QError, QResult, Value};

use crate::system::{
    FileKind, FileStatus, HandleKind, Incoming, MemoryStatistics, OpenSpec, StandardStream, System,
};

/// What a [`FakeWorld`] has done, shared with the test that owns it.
#[derive(Default)]
pub struct Recorded {
    pub output: Vec<u8>,
    pub error: Vec<u8>,
    /// Status of the first `exit`.
    pub exit: Option<i32>,
    /// Messages sent, with their handles.
    pub sent: Vec<(i32, Value)>,
    /// Answers given to synchronous messages.
    pub replies: Vec<(i32, QResult<Value>)>,
    pub deferred: Vec<i32>,
    /// Shell commands asked for.
    pub commands: Vec<Vec<u8>>,
}

/// Files, clock and handles in memory. The clock stands still at [`FakeWorld::set_now`] but for one microsecond per
/// reading of the monotonic one.
pub struct FakeWorld {
    now: i64,
    ticks: std::cell::Cell<u64>,
    environment: HashMap<Vec<u8>, Vec<u8>>,
    directory: PathBuf,
    files: BTreeMap<PathBuf, Vec<u8>>,
    directories: BTreeSet<PathBuf>,
    input: VecDeque<Vec<u8>>,
    /// Lines for the debugger, when there is one.
    debugger: Option<Arc<Mutex<VecDeque<Vec<u8>>>>>,
    recorded: Arc<Mutex<Recorded>>,
    handles: BTreeMap<i32, OpenSpec>,
    incoming: VecDeque<Incoming>,
    port: i32,
    timer: i32,
    limit: i64,
    entropy: u64,
}

impl Default for FakeWorld {
    fn default() -> FakeWorld {
        FakeWorld {
            now: 0,
            ticks: std::cell::Cell::new(0),
            environment: HashMap::new(),
            directory: PathBuf::from("/"),
            files: BTreeMap::new(),
            directories: BTreeSet::from([PathBuf::from("/")]),
            input: VecDeque::new(),
            debugger: None,
            recorded: Arc::default(),
            handles: BTreeMap::new(),
            incoming: VecDeque::new(),
            port: 0,
            timer: 0,
            limit: 0,
            entropy: 0x9e37_79b9_7f4a_7c15,
        }
    }
}

impl FakeWorld {
    pub fn new() -> FakeWorld {
        FakeWorld::default()
    }

    /// Gives the world a debugger whose lines are taken from the queue returned. Both streams are then recorded as output, in
    /// order, with the prompts and lines among them.
    pub fn with_debugger(&mut self) -> Arc<Mutex<VecDeque<Vec<u8>>>> {
        Arc::clone(self.debugger.get_or_insert_default())
    }

    /// The record of what happens, for looking at after the world was given away.
    pub fn recorded(&self) -> Arc<Mutex<Recorded>> {
        Arc::clone(&self.recorded)
    }

    /// Nanoseconds since 2000.01.01 that the clock shows.
    pub fn set_now(&mut self, now: i64) {
        self.now = now;
    }

    pub fn add_file(&mut self, path: impl AsRef<Path>, bytes: impl Into<Vec<u8>>) {
        let path = self.absolute(path.as_ref());
        self.add_parents(&path);
        self.files.insert(path, bytes.into());
    }

    pub fn add_input(&mut self, line: impl Into<Vec<u8>>) {
        self.input.push_back(line.into());
    }

    /// What the next [`System::receive`] gives.
    pub fn add_incoming(&mut self, incoming: Incoming) {
        self.incoming.push_back(incoming);
    }

    fn absolute(&self, path: &Path) -> PathBuf {
        let mut result = PathBuf::from("/");
        for component in self.directory.join(path).components() {
            match component {
                Component::Normal(name) => result.push(name),
                Component::ParentDir => {
                    result.pop();
                }
                Component::RootDir | Component::CurDir | Component::Prefix(_) => (),
            }
        }
        result
    }

    fn add_parents(&mut self, path: &Path) {
        for parent in path.ancestors().skip(1) {
            self.directories.insert(parent.to_path_buf());
        }
    }

    fn record(&self, change: impl FnOnce(&mut Recorded)) {
        change(
            &mut self
                .recorded
                .lock()
                .expect("tests do not panic while recording"),
        );
    }
}

fn not_found() -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, "No such file or directory")
}

impl System for FakeWorld {
    fn for_thread(&self) -> Option<Box<dyn System>> {
        Some(Box::new(FakeWorld {
            now: self.now,
            environment: self.environment.clone(),
            directory: self.directory.clone(),
            files: self.files.clone(),
            directories: self.directories.clone(),
            recorded: Arc::clone(&self.recorded),
            ..FakeWorld::default()
        }))
    }
    fn now(&self) -> i64 {
        self.now
    }
    fn monotonic(&self) -> u64 {
        self.ticks.set(self.ticks.get() + 1_000);
        self.ticks.get()
    }
    fn local_offset(&self, _at: i64) -> i64 {
        0
    }
    fn environment(&self, name: &[u8]) -> Option<Vec<u8>> {
        self.environment.get(name).cloned()
    }
    fn set_environment(&mut self, name: &[u8], value: &[u8]) {
        self.environment.insert(name.to_vec(), value.to_vec());
    }
    fn working_directory(&self) -> io::Result<PathBuf> {
        Ok(self.directory.clone())
    }
    fn change_directory(&mut self, path: &Path) -> io::Result<()> {
        let path = self.absolute(path);
        if !self.directories.contains(&path) {
            return Err(not_found());
        }
        self.directory = path;
        Ok(())
    }
    fn process_id(&self) -> i32 {
        1
    }
    fn host_name(&self) -> String {
        "fake".to_owned()
    }
    fn user_name(&self) -> String {
        "user".to_owned()
    }
    fn host_address(&self) -> u32 {
        0x7f00_0001
    }
    fn resolve_host(&self, name: &str) -> Option<u32> {
        (name == "localhost" || name == "fake").then_some(0x7f00_0001)
    }
    fn host_of_address(&self, address: u32) -> Option<String> {
        (address == 0x7f00_0001).then(|| "localhost".to_owned())
    }
    fn core_count(&self) -> usize {
        1
    }
    fn memory(&self) -> MemoryStatistics {
        MemoryStatistics {
            limit: self.limit,
            ..Default::default()
        }
    }
    fn collect_garbage(&mut self) -> i64 {
        0
    }
    fn memory_limit(&mut self, set: Option<i64>) -> i64 {
        if let Some(limit) = set {
            self.limit = limit;
        }
        self.limit
    }
    fn entropy(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            self.entropy ^= self.entropy << 13;
            self.entropy ^= self.entropy >> 7;
            self.entropy ^= self.entropy << 17;
            *byte = self.entropy.to_le_bytes()[3];
        }
    }

    fn status(&self, path: &Path) -> io::Result<FileStatus> {
        let path = self.absolute(path);
        if let Some(bytes) = self.files.get(&path) {
            return Ok(FileStatus {
                kind: FileKind::File,
                size: bytes.len() as u64,
            });
        }
        if self.directories.contains(&path) {
            return Ok(FileStatus {
                kind: FileKind::Directory,
                size: 0,
            });
        }
        Err(not_found())
    }
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.files
            .get(&self.absolute(path))
            .cloned()
            .ok_or_else(not_found)
    }
    fn read_range(&self, path: &Path, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let bytes = self.files.get(&self.absolute(path)).ok_or_else(not_found)?;
        let start = usize::try_from(offset)
            .unwrap_or(usize::MAX)
            .min(bytes.len());
        let end = start.saturating_add(length).min(bytes.len());
        Ok(bytes[start..end].to_vec())
    }
    fn map(&self, path: &Path) -> io::Result<Bytes> {
        Ok(Arc::new(self.read(path)?))
    }
    fn write(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.add_file(path, bytes);
        Ok(())
    }
    fn append(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let path = self.absolute(path);
        self.add_parents(&path);
        self.files.entry(path).or_default().extend_from_slice(bytes);
        Ok(())
    }
    fn write_at(&mut self, path: &Path, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let path = self.absolute(path);
        let file = self.files.get_mut(&path).ok_or_else(not_found)?;
        let start = usize::try_from(offset).map_err(|_| not_found())?;
        if file.len() < start + bytes.len() {
            file.resize(start + bytes.len(), 0);
        }
        file[start..start + bytes.len()].copy_from_slice(bytes);
        Ok(())
    }
    fn list(&self, path: &Path) -> io::Result<Vec<Vec<u8>>> {
        let path = self.absolute(path);
        if !self.directories.contains(&path) {
            return Err(not_found());
        }
        let names: BTreeSet<Vec<u8>> = self
            .files
            .keys()
            .chain(&self.directories)
            .filter(|other| other.parent() == Some(&path))
            .filter_map(|other| other.file_name())
            .map(|name| name.as_encoded_bytes().to_vec())
            .collect();
        Ok(names.into_iter().collect())
    }
    fn create_directories(&mut self, path: &Path) -> io::Result<()> {
        let path = self.absolute(path);
        self.add_parents(&path);
        self.directories.insert(path);
        Ok(())
    }
    fn remove(&mut self, path: &Path) -> io::Result<()> {
        let path = self.absolute(path);
        if self.files.remove(&path).is_some() {
            return Ok(());
        }
        if !self.list(&path)?.is_empty() {
            return Err(io::Error::other("Directory not empty"));
        }
        self.directories.remove(&path);
        Ok(())
    }
    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let bytes = self
            .files
            .remove(&self.absolute(from))
            .ok_or_else(not_found)?;
        self.add_file(to, bytes);
        Ok(())
    }

    fn has_debugger(&self) -> bool {
        self.debugger.is_some()
    }
    fn debug_line(&mut self, prompt: &str) -> Option<Vec<u8>> {
        let line = self.debugger.as_ref()?.lock().ok()?.pop_front()?;
        let shown = [prompt.as_bytes(), &line, b"\n"].concat();
        self.record(|recorded| recorded.output.extend_from_slice(&shown));
        Some(line)
    }
    fn write_standard(&mut self, stream: StandardStream, bytes: &[u8]) {
        let one_stream = self.debugger.is_some();
        self.record(|recorded| match stream {
            StandardStream::Error if one_stream => recorded.output.extend_from_slice(bytes),
            StandardStream::Output => recorded.output.extend_from_slice(bytes),
            StandardStream::Error => recorded.error.extend_from_slice(bytes),
        });
    }
    fn read_line(&mut self) -> Option<Vec<u8>> {
        self.input.pop_front()
    }
    fn redirect(&mut self, _stream: StandardStream, path: &Path) -> io::Result<()> {
        self.add_file(path, Vec::new());
        Ok(())
    }
    fn shell(&mut self, command: &[u8]) -> io::Result<(Vec<u8>, i32)> {
        self.record(|recorded| recorded.commands.push(command.to_vec()));
        Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "no shell in memory",
        ))
    }
    fn exit(&mut self, status: i32) {
        self.record(|recorded| {
            recorded.exit.get_or_insert(status);
        });
    }

    fn open(&mut self, spec: &OpenSpec, _timeout: Option<Duration>) -> QResult<i32> {
        let handle = self
            .handles
            .last_key_value()
            .map_or(3, |(handle, _)| handle + 1);
        if let OpenSpec::File(path) = spec
            && self.status(path).is_err()
        {
            self.add_file(path, Vec::new());
        }
        self.handles.insert(handle, spec.clone());
        Ok(handle)
    }
    fn close(&mut self, handle: i32) -> QResult<()> {
        self.handles
            .remove(&handle)
            .map(|_| ())
            .ok_or_else(|| QError::new("domain"))
    }
    fn handle_kind(&self, handle: i32) -> Option<HandleKind> {
        Some(match self.handles.get(&handle)? {
            OpenSpec::File(_) => HandleKind::File,
            OpenSpec::Pipe(_) => HandleKind::Pipe,
            OpenSpec::Process(_) => HandleKind::Process,
        })
    }
    fn write_handle(&mut self, handle: i32, bytes: &[u8]) -> QResult<()> {
        match self.handles.get(&handle).cloned() {
            Some(OpenSpec::File(path)) => self
                .append(&path, bytes)
                .map_err(|error| QError::signal(error.to_string())),
            _ => Err(QError::domain()),
        }
    }
    fn read_handle(&mut self, handle: i32, length: usize) -> QResult<Vec<u8>> {
        match self.handles.get(&handle).cloned() {
            Some(OpenSpec::Pipe(path)) => {
                let path = self.absolute(&path);
                let file = self.files.get_mut(&path).ok_or_else(QError::domain)?;
                Ok(file.drain(..length.min(file.len())).collect())
            }
            _ => Err(QError::domain()),
        }
    }
    fn send_async(&mut self, handle: i32, message: &Value) -> QResult<()> {
        self.record(|recorded| recorded.sent.push((handle, message.clone())));
        Ok(())
    }
    fn flush(&mut self, _handle: i32) -> QResult<()> {
        Ok(())
    }
    fn send_sync(&mut self, handle: i32, message: &Value) -> QResult<()> {
        self.send_async(handle, message)
    }
    fn receive(&mut self, _handle: i32) -> QResult<Incoming> {
        self.incoming
            .pop_front()
            .ok_or_else(|| QError::new("close"))
    }
    fn reply(&mut self, handle: i32, answer: &QResult<Value>) -> QResult<()> {
        self.record(|recorded| recorded.replies.push((handle, answer.clone())));
        Ok(())
    }
    fn defer(&mut self, handle: i32) -> QResult<()> {
        self.record(|recorded| recorded.deferred.push(handle));
        Ok(())
    }
    fn queues(&self) -> Vec<(i32, Vec<i64>)> {
        self.handles
            .iter()
            .filter(|(_, spec)| matches!(spec, OpenSpec::Process(_)))
            .map(|(handle, _)| (*handle, Vec::new()))
            .collect()
    }
    fn handle_protocol(&self, handle: i32) -> Option<(u8, u8)> {
        matches!(self.handles.get(&handle)?, OpenSpec::Process(_)).then_some((b'q', b'b'))
    }
    fn listening_port(&self) -> i32 {
        self.port
    }
    fn listen(&mut self, specification: &str) -> QResult<()> {
        self.port = specification.parse().map_err(|_| QError::domain())?;
        Ok(())
    }
    fn timer(&self) -> i32 {
        self.timer
    }
    fn set_timer(&mut self, milliseconds: i32) {
        self.timer = milliseconds;
    }
    fn http(&mut self, _url: &[u8], _request: &[u8]) -> QResult<Vec<u8>> {
        Err(QError::new("conn"))
    }
    fn open_web_socket(&mut self, _url: &[u8], _request: &[u8]) -> QResult<(Option<i32>, Vec<u8>)> {
        Err(QError::new("conn"))
    }
}
