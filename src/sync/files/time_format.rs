//! How times are written that do not say it themselves: patterns, and numbers that count from
//! another day than 1970.

use std::fmt::Write;

use chrono::format::{Item, StrftimeItems};
use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime};
use serde::Deserialize;

use super::number::Decimal;
use super::zone::Zone;
use crate::sync::json::Json;

/// A number of days or ticks, as programs count time.
#[derive(Debug, PartialEq)]
struct Count {
    name: &'static str,
    /// What such a number looks like, for sentences.
    looks: &'static str,
    /// From its day 0 to 1970, µs.
    before_1970: i128,
    /// µs of one, as a quotient.
    unit: (i128, i128),
    /// As exact as such a number is, µs.
    precision: i128,
    /// It is what a clock on a wall shows.
    is_local: bool,
}

const DAY: i128 = 86_400_000_000;

const COUNTS: &[Count] = &[
    Count {
        name: "excel",
        looks: "the day number of a spreadsheet",
        before_1970: 25_569 * DAY,
        unit: (DAY, 1),
        precision: 1_000,
        is_local: true,
    },
    Count {
        name: "dotnet",
        looks: "ticks of .NET",
        before_1970: 719_162 * DAY,
        unit: (1, 10),
        precision: 1,
        is_local: true,
    },
    Count {
        name: "filetime",
        looks: "a FILETIME of Windows",
        before_1970: 134_774 * DAY,
        unit: (1, 10),
        precision: 1,
        is_local: false,
    },
    Count {
        name: "apple",
        looks: "Apple's seconds since 2001",
        before_1970: -11_323 * DAY,
        unit: (1_000_000, 1),
        precision: 1,
        is_local: false,
    },
];

/// Patterns of numbers that are dates, by their digits.
const COMPACT: &[(usize, &str)] =
    &[(8, "%Y%m%d"), (12, "%Y%m%d%H%M"), (14, "%Y%m%d%H%M%S"), (17, "%Y%m%d%H%M%S%3f")];

/// What a pattern says of a moment.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Says {
    Moment,
    WallClock,
    Day,
}

/// `time_format`: a pattern of strftime, or the name of a count.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub struct TimeFormat {
    written: String,
    form: Form,
}

#[derive(Debug, Clone, PartialEq)]
enum Form {
    Count(&'static Count),
    /// What it says, and of a pattern of digits only how many it has.
    Pattern(Says, Option<usize>),
}

impl TryFrom<String> for TimeFormat {
    type Error = String;

    fn try_from(written: String) -> Result<Self, String> {
        if let Some(count) = COUNTS.iter().find(|count| count.name == written) {
            return Ok(Self { written, form: Form::Count(count) });
        }
        let names: Vec<&str> = COUNTS.iter().map(|count| count.name).collect();
        let form = pattern(&written).map_err(|why| {
            format!(
                "`{written}` is no time format: {why}; write one as %Y%m%d or %d.%m.%Y %H:%M:%S, or \
                 name a count: {}",
                names.join(", ")
            )
        })?;
        Ok(Self { written, form })
    }
}

/// The form of a pattern, which has to give back the moments that it writes.
fn pattern(pattern: &str) -> Result<Form, &'static str> {
    if !pattern.contains('%') {
        return Err("it has no % and is no name");
    }
    let items: Vec<Item<'_>> = StrftimeItems::new(pattern).collect();
    if items.contains(&Item::Error) {
        return Err("it holds a % that means nothing");
    }
    if pattern.contains("%Z") {
        return Err("names of zones (%Z) cannot be read, offsets (%z) can");
    }
    let write = |text: &str| -> Result<String, &'static str> {
        let moment: DateTime<FixedOffset> = text.parse().map_err(|_| "")?;
        let mut out = String::new();
        let written = write!(out, "{}", moment.format_with_items(items.iter()));
        written.map(|()| out).map_err(|_| "it cannot be written")
    };
    let (early, late) = (write("2025-03-04T10:15:00+00:00")?, write("2025-03-04T21:48:59+00:00")?);
    let says = if DateTime::parse_from_str(&early, pattern).is_ok() {
        Says::Moment
    } else if NaiveDateTime::parse_from_str(&early, pattern).is_ok() {
        Says::WallClock
    } else if NaiveDate::parse_from_str(&early, pattern).is_err() {
        return Err("it does not say day, month and year");
    } else if early != late {
        return Err("it does not say hour and minute");
    } else {
        Says::Day
    };
    let digits = early.bytes().all(|byte| byte.is_ascii_digit()) && !pattern.contains("%s");
    let form = Form::Pattern(says, digits.then_some(early.len()));
    let is_back = read(pattern, says, &early, None) == Some(1_741_083_300_000_000)
        || says == Says::Day && read(pattern, says, &early, None) == Some(1_741_046_400_000_000);
    if is_back { Ok(form) } else { Err("what it writes it does not read") }
}

fn read(pattern: &str, says: Says, text: &str, zone: Option<&Zone>) -> Option<i64> {
    let wall = match says {
        Says::Moment => {
            return Some(DateTime::parse_from_str(text, pattern).ok()?.timestamp_micros());
        }
        Says::WallClock => NaiveDateTime::parse_from_str(text, pattern).ok()?,
        Says::Day => NaiveDate::parse_from_str(text, pattern).ok()?.and_hms_opt(0, 0, 0)?,
    };
    let utc = zone.map_or(Some(wall), |zone| zone.utc(wall))?;
    Some(utc.and_utc().timestamp_micros())
}

impl Count {
    fn micros(&self, number: Decimal, zone: Option<&Zone>) -> Option<i64> {
        let (times, divided) = self.unit;
        let ticks = number.times((times, divided * self.precision))?;
        let micros = ticks.checked_mul(self.precision)?.checked_sub(self.before_1970)?;
        let micros = i64::try_from(micros).ok()?;
        match zone.filter(|_| self.is_local) {
            Some(zone) => zone.micros(micros),
            None => Some(micros),
        }
    }
}

impl TimeFormat {
    /// As it stands in `paydirt.toml`.
    pub fn written(&self) -> &str {
        &self.written
    }

    /// Whether text is read by it too, and not only numbers.
    pub fn is_pattern(&self) -> bool {
        matches!(self.form, Form::Pattern(..))
    }

    /// µs since 1970 of what is written so; wall clocks are those of the `zone`.
    pub fn micros(&self, json: &Json<'_>, zone: Option<&Zone>) -> Option<i64> {
        let (text, is_number) = match json {
            Json::Number(text) => (&**text, true),
            Json::String(text) => (text.trim(), false),
            _ => return None,
        };
        match self.form {
            Form::Count(count) => count.micros(Decimal::parse(text)?, zone),
            Form::Pattern(says, None) => read(&self.written, says, text, zone),
            // A number has lost the zeros in front, and may have got a point.
            Form::Pattern(says, Some(digits)) => {
                let whole = || Some(format!("{:0digits$}", Decimal::parse(text)?.whole()?));
                let padded = if is_number { whole()? } else { text.to_owned() };
                let is_whole = padded.len() == digits && padded.bytes().all(|b| b.is_ascii_digit());
                is_whole.then(|| read(&self.written, says, &padded, zone)).flatten()
            }
        }
    }
}

/// The format of a number that would lie in the window by it, and what such a number looks like.
pub fn likely(
    number: Decimal,
    is_possible: impl Fn(i64) -> bool,
) -> Option<(String, &'static str)> {
    let compact = number.whole().and_then(|whole| {
        let digits = whole.to_string();
        let (_, pattern) = COMPACT.iter().find(|(length, _)| *length == digits.len())?;
        let says = if digits.len() == 8 { Says::Day } else { Says::WallClock };
        let found = read(pattern, says, &digits, None).filter(|micros| is_possible(*micros));
        found.map(|_| (*pattern, if says == Says::Day { "a date" } else { "a date and time" }))
    });
    let counted = || {
        let fits = |count: &&Count| count.micros(number, None).is_some_and(&is_possible);
        COUNTS.iter().find(fits).map(|count| (count.name, count.looks))
    };
    compact.or_else(counted).map(|(format, looks)| (format.to_owned(), looks))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(text: &str) -> TimeFormat {
        TimeFormat::try_from(text.to_owned()).unwrap()
    }

    fn at(text: &str) -> Option<i64> {
        Some(text.parse::<DateTime<FixedOffset>>().unwrap().timestamp_micros())
    }

    #[test]
    fn times_are_read_as_they_are_written() {
        let zone = Zone::try_from("America/New_York".to_owned()).unwrap();
        for (written, json, expected) in [
            ("%Y%m%d", "20250304", "2025-03-04T05:00:00Z"),
            ("%Y%m%d", "20250304.0", "2025-03-04T05:00:00Z"),
            ("%Y%m%d", "\" 20250304 \"", "2025-03-04T05:00:00Z"),
            ("%d%m%y", "40325", "2025-03-04T05:00:00Z"),
            ("%Y%m%d%H%M%S", "20250304101500", "2025-03-04T15:15:00Z"),
            ("%Y%m%d%H%M%S%3f", "20250304101500250", "2025-03-04T15:15:00.250Z"),
            ("%d.%m.%Y %H:%M", "\"04.03.2025 10:15\"", "2025-03-04T15:15:00Z"),
            ("%m/%d/%Y %I:%M %p", "\"03/04/2025 10:15 PM\"", "2025-03-05T03:15:00Z"),
            ("%d/%b/%Y:%H:%M:%S %z", "\"04/Mar/2025:10:15:00 +0100\"", "2025-03-04T09:15:00Z"),
            ("%s", "1741083300", "2025-03-04T10:15:00Z"),
            ("excel", "45720.5", "2025-03-04T17:00:00Z"),
            ("excel", "\"45720.427083333\"", "2025-03-04T15:15:00Z"),
            ("dotnet", "638765000000000000", "2025-03-02T13:13:20Z"),
            ("filetime", "133855569000000000", "2025-03-04T10:15:00Z"),
            ("apple", "762776100.5", "2025-03-04T10:15:00.500Z"),
        ] {
            let json = Json::parse(json).unwrap();
            assert_eq!(
                format(written).micros(&json, Some(&zone)),
                at(expected),
                "{written} {json:?}"
            );
        }
        let none = |written: &str, json: &str| {
            assert_eq!(format(written).micros(&Json::parse(json).unwrap(), None), None, "{json}");
        };
        none("%Y%m%d", "20251304");
        none("%Y%m%d", "\"2025-03-04\"");
        none("%Y%m%d", "\"2025034\"");
        none("%Y%m%d", "20250304.5");
        none("%Y%m%d", "-20250304");
        none("%Y%m%d", "true");
        none("excel", "\"2025-03-04\"");
        none("excel", "1e40");
    }

    #[test]
    fn what_is_no_format_says_why() {
        for (written, why) in [
            ("YYYYMMDD", "it has no %"),
            ("Excel", "it has no %"),
            ("", "it has no %"),
            ("%Y-%m-%J", "means nothing"),
            ("%Y-%m", "day, month and year"),
            ("%H:%M", "day, month and year"),
            ("%Y-%m-%d %H", "hour and minute"),
            ("%Y-%m-%d %I:%M", "hour and minute"),
            ("%Y-%m-%d %H:%M %Z", "offsets (%z) can"),
        ] {
            let error = TimeFormat::try_from(written.to_owned()).unwrap_err();
            assert!(error.contains(why) && error.contains("excel, dotnet"), "{written}: {error}");
        }
    }

    #[test]
    fn numbers_that_are_dates_are_recognised() {
        let (from, to) = (at("2005-01-01T00:00:00Z").unwrap(), at("2025-12-01T00:00:00Z").unwrap());
        let likely = |text: &str| {
            let number = Decimal::parse(text).unwrap();
            likely(number, |micros| (from..to).contains(&micros)).map(|(format, _)| format)
        };
        for (number, expected) in [
            ("20250304", Some("%Y%m%d")),
            ("202503041015", Some("%Y%m%d%H%M")),
            ("20250304101500", Some("%Y%m%d%H%M%S")),
            ("20250304101500123", Some("%Y%m%d%H%M%S%3f")),
            ("45720.5", Some("excel")),
            ("638765000000000000", Some("dotnet")),
            ("133855569000000000", Some("filetime")),
            ("762776100", Some("apple")),
            ("20251304", None),
            ("20450304", None),
            ("-45720", None),
            ("5", None),
        ] {
            assert_eq!(likely(number).as_deref(), expected, "{number}");
        }
    }
}
