//! q's command line: `q [file] [-option value ...] [arguments]`. What is not an option of q stays for the program.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

/// The options of q's command line, as given; `None` where the default holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Arguments {
    /// Script or database folder.
    pub script: Option<Vec<u8>>,
    /// What `.z.x` shows: everything that is neither the script nor an option of q.
    pub rest: Vec<Vec<u8>>,
    /// `-p`: the text of a port as `\p` takes it.
    pub port: Option<String>,
    pub quiet: bool,
    /// `-b`: clients cannot write.
    pub blocked: bool,
    /// `-c` and `-C`: rows and columns.
    pub console_size: Option<(i64, i64)>,
    pub http_size: Option<(i64, i64)>,
    /// `-e 0|1|2`.
    pub error_trap: Option<i64>,
    /// `-E 0|1|2`: plain, plain and TLS, TLS only.
    pub tls_mode: Option<i64>,
    pub garbage_collection: Option<i64>,
    /// `-o`: hours (or minutes when beyond 23) from UTC.
    pub utc_offset: Option<i64>,
    pub precision: Option<i64>,
    pub threads: Option<i64>,
    pub seed: Option<i64>,
    /// `-t`: milliseconds.
    pub timer: Option<i64>,
    /// `-T`: seconds a client's call may take.
    pub time_limit: Option<i64>,
    /// `-u` or `-U`.
    pub access: Option<Access>,
    /// `-w`: megabytes.
    pub memory_limit: Option<i64>,
    pub week_offset: Option<i64>,
    /// `-z`: date order.
    pub date_order: Option<i64>,
    pub help: bool,
    pub version: bool,
}

/// What `-u` and `-U` restrict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// File of `user:password` lines; none with `-u 1`.
    pub password_file: Option<Vec<u8>>,
    /// `-u`: system commands and files above the working directory are refused to clients.
    pub restricted: bool,
}

/// Why a command line is refused; the text is for the person who typed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArgumentError(pub String);

/// What `--help` prints.
pub const HELP: &str = "\
q [file] [-option value ...] [arguments]

  file            script to run, or folder of a database to load
  -p PORT         listen: 5001, host:5001, rp,5001 (shared), 0W (any free), -5001
  -q              quiet: no banner, no prompt
  -s N            secondary threads
  -t MS           timer interval in milliseconds
  -T S            limit of a client's call in seconds
  -u FILE|1       password file; clients may not run system commands (1: that alone)
  -U FILE         password file
  -b              clients may not write
  -w MB           memory limit
  -c ROWS COLS    console size          -C ROWS COLS    size of HTTP answers
  -e 0|1|2        error trap mode       -E 0|1|2        plain | plain and TLS | TLS only
  -g 0|1          return memory at once -o N            hours from UTC
  -P N            precision of floats   -S N            random seed
  -W N            start of the week     -z 0|1          dates as mdy | dmy
  --help          this text             --version       its version

Arguments that are none of these stay in .z.x. Environment: SSL_CERT_FILE, SSL_KEY_FILE and SSL_CA_CERT_FILE for TLS,
SSL_VERIFY_SERVER=NO to trust any server, QUDSPATH for Unix sockets, LISTEN_FDS for inherited sockets, QSPACE_PATH_MAP=/prefix=folder to lay out paths elsewhere;
on a terminal QSPACE_HISTORY (file of the history), QSPACE_CONSOLE=plain (no line editor), NO_COLOR, LINES and COLUMNS.
";

impl Arguments {
    /// Reads the arguments that follow the program's name.
    ///
    /// The first argument that is no option is the script; options of q are taken wherever they stand before `--`, which
    /// is dropped. Errors: an option of q without the value it needs, or one that is not supported.
    pub fn parse(
        arguments: impl IntoIterator<Item = OsString>,
    ) -> Result<Arguments, ArgumentError> {
        let mut parsed = Arguments::default();
        let mut rest = arguments
            .into_iter()
            .map(OsStringExt::into_vec)
            .collect::<std::collections::VecDeque<Vec<u8>>>();
        let mut first = true;
        while let Some(argument) = rest.pop_front() {
            if argument == b"--" {
                parsed.rest.extend(rest.drain(..));
                break;
            }
            if argument == b"--help" {
                parsed.help = true;
                continue;
            }
            if argument == b"--version" {
                parsed.version = true;
                continue;
            }
            let option = match argument.as_slice() {
                [b'-', letter] => Some(*letter),
                _ => None,
            };
            match option {
                Some(letter) => parsed.option(letter, argument, &mut rest)?,
                None if first => parsed.script = Some(argument),
                None => parsed.rest.push(argument),
            }
            first = false;
        }
        Ok(parsed)
    }

    fn option(
        &mut self,
        letter: u8,
        argument: Vec<u8>,
        rest: &mut std::collections::VecDeque<Vec<u8>>,
    ) -> Result<(), ArgumentError> {
        let mut text = |what: &str| -> Result<Vec<u8>, ArgumentError> {
            rest.pop_front()
                .ok_or_else(|| ArgumentError(format!("-{} needs {what} after it", letter as char)))
        };
        let mut number = |what: &str| -> Result<i64, ArgumentError> {
            let value = text(what)?;
            let shown = String::from_utf8_lossy(&value).into_owned();
            shown.parse().map_err(|_| {
                ArgumentError(format!("-{} needs {what}, not {shown}", letter as char))
            })
        };
        match letter {
            b'q' => self.quiet = true,
            b'b' => self.blocked = true,
            b'c' => self.console_size = Some((number("rows")?, number("columns")?)),
            b'C' => self.http_size = Some((number("rows")?, number("columns")?)),
            b'e' => self.error_trap = Some(one_of(letter, number("0, 1 or 2")?, 0..=2)?),
            b'E' => self.tls_mode = Some(one_of(letter, number("0, 1 or 2")?, 0..=2)?),
            b'g' => self.garbage_collection = Some(one_of(letter, number("0 or 1")?, 0..=1)?),
            b'o' => self.utc_offset = Some(number("hours from UTC")?),
            b'P' => self.precision = Some(number("a number of digits")?),
            b's' => self.threads = Some(number("a number of threads")?),
            b'S' => self.seed = Some(number("a number")?),
            b't' => self.timer = Some(number("milliseconds")?),
            b'T' => self.time_limit = Some(number("seconds")?),
            b'w' => self.memory_limit = Some(number("megabytes")?),
            b'W' => self.week_offset = Some(number("a day of the week")?),
            b'z' => self.date_order = Some(one_of(letter, number("0 or 1")?, 0..=1)?),
            b'p' => {
                let port = text("a port")?;
                self.port = Some(String::from_utf8_lossy(&port).into_owned());
            }
            b'u' | b'U' => {
                let file = text("a password file")?;
                let restricted = letter == b'u';
                self.access = Some(Access {
                    password_file: (!(restricted && file == b"1")).then_some(file),
                    restricted,
                });
            }
            b'l' | b'L' => {
                return Err(ArgumentError(format!(
                    "-{} (log every update of a client) is not supported; log in .z.ps as a tickerplant does",
                    letter as char
                )));
            }
            b'r' => {
                return Err(ArgumentError(
                    "-r (replicate from another process) is not supported".to_owned(),
                ));
            }
            b'm' => {
                return Err(ArgumentError(
                    "-m (memory backed by files) is not supported".to_owned(),
                ));
            }
            _ => self.rest.push(argument),
        }
        Ok(())
    }
}

/// The number of an option, when it is one of its values.
fn one_of(
    letter: u8,
    number: i64,
    range: std::ops::RangeInclusive<i64>,
) -> Result<i64, ArgumentError> {
    if range.contains(&number) {
        return Ok(number);
    }
    Err(ArgumentError(format!(
        "-{} is from {} to {}, not {number}",
        letter as char,
        range.start(),
        range.end()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Arguments, ArgumentError> {
        Arguments::parse(line.split_whitespace().map(OsString::from))
    }

    fn texts(bytes: &[Vec<u8>]) -> Vec<String> {
        bytes
            .iter()
            .map(|text| String::from_utf8_lossy(text).into_owned())
            .collect()
    }

    #[test]
    fn a_tickerplant_line_is_taken_apart() {
        let parsed = parse("tick.q sym . -p 5010 -t 1000 -procname tp1 -q").expect("legal");
        assert_eq!(parsed.script.as_deref(), Some(&b"tick.q"[..]));
        assert_eq!(texts(&parsed.rest), ["sym", ".", "-procname", "tp1"]);
        assert_eq!(parsed.port.as_deref(), Some("5010"));
        assert_eq!((parsed.timer, parsed.quiet), (Some(1000), true));
    }

    #[test]
    fn an_option_first_means_no_script() {
        let parsed = parse("-p 0W -c 50 200 file").expect("legal");
        assert_eq!(parsed.script, None);
        assert_eq!(texts(&parsed.rest), ["file"]);
        assert_eq!(parsed.console_size, Some((50, 200)));
    }

    #[test]
    fn restricted_access_needs_no_file() {
        let access = parse("-u 1").expect("legal").access.expect("given");
        assert_eq!((access.password_file, access.restricted), (None, true));
        let access = parse("-U users").expect("legal").access.expect("given");
        assert_eq!(access.password_file.as_deref(), Some(&b"users"[..]));
        assert!(!access.restricted);
    }

    #[test]
    fn refusals_say_what_is_missing() {
        assert_eq!(
            parse("-t").expect_err("no value").0,
            "-t needs milliseconds after it"
        );
        assert_eq!(
            parse("-s two").expect_err("no number").0,
            "-s needs a number of threads, not two"
        );
        assert!(
            parse("-l")
                .expect_err("refused")
                .0
                .contains("not supported")
        );
    }

    #[test]
    fn what_follows_two_dashes_is_left_alone() {
        let parsed = parse("-q -- -p 1 --help").expect("legal");
        assert_eq!(texts(&parsed.rest), ["-p", "1", "--help"]);
        assert_eq!((parsed.port, parsed.help), (None, false));
    }
}
