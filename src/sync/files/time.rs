//! Reads the times that product events carry.

use chrono::{DateTime, NaiveDate, NaiveDateTime};
use serde::Deserialize;

use super::mapping::FileMapping;
use super::number::Decimal;
use super::time_format::{TimeFormat, likely};
use super::zone::Zone;
use crate::sync::json::Json;
use crate::sync::report::Refusal;
use crate::time::DAY_US;

/// The last µs of the year 9999.
pub const MAX_MICROS: i64 = 253_402_300_800 * 1_000_000 - 1;
/// 2005-01-01: a number whose unit is guessed is no time before.
const EARLIEST: i64 = 1_104_537_600 * 1_000_000;

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

    /// µs of one, as a quotient.
    fn micros(self) -> (i128, i128) {
        match self {
            TimeUnit::Seconds => (1_000_000, 1),
            TimeUnit::Milliseconds => (1_000, 1),
            TimeUnit::Microseconds => (1, 1),
            TimeUnit::Nanoseconds => (1, 1_000),
        }
    }

    fn name(self) -> &'static str {
        match self {
            TimeUnit::Seconds => "seconds",
            TimeUnit::Milliseconds => "milliseconds",
            TimeUnit::Microseconds => "microseconds",
            TimeUnit::Nanoseconds => "nanoseconds",
        }
    }
}

/// Why a value is no time.
#[derive(Debug, Clone, PartialEq)]
pub struct NoTime {
    reason: String,
    hint: Option<String>,
}

impl NoTime {
    pub fn new(reason: String) -> Self {
        Self { reason, hint: None }
    }

    /// Why a field is NULL. The hint is for the time of an event, which may be written otherwise.
    pub fn fault(self) -> String {
        self.reason
    }

    /// The refusal of a record whose time it is.
    pub fn refusal(self, field: impl Into<String>) -> Refusal {
        Refusal { hint: self.hint, ..Refusal::of(field, self.reason) }
    }
}

/// How the times of a source are written where they do not say it themselves.
#[derive(Debug, Clone, Copy)]
pub struct Times<'a> {
    pub unit: Option<TimeUnit>,
    pub format: Option<&'a TimeFormat>,
    /// Of text without an offset; UTC if absent.
    pub zone: Option<&'a Zone>,
    /// Numbers are of that zone too.
    pub are_numbers_local: bool,
    /// A number whose unit is guessed is from before, µs.
    pub landed_at: i64,
    /// Where unit and format are set.
    pub entry: &'static str,
}

impl<'a> Times<'a> {
    /// Of files, as the mapping says.
    pub fn of(mapping: Option<&'a FileMapping>, landed_at: i64) -> Self {
        Self {
            unit: mapping.and_then(|mapping| mapping.time_unit),
            format: mapping.and_then(|mapping| mapping.time_format.as_ref()),
            zone: mapping.and_then(|mapping| mapping.time_zone.as_ref()),
            are_numbers_local: false,
            landed_at,
            entry: "[[source.files]]",
        }
    }

    /// The same for a tool that writes its text in UTC.
    pub fn in_utc(self) -> Self {
        Self { zone: None, ..self }
    }

    /// The same for times whose units and formats are the tool's own.
    pub fn of_tool(self) -> Self {
        Self { unit: None, format: None, ..self }
    }

    /// µs since 1970, UTC.
    pub fn micros(&self, json: &Json<'_>) -> Result<i64, NoTime> {
        let found = match (json, self.format) {
            (Json::Number(_) | Json::String(_), Some(format)) => {
                let text = json.as_str().filter(|_| !format.is_pattern());
                format.micros(json, self.zone).or_else(|| written(text?.trim(), self.zone))
            }
            (Json::Number(text), None) => return self.number(text, json),
            (Json::String(text), None) => match written(text.trim(), self.zone) {
                None => return self.number(text.trim(), json),
                found => found,
            },
            (other, _) => return Err(NoTime::new(format!("is {}, not a time", other.kind()))),
        };
        match (found, self.format) {
            (Some(micros), _) => within_years(micros, json),
            (None, Some(format)) => Err(NoTime {
                reason: format!("{} is no time as {} says it", json.to_compact(), format.written()),
                hint: Some(format!("set time_format in {} to how times are written", self.entry)),
            }),
            (None, None) => Err(self.unknown(json)),
        }
    }

    /// The same of times that may be written in another way than those of the entry, as another
    /// program adds them: if only in one that cannot be mistaken.
    pub fn or_clear(&self, json: &Json<'_>) -> Result<i64, NoTime> {
        let found = self.micros(json);
        let is_clear = |text: &str| DateTime::parse_from_rfc3339(text.trim()).is_ok();
        let may_differ = match json {
            Json::Number(_) => true,
            Json::String(text) => is_clear(text) || Decimal::parse(text.trim()).is_some(),
            _ => false,
        };
        match found {
            Err(_) if self.format.is_some() && may_differ => {
                Self { format: None, ..*self }.micros(json)
            }
            found => found,
        }
    }

    fn number(&self, text: &str, json: &Json<'_>) -> Result<i64, NoTime> {
        let value = text.parse::<f64>().ok().filter(|value| value.is_finite());
        let Some(value) = value else { return Err(self.unknown(json)) };
        let number = Decimal::parse(text);
        let unit = self.unit.unwrap_or_else(|| TimeUnit::of(value));
        let micros = number.and_then(|number| number.times(unit.micros()));
        let micros = micros.and_then(|micros| i64::try_from(micros).ok());
        let zone = self.zone.filter(|_| self.are_numbers_local);
        // What is out of range is told as such, not as nonsense.
        let micros =
            micros.map(|micros| zone.and_then(|zone| zone.micros(micros)).unwrap_or(micros));
        let micros = within_years(micros.unwrap_or(i64::MAX), json);
        match micros {
            _ if self.unit.is_some() => micros,
            Ok(micros) if self.is_possible(micros) => Ok(micros),
            _ => Err(self.misread(number, unit, micros, json)),
        }
    }

    /// Whether an event that lands can be from then. No product sold through Stripe is older.
    fn is_possible(&self, micros: i64) -> bool {
        (EARLIEST..=self.landed_at.saturating_add(DAY_US)).contains(&micros)
    }

    /// What a number would mean that cannot be what its size suggests.
    fn misread(
        &self,
        number: Option<Decimal>,
        unit: TimeUnit,
        micros: Result<i64, NoTime>,
        json: &Json<'_>,
    ) -> NoTime {
        let entry = self.entry;
        let likely = number.and_then(|number| likely(number, |micros| self.is_possible(micros)));
        let hint = match &likely {
            Some((format, _)) => format!("set time_format = \"{format}\" in {entry}"),
            None => format!("say what it is with time_unit or time_format in {entry}"),
        };
        let day = micros.as_ref().ok().and_then(|micros| DateTime::from_timestamp_micros(*micros));
        let reason = match (micros, day) {
            (Ok(micros), Some(day)) => {
                let when = match likely {
                    Some((_, looks)) => format!(" and looks like {looks}"),
                    None if micros < EARLIEST => {
                        ", before any event of a product can be".to_owned()
                    }
                    None => ", after the day on which it lands".to_owned(),
                };
                let day = day.format("%Y-%m-%d");
                format!("{} would be {day} as {}{when}", json.to_compact(), unit.name())
            }
            (Err(why), _) => why.reason,
            (Ok(_), None) => self.unknown(json).reason,
        };
        NoTime { reason, hint: Some(hint) }
    }

    fn unknown(&self, json: &Json<'_>) -> NoTime {
        let hint = format!(
            "say how times are written, as in time_format = \"%d.%m.%Y %H:%M:%S\" in {}",
            self.entry
        );
        NoTime { reason: format!("{} is not a time", json.to_compact()), hint: Some(hint) }
    }
}

fn within_years(micros: i64, json: &Json<'_>) -> Result<i64, NoTime> {
    if (0..=MAX_MICROS).contains(&micros) {
        return Ok(micros);
    }
    Err(NoTime::new(format!("{} is outside the years 1970 to 9999", json.to_compact())))
}

/// µs of a time that is written as text, with its day and hour; `None` for anything else.
pub fn moment(text: &str) -> Option<i64> {
    written(text.trim(), None).filter(|micros| (0..=MAX_MICROS).contains(micros))
}

fn written(text: &str, zone: Option<&Zone>) -> Option<i64> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.timestamp_micros());
    }
    // Offsets as databases print them: `+00`, `+0530`.
    for format in ["%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M:%S%.f%#z", "%Y%m%dT%H%M%S%.f%#z"] {
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
    let formats = [
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%dT%H:%M:%S%.f",
        "%Y-%m-%d %H:%M",
        "%Y-%m-%dT%H:%M",
        "%Y%m%dT%H%M%S%.f",
        "%Y%m%dT%H%M",
    ];
    let time = formats.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
    time.or_else(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(landed_at: &str) -> Times<'static> {
        Times::of(None, moment(landed_at).unwrap())
    }

    fn sentence(why: NoTime) -> String {
        why.hint.map_or(why.reason.clone(), |hint| format!("{}; {hint}", why.reason))
    }

    /// What is found in 2025, or the sentence that says why nothing is.
    fn micros(text: &str, unit: Option<TimeUnit>) -> Result<i64, String> {
        let times = Times { unit, ..times("2025-12-01") };
        times.micros(&Json::parse(text).unwrap()).map_err(sentence)
    }

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
            r#""20240313T102114Z""#,
            r#""20240313T102114.000""#,
            r#""20240313T122114+0200""#,
            r#""1710325274""#,
            "1710325274",
            "1710325274.0",
            "1.710325274e9",
            "1710325274000",
            "1710325274000000",
            "1710325274000000000",
        ] {
            assert_eq!(micros(text, None), Ok(1_710_325_274_000_000), "{text}");
        }
        assert_eq!(micros("1710325274.123456", None), Ok(1_710_325_274_123_456));
        assert_eq!(micros("1710325274123456.7890", None), Ok(1_710_325_274_123_457));
        assert_eq!(micros("1710325274123456789", None), Ok(1_710_325_274_123_456));
        assert_eq!(micros("1710325274123456789.000", None), Ok(1_710_325_274_123_456));
        assert_eq!(micros("86400000", Some(TimeUnit::Milliseconds)), Ok(86_400_000_000));
        assert_eq!(micros(r#""1970-01-02""#, None), Ok(86_400_000_000));
        assert_eq!(micros(r#""2024-03-13T10:21""#, None), micros(r#""2024-03-13 10:21""#, None));
    }

    #[test]
    fn a_zone_is_for_times_that_do_not_say_theirs() {
        let zone = Zone::try_from("America/New_York".to_owned()).unwrap();
        let at = |text: &str, are_numbers_local| {
            let json = Json::parse(text).unwrap();
            let times = Times { zone: Some(&zone), are_numbers_local, ..times("2025-12-01") };
            times.micros(&json).unwrap() / 1_000_000
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
            (r#""yesterday""#, "\"yesterday\" is not a time; say how"),
            (r#""""#, "\"\" is not a time"),
            ("true", "is a boolean, not a time"),
            ("-5", "-5 is outside the years 1970 to 9999"),
            ("1e300", "1e300 is outside the years 1970 to 9999"),
            (r#""0000-00-00 00:00:00""#, "\"0000-00-00 00:00:00\" is not a time"),
        ] {
            let why = micros(text, None).unwrap_err();
            assert!(why.starts_with(reason), "{why}");
        }
    }

    #[test]
    fn a_guessed_unit_gives_no_time_that_cannot_be() {
        for (text, why) in [
            (
                "20250304",
                "20250304 would be 1970-08-23 as seconds and looks like a date; set \
                 time_format = \"%Y%m%d\" in [[source.files]]",
            ),
            (
                "45720.5",
                "45720.5 would be 1970-01-01 as seconds and looks like the day number of a \
                 spreadsheet; set time_format = \"excel\" in [[source.files]]",
            ),
            (
                "\"20250304101500\"",
                "\"20250304101500\" would be 2611-09-16 as milliseconds and looks like a date and \
                 time; set time_format = \"%Y%m%d%H%M%S\" in [[source.files]]",
            ),
            (
                "5",
                "5 would be 1970-01-01 as seconds, before any event of a product can be; say what it \
                 is with time_unit or time_format in [[source.files]]",
            ),
            (
                "1893456000000",
                "1893456000000 would be 2030-01-01 as milliseconds, after the day on which it lands; \
                 say what it is with time_unit or time_format in [[source.files]]",
            ),
        ] {
            assert_eq!(micros(text, None), Err(why.to_owned()));
        }
        // A clock may be a little ahead; and who names the unit is believed.
        assert_eq!(micros("1764600000", None), Ok(1_764_600_000_000_000));
        assert!(micros("1764700000", None).is_err());
        assert_eq!(micros("1893456000", Some(TimeUnit::Seconds)), Ok(1_893_456_000_000_000));
        assert_eq!(micros("\"2030-01-01\"", None), Ok(1_893_456_000_000_000));
    }

    #[test]
    fn a_format_is_for_all_times_of_a_column() {
        let at = |format: &str, text: &str| {
            let format = TimeFormat::try_from(format.to_owned()).unwrap();
            let times = Times { format: Some(&format), ..times("2025-12-01") };
            let json = Json::parse(text).unwrap();
            (times.micros(&json).map_err(sentence), times.or_clear(&json).map_err(sentence))
        };
        let day = Ok(moment("2025-03-04").unwrap());
        assert_eq!(at("%Y%m%d", "20250304"), (day.clone(), day.clone()));
        assert_eq!(at("%d.%m.%Y", "\"04.03.2025\""), (day.clone(), day.clone()));
        // Days and months could be mistaken for one another.
        let (time, ingested) = at("%Y-%d-%m", "\"2025-13-13\"");
        assert!(
            time.as_ref().unwrap_err().contains("no time as %Y-%d-%m says it; set time_format")
        );
        assert_eq!(time, ingested);
        let other = |text: &str| {
            let (time, ingested) = at("%Y%m%d", text);
            assert!(time.is_err(), "{time:?}");
            ingested
        };
        assert_eq!(other("\"2025-03-04T00:00:00Z\""), day);
        assert_eq!(other("1741046400"), day);
        assert!(other("17410464").is_err());
        assert_eq!(at("excel", "\"2025-03-04\""), (day.clone(), day));
    }
}
