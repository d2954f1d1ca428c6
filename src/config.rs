//! `paydirt.toml`: what a project says about itself. Unknown keys are errors with file and line.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::bucket::{self, is_bucket};
use crate::error::{Error, Result};
use crate::lake::Location;
use crate::sync::files::FileMapping;
use crate::sync::postgres::{self, PostgresSource};
use crate::sync::posthog;
use crate::sync::stripe;
use crate::time;

pub const FILE_NAME: &str = "paydirt.toml";

/// A project folder and what its `paydirt.toml` says.
#[derive(Debug, Clone)]
pub struct Project {
    pub root: PathBuf,
    pub config: Config,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    pub mode: Mode,
    /// A folder or the URL of a bucket.
    pub lake: Option<String>,
    pub identity: Identity,
    pub backtest: Backtest,
    pub source: Sources,
}

/// Which rows of Stripe count; the others are excluded and counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    #[default]
    Live,
    Test,
}

impl Mode {
    pub fn other(self) -> Self {
        match self {
            Mode::Live => Mode::Test,
            Mode::Test => Mode::Live,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Mode::Live => "live",
            Mode::Test => "test",
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Identity {
    pub internal_domains: Vec<String>,
    /// Keys of a customer's metadata that hold the account id; set at creation and never changed.
    pub account_metadata_keys: Vec<String>,
    /// PostHog group types that stand for an account, in order; empty: any.
    pub group_types: Vec<String>,
    /// Replaces the built-in list.
    pub free_mail_domains: Option<Vec<String>>,
    pub free_mail_add: Vec<String>,
    pub free_mail_remove: Vec<String>,
    /// Account ids that stand for none, besides the built-in list.
    pub placeholder_ids_add: Vec<String>,
    /// Account ids that the built-in list takes for placeholders.
    pub placeholder_ids_remove: Vec<String>,
    pub min_confidence: f64,
}

impl Default for Identity {
    fn default() -> Self {
        Self {
            internal_domains: vec![],
            account_metadata_keys: vec![],
            group_types: vec![],
            free_mail_domains: None,
            free_mail_add: vec![],
            free_mail_remove: vec![],
            placeholder_ids_add: vec![],
            placeholder_ids_remove: vec![],
            min_confidence: 0.70,
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Backtest {
    #[serde(deserialize_with = "moment")]
    pub as_of: Option<i64>,
    #[serde(deserialize_with = "moment")]
    pub split_at: Option<i64>,
    pub delta_min: Option<f64>,
    pub min_arm: u64,
    pub min_events: u64,
    pub min_oos_arm: u64,
    pub min_oos_n: u64,
}

impl Default for Backtest {
    fn default() -> Self {
        Self {
            as_of: None,
            split_at: None,
            delta_min: None,
            min_arm: 20,
            min_events: 10,
            min_oos_arm: 10,
            min_oos_n: 20,
        }
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sources {
    pub files: Vec<FileMapping>,
    pub postgres: Vec<PostgresSource>,
    pub stripe: stripe::Settings,
    pub posthog: posthog::Settings,
}

/// A TOML date-time, a string as people write times, or unix seconds; in microseconds.
pub fn moment<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    use serde::de::Error as _;
    let text = match toml::Value::deserialize(deserializer)? {
        toml::Value::String(text) => text,
        toml::Value::Integer(seconds) => seconds.to_string(),
        toml::Value::Datetime(moment) => moment.to_string(),
        other => return Err(D::Error::custom(format!("`{other}` is not a time"))),
    };
    time::parse_moment(&text).map(Some).map_err(D::Error::custom)
}

impl Config {
    /// Reads the text of a `paydirt.toml`; `path` is for the error.
    pub fn parse(text: &str, path: &Path) -> Result<Self> {
        let config: Config = toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            let line = text[..start.min(text.len())].matches('\n').count() + 1;
            Error::new(format!("{}:{line}: {}", path.display(), error.message().trim()))
                .hint("`paydirt init` writes a paydirt.toml in which every key is explained")
        })?;
        config.validate().map_err(|error| error.context(path.display()))?;
        Ok(config)
    }

    fn validate(&self) -> Result<()> {
        if let Some(lake) = self.lake.as_deref().filter(|lake| lake.contains("://")) {
            bucket::check(lake).map_err(|error| error.context("lake"))?;
        }
        for entry in &self.source.files {
            entry.validate()?;
            if let Some(path) = entry.path.as_deref().filter(|path| path.contains("://")) {
                bucket::check(path).map_err(|error| {
                    error.context(format!("[[source.files]] {}: path", entry.name))
                })?;
            }
        }
        self.source.stripe.validate()?;
        postgres::validate(&self.source.postgres)?;
        self.source.posthog.validate()?;
        if self.identity.placeholder_ids_remove.iter().any(|id| id.trim().is_empty()) {
            return Err(Error::new(
                "[identity] placeholder_ids_remove: an empty text is never an id",
            ));
        }
        let confidence = self.identity.min_confidence;
        if !(0.0..=1.0).contains(&confidence) {
            return Err(Error::new(format!(
                "[identity] min_confidence = {confidence} is not between 0 and 1"
            )));
        }
        match self.backtest.delta_min {
            Some(delta) if !(delta > 0.0 && delta < 1.0) => {
                Err(Error::new(format!("[backtest] delta_min = {delta} is not between 0 and 1"))
                    .hint("it is the smallest useful difference of two rates: 0.05 is 5 points"))
            }
            _ => Ok(()),
        }
    }
}

impl Project {
    /// Opens the project in `dir`, or, without one, in the current folder or the nearest parent
    /// that holds a `paydirt.toml`.
    pub fn open(dir: Option<&Path>) -> Result<Self> {
        let root = match dir {
            Some(dir) if dir.join(FILE_NAME).is_file() => dir.to_path_buf(),
            Some(dir) => {
                return Err(Error::new(format!("no {FILE_NAME} in {}", dir.display()))
                    .hint(format!("`paydirt init {}` makes a project there", dir.display())));
            }
            None => {
                let here = std::env::current_dir()?;
                let found = here.ancestors().find(|dir| dir.join(FILE_NAME).is_file());
                found.map(Path::to_path_buf).ok_or_else(|| {
                    Error::new(format!("no {FILE_NAME} in {} or its parents", here.display()))
                        .hint("`paydirt init` makes a project here; `paydirt demo` needs none")
                })?
            }
        };
        let path = root.join(FILE_NAME);
        let text = std::fs::read_to_string(&path)
            .map_err(|error| Error::from(error).context(path.display()))?;
        Ok(Self { config: Config::parse(&text, &path)?, root })
    }

    /// Where landed data are: `data/lake` if the project does not say.
    pub fn lake(&self) -> Location {
        match self.config.lake.as_deref() {
            Some(url) if is_bucket(url) => Location::Bucket(url.to_owned()),
            folder => Location::Folder(self.root.join(folder.unwrap_or("data/lake"))),
        }
    }

    /// Where files from elsewhere are kept as long as they are landed.
    pub fn incoming_dir(&self) -> PathBuf {
        self.root.join("data/incoming")
    }

    /// What can be computed again from the lake.
    pub fn cache_dir(&self) -> PathBuf {
        self.root.join("data/cache")
    }

    /// Tables that say who is who.
    pub fn identity_dir(&self) -> PathBuf {
        self.root.join("identity")
    }

    pub fn sql_dir(&self) -> PathBuf {
        self.root.join("sql")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config> {
        Config::parse(text, Path::new("paydirt.toml"))
    }

    #[test]
    fn an_unknown_key_names_file_and_line() {
        let error = parse("mode = \"live\"\n\n[identity]\ninternal_domain = []\n").unwrap_err();
        assert!(error.message().starts_with("paydirt.toml:4: unknown field"), "{error}");
    }

    #[test]
    fn every_key_of_the_template_is_known() {
        let template = include_str!("commands/paydirt.toml");
        parse(template).unwrap();
        let set: String = template
            .lines()
            .map(|line| {
                line.strip_prefix("# ")
                    .filter(|l| l.contains(" = ") || l.starts_with("[["))
                    .unwrap_or(line)
            })
            .map(|line| format!("{line}\n"))
            .collect();
        parse(&set).unwrap();
    }

    #[test]
    fn a_key_goes_over_tls_or_stays_on_this_machine() {
        for base in ["https://api.stripe.com", "http://127.0.0.1:4242", "http://localhost:1/x"] {
            parse(&format!("[source.stripe]\napi_base = \"{base}\"\n")).unwrap();
        }
        for base in ["http://api.stripe.com", "ftp://127.0.0.1", "api.stripe.com"] {
            let error = parse(&format!("[source.stripe]\napi_base = \"{base}\"\n")).unwrap_err();
            assert!(error.message().contains(base), "{error}");
        }
    }

    #[test]
    fn optional_resources_exist() {
        parse("[source.stripe]\noptional = [\"balance_transactions\"]\n").unwrap();
        let error = parse("[source.stripe]\noptional = [\"balances\"]\n").unwrap_err();
        assert!(error.message().contains("`balances`"), "{error}");
        assert!(error.hint_text().unwrap().contains("balance_transactions"));
    }

    #[test]
    fn times_may_be_written_three_ways() {
        for value in ["2025-12-01T00:00:00Z", "\"2025-12-01\"", "1764547200"] {
            let config = parse(&format!("[backtest]\nas_of = {value}\n")).unwrap();
            assert_eq!(config.backtest.as_of, Some(1_764_547_200_000_000), "{value}");
        }
    }
}
