//! The clock, in nanoseconds since 2000.01.01, and local time.

use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Seconds from 1970.01.01 to 2000.01.01.
const EPOCH_SECONDS: i64 = 946_684_800;
const NANOSECONDS: i64 = 1_000_000_000;

/// The zone of `TZ` or `/etc/localtime` when the process started; UTC when there is none.
static ZONE: LazyLock<TimeZone> = LazyLock::new(TimeZone::system);

pub(crate) fn now() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let nanoseconds = i64::try_from(since.as_nanos()).unwrap_or(i64::MAX);
    nanoseconds - EPOCH_SECONDS * NANOSECONDS
}

/// Nanoseconds to add to UTC for local time at an instant.
pub(crate) fn local_offset(at: i64) -> i64 {
    let seconds = at.div_euclid(NANOSECONDS) + EPOCH_SECONDS;
    let Ok(instant) = Timestamp::from_second(seconds) else {
        return 0;
    };
    i64::from(ZONE.to_offset(instant).seconds()) * NANOSECONDS
}
