//! The personal API key: which kinds are taken, and what it must be allowed to do.

use std::path::Path;

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use crate::error::{Error, Result};
use crate::sync::api::secret::{self, Found, Place};

pub const VARIABLE: &str = "POSTHOG_API_KEY";

/// A key that may read. What prints it prints `[REDACTED]`.
#[derive(Debug, Clone)]
pub struct Key(SecretString);

impl Key {
    /// Reads the key of a project from the environment, else from the file that it names
    /// (relative to `root`).
    pub fn read(root: &Path, file: Option<&Path>, host: &str) -> Result<Self> {
        let place = Place {
            variable: VARIABLE,
            file,
            setting: "[source.posthog] key_file",
            prefixes: &["phx_", "phc_", "phs_"],
        };
        match place.read(root)? {
            Some(Found { text, origin }) => Self::new(text, &origin, host),
            None => Err(Error::new("no PostHog key: POSTHOG_API_KEY is not set")
                .hint(format!("{}, then `export POSTHOG_API_KEY=phx_…`; or keep it in a file of mode 0600 and name it: [source.posthog] key_file = \"posthog.key\"", how_to_make_one(host)))),
        }
    }

    /// Takes a key that `origin` gave.
    pub fn new(text: SecretString, origin: &str, host: &str) -> Result<Self> {
        let kind = text.expose_secret().split('_').next().unwrap_or_default();
        let what = match kind {
            _ if !secret::is_plain(text.expose_secret()) => "no PostHog key",
            "phx" => return Ok(Self(text)),
            "phc" => "a project API key (phc_), which can send events and not read them",
            "phs" => "a feature flags key (phs_), which reads feature flags only",
            "pha" | "phr" => "a token of an app (pha_, phr_), which ends within hours",
            _ => "no personal API key of PostHog, which starts with phx_",
        };
        Err(Error::new(format!("{origin} holds {what}")).hint(how_to_make_one(host)))
    }

    /// The value of the header that carries it; marked so that no log shows it.
    pub fn header(&self) -> Result<HeaderValue> {
        secret::bearer(&self.0)
    }

    /// The text without the key, should somebody have sent it back to us.
    pub fn scrub(&self, text: &str) -> String {
        secret::scrub(&self.0, text)
    }
}

/// Where a key is made, and with which scopes.
pub fn how_to_make_one(host: &str) -> String {
    format!(
        "make a personal API key at {}/settings/user-api-keys, for this project only, with exactly the scopes project:read, query:read, group:read and, for the fast way, batch_export:write (PostHog counts starting an export as writing; it changes nothing of the project)",
        host.trim_end_matches('/'),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Result<Key> {
        Key::new(text.to_owned().into(), "POSTHOG_API_KEY", "https://us.posthog.com")
    }

    #[test]
    fn only_a_personal_key_is_taken_and_none_is_shown() {
        let taken = key("phx_AbCd").unwrap();
        assert!(!format!("{taken:?} {:?}", taken.header().unwrap()).contains("AbCd"));
        assert_eq!(taken.scrub("no phx_AbCd here"), "no [the key] here");
        for (text, reason) in [
            ("phc_AbCd", "can send events"),
            ("phs_AbCd", "feature flags"),
            ("pha_AbCd", "of an app"),
            ("AbCd", "starts with phx_"),
            ("phx_Ab Cd", "no PostHog key"),
            ("", "starts with phx_"),
        ] {
            let error = key(text).unwrap_err();
            assert!(error.message().contains(reason), "{error}");
            assert!(!error.message().contains("AbCd"), "{error}");
            let hint = error.hint_text().unwrap();
            assert!(hint.contains("query:read") && hint.contains("user-api-keys"), "{hint}");
        }
    }
}
