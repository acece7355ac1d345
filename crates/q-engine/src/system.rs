//! The world as the evaluator sees it: one trait for clock, environment, files, standard streams, shell and handles.
//!
//! The evaluator does no input or output of its own. A process gives it an implementation over the operating system, a
//! test gives it [`crate::fake::FakeWorld`]. Waiting for an answer is turned inside out ([`System::receive`]), so that the
//! evaluator keeps hold of itself while it runs what arrives meanwhile.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use q_value::{Bytes, QResult, Value};
use q_wire::MessageKind;

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    File,
    Directory,
    /// A pipe, socket or device.
    Other,
}

/// Kind and size in bytes of what stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileStatus {
    pub kind: FileKind,
    pub size: u64,
}

/// What `hopen` was asked to open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpenSpec {
    /// A file for appending, created when missing (`` `:path ``).
    File(PathBuf),
    /// A named pipe for reading (`` `:fifo://path ``).
    Pipe(PathBuf),
    /// Another q process.
    Process(Address),
}

/// How to reach another q process.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Address {
    pub transport: Transport,
    /// Empty for this machine.
    pub host: String,
    pub port: u16,
    pub user: Vec<u8>,
    pub password: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Transport {
    #[default]
    Plain,
    Tls,
    /// A unix-domain socket named by the port number.
    Unix,
}

/// What a handle number stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandleKind {
    File,
    Pipe,
    Process,
}

/// A message that arrived while a reply was awaited, not decoded yet: lambdas in it are compiled by the evaluator, see
/// [`q_wire::decode_message`] and [`q_wire::Compile`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    /// `Response` is the reply itself. `Async` is to be run before waiting on; `Sync` too, and to be answered with
    /// [`System::reply`].
    pub kind: MessageKind,
    /// The whole message, header included.
    pub message: Vec<u8>,
}

/// The streams every process has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StandardStream {
    Output,
    Error,
}

/// Bytes of memory, as `.Q.w` shows them; what a world does not know is zero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MemoryStatistics {
    pub used: i64,
    pub heap: i64,
    pub peak: i64,
    pub limit: i64,
    pub mapped: i64,
    pub physical: i64,
}

/// Everything outside the evaluator. Paths are as q code wrote them; an implementation maps prefixes
/// (`/opt/kx/app`) itself, in every method that takes a path.
pub trait System: Send {
    /// The world for a secondary thread of `peach`: the same clock, environment and files, no handles. `None` when there can
    /// be no other threads.
    fn for_thread(&self) -> Option<Box<dyn System>> {
        None
    }

    // -- debugger --------------------------------------------------------------------------------------------------
    /// True when errors in functions suspend: somebody sits at a console.
    fn has_debugger(&self) -> bool {
        false
    }
    /// The next line typed at the debugger's prompt; `None` when there is no more, which leaves the debugger.
    fn debug_line(&mut self, _prompt: &str) -> Option<Vec<u8>> {
        None
    }

    // -- clock -----------------------------------------------------------------------------------------------------
    /// Nanoseconds since 2000.01.01 UTC.
    fn now(&self) -> i64;
    /// A clock that never steps back, in nanoseconds from an arbitrary start; for timing.
    fn monotonic(&self) -> u64;
    /// Nanoseconds to add to UTC to get local time at the UTC instant `at`.
    fn local_offset(&self, at: i64) -> i64;

    // -- restriction -----------------------------------------------------------------------------------------------
    /// Says whether files outside the working directory are refused from now on; what was said before.
    fn restrict_files(&mut self, _restricted: bool) -> bool {
        false
    }

    // -- environment -----------------------------------------------------------------------------------------------
    fn environment(&self, name: &[u8]) -> Option<Vec<u8>>;
    fn set_environment(&mut self, name: &[u8], value: &[u8]);
    fn working_directory(&self) -> io::Result<PathBuf>;
    fn change_directory(&mut self, path: &Path) -> io::Result<()>;
    fn process_id(&self) -> i32;
    fn host_name(&self) -> String;
    fn user_name(&self) -> String;
    /// IPv4 address of this machine, most significant byte first; 127.0.0.1 when unknown.
    fn host_address(&self) -> u32;
    /// IPv4 address of a host name, or `None`.
    fn resolve_host(&self, name: &str) -> Option<u32>;
    /// Host name of an IPv4 address, or `None`.
    fn host_of_address(&self, address: u32) -> Option<String>;
    fn core_count(&self) -> usize;
    fn memory(&self) -> MemoryStatistics;
    /// Gives free memory back to the operating system; returns how many bytes.
    fn collect_garbage(&mut self) -> i64;
    /// Limit in bytes after which allocation fails, 0 for none; `None` only reads it. Returns the limit in force.
    fn memory_limit(&mut self, set: Option<i64>) -> i64;
    /// `count` bytes that cannot be guessed; for guids and unseeded generators.
    fn entropy(&mut self, bytes: &mut [u8]);

    // -- files -----------------------------------------------------------------------------------------------------
    fn status(&self, path: &Path) -> io::Result<FileStatus>;
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// At most `length` bytes from `offset` on; fewer at the end of the file.
    fn read_range(&self, path: &Path, offset: u64, length: usize) -> io::Result<Vec<u8>>;
    /// The file's bytes without reading them now, where the platform can.
    fn map(&self, path: &Path) -> io::Result<Bytes>;
    /// Replaces the file as a whole (written beside and renamed), creating folders on the way.
    fn write(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()>;
    /// Adds to the end, creating file and folders on the way.
    fn append(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()>;
    /// Appends what `more` makes of the file's present bytes (none when it is missing), so that no other process that
    /// does the same comes between. A world with other processes in it locks the file meanwhile.
    fn append_locked(
        &mut self,
        path: &Path,
        more: &mut dyn FnMut(&[u8]) -> QResult<Vec<u8>>,
    ) -> QResult<()> {
        let before = match self.read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(q_storage::file_error(path, &error)),
        };
        let added = more(&before)?;
        if added.is_empty() && !before.is_empty() {
            return Ok(());
        }
        self.append(path, &added)
            .map_err(|error| q_storage::file_error(path, &error))
    }
    /// Overwrites bytes in place, for instance a count in a header.
    fn write_at(&mut self, path: &Path, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Names in a directory, sorted bytewise, without `.` and `..`.
    fn list(&self, path: &Path) -> io::Result<Vec<Vec<u8>>>;
    fn create_directories(&mut self, path: &Path) -> io::Result<()>;
    /// Removes a file or an empty directory.
    fn remove(&mut self, path: &Path) -> io::Result<()>;
    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()>;

    // -- streams and shell -----------------------------------------------------------------------------------------
    /// Writes and flushes.
    fn write_standard(&mut self, stream: StandardStream, bytes: &[u8]);
    /// The next line of standard input without its end; `None` at the end.
    fn read_line(&mut self) -> Option<Vec<u8>>;
    /// Sends a standard stream to a file from now on (`\1 file`, `\2 file`).
    fn redirect(&mut self, stream: StandardStream, path: &Path) -> io::Result<()>;
    /// Runs a command in the shell; its standard output, and the exit status.
    fn shell(&mut self, command: &[u8]) -> io::Result<(Vec<u8>, i32)>;
    /// Ends the process. A fake world records the status and returns.
    fn exit(&mut self, status: i32);

    // -- handles ---------------------------------------------------------------------------------------------------
    /// Opens and returns the handle, above 2. Errors: `hop`, `timeout`, `access`, `conn`, with the system's text.
    fn open(&mut self, spec: &OpenSpec, timeout: Option<Duration>) -> QResult<i32>;
    fn close(&mut self, handle: i32) -> QResult<()>;
    fn handle_kind(&self, handle: i32) -> Option<HandleKind>;
    /// Appends bytes to a handle of a file.
    fn write_handle(&mut self, handle: i32, bytes: &[u8]) -> QResult<()>;
    /// Reads up to `length` bytes from a pipe handle; fewer at its end.
    fn read_handle(&mut self, handle: i32, length: usize) -> QResult<Vec<u8>>;
    /// Queues a message; returns at once.
    fn send_async(&mut self, handle: i32, message: &Value) -> QResult<()>;
    /// Blocks until everything queued for the handle is handed to the operating system.
    fn flush(&mut self, handle: i32) -> QResult<()>;
    /// Sends a synchronous message, whose reply [`System::receive`] will give.
    fn send_sync(&mut self, handle: i32, message: &Value) -> QResult<()>;
    /// Waits for the reply on this handle, or for a message on it that must be run first. Errors: `close` when the other
    /// side is gone, `stop` on an interrupt.
    fn receive(&mut self, handle: i32) -> QResult<Incoming>;
    /// Answers a synchronous message (also a deferred one, `-30!`).
    fn reply(&mut self, handle: i32, answer: &QResult<Value>) -> QResult<()>;
    /// Marks the message being handled on this handle as answered later.
    fn defer(&mut self, handle: i32) -> QResult<()>;
    /// Open process handles with the sizes in bytes of the messages queued on each, by handle.
    fn queues(&self) -> Vec<(i32, Vec<i64>)>;
    /// Protocol (`q`, `w`, `h`) and mode (`t` text, `b` binary) of a handle, for `-38!`.
    fn handle_protocol(&self, handle: i32) -> Option<(u8, u8)>;

    // -- server ----------------------------------------------------------------------------------------------------
    /// The listening port, 0 for none, negative when multithreaded.
    fn listening_port(&self) -> i32;
    /// Listens as the text of `\p` says (`5001`, `0W`, `host:port`, `-5001`, `rp,5001`).
    fn listen(&mut self, specification: &str) -> QResult<()>;
    /// Milliseconds between two timer ticks, 0 for none.
    fn timer(&self) -> i32;
    fn set_timer(&mut self, milliseconds: i32);
    /// An HTTP request: the response as it came, head and body (`.Q.hg`, `.Q.hp`, one-shot `` `:http://.. ``).
    fn http(&mut self, url: &[u8], request: &[u8]) -> QResult<Vec<u8>>;
    /// Asks for a WebSocket: its handle when the other side agrees, and the head of the answer.
    fn open_web_socket(&mut self, url: &[u8], request: &[u8]) -> QResult<(Option<i32>, Vec<u8>)>;
}
