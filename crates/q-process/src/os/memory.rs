//! Memory figures and the limit of `-w`.

use q_engine::system::MemoryStatistics;

/// The limit of `-w`: the allocator counts what it hands out, and evaluation that goes beyond the limit ends in `'wsfull`.
#[derive(Default)]
pub(crate) struct MemoryLimit {
    bytes: i64,
}

impl MemoryLimit {
    /// 0 for none.
    pub(crate) fn bytes(&self) -> i64 {
        self.bytes
    }

    /// Sets or (with 0) lifts the limit.
    pub(crate) fn set(&mut self, bytes: i64) {
        self.bytes = bytes.max(0);
        let limit = usize::try_from(self.bytes).ok().filter(|limit| *limit > 0);
        q_engine::memory::set_limit(limit);
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

/// What `.Q.w` shows; zero where the platform does not say.
pub(crate) fn statistics(limit: i64) -> MemoryStatistics {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let machine = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    // large blocks that wait for their next use are of the heap, not in use; pages of them that were never touched make
    // the difference a little too small
    let kept = i64::try_from(q_engine::memory::statistics().kept).unwrap_or(i64::MAX);
    let anonymous = kilobytes(&status, "RssAnon").unwrap_or(0);
    MemoryStatistics {
        used: anonymous.saturating_sub(kept).max(0),
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
        assert_eq!(kilobytes(text, "VmSwap"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_uses_some_memory() {
        let memory = statistics(0);
        assert!(memory.used > 0 && memory.peak >= memory.used && memory.physical > memory.used);
    }
}
