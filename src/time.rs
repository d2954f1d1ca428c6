//! Times and lengths as people write them: `2025-03-01`, `2025-03-01T12:00:00Z`, `3d`, `72h`.

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeZone, Utc};

use crate::error::{Error, Result};

pub const SECOND_US: i64 = 1_000_000;
pub const DAY_US: i64 = 86_400 * SECOND_US;

/// Parses a moment (UTC unless it names an offset) into microseconds since 1970.
///
/// Accepts a day, a date and time, RFC 3339, or unix seconds.
pub fn parse_moment(text: &str) -> Result<i64> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<i64>() {
        return seconds.checked_mul(SECOND_US).ok_or_else(|| not_a_moment(text));
    }
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Ok(moment.timestamp_micros());
    }
    for format in ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M"] {
        if let Ok(moment) = NaiveDateTime::parse_from_str(text.trim_end_matches(" UTC"), format) {
            return Ok(moment.and_utc().timestamp_micros());
        }
    }
    match NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        Ok(day) => Ok(day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_micros()),
        Err(_) => Err(not_a_moment(text)),
    }
}

fn not_a_moment(text: &str) -> Error {
    Error::new(format!("`{text}` is not a time"))
        .hint("write 2025-03-01, 2025-03-01T12:00:00Z or unix seconds; all times are UTC")
}

/// Parses an elapsed length (`90m`, `72h`, `3d`, `2w`) into microseconds.
pub fn parse_length(text: &str) -> Result<i64> {
    let text = text.trim();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "s" => SECOND_US,
        "m" | "min" => 60 * SECOND_US,
        "h" => 3600 * SECOND_US,
        "d" => DAY_US,
        "w" => 7 * DAY_US,
        _ => 0,
    };
    match digits.parse::<i64>().ok().and_then(|count| count.checked_mul(unit)) {
        Some(length) if length > 0 => Ok(length),
        _ => Err(Error::new(format!("`{text}` is not a length of time"))
            .hint("write a number and a unit: 72h, 3d, 2w")),
    }
}

/// `3d` or `36h` or `90m` for a length in microseconds.
pub fn format_length(length_us: i64) -> String {
    for (unit, name) in [(DAY_US, "d"), (3600 * SECOND_US, "h"), (60 * SECOND_US, "m")] {
        if length_us % unit == 0 {
            return format!("{}{name}", length_us / unit);
        }
    }
    format!("{}s", length_us / SECOND_US)
}

/// `2025-03-01T12:00:00Z` (with a fraction only if there is one).
pub fn format_moment(moment_us: i64) -> String {
    match Utc.timestamp_micros(moment_us) {
        chrono::LocalResult::Single(moment) => {
            moment.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
        }
        _ => format!("{moment_us} µs"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_utc() {
        let noon = 1_740_830_400 * SECOND_US;
        for text in ["2025-03-01T12:00:00Z", "2025-03-01 12:00:00", "1740830400"] {
            assert_eq!(parse_moment(text).unwrap(), noon, "{text}");
        }
        assert_eq!(parse_moment("2025-03-01T13:00:00+01:00").unwrap(), noon);
        assert_eq!(format_moment(noon), "2025-03-01T12:00:00Z");
        assert!(parse_moment("yesterday").is_err());
    }

    #[test]
    fn lengths_are_elapsed_time() {
        assert_eq!(parse_length("3d").unwrap(), parse_length("72h").unwrap());
        assert_eq!(format_length(parse_length("36h").unwrap()), "36h");
        for text in ["", "3", "d", "-3d", "3 months"] {
            assert!(parse_length(text).is_err(), "{text}");
        }
    }
}
