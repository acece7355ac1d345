//! How long to wait before a q that died is started again.

use std::time::{Duration, Instant};

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(30);
/// A q that was healthy for this long has made up for its past.
const FORGIVEN_AFTER: Duration = Duration::from_secs(60);

/// Doubles with every death, from 0.1 s to 30 s, and starts over after a minute of health.
#[derive(Debug, Default)]
pub(crate) struct BackOff {
    deaths: u32,
}

impl BackOff {
    /// The pause after a death at `now` of a q that was healthy since `healthy_since`, if it ever was.
    pub(crate) fn next(&mut self, healthy_since: Option<Instant>, now: Instant) -> Duration {
        if healthy_since.is_some_and(|since| now.duration_since(since) >= FORGIVEN_AFTER) {
            self.deaths = 0;
        }
        let pause = FIRST
            .saturating_mul(2_u32.saturating_pow(self.deaths))
            .min(LONGEST);
        self.deaths = self.deaths.saturating_add(1);
        pause
    }

    pub(crate) fn reset(&mut self) {
        self.deaths = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_to_a_limit_and_start_over_after_a_minute_of_health() {
        let start = Instant::now();
        let mut back_off = BackOff::default();
        let pauses: Vec<u128> = (0..12)
            .map(|_| {
                back_off
                    .next(Some(start), start + Duration::from_secs(1))
                    .as_millis()
            })
            .collect();
        assert_eq!(
            pauses,
            [
                100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 30000, 30000, 30000
            ]
        );
        assert_eq!(back_off.next(Some(start), start + FORGIVEN_AFTER), FIRST);
        assert_eq!(back_off.next(None, start), FIRST * 2);
        back_off.reset();
        assert_eq!(back_off.next(None, start), FIRST);
    }
}
