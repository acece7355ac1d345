//! Memory figures and the limit of `-w`.

use q_engine::system::MemoryStatistics;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The limit of `-w`: the kernel refuses data beyond what the process had when the limit was set plus the limit. A
/// refused allocation ends the process, as in kdb+ (`-w abort`).
#[derive(Default)]
pub(crate) struct MemoryLimit {
    bytes: i64,
}

impl MemoryLimit {
    /// 0 for none.
    pub(crate) fn bytes(&self) -> i64 {
        self.bytes
    }

    /// Sets or (with 0) lifts the limit; one that the system refuses stays as it was.
    pub(crate) fn set(&mut self, bytes: i64) {
        let wanted = match u64::try_from(bytes) {
            Ok(limit) if limit > 0 => Some(limit.saturating_add(data_bytes())),
            _ => None,
        };
        let current = getrlimit(Resource::Data);
        let limit = Rlimit {
            current: wanted,
            maximum: current.maximum,
        };
        if setrlimit(Resource::Data, limit).is_ok() {
            self.bytes = bytes.max(0);
        }
    }
}

/// A figure in kilobytes of `/proc/self/status` or `/proc/meminfo`, in bytes.
fn kilobytes(text: &str, name: &str) -> Option<i64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let number: i64 = line
        .trim_start_matches(':')
        .split_whitespace()
        .next()?
        .parse()
        .ok()?;
    Some(number * 1024)
}

/// Writable private memory, which is what the kernel counts against the limit.
fn data_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    kilobytes(&status, "VmData")
        .and_then(|bytes| u64::try_from(bytes).ok())
        .unwrap_or(0)
}

/// What `.Q.w` shows; zero where the platform does not say.
pub(crate) fn statistics(limit: i64) -> MemoryStatistics {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let machine = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    MemoryStatistics {
        used: kilobytes(&status, "RssAnon").unwrap_or(0),
        heap: kilobytes(&status, "VmRSS").unwrap_or(0),
        peak: kilobytes(&status, "VmHWM").unwrap_or(0),
        limit,
        mapped: kilobytes(&status, "RssFile").unwrap_or(0),
        physical: kilobytes(&machine, "MemTotal").unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_from_the_kernel_s_text() {
        let text = "VmPeak:\t  10 kB\nVmRSS:\t  2048 kB\n";
        assert_eq!(kilobytes(text, "VmRSS"), Some(2048 * 1024));
        assert_eq!(kilobytes(text, "VmData"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_uses_some_memory() {
        let memory = statistics(0);
        assert!(memory.used > 0 && memory.peak >= memory.used && memory.physical > memory.used);
    }
}
