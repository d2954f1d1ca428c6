//! Reads the times that product events carry.

use arrow::array::timezone::Tz;
use chrono::{DateTime, Duration, NaiveDate, NaiveDateTime, TimeZone};
use serde::Deserialize;

use crate::sync::json::Json;

/// The last µs of the year 9999.
pub const MAX_MICROS: i64 = 253_402_300_800 * 1_000_000 - 1;

/// The unit of times given as numbers.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub enum TimeUnit {
    #[serde(rename = "s")]
    Seconds,
    #[serde(rename = "ms")]
    Milliseconds,
    #[serde(rename = "us")]
    Microseconds,
    #[serde(rename = "ns")]
    Nanoseconds,
}

impl TimeUnit {
    /// By size: a number of seconds of our age has ten digits, each finer unit three more.
    fn of(value: f64) -> Self {
        match value.abs() {
            v if v < 1e11 => TimeUnit::Seconds,
            v if v < 1e14 => TimeUnit::Milliseconds,
            v if v < 1e17 => TimeUnit::Microseconds,
            _ => TimeUnit::Nanoseconds,
        }
    }

    fn micros(self, value: i128) -> i128 {
        match self {
            TimeUnit::Seconds => value * 1_000_000,
            TimeUnit::Milliseconds => value * 1_000,
            TimeUnit::Microseconds => value,
            TimeUnit::Nanoseconds => value.div_euclid(1_000),
        }
    }
}

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
    fn utc(&self, wall: NaiveDateTime) -> Option<NaiveDateTime> {
        let at = |wall| self.zone.from_local_datetime(&wall).earliest().map(|at| at.naive_utc());
        let hour = Duration::hours(1);
        at(wall).or_else(|| at(wall.checked_add_signed(hour)?)?.checked_sub_signed(hour))
    }

    fn micros(&self, wall: i64) -> Option<i64> {
        let wall = DateTime::from_timestamp_micros(wall)?.naive_utc();
        Some(self.utc(wall)?.and_utc().timestamp_micros())
    }
}

/// µs since 1970, UTC; the error says why the value is no time. Text without an offset is UTC.
pub fn micros(json: &Json<'_>, unit: Option<TimeUnit>) -> Result<i64, String> {
    micros_in(json, unit, None, false)
}

/// The same with a zone for text without an offset and, if they `are_numbers_local`, for numbers.
pub fn micros_in(
    json: &Json<'_>,
    unit: Option<TimeUnit>,
    zone: Option<&Zone>,
    are_numbers_local: bool,
) -> Result<i64, String> {
    let number = |text: &str| {
        let micros = number(text, unit)?;
        let zone = zone.filter(|_| are_numbers_local);
        // What is out of range is told below.
        Some(zone.and_then(|zone| zone.micros(micros)).unwrap_or(micros))
    };
    let found = match json {
        Json::Number(text) => number(text),
        Json::String(text) => written(text.trim(), zone).or_else(|| number(text.trim())),
        other => return Err(format!("is {}, not a time", other.kind())),
    };
    match found {
        Some(micros) if (0..=MAX_MICROS).contains(&micros) => Ok(micros),
        Some(_) => Err(format!("{} is outside the years 1970 to 9999", json.to_compact())),
        None => Err(format!("{} is not a time", json.to_compact())),
    }
}

fn number(text: &str, unit: Option<TimeUnit>) -> Option<i64> {
    let value: f64 = text.parse().ok().filter(|value: &f64| value.is_finite())?;
    let unit = unit.unwrap_or_else(|| TimeUnit::of(value));
    let micros = match text.parse::<i64>() {
        Ok(whole) => unit.micros(i128::from(whole)),
        // Fractions of a second are meant to the microsecond, and f64 holds that for our age.
        Err(_) => (value * unit.micros(1_000) as f64 / 1_000.0).round() as i128,
    };
    // Out of range is told as such, not as nonsense.
    Some(i64::try_from(micros).unwrap_or(i64::MAX))
}

fn written(text: &str, zone: Option<&Zone>) -> Option<i64> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.timestamp_micros());
    }
    // Offsets as databases print them: `+00`, `+0530`.
    for format in ["%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M:%S%.f%#z"] {
        if let Ok(time) = DateTime::parse_from_str(text, format) {
            return Some(time.timestamp_micros());
        }
    }
    let bare = ["UTC", "Z", "z"].iter().find_map(|zone| text.strip_suffix(zone));
    let zone = zone.filter(|_| bare.is_none());
    let wall = wall_clock(bare.unwrap_or(text).trim_end())?;
    let utc = zone.map_or(Some(wall), |zone| zone.utc(wall))?;
    Some(utc.and_utc().timestamp_micros())
}

fn wall_clock(text: &str) -> Option<NaiveDateTime> {
    let formats = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M"];
    let time = formats.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
    time.or_else(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_instant_in_many_spellings() {
        for text in [
            r#""2024-03-13T10:21:14Z""#,
            r#""2024-03-13T12:21:14+02:00""#,
            r#""2024-03-13T10:21:14.000+00:00""#,
            r#""2024-03-13 10:21:14""#,
            r#""2024-03-13 10:21:14.0 UTC""#,
            r#""2024-03-13 10:21:14+00""#,
            r#""2024-03-13T10:21:14""#,
            r#""1710325274""#,
            "1710325274",
            "1710325274.0",
            "1710325274000",
            "1710325274000000",
            "1710325274000000000",
        ] {
            let found = micros(&Json::parse(text).unwrap(), None);
            assert_eq!(found, Ok(1_710_325_274_000_000), "{text}");
        }
        let fraction = Json::Number("1710325274.123456".into());
        assert_eq!(micros(&fraction, None), Ok(1_710_325_274_123_456));
        let small = Json::Number("86400000".into());
        assert_eq!(micros(&small, Some(TimeUnit::Milliseconds)), Ok(86_400_000_000));
        assert_eq!(micros(&Json::String("1970-01-02".into()), None), Ok(86_400_000_000));
    }

    #[test]
    fn a_zone_is_for_times_that_do_not_say_theirs() {
        let zone = Zone::try_from("America/New_York".to_owned()).unwrap();
        let at = |text: &str, are_numbers_local| {
            let json = Json::parse(text).unwrap();
            micros_in(&json, None, Some(&zone), are_numbers_local).unwrap() / 1_000_000
        };
        let utc = 1_710_325_274;
        for text in [r#""2024-03-13 06:21:14""#, r#""2024-03-13T10:21:14Z""#, "1710325274"] {
            assert_eq!(at(text, false), utc, "{text}");
        }
        // In summer it is four hours behind, in winter five.
        assert_eq!(at("1710325274", true), utc + 4 * 3_600);
        assert_eq!(at("1705054874", true), 1_705_054_874 + 5 * 3_600);
        // 02:30 on the day on which clocks go from 2 to 3.
        assert_eq!(at(r#""2024-03-10 02:30:00""#, false), at(r#""2024-03-10T06:30:00Z""#, false));
        assert!(Zone::try_from("Mars/Olympus".to_owned()).unwrap_err().contains("Mars"));
    }

    #[test]
    fn what_is_no_time_is_named() {
        for (text, reason) in [
            (r#""yesterday""#, "\"yesterday\" is not a time"),
            (r#""""#, "\"\" is not a time"),
            ("true", "is a boolean, not a time"),
            ("-5", "-5 is outside the years 1970 to 9999"),
            ("1e300", "1e300 is outside the years 1970 to 9999"),
            (r#""0000-00-00 00:00:00""#, "\"0000-00-00 00:00:00\" is not a time"),
        ] {
            assert_eq!(micros(&Json::parse(text).unwrap(), None), Err(reason.to_owned()));
        }
    }
}
