//! Points in time as the API carries them: JSON numbers of epoch seconds with fractions.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Milliseconds since the Unix epoch; on the wire seconds with three decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    milliseconds: i64,
}

impl Timestamp {
    pub fn from_epoch_milliseconds(milliseconds: i64) -> Self {
        Timestamp { milliseconds }
    }

    pub fn epoch_milliseconds(self) -> i64 {
        self.milliseconds
    }

    pub fn epoch_seconds(self) -> f64 {
        self.milliseconds as f64 / 1000.0
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Timestamp {
            milliseconds: i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.epoch_seconds())
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let seconds = f64::deserialize(deserializer)?;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a cast from f64 saturates; no clock comes near the limits"
        )]
        Ok(Timestamp {
            milliseconds: (seconds * 1000.0).round() as i64,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn travels_as_seconds_with_a_fraction() {
        let time = Timestamp::from_epoch_milliseconds(1_700_000_000_123);
        assert_eq!(serde_json::to_string(&time).unwrap(), "1700000000.123");
    }

    proptest! {
        #[test]
        fn every_millisecond_survives_the_wire(milliseconds in 0i64..4_000_000_000_000) {
            let time = Timestamp::from_epoch_milliseconds(milliseconds);
            let text = serde_json::to_string(&time).unwrap();
            prop_assert_eq!(serde_json::from_str::<Timestamp>(&text).unwrap(), time);
        }
    }
}
