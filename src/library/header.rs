//! The comment header of a SQL file: a sentence, then `-- @key value` lines.

use std::path::Path;

use crate::error::{Error, Result};
use crate::library::closest;
use crate::time;

/// What stands above the SQL of a file.
#[derive(Debug, Clone, Default)]
pub struct Header {
    /// The first paragraph of the comment, joined; it ends at an empty `--` or at a key.
    pub sentence: String,
    /// Key, value, line (from 1), in order.
    pub keys: Vec<(String, String, usize)>,
}

impl Header {
    /// Reads the leading comment; a key not in `known` is an error with file and line.
    pub fn parse(text: &str, known: &[&str], path: &Path) -> Result<Self> {
        let mut header = Self::default();
        let mut words: Vec<&str> = vec![];
        let mut is_told = false;
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() {
                continue;
            }
            let Some(comment) = line.strip_prefix("--").map(str::trim) else { break };
            let Some(entry) = comment.strip_prefix('@') else {
                // The sentence ends with its paragraph; what follows explains.
                is_told |= comment.is_empty() && !words.is_empty();
                if header.keys.is_empty() && !is_told {
                    words.push(comment);
                }
                continue;
            };
            let (key, value) = entry.split_once(char::is_whitespace).unwrap_or((entry, ""));
            let place = format!("{}:{}", path.display(), index + 1);
            if !known.contains(&key) {
                let error = Error::new(format!("{place}: unknown key `@{key}`"));
                return Err(match closest(key, known) {
                    Some(name) => error.hint(format!("did you mean `@{name}`?")),
                    None if known.is_empty() => error.hint("files of this folder have no keys"),
                    None => error.hint(format!("keys are: @{}", known.join(", @"))),
                });
            }
            if header.keys.iter().any(|(other, ..)| other == key) {
                return Err(Error::new(format!("{place}: `@{key}` stands here a second time")));
            }
            if value.trim().is_empty() {
                return Err(Error::new(format!("{place}: `@{key}` has no value")));
            }
            header.keys.push((key.to_owned(), value.trim().to_owned(), index + 1));
        }
        header.sentence = words.join(" ");
        Ok(header)
    }

    pub fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    pub fn value(&self, key: &str) -> Option<&str> {
        self.get(key).map(|(value, _)| value)
    }

    fn get(&self, key: &str) -> Option<(&str, usize)> {
        let found = self.keys.iter().find(|(name, ..)| name == key);
        found.map(|(_, value, line)| (value.as_str(), *line))
    }
}

/// A claim about the exposed rate: `@expect rate >= 0.40`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateClaim {
    pub op: RateOp,
    /// A share between 0 and 1.
    pub value: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateOp {
    AtLeast,
    Equal,
}

impl RateOp {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AtLeast => ">=",
            Self::Equal => "=",
        }
    }
}

/// The header of a hypothesis, checked. Lengths are microseconds.
#[derive(Debug, Clone, PartialEq)]
pub struct HypothesisHeader {
    pub population: String,
    pub outcome: String,
    pub window_us: i64,
    pub horizon_us: i64,
    pub strata: String,
    pub split_at: Option<i64>,
    pub delta_min: Option<f64>,
    pub min_confidence: Option<f64>,
    pub signal: Option<String>,
    pub expect: Option<RateClaim>,
}

impl HypothesisHeader {
    pub fn from_header(header: &Header, path: &Path) -> Result<Self> {
        let read = |key: &str, parse: &dyn Fn(&str) -> Result<i64>| -> Result<Option<i64>> {
            let Some((value, line)) = header.get(key) else { return Ok(None) };
            let place = format!("{}:{line}: @{key}", path.display());
            parse(value).map(Some).map_err(|error| error.context(place))
        };
        let share = |key: &str| -> Result<Option<f64>> {
            let Some((value, line)) = header.get(key) else { return Ok(None) };
            match value.parse::<f64>() {
                Ok(share) if (0.0..=1.0).contains(&share) => Ok(Some(share)),
                _ => Err(Error::new(format!(
                    "{}:{line}: @{key}: `{value}` is not a number between 0 and 1",
                    path.display()
                ))),
            }
        };
        let one_of = |key: &str, values: &[&str]| -> Result<String> {
            let Some((value, line)) = header.get(key) else { return Ok(values[0].to_owned()) };
            if values.contains(&value) {
                return Ok(value.to_owned());
            }
            let place = format!("{}:{line}", path.display());
            Err(Error::new(format!("{place}: @{key}: unknown value `{value}`"))
                .hint(format!("known: {}", values.join(", "))))
        };
        let window_us = read("window", &time::parse_length)?.unwrap_or(3 * time::DAY_US);
        let horizon_us = read("horizon", &time::parse_length)?.ok_or_else(|| {
            Error::new(format!("{}: @horizon is missing", path.display())).hint(
                "write `-- @horizon 60d`: trial length plus 45 days, counted from trial start",
            )
        })?;
        if horizon_us <= window_us {
            return Err(Error::new(format!(
                "{}: @horizon {} is not after the end of @window {}",
                path.display(),
                time::format_length(horizon_us),
                time::format_length(window_us)
            )));
        }
        Ok(Self {
            population: one_of("population", &["trials"])?,
            outcome: one_of("outcome", &["net_conversion"])?,
            window_us,
            horizon_us,
            strata: one_of("strata", &["product", "none"])?,
            split_at: read("split", &time::parse_moment)?,
            delta_min: share("delta_min")?,
            min_confidence: share("min_confidence")?,
            signal: header.get("signal").map(|(value, _)| value.to_owned()),
            expect: match header.get("expect") {
                None => None,
                Some((value, line)) => Some(rate_claim(value).ok_or_else(|| {
                    Error::new(format!("{}:{line}: @expect: cannot read `{value}`", path.display()))
                        .hint("write `rate >= 0.40`")
                })?),
            },
        })
    }
}

fn rate_claim(text: &str) -> Option<RateClaim> {
    let rest = text.trim().strip_prefix("rate")?.trim_start();
    let (op, number) = [RateOp::AtLeast, RateOp::Equal]
        .into_iter()
        .find_map(|op| rest.strip_prefix(op.as_str()).map(|number| (op, number.trim())))?;
    let value = match number.strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f64>().ok()? / 100.0,
        None => number.parse().ok()?,
    };
    (0.0..=1.0).contains(&value).then_some(RateClaim { op, value })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: &[&str] = &["window", "horizon", "expect", "strata"];

    fn header(text: &str) -> Result<HypothesisHeader> {
        let path = Path::new("h.sql");
        HypothesisHeader::from_header(&Header::parse(text, KEYS, path)?, path)
    }

    #[test]
    fn a_header_is_a_sentence_and_keys() {
        let text = "-- People who\n-- share pay.\n-- @window 36h\n-- @horizon 30d\n-- @expect rate >= 40 %\nselect 1";
        let parsed = Header::parse(text, KEYS, Path::new("h.sql")).unwrap();
        assert_eq!(parsed.sentence, "People who share pay.");
        let read = header(text).unwrap();
        assert_eq!(read.window_us, 36 * 3600 * 1_000_000);
        assert_eq!(read.expect, Some(RateClaim { op: RateOp::AtLeast, value: 0.4 }));
    }

    #[test]
    fn mistakes_name_file_and_line() {
        for (text, message, hint) in [
            (
                "-- A.\n-- @horizn 3d\n",
                "h.sql:2: unknown key `@horizn`",
                "did you mean `@horizon`?",
            ),
            ("-- A.\n-- @horizon 3\n", "h.sql:2: @horizon: `3` is not a length of time", "write"),
            ("-- A.\nselect 1", "h.sql: @horizon is missing", "write `-- @horizon 60d`"),
            ("-- A.\n-- @window 3d\n-- @horizon 2d\n", "h.sql: @horizon 2d is not after", ""),
            ("-- A.\n-- @horizon 9d\n-- @horizon 9d\n", "h.sql:3: `@horizon` stands here", ""),
            ("-- A.\n-- @horizon 9d\n-- @strata plan\n", "h.sql:3: @strata: unknown value", ""),
        ] {
            let error = header(text).unwrap_err();
            assert!(error.message().starts_with(message), "{error}");
            assert!(error.hint_text().unwrap_or_default().starts_with(hint), "{error:?}");
        }
    }
}
