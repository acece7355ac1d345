//! The loop: whatever arrives on the console, on sockets, by the clock or as a signal, one thing after the other.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use q_engine::Outcome;
use q_engine::system::StandardStream;
use q_value::Value;

use crate::clients::Process;
use crate::console::write_standard;
use crate::signals::STATUS_INTERRUPTED;

/// After SIGTERM, the process ends when nothing has arrived for this long ...
const DRAIN_QUIET: Duration = Duration::from_millis(100);
/// ... and at the latest after this.
const DRAIN_LIMIT: Duration = Duration::from_secs(2);
/// Messages run between two looks at the console, the clock and signals.
const WORK_PER_TURN: usize = 256;

/// When the next tick of the timer is due.
#[derive(Default)]
struct Timer {
    interval: i32,
    due: Option<Instant>,
}

impl Timer {
    /// Follows changes of the interval; the time of the next tick, if there is one.
    fn follow(&mut self, interval: i32, now: Instant) -> Option<Instant> {
        if interval != self.interval {
            self.interval = interval;
            self.due = milliseconds(interval).map(|interval| now + interval);
        }
        self.due
    }

    /// True when a tick is due; the next one is an interval after it, or after now when that has passed as well.
    fn tick(&mut self, now: Instant) -> bool {
        let (Some(due), Some(interval)) = (self.due, milliseconds(self.interval)) else {
            return false;
        };
        if now < due {
            return false;
        }
        let next = due + interval;
        self.due = Some(if next > now { next } else { now + interval });
        true
    }
}

fn milliseconds(interval: i32) -> Option<Duration> {
    u64::try_from(interval)
        .ok()
        .filter(|interval| *interval > 0)
        .map(Duration::from_millis)
}

/// A process told to end: since when, and when something last happened.
struct Drain {
    since: Instant,
    active: Instant,
}

impl Process {
    /// Serves until the process ends; the exit status.
    pub(crate) fn serve(&mut self) -> i32 {
        let mut timer = Timer::default();
        let mut drain: Option<Drain> = None;
        let mut prompted = false;
        loop {
            if self.signals.take_terminate() && drain.is_none() {
                self.shared.network().stop_listening();
                let now = Instant::now();
                drain = Some(Drain {
                    since: now,
                    active: now,
                });
            }
            if self.signals.take_interrupt() {
                // nothing was running: the flag that stops evaluation must not stop the next one
                self.interpreter.interrupt().store(false, Ordering::Relaxed);
                self.signals.answer();
                if !self.shared.console().is_terminal() {
                    return self.end(STATUS_INTERRUPTED);
                }
                // whoever types meant the line, which the terminal has dropped
                prompted = !self.shared.console().break_line();
            }
            let now = Instant::now();
            if let Some(drain) = &drain
                && (now - drain.active >= DRAIN_QUIET
                    || now - drain.since >= DRAIN_LIMIT
                    || !self.shared.network().is_connected())
            {
                return self.end(0);
            }
            if drain.is_none()
                && let Some(status) = self.end_of_input()
            {
                return self.end(status);
            }
            if !prompted && drain.is_none() && !self.shared.console().has_line() {
                self.prompt();
                prompted = true;
            }
            let due = timer.follow(self.shared.timer(), now);
            let timeout = self.timeout(now, due.filter(|_| drain.is_none()), drain.as_ref());
            let reads = drain.is_none() && self.shared.console().reads_input();
            let ready = self.shared.network().poll(reads, &self.signals, timeout);
            self.signals.clear_wake();
            let questions = self.shared.console().collect();
            for question in questions {
                let (start, words) = self.interpreter.complete(&question.text, question.at);
                question.answer(start, words);
            }
            let mut happened = false;
            self.shared.busy().store(true, Ordering::Relaxed);
            for _ in 0..WORK_PER_TURN {
                let Some(work) = self.shared.network().next_work() else {
                    break;
                };
                happened = true;
                self.work(work);
                self.collect_interrupt();
            }
            let is_due = drain.is_none() && timer.tick(Instant::now());
            if is_due {
                self.tick();
                self.collect_interrupt();
            }
            self.shared.busy().store(false, Ordering::Relaxed);
            if let Some(drain) = &mut drain {
                if happened || ready.any {
                    drain.active = Instant::now();
                }
                continue;
            }
            if ready.input {
                self.shared.console().read();
            }
            let line = self.shared.console().next_line();
            if let Some(line) = line {
                self.line(&line);
                self.collect_interrupt();
                prompted = false;
            }
        }
    }

    /// An interrupt that came while something ran has done its work, or came too late to.
    fn collect_interrupt(&mut self) {
        self.signals.answer();
        if self.signals.take_interrupt() {
            self.interpreter.interrupt().store(false, Ordering::Relaxed);
        }
    }

    fn timeout(
        &self,
        now: Instant,
        due: Option<Instant>,
        drain: Option<&Drain>,
    ) -> Option<Duration> {
        if drain.is_none() && self.shared.console().has_line() {
            return Some(Duration::ZERO);
        }
        let drained =
            drain.map(|drain| (drain.active + DRAIN_QUIET).min(drain.since + DRAIN_LIMIT));
        [due, drained]
            .into_iter()
            .flatten()
            .min()
            .map(|at| at.saturating_duration_since(now))
    }

    /// The status to end with when input has ended and nothing else can happen.
    ///
    /// A process that listens or has a timer stays. So does one with open handles whose input is `/dev/null`, as that of a
    /// supervised process is: a subscriber waits for its publisher. Input that was a pipe or a file has said all there is.
    /// A terminal that is closed ends the process in any case, and so does a script that failed.
    fn end_of_input(&mut self) -> Option<i32> {
        let console = self.shared.console();
        if !console.has_ended() || console.has_line() {
            return None;
        }
        let (is_terminal, is_device) = (console.is_terminal(), console.is_device());
        drop(console);
        if self.has_script_failed && !is_terminal {
            return Some(1);
        }
        let network = self.shared.network();
        let stays = network.is_listening() || is_device && network.is_connected();
        drop(network);
        let stays = stays || self.shared.timer() > 0;
        (is_terminal || !stays).then_some(0)
    }

    /// Runs `.z.exit` and ends; the status, should the world leave us running.
    fn end(&mut self, status: i32) -> i32 {
        self.interpreter.exit(status);
        status
    }

    fn prompt(&mut self) {
        self.follow_window();
        let prompt = self.interpreter.prompt();
        self.shared.console().ask(&prompt);
    }

    /// Keeps `\c` in step with the window of the terminal.
    fn follow_window(&mut self) {
        let present = self.interpreter.settings().console;
        let size = self.shared.console().new_size(present);
        if let Some(size) = size {
            self.interpreter.settings_mut().console = size;
        }
    }

    fn line(&mut self, line: &[u8]) {
        self.follow_window();
        if let Some(handler) = self.interpreter.get_global(".z.pi") {
            let text = [line, b"\n"].concat();
            match self.interpreter.apply_one(&handler, Value::string(text)) {
                Ok(value) => {
                    if let Some(text) = value.as_text() {
                        write_standard(StandardStream::Output, text);
                    }
                }
                Err(error) => self.show_error(&error, ".z.pi"),
            }
            return;
        }
        match self.interpreter.run_line(line) {
            Outcome::Nothing => {}
            Outcome::Value(_, text) => write_standard(StandardStream::Output, &text),
            Outcome::Error(_, text) => {
                if self.signals.is_interrupted() {
                    self.shared.console().after_interrupt();
                }
                let text = self.shared.console().paint_error(text);
                write_standard(StandardStream::Error, &text);
            }
        }
    }

    fn tick(&mut self) {
        let Some(handler) = self.interpreter.get_global(".z.ts") else {
            return;
        };
        let now = Value::Timestamp(self.interpreter.world().now());
        if let Err(error) = self.interpreter.apply_one(&handler, now) {
            self.show_error(&error, ".z.ts");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_keep_their_rhythm_and_skip_what_was_missed() {
        let start = Instant::now();
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        let mut timer = Timer::default();
        assert_eq!(timer.follow(0, start), None);
        assert_eq!(timer.follow(100, start), Some(at(100)));
        assert!(!timer.tick(at(99)));
        assert!(timer.tick(at(130)));
        assert_eq!(timer.follow(100, at(130)), Some(at(200)));
        assert!(timer.tick(at(900)));
        assert_eq!(timer.follow(100, at(900)), Some(at(1000)));
        assert_eq!(timer.follow(0, at(900)), None);
        assert!(!timer.tick(at(5000)));
    }
}
