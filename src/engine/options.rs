//! `paydirt.*` session variables: `SET paydirt.as_of = '2025-03-01'` moves the database in time.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, OnceLock};

use datafusion::common::config::{ConfigEntry, ConfigExtension, ExtensionOptions};
use datafusion::common::{DataFusionError, Result, config_err};
use datafusion::config::ConfigOptions;

use crate::config::Mode;
use crate::time;

const PREFIX: &str = "paydirt";

type Source = Arc<dyn Fn() -> crate::error::Result<Settings> + Send + Sync>;

/// The settings of one session, worked out when a query first asks for one: the default as-of time
/// takes a look at every table.
#[derive(Clone)]
pub struct SessionSettings {
    known: OnceLock<Settings>,
    source: Source,
}

impl SessionSettings {
    /// Settings that `source` gives. It may block, and is asked at most once a session.
    pub fn later(source: Source) -> Self {
        Self { known: OnceLock::new(), source }
    }

    fn get(&self) -> Result<&Settings> {
        if let Some(known) = self.known.get() {
            return Ok(known);
        }
        let settings =
            (self.source)().map_err(|error| DataFusionError::External(Box::new(error)))?;
        Ok(self.known.get_or_init(|| settings))
    }
}

impl From<Settings> for SessionSettings {
    fn from(settings: Settings) -> Self {
        let source = settings.clone();
        Self { known: OnceLock::from(settings), source: Arc::new(move || Ok(source.clone())) }
    }
}

impl fmt::Debug for SessionSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SessionSettings").field(&self.known.get()).finish()
    }
}

impl ConfigExtension for SessionSettings {
    const PREFIX: &'static str = PREFIX;
}

impl ExtensionOptions for SessionSettings {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }

    fn cloned(&self) -> Box<dyn ExtensionOptions> {
        Box::new(self.clone())
    }

    fn set(&mut self, key: &str, value: &str) -> Result<()> {
        let mut settings = self.get()?.clone();
        settings.set(key, value)?;
        self.known = OnceLock::from(settings);
        Ok(())
    }

    fn entries(&self) -> Vec<ConfigEntry> {
        self.get().map(Settings::entries).unwrap_or_default()
    }
}

/// What a session believes about time, mode and identity.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Nothing later than this moment is visible (µs).
    pub as_of: i64,
    /// What `SET paydirt.as_of = 'default'` goes back to.
    pub default_as_of: i64,
    /// The largest fact time of all sources (µs): from here on, today's values are known.
    pub data_through: i64,
    pub mode: Mode,
    pub min_confidence: f64,
    /// Comma-separated, in order of preference.
    pub account_metadata_keys: String,
    pub group_types: String,
}

impl Settings {
    pub fn of(options: &ConfigOptions) -> Result<&Self> {
        let settings = options.extensions.get::<SessionSettings>().ok_or_else(|| {
            DataFusionError::Configuration("this session has no paydirt settings".into())
        })?;
        settings.get()
    }

    /// The value of a key as text.
    pub fn value(&self, key: &str) -> Option<String> {
        self.entries()
            .into_iter()
            .find(|entry| entry.key == format!("{PREFIX}.{key}"))
            .and_then(|entry| entry.value)
    }

    fn set(&mut self, key: &str, value: &str) -> Result<()> {
        match key {
            "as_of" if value.eq_ignore_ascii_case("default") => self.as_of = self.default_as_of,
            "as_of" => {
                self.as_of = time::parse_moment(value)
                    .map_err(|error| DataFusionError::Configuration(error.to_string()))?;
            }
            "mode" => {
                self.mode = match value {
                    "live" => Mode::Live,
                    "test" => Mode::Test,
                    _ => return config_err!("paydirt.mode is `live` or `test`, not `{value}`"),
                };
            }
            "min_confidence" => match value.parse::<f64>() {
                Ok(share) if (0.0..=1.0).contains(&share) => self.min_confidence = share,
                _ => return config_err!("`{value}` is not a number between 0 and 1"),
            },
            "account_metadata_keys" => value.clone_into(&mut self.account_metadata_keys),
            "group_types" => value.clone_into(&mut self.group_types),
            "data_through" => return config_err!("paydirt.data_through follows from the data"),
            _ => return config_err!("no setting `paydirt.{key}`"),
        }
        Ok(())
    }

    fn entries(&self) -> Vec<ConfigEntry> {
        let entry = |key: &str, value: String, description: &'static str| ConfigEntry {
            key: format!("{PREFIX}.{key}"),
            value: Some(value),
            description,
        };
        vec![
            entry(
                "as_of",
                time::format_moment(self.as_of),
                "nothing later than this is visible; `default` goes back",
            ),
            entry(
                "data_through",
                time::format_moment(self.data_through),
                "the latest fact in the data",
            ),
            entry("mode", self.mode.as_str().into(), "live or test rows of Stripe"),
            entry(
                "min_confidence",
                self.min_confidence.to_string(),
                "links of events to accounts below this are not used",
            ),
            entry(
                "account_metadata_keys",
                self.account_metadata_keys.clone(),
                "keys of customer metadata that hold the account id",
            ),
            entry(
                "group_types",
                self.group_types.clone(),
                "PostHog group types that stand for an account",
            ),
        ]
    }
}
