//! Settings of the process that q code reads and changes with system commands.

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
    /// What `-s` allows `\s` to set.
    pub secondary_threads_max: i32,
    pub tls_mode: i32,
    /// True with `-b`: clients cannot write.
    pub blocked: bool,
    /// True when system commands and files outside the folder are refused to clients (`-u`).
    pub restricted: bool,
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
            secondary_threads_max: i32::MAX,
            tls_mode: 0,
            blocked: false,
            restricted: false,
        }
    }
}
