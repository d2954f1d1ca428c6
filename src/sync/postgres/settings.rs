//! One `[[source.postgres]]` entry: where it is, what is read, what its columns mean.

use std::path::PathBuf;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny};

use super::address;
use crate::error::{Error, Result};
use crate::sync::files::{Target, TimeFormat, TimeUnit};
use crate::time::{self, DAY_US};

/// The environment variable that holds the URL where none is named.
pub const URL_VARIABLE: &str = "DATABASE_URL";
/// A transaction that is open longer than this when its rows become visible may be missed.
const OVERLAP_US: i64 = 3_600 * time::SECOND_US;
/// The same where the cursor counts.
const OVERLAP_STEPS: i64 = 100_000;
const STATEMENT_TIMEOUT: &str = "15m";

/// A table or query that is read. With a column for the event its rows are product events; without
/// one they land as they are, and `postgres.<name>` is how they stood.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostgresSource {
    /// Told in the `source` column of every event; the name of a table that lands as it is.
    pub name: String,
    /// `postgres://user@host/database?sslmode=verify-full`, without a password.
    #[serde(default)]
    pub url: Option<String>,
    /// The environment variable that holds such a URL; it may hold the password too.
    #[serde(default)]
    pub url_variable: Option<String>,
    /// A file of mode 0600 that holds the password.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// Never here: it is refused with a hint.
    #[serde(default)]
    password: Option<IgnoredAny>,
    #[serde(default)]
    pub table: Option<String>,
    #[serde(default)]
    pub query: Option<String>,
    /// A column that grows with every row or change: what is behind its last value is read.
    #[serde(default)]
    pub cursor: Option<String>,
    /// Columns that tell one row from another.
    #[serde(default, deserialize_with = "one_or_many")]
    pub key: Vec<String>,
    /// How far behind its last value the cursor starts again: a length of time, or a number where
    /// the cursor is one.
    #[serde(default)]
    overlap: Option<Overlap>,
    /// How often a table with a cursor is compared whole, for what was deleted or changed without it.
    #[serde(default)]
    full_every: Option<String>,
    #[serde(default)]
    statement_timeout: Option<String>,
    #[serde(default)]
    event: Option<String>,
    /// The name of all events, where there is no column for it.
    #[serde(default)]
    pub event_name: Option<String>,
    #[serde(default)]
    time: Option<String>,
    /// Unit of numeric times; by their size if absent.
    #[serde(default)]
    pub time_unit: Option<TimeUnit>,
    /// How times are written that are no epoch.
    #[serde(default)]
    pub time_format: Option<TimeFormat>,
    #[serde(default)]
    user: Option<String>,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    account: Option<String>,
    #[serde(default)]
    stripe_customer: Option<String>,
    #[serde(default)]
    properties: Option<String>,
    #[serde(default)]
    ingested_at: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Overlap {
    Steps(i64),
    Time(String),
}

/// What is read: a table by its name, or the rows of a query.
#[derive(Debug, Clone, Copy)]
pub enum Relation<'a> {
    Table(&'a str),
    Query(&'a str),
}

impl PostgresSource {
    /// Whether rows are product events.
    pub fn is_events(&self) -> bool {
        self.event.is_some() || self.event_name.is_some()
    }

    /// The table of the lake that rows go to.
    pub fn lake_table(&self) -> String {
        match self.is_events() {
            true => super::EVENTS.to_owned(),
            false => format!("{}/{}", super::LOG, self.name),
        }
    }

    pub fn relation(&self) -> Relation<'_> {
        match (&self.table, &self.query) {
            (_, Some(query)) => Relation::Query(query.trim().trim_end_matches(';')),
            (table, None) => Relation::Table(table.as_deref().unwrap_or_default()),
        }
    }

    /// The column of a target of product events.
    pub fn column(&self, target: Target) -> Option<&str> {
        match target {
            Target::Event => &self.event,
            Target::Time => &self.time,
            Target::User => &self.user,
            Target::Email => &self.email,
            Target::Account => &self.account,
            Target::StripeCustomer => &self.stripe_customer,
            Target::Properties => &self.properties,
            Target::IngestedAt => &self.ingested_at,
            // The key says it.
            Target::Id => &None,
        }
        .as_deref()
    }

    /// How far back the cursor starts again: µs, or steps where it counts.
    pub fn overlap(&self, is_time: bool) -> Result<i64> {
        match (&self.overlap, is_time) {
            (None, true) => Ok(OVERLAP_US),
            (None, false) => Ok(OVERLAP_STEPS),
            (Some(Overlap::Time(text)), true) => time::parse_length(text),
            (Some(Overlap::Steps(steps)), false) => Ok(*steps),
            (Some(_), true) => Err(self
                .wrong("overlap is a number, and the cursor is a time")
                .hint("write a length of time: overlap = \"1h\"")),
            (Some(_), false) => Err(self
                .wrong("overlap is a length of time, and the cursor counts")
                .hint("write a number: overlap = 100000")),
        }
    }

    /// µs between two looks at the whole table.
    pub fn full_every(&self) -> i64 {
        let given = self.full_every.as_deref().and_then(|text| time::parse_length(text).ok());
        given.unwrap_or(DAY_US)
    }

    /// µs that the server may work on one page.
    pub fn statement_timeout(&self) -> Result<i64> {
        time::parse_length(self.statement_timeout.as_deref().unwrap_or(STATEMENT_TIMEOUT))
    }

    /// An error over this entry.
    pub fn wrong(&self, what: impl std::fmt::Display) -> Error {
        Error::new(format!("[[source.postgres]] {}: {what}", self.name))
    }

    pub fn validate(&self) -> Result<()> {
        let is_name = !self.name.is_empty()
            && self.name.starts_with(|first: char| first.is_ascii_lowercase())
            && self.name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'));
        if !is_name {
            return Err(Error::new(format!(
                "[[source.postgres]] name = \"{}\" is not a name",
                self.name
            ))
            .hint("use lower case letters, digits and _, as in product_events"));
        }
        if self.password.is_some() {
            return Err(self.wrong("a password does not belong in paydirt.toml").hint(
                "set PGPASSWORD, keep it in ~/.pgpass or in a file of mode 0600 (password_file), or \
                 in the URL of the environment variable that url_variable names",
            ));
        }
        match (&self.url, &self.url_variable) {
            (Some(_), Some(_)) => {
                return Err(self.wrong("url and url_variable are both given").hint("keep one"));
            }
            (Some(url), None) => address::check_written(url).map_err(|error| {
                error.context(format_args!("[[source.postgres]] {}", self.name))
            })?,
            _ => {}
        }
        match (&self.table, &self.query) {
            (Some(_), Some(_)) => {
                return Err(self.wrong("table and query are both given").hint("keep one"));
            }
            (None, None) => {
                return Err(self
                    .wrong("neither a table nor a query is given")
                    .hint("write table = \"public.events\" or query = \"select …\""));
            }
            _ => {}
        }
        for length in [&self.full_every, &self.statement_timeout].into_iter().flatten() {
            time::parse_length(length).map_err(|error| self.wrong(error))?;
        }
        match &self.overlap {
            Some(Overlap::Time(text)) => {
                time::parse_length(text).map_err(|error| self.wrong(error))?;
            }
            Some(Overlap::Steps(steps)) if *steps < 0 => {
                return Err(self.wrong("overlap is negative"));
            }
            _ => {}
        }
        if self.is_events() { self.validate_events() } else { self.validate_table() }
    }

    fn validate_events(&self) -> Result<()> {
        if self.event.is_some() && self.event_name.is_some() {
            return Err(self.wrong("event and event_name are both given").hint("keep one"));
        }
        if self.time_unit.is_some() && self.time_format.is_some() {
            return Err(self.wrong("time_unit and time_format are both given").hint(
                "keep one: a unit is for numbers that count from 1970, a format for others",
            ));
        }
        if self.time.is_none() {
            return Err(self
                .wrong("no column says when an event happened")
                .hint("name it: time = \"created_at\""));
        }
        Ok(())
    }

    fn validate_table(&self) -> Result<()> {
        let mapped = [
            ("time", &self.time),
            ("user", &self.user),
            ("email", &self.email),
            ("account", &self.account),
            ("stripe_customer", &self.stripe_customer),
            ("properties", &self.properties),
            ("ingested_at", &self.ingested_at),
        ];
        if let Some((key, _)) = mapped.iter().find(|(_, column)| column.is_some()) {
            return Err(self.wrong(format!("{key} is for product events")).hint(
                "say which column names the event (event = \"…\", or event_name = \"…\" for one \
                 name); without it rows land as they are",
            ));
        }
        if self.name == "events" {
            return Err(self
                .wrong("postgres_log.events holds product events")
                .hint("choose another name for a table that lands as it is"));
        }
        if self.key.is_empty() {
            return Err(self
                .wrong("no key tells one row from another")
                .hint("name its column: key = \"id\""));
        }
        Ok(())
    }
}

/// All entries, each by itself and together.
pub fn validate(sources: &[PostgresSource]) -> Result<()> {
    for (number, source) in sources.iter().enumerate() {
        source.validate()?;
        if sources[..number].iter().any(|other| other.name == source.name) {
            return Err(source.wrong("the name is taken").hint("give each entry its own name"));
        }
    }
    Ok(())
}

fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Names {
        One(String),
        Many(Vec<String>),
    }
    Ok(match Names::deserialize(deserializer)? {
        Names::One(name) => vec![name],
        Names::Many(names) => names,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<PostgresSource> {
        let source: PostgresSource =
            toml::from_str(text).map_err(|error| Error::new(error.message()))?;
        source.validate().map(|()| source)
    }

    #[test]
    fn what_is_missing_or_too_much_is_said() {
        for (text, reason) in [
            ("name = 'A'\ntable = 't'\nkey = 'id'", "is not a name"),
            ("name = 'a'\nkey = 'id'", "neither a table nor a query"),
            ("name = 'a'\ntable = 't'\nquery = 'q'\nkey = 'id'", "both given"),
            ("name = 'a'\ntable = 't'", "no key"),
            ("name = 'a'\ntable = 't'\nkey = 'id'\nuser = 'u'", "user is for product events"),
            ("name = 'a'\ntable = 't'\nevent = 'e'", "no column says when"),
            ("name = 'a'\ntable = 't'\nevent = 'e'\nevent_name = 'x'\ntime = 't'", "both given"),
            (
                "name = 'a'\ntable = 't'\nevent = 'e'\ntime = 't'\ntime_unit = 's'\ntime_format = '%s'",
                "time_unit and time_format are both given",
            ),
            ("name = 'a'\ntable = 't'\nevent = 'e'\ntime_format = 'ole'", "is no time format"),
            ("name = 'events'\ntable = 't'\nkey = 'id'", "holds product events"),
            ("name = 'a'\ntable = 't'\nkey = 'id'\nfull_every = 'often'", "`often`"),
            ("name = 'a'\ntable = 't'\nkey = 'id'\nemial = 'x'", "unknown field `emial`"),
            ("name = 'a'\ntable = 't'\nkey = 'id'\npassword = 'hunter2'", "does not belong"),
            (
                "name = 'a'\ntable = 't'\nkey = 'id'\nurl = 'postgres://me:hunter2@h/d'",
                "holds a password",
            ),
        ] {
            let error = check(text).unwrap_err();
            assert!(error.message().contains(reason), "{text}: {error}");
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        }
    }

    #[test]
    fn rows_with_an_event_are_events_and_others_a_table() {
        let events =
            check("name = 'a'\ntable = 't'\nevent_name = 'x'\ntime = 'at'\noverlap = 5").unwrap();
        assert_eq!(events.lake_table(), "postgres_log/events");
        assert_eq!(events.overlap(false).unwrap(), 5);
        assert!(events.overlap(true).is_err());
        let users = check("name = 'users'\nquery = 'select 1;'\nkey = ['a', 'b']").unwrap();
        assert_eq!(users.lake_table(), "postgres_log/users");
        assert_eq!(users.overlap(true).unwrap(), OVERLAP_US);
        assert!(matches!(users.relation(), Relation::Query("select 1")));
    }
}
