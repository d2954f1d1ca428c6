//! `[source.posthog]`: where the project is, and what is read of it.

use std::path::PathBuf;

use serde::Deserialize;
use url::Url;

use crate::config::moment;
use crate::error::{Error, Result};
use crate::sync::api;
use crate::sync::files::{FileMapping, PERSONS, POSTHOG_EVENTS, POSTHOG_GROUPS};

pub const DEFAULT_HOST: &str = "https://us.posthog.com";
/// Hosts that take events in, and those that give them out.
const TAKES_IN: &[(&str, &str)] = &[
    ("us.i.posthog.com", DEFAULT_HOST),
    ("eu.i.posthog.com", "https://eu.posthog.com"),
    ("app.posthog.com", DEFAULT_HOST),
];

/// What is read of a project.
#[derive(Debug, PartialEq, Eq)]
pub struct Datum {
    pub name: &'static str,
    pub table: &'static str,
    /// What is lost without it.
    pub loses: &'static str,
}

pub const DATA: &[Datum] = &[
    Datum {
        name: "events",
        table: POSTHOG_EVENTS,
        loses: "everything: hypotheses are written on events",
    },
    Datum {
        name: "persons",
        table: PERSONS,
        loses: "the latest properties of people, to look at; no figure depends on them",
    },
    Datum {
        name: "groups",
        table: POSTHOG_GROUPS,
        loses: "the latest properties of groups, to look at; events name their groups themselves",
    },
];

/// A PostHog project. The key itself is never here.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    host: Option<String>,
    /// The number in the project's address.
    pub project: Option<u64>,
    /// A file of mode 0600 that holds the key; POSTHOG_API_KEY comes before it.
    pub key_file: Option<PathBuf>,
    /// What was ingested before is left out, µs.
    #[serde(deserialize_with = "moment")]
    pub start: Option<i64>,
    /// Data that may be denied.
    pub optional: Vec<String>,
    /// Properties of events that are columns of product events.
    pub promote: Vec<String>,
    /// Where events name the user's e-mail, account and Stripe customer, if not where PostHog
    /// itself would.
    pub email: Option<String>,
    pub account: Option<String>,
    pub stripe_customer: Option<String>,
}

impl Settings {
    /// Where the API is.
    pub fn base(&self) -> Result<Url> {
        let text = self.host.as_deref().unwrap_or(DEFAULT_HOST);
        let url = api::base::base(text, "[source.posthog] host", DEFAULT_HOST)?;
        let name = url.host_str().unwrap_or_default();
        if let Some((_, other)) = TAKES_IN.iter().find(|(host, _)| *host == name) {
            return Err(Error::new(format!(
                "[source.posthog] host = \"{text}\" takes events in and gives none out"
            ))
            .hint(format!("host = \"{other}\"")));
        }
        Ok(url)
    }

    pub fn is_optional(&self, name: &str) -> bool {
        self.optional.iter().any(|optional| optional == name)
    }

    /// Which fields of an event are whose, where that is said.
    pub fn mapping(&self) -> Option<FileMapping> {
        let mapping = FileMapping {
            name: "posthog".to_owned(),
            email: self.email.clone(),
            account: self.account.clone(),
            stripe_customer: self.stripe_customer.clone(),
            ..FileMapping::default()
        };
        let given = [&self.email, &self.account, &self.stripe_customer];
        given.iter().any(|given| given.is_some()).then_some(mapping)
    }

    pub fn validate(&self) -> Result<()> {
        self.base()?;
        let is_unknown = |name: &&String| DATA.iter().all(|known| known.name != name.as_str());
        if let Some(name) = self.optional.iter().find(is_unknown) {
            let names: Vec<&str> = DATA.iter().map(|datum| datum.name).collect();
            return Err(Error::new(format!("[source.posthog] optional: there are no `{name}`"))
                .hint(format!("there are: {}", names.join(", "))));
        }
        validate_promoted(&self.promote)
    }
}

/// Columns that product events have anyway.
const COLUMNS: &[&str] = &[
    "account_id",
    "account_ref",
    "distinct_id",
    "email",
    "event",
    "groups",
    "identity_key",
    "ingested_at",
    "is_ambiguous",
    "known_at",
    "linked_at",
    "occurred_at",
    "person_id",
    "person_properties",
    "properties",
    "source",
    "status",
    "stripe_customer_id",
    "tier",
    "uuid",
];

fn validate_promoted(properties: &[String]) -> Result<()> {
    let refuse = |name: &str, why: &str| {
        Err(Error::new(format!("[source.posthog] promote: `{name}` {why}"))
            .hint(format!("properties ->> '{name}' reads it without a column of its own")))
    };
    for (place, name) in properties.iter().enumerate() {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "_$-. ".contains(c);
        if name.trim().is_empty() || !name.chars().all(is_plain) {
            return refuse(name, "can be no column: letters, digits, _, $, -, . and spaces can");
        }
        if COLUMNS.contains(&name.as_str()) {
            return refuse(name, "is a column of product events already");
        }
        if properties[..place].contains(name) {
            return refuse(name, "is named twice");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> Result<Settings> {
        let settings: Settings = toml::from_str(text).map_err(|e| Error::new(e.to_string()))?;
        settings.validate().map(|()| settings)
    }

    #[test]
    fn a_host_that_only_takes_events_in_is_refused_with_the_other() {
        let error = settings("host = 'https://eu.i.posthog.com'").unwrap_err();
        assert_eq!(error.hint_text(), Some("host = \"https://eu.posthog.com\""));
        let error = settings("host = 'http://posthog.example.com'").unwrap_err();
        assert!(error.message().contains("in the clear"), "{error}");
        settings("host = 'https://posthog.example.com/analytics'").unwrap();
        settings("host = 'http://127.0.0.1:8000'").unwrap();
    }

    #[test]
    fn what_is_named_exists_and_can_be_a_column() {
        settings("optional = ['persons', 'groups']\npromote = ['plan', '$current_url']").unwrap();
        for (text, reason) in [
            ("optional = ['sessions']", "there are no `sessions`"),
            ("promote = ['email']", "already"),
            ("promote = ['a', 'a']", "twice"),
            ("promote = [\"a'b\"]", "can be no column"),
            ("promote = ['']", "can be no column"),
            ("promot = []", "unknown field"),
        ] {
            let error = settings(text).unwrap_err();
            assert!(error.message().contains(reason), "{text}: {error}");
        }
    }
}
