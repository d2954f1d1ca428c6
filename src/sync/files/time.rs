//! Reads the times that product events carry.

use chrono::{DateTime, NaiveDate, NaiveDateTime};
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

/// µs since 1970, UTC; the error says why the value is no time. Text without an offset is UTC.
pub fn micros(json: &Json<'_>, unit: Option<TimeUnit>) -> Result<i64, String> {
    let found = match json {
        Json::Number(text) => number(text, unit),
        Json::String(text) => written(text.trim()).or_else(|| number(text.trim(), unit)),
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

fn written(text: &str) -> Option<i64> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.timestamp_micros());
    }
    // Offsets as databases print them: `+00`, `+0530`.
    for format in ["%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M:%S%.f%#z"] {
        if let Ok(time) = DateTime::parse_from_str(text, format) {
            return Some(time.timestamp_micros());
        }
    }
    let text = ["UTC", "Z", "z"].iter().find_map(|zone| text.strip_suffix(zone)).unwrap_or(text);
    let text = text.trim_end();
    for format in ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M"] {
        if let Ok(time) = NaiveDateTime::parse_from_str(text, format) {
            return Some(time.and_utc().timestamp_micros());
        }
    }
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    Some(date.and_hms_opt(0, 0, 0)?.and_utc().timestamp_micros())
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
