//! Settings of the process that q code reads and changes with system commands.

use crate::failure::ErrorMode;

/// Values of `\P \c \C \S \z \e \g \o \T \W \s \E`.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Significant digits of floats, 0 for all.
    pub precision: u8,
    /// Rows and columns of the console.
    pub console: (usize, usize),
    /// Rows and columns of HTTP output.
    pub http: (usize, usize),
    pub seed: i64,
    /// 0: month first, 1: day first, in dates without a fixed order.
    pub date_order: i32,
    /// Error trap of client messages: 0 none, 1 suspend, 2 dump.
    pub error_trap: i32,
    /// 0 deferred, 1 immediate.
    pub garbage_collection: i32,
    /// Hours (or minutes when beyond 23) from UTC; `None` takes the machine's zone.
    pub utc_offset: Option<i32>,
    /// Seconds a client's request may take, 0 for no limit.
    pub time_limit: i32,
    /// First day of the week, 0 is Saturday.
    pub week_offset: i32,
    pub secondary_threads: i32,
    /// As the command line set it.
    pub secondary_threads_max: i32,
    pub tls_mode: i32,
    /// True with `-b`: clients cannot write.
    pub blocked: bool,
    /// True when system commands and files outside the folder are refused to clients (`-u`).
    pub restricted: bool,
}

impl Settings {
    /// Threads for `peach`, and the most that a primitive spreads a large vector over: as many as the machine has until
    /// this is set.
    pub fn set_secondary_threads(&mut self, count: i32) {
        self.secondary_threads = count;
        let threads = usize::try_from(count).unwrap_or(1).max(1);
        q_kernels::set_threads(threads);
    }

    /// Whether memory of freed large vectors is kept for the next (0, until `.Q.gc`) or given back at once (1).
    pub fn set_garbage_collection(&mut self, mode: i32) {
        self.garbage_collection = mode;
        q_kernels::memory::set_kept(mode == 0);
    }

    /// What `\e` says about errors in callbacks of asynchronous messages and of HTTP.
    pub fn callback_error_mode(&self) -> ErrorMode {
        match self.error_trap {
            1 => ErrorMode::Suspend,
            2 => ErrorMode::Trace,
            _ => ErrorMode::Abort,
        }
    }
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            precision: 7,
            console: (25, 80),
            http: (36, 2000),
            seed: -314_159,
            date_order: 0,
            error_trap: 0,
            garbage_collection: 0,
            utc_offset: None,
            time_limit: 0,
            week_offset: 2,
            secondary_threads: 0,
            secondary_threads_max: 0,
            tls_mode: 0,
            blocked: false,
            restricted: false,
        }
    }
}
