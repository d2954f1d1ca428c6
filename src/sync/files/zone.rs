//! Time zones, as entries name them.

use arrow::array::timezone::Tz;
use chrono::{DateTime, Duration, NaiveDateTime, TimeZone};
use serde::Deserialize;

/// A zone by its IANA name, such as `America/Los_Angeles`, or an offset such as `+02:00`.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct Zone {
    name: String,
    zone: Tz,
}

impl TryFrom<String> for Zone {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let zone = name.parse().map_err(|_| {
            format!("`{name}` is no time zone; one is written America/Los_Angeles or +02:00")
        })?;
        Ok(Self { name, zone })
    }
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Zone {
    /// The moment of a reading of the wall clock there. Of two, the earlier; of none, because clocks
    /// were put forward, that of an hour later less an hour.
    pub fn utc(&self, wall: NaiveDateTime) -> Option<NaiveDateTime> {
        let at = |wall| self.zone.from_local_datetime(&wall).earliest().map(|at| at.naive_utc());
        let hour = Duration::hours(1);
        at(wall).or_else(|| at(wall.checked_add_signed(hour)?)?.checked_sub_signed(hour))
    }

    /// The same in µs.
    pub fn micros(&self, wall: i64) -> Option<i64> {
        let wall = DateTime::from_timestamp_micros(wall)?.naive_utc();
        Some(self.utc(wall)?.and_utc().timestamp_micros())
    }
}
